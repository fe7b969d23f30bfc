//! Shops: a document each.

use wartel_bot::tenant::{Tenant, TenantStore};
use wartel_bot::{Revision, Saved};
use wartel_core::{StoreError, TenantId};

use super::{read_revised, saved};
use crate::bot_rows::{json, signed};
use crate::postgres::PostgresStores;
use crate::postgres::database::{BEGIN_BY_KEY, Repeat};

const GET: &str = "SELECT document, revision FROM wartel_bot_tenants WHERE tenant = $1";
const INSERT: &str = "WITH written AS (
         INSERT INTO wartel_bot_tenants (tenant, document, revision) VALUES ($1, $2, $3 + 1)
         ON CONFLICT DO NOTHING RETURNING 1
     ) SELECT count(*), pg_current_xact_id()::text FROM written";
const UPDATE: &str = "WITH written AS (
         UPDATE wartel_bot_tenants SET document = $2, revision = revision + 1
         WHERE tenant = $1 AND revision = $3 RETURNING 1
     ) SELECT count(*), pg_current_xact_id()::text FROM written";

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl TenantStore for PostgresStores {
    async fn get(&self, tenant: &TenantId) -> Result<Option<(Tenant, Revision)>, StoreError> {
        const STEP: &str = "tenants.get";
        let row = self.inner.database.ask(STEP, Repeat::Safe, tenant, |connection, tenant| {
            Box::pin(
                async move { Ok(sqlx::query(GET).bind(tenant.as_str()).fetch_optional(connection).await?) },
            )
        });
        read_revised(row.await?.as_ref(), STEP)
    }

    async fn save(&self, tenant: &Tenant, read: Revision) -> Result<Saved, StoreError> {
        const STEP: &str = "tenants.save";
        let values = (tenant.id.clone(), json(tenant, STEP)?, read);
        let save = self.inner.database.change_in(BEGIN_BY_KEY, STEP, values, |connection, values| {
            let (tenant, document, read) = values;
            Box::pin(async move {
                let row = sqlx::query(if *read == Revision::NEW { INSERT } else { UPDATE })
                    .bind(tenant.as_str())
                    .bind(document)
                    .bind(signed(read.as_u64()))
                    .fetch_one(connection);
                saved(&row.await?, *read)
            })
        });
        save.await
    }
}
