//! The port through which the assistant speaks, and that port on the accounts of all tenants.

mod book;
mod noted;

use std::fmt;
use std::sync::Arc;

use wartel_core::{AccountId, TenantId};
use wartel_messaging::{Accepted, Capabilities, OutboundMessage, ProviderMessageId, Recipient, SendError};

pub use book::{BookSender, Connections};
pub use noted::{NotedBook, NotedSends};

/// Sends through the account that a chat belongs to.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait::async_trait]
pub trait ChatSender: fmt::Debug + Send + Sync + 'static {
    /// What the account can do now; `None` if it is not there, switched off or not connected, so that nothing is worth
    /// thinking about.
    async fn capabilities(&self, tenant: &TenantId, account: &AccountId) -> Option<Capabilities>;

    /// Hands one message over.
    ///
    /// # Errors
    /// [`SendError`] with advice on whether sending again is safe.
    async fn send(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        message: &OutboundMessage,
    ) -> Result<Accepted, SendError>;

    /// Shows that an answer is being written, where the provider can. It fails without a word: nothing depends on it.
    async fn typing<'a>(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        chat: &Recipient,
        answers: Option<&'a ProviderMessageId>,
    );
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: ChatSender + ?Sized> ChatSender for Arc<T> {
    async fn capabilities(&self, tenant: &TenantId, account: &AccountId) -> Option<Capabilities> {
        (**self).capabilities(tenant, account).await
    }

    async fn send(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        message: &OutboundMessage,
    ) -> Result<Accepted, SendError> {
        (**self).send(tenant, account, message).await
    }

    async fn typing<'a>(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        chat: &Recipient,
        answers: Option<&'a ProviderMessageId>,
    ) {
        (**self).typing(tenant, account, chat, answers).await;
    }
}
