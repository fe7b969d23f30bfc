//! How devices stand, in memory: for tests, and for programs that may forget it when they end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wartel_core::{PhoneNumber, StoreError, TenantId, Timestamp};

use super::store::{DeviceKey, PairingStore};
use super::{PairingDocs, PairingOutcome, PairingRecord, PairingStep, Tries, apply};

/// How devices stand, in memory. Clones share it.
///
/// A program that ends forgets the failed tries as well, and with them how long a number has to be left alone.
#[derive(Debug, Clone, Default)]
pub struct MemoryPairingStore {
    documents: Arc<Mutex<Documents>>,
}

#[derive(Debug, Default)]
struct Documents {
    devices: HashMap<DeviceKey, PairingRecord>,
    phones: HashMap<(TenantId, PhoneNumber), Tries>,
}

impl MemoryPairingStore {
    /// A store that knows no device.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn documents(&self) -> MutexGuard<'_, Documents> {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl PairingStore for MemoryPairingStore {
    async fn step(
        &self,
        device: &DeviceKey,
        step: &PairingStep,
        now: Timestamp,
    ) -> Result<(PairingOutcome, PairingDocs), StoreError> {
        let mut documents = self.documents();
        let record = documents.devices.get(device).cloned().unwrap_or_default();
        let phone = step.phone(&record).map(|phone| (device.tenant.clone(), phone));
        let tries = phone.as_ref().map(|key| documents.phones.get(key).cloned().unwrap_or_default());
        let mut docs = PairingDocs { device: record, phone: tries };
        let outcome = apply(&mut docs, step, now);
        documents.devices.insert(device.clone(), docs.device.clone());
        if let (Some(key), Some(tries)) = (phone, &docs.phone) {
            documents.phones.insert(key, tries.clone());
        }
        Ok((outcome, docs))
    }

    async fn load(&self, device: &DeviceKey) -> Result<PairingDocs, StoreError> {
        let documents = self.documents();
        let record = documents.devices.get(device).cloned().unwrap_or_default();
        let phone = record.tried_phone().map(|phone| {
            documents.phones.get(&(device.tenant.clone(), phone.clone())).cloned().unwrap_or_default()
        });
        Ok(PairingDocs { device: record, phone })
    }

    async fn forget(&self, device: &DeviceKey) -> Result<(), StoreError> {
        self.documents().devices.remove(device);
        Ok(())
    }

    async fn tries(&self, tenant: &TenantId, phone: &PhoneNumber) -> Result<Tries, StoreError> {
        let key = (tenant.clone(), phone.clone());
        Ok(self.documents().phones.get(&key).cloned().unwrap_or_default())
    }
}
