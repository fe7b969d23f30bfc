//! Asking again, where that may help.

use std::num::NonZeroU32;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use tokio::time::{Instant, sleep, timeout};

use super::{LanguageModel, LlmAdvice, LlmCapabilities, LlmError, LlmErrorKind, LlmReply, LlmRequest};

/// How often [`Retry`] asks and how long it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Tries at the most, the first one included. Default: 3.
    pub max_tries: NonZeroU32,
    /// The wait before the second try; it doubles from try to try. Jitter adds up to as much as this again. Default: 500 ms.
    pub min_delay: Duration,
    /// The longest wait of its own, before jitter. A wait that the server asks for may be longer. Default: 8 s.
    pub max_delay: Duration,
    /// A try is not begun with less time than this. Default: 2 s.
    pub least_time: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_tries: NonZeroU32::MIN.saturating_add(2),
            min_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(8),
            least_time: Duration::from_secs(2),
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

    /// With other waits.
    #[must_use]
    pub const fn with_delays(mut self, min: Duration, max: Duration) -> Self {
        self.min_delay = min;
        self.max_delay = max;
        self
    }

    /// With another least time for a try.
    #[must_use]
    pub const fn with_least_time(mut self, least: Duration) -> Self {
        self.least_time = least;
        self
    }
}

/// Asks again after failures that may pass.
///
/// # Behavior
/// - Only [`LlmAdvice::After`] is asked again, and never earlier than the server said.
/// - All tries and waits together keep the time limit of the request. If the wait would leave less than the least time,
///   the error is handed on at once.
/// - Each try has a request id of its own; some servers refuse a repeated one.
///
/// It stands outside of [`Metered`](super::Metered): each try is reserved and settled by itself.
#[derive(Debug, Clone)]
pub struct Retry<M> {
    inner: M,
    policy: RetryPolicy,
}

impl<M> Retry<M> {
    /// Wraps a model with the default policy.
    #[must_use]
    pub fn new(inner: M) -> Self {
        Self::with_policy(inner, RetryPolicy::default())
    }

    /// Wraps a model with a policy.
    #[must_use]
    pub const fn with_policy(inner: M, policy: RetryPolicy) -> Self {
        Self { inner, policy }
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<M: LanguageModel> LanguageModel for Retry<M> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn capabilities(&self) -> LlmCapabilities {
        self.inner.capabilities()
    }

    async fn complete(&self, request: &LlmRequest) -> Result<LlmReply, LlmError> {
        let started = Instant::now();
        let left = || request.timeout.saturating_sub(started.elapsed());
        let mut delays = ExponentialBuilder::new()
            .with_min_delay(self.policy.min_delay)
            .with_max_delay(self.policy.max_delay)
            .without_max_times()
            .build();
        let mut tried = 0;
        loop {
            tried += 1;
            let mut again = request.clone().with_timeout(left());
            again.request_id = id_of_try(&request.request_id, tried);
            let error = match timeout(again.timeout, self.inner.complete(&again)).await {
                Ok(Ok(reply)) => return Ok(reply),
                Ok(Err(error)) => error,
                Err(_) => LlmError::of(self.name(), LlmErrorKind::TimedOut),
            };
            let LlmAdvice::After(asked) = error.advice else { return Err(error) };
            let own = delays.next().unwrap_or(self.policy.max_delay);
            let wait = asked.unwrap_or_default().max(own).saturating_add(jitter(self.policy.min_delay));
            if tried >= self.policy.max_tries.get() || wait.saturating_add(self.policy.least_time) > left() {
                return Err(error);
            }
            tracing::debug!(
                model = self.name(),
                kind = error.kind.as_str(),
                code = error.code,
                wait_ms = wait.as_millis(),
                "asking again"
            );
            sleep(wait).await;
        }
    }
}

/// A part of `most`, so that those who were refused together do not come again together.
fn jitter(most: Duration) -> Duration {
    let number = getrandom::u32().unwrap_or(u32::MAX / 2);
    most.mul_f64(f64::from(number) / f64::from(u32::MAX))
}

/// The id of the first try is that of the request; later ones end in their number, within 64 characters.
fn id_of_try(id: &str, tried: u32) -> String {
    if tried == 1 {
        return id.to_owned();
    }
    let end = format!("-{tried}");
    let start: String = id.chars().take(64 - end.len()).collect();
    start + &end
}
