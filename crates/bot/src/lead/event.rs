//! What happens to a lead.

use std::fmt;

use wartel_core::{AccountId, PhoneNumber, TenantId, Timestamp};
use wartel_messaging::inbox::ContactId;

use super::{Lead, LeadStage};
use crate::tool::{Booking, Interest};

wartel_core::uuid_id! {
    /// Names what happened; the same thing told again has the same id.
    pub struct LeadEventId;
}

/// Something that happens to the open lead of a customer. `Debug` shows no words.
#[derive(Clone)]
#[non_exhaustive]
pub struct LeadEvent {
    /// Names it.
    pub id: LeadEventId,
    /// Whose lead.
    pub tenant: TenantId,
    /// Of whom.
    pub contact: ContactId,
    /// Through which account.
    pub account: AccountId,
    /// What happened.
    pub news: LeadNews,
    /// When.
    pub at: Timestamp,
}

/// What happened.
#[derive(Clone)]
#[non_exhaustive]
pub enum LeadNews {
    /// The customer wrote. Opens a lead if there is none.
    Wrote {
        /// Their number, if it is known.
        phone: Option<PhoneNumber>,
        /// What they call themselves.
        name: Option<String>,
    },
    /// The customer told of plans.
    Told(Interest),
    /// The customer asked for a visit.
    Booked(Booking),
    /// The customer asked for a person.
    AskedForPerson,
    /// Staff set the stage.
    StageSet(LeadStage),
}

/// What an event did.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LeadChange {
    /// The lead as it is now.
    pub lead: Lead,
    /// It did not exist before.
    pub opened: bool,
    /// It was this before, if the stage has changed.
    pub stage_before: Option<LeadStage>,
    /// The event was known already: nothing has changed.
    pub repeated: bool,
}

impl LeadEvent {
    /// Something that happened to a customer's lead.
    #[must_use]
    pub const fn new(
        id: LeadEventId,
        tenant: TenantId,
        contact: ContactId,
        account: AccountId,
        news: LeadNews,
        at: Timestamp,
    ) -> Self {
        Self { id, tenant, contact, account, news, at }
    }
}

impl fmt::Debug for LeadEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeadEvent")
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .field("news", &self.news)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for LeadNews {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wrote { .. } => "Wrote",
            Self::Told(_) => "Told",
            Self::Booked(_) => "Booked",
            Self::AskedForPerson => "AskedForPerson",
            Self::StageSet(_) => "StageSet",
        })
    }
}
