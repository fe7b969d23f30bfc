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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use wartel_core::{AccountId, Country, PhoneNumber, TenantId, Timestamp};
    use wartel_messaging::inbox::{Delivery, Inbox as _, InboxKind, InboxOutcome, MemoryInbox};
    use wartel_messaging::{Authenticity, InboundContent, InboundEvent, InboundMessage};

    use super::*;

    const T0: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

    #[tokio::test]
    async fn a_message_is_pending_until_the_bot_has_taken_it() {
        let inbox = MemoryInbox::new();
        let phone = PhoneNumber::parse("081234567890", Country::INDONESIA).unwrap();
        let message = InboundMessage::new(phone.into(), InboundContent::text("STOP")).with_id(Some("m1"));
        let events = vec![InboundEvent::Message(message)];
        let (tenant, account) = (TenantId::default(), AccountId::default());
        let (signed, body) = (Authenticity::Signed, Bytes::new());
        let headers = Default::default();
        let delivery = Delivery::new(tenant.clone(), account.clone(), signed, &headers, body, events);
        inbox.record(delivery, T0).await.unwrap();
        let leased = inbox.lease(&[InboxKind::Message], 1, Duration::from_secs(30), T0).await.unwrap();
        let contact = leased[0].entry.contact.as_ref().unwrap().id;

        let pending = InboxPending::new(Arc::new(inbox.clone()));
        let chat = ChatKey::new(tenant.clone(), account, contact);
        let elsewhere = ChatKey::new(tenant, AccountId::parse("second").unwrap(), contact);
        assert!(pending.is_pending(&chat).await.unwrap());
        assert!(!pending.is_pending(&elsewhere).await.unwrap());
        // Another consumer refused it, so it comes again; the bot has had it.
        let outcome = InboxOutcome::Retry { at: T0, taken: vec![NAME.to_owned()] };
        assert!(inbox.settle(leased[0].entry.id, leased[0].fence, &outcome, T0).await.unwrap());
        assert!(!pending.is_pending(&chat).await.unwrap());
    }
}
