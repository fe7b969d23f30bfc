//! The log of an account's webhooks: what came, and once more.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRef, FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wartel_access::{AuditLog, Caller, Keys};
use wartel_core::AccountId;
use wartel_messaging::accounts::Devices;
use wartel_messaging::inbox::{
    DeliveryId, InboxIntake, LogQuery, LoggedDelivery, MAX_LOG_PAGE, ReplayError, Replayed, StoredDelivery,
};
use wartel_messaging::{Authenticity, WebhookSource};

use super::{Accounts, account_problem, read_id};
use crate::Http;
use crate::answer::{Success, success};
use crate::engine::{STORE_WAIT, store_problem, within};
use crate::extract::Language;
use crate::problem::{FieldIssue, Problem, ProblemBody};
use crate::routes::Routes;
use crate::texts::Text;
use crate::v1::auth::Keeper;

/// What the handlers share.
#[derive(Clone)]
struct Log {
    accounts: Accounts,
    intake: InboxIntake,
}

impl FromRef<Log> for Keys {
    fn from_ref(log: &Log) -> Self {
        log.accounts.keys.clone()
    }
}

impl Http {
    /// `/v1/accounts/{id}/webhooks`, for programs with an API key that has the scope `accounts`: what came to an account
    /// of the key's tenant, as long as it is kept, and to have it handed to consumers again. Who reads a body or replays
    /// one is written to the audit.
    ///
    /// The routes need [`v1_routes`](Self::v1_routes) beside them in a description: those describe the key.
    pub fn account_webhook_routes(
        &self,
        devices: Devices,
        keys: Keys,
        audit: Arc<dyn AuditLog>,
        intake: InboxIntake,
    ) -> Routes {
        let state = Log { accounts: Accounts { http: self.clone(), devices, keys, audit }, intake };
        let router = OpenApiRouter::new()
            .routes(routes!(list))
            .routes(routes!(show))
            .routes(routes!(replay))
            .with_state(state);
        Routes::new(router)
    }
}

type Ids = Result<Path<(String, String)>, PathRejection>;

/// What cannot be an id is nobody's.
fn read_ids(ids: Ids) -> Result<(AccountId, DeliveryId), Problem> {
    let Path((account, entry)) = ids.map_err(|_| Problem::not_found())?;
    let entry = DeliveryId::parse(&entry).map_err(|_| Problem::not_found())?;
    Ok((AccountId::parse(&account).map_err(|_| Problem::not_found())?, entry))
}

impl Log {
    /// What reads the webhooks of an account of the caller's tenant.
    async fn source(&self, caller: &Caller, id: &AccountId) -> Result<Arc<dyn WebhookSource>, Problem> {
        let (book, tenant, id) = (self.accounts.devices.book().clone(), caller.tenant.clone(), id.clone());
        let open = within(STORE_WAIT, async move { book.open(&tenant, &id).await }).await?;
        let open = open.map_err(|error| account_problem(&error))?;
        open.and_then(|open| open.account.webhooks.clone()).ok_or_else(Problem::not_found)
    }
}

/// `?after=` and `?limit=`.
struct Page {
    after: Option<DeliveryId>,
    limit: usize,
}

impl<S: Send + Sync> FromRequestParts<S> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let query = Query::<HashMap<String, String>>::from_request_parts(parts, state).await.ok();
        let Some(Query(query)) = query else {
            let detail = "the query cannot be read";
            return Err(Problem::invalid(StatusCode::BAD_REQUEST, detail, Text::InvalidRequest));
        };
        let mut issues = Vec::new();
        let limit = query.get("limit").map_or(Some(LogQuery::default().limit), |text| {
            let digits = matches!(text.len(), 1..=3) && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|limit| digits && (1..=MAX_LOG_PAGE).contains(limit))
        });
        if limit.is_none() {
            issues.push(FieldIssue { field: "limit", text: Text::NumberBetween { min: 1, max: 500 } });
        }
        let after = query.get("after").map(|text| DeliveryId::parse(text).ok());
        if after == Some(None) {
            issues.push(FieldIssue { field: "after", text: Text::WebhookId });
        }
        match limit {
            Some(limit) if issues.is_empty() => Ok(Self { after: after.flatten(), limit }),
            _ => Err(Problem::invalid_fields(issues)),
        }
    }
}

