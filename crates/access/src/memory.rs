//! The memory stores of keys and of the audit: for tests and examples.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wartel_core::{StoreError, TenantId, Timestamp};

use crate::api_key::ApiKeyId;
use crate::audit::{AuditEntry, AuditId, AuditLog};
use crate::record::ApiKeyRecord;
use crate::store::ApiKeyStore;

/// An [`AuditLog`] in memory. Clones share their content; what it holds is gone with the process.
#[derive(Debug, Clone, Default)]
pub struct MemoryAuditLog(Arc<Mutex<Vec<AuditEntry>>>);

impl MemoryAuditLog {
    fn append_now(&self, entry: &AuditEntry) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.iter().all(|known| known.id != entry.id) {
            entries.push(entry.clone());
        }
    }
}

#[async_trait::async_trait]
impl AuditLog for MemoryAuditLog {
    async fn append(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.append_now(entry);
        Ok(())
    }

    async fn list(
        &self,
        tenant: Option<TenantId>,
        before: Option<AuditId>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut newest: Vec<(usize, &AuditEntry)> = entries.iter().enumerate().collect();
        newest.sort_by_key(|(written, entry)| Reverse((entry.at, *written)));
        let behind = match before {
            None => 0,
            Some(id) => newest.iter().position(|(_, entry)| entry.id == id).map_or(newest.len(), |at| at + 1),
        };
        let wanted = newest.into_iter().skip(behind).map(|(_, entry)| entry);
        let wanted = wanted.filter(|entry| tenant.as_ref().is_none_or(|tenant| entry.tenant == *tenant));
        Ok(wanted.take(limit).cloned().collect())
    }
}

/// An [`ApiKeyStore`] in memory, writing its audit to a [`MemoryAuditLog`]. Clones share their content; what it holds
/// is gone with the process.
#[derive(Debug, Clone, Default)]
pub struct MemoryApiKeyStore {
    keys: Arc<Mutex<HashMap<ApiKeyId, ApiKeyRecord>>>,
    audit: MemoryAuditLog,
}

impl MemoryApiKeyStore {
    /// An empty store that writes its audit to `audit`.
    #[must_use]
    pub fn new(audit: MemoryAuditLog) -> Self {
        Self { keys: Arc::default(), audit }
    }

    fn with_keys<T>(&self, step: impl FnOnce(&mut HashMap<ApiKeyId, ApiKeyRecord>) -> T) -> T {
        step(&mut self.keys.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait::async_trait]
impl ApiKeyStore for MemoryApiKeyStore {
    async fn create(&self, record: &ApiKeyRecord, audit: &AuditEntry) -> Result<bool, StoreError> {
        Ok(self.with_keys(|keys| match keys.get(&record.id) {
            Some(known) => known.hash == record.hash,
            None => {
                // Both under one lock: nobody sees the key without its entry.
                self.audit.append_now(audit);
                keys.insert(record.id.clone(), record.clone());
                true
            }
        }))
    }

    async fn find(&self, id: &ApiKeyId) -> Result<Option<ApiKeyRecord>, StoreError> {
        Ok(self.with_keys(|keys| keys.get(id).cloned()))
    }

    async fn list(&self, tenant: Option<TenantId>, limit: usize) -> Result<Vec<ApiKeyRecord>, StoreError> {
        let mut records: Vec<ApiKeyRecord> = self.with_keys(|keys| {
            let wanted = |record: &&ApiKeyRecord| tenant.as_ref().is_none_or(|t| record.tenant == *t);
            keys.values().filter(wanted).cloned().collect()
        });
        records.sort_by_key(|record| Reverse((record.created_at, record.id.clone())));
        records.truncate(limit);
        Ok(records)
    }

    async fn revoke(
        &self,
        tenant: &TenantId,
        id: &ApiKeyId,
        now: Timestamp,
        audit: &AuditEntry,
    ) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.with_keys(|keys| {
            let record = keys.get_mut(id).filter(|record| record.tenant == *tenant)?;
            Some(*record.revoked_at.get_or_insert_with(|| {
                self.audit.append_now(audit);
                now
            }))
        }))
    }

    async fn mark_used(&self, id: &ApiKeyId, now: Timestamp, every: Duration) -> Result<(), StoreError> {
        self.with_keys(|keys| {
            if let Some(record) = keys.get_mut(id)
                && record.last_used_at.is_none_or(|last| last <= now - every)
            {
                record.last_used_at = Some(now);
            }
        });
        Ok(())
    }
}
