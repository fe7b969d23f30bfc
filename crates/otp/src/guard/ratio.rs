//! From tallies to a verdict: what is hot, and until when.

use std::time::Duration;

use wartel_core::Timestamp;

use super::policy::PumpingPolicy;
use crate::policy::MAX_CODE_LIFE;
use crate::tally::Tally;

/// The span in which challenges are counted together.
pub(super) const SLOT: Duration = Duration::from_secs(300);

/// How long after the beginning of a slot all its challenges have expired.
const EXPIRED_AFTER: Duration = SLOT.saturating_add(MAX_CODE_LIFE);

/// The spans over which challenges are compared, by the time of their creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Window {
    /// The last hour.
    Hour,
    /// The last day.
    Day,
}

impl Window {
    pub(super) const ALL: [Self; 2] = [Self::Hour, Self::Day];
    pub(super) const LONGEST: Duration = Self::Day.span();

    /// How long it is.
    #[must_use]
    pub const fn span(self) -> Duration {
        match self {
            Self::Hour => Duration::from_secs(3_600),
            Self::Day => Duration::from_secs(86_400),
        }
    }

    /// A stable lower-case name, for logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

/// Something is hot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hot {
    pub(super) window: Window,
    pub(super) unverified: u64,
    pub(super) verified: u64,
    /// When it is not hot any more, if nothing more happens.
    pub(super) until: Timestamp,
}

