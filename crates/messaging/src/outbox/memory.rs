//! The outbox in memory: for tests and for programs that may forget their messages when they end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wartel_core::{PhoneNumber, Secret, StoreError, TenantId, Timestamp};

use super::{
    LeasedEntry, MAX_UNCERTAIN_TRIES, Outbox, OutboxEntry, OutboxEntryId, OutboxOutcome, OutboxState,
};

/// The outbox in memory. Clones share the same entries.
///
/// A memory store of another domain may hold a clone and call [`enqueue_now`](Self::enqueue_now) while it holds
/// its own lock: this one takes no other lock and calls nobody.
#[derive(Debug, Clone, Default)]
pub struct MemoryOutbox {
    rows: Arc<Mutex<Rows>>,
}

#[derive(Debug, Default)]
struct Rows {
    by_id: HashMap<OutboxEntryId, Row>,
    next_number: u64,
}

#[derive(Debug)]
struct Row {
    entry: OutboxEntry,
    /// The order in which entries were written, for those that are due at the same instant.
    number: u64,
    status: Status,
    fence: u64,
    /// How often it was handed over without a certain refusal afterwards.
    uncertain_tries: u32,
    refusals: u32,
}

#[derive(Debug, Clone, Copy)]
enum Status {
    Queued { due_at: Timestamp },
    Processing { until: Timestamp },
    Settled { state: OutboxState, at: Timestamp },
}

impl Row {
    /// Since when it waits to be leased; `None` if it is not due.
    fn due_since(&self, now: Timestamp) -> Option<Timestamp> {
        match self.status {
            Status::Queued { due_at: at } | Status::Processing { until: at } => (at <= now).then_some(at),
            Status::Settled { .. } => None,
        }
    }

    fn settle(&mut self, state: OutboxState, at: Timestamp) {
        self.status = Status::Settled { state, at };
        // Nobody needs the text any more.
        self.entry.text = Secret::new("");
    }

    const fn state(&self) -> OutboxState {
        match self.status {
            Status::Queued { .. } => OutboxState::Queued,
            Status::Processing { .. } => OutboxState::Processing,
            Status::Settled { state, .. } => state,
        }
    }
}

impl MemoryOutbox {
    /// An empty outbox.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes an entry, due at once, without waiting. Answers `false`, and changes nothing, if its id is known.
    pub fn enqueue_now(&self, entry: &OutboxEntry, now: Timestamp) -> bool {
        let mut rows = self.rows();
        if rows.by_id.contains_key(&entry.id) {
            return false;
        }
        let number = rows.next_number;
        rows.next_number += 1;
        let status = Status::Queued { due_at: now };
        let row = Row { entry: entry.clone(), number, status, fence: 0, uncertain_tries: 0, refusals: 0 };
        rows.by_id.insert(entry.id, row);
        true
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl Outbox for MemoryOutbox {
    async fn enqueue(&self, entry: &OutboxEntry, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.enqueue_now(entry, now))
    }

    async fn lease_due(
        &self,
        limit: usize,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<LeasedEntry>, StoreError> {
        let mut rows = self.rows();
        let mut due: Vec<(Timestamp, u64, &mut Row)> = rows
            .by_id
            .values_mut()
            .filter_map(|row| row.due_since(now).map(|since| (since, row.number, row)))
            .collect();
        due.sort_unstable_by_key(|(since, number, _)| (*since, *number));
        let mut leased = Vec::new();
        for (.., row) in due {
            if row.entry.expires_at <= now {
                row.settle(OutboxState::Abandoned, now);
            } else if row.uncertain_tries >= MAX_UNCERTAIN_TRIES {
                row.settle(OutboxState::Unknown, now);
            } else if leased.len() < limit {
                row.fence += 1;
                row.uncertain_tries += 1;
                row.status = Status::Processing { until: now + lease };
                leased.push(LeasedEntry::new(row.entry.clone(), row.fence, row.refusals));
            }
        }
        Ok(leased)
    }

    async fn record(
        &self,
        id: OutboxEntryId,
        fence: u64,
        outcome: &OutboxOutcome,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut rows = self.rows();
        let Some(row) = rows.by_id.get_mut(&id) else { return Ok(false) };
        if row.fence != fence || !matches!(row.status, Status::Processing { .. }) {
            return Ok(false);
        }
        match outcome {
            OutboxOutcome::Accepted { .. } => row.settle(OutboxState::Sent, now),
            OutboxOutcome::Unknown => row.settle(OutboxState::Unknown, now),
            OutboxOutcome::Abandoned => row.settle(OutboxState::Abandoned, now),
            OutboxOutcome::RetryAt(at) => {
                // This try certainly took nothing; an earlier one whose lease lapsed stays uncertain.
                row.uncertain_tries = row.uncertain_tries.saturating_sub(1);
                row.refusals = row.refusals.saturating_add(1);
                row.status = Status::Queued { due_at: *at };
            }
        }
        Ok(true)
    }

    async fn state(&self, id: OutboxEntryId) -> Result<Option<OutboxState>, StoreError> {
        Ok(self.rows().by_id.get(&id).map(Row::state))
    }

    async fn purge(&self, settled_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut rows = self.rows();
        let old: Vec<OutboxEntryId> = rows
            .by_id
            .iter()
            .filter(|(_, row)| matches!(row.status, Status::Settled { at, .. } if at < settled_before))
            .map(|(id, _)| *id)
            .take(limit)
            .collect();
        for id in &old {
            rows.by_id.remove(id);
        }
        Ok(old.len())
    }

    async fn forget(&self, tenant: &TenantId, to: &PhoneNumber) -> Result<usize, StoreError> {
        let mut rows = self.rows();
        let before = rows.by_id.len();
        rows.by_id.retain(|_, row| row.entry.tenant != *tenant || row.entry.to != *to);
        Ok(before - rows.by_id.len())
    }
}
