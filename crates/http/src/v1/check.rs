//! Checking a code.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use wartel_otp::{Check, CheckTarget};

use super::V1;
use super::auth::Writer;
use crate::answer::{Success, success};
use crate::engine::{CHECK_WAIT, check_problem, proof_of, within};
use crate::extract::{Form, Language};
use crate::problem::{Problem, ProblemBody};
use crate::texts::Text;
use crate::verifications::read_id;
use crate::watch::view;

/// Checks a code. Other fields are ignored.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it is read field by field; this describes it")]
pub(super) struct CheckVerification {
    /// The code as text, so that leading zeros are kept.
    #[schema(example = "042137")]
    code: String,
}

/// The number is proven.
#[derive(Serialize, ToSchema)]
pub(super) struct Proven {
    /// Opaque evidence that the number is verified, for `POST /v1/verifications/redeem`. Shown once.
    proof: String,
    /// From this instant on the proof is worth nothing (RFC 3339).
    proof_expires_at: String,
}

/// Checks a code.
///
/// The right one is accepted once and gives a proof of the number.
#[utoipa::path(
    post, path = "/v1/verifications/{id}/check", tag = "verifications",
    security(("api_key" = ["verifications:write"])),
    params(("id" = String, Path, description = "The `verification_id`")),
    request_body = inline(CheckVerification),
    responses(
        (status = 200, description = "The right code", body = Success<Proven>),
        (status = 400, description = "`invalid_request`; no try is spent", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the tenant has no such verification", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "`invalid_request`: the body came too slowly", body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, description = "`no_active_code`: expired, used or cancelled", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`invalid_request`: more than 64 KiB", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`invalid_request`: not `application/json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`wrong_code` with `attempts_left`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`too_many_attempts`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn check(
    State(v1): State<V1>,
    Writer(caller): Writer,
    Language(locale): Language,
    id: Result<Path<String>, PathRejection>,
    mut form: Form,
) -> Result<Response, Problem> {
    let id = read_id(id)?;
    let code = form.required("code");
    form.check()?;

    let otp = v1.otp_of(&caller);
    let engine = otp.clone();
    let check = within(CHECK_WAIT, async move { engine.check(CheckTarget::id(id), &code).await })
        .await?
        .map_err(|error| check_problem(&error, "code"))?;
    if matches!(check, Check::NoActiveCode) {
        // Of what is not there, or another tenant's, not even this is told.
        view(&otp, id).await?;
    }
    let proof = proof_of(&otp, check, "code")?;
    let data = Proven { proof: proof.expose().to_owned(), proof_expires_at: proof.expires_at().to_rfc3339() };
    Ok(success(StatusCode::OK, &Text::PhoneVerified, locale, data))
}
