//! A chat as one document.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use wartel_core::{Jid, Locale, PhoneNumber, Timestamp};
use wartel_messaging::inbox::InboxEntryId;
use wartel_messaging::{ContactAddress, Recipient};

use super::part::{Effect, Part};
use crate::key::{ChatKey, TurnId};

/// A chat. `Debug` shows neither names, numbers nor words.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Chat {
    /// Which one.
    pub key: ChatKey,
    /// The customer's number, if it is known.
    #[serde(with = "crate::serde_phone::option", default)]
    pub phone: Option<PhoneNumber>,
    /// The customer's LID, if it is known: an address as WhatsApp writes it.
    #[serde(default)]
    pub lid: Option<String>,
    /// What the customer calls themselves.
    #[serde(default)]
    pub name: Option<String>,
    /// The language that the customer wrote last.
    #[serde(default)]
    pub locale: Option<Locale>,
    /// Messages that wait for an answer, in order.
    #[serde(default)]
    pub burst: Vec<BurstItem>,
    /// When they are to be answered.
    #[serde(default)]
    pub burst_due: Option<Timestamp>,
    /// What the planned answer answers, until its first part goes out; a message that comes before is answered together
    /// with it.
    #[serde(default)]
    pub answering: Vec<BurstItem>,
    /// How many drafts were thrown away because another message came meanwhile.
    #[serde(default)]
    pub stale_drafts: u32,
    /// How often answering has begun without an end, because the process died or a store did not answer.
    #[serde(default)]
    pub failures: u32,
    /// Since when the customer wants no automatic messages.
    #[serde(default)]
    pub opted_out: Option<Timestamp>,
    /// Why the assistant is silent, if it is.
    #[serde(default)]
    pub pause: Option<Pause>,
    /// Lines before this number are no part of a prompt any more.
    #[serde(default)]
    pub boundary: u64,
    /// The number of the next line.
    #[serde(default)]
    pub next_line: u64,
    /// When the customer wrote last; free answers are allowed for 24 hours from then.
    #[serde(default)]
    pub last_inbound_at: Option<Timestamp>,
    /// When the assistant answered, within the last hour.
    #[serde(default)]
    pub answered: Vec<Timestamp>,
    /// How many messages in a row came within two seconds of what was said here: machines answer at once.
    #[serde(default)]
    pub instant: u32,
    /// How often in a row the customer has written the same words, and which.
    #[serde(default)]
    pub repeated: (u32, String),
    /// When each automatic notice went out last.
    #[serde(default)]
    pub notices: BTreeMap<Notice, Timestamp>,
    /// What waits to be sent, in order.
    #[serde(default)]
    pub outgoing: Vec<Part>,
    /// When it is to be sent.
    #[serde(default)]
    pub outgoing_due: Option<Timestamp>,
    /// What waits to be done, in order.
    #[serde(default)]
    pub effects: Vec<Effect>,
    /// What was sent lately, to know its echo.
    #[serde(default)]
    pub sent: Vec<SentMark>,
    /// The entries that were taken lately, so that none counts twice.
    #[serde(default)]
    pub taken: Vec<InboxEntryId>,
}

/// A message that waits for an answer. `Debug` shows no words.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BurstItem {
    /// The entry of the inbox.
    pub entry: InboxEntryId,
    /// The number of its line.
    pub line: u64,
    /// The provider's id, for quoting and for the typing sign.
    #[serde(default)]
    pub provider_id: Option<String>,
    /// What it says, at most 8,000 bytes: text, caption, or a note such as `[voice message]`.
    pub text: String,
    /// When it came in.
    pub at: Timestamp,
}

/// Why the assistant is silent, since when and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pause {
    /// Who or what has paused it.
    pub by: PauseBy,
    /// Since when.
    pub since: Timestamp,
    /// Until when; `None`: until a command resumes it.
    #[serde(default)]
    pub until: Option<Timestamp>,
}

/// Who or what has paused the assistant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PauseBy {
    /// A person wrote in the chat.
    Person,
    /// Something was written from our side that may be a person's or another program's message; which one turns out
    /// when its entry comes again.
    Unknown {
        /// The entry.
        entry: InboxEntryId,
        /// The pause before it, to be restored.
        before: Option<Box<Pause>>,
    },
    /// It was handed over in this turn, whose last words still go out.
    HandOver {
        /// The turn.
        turn: TurnId,
    },
    /// Staff told it to, by command or on the admin page.
    Command,
    /// The other side seems to be a machine.
    Loop,
}

