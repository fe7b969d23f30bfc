//! The webhooks of providers: authenticate, decode, record, and only then answer 200.

use std::fmt;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wartel_core::{AccountId, TenantId};
use wartel_messaging::inbox::{Delivery, InboxIntake};
use wartel_messaging::{InboundEvent, WebhookError, WebhookHandshake, WebhookRequest, WebhookSource};

use crate::Http;
use crate::answer::{Success, success};
use crate::engine::{STORE_WAIT, store_problem, within};
use crate::extract::{Language, read_body};
use crate::problem::{Problem, ProblemBody};
use crate::routes::Routes;
use crate::texts::Text;
use crate::webhook_accounts::WebhookAccounts;

/// The largest body of a webhook, in bytes.
const MAX_WEBHOOK: usize = 3 * 1024 * 1024;
/// The longest query of a question that a provider asks, in bytes.
const MAX_QUERY: usize = 4_096;

/// An account whose provider calls us: whose events they are, and how to read them.
#[derive(Clone)]
#[non_exhaustive]
pub struct WebhookAccount {
    /// Whose account it is.
    pub tenant: TenantId,
    /// The account.
    pub id: AccountId,
    /// Reads the provider's webhooks.
    pub source: Arc<dyn WebhookSource>,
    /// Answers the question that the provider asks before it uses the address.
    pub handshake: Option<Arc<dyn WebhookHandshake>>,
}

impl WebhookAccount {
    /// An account whose provider asks no questions.
    #[must_use]
    pub const fn new(tenant: TenantId, id: AccountId, source: Arc<dyn WebhookSource>) -> Self {
        Self { tenant, id, source, handshake: None }
    }

    /// With what answers the question that the provider asks before it uses the address.
    #[must_use]
    pub fn with_handshake(mut self, handshake: Option<Arc<dyn WebhookHandshake>>) -> Self {
        self.handshake = handshake;
        self
    }
}

impl fmt::Debug for WebhookAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookAccount")
            .field("tenant", &self.tenant)
            .field("id", &self.id)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl Http {
    /// `POST /webhook/whatsapp/{token}`, and `GET` for the question of a provider: what comes in is recorded by `intake`,
    /// and handed to consumers by the dispatcher behind it.
    pub fn webhook_routes(&self, intake: InboxIntake, accounts: Arc<dyn WebhookAccounts>) -> Routes {
        let state = Webhooks { http: self.clone(), intake, accounts };
        Routes::new(OpenApiRouter::new().routes(routes!(webhook, handshake)).with_state(state))
    }
}

#[derive(Clone)]
struct Webhooks {
    http: Http,
    intake: InboxIntake,
    accounts: Arc<dyn WebhookAccounts>,
}

/// What was taken of a webhook.
#[derive(Serialize, ToSchema)]
struct WebhookTaken {
    /// How many events the body held.
    events: usize,
}

impl Webhooks {
    async fn account(
        &self,
        token: Result<Path<String>, PathRejection>,
    ) -> Result<(String, WebhookAccount), Problem> {
        let Path(token) = token.map_err(|_| Problem::not_found())?;
        let (accounts, asked) = (Arc::clone(&self.accounts), token.clone());
        let found = within(STORE_WAIT, async move { accounts.by_token(&asked).await }).await?;
        let account = found.map_err(|error| store_problem(&error))?.ok_or_else(Problem::not_found)?;
        Ok((token, account.as_ref().clone()))
    }

    /// The whole address as the provider knows it, if it was configured.
    fn url(&self, token: &str, query: Option<&str>) -> Option<String> {
        let base = self.http.config().public_url.as_deref()?;
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        Some(format!("{}/webhook/whatsapp/{token}{query}", base.trim_end_matches('/')))
    }

    async fn record(
        &self,
        account: WebhookAccount,
        headers: &HeaderMap,
        body: Bytes,
        events: Vec<InboundEvent>,
    ) -> Result<(), Problem> {
        let authenticity = account.source.authenticity();
        let body = account.source.kept(body);
        let delivery = Delivery::new(account.tenant, account.id, authenticity, headers, body, events);
        let intake = self.intake.clone();
        let recorded = within(STORE_WAIT, async move { intake.record(delivery).await }).await?;
        let recorded = recorded.map_err(|error| store_problem(&error))?;
        tracing::debug!(new = recorded.new, known = recorded.known, "a webhook came");
        Ok(())
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
        (status = 204, description = "Taken, for a provider that would send the words of an answer to the customer"),
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
    // Strangers learn nothing and cost nothing: their bodies are not read.
    let (token, account) = webhooks.account(token).await?;
    let (parts, body) = request.into_parts();
    let body: Bytes = read_body(body, MAX_WEBHOOK, webhooks.http.body_timeout()).await?;
    let url = webhooks.url(&token, parts.uri.query());
    let mut asked = WebhookRequest::new(&parts.headers, &body);
    if let Some(url) = &url {
        asked = asked.with_url(url);
    }
    match account.source.decode(asked) {
        Ok(events) => {
            let (count, empty) = (events.len(), account.source.reads_answers());
            webhooks.record(account, &parts.headers, body, events).await?;
            if empty {
                return Ok(StatusCode::NO_CONTENT.into_response());
            }
            Ok(success(StatusCode::OK, &Text::WebhookTaken, locale, WebhookTaken { events: count }))
        }
        Err(WebhookError::BadSignature) => Err(webhook_problem(WebhookError::BadSignature)),
        Err(error) => {
            // Kept in the log, so that it can be read again by an adapter that understands it.
            let unread = vec![InboundEvent::Ignored { why: "the body cannot be read" }];
            webhooks.record(account, &parts.headers, body, unread).await?;
            Err(webhook_problem(error))
        }
    }
}

/// Answers the question that a provider asks before it uses the address.
///
/// Meta calls it the verification of the webhook; the answer is the text of `hub.challenge`.
#[utoipa::path(
    get, path = "/webhook/whatsapp/{token}", tag = "webhooks",
    params(("token" = String, Path, description = "The account's webhook token")),
    responses(
        (status = 200, description = "The answer that the provider waits for", body = String, content_type = "text/plain"),
        (status = 403, description = "`invalid_request`: not a question of this provider's, or not with the secret agreed upon", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: no account has this token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`: ask again", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn handshake(
    State(webhooks): State<Webhooks>,
    token: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let (_, account) = webhooks.account(token).await?;
    let query = query.filter(|query| query.len() <= MAX_QUERY).unwrap_or_default();
    let answer = account.handshake.and_then(|handshake| handshake.answer(&query)).ok_or_else(|| {
        let detail = "this is not a question that the provider of the account asks";
        Problem::invalid(StatusCode::FORBIDDEN, detail, Text::BadSignature)
    })?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], answer).into_response())
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
