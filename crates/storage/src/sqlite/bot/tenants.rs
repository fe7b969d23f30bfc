//! Shops: a document each.

use rusqlite::{OptionalExtension as _, params};
use wartel_bot::tenant::{Tenant, TenantStore};
use wartel_bot::{Revision, Saved};
use wartel_core::{StoreError, TenantId};

use super::saved;
use crate::bot_rows::{json, revised, signed};
use crate::sqlite::SqliteStores;
use crate::sqlite::error::At as _;
use crate::sqlite::statements::Db;

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl TenantStore for SqliteStores {
    async fn get(&self, tenant: &TenantId) -> Result<Option<(Tenant, Revision)>, StoreError> {
        let tenant = tenant.clone();
        self.read("tenants.get", move |db| get(db, &tenant)).await
    }

    async fn save(&self, tenant: &Tenant, read: Revision) -> Result<Saved, StoreError> {
        const STEP: &str = "tenants.save";
        let (id, document) = (tenant.id.clone(), json(tenant, STEP)?);
        self.write(STEP, move |db| save(db, &id, &document, read)).await
    }
}

fn get(db: &Db<'_>, tenant: &TenantId) -> Result<Option<(Tenant, Revision)>, StoreError> {
    const STEP: &str = "tenants.get";
    let row = db
        .prepare_cached("SELECT document, revision FROM wartel_bot_tenants WHERE tenant = ?1")
        .at(STEP)?
        .query_row([tenant.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
        .at(STEP)?;
    row.map(|row| revised(row, STEP)).transpose()
}

fn save(db: &Db<'_>, tenant: &TenantId, document: &str, read: Revision) -> Result<Saved, StoreError> {
    const STEP: &str = "tenants.save";
    const INSERT: &str = "INSERT INTO wartel_bot_tenants (tenant, document, revision) VALUES (?1, ?2, ?3 + 1) \
         ON CONFLICT DO NOTHING";
    const UPDATE: &str = "UPDATE wartel_bot_tenants SET document = ?2, revision = revision + 1 \
         WHERE tenant = ?1 AND revision = ?3";
    let statement = if read == Revision::NEW { INSERT } else { UPDATE };
    let written = db
        .prepare_cached(statement)
        .at(STEP)?
        .execute(params![tenant.as_str(), document, signed(read.as_u64())])
        .at(STEP)?;
    Ok(saved(written, read))
}
