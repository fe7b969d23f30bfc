//! Leads: a document each, and one open lead for each customer.

use rusqlite::{OptionalExtension as _, params};
use wartel_bot::lead::{Lead, LeadId, LeadQuery, LeadStage, LeadStore};
use wartel_bot::{Revision, Saved};
use wartel_core::{StoreError, TenantId};
use wartel_messaging::inbox::ContactId;

use super::{row_limit, saved};
use crate::bot_rows::{json, parsed, revised, signed};
use crate::sqlite::SqliteStores;
use crate::sqlite::error::At as _;
use crate::sqlite::statements::Db;

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl LeadStore for SqliteStores {
    async fn open_of(
        &self,
        tenant: &TenantId,
        contact: ContactId,
    ) -> Result<Option<(Lead, Revision)>, StoreError> {
        const OPEN: &str = "SELECT document, revision FROM wartel_bot_leads \
             WHERE tenant = ?1 AND contact = ?2 AND closed = 0";
        let tenant = tenant.clone();
        self.read("leads.open_of", move |db| find(db, OPEN, &tenant, &contact.to_string(), "leads.open_of"))
            .await
    }

    async fn get(&self, tenant: &TenantId, id: LeadId) -> Result<Option<(Lead, Revision)>, StoreError> {
        const GET: &str = "SELECT document, revision FROM wartel_bot_leads WHERE tenant = ?1 AND id = ?2";
        let tenant = tenant.clone();
        self.read("leads.get", move |db| find(db, GET, &tenant, &id.to_string(), "leads.get")).await
    }

    async fn list(&self, tenant: &TenantId, query: &LeadQuery) -> Result<Vec<Lead>, StoreError> {
        let (tenant, query) = (tenant.clone(), query.clone());
        self.read("leads.list", move |db| list(db, &tenant, &query)).await
    }

    async fn save(&self, lead: &Lead, read: Revision) -> Result<Saved, StoreError> {
        const STEP: &str = "leads.save";
        let (lead, document) = (lead.clone(), json(lead, STEP)?);
        self.write(STEP, move |db| save(db, &lead, &document, read)).await
    }

    async fn forget(&self, tenant: &TenantId, contact: ContactId) -> Result<usize, StoreError> {
        let tenant = tenant.clone();
        self.write("leads.forget", move |db| forget(db, &tenant, contact)).await
    }
}

fn find(
    db: &Db<'_>,
    select: &'static str,
    tenant: &TenantId,
    key: &str,
    step: &'static str,
) -> Result<Option<(Lead, Revision)>, StoreError> {
    let row = db
        .prepare_cached(select)
        .at(step)?
        .query_row([tenant.as_str(), key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
        .at(step)?;
    row.map(|row| revised(row, step)).transpose()
}

fn list(db: &Db<'_>, tenant: &TenantId, query: &LeadQuery) -> Result<Vec<Lead>, StoreError> {
    const STEP: &str = "leads.list";
    // One statement for each question, so that each has an index of its own.
    const OPEN: &str = "SELECT document FROM wartel_bot_leads \
         WHERE tenant = ?1 AND closed = 0 AND (?2 IS NULL OR stage = ?2) ORDER BY last_contact_at DESC LIMIT ?3";
    const STAGE: &str = "SELECT document FROM wartel_bot_leads \
         WHERE tenant = ?1 AND stage = ?2 ORDER BY last_contact_at DESC LIMIT ?3";
    const ALL: &str = "SELECT document FROM wartel_bot_leads \
         WHERE tenant = ?1 AND ?2 IS NULL ORDER BY last_contact_at DESC LIMIT ?3";
    let select = match (query.open, query.stage) {
        (true, _) => OPEN,
        (false, Some(_)) => STAGE,
        (false, None) => ALL,
    };
    let mut statement = db.prepare_cached(select).at(STEP)?;
    let stage = query.stage.map(LeadStage::as_str);
    let mut rows = statement.query(params![tenant.as_str(), stage, row_limit(query.limit)]).at(STEP)?;
    let mut leads = Vec::new();
    while let Some(row) = rows.next().at(STEP)? {
        leads.push(parsed(&row.get::<_, String>(0).at(STEP)?, STEP)?);
    }
    Ok(leads)
}

fn save(db: &Db<'_>, lead: &Lead, document: &str, read: Revision) -> Result<Saved, StoreError> {
    const STEP: &str = "leads.save";
    const INSERT: &str = "INSERT INTO wartel_bot_leads \
         (tenant, id, contact, document, stage, closed, last_contact_at, revision) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 + 1) ON CONFLICT DO NOTHING";
    // Left out as well if it would be the second one that is open.
    const UPDATE: &str = "UPDATE OR IGNORE wartel_bot_leads SET contact = ?3, document = ?4, stage = ?5, \
         closed = ?6, last_contact_at = ?7, revision = revision + 1 \
         WHERE tenant = ?1 AND id = ?2 AND revision = ?8";
    let statement = if read == Revision::NEW { INSERT } else { UPDATE };
    let written = db
        .prepare_cached(statement)
        .at(STEP)?
        .execute(params![
            lead.tenant.as_str(),
            lead.id.to_string(),
            lead.contact.to_string(),
            document,
            lead.stage.as_str(),
            lead.stage.is_closed(),
            lead.last_contact_at.as_micros(),
            signed(read.as_u64()),
        ])
        .at(STEP)?;
    Ok(saved(written, read))
}

fn forget(db: &Db<'_>, tenant: &TenantId, contact: ContactId) -> Result<usize, StoreError> {
    const STEP: &str = "leads.forget";
    db.prepare_cached("DELETE FROM wartel_bot_leads WHERE tenant = ?1 AND contact = ?2")
        .at(STEP)?
        .execute([tenant.as_str(), &contact.to_string()])
        .at(STEP)
}
