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
//! | [`WithLog`] outermost | one line for each message, whatever it took |
//! | [`WithLog`] inside [`WithRetry`] | one line for each try |
//! | [`WithFaults`] innermost | the other layers meet the faults as if the provider had them |
//!
//! The usual stack, from the outside in: log, health, retry, throttle, provider.
//!
//! Dropping the future of a send is safe in each of them: no lock and no permit stays behind. Whether the
//! message was taken is then as unknown as with the provider alone.

mod faults;
mod health;
mod log;
mod retry;
mod throttle;

pub use faults::{Fault, WithFaults};
pub use health::{DeviceProbe, WithHealth};
pub use log::WithLog;
pub use retry::{RetryPolicy, WithRetry};
pub use throttle::{Throttle, WithThrottle};
