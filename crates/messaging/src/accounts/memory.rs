//! Accounts in memory: for tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wartel_core::{AccountId, StoreError, TenantId, Timestamp};

use super::{AccountStore, SealedSettings, StoredAccount, TokenHash};
use crate::pairing::PairingState;

type Rows = BTreeMap<(TenantId, AccountId), StoredAccount>;

/// Accounts in memory. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryAccountStore(Arc<Mutex<Rows>>);

impl MemoryAccountStore {
    /// A store without accounts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl AccountStore for MemoryAccountStore {
    async fn create(&self, account: &StoredAccount) -> Result<bool, StoreError> {
        let mut rows = self.rows();
        let key = (account.tenant.clone(), account.id.clone());
        if let Some(known) = rows.get(&key) {
            return Ok(known.token_hash.matches(&account.token_hash) && known.settings == account.settings);
        }
        if rows.values().any(|row| row.token_hash.matches(&account.token_hash)) {
            return Ok(false);
        }
        rows.insert(key, account.clone());
        Ok(true)
    }

    async fn get(&self, tenant: &TenantId, id: &AccountId) -> Result<Option<StoredAccount>, StoreError> {
        Ok(self.rows().get(&(tenant.clone(), id.clone())).cloned())
    }

    async fn list(
        &self,
        tenant: Option<TenantId>,
        after: Option<(TenantId, AccountId)>,
        limit: usize,
    ) -> Result<Vec<StoredAccount>, StoreError> {
        let rows = self.rows();
        let wanted = rows.iter().filter(|(key, row)| {
            tenant.as_ref().is_none_or(|tenant| *tenant == row.tenant)
                && after.as_ref().is_none_or(|after| *key > after)
        });
        Ok(wanted.map(|(_, row)| row.clone()).take(limit).collect())
    }

    async fn by_token(&self, token: &TokenHash) -> Result<Option<StoredAccount>, StoreError> {
        Ok(self.rows().values().find(|row| row.token_hash.matches(token)).cloned())
    }

    async fn remove(&self, tenant: &TenantId, id: &AccountId) -> Result<bool, StoreError> {
        Ok(self.rows().remove(&(tenant.clone(), id.clone())).is_some())
    }

    async fn replace_settings(
        &self,
        tenant: &TenantId,
        id: &AccountId,
        before: &SealedSettings,
        after: &SealedSettings,
    ) -> Result<bool, StoreError> {
        let mut rows = self.rows();
        let row = rows.get_mut(&(tenant.clone(), id.clone()));
        let Some(row) = row.filter(|row| row.settings == *before || row.settings == *after) else {
            return Ok(false);
        };
        row.settings = after.clone();
        Ok(true)
    }

    async fn set_device(
        &self,
        tenant: &TenantId,
        id: &AccountId,
        state: PairingState,
        since: Timestamp,
    ) -> Result<(), StoreError> {
        if let Some(row) = self.rows().get_mut(&(tenant.clone(), id.clone()))
            && row.device.is_none_or(|(_, noted)| noted <= since)
        {
            row.device = Some((state, since));
        }
        Ok(())
    }
}
