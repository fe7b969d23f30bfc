//! A stream of how a device stands.

use std::convert::Infallible;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{self, Stream};
use tokio::time::{Instant, timeout};
use wartel_core::Locale;
use wartel_messaging::pairing::{PairingService, PairingSnapshot};

use super::Accounts;
use super::pairing::read;
use super::shapes::Pairing;
use crate::engine::STORE_WAIT;
use crate::extract::Language;
use crate::places::{Group, Place, Waiter};
use crate::problem::{Problem, ProblemBody};
use crate::v1::auth::Keeper;
use crate::watch::{BEAT, LONGEST, Stop, live};

/// Streams how the device stands.
///
/// Server-sent events: one named `pairing` at once, and one for each news, such as the next QR code; its data is that of
/// `GET …/pairing`. The stream ends after 15 minutes; its reader comes back for another.
#[utoipa::path(
    get, path = "/v1/accounts/{id}/pairing/events", tag = "accounts",
    security(("api_key" = ["accounts"])),
    params(("id" = String, Path, description = "The account's name")),
    responses(
        (status = 200, description = "The events", body = String, content_type = "text/event-stream"),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the tenant has no such account", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`pairing_unsupported`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`rate_limited`: too many requests wait", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn events(
    State(state): State<Accounts>,
    Keeper(caller): Keeper,
    Language(locale): Language,
    stop: Stop,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let device = state.device(&caller, id).await?;
    let first = read(&device).await?;
    let waiter = Waiter::of(caller.tenant);
    let place = state.http.waiting().enter(Group::Device(device.device().clone()), waiter)?;
    let watch = Watch { device, stop, locale, _place: place, next: Next::Show(Box::new(first)) };
    let deadline = Instant::now() + LONGEST;
    let events = Sse::new(stream_of(watch, deadline)).keep_alive(KeepAlive::new().interval(BEAT));
    Ok(live(events.into_response()))
}

/// Somebody who watches a device.
struct Watch {
    device: PairingService,
    stop: Stop,
    locale: Locale,
    _place: Place,
    next: Next,
}

/// What a stream does next.
enum Next {
    Show(Box<PairingSnapshot>),
    Await(Box<PairingSnapshot>),
}

fn stream_of(watch: Watch, deadline: Instant) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    stream::unfold(watch, move |mut watch| async move {
        let snapshot = match &watch.next {
            Next::Show(snapshot) => snapshot.clone(),
            Next::Await(seen) => {
                let seen = seen.clone();
                Box::new(watch.news(&seen, deadline).await?)
            }
        };
        // A struct of texts and numbers has a form in JSON, in one line.
        let data = serde_json::to_string(&Pairing::new(&snapshot, watch.locale)).unwrap_or_default();
        let event = Event::default().event("pairing").id(snapshot.version.to_string()).data(data);
        watch.next = Next::Await(snapshot);
        Some((Ok(event), watch))
    })
}

impl Watch {
    /// The next snapshot that differs; `None` if there will be none. After a failure of the store the stream ends, and
    /// its reader comes back for another, as readers of events do.
    async fn news(&mut self, seen: &PairingSnapshot, deadline: Instant) -> Option<PairingSnapshot> {
        while Instant::now() < deadline {
            let changed = timeout(BEAT + STORE_WAIT, self.device.changed(seen, BEAT));
            let answer = tokio::select! {
                answer = changed => answer.ok()?,
                () = self.stop.begun() => return None,
            };
            match answer {
                Ok(snapshot) if snapshot.is_news_after(seen) => return Some(snapshot),
                Ok(_same) => {}
                Err(error) => {
                    tracing::warn!(error = %error, "a stream of events ends because the store failed");
                    return None;
                }
            }
        }
        None
    }
}
