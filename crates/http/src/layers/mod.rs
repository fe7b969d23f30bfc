//! What happens to every request, whatever its route.

mod cors;
mod guard;
mod observe;
mod request_id;
mod security;

use std::pin::pin;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;
use wartel_core::Locale;

pub(crate) use cors::cors;
#[cfg(feature = "otp")]
pub(crate) use guard::MAX_WAIT;

use crate::Http;
use crate::extract::locale_of;
use crate::problem::Problem;

/// Everything that happens around a handler. One layer, because each layer of axum's costs a copy of the service and
/// of the future in the heap.
pub(crate) async fn around(State(http): State<Http>, request: Request, next: Next) -> Response {
    let seen = observe::Seen::begin(&request);
    let span = seen.span();
    let locale = locale_of(request.headers());
    let limit = guard::time_for(&http, &request);
    // Pinned here, so that what is around it need not carry it.
    let answer = pin!(next.run(request));
    let mut response = guard::guarded(limit, answer).instrument(span.clone()).await;
    write_problem(&mut response, locale);
    security::add_security_headers(response.headers_mut());
    span.in_scope(|| seen.end(&mut response));
    response
}

/// Writes problems in the language of the caller.
pub(crate) async fn localise(request: Request, next: Next) -> Response {
    let locale = locale_of(request.headers());
    let mut response = next.run(request).await;
    write_problem(&mut response, locale);
    response
}

fn write_problem(response: &mut Response, locale: Locale) {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        problem.write_into(response, locale);
    }
}
