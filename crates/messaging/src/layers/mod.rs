//! Wrappers that add one habit each to any [`MessageProvider`](crate::MessageProvider).
//!
//! Each wrapper is a provider itself and passes the same contract as what it wraps. What stands outside sees
//! what the inside does as one call, so the order has a meaning:
//!
//! | order | means |
//! |---|---|
//! | [`WithRetry`] around [`WithThrottle`] | each try waits its turn; the waits count towards the deadline |
//! | [`WithThrottle`] around [`WithRetry`] | one turn for all tries: retries go faster than the limit |
//! | [`WithHealth`] around [`WithRetry`] | only what is left after all tries tells of health |
//! | [`WithBreaker`] around [`WithRetry`] | only what is left after all tries opens it; while it is open nobody waits |
//! | [`Failover`] around stacks of its own | each provider has its own retries, turns and breaker |
//! | [`WithLog`] outermost | one line for each message, whatever it took |
//! | [`WithLog`] inside [`WithRetry`] | one line for each try |
//! | [`WithFaults`] innermost | the other layers meet the faults as if the provider had them |
//!
//! The usual stack, from the outside in: log, metrics, health, breaker, retry, reach-out pause, throttle, provider; that
//! is what [`usual`] makes.
//!
//! Dropping the future of a send is safe in each of them: no lock and no permit stays behind. Whether the
//! message was taken is then as unknown as with the provider alone.

mod breaker;
mod failover;
mod faults;
mod health;
mod log;
mod metrics;
mod pace;
mod reachout;
mod retry;
mod throttle;

pub use breaker::{BreakerPolicy, WithBreaker};
pub use failover::Failover;
pub use faults::{Fault, WithFaults};
pub use health::{DeviceProbe, WithHealth};
pub use log::WithLog;
pub use metrics::WithMetrics;
pub use pace::Pace;
pub use reachout::WithReachoutPause;
pub use retry::{RetryPolicy, WithRetry};
pub use throttle::{Throttle, WithThrottle};

/// The usual stack around a provider, without the outermost layers: breaker, retry, reach-out pause, throttle.
///
/// Put [`WithHealth`], [`WithMetrics`] and [`WithLog`] around it, in this order.
#[must_use]
pub fn usual<P>(
    provider: P,
    throttle: Throttle,
) -> WithBreaker<WithRetry<WithReachoutPause<WithThrottle<P>>>> {
    let paced = WithThrottle::new(provider, throttle);
    WithBreaker::new(WithRetry::new(WithReachoutPause::new(paced)))
}
