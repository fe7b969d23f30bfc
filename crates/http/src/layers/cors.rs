//! Calls from pages of other origins.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header, request};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::HttpConfig;

/// Only these routes are for pages of others.
const OPEN_PATHS: &str = "/api/";

/// Lets the pages of the configured origins call the API; `None` if there are none. No cookies: there are none.
pub(crate) fn cors(config: &HttpConfig) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> =
        config.cors_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    if origins.is_empty() {
        return None;
    }
    let is_allowed = move |origin: &HeaderValue, request: &request::Parts| {
        origins.contains(origin) && request.uri.path().starts_with(OPEN_PATHS)
    };
    let request_id = HeaderName::from_static("x-request-id");
    Some(
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(is_allowed))
            .allow_methods([Method::GET, Method::POST])
            .allow_headers([header::CONTENT_TYPE, header::ACCEPT_LANGUAGE, request_id.clone()])
            .expose_headers([header::RETRY_AFTER, header::DATE, request_id])
            .max_age(Duration::from_secs(600)),
    )
}
