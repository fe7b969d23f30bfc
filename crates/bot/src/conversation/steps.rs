//! What happens to a chat: pure functions on its document.

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use wartel_core::Timestamp;
use wartel_messaging::inbox::{Contact, InboxEntryId};

use super::chat::{BurstItem, Chat, Notice, Pause, PauseBy, SentMark};
use super::line::{Line, LineAuthor, LineOutcome};
use super::part::{Effect, Part, PartState, PartTo};
use crate::key::TurnId;
use crate::tenant::BotSettings;

/// How many entries a chat remembers.
const TAKEN: usize = 64;
/// How many sends a chat remembers, and for how long their text tells an echo.
const SENT: usize = 32;
const ECHO_BY_TEXT: Duration = Duration::from_secs(10 * 60);
/// How many messages may wait for an answer; the oldest ones become one beyond it.
const BURST: usize = 50;
/// How much of one message waits for an answer, and of all of them.
const ITEM_BYTES: usize = 8_000;
/// Nobody reads and types in so short a time.
const AT_ONCE: Duration = Duration::from_secs(2);
/// For how long answers are remembered.
const ANSWERS: Duration = Duration::from_secs(60 * 60);
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

/// What became of a part that was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartEnd {
    /// The provider took it.
    Sent {
        /// The provider's id, if it gave one.
        id: Option<String>,
    },
    /// Nobody knows.
    Unknown,
    /// Refused for good.
    Refused,
    /// Refused for a while: again at this instant.
    Again {
        /// When.
        at: Timestamp,
    },
    /// Not handed over after all: again at this instant.
    Back {
        /// When.
        at: Timestamp,
    },
}

