//! What comes in: recorded once, answered with 200, and handed to consumers from the database, so that nothing is lost
//! by a crash after the 200.
//!
//! [`Inbox`] is the store port, [`MemoryInbox`] its memory store, [`InboxDispatcher`] the worker that hands entries to
//! [`InboundConsumer`]s. A [`Delivery`] is one webhook request; its events become [`InboxEntry`]s; whoever wrote is a
//! [`Contact`], known by number and LID.

mod consumer;
mod contact;
mod delivery;
mod dispatcher;
mod entry;
mod forget;
mod memory;
mod replay;
mod stored;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use wartel_core::{AccountId, Jid, PhoneNumber, StoreError, TenantId, Timestamp};

pub use consumer::{ConsumerError, InboundConsumer, LidLookups, LogConsumer};
pub use contact::{Contact, ContactId, Sighting};
pub use delivery::{
    Delivery, DeliveryId, LogQuery, LoggedDelivery, MAX_DELIVERY_BODY, MAX_LOG_PAGE, NewEntry, Recorded,
    StoredDelivery,
};
pub use dispatcher::{Handed, InboxDispatcher, InboxIntake, InboxWaker};
pub use entry::{
    InboxEntry, InboxEntryId, InboxEvent, InboxKind, InboxOutcome, InboxState, LeasedInboxEntry, UnknownKind,
};
pub use forget::{Forgotten, Mentions};
pub use memory::MemoryInbox;
pub use replay::{ReplayError, Replayed};

/// How long a lease lasts: longer than all consumers together may take (25 s).
pub const LEASE: Duration = Duration::from_secs(30);

/// How often an entry is handed out at the most when its lease lapsed each time, because whoever held it died.
pub const MAX_LAPSES: u32 = 5;

