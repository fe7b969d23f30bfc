//! Asking for a code.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use utoipa::ToSchema;
use wartel_core::{FullName, Secret};
use wartel_otp::{Purpose, Start, VerificationId};

use super::Api;
use crate::answer::Success;
use crate::client_ip::ClientIp;
use crate::engine::{read_phone, start_problem, start_wait, within};
use crate::extract::{Form, Language};
use crate::problem::{Problem, ProblemBody};
use crate::shapes::{CodeRequested, code_requested};
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
    /// What proves that the challenge was passed, such as the token of a CAPTCHA, after a `challenge_required`.
    challenge_response: Option<String>,
}

impl RequestOtp {
    fn read(mut form: Form) -> Result<Self, Problem> {
        let phone = form.required("phone");
        let full_name = form.required("full_name");
        let verification_id = form.optional("verification_id");
        let challenge_response = form.optional("challenge_response");
        form.check()?;
        if let Err(error) = FullName::parse(&full_name) {
            form.note("full_name", Text::Name(error));
        }
        form.check()?;
        Ok(Self { phone, full_name, verification_id, challenge_response })
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
        (status = 403, description = "`challenge_required`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "`invalid_request`: the body came too slowly", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`invalid_request`: more than 64 KiB", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`invalid_request`: not `application/json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_phone` (with `suggestion` where it is certain), `unsupported_country`, `number_not_on_whatsapp`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`resend_too_soon`, `rate_limited`, `too_many_attempts`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "`provider_rejected`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`messaging_disabled`, `provider_unavailable`, `store_unavailable`, `challenge_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
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
        .own_id(own_id)
        .challenge_response(request.challenge_response.map(Secret::new));

    let otp = api.otp.clone();
    let limit = start_wait(&api.otp);
    let started = within(limit, async move { otp.start(start).await })
        .await?
        .map_err(|error| start_problem(&api.otp, &error))?;
    Ok(code_requested(started, StatusCode::OK, locale))
}
