//! Leads: a document each, and one open lead for each customer.

use std::error::Error as _;

use wartel_bot::lead::{Lead, LeadId, LeadQuery, LeadStage, LeadStore};
use wartel_bot::{Revision, Saved};
use wartel_core::{StoreError, TenantId};
use wartel_messaging::inbox::ContactId;

use super::{counted, read_all, read_revised, saved};
use crate::bot_rows::{json, signed};
use crate::postgres::database::{BEGIN_BY_KEY, Repeat};
use crate::postgres::error::PostgresFailure;
use crate::postgres::{PostgresStores, row_limit};

const OPEN_OF: &str = "SELECT document, revision FROM wartel_bot_leads
     WHERE tenant = $1 AND contact = $2 AND NOT closed";
const GET: &str = "SELECT document, revision FROM wartel_bot_leads WHERE tenant = $1 AND id = $2";

// One statement for each question, so that each has an index of its own.
const LIST_OPEN: &str = "SELECT document FROM wartel_bot_leads
     WHERE tenant = $1 AND NOT closed AND ($2::text IS NULL OR stage = $2) ORDER BY last_contact_at DESC LIMIT $3";
const LIST_STAGE: &str = "SELECT document FROM wartel_bot_leads
     WHERE tenant = $1 AND stage = $2 ORDER BY last_contact_at DESC LIMIT $3";
const LIST_ALL: &str = "SELECT document FROM wartel_bot_leads
     WHERE tenant = $1 AND $2::text IS NULL ORDER BY last_contact_at DESC LIMIT $3";

const INSERT: &str = "WITH written AS (
         INSERT INTO wartel_bot_leads (tenant, id, contact, document, stage, closed, last_contact_at, revision)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8 + 1) ON CONFLICT DO NOTHING RETURNING 1
     ) SELECT count(*), pg_current_xact_id()::text FROM written";
const UPDATE: &str = "WITH written AS (
         UPDATE wartel_bot_leads SET contact = $3, document = $4, stage = $5, closed = $6, last_contact_at = $7,
             revision = revision + 1
         WHERE tenant = $1 AND id = $2 AND revision = $8 RETURNING 1
     ) SELECT count(*), pg_current_xact_id()::text FROM written";
const FORGET: &str = "WITH gone AS (
         DELETE FROM wartel_bot_leads WHERE tenant = $1 AND contact = $2 RETURNING 1
     ) SELECT count(*), pg_current_xact_id()::text FROM gone";

/// The server's code for a value that must be there once. Source:
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>, 2026-11-20.
const UNIQUE_VIOLATION: &str = "23505";

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl LeadStore for PostgresStores {
    async fn open_of(
        &self,
        tenant: &TenantId,
        contact: ContactId,
    ) -> Result<Option<(Lead, Revision)>, StoreError> {
        const STEP: &str = "leads.open_of";
        let values = (tenant, contact);
        let row = self.inner.database.ask(STEP, Repeat::Safe, values, |connection, (tenant, contact)| {
            Box::pin(async move {
                let row = sqlx::query(OPEN_OF).bind(tenant.as_str()).bind(contact.to_string());
                Ok(row.fetch_optional(connection).await?)
            })
        });
        read_revised(row.await?.as_ref(), STEP)
    }

    async fn get(&self, tenant: &TenantId, id: LeadId) -> Result<Option<(Lead, Revision)>, StoreError> {
        const STEP: &str = "leads.get";
        let row = self.inner.database.ask(STEP, Repeat::Safe, (tenant, id), |connection, (tenant, id)| {
            Box::pin(async move {
                let row = sqlx::query(GET).bind(tenant.as_str()).bind(id.to_string());
                Ok(row.fetch_optional(connection).await?)
            })
        });
        read_revised(row.await?.as_ref(), STEP)
    }

    async fn list(&self, tenant: &TenantId, query: &LeadQuery) -> Result<Vec<Lead>, StoreError> {
        const STEP: &str = "leads.list";
        let select = match (query.open, query.stage) {
            (true, _) => LIST_OPEN,
            (false, Some(_)) => LIST_STAGE,
            (false, None) => LIST_ALL,
        };
        let values = (select, tenant, query.stage.map(LeadStage::as_str), row_limit(query.limit));
        let rows = self.inner.database.ask(STEP, Repeat::Safe, values, |connection, values| {
            let (select, tenant, stage, limit) = *values;
            Box::pin(async move {
                let rows = sqlx::query(select).bind(tenant.as_str()).bind(stage).bind(limit);
                Ok(rows.fetch_all(connection).await?)
            })
        });
        read_all(&rows.await?, STEP)
    }

    async fn save(&self, lead: &Lead, read: Revision) -> Result<Saved, StoreError> {
        const STEP: &str = "leads.save";
        let values = (lead, json(lead, STEP)?, read);
        let save = self.inner.database.change_in(BEGIN_BY_KEY, STEP, values, |connection, values| {
            let (lead, document, read) = values;
            Box::pin(async move {
                let row = sqlx::query(if *read == Revision::NEW { INSERT } else { UPDATE })
                    .bind(lead.tenant.as_str())
                    .bind(lead.id.to_string())
                    .bind(lead.contact.to_string())
                    .bind(document)
                    .bind(lead.stage.as_str())
                    .bind(lead.stage.is_closed())
                    .bind(lead.last_contact_at.as_micros())
                    .bind(signed(read.as_u64()))
                    .fetch_one(connection);
                saved(&row.await?, *read)
            })
        });
        match save.await {
            // A lead was to be opened again, and the customer has another one that is open.
            Err(error) if is_taken(&error) => Ok(Saved::Conflict),
            saved => saved,
        }
    }

    async fn forget(&self, tenant: &TenantId, contact: ContactId) -> Result<usize, StoreError> {
        let values = (tenant, contact);
        let forget = self.inner.database.change_in(
            BEGIN_BY_KEY,
            "leads.forget",
            values,
            |connection, (tenant, contact)| {
                Box::pin(async move {
                    let row = sqlx::query(FORGET).bind(tenant.as_str()).bind(contact.to_string());
                    counted(&row.fetch_one(connection).await?)
                })
            },
        );
        forget.await
    }
}

fn is_taken(error: &StoreError) -> bool {
    let failure = error.source().and_then(|source| source.downcast_ref::<PostgresFailure>());
    failure.and_then(PostgresFailure::code) == Some(UNIQUE_VIOLATION)
}
