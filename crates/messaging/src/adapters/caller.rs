//! How every adapter calls its provider, and what an answer means where only its HTTP status speaks.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, header};
use wartel_core::Secret;

use super::ConfigError;
use crate::transport::{
    BodyEnd, HttpRequest, HttpResponse, HttpTransport, ReqwestTransport, TransportConfig, TransportError,
    TransportErrorKind,
};
use crate::{Recipient, RetryAdvice, SendError, SendErrorKind};

/// The default time for one call, from connecting to the last byte.
pub(super) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// A provider's API: where it is, and the client to call it with.
#[derive(Clone)]
pub(super) struct Caller {
    provider: &'static str,
    base: Arc<str>,
    timeout: Duration,
    transport: Arc<dyn HttpTransport>,
}

impl Caller {
    /// A caller of the API at `base`, over `transport`.
    pub(super) fn new(
        provider: &'static str,
        base: &str,
        timeout: Duration,
        transport: Arc<dyn HttpTransport>,
    ) -> Self {
        Self { provider, base: base.into(), timeout, transport }
    }

    /// The absolute URL of a path that begins with `/`.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Makes one call within the time limit. Nothing is repeated.
    pub(super) async fn execute(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        // The transport has a limit of its own; this one also holds for a transport of the caller's.
        tokio::time::timeout(self.timeout, self.transport.execute(request))
            .await
            .unwrap_or(Err(TransportError::new(TransportErrorKind::Timeout)))
            .map_err(|error| transport_failure(self.provider, error))
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("base", &self.base).finish_non_exhaustive()
    }
}

/// The HTTP client that an adapter has when its caller brings none.
pub(super) fn own_transport(
    provider: &'static str,
    timeout: Duration,
    plain_http: bool,
) -> Result<Arc<dyn HttpTransport>, ConfigError> {
    let settings = TransportConfig::default().with_timeout(timeout).with_plain_http(plain_http);
    let transport = ReqwestTransport::new(&settings).map_err(|_| {
        ConfigError::new(provider, "transport", "finds no certificates to trust: install ca-certificates")
    })?;
    Ok(Arc::new(transport))
}

/// Checks the time limit of a configuration: 1 s to 60 s.
pub(super) fn check_timeout(provider: &'static str, timeout: Duration) -> Result<(), ConfigError> {
    if (Duration::from_secs(1)..=Duration::from_secs(60)).contains(&timeout) {
        return Ok(());
    }
    Err(ConfigError::new(provider, "timeout", "is not between 1 s and 60 s"))
}

/// Refuses a recipient whom only Meta's Cloud API knows.
pub(super) fn check_recipient(provider: &'static str, to: &Recipient) -> Result<(), SendError> {
    match to.business_scoped_id() {
        Some(_) => Err(unsupported(provider, "business-scoped id")),
        None => Ok(()),
    }
}

/// The value of a header that is a token by itself, marked so that no client logs it.
pub(super) fn bare(
    provider: &'static str,
    setting: &'static str,
    token: &Secret,
) -> Result<HeaderValue, ConfigError> {
    check_token(provider, setting, token)?;
    authorization(provider, setting, token.expose())
}

/// The value of an `Authorization` header with a token behind a scheme such as `Bearer`, marked so that no client logs it.
pub(super) fn bearer(
    provider: &'static str,
    setting: &'static str,
    token: &Secret,
) -> Result<HeaderValue, ConfigError> {
    check_token(provider, setting, token)?;
    authorization(provider, setting, &format!("Bearer {}", token.expose()))
}

/// The value of an `Authorization` header with a user and a password (RFC 7617), marked so that no client logs it.
pub(super) fn basic(
    provider: &'static str,
    setting: &'static str,
    user: &str,
    password: &Secret,
) -> Result<HeaderValue, ConfigError> {
    check_token(provider, setting, password)?;
    let pair = STANDARD.encode(format!("{user}:{}", password.expose()));
    authorization(provider, setting, &format!("Basic {pair}"))
}

/// Checks that a token is there and is made of characters that tokens are made of.
pub(super) fn check_token(
    provider: &'static str,
    setting: &'static str,
    token: &Secret,
) -> Result<(), ConfigError> {
    let token = token.expose();
    if token.is_empty() {
        return Err(ConfigError::new(provider, setting, "is empty"));
    }
    if token.len() > 1_024 || !token.bytes().all(|b| b.is_ascii_graphic()) {
        let problem = "has a space or another character that no token has";
        return Err(ConfigError::new(provider, setting, problem));
    }
    Ok(())
}

fn authorization(
    provider: &'static str,
    setting: &'static str,
    text: &str,
) -> Result<HeaderValue, ConfigError> {
    let problem = "has a character that no header may have";
    let mut value = HeaderValue::from_str(text).map_err(|_| ConfigError::new(provider, setting, problem))?;
    value.set_sensitive(true);
    Ok(value)
}

