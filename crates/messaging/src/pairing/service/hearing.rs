//! What this process has heard of the device and has not written down yet.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use wartel_core::Timestamp;

/// How often it is written down that something was heard: webhooks come by the hundred.
const WRITE_EVERY: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct Hearing(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    unwritten: Option<Timestamp>,
    written_at: Option<Timestamp>,
    /// Whether the store knows of a message that went out and of no news since.
    awaiting: bool,
}

impl Hearing {
    /// Something was heard. Answers whether that is to be written down at once.
    pub(super) fn hear(&self, at: Timestamp) -> bool {
        let mut state = self.state();
        state.unwritten = state.unwritten.max(Some(at));
        state.awaiting || state.written_at.is_none_or(|written| written + WRITE_EVERY <= at)
    }

    /// What is to be written down.
    pub(super) fn take(&self) -> Option<Timestamp> {
        let mut state = self.state();
        let at = state.unwritten.take()?;
        state.written_at = Some(at);
        Some(at)
    }

    /// It could not be written.
    pub(super) fn put_back(&self, at: Timestamp) {
        let mut state = self.state();
        state.unwritten = state.unwritten.max(Some(at));
        state.written_at = None;
    }

    pub(super) fn is_awaiting(&self) -> bool {
        self.state().awaiting
    }

    pub(super) fn set_awaiting(&self, awaiting: bool) {
        self.state().awaiting = awaiting;
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_is_written_once_a_minute_unless_it_is_awaited() {
        let hearing = Hearing::default();
        let at = |secs| Timestamp::EPOCH + Duration::from_secs(secs);
        assert!(hearing.hear(at(0)), "the first is written at once");
        assert_eq!(hearing.take(), Some(at(0)));
        assert!(!hearing.hear(at(1)) && !hearing.hear(at(59)));
        hearing.set_awaiting(true);
        assert!(hearing.hear(at(2)), "what is awaited is written at once");
        assert_eq!(hearing.take(), Some(at(59)), "the latest counts");
        assert_eq!(hearing.take(), None);
        hearing.set_awaiting(false);
        hearing.put_back(at(59));
        assert!(hearing.hear(at(60)), "after a failure the next one writes");
    }
}
