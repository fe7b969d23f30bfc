//! Configuration of the routers.

use std::time::Duration;

use axum::http::HeaderValue;
use ipnet::IpNet;
use wartel_core::Country;

/// How the routers behave. A plain struct: change fields, then hand it to [`Http::new`](crate::Http::new), which
/// [validates](Self::validate) it. Nothing is silently corrected.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpConfig {
    /// Networks of the proxies whose `X-Forwarded-For` is believed. Default: none, so that the address of a caller is
    /// the one that the connection comes from. Env: `WARTEL_TRUSTED_PROXIES`.
    pub trusted_proxies: Vec<IpNet>,
    /// The country that numbers without a calling code belong to. Default: Indonesia.
    pub default_country: Country,
    /// From the head of a request to the head of its answer, the body of the request included. Default: 10 s.
    /// Range: 1 s..=60 s. Asking for a code takes up to the `accept_wait` of the OTP policy and 2.5 s: leave room for it.
    pub request_timeout: Duration,
    /// Origins whose pages may call the API, such as `https://toko.example`. Default: none, which switches CORS off.
    pub cors_origins: Vec<String>,
    /// Whether `/openapi.json` and `/docs` are served (feature `docs`). Default: yes.
    pub docs: bool,
    /// The address of a page that shows the messages of the sandbox, such as `/sandbox/`. The registration page links
    /// to it in a banner. Default: none. For development only.
    pub sandbox_link: Option<String>,
    /// Where providers reach these routes, without a path of theirs: `https://toko.example`, or
    /// `https://toko.example/wartel` below a prefix. Some providers sign the whole address that they call (Twilio).
    /// Default: none, with which such webhooks are refused.
    pub public_url: Option<String>,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            trusted_proxies: Vec::new(),
            default_country: Country::INDONESIA,
            request_timeout: Duration::from_secs(10),
            cors_origins: Vec::new(),
            docs: true,
            sandbox_link: None,
            public_url: None,
        }
    }
}

/// A field of [`HttpConfig`] is out of its range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} must be {range}")]
pub struct HttpConfigError {
    field: &'static str,
    range: &'static str,
}

impl HttpConfigError {
    /// The field that is wrong.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        self.field
    }
}

impl HttpConfig {
    /// Checks every field against its range.
    ///
    /// # Errors
    /// [`HttpConfigError`] names the first field that is out of its range, and the range.
    pub fn validate(&self) -> Result<(), HttpConfigError> {
        let wrong = |field, range| Err(HttpConfigError { field, range });
        if !(Duration::from_secs(1)..=Duration::from_secs(60)).contains(&self.request_timeout) {
            return wrong("request_timeout", "1 s to 60 s");
        }
        if self.cors_origins.iter().any(|origin| !is_origin(origin)) {
            return wrong(
                "cors_origins",
                "origins such as https://toko.example, without a path and without `*`",
            );
        }
        if self.sandbox_link.as_deref().is_some_and(|link| !is_page_link(link)) {
            return wrong("sandbox_link", "a path such as /sandbox/ or an http address");
        }
        if self.public_url.as_deref().is_some_and(|url| !is_public_url(url)) {
            return wrong("public_url", "an address such as https://toko.example, without a query");
        }
        Ok(())
    }
}

/// A scheme and an authority, nothing behind (RFC 6454 §6.2). Never `*`: the routes answer with personal data.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b))
    }) && HeaderValue::from_str(text).is_ok()
}

/// A scheme and an authority, and perhaps a path.
fn is_public_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let is_host = |b: u8| b.is_ascii_alphanumeric() || b".-:[]".contains(&b);
        let is_path = |b: u8| b.is_ascii_alphanumeric() || b"-_.~/".contains(&b);
        !host.is_empty() && host.bytes().all(is_host) && path.bytes().all(is_path)
    })
}

/// A link that cannot be a script.
fn is_page_link(link: &str) -> bool {
    let has_host = |rest: &str| !rest.is_empty();
    let local = link.strip_prefix('/').is_some_and(|rest| !rest.starts_with(['/', '\\']));
    local
        || link.strip_prefix("http://").is_some_and(has_host)
        || link.strip_prefix("https://").is_some_and(has_host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl FnOnce(&mut HttpConfig)) -> Result<(), &'static str> {
        let mut config = HttpConfig::default();
        change(&mut config);
        config.validate().map_err(|error| error.field())
    }

    #[test]
    fn fields_out_of_their_range_are_named() {
        assert_eq!(with(|_| {}), Ok(()));
        assert_eq!(with(|c| c.request_timeout = Duration::ZERO), Err("request_timeout"));
        assert_eq!(with(|c| c.request_timeout = Duration::from_secs(61)), Err("request_timeout"));
        for good in ["https://toko.example", "http://localhost:3000/", "https://toko.example/a/b"] {
            assert_eq!(with(|c| c.public_url = Some(good.to_owned())), Ok(()), "{good}");
        }
        for bad in ["", "toko.example", "https://", "https:///a", "https://a.example?x", "ftp://a.example"] {
            assert_eq!(with(|c| c.public_url = Some(bad.to_owned())), Err("public_url"), "{bad}");
        }
        for good in ["https://toko.example", "http://localhost:3000", "http://[::1]:80"] {
            assert_eq!(with(|c| c.cors_origins = vec![good.to_owned()]), Ok(()), "{good}");
        }
        for bad in ["*", "null", "toko.example", "https://", "https://a.example/", "https://*.a.example"] {
            assert_eq!(with(|c| c.cors_origins = vec![bad.to_owned()]), Err("cors_origins"), "{bad}");
        }
        for good in ["/sandbox/", "http://127.0.0.1:9000/sandbox/"] {
            assert_eq!(with(|c| c.sandbox_link = Some(good.to_owned())), Ok(()), "{good}");
        }
        for bad in ["", "javascript:alert(1)", "//evil.example", "/\\evil.example", "sandbox"] {
            assert_eq!(with(|c| c.sandbox_link = Some(bad.to_owned())), Err("sandbox_link"), "{bad}");
        }
    }
}
