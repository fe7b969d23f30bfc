//! Keeps the events that the engine tells.

use std::sync::{Arc, Mutex, PoisonError};

use crate::events::{OtpEvent, OtpEvents};

/// Keeps every event. Clones share what they keep.
#[derive(Debug, Clone, Default)]
pub struct RecordedEvents {
    events: Arc<Mutex<Vec<OtpEvent>>>,
}

impl RecordedEvents {
    /// The events since this was asked the last time, in order.
    #[must_use]
    pub fn take(&self) -> Vec<OtpEvent> {
        std::mem::take(&mut *self.events.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl OtpEvents for RecordedEvents {
    fn record(&self, event: &OtpEvent) {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
    }
}
