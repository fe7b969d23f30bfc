//! What became of a message: states that only rise, and the receipts that raise them.

use serde::{Deserialize, Serialize};
use wartel_core::Timestamp;

use crate::error::SendErrorKind;
use crate::provider::ProviderMessageId;

/// How far a message is known to have come. States are ordered and only rise.
///
/// `Failed` stands above `Sent` and below `Delivered`: a provider takes back "sent", but a message that was
/// delivered was delivered, whatever is reported later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// Not handed to the provider yet, or its answer is still awaited.
    Queued,
    /// The provider may have taken it; its answer never came.
    Unknown,
    /// The provider took it.
    Accepted,
    /// WhatsApp took it.
    Sent,
    /// It will not arrive.
    Failed,
    /// It is on the recipient's phone.
    Delivered,
    /// The recipient has seen it.
    Read,
}

impl DeliveryState {
    /// The word of the HTTP API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Unknown => "unknown",
            Self::Accepted => "accepted",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Delivered => "delivered",
            Self::Read => "read",
        }
    }
}

/// By what a receipt names its message. At least one of the two is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReceiptKey {
    /// The id that the provider answered when it accepted the message.
    pub message_id: Option<ProviderMessageId>,
    /// A second id that some providers use from the first receipt on (Fonnte: `stateid`).
    pub state_id: Option<ProviderMessageId>,
}

impl ReceiptKey {
    /// Names a message by either id; `None` if neither is given.
    #[must_use]
    pub fn new(message_id: Option<ProviderMessageId>, state_id: Option<ProviderMessageId>) -> Option<Self> {
        (message_id.is_some() || state_id.is_some()).then_some(Self { message_id, state_id })
    }
}

/// Later news of one message, from the provider's webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeliveryReceipt {
    /// The provider that reports.
    pub provider: String,
    /// Which message.
    pub key: ReceiptKey,
    /// How far it came.
    pub state: DeliveryState,
    /// When, if the provider says.
    pub at: Option<Timestamp>,
    /// Why it failed, if it did and the provider says so in words that are known.
    pub failure: Option<SendErrorKind>,
}

impl DeliveryReceipt {
    /// A receipt.
    #[must_use]
    pub fn new(provider: impl Into<String>, key: ReceiptKey, state: DeliveryState) -> Self {
        Self { provider: provider.into(), key, state, at: None, failure: None }
    }

    /// With the instant that the provider gives.
    #[must_use]
    pub const fn with_at(mut self, at: Option<Timestamp>) -> Self {
        self.at = at;
        self
    }

    /// With why it failed.
    #[must_use]
    pub const fn with_failure(mut self, failure: Option<SendErrorKind>) -> Self {
        self.failure = failure;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::DeliveryState::{Accepted, Delivered, Failed, Queued, Read, Sent, Unknown};

    #[test]
    fn states_are_ordered_as_they_rise() {
        let order = [Queued, Unknown, Accepted, Sent, Failed, Delivered, Read];
        assert!(order.is_sorted());
    }
}
