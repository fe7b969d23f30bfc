//! What is heard in a chat: pure functions on its document.

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use wartel_core::Timestamp;
use wartel_messaging::inbox::{Contact, InboxEntryId};

use super::chat::{BurstItem, Chat, Notice, Pause, PauseBy, SentMark};
use super::line::{Line, LineAuthor};
use super::part::{Part, PartState, PartTo};
use crate::tenant::BotSettings;

/// How many entries a chat remembers.
const TAKEN: usize = 64;
/// For how long the text of a send tells an echo.
const ECHO_BY_TEXT: Duration = Duration::from_secs(10 * 60);
/// How many messages may wait for an answer; the oldest ones become one beyond it.
const BURST: usize = 50;
/// How much of one message waits for an answer, and of all of them.
const ITEM_BYTES: usize = 8_000;
/// Nobody reads and types in so short a time.
const AT_ONCE: Duration = Duration::from_secs(2);
/// After so many thrown-away drafts the next one goes out for what it answers.
const STALE_DRAFTS: u32 = 2;

/// A message of the customer. `text` is what the assistant reads.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Incoming {
    /// The entry of the inbox.
    pub entry: InboxEntryId,
    /// The provider's id.
    pub provider_id: Option<String>,
    /// Its words, or a note about it.
    pub text: String,
    /// Whether an answer should not wait for more: files end a burst.
    pub ends_burst: bool,
    /// When it came in.
    pub at: Timestamp,
}

impl Incoming {
    /// A message with its words.
    #[must_use]
    pub fn new(entry: InboxEntryId, text: impl Into<String>, at: Timestamp) -> Self {
        Self { entry, provider_id: None, text: text.into(), ends_burst: false, at }
    }

    /// With the provider's id.
    #[must_use]
    pub fn with_provider_id(mut self, id: Option<String>) -> Self {
        self.provider_id = id;
        self
    }

    /// Ending a burst.
    #[must_use]
    pub const fn ending_burst(mut self, ends: bool) -> Self {
        self.ends_burst = ends;
        self
    }
}

/// Whether a message waits for an answer now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It does.
    Waits,
    /// It is kept, and nobody answers it automatically.
    Kept,
    /// It was known already. Nothing has changed.
    Known,
}

