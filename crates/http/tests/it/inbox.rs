//! An inbox that can be switched off, and one that never answers.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wartel_core::{AccountId, Jid, PhoneNumber, StoreError, StoreErrorKind, TenantId, Timestamp};
use wartel_messaging::inbox::{
    Contact, ContactId, Delivery, DeliveryId, Forgotten, Inbox, InboxEntryId, InboxKind, InboxOutcome,
    InboxState, LeasedInboxEntry, LogQuery, LoggedDelivery, MemoryInbox, Recorded, StoredDelivery,
};

use crate::store::Mode;

/// A memory inbox; recording stands behind a switch.
#[derive(Debug, Clone)]
pub struct SwitchInbox {
    pub inner: MemoryInbox,
    mode: Arc<Mutex<Mode>>,
}

impl SwitchInbox {
    pub fn new() -> Self {
        Self { inner: MemoryInbox::new(), mode: Arc::new(Mutex::new(Mode::Up)) }
    }

    pub fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }

    /// The log of the default tenant.
    pub async fn lines(&self) -> Vec<LoggedDelivery> {
        self.inner.log(&TenantId::default(), &LogQuery::new()).await.unwrap()
    }
}

#[async_trait::async_trait]
impl Inbox for SwitchInbox {
    async fn record(&self, delivery: Delivery, now: Timestamp) -> Result<Recorded, StoreError> {
        let mode = *self.mode.lock().unwrap();
        match mode {
            Mode::Up => self.inner.record(delivery, now).await,
            Mode::Down => Err(StoreError::new(StoreErrorKind::Unavailable, "inbox.record")),
            Mode::Hangs => pending().await,
            Mode::Panics => panic!("the inbox of a test panics"),
        }
    }

    async fn lease(
        &self,
        kinds: &[InboxKind],
        limit: usize,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<LeasedInboxEntry>, StoreError> {
        self.inner.lease(kinds, limit, lease, now).await
    }

    async fn settle(
        &self,
        id: InboxEntryId,
        fence: u64,
        outcome: &InboxOutcome,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.inner.settle(id, fence, outcome, now).await
    }

    async fn link(
        &self,
        tenant: &TenantId,
        lid: &Jid,
        phone: &PhoneNumber,
        now: Timestamp,
    ) -> Result<Option<ContactId>, StoreError> {
        self.inner.link(tenant, lid, phone, now).await
    }

    async fn contact(&self, tenant: &TenantId, id: ContactId) -> Result<Option<Contact>, StoreError> {
        self.inner.contact(tenant, id).await
    }

    async fn state(&self, id: InboxEntryId) -> Result<Option<InboxState>, StoreError> {
        self.inner.state(id).await
    }

    async fn waits(
        &self,
        consumer: &str,
        tenant: &TenantId,
        account: &AccountId,
        contact: ContactId,
    ) -> Result<bool, StoreError> {
        self.inner.waits(consumer, tenant, account, contact).await
    }

    async fn log(&self, tenant: &TenantId, query: &LogQuery) -> Result<Vec<LoggedDelivery>, StoreError> {
        self.inner.log(tenant, query).await
    }

    async fn replay(&self, tenant: &TenantId, id: DeliveryId) -> Result<Option<StoredDelivery>, StoreError> {
        self.inner.replay(tenant, id).await
    }

    async fn purge(&self, received_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.inner.purge(received_before, limit).await
    }

    async fn forget(&self, tenant: &TenantId, phone: &PhoneNumber) -> Result<Forgotten, StoreError> {
        self.inner.forget(tenant, phone).await
    }
}
