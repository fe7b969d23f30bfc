//! Successes: the one shape of every good answer.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;
use wartel_core::Locale;

use crate::problem::Problem;
use crate::texts::Text;

/// How many headers an answer has.
const HEADERS: usize = 12;

/// A success.
#[derive(Serialize, ToSchema)]
pub(crate) struct Success<T> {
    /// Always `true`.
    success: bool,
    /// What happened, in the language of `Accept-Language`, for people.
    message: String,
    /// What was asked for.
    data: T,
}

/// A success as a response.
pub(crate) fn success<T: Serialize>(status: StatusCode, message: &Text, locale: Locale, data: T) -> Response {
    let body = Success { success: true, message: message.say(locale), data };
    let mut bytes = Vec::with_capacity(512);
    if serde_json::to_writer(&mut bytes, &body).is_err() {
        tracing::error!("an answer has no form in JSON");
        return Problem::internal().into_response();
    }
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    // Room for those that every answer gets besides; growing costs more than adding.
    headers.reserve(HEADERS);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(locale.tag()));
    response
}