/// An automatic notice that must not be repeated within a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Notice {
    /// "A colleague will answer": the models are down or blocked, or the budget is spent.
    Fallback,
    /// "We are closed".
    Closed,
    /// "You get no more automatic messages".
    OptedOut,
    /// "You get automatic messages again".
    OptedIn,
    /// "Please type it".
    PleaseType,
    /// "A colleague takes over".
    HandedOver,
    /// To staff: the other side seems to be a machine.
    Loop,
    /// To staff: a hint about commands.
    StaffHint,
    /// To staff: the model's account needs them.
    ModelTrouble,
}

/// A message that was sent, to know its echo by id or by text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SentMark {
    /// The provider's id, if it gave one.
    #[serde(default)]
    pub id: Option<String>,
    /// A hash of its text, without spaces and case.
    pub hash: String,
    /// When.
    pub at: Timestamp,
}

impl Chat {
    /// A chat in which nothing was said yet.
    #[must_use]
    pub fn new(key: ChatKey) -> Self {
        Self {
            key,
            phone: None,
            lid: None,
            name: None,
            locale: None,
            burst: Vec::new(),
            burst_due: None,
            answering: Vec::new(),
            stale_drafts: 0,
            failures: 0,
            opted_out: None,
            pause: None,
            boundary: 0,
            next_line: 0,
            last_inbound_at: None,
            answered: Vec::new(),
            instant: 0,
            repeated: (0, String::new()),
            notices: BTreeMap::new(),
            outgoing: Vec::new(),
            outgoing_due: None,
            effects: Vec::new(),
            sent: Vec::new(),
            taken: Vec::new(),
        }
    }

    /// Where an answer goes; `None` if no address is known.
    #[must_use]
    pub fn recipient(&self) -> Option<Recipient> {
        let lid = self.lid.as_deref().and_then(|text| Jid::parse(text).ok());
        ContactAddress::new(self.phone.clone(), lid)?.recipient()
    }

    /// When a worker has something to do here; `None` if it has not. Stores keep it beside the document.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        let effects = (!self.effects.is_empty()).then_some(Timestamp::from_micros(0));
        let outgoing = self.outgoing_due.filter(|_| !self.outgoing.is_empty());
        let burst = self.burst_due.filter(|_| !self.burst.is_empty() && !self.has_planned_answer());
        [effects, outgoing, burst].into_iter().flatten().min()
    }

    /// Whether an answer still goes out: the next one waits for it, so that they come in order.
    #[must_use]
    pub fn has_planned_answer(&self) -> bool {
        self.outgoing.iter().any(Part::is_answer)
    }

    /// Whether the assistant may not speak now: it is paused, and the pause has not ended.
    #[must_use]
    pub fn is_paused(&self, now: Timestamp) -> bool {
        self.pause.as_ref().is_some_and(|pause| pause.until.is_none_or(|until| now < until))
    }
}

impl Pause {
    /// The pause that was there before anything was unclear.
    pub(super) fn before_unknown(mut self) -> Option<Self> {
        while let PauseBy::Unknown { before, .. } = self.by {
            self = *before?;
        }
        Some(self)
    }

    /// The pause without what this entry has brought.
    pub(super) fn without(self, entry: InboxEntryId) -> Option<Self> {
        match self.by {
            PauseBy::Unknown { entry: it, before } if it == entry => before.map(|pause| *pause),
            PauseBy::Unknown { entry: it, before } => {
                let before = before.and_then(|pause| pause.without(entry)).map(Box::new);
                Some(Self { by: PauseBy::Unknown { entry: it, before }, ..self })
            }
            _ => Some(self),
        }
    }
}

impl fmt::Debug for Chat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chat")
            .field("key", &self.key)
            .field("burst", &self.burst.len())
            .field("outgoing", &self.outgoing.len())
            .field("effects", &self.effects.len())
            .field("pause", &self.pause)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for BurstItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BurstItem").field("entry", &self.entry).finish_non_exhaustive()
    }
}
