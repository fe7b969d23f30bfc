//! Leads.

use serde::Serialize;
use utoipa::ToSchema;
use wartel_bot::lead::Lead;
use wartel_bot::tool::{Booking, BookingKind};
use wartel_core::Timestamp;

use super::shown;

/// What a customer has told. What is null was not told.
#[derive(Serialize, ToSchema)]
pub(in crate::shop) struct LeadInterest {
    /// Items, by stock code.
    codes: Vec<String>,
    /// What they look for.
    wish: Option<String>,
    /// How much they want to spend, in rupiah.
    budget: Option<i64>,
    /// When they want to buy.
    timeline: Option<String>,
    /// How they want to pay.
    #[schema(example = "credit")]
    payment: Option<String>,
    /// What they want to give in part payment.
    trade_in: Option<String>,
    /// Where they live.
    city: Option<String>,
}

/// A visit that a customer asks for.
#[derive(Serialize, ToSchema)]
pub(in crate::shop) struct LeadVisit {
    /// `visit` or `test_drive`.
    kind: &'static str,
    /// The day at the shop.
    #[schema(example = "2026-12-31")]
    date: String,
    /// The time at the shop.
    #[schema(example = "10:00")]
    time: String,
    /// Which item, by stock code.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
}

/// Somebody who may buy.
#[derive(Serialize, ToSchema)]
pub(in crate::shop) struct LeadDocument {
    /// Names the lead.
    id: String,
    /// The id of the customer.
    contact: String,
    /// Through which account they wrote last.
    account: String,
    /// Their number, if it is known.
    #[schema(example = "+6281234567890")]
    phone: Option<String>,
    /// Their name, if it is known.
    name: Option<String>,
    /// `new`, `interested`, `qualified`, `booked`, `won` or `lost`.
    #[schema(example = "interested")]
    stage: &'static str,
    /// How promising it is, 0 to 100.
    score: u8,
    /// What they have told.
    interest: LeadInterest,
    /// The visits that they asked for.
    bookings: Vec<LeadVisit>,
    /// How many messages they have written.
    messages: u64,
    /// When they wrote first (RFC 3339).
    created_at: String,
    /// When they wrote last (RFC 3339).
    last_contact_at: String,
    /// When it was closed (RFC 3339); null if it is open.
    closed_at: Option<String>,
}

impl From<Lead> for LeadDocument {
    fn from(lead: Lead) -> Self {
        let told = lead.interest;
        let visit = |booking: Booking| LeadVisit {
            kind: match booking.kind {
                BookingKind::TestDrive => "test_drive",
                _ => "visit",
            },
            date: booking.date.to_string(),
            time: booking.time.to_string(),
            code: booking.code,
        };
        Self {
            id: lead.id.to_string(),
            contact: lead.contact.to_string(),
            account: lead.account.to_string(),
            phone: shown(lead.phone.as_ref()),
            name: told.name.or(lead.name),
            stage: lead.stage.as_str(),
            score: lead.score,
            interest: LeadInterest {
                codes: told.codes,
                wish: told.wish,
                budget: told.budget,
                timeline: told.timeline,
                payment: told.payment,
                trade_in: told.trade_in,
                city: told.city,
            },
            bookings: lead.bookings.into_iter().map(visit).collect(),
            messages: lead.messages,
            created_at: lead.created_at.to_rfc3339(),
            last_contact_at: lead.last_contact_at.to_rfc3339(),
            closed_at: lead.closed_at.map(Timestamp::to_rfc3339),
        }
    }
}

/// Leads.
#[derive(Serialize, ToSchema)]
pub(in crate::shop) struct LeadList {
    /// Those with the latest contact first.
    pub(in crate::shop) leads: Vec<LeadDocument>,
}
