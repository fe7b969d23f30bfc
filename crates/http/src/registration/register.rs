//! Registering with a proven number.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use wartel_otp::ProofToken;
use wartel_registration::{FieldError, FieldProblem, Register, RegisterError, Registration};

use super::Api;
use crate::answer::{Success, success};
use crate::codes::ProblemCode;
use crate::engine::{STORE_WAIT, read_phone, store_problem, within};
use crate::extract::{Form, Language};
use crate::problem::{FieldIssue, Problem, ProblemBody};
use crate::texts::Text;

/// Fields of the earlier steps that clients send along. They are not kept: a code and a handle are no data of the
/// registration, and what a client says about having verified means nothing.
const NOT_KEPT: [&str; 4] = ["otp", "code", "verification_id", "whatsapp_verified"];

/// Registers somebody. Any further fields are kept as they are, at most 16 KiB together, but for those of the
/// earlier steps (`otp`, `code`, `verification_id`, `whatsapp_verified`).
#[derive(ToSchema)]
pub(super) struct RegisterBody {
    /// The proof that verify-otp gave.
    proof: String,
    /// The person's full name, 2 to 100 characters.
    #[schema(example = "Test User", min_length = 2, max_length = 100)]
    full_name: String,
    /// The e-mail address.
    #[schema(example = "budi@example.com")]
    email: Option<String>,
    /// The postal address, at most 500 characters.
    address: Option<String>,
    /// The number that the proof must be of. With a proof of another number the answer is 403.
    #[schema(example = "081234567890")]
    phone: Option<String>,
    #[schema(ignore)]
    extra: Map<String, Value>,
}

/// Somebody is registered.
#[derive(Serialize, ToSchema)]
pub(super) struct Registered {
    /// The number of the registration.
    registration_id: String,
    /// The verified number, masked.
    #[schema(example = "+62812•••••890")]
    phone: String,
    /// `registered`.
    #[schema(example = "registered")]
    status: &'static str,
}

impl RegisterBody {
    fn read(mut form: Form) -> Result<Self, Problem> {
        // Without a proof nothing else matters; of another type it is none.
        let proof =
            form.optional("proof").filter(|proof| !proof.is_empty()).ok_or_else(phone_not_verified)?;
        let full_name = form.required("full_name");
        let email = form.optional("email");
        let address = form.optional("address");
        let phone = form.optional("phone");
        form.check()?;
        for field in NOT_KEPT {
            form.discard(field);
        }
        Ok(Self { proof, full_name, email, address, phone, extra: form.rest() })
    }
}

impl From<Registration> for Registered {
    fn from(registration: Registration) -> Self {
        Self {
            registration_id: registration.id.to_string(),
            phone: registration.phone.masked(),
            status: "registered",
        }
    }
}

/// Registers a proven number.
///
/// Each number is registered once, however many requests race. A confirmation follows over WhatsApp.
#[utoipa::path(
    post, path = "/api/registrations/public", tag = "registration",
    request_body = inline(RegisterBody),
    responses(
        (status = 201, description = "Registered", body = Success<Registered>),
        (status = 400, description = "`invalid_request`; the proof is unused", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`phone_not_verified`: no proof, or not a valid one for this number", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "`invalid_request`: the body came too slowly", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`already_registered`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`invalid_request`: more than 64 KiB", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`invalid_request`: not `application/json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_phone`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`; the proof can be used again", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn register(
    State(api): State<Api>,
    Language(locale): Language,
    form: Form,
) -> Result<Response, Problem> {
    let body = RegisterBody::read(form)?;
    let country = api.http.config().default_country;
    let phone = body.phone.map(|text| read_phone(&text, country)).transpose()?;
    let request = Register::new(ProofToken::new(body.proof), body.full_name)
        .phone(phone)
        .email(body.email)
        .address(body.address)
        .extra(body.extra)
        .locale(locale);

    let registrations = api.registrations.clone();
    // Two steps, each of which waits for the store.
    let registered =
        within(STORE_WAIT.saturating_mul(9) / 5, async move { registrations.register(request).await })
            .await?
            .map_err(register_problem)?;
    Ok(success(StatusCode::CREATED, &Text::Registered, locale, Registered::from(registered)))
}

fn register_problem(error: RegisterError) -> Problem {
    match error {
        RegisterError::Invalid(errors) => Problem::invalid_fields(errors.iter().map(issue).collect()),
        RegisterError::PhoneNotVerified => phone_not_verified(),
        RegisterError::AlreadyRegistered => Problem::new(
            ProblemCode::AlreadyRegistered,
            "the proven number has a registration",
            Text::AlreadyRegistered,
        ),
        RegisterError::Store(error) => store_problem(&error),
        other => {
            tracing::error!(error = %other, "nobody could be registered");
            Problem::internal()
        }
    }
}

fn phone_not_verified() -> Problem {
    let detail = "there is no valid proof of this number; verify-otp gives one";
    Problem::new(ProblemCode::PhoneNotVerified, detail, Text::PhoneNotVerified)
}

fn issue(error: &FieldError) -> FieldIssue {
    let text = match error.problem {
        FieldProblem::Name(error) => Text::Name(error),
        FieldProblem::Email => Text::Email,
        FieldProblem::TooLong { max, unit } => Text::TooLong { max, bytes: unit == "bytes" },
        FieldProblem::ControlCharacter => Text::ControlCharacter,
        _ => Text::InvalidRequest,
    };
    FieldIssue { field: error.field, text }
}
