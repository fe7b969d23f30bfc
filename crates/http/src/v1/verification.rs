//! How a verification stands, and taking it back.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::V1;
use super::auth::{Reader, Writer};
use crate::answer::{Success, success};
use crate::engine::{STORE_WAIT, store_problem, within};
use crate::extract::Language;
use crate::places::Waiter;
use crate::problem::{Problem, ProblemBody};
use crate::shapes::Verification;
use crate::texts::Text;
use crate::verifications::read_id;
use crate::watch::{Patience, Stop, events, view, view_with_patience};

/// Shows how a verification stands.
///
/// Also how far its message has come. With `wait` the answer comes as soon as there is news, or when the wait is over.
#[utoipa::path(
    get, path = "/v1/verifications/{id}", tag = "verifications",
    security(("api_key" = ["verifications:read"])),
    params(
        ("id" = String, Path, description = "The `verification_id`"),
        ("wait" = Option<u64>, Query, description = "How many seconds to wait for news, up to 30; of a verification that is not pending nothing is awaited", maximum = 30),
        ("since" = Option<String>, Query, description = "The `delivery` that the caller knows: if it is another by now, the answer comes at once", example = "accepted"),
    ),
    responses(
        (status = 200, description = "How it stands", body = Success<Verification>),
        (status = 400, description = "`invalid_request`: `wait` or `since` cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the tenant has no such verification", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`rate_limited`: too many requests wait, or too many of this tenant; ask without `wait`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn verification(
    State(v1): State<V1>,
    Reader(caller): Reader,
    Language(locale): Language,
    stop: Stop,
    patience: Result<Patience, Problem>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let id = read_id(id)?;
    let (waiting, waiter) = (v1.http.waiting(), Waiter::of(caller.tenant.clone()));
    let view = view_with_patience(&v1.otp_of(&caller), waiting, waiter, stop, id, patience?).await?;
    Ok(success(StatusCode::OK, &Text::VerificationState, locale, Verification::from(&view)))
}

/// Streams how a verification stands.
///
/// Server-sent events: one named `verification` at once, and one for each news; its data is that of
/// `GET /v1/verifications/{id}`. The stream ends when the verification is no longer pending, or after 15 minutes.
#[utoipa::path(
    get, path = "/v1/verifications/{id}/events", tag = "verifications",
    security(("api_key" = ["verifications:read"])),
    params(("id" = String, Path, description = "The `verification_id`")),
    responses(
        (status = 200, description = "The events", body = String, content_type = "text/event-stream"),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the tenant has no such verification", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`rate_limited`: too many requests wait, or too many of this tenant", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn verification_events(
    State(v1): State<V1>,
    Reader(caller): Reader,
    stop: Stop,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let waiter = Waiter::of(caller.tenant.clone());
    events(&v1.otp_of(&caller), v1.http.waiting(), waiter, stop, read_id(id)?).await
}

/// Takes a verification back.
///
/// The code dies with its last pending verification. One that is not pending stays as it is, and is shown so.
#[utoipa::path(
    delete, path = "/v1/verifications/{id}", tag = "verifications",
    security(("api_key" = ["verifications:write"])),
    params(("id" = String, Path, description = "The `verification_id`")),
    responses(
        (status = 200, description = "How it stands now: `cancelled`, or as it ended before", body = Success<Verification>),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the tenant has no such verification", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn cancel(
    State(v1): State<V1>,
    Writer(caller): Writer,
    Language(locale): Language,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let id = read_id(id)?;
    let otp = v1.otp_of(&caller);
    let engine = otp.clone();
    let cancelled = within(STORE_WAIT, async move { engine.cancel(id).await })
        .await?
        .map_err(|error| store_problem(&error))?;
    let view = view(&otp, id).await?;
    let message = if cancelled { Text::VerificationCancelled } else { Text::VerificationState };
    Ok(success(StatusCode::OK, &message, locale, Verification::from(&view)))
}
