//! Pairing the device of an account.

use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use tokio::time::timeout;
use utoipa::ToSchema;
use wartel_core::Timestamp;
use wartel_messaging::PairingMethod;
use wartel_messaging::pairing::{PairingError, PairingRefusal, PairingService, PairingSnapshot};

use super::Accounts;
use super::shapes::Pairing;
use crate::answer::{Success, success};
use crate::codes::ProblemCode;
use crate::engine::{STORE_WAIT, read_phone, store_problem, within};
use crate::extract::{Form, Language};
use crate::problem::{Problem, ProblemBody};
use crate::texts::Text;
use crate::v1::auth::Keeper;

/// How long a caller waits for the provider's code; then it is told to look again. The provider is asked all the same.
const CODE_WAIT: Duration = Duration::from_secs(7);
/// When to ask a provider again that did not disconnect the device.
const PROVIDER_WAIT: Duration = Duration::from_secs(10);

/// How the device is to be paired. Other fields are ignored.
#[derive(ToSchema)]
pub(super) struct StartPairing {
    /// `qr`: by a QR code that the phone scans; `code`: by a code that is typed on the phone.
    #[schema(example = "qr")]
    #[allow(dead_code)] // The description is made of it.
    method: String,
    /// The number of the phone; required for `code`.
    #[schema(example = "+6281234567890")]
    #[allow(dead_code)] // As above.
    phone: Option<String>,
}

impl StartPairing {
    fn read(mut form: Form, state: &Accounts) -> Result<PairingMethod, Problem> {
        let method = form.required("method");
        let phone = form.optional("phone");
        form.check()?;
        match (method.as_str(), phone) {
            ("qr", _) => Ok(PairingMethod::Qr),
            ("code", Some(phone)) => {
                Ok(PairingMethod::Code(read_phone(&phone, state.http.config().default_country)?))
            }
            ("code", None) => {
                form.note("phone", Text::Missing);
                form.check().and(Err(Problem::internal()))
            }
            _ => {
                form.note("method", Text::PairingMethod);
                form.check().and(Err(Problem::internal()))
            }
        }
    }
}

/// Starts pairing the device.
///
/// While a code is shown, everybody who asks gets that code; the provider is asked once. WhatsApp blocks numbers that are
/// paired too often, so tries are limited and spaced: 3 of them, then waits of a day and more. Only `connected` is a
/// success; wait for it with `…/pairing/events`.
#[utoipa::path(
    post, path = "/v1/accounts/{id}/pairing", tag = "accounts",
    security(("api_key" = ["accounts"])),
    params(("id" = String, Path, description = "The account's name")),
    request_body = inline(StartPairing),
    responses(
        (status = 200, description = "There is a code to scan or to type, or the device is linked or connected already", body = Success<Pairing>),
        (status = 202, description = "The provider has given no code yet: ask `GET …/pairing`", body = Success<Pairing>),
        (status = 400, description = "`invalid_request`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the tenant has no such account", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "`invalid_request`: the body came too slowly", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`pairing_refused`: `message` says why and what to do", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`invalid_request`: more than 64 KiB", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`invalid_request`: not `application/json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_phone`; `pairing_unsupported`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`pairing_refused`: not before the time in `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn start(
    State(state): State<Accounts>,
    Keeper(caller): Keeper,
    Language(locale): Language,
    id: Result<Path<String>, PathRejection>,
    form: Form,
) -> Result<Response, Problem> {
    let method = StartPairing::read(form, &state)?;
    let device = state.device(&caller, id).await?;
    let answer = |snapshot: &PairingSnapshot| {
        let status = if snapshot.starting { StatusCode::ACCEPTED } else { StatusCode::OK };
        success(status, &Text::Pairing, locale, Pairing::new(snapshot, locale))
    };
    let Ok(started) = timeout(CODE_WAIT, device.start(method)).await else {
        return Ok(answer(&read(&device).await?));
    };
    let started = started.map_err(|error| pairing_problem(&error))?;
    if let Some(refusal) = started.refusal {
        return Err(refused(&refusal, state.devices.clock().now()));
    }
    state.note(&caller, "account.pair", device.device().account.as_str()).await;
    Ok(answer(&started.snapshot))
}

/// Shows how the device stands.
#[utoipa::path(
    get, path = "/v1/accounts/{id}/pairing", tag = "accounts",
    security(("api_key" = ["accounts"])),
    params(("id" = String, Path, description = "The account's name")),
    responses(
        (status = 200, description = "How it stands, with the code that is shown", body = Success<Pairing>),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the tenant has no such account", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`pairing_unsupported`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn status(
    State(state): State<Accounts>,
    Keeper(caller): Keeper,
    Language(locale): Language,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let snapshot = read(&state.device(&caller, id).await?).await?;
    Ok(success(StatusCode::OK, &Text::Pairing, locale, Pairing::new(&snapshot, locale)))
}

/// Ends the try that is under way, or disconnects the device.
///
/// While a code is shown that try ends, and counts. Otherwise the device is disconnected and its link to the phone is
/// forgotten.
#[utoipa::path(
    delete, path = "/v1/accounts/{id}/pairing", tag = "accounts",
    security(("api_key" = ["accounts"])),
    params(("id" = String, Path, description = "The account's name")),
    responses(
        (status = 200, description = "How it stands now", body = Success<Pairing>),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the tenant has no such account", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`pairing_unsupported`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`, `provider_unavailable`: it may still be linked", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn disconnect(
    State(state): State<Accounts>,
    Keeper(caller): Keeper,
    Language(locale): Language,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let device = state.device(&caller, id).await?;
    let before = read(&device).await?;
    let after = if before.qr.is_some() || before.code.is_some() || before.starting {
        let device = device.clone();
        let cancelled = within(STORE_WAIT, async move { device.cancel().await }).await?;
        cancelled.map_err(|error| store_problem(&error))?
    } else {
        // It goes on in a task of its own if that takes longer.
        let done = timeout(CODE_WAIT, device.disconnect()).await;
        done.map_err(|_elapsed| provider_unavailable())?.map_err(|error| pairing_problem(&error))?
    };
    state.note(&caller, "account.disconnect", device.device().account.as_str()).await;
    Ok(success(StatusCode::OK, &Text::DeviceDisconnected, locale, Pairing::new(&after, locale)))
}

/// How the device stands now.
pub(super) async fn read(device: &PairingService) -> Result<PairingSnapshot, Problem> {
    let device = device.clone();
    let status = within(STORE_WAIT, async move { device.status().await }).await?;
    status.map_err(|error| store_problem(&error))
}

fn refused(refusal: &PairingRefusal, now: Timestamp) -> Problem {
    let detail = format!("no code can be shown for pairing: {}", refusal.reason.as_str());
    let problem = Problem::new(ProblemCode::PairingRefused, detail, Text::PairingRefused(refusal.reason));
    match refusal.until {
        Some(until) => {
            let wait = until.since(now);
            problem.with_status(StatusCode::TOO_MANY_REQUESTS).with_retry_after(wait)
        }
        None => problem,
    }
}

fn pairing_problem(error: &PairingError) -> Problem {
    match error {
        PairingError::Store(error) => store_problem(error),
        error => {
            tracing::warn!(error = %error, "the provider did not do it");
            provider_unavailable()
        }
    }
}

fn provider_unavailable() -> Problem {
    let detail = "the provider did not do it, or not in time";
    Problem::new(ProblemCode::ProviderUnavailable, detail, Text::ProviderUnavailable)
        .with_retry_after(PROVIDER_WAIT)
}
