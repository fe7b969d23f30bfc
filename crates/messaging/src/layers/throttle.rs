//! Sending no faster than a provider likes.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::{
    Accepted, Capabilities, MessageProvider, OutboundMessage, RetryAdvice, SendError, SendErrorKind,
};

/// How fast [`WithThrottle`] lets messages through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Throttle {
    /// Messages per second. `None` lets everything through. Default: `None`.
    pub per_second: Option<NonZeroU32>,
    /// How many may go at once after a pause. Default: 1.
    pub burst: NonZeroU32,
    /// The longest that a message waits for its turn; one that would wait longer is refused at once. Default: 2 s.
    pub max_wait: Duration,
}

impl Throttle {
    /// Lets everything through.
    #[must_use]
    pub const fn off() -> Self {
        Self { per_second: None, burst: NonZeroU32::MIN, max_wait: Duration::from_secs(2) }
    }

    /// So many messages per second, evenly spaced.
    #[must_use]
    pub const fn per_second(rate: NonZeroU32) -> Self {
        Self { per_second: Some(rate), ..Self::off() }
    }

    /// With another number of messages that may go at once after a pause.
    #[must_use]
    pub const fn with_burst(mut self, burst: NonZeroU32) -> Self {
        self.burst = burst;
        self
    }

    /// With another longest wait.
    #[must_use]
    pub const fn with_max_wait(mut self, max_wait: Duration) -> Self {
        self.max_wait = max_wait;
        self
    }
}

impl Default for Throttle {
    fn default() -> Self {
        Self::off()
    }
}

/// Spaces messages out (the generic cell rate algorithm, ITU-T I.371), in one process.
///
/// # Behavior
/// - Messages go in the order in which they came.
/// - A message that would wait longer than `max_wait` is refused at once with [`SendErrorKind::RateLimited`],
///   [`RetryAdvice::After`] the time at which it would have its turn, and the code `throttled`. It did not reach
///   the provider and does not use up a turn.
/// - A send that is dropped while it waits uses up its turn: the next one waits a little longer, never less.
#[derive(Debug)]
pub struct WithThrottle<P> {
    inner: P,
    throttle: Throttle,
    /// The instant up to which the turns are given away.
    taken_until: Mutex<Option<Instant>>,
}

impl<P> WithThrottle<P> {
    /// Wraps a provider.
    #[must_use]
    pub const fn new(inner: P, throttle: Throttle) -> Self {
        Self { inner, throttle, taken_until: Mutex::new(None) }
    }

    /// Takes a turn: how long to wait for it, or how long it would have been.
    fn turn(&self) -> Result<Duration, Duration> {
        let Some(rate) = self.throttle.per_second else { return Ok(Duration::ZERO) };
        let interval = Duration::from_secs(1) / rate.get();
        let tolerance = interval.saturating_mul(self.throttle.burst.get() - 1);
        let now = Instant::now();
        let mut taken_until = self.taken_until.lock().unwrap_or_else(PoisonError::into_inner);
        let from = taken_until.map_or(now, |until| until.max(now));
        let wait = from.saturating_duration_since(now).saturating_sub(tolerance);
        if wait > self.throttle.max_wait {
            return Err(wait);
        }
        *taken_until = from.checked_add(interval);
        Ok(wait)
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<P: MessageProvider> MessageProvider for WithThrottle<P> {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Accepted, SendError> {
        match self.turn() {
            Ok(Duration::ZERO) => {}
            Ok(wait) => sleep(wait).await,
            Err(wait) => {
                let advice = RetryAdvice::After(Some(wait));
                let error = SendError::new(self.name(), SendErrorKind::RateLimited, advice);
                return Err(error.with_provider_code("throttled"));
            }
        }
        self.inner.send(message).await
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests {
    use std::sync::Arc;

    use tokio::task::JoinSet;

    use super::*;
    use crate::testing::{FakeProvider, sample_message};

    fn ten_per_second() -> Throttle {
        Throttle::per_second(NonZeroU32::new(10).unwrap())
    }

    async fn send_together(throttle: Throttle, messages: usize) -> (Vec<Duration>, Vec<SendError>) {
        let provider = Arc::new(WithThrottle::new(FakeProvider::default(), throttle));
        let started = Instant::now();
        let mut sends = JoinSet::new();
        for _ in 0..messages {
            let provider = provider.clone();
            sends.spawn(async move { provider.send(&sample_message()).await.map(|_| started.elapsed()) });
        }
        let (mut times, mut errors) = (Vec::new(), Vec::new());
        for result in sends.join_all().await {
            match result {
                Ok(time) => times.push(time),
                Err(error) => errors.push(error),
            }
        }
        times.sort();
        (times, errors)
    }

    #[tokio::test(start_paused = true)]
    async fn messages_are_spaced_out() {
        let (times, errors) = send_together(ten_per_second(), 5).await;
        assert!(errors.is_empty());
        for (n, time) in times.iter().enumerate() {
            let turn = Duration::from_millis(100) * u32::try_from(n).unwrap();
            assert!(*time >= turn && *time < turn + Duration::from_millis(10), "{n}: {time:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_goes_at_once() {
        let (times, _) = send_together(ten_per_second().with_burst(NonZeroU32::new(4).unwrap()), 5).await;
        assert!(times[3] < Duration::from_millis(10), "{times:?}");
        assert!(times[4] >= Duration::from_millis(100), "{times:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_would_wait_too_long_is_told_how_long() {
        let (times, errors) = send_together(ten_per_second(), 25).await;
        // Turns at 0, 0.1, … 2.0 s.
        assert_eq!((times.len(), errors.len()), (21, 4));
        for error in errors {
            assert_eq!(
                (error.kind(), error.provider_code()),
                (SendErrorKind::RateLimited, Some("throttled"))
            );
            assert_eq!(error.advice(), RetryAdvice::After(Some(Duration::from_millis(2_100))));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn switched_off_it_lets_everything_through() {
        let (times, errors) = send_together(Throttle::default(), 500).await;
        assert_eq!((times.len(), errors.len()), (500, 0));
        assert!(times[499] < Duration::from_millis(10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_send_leaves_nothing_locked() {
        let provider = WithThrottle::new(FakeProvider::default(), ten_per_second());
        provider.send(&sample_message()).await.unwrap();
        let dropped = tokio::time::timeout(Duration::from_millis(1), provider.send(&sample_message())).await;
        assert!(dropped.is_err());
        provider.send(&sample_message()).await.unwrap();
    }
}
