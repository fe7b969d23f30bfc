//! Asking for a code.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use wartel_core::FullName;
use wartel_messaging::DeliveryState;
use wartel_otp::{Purpose, Start, Started, VerificationId};

use super::Api;
use crate::answer::{Success, success};
use crate::client_ip::ClientIp;
use crate::engine::{STORE_WAIT, read_phone, start_problem, within};
use crate::extract::{Form, Language};
use crate::problem::{Problem, ProblemBody};
use crate::texts::Text;

/// Asks for a code. Other fields are ignored.
#[derive(ToSchema)]
pub(super) struct RequestOtp {
    /// The WhatsApp number, as `081234567890`, `628123456789` or `+628123456789`.
    #[schema(example = "081234567890")]
    phone: String,
    /// The person's full name, 2 to 100 characters. The message greets with it if it can carry neither a link nor a
    /// code.
    #[schema(example = "Test User", min_length = 2, max_length = 100)]
    full_name: String,
    /// The id of an earlier request of the same person: it is kept, with the tries that it has spent. One that is
    /// not known, or of another phone, or empty, counts as none.
    verification_id: Option<String>,
}

/// A code is on its way, as far as is known.
#[derive(Serialize, ToSchema)]
pub(super) struct CodeRequested {
    /// The caller's handle: keep it for verify-otp and for asking again.
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

impl RequestOtp {
    fn read(mut form: Form) -> Result<Self, Problem> {
        let phone = form.required("phone");
        let full_name = form.required("full_name");
        let verification_id = form.optional("verification_id");
        form.check()?;
        if let Err(error) = FullName::parse(&full_name) {
            form.note("full_name", Text::Name(error));
        }
        form.check()?;
        Ok(Self { phone, full_name, verification_id })
    }
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

/// Sends a code over WhatsApp.
///
/// While a code lives, asking again sends the same one.
#[utoipa::path(
    post, path = "/api/registrations/public/request-otp", tag = "registration",
    request_body = inline(RequestOtp),
    responses(
        (status = 200, description = "The provider took the message", body = Success<CodeRequested>),
        (status = 202, description = "The provider has not answered: ask `GET /api/verifications/{id}` how it goes on", body = Success<CodeRequested>),
        (status = 400, description = "`invalid_request`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "`invalid_request`: the body came too slowly", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`invalid_request`: more than 64 KiB", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`invalid_request`: not `application/json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_phone` (with `suggestion` where it is certain), `unsupported_country`, `number_not_on_whatsapp`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`resend_too_soon`, `rate_limited`, `too_many_attempts`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "`provider_rejected`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`messaging_disabled`, `provider_unavailable`, `store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn request_otp(
    State(api): State<Api>,
    ClientIp(ip): ClientIp,
    Language(locale): Language,
    form: Form,
) -> Result<Response, Problem> {
    let request = RequestOtp::read(form)?;
    let phone = read_phone(&request.phone, api.http.config().default_country)?;
    // What cannot be an id is nobody's id.
    let own_id = request.verification_id.and_then(|id| VerificationId::parse(&id).ok());
    let start = Start::new(phone, Purpose::REGISTRATION)
        .name(&request.full_name)
        .locale(locale)
        .client_ip(ip)
        .own_id(own_id);

    let otp = api.otp.clone();
    let limit = api.otp.policy().accept_wait + STORE_WAIT;
    let started = within(limit, async move { otp.start(start).await })
        .await?
        .map_err(|error| start_problem(&api.otp, &error))?;
    let (status, message) = if is_taken(started.delivery) {
        (StatusCode::OK, Text::CodeSent)
    } else {
        (StatusCode::ACCEPTED, Text::CodeRequested)
    };
    Ok(success(status, &message, locale, CodeRequested::from(started)))
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
