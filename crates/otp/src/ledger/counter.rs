//! Exact sliding windows for budgets that many phones share.

use std::collections::VecDeque;

use wartel_core::Timestamp;

use crate::budget::Rate;

/// The instants of the latest events of one budget, at most as many as the budget allows.
///
/// Exact without counting: a budget of `max` is spent if and only if the `max`-th latest event is still in
/// the window. Stores that keep events as rows need only that one row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counter {
    at: VecDeque<Timestamp>,
}

impl Counter {
    /// Until when the budget refuses; `None` if it does not.
    #[must_use]
    pub fn refuses_until(&self, rate: Rate, now: Timestamp) -> Option<Timestamp> {
        let nth_last = self.at.len().checked_sub(usize::try_from(rate.max).unwrap_or(usize::MAX))?;
        let until = *self.at.get(nth_last)? + rate.window;
        (until > now).then_some(until)
    }

    /// Counts one event and answers the instant under which it counts. An instant before the latest one counts
    /// as the latest, so that a clock that steps back renews nothing.
    pub fn charge(&mut self, rate: Rate, now: Timestamp) -> Timestamp {
        let at = self.at.back().map_or(now, |latest| now.max(*latest));
        self.at.push_back(at);
        while self.at.len() > usize::try_from(rate.max).unwrap_or(usize::MAX) {
            self.at.pop_front();
        }
        at
    }

    /// Takes back one event that was counted under exactly this instant; nothing happens if there is none.
    pub fn release(&mut self, at: Timestamp) {
        if let Some(place) = self.at.iter().rposition(|counted| *counted == at) {
            self.at.remove(place);
        }
    }

    /// The latest event.
    #[must_use]
    pub fn latest(&self) -> Option<Timestamp> {
        self.at.back().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_window_slides_exactly() {
        let rate = Rate::new(2, Duration::from_secs(10));
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let mut counter = Counter::default();
        assert_eq!(counter.refuses_until(rate, at(0)), None);
        counter.charge(rate, at(0));
        counter.charge(rate, at(4));
        assert_eq!(counter.refuses_until(rate, at(9)), Some(at(10)));
        assert_eq!(counter.refuses_until(rate, at(10)), None);
        counter.charge(rate, at(10));
        assert_eq!(counter.refuses_until(rate, at(11)), Some(at(14)));
    }

    #[test]
    fn what_is_taken_back_does_not_count() {
        let rate = Rate::new(2, Duration::from_secs(10));
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let mut counter = Counter::default();
        let first = counter.charge(rate, at(1));
        counter.charge(rate, at(2));
        counter.release(at(5));
        assert_eq!(counter.refuses_until(rate, at(3)), Some(at(11)));
        counter.release(first);
        counter.release(first);
        assert_eq!(counter.refuses_until(rate, at(3)), None);
        counter.charge(rate, at(3));
        assert_eq!(counter.refuses_until(rate, at(4)), Some(at(12)));
    }

    #[test]
    fn a_clock_that_steps_back_renews_nothing() {
        let rate = Rate::new(1, Duration::from_secs(10));
        let mut counter = Counter::default();
        counter.charge(rate, Timestamp::from_micros(50_000_000));
        counter.charge(rate, Timestamp::from_micros(1_000_000));
        assert_eq!(counter.latest(), Some(Timestamp::from_micros(50_000_000)));
    }
}
