//! The port that every WhatsApp provider stands behind, and the small second ports.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wartel_core::{Jid, PhoneNumber};

use crate::capabilities::Capabilities;
use crate::chat::ChatPresence;
use crate::device::{DevicePairing, DeviceReconnect, DeviceStatus};
use crate::error::{RetryAdvice, SendError, SendErrorKind};
use crate::message::OutboundMessage;
use crate::webhook::{WebhookHandshake, WebhookSource};

/// A company or a gateway that sends WhatsApp messages for us.
///
/// Implementations decide on the body of an answer, not on its HTTP status alone, and answer `Ok` only if
/// the provider took the message. [`crate::testing::contract`] is the suite that every implementation passes.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait::async_trait]
pub trait MessageProvider: fmt::Debug + Send + Sync + 'static {
    /// A stable lower-case name, used in logs and metrics: `fonnte`, `cloud_api`.
    fn name(&self) -> &'static str;

    /// What this provider can do. Asked often; cheap.
    fn capabilities(&self) -> Capabilities;

    /// Hands one message over.
    ///
    /// # Errors
    /// [`SendError`] with advice on whether sending again is safe. An answer that never came after the
    /// message was handed over is [`RetryAdvice::Ambiguous`].
    async fn send(&self, message: &OutboundMessage) -> Result<Accepted, SendError>;
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: MessageProvider + ?Sized> MessageProvider for Arc<T> {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn capabilities(&self) -> Capabilities {
        (**self).capabilities()
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Accepted, SendError> {
        (**self).send(message).await
    }
}

/// The provider's own name for a message.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProviderMessageId(String);

impl ProviderMessageId {
    /// Takes a provider's id; anything past 256 bytes is cut off.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        let mut id = id.into();
        let end = (0..=256.min(id.len())).rev().find(|end| id.is_char_boundary(*end)).unwrap_or(0);
        id.truncate(end);
        Self(id)
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The provider took the message. That is neither "sent" nor "delivered": those come later, by receipt.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Accepted {
    /// The provider's id of the message, by which receipts name it. `None` if it gave none.
    pub message_id: Option<ProviderMessageId>,
    /// The provider's id of the request, which its support asks for. `None` if it gave none.
    pub request_id: Option<String>,
    /// The name of the provider that took it, where several were asked ([`crate::layers::Failover`]): its receipts will
    /// come. `None` if only one was asked.
    pub via: Option<&'static str>,
}

impl Accepted {
    /// Accepted, without any id.
    #[must_use]
    pub const fn new() -> Self {
        Self { message_id: None, request_id: None, via: None }
    }

    /// With the provider's id of the message.
    #[must_use]
    pub fn with_message_id(mut self, id: impl Into<String>) -> Self {
        self.message_id = Some(ProviderMessageId::new(id));
        self
    }

    /// With the provider's id of the request.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }
}

/// What a provider knows of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NumberCheckResult {
    /// The number has WhatsApp.
    OnWhatsApp,
    /// The number has no WhatsApp.
    NotOnWhatsApp,
    /// The provider answered, but not about this number.
    Unknown,
}

/// Second port: providers that can say whether a number has WhatsApp.
#[async_trait::async_trait]
pub trait NumberCheck: fmt::Debug + Send + Sync + 'static {
    /// Asks about one number. Sends it no message.
    ///
    /// # Errors
    /// [`SendError`] if the provider refused or could not be asked.
    async fn check_number(&self, phone: &PhoneNumber) -> Result<NumberCheckResult, SendError>;
}

/// Second port: providers that know which number stands behind a LID.
#[async_trait::async_trait]
pub trait LidLookup: fmt::Debug + Send + Sync + 'static {
    /// Asks for the number behind a LID. `None` if the provider does not know it.
    ///
    /// # Errors
    /// [`SendError`] if the provider refused or could not be asked.
    async fn phone_of(&self, lid: &Jid) -> Result<Option<PhoneNumber>, SendError>;
}

/// What an adapter yields: the provider and the second ports that it has.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Account {
    /// Sends messages. Layers wrap this one.
    pub provider: Arc<dyn MessageProvider>,
    /// Reads the provider's webhooks.
    pub webhooks: Option<Arc<dyn WebhookSource>>,
    /// Answers the question that the provider asks before it uses a webhook.
    pub handshake: Option<Arc<dyn WebhookHandshake>>,
    /// Says how the device is.
    pub device: Option<Arc<dyn DeviceStatus>>,
    /// Pairs the device with a phone.
    pub pairing: Option<Arc<dyn DevicePairing>>,
    /// Connects a linked device again.
    pub reconnect: Option<Arc<dyn DeviceReconnect>>,
    /// Says whether a number has WhatsApp.
    pub numbers: Option<Arc<dyn NumberCheck>>,
    /// Says which number stands behind a LID.
    pub lids: Option<Arc<dyn LidLookup>>,
    /// Marks messages as read and shows that somebody is typing.
    pub presence: Option<Arc<dyn ChatPresence>>,
}

impl Account {
    /// An account that only sends.
    #[must_use]
    pub fn new(provider: Arc<dyn MessageProvider>) -> Self {
        Self {
            provider,
            webhooks: None,
            handshake: None,
            device: None,
            pairing: None,
            reconnect: None,
            numbers: None,
            lids: None,
            presence: None,
        }
    }

    /// With what reads the provider's webhooks.
    #[must_use]
    pub fn with_webhooks(mut self, webhooks: Arc<dyn WebhookSource>) -> Self {
        self.webhooks = Some(webhooks);
        self
    }

    /// With what answers the provider's question before it uses a webhook.
    #[must_use]
    pub fn with_handshake(mut self, handshake: Arc<dyn WebhookHandshake>) -> Self {
        self.handshake = Some(handshake);
        self
    }

    /// With what says how the device is.
    #[must_use]
    pub fn with_device(mut self, device: Arc<dyn DeviceStatus>) -> Self {
        self.device = Some(device);
        self
    }

    /// With what pairs the device, and says how it is.
    #[must_use]
    pub fn with_pairing(mut self, pairing: Arc<dyn DevicePairing>) -> Self {
        self.device = Some(pairing.clone());
        self.pairing = Some(pairing);
        self
    }

    /// With what connects a linked device again.
    #[must_use]
    pub fn with_reconnect(mut self, reconnect: Arc<dyn DeviceReconnect>) -> Self {
        self.reconnect = Some(reconnect);
        self
    }

    /// With what says whether a number has WhatsApp.
    #[must_use]
    pub fn with_numbers(mut self, numbers: Arc<dyn NumberCheck>) -> Self {
        self.numbers = Some(numbers);
        self
    }

    /// With what says which number stands behind a LID.
    #[must_use]
    pub fn with_lids(mut self, lids: Arc<dyn LidLookup>) -> Self {
        self.lids = Some(lids);
        self
    }

    /// With what marks messages as read and shows that somebody is typing.
    #[must_use]
    pub fn with_presence(mut self, presence: Arc<dyn ChatPresence>) -> Self {
        self.presence = Some(presence);
        self
    }
}

/// Messaging that is switched off: says so in its capabilities and refuses every send.
///
/// It exists so that "switched off" is an answer with a name instead of a send that says success.
#[derive(Debug, Clone, Copy, Default)]
pub struct DisabledProvider;

#[async_trait::async_trait]
impl MessageProvider for DisabledProvider {
    fn name(&self) -> &'static str {
        "disabled"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::disabled()
    }

    async fn send(&self, _message: &OutboundMessage) -> Result<Accepted, SendError> {
        Err(SendError::new(self.name(), SendErrorKind::Disabled, RetryAdvice::Never))
    }
}
