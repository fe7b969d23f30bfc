//! The adapters: one folder and one feature for each provider.

#[cfg(feature = "fonnte")]
#[cfg_attr(docsrs, doc(cfg(feature = "fonnte")))]
pub mod fonnte;

/// A setting of an adapter that cannot be used. Names the setting, never shows its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{provider}: {setting} {problem}")]
pub struct ConfigError {
    provider: &'static str,
    setting: &'static str,
    problem: &'static str,
}

impl ConfigError {
    /// An error of the provider's setting, with the problem in words that follow the setting's name.
    #[must_use]
    pub const fn new(provider: &'static str, setting: &'static str, problem: &'static str) -> Self {
        Self { provider, setting, problem }
    }

    /// The provider's name.
    #[must_use]
    pub const fn provider(&self) -> &'static str {
        self.provider
    }

    /// The setting, by the name of its field: `token`, `base_url`.
    #[must_use]
    pub const fn setting(&self) -> &'static str {
        self.setting
    }

    /// What is wrong, in words that follow the setting's name: `is empty`.
    #[must_use]
    pub const fn problem(&self) -> &'static str {
        self.problem
    }
}

/// What a failure of the transport means for a send.
#[cfg(feature = "fonnte")]
fn transport_failure(provider: &'static str, error: crate::transport::TransportError) -> crate::SendError {
    use crate::transport::TransportErrorKind;
    use crate::{RetryAdvice, SendError, SendErrorKind};

    let (kind, advice) = if error.kind() == TransportErrorKind::BadRequest {
        (SendErrorKind::Unexpected, RetryAdvice::Never)
    } else if error.is_certainly_not_sent() {
        (SendErrorKind::Unavailable, RetryAdvice::After(None))
    } else {
        (SendErrorKind::Unavailable, RetryAdvice::Ambiguous)
    };
    SendError::new(provider, kind, advice).with_provider_code(error.kind().as_str()).with_source(error)
}
