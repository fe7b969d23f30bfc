//! Reading and changing shops, whoever else does so at the same time.

use std::fmt;
use std::sync::Arc;

use wartel_core::{StoreError, TenantId, Timestamp};

use super::{Tenant, TenantProblem, TenantStore};
use crate::key::{Revision, Saved};

/// How often a change is tried before it is given up.
const TRIES: u32 = 16;

/// Reads and changes shops. A change is made on what is stored, and again if somebody else has changed that meanwhile.
#[derive(Clone)]
pub struct Shops {
    store: Arc<dyn TenantStore>,
}

/// Why a shop was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShopError {
    /// There is no such shop.
    #[error("there is no such shop")]
    NotFound,
    /// There is one already.
    #[error("there is a shop of this tenant already")]
    Exists,
    /// The change would make it wrong. Nothing was written.
    #[error(transparent)]
    Invalid(#[from] TenantProblem),
    /// Others kept changing it. Nothing was written; try again.
    #[error("the shop is being changed by others")]
    Busy,
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Shops {
    /// Works on the shops of a store.
    #[must_use]
    pub fn new(store: Arc<dyn TenantStore>) -> Self {
        Self { store }
    }

    /// Reads a shop; `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    pub async fn get(&self, tenant: &TenantId) -> Result<Option<(Tenant, Revision)>, StoreError> {
        self.store.get(tenant).await
    }

    /// Stores a shop that does not exist yet.
    ///
    /// # Errors
    /// [`ShopError::Exists`], [`ShopError::Invalid`] or [`ShopError::Store`].
    pub async fn create(&self, shop: &Tenant) -> Result<Revision, ShopError> {
        shop.check()?;
        match self.store.save(shop, Revision::NEW).await? {
            Saved::Saved(revision) => Ok(revision),
            Saved::Conflict => Err(ShopError::Exists),
        }
    }

    /// Switches the assistant on or off, notes when, and answers the shop as it is now.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub async fn switch(
        &self,
        tenant: &TenantId,
        enabled: bool,
        at: Timestamp,
    ) -> Result<(Tenant, Revision), ShopError> {
        self.update(tenant, |shop| shop.bot.switch(enabled, at)).await
    }

    /// Switches the assistant on or off without a note of when, and answers the shop as it is now.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub async fn set_enabled(
        &self,
        tenant: &TenantId,
        enabled: bool,
    ) -> Result<(Tenant, Revision), ShopError> {
        self.update(tenant, |shop| shop.bot.enabled = enabled).await
    }

    /// Changes a shop, and answers it as it is now. The change may run more than once, each time on what is stored then. Its
    /// id cannot be changed. A change that changes nothing writes nothing.
    ///
    /// # Errors
    /// [`ShopError`]; nothing was written then, except perhaps after [`ShopError::Store`].
    pub async fn update(
        &self,
        tenant: &TenantId,
        mut change: impl FnMut(&mut Tenant) + Send,
    ) -> Result<(Tenant, Revision), ShopError> {
        for _ in 0..TRIES {
            let (before, read) = self.store.get(tenant).await?.ok_or(ShopError::NotFound)?;
            let mut shop = before.clone();
            change(&mut shop);
            shop.id = before.id.clone();
            // When it was switched before says nothing of this time.
            if shop.bot.enabled != before.bot.enabled && shop.bot.switched_at == before.bot.switched_at {
                shop.bot.switched_at = None;
            }
            if shop == before {
                return Ok((shop, read));
            }
            shop.check()?;
            if let Saved::Saved(revision) = self.store.save(&shop, read).await? {
                return Ok((shop, revision));
            }
        }
        Err(ShopError::Busy)
    }
}

impl fmt::Debug for Shops {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shops").field("store", &self.store).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::MemoryTenantStore;

    async fn shops() -> (Shops, TenantId) {
        let shops = Shops::new(Arc::new(MemoryTenantStore::new()));
        let id = TenantId::default();
        shops.create(&Tenant::new(id.clone(), "Toko")).await.unwrap();
        (shops, id)
    }

    #[tokio::test]
    async fn hazard_17_the_flag_is_what_the_store_says() {
        let (shops, id) = shops().await;
        assert!(!shops.get(&id).await.unwrap().unwrap().0.bot.enabled);
        let (on, first) = shops.set_enabled(&id, true).await.unwrap();
        assert!(on.bot.enabled && shops.get(&id).await.unwrap().unwrap().0.bot.enabled);
        let (_, same) = shops.set_enabled(&id, true).await.unwrap();
        assert_eq!(first, same, "nothing to write");
        let (off, later) = shops.set_enabled(&id, false).await.unwrap();
        assert!(!off.bot.enabled && later > first);
        let noon = Timestamp::from_micros(1_767_225_600_000_000);
        let (on, _) = shops.switch(&id, true, noon).await.unwrap();
        assert_eq!(on.bot.switched_at, Some(noon));
        let (on, _) = shops.switch(&id, true, Timestamp::MAX).await.unwrap();
        assert_eq!(on.bot.switched_at, Some(noon), "it was on already");
        let (off, _) = shops.set_enabled(&id, false).await.unwrap();
        assert_eq!(off.bot.switched_at, None, "nobody knows when");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn racing_changes_are_all_kept() {
        let (shops, id) = shops().await;
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..8 {
            let (shops, id) = (shops.clone(), id.clone());
            tasks.spawn(async move {
                shops.update(&id, |it| it.policies.push(number.to_string())).await.map(|_| ())
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap().unwrap();
        }
        assert_eq!(shops.get(&id).await.unwrap().unwrap().0.policies.len(), 8);
    }

    #[tokio::test]
    async fn what_would_be_wrong_is_not_written() {
        let (shops, id) = shops().await;
        let wrong = shops.update(&id, |it| it.name.clear()).await;
        assert!(matches!(wrong, Err(ShopError::Invalid(problem)) if problem.field == "name"));
        assert_eq!(shops.get(&id).await.unwrap().unwrap().0.name, "Toko");
        let other = TenantId::parse("other").unwrap();
        let moved = shops.update(&id, |it| it.id = TenantId::parse("other").unwrap()).await.unwrap();
        assert_eq!(moved.0.id, id);
        assert!(shops.get(&other).await.unwrap().is_none());
        assert!(matches!(shops.set_enabled(&other, true).await, Err(ShopError::NotFound)));
        assert!(matches!(shops.create(&Tenant::new(id, "Lagi")).await, Err(ShopError::Exists)));
    }
}
