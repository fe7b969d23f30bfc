//! How hard a provider tries to deliver a webhook.

use std::time::Duration;

/// Tries, and the time between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RetryPlan {
    /// At least 1.
    pub(crate) tries: u32,
    /// Between the first try and the second one.
    pub(crate) interval: Duration,
    /// Whether each wait is twice the one before.
    pub(crate) doubling: bool,
    /// The longest wait.
    pub(crate) longest: Duration,
    /// How long one try waits for its answer.
    pub(crate) timeout: Duration,
    /// Statuses after which it is not tried again, although they are no success.
    pub(crate) final_statuses: &'static [u16],
}

impl RetryPlan {
    /// So many tries with the same time between them, and 10 s for each answer.
    pub(crate) const fn constant(tries: u32, interval: Duration) -> Self {
        let timeout = Duration::from_secs(10);
        Self { tries, interval, doubling: false, longest: Duration::MAX, timeout, final_statuses: &[] }
    }

    /// So many tries, each wait twice the one before and none longer than `longest`.
    pub(crate) const fn doubling(tries: u32, interval: Duration, longest: Duration) -> Self {
        Self { doubling: true, longest, ..Self::constant(tries, interval) }
    }

    /// The wait after the try with this number, counted from 1.
    pub(crate) fn wait_after(&self, tried: u32) -> Duration {
        let factor = if self.doubling { 2_u32.saturating_pow(tried.saturating_sub(1)) } else { 1 };
        self.interval.saturating_mul(factor).min(self.longest)
    }

    /// The same with what the sandbox was set to instead.
    pub(crate) fn with(mut self, settings: RetrySettings) -> Self {
        self.interval = settings.interval.unwrap_or(self.interval);
        self.tries = settings.tries.unwrap_or(self.tries);
        self.timeout = settings.timeout.unwrap_or(self.timeout);
        self
    }
}

/// What replaces parts of every provider's plan.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RetrySettings {
    pub(crate) interval: Option<Duration>,
    pub(crate) tries: Option<u32>,
    pub(crate) timeout: Option<Duration>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_stay_or_double_up_to_the_longest() {
        let waits =
            |plan: RetryPlan| (1..5).map(|tried| plan.wait_after(tried).as_secs()).collect::<Vec<_>>();
        let second = Duration::from_secs(1);
        assert_eq!(waits(RetryPlan::constant(15, 2 * second)), [2, 2, 2, 2]);
        assert_eq!(waits(RetryPlan::doubling(5, second, 5 * second)), [1, 2, 4, 5]);
        let plan = RetryPlan::doubling(99, second, Duration::MAX);
        assert!(plan.wait_after(99) > plan.wait_after(30));
        let settings = RetrySettings { tries: Some(1), ..RetrySettings::default() };
        assert_eq!((plan.with(settings).tries, plan.with(settings).interval), (1, second));
    }
}
