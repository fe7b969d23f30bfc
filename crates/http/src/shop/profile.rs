//! The profile of the shop, the switch of its assistant, and what models cost.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use utoipa::ToSchema;
use wartel_bot::tenant::Tenant;

use super::ask::{IfMatch, tagged};
use super::read::document;
use super::shapes::{BotState, ShopDocument, UsageReport};
use super::{Shop, ShopText};
use crate::answer::{Success, success};
use crate::extract::{Form, Language};
use crate::problem::{Problem, ProblemBody};
use crate::texts::Text;
use crate::v1::auth::Shopkeeper;

/// The fields of a profile; what stands in an object comes before it.
const FIELDS: [&str; 25] = [
    "name",
    "phone",
    "address",
    "map_url",
    "website",
    "hours.time_zone",
    "hours.week",
    "hours.exceptions",
    "hours",
    "locale",
    "tone",
    "trade",
    "policies",
    "staff",
    "bot.enabled",
    "bot.burst_window_ms",
    "bot.burst_cap_ms",
    "bot.handoff_minutes",
    "bot.answers_when_closed",
    "bot.day_budget",
    "bot.month_budget",
    "bot.answers_per_customer_hour",
    "bot.answers_per_minute",
    "bot.stale_minutes",
    "bot",
];
/// Those of the rest that have no objects in them.
const LAST: [&str; 1] = ["credit"];

/// Shows the profile of the shop.
#[utoipa::path(
    get, path = "/v1/shop", tag = "shop",
    security(("api_key" = ["shop"])),
    responses(
        (status = 200, description = "The profile", body = Success<ShopDocument>, headers(("ETag" = String, description = "Its revision, in quotes"))),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the tenant has no shop yet", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn shop(
    State(state): State<Shop>,
    Shopkeeper(caller): Shopkeeper,
    Language(locale): Language,
) -> Result<Response, Problem> {
    let console = state.console.clone();
    let (shop, revision) = state.ask(async move { console.shop(&caller.tenant).await }).await?;
    let text = Text::from(ShopText::Profile);
    Ok(tagged(success(StatusCode::OK, &text, locale, ShopDocument::from(shop)), revision))
}

/// Stores the whole profile of the shop.
///
/// What the body does not have gets its default. Whose shop it is the API key says; `id` is ignored.
#[utoipa::path(
    put, path = "/v1/shop", tag = "shop",
    security(("api_key" = ["shop"])),
    params(("If-Match" = Option<String>, Header, description = "The `ETag` of the profile that was read; required if there is one")),
    request_body = ShopDocument,
    responses(
        (status = 200, description = "It is stored", body = Success<ShopDocument>, headers(("ETag" = String, description = "Its revision, in quotes"))),
        (status = 400, description = "`invalid_request`: `errors` names the fields and what they must be", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "`invalid_request`: the body came too slowly", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "`changed`: it was changed since it was read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`invalid_request`: more than 64 KiB", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`invalid_request`: not `application/json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 428, description = "`changed`: there is a profile, and `If-Match` is missing", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn put_shop(
    State(state): State<Shop>,
    Shopkeeper(caller): Shopkeeper,
    Language(locale): Language,
    IfMatch(read): IfMatch,
    form: Form,
) -> Result<Response, Problem> {
    let fields: Vec<&'static str> = FIELDS.into_iter().chain(LAST).collect();
    let shop: Tenant = document(form, &["id"], &fields)?;
    let (console, tenant) = (state.console.clone(), caller.tenant.clone());
    let (shop, revision) = state.ask(async move { console.put_shop(&tenant, shop, &read).await }).await?;
    state.note(&caller, "shop.put", &format!("revision {}", revision.as_u64())).await;
    let text = Text::from(ShopText::ProfileSaved);
    Ok(tagged(success(StatusCode::OK, &text, locale, ShopDocument::from(shop)), revision))
}

/// Shows how the assistant stands.
///
/// Always as the store says at this moment: no cache on the way keeps it.
#[utoipa::path(
    get, path = "/v1/shop/bot", tag = "shop",
    security(("api_key" = ["shop"])),
    responses(
        (status = 200, description = "How it stands", body = Success<BotState>, headers(("ETag" = String, description = "Its revision, in quotes"))),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the tenant has no shop yet", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn bot(
    State(state): State<Shop>,
    Shopkeeper(caller): Shopkeeper,
    Language(locale): Language,
) -> Result<Response, Problem> {
    let console = state.console.clone();
    let status = state.ask(async move { console.bot(&caller.tenant).await }).await?;
    let text = Text::from(ShopText::Bot);
    Ok(tagged(success(StatusCode::OK, &text, locale, BotState::from(status)), status.version))
}

/// The switch of the assistant. Other fields are ignored.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it describes the body")]
pub(super) struct SwitchBot {
    /// Whether it answers at all.
    enabled: bool,
}

/// Switches the assistant on or off.
#[utoipa::path(
    put, path = "/v1/shop/bot", tag = "shop",
    security(("api_key" = ["shop"])),
    params(("If-Match" = Option<String>, Header, description = "The `ETag` that was read, if the switch is to change nothing that was not read")),
    request_body = inline(SwitchBot),
    responses(
        (status = 200, description = "How it stands now", body = Success<BotState>, headers(("ETag" = String, description = "Its revision, in quotes"))),
        (status = 400, description = "`invalid_request`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the tenant has no shop yet", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "`invalid_request`: the body came too slowly", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "`changed`: it was changed since it was read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`invalid_request`: more than 64 KiB", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`invalid_request`: not `application/json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn put_bot(
    State(state): State<Shop>,
    Shopkeeper(caller): Shopkeeper,
    Language(locale): Language,
    IfMatch(read): IfMatch,
    mut form: Form,
) -> Result<Response, Problem> {
    let enabled = form.required_bool("enabled");
    form.check()?;
    let (console, tenant) = (state.console.clone(), caller.tenant.clone());
    let status = state.ask(async move { console.set_bot(&tenant, enabled, &read).await }).await?;
    let (action, text) = if enabled { ("bot.on", ShopText::BotOn) } else { ("bot.off", ShopText::BotOff) };
    state.note(&caller, action, &format!("revision {}", status.version.as_u64())).await;
    let body = BotState::from(status);
    Ok(tagged(success(StatusCode::OK, &Text::from(text), locale, body), status.version))
}

/// Shows what models cost the shop.
#[utoipa::path(
    get, path = "/v1/usage", tag = "shop",
    security(("api_key" = ["shop"])),
    responses(
        (status = 200, description = "Today and this month, in the time zone of the shop", body = Success<UsageReport>),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the tenant has no shop yet", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn usage(
    State(state): State<Shop>,
    Shopkeeper(caller): Shopkeeper,
    Language(locale): Language,
) -> Result<Response, Problem> {
    let console = state.console.clone();
    let usage = state.ask(async move { console.usage(&caller.tenant).await }).await?;
    Ok(success(StatusCode::OK, &Text::from(ShopText::Usage), locale, UsageReport::from(usage)))
}
