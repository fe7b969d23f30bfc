//! The log of webhooks, and what is deleted of it.

use rusqlite::{OptionalExtension as _, params};
use wartel_core::{AccountId, StoreError, TenantId, Timestamp};
use wartel_messaging::inbox::{DeliveryId, LogQuery, LoggedDelivery, MAX_LOG_PAGE, StoredDelivery};

use super::super::error::At as _;
use super::super::statements::Db;
use crate::inbox_rows::{DeliveryRow, LogRow};

pub(super) fn log(
    db: &Db<'_>,
    tenant: &TenantId,
    query: &LogQuery,
) -> Result<Vec<LoggedDelivery>, StoreError> {
    const STEP: &str = "inbox.log";
    let mut statement = db
        .prepare_cached(
            "SELECT id, account, signed, received_at, length(body), events, added, ignored, replays \
             FROM wartel_messaging_webhooks \
             WHERE tenant = ?1 AND (?2 IS NULL OR account = ?2) AND (?3 IS NULL OR id < ?3) \
             ORDER BY id DESC LIMIT ?4",
        )
        .at(STEP)?;
    let account = query.account.as_ref().map(AccountId::as_str);
    let before = query.before.map(|id| id.to_string());
    let limit = i64::try_from(query.limit.min(MAX_LOG_PAGE)).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![tenant.as_str(), account, before, limit]).at(STEP)?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next().at(STEP)? {
        let line = || -> rusqlite::Result<LogRow> {
            Ok(LogRow {
                id: row.get(0)?,
                account: row.get(1)?,
                signed: row.get(2)?,
                received_at: row.get(3)?,
                bytes: row.get(4)?,
                events: row.get(5)?,
                added: row.get(6)?,
                ignored: row.get(7)?,
                replays: row.get(8)?,
            })
        };
        lines.push(line().at(STEP)?.read().map_err(|unreadable| unreadable.at(STEP))?);
    }
    Ok(lines)
}

pub(super) fn replay(
    db: &Db<'_>,
    tenant: &TenantId,
    id: DeliveryId,
) -> Result<Option<StoredDelivery>, StoreError> {
    const STEP: &str = "inbox.replay";
    let found = db
        .prepare_cached(
            "SELECT id, tenant, account, signed, headers, body, received_at \
             FROM wartel_messaging_webhooks WHERE tenant = ?1 AND id = ?2",
        )
        .at(STEP)?
        .query_row([tenant.as_str(), &id.to_string()], |row| {
            Ok(DeliveryRow {
                id: row.get(0)?,
                tenant: row.get(1)?,
                account: row.get(2)?,
                signed: row.get(3)?,
                headers: row.get(4)?,
                body: row.get(5)?,
                received_at: row.get(6)?,
            })
        })
        .optional()
        .at(STEP)?;
    found.map(|row| row.read().map_err(|unreadable| unreadable.at(STEP))).transpose()
}

pub(super) fn purge(db: &Db<'_>, received_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
    const STEP: &str = "inbox.purge";
    const ENTRIES: &str = "DELETE FROM wartel_messaging_inbox WHERE seq IN \
         (SELECT seq FROM wartel_messaging_inbox WHERE received_at < ?1 ORDER BY received_at LIMIT ?2)";
    const WEBHOOKS: &str = "DELETE FROM wartel_messaging_webhooks WHERE id IN \
         (SELECT id FROM wartel_messaging_webhooks WHERE received_at < ?1 ORDER BY received_at LIMIT ?2)";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut gone = 0;
    for delete in [ENTRIES, WEBHOOKS] {
        gone += db
            .prepare_cached(delete)
            .at(STEP)?
            .execute(params![received_before.as_micros(), limit])
            .at(STEP)?;
    }
    Ok(gone)
}
