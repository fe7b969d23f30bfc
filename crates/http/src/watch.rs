//! Waiting for news of a verification: a `GET` that waits, and a stream of events. Both hold a connection, so they
//! need a place.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Extension, FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{self, Stream};
use tokio::time::Instant;
use wartel_messaging::DeliveryState;
use wartel_otp::{OtpService, VerificationId, VerificationState, VerificationView};

use crate::engine::{STORE_WAIT, store_problem, within};
use crate::layers::MAX_WAIT;
use crate::places::{Place, Waiter, Waiting};
use crate::problem::{FieldIssue, Problem};
use crate::serve::Stopping;
use crate::shapes::Verification;
use crate::texts::Text;

/// How often a silent stream shows that it lives, and looks whether it is still wanted.
pub(crate) const BEAT: Duration = Duration::from_secs(15);
/// The longest life of a stream. A verification is over before.
pub(crate) const LONGEST: Duration = Duration::from_secs(900);

/// `?wait=` and `?since=`: how long to wait for news, and what the caller knows already.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Patience {
    wait: Duration,
    since: Option<DeliveryState>,
}

impl<S: Send + Sync> FromRequestParts<S> for Patience {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let query = Query::<HashMap<String, String>>::from_request_parts(parts, state).await.ok();
        let Some(Query(query)) = query else {
            let detail = "the query cannot be read";
            return Err(Problem::invalid(StatusCode::BAD_REQUEST, detail, Text::InvalidRequest));
        };
        let mut issues = Vec::new();
        let wait = query.get("wait").map(|text| seconds(text)).unwrap_or(Some(Duration::ZERO));
        if wait.is_none() {
            let text = Text::NumberBetween { min: 0, max: MAX_WAIT.as_secs() };
            issues.push(FieldIssue { field: "wait", text });
        }
        let since = query.get("since").map(|word| delivery(word));
        if since == Some(None) {
            issues.push(FieldIssue { field: "since", text: Text::DeliveryState });
        }
        match wait {
            Some(wait) if issues.is_empty() => Ok(Self { wait, since: since.flatten() }),
            _ => Err(Problem::invalid_fields(issues)),
        }
    }
}

fn seconds(text: &str) -> Option<Duration> {
    let digits = matches!(text.len(), 1..=2) && text.bytes().all(|byte| byte.is_ascii_digit());
    let wait = Duration::from_secs(text.parse().ok().filter(|_| digits)?);
    (wait <= MAX_WAIT).then_some(wait)
}

fn delivery(word: &str) -> Option<DeliveryState> {
    [
        DeliveryState::Queued,
        DeliveryState::Unknown,
        DeliveryState::Accepted,
        DeliveryState::Sent,
        DeliveryState::Failed,
        DeliveryState::Delivered,
        DeliveryState::Read,
    ]
    .into_iter()
    .find(|state| state.as_str() == word)
}

/// Ends when the server begins to stop. Never, if the routers are served by something else than
/// [`serve`](crate::serve).
#[derive(Debug, Clone)]
pub(crate) struct Stop(Option<Stopping>);

impl<S: Send + Sync> FromRequestParts<S> for Stop {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let stopping = Extension::<Stopping>::from_request_parts(parts, state).await.ok();
        Ok(Self(stopping.map(|Extension(stopping)| stopping)))
    }
}

impl Stop {
    pub(crate) async fn begun(&mut self) {
        match &mut self.0 {
            Some(stopping) => stopping.begun().await,
            None => std::future::pending().await,
        }
    }
}

/// How a verification stands now.
///
/// # Errors
/// 404 if this tenant has none with this id.
pub(crate) async fn view(otp: &OtpService, id: VerificationId) -> Result<VerificationView, Problem> {
    let otp = otp.clone();
    within(STORE_WAIT, async move { otp.get(id).await })
        .await?
        .map_err(|error| store_problem(&error))?
        .ok_or_else(Problem::not_found)
}

