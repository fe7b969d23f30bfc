//! What the shop sells, one by one.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use wartel_bot::catalogue::{Item, ItemStatus};
use wartel_bot::console::ItemQuery;

use super::ask::{Asked, IfMatch, read_name, tagged};
use super::read::document;
use super::shapes::{ItemDocument, ItemList, NewItem, RemovedItem};
use super::{Shop, ShopText};
use crate::answer::{Success, success};
use crate::extract::{Form, Language};
use crate::problem::{Problem, ProblemBody};
use crate::texts::Text;
use crate::v1::auth::Shopkeeper;

/// The fields of an item.
const FIELDS: [&str; 6] = ["title", "price", "status", "attributes", "photos", "notes"];

/// Lists items, by code.
#[utoipa::path(
    get, path = "/v1/items", tag = "items",
    security(("api_key" = ["shop"])),
    params(
        ("q" = Option<String>, Query, description = "Only those whose code, title or attributes have words that begin so; up to 200 characters"),
        ("status" = Option<String>, Query, description = "Only of this status: `available`, `reserved`, `sold` or `hidden`"),
        ("after" = Option<String>, Query, description = "The `next` of the page before"),
        ("limit" = Option<u64>, Query, description = "How many, up to 500; 100 if it is not given", minimum = 1, maximum = 500),
    ),
    responses(
        (status = 200, description = "A page of items", body = Success<ItemList>),
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
    let mut query = ItemQuery::default();
    query.words = asked.bounded("q", 200).unwrap_or_default();
    if let Some(word) = asked.text("status") {
        query.status = ItemStatus::ALL.into_iter().find(|status| status.as_str() == word);
        if query.status.is_none() {
            asked.note("status", Text::from(ShopText::Status));
        }
    }
    query.after = asked.bounded("after", 24);
    query.limit = asked.limit(query.limit);
    asked.check()?;
    let console = state.console.clone();
    let page = state.ask(async move { console.items(&caller.tenant, &query).await }).await?;
    Ok(success(StatusCode::OK, &Text::from(ShopText::Items), locale, ItemList::from(page)))
}

/// Shows an item.
#[utoipa::path(
    get, path = "/v1/items/{code}", tag = "items",
    security(("api_key" = ["shop"])),
    params(("code" = String, Path, description = "The stock code")),
    responses(
        (status = 200, description = "The item", body = Success<ItemDocument>, headers(("ETag" = String, description = "Its revision, in quotes"))),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the tenant has no such item", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn show(
    State(state): State<Shop>,
    Shopkeeper(caller): Shopkeeper,
    Language(locale): Language,
    code: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let code = read_name(code)?;
    let console = state.console.clone();
    let (item, revision) = state.ask(async move { console.item(&caller.tenant, &code).await }).await?;
    let text = Text::from(ShopText::Item);
    Ok(tagged(success(StatusCode::OK, &text, locale, ItemDocument::from(item)), revision))
}

/// Stores a whole item.
///
/// What the body does not have is empty then. The code is that of the path; whose item it is the API key says.
#[utoipa::path(
    put, path = "/v1/items/{code}", tag = "items",
    security(("api_key" = ["shop"])),
    params(
        ("code" = String, Path, description = "The stock code: 2 to 24 characters of A-Z, 0-9 and -"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the item that was read; required if there is one"),
    ),
    request_body = NewItem,
    responses(
        (status = 200, description = "It is stored", body = Success<ItemDocument>, headers(("ETag" = String, description = "Its revision, in quotes"))),
        (status = 201, description = "It is stored, and new", body = Success<ItemDocument>, headers(("ETag" = String, description = "Its revision, in quotes"))),
        (status = 400, description = "`invalid_request`: `errors` names the fields and what they must be", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the path cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "`invalid_request`: the body came too slowly", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "`changed`: it was changed since it was read, or is gone", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`invalid_request`: more than 64 KiB", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`invalid_request`: not `application/json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 428, description = "`changed`: there is such an item, and `If-Match` is missing", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn put(
    State(state): State<Shop>,
    Shopkeeper(caller): Shopkeeper,
    Language(locale): Language,
    IfMatch(read): IfMatch,
    code: Result<Path<String>, PathRejection>,
    form: Form,
) -> Result<Response, Problem> {
    let code = read_name(code)?;
    let item: Item = document(form, &["tenant", "code", "updated_at"], &FIELDS)?;
    let (console, tenant) = (state.console.clone(), caller.tenant.clone());
    let put = async move { console.put_item(&tenant, &code, item, &read).await };
    let (item, revision, is_new) = state.ask(put).await?;
    state.note(&caller, "item.put", &item.code).await;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let text = Text::from(ShopText::ItemSaved);
    Ok(tagged(success(status, &text, locale, ItemDocument::from(item)), revision))
}

/// Deletes an item.
#[utoipa::path(
    delete, path = "/v1/items/{code}", tag = "items",
    security(("api_key" = ["shop"])),
    params(
        ("code" = String, Path, description = "The stock code"),
        ("If-Match" = String, Header, description = "The `ETag` of the item that was read, or `*`"),
    ),
    responses(
        (status = 200, description = "It is deleted", body = Success<RemovedItem>),
        (status = 400, description = "`invalid_request`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the tenant has no such item", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "`changed`: it was changed since it was read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 428, description = "`changed`: `If-Match` is missing", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn remove(
    State(state): State<Shop>,
    Shopkeeper(caller): Shopkeeper,
    Language(locale): Language,
    IfMatch(read): IfMatch,
    code: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let code = read_name(code)?;
    let (console, tenant, removed) = (state.console.clone(), caller.tenant.clone(), code.clone());
    state.ask(async move { console.delete_item(&tenant, &removed, &read).await }).await?;
    state.note(&caller, "item.delete", &code).await;
    Ok(success(StatusCode::OK, &Text::from(ShopText::ItemDeleted), locale, RemovedItem { code }))
}
