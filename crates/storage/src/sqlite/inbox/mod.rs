//! The inbox: what came in, recorded once, and who wrote it.

mod contacts;
mod forget;
mod lease;
mod log;
mod record;

use std::time::Duration;

use wartel_core::{AccountId, Jid, PhoneNumber, StoreError, TenantId, Timestamp};
use wartel_messaging::inbox::{
    Contact, ContactId, Delivery, DeliveryId, Forgotten, Inbox, InboxEntryId, InboxKind, InboxOutcome,
    InboxState, LeasedInboxEntry, LogQuery, LoggedDelivery, Recorded, StoredDelivery,
};

use super::SqliteStores;

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl Inbox for SqliteStores {
    async fn record(&self, delivery: Delivery, now: Timestamp) -> Result<Recorded, StoreError> {
        self.write("inbox.record", move |db| record::record(db, &delivery, now)).await
    }

    async fn lease(
        &self,
        kinds: &[InboxKind],
        limit: usize,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<LeasedInboxEntry>, StoreError> {
        let kinds = kinds.to_vec();
        self.write("inbox.lease", move |db| lease::lease(db, &kinds, limit, lease, now)).await
    }

    async fn settle(
        &self,
        id: InboxEntryId,
        fence: u64,
        outcome: &InboxOutcome,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let outcome = outcome.clone();
        self.write("inbox.settle", move |db| lease::settle(db, id, fence, &outcome, now)).await
    }

    async fn link(
        &self,
        tenant: &TenantId,
        lid: &Jid,
        phone: &PhoneNumber,
        now: Timestamp,
    ) -> Result<Option<ContactId>, StoreError> {
        let (tenant, lid, phone) = (tenant.clone(), lid.clone(), phone.clone());
        self.write("inbox.link", move |db| contacts::link(db, &tenant, &lid, &phone, now)).await
    }

    async fn contact(&self, tenant: &TenantId, id: ContactId) -> Result<Option<Contact>, StoreError> {
        let tenant = tenant.clone();
        self.read("inbox.contact", move |db| contacts::by_id(db, &tenant, id)).await
    }

    async fn state(&self, id: InboxEntryId) -> Result<Option<InboxState>, StoreError> {
        self.read("inbox.state", move |db| lease::state(db, id)).await
    }

    async fn waits(
        &self,
        consumer: &str,
        tenant: &TenantId,
        account: &AccountId,
        contact: ContactId,
    ) -> Result<bool, StoreError> {
        let (consumer, tenant, account) = (consumer.to_owned(), tenant.clone(), account.clone());
        self.read("inbox.waits", move |db| lease::waits(db, &consumer, &tenant, &account, contact)).await
    }

    async fn log(&self, tenant: &TenantId, query: &LogQuery) -> Result<Vec<LoggedDelivery>, StoreError> {
        let (tenant, query) = (tenant.clone(), query.clone());
        self.read("inbox.log", move |db| log::log(db, &tenant, &query)).await
    }

    async fn replay(&self, tenant: &TenantId, id: DeliveryId) -> Result<Option<StoredDelivery>, StoreError> {
        let tenant = tenant.clone();
        self.read("inbox.replay", move |db| log::replay(db, &tenant, id)).await
    }

    async fn purge(&self, received_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.write("inbox.purge", move |db| log::purge(db, received_before, limit)).await
    }

    async fn forget(&self, tenant: &TenantId, phone: &PhoneNumber) -> Result<Forgotten, StoreError> {
        self.forget_person(tenant, phone).await
    }
}
