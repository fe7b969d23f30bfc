//! The inbox: what came in, recorded once, and who wrote it.
//!
//! Deliveries that wait together share a transaction. It locks their tenants, in order, reads the contacts that they
//! name, decides what becomes of them, and writes everything with a few statements. The lock is held for some
//! milliseconds; it keeps two instances from making, or merging, one contact at the same time. Outcomes of entries that
//! wait together share a transaction of their own, so that dispatchers do not compete with deliveries for commits.
//!
//! A delivery is on the disk before it is acknowledged. Leases and outcomes are written behind: a server that loses its
//! power may forget those of its last moments, and consumers get these entries again, as they do when a dispatcher dies.

mod contacts;
mod forget;
mod lease;
mod log;
mod queue;
mod settle;
mod write;

use std::sync::Arc;
use std::time::Duration;

use sqlx::Row as _;
use wartel_core::{AccountId, Jid, PhoneNumber, StoreError, StoreErrorKind, TenantId, Timestamp};
use wartel_messaging::ContactAddress;
use wartel_messaging::inbox::{
    Contact, ContactId, Delivery, DeliveryId, Forgotten, Inbox, InboxEntryId, InboxKind, InboxOutcome,
    InboxState, LeasedInboxEntry, LogQuery, LoggedDelivery, Recorded, StoredDelivery,
};

use super::PostgresStores;
use super::database::{BEGIN_BY_KEY, Database, Repeat};
use super::error::{At as _, unreadable};

use queue::Queue;
use settle::Settlement;
use write::Came;

/// What waits to be written. Outcomes have a queue of their own: they need not wait for the locks of deliveries.
pub(super) struct Queues {
    deliveries: Queue<Came>,
    outcomes: Queue<Settlement>,
}

impl Queues {
    pub(super) fn new(database: &Arc<Database>) -> Self {
        Self { deliveries: Queue::new(database), outcomes: Queue::new(database) }
    }

    /// Refuses new changes and waits until the others have their answers.
    pub(super) async fn close(&self) {
        self.deliveries.close().await;
        self.outcomes.close().await;
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl Inbox for PostgresStores {
    async fn record(&self, delivery: Delivery, now: Timestamp) -> Result<Recorded, StoreError> {
        self.inner.inbox.deliveries.ask((Arc::new(delivery), now)).await
    }

    async fn lease(
        &self,
        kinds: &[InboxKind],
        limit: usize,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<LeasedInboxEntry>, StoreError> {
        lease::lease(&self.inner.database, kinds, limit, lease, now).await
    }

    async fn settle(
        &self,
        id: InboxEntryId,
        fence: u64,
        outcome: &InboxOutcome,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.inner.inbox.outcomes.ask(Settlement::of(id, fence, outcome, now)?).await
    }

    async fn link(
        &self,
        tenant: &TenantId,
        lid: &Jid,
        phone: &PhoneNumber,
        now: Timestamp,
    ) -> Result<Option<ContactId>, StoreError> {
        let values = (tenant.clone(), ContactAddress::linked(phone, lid), now);
        self.inner
            .database
            .change_in(BEGIN_BY_KEY, "inbox.link", values, |connection, (tenant, address, now)| {
                Box::pin(write::link(connection, tenant, address, *now))
            })
            .await
    }

    async fn contact(&self, tenant: &TenantId, id: ContactId) -> Result<Option<Contact>, StoreError> {
        const STEP: &str = "inbox.contact";
        let values = (tenant.clone(), id);
        let found = self.inner.database.ask(STEP, Repeat::Safe, values, |connection, (tenant, id)| {
            Box::pin(contacts::by_id(connection, tenant, *id))
        });
        found.await
    }

    async fn state(&self, id: InboxEntryId) -> Result<Option<InboxState>, StoreError> {
        const STEP: &str = "inbox.state";
        let row = self.inner.database.ask(STEP, Repeat::Safe, id, |connection, id| {
            Box::pin(async move {
                let row = sqlx::query("SELECT state FROM wartel_messaging_inbox WHERE id = $1")
                    .bind(id.to_string())
                    .fetch_optional(connection);
                Ok(row.await?)
            })
        });
        let Some(row) = row.await? else { return Ok(None) };
        let state = InboxState::from_stored(row.try_get(0).at(STEP)?);
        state.ok_or_else(|| unreadable(STEP, "state")).map(Some)
    }

    async fn waits(
        &self,
        consumer: &str,
        tenant: &TenantId,
        account: &AccountId,
        contact: ContactId,
    ) -> Result<bool, StoreError> {
        lease::waits(&self.inner.database, consumer, tenant, account, contact).await
    }

    async fn log(&self, tenant: &TenantId, query: &LogQuery) -> Result<Vec<LoggedDelivery>, StoreError> {
        log::log(&self.inner.database, tenant, query).await
    }

    async fn replay(&self, tenant: &TenantId, id: DeliveryId) -> Result<Option<StoredDelivery>, StoreError> {
        log::replay(&self.inner.database, tenant, id).await
    }

    async fn purge(&self, received_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        log::purge(&self.inner.database, received_before, limit).await
    }

    async fn forget(&self, tenant: &TenantId, phone: &PhoneNumber) -> Result<Forgotten, StoreError> {
        forget::forget(&self.inner.database, tenant, phone).await
    }
}

/// An outcome that is newer than this store: better an error than a wrong state.
fn newer(step: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Unexpected, step)
}
