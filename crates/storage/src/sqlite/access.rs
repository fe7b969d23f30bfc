//! API keys, and the audit that is written with them.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use wartel_access::{ApiKeyId, ApiKeyRecord, ApiKeyStore, AuditEntry, AuditId, AuditLog, KeyHash, Scopes};
use wartel_core::{StoreError, TenantId, Timestamp};

use super::SqliteStores;
use super::error::{At as _, unreadable};

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl ApiKeyStore for SqliteStores {
    async fn create(&self, record: &ApiKeyRecord, audit: &AuditEntry) -> Result<bool, StoreError> {
        let (record, audit) = (record.clone(), audit.clone());
        self.write("access.create", move |connection| create(connection, &record, &audit)).await
    }

    async fn find(&self, id: &ApiKeyId) -> Result<Option<ApiKeyRecord>, StoreError> {
        let id = id.clone();
        self.read("access.find", move |connection| find(connection, &id)).await
    }

    async fn list(&self, tenant: Option<TenantId>, limit: usize) -> Result<Vec<ApiKeyRecord>, StoreError> {
        self.read("access.list", move |connection| list(connection, tenant.as_ref(), limit)).await
    }

    async fn revoke(
        &self,
        tenant: &TenantId,
        id: &ApiKeyId,
        now: Timestamp,
        audit: &AuditEntry,
    ) -> Result<Option<Timestamp>, StoreError> {
        let (tenant, id, audit) = (tenant.clone(), id.clone(), audit.clone());
        self.write("access.revoke", move |connection| revoke(connection, &tenant, &id, now, &audit)).await
    }

    async fn mark_used(&self, id: &ApiKeyId, now: Timestamp, every: Duration) -> Result<(), StoreError> {
        let id = id.clone();
        self.write("access.mark_used", move |connection| mark_used(connection, &id, now, every)).await
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl AuditLog for SqliteStores {
    async fn append(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let entry = entry.clone();
        self.write("access.append", move |connection| append(connection, &entry)).await
    }

    async fn list(
        &self,
        tenant: Option<TenantId>,
        before: Option<AuditId>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        self.read("access.audit", move |connection| entries(connection, tenant.as_ref(), before, limit)).await
    }
}

fn create(connection: &Connection, record: &ApiKeyRecord, audit: &AuditEntry) -> Result<bool, StoreError> {
    const STEP: &str = "access.create";
    let micros = |at: Option<Timestamp>| at.map(Timestamp::as_micros);
    let written = connection
        .prepare_cached(
            "INSERT INTO wartel_access_api_keys \
             (id, tenant, name, hash, scopes, created_at, expires_at, last_used_at, revoked_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
        )
        .at(STEP)?
        .execute(params![
            record.id.as_str(),
            record.tenant.as_str(),
            record.name,
            record.hash.to_hex(),
            record.scopes.to_string(),
            record.created_at.as_micros(),
            micros(record.expires_at),
            micros(record.last_used_at),
            micros(record.revoked_at),
        ])
        .at(STEP)?;
    if written == 0 {
        return Ok(find(connection, &record.id)?.is_some_and(|known| known.hash == record.hash));
    }
    append(connection, audit)?;
    Ok(true)
}

fn find(connection: &Connection, id: &ApiKeyId) -> Result<Option<ApiKeyRecord>, StoreError> {
    const STEP: &str = "access.find";
    let mut statement = connection
        .prepare_cached(
            "SELECT id, tenant, name, hash, scopes, created_at, expires_at, last_used_at, revoked_at \
             FROM wartel_access_api_keys WHERE id = ?1",
        )
        .at(STEP)?;
    let mut rows = statement.query([id.as_str()]).at(STEP)?;
    rows.next().at(STEP)?.map(|row| record(row, STEP)).transpose()
}

fn list(
    connection: &Connection,
    tenant: Option<&TenantId>,
    limit: usize,
) -> Result<Vec<ApiKeyRecord>, StoreError> {
    const STEP: &str = "access.list";
    let mut statement = connection
        .prepare_cached(
            "SELECT id, tenant, name, hash, scopes, created_at, expires_at, last_used_at, revoked_at \
             FROM wartel_access_api_keys WHERE ?1 IS NULL OR tenant = ?1 \
             ORDER BY created_at DESC, id DESC LIMIT ?2",
        )
        .at(STEP)?;
    let mut rows = statement.query(params![tenant.map(TenantId::as_str), row_limit(limit)]).at(STEP)?;
    let mut records = Vec::new();
    while let Some(row) = rows.next().at(STEP)? {
        records.push(record(row, STEP)?);
    }
    Ok(records)
}

fn revoke(
    connection: &Connection,
    tenant: &TenantId,
    id: &ApiKeyId,
    now: Timestamp,
    audit: &AuditEntry,
) -> Result<Option<Timestamp>, StoreError> {
    const STEP: &str = "access.revoke";
    let known: Option<Option<i64>> = connection
        .prepare_cached("SELECT revoked_at FROM wartel_access_api_keys WHERE id = ?1 AND tenant = ?2")
        .at(STEP)?
        .query_row([id.as_str(), tenant.as_str()], |row| row.get(0))
        .optional()
        .at(STEP)?;
    let since = match known {
        None => return Ok(None),
        Some(Some(since)) => Timestamp::from_micros(since),
        Some(None) => {
            connection
                .prepare_cached("UPDATE wartel_access_api_keys SET revoked_at = ?2 WHERE id = ?1")
                .at(STEP)?
                .execute(params![id.as_str(), now.as_micros()])
                .at(STEP)?;
            append(connection, audit)?;
            now
        }
    };
    Ok(Some(since))
}

fn mark_used(
    connection: &Connection,
    id: &ApiKeyId,
    now: Timestamp,
    every: Duration,
) -> Result<(), StoreError> {
    const STEP: &str = "access.mark_used";
    connection
        .prepare_cached(
            "UPDATE wartel_access_api_keys SET last_used_at = ?2 \
             WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at <= ?3)",
        )
        .at(STEP)?
        .execute(params![id.as_str(), now.as_micros(), (now - every).as_micros()])
        .at(STEP)?;
    Ok(())
}

/// Writes an entry inside the caller's transaction.
fn append(connection: &Connection, entry: &AuditEntry) -> Result<(), StoreError> {
    const STEP: &str = "access.append";
    connection
        .prepare_cached(
            "INSERT INTO wartel_access_audit (id, at, tenant, actor, action, subject) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO NOTHING",
        )
        .at(STEP)?
        .execute(params![
            entry.id.to_string(),
            entry.at.as_micros(),
            entry.tenant.as_str(),
            entry.actor,
            entry.action,
            entry.subject,
        ])
        .at(STEP)?;
    Ok(())
}

fn entries(
    connection: &Connection,
    tenant: Option<&TenantId>,
    before: Option<AuditId>,
    limit: usize,
) -> Result<Vec<AuditEntry>, StoreError> {
    const STEP: &str = "access.audit";
    let mut statement = connection
        .prepare_cached(
            "SELECT id, at, tenant, actor, action, subject FROM wartel_access_audit \
             WHERE (?1 IS NULL OR tenant = ?1) AND (?2 IS NULL OR \
                 (at, seq) < (SELECT at, seq FROM wartel_access_audit WHERE id = ?2)) \
             ORDER BY at DESC, seq DESC LIMIT ?3",
        )
        .at(STEP)?;
    let before = before.map(|id| id.to_string());
    let mut rows =
        statement.query(params![tenant.map(TenantId::as_str), before, row_limit(limit)]).at(STEP)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next().at(STEP)? {
        let text = |column: usize| row.get::<_, String>(column).at(STEP);
        let entry = AuditEntry::new(
            Timestamp::from_micros(row.get(1).at(STEP)?),
            TenantId::parse(&text(2)?).map_err(|_| unreadable(STEP, "tenant"))?,
            &text(3)?,
            &text(4)?,
            &text(5)?,
        );
        entries.push(entry.with_id(AuditId::parse(&text(0)?).map_err(|_| unreadable(STEP, "id"))?));
    }
    Ok(entries)
}

fn record(row: &Row<'_>, step: &'static str) -> Result<ApiKeyRecord, StoreError> {
    let text = |column: usize| row.get::<_, String>(column).at(step);
    let instant = |column: usize| -> Result<Option<Timestamp>, StoreError> {
        Ok(row.get::<_, Option<i64>>(column).at(step)?.map(Timestamp::from_micros))
    };
    let mut record = ApiKeyRecord::new(
        ApiKeyId::parse(&text(0)?).map_err(|_| unreadable(step, "id"))?,
        TenantId::parse(&text(1)?).map_err(|_| unreadable(step, "tenant"))?,
        text(2)?,
        KeyHash::from_hex(&text(3)?).map_err(|_| unreadable(step, "hash"))?,
        Scopes::from_stored(&text(4)?),
        Timestamp::from_micros(row.get(5).at(step)?),
    );
    record.expires_at = instant(6)?;
    record.last_used_at = instant(7)?;
    record.revoked_at = instant(8)?;
    Ok(record)
}

fn row_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
