//! Asking for a code.

use std::net::IpAddr;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use utoipa::ToSchema;
use wartel_core::{FullName, Locale, PhoneNumber, Secret};
use wartel_otp::{Purpose, Start, VerificationId};

use super::V1;
use super::auth::Writer;
use super::idempotency::IdempotencyKey;
use crate::answer::Success;
use crate::engine::{read_phone, start_problem, start_wait, within};
use crate::extract::{Form, Language};
use crate::problem::{FieldIssue, Problem, ProblemBody};
use crate::shapes::{CodeRequested, code_requested};
use crate::texts::Text;

/// Asks for a code. Other fields are ignored.
#[derive(ToSchema)]
pub(super) struct StartVerification {
    /// The WhatsApp number, as `081234567890`, `628123456789` or `+628123456789`.
    #[schema(example = "+6281234567890")]
    phone: String,
    /// What the number is verified for: `registration`, `login`, `password_reset`, `change_of_number`, or a word of
    /// your own (1 to 32 characters of a-z, 0-9, `_` and `-`). A code and its proof hold for this purpose only.
    #[schema(value_type = String, example = "login")]
    purpose: Purpose,
    /// The person's name, 2 to 100 characters. The message greets with it if it can carry neither a link nor a code.
    #[schema(example = "Budi", min_length = 2, max_length = 100)]
    name: Option<String>,
    /// The language of the message: `id` or `en`. Default: that of `Accept-Language`.
    #[schema(value_type = Option<String>, example = "id")]
    locale: Option<Locale>,
    /// The id of an earlier request of the same person: it is kept, with the tries that it has spent. One that is not
    /// known, or of another phone or purpose, or empty, counts as none.
    verification_id: Option<String>,
    /// The address of the person as your app sees it. Give it, so that limits for each address hold: the address of
    /// your own server counts for nothing.
    #[schema(value_type = Option<String>, example = "203.0.113.7")]
    client_ip: Option<IpAddr>,
    /// What a message template of your own says beside the code, where it has `{{ vars.<name> }}`: up to 8 texts of 2
    /// to 40 characters, without links or four digits in a row; names are of a-z and `_`. The templates that come with
    /// the service show none.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    variables: Vec<(String, String)>,
    /// What proves that the person passed the challenge, such as the token of a CAPTCHA, after a `challenge_required`.
    challenge_response: Option<String>,
}

impl StartVerification {
    fn read(mut form: Form) -> Result<Self, Problem> {
        let phone = form.required("phone");
        let purpose = form.required("purpose");
        let name = form.optional("name");
        let locale = form.optional("locale");
        let verification_id = form.optional("verification_id");
        let client_ip = form.optional("client_ip");
        let challenge_response = form.optional("challenge_response");
        let variables = form.texts("variables");
        form.check()?;
        let purpose = Purpose::parse(&purpose).map_err(|_| form.note("purpose", Text::Purpose));
        if let Some(Err(error)) = name.as_deref().map(FullName::parse) {
            form.note("name", Text::Name(error));
        }
        let locale = locale.map(|tag| Locale::from_tag(&tag));
        if locale == Some(None) {
            form.note("locale", Text::Language);
        }
        let client_ip = client_ip.map(|text| text.parse().ok());
        if client_ip == Some(None) {
            form.note("client_ip", Text::NetworkAddress);
        }
        form.check()?;
        let purpose = purpose.unwrap_or(Purpose::REGISTRATION);
        let (locale, client_ip) = (locale.flatten(), client_ip.flatten());
        Ok(Self { phone, purpose, name, locale, verification_id, client_ip, variables, challenge_response })
    }

    fn start(self, phone: PhoneNumber, spoken: Locale) -> Result<Start, Problem> {
        // What cannot be an id is nobody's id.
        let own_id = self.verification_id.and_then(|id| VerificationId::parse(&id).ok());
        let mut start = Start::new(phone, self.purpose)
            .locale(self.locale.unwrap_or(spoken))
            .own_id(own_id)
            .challenge_response(self.challenge_response.map(Secret::new));
        if let Some(name) = &self.name {
            start = start.name(name);
        }
        if let Some(ip) = self.client_ip {
            start = start.client_ip(ip);
        }
        for (name, value) in &self.variables {
            start = start.variable(name, value).map_err(|_| {
                Problem::invalid_fields(vec![FieldIssue { field: "variables", text: Text::Variables }])
            })?;
        }
        Ok(start)
    }
}

/// Sends a code over WhatsApp.
///
/// While a code lives, asking again sends the same one. With an `Idempotency-Key` repeating the request sends nothing
/// more and answers the same, for 24 hours; a request that was refused may be made again with the same key.
#[utoipa::path(
    post, path = "/v1/verifications", tag = "verifications",
    security(("api_key" = ["verifications:write"])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Your own name for this request, 1 to 255 visible ASCII characters", min_length = 1, max_length = 255)),
    request_body = inline(StartVerification),
    responses(
        (status = 201, description = "The provider took the message", body = Success<CodeRequested>),
        (status = 202, description = "The provider has not answered: ask `GET /v1/verifications/{id}` how it goes on", body = Success<CodeRequested>),
        (status = 400, description = "`invalid_request`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`; `challenge_required`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "`invalid_request`: the body came too slowly", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`invalid_request`: more than 64 KiB", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`invalid_request`: not `application/json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_phone` (with `suggestion` where it is certain), `unsupported_country`, `number_not_on_whatsapp`, `idempotency_mismatch`: the key was used with another body", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`resend_too_soon`, `rate_limited`, `too_many_attempts`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "`provider_rejected`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`messaging_disabled`, `provider_unavailable`, `store_unavailable`, `challenge_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn start(
    State(v1): State<V1>,
    Writer(caller): Writer,
    Language(locale): Language,
    IdempotencyKey(name): IdempotencyKey,
    form: Form,
) -> Result<Response, Problem> {
    let raw = form.raw();
    let request = StartVerification::read(form)?;
    let phone = read_phone(&request.phone, v1.http.config().default_country)?;
    let mut start = request.start(phone, locale)?;
    if let Some(name) = name {
        start = start.idempotency(name, raw);
    }

    let otp = v1.otp_of(&caller);
    let engine = otp.clone();
    let limit = start_wait(&otp);
    let started = within(limit, async move { engine.start(start).await })
        .await?
        .map_err(|error| start_problem(&otp, &error))?;
    Ok(code_requested(started, StatusCode::CREATED, locale))
}
