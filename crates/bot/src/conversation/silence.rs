//! Who may speak: pauses, opt-outs, and messages of ours that nobody knows yet.

use wartel_core::Timestamp;
use wartel_messaging::inbox::InboxEntryId;

use super::chat::{Chat, Pause, PauseBy};
use super::part::{Part, PartState};

impl Chat {
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
}
