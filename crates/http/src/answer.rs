//! Successes: the one shape of every good answer.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;
use wartel_core::Locale;

use crate::texts::Text;

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
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(locale.tag()));
    response
}