/// The store of what came in. Each verb is one atomic step; time is handed in.
///
/// # Behavior
/// - An entry is due when it is queued and its time has come, or when its lease has lapsed. A lapsed lease means that
///   consumers may have had it: they get it again, until it was handed out [`MAX_LAPSES`] times without an outcome; then
///   it is [`InboxState::Dead`].
/// - Entries of one contact and account are handed out one after the other, in the order in which they were recorded:
///   none before the one ahead of it is settled. So are news of one device. Receipts have no order.
/// - Contacts belong to the tenant, across its accounts.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait::async_trait]
pub trait Inbox: fmt::Debug + Send + Sync + 'static {
    /// Records a delivery: its line in the log, and each of its entries that is not known yet, due at once.
    ///
    /// # Behavior
    /// - An entry is known by (tenant, account, contact, key). Recorded by many at once, it is recorded once.
    /// - The contact of a message is looked up by number and LID, made, or merged, as [`Sighting`] says. When two contacts
    ///   become one and both have an entry with the same key, one stays: rather the one that was handed out.
    /// - A delivery that is in the log already keeps its place there.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer: do not acknowledge the webhook then.
    async fn record(&self, delivery: Delivery, now: Timestamp) -> Result<Recorded, StoreError>;

    /// Leases at most `limit` due entries of these kinds for `lease`, the longest waiting first. The order of a contact
    /// is kept among these kinds: what nobody asks for holds up nothing.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn lease(
        &self,
        kinds: &[InboxKind],
        limit: usize,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<LeasedInboxEntry>, StoreError>;

    /// Records what came of handing out a leased entry. Answers `false`, and changes nothing, if `fence` is not the
    /// newest one, or the entry is settled or gone.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn settle(
        &self,
        id: InboxEntryId,
        fence: u64,
        outcome: &InboxOutcome,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Takes note that a LID and a number are one person, as the provider says. Changes or merges contacts as
    /// [`record`](Self::record) does, and answers whose they are now; `None`, and nothing is noted, if the tenant knows
    /// neither of them.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn link(
        &self,
        tenant: &TenantId,
        lid: &Jid,
        phone: &PhoneNumber,
        now: Timestamp,
    ) -> Result<Option<ContactId>, StoreError>;

    /// A contact, by its own id or by that of one that was merged into it; `None` if the tenant has none.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn contact(&self, tenant: &TenantId, id: ContactId) -> Result<Option<Contact>, StoreError>;

    /// Where an entry stands; `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn state(&self, id: InboxEntryId) -> Result<Option<InboxState>, StoreError>;

    /// Whether something that a contact wrote to an account, or that our own side wrote to them through it (an
    /// [`InboxKind::Message`] or [`InboxKind::Echo`]), is recorded, not settled, and not noted as taken by this
    /// consumer. The contact is known by its own id or by that of one that was merged into it.
    ///
    /// # Behavior
    /// - An entry that a consumer has now counts as not taken: who took it is noted with the outcome.
    /// - What a consumer of this name never gets counts as well.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn waits(
        &self,
        consumer: &str,
        tenant: &TenantId,
        account: &AccountId,
        contact: ContactId,
    ) -> Result<bool, StoreError>;

    /// The log of deliveries, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn log(&self, tenant: &TenantId, query: &LogQuery) -> Result<Vec<LoggedDelivery>, StoreError>;

    /// Gives a delivery of the log back, to be decoded and recorded again ([`Delivery::of_log`]); `None` if the tenant
    /// has none.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn replay(&self, tenant: &TenantId, id: DeliveryId) -> Result<Option<StoredDelivery>, StoreError>;

    /// Deletes deliveries and entries that came before `received_before`, also those that nobody has taken: at most
    /// `limit` of each. Answers how many went. Contacts stay.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn purge(&self, received_before: Timestamp, limit: usize) -> Result<usize, StoreError>;

    /// Deletes everything that is kept of a person: the contact who has this number now with the LID that belongs to it
    /// and everybody who was merged into them, their entries, and the bodies and headers of webhooks that name the number
    /// or the LID. The lines of the log stay: they hold nothing of anybody.
    ///
    /// # Behavior
    /// - Entries that wait are dropped, also those that a dispatcher holds: settling them answers `false`.
    /// - The log is gone through first, in pages, and the contact goes last, in one step with the entries: after an error,
    ///   call it again. What comes in meanwhile may stay.
    /// - Webhooks that name the person besides others lose their bodies for all of them. Receipts hold no number and stay.
    /// - A person who writes again is a new contact.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn forget(&self, tenant: &TenantId, phone: &PhoneNumber) -> Result<Forgotten, StoreError>;
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: Inbox + ?Sized> Inbox for Arc<T> {
    async fn record(&self, delivery: Delivery, now: Timestamp) -> Result<Recorded, StoreError> {
        (**self).record(delivery, now).await
    }

    async fn lease(
        &self,
        kinds: &[InboxKind],
        limit: usize,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<LeasedInboxEntry>, StoreError> {
        (**self).lease(kinds, limit, lease, now).await
    }

    async fn settle(
        &self,
        id: InboxEntryId,
        fence: u64,
        outcome: &InboxOutcome,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        (**self).settle(id, fence, outcome, now).await
    }

    async fn link(
        &self,
        tenant: &TenantId,
        lid: &Jid,
        phone: &PhoneNumber,
        now: Timestamp,
    ) -> Result<Option<ContactId>, StoreError> {
        (**self).link(tenant, lid, phone, now).await
    }

    async fn contact(&self, tenant: &TenantId, id: ContactId) -> Result<Option<Contact>, StoreError> {
        (**self).contact(tenant, id).await
    }

    async fn state(&self, id: InboxEntryId) -> Result<Option<InboxState>, StoreError> {
        (**self).state(id).await
    }

    async fn waits(
        &self,
        consumer: &str,
        tenant: &TenantId,
        account: &AccountId,
        contact: ContactId,
    ) -> Result<bool, StoreError> {
        (**self).waits(consumer, tenant, account, contact).await
    }

    async fn log(&self, tenant: &TenantId, query: &LogQuery) -> Result<Vec<LoggedDelivery>, StoreError> {
        (**self).log(tenant, query).await
    }

    async fn replay(&self, tenant: &TenantId, id: DeliveryId) -> Result<Option<StoredDelivery>, StoreError> {
        (**self).replay(tenant, id).await
    }

    async fn purge(&self, received_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        (**self).purge(received_before, limit).await
    }

    async fn forget(&self, tenant: &TenantId, phone: &PhoneNumber) -> Result<Forgotten, StoreError> {
        (**self).forget(tenant, phone).await
    }
}
