//! Bounds in time, and an answer when a handler panics.

use std::panic::AssertUnwindSafe;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;

use crate::Http;
use crate::problem::Problem;

/// Answers for a handler that takes longer than `request_timeout`.
pub(crate) async fn limit_time(State(http): State<Http>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(http.config().request_timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_elapsed) => Problem::store_unavailable().into_response(),
    }
}

/// Answers for a handler that panics.
pub(crate) async fn catch_panics(request: Request, next: Next) -> Response {
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        // What the panic says may hold anything, so it is not logged here.
        Err(_payload) => {
            tracing::error!("a handler panicked");
            Problem::internal().into_response()
        }
    }
}
