//! Sending no faster than a provider likes.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::pace::{Pace, Turns};
use crate::{
    Accepted, Capabilities, MessageProvider, OutboundMessage, RetryAdvice, SendError, SendErrorKind,
};

/// How fast [`WithThrottle`] lets messages through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Throttle {
    /// The pace of all messages together. `None` lets everything through. Default: `None`.
    pub account: Option<Pace>,
    /// The pace of the messages to one recipient. `None` lets everything through. Default: `None`.
    pub recipient: Option<Pace>,
    /// The longest that a message waits for its turn; one that would wait longer is refused at once. Default: 2 s.
    pub max_wait: Duration,
}

impl Throttle {
    /// Lets everything through.
    #[must_use]
    pub const fn off() -> Self {
        Self { account: None, recipient: None, max_wait: Duration::from_secs(2) }
    }

    /// So many messages per second, evenly spaced.
    #[must_use]
    pub fn per_second(rate: NonZeroU32) -> Self {
        Self { account: Some(Pace::per_second(rate)), ..Self::off() }
    }

    /// What Meta allows a number without an upgrade: 80 messages per second, and one in 6 s to the same person.
    ///
    /// Source: <https://developers.facebook.com/docs/whatsapp/cloud-api/overview>, November 2026; throughput and pair rate.
    #[must_use]
    pub fn cloud_api() -> Self {
        let all = Pace::every(Duration::from_micros(12_500));
        Self::off().with_account(all).with_recipient(Pace::every(Duration::from_secs(6)))
    }

    /// How fast a provider takes messages, by its name, where it says so; else [`off`](Self::off).
    #[must_use]
    pub fn of_provider(name: &str) -> Self {
        if name == "cloud_api" { Self::cloud_api() } else { Self::off() }
    }

    /// With another pace of all messages together.
    #[must_use]
    pub const fn with_account(mut self, pace: Pace) -> Self {
        self.account = Some(pace);
        self
    }

    /// With another pace of the messages to one recipient.
    #[must_use]
    pub const fn with_recipient(mut self, pace: Pace) -> Self {
        self.recipient = Some(pace);
        self
    }

    /// With another number of messages, to whomever, that may go at once after a pause.
    #[must_use]
    pub fn with_burst(mut self, burst: NonZeroU32) -> Self {
        self.account = self.account.map(|pace| pace.with_burst(burst));
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

/// Spaces messages out, in one process.
///
/// # Behavior
/// - Messages go in the order in which they came, but for those that wait for their recipient's turn.
/// - A message that would wait longer than `max_wait` is refused at once with [`SendErrorKind::RateLimited`],
///   [`RetryAdvice::After`] the time at which it would have its turn, and the code `throttled`. It did not reach
///   the provider and does not use up a turn.
/// - A send that is dropped while it waits uses up its turn: the next one waits a little longer, never less.
/// - Up to 100,000 recipients are remembered, as hashes; beyond that the pace of some begins anew.
#[derive(Debug)]
pub struct WithThrottle<P> {
    inner: P,
    throttle: Throttle,
    turns: Mutex<Turns>,
}

impl<P> WithThrottle<P> {
    /// Wraps a provider.
    #[must_use]
    pub fn new(inner: P, throttle: Throttle) -> Self {
        Self { inner, throttle, turns: Mutex::default() }
    }

    /// Takes a turn: how long to wait for it, or how long it would have been.
    fn turn(&self, message: &OutboundMessage) -> Result<Duration, Duration> {
        let key = self.throttle.recipient.map(|pace| (pace, message.to.key()));
        let recipient = key.as_ref().map(|(pace, key)| (*pace, key.as_str()));
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.take(self.throttle.account, recipient, self.throttle.max_wait, Instant::now())
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
        match self.turn(message) {
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
    use crate::testing::{FakeProvider, phone, sample_message};

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
    async fn one_recipient_waits_and_the_others_do_not() {
        let provider = WithThrottle::new(FakeProvider::default(), Throttle::cloud_api());
        provider.send(&sample_message()).await.unwrap();
        let error = provider.send(&sample_message()).await.unwrap_err();
        assert_eq!(error.advice(), RetryAdvice::After(Some(Duration::from_secs(6))));
        let other = OutboundMessage::text_to(phone("+6591234567"), "Hello");
        provider.send(&other).await.unwrap();
        tokio::time::advance(Duration::from_secs(6)).await;
        provider.send(&sample_message()).await.unwrap();
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
