//! What was said, and what was sent outside of chats.

use std::borrow::Cow;

use sqlx::Row as _;
use sqlx::postgres::PgRow;
use wartel_bot::ChatKey;
use wartel_bot::conversation::Line;
use wartel_core::{AccountId, StoreError, TenantId, Timestamp};
use wartel_messaging::ProviderMessageId;

use super::{counted, read_all};
use crate::bot_rows::signed;
use crate::postgres::database::{BEGIN_BY_KEY, Database, Repeat};
use crate::postgres::{row_limit, storable};

const LINES: &str = "SELECT document FROM wartel_bot_lines
     WHERE tenant = $1 AND account = $2 AND contact = $3 AND number >= $4 ORDER BY number DESC LIMIT $5";
const NOTE_SENT: &str = "INSERT INTO wartel_bot_sent (tenant, account, message, at) VALUES ($1, $2, $3, $4)
     ON CONFLICT (tenant, account, message) DO UPDATE SET at = excluded.at";
const WAS_SENT: &str = "SELECT EXISTS (SELECT FROM wartel_bot_sent
     WHERE tenant = $1 AND account = $2 AND message = $3)";
// Rows that somebody else deletes just now are passed by.
const PURGE: &str = "WITH lines AS (
         DELETE FROM wartel_bot_lines WHERE (tenant, account, contact, number) IN (
             SELECT tenant, account, contact, number FROM wartel_bot_lines WHERE at < $1
             ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1
     ), sent AS (
         DELETE FROM wartel_bot_sent WHERE (tenant, account, message) IN (
             SELECT tenant, account, message FROM wartel_bot_sent WHERE at < $1
             ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1
     )
     SELECT (SELECT count(*) FROM lines) + (SELECT count(*) FROM sent), pg_current_xact_id()::text";

pub(super) async fn read(
    database: &Database,
    key: &ChatKey,
    from: u64,
    limit: usize,
) -> Result<Vec<Line>, StoreError> {
    const STEP: &str = "chats.lines";
    let values = (key, signed(from), row_limit(limit));
    let rows = database.ask(STEP, Repeat::Safe, values, |connection, (key, from, limit)| {
        Box::pin(async move {
            let rows = sqlx::query(LINES)
                .bind(key.tenant.as_str())
                .bind(key.account.as_str())
                .bind(key.contact.to_string())
                .bind(*from)
                .bind(*limit)
                .fetch_all(connection);
            Ok(rows.await?)
        })
    });
    let mut lines: Vec<Line> = read_all(&rows.await?, STEP)?;
    lines.reverse();
    Ok(lines)
}

/// By what a message that was sent is found.
type Sent<'m> = (&'m TenantId, &'m AccountId, Cow<'m, str>);

fn sent<'m>(tenant: &'m TenantId, account: &'m AccountId, message: &'m ProviderMessageId) -> Sent<'m> {
    (tenant, account, storable(message.as_str()))
}

pub(super) async fn note_sent(
    database: &Database,
    tenant: &TenantId,
    account: &AccountId,
    message: &ProviderMessageId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let values = (sent(tenant, account, message), now.as_micros());
    let note = database.ask("chats.note_sent", Repeat::Safe, values, |connection, values| {
        let ((tenant, account, message), at) = values;
        Box::pin(async move {
            let noted = sqlx::query(NOTE_SENT)
                .bind(tenant.as_str())
                .bind(account.as_str())
                .bind(message.as_ref())
                .bind(*at)
                .execute(connection);
            noted.await?;
            Ok(())
        })
    });
    note.await
}

pub(super) async fn was_sent(
    database: &Database,
    tenant: &TenantId,
    account: &AccountId,
    message: &ProviderMessageId,
) -> Result<bool, StoreError> {
    let values = sent(tenant, account, message);
    let found = database.ask("chats.was_sent", Repeat::Safe, values, |connection, values| {
        let (tenant, account, message) = values;
        Box::pin(async move {
            let row: PgRow = sqlx::query(WAS_SENT)
                .bind(tenant.as_str())
                .bind(account.as_str())
                .bind(message.as_ref())
                .fetch_one(connection)
                .await?;
            Ok(row.try_get(0)?)
        })
    });
    found.await
}

pub(super) async fn purge(database: &Database, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
    let values = (before.as_micros(), row_limit(limit));
    let purge = database.change_in(BEGIN_BY_KEY, "chats.purge", values, |connection, (before, limit)| {
        Box::pin(async move {
            let row = sqlx::query(PURGE).bind(*before).bind(*limit);
            counted(&row.fetch_one(connection).await?)
        })
    });
    purge.await
}
