//! Until when the server may carry out a script, by its own clock.
//!
//! A script that waits in a server that hangs is carried out when the server goes on, also if nobody waits for its
//! answer any more. So every script that writes says until when it may. This machine's clock does not count for that:
//! the server is asked for its time, and in between this machine's monotonic clock goes on from the answer.
#![cfg_attr(not(feature = "otp"), allow(dead_code, reason = "some of it is needed by one domain only"))]

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use wartel_core::Timestamp;

/// How long an answer is good for.
const MEASURE_EVERY: Duration = Duration::from_secs(30);

/// How much earlier the server stops than its caller stops to wait, for the answer to be on its way.
const WAY_BACK: Duration = Duration::from_millis(100);

/// What is known of the server's clock.
#[derive(Debug, Default)]
pub(super) struct ServerTime {
    last: Mutex<Option<Answer>>,
}

#[derive(Debug, Clone, Copy)]
struct Answer {
    time: Timestamp,
    /// When it was there. The server's clock showed the time before.
    received: Instant,
}

impl ServerTime {
    /// Takes over what the server answered just now.
    pub(super) fn learn(&self, time: Timestamp) {
        *self.lock() = Some(Answer { time, received: Instant::now() });
    }

    /// The next script asks anew: another server may be there, or its clock was set.
    pub(super) fn forget(&self) {
        *self.lock() = None;
    }

    /// Until when the server may write for a caller that waits until `until`, and never later than that; `None` if
    /// the server has to be asked first.
    pub(super) fn limit(&self, until: Instant) -> Option<Timestamp> {
        let answer = (*self.lock())?;
        if answer.received.elapsed() >= MEASURE_EVERY {
            return None;
        }
        Some(answer.time + until.saturating_duration_since(answer.received) - WAY_BACK)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Answer>> {
        // Nothing panics while it is held.
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

    #[tokio::test(start_paused = true)]
    async fn a_limit_is_the_callers_by_the_servers_clock() {
        let (server, wait) = (ServerTime::default(), Duration::from_secs(2));
        let until = || Instant::now() + wait;
        assert_eq!(server.limit(until()), None, "nothing is known");
        server.learn(NOON);
        assert_eq!(server.limit(until()), Some(NOON + wait - WAY_BACK));
        assert_eq!(server.limit(Instant::now()), Some(NOON - WAY_BACK), "it is over");
        // It goes on with this machine's clock, for some time.
        tokio::time::advance(MEASURE_EVERY - Duration::from_millis(1)).await;
        let passed = MEASURE_EVERY - Duration::from_millis(1);
        assert_eq!(server.limit(until()), Some(NOON + passed + wait - WAY_BACK));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(server.limit(until()), None, "too old an answer");
        server.learn(NOON);
        server.forget();
        assert_eq!(server.limit(until()), None, "another server");
    }
}
