//! Handing entries out.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::postgres::PgRow;
use sqlx::{Connection as _, Row as _};
use wartel_core::{AccountId, StoreError, TenantId, Timestamp};
use wartel_messaging::inbox::{ContactId, InboxKind, LeasedInboxEntry, MAX_LAPSES};

use super::contacts;
use crate::inbox_rows::EntryRow;
use crate::postgres::database::{BEGIN_BEHIND, BEGIN_BY_KEY, Database, Repeat};
use crate::postgres::error::At as _;
use crate::postgres::storable;

/// Looks at the entries that are due, that nobody else looks at just now, and that have nothing of the kinds asked for
/// ahead of them in their lane. Those whose lease lapsed too often are given up, the others are leased.
///
/// The fence is the instant, if that is more than the last one: a server that forgets a lease when it loses its power
/// does not give its fence to somebody else later.
const LEASE: &str = "WITH due AS MATERIALIZED (
        SELECT found.seq, found.due_at, found.lane, found.lapses >= $4 AS dead
        FROM unnest($1::text[]) AS asked (kind) CROSS JOIN LATERAL (
            SELECT entry.seq, entry.due_at, entry.lane, entry.lapses FROM wartel_messaging_inbox AS entry
            WHERE entry.kind = asked.kind AND entry.due_at <= $2 AND (entry.lane = '' OR NOT EXISTS (
                SELECT FROM wartel_messaging_inbox AS earlier
                WHERE earlier.tenant = entry.tenant AND earlier.lane = entry.lane AND earlier.lane <> ''
                  AND earlier.account = entry.account AND earlier.seq < entry.seq
                  AND earlier.due_at IS NOT NULL AND earlier.kind = ANY ($1)))
            ORDER BY entry.due_at, entry.seq LIMIT $3 FOR UPDATE OF entry SKIP LOCKED
        ) AS found
        ORDER BY found.due_at, found.seq LIMIT $3
    )
    UPDATE wartel_messaging_inbox AS entry SET
        state  = CASE WHEN due.dead THEN 'dead' ELSE 'processing' END,
        fence  = CASE WHEN due.dead THEN entry.fence ELSE greatest(entry.fence + 1, $2) END,
        lapses = entry.lapses + 1,
        due_at = CASE WHEN due.dead THEN NULL ELSE $5::bigint END
    FROM due LEFT JOIN wartel_messaging_contacts AS contact ON contact.id = due.lane
    WHERE entry.seq = due.seq
    RETURNING due.due_at, entry.seq, due.dead, entry.id, entry.tenant, entry.account, entry.kind, entry.event,
              entry.signed, entry.received_at, entry.fence, entry.refusals, entry.taken,
              contact.id, contact.phone, contact.lid, contact.name, contact.created_at";

/// In the words of the index of what is open.
const WAITS: &str = "SELECT EXISTS (SELECT FROM wartel_messaging_inbox WHERE tenant = $1 AND lane =
         coalesce((SELECT merged_into FROM wartel_messaging_contacts WHERE id = $2), $2)
     AND lane <> '' AND account = $3 AND due_at IS NOT NULL AND kind IN ('message', 'echo')
     AND strpos(',' || taken || ',', ',' || $4 || ',') = 0)";

/// An entry that was due, in the order in which they waited.
struct Due {
    order: (i64, i64),
    /// `None` if it was given up.
    leased: Option<LeasedInboxEntry>,
}

pub(super) async fn lease(
    database: &Database,
    kinds: &[InboxKind],
    limit: usize,
    lease: Duration,
    now: Timestamp,
) -> Result<Vec<LeasedInboxEntry>, StoreError> {
    let mut leased = Vec::new();
    while leased.len() < limit {
        let due = look_at_due(database, kinds, limit - leased.len(), lease, now).await?;
        // Entries that are given up here take no place of those that can be handed out.
        let given_up = due.iter().any(|due| due.leased.is_none());
        leased.extend(due.into_iter().filter_map(|due| due.leased));
        if !given_up {
            break;
        }
    }
    Ok(leased)
}

async fn look_at_due(
    database: &Database,
    kinds: &[InboxKind],
    limit: usize,
    lease: Duration,
    now: Timestamp,
) -> Result<Vec<Due>, StoreError> {
    const STEP: &str = "inbox.lease";
    let kinds: BTreeSet<InboxKind> = kinds.iter().copied().collect();
    let kinds: Vec<&'static str> = kinds.into_iter().map(InboxKind::as_str).collect();
    // If the answer is lost, the leases lapse: that is what they are for.
    let values = (kinds, now.as_micros(), super::super::row_limit(limit), (now + lease).as_micros());
    let rows = database.ask(STEP, Repeat::Never, values, |connection, (kinds, now, limit, until)| {
        Box::pin(async move {
            // In a transaction, so that a lease that takes too long is taken back.
            let mut transaction = connection.begin_with(BEGIN_BEHIND).await?;
            let rows = sqlx::query(LEASE)
                .bind(kinds)
                .bind(*now)
                .bind(*limit)
                .bind(i32::try_from(MAX_LAPSES).unwrap_or(i32::MAX))
                .bind(*until)
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

fn read_due(row: &PgRow, step: &'static str) -> Result<Due, StoreError> {
    let order = (row.try_get(0).at(step)?, row.try_get(1).at(step)?);
    if row.try_get::<bool, _>(2).at(step)? {
        return Ok(Due { order, leased: None });
    }
    let has_contact = row.try_get::<Option<&str>, _>(13).at(step)?.is_some();
    let read = || -> Result<EntryRow, sqlx::Error> {
        Ok(EntryRow {
            id: row.try_get(3)?,
            tenant: row.try_get(4)?,
            account: row.try_get(5)?,
            kind: row.try_get(6)?,
            event: row.try_get(7)?,
            signed: row.try_get(8)?,
            received_at: row.try_get(9)?,
            fence: row.try_get(10)?,
            refusals: row.try_get::<i32, _>(11)?.into(),
            taken: row.try_get(12)?,
            contact: if has_contact { Some(contacts::read(row, 13)?) } else { None },
        })
    };
    let leased = read().at(step)?.read().map_err(|unreadable| unreadable.at(step))?;
    Ok(Due { order, leased: Some(leased) })
}

pub(super) async fn waits(
    database: &Database,
    consumer: &str,
    tenant: &TenantId,
    account: &AccountId,
    contact: ContactId,
) -> Result<bool, StoreError> {
    let values = (tenant, contact, account, storable(consumer));
    let found = database.ask("inbox.waits", Repeat::Safe, values, |connection, values| {
        let (tenant, contact, account, consumer) = values;
        Box::pin(async move {
            // In a transaction, so that it is planned by key, however new the table is: it is asked before every send.
            let mut transaction = connection.begin_with(BEGIN_BY_KEY).await?;
            let row = sqlx::query(WAITS)
                .bind(tenant.as_str())
                .bind(contact.to_string())
                .bind(account.as_str())
                .bind(consumer.as_ref())
                .fetch_one(&mut *transaction)
                .await?;
            transaction.commit().await?;
            Ok(row.try_get(0)?)
        })
    });
    found.await
}
