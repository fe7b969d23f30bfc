//! The shop run from the chat: typed commands of staff. No model reads or writes them.

mod chats;
mod code;
mod command;
mod desk;
mod item;
mod leads;
mod memory;
mod parse;
mod report;
mod stock;
mod store;
mod texts;
mod undo;
mod words;

use std::fmt;
use std::sync::Arc;

use wartel_core::{Country, StoreError, StoreErrorKind, Timestamp};
use wartel_messaging::inbox::InboxEntryId;

use crate::key::ChatKey;
use crate::tenant::{Staff, Tenant};

pub use desk::{AdminDesk, AdminParts};
pub use memory::MemoryAdminStore;
pub use store::{AdminStore, AuditRow, Confirmation, Undo};

/// What somebody of the staff wrote. `Debug` shows no words.
#[derive(Clone)]
#[non_exhaustive]
pub struct AdminMessage {
    /// The entry of the inbox: one command each, however often it comes.
    pub entry: InboxEntryId,
    /// The chat with that person.
    pub chat: ChatKey,
    /// Who it is, by exact number.
    pub staff: Staff,
    /// The shop, as it is now.
    pub tenant: Arc<Tenant>,
    /// The words, as they were written.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

impl AdminMessage {
    /// A message of the staff.
    #[must_use]
    pub fn new(
        entry: InboxEntryId,
        chat: ChatKey,
        staff: Staff,
        tenant: Arc<Tenant>,
        text: impl Into<String>,
        at: Timestamp,
    ) -> Self {
        Self { entry, chat, staff, tenant, text: text.into(), at }
    }
}

impl fmt::Debug for AdminMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminMessage")
            .field("entry", &self.entry)
            .field("chat", &self.chat)
            .finish_non_exhaustive()
    }
}

/// What to answer.
#[derive(Clone, PartialEq, Eq)]
pub enum AdminAnswer {
    /// It is no command.
    NotACommand,
    /// It was one, and this is what came of it. May hold a confirmation code: not for logs.
    Say(String),
}

impl fmt::Debug for AdminAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotACommand => "NotACommand",
            Self::Say(_) => "Say",
        })
    }
}

/// Carries out what staff write. The pipeline has checked who wrote.
#[async_trait::async_trait]
pub trait AdminCommands: fmt::Debug + Send + Sync + 'static {
    /// Carries out one message. Told the same entry twice, it is carried out once.
    ///
    /// # Errors
    /// [`StoreError`] if a store could not answer: the entry comes again.
    async fn run(&self, message: &AdminMessage) -> Result<AdminAnswer, StoreError>;
}

/// In which country numbers without a calling code are dialled: that of the shop's own number, or else Indonesia.
fn country(tenant: &Tenant) -> Country {
    tenant.phone.as_ref().map_or(Country::INDONESIA, wartel_core::PhoneNumber::country)
}

/// Others kept changing the same thing: the entry comes again.
fn busy() -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, "bot.admin_change")
}
