//! Checking a code.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use wartel_core::PhoneNumber;
use wartel_otp::{CheckTarget, Purpose, VerificationId};

use super::Api;
use crate::answer::{Success, success};
use crate::client_ip::ClientIp;
use crate::engine::{CHECK_WAIT, check_problem, no_active_code, proof_of, read_phone, within};
use crate::extract::{Form, Language};
use crate::problem::{Problem, ProblemBody};
use crate::texts::Text;

/// Checks a code. `phone` or `verification_id` must be there; with both, the id must be of that phone. Other fields
/// are ignored.
#[derive(ToSchema)]
pub(super) struct VerifyOtp {
    /// The WhatsApp number that the code was sent to.
    #[schema(example = "081234567890")]
    phone: Option<String>,
    /// The id from request-otp. An empty one counts as not given.
    verification_id: Option<String>,
    /// The code as text, so that leading zeros are kept.
    #[schema(example = "042137")]
    otp: String,
}

/// The number is proven.
#[derive(Serialize, ToSchema)]
pub(super) struct Verified {
    /// Always `true`.
    whatsapp_verified: bool,
    /// Opaque evidence that the number is verified. Shown once.
    proof: String,
    /// From this instant on the proof is worth nothing (RFC 3339).
    proof_expires_at: String,
}

impl VerifyOtp {
    fn read(mut form: Form) -> Result<Self, Problem> {
        let phone = form.optional("phone");
        // Forms send a field that nobody filled in as an empty text.
        let verification_id = form.optional("verification_id").filter(|id| !id.is_empty());
        let otp = form.required("otp");
        form.check()?;
        if phone.is_none() && verification_id.is_none() {
            form.note("phone", Text::NothingToCheck);
        }
        form.check()?;
        Ok(Self { phone, verification_id, otp })
    }
}

/// Checks a code.
///
/// The right one is accepted once and gives a proof of the number.
#[utoipa::path(
    post, path = "/api/registrations/public/verify-otp", tag = "registration",
    request_body = inline(VerifyOtp),
    responses(
        (status = 200, description = "The right code", body = Success<Verified>),
        (status = 400, description = "`invalid_request`; no try is spent", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "`invalid_request`: the body came too slowly", body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, description = "`no_active_code`: unknown, expired, used or cancelled", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`invalid_request`: more than 64 KiB", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`invalid_request`: not `application/json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`wrong_code` with `attempts_left`, or `invalid_phone`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`too_many_attempts`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn verify_otp(
    State(api): State<Api>,
    ClientIp(ip): ClientIp,
    Language(locale): Language,
    form: Form,
) -> Result<Response, Problem> {
    let VerifyOtp { phone, verification_id, otp: code } = VerifyOtp::read(form)?;
    let phone = phone.map(|text| read_phone(&text, api.http.config().default_country)).transpose()?;
    let target = target(verification_id.as_deref(), phone).ok_or_else(no_active_code)?.client_ip(ip);

    let otp = api.otp.clone();
    let check = within(CHECK_WAIT, async move { otp.check(target, &code).await })
        .await?
        .map_err(|error| check_problem(&error, "otp"))?;
    let proof = proof_of(&api.otp, check, "otp")?;
    let data = Verified {
        whatsapp_verified: true,
        proof: proof.expose().to_owned(),
        proof_expires_at: proof.expires_at().to_rfc3339(),
    };
    Ok(success(StatusCode::OK, &Text::PhoneVerified, locale, data))
}

/// What the check is aimed at; `None` if the id cannot be one.
fn target(id: Option<&str>, phone: Option<PhoneNumber>) -> Option<CheckTarget> {
    match (id, phone) {
        (Some(id), phone) => {
            let target = CheckTarget::id(VerificationId::parse(id).ok()?);
            Some(phone.into_iter().fold(target, CheckTarget::with_phone))
        }
        (None, Some(phone)) => Some(CheckTarget::phone(phone, Purpose::REGISTRATION)),
        (None, None) => None,
    }
}
