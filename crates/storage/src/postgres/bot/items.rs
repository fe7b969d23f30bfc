//! What shops sell: a document for each item.

use wartel_bot::catalogue::{CatalogueStore, Item};
use wartel_bot::{Revision, Saved};
use wartel_core::{StoreError, TenantId};

use super::{read_all, read_revised, saved};
use crate::bot_rows::{json, signed};
use crate::postgres::database::{BEGIN_BY_KEY, Repeat};
use crate::postgres::{PostgresStores, storable};

const GET: &str = "SELECT document, revision FROM wartel_bot_items WHERE tenant = $1 AND code = $2";
const LIST: &str = "SELECT document FROM wartel_bot_items WHERE tenant = $1 ORDER BY code";
const INSERT: &str = "WITH written AS (
         INSERT INTO wartel_bot_items (tenant, code, document, revision) VALUES ($1, $2, $3, $4 + 1)
         ON CONFLICT DO NOTHING RETURNING 1
     ) SELECT count(*), pg_current_xact_id()::text FROM written";
const UPDATE: &str = "WITH written AS (
         UPDATE wartel_bot_items SET document = $3, revision = revision + 1
         WHERE tenant = $1 AND code = $2 AND revision = $4 RETURNING 1
     ) SELECT count(*), pg_current_xact_id()::text FROM written";
const DELETE: &str = "WITH gone AS (
         DELETE FROM wartel_bot_items WHERE tenant = $1 AND code = $2 AND revision = $3 RETURNING 1
     ) SELECT count(*), pg_current_xact_id()::text FROM gone";

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl CatalogueStore for PostgresStores {
    async fn get(&self, tenant: &TenantId, code: &str) -> Result<Option<(Item, Revision)>, StoreError> {
        const STEP: &str = "items.get";
        let values = (tenant, storable(code));
        let row = self.inner.database.ask(STEP, Repeat::Safe, values, |connection, (tenant, code)| {
            Box::pin(async move {
                let row = sqlx::query(GET).bind(tenant.as_str()).bind(code.as_ref());
                Ok(row.fetch_optional(connection).await?)
            })
        });
        read_revised(row.await?.as_ref(), STEP)
    }

    async fn list(&self, tenant: &TenantId) -> Result<Vec<Item>, StoreError> {
        const STEP: &str = "items.list";
        let rows = self.inner.database.ask(STEP, Repeat::Safe, tenant, |connection, tenant| {
            Box::pin(async move { Ok(sqlx::query(LIST).bind(tenant.as_str()).fetch_all(connection).await?) })
        });
        read_all(&rows.await?, STEP)
    }

    async fn save(&self, item: &Item, read: Revision) -> Result<Saved, StoreError> {
        const STEP: &str = "items.save";
        let values = (&item.tenant, storable(&item.code), json(item, STEP)?, read);
        let save = self.inner.database.change_in(BEGIN_BY_KEY, STEP, values, |connection, values| {
            let (tenant, code, document, read) = values;
            Box::pin(async move {
                let row = sqlx::query(if *read == Revision::NEW { INSERT } else { UPDATE })
                    .bind(tenant.as_str())
                    .bind(code.as_ref())
                    .bind(document)
                    .bind(signed(read.as_u64()))
                    .fetch_one(connection);
                saved(&row.await?, *read)
            })
        });
        save.await
    }

    async fn delete(&self, tenant: &TenantId, code: &str, read: Revision) -> Result<Saved, StoreError> {
        const STEP: &str = "items.delete";
        let values = (tenant, storable(code), read);
        let delete = self.inner.database.change_in(BEGIN_BY_KEY, STEP, values, |connection, values| {
            let (tenant, code, read) = values;
            Box::pin(async move {
                let row = sqlx::query(DELETE)
                    .bind(tenant.as_str())
                    .bind(code.as_ref())
                    .bind(signed(read.as_u64()))
                    .fetch_one(connection);
                saved(&row.await?, *read)
            })
        });
        delete.await
    }
}