/// A hash of a text that is the same for all spacings and cases, so that an echo is known although a provider trims it.
pub(super) fn text_hash(text: &str) -> String {
    let plain: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    Sha256::digest(plain).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

impl Chat {
    /// Takes over what is known of the person now.
    pub fn meet(&mut self, contact: &Contact) {
        self.phone.clone_from(&contact.phone);
        self.lid = contact.lid.as_ref().map(wartel_core::Jid::to_wire);
        if contact.name.is_some() {
            self.name.clone_from(&contact.name);
        }
    }

    /// Remembers an entry; answers whether it is new.
    pub fn take(&mut self, entry: InboxEntryId) -> bool {
        if self.taken.contains(&entry) {
            return false;
        }
        self.taken.push(entry);
        let excess = self.taken.len().saturating_sub(TAKEN);
        self.taken.drain(..excess);
        true
    }

    /// A new line with its number.
    pub fn line(&mut self, author: LineAuthor, text: impl Into<String>, at: Timestamp) -> Line {
        let line = Line::new(self.next_line, author, text, at);
        self.next_line += 1;
        line
    }

    /// The customer wrote. `answerable` says whether the assistant may answer this one at all; a pause and an opt-out count
    /// besides.
    ///
    /// A planned answer of which nothing went out yet is thrown away, so that one answer speaks to everything.
    pub fn customer_wrote(
        &mut self,
        message: &Incoming,
        answerable: bool,
        settings: &BotSettings,
    ) -> (Heard, Vec<Line>) {
        if !self.take(message.entry) {
            return (Heard::Known, Vec::new());
        }
        let line = self.line(LineAuthor::Customer, cut(&message.text, ITEM_BYTES), message.at);
        self.last_inbound_at = self.last_inbound_at.max(Some(message.at));
        self.watch_for_machines(&line.text, message.at);
        if !answerable || self.opted_out.is_some() || self.is_silenced(message.at) {
            return (Heard::Kept, vec![line]);
        }
        self.take_back_answer();
        self.burst.push(BurstItem {
            entry: message.entry,
            line: line.number,
            provider_id: message.provider_id.clone(),
            text: line.text.clone(),
            at: message.at,
        });
        self.coalesce();
        let window = Duration::from_millis(settings.burst_window_ms.into());
        let cap = Duration::from_millis(settings.burst_cap_ms.into());
        let first = self.burst.first().map_or(message.at, |item| item.at);
        let due = if message.ends_burst { message.at } else { (message.at + window).min(first + cap) };
        self.burst_due = Some(due);
        (Heard::Waits, vec![line])
    }

    /// Counts what machines do and people do not: answering at once, and in the same words.
    fn watch_for_machines(&mut self, text: &str, at: Timestamp) {
        let said = self.sent.last().is_some_and(|mark| mark.at <= at && at.since(mark.at) <= AT_ONCE);
        self.instant = if said { self.instant.saturating_add(1) } else { 0 };
        let hash = text_hash(text);
        let count = if self.repeated.1 == hash { self.repeated.0.saturating_add(1) } else { 1 };
        self.repeated = (count, hash);
    }

    /// An answer that was planned and of which nothing went out becomes part of the burst again. What is being handed over
    /// may have gone out. Answers whether there was one.
    pub(super) fn take_back_answer(&mut self) -> bool {
        let begun = self.outgoing.iter().any(|part| matches!(part.state, PartState::Trying { .. }));
        if self.answering.is_empty() || begun || !self.has_planned_answer() {
            return false;
        }
        let mut items = std::mem::take(&mut self.answering);
        items.append(&mut self.burst);
        self.burst = items;
        self.outgoing.retain(|part| part.in_any_case || part.author != LineAuthor::Assistant);
        true
    }

    /// Bounds the burst: the oldest messages become one.
    fn coalesce(&mut self) {
        while self.burst.len() > BURST {
            let oldest = self.burst.remove(0);
            if let Some(next) = self.burst.first_mut() {
                next.text = cut(&format!("{}\n{}", oldest.text, next.text), ITEM_BYTES).to_owned();
                next.at = oldest.at;
            }
        }
    }

    /// Nothing waits for an answer any more; the lines stay.
    pub fn drop_burst(&mut self) {
        self.burst.clear();
        self.burst_due = None;
        self.answering.clear();
        self.stale_drafts = 0;
        self.failures = 0;
    }

    /// A person of the shop wrote in the chat: the assistant is silent from now on.
    pub fn person_wrote(&mut self, text: &str, settings: &BotSettings, at: Timestamp) -> Line {
        let until = at + Duration::from_secs(60 * u64::from(settings.handoff_minutes));
        // A longer silence that staff have asked for stays.
        let asked = self.pause.take().map(Pause::before_unknown).and_then(|pause| match pause {
            Some(Pause { by: PauseBy::Command, since, until: end }) if end.is_none_or(|end| end > until) => {
                Some((since, end))
            }
            _ => None,
        });
        match asked {
            Some((since, end)) => self.pause_by(PauseBy::Command, since, end),
            None => self.pause_by(PauseBy::Person, at, Some(until)),
        }
        self.line(LineAuthor::Person, cut(text, ITEM_BYTES), at)
    }

    /// Whether a message from our side was sent by this program in this chat: by its id, or by its text within ten minutes.
    #[must_use]
    pub fn has_sent(&self, id: Option<&str>, text: Option<&str>, at: Timestamp) -> bool {
        let by_id = |mark: &SentMark| id.is_some() && mark.id.as_deref() == id;
        let trying = |part: &&Part| part.to == PartTo::Chat && matches!(part.state, PartState::Trying { .. });
        if self.sent.iter().any(by_id) {
            return true;
        }
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            // A file without words while one of ours is being handed over.
            return self.outgoing.iter().any(|part| trying(&part));
        };
        let hash = text_hash(text);
        let lately = |mark: &SentMark| mark.hash == hash && at.since(mark.at) < ECHO_BY_TEXT;
        self.sent.iter().any(lately)
            || self.outgoing.iter().filter(trying).any(|part| text_hash(&part.words()) == hash)
    }

    /// Whether this notice may go out: it did not within `every`. Notes it if so.
    pub fn notice(&mut self, notice: Notice, every: Duration, now: Timestamp) -> bool {
        if self.notices.get(&notice).is_some_and(|last| now.since(*last) < every && *last <= now) {
            return false;
        }
        self.notices.insert(notice, now);
        true
    }

    /// How many answers went out within this time.
    #[must_use]
    pub fn answers_within(&self, time: Duration, now: Timestamp) -> usize {
        self.answered.iter().filter(|at| now.since(**at) < time).count()
    }

    /// Whether a draft that answers only `answered` of the messages goes out all the same: some were thrown away already,
    /// and somebody who keeps writing must get an answer.
    pub fn keeps_stale_draft(&mut self) -> bool {
        self.stale_drafts += 1;
        self.stale_drafts > STALE_DRAFTS
    }
}