/// How a verification stands, as soon as there is news of it, or when the caller's patience is over. Of one that is
/// not pending nothing is awaited.
pub(crate) async fn view_with_patience(
    otp: &OtpService,
    waiting: &Waiting,
    waiter: Waiter,
    mut stop: Stop,
    id: VerificationId,
    patience: Patience,
) -> Result<VerificationView, Problem> {
    let seen = view(otp, id).await?;
    let is_news = patience.since.is_some_and(|since| since != seen.delivery);
    if patience.wait.is_zero() || is_news || !is_pending(&seen) {
        return Ok(seen);
    }
    let _place = waiting.enter(id, waiter)?;
    // Not in a task of its own: a caller that leaves waits no longer.
    let changed = otp.changed(id, &seen, patience.wait);
    tokio::select! {
        changed = tokio::time::timeout(patience.wait + STORE_WAIT, changed) => match changed {
            Ok(answer) => answer.map_err(|error| store_problem(&error))?.ok_or_else(Problem::not_found),
            Err(_elapsed) => Err(Problem::store_unavailable()),
        },
        () = stop.begun() => Ok(seen),
    }
}

/// A stream of events, one for each news of a verification, the first at once. It ends with the verification.
pub(crate) async fn events(
    otp: &OtpService,
    waiting: &Waiting,
    waiter: Waiter,
    stop: Stop,
    id: VerificationId,
) -> Result<Response, Problem> {
    let first = view(otp, id).await?;
    let place = waiting.enter(id, waiter)?;
    let watch = Watch { otp: otp.clone(), stop, _place: place, next: Next::Show(first) };
    let deadline = Instant::now() + LONGEST;
    let events = Sse::new(stream_of(watch, deadline)).keep_alive(KeepAlive::new().interval(BEAT));
    Ok(live(events.into_response()))
}

/// Tells what stands in between that a response is to be passed on as it comes.
pub(crate) fn live(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would collect the events and pass them on late.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

/// Somebody who watches a verification.
struct Watch {
    otp: OtpService,
    stop: Stop,
    _place: Place,
    next: Next,
}

/// What a stream does next.
enum Next {
    Show(VerificationView),
    Await(VerificationView),
    End,
}

fn stream_of(watch: Watch, deadline: Instant) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    stream::unfold(watch, move |mut watch| async move {
        let view = match std::mem::replace(&mut watch.next, Next::End) {
            Next::Show(view) => view,
            Next::Await(seen) => watch.news(seen, deadline).await?,
            Next::End => return None,
        };
        // A struct of texts and numbers has a form in JSON, in one line.
        let data = serde_json::to_string(&Verification::from(&view)).unwrap_or_default();
        if is_pending(&view) {
            watch.next = Next::Await(view);
        }
        Some((Ok(Event::default().event("verification").data(data)), watch))
    })
}

impl Watch {
    /// The next view that differs; `None` if there will be none. After a failure of the store the stream ends, and its
    /// reader comes back for another, as readers of events do.
    async fn news(&mut self, seen: VerificationView, deadline: Instant) -> Option<VerificationView> {
        while Instant::now() < deadline {
            let changed = tokio::time::timeout(BEAT + STORE_WAIT, self.otp.changed(seen.id, &seen, BEAT));
            let answer = tokio::select! {
                answer = changed => answer.ok()?,
                () = self.stop.begun() => return None,
            };
            match answer {
                Ok(Some(view)) if view != seen => return Some(view),
                Ok(Some(_same)) => {}
                Ok(None) => return None,
                Err(error) => {
                    tracing::warn!(error = %error, "a stream of events ends because the store failed");
                    return None;
                }
            }
        }
        None
    }
}

fn is_pending(view: &VerificationView) -> bool {
    view.state == VerificationState::Pending
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_is_whole_seconds_up_to_thirty() {
        for (text, expected) in [("0", Some(0)), ("1", Some(1)), ("30", Some(30)), ("07", Some(7))] {
            assert_eq!(seconds(text), expected.map(Duration::from_secs), "{text}");
        }
        for bad in ["", "31", "-1", "+1", "1.5", "1s", "030", "99999999999999999999"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_state_of_delivery_has_its_word() {
        assert_eq!(delivery("accepted"), Some(DeliveryState::Accepted));
        assert_eq!(delivery("read"), Some(DeliveryState::Read));
        for bad in ["", "Accepted", "pending", "unknown "] {
            assert_eq!(delivery(bad), None, "{bad}");
        }
    }
}
