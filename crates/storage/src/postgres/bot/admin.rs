//! What waits to be confirmed, what can be undone, and who did what.

use sqlx::Row as _;
use wartel_bot::admin::{AdminStore, AuditRow, Confirmation, Undo};
use wartel_core::{StoreError, TenantId, Timestamp};
use wartel_messaging::inbox::ContactId;

use super::{counted, read_all};
use crate::bot_rows::json;
use crate::postgres::database::{BEGIN_BY_KEY, Repeat};
use crate::postgres::{PostgresStores, row_limit, storable};

const ASK: &str = "INSERT INTO wartel_bot_confirmations (tenant, staff, code_hash, command, expires_at)
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant, staff) DO UPDATE
     SET code_hash = excluded.code_hash, command = excluded.command, expires_at = excluded.expires_at";
// Each takes a row away and answers one row, whether there was something or not.
const TAKE_ASKED: &str = "WITH taken AS (
         DELETE FROM wartel_bot_confirmations WHERE tenant = $1 AND staff = $2
         RETURNING code_hash, command, expires_at
     )
     SELECT taken.code_hash, taken.command, taken.expires_at, pg_current_xact_id()::text
     FROM (VALUES (1)) AS one LEFT JOIN taken ON true";
const KEEP_UNDO: &str = "INSERT INTO wartel_bot_undos (tenant, staff, action, expires_at)
     VALUES ($1, $2, $3, $4) ON CONFLICT (tenant, staff) DO UPDATE
     SET action = excluded.action, expires_at = excluded.expires_at";
const TAKE_UNDO: &str = "WITH taken AS (
         DELETE FROM wartel_bot_undos WHERE tenant = $1 AND staff = $2 RETURNING action, expires_at
     )
     SELECT taken.action, taken.expires_at, pg_current_xact_id()::text
     FROM (VALUES (1)) AS one LEFT JOIN taken ON true";
const RECORD: &str = "WITH written AS (
         INSERT INTO wartel_bot_audit (tenant, entry, at, document) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING RETURNING 1
     ) SELECT count(*), pg_current_xact_id()::text FROM written";
const AUDIT: &str = "SELECT document FROM wartel_bot_audit
     WHERE tenant = $1 ORDER BY at DESC, entry DESC LIMIT $2";

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl AdminStore for PostgresStores {
    async fn ask(&self, confirmation: &Confirmation) -> Result<(), StoreError> {
        let ask = self.inner.database.ask("admin.ask", Repeat::Safe, confirmation, |connection, asked| {
            Box::pin(async move {
                let kept = sqlx::query(ASK)
                    .bind(asked.tenant.as_str())
                    .bind(asked.staff.to_string())
                    .bind(&asked.code_hash)
                    .bind(storable(&asked.command))
                    .bind(asked.expires_at.as_micros())
                    .execute(connection);
                kept.await?;
                Ok(())
            })
        });
        ask.await
    }

    async fn take_asked(
        &self,
        tenant: &TenantId,
        staff: ContactId,
        now: Timestamp,
    ) -> Result<Option<Confirmation>, StoreError> {
        let values = (tenant, staff);
        let taken = self.inner.database.change_in(
            BEGIN_BY_KEY,
            "admin.take_asked",
            values,
            |connection, (tenant, staff)| {
                Box::pin(async move {
                    let row = sqlx::query(TAKE_ASKED).bind(tenant.as_str()).bind(staff.to_string());
                    let row = row.fetch_one(connection).await?;
                    let command: Option<String> = row.try_get(1)?;
                    let taken = match command {
                        Some(command) => {
                            let expires_at = Timestamp::from_micros(row.try_get(2)?);
                            let hash: String = row.try_get(0)?;
                            Some(Confirmation::new((*tenant).clone(), *staff, hash, command, expires_at))
                        }
                        None => None,
                    };
                    Ok((taken, row.try_get(3)?))
                })
            },
        );
        Ok(taken.await?.filter(|asked| now < asked.expires_at))
    }

    async fn keep_undo(&self, undo: &Undo) -> Result<(), StoreError> {
        let keep = self.inner.database.ask("admin.keep_undo", Repeat::Safe, undo, |connection, undo| {
            Box::pin(async move {
                let kept = sqlx::query(KEEP_UNDO)
                    .bind(undo.tenant.as_str())
                    .bind(undo.staff.to_string())
                    .bind(storable(&undo.action))
                    .bind(undo.expires_at.as_micros())
                    .execute(connection);
                kept.await?;
                Ok(())
            })
        });
        keep.await
    }

    async fn take_undo(
        &self,
        tenant: &TenantId,
        staff: ContactId,
        now: Timestamp,
    ) -> Result<Option<Undo>, StoreError> {
        let values = (tenant, staff);
        let taken = self.inner.database.change_in(
            BEGIN_BY_KEY,
            "admin.take_undo",
            values,
            |connection, (tenant, staff)| {
                Box::pin(async move {
                    let row = sqlx::query(TAKE_UNDO).bind(tenant.as_str()).bind(staff.to_string());
                    let row = row.fetch_one(connection).await?;
                    let action: Option<String> = row.try_get(0)?;
                    let taken = match action {
                        Some(action) => {
                            let expires_at = Timestamp::from_micros(row.try_get(1)?);
                            Some(Undo::new((*tenant).clone(), *staff, action, expires_at))
                        }
                        None => None,
                    };
                    Ok((taken, row.try_get(2)?))
                })
            },
        );
        Ok(taken.await?.filter(|undo| now < undo.expires_at))
    }

    async fn record(&self, row: &AuditRow) -> Result<bool, StoreError> {
        const STEP: &str = "admin.record";
        let values = (row, json(row, STEP)?);
        let record =
            self.inner.database.change_in(BEGIN_BY_KEY, STEP, values, |connection, (row, document)| {
                Box::pin(async move {
                    let written = sqlx::query(RECORD)
                        .bind(row.tenant.as_str())
                        .bind(row.entry.to_string())
                        .bind(row.at.as_micros())
                        .bind(document)
                        .fetch_one(connection);
                    counted(&written.await?)
                })
            });
        Ok(record.await? == 1)
    }

    async fn audit(&self, tenant: &TenantId, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
        const STEP: &str = "admin.audit";
        let values = (tenant, row_limit(limit));
        let rows = self.inner.database.ask(STEP, Repeat::Safe, values, |connection, (tenant, limit)| {
            Box::pin(async move {
                let rows = sqlx::query(AUDIT).bind(tenant.as_str()).bind(*limit);
                Ok(rows.fetch_all(connection).await?)
            })
        });
        read_all(&rows.await?, STEP)
    }
}
