//! What was counted and is not written yet.

use std::collections::BTreeMap;

use wartel_core::Timestamp;

use crate::tally::Tally;

/// How many pairs of key and slot wait at the most: some megabytes.
const MOST: usize = 16_384;

/// Counts that wait to be written, in memory and bounded.
#[derive(Debug, Default)]
pub(super) struct Pending {
    counts: BTreeMap<(String, Timestamp), (u32, u32)>,
    lost: u64,
}

impl Pending {
    /// Adds to what waits. If too many wait, a new one is thrown away and counted as lost.
    pub(super) fn add(&mut self, key: String, slot: Timestamp, begun: u32, done: u32) {
        let full = self.counts.len() >= MOST;
        let id = (key, slot);
        if full && !self.counts.contains_key(&id) {
            self.lost = self.lost.saturating_add(1);
            return;
        }
        let counts = self.counts.entry(id).or_default();
        counts.0 = counts.0.saturating_add(begun);
        counts.1 = counts.1.saturating_add(done);
    }

    /// Takes everything that waits.
    pub(super) fn take(&mut self) -> Vec<Tally> {
        let counts = std::mem::take(&mut self.counts);
        counts.into_iter().map(|((key, slot), (begun, done))| Tally::new(key, slot, begun, done)).collect()
    }

    /// Puts back what could not be written.
    pub(super) fn put_back(&mut self, tallies: Vec<Tally>) {
        for tally in tallies {
            self.add(tally.key, tally.slot, tally.begun, tally.done);
        }
    }

    /// How many were lost since this was asked the last time.
    pub(super) const fn take_lost(&mut self) -> u64 {
        std::mem::replace(&mut self.lost, 0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

    #[test]
    fn what_waits_is_added_up_and_can_be_put_back() {
        let mut pending = Pending::default();
        pending.add("a".into(), T0, 1, 0);
        pending.add("b".into(), T0, 1, 0);
        pending.add("a".into(), T0, 1, 1);
        let taken = pending.take();
        assert_eq!(taken, [Tally::new("a", T0, 2, 1), Tally::new("b", T0, 1, 0)]);
        assert!(pending.is_empty());
        pending.add("a".into(), T0, 1, 0);
        pending.put_back(taken);
        assert_eq!(pending.take(), [Tally::new("a", T0, 3, 1), Tally::new("b", T0, 1, 0)]);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut pending = Pending::default();
        for n in 0..MOST + 5 {
            pending.add(n.to_string(), T0, 1, 0);
        }
        // One that waits already has its place.
        pending.add("7".into(), T0, 1, 0);
        assert_eq!(pending.take_lost(), 5);
        assert_eq!(pending.take_lost(), 0);
        assert_eq!(pending.take().len(), MOST);
    }
}
