//! The shapes that more than one route answers with.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use wartel_core::Locale;
use wartel_messaging::DeliveryState;
use wartel_otp::{Started, VerificationView};

use crate::answer::success;
use crate::texts::Text;

/// A code is on its way, as far as is known.
#[derive(Serialize, ToSchema)]
pub(crate) struct CodeRequested {
    /// The caller's handle: keep it for checking the code and for asking again.
    verification_id: String,
    /// The number, masked.
    #[schema(example = "+62812•••••890")]
    phone: String,
    /// How far the message is known to have come.
    #[schema(example = "accepted")]
    delivery: &'static str,
    /// How many tries there are.
    #[schema(example = 5)]
    attempts_left: u32,
    /// From this instant on the code is dead (RFC 3339).
    expires_at: String,
    /// From this instant on the code may be asked for again (RFC 3339).
    resend_at: String,
}

impl From<Started> for CodeRequested {
    fn from(started: Started) -> Self {
        Self {
            verification_id: started.id.to_string(),
            phone: started.phone.masked(),
            delivery: started.delivery.as_str(),
            attempts_left: started.attempts_left,
            expires_at: started.expires_at.to_rfc3339(),
            resend_at: started.resend_at.to_rfc3339(),
        }
    }
}

/// The answer to a request for a code: `taken` if the provider has the message, else 202.
pub(crate) fn code_requested(started: Started, taken: StatusCode, locale: Locale) -> Response {
    let (status, message) = if is_taken(started.delivery) {
        (taken, Text::CodeSent)
    } else {
        (StatusCode::ACCEPTED, Text::CodeRequested)
    };
    success(status, &message, locale, CodeRequested::from(started))
}

/// Whether the provider is known to have taken the message, and nothing worse is known since.
const fn is_taken(delivery: DeliveryState) -> bool {
    match delivery {
        DeliveryState::Accepted | DeliveryState::Sent | DeliveryState::Delivered | DeliveryState::Read => {
            true
        }
        DeliveryState::Queued | DeliveryState::Unknown | DeliveryState::Failed => false,
    }
}

/// How a verification stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct Verification {
    /// The id.
    verification_id: String,
    /// The number, masked.
    #[schema(example = "+62812•••••890")]
    phone: String,
    /// `pending`, `approved`, `expired`, `cancelled` or `locked`.
    #[schema(example = "pending")]
    state: &'static str,
    /// How far the furthest message came: `queued`, `unknown`, `accepted`, `sent`, `failed`, `delivered` or `read`.
    #[schema(example = "delivered")]
    delivery: &'static str,
    /// How many tries remain.
    attempts_left: u32,
    /// From this instant on the code is dead (RFC 3339).
    expires_at: String,
    /// From this instant on the code may be asked for again (RFC 3339).
    resend_at: String,
}

impl From<&VerificationView> for Verification {
    fn from(view: &VerificationView) -> Self {
        Self {
            verification_id: view.id.to_string(),
            phone: view.phone.masked(),
            state: view.state.as_str(),
            delivery: view.delivery.as_str(),
            attempts_left: view.attempts_left,
            expires_at: view.expires_at.to_rfc3339(),
            resend_at: view.resend_at.to_rfc3339(),
        }
    }
}
