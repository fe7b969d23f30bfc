//! What is said: answers that are planned, and the parts that go out one after the other.

use std::time::Duration;

use wartel_core::Timestamp;

use super::chat::{Chat, Notice, Pause, PauseBy, SentMark};
use super::line::{Line, LineAuthor, LineOutcome};
use super::part::{Effect, Part, PartState, PartTo};
use super::steps::text_hash;
use crate::key::TurnId;
use crate::tenant::BotSettings;

/// How many sends a chat remembers.
const SENT: usize = 32;
/// For how long answers are remembered.
const ANSWERS: Duration = Duration::from_secs(60 * 60);

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

impl Chat {
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
