//! The memory store of registrations: for tests and examples.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use wartel_core::{PhoneNumber, StoreError, TenantId};
use wartel_messaging::outbox::{MemoryOutbox, OutboxEntry};

use crate::registration::{Registration, RegistrationId};
use crate::store::{Creation, RegistrationStore};

/// A [`RegistrationStore`] in memory, writing its confirmations to a [`MemoryOutbox`]. Clones share their
/// content; what it holds is gone with the process.
#[derive(Debug, Clone, Default)]
pub struct MemoryRegistrationStore {
    by_phone: Arc<Mutex<HashMap<(TenantId, PhoneNumber), Registration>>>,
    outbox: MemoryOutbox,
}

impl MemoryRegistrationStore {
    /// An empty store that writes its confirmations to `outbox`.
    #[must_use]
    pub fn new(outbox: MemoryOutbox) -> Self {
        Self { by_phone: Arc::default(), outbox }
    }

    /// How many registrations it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_phone.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn find(&self, wanted: impl Fn(&Registration) -> bool) -> Option<Registration> {
        self.by_phone.lock().unwrap_or_else(PoisonError::into_inner).values().find(|r| wanted(r)).cloned()
    }
}

#[async_trait::async_trait]
impl RegistrationStore for MemoryRegistrationStore {
    async fn create(
        &self,
        registration: &Registration,
        confirmation: &OutboxEntry,
    ) -> Result<Creation, StoreError> {
        let mut by_phone = self.by_phone.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (registration.tenant.clone(), registration.phone.clone());
        if by_phone.contains_key(&key) || by_phone.values().any(|known| known.id == registration.id) {
            return Ok(Creation::AlreadyRegistered);
        }
        // Both under one lock: nobody sees the registration without its confirmation.
        self.outbox.enqueue_now(confirmation, registration.created_at);
        by_phone.insert(key, registration.clone());
        Ok(Creation::Created)
    }

    async fn get(&self, tenant: &TenantId, id: RegistrationId) -> Result<Option<Registration>, StoreError> {
        Ok(self.find(|registration| registration.tenant == *tenant && registration.id == id))
    }

    async fn find_by_phone(
        &self,
        tenant: &TenantId,
        phone: &PhoneNumber,
    ) -> Result<Option<Registration>, StoreError> {
        Ok(self.find(|registration| registration.tenant == *tenant && registration.phone == *phone))
    }

    async fn forget(&self, tenant: &TenantId, phone: &PhoneNumber) -> Result<bool, StoreError> {
        let mut by_phone = self.by_phone.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(by_phone.remove(&(tenant.clone(), phone.clone())).is_some())
    }
}
