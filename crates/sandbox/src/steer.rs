//! One device of the sandbox, and everything that can happen to it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use wartel_core::Timestamp;

use crate::customer::CustomerMessage;
use crate::device::{Device, DeviceState, Link};
use crate::error::SandboxError;
use crate::phone::{SandboxMessage, phone_key};
use crate::provider::ProviderKind;
use crate::shared::Shared;
use crate::webhooks::{Target, WebhookKind, get};

/// How long the address of a webhook may take to answer.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// How an application reaches one device: what an adapter is configured with.
///
/// `Debug` hides the values.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SandboxAccount {
    /// The provider.
    pub provider: ProviderKind,
    /// The base URL of its surface, such as `http://127.0.0.1:40123/waha`.
    pub url: String,
    /// Setting names of the provider's adapter, and their values. The URL is among them.
    pub settings: Vec<(&'static str, String)>,
    /// The device's WhatsApp number: digits without `+`.
    pub number: String,
    /// What its webhooks are signed with, by providers that sign.
    pub secret: String,
}

impl SandboxAccount {
    /// The value of a setting.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.iter().find(|(setting, _)| *setting == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for SandboxAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.settings.iter().map(|(name, _)| *name).collect();
        f.debug_struct("SandboxAccount")
            .field("provider", &self.provider)
            .field("settings", &names)
            .finish_non_exhaustive()
    }
}

/// Steers one device. Cheap to clone.
#[derive(Clone)]
pub struct SandboxDevice {
    pub(crate) shared: Arc<Shared>,
    pub(crate) device: Arc<Device>,
}

impl SandboxDevice {
    /// Its provider.
    #[must_use]
    pub fn provider(&self) -> ProviderKind {
        self.device.kind
    }

    /// Its WhatsApp number: digits without `+`.
    #[must_use]
    pub fn number(&self) -> &str {
        &self.device.number
    }

    /// How an application reaches it.
    #[must_use]
    pub fn account(&self) -> SandboxAccount {
        let url = format!("{}/{}", self.shared.url, self.device.kind.name());
        let fake = self.device.kind.fake();
        SandboxAccount {
            provider: self.device.kind,
            settings: fake.map(|fake| fake.settings(&url, &self.device)).unwrap_or_default(),
            url,
            number: self.device.number.clone(),
            secret: self.device.secret.clone(),
        }
    }

    /// How it is.
    #[must_use]
    pub fn state(&self) -> DeviceState {
        self.device.link().state()
    }

    /// What the QR code says that it shows now, or the code that waits to be typed.
    #[must_use]
    pub fn shown(&self) -> Option<String> {
        match self.device.link() {
            Link::QrShown { text, .. } => Some(text),
            Link::CodeShown { code, .. } => Some(code),
            _ => None,
        }
    }

    /// The phone scans what it shows now. It becomes *paired*, and *connected* after
    /// [`connected_after`](crate::SandboxBuilder::connected_after). Says whether it showed something.
    pub fn scan(&self) -> bool {
        self.shared.scan(&self.device, None, true)
    }

    /// The phone scans this QR text, or the person types this code. Says whether that is what it shows now: an older one
    /// is worth nothing.
    pub fn scan_text(&self, shown: &str) -> bool {
        self.shared.scan(&self.device, Some(shown), true)
    }

    /// The phone scans, but the connection never follows: it stays *paired*.
    pub fn scan_only(&self) -> bool {
        self.shared.scan(&self.device, None, false)
    }

    /// The phone scans, or the person types, and WhatsApp asks for a passkey. Says whether it showed something; of
    /// providers that know no passkeys nothing is asked.
    pub fn ask_passkey(&self) -> bool {
        self.shared.ask_passkey(&self.device)
    }

    /// The person gives the passkey that is asked for, which then waits to be confirmed. Says whether one was asked for.
    pub fn give_passkey(&self) -> bool {
        self.shared.give_passkey(&self.device)
    }

    /// The person confirms the passkey; the device becomes *paired*, and *connected* a moment later. Says whether there
    /// was something to confirm.
    pub fn confirm_passkey(&self) -> bool {
        self.shared.confirm_passkey(&self.device)
    }

    /// The person refuses on the phone. Says whether it showed something, or asked for a passkey.
    pub fn refuse_scan(&self) -> bool {
        self.shared.refuse_scan(&self.device)
    }

    /// The phone removes the device: it is logged out. Says whether it was linked.
    pub fn remove(&self) -> bool {
        self.shared.log_out(&self.device)
    }

    /// WhatsApp bans the number until then, or for good.
    pub fn ban(&self, until: Option<Timestamp>) {
        self.shared.ban(&self.device, until);
    }

    /// WhatsApp lets it answer only, and refuses new chats until then (error 463); `None` ends that.
    pub fn set_timelock(&self, until: Option<Timestamp>) {
        self.device.set_timelock(until);
    }

    /// Whether all that comes in is lost on the way, although it says that it is connected.
    pub fn set_deaf(&self, deaf: bool) {
        self.device.set_deaf(deaf);
    }

    /// Connects it, linked or not, or breaks its connection.
    pub fn set_connected(&self, connected: bool) {
        self.shared.connect_device(&self.device, connected);
    }

    /// Sets how many messages it may still send.
    pub fn set_quota(&self, messages: u64) {
        self.device.set_quota(messages);
    }

    /// Where all its webhooks go from now on, whatever events were asked for before.
    ///
    /// # Errors
    /// [`SandboxError::WebhookUrl`] if the URL is not of the form `http://host:port/path`.
    pub fn set_webhooks(&self, url: &str) -> Result<(), SandboxError> {
        let target = Arc::new(Target::parse(url)?);
        self.device.set_events(Vec::new());
        for kind in WebhookKind::ALL {
            self.device.set_target(kind, Some(Arc::clone(&target)));
        }
        Ok(())
    }

    /// The provider asks the address of the webhook whether it is the application's, as Meta does before it uses one. Says
    /// whether the answer was the right one; it was not if the provider asks nothing, or no address is set.
    pub async fn verify_webhook(&self) -> bool {
        let challenge = format!("{}", 1_158_201_444 + self.shared.next_request_id());
        let query = self.device.kind.fake().and_then(|fake| fake.handshake(&self.device, &challenge));
        let (Some(query), Some(target)) = (query, self.device.target(WebhookKind::Incoming)) else {
            return false;
        };
        let asked = tokio::time::timeout(HANDSHAKE_TIME, get(&target, &query)).await;
        matches!(asked, Ok(Ok((200, body))) if body == challenge)
    }

    /// Somebody writes: a customer to this device, or the person at its phone to a customer. The webhook follows.
    pub fn write(&self, message: &CustomerMessage) -> SandboxMessage {
        self.shared.write(&self.device, message)
    }

    /// So many status posts of this customer, one after another.
    pub fn flood_stories(&self, phone: &str, posts: u32) {
        for number in 1..=posts {
            self.write(&CustomerMessage::new(phone, format!("Status {number}")).as_story());
        }
    }

    /// The newest message that this device sent to the customer fails with the provider's code. Says whether there is
    /// one that had not arrived yet.
    pub fn fail_message(&self, phone: &str, code: &str) -> bool {
        let last = self.shared.with_book(|book| book.last_to(&phone_key(phone)).cloned());
        last.is_some_and(|last| last.from == self.device.number && self.shared.fail(&last.id, code))
    }
}

impl fmt::Debug for SandboxDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxDevice").field("device", &self.device).finish_non_exhaustive()
    }
}
