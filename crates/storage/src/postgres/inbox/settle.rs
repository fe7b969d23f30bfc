//! What came of handing entries out.

use sqlx::Row as _;
use sqlx::postgres::PgConnection;
use wartel_core::{StoreError, Timestamp};
use wartel_messaging::inbox::{InboxEntryId, InboxOutcome, InboxState};

use super::newer;
use super::queue::Change;
use crate::inbox_rows::taken;
use crate::postgres::database::{BEGIN_BEHIND, Work, Written};
use crate::postgres::error::PostgresFailure;

const STEP: &str = "inbox.settle";

/// Locks the entries whose lease these are, in order, so that two instances never wait for each other, and writes what
/// became of them. Those that are put back have an instant, the others none; a release has no list of takers.
const SETTLE: &str = "WITH asked AS MATERIALIZED (
        SELECT entry.seq, told.state, told.due_at, told.taken, told.place
        FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5::text[]) WITH ORDINALITY
             AS told (id, fence, state, due_at, taken, place)
        JOIN wartel_messaging_inbox AS entry ON entry.id = told.id
        WHERE entry.fence = told.fence AND entry.state = 'processing'
        ORDER BY entry.seq FOR UPDATE OF entry
    ), written AS (
        UPDATE wartel_messaging_inbox AS entry SET
            state    = asked.state,
            due_at   = asked.due_at,
            lapses   = CASE WHEN asked.due_at IS NULL THEN entry.lapses
                            WHEN asked.taken IS NULL THEN greatest(entry.lapses - 1, 0) ELSE 0 END,
            refusals = entry.refusals + CASE WHEN asked.taken IS NULL THEN 0 ELSE 1 END,
            taken    = coalesce(asked.taken, entry.taken)
        FROM asked WHERE entry.seq = asked.seq RETURNING asked.place
    )
    SELECT coalesce(array_agg(place), '{}'), pg_current_xact_id()::text FROM written";

/// The outcome of an entry, as its row keeps it.
#[derive(Debug, Clone)]
pub(in crate::postgres) struct Settlement {
    id: String,
    fence: i64,
    state: InboxState,
    /// When it is due again.
    due_at: Option<Timestamp>,
    /// Who has taken it, if it is put back because others have not.
    taken: Option<String>,
}

impl Settlement {
    pub(super) fn of(
        id: InboxEntryId,
        fence: u64,
        outcome: &InboxOutcome,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let (state, due_at, taken) = match outcome {
            InboxOutcome::Done => (InboxState::Done, None, None),
            InboxOutcome::Dead => (InboxState::Dead, None, None),
            InboxOutcome::Retry { at, taken: names } => (InboxState::Queued, Some(*at), Some(taken(names))),
            InboxOutcome::Release => (InboxState::Queued, Some(now), None),
            _ => return Err(newer(STEP)),
        };
        let fence = i64::try_from(fence).unwrap_or(i64::MAX);
        Ok(Self { id: id.to_string(), fence, state, due_at, taken })
    }
}

impl Change for Settlement {
    /// Whether the lease was the newest one.
    type Answer = bool;

    const STEP: &'static str = STEP;

    const BEGIN: &'static str = BEGIN_BEHIND;

    fn size(&self) -> (usize, usize) {
        (1, 0)
    }

    fn key(&self) -> Option<&str> {
        // One statement cannot write a row twice, and the second one would not see what the first one did.
        Some(&self.id)
    }

    fn make<'c>(connection: &'c mut PgConnection, batch: &'c Vec<Self>) -> Work<'c, Written<Vec<bool>>> {
        Box::pin(settle(connection, batch))
    }
}

/// Settles entries; says of each whether it was leased with this fence.
async fn settle(
    connection: &mut PgConnection,
    batch: &[Settlement],
) -> Result<Written<Vec<bool>>, PostgresFailure> {
    let row = sqlx::query(SETTLE)
        .bind(batch.iter().map(|one| one.id.as_str()).collect::<Vec<_>>())
        .bind(batch.iter().map(|one| one.fence).collect::<Vec<_>>())
        .bind(batch.iter().map(|one| one.state.as_str()).collect::<Vec<_>>())
        .bind(batch.iter().map(|one| one.due_at.map(Timestamp::as_micros)).collect::<Vec<_>>())
        .bind(batch.iter().map(|one| one.taken.as_deref()).collect::<Vec<_>>())
        .fetch_one(connection)
        .await?;
    let places: Vec<i64> = row.try_get(0)?;
    let settled = (1..).take(batch.len()).map(|place: i64| places.contains(&place)).collect();
    Ok((settled, row.try_get(1)?))
}
