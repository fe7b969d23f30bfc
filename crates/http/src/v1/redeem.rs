//! Exchanging a proof for the phone number that it proves.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use wartel_otp::{Purpose, RedeemError};

use super::V1;
use super::auth::Writer;
use crate::answer::{Success, success};
use crate::codes::ProblemCode;
use crate::engine::{STORE_WAIT, store_problem, within};
use crate::extract::{Form, Language};
use crate::problem::{Problem, ProblemBody};
use crate::texts::Text;

/// The longest `by`, in bytes.
const MAX_BY: usize = 128;

/// Exchanges a proof. Other fields are ignored.
#[derive(ToSchema)]
pub(super) struct RedeemProof {
    /// The proof.
    proof: String,
    /// What the number was verified for.
    #[schema(value_type = String, example = "login")]
    purpose: Purpose,
    /// Who owns the proof from now on, in your words: an account, an order, a request. 1 to 128 bytes. The same again
    /// gets the same answer until the proof expires, anybody else is refused.
    #[schema(example = "user-17", min_length = 1, max_length = 128)]
    by: String,
}

/// The number that was proven.
#[derive(Serialize, ToSchema)]
pub(super) struct ProvenPhone {
    /// The number (E.164).
    #[schema(example = "+6281234567890")]
    phone: String,
    /// What it was verified for.
    #[schema(example = "login")]
    purpose: String,
}

impl RedeemProof {
    fn read(mut form: Form) -> Result<Self, Problem> {
        let proof = form.required("proof");
        let purpose = form.required("purpose");
        let by = form.required("by");
        form.check()?;
        let purpose = Purpose::parse(&purpose).map_err(|_| form.note("purpose", Text::Purpose));
        if by.is_empty() {
            form.note("by", Text::Missing);
        } else if by.len() > MAX_BY {
            form.note("by", Text::TooLong { max: MAX_BY, bytes: true });
        }
        form.check()?;
        Ok(Self { proof, purpose: purpose.unwrap_or(Purpose::REGISTRATION), by })
    }
}

/// Exchanges a proof for the phone number.
///
/// For apps whose page brings a proof back: only this answer says which number was proven.
#[utoipa::path(
    post, path = "/v1/verifications/redeem", tag = "verifications",
    security(("api_key" = ["verifications:write"])),
    request_body = inline(RedeemProof),
    responses(
        (status = 200, description = "The number is proven, and the proof belongs to `by`", body = Success<ProvenPhone>),
        (status = 400, description = "`invalid_request`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`phone_not_verified`: unknown, expired, for another purpose, or somebody else's; or `forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "`invalid_request`: the body came too slowly", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`invalid_request`: more than 64 KiB", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`invalid_request`: not `application/json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn redeem(
    State(v1): State<V1>,
    Writer(caller): Writer,
    Language(locale): Language,
    form: Form,
) -> Result<Response, Problem> {
    let RedeemProof { proof, purpose, by } = RedeemProof::read(form)?;
    let word = purpose.as_str().to_owned();
    let otp = v1.otp_of(&caller);
    let redeemed = within(STORE_WAIT, async move { otp.redeem(proof, purpose, by).await }).await?;
    let phone = redeemed.map_err(|error| match error {
        RedeemError::Store(error) => store_problem(&error),
        _ => Problem::new(
            ProblemCode::PhoneNotVerified,
            "there is no valid proof of the phone number",
            Text::PhoneNotVerified,
        ),
    })?;
    let data = ProvenPhone { phone: phone.e164().to_owned(), purpose: word };
    Ok(success(StatusCode::OK, &Text::ProofRedeemed, locale, data))
}