/// A hash of a text that is the same for all spacings and cases, so that an echo is known although a provider trims it.
fn text_hash(text: &str) -> String {
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
    fn take_back_answer(&mut self) -> bool {
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

    /// The assistant is silent from now on. What it was about to say is not said.
    pub fn pause_by(&mut self, by: PauseBy, since: Timestamp, until: Option<Timestamp>) {
        self.pause = Some(Pause { by, since, until });
        self.drop_burst();
        self.hold_back(since);
    }

    /// Whether a part may go out now: the assistant is neither paused nor unwanted, or it goes out in any case.
    #[must_use]
    pub fn may_send(&self, part: &Part, now: Timestamp) -> bool {
        if part.in_any_case {
            return true;
        }
        let silent = self.is_paused(now)
            && match &self.pause {
                Some(Pause { by: PauseBy::HandOver { turn }, .. }) => part.turn != Some(*turn),
                _ => true,
            };
        self.opted_out.is_none() && !silent
    }

    /// What may not go out now does not go out later either. What is being handed over has its own end. Answers whether
    /// there was something.
    pub fn hold_back(&mut self, now: Timestamp) -> bool {
        let before = self.outgoing.len();
        let mut parts = std::mem::take(&mut self.outgoing);
        parts.retain(|part| matches!(part.state, PartState::Trying { .. }) || self.may_send(part, now));
        self.outgoing = parts;
        if self.outgoing.is_empty() {
            self.outgoing_due = None;
        }
        if before != self.outgoing.len() {
            self.answering.clear();
        }
        before != self.outgoing.len()
    }

    /// Something of ours that nobody knows: silence until it is clear what it was. `burst` waits on. Several may be unclear
    /// at once.
    pub fn suspect(&mut self, entry: InboxEntryId, at: Timestamp) {
        if self.is_suspect(entry) {
            return;
        }
        let before = self.pause.take().map(Box::new);
        self.pause = Some(Pause { by: PauseBy::Unknown { entry, before }, since: at, until: None });
    }

    /// Whether this entry is one of those that have brought the present silence.
    #[must_use]
    pub fn is_suspect(&self, entry: InboxEntryId) -> bool {
        let mut pause = self.pause.as_ref();
        while let Some(Pause { by: PauseBy::Unknown { entry: it, before }, .. }) = pause {
            if *it == entry {
                return true;
            }
            pause = before.as_deref();
        }
        false
    }

    /// Whether the assistant is paused and it is clear that it is: what comes now is answered by nobody automatically.
    #[must_use]
    pub fn is_silenced(&self, now: Timestamp) -> bool {
        self.is_paused(now) && !self.is_unclear()
    }

    /// Whether it is unclear if a person has taken over: nothing is said until that is known, and nothing is dropped.
    #[must_use]
    pub const fn is_unclear(&self) -> bool {
        matches!(&self.pause, Some(Pause { by: PauseBy::Unknown { .. }, .. }))
    }

    /// This entry was not a person: as before it.
    pub fn clear_suspect(&mut self, entry: InboxEntryId) {
        self.pause = self.pause.take().and_then(|pause| pause.without(entry));
    }

    /// The assistant speaks again. What was said before is no part of its prompts any more, so that an old handoff does
    /// not hand over again.
    pub fn resume(&mut self) {
        self.pause = None;
        self.boundary = self.next_line;
    }

    /// A pause that has ended is over, as [`resume`](Self::resume) says.
    pub fn end_pause(&mut self, now: Timestamp) {
        if self.pause.is_some() && !self.is_paused(now) {
            self.resume();
        }
    }

    /// The customer wants no automatic messages.
    pub fn opt_out(&mut self, at: Timestamp) {
        self.opted_out = Some(at);
        self.drop_burst();
        self.hold_back(at);
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

    /// The answer to the first `answered` messages of the burst is planned.
    pub fn plan(
        &mut self,
        answered: usize,
        parts: Vec<Part>,
        effects: Vec<Effect>,
        counts_as_answer: bool,
        now: Timestamp,
    ) {
        let rest = self.burst.split_off(answered.min(self.burst.len()));
        let items = std::mem::replace(&mut self.burst, rest);
        if self.burst.is_empty() {
            self.burst_due = None;
        }
        let speaks = parts.iter().any(|part| part.to == PartTo::Chat && !part.in_any_case);
        self.answering = if speaks { items } else { Vec::new() };
        self.stale_drafts = 0;
        self.failures = 0;
        self.outgoing.extend(parts);
        self.outgoing_due = Some(self.outgoing_due.map_or(now, |due| due.min(now)));
        self.effects.extend(effects);
        self.answered.retain(|at| now.since(*at) < ANSWERS);
        if counts_as_answer {
            self.answered.push(now);
        }
    }

    /// It was handed over in this turn, whose last words still go out.
    pub fn hand_over(&mut self, turn: TurnId, settings: &BotSettings, now: Timestamp) {
        let until = now + Duration::from_secs(60 * u64::from(settings.handoff_minutes));
        self.pause = Some(Pause { by: PauseBy::HandOver { turn }, since: now, until: Some(until) });
        self.burst.clear();
        self.burst_due = None;
        self.notices.insert(Notice::HandedOver, now);
    }

    /// Adds one part to what waits to be sent.
    pub fn say(&mut self, part: Part, now: Timestamp) {
        self.outgoing.push(part);
        self.outgoing_due = Some(self.outgoing_due.map_or(now, |due| due.min(now)));
    }

    /// The next part is being handed over from now on. `None`: nothing waits.
    pub fn begin_part(&mut self, now: Timestamp) -> Option<Part> {
        let part = self.outgoing.first_mut()?;
        let begun = part.clone();
        part.state = PartState::Trying { since: now };
        Some(begun)
    }

    /// What became of the part that was being handed over. Gives its line, if it is finished.
    pub fn end_part(&mut self, end: &PartEnd, now: Timestamp) -> Option<Line> {
        if !matches!(self.outgoing.first()?.state, PartState::Trying { .. }) {
            return None;
        }
        let mut part = self.outgoing.remove(0);
        let outcome = match end {
            PartEnd::Sent { id } => {
                self.note_sent(&part, id.clone(), now);
                LineOutcome::Sent
            }
            PartEnd::Unknown => {
                self.note_sent(&part, None, now);
                LineOutcome::Unknown
            }
            PartEnd::Refused => LineOutcome::Refused,
            PartEnd::Again { at } | PartEnd::Back { at } => {
                part.refusals += u32::from(matches!(end, PartEnd::Again { .. }));
                part.state = PartState::Planned;
                self.outgoing.insert(0, part);
                self.outgoing_due = Some(*at);
                return None;
            }
        };
        if outcome != LineOutcome::Refused {
            self.answering.clear();
        }
        Some(self.finish(&part, outcome, now))
    }

    fn note_sent(&mut self, part: &Part, id: Option<String>, at: Timestamp) {
        if part.to == PartTo::Chat {
            self.sent.push(SentMark { id, hash: text_hash(&part.words()), at });
            let excess = self.sent.len().saturating_sub(SENT);
            self.sent.drain(..excess);
        }
    }

    fn finish(&mut self, part: &Part, outcome: LineOutcome, now: Timestamp) -> Line {
        if matches!(outcome, LineOutcome::Refused | LineOutcome::Unknown)
            && let (Some(other), Some(turn)) = (&part.or_else, part.turn)
        {
            self.replace_rest(turn, other, part);
        }
        if self.outgoing.is_empty() {
            self.outgoing_due = None;
            self.answering.clear();
        }
        let author = if part.to == PartTo::Chat { part.author } else { LineAuthor::Notice };
        self.line(author, part.words(), now).sent(part.turn, outcome)
    }

    /// What was to follow in this turn becomes one other text: it said what is not so now.
    fn replace_rest(&mut self, turn: TurnId, other: &str, model: &Part) {
        let of_turn = |part: &Part| part.turn == Some(turn) && part.to == PartTo::Chat && !part.in_any_case;
        let place = self.outgoing.iter().position(of_turn).unwrap_or(0);
        self.outgoing.retain(|part| !of_turn(part));
        let mut part = Part::text(other, LineAuthor::Assistant, model.expires_at);
        part.turn = Some(turn);
        self.outgoing.insert(place.min(self.outgoing.len()), part);
    }

    /// What was being handed over when its worker died may have been sent: it is not sent again. So are parts that are too
    /// old now.
    pub fn settle_lapsed(&mut self, now: Timestamp) -> Vec<Line> {
        let mut lines = Vec::new();
        while self.outgoing.first().is_some_and(|part| matches!(part.state, PartState::Trying { .. })) {
            let Some(line) = self.end_part(&PartEnd::Unknown, now) else { break };
            lines.push(line);
        }
        let too_old = |part: &Part| part.expires_at <= now;
        // Nothing of the answer went out all the while: it is thought out anew, or dropped, if even that is too late.
        if self.outgoing.iter().any(|part| too_old(part) && part.is_answer()) && self.take_back_answer() {
            self.burst_due = Some(now);
        }
        while let Some(place) = self.outgoing.iter().position(too_old) {
            let part = self.outgoing.remove(place);
            lines.push(self.finish(&part, LineOutcome::Expired, now));
        }
        lines
    }
}
