//! What the engine takes of what comes in: news of its messages, and codes that people send to us.

use wartel_messaging::Authenticity;
use wartel_messaging::inbox::{ConsumerError, InboundConsumer, InboxEntry, InboxEvent, InboxKind};

use crate::reverse::{InboundProof, InboundTrust};
use crate::service::OtpService;

/// Hands receipts of the inbox to [`OtpService::record_receipt`], so that they move the delivery states of the entry's
/// tenant.
///
/// Where accounts of tenants send ([`OtpBuilder::senders`](crate::OtpBuilder::senders)), a receipt moves only messages that
/// went out through the account that it came by. Receipts by the account that the program was started with are news of
/// the program's own channels.
#[derive(Debug, Clone)]
pub struct ReceiptConsumer {
    otp: OtpService,
}

impl ReceiptConsumer {
    /// Takes receipts for this engine, of whichever tenant.
    #[must_use]
    pub const fn new(otp: OtpService) -> Self {
        Self { otp }
    }
}

#[async_trait::async_trait]
impl InboundConsumer for ReceiptConsumer {
    fn name(&self) -> &'static str {
        "otp_receipts"
    }

    fn kinds(&self) -> &[InboxKind] {
        &[InboxKind::Receipt]
    }

    async fn take(&self, entry: &InboxEntry) -> Result<(), ConsumerError> {
        let InboxEvent::Receipt(receipt) = &entry.event else { return Ok(()) };
        let state = receipt.state.as_str();
        let receipt = self.otp.shared.receipt_by(receipt.clone(), &entry.tenant, &entry.account);
        let known = self.otp.for_tenant(entry.tenant.clone()).record_receipt(receipt).await?;
        tracing::debug!(account = entry.account.as_str(), state, known, "a receipt came");
        Ok(())
    }
}

/// Hands messages of the inbox to [`OtpService::receive`], so that a code in one confirms the reverse verification that
/// waits for it.
///
/// Only the number counts that the request itself names: a contact may have another one from a source that proves less.
/// So a message of which only the LID is known proves nothing.
#[derive(Debug, Clone)]
pub struct ReverseConsumer {
    otp: OtpService,
}

impl ReverseConsumer {
    /// Takes messages for this engine, of whichever tenant.
    #[must_use]
    pub const fn new(otp: OtpService) -> Self {
        Self { otp }
    }
}

#[async_trait::async_trait]
impl InboundConsumer for ReverseConsumer {
    fn name(&self) -> &'static str {
        "otp_reverse"
    }

    fn kinds(&self) -> &[InboxKind] {
        &[InboxKind::Message]
    }

    async fn take(&self, entry: &InboxEntry) -> Result<(), ConsumerError> {
        let InboxEvent::Message(message) = &entry.event else { return Ok(()) };
        let (Some(from), Some(words)) = (&message.contact.phone, message.secret_words()) else {
            return Ok(());
        };
        let trust = match entry.authenticity {
            Authenticity::Signed => InboundTrust::Signed,
            _ => InboundTrust::TokenOnly,
        };
        let proof = InboundProof::new(from.clone(), words, trust);
        let received = self.otp.for_tenant(entry.tenant.clone()).receive(proof).await?;
        tracing::debug!(?received, "a message came");
        Ok(())
    }
}
