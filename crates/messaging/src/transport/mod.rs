//! The HTTP transport port: what adapters need of an HTTP client, and nothing more.
//!
//! An adapter maps a message to an [`HttpRequest`] and an [`HttpResponse`] to an answer; both mappings are
//! pure and tested without a network. Between them stands one [`HttpTransport`], which a user may replace
//! with a client of their own.

mod error;
#[cfg(feature = "http-client")]
mod reqwest_transport;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

pub use error::{TransportError, TransportErrorKind};
#[cfg(feature = "http-client")]
#[cfg_attr(docsrs, doc(cfg(feature = "http-client")))]
pub use reqwest_transport::{ReqwestTransport, TransportConfig};

/// The longest answer that a transport reads: 1 MiB. What comes after it is not read.
pub const MAX_RESPONSE_BYTES: usize = 1024 * 1024;

/// The longest wait that an answer may ask for: one day. A longer one is taken as one day.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// A request to a provider. `Debug` shows the method and sizes, never the URL, a header or the body.
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The absolute URL. Some providers carry a token in it.
    pub url: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; empty if there is none.
    pub body: Bytes,
}

impl HttpRequest {
    /// A request without headers and body.
    #[must_use]
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self { method, url: url.into(), headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// With one more header; one of the same name is replaced.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// With a body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpRequest({}, {} headers, {} bytes)", self.method, self.headers.len(), self.body.len())
    }
}

/// How the body of an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyEnd {
    /// The body is whole.
    Complete,
    /// The body was longer than [`MAX_RESPONSE_BYTES`]; the rest was not read.
    TooLong,
    /// The connection broke within the body.
    Cut,
}

/// The answer of a provider. `Debug` shows the status and sizes, never a header or the body.
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// What was read of the body, at most [`MAX_RESPONSE_BYTES`].
    pub body: Bytes,
    /// Whether that is all of it.
    pub end: BodyEnd,
}

impl HttpResponse {
    /// A whole answer without headers.
    #[must_use]
    pub fn new(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self { status, headers: HeaderMap::new(), body: body.into(), end: BodyEnd::Complete }
    }

    /// With one more header; one of the same name is replaced.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// With another end of the body.
    #[must_use]
    pub const fn with_end(mut self, end: BodyEnd) -> Self {
        self.end = end;
        self
    }

    /// The wait that the answer asks for in `Retry-After`, at most one day. `None` if it asks for none or
    /// gives a date instead of seconds.
    ///
    /// Source: RFC 9110 §10.2.3.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds = self.headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpResponse({}, {} bytes, {:?})", self.status, self.body.len(), self.end)
    }
}

/// An HTTP client, as far as an adapter needs one.
///
/// # Behavior
/// - Redirects are not followed: a request that carries a token goes nowhere else.
/// - Nothing is repeated by itself: the layers above decide on that.
/// - Every call ends: the transport has a time limit.
#[async_trait::async_trait]
pub trait HttpTransport: fmt::Debug + Send + Sync + 'static {
    /// Sends one request and reads its answer, whatever its status.
    ///
    /// # Errors
    /// [`TransportError`] if no status came back; it says whether the request may have been taken. A body
    /// that breaks off is an answer with [`BodyEnd::Cut`].
    async fn execute(&self, request: HttpRequest) -> Result<HttpResponse, TransportError>;
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: HttpTransport + ?Sized> HttpTransport for Arc<T> {
    async fn execute(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        (**self).execute(request).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_sizes_only() {
        let request = HttpRequest::new(Method::POST, "https://api.example/send?token=hush")
            .with_header(http::header::AUTHORIZATION, HeaderValue::from_static("hush"))
            .with_body("target=6281234567890");
        assert_eq!(format!("{request:?}"), "HttpRequest(POST, 1 headers, 20 bytes)");
        let response = HttpResponse::new(StatusCode::OK, "6281234567890");
        assert_eq!(format!("{response:?}"), "HttpResponse(200 OK, 13 bytes, Complete)");
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_bounded() {
        let with = |value: &'static str| {
            HttpResponse::new(StatusCode::TOO_MANY_REQUESTS, "")
                .with_header(http::header::RETRY_AFTER, HeaderValue::from_static(value))
                .retry_after()
        };
        for (value, expected) in [
            ("7", Some(Duration::from_secs(7))),
            (" 0 ", Some(Duration::ZERO)),
            ("99999999999", Some(MAX_RETRY_AFTER)),
            ("-1", None),
            ("Wed, 21 Oct 2026 07:28:00 GMT", None),
            ("soon", None),
        ] {
            assert_eq!(with(value), expected, "{value}");
        }
        assert_eq!(HttpResponse::new(StatusCode::OK, "").retry_after(), None);
    }
}
