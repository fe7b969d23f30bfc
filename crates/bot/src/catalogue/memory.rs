//! Items in memory: for tests and for trying things out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wartel_core::{StoreError, TenantId};

use super::{CatalogueStore, Item};
use crate::key::{Revision, Saved};

type Rows = BTreeMap<(TenantId, String), (Item, Revision)>;

/// Items in memory; they end with the process. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryCatalogueStore(Arc<Mutex<Rows>>);

impl MemoryCatalogueStore {
    /// A store without items.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A store with these items; the last of the same tenant and code stays.
    #[must_use]
    pub fn with_items(items: impl IntoIterator<Item = Item>) -> Self {
        let row = |item: Item| ((item.tenant.clone(), item.code.clone()), (item, Revision::NEW.next()));
        Self(Arc::new(Mutex::new(items.into_iter().map(row).collect())))
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl CatalogueStore for MemoryCatalogueStore {
    async fn get(&self, tenant: &TenantId, code: &str) -> Result<Option<(Item, Revision)>, StoreError> {
        Ok(self.rows().get(&(tenant.clone(), code.to_owned())).cloned())
    }

    async fn list(&self, tenant: &TenantId) -> Result<Vec<Item>, StoreError> {
        let rows = self.rows();
        Ok(rows.values().filter(|(item, _)| item.tenant == *tenant).map(|(item, _)| item.clone()).collect())
    }

    async fn save(&self, item: &Item, read: Revision) -> Result<Saved, StoreError> {
        let key = (item.tenant.clone(), item.code.clone());
        let mut rows = self.rows();
        let now = rows.get(&key).map_or(Revision::NEW, |(_, revision)| *revision);
        if now != read {
            return Ok(Saved::Conflict);
        }
        rows.insert(key, (item.clone(), now.next()));
        Ok(Saved::Saved(now.next()))
    }

    async fn delete(&self, tenant: &TenantId, code: &str, read: Revision) -> Result<Saved, StoreError> {
        let key = (tenant.clone(), code.to_owned());
        let mut rows = self.rows();
        match rows.get(&key) {
            Some((_, revision)) if *revision == read => {
                rows.remove(&key);
                Ok(Saved::Saved(read.next()))
            }
            _ => Ok(Saved::Conflict),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_has_read_an_older_item_writes_nothing() {
        let store = MemoryCatalogueStore::new();
        let tenant = TenantId::default();
        let other = TenantId::parse("other").unwrap();
        let item = Item::new(tenant.clone(), "AV-1", "Avanza");
        let Saved::Saved(first) = store.save(&item, Revision::NEW).await.unwrap() else { panic!() };
        assert_eq!(store.save(&item, Revision::NEW).await.unwrap(), Saved::Conflict);
        let Saved::Saved(second) = store.save(&item.clone().with_price(1), first).await.unwrap() else {
            panic!()
        };
        assert_eq!(store.save(&item, first).await.unwrap(), Saved::Conflict);
        assert_eq!(store.get(&tenant, "AV-1").await.unwrap().unwrap().0.price, Some(1));
        assert_eq!(store.get(&other, "AV-1").await.unwrap(), None);
        assert_eq!(store.list(&other).await.unwrap(), vec![]);
        assert_eq!(store.delete(&other, "AV-1", second).await.unwrap(), Saved::Conflict);
        assert_eq!(store.delete(&tenant, "AV-1", first).await.unwrap(), Saved::Conflict);
        assert!(store.delete(&tenant, "AV-1", second).await.unwrap().is_saved());
        assert_eq!(store.list(&tenant).await.unwrap(), vec![]);
    }
}
