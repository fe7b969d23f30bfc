//! What shops sell: a document for each item.

use rusqlite::{OptionalExtension as _, params};
use wartel_bot::catalogue::{CatalogueStore, Item};
use wartel_bot::{Revision, Saved};
use wartel_core::{StoreError, TenantId};

use super::saved;
use crate::bot_rows::{json, parsed, revised, signed};
use crate::sqlite::SqliteStores;
use crate::sqlite::error::At as _;
use crate::sqlite::statements::Db;

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl CatalogueStore for SqliteStores {
    async fn get(&self, tenant: &TenantId, code: &str) -> Result<Option<(Item, Revision)>, StoreError> {
        let (tenant, code) = (tenant.clone(), code.to_owned());
        self.read("items.get", move |db| get(db, &tenant, &code)).await
    }

    async fn list(&self, tenant: &TenantId) -> Result<Vec<Item>, StoreError> {
        let tenant = tenant.clone();
        self.read("items.list", move |db| list(db, &tenant)).await
    }

    async fn save(&self, item: &Item, read: Revision) -> Result<Saved, StoreError> {
        const STEP: &str = "items.save";
        let (tenant, code, document) = (item.tenant.clone(), item.code.clone(), json(item, STEP)?);
        self.write(STEP, move |db| save(db, &tenant, &code, &document, read)).await
    }

    async fn delete(&self, tenant: &TenantId, code: &str, read: Revision) -> Result<Saved, StoreError> {
        let (tenant, code) = (tenant.clone(), code.to_owned());
        self.write("items.delete", move |db| delete(db, &tenant, &code, read)).await
    }
}

fn get(db: &Db<'_>, tenant: &TenantId, code: &str) -> Result<Option<(Item, Revision)>, StoreError> {
    const STEP: &str = "items.get";
    let row = db
        .prepare_cached("SELECT document, revision FROM wartel_bot_items WHERE tenant = ?1 AND code = ?2")
        .at(STEP)?
        .query_row([tenant.as_str(), code], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
        .at(STEP)?;
    row.map(|row| revised(row, STEP)).transpose()
}

fn list(db: &Db<'_>, tenant: &TenantId) -> Result<Vec<Item>, StoreError> {
    const STEP: &str = "items.list";
    let mut statement = db
        .prepare_cached("SELECT document FROM wartel_bot_items WHERE tenant = ?1 ORDER BY code")
        .at(STEP)?;
    let mut rows = statement.query([tenant.as_str()]).at(STEP)?;
    let mut items = Vec::new();
    while let Some(row) = rows.next().at(STEP)? {
        items.push(parsed(&row.get::<_, String>(0).at(STEP)?, STEP)?);
    }
    Ok(items)
}

fn save(
    db: &Db<'_>,
    tenant: &TenantId,
    code: &str,
    document: &str,
    read: Revision,
) -> Result<Saved, StoreError> {
    const STEP: &str = "items.save";
    const INSERT: &str = "INSERT INTO wartel_bot_items (tenant, code, document, revision) \
         VALUES (?1, ?2, ?3, ?4 + 1) ON CONFLICT DO NOTHING";
    const UPDATE: &str = "UPDATE wartel_bot_items SET document = ?3, revision = revision + 1 \
         WHERE tenant = ?1 AND code = ?2 AND revision = ?4";
    let statement = if read == Revision::NEW { INSERT } else { UPDATE };
    let written = db
        .prepare_cached(statement)
        .at(STEP)?
        .execute(params![tenant.as_str(), code, document, signed(read.as_u64())])
        .at(STEP)?;
    Ok(saved(written, read))
}

fn delete(db: &Db<'_>, tenant: &TenantId, code: &str, read: Revision) -> Result<Saved, StoreError> {
    const STEP: &str = "items.delete";
    let gone = db
        .prepare_cached("DELETE FROM wartel_bot_items WHERE tenant = ?1 AND code = ?2 AND revision = ?3")
        .at(STEP)?
        .execute(params![tenant.as_str(), code, signed(read.as_u64())])
        .at(STEP)?;
    Ok(saved(gone, read))
}
