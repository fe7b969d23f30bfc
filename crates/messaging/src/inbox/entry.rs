//! What is handed to consumers.

use std::fmt;
use std::str::FromStr;

use wartel_core::{AccountId, TenantId, Timestamp};

use super::contact::Contact;
use crate::device::DeviceEvent;
use crate::inbound::InboundMessage;
use crate::receipt::DeliveryReceipt;
use crate::webhook::Authenticity;

wartel_core::uuid_id! {
    /// Names an entry of the inbox. A consumer that must do a thing once remembers it: after a crash an entry may come
    /// again.
    pub struct InboxEntryId;
}

/// What an entry is, for those who take only some.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum InboxKind {
    /// A message that the contact wrote.
    Message,
    /// A message that our own side wrote: an echo of what was sent, or somebody at the paired phone.
    Echo,
    /// News of a message that was sent.
    Receipt,
    /// News of the device behind the account.
    Device,
}

impl InboxKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Message, Self::Echo, Self::Receipt, Self::Device];

    /// The word that stores keep.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Echo => "echo",
            Self::Receipt => "receipt",
            Self::Device => "device",
        }
    }
}

/// The word is none of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a kind of an inbox entry")]
pub struct UnknownKind;

impl FromStr for InboxKind {
    type Err = UnknownKind;

    fn from_str(word: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or(UnknownKind)
    }
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InboxEvent {
    /// Somebody wrote: the contact, or our own side.
    Message(InboundMessage),
    /// News of a message that was sent.
    Receipt(DeliveryReceipt),
    /// News of the device.
    Device(DeviceEvent),
}

/// One thing that a provider reported, for consumers. `Debug` shows neither text nor numbers.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InboxEntry {
    /// Names the entry, always the same when it comes again.
    pub id: InboxEntryId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Through which account it came.
    pub account: AccountId,
    /// How the provider was known. Nothing that is not signed proves who sent it.
    pub authenticity: Authenticity,
    /// The person of the chat, with everything that is known by now. `None` for receipts and devices.
    pub contact: Option<Contact>,
    /// What it says.
    pub event: InboxEvent,
    /// When it came.
    pub received_at: Timestamp,
}

impl InboxEntry {
    /// An entry that came through an account.
    #[must_use]
    pub const fn new(
        id: InboxEntryId,
        tenant: TenantId,
        account: AccountId,
        authenticity: Authenticity,
        event: InboxEvent,
        received_at: Timestamp,
    ) -> Self {
        Self { id, tenant, account, authenticity, contact: None, event, received_at }
    }

    /// With the person of the chat.
    #[must_use]
    pub fn with_contact(mut self, contact: Option<Contact>) -> Self {
        self.contact = contact;
        self
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> InboxKind {
        self.event.kind()
    }
}

impl fmt::Debug for InboxEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboxEntry")
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .field("account", &self.account)
            .field("kind", &self.kind())
            .finish_non_exhaustive()
    }
}

/// An entry with the right to hand it to consumers until the lease ends.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LeasedInboxEntry {
    /// What came in.
    pub entry: InboxEntry,
    /// Grows with each lease; only the newest holder may settle the entry.
    pub fence: u64,
    /// How often it was put back before, for the spacing of tries.
    pub refusals: u32,
    /// The names of the consumers that have taken it already.
    pub taken: Vec<String>,
}

impl LeasedInboxEntry {
    /// What [`Inbox::lease`](super::Inbox::lease) answers.
    #[must_use]
    pub const fn new(entry: InboxEntry, fence: u64, refusals: u32, taken: Vec<String>) -> Self {
        Self { entry, fence, refusals, taken }
    }
}

/// What came of handing an entry over.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InboxOutcome {
    /// Every consumer has taken it.
    Done,
    /// Not all could take it: again at this instant. What comes after it from the same contact waits for it.
    Retry {
        /// When.
        at: Timestamp,
        /// The consumers that have taken it, by name; they do not get it again.
        taken: Vec<String>,
    },
    /// Nobody was asked yet: due again at once, as if it had not been leased.
    Release,
    /// Given up for good.
    Dead,
}

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InboxState {
    /// Waits for consumers.
    Queued,
    /// Is leased by a dispatcher.
    Processing,
    /// Was taken by all consumers.
    Done,
    /// Was given up.
    Dead,
}

impl InboxState {
    /// The word that stores keep.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }

    /// Reads back what [`as_str`](Self::as_str) gave.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        [Self::Queued, Self::Processing, Self::Done, Self::Dead]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}
