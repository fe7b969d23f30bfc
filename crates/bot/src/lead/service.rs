//! Telling leads what has happened.

use std::sync::Arc;

use wartel_core::{StoreError, StoreErrorKind};

use super::{LeadChange, LeadEvent, LeadStore, apply};
use crate::key::{Revision, Saved};

/// After so many writers came between, the store is called overloaded.
const TRIES: usize = 100;

/// Applies events to leads. Clones share the store.
#[derive(Debug, Clone)]
pub struct Leads {
    store: Arc<dyn LeadStore>,
}

impl Leads {
    /// Leads in this store.
    #[must_use]
    pub fn new(store: Arc<dyn LeadStore>) -> Self {
        Self { store }
    }

    /// The store.
    #[must_use]
    pub const fn store(&self) -> &Arc<dyn LeadStore> {
        &self.store
    }

    /// Applies an event to the customer's open lead, and opens one if the event does that. `None`: there is none, and
    /// none was opened. The same event told twice counts once.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    pub async fn tell(&self, event: &LeadEvent) -> Result<Option<LeadChange>, StoreError> {
        for _ in 0..TRIES {
            let (open, read) = match self.store.open_of(&event.tenant, event.contact).await? {
                Some((lead, revision)) => (Some(lead), revision),
                None => (None, Revision::NEW),
            };
            let Some(change) = apply(open, event) else { return Ok(None) };
            if change.repeated {
                return Ok(Some(change));
            }
            if let Saved::Saved(_) = self.store.save(&change.lead, read).await? {
                return Ok(Some(change));
            }
        }
        Err(StoreError::new(StoreErrorKind::Unavailable, "bot.tell_lead"))
    }
}