/// The slot that an instant lies in.
pub(super) fn slot_of(at: Timestamp) -> Timestamp {
    let length = i64::try_from(SLOT.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(at.as_micros().div_euclid(length).saturating_mul(length))
}

/// What is hot by these tallies of one key; `None` if nothing is.
pub(super) fn heat(policy: &PumpingPolicy, tallies: &[Tally], now: Timestamp) -> Option<Hot> {
    // What another instance dates later than its next slot is dated wrongly. It must not count for longer than the
    // rest, nor make this search without an end.
    let newest = slot_of(now) + SLOT;
    let tallies: Vec<&Tally> = tallies.iter().filter(|tally| tally.slot <= newest).collect();
    let (window, unverified, verified) = hottest(policy, &tallies, now)?;
    // Slots come to their end and leave their windows only at the borders of slots. When the longest window has
    // passed nothing is left, so this ends.
    let mut until = slot_of(now) + SLOT;
    while hottest(policy, &tallies, until).is_some() {
        until = until + SLOT;
    }
    Some(Hot { window, unverified, verified, until })
}

/// Whether so few are unverified that nothing is hot under this key, and nothing that is counted within it: a part has
/// no more unverified challenges than the whole.
pub(super) fn is_calm(policy: &PumpingPolicy, tallies: &[Tally], now: Timestamp) -> bool {
    let tallies: Vec<&Tally> = tallies.iter().collect();
    Window::ALL
        .into_iter()
        .all(|window| count(&tallies, window, now).0 < u64::from(policy.limit(window).from))
}

/// The first window in which there are too many, with its unverified and verified challenges.
fn hottest(policy: &PumpingPolicy, tallies: &[&Tally], now: Timestamp) -> Option<(Window, u64, u64)> {
    Window::ALL.into_iter().find_map(|window| {
        let (unverified, verified) = count(tallies, window, now);
        policy.limit(window).exceeded(unverified, verified).then_some((window, unverified, verified))
    })
}

/// The unverified and the verified challenges in the window that ends now.
fn count(tallies: &[&Tally], window: Window, now: Timestamp) -> (u64, u64) {
    let inside = tallies.iter().filter(|tally| tally.slot + window.span() > now);
    inside.fold((0, 0), |(unverified, verified), tally| {
        let expired = tally.slot + EXPIRED_AFTER <= now;
        // A verification may be written before its beginning is, by another instance.
        let left = if expired { tally.begun.saturating_sub(tally.done) } else { 0 };
        (unverified + u64::from(left), verified + u64::from(tally.done))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const T0: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);
    const MINUTE: u64 = 60;
    const HOUR: u64 = 3_600;

    fn at(seconds: u64) -> Timestamp {
        T0 + Duration::from_secs(seconds)
    }

    fn tally(seconds: u64, begun: u32, done: u32) -> Tally {
        Tally::new("k", at(seconds), begun, done)
    }

    fn hot(tallies: &[Tally], seconds: u64) -> Option<Hot> {
        heat(&PumpingPolicy::default(), tallies, at(seconds))
    }

    #[test]
    fn windows_have_stable_names() {
        assert_eq!(Window::ALL.map(Window::as_str), ["hour", "day"]);
    }

    #[test]
    fn a_slot_has_five_minutes() {
        assert_eq!(slot_of(T0), T0);
        assert_eq!(slot_of(at(299)), T0);
        assert_eq!(slot_of(at(300)), at(300));
        assert_eq!(slot_of(Timestamp::from_micros(-1)), Timestamp::from_micros(-300_000_000));
    }

    #[test]
    fn three_expired_and_none_verified_are_hot_for_an_hour() {
        let three = [tally(0, 3, 0)];
        // Alive, all of them: nothing is known yet.
        assert_eq!(hot(&three, 15 * MINUTE - 1), None);
        let found = hot(&three, 15 * MINUTE).unwrap();
        let expected = Hot { window: Window::Hour, unverified: 3, verified: 0, until: at(HOUR) };
        assert_eq!(found, expected);
        assert_eq!(hot(&three, HOUR - 1), Some(expected));
        assert_eq!(hot(&three, HOUR), None);
        assert_eq!(hot(&[tally(0, 2, 0)], 15 * MINUTE), None);
    }

    #[test]
    fn verified_ones_cool_at_once() {
        // Fifteen of the present slot, beside three that expired.
        assert!(hot(&[tally(0, 3, 0), tally(15 * MINUTE, 14, 14)], 16 * MINUTE).is_some());
        assert_eq!(hot(&[tally(0, 3, 0), tally(15 * MINUTE, 15, 15)], 16 * MINUTE), None);
    }

    #[test]
    fn twenty_in_a_day_are_hot_even_if_slow() {
        // One an hour, each alone in its hour, and 60 verified over the day.
        let slow = |count: u64| -> Vec<Tally> {
            (0..count)
                .map(|n| tally(n * HOUR, if n < 20 { 4 } else { 0 }, if n < 20 { 3 } else { 0 }))
                .collect()
        };
        let found = hot(&slow(20), 20 * HOUR).unwrap();
        assert_eq!((found.window, found.unverified, found.verified), (Window::Day, 20, 60));
        // The first one leaves the window: nineteen are not enough.
        assert_eq!(found.until, at(24 * HOUR));
        assert_eq!(hot(&slow(19), 20 * HOUR), None);
    }

    #[test]
    fn what_expires_later_is_thought_of() {
        // Hot now by three; when those leave, three more have long expired.
        let found = hot(&[tally(0, 3, 0), tally(10 * MINUTE, 3, 0)], 15 * MINUTE).unwrap();
        assert_eq!((found.unverified, found.until), (3, at(HOUR + 10 * MINUTE)));
    }

    #[test]
    fn more_done_than_begun_is_no_debt_of_others() {
        assert!(hot(&[tally(0, 0, 2), tally(300, 3, 0)], 20 * MINUTE).is_some());
    }

    #[test]
    fn few_unverified_are_calm_whatever_was_verified() {
        let calm = |tallies: &[Tally], seconds| is_calm(&PumpingPolicy::default(), tallies, at(seconds));
        assert!(calm(&[], 0));
        assert!(calm(&[tally(0, 2, 0)], 15 * MINUTE));
        assert!(!calm(&[tally(0, 3, 0)], 15 * MINUTE));
        assert!(!calm(&[tally(0, 1_003, 1_000)], 15 * MINUTE), "three of them may be in one bucket");
        assert!(calm(&[tally(0, 3, 0)], HOUR));
        let slow: Vec<Tally> = (0..20).map(|n| tally(n * HOUR, 1, 0)).collect();
        assert!(!calm(&slow, 20 * HOUR));
        assert!(calm(&slow[1..], 20 * HOUR));
    }

    #[test]
    fn what_is_dated_wrongly_does_not_count() {
        let wrong = Tally::new("k", Timestamp::MAX, 1_000, 0);
        assert_eq!(hot(std::slice::from_ref(&wrong), HOUR), None);
        assert_eq!(hot(&[tally(0, 3, 0), wrong], 15 * MINUTE).unwrap().until, at(HOUR));
    }

    /// Tallies of the days before an instant, and the instant.
    fn past() -> impl Strategy<Value = (Vec<Tally>, u64)> {
        let one = (0_u64..300, 0_u32..40, 0_u32..40);
        (90_000_u64..100_000, prop::collection::vec(one, 0..12)).prop_map(|(now, slots)| {
            let tallies = slots.into_iter().map(|(slot, begun, done)| tally(slot * 300, begun, done));
            (tallies.collect(), now)
        })
    }

    proptest! {
        #[test]
        fn what_is_hot_cools_when_it_says((tallies, seconds) in past()) {
            let policy = PumpingPolicy::default();
            if let Some(found) = heat(&policy, &tallies, at(seconds)) {
                prop_assert!(found.until > at(seconds));
                prop_assert!(found.until.since(at(seconds)) <= Window::LONGEST + SLOT);
                prop_assert_eq!(heat(&policy, &tallies, found.until), None);
                // And not before, at steps that have nothing to do with slots.
                let mut moment = at(seconds);
                while moment < found.until {
                    prop_assert!(heat(&policy, &tallies, moment).is_some(), "cool at {:?}", moment);
                    moment = moment + Duration::from_secs(97);
                }
            }
        }

        #[test]
        fn nothing_is_hot_when_all_are_verified((tallies, seconds) in past()) {
            let verified: Vec<Tally> =
                tallies.iter().map(|tally| Tally::new("k", tally.slot, tally.done, tally.done)).collect();
            prop_assert_eq!(heat(&PumpingPolicy::default(), &verified, at(seconds)), None);
        }

        #[test]
        fn what_is_calm_is_not_hot((tallies, seconds) in past()) {
            let policy = PumpingPolicy::default();
            prop_assert!(!is_calm(&policy, &tallies, at(seconds)) || heat(&policy, &tallies, at(seconds)).is_none());
        }

        #[test]
        fn the_order_of_tallies_does_not_matter((tallies, seconds) in past()) {
            let mut reversed = tallies.clone();
            reversed.reverse();
            let policy = PumpingPolicy::default();
            prop_assert_eq!(heat(&policy, &tallies, at(seconds)), heat(&policy, &reversed, at(seconds)));
        }
    }
}
