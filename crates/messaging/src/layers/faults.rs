//! Failures on purpose, planned by the number of the call, for drills and tests.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::{
    Accepted, Capabilities, MessageProvider, OutboundMessage, RetryAdvice, SendError, SendErrorKind,
};

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The provider is not asked; the error is of this kind and says that trying again is safe.
    Refuse(SendErrorKind),
    /// The provider takes the message, and its answer is lost: [`RetryAdvice::Ambiguous`].
    LoseAnswer,
    /// The provider is asked after this time.
    Delay(Duration),
}

/// Makes chosen calls fail: the first call has the number 1.
///
/// Faults are planned, never random, so that what failed can be made to fail again. The error's code is `fault`.
#[derive(Debug)]
pub struct WithFaults<P> {
    inner: P,
    plan: BTreeMap<u64, Fault>,
    calls: AtomicU64,
}

impl<P> WithFaults<P> {
    /// Wraps a provider; calls that the plan does not name are let through.
    #[must_use]
    pub fn new(inner: P, plan: impl IntoIterator<Item = (u64, Fault)>) -> Self {
        Self { inner, plan: plan.into_iter().collect(), calls: AtomicU64::new(0) }
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<P: MessageProvider> MessageProvider for WithFaults<P> {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Accepted, SendError> {
        let call = 1 + self.calls.fetch_add(1, Ordering::Relaxed);
        let fault = |kind, advice| Err(SendError::new(self.name(), kind, advice).with_provider_code("fault"));
        match self.plan.get(&call) {
            Some(Fault::Refuse(kind)) => fault(*kind, RetryAdvice::After(None)),
            Some(Fault::LoseAnswer) => {
                self.inner.send(message).await?;
                fault(SendErrorKind::Unavailable, RetryAdvice::Ambiguous)
            }
            Some(Fault::Delay(time)) => {
                tokio::time::sleep(*time).await;
                self.inner.send(message).await
            }
            None => self.inner.send(message).await,
        }
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests {
    use super::*;
    use crate::testing::{FakeProvider, sample_message};

    #[tokio::test(start_paused = true)]
    async fn faults_strike_the_planned_calls_only() {
        let fake = FakeProvider::default();
        let plan = [
            (2, Fault::Refuse(SendErrorKind::Unavailable)),
            (3, Fault::LoseAnswer),
            (4, Fault::Delay(Duration::from_secs(5))),
        ];
        let provider = WithFaults::new(fake.clone(), plan);
        let message = sample_message();

        assert!(provider.send(&message).await.is_ok());
        assert_eq!(provider.send(&message).await.unwrap_err().advice(), RetryAdvice::After(None));
        assert_eq!(fake.count(), 1);
        assert!(provider.send(&message).await.unwrap_err().is_ambiguous());
        assert_eq!(fake.count(), 2);
        let started = tokio::time::Instant::now();
        assert!(provider.send(&message).await.is_ok());
        assert!(started.elapsed() >= Duration::from_secs(5));
        assert!(provider.send(&message).await.is_ok());
    }
}
