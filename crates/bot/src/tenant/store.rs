//! The port of the store of shops, and its memory store.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use wartel_core::{StoreError, TenantId};

use super::Tenant;
use crate::key::{Revision, Saved};

/// The store of shops: one document each. Each verb is one atomic step.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait::async_trait]
pub trait TenantStore: fmt::Debug + Send + Sync + 'static {
    /// Reads a shop; `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn get(&self, tenant: &TenantId) -> Result<Option<(Tenant, Revision)>, StoreError>;

    /// Writes a shop that was read with this revision ([`Revision::NEW`]: that does not exist yet).
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn save(&self, tenant: &Tenant, read: Revision) -> Result<Saved, StoreError>;
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: TenantStore + ?Sized> TenantStore for Arc<T> {
    async fn get(&self, tenant: &TenantId) -> Result<Option<(Tenant, Revision)>, StoreError> {
        (**self).get(tenant).await
    }

    async fn save(&self, tenant: &Tenant, read: Revision) -> Result<Saved, StoreError> {
        (**self).save(tenant, read).await
    }
}

/// Shops in memory; they end with the process.
#[derive(Debug, Default)]
pub struct MemoryTenantStore {
    shops: Mutex<BTreeMap<TenantId, (Tenant, Revision)>>,
}

impl MemoryTenantStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait::async_trait]
impl TenantStore for MemoryTenantStore {
    async fn get(&self, tenant: &TenantId) -> Result<Option<(Tenant, Revision)>, StoreError> {
        Ok(self.shops.lock().unwrap_or_else(PoisonError::into_inner).get(tenant).cloned())
    }

    async fn save(&self, tenant: &Tenant, read: Revision) -> Result<Saved, StoreError> {
        let mut shops = self.shops.lock().unwrap_or_else(PoisonError::into_inner);
        let now = shops.get(&tenant.id).map_or(Revision::NEW, |(_, revision)| *revision);
        if now != read {
            return Ok(Saved::Conflict);
        }
        shops.insert(tenant.id.clone(), (tenant.clone(), now.next()));
        Ok(Saved::Saved(now.next()))
    }
}
