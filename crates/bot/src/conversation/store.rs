//! The port of the store of chats.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use wartel_core::{AccountId, StoreError, TenantId, Timestamp};
use wartel_messaging::ProviderMessageId;
use wartel_messaging::inbox::ContactId;

use super::chat::Chat;
use super::line::Line;
use crate::key::{ChatKey, Revision, Saved};

/// Grows with each lease of a chat; only its newest holder may save as such.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(pub u64);

/// A chat with the right to work on it until the lease ends.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LeasedChat {
    /// The chat.
    pub chat: Chat,
    /// Its revision.
    pub revision: Revision,
    /// The right.
    pub fence: Fence,
}

impl LeasedChat {
    /// What [`ConversationStore::lease_due`] answers.
    #[must_use]
    pub const fn new(chat: Chat, revision: Revision, fence: Fence) -> Self {
        Self { chat, revision, fence }
    }
}

/// What saving does to the lease of a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseChange {
    /// The writer has no lease and changes none.
    None,
    /// The writer holds this lease and goes on.
    Keep(Fence),
    /// The writer holds this lease and gives it back.
    Release(Fence),
}

/// What is saved at once.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ChatWrite {
    /// The chat as it is to be. Stores keep [`Chat::due_at`] beside it.
    pub chat: Chat,
    /// The revision that was read ([`Revision::NEW`]: the chat does not exist yet).
    pub read: Revision,
    /// Lines that are new.
    pub lines: Vec<Line>,
    /// What becomes of the lease.
    pub lease: LeaseChange,
}

impl ChatWrite {
    /// A chat that was read with this revision, by a writer without a lease.
    #[must_use]
    pub const fn new(chat: Chat, read: Revision) -> Self {
        Self { chat, read, lines: Vec::new(), lease: LeaseChange::None }
    }

    /// With lines that are new.
    #[must_use]
    pub fn with_lines(mut self, lines: Vec<Line>) -> Self {
        self.lines = lines;
        self
    }

    /// By the holder of a lease.
    #[must_use]
    pub const fn with_lease(mut self, lease: LeaseChange) -> Self {
        self.lease = lease;
        self
    }
}

/// The store of chats. Each verb is one atomic step; time is handed in.
///
/// # Behavior
/// - A chat is due when its [`Chat::due_at`] has come and no lease of it lasts.
/// - Saving answers [`Saved::Conflict`] and writes nothing, neither chat nor lines, if the revision is not the present
///   one, or if a lease is named that is not the newest one of the chat. A lease that has lapsed and that nobody has taken
///   since is still the newest one.
/// - Saving without a lease leaves a lease of somebody else as it is.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait::async_trait]
pub trait ConversationStore: fmt::Debug + Send + Sync + 'static {
    /// Reads a chat; `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn load(&self, key: &ChatKey) -> Result<Option<(Chat, Revision)>, StoreError>;

    /// Writes a chat and its new lines.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn save(&self, write: &ChatWrite, now: Timestamp) -> Result<Saved, StoreError>;

    /// Leases at most `limit` due chats for `lease`, the longest waiting first.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn lease_due(
        &self,
        limit: usize,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<LeasedChat>, StoreError>;

    /// Gives a lease back without writing. Changes nothing if it is not the newest one.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn release(&self, key: &ChatKey, fence: Fence) -> Result<(), StoreError>;

    /// The newest `limit` lines of a chat from line `from` on, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn lines(&self, key: &ChatKey, from: u64, limit: usize) -> Result<Vec<Line>, StoreError>;

    /// Chats of a tenant in which somebody wrote last, the newest first, at most `limit`. `paused`: only those in which
    /// the assistant has a pause noted.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn list(&self, tenant: &TenantId, paused: bool, limit: usize) -> Result<Vec<Chat>, StoreError>;

    /// Notes that this program has sent a message through an account, outside of chats: a code, a confirmation. So its
    /// echo is not taken for a person.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn note_sent(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        message: &ProviderMessageId,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Whether such a message was noted.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn was_sent(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        message: &ProviderMessageId,
    ) -> Result<bool, StoreError>;

    /// Deletes the chats of a customer with all accounts of a tenant, and their lines; answers how many chats.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn forget(&self, tenant: &TenantId, contact: ContactId) -> Result<usize, StoreError>;

    /// Deletes lines and notes of sends from before `before`: at most `limit` of each. Answers how many went.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn purge(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError>;
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: ConversationStore + ?Sized> ConversationStore for Arc<T> {
    async fn load(&self, key: &ChatKey) -> Result<Option<(Chat, Revision)>, StoreError> {
        (**self).load(key).await
    }

    async fn save(&self, write: &ChatWrite, now: Timestamp) -> Result<Saved, StoreError> {
        (**self).save(write, now).await
    }

    async fn lease_due(
        &self,
        limit: usize,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<LeasedChat>, StoreError> {
        (**self).lease_due(limit, lease, now).await
    }

    async fn release(&self, key: &ChatKey, fence: Fence) -> Result<(), StoreError> {
        (**self).release(key, fence).await
    }

    async fn lines(&self, key: &ChatKey, from: u64, limit: usize) -> Result<Vec<Line>, StoreError> {
        (**self).lines(key, from, limit).await
    }

    async fn list(&self, tenant: &TenantId, paused: bool, limit: usize) -> Result<Vec<Chat>, StoreError> {
        (**self).list(tenant, paused, limit).await
    }

    async fn note_sent(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        message: &ProviderMessageId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        (**self).note_sent(tenant, account, message, now).await
    }

    async fn was_sent(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        message: &ProviderMessageId,
    ) -> Result<bool, StoreError> {
        (**self).was_sent(tenant, account, message).await
    }

    async fn forget(&self, tenant: &TenantId, contact: ContactId) -> Result<usize, StoreError> {
        (**self).forget(tenant, contact).await
    }

    async fn purge(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        (**self).purge(before, limit).await
    }
}
