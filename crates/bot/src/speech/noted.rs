//! Notes what other parts of the program send, so that its echo is not taken for a person.

use std::sync::Arc;

use wartel_core::{AccountId, Clock, TenantId};
use wartel_messaging::{
    Accepted, Capabilities, MessageProvider, OutboundMessage, SendError, Sender, SenderBook,
};

use crate::conversation::ConversationStore;

/// A book whose accounts note the ids of what goes out through them. Wrap with it what sends codes and confirmations, not
/// what the assistant itself speaks through.
#[derive(Debug, Clone)]
pub struct NotedBook {
    inner: Arc<dyn SenderBook>,
    chats: Arc<dyn ConversationStore>,
    clock: Arc<dyn Clock>,
}

impl NotedBook {
    /// Notes in this store what goes out through the accounts of this book.
    #[must_use]
    pub fn new(inner: Arc<dyn SenderBook>, chats: Arc<dyn ConversationStore>, clock: Arc<dyn Clock>) -> Self {
        Self { inner, chats, clock }
    }

    fn noted(&self, mut sender: Sender) -> Sender {
        sender.provider = Arc::new(NotedSends::new(
            Arc::clone(&sender.provider),
            (sender.tenant.clone(), sender.account.clone()),
            Arc::clone(&self.chats),
            Arc::clone(&self.clock),
        ));
        sender
    }
}

#[async_trait::async_trait]
impl SenderBook for NotedBook {
    async fn sender(&self, tenant: &TenantId, account: &AccountId) -> Result<Option<Sender>, SendError> {
        Ok(self.inner.sender(tenant, account).await?.map(|sender| self.noted(sender)))
    }

    async fn accounts(&self, tenant: &TenantId) -> Result<Vec<AccountId>, SendError> {
        self.inner.accounts(tenant).await
    }

    async fn first(&self, tenant: &TenantId) -> Result<Option<Sender>, SendError> {
        Ok(self.inner.first(tenant).await?.map(|sender| self.noted(sender)))
    }

    fn is_fixed(&self, tenant: &TenantId, account: &AccountId) -> bool {
        self.inner.is_fixed(tenant, account)
    }
}

/// A provider that notes the ids of what it sends. A note that cannot be written does not fail the send: at the worst the
/// assistant takes the echo for a person and is silent in that chat for a while.
#[derive(Debug, Clone)]
pub struct NotedSends<P> {
    inner: P,
    account: (TenantId, AccountId),
    chats: Arc<dyn ConversationStore>,
    clock: Arc<dyn Clock>,
}

impl<P> NotedSends<P> {
    /// Notes what this provider sends through an account.
    #[must_use]
    pub fn new(
        inner: P,
        account: (TenantId, AccountId),
        chats: Arc<dyn ConversationStore>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { inner, account, chats, clock }
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<P: MessageProvider> MessageProvider for NotedSends<P> {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Accepted, SendError> {
        let accepted = self.inner.send(message).await?;
        if let Some(id) = &accepted.message_id {
            let (tenant, account) = &self.account;
            if let Err(error) = self.chats.note_sent(tenant, account, id, self.clock.now()).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(%tenant, %account, error, "a send could not be noted; its echo may silence the assistant");
            }
        }
        Ok(accepted)
    }
}
