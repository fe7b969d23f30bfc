//! What waits to be confirmed, what can be undone, and who did what.

use rusqlite::{OptionalExtension as _, params};
use wartel_bot::admin::{AdminStore, AuditRow, Confirmation, Undo};
use wartel_core::{StoreError, TenantId, Timestamp};
use wartel_messaging::inbox::ContactId;

use super::row_limit;
use crate::bot_rows::{json, parsed};
use crate::sqlite::SqliteStores;
use crate::sqlite::error::At as _;
use crate::sqlite::statements::Db;

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl AdminStore for SqliteStores {
    async fn ask(&self, confirmation: &Confirmation) -> Result<(), StoreError> {
        let confirmation = confirmation.clone();
        self.write("admin.ask", move |db| ask(db, &confirmation)).await
    }

    async fn take_asked(
        &self,
        tenant: &TenantId,
        staff: ContactId,
        now: Timestamp,
    ) -> Result<Option<Confirmation>, StoreError> {
        let shop = tenant.clone();
        let asked = self.write("admin.take_asked", move |db| take_asked(db, &shop, staff)).await?;
        Ok(asked.filter(|asked| now < asked.expires_at))
    }

    async fn keep_undo(&self, undo: &Undo) -> Result<(), StoreError> {
        let undo = undo.clone();
        self.write("admin.keep_undo", move |db| keep_undo(db, &undo)).await
    }

    async fn take_undo(
        &self,
        tenant: &TenantId,
        staff: ContactId,
        now: Timestamp,
    ) -> Result<Option<Undo>, StoreError> {
        let shop = tenant.clone();
        let undo = self.write("admin.take_undo", move |db| take_undo(db, &shop, staff)).await?;
        Ok(undo.filter(|undo| now < undo.expires_at))
    }

    async fn record(&self, row: &AuditRow) -> Result<bool, StoreError> {
        let row = row.clone();
        self.write("admin.record", move |db| record(db, &row)).await
    }

    async fn audit(&self, tenant: &TenantId, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
        let tenant = tenant.clone();
        self.read("admin.audit", move |db| audit(db, &tenant, limit)).await
    }
}

fn ask(db: &Db<'_>, confirmation: &Confirmation) -> Result<(), StoreError> {
    const STEP: &str = "admin.ask";
    db.prepare_cached(
        "INSERT INTO wartel_bot_confirmations (tenant, staff, code_hash, command, expires_at) \
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (tenant, staff) DO UPDATE \
         SET code_hash = excluded.code_hash, command = excluded.command, expires_at = excluded.expires_at",
    )
    .at(STEP)?
    .execute(params![
        confirmation.tenant.as_str(),
        confirmation.staff.to_string(),
        confirmation.code_hash,
        confirmation.command,
        confirmation.expires_at.as_micros(),
    ])
    .at(STEP)?;
    Ok(())
}

fn take_asked(db: &Db<'_>, tenant: &TenantId, staff: ContactId) -> Result<Option<Confirmation>, StoreError> {
    const STEP: &str = "admin.take_asked";
    db.prepare_cached(
        "DELETE FROM wartel_bot_confirmations WHERE tenant = ?1 AND staff = ?2 \
         RETURNING code_hash, command, expires_at",
    )
    .at(STEP)?
    .query_row([tenant.as_str(), &staff.to_string()], |row| {
        let (code_hash, command): (String, String) = (row.get(0)?, row.get(1)?);
        let expires_at = Timestamp::from_micros(row.get(2)?);
        Ok(Confirmation::new(tenant.clone(), staff, code_hash, command, expires_at))
    })
    .optional()
    .at(STEP)
}

fn keep_undo(db: &Db<'_>, undo: &Undo) -> Result<(), StoreError> {
    const STEP: &str = "admin.keep_undo";
    db.prepare_cached(
        "INSERT INTO wartel_bot_undos (tenant, staff, action, expires_at) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (tenant, staff) DO UPDATE SET action = excluded.action, expires_at = excluded.expires_at",
    )
    .at(STEP)?
    .execute(params![
        undo.tenant.as_str(),
        undo.staff.to_string(),
        undo.action,
        undo.expires_at.as_micros()
    ])
    .at(STEP)?;
    Ok(())
}

fn take_undo(db: &Db<'_>, tenant: &TenantId, staff: ContactId) -> Result<Option<Undo>, StoreError> {
    const STEP: &str = "admin.take_undo";
    db.prepare_cached(
        "DELETE FROM wartel_bot_undos WHERE tenant = ?1 AND staff = ?2 RETURNING action, expires_at",
    )
    .at(STEP)?
    .query_row([tenant.as_str(), &staff.to_string()], |row| {
        let (action, expires_at): (String, i64) = (row.get(0)?, row.get(1)?);
        Ok(Undo::new(tenant.clone(), staff, action, Timestamp::from_micros(expires_at)))
    })
    .optional()
    .at(STEP)
}

fn record(db: &Db<'_>, row: &AuditRow) -> Result<bool, StoreError> {
    const STEP: &str = "admin.record";
    let written = db
        .prepare_cached(
            "INSERT INTO wartel_bot_audit (tenant, entry, at, document) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT DO NOTHING",
        )
        .at(STEP)?
        .execute(params![row.tenant.as_str(), row.entry.to_string(), row.at.as_micros(), json(row, STEP)?])
        .at(STEP)?;
    Ok(written == 1)
}

fn audit(db: &Db<'_>, tenant: &TenantId, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
    const STEP: &str = "admin.audit";
    let mut statement = db
        .prepare_cached(
            "SELECT document FROM wartel_bot_audit WHERE tenant = ?1 ORDER BY at DESC, entry DESC LIMIT ?2",
        )
        .at(STEP)?;
    let mut rows = statement.query(params![tenant.as_str(), row_limit(limit)]).at(STEP)?;
    let mut audit = Vec::new();
    while let Some(row) = rows.next().at(STEP)? {
        audit.push(parsed(&row.get::<_, String>(0).at(STEP)?, STEP)?);
    }
    Ok(audit)
}
