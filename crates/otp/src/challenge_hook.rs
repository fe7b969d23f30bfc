//! The port of the challenge that suspicious requests have to pass, such as a CAPTCHA.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use wartel_core::{PhoneNumber, Secret, TenantId};

use crate::guard::Level;

/// A request that has to pass the challenge. `Debug` shows neither the address nor the response.
#[derive(Clone)]
#[non_exhaustive]
pub struct ChallengeRequest {
    /// Whose installation.
    pub tenant: TenantId,
    /// The number that a code is asked for.
    pub phone: PhoneNumber,
    /// Where the caller is, if known.
    pub client: Option<IpAddr>,
    /// What the caller brought to pass the challenge, such as the token of a CAPTCHA. `None` if nothing.
    pub response: Option<Secret>,
    /// What looked suspicious.
    pub why: Level,
}

impl ChallengeRequest {
    /// A request from an unknown address that brings nothing.
    #[must_use]
    pub const fn new(tenant: TenantId, phone: PhoneNumber, why: Level) -> Self {
        Self { tenant, phone, client: None, response: None, why }
    }

    /// With the address of the caller.
    #[must_use]
    pub const fn with_client(mut self, client: Option<IpAddr>) -> Self {
        self.client = client;
        self
    }

    /// With what the caller brought.
    #[must_use]
    pub fn with_response(mut self, response: Option<Secret>) -> Self {
        self.response = response;
        self
    }
}

impl fmt::Debug for ChallengeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChallengeRequest")
            .field("tenant", &self.tenant)
            .field("phone", &self.phone)
            .field("why", &self.why)
            .finish_non_exhaustive()
    }
}

/// Nobody could find out whether the challenge is passed. The cause stands in `source()` only.
#[derive(Debug, thiserror::Error)]
#[error("the challenge could not be verified")]
pub struct ChallengeHookError {
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl ChallengeHookError {
    /// An error without a cause.
    #[must_use]
    pub const fn new() -> Self {
        Self { source: None }
    }

    /// The same error with its cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl Default for ChallengeHookError {
    fn default() -> Self {
        Self::new()
    }
}

/// A challenge that tells people from programs, asked only while junk arrives: see [`Guard`](crate::guard::Guard).
///
/// # Behavior
/// - Asked for each request that looks suspicious, also for one that brings no response: a hook that wants one
///   answers `false` then.
/// - A caller who is answered `false` is told that a challenge must be passed, and asks again with a response.
/// - An answer that takes longer than [`HOOK_TIME`](crate::guard::HOOK_TIME) is an error.
/// - It is not asked whether a budget refuses: budgets are asked later, and hold whatever it answers.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait::async_trait]
pub trait ChallengeHook: fmt::Debug + Send + Sync + 'static {
    /// Whether the caller has passed.
    ///
    /// # Errors
    /// [`ChallengeHookError`] if nobody could find out. The request is refused then and may be made again: the hook
    /// is asked only under attack, so letting through whoever makes it fail would take it away when it is needed.
    async fn passes(&self, request: &ChallengeRequest) -> Result<bool, ChallengeHookError>;
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: ChallengeHook + ?Sized> ChallengeHook for Arc<T> {
    async fn passes(&self, request: &ChallengeRequest) -> Result<bool, ChallengeHookError> {
        (**self).passes(request).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wartel_core::Country;

    #[test]
    fn a_request_shows_neither_response_nor_address() {
        let phone = PhoneNumber::parse("081234567890", Country::INDONESIA).unwrap();
        let request = ChallengeRequest::new(TenantId::default(), phone, Level::Tenant)
            .with_client(Some(IpAddr::from([203, 0, 113, 7])))
            .with_response(Some(Secret::new("token-of-a-captcha")));
        let shown = format!("{request:?}");
        for hidden in ["token-of", "203.0.113", "1234567"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
        assert!(shown.contains("ChallengeRequest") && shown.contains("why: Tenant"), "{shown}");
    }

    #[test]
    fn the_cause_stands_in_source_only() {
        let error = ChallengeHookError::new().with_source(std::io::Error::other("no route to the verifier"));
        assert_eq!(error.to_string(), "the challenge could not be verified");
        assert_eq!(error.source().unwrap().to_string(), "no route to the verifier");
    }
}
