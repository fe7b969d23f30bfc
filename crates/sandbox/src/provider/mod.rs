//! What a fake provider is made of, and which ones there are.

mod call;
mod event;
mod reply;
mod serve;

use std::fmt;
use std::sync::Arc;

pub(crate) use call::{Call, Received};
pub use event::Shown;
pub(crate) use event::{Chat, DeviceChange, Event, Inbound, Origin};
pub(crate) use reply::Reply;
pub(crate) use serve::serve;

use crate::device::Device;
use crate::faults::SuccessShape;
use crate::shared::Shared;
use crate::webhooks::{RetryPlan, Target, Webhook};

/// A provider that the sandbox can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ProviderKind {
    /// Fonnte, below `/fonnte/` and on every path that no other provider has.
    Fonnte,
    /// Meta's Cloud API, below `/cloud_api/`.
    CloudApi,
    /// The single-device gateway v1.7.0, below `/gateway/`.
    Gateway,
    /// GOWA, below `/gowa/`.
    Gowa,
    /// WAHA, below `/waha/`.
    Waha,
    /// Evolution API, below `/evolution/`.
    Evolution,
    /// Twilio, below `/twilio/`.
    Twilio,
}

impl ProviderKind {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Fonnte, Self::CloudApi, Self::Gateway, Self::Gowa, Self::Waha, Self::Evolution, Self::Twilio];

    /// Its name, which is also the first segment of its paths: `fonnte`, `cloud_api`, `gateway`, `gowa`, `waha`,
    /// `evolution` or `twilio`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fonnte => "fonnte",
            Self::CloudApi => "cloud_api",
            Self::Gateway => "gateway",
            Self::Gowa => "gowa",
            Self::Waha => "waha",
            Self::Evolution => "evolution",
            Self::Twilio => "twilio",
        }
    }

    /// Finds a provider by its [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it tells of the passkey that WhatsApp may ask for, and takes it.
    pub(crate) const fn has_passkeys(self) -> bool {
        matches!(self, Self::Gowa | Self::Waha)
    }

    /// The fake that stands in for it.
    pub(crate) fn fake(self) -> Option<&'static dyn Provider> {
        FAKES.iter().copied().find(|fake| fake.kind() == self)
    }
}

/// The fakes, one line each. A new one is added here; see the crate's documentation for the rest.
static FAKES: &[&dyn Provider] = &[
    &crate::fonnte::Fonnte,
    &crate::cloud_api::CloudApi,
    &crate::evolution::Evolution,
    &crate::gateway::Gateway,
    &crate::gowa::Gowa,
    &crate::twilio::Twilio,
    &crate::waha::Waha,
];

/// What a request is for, in the words of no provider, so that one fault can hit the same call of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// Sends messages.
    Send,
    /// Asks which numbers have WhatsApp.
    Validate,
    /// Asks how the device is.
    Device,
    /// Lists the devices of the account.
    GetDevices,
    /// Asks for a QR or pairing code.
    Qr,
    /// Logs the device out.
    Disconnect,
    /// Asks how far a message came.
    Status,
    /// Adds a device.
    AddDevice,
    /// Changes a device, such as where its webhooks go.
    UpdateDevice,
    /// Shows that somebody is typing, or marks a message as read.
    Presence,
    /// Asks for the number behind a LID, or the reverse.
    Lids,
    /// Uploads or fetches a file.
    Media,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Send,
        Self::Validate,
        Self::Device,
        Self::GetDevices,
        Self::Qr,
        Self::Disconnect,
        Self::Status,
        Self::AddDevice,
        Self::UpdateDevice,
        Self::Presence,
        Self::Lids,
        Self::Media,
    ];

    /// Its word in the control API, such as `get-devices`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Validate => "validate",
            Self::Device => "device",
            Self::GetDevices => "get-devices",
            Self::Qr => "qr",
            Self::Disconnect => "disconnect",
            Self::Status => "status",
            Self::AddDevice => "add-device",
            Self::UpdateDevice => "update-device",
            Self::Presence => "presence",
            Self::Lids => "lids",
            Self::Media => "media",
        }
    }

    /// Finds an endpoint by its [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|endpoint| endpoint.name() == name)
    }
}

/// A fake provider. It is plain code without state of its own: what it remembers is in [`Shared`] and [`Device`], so
/// that a reset, the phone page and the control API see all providers alike.
pub(crate) trait Provider: fmt::Debug + Send + Sync {
    /// Which one.
    fn kind(&self) -> ProviderKind;

    /// What an adapter of this provider is configured with to use `device`: setting names and values. `base` is the
    /// URL of this provider's surface, without a slash at its end.
    fn settings(&self, base: &str, device: &Device) -> Vec<(&'static str, String)>;

    /// Looks at a request: who asks, what for, and about which numbers. Changes nothing; faults come after it.
    fn receive(&self, shared: &Shared, call: &Call) -> Received;

    /// Carries a request out that [`receive`](Self::receive) let through.
    fn carry_out(&self, shared: &Arc<Shared>, call: &Call, received: &Received) -> Reply;

    /// Refuses, for a planned fault: `reason` is a reason, a code or both, in the provider's own terms.
    fn refusal(&self, shared: &Shared, reason: &str) -> Reply;

    /// The same success of a send in another shape; providers with one shape keep it.
    fn reshape(&self, reply: Reply, shape: SuccessShape) -> Reply {
        let _ = shape;
        reply
    }

    /// The id of the message with this running number. It must be unique among all providers.
    fn message_id(&self, number: u64) -> String {
        hex_id(number)
    }

    /// What the application is told of an event: no, one or several webhooks. `target` is where they go.
    fn webhooks(&self, shared: &Shared, device: &Device, target: &Target, event: &Event<'_>) -> Vec<Webhook>;

    /// Whether an answer with this status means that the application took a webhook.
    fn delivered(&self, status: u16) -> bool {
        (200..300).contains(&status)
    }

    /// How hard it tries to deliver a webhook.
    fn retry(&self) -> RetryPlan;

    /// The query with which it asks the address of a webhook whether it is the application's; the answer has to be the
    /// challenge. `None` for those that do not ask.
    fn handshake(&self, device: &Device, challenge: &str) -> Option<String> {
        let _ = (device, challenge);
        None
    }
}

/// An id like those that WhatsApp gives: different for each number, and without a likeness to it.
pub(crate) fn hex_id(number: u64) -> String {
    format!("3EB0{:016X}", number.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for kind in ProviderKind::ALL {
            assert_eq!(ProviderKind::from_name(kind.name()), Some(kind));
        }
        for endpoint in Endpoint::ALL {
            assert_eq!(Endpoint::from_name(endpoint.name()), Some(endpoint));
        }
        assert_eq!(ProviderKind::from_name("telegram"), None);
    }

    #[test]
    fn each_fake_is_found_by_its_kind_and_is_there_once() {
        for fake in FAKES {
            assert_eq!(FAKES.iter().filter(|other| other.kind() == fake.kind()).count(), 1);
            assert!(fake.kind().fake().is_some());
        }
        assert_ne!(hex_id(1), hex_id(2));
    }
}
