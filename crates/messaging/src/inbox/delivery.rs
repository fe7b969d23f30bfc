//! One webhook request as it is recorded, and what the log tells of it afterwards.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use wartel_core::{AccountId, TenantId, Timestamp};

use super::contact::ContactId;
use super::entry::{InboxEntryId, InboxEvent, InboxKind};
use crate::inbound::{Author, ContactAddress, InboundContent, cut};
use crate::webhook::{Authenticity, InboundEvent};

wartel_core::uuid_id! {
    /// Names a webhook request in the log. Sorts by the time it came.
    pub struct DeliveryId;
}

/// The largest body that is kept, in bytes (3 MiB). Of a larger one only the events are kept.
pub const MAX_DELIVERY_BODY: usize = 3 * 1024 * 1024;

/// How many headers are kept, and the longest value of one, in bytes.
const MAX_HEADERS: usize = 16;
const MAX_HEADER: usize = 512;

/// How many different reasons are kept for events that were ignored.
const MAX_REASONS: usize = 16;
/// The longest of them, in bytes.
const MAX_REASON: usize = 128;

/// One webhook request, authenticated and decoded, to be recorded. `Debug` shows nothing of what it says.
#[derive(Clone)]
#[non_exhaustive]
pub struct Delivery {
    /// Names it in the log. Recorded again under the same id, it is the same delivery.
    pub id: DeliveryId,
    /// Whose account it came to.
    pub tenant: TenantId,
    /// The account.
    pub account: AccountId,
    /// How the provider was known.
    pub authenticity: Authenticity,
    /// The headers that decoding it again takes: the content type, and what signs the body. Others are not kept, because
    /// they may be secrets.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte; empty if it was too large to be kept.
    pub body: Bytes,
    /// What is to be handed to consumers.
    pub entries: Vec<NewEntry>,
    /// Why events were ignored, each reason once.
    pub ignored: Vec<String>,
    /// How many events there were, those that were ignored included.
    pub events: usize,
    /// Whether entries that were settled are handed out again.
    pub again: bool,
}

/// An event of a delivery that consumers are to have.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NewEntry {
    /// The id that it gets if it is new.
    pub id: InboxEntryId,
    /// What tells it from others of the account: for messages of the same contact.
    pub key: String,
    /// Who wrote, or was written to.
    pub contact: Option<ContactAddress>,
    /// The name that the contact gives themselves.
    pub name: Option<String>,
    /// What it says.
    pub event: InboxEvent,
}

impl NewEntry {
    /// What it is.
    #[must_use]
    pub fn kind(&self) -> InboxKind {
        self.event.kind()
    }

    /// Entries of one lane are handed out one after the other: those of a contact, and those of the device. All
    /// receipts are in the lane without a name, which has no order: states only rise.
    #[must_use]
    pub fn lane(&self, contact: Option<ContactId>) -> String {
        match (contact, self.kind()) {
            (Some(contact), _) => contact.to_string(),
            (None, InboxKind::Device) => "device".to_owned(),
            (None, _) => String::new(),
        }
    }
}

impl Delivery {
    /// A request that came to an account just now.
    ///
    /// # Behavior
    /// - A message is known by its account, contact and id, a receipt by its account, message and state: it is recorded
    ///   once, however often it is delivered. A message without an id and news of a device are known by their place in
    ///   this delivery.
    /// - [`InboundEvent::Ignored`] stands in the log only, with its reason.
    /// - Echoes of what our side wrote may hold codes that were just sent, which are to be stored nowhere: six or more
    ///   digits in a row are hidden in them, and the body of such a delivery is not kept.
    #[must_use]
    pub fn new(
        tenant: TenantId,
        account: AccountId,
        authenticity: Authenticity,
        headers: &HeaderMap,
        body: Bytes,
        events: Vec<InboundEvent>,
    ) -> Self {
        let delivery = Self {
            id: DeliveryId::sequential(),
            tenant,
            account,
            authenticity,
            headers: kept_headers(headers),
            body: if body.len() > MAX_DELIVERY_BODY { Bytes::new() } else { body },
            entries: Vec::new(),
            ignored: Vec::new(),
            events: 0,
            again: false,
        };
        delivery.with_events(events)
    }

    /// A delivery of the log once more, decoded again: what was not understood then may be now. What is known already is
    /// not recorded twice.
    #[must_use]
    pub fn of_log(stored: StoredDelivery, events: Vec<InboundEvent>) -> Self {
        let delivery = Self {
            id: stored.id,
            tenant: stored.tenant,
            account: stored.account,
            authenticity: stored.authenticity,
            headers: stored.headers,
            body: stored.body,
            entries: Vec::new(),
            ignored: Vec::new(),
            events: 0,
            again: false,
        };
        delivery.with_events(events)
    }

