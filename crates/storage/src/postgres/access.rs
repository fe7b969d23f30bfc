//! API keys, and the audit that is written with them. Every statement may be repeated: the second time changes
//! nothing and answers the same.

use std::time::Duration;

use sqlx::Row as _;
use sqlx::postgres::PgRow;
use wartel_access::{ApiKeyId, ApiKeyRecord, ApiKeyStore, AuditEntry, AuditId, AuditLog, KeyHash, Scopes};
use wartel_core::{StoreError, TenantId, Timestamp};

use super::database::Repeat;
use super::error::{At as _, unreadable};
use super::{PostgresStores, row_limit, storable};

/// One statement, so one transaction: the entry of the audit is written if and only if the key is.
const CREATE: &str = "WITH created AS (
        INSERT INTO wartel_access_api_keys
            (id, tenant, name, hash, scopes, created_at, expires_at, last_used_at, revoked_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT DO NOTHING RETURNING 1
    ), audited AS (
        INSERT INTO wartel_access_audit (id, at, tenant, actor, action, subject)
        SELECT $10::text::uuid, $11::bigint, $12::text, $13::text, $14::text, $15::text FROM created
        ON CONFLICT (id) DO NOTHING
    )
    SELECT count(*) FROM created";

/// The row is locked first and read as it is then, so that of many who revoke it one does.
const REVOKE: &str = "WITH locked AS MATERIALIZED (
        SELECT id, revoked_at FROM wartel_access_api_keys WHERE id = $1 AND tenant = $2 FOR UPDATE
    ), revoked AS (
        UPDATE wartel_access_api_keys AS key SET revoked_at = $3
        FROM locked WHERE key.id = locked.id AND locked.revoked_at IS NULL RETURNING 1
    ), audited AS (
        INSERT INTO wartel_access_audit (id, at, tenant, actor, action, subject)
        SELECT $4::text::uuid, $5::bigint, $6::text, $7::text, $8::text, $9::text FROM revoked
        ON CONFLICT (id) DO NOTHING
    )
    SELECT coalesce(revoked_at, $3) FROM locked";

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl ApiKeyStore for PostgresStores {
    async fn create(&self, record: &ApiKeyRecord, audit: &AuditEntry) -> Result<bool, StoreError> {
        let values = (record, audit);
        let step = self.inner.database.ask("access.create", Repeat::Safe, values, |connection, values| {
            let (record, audit) = *values;
            Box::pin(async move {
                let row = sqlx::query(CREATE)
                    .bind(record.id.as_str())
                    .bind(record.tenant.as_str())
                    .bind(storable(&record.name))
                    .bind(record.hash.to_hex())
                    .bind(record.scopes.to_string())
                    .bind(record.created_at.as_micros())
                    .bind(record.expires_at.map(Timestamp::as_micros))
                    .bind(record.last_used_at.map(Timestamp::as_micros))
                    .bind(record.revoked_at.map(Timestamp::as_micros))
                    .bind(audit.id.to_string())
                    .bind(audit.at.as_micros())
                    .bind(audit.tenant.as_str())
                    .bind(storable(&audit.actor))
                    .bind(storable(&audit.action))
                    .bind(storable(&audit.subject))
                    .fetch_one(&mut *connection)
                    .await?;
                if row.try_get::<i64, _>(0)? == 1 {
                    return Ok(true);
                }
                // In a statement of its own, which sees what was written while the first one waited for it.
                let same = sqlx::query("SELECT 1 FROM wartel_access_api_keys WHERE id = $1 AND hash = $2")
                    .bind(record.id.as_str())
                    .bind(record.hash.to_hex())
                    .fetch_optional(connection);
                Ok(same.await?.is_some())
            })
        });
        step.await
    }

    async fn find(&self, id: &ApiKeyId) -> Result<Option<ApiKeyRecord>, StoreError> {
        const STEP: &str = "access.find";
        let row = self.inner.database.ask(STEP, Repeat::Safe, id, |connection, id| {
            Box::pin(async move {
                let row = sqlx::query(
                    "SELECT id, tenant, name, hash, scopes, created_at, expires_at, last_used_at, revoked_at \
                 FROM wartel_access_api_keys WHERE id = $1",
                )
                .bind(id.as_str())
                .fetch_optional(connection);
                Ok(row.await?)
            })
        });
        row.await?.as_ref().map(|row| record(row, STEP)).transpose()
    }

    async fn list(&self, tenant: Option<TenantId>, limit: usize) -> Result<Vec<ApiKeyRecord>, StoreError> {
        const STEP: &str = "access.list";
        let values = (tenant, row_limit(limit));
        let rows = self.inner.database.ask(STEP, Repeat::Safe, values, |connection, values| {
            let (tenant, limit) = values;
            Box::pin(async move {
                let rows = sqlx::query(
                    "SELECT id, tenant, name, hash, scopes, created_at, expires_at, last_used_at, revoked_at \
                 FROM wartel_access_api_keys WHERE $1::text IS NULL OR tenant = $1 \
                 ORDER BY created_at DESC, id DESC LIMIT $2",
                )
                .bind(tenant.as_ref().map(TenantId::as_str))
                .bind(*limit)
                .fetch_all(connection);
                Ok(rows.await?)
            })
        });
        rows.await?.iter().map(|row| record(row, STEP)).collect()
    }

    async fn revoke(
        &self,
        tenant: &TenantId,
        id: &ApiKeyId,
        now: Timestamp,
        audit: &AuditEntry,
    ) -> Result<Option<Timestamp>, StoreError> {
        let values = (tenant, id, now, audit);
        let step = self.inner.database.ask("access.revoke", Repeat::Safe, values, |connection, values| {
            let (tenant, id, now, audit) = *values;
            Box::pin(async move {
                let row = sqlx::query(REVOKE)
                    .bind(id.as_str())
                    .bind(tenant.as_str())
                    .bind(now.as_micros())
                    .bind(audit.id.to_string())
                    .bind(audit.at.as_micros())
                    .bind(audit.tenant.as_str())
                    .bind(storable(&audit.actor))
                    .bind(storable(&audit.action))
                    .bind(storable(&audit.subject))
                    .fetch_optional(connection)
                    .await?;
                let since = row.map(|row| row.try_get(0)).transpose()?;
                Ok(since.map(Timestamp::from_micros))
            })
        });
        step.await
    }

    async fn mark_used(&self, id: &ApiKeyId, now: Timestamp, every: Duration) -> Result<(), StoreError> {
        let values = (id, now.as_micros(), (now - every).as_micros());
        let step = self.inner.database.ask("access.mark_used", Repeat::Safe, values, |connection, values| {
            let (id, now, not_since) = *values;
            Box::pin(async move {
                let marked = sqlx::query(
                    "UPDATE wartel_access_api_keys SET last_used_at = $2 \
                 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $3)",
                )
                .bind(id.as_str())
                .bind(now)
                .bind(not_since)
                .execute(connection);
                marked.await?;
                Ok(())
            })
        });
        step.await
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl AuditLog for PostgresStores {
    async fn append(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let step = self.inner.database.ask("access.append", Repeat::Safe, entry, |connection, entry| {
            Box::pin(async move {
                let written = sqlx::query(
                    "INSERT INTO wartel_access_audit (id, at, tenant, actor, action, subject) \
                 VALUES ($1::text::uuid, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
                )
                .bind(entry.id.to_string())
                .bind(entry.at.as_micros())
                .bind(entry.tenant.as_str())
                .bind(storable(&entry.actor))
                .bind(storable(&entry.action))
                .bind(storable(&entry.subject))
                .execute(connection);
                written.await?;
                Ok(())
            })
        });
        step.await
    }

    async fn list(
        &self,
        tenant: Option<TenantId>,
        before: Option<AuditId>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        const STEP: &str = "access.audit";
        let values = (tenant, before.map(|id| id.to_string()), row_limit(limit));
        let rows = self.inner.database.ask(STEP, Repeat::Safe, values, |connection, values| {
            let (tenant, before, limit) = values;
            Box::pin(async move {
                let rows = sqlx::query(
                    "SELECT id::text, at, tenant, actor, action, subject FROM wartel_access_audit \
                 WHERE ($1::text IS NULL OR tenant = $1) AND ($2::text IS NULL OR \
                     (at, seq) < (SELECT at, seq FROM wartel_access_audit WHERE id = $2::text::uuid)) \
                 ORDER BY at DESC, seq DESC LIMIT $3",
                )
                .bind(tenant.as_ref().map(TenantId::as_str))
                .bind(before.as_deref())
                .bind(*limit)
                .fetch_all(connection);
                Ok(rows.await?)
            })
        });
        rows.await?.iter().map(|row| entry(row, STEP)).collect()
    }
}

fn record(row: &PgRow, step: &'static str) -> Result<ApiKeyRecord, StoreError> {
    let text = |column: usize| row.try_get::<&str, _>(column).at(step);
    let instant = |column: usize| -> Result<Option<Timestamp>, StoreError> {
        Ok(row.try_get::<Option<i64>, _>(column).at(step)?.map(Timestamp::from_micros))
    };
    let mut record = ApiKeyRecord::new(
        ApiKeyId::parse(text(0)?).map_err(|_| unreadable(step, "id"))?,
        TenantId::parse(text(1)?).map_err(|_| unreadable(step, "tenant"))?,
        text(2)?,
        KeyHash::from_hex(text(3)?).map_err(|_| unreadable(step, "hash"))?,
        Scopes::from_stored(text(4)?),
        Timestamp::from_micros(row.try_get(5).at(step)?),
    );
    record.expires_at = instant(6)?;
    record.last_used_at = instant(7)?;
    record.revoked_at = instant(8)?;
    Ok(record)
}

fn entry(row: &PgRow, step: &'static str) -> Result<AuditEntry, StoreError> {
    let text = |column: usize| row.try_get::<&str, _>(column).at(step);
    let entry = AuditEntry::new(
        Timestamp::from_micros(row.try_get(1).at(step)?),
        TenantId::parse(text(2)?).map_err(|_| unreadable(step, "tenant"))?,
        text(3)?,
        text(4)?,
        text(5)?,
    );
    Ok(entry.with_id(AuditId::parse(text(0)?).map_err(|_| unreadable(step, "id"))?))
}
