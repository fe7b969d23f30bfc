//! By what everything of a conversation is keyed.

use std::fmt;

use serde::{Deserialize, Serialize};
use wartel_core::{AccountId, TenantId};
use wartel_messaging::inbox::ContactId;

/// Names a chat: a tenant, one of its accounts, and the person on the other side.
///
/// It is a type of its own so that nothing can be keyed by a phone number alone: the same person may write to two shops,
/// and to two numbers of one shop, at the same time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChatKey {
    /// Whose shop.
    pub tenant: TenantId,
    /// Through which of the shop's accounts.
    pub account: AccountId,
    /// With whom.
    pub contact: ContactId,
}

impl ChatKey {
    /// The chat of a person with one account of a tenant.
    #[must_use]
    pub const fn new(tenant: TenantId, account: AccountId, contact: ContactId) -> Self {
        Self { tenant, account, contact }
    }
}

impl fmt::Display for ChatKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.tenant, self.account, self.contact)
    }
}

/// How often a stored document was written. A writer says which one it has read; if the document has moved on since,
/// nothing is written and the writer reads again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(u64);

impl Revision {
    /// Of a document that does not exist yet.
    pub const NEW: Self = Self(0);

    /// A number that a store has kept.
    #[must_use]
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// The number, for stores.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The next one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// What came of writing a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// It is written, with this revision.
    Saved(Revision),
    /// Somebody else has written since it was read, or what must be unique is taken. Nothing is written.
    Conflict,
}

impl Saved {
    /// Whether it was written.
    #[must_use]
    pub const fn is_saved(self) -> bool {
        matches!(self, Self::Saved(_))
    }
}

wartel_core::uuid_id! {
    /// Names a turn: one try to answer what a customer has written.
    pub struct TurnId;
}
