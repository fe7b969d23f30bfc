//! The outbox: messages that are written with what they tell of, and sent afterwards.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};
use wartel_core::{PhoneNumber, Secret, StoreError, StoreErrorKind, TenantId, Timestamp};
use wartel_messaging::ProviderMessageId;
use wartel_messaging::outbox::{
    LeasedEntry, MAX_UNCERTAIN_TRIES, Outbox, OutboxEntry, OutboxEntryId, OutboxOutcome, OutboxState,
};

use super::SqliteStores;
use super::error::{At as _, unreadable};

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl Outbox for SqliteStores {
    async fn enqueue(&self, entry: &OutboxEntry, now: Timestamp) -> Result<bool, StoreError> {
        let entry = entry.clone();
        self.write("outbox.enqueue", move |connection| enqueue(connection, &entry, now)).await
    }

    async fn lease_due(
        &self,
        limit: usize,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<LeasedEntry>, StoreError> {
        self.write("outbox.lease_due", move |connection| lease_due(connection, limit, lease, now)).await
    }

    async fn record(
        &self,
        id: OutboxEntryId,
        fence: u64,
        outcome: &OutboxOutcome,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let outcome = outcome.clone();
        self.write("outbox.record", move |connection| record(connection, id, fence, &outcome, now)).await
    }

    async fn state(&self, id: OutboxEntryId) -> Result<Option<OutboxState>, StoreError> {
        self.read("outbox.state", move |connection| state(connection, id)).await
    }

    async fn purge(&self, settled_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.write("outbox.purge", move |connection| purge(connection, settled_before, limit)).await
    }

    async fn forget(&self, tenant: &TenantId, to: &PhoneNumber) -> Result<usize, StoreError> {
        const STEP: &str = "outbox.forget";
        let (tenant, to) = (tenant.clone(), to.clone());
        self.write(STEP, move |connection| {
            connection
                .prepare_cached("DELETE FROM wartel_messaging_outbox WHERE tenant = ?1 AND recipient = ?2")
                .at(STEP)?
                .execute([tenant.as_str(), to.e164()])
                .at(STEP)
        })
        .await
    }
}

/// Writes an entry inside the caller's transaction, as [`Outbox::enqueue`] does.
pub(super) fn enqueue(
    connection: &Connection,
    entry: &OutboxEntry,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const STEP: &str = "outbox.enqueue";
    let written = connection
        .prepare_cached(
            "INSERT INTO wartel_messaging_outbox (id, tenant, recipient, body, state, due_at, expires_at) \
             VALUES (?1, ?2, ?3, ?4, 'queued', ?5, ?6) ON CONFLICT (id) DO NOTHING",
        )
        .at(STEP)?
        .execute(params![
            entry.id.to_string(),
            entry.tenant.as_str(),
            entry.to.e164(),
            entry.text.expose(),
            now.as_micros(),
            entry.expires_at.as_micros(),
        ])
        .at(STEP)?;
    Ok(written == 1)
}

/// A row that is due.
struct Due {
    seq: i64,
    due_at: i64,
    entry: OutboxEntry,
    fence: u64,
    uncertain: u32,
    refusals: u32,
}

fn lease_due(
    connection: &Connection,
    limit: usize,
    lease: Duration,
    now: Timestamp,
) -> Result<Vec<LeasedEntry>, StoreError> {
    let mut leased = Vec::new();
    let mut after = (i64::MIN, i64::MIN);
    // Entries that are settled here take no place of those that can be sent.
    while leased.len() < limit {
        let due = due_after(connection, after, limit - leased.len(), now)?;
        let Some(last) = due.last() else { break };
        after = (last.due_at, last.seq);
        for row in due {
            if row.entry.expires_at <= now {
                settle(connection, row.seq, OutboxState::Abandoned, now)?;
            } else if row.uncertain >= MAX_UNCERTAIN_TRIES {
                settle(connection, row.seq, OutboxState::Unknown, now)?;
            } else {
                let fence = row.fence.saturating_add(1);
                hand_over(connection, row.seq, fence, now + lease)?;
                leased.push(LeasedEntry::new(row.entry, fence, row.refusals));
            }
        }
    }
    Ok(leased)
}

fn due_after(
    connection: &Connection,
    (due_at, seq): (i64, i64),
    limit: usize,
    now: Timestamp,
) -> Result<Vec<Due>, StoreError> {
    const STEP: &str = "outbox.due";
    let mut statement = connection
        .prepare_cached(
            "SELECT seq, due_at, id, tenant, recipient, body, expires_at, fence, uncertain, refusals \
             FROM wartel_messaging_outbox WHERE due_at <= ?1 AND (due_at, seq) > (?2, ?3) \
             ORDER BY due_at, seq LIMIT ?4",
        )
        .at(STEP)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![now.as_micros(), due_at, seq, limit]).at(STEP)?;
    let mut due = Vec::new();
    while let Some(row) = rows.next().at(STEP)? {
        due.push(read_due(row, STEP)?);
    }
    Ok(due)
}

