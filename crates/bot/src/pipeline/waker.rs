//! What wakes the worker at the right moment.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use wartel_core::Timestamp;

/// How many instants are remembered; the worker's own poll catches the rest.
const KEPT: usize = 10_000;

/// Tells the worker when something becomes due, so that it need not ask the store all the time. Without it work begins up
/// to one second later.
#[derive(Debug, Clone, Default)]
pub struct BotWaker {
    due: Arc<Mutex<BTreeSet<Timestamp>>>,
    notify: Arc<Notify>,
}

impl BotWaker {
    /// Something becomes due at this instant.
    pub fn wake_at(&self, due: Timestamp) {
        let mut all = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < KEPT && all.insert(due) && all.first() == Some(&due) {
            self.notify.notify_one();
        }
    }

    /// The next instant at which something is due.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner).first().copied()
    }

    /// What was due by now is being looked at.
    pub(crate) fn pass(&self, now: Timestamp) {
        self.due.lock().unwrap_or_else(PoisonError::into_inner).retain(|due| *due > now);
    }

    /// Ends when something earlier than before becomes due.
    pub(crate) async fn changed(&self) {
        self.notify.notified().await;
    }
}