const fn word(authenticity: Authenticity) -> &'static str {
    match authenticity {
        Authenticity::Signed => "signed",
        _ => "token_only",
    }
}

/// A webhook in the log.
#[derive(Serialize, ToSchema)]
struct LoggedWebhook {
    /// Names it.
    id: String,
    /// When it came first (RFC 3339).
    at: String,
    /// How the provider was known: `signed`, or `token_only`, by the token in the URL.
    #[schema(example = "token_only")]
    authenticity: &'static str,
    /// How many events it held, as it was read last.
    events: usize,
    /// How many of them were new, over all times that it came.
    new: usize,
    /// Why events were ignored, each reason once.
    ignored: Vec<String>,
    /// How often it was replayed.
    replays: u32,
    /// How many bytes of the body are kept; 0 if it cannot be replayed.
    bytes: usize,
}

impl From<LoggedDelivery> for LoggedWebhook {
    fn from(line: LoggedDelivery) -> Self {
        Self {
            id: line.id.to_string(),
            at: line.received_at.to_rfc3339(),
            authenticity: word(line.authenticity),
            events: line.events,
            new: line.new,
            ignored: line.ignored,
            replays: line.replays,
            bytes: line.bytes,
        }
    }
}

/// A page of the log.
#[derive(Serialize, ToSchema)]
struct WebhookLog {
    /// The newest first.
    webhooks: Vec<LoggedWebhook>,
    /// The `after` of the next page; absent if this is the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Lists what came to an account.
///
/// The newest first, without bodies: those hold what people wrote.
#[utoipa::path(
    get, path = "/v1/accounts/{id}/webhooks", tag = "accounts",
    security(("api_key" = ["accounts"])),
    params(
        ("id" = String, Path, description = "The account's name"),
        ("after" = Option<String>, Query, description = "The `next` of the page before"),
        ("limit" = Option<u64>, Query, description = "How many, up to 500; 50 if it is not given", minimum = 1, maximum = 500),
    ),
    responses(
        (status = 200, description = "A page of the log", body = Success<WebhookLog>),
        (status = 400, description = "`invalid_request`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the tenant has no such account", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn list(
    State(state): State<Log>,
    Keeper(caller): Keeper,
    Language(locale): Language,
    id: Result<Path<String>, PathRejection>,
    page: Page,
) -> Result<Response, Problem> {
    let id = read_id(id)?;
    // One whose credentials do not open has a log all the same.
    let (book, tenant) = (state.accounts.devices.book().clone(), caller.tenant.clone());
    let accounts = within(STORE_WAIT, async move { book.list(Some(&tenant)).await }).await?;
    let accounts = accounts.map_err(|error| store_problem(&error))?;
    if !accounts.iter().any(|account| account.id == id) {
        return Err(Problem::not_found());
    }
    let mut query = LogQuery::new().of_account(id).limit(page.limit);
    query.before = page.after;
    let inbox = Arc::clone(state.intake.inbox());
    let lines = within(STORE_WAIT, async move { inbox.log(&caller.tenant, &query).await }).await?;
    let lines = lines.map_err(|error| store_problem(&error))?;
    let next = lines.last().filter(|_| lines.len() == page.limit).map(|line| line.id.to_string());
    let log = WebhookLog { webhooks: lines.into_iter().map(LoggedWebhook::from).collect(), next };
    Ok(success(StatusCode::OK, &Text::WebhookLog, locale, log))
}

/// A webhook with its body.
#[derive(Serialize, ToSchema)]
struct Webhook {
    /// Names it.
    id: String,
    /// When it came first (RFC 3339).
    at: String,
    /// How the provider was known: `signed`, or `token_only`, by the token in the URL.
    #[schema(example = "token_only")]
    authenticity: &'static str,
    /// The content type, if the provider gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    /// The body as text, with `•••` in the place of secrets; absent if it is not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}

impl Webhook {
    fn of(stored: StoredDelivery, source: &dyn WebhookSource) -> Self {
        let content_type = stored.header_map().get(header::CONTENT_TYPE).cloned();
        // Also of those that were recorded before secrets were left out.
        let body = source.kept(stored.body);
        Self {
            id: stored.id.to_string(),
            at: stored.received_at.to_rfc3339(),
            authenticity: word(stored.authenticity),
            content_type: content_type.and_then(|value| value.to_str().ok().map(str::to_owned)),
            body: (!body.is_empty()).then(|| String::from_utf8_lossy(&body).into_owned()),
        }
    }
}

/// Shows a webhook with its body.
///
/// It holds what people wrote: that it was read is written to the audit. Secrets in it are replaced.
#[utoipa::path(
    get, path = "/v1/accounts/{id}/webhooks/{entry}", tag = "accounts",
    security(("api_key" = ["accounts"])),
    params(
        ("id" = String, Path, description = "The account's name"),
        ("entry" = String, Path, description = "The id of the webhook in the log"),
    ),
    responses(
        (status = 200, description = "The webhook", body = Success<Webhook>),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the tenant has no such account, or its log no such webhook", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn show(
    State(state): State<Log>,
    Keeper(caller): Keeper,
    Language(locale): Language,
    ids: Ids,
) -> Result<Response, Problem> {
    let (account, entry) = read_ids(ids)?;
    let source = state.source(&caller, &account).await?;
    let (inbox, tenant) = (Arc::clone(state.intake.inbox()), caller.tenant.clone());
    let stored = within(STORE_WAIT, async move { inbox.replay(&tenant, entry).await }).await?;
    let stored = stored.map_err(|error| store_problem(&error))?;
    let stored = stored.filter(|stored| stored.account == account).ok_or_else(Problem::not_found)?;
    state.accounts.note(&caller, "webhook.read", &format!("{account}/{entry}")).await;
    Ok(success(StatusCode::OK, &Text::Webhook, locale, Webhook::of(stored, &*source)))
}

/// What a replay did.
#[derive(Serialize, ToSchema)]
struct ReplayedWebhook {
    /// How many events the webhook holds, as it is read now.
    events: usize,
    /// How many of them are new: they were not understood before, or were deleted since.
    new: usize,
    /// How many were known. They are the same entries, with the same ids.
    known: usize,
    /// How many of the known ones are handed to consumers once more; the others still wait for their first time.
    again: usize,
    /// Why events are ignored, each reason once.
    ignored: Vec<String>,
}

impl From<Replayed> for ReplayedWebhook {
    fn from(replayed: Replayed) -> Self {
        let Replayed { events, ignored, recorded, .. } = replayed;
        Self { events, new: recorded.new, known: recorded.known, again: recorded.again, ignored }
    }
}

/// Reads a webhook again and hands what it says to consumers once more.
///
/// What was recorded stays one entry, however often it is replayed. That it was replayed is written to the audit.
#[utoipa::path(
    post, path = "/v1/accounts/{id}/webhooks/{entry}/replay", tag = "accounts",
    security(("api_key" = ["accounts"])),
    params(
        ("id" = String, Path, description = "The account's name"),
        ("entry" = String, Path, description = "The id of the webhook in the log"),
    ),
    responses(
        (status = 202, description = "It is recorded; consumers get it soon", body = Success<ReplayedWebhook>),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the tenant has no such account, or its log no such webhook", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`invalid_request`: the body is not kept, or cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn replay(
    State(state): State<Log>,
    Keeper(caller): Keeper,
    Language(locale): Language,
    ids: Ids,
) -> Result<Response, Problem> {
    let (account, entry) = read_ids(ids)?;
    let source = state.source(&caller, &account).await?;
    let (intake, tenant, of) = (state.intake.clone(), caller.tenant.clone(), account.clone());
    let replayed =
        within(STORE_WAIT, async move { intake.replay(&tenant, &of, entry, &*source).await }).await?;
    let replayed = replayed.map_err(|error| replay_problem(&error))?;
    state.accounts.note(&caller, "webhook.replay", &format!("{account}/{entry}")).await;
    Ok(success(StatusCode::ACCEPTED, &Text::WebhookReplayed, locale, ReplayedWebhook::from(replayed)))
}

fn replay_problem(error: &ReplayError) -> Problem {
    match error {
        ReplayError::Unknown => Problem::not_found(),
        ReplayError::Store(error) => store_problem(error),
        ReplayError::Unreadable(_) => {
            let detail = "the body of this webhook cannot be read";
            Problem::invalid(StatusCode::CONFLICT, detail, Text::WebhookNotReplayed)
        }
        _ => {
            let detail = "the body of this webhook is not kept";
            Problem::invalid(StatusCode::CONFLICT, detail, Text::WebhookNotReplayed)
        }
    }
}
