//! Speaks through the accounts of all tenants.

use std::fmt;
use std::sync::Arc;

use wartel_core::{AccountId, TenantId};
use wartel_messaging::{
    Accepted, Capabilities, OutboundMessage, ProviderMessageId, Recipient, RetryAdvice, SendError,
    SendErrorKind, SenderBook,
};

use super::ChatSender;

/// Says whether the device behind an account is known not to be connected: nothing is worth thinking about then.
#[async_trait::async_trait]
pub trait Connections: fmt::Debug + Send + Sync + 'static {
    /// Whether it is known to be disconnected, logged out or banned. What cannot be told counts as connected.
    async fn is_down(&self, tenant: &TenantId, account: &AccountId) -> bool;
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: Connections + ?Sized> Connections for Arc<T> {
    async fn is_down(&self, tenant: &TenantId, account: &AccountId) -> bool {
        (**self).is_down(tenant, account).await
    }
}

/// Speaks through the account that a message came by. Throttle and breaker are those of everybody who uses the account.
#[derive(Debug, Clone)]
pub struct BookSender {
    book: Arc<dyn SenderBook>,
    connections: Option<Arc<dyn Connections>>,
}

impl BookSender {
    /// Speaks through the accounts of this book.
    #[must_use]
    pub fn new(book: Arc<dyn SenderBook>) -> Self {
        Self { book, connections: None }
    }

    /// With who knows which devices are connected.
    #[must_use]
    pub fn with_connections(mut self, connections: Arc<dyn Connections>) -> Self {
        self.connections = Some(connections);
        self
    }
}

#[async_trait::async_trait]
impl ChatSender for BookSender {
    async fn capabilities(&self, tenant: &TenantId, account: &AccountId) -> Option<Capabilities> {
        if let Some(connections) = &self.connections
            && connections.is_down(tenant, account).await
        {
            return None;
        }
        match self.book.sender(tenant, account).await {
            Ok(sender) => sender.map(|sender| sender.provider.capabilities()).filter(|able| able.enabled),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(%tenant, %account, error, "an account cannot be used");
                None
            }
        }
    }

    async fn send(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        message: &OutboundMessage,
    ) -> Result<Accepted, SendError> {
        match self.book.sender(tenant, account).await? {
            Some(sender) => sender.provider.send(message).await,
            None => Err(SendError::new("account", SendErrorKind::Disabled, RetryAdvice::Never)),
        }
    }

    async fn typing<'a>(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        chat: &Recipient,
        answers: Option<&'a ProviderMessageId>,
    ) {
        let Ok(Some(sender)) = self.book.sender(tenant, account).await else { return };
        let Some(presence) = sender.presence else { return };
        if let Err(error) = presence.typing(chat, answers).await {
            let error = &error as &dyn std::error::Error;
            tracing::debug!(%tenant, %account, error, "the sign that an answer is being written was not shown");
        }
    }
}

#[cfg(feature = "accounts")]
#[async_trait::async_trait]
impl Connections for wartel_messaging::accounts::Devices {
    async fn is_down(&self, tenant: &TenantId, account: &AccountId) -> bool {
        use wartel_messaging::accounts::DeviceLookup;
        use wartel_messaging::pairing::PairingState;
        let Ok(DeviceLookup::Device(device)) = self.device(tenant, account).await else { return false };
        let Ok(snapshot) = device.status().await else { return false };
        matches!(snapshot.state, PairingState::Disconnected | PairingState::LoggedOut | PairingState::Banned)
    }
}
