//! The address of a provider's API, as a setting.

use url::{Host, Url};

use super::ConfigError;

/// The base of an API without a slash at its end, and whether it is plain `http://`.
///
/// Plain `http://` is allowed on loopback, and elsewhere only where `plain_dangerous` says so: whoever listens on the way
/// reads the token and every message.
pub(super) fn parse(
    provider: &'static str,
    text: &str,
    plain_dangerous: bool,
) -> Result<(String, bool), ConfigError> {
    let wrong = |problem| ConfigError::new(provider, "base_url", problem);
    let url = Url::parse(text).map_err(|_| wrong("is not a URL such as https://api.example.com"))?;
    if url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err(wrong("has a user, a query or a fragment"));
    }
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => return Err(wrong("has no host")),
    };
    let plain = match url.scheme() {
        "https" => false,
        "http" if loopback || plain_dangerous => true,
        "http" => return Err(wrong("is plain http:// to another machine: use https://")),
        _ => return Err(wrong("is not an https:// URL")),
    };
    Ok((url.as_str().trim_end_matches('/').to_owned(), plain))
}
