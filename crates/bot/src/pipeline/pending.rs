//! What has come in and was not looked at yet.

use std::fmt;
use std::sync::Arc;

use wartel_core::StoreError;
use wartel_messaging::inbox::Inbox;

use super::consumer::NAME;
use crate::key::ChatKey;

/// Tells whether something of a chat is stored that [`BotConsumer`](super::BotConsumer) has not taken yet: a person may
/// have taken over, or the customer may have written STOP. Nothing is sent until it was looked at.
#[async_trait::async_trait]
pub trait PendingEntries: fmt::Debug + Send + Sync + 'static {
    /// Whether there is something.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer: nothing is sent then.
    async fn is_pending(&self, chat: &ChatKey) -> Result<bool, StoreError>;
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: PendingEntries + ?Sized> PendingEntries for Arc<T> {
    async fn is_pending(&self, chat: &ChatKey) -> Result<bool, StoreError> {
        (**self).is_pending(chat).await
    }
}

/// For consumers that are fed directly, without an inbox: what came was looked at.
#[derive(Debug, Clone, Copy, Default)]
pub struct NothingPending;

#[async_trait::async_trait]
impl PendingEntries for NothingPending {
    async fn is_pending(&self, _chat: &ChatKey) -> Result<bool, StoreError> {
        Ok(false)
    }
}

/// By the inbox that the consumer is fed from.
#[derive(Debug, Clone)]
pub struct InboxPending {
    inbox: Arc<dyn Inbox>,
}

impl InboxPending {
    /// Asks this inbox for what [`BotConsumer`](super::BotConsumer) has not taken.
    #[must_use]
    pub const fn new(inbox: Arc<dyn Inbox>) -> Self {
        Self { inbox }
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl PendingEntries for InboxPending {
    async fn is_pending(&self, chat: &ChatKey) -> Result<bool, StoreError> {
        self.inbox.waits(NAME, &chat.tenant, &chat.account, chat.contact).await
    }
}
