//! How often a number may be paired: WhatsApp blocks numbers that try too often.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wartel_core::Timestamp;

use super::PairingReason;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// How long to wait after the first, second, third and every later try that did not end in a connection: 2 min,
/// 10 min, 24 h, 48 h.
pub const COOL_DOWNS: [Duration; 4] =
    [MINUTE.saturating_mul(2), MINUTE.saturating_mul(10), HOUR.saturating_mul(24), HOUR.saturating_mul(48)];

/// How many tries there are before the waits of a day and more.
pub const FREE_TRIES: u32 = 3;

/// Tries are forgotten when there was none for this long.
pub const FORGOTTEN_AFTER: Duration = HOUR.saturating_mul(24 * 7);

/// How long to wait after a try that did not get as far as WhatsApp, and so does not count.
pub const SHORT_PAUSE: Duration = Duration::from_secs(10);

/// The tries of one phone number, or of one account, since it was last connected.
///
/// A try counts from the moment that it begins, so that a crash in the middle of it makes nothing free.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tries {
    count: u32,
    last_at: Option<Timestamp>,
    next_at: Option<Timestamp>,
    why: Option<PairingReason>,
    /// What `next_at` was before the try that is under way.
    before: Option<Timestamp>,
}

impl Tries {
    /// How many tries there were.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Why no try is allowed at this instant, and until when. `None` if one is allowed.
    #[must_use]
    pub fn refusal(&self, now: Timestamp) -> Option<(PairingReason, Timestamp)> {
        let until = self.next_at.filter(|until| *until > now)?;
        let usual =
            if self.count >= FREE_TRIES { PairingReason::TriesUsedUp } else { PairingReason::CoolingDown };
        Some((self.why.unwrap_or(usual), until))
    }

    /// How many tries are left before the next wait of a day or more. After such a wait it is one at a time.
    #[must_use]
    pub fn left(&self, now: Timestamp) -> u32 {
        let forgotten = self.last_at.is_none_or(|last| last + FORGOTTEN_AFTER <= now);
        match FREE_TRIES.saturating_sub(self.count) {
            _ if forgotten => FREE_TRIES,
            0 if self.refusal(now).is_none() => 1,
            left => left,
        }
    }

    /// A try begins.
    pub(super) fn begin(&mut self, now: Timestamp) {
        if self.last_at.is_some_and(|last| last + FORGOTTEN_AFTER <= now) {
            *self = Self::default();
        }
        self.before = self.next_at;
        self.count = self.count.saturating_add(1);
        self.last_at = Some(now);
        self.why = None;
        self.next_at = Some(now + self.cool_down());
    }

    /// The try that is under way ended without a connection: the wait begins now.
    pub(super) fn fail(&mut self, now: Timestamp) {
        self.wait_until(now + self.cool_down());
    }

    /// The try that is under way did not get as far as WhatsApp.
    pub(super) fn give_back(&mut self, now: Timestamp) {
        self.count = self.count.saturating_sub(1);
        self.next_at = self.before.take();
        self.wait_until(now + SHORT_PAUSE);
    }

    /// Nothing is tried before this instant, for this reason.
    pub(super) fn block(&mut self, why: PairingReason, until: Timestamp) {
        self.last_at = self.last_at.max(Some(until));
        self.wait_until(until);
        self.why = Some(why);
    }

    /// It is connected: what was before does not matter any more.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn wait_until(&mut self, until: Timestamp) {
        self.next_at = self.next_at.max(Some(until));
    }

    fn cool_down(&self) -> Duration {
        let index = usize::try_from(self.count.saturating_sub(1)).unwrap_or(usize::MAX);
        let [.., longest] = COOL_DOWNS;
        COOL_DOWNS.get(index).copied().unwrap_or(longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

    #[test]
    fn waits_grow_to_two_days() {
        let mut tries = Tries::default();
        let mut now = T0;
        assert_eq!((tries.refusal(now), tries.left(now)), (None, 3));
        for (wait, why, left, left_then) in [
            (2 * MINUTE, PairingReason::CoolingDown, 2, 2),
            (10 * MINUTE, PairingReason::CoolingDown, 1, 1),
            (24 * HOUR, PairingReason::TriesUsedUp, 0, 1),
            (48 * HOUR, PairingReason::TriesUsedUp, 0, 1),
            (48 * HOUR, PairingReason::TriesUsedUp, 0, 1),
        ] {
            tries.begin(now);
            now = now + MINUTE;
            tries.fail(now);
            assert_eq!(tries.refusal(now), Some((why, now + wait)));
            assert_eq!(tries.left(now), left);
            now = now + wait;
            assert_eq!((tries.refusal(now), tries.left(now)), (None, left_then), "after {wait:?}");
        }
        tries.clear();
        assert_eq!(tries, Tries::default());
    }

    #[test]
    fn a_try_that_is_never_ended_counts() {
        let mut tries = Tries::default();
        tries.begin(T0);
        assert_eq!(tries.refusal(T0), Some((PairingReason::CoolingDown, T0 + 2 * MINUTE)));
    }

    #[test]
    fn a_try_that_is_given_back_costs_a_short_pause_only() {
        let mut tries = Tries::default();
        tries.begin(T0);
        tries.give_back(T0);
        assert_eq!(tries.count(), 0);
        assert_eq!(tries.refusal(T0), Some((PairingReason::CoolingDown, T0 + SHORT_PAUSE)));
        assert_eq!(tries.refusal(T0 + SHORT_PAUSE), None);
    }

    #[test]
    fn tries_are_forgotten_after_a_week() {
        let mut tries = Tries::default();
        for _ in 0..3 {
            tries.begin(T0);
        }
        let later = T0 + FORGOTTEN_AFTER;
        assert_eq!(tries.left(later), 3);
        tries.begin(later);
        assert_eq!(tries.count(), 1);
    }

    #[test]
    fn a_block_is_never_shortened_and_says_why() {
        let mut tries = Tries::default();
        tries.block(PairingReason::Throttled, T0 + 24 * HOUR);
        tries.fail(T0);
        assert_eq!(tries.refusal(T0), Some((PairingReason::Throttled, T0 + 24 * HOUR)));
    }
}
