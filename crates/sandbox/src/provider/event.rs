//! What happens in the sandbox that an application may be told, in the words of no provider.

use wartel_core::Timestamp;

use crate::customer::Extra;
use crate::phone::SandboxMessage;
use crate::webhooks::WebhookKind;

/// Something that a provider may tell the application by webhook.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    /// A message that we sent has just become what its status says. An `Invalid` one may have a
    /// [`failure`](SandboxMessage::failure).
    Status(&'a SandboxMessage),
    /// The same, by whatever a provider calls a message before the application knows its id. Most have no such thing.
    StatusBeforeId(&'a SandboxMessage),
    /// A message appeared in a chat.
    Message(Inbound<'a>),
    /// Something happened to the device.
    Device(&'a DeviceChange),
}

impl Event<'_> {
    /// Which of the webhook targets it goes to.
    pub(crate) fn kind(&self) -> WebhookKind {
        match self {
            Self::Status(_) | Self::StatusBeforeId(_) => WebhookKind::Status,
            Self::Message(_) => WebhookKind::Incoming,
            Self::Device(_) => WebhookKind::Connect,
        }
    }
}

/// A message that appeared in a chat.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inbound<'a> {
    /// Its id, text and time.
    pub(crate) message: &'a SandboxMessage,
    /// The number of the customer in digits: the writer, or for our own messages the other side.
    pub(crate) phone: &'a str,
    /// The LID of the customer: digits without `@lid`.
    pub(crate) lid: &'a str,
    /// How much of the two the provider gets to know. Never [`Shown::Twice`]: that one is told as two events.
    pub(crate) shown: Shown,
    /// The name that the customer gave themselves.
    pub(crate) name: &'a str,
    pub(crate) chat: Chat<'a>,
    pub(crate) origin: Origin,
    /// What it is beside its text.
    pub(crate) extra: &'a Extra,
    /// The id of the message that it answers.
    pub(crate) quotes: Option<&'a str>,
    /// A running number, the same for both events of a message that is shown twice.
    pub(crate) serial: u64,
}

/// As whom a customer appears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Shown {
    /// By the phone number.
    #[default]
    Phone,
    /// By the LID alone: the number stays hidden.
    Lid,
    /// By the LID, with the number beside it, where the provider has a place for both.
    Both,
    /// The same message comes twice, once by the number and once by the LID.
    Twice,
}

/// In which chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chat<'a> {
    /// With the customer alone.
    Private,
    /// In a group, by its id (`…@g.us`).
    Group(&'a str),
    /// A status post (`status@broadcast`).
    Story,
}

/// Who wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The customer.
    Customer,
    /// A person, on the phone that the device is linked to.
    OwnPhone,
    /// The application, through the provider.
    Api,
}

/// What happened to a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DeviceChange {
    /// A QR code is shown, the first or a newer one.
    Qr {
        text: String,
        /// 1 for the first.
        number: u32,
    },
    /// A code to type on the phone is shown.
    Code {
        code: String,
    },
    /// WhatsApp asks for a passkey.
    PasskeyRequired,
    /// The passkey was given, and waits to be confirmed.
    PasskeyConfirmation,
    /// Nobody scanned in time, or the person refused.
    PairingEnded,
    Paired,
    Connected,
    Disconnected,
    /// The phone removed it, or somebody logged it out.
    LoggedOut,
    Banned {
        until: Option<Timestamp>,
    },
}
