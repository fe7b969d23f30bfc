//! How a verification stands, for whoever has its id.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRef, Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wartel_otp::{OtpService, VerificationId};

use crate::Http;
use crate::answer::{Success, success};
use crate::client_ip::ClientIp;
use crate::extract::Language;
use crate::places::Waiter;
use crate::problem::{Problem, ProblemBody};
use crate::routes::Routes;
use crate::shapes::Verification;
use crate::texts::Text;
use crate::watch::{Patience, Stop, events, view_with_patience};

impl Http {
    /// `GET /api/verifications/{id}` and `…/events`, for the tenant of `otp`.
    ///
    /// At most 1,024 callers wait for news at the same time, those of the other routes included: 4 for each
    /// verification, 64 from each address (IPv4 /32, IPv6 /64) and 256 from each network (/24, /48). Whoever finds no
    /// place gets 429 with `Retry-After`, and may ask without waiting. When [`serve`](crate::serve) stops, all are
    /// answered at once.
    pub fn verification_routes(&self, otp: OtpService) -> Routes {
        let state = Verifications { http: self.clone(), otp };
        let router = OpenApiRouter::new().routes(routes!(verification)).routes(routes!(verification_events));
        Routes::new(router.with_state(state))
    }
}

#[derive(Clone)]
struct Verifications {
    http: Http,
    otp: OtpService,
}

impl FromRef<Verifications> for Http {
    fn from_ref(state: &Verifications) -> Self {
        state.http.clone()
    }
}

/// What cannot be an id is nobody's.
pub(crate) fn read_id(id: Result<Path<String>, PathRejection>) -> Result<VerificationId, Problem> {
    id.ok().and_then(|Path(id)| VerificationId::parse(&id).ok()).ok_or_else(Problem::not_found)
}

/// Shows how a verification stands.
///
/// Also how far its message has come. The id is the key to it: whoever has it may ask. With `wait` the answer comes
/// as soon as there is news, or when the wait is over.
#[utoipa::path(
    get, path = "/api/verifications/{id}", tag = "registration",
    params(
        ("id" = String, Path, description = "The `verification_id` of request-otp"),
        ("wait" = Option<u64>, Query, description = "How many seconds to wait for news, up to 30; of a verification that is not pending nothing is awaited", maximum = 30),
        ("since" = Option<String>, Query, description = "The `delivery` that the caller knows: if it is another by now, the answer comes at once", example = "accepted"),
    ),
    responses(
        (status = 200, description = "How it stands", body = Success<Verification>),
        (status = 400, description = "`invalid_request`: `wait` or `since` cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`rate_limited`: too many requests wait, or too many of this address; ask without `wait`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn verification(
    State(state): State<Verifications>,
    Language(locale): Language,
    ClientIp(ip): ClientIp,
    stop: Stop,
    patience: Result<Patience, Problem>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let id = read_id(id)?;
    let (waiting, waiter) = (state.http.waiting(), Waiter::at(ip));
    let view = view_with_patience(&state.otp, waiting, waiter, stop, id, patience?).await?;
    Ok(success(StatusCode::OK, &Text::VerificationState, locale, Verification::from(&view)))
}

/// Streams how a verification stands.
///
/// Server-sent events: one named `verification` at once, and one for each news; its data is that of
/// `GET /api/verifications/{id}`. The stream ends when the verification is no longer pending, or after 15 minutes.
#[utoipa::path(
    get, path = "/api/verifications/{id}/events", tag = "registration",
    params(("id" = String, Path, description = "The `verification_id` of request-otp")),
    responses(
        (status = 200, description = "The events", body = String, content_type = "text/event-stream"),
        (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`rate_limited`: too many requests wait, or too many of this address", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn verification_events(
    State(state): State<Verifications>,
    ClientIp(ip): ClientIp,
    stop: Stop,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    events(&state.otp, state.http.waiting(), Waiter::at(ip), stop, read_id(id)?).await
}
