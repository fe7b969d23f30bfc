//! The address of a model's server, as a setting.

use url::{Host, Url};

use crate::llm::LlmConfigError;

/// The base of an API without a slash at its end, and whether it is plain `http://`, which is allowed on loopback only:
/// elsewhere whoever listens on the way reads the key and every chat.
pub(super) fn parse(backend: &'static str, text: &str) -> Result<(String, bool), LlmConfigError> {
    let wrong = |problem| LlmConfigError::new(backend, "base_url", problem);
    let url =
        Url::parse(text.trim()).map_err(|_| wrong("is not a URL such as https://api.example.com/v1"))?;
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
        "http" if loopback => true,
        "http" => return Err(wrong("is plain http:// to another machine: use https://")),
        _ => return Err(wrong("is not an https:// URL")),
    };
    Ok((url.as_str().trim_end_matches('/').to_owned(), plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_only() {
        for (text, expected) in [
            ("https://api.z.ai/api/paas/v4/", Ok(("https://api.z.ai/api/paas/v4", false))),
            ("http://127.0.0.1:8080/v1", Ok(("http://127.0.0.1:8080/v1", true))),
            ("http://[::1]:11434", Ok(("http://[::1]:11434", true))),
            ("http://localhost:11434", Ok(("http://localhost:11434", true))),
            ("http://10.0.0.7:8080", Err("is plain http:// to another machine: use https://")),
            ("http://localhost.example.com", Err("is plain http:// to another machine: use https://")),
            ("ftp://127.0.0.1", Err("is not an https:// URL")),
            ("https://key@api.example.com", Err("has a user, a query or a fragment")),
            ("https://api.example.com?key=made-up", Err("has a user, a query or a fragment")),
            ("api.z.ai", Err("is not a URL such as https://api.example.com/v1")),
        ] {
            let found = parse("zai", text);
            let found = found.as_ref().map(|(base, plain)| (base.as_str(), *plain));
            assert_eq!(found.map_err(|error| error.problem), expected, "{text}");
        }
    }
}
