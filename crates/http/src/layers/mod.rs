//! What happens to every request, whatever its route.

mod cors;
mod guard;
mod observe;
mod request_id;
mod security;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;

pub(crate) use cors::cors;
pub(crate) use guard::{catch_panics, limit_time};
pub(crate) use observe::observe;
pub(crate) use security::security_headers;

use crate::extract::locale_of;
use crate::problem::Problem;

/// Writes problems in the language of the caller. Passing twice changes nothing more.
pub(crate) async fn localise(request: Request, next: Next) -> Response {
    let locale = locale_of(request.headers());
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        problem.write_into(&mut response, locale);
    }
    response
}
