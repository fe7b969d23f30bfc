//! One log line and two metrics for each request. Route templates only: paths hold tokens and ids.

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, Method};
use axum::response::Response;
use tokio::time::Instant;
use tracing::Span;

use super::request_id::{REQUEST_ID, request_id};

/// A request that is being answered.
pub(super) struct Seen {
    id: HeaderValue,
    method: &'static str,
    route: Option<MatchedPath>,
    started: Instant,
}

impl Seen {
    /// Names the request.
    pub(super) fn begin(request: &Request) -> Self {
        Self {
            id: request_id(request.headers()),
            method: method(request.method()),
            route: request.extensions().get::<MatchedPath>().cloned(),
            started: Instant::now(),
        }
    }

    /// What its log lines carry.
    pub(super) fn span(&self) -> Span {
        tracing::info_span!("request", id = self.id.to_str().unwrap_or_default())
    }

    /// Tells what became of it.
    pub(super) fn end(self, response: &mut Response) {
        let method = self.method;
        // What no route takes has no template; its path could be anything.
        let route = self.route.as_ref().map_or("-", MatchedPath::as_str);
        let status = response.status();
        let elapsed = self.started.elapsed();
        let ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        if route.starts_with("/health/") {
            tracing::debug!(method, route, status = status.as_u16(), ms, "answered");
        } else {
            tracing::info!(method, route, status = status.as_u16(), ms, "answered");
        }
        metrics::counter!("wartel_http_requests_total",
            "method" => method, "route" => route.to_owned(), "status" => status.as_str().to_owned())
        .increment(1);
        metrics::histogram!("wartel_http_request_seconds", "method" => method, "route" => route.to_owned())
            .record(elapsed.as_secs_f64());
        response.headers_mut().insert(REQUEST_ID, self.id);
    }
}

/// Callers may invent methods; logs and metrics know the standard ones.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}
