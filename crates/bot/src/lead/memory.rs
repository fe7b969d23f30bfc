//! Leads in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use wartel_core::{StoreError, TenantId};
use wartel_messaging::inbox::ContactId;

use super::{Lead, LeadId, LeadQuery, LeadStore};
use crate::key::{Revision, Saved};

type Rows = BTreeMap<(TenantId, LeadId), (Lead, Revision)>;

/// Leads in memory; they end with the process.
#[derive(Debug, Default)]
pub struct MemoryLeadStore {
    leads: Mutex<Rows>,
}

impl MemoryLeadStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn leads(&self) -> MutexGuard<'_, Rows> {
        self.leads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
impl LeadStore for MemoryLeadStore {
    async fn open_of(
        &self,
        tenant: &TenantId,
        contact: ContactId,
    ) -> Result<Option<(Lead, Revision)>, StoreError> {
        let open = |(lead, _): &&(Lead, Revision)| {
            lead.tenant == *tenant && lead.contact == contact && !lead.stage.is_closed()
        };
        Ok(self.leads().values().find(open).cloned())
    }

    async fn get(&self, tenant: &TenantId, id: LeadId) -> Result<Option<(Lead, Revision)>, StoreError> {
        Ok(self.leads().get(&(tenant.clone(), id)).cloned())
    }

    async fn list(&self, tenant: &TenantId, query: &LeadQuery) -> Result<Vec<Lead>, StoreError> {
        let fits = |lead: &&Lead| {
            lead.tenant == *tenant
                && query.stage.is_none_or(|stage| lead.stage == stage)
                && (!query.open || !lead.stage.is_closed())
        };
        let mut found: Vec<Lead> =
            self.leads().values().map(|(lead, _)| lead).filter(fits).cloned().collect();
        found.sort_by_key(|lead| std::cmp::Reverse(lead.last_contact_at));
        found.truncate(query.limit);
        Ok(found)
    }

    async fn save(&self, lead: &Lead, read: Revision) -> Result<Saved, StoreError> {
        let mut leads = self.leads();
        let key = (lead.tenant.clone(), lead.id);
        let now = leads.get(&key).map_or(Revision::NEW, |(_, revision)| *revision);
        let taken = |(other, _): &(Lead, Revision)| {
            other.id != lead.id
                && other.tenant == lead.tenant
                && other.contact == lead.contact
                && !other.stage.is_closed()
        };
        if now != read || (!lead.stage.is_closed() && leads.values().any(taken)) {
            return Ok(Saved::Conflict);
        }
        leads.insert(key, (lead.clone(), now.next()));
        Ok(Saved::Saved(now.next()))
    }

    async fn forget(&self, tenant: &TenantId, contact: ContactId) -> Result<usize, StoreError> {
        let mut leads = self.leads();
        let before = leads.len();
        leads.retain(|_, (lead, _)| lead.tenant != *tenant || lead.contact != contact);
        Ok(before - leads.len())
    }
}
