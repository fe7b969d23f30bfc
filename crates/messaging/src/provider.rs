//! The port that every WhatsApp provider stands behind, and the small second ports.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wartel_core::PhoneNumber;

use crate::error::{RetryAdvice, SendError, SendErrorKind};
use crate::message::OutboundMessage;
use crate::webhook::WebhookSource;

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

/// What a provider can do, as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Capabilities {
    /// Sends anything at all. `false` means that messaging is switched off.
    pub enabled: bool,
    /// Sends one-time codes.
    pub one_time_code: bool,
    /// Sends plain text.
    pub text: bool,
    /// Answers with an id for each message.
    pub message_ids: bool,
    /// Reports by webhook what became of a message.
    pub receipts: bool,
}

impl Capabilities {
    /// An enabled provider that can do nothing yet.
    #[must_use]
    pub const fn none() -> Self {
        Self { enabled: true, one_time_code: false, text: false, message_ids: false, receipts: false }
    }

    /// Messaging is switched off.
    #[must_use]
    pub const fn disabled() -> Self {
        Self { enabled: false, ..Self::none() }
    }

    /// Sends one-time codes too.
    #[must_use]
    pub const fn with_one_time_code(mut self) -> Self {
        self.one_time_code = true;
        self
    }

    /// Sends plain text too.
    #[must_use]
    pub const fn with_text(mut self) -> Self {
        self.text = true;
        self
    }

    /// Gives message ids too.
    #[must_use]
    pub const fn with_message_ids(mut self) -> Self {
        self.message_ids = true;
        self
    }

    /// Reports receipts too.
    #[must_use]
    pub const fn with_receipts(mut self) -> Self {
        self.receipts = true;
        self
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
}

impl Accepted {
    /// Accepted, without any id.
    #[must_use]
    pub const fn new() -> Self {
        Self { message_id: None, request_id: None }
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

/// The device (the paired phone) behind a provider's account.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceInfo {
    /// Whether messages can go out through it now.
    pub connected: bool,
    /// How many messages the account may still send. `None` if the provider does not say.
    pub quota: Option<u64>,
    /// The provider's package or plan, if it says.
    pub package: Option<String>,
    /// When the package ends, in the provider's own words.
    pub expires: Option<String>,
}

impl DeviceInfo {
    /// A device of which only the connection is known.
    #[must_use]
    pub const fn new(connected: bool) -> Self {
        Self { connected, quota: None, package: None, expires: None }
    }

    /// With the number of messages left.
    #[must_use]
    pub const fn with_quota(mut self, quota: Option<u64>) -> Self {
        self.quota = quota;
        self
    }

    /// With the name of the package and its end.
    #[must_use]
    pub fn with_package(mut self, package: Option<String>, expires: Option<String>) -> Self {
        self.package = package;
        self.expires = expires;
        self
    }
}

/// Second port: providers that can say how their device is.
#[async_trait::async_trait]
pub trait DeviceStatus: fmt::Debug + Send + Sync + 'static {
    /// Asks how the device is.
    ///
    /// # Errors
    /// [`SendError`] if the provider refused or could not be asked; a device that is not connected is an
    /// answer, not an error.
    async fn device(&self) -> Result<DeviceInfo, SendError>;
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

/// What an adapter yields: the provider and the second ports that it has.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Account {
    /// Sends messages. Layers wrap this one.
    pub provider: Arc<dyn MessageProvider>,
    /// Reads the provider's webhooks.
    pub webhooks: Option<Arc<dyn WebhookSource>>,
    /// Says how the device is.
    pub device: Option<Arc<dyn DeviceStatus>>,
    /// Says whether a number has WhatsApp.
    pub numbers: Option<Arc<dyn NumberCheck>>,
}

impl Account {
    /// An account that only sends.
    #[must_use]
    pub fn new(provider: Arc<dyn MessageProvider>) -> Self {
        Self { provider, webhooks: None, device: None, numbers: None }
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
