//! What the shop sells, as a file for spreadsheets.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::problems::sheet_problem;
use super::shapes::ImportedItems;
use super::{Shop, ShopText};
use crate::answer::{Success, success};
use crate::engine::within;
use crate::extract::{Language, read_body};
use crate::problem::{Problem, ProblemBody};
use crate::texts::Text;
use crate::v1::auth::Shopkeeper;

/// The largest file, in bytes.
const MAX_SHEET: usize = 3 * 1024 * 1024;
/// How long storing a file may take before the caller is told to look again; it goes on then.
const IMPORT_WAIT: Duration = Duration::from_secs(8);

/// Gives all items as a CSV file.
///
/// UTF-8 with a byte order mark, commas between cells. `POST` takes it back.
#[utoipa::path(
    get, path = "/v1/items.csv", tag = "items",
    security(("api_key" = ["shop"])),
    responses(
        (status = 200, description = "The file", body = String, content_type = "text/csv"),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn export(
    State(state): State<Shop>,
    Shopkeeper(caller): Shopkeeper,
) -> Result<Response, Problem> {
    let console = state.console.clone();
    let text = state.ask(async move { console.export_items(&caller.tenant).await }).await?;
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"items.csv\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// A file in the body.
pub(super) struct Sheet(Bytes);

impl FromRequest<Shop> for Sheet {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &Shop) -> Result<Self, Self::Rejection> {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = content_type.and_then(|text| text.split(';').next()).map(str::trim);
        if !essence.is_some_and(|essence| essence.eq_ignore_ascii_case("text/csv")) {
            let (status, text) = (StatusCode::UNSUPPORTED_MEDIA_TYPE, Text::from(ShopText::NotCsv));
            return Err(Problem::invalid(status, "the content type must be text/csv", text));
        }
        Ok(Self(read_body(request.into_body(), MAX_SHEET, state.http.body_timeout()).await?))
    }
}

/// Stores the items of a CSV file.
///
/// All of it, or nothing if any line is wrong: `lines` says which and how to mend them. Comma or semicolon between cells,
/// the names of the columns in the first line, in Indonesian or English. An item whose code is there is replaced, others
/// stay.
#[utoipa::path(
    post, path = "/v1/items.csv", tag = "items",
    security(("api_key" = ["shop"])),
    request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 200, description = "It is stored", body = Success<ImportedItems>),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "`invalid_request`: the body came too slowly", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`invalid_request`: more than 3 MiB", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`invalid_request`: not `text/csv`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_sheet`: nothing is stored", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn import(
    State(state): State<Shop>,
    Shopkeeper(caller): Shopkeeper,
    Language(locale): Language,
    Sheet(file): Sheet,
) -> Result<Response, Problem> {
    let (console, tenant) = (state.console.clone(), caller.tenant.clone());
    let imported = within(IMPORT_WAIT, async move { console.import_items(&tenant, &file).await }).await?;
    let report = imported.map_err(|error| state.problem(&error))?;
    if !report.stored {
        return Err(sheet_problem(report));
    }
    let subject = format!("{} added, {} changed", report.added, report.changed);
    state.note(&caller, "items.import", &subject).await;
    Ok(success(StatusCode::OK, &Text::from(ShopText::SheetStored), locale, ImportedItems::from(report)))
}
