//! Bounds in time, and an answer when a handler panics.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::Duration;

use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;

use crate::Http;
use crate::problem::Problem;

/// How long a request may wait for news, if it says so.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(30);

/// How long a request may take: `request_timeout`, and the wait that it asks for.
pub(super) fn time_for(http: &Http, request: &Request) -> Duration {
    http.config().request_timeout + patience(request)
}

/// Answers for a handler that takes longer than `limit` or panics.
pub(super) async fn guarded(
    limit: Duration,
    answer: Pin<&mut (impl Future<Output = Response> + Send)>,
) -> Response {
    match AssertUnwindSafe(tokio::time::timeout(limit, answer)).catch_unwind().await {
        Ok(Ok(response)) => response,
        Ok(Err(_elapsed)) => Problem::store_unavailable().into_response(),
        // What the panic says may hold anything, so it is not logged here.
        Err(_payload) => {
            tracing::error!("a handler panicked");
            Problem::internal().into_response()
        }
    }
}

/// How much longer this request may take: those that can wait for news say so in their query.
fn patience(request: &Request) -> Duration {
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let can_wait = request.method() == Method::GET && path.ends_with("/verifications/{id}");
    let waits = request.uri().query().is_some_and(|query| query.contains("wait="));
    if can_wait && waits { MAX_WAIT } else { Duration::ZERO }
}
