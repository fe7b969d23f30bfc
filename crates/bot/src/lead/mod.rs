//! Leads: who is interested in what, and how far it has come.
//!
//! A tenant has one open lead for each customer, however many messages race. [`LeadStore`] keeps documents;
//! the rules are pure functions on them ([`apply`]), and [`Leads`] brings both together.

mod event;
mod memory;
mod rules;
mod service;
mod store;
mod summary;

use std::fmt;

use serde::{Deserialize, Serialize};
use wartel_core::{AccountId, PhoneNumber, TenantId, Timestamp};
use wartel_messaging::inbox::ContactId;

pub use event::{LeadChange, LeadEvent, LeadEventId, LeadNews};
pub use memory::MemoryLeadStore;
pub use rules::apply;
pub use service::Leads;
pub use store::{LeadQuery, LeadStore};

use crate::tool::{Booking, Interest};

wartel_core::uuid_id! {
    /// Names a lead.
    pub struct LeadId;
}

/// How far a lead has come. By itself it only rises, as far as [`Booked`](Self::Booked); people set it to anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LeadStage {
    /// Somebody wrote.
    #[default]
    New,
    /// Asked about items or told of plans.
    Interested,
    /// Budget or item, and timeline or payment, are known.
    Qualified,
    /// Asked for a visit or a test drive.
    Booked,
    /// Bought. Closed.
    Won,
    /// Will not buy. Closed.
    Lost,
}

impl LeadStage {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::New, Self::Interested, Self::Qualified, Self::Booked, Self::Won, Self::Lost];

    /// The word that stores and commands use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Interested => "interested",
            Self::Qualified => "qualified",
            Self::Booked => "booked",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }

    /// Whether the lead is over; what the customer writes next opens another one.
    #[must_use]
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Won | Self::Lost)
    }
}

/// Somebody who may buy, as one document. `Debug` shows neither names, numbers nor words.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Lead {
    /// Names the lead.
    pub id: LeadId,
    /// Whose.
    pub tenant: TenantId,
    /// Who.
    pub contact: ContactId,
    /// Through which account they wrote last.
    pub account: AccountId,
    /// Their number, if it is known.
    #[serde(with = "crate::serde_phone::option", default)]
    pub phone: Option<PhoneNumber>,
    /// Their name: what they said, or else what they call themselves on WhatsApp.
    #[serde(default)]
    pub name: Option<String>,
    /// How far it has come.
    pub stage: LeadStage,
    /// How promising it is, 0 to 100.
    pub score: u8,
    /// What they have told.
    pub interest: Interest,
    /// The visits that they asked for.
    #[serde(default)]
    pub bookings: Vec<Booking>,
    /// How many messages they have written.
    pub messages: u64,
    /// When they wrote first.
    pub created_at: Timestamp,
    /// When they wrote last.
    pub last_contact_at: Timestamp,
    /// When it was closed.
    #[serde(default)]
    pub closed_at: Option<Timestamp>,
    /// The newest events that it has taken, so that none counts twice.
    #[serde(default)]
    pub taken: Vec<LeadEventId>,
}

impl fmt::Debug for Lead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lead")
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .field("stage", &self.stage)
            .field("score", &self.score)
            .finish_non_exhaustive()
    }
}
