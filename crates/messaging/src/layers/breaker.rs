//! Not waiting for a provider that is down.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::{
    Accepted, Capabilities, MessageProvider, OutboundMessage, RetryAdvice, SendError, SendErrorKind,
};

/// When [`WithBreaker`] opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreakerPolicy {
    /// After so many failures in a row it opens. Default: 5.
    pub failures: NonZeroU32,
    /// How long it stays open the first time; each trial that fails doubles it. Default: 5 s.
    pub open_for: Duration,
    /// How long it stays open at the most. Default: 60 s.
    pub open_at_most: Duration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self {
            failures: NonZeroU32::MIN.saturating_add(4),
            open_for: Duration::from_secs(5),
            open_at_most: Duration::from_secs(60),
        }
    }
}

impl BreakerPolicy {
    /// With another number of failures in a row.
    #[must_use]
    pub const fn with_failures(mut self, failures: NonZeroU32) -> Self {
        self.failures = failures;
        self
    }

    /// With other times for which it stays open.
    #[must_use]
    pub const fn with_times(mut self, first: Duration, at_most: Duration) -> Self {
        self.open_for = first;
        self.open_at_most = at_most;
        self
    }
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Everything goes through; so many failures came in a row.
    Closed(u32),
    /// Nothing goes through before the instant; it was open for so long.
    Open(Instant, Duration),
    /// One message is on trial; the breaker was open for so long before.
    Trial(Duration),
}

/// After several failures in a row, refuses messages at once for a while instead of letting each one wait for a provider
/// that is down.
///
/// # Behavior
/// - A failure is an error of the kind [`SendErrorKind::Unavailable`], or a send that is dropped before its end. Every
///   other answer, a refusal too, shows that the provider is there and closes the breaker.
/// - While it is open, messages are refused with [`SendErrorKind::Unavailable`], the rest of the time as
///   [`RetryAdvice::After`], and the code `breaker_open`. The provider is not asked.
/// - When the time is over, one message goes through on trial and the others are still refused. If it fails, the breaker
///   opens for twice as long.
#[derive(Debug)]
pub struct WithBreaker<P> {
    inner: P,
    policy: BreakerPolicy,
    state: Mutex<State>,
}

impl<P> WithBreaker<P> {
    /// Wraps a provider with the default policy.
    #[must_use]
    pub fn new(inner: P) -> Self {
        Self::with_policy(inner, BreakerPolicy::default())
    }

    /// Wraps a provider with a policy.
    #[must_use]
    pub const fn with_policy(inner: P, policy: BreakerPolicy) -> Self {
        Self { inner, policy, state: Mutex::new(State::Closed(0)) }
    }

    fn with_state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets a message through, or says how long none is let through.
    fn enter(&self) -> Result<(), Duration> {
        let now = Instant::now();
        self.with_state(|state| match *state {
            State::Closed(_) => Ok(()),
            State::Open(until, open_for) if until <= now => {
                *state = State::Trial(open_for);
                Ok(())
            }
            State::Open(until, _) => Err(until.saturating_duration_since(now)),
            State::Trial(_) => Err(self.policy.open_for),
        })
    }

    fn failed(&self) {
        let open = |open_for: Duration| {
            let open_for = open_for.min(self.policy.open_at_most);
            let now = Instant::now();
            State::Open(now.checked_add(open_for).unwrap_or(now), open_for)
        };
        self.with_state(|state| match *state {
            State::Closed(failures) if failures + 1 < self.policy.failures.get() => {
                *state = State::Closed(failures + 1);
            }
            State::Closed(_) => *state = open(self.policy.open_for),
            State::Trial(open_for) => *state = open(open_for.saturating_mul(2)),
            // A message that went through before the others had failed.
            State::Open(..) => {}
        });
    }

    fn answered(&self) {
        // Also while it is open: an answer is the best news there is.
        self.with_state(|state| *state = State::Closed(0));
    }
}

