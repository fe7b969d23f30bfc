//! How every adapter calls its provider, and what an answer means where only its HTTP status speaks.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::ConfigError;
use crate::transport::{
    BodyEnd, HttpRequest, HttpResponse, HttpTransport, ReqwestTransport, TransportConfig, TransportError,
    TransportErrorKind,
};
use crate::{RetryAdvice, SendError, SendErrorKind};

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

/// What an answer means whose body says nothing that is known.
pub(super) fn by_status(provider: &'static str, response: &HttpResponse) -> SendError {
    let status = response.status.as_u16();
    let again = RetryAdvice::After(response.retry_after());
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
