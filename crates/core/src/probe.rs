//! Asking a part of the system whether it can do its work.

use std::fmt;

/// Something whose readiness can be asked: a database, a messaging provider, a device.
#[async_trait::async_trait]
pub trait Probe: fmt::Debug + Send + Sync + 'static {
    /// What is asked, in lower case: `database`, `messaging`, `device`.
    fn name(&self) -> &'static str;

    /// Answers whether it can do its work now.
    ///
    /// # Errors
    /// [`ProbeFailure`] says what is wrong in words for an operator.
    async fn probe(&self) -> Result<(), ProbeFailure>;
}

#[async_trait::async_trait]
impl<T: Probe + ?Sized> Probe for std::sync::Arc<T> {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    async fn probe(&self) -> Result<(), ProbeFailure> {
        (**self).probe().await
    }
}

/// What kind of failure a probe met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProbeFailureKind {
    /// Switched off by the operator.
    Disabled,
    /// Wrong settings or credentials; waiting does not help.
    Misconfigured,
    /// Does not answer or cannot work now.
    Unavailable,
}

/// Why a part cannot do its work, in words for an operator. Holds no secret and no phone number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ProbeFailure {
    kind: ProbeFailureKind,
    reason: String,
}

impl ProbeFailure {
    /// A failure with its reason: lower case, without a full stop, and with the way to mend it if known.
    #[must_use]
    pub fn new(kind: ProbeFailureKind, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into() }
    }

    /// What kind of failure it is.
    #[must_use]
    pub const fn kind(&self) -> ProbeFailureKind {
        self.kind
    }

    /// The reason in words.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}
