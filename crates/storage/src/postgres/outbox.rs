//! The outbox: messages that are written with what they tell of, and sent afterwards.

use std::time::Duration;

use sqlx::postgres::PgRow;
use sqlx::{Connection as _, Row as _};
use wartel_core::{PhoneNumber, Secret, StoreError, StoreErrorKind, TenantId, Timestamp};
use wartel_messaging::ProviderMessageId;
use wartel_messaging::outbox::{
    LeasedEntry, MAX_UNCERTAIN_TRIES, Outbox, OutboxEntry, OutboxEntryId, OutboxOutcome, OutboxState,
};

use super::PostgresStores;
use super::database::{BEGIN, Repeat};
use super::error::{At as _, unreadable};

/// Looks at the entries that are due and that nobody else looks at just now: those that may be sent are leased, the
/// others are settled, and their text is emptied, because nobody needs it any more and it holds a name.
const LEASE: &str = "WITH due AS MATERIALIZED (
        SELECT seq, due_at,
               CASE WHEN expires_at <= $1 THEN 'abandoned' WHEN uncertain >= $3 THEN 'unknown' END AS verdict
        FROM wartel_messaging_outbox WHERE due_at <= $1 ORDER BY due_at, seq LIMIT $2 FOR UPDATE SKIP LOCKED
    )
    UPDATE wartel_messaging_outbox AS entry SET
        state      = coalesce(due.verdict, 'processing'),
        body       = CASE WHEN due.verdict IS NULL THEN entry.body ELSE '' END,
        fence      = entry.fence + CASE WHEN due.verdict IS NULL THEN 1 ELSE 0 END,
        uncertain  = entry.uncertain + CASE WHEN due.verdict IS NULL THEN 1 ELSE 0 END,
        due_at     = CASE WHEN due.verdict IS NULL THEN $4::bigint END,
        settled_at = CASE WHEN due.verdict IS NULL THEN NULL ELSE $1 END
    FROM due WHERE entry.seq = due.seq
    RETURNING due.due_at, entry.seq, due.verdict IS NULL, entry.id::text, entry.tenant, entry.recipient,
              entry.body, entry.expires_at, entry.fence, entry.refusals";

/// Writes an entry and tells the dispatchers of all instances as soon as it is committed. Answers whether it is new.
const ENQUEUE: &str = "WITH written AS (
        INSERT INTO wartel_messaging_outbox (id, tenant, recipient, body, state, due_at, expires_at)
        VALUES ($1::text::uuid, $2, $3, $4, 'queued', $5, $6) ON CONFLICT (id) DO NOTHING RETURNING 1
    )
    SELECT count(*), pg_current_xact_id()::text, count(pg_notify('wartel_outbox', '')::text) FROM written";

/// Settles an entry.
const SETTLE: &str = "WITH written AS (
        UPDATE wartel_messaging_outbox
        SET state = $3, body = '', due_at = NULL, settled_at = $4, message_id = $5
        WHERE id = $1::text::uuid AND fence = $2 AND state = 'processing' RETURNING 1
    )
    SELECT count(*), pg_current_xact_id()::text FROM written";

/// Puts an entry back.
const POSTPONE: &str = "WITH written AS (
        UPDATE wartel_messaging_outbox
        SET state = 'queued', due_at = $3, uncertain = greatest(uncertain - 1, 0), refusals = refusals + 1
        WHERE id = $1::text::uuid AND fence = $2 AND state = 'processing' RETURNING 1
    )
    SELECT count(*), pg_current_xact_id()::text FROM written";

