//! Messages that must not be forgotten: written in the same transaction as what they tell of, sent afterwards.
//!
//! [`Outbox`] is the store port, [`MemoryOutbox`] its memory store, [`OutboxDispatcher`] the worker that sends.

mod dispatcher;
mod memory;
mod outcome;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use wartel_core::{PhoneNumber, Secret, StoreError, TenantId, Timestamp};

pub use dispatcher::{Dispatched, OutboxDispatcher, OutboxWaker};
pub use memory::MemoryOutbox;

use crate::provider::ProviderMessageId;

wartel_core::uuid_id! {
    /// Names an entry of the outbox. Whoever writes the entry chooses it: the same id is one message.
    pub struct OutboxEntryId;
}

/// How long a lease lasts: longer than a send may take with all its waits and retries (25 s).
pub const LEASE: Duration = Duration::from_secs(30);

/// How often a message is handed over at the most when nobody knows whether it was taken before.
pub const MAX_UNCERTAIN_TRIES: u32 = 2;

/// A message to be sent. `Debug` shows neither the recipient nor the text.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OutboxEntry {
    /// Names the entry; an entry with the same id is the same message.
    pub id: OutboxEntryId,
    /// Whose message it is.
    pub tenant: TenantId,
    /// Who gets it.
    pub to: PhoneNumber,
    /// What it says, with WhatsApp markup.
    pub text: Secret,
    /// When it is given up: unsent by then, it is abandoned.
    pub expires_at: Timestamp,
}

impl OutboxEntry {
    /// A message of plain text that is given up at `expires_at`.
    #[must_use]
    pub fn text(
        id: OutboxEntryId,
        tenant: TenantId,
        to: PhoneNumber,
        text: impl Into<Secret>,
        expires_at: Timestamp,
    ) -> Self {
        Self { id, tenant, to, text: text.into(), expires_at }
    }
}

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutboxState {
    /// Waits to be sent.
    Queued,
    /// Is leased by a dispatcher that sends it now.
    Processing,
    /// The provider took it.
    Sent,
    /// The provider may have taken it; it is not sent again.
    Unknown,
    /// It will not be sent: refused for good, or too late.
    Abandoned,
}

impl OutboxState {
    /// The word that stores keep.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::Abandoned => "abandoned",
        }
    }

    /// Reads back what [`as_str`](Self::as_str) gave.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        [Self::Queued, Self::Processing, Self::Sent, Self::Unknown, Self::Abandoned]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// An entry with the right to send it until the lease ends.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LeasedEntry {
    /// The message.
    pub entry: OutboxEntry,
    /// Grows with each lease; only the newest holder may record an outcome.
    pub fence: u64,
    /// How often it was certainly refused before, for the spacing of tries.
    pub refusals: u32,
}

impl LeasedEntry {
    /// What [`Outbox::lease_due`] answers.
    #[must_use]
    pub const fn new(entry: OutboxEntry, fence: u64, refusals: u32) -> Self {
        Self { entry, fence, refusals }
    }
}

/// What came of a send.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutboxOutcome {
    /// The provider took it.
    Accepted {
        /// The provider's id of the message, if it gave one.
        message_id: Option<ProviderMessageId>,
    },
    /// Certainly not taken; try again at this instant.
    RetryAt(Timestamp),
    /// May have been taken; never sent again.
    Unknown,
    /// Refused for good.
    Abandoned,
}

/// The store of messages to be sent. Each verb is one atomic step; time is handed in.
///
/// # Behavior
/// - An entry is due when it is queued and its time has come, or when its lease has lapsed.
/// - A lapsed lease means that the message may have been sent. It is leased again until it was handed over
///   [`MAX_UNCERTAIN_TRIES`] times; then it becomes [`OutboxState::Unknown`].
/// - An entry that is past `expires_at` is not leased any more but abandoned.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait::async_trait]
pub trait Outbox: fmt::Debug + Send + Sync + 'static {
    /// Writes an entry, due at once. An entry whose id is known already changes nothing and answers `false`.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn enqueue(&self, entry: &OutboxEntry, now: Timestamp) -> Result<bool, StoreError>;

    /// Leases at most `limit` due entries for `lease`, the longest waiting first.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn lease_due(
        &self,
        limit: usize,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<LeasedEntry>, StoreError>;

    /// Records what came of a leased send. Answers `false`, and changes nothing, if `fence` is not the
    /// newest one or the entry is settled.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn record(
        &self,
        id: OutboxEntryId,
        fence: u64,
        outcome: &OutboxOutcome,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Where an entry stands; `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn state(&self, id: OutboxEntryId) -> Result<Option<OutboxState>, StoreError>;

    /// Deletes at most `limit` entries that were settled before `settled_before`; answers how many.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn purge(&self, settled_before: Timestamp, limit: usize) -> Result<usize, StoreError>;

    /// Deletes every entry of a tenant to this number: what waits is not sent, and what came of a send that is under way
    /// is not recorded. Answers how many.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn forget(&self, tenant: &TenantId, to: &PhoneNumber) -> Result<usize, StoreError>;
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: Outbox + ?Sized> Outbox for Arc<T> {
    async fn enqueue(&self, entry: &OutboxEntry, now: Timestamp) -> Result<bool, StoreError> {
        (**self).enqueue(entry, now).await
    }

    async fn lease_due(
        &self,
        limit: usize,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<LeasedEntry>, StoreError> {
        (**self).lease_due(limit, lease, now).await
    }

    async fn record(
        &self,
        id: OutboxEntryId,
        fence: u64,
        outcome: &OutboxOutcome,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        (**self).record(id, fence, outcome, now).await
    }

    async fn state(&self, id: OutboxEntryId) -> Result<Option<OutboxState>, StoreError> {
        (**self).state(id).await
    }

    async fn purge(&self, settled_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        (**self).purge(settled_before, limit).await
    }

    async fn forget(&self, tenant: &TenantId, to: &PhoneNumber) -> Result<usize, StoreError> {
        (**self).forget(tenant, to).await
    }
}