fn read_due(row: &rusqlite::Row<'_>, step: &'static str) -> Result<Due, StoreError> {
    let text = |column: usize| row.get::<_, String>(column).at(step);
    let entry = OutboxEntry::text(
        OutboxEntryId::parse(&text(2)?).map_err(|_| unreadable(step, "id"))?,
        TenantId::parse(&text(3)?).map_err(|_| unreadable(step, "tenant"))?,
        PhoneNumber::from_e164(&text(4)?).map_err(|_| unreadable(step, "recipient"))?,
        Secret::new(text(5)?),
        Timestamp::from_micros(row.get(6).at(step)?),
    );
    Ok(Due {
        seq: row.get(0).at(step)?,
        due_at: row.get(1).at(step)?,
        entry,
        fence: row.get::<_, i64>(7).at(step)?.max(0).unsigned_abs(),
        uncertain: row.get(8).at(step)?,
        refusals: row.get(9).at(step)?,
    })
}

fn hand_over(connection: &Connection, seq: i64, fence: u64, until: Timestamp) -> Result<(), StoreError> {
    const STEP: &str = "outbox.lease";
    connection
        .prepare_cached(
            "UPDATE wartel_messaging_outbox \
             SET state = 'processing', fence = ?2, uncertain = uncertain + 1, due_at = ?3 WHERE seq = ?1",
        )
        .at(STEP)?
        .execute(params![seq, stored_fence(fence), until.as_micros()])
        .at(STEP)?;
    Ok(())
}

/// Ends an entry. Its text is emptied, because nobody needs it any more and it holds a name.
fn settle(connection: &Connection, seq: i64, state: OutboxState, now: Timestamp) -> Result<(), StoreError> {
    const STEP: &str = "outbox.settle";
    connection
        .prepare_cached(
            "UPDATE wartel_messaging_outbox SET state = ?2, body = '', due_at = NULL, settled_at = ?3 WHERE seq = ?1",
        )
        .at(STEP)?
        .execute(params![seq, state.as_str(), now.as_micros()])
        .at(STEP)?;
    Ok(())
}

fn record(
    connection: &Connection,
    id: OutboxEntryId,
    fence: u64,
    outcome: &OutboxOutcome,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const STEP: &str = "outbox.record";
    let (id, fence) = (id.to_string(), stored_fence(fence));
    let state = match outcome {
        OutboxOutcome::RetryAt(at) => {
            // This try certainly took nothing; an earlier one whose lease lapsed stays uncertain.
            let changed = connection
                .prepare_cached(
                    "UPDATE wartel_messaging_outbox SET state = 'queued', due_at = ?3, \
                     uncertain = max(uncertain - 1, 0), refusals = refusals + 1 \
                     WHERE id = ?1 AND fence = ?2 AND state = 'processing'",
                )
                .at(STEP)?
                .execute(params![id, fence, at.as_micros()])
                .at(STEP)?;
            return Ok(changed == 1);
        }
        OutboxOutcome::Accepted { .. } => OutboxState::Sent,
        OutboxOutcome::Unknown => OutboxState::Unknown,
        OutboxOutcome::Abandoned => OutboxState::Abandoned,
        // An outcome that is newer than this store: better an error than a wrong state.
        _ => return Err(StoreError::new(StoreErrorKind::Unexpected, STEP)),
    };
    let message_id = match outcome {
        OutboxOutcome::Accepted { message_id } => message_id.as_ref().map(ProviderMessageId::as_str),
        _ => None,
    };
    let changed = connection
        .prepare_cached(
            "UPDATE wartel_messaging_outbox \
             SET state = ?3, body = '', due_at = NULL, settled_at = ?4, message_id = ?5 \
             WHERE id = ?1 AND fence = ?2 AND state = 'processing'",
        )
        .at(STEP)?
        .execute(params![id, fence, state.as_str(), now.as_micros(), message_id])
        .at(STEP)?;
    Ok(changed == 1)
}

fn state(connection: &Connection, id: OutboxEntryId) -> Result<Option<OutboxState>, StoreError> {
    const STEP: &str = "outbox.state";
    let word: Option<String> = connection
        .prepare_cached("SELECT state FROM wartel_messaging_outbox WHERE id = ?1")
        .at(STEP)?
        .query_row([id.to_string()], |row| row.get(0))
        .optional()
        .at(STEP)?;
    word.map(|word| OutboxState::from_stored(&word).ok_or_else(|| unreadable(STEP, "state"))).transpose()
}

fn purge(connection: &Connection, settled_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
    const STEP: &str = "outbox.purge";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    connection
        .prepare_cached(
            "DELETE FROM wartel_messaging_outbox WHERE seq IN \
             (SELECT seq FROM wartel_messaging_outbox WHERE settled_at < ?1 ORDER BY settled_at LIMIT ?2)",
        )
        .at(STEP)?
        .execute(params![settled_before.as_micros(), limit])
        .at(STEP)
}

fn stored_fence(fence: u64) -> i64 {
    i64::try_from(fence).unwrap_or(i64::MAX)
}
