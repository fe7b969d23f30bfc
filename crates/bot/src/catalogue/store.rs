//! The port of the store of items.

use std::fmt;
use std::sync::Arc;

use wartel_core::{StoreError, TenantId};

use super::Item;
use crate::key::{Revision, Saved};

/// The store of items: one document each. Each verb is one atomic step, tenant first. Searching is the domain's work, on
/// what [`list`](Self::list) gives.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait::async_trait]
pub trait CatalogueStore: fmt::Debug + Send + Sync + 'static {
    /// Reads an item; `None` if the tenant has none with this code.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn get(&self, tenant: &TenantId, code: &str) -> Result<Option<(Item, Revision)>, StoreError>;

    /// All items of a tenant, by code.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn list(&self, tenant: &TenantId) -> Result<Vec<Item>, StoreError>;

    /// Writes an item that was read with this revision ([`Revision::NEW`]: that does not exist yet).
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn save(&self, item: &Item, read: Revision) -> Result<Saved, StoreError>;

    /// Deletes an item that was read with this revision. Answers [`Saved::Conflict`] if it was written since or is gone.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn delete(&self, tenant: &TenantId, code: &str, read: Revision) -> Result<Saved, StoreError>;
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: CatalogueStore + ?Sized> CatalogueStore for Arc<T> {
    async fn get(&self, tenant: &TenantId, code: &str) -> Result<Option<(Item, Revision)>, StoreError> {
        (**self).get(tenant, code).await
    }

    async fn list(&self, tenant: &TenantId) -> Result<Vec<Item>, StoreError> {
        (**self).list(tenant).await
    }

    async fn save(&self, item: &Item, read: Revision) -> Result<Saved, StoreError> {
        (**self).save(item, read).await
    }

    async fn delete(&self, tenant: &TenantId, code: &str, read: Revision) -> Result<Saved, StoreError> {
        (**self).delete(tenant, code, read).await
    }
}