    /// Hands its entries to the consumers again, also those that were settled.
    #[must_use]
    pub const fn handed_again(mut self) -> Self {
        self.again = true;
        self
    }

    fn with_events(mut self, events: Vec<InboundEvent>) -> Self {
        self.events = events.len();
        let ours = |event: &InboundEvent| matches!(event, InboundEvent::Message(message) if message.author == Author::OwnAccount);
        if events.iter().any(ours) {
            self.body = Bytes::new();
        }
        for (index, event) in events.into_iter().enumerate() {
            match NewEntry::of(event, self.id, index) {
                Ok(entry) => self.entries.push(entry),
                Err(why) => {
                    let why = cut(why.to_owned(), MAX_REASON);
                    if self.ignored.len() < MAX_REASONS && !self.ignored.contains(&why) {
                        self.ignored.push(why);
                    }
                }
            }
        }
        self
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .field("account", &self.account)
            .field("bytes", &self.body.len())
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}

impl NewEntry {
    /// `Err` with the reason if nobody is to have the event.
    fn of(event: InboundEvent, delivery: DeliveryId, index: usize) -> Result<Self, &'static str> {
        let id = InboxEntryId::sequential();
        let place = || format!("d/{delivery}/{index}");
        Ok(match event {
            InboundEvent::Message(mut message) => {
                if message.author == Author::OwnAccount {
                    hide_codes(&mut message.content);
                }
                let key = message.id.as_ref().map_or_else(place, |id| format!("m/{}", plain(id.as_str())));
                let theirs = message.author == Author::Contact;
                let name = message.name.clone().filter(|_| theirs);
                let contact = Some(message.contact.clone());
                Self { id, key, contact, name, event: InboxEvent::Message(message) }
            }
            InboundEvent::Receipt(receipt) => {
                let (word, named) = match (&receipt.key.message_id, &receipt.key.state_id) {
                    (Some(message), _) => ("r", plain(message.as_str())),
                    (None, Some(state)) => ("s", plain(state.as_str())),
                    (None, None) => return Err("a receipt of no message"),
                };
                let key = format!("{word}/{}/{named}", receipt.state.as_str());
                Self { id, key, contact: None, name: None, event: InboxEvent::Receipt(receipt) }
            }
            InboundEvent::DeviceState(event) => {
                Self { id, key: place(), contact: None, name: None, event: InboxEvent::Device(event) }
            }
            InboundEvent::Ignored { why } => return Err(why),
        })
    }
}

/// The shortest code that is sent, in digits.
const SHORTEST_CODE: usize = 6;

/// Hides what may be a code in the words of a message.
fn hide_codes(content: &mut InboundContent) {
    let words = match content {
        InboundContent::Text(text) | InboundContent::Choice { title: text, .. } => Some(text),
        InboundContent::Media { caption, .. } => caption.as_mut(),
        _ => None,
    };
    let Some(words) = words else { return };
    let mut hidden = String::with_capacity(words.len());
    let mut digits = String::new();
    for c in words.chars().chain(std::iter::once('\0')) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        if digits.len() >= SHORTEST_CODE {
            hidden.extend(std::iter::repeat_n('•', digits.len()));
        } else {
            hidden.push_str(&digits);
        }
        digits.clear();
        hidden.push(c);
    }
    // The mark of the end.
    hidden.pop();
    *words = hidden;
}

/// A provider's id as a key can hold it in every database: control characters are written out.
fn plain(id: &str) -> String {
    let write = |c: char| {
        if c.is_control() || c == '%' { c.escape_unicode().to_string() } else { c.to_string() }
    };
    id.chars().map(write).collect()
}

/// The content type, and the headers that sign: they are made over the body and open nothing by themselves.
fn kept_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let is_kept = |name: &str| {
        name == "content-type" || ["signature", "hmac", "timestamp"].iter().any(|word| name.contains(word))
    };
    headers
        .iter()
        .filter(|(name, value)| is_kept(name.as_str()) && value.len() <= MAX_HEADER)
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .take(MAX_HEADERS)
        .collect()
}

/// What became of a delivery that was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Recorded {
    /// How many entries are new.
    pub new: usize,
    /// How many were known already.
    pub known: usize,
    /// How many of those that were known are handed out again, as [`Delivery::handed_again`] asks.
    pub again: usize,
}

