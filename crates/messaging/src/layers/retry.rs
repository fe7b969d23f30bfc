//! Trying again, where that is safe.

use std::num::NonZeroU32;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    Accepted, Capabilities, MessageProvider, OutboundMessage, RetryAdvice, SendError, SendErrorKind,
};

/// How often and how long [`WithRetry`] tries. Every value has a meaning; there is nothing to validate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Tries at the most, the first one included. Default: 3.
    pub max_tries: NonZeroU32,
    /// The wait before the second try, before jitter; it doubles from try to try. Jitter adds up to as much
    /// again. Default: 500 ms.
    pub min_delay: Duration,
    /// The longest wait between tries, before jitter. Default: 4 s.
    pub max_delay: Duration,
    /// The longest that one try may take; a try that takes longer is cut off and its outcome unknown. Default:
    /// 12 s, which is 10 s for the provider and 2 s for a throttle inside.
    pub try_timeout: Duration,
    /// The longest that all tries and waits take together. Default: 20 s.
    pub deadline: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_tries: NonZeroU32::MIN.saturating_add(2),
            min_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(4),
            try_timeout: Duration::from_secs(12),
            deadline: Duration::from_secs(20),
        }
    }
}

impl RetryPolicy {
    /// With another number of tries.
    #[must_use]
    pub const fn with_max_tries(mut self, tries: NonZeroU32) -> Self {
        self.max_tries = tries;
        self
    }

    /// With other waits between tries.
    #[must_use]
    pub const fn with_delays(mut self, min: Duration, max: Duration) -> Self {
        self.min_delay = min;
        self.max_delay = max;
        self
    }

    /// With another limit for one try.
    #[must_use]
    pub const fn with_try_timeout(mut self, timeout: Duration) -> Self {
        self.try_timeout = timeout;
        self
    }

    /// With another limit for everything together.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }
}

/// Tries again after failures that certainly took no message.
///
/// # Behavior
/// - Only [`RetryAdvice::After`] is tried again: an ambiguous send might arrive twice, a refused one fails again.
/// - A wait that the provider asks for is kept; the wait before a try is never shorter than it.
/// - No try starts that could not take its full `try_timeout` before the deadline; the last error is handed on
///   instead, with its advice. The first try always starts.
/// - A try that is cut off by `try_timeout` or the deadline is [`RetryAdvice::Ambiguous`].
#[derive(Debug, Clone)]
pub struct WithRetry<P> {
    inner: P,
    policy: RetryPolicy,
}

impl<P> WithRetry<P> {
    /// Wraps a provider with the default policy.
    #[must_use]
    pub fn new(inner: P) -> Self {
        Self::with_policy(inner, RetryPolicy::default())
    }