/// What a failure of the transport means for a send.
pub(super) fn transport_failure(provider: &'static str, error: TransportError) -> SendError {
    let (kind, advice) = if error.kind() == TransportErrorKind::BadRequest {
        (SendErrorKind::Unexpected, RetryAdvice::Never)
    } else if error.is_certainly_not_sent() {
        (SendErrorKind::Unavailable, RetryAdvice::After(None))
    } else {
        (SendErrorKind::Unavailable, RetryAdvice::Ambiguous)
    };
    SendError::new(provider, kind, advice).with_provider_code(error.kind().as_str()).with_source(error)
}

/// The longest wait that an answer may ask for: one day. A longer one is taken as one day.
pub(super) const MAX_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// The wait that an answer asks for in `Retry-After`, in seconds or as a date, at most one day. A date is counted from
/// the answer's own `Date`, so that a clock that is wrong here does not matter; without one from now.
///
/// Source: RFC 9110 §10.2.3 and §5.6.7.
pub(super) fn retry_after(response: &HttpResponse) -> Option<Duration> {
    let date = |name| {
        let text = response.headers.get(name)?.to_str().ok()?;
        let zoned = jiff::fmt::rfc2822::DateTimeParser::new().parse_zoned(text.trim()).ok()?;
        Some(zoned.timestamp())
    };
    response.retry_after().or_else(|| {
        let until = date(header::RETRY_AFTER)?;
        let now = date(header::DATE).unwrap_or_else(jiff::Timestamp::now);
        let wait = until.as_second().saturating_sub(now.as_second());
        Some(Duration::from_secs(u64::try_from(wait).unwrap_or(0)).min(MAX_WAIT))
    })
}

/// What an answer means whose body says nothing that is known.
pub(super) fn by_status(provider: &'static str, response: &HttpResponse) -> SendError {
    let status = response.status.as_u16();
    let again = RetryAdvice::After(retry_after(response));
    let (kind, advice) = match status {
        200..=299 if response.end == BodyEnd::Cut => {
            return unavailable(provider, RetryAdvice::Ambiguous, "answer_cut");
        }
        200..=299 => return unreadable(provider),
        429 => (SendErrorKind::RateLimited, again),
        401 | 403 => (SendErrorKind::Unauthenticated, RetryAdvice::Never),
        408 => (SendErrorKind::Unavailable, again),
        400 | 413 | 422 => (SendErrorKind::Rejected, RetryAdvice::Never),
        // Proxies say these when the server behind them had the request and its answer got lost.
        504 | 520 | 524 => (SendErrorKind::Unavailable, RetryAdvice::Ambiguous),
        500..=599 => (SendErrorKind::Unavailable, again),
        _ => (SendErrorKind::Unexpected, RetryAdvice::Never),
    };
    SendError::new(provider, kind, advice).with_provider_code(format!("http {status}"))
}

/// The answer says neither yes nor no. The message may have been taken, so trying again might send it twice;
/// that it was taken is no more likely, so it does not count as accepted either.
pub(super) fn unreadable(provider: &'static str) -> SendError {
    unavailable(provider, RetryAdvice::Never, "unreadable_answer")
}

/// The provider is unavailable, with this advice and code.
pub(super) fn unavailable(provider: &'static str, advice: RetryAdvice, code: &str) -> SendError {
    SendError::new(provider, SendErrorKind::Unavailable, advice).with_provider_code(code)
}

/// The provider cannot send or do this; nothing was asked of it.
pub(super) fn unsupported(provider: &'static str, what: &'static str) -> SendError {
    SendError::new(provider, SendErrorKind::Unsupported, RetryAdvice::Never).with_provider_code(what)
}

/// The request is refused here, before the provider sees it.
pub(super) fn refused_here(provider: &'static str, why: &'static str) -> SendError {
    SendError::new(provider, SendErrorKind::Rejected, RetryAdvice::Never).with_provider_code(why)
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, StatusCode};

    use super::*;

    #[test]
    fn a_wait_is_seconds_or_a_date_counted_from_the_answer() {
        let answer = |after: &'static str| {
            HttpResponse::new(StatusCode::TOO_MANY_REQUESTS, "")
                .with_header(header::DATE, HeaderValue::from_static("Mon, 30 Nov 2026 08:00:00 GMT"))
                .with_header(header::RETRY_AFTER, HeaderValue::from_static(after))
        };
        for (after, expected) in [
            ("7", Some(7)),
            ("Mon, 30 Nov 2026 08:01:30 GMT", Some(90)),
            ("Mon, 30 Nov 2026 07:00:00 GMT", Some(0)),
            ("Thu, 31 Dec 2026 08:00:00 GMT", Some(86_400)),
            ("soon", None),
        ] {
            assert_eq!(retry_after(&answer(after)), expected.map(Duration::from_secs), "{after}");
        }
        let undated = HttpResponse::new(StatusCode::TOO_MANY_REQUESTS, "")
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("Wed, 21 Oct 2015 07:28:00 GMT"));
        assert_eq!(retry_after(&undated), Some(Duration::ZERO));
    }
}
