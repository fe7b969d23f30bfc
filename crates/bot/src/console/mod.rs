//! The shop as its own people see it: profile, items, leads, chats and what models cost.
//!
//! [`Console`] does what an admin page or a program of the shop asks for. It knows no transport: the HTTP routes of
//! `wartel-http` only read requests and write answers. Documents are changed by whoever has read them ([`Precondition`]),
//! so that two people who edit at the same time do not overwrite each other unseen.

mod chats;
mod items;
mod leads;
mod shop;

use std::sync::Arc;

use wartel_core::{Clock, StoreError, SystemClock};

pub use chats::{Forgotten, MAX_MESSAGE};
pub use items::{ItemPage, ItemQuery};
pub use shop::{BotStatus, Usage, UsageWindow};

use crate::catalogue::{CatalogueStore, FileProblem, ItemProblem, Schema};
use crate::conversation::ConversationStore;
use crate::key::Revision;
use crate::lead::LeadStore;
use crate::pipeline::BotWaker;
use crate::spend::SpendStore;
use crate::tenant::{TenantProblem, TenantStore};

/// What a console works with.
#[derive(Debug, Clone)]
#[allow(clippy::exhaustive_structs, reason = "whoever wires a console names all of its parts")]
pub struct ConsoleParts {
    /// The shops.
    pub tenants: Arc<dyn TenantStore>,
    /// What they sell.
    pub catalogue: Arc<dyn CatalogueStore>,
    /// Who may buy.
    pub leads: Arc<dyn LeadStore>,
    /// The chats.
    pub chats: Arc<dyn ConversationStore>,
    /// What models cost.
    pub spend: Arc<dyn SpendStore>,
}

/// Does what the people of a shop ask for. The tenant comes first in every call and is the caller's own: nothing inside a
/// document says whose it is. Clones share the stores.
#[derive(Debug, Clone)]
pub struct Console {
    parts: ConsoleParts,
    schema: Arc<Schema>,
    clock: Arc<dyn Clock>,
    waker: Option<BotWaker>,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsoleError {
    /// The tenant has no such thing.
    #[error("there is no such thing")]
    NotFound,
    /// It exists, and the caller does not say which revision was read.
    #[error("the revision that was read is missing")]
    NotRead,
    /// It was changed since it was read, or is gone, or others keep changing it.
    #[error("it was changed since it was read")]
    Changed,
    /// The chat has no address: the customer's number went to somebody else, and nothing is left.
    #[error("the chat has no address")]
    NoAddress,
    /// Too many messages wait to be sent in this chat.
    #[error("too many messages wait to be sent")]
    TooManyWaiting,
    /// Another lead of the same customer is open.
    #[error("another lead of this customer is open")]
    OtherLeadOpen,
    /// A message to a customer must be 1 to [`MAX_MESSAGE`] characters without control characters.
    #[error("the message is empty, too long, or has control characters")]
    Message,
    /// The profile would be wrong.
    #[error(transparent)]
    Shop(#[from] TenantProblem),
    /// The item would be wrong.
    #[error(transparent)]
    Item(#[from] ItemProblem),
    /// The file is wrong as a whole.
    #[error(transparent)]
    File(#[from] FileProblem),
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Under which condition a document is written: what the header `If-Match` says (RFC 9110 §13.1.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Precondition {
    /// None is given.
    #[default]
    None,
    /// It exists.
    Exists,
    /// It exists with one of these revisions.
    Read(Vec<Revision>),
}

impl Precondition {
    /// Whether a document with this revision (`None`: that does not exist) may be written.
    fn check(&self, now: Option<Revision>) -> Result<(), ConsoleError> {
        let holds = match (self, now) {
            (Self::None, _) | (Self::Exists, Some(_)) => true,
            (Self::Read(read), Some(now)) => read.contains(&now),
            (Self::Exists | Self::Read(_), None) => false,
        };
        if holds { Ok(()) } else { Err(ConsoleError::Changed) }
    }

    /// The same for a document that is replaced as a whole: one that exists must have been read.
    fn check_read(&self, now: Option<Revision>) -> Result<(), ConsoleError> {
        if *self == Self::None && now.is_some() { Err(ConsoleError::NotRead) } else { self.check(now) }
    }
}

impl Console {
    /// A console of shops whose items have the attributes of `schema`.
    #[must_use]
    pub fn new(parts: ConsoleParts, schema: Arc<Schema>) -> Self {
        Self { parts, schema, clock: Arc::new(SystemClock), waker: None }
    }

    /// With another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Waking the worker when a person has written, so that the message goes out at once.
    #[must_use]
    pub fn with_waker(mut self, waker: BotWaker) -> Self {
        self.waker = Some(waker);
        self
    }

    /// The attributes that items have.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hazard_17_a_document_is_replaced_by_whoever_has_read_it() {
        let (old, now) = (Revision::from_u64(1), Revision::from_u64(2));
        let (some, both) = (Precondition::Read(vec![old]), Precondition::Read(vec![old, now]));
        for (precondition, present, expected) in [
            (&Precondition::None, None, "ok"),
            (&Precondition::None, Some(now), "not read"),
            (&Precondition::Exists, None, "changed"),
            (&Precondition::Exists, Some(now), "ok"),
            (&some, Some(old), "ok"),
            (&some, Some(now), "changed"),
            (&some, None, "changed"),
            (&both, Some(now), "ok"),
            (&Precondition::Read(Vec::new()), Some(now), "changed"),
        ] {
            let word = match precondition.check_read(present) {
                Ok(()) => "ok",
                Err(ConsoleError::NotRead) => "not read",
                Err(_) => "changed",
            };
            assert_eq!(word, expected, "{precondition:?} {present:?}");
        }
        assert!(Precondition::None.check(Some(now)).is_ok());
    }
}