    /// Wraps a provider with a policy.
    #[must_use]
    pub const fn with_policy(inner: P, policy: RetryPolicy) -> Self {
        Self { inner, policy }
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<P: MessageProvider> MessageProvider for WithRetry<P> {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Accepted, SendError> {
        let started = Instant::now();
        let mut delays = ExponentialBuilder::new()
            .with_jitter()
            .with_min_delay(self.policy.min_delay)
            .with_max_delay(self.policy.max_delay)
            .without_max_times()
            .build();
        let mut tries_left = self.policy.max_tries.get();
        loop {
            let left = self.policy.deadline.saturating_sub(started.elapsed());
            let limit = self.policy.try_timeout.min(left);
            let Ok(result) = timeout(limit, self.inner.send(message)).await else {
                let error = SendError::new(self.name(), SendErrorKind::Unavailable, RetryAdvice::Ambiguous);
                return Err(error.with_provider_code("timeout"));
            };
            let error = match result {
                Ok(accepted) => return Ok(accepted),
                Err(error) => error,
            };
            tries_left -= 1;
            let RetryAdvice::After(asked) = error.advice() else { return Err(error) };
            let delay = delays.next().unwrap_or(self.policy.max_delay).max(asked.unwrap_or_default());
            let next_ends = started.elapsed().saturating_add(delay).saturating_add(self.policy.try_timeout);
            if tries_left == 0 || next_ends > self.policy.deadline {
                return Err(error);
            }
            tracing::debug!(
                provider = self.name(),
                kind = error.kind().as_str(),
                code = error.provider_code(),
                delay_ms = delay.as_millis(),
                "trying again"
            );
            sleep(delay).await;
        }
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests {
    use super::*;
    use crate::testing::{FakeProvider, sample_message};

    async fn send(fake: &FakeProvider, policy: RetryPolicy) -> (Result<Accepted, SendError>, Duration) {
        let started = Instant::now();
        let result = WithRetry::with_policy(fake.clone(), policy).send(&sample_message()).await;
        (result, started.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_certainly_not_taken_is_tried_again() {
        let fake = FakeProvider::default();
        fake.then_fail(SendErrorKind::Unavailable).then_fail(SendErrorKind::RateLimited);
        let (result, took) = send(&fake, RetryPolicy::default()).await;
        assert!(result.is_ok());
        assert_eq!((fake.count(), fake.calls()), (1, 3));
        // 500 ms and 1 s, and jitter of up to as much again.
        assert!((Duration::from_millis(1_500)..Duration::from_millis(3_100)).contains(&took), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn refused_and_ambiguous_sends_are_not_tried_again() {
        for (kind, advice) in [
            (SendErrorKind::Unauthenticated, RetryAdvice::Never),
            (SendErrorKind::Unavailable, RetryAdvice::Ambiguous),
            (SendErrorKind::Unexpected, RetryAdvice::Never),
        ] {
            let fake = FakeProvider::default();
            fake.then_fail_with(kind, advice);
            let error = send(&fake, RetryPolicy::default()).await.0.unwrap_err();
            assert_eq!((error.kind(), error.advice(), fake.calls()), (kind, advice, 1));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_that_was_asked_for_is_kept() {
        let fake = FakeProvider::default();
        let asked = Duration::from_secs(7);
        fake.then_fail_with(SendErrorKind::RateLimited, RetryAdvice::After(Some(asked)));
        let (result, took) = send(&fake, RetryPolicy::default()).await;
        assert!(result.is_ok());
        assert!(took >= asked && took < asked + Duration::from_millis(50), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn no_try_starts_that_could_not_finish() {
        let fake = FakeProvider::default();
        let asked = Duration::from_secs(9);
        fake.always_fail_with(SendErrorKind::RateLimited, RetryAdvice::After(Some(asked)));
        let (result, took) = send(&fake, RetryPolicy::default()).await;
        // 9 s of waiting and 12 s for the try would be more than 20 s.
        assert_eq!(result.unwrap_err().advice(), RetryAdvice::After(Some(asked)));
        assert_eq!(fake.calls(), 1);
        assert!(took < Duration::from_secs(1), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_number_of_tries_is_kept() {
        let fake = FakeProvider::default();
        fake.always_fail(SendErrorKind::Unavailable);
        let policy = RetryPolicy::default().with_max_tries(NonZeroU32::MIN);
        assert!(send(&fake, policy).await.0.is_err());
        assert_eq!(fake.calls(), 1);
        assert!(send(&fake, RetryPolicy::default()).await.0.is_err());
        assert_eq!(fake.calls(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn everything_ends_at_the_deadline() {
        let fake = FakeProvider::default();
        fake.then_hang(Duration::from_secs(3_600));
        let (result, took) = send(&fake, RetryPolicy::default()).await;
        assert!(result.unwrap_err().is_ambiguous());
        assert!(took <= Duration::from_secs(12) + Duration::from_millis(50), "{took:?}");

        // Every failure takes 7 s: the second would begin at 7.5 s or later and may take 12 s.
        let slow = FakeProvider::default();
        for _ in 0..5 {
            slow.then_fail_after(Duration::from_secs(7), SendErrorKind::Unavailable);
        }
        let (result, took) = send(&slow, RetryPolicy::default()).await;
        assert_eq!(result.unwrap_err().kind(), SendErrorKind::Unavailable);
        assert!(took <= Duration::from_secs(20), "{took:?}");
    }
}
