//! The webhooks of providers: authenticate, decode, store, and only then answer 200.

use std::fmt;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wartel_core::{Secret, TenantId};
use wartel_messaging::{DeviceEvent, InboundEvent, WebhookError, WebhookRequest, WebhookSource};
use wartel_otp::OtpService;

use crate::Http;
use crate::answer::{Success, success};
use crate::engine::{STORE_WAIT, store_problem, within};
use crate::extract::{Language, read_body};
use crate::problem::{Problem, ProblemBody};
use crate::routes::Routes;
use crate::texts::Text;

/// The largest body of a webhook, in bytes.
const MAX_WEBHOOK: usize = 3 * 1024 * 1024;
/// The shortest token: whoever guesses it may tell us what became of messages.
const MIN_TOKEN: usize = 16;

/// An account whose provider calls us: the token in its URL, whose events they are, and how to read them.
#[derive(Clone)]
pub struct WebhookAccount {
    token: Secret,
    tenant: TenantId,
    source: Arc<dyn WebhookSource>,
}

/// The token cannot be the key of a webhook. Says nothing of the token itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a webhook token is 16 to 128 characters of A-Z, a-z, 0-9, `-`, `_`, `.` and `~`; make one with `openssl rand -hex 24`"
)]
pub struct WebhookTokenError;

impl WebhookAccount {
    /// An account of `tenant` whose webhooks come to `/webhook/whatsapp/{token}`.
    ///
    /// # Errors
    /// [`WebhookTokenError`] if the token is too short to be unguessable, or cannot stand in a URL as it is.
    pub fn new(
        token: impl Into<Secret>,
        tenant: TenantId,
        source: Arc<dyn WebhookSource>,
    ) -> Result<Self, WebhookTokenError> {
        let token = token.into();
        let text = token.expose();
        let fits = (MIN_TOKEN..=128).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b));
        if fits { Ok(Self { token, tenant, source }) } else { Err(WebhookTokenError) }
    }
}

impl fmt::Debug for WebhookAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookAccount")
            .field("tenant", &self.tenant)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl Http {
    /// `POST /webhook/whatsapp/{token}`: receipts move the delivery states of `otp`.
    pub fn webhook_routes(&self, otp: OtpService, accounts: Vec<WebhookAccount>) -> Routes {
        let state = Webhooks { http: self.clone(), otp, accounts: accounts.into() };
        Routes::new(OpenApiRouter::new().routes(routes!(webhook)).with_state(state))
    }
}

#[derive(Clone)]
struct Webhooks {
    http: Http,
    otp: OtpService,
    accounts: Arc<[WebhookAccount]>,
}

/// What was taken of a webhook.
#[derive(Serialize, ToSchema)]
struct WebhookTaken {
    /// How many events the body held.
    events: usize,
}

impl Webhooks {
    /// The account of a token. Every account is compared, each in constant time, so that neither the place nor the
    /// beginning of a token shows in the time that this takes.
    fn account(&self, token: &str) -> Option<&WebhookAccount> {
        let mut found = u64::MAX;
        for (index, account) in (0_u64..).zip(self.accounts.iter()) {
            let same: Choice = account.token.expose().as_bytes().ct_eq(token.as_bytes());
            found = u64::conditional_select(&found, &index, same);
        }
        self.accounts.get(usize::try_from(found).ok()?)
    }
}

/// Takes what a provider reports.
///
/// The token in the path is the account's key.
#[utoipa::path(
    post, path = "/webhook/whatsapp/{token}", tag = "webhooks",
    params(("token" = String, Path, description = "The account's webhook token")),
    request_body(description = "Whatever the provider sends, at most 3 MiB", content((Object = "application/json"), (Object = "application/x-www-form-urlencoded"))),
    responses(
        (status = 200, description = "Taken; events that mean nothing here included", body = Success<WebhookTaken>),
        (status = 400, description = "`invalid_request`: not what this provider sends", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`invalid_request`: the signature is missing or wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: no account has this token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "`invalid_request`: the body came too slowly", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`invalid_request`: more than 3 MiB", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`: send it again", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn webhook(
    State(webhooks): State<Webhooks>,
    Language(locale): Language,
    token: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Path(token) = token.map_err(|_| Problem::not_found())?;
    // Strangers learn nothing and cost nothing: their bodies are not read.
    let account = webhooks.account(&token).ok_or_else(Problem::not_found)?;
    let (parts, body) = request.into_parts();
    let body: Bytes = read_body(body, MAX_WEBHOOK, webhooks.http.body_timeout()).await?;
    let events =
        account.source.decode(WebhookRequest::new(&parts.headers, &body)).map_err(webhook_problem)?;
    let count = events.len();
    let otp = webhooks.otp.for_tenant(account.tenant.clone());
    within(STORE_WAIT, async move { take(&otp, events).await }).await??;
    Ok(success(StatusCode::OK, &Text::WebhookTaken, locale, WebhookTaken { events: count }))
}

/// Stores every event, or fails, so that the provider repeats all of them: taking one twice changes nothing.
async fn take(otp: &OtpService, events: Vec<InboundEvent>) -> Result<(), Problem> {
    for event in events {
        match event {
            InboundEvent::Receipt(receipt) => {
                let state = receipt.state.as_str();
                let known = otp.record_receipt(receipt).await.map_err(|error| store_problem(&error))?;
                tracing::debug!(state, known, "a receipt came");
            }
            InboundEvent::DeviceState(DeviceEvent::Connected) => tracing::info!("the device is connected"),
            InboundEvent::DeviceState(DeviceEvent::Disconnected) => {
                tracing::warn!("the device is disconnected: no message goes out until it is connected again");
            }
            InboundEvent::Ignored { why } => tracing::debug!(why, "an event was ignored"),
            _ => tracing::debug!("an event of a new kind was ignored"),
        }
    }
    Ok(())
}

fn webhook_problem(error: WebhookError) -> Problem {
    match error {
        WebhookError::BadSignature => Problem::invalid(
            StatusCode::UNAUTHORIZED,
            "the signature does not fit the body",
            Text::BadSignature,
        ),
        _ => {
            let detail = "the body is not what this provider sends";
            Problem::invalid(StatusCode::BAD_REQUEST, detail, Text::InvalidRequest)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wartel_messaging::adapters::fonnte::FonnteWebhooks;

    #[test]
    fn tokens_are_long_and_plain_and_never_printed() {
        let account = |token: &str| {
            WebhookAccount::new(token, TenantId::default(), Arc::new(FonnteWebhooks::default()))
        };
        let good = account("0123456789abcdef").unwrap();
        assert!(!format!("{good:?}").contains("0123"));
        let long = "a".repeat(129);
        for bad in [
            "",
            "short",
            "0123456789abcde",
            "0123456789abcdef/",
            "0123456789 abcdef",
            "0123456789abcdéf",
            &long,
        ] {
            assert_eq!(account(bad).err(), Some(WebhookTokenError), "{bad}");
        }
    }
}