impl Recorded {
    /// So many new ones, known ones, and known ones that are handed out again.
    #[must_use]
    pub const fn new(new: usize, known: usize, again: usize) -> Self {
        Self { new, known, again }
    }

    /// Whether there is something to hand out.
    #[must_use]
    pub const fn is_due(&self) -> bool {
        self.new > 0 || self.again > 0
    }
}

/// A delivery with its body, to be decoded again. `Debug` shows nothing of what it says.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredDelivery {
    /// Names it.
    pub id: DeliveryId,
    /// Whose account it came to.
    pub tenant: TenantId,
    /// The account.
    pub account: AccountId,
    /// How the provider was known when it came.
    pub authenticity: Authenticity,
    /// The headers that were kept.
    pub headers: Vec<(String, String)>,
    /// The body; empty if it was too large to be kept.
    pub body: Bytes,
    /// When it came.
    pub received_at: Timestamp,
}

impl StoredDelivery {
    /// What a store has kept of a delivery.
    #[must_use]
    pub const fn new(
        id: DeliveryId,
        tenant: TenantId,
        account: AccountId,
        authenticity: Authenticity,
        body: Bytes,
        received_at: Timestamp,
    ) -> Self {
        Self { id, tenant, account, authenticity, headers: Vec::new(), body, received_at }
    }

    /// With the headers that were kept.
    #[must_use]
    pub fn with_headers(mut self, headers: Vec<(String, String)>) -> Self {
        self.headers = headers;
        self
    }

    /// The headers as a [`WebhookRequest`](crate::WebhookRequest) takes them.
    #[must_use]
    pub fn header_map(&self) -> HeaderMap {
        let read = |(name, value): &(String, String)| {
            Some((name.parse::<HeaderName>().ok()?, value.parse::<HeaderValue>().ok()?))
        };
        self.headers.iter().filter_map(read).collect()
    }
}

impl fmt::Debug for StoredDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredDelivery")
            .field("id", &self.id)
            .field("account", &self.account)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// What the log tells of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoggedDelivery {
    /// Names it.
    pub id: DeliveryId,
    /// The account that it came to.
    pub account: AccountId,
    /// How the provider was known.
    pub authenticity: Authenticity,
    /// When it came first.
    pub received_at: Timestamp,
    /// How many bytes of the body are kept.
    pub bytes: usize,
    /// How many events it held, as it was decoded last.
    pub events: usize,
    /// How many of them were new, over all times that it was recorded.
    pub new: usize,
    /// Why events were ignored, each reason once.
    pub ignored: Vec<String>,
    /// How often it was recorded again.
    pub replays: u32,
}

impl LoggedDelivery {
    /// A delivery that was recorded once and held nothing.
    #[must_use]
    pub const fn new(
        id: DeliveryId,
        account: AccountId,
        authenticity: Authenticity,
        received_at: Timestamp,
        bytes: usize,
    ) -> Self {
        Self {
            id,
            account,
            authenticity,
            received_at,
            bytes,
            events: 0,
            new: 0,
            ignored: Vec::new(),
            replays: 0,
        }
    }

    /// With how many events it held, and how many of them were new.
    #[must_use]
    pub const fn with_events(mut self, events: usize, new: usize) -> Self {
        self.events = events;
        self.new = new;
        self
    }

    /// With why events were ignored.
    #[must_use]
    pub fn with_ignored(mut self, ignored: Vec<String>) -> Self {
        self.ignored = ignored;
        self
    }

    /// With how often it was recorded again.
    #[must_use]
    pub const fn with_replays(mut self, replays: u32) -> Self {
        self.replays = replays;
        self
    }
}

/// Which deliveries of the log to show: the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogQuery {
    /// Of this account only.
    pub account: Option<AccountId>,
    /// Those that came before this one: the last one of the page before.
    pub before: Option<DeliveryId>,
    /// How many. Default: 50. At most 500.
    pub limit: usize,
}

/// The largest page of the log.
pub const MAX_LOG_PAGE: usize = 500;

impl Default for LogQuery {
    fn default() -> Self {
        Self { account: None, before: None, limit: 50 }
    }
}

impl LogQuery {
    /// The newest 50 of all accounts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Of one account only.
    #[must_use]
    pub fn of_account(mut self, account: AccountId) -> Self {
        self.account = Some(account);
        self
    }

    /// The page after the one that ended with this delivery.
    #[must_use]
    pub const fn before(mut self, id: DeliveryId) -> Self {
        self.before = Some(id);
        self
    }

    /// At most so many, and never more than [`MAX_LOG_PAGE`].
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit.min(MAX_LOG_PAGE);
        self
    }
}
