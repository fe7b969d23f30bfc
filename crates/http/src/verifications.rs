//! How a verification stands.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wartel_otp::{OtpService, VerificationId, VerificationView};

use crate::Http;
use crate::answer::{Success, success};
use crate::engine::{STORE_WAIT, store_problem, within};
use crate::extract::Language;
use crate::problem::{Problem, ProblemBody};
use crate::routes::Routes;
use crate::texts::Text;

impl Http {
    /// `GET /api/verifications/{id}`, for the tenant of `otp`.
    pub fn verification_routes(&self, otp: OtpService) -> Routes {
        Routes::new(OpenApiRouter::new().routes(routes!(verification)).with_state(otp))
    }
}

/// How a verification stands.
#[derive(Serialize, ToSchema)]
struct Verification {
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

impl From<VerificationView> for Verification {
    fn from(view: VerificationView) -> Self {
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

/// Shows how a verification stands.
///
/// Also how far its message has come. The id is the key to it: whoever has it may ask.
#[utoipa::path(
    get, path = "/api/verifications/{id}", tag = "registration",
    params(("id" = String, Path, description = "The `verification_id` of request-otp")),
    responses(
        (status = 200, description = "How it stands", body = Success<Verification>),
        (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn verification(
    State(otp): State<OtpService>,
    Language(locale): Language,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let id = id.ok().and_then(|Path(id)| VerificationId::parse(&id).ok()).ok_or_else(Problem::not_found)?;
    let view = within(STORE_WAIT, async move { otp.get(id).await })
        .await?
        .map_err(|error| store_problem(&error))?
        .ok_or_else(Problem::not_found)?;
    Ok(success(StatusCode::OK, &Text::VerificationState, locale, Verification::from(view)))
}
