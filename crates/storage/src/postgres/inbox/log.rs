//! The log of webhooks, and what is deleted of it.

use sqlx::Row as _;
use wartel_core::{AccountId, StoreError, TenantId, Timestamp};
use wartel_messaging::inbox::{DeliveryId, LogQuery, LoggedDelivery, MAX_LOG_PAGE, StoredDelivery};

use crate::inbox_rows::{DeliveryRow, LogRow};
use crate::postgres::database::{Database, Repeat};
use crate::postgres::error::At as _;
use crate::postgres::row_limit;

pub(super) async fn log(
    database: &Database,
    tenant: &TenantId,
    query: &LogQuery,
) -> Result<Vec<LoggedDelivery>, StoreError> {
    const STEP: &str = "inbox.log";
    let account = query.account.as_ref().map(AccountId::as_str).map(str::to_owned);
    let before = query.before.map(|id| id.to_string());
    let values = (tenant.clone(), account, before, row_limit(query.limit.min(MAX_LOG_PAGE)));
    let rows = database.ask(STEP, Repeat::Safe, values, |connection, (tenant, account, before, limit)| {
        Box::pin(async move {
            let rows = sqlx::query(
                "SELECT id, account, signed, received_at, octet_length(body), events, added, ignored, replays
                 FROM wartel_messaging_webhooks
                 WHERE tenant = $1 AND ($2::text IS NULL OR account = $2) AND ($3::text IS NULL OR id < $3)
                 ORDER BY id DESC LIMIT $4",
            )
            .bind(tenant.as_str())
            .bind(account)
            .bind(before)
            .bind(*limit)
            .fetch_all(connection);
            Ok(rows.await?)
        })
    });
    let read = |row: &sqlx::postgres::PgRow| -> Result<LogRow, sqlx::Error> {
        let number = |column: usize| row.try_get::<i32, _>(column).map(i64::from);
        Ok(LogRow {
            id: row.try_get(0)?,
            account: row.try_get(1)?,
            signed: row.try_get(2)?,
            received_at: row.try_get(3)?,
            bytes: number(4)?,
            events: number(5)?,
            added: number(6)?,
            ignored: row.try_get(7)?,
            replays: number(8)?,
        })
    };
    let rows = rows.await?;
    rows.iter().map(|row| read(row).at(STEP)?.read().map_err(|unreadable| unreadable.at(STEP))).collect()
}

pub(super) async fn replay(
    database: &Database,
    tenant: &TenantId,
    id: DeliveryId,
) -> Result<Option<StoredDelivery>, StoreError> {
    const STEP: &str = "inbox.replay";
    let values = (tenant.clone(), id.to_string());
    let row = database.ask(STEP, Repeat::Safe, values, |connection, (tenant, id)| {
        Box::pin(async move {
            let row = sqlx::query(
                "SELECT id, tenant, account, signed, headers, body, received_at
                 FROM wartel_messaging_webhooks WHERE tenant = $1 AND id = $2",
            )
            .bind(tenant.as_str())
            .bind(id)
            .fetch_optional(connection);
            Ok(row.await?)
        })
    });
    let Some(row) = row.await? else { return Ok(None) };
    let read = || -> Result<DeliveryRow, sqlx::Error> {
        Ok(DeliveryRow {
            id: row.try_get(0)?,
            tenant: row.try_get(1)?,
            account: row.try_get(2)?,
            signed: row.try_get(3)?,
            headers: row.try_get(4)?,
            body: row.try_get(5)?,
            received_at: row.try_get(6)?,
        })
    };
    read().at(STEP)?.read().map_err(|unreadable| unreadable.at(STEP)).map(Some)
}

pub(super) async fn purge(
    database: &Database,
    received_before: Timestamp,
    limit: usize,
) -> Result<usize, StoreError> {
    const ENTRIES: &str = "WITH old AS MATERIALIZED (
            SELECT seq FROM wartel_messaging_inbox WHERE received_at < $1
            ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED
        )
        DELETE FROM wartel_messaging_inbox AS entry USING old WHERE entry.seq = old.seq";
    const WEBHOOKS: &str = "WITH old AS MATERIALIZED (
            SELECT id FROM wartel_messaging_webhooks WHERE received_at < $1
            ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED
        )
        DELETE FROM wartel_messaging_webhooks AS line USING old WHERE line.id = old.id";
    let mut gone = 0;
    for statement in [ENTRIES, WEBHOOKS] {
        let values = (statement, received_before.as_micros(), row_limit(limit));
        let deleted = database.ask(
            "inbox.purge",
            Repeat::Safe,
            values,
            |connection, (statement, received_before, limit)| {
                Box::pin(async move {
                    let gone = sqlx::query(*statement).bind(*received_before).bind(*limit);
                    Ok(gone.execute(connection).await?.rows_affected())
                })
            },
        );
        gone += usize::try_from(deleted.await?).unwrap_or(usize::MAX);
    }
    Ok(gone)
}
