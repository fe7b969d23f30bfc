//! The memory store of tallies: for tests, for one process, and as the model of what other stores do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wartel_core::{StoreError, Timestamp};

use crate::tally::{Tally, TallyStore};

/// A [`TallyStore`] in memory. Clones share their content; what it holds is gone with the process. `Debug` shows how
/// much it holds and nothing of it.
#[derive(Clone, Default)]
pub struct MemoryTallies {
    kept: Arc<Mutex<BTreeMap<(String, Timestamp), Sums>>>,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    begun: u32,
    done: u32,
}

impl MemoryTallies {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many pairs of key and slot it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(String, Timestamp), Sums>> {
        // No step panics between two writes.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryTallies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The keys name ranges of phone numbers and networks.
        f.debug_struct("MemoryTallies").field("len", &self.len()).finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl TallyStore for MemoryTallies {
    async fn add_tallies(&self, tallies: Vec<Tally>) -> Result<(), StoreError> {
        let mut kept = self.lock();
        for tally in tallies {
            let sums = kept.entry((tally.key, tally.slot)).or_default();
            sums.begun = sums.begun.saturating_add(tally.begun);
            sums.done = sums.done.saturating_add(tally.done);
        }
        Ok(())
    }

    async fn tallies(&self, keys: Vec<String>, since: Timestamp) -> Result<Vec<Tally>, StoreError> {
        let kept = self.lock();
        // Ordered, and a key that was named twice is answered once.
        let keys: BTreeSet<String> = keys.into_iter().collect();
        let mut found = Vec::new();
        for key in keys {
            let span = (key.clone(), since)..=(key, Timestamp::MAX);
            found.extend(
                kept.range(span)
                    .map(|((key, slot), sums)| Tally::new(key.as_str(), *slot, sums.begun, sums.done)),
            );
        }
        Ok(found)
    }

    async fn purge_tallies(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut kept = self.lock();
        let old = kept.keys().filter(|(_, slot)| *slot < before).map(|(key, slot)| (*slot, key.clone()));
        let mut old: Vec<(Timestamp, String)> = old.collect();
        old.sort_unstable();
        old.truncate(limit);
        for (slot, key) in &old {
            kept.remove(&(key.clone(), *slot));
        }
        Ok(old.len())
    }
}