/// Deletes the entries to a number.
const FORGET: &str = "WITH gone AS (
        DELETE FROM wartel_messaging_outbox WHERE tenant = $1 AND recipient = $2 RETURNING 1
    )
    SELECT count(*), pg_current_xact_id()::text FROM gone";

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl Outbox for PostgresStores {
    async fn enqueue(&self, entry: &OutboxEntry, now: Timestamp) -> Result<bool, StoreError> {
        let values = (entry, now);
        let written = self.inner.database.change("outbox.enqueue", values, |connection, values| {
            let (entry, now) = *values;
            Box::pin(async move {
                let row = sqlx::query(ENQUEUE)
                    .bind(entry.id.to_string())
                    .bind(entry.tenant.as_str())
                    .bind(entry.to.e164())
                    .bind(entry.text.expose())
                    .bind(now.as_micros())
                    .bind(entry.expires_at.as_micros())
                    .fetch_one(connection)
                    .await?;
                Ok((row.try_get::<i64, _>(0)?, row.try_get(1)?))
            })
        });
        Ok(written.await? == 1)
    }

    async fn lease_due(
        &self,
        limit: usize,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<LeasedEntry>, StoreError> {
        let mut leased = Vec::new();
        // Entries that are settled here take no place of those that can be sent.
        while leased.len() < limit {
            let wanted = limit - leased.len();
            let due = self.look_at_due(wanted, lease, now).await?;
            let looked_at = due.len();
            leased.extend(due.into_iter().filter_map(|due| due.leased));
            if looked_at < wanted {
                break;
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
        const STEP: &str = "outbox.record";
        let state = match outcome {
            OutboxOutcome::RetryAt(at) => return self.postpone(id, fence, *at).await,
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
        let message_id = message_id.map(super::storable);
        let values = (id, stored_fence(fence), state.as_str(), now.as_micros(), message_id);
        let settled = self.inner.database.change(STEP, values, |connection, values| {
            let (id, fence, state, now, message_id) = values;
            Box::pin(async move {
                let row = sqlx::query(SETTLE)
                    .bind(id.to_string())
                    .bind(fence)
                    .bind(state)
                    .bind(now)
                    .bind(message_id.as_deref())
                    .fetch_one(connection)
                    .await?;
                Ok((row.try_get::<i64, _>(0)?, row.try_get(1)?))
            })
        });
        Ok(settled.await? == 1)
    }

    async fn state(&self, id: OutboxEntryId) -> Result<Option<OutboxState>, StoreError> {
        const STEP: &str = "outbox.state";
        let row = self.inner.database.ask(STEP, Repeat::Safe, id, |connection, id| {
            Box::pin(async move {
                let row = sqlx::query("SELECT state FROM wartel_messaging_outbox WHERE id = $1::text::uuid")
                    .bind(id.to_string())
                    .fetch_optional(connection);
                Ok(row.await?)
            })
        });
        let Some(row) = row.await? else { return Ok(None) };
        let state = OutboxState::from_stored(row.try_get(0).at(STEP)?);
        state.ok_or_else(|| unreadable(STEP, "state")).map(Some)
    }

    async fn purge(&self, settled_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let values = (settled_before.as_micros(), super::row_limit(limit));
        let gone = self.inner.database.ask("outbox.purge", Repeat::Safe, values, |connection, values| {
            let (settled_before, limit) = *values;
            Box::pin(async move {
                let gone = sqlx::query(
                    "WITH old AS MATERIALIZED (
                     SELECT seq FROM wartel_messaging_outbox WHERE settled_at < $1
                     ORDER BY settled_at LIMIT $2 FOR UPDATE SKIP LOCKED
                 )
                 DELETE FROM wartel_messaging_outbox AS entry USING old WHERE entry.seq = old.seq",
                )
                .bind(settled_before)
                .bind(limit)
                .execute(connection);
                Ok(gone.await?.rows_affected())
            })
        });
        Ok(usize::try_from(gone.await?).unwrap_or(usize::MAX))
    }

    async fn forget(&self, tenant: &TenantId, to: &PhoneNumber) -> Result<usize, StoreError> {
        let gone = self.inner.database.change("outbox.forget", (tenant, to), |connection, (tenant, to)| {
            Box::pin(async move {
                let row =
                    sqlx::query(FORGET).bind(tenant.as_str()).bind(to.e164()).fetch_one(connection).await?;
                Ok((row.try_get::<i64, _>(0)?, row.try_get(1)?))
            })
        });
        Ok(usize::try_from(gone.await?).unwrap_or_default())
    }
}

/// An entry that was due, in the order in which they waited.
struct Due {
    order: (i64, i64),
    /// `None` if it was settled.
    leased: Option<LeasedEntry>,
}

impl PostgresStores {
    async fn look_at_due(
        &self,
        limit: usize,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<Due>, StoreError> {
        const STEP: &str = "outbox.lease_due";
        // If the answer is lost, the leases lapse: that is what they are for.
        let values = (now.as_micros(), super::row_limit(limit), (now + lease).as_micros());
        let rows = self.inner.database.ask(STEP, Repeat::Never, values, |connection, values| {
            let (now, limit, until) = *values;
            Box::pin(async move {
                // In a transaction, so that a lease that takes too long is taken back: a lease that nobody holds
                // counts as a try that may have been made.
                let mut transaction = connection.begin_with(BEGIN).await?;
                let rows = sqlx::query(LEASE)
                    .bind(now)
                    .bind(limit)
                    .bind(i32::try_from(MAX_UNCERTAIN_TRIES).unwrap_or(i32::MAX))
                    .bind(until)
                    .fetch_all(&mut *transaction);
                let rows = rows.await?;
                transaction.commit().await?;
                Ok(rows)
            })
        });
        let mut due =
            rows.await?.iter().map(|row| read_due(row, STEP)).collect::<Result<Vec<_>, StoreError>>()?;
        due.sort_unstable_by_key(|due| due.order);
        Ok(due)
    }

    /// Puts an entry back. This try certainly took nothing; an earlier one whose lease lapsed stays uncertain.
    async fn postpone(&self, id: OutboxEntryId, fence: u64, at: Timestamp) -> Result<bool, StoreError> {
        let values = (id, stored_fence(fence), at.as_micros());
        let changed = self.inner.database.change("outbox.record", values, |connection, values| {
            let (id, fence, at) = *values;
            Box::pin(async move {
                let row = sqlx::query(POSTPONE)
                    .bind(id.to_string())
                    .bind(fence)
                    .bind(at)
                    .fetch_one(connection)
                    .await?;
                Ok((row.try_get::<i64, _>(0)?, row.try_get(1)?))
            })
        });
        Ok(changed.await? == 1)
    }
}

fn read_due(row: &PgRow, step: &'static str) -> Result<Due, StoreError> {
    let order = (row.try_get(0).at(step)?, row.try_get(1).at(step)?);
    if !row.try_get::<bool, _>(2).at(step)? {
        return Ok(Due { order, leased: None });
    }
    let text = |column: usize| row.try_get::<&str, _>(column).at(step);
    let entry = OutboxEntry::text(
        OutboxEntryId::parse(text(3)?).map_err(|_| unreadable(step, "id"))?,
        TenantId::parse(text(4)?).map_err(|_| unreadable(step, "tenant"))?,
        PhoneNumber::from_e164(text(5)?).map_err(|_| unreadable(step, "recipient"))?,
        Secret::new(text(6)?),
        Timestamp::from_micros(row.try_get(7).at(step)?),
    );
    let fence = row.try_get::<i64, _>(8).at(step)?.max(0).unsigned_abs();
    let refusals = u32::try_from(row.try_get::<i32, _>(9).at(step)?).unwrap_or_default();
    Ok(Due { order, leased: Some(LeasedEntry::new(entry, fence, refusals)) })
}

fn stored_fence(fence: u64) -> i64 {
    i64::try_from(fence).unwrap_or(i64::MAX)
}