/// Counts a send as failed unless it says otherwise: one that is dropped leaves no trial behind that never ends.
struct Passage<'a, P> {
    breaker: &'a WithBreaker<P>,
    answered: bool,
}

impl<P> Drop for Passage<'_, P> {
    fn drop(&mut self) {
        if self.answered { self.breaker.answered() } else { self.breaker.failed() }
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<P: MessageProvider> MessageProvider for WithBreaker<P> {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Accepted, SendError> {
        if let Err(left) = self.enter() {
            let advice = RetryAdvice::After(Some(left));
            let error = SendError::new(self.name(), SendErrorKind::Unavailable, advice);
            return Err(error.with_provider_code("breaker_open"));
        }
        let mut passage = Passage { breaker: self, answered: false };
        let result = self.inner.send(message).await;
        passage.answered = !matches!(&result, Err(error) if error.kind() == SendErrorKind::Unavailable);
        result
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests {
    use super::*;
    use crate::testing::{FakeProvider, sample_message};

    async fn code(provider: &WithBreaker<FakeProvider>) -> Option<String> {
        let result = provider.send(&sample_message()).await;
        result.err().map(|error| error.provider_code().unwrap_or("failed").to_owned())
    }

    /// A breaker that has just opened.
    async fn open() -> (FakeProvider, WithBreaker<FakeProvider>) {
        let fake = FakeProvider::default().always_fail(SendErrorKind::Unavailable);
        let provider = WithBreaker::new(fake.clone());
        for _ in 0..5 {
            assert_eq!(code(&provider).await.as_deref(), Some("failed"));
        }
        assert_eq!(code(&provider).await.as_deref(), Some("breaker_open"));
        assert_eq!(fake.calls(), 5);
        (fake, provider)
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_failures_in_a_row_and_says_for_how_long() {
        let (_fake, provider) = open().await;
        tokio::time::advance(Duration::from_secs(2)).await;
        let error = provider.send(&sample_message()).await.unwrap_err();
        assert_eq!(error.advice(), RetryAdvice::After(Some(Duration::from_secs(3))));
        assert_eq!(error.kind(), SendErrorKind::Unavailable);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_in_between_begins_the_count_anew() {
        let fake = FakeProvider::default();
        let provider = WithBreaker::new(fake.clone());
        for _ in 0..3 {
            for _ in 0..4 {
                fake.then_fail(SendErrorKind::Unavailable);
                assert_eq!(code(&provider).await.as_deref(), Some("failed"));
            }
            fake.then_fail(SendErrorKind::NotOnWhatsApp);
            assert_eq!(code(&provider).await.as_deref(), Some("failed"));
        }
        assert_eq!((code(&provider).await, fake.calls()), (None, 16));
    }

    #[tokio::test(start_paused = true)]
    async fn one_message_is_on_trial_and_its_failure_doubles_the_time() {
        let (fake, provider) = open().await;
        let mut open_for = Duration::from_secs(5);
        for calls in 6..12 {
            tokio::time::advance(open_for).await;
            assert_eq!(code(&provider).await.as_deref(), Some("failed"));
            assert_eq!(code(&provider).await.as_deref(), Some("breaker_open"));
            assert_eq!(fake.calls(), calls);
            open_for = (open_for * 2).min(Duration::from_secs(60));
        }
        fake.recover();
        tokio::time::advance(open_for).await;
        fake.then_accept_after(Duration::from_secs(1));
        let (trial, other) = tokio::join!(code(&provider), code(&provider));
        assert_eq!((trial, other.as_deref()), (None, Some("breaker_open")));
        assert_eq!(code(&provider).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_trial_that_is_dropped_leaves_nothing_shut_for_ever() {
        let (fake, provider) = open().await;
        fake.recover().then_hang(Duration::from_secs(100));
        tokio::time::advance(Duration::from_secs(5)).await;
        assert!(tokio::time::timeout(Duration::from_secs(1), code(&provider)).await.is_err());
        assert_eq!(code(&provider).await.as_deref(), Some("breaker_open"));
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(code(&provider).await, None);
    }
}
