//! What was said, and what was sent outside of chats.

use rusqlite::{OptionalExtension as _, params};
use wartel_bot::ChatKey;
use wartel_bot::conversation::Line;
use wartel_core::{AccountId, StoreError, TenantId, Timestamp};
use wartel_messaging::ProviderMessageId;

use super::row_limit;
use crate::bot_rows::{json, parsed, signed};
use crate::sqlite::error::At as _;
use crate::sqlite::statements::Db;

/// Writes lines whose numbers are not taken.
pub(super) fn put(db: &Db<'_>, key: &ChatKey, lines: &[Line]) -> Result<(), StoreError> {
    const STEP: &str = "chats.put_lines";
    if lines.is_empty() {
        return Ok(());
    }
    let contact = key.contact.to_string();
    let mut insert = db
        .prepare_cached(
            "INSERT INTO wartel_bot_lines (tenant, account, contact, number, at, document) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
        )
        .at(STEP)?;
    for line in lines {
        insert
            .execute(params![
                key.tenant.as_str(),
                key.account.as_str(),
                contact,
                signed(line.number),
                line.at.as_micros(),
                json(line, STEP)?,
            ])
            .at(STEP)?;
    }
    Ok(())
}

pub(super) fn read(db: &Db<'_>, key: &ChatKey, from: u64, limit: usize) -> Result<Vec<Line>, StoreError> {
    const STEP: &str = "chats.lines";
    let mut statement = db
        .prepare_cached(
            "SELECT document FROM wartel_bot_lines \
             WHERE tenant = ?1 AND account = ?2 AND contact = ?3 AND number >= ?4 ORDER BY number DESC LIMIT ?5",
        )
        .at(STEP)?;
    let mut rows = statement
        .query(params![
            key.tenant.as_str(),
            key.account.as_str(),
            key.contact.to_string(),
            signed(from),
            row_limit(limit),
        ])
        .at(STEP)?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next().at(STEP)? {
        lines.push(parsed(&row.get::<_, String>(0).at(STEP)?, STEP)?);
    }
    lines.reverse();
    Ok(lines)
}

pub(super) fn note_sent(
    db: &Db<'_>,
    tenant: &TenantId,
    account: &AccountId,
    message: &ProviderMessageId,
    now: Timestamp,
) -> Result<(), StoreError> {
    const STEP: &str = "chats.note_sent";
    db.prepare_cached(
        "INSERT INTO wartel_bot_sent (tenant, account, message, at) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (tenant, account, message) DO UPDATE SET at = excluded.at",
    )
    .at(STEP)?
    .execute(params![tenant.as_str(), account.as_str(), message.as_str(), now.as_micros()])
    .at(STEP)?;
    Ok(())
}

pub(super) fn was_sent(
    db: &Db<'_>,
    tenant: &TenantId,
    account: &AccountId,
    message: &ProviderMessageId,
) -> Result<bool, StoreError> {
    const STEP: &str = "chats.was_sent";
    let found = db
        .prepare_cached("SELECT 1 FROM wartel_bot_sent WHERE tenant = ?1 AND account = ?2 AND message = ?3")
        .at(STEP)?
        .query_row([tenant.as_str(), account.as_str(), message.as_str()], |_| Ok(()))
        .optional()
        .at(STEP)?;
    Ok(found.is_some())
}

pub(super) fn purge(db: &Db<'_>, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
    const STEP: &str = "chats.purge";
    const LINES: &str = "DELETE FROM wartel_bot_lines WHERE rowid IN \
         (SELECT rowid FROM wartel_bot_lines WHERE at < ?1 ORDER BY at LIMIT ?2)";
    const SENT: &str = "DELETE FROM wartel_bot_sent WHERE (tenant, account, message) IN \
         (SELECT tenant, account, message FROM wartel_bot_sent WHERE at < ?1 ORDER BY at LIMIT ?2)";
    let mut gone = 0;
    for delete in [LINES, SENT] {
        gone += db
            .prepare_cached(delete)
            .at(STEP)?
            .execute(params![before.as_micros(), row_limit(limit)])
            .at(STEP)?;
    }
    Ok(gone)
}
