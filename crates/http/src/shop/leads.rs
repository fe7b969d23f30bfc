//! Who may buy.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use utoipa::ToSchema;
use wartel_bot::lead::{LeadId, LeadQuery, LeadStage};

use super::ask::{Asked, IfMatch, read_name, tagged};
use super::shapes::{LeadDocument, LeadList};
use super::{Shop, ShopText};
use crate::answer::{Success, success};
use crate::extract::{Form, Language};
use crate::problem::{Problem, ProblemBody};
use crate::texts::Text;
use crate::v1::auth::Shopkeeper;

fn read_stage(word: &str) -> Option<LeadStage> {
    LeadStage::ALL.into_iter().find(|stage| stage.as_str() == word)
}

/// What cannot be an id is nobody's.
fn read_id(id: Result<Path<String>, PathRejection>) -> Result<LeadId, Problem> {
    LeadId::parse(&read_name(id)?).map_err(|_| Problem::not_found())
}

/// Lists leads, those with the latest contact first.
#[utoipa::path(
    get, path = "/v1/leads", tag = "leads",
    security(("api_key" = ["shop"])),
    params(
        ("stage" = Option<String>, Query, description = "Only of this stage: `new`, `interested`, `qualified`, `booked`, `won` or `lost`; every open one if it is not given"),
        ("limit" = Option<u64>, Query, description = "How many, up to 500; 20 if it is not given", minimum = 1, maximum = 500),
    ),
    responses(
        (status = 200, description = "The leads", body = Success<LeadList>),
        (status = 400, description = "`invalid_request`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(state): State<Shop>,
    Shopkeeper(caller): Shopkeeper,
    Language(locale): Language,
    mut asked: Asked,
) -> Result<Response, Problem> {
    let mut query = LeadQuery::new();
    if let Some(word) = asked.text("stage") {
        match read_stage(&word) {
            Some(stage) => query = query.with_stage(stage),
            None => asked.note("stage", Text::from(ShopText::Stage)),
        }
    }
    query.limit = asked.limit(query.limit);
    asked.check()?;
    let console = state.console.clone();
    let leads = state.ask(async move { console.leads(&caller.tenant, &query).await }).await?;
    let list = LeadList { leads: leads.into_iter().map(LeadDocument::from).collect() };
    Ok(success(StatusCode::OK, &Text::from(ShopText::Leads), locale, list))
}

/// Shows a lead.
#[utoipa::path(
    get, path = "/v1/leads/{id}", tag = "leads",
    security(("api_key" = ["shop"])),
    params(("id" = String, Path, description = "The id of the lead")),
    responses(
        (status = 200, description = "The lead", body = Success<LeadDocument>, headers(("ETag" = String, description = "Its revision, in quotes"))),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the tenant has no such lead", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn show(
    State(state): State<Shop>,
    Shopkeeper(caller): Shopkeeper,
    Language(locale): Language,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let id = read_id(id)?;
    let console = state.console.clone();
    let (lead, revision) = state.ask(async move { console.lead(&caller.tenant, id).await }).await?;
    let text = Text::from(ShopText::Lead);
    Ok(tagged(success(StatusCode::OK, &text, locale, LeadDocument::from(lead)), revision))
}

/// The stage of a lead. Other fields are ignored.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it describes the body")]
pub(super) struct SetStage {
    /// `new`, `interested`, `qualified`, `booked`, `won` or `lost`.
    #[schema(example = "won")]
    stage: String,
}

/// Sets the stage of a lead.
#[utoipa::path(
    put, path = "/v1/leads/{id}", tag = "leads",
    security(("api_key" = ["shop"])),
    params(
        ("id" = String, Path, description = "The id of the lead"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read, if nothing is to change that was not read"),
    ),
    request_body = inline(SetStage),
    responses(
        (status = 200, description = "The lead as it is now", body = Success<LeadDocument>, headers(("ETag" = String, description = "Its revision, in quotes"))),
        (status = 400, description = "`invalid_request`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the tenant has no such lead", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "`invalid_request`: the body came too slowly", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`other_lead_open`: the customer has another open lead", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "`changed`: it was changed since it was read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`invalid_request`: more than 64 KiB", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`invalid_request`: not `application/json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn put(
    State(state): State<Shop>,
    Shopkeeper(caller): Shopkeeper,
    Language(locale): Language,
    IfMatch(read): IfMatch,
    id: Result<Path<String>, PathRejection>,
    mut form: Form,
) -> Result<Response, Problem> {
    let id = read_id(id)?;
    let word = form.required("stage");
    let stage = read_stage(&word);
    if stage.is_none() && !word.is_empty() {
        form.note("stage", Text::from(ShopText::Stage));
    }
    form.check()?;
    let Some(stage) = stage else { return Err(super::problems::field("stage", ShopText::Stage)) };
    let (console, tenant) = (state.console.clone(), caller.tenant.clone());
    let set = async move { console.set_stage(&tenant, id, stage, &read).await };
    let (lead, revision) = state.ask(set).await?;
    state.note(&caller, "lead.stage", &format!("{id} {}", stage.as_str())).await;
    let text = Text::from(ShopText::LeadSaved);
    Ok(tagged(success(StatusCode::OK, &text, locale, LeadDocument::from(lead)), revision))
}
