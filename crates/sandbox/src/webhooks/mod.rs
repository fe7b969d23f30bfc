//! Calls to the application: status, incoming message and connection webhooks, tried again until HTTP 200.

mod post;

use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

pub(crate) use post::Target;

use crate::phone::MessageStatus;
use crate::shared::Shared;

/// First tries run one after another within a lane, and all webhooks of one number share a lane: their order is
/// certain, and one slow number does not hold up all others.
const LANES: usize = 8;
/// Events that may wait in one lane. More than this means that the application has stopped answering.
const LANE_LENGTH: usize = 4_096;
/// Events that may wait for another try.
const MAX_RETRYING: usize = 4_096;
/// Webhooks leave this much after their event, so that the answer to the request that caused it is on its way first.
const ANSWER_FIRST: Duration = Duration::from_millis(10);

/// Which of the provider's webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WebhookKind {
    /// How far a message came.
    Status,
    /// A customer wrote.
    Incoming,
    /// The device connected or disconnected.
    Connect,
}

/// One try to deliver a webhook.
///
/// `Debug` does not show the body.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct WebhookAttempt {
    /// Which webhook.
    pub kind: WebhookKind,
    /// The JSON that was posted.
    pub body: Value,
    /// 1 for the first try.
    pub attempt: u32,
    /// The HTTP status of the answer; `None` if there was none (refused, cut, timed out).
    pub status: Option<u16>,
}

impl WebhookAttempt {
    /// Whether the application took it. Only 200 counts, as with the provider.
    #[must_use]
    pub fn delivered(&self) -> bool {
        self.status == Some(200)
    }
}

impl fmt::Debug for WebhookAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookAttempt")
            .field("kind", &self.kind)
            .field("attempt", &self.attempt)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// How hard to try. Defaults are the provider's: 15 tries, one a minute.
/// Source: docs.fonnte.com changelog of January 2026.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetryPlan {
    pub(crate) interval: Duration,
    pub(crate) tries: u32,
    pub(crate) timeout: Duration,
}

/// A webhook on its way.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) kind: WebhookKind,
    pub(crate) target: Arc<Target>,
    pub(crate) body: Value,
    /// The message from a customer that gets its second tick when the application takes this webhook.
    pub(crate) ticks: Option<String>,
    /// The run between two resets that it belongs to; later runs do not send it.
    pub(crate) run: u64,
}

/// The way into the lanes.
#[derive(Debug)]
pub(crate) struct Lanes(Vec<mpsc::Sender<(Instant, Job)>>);

/// The other ends of the lanes.
pub(crate) struct LaneEnds(Vec<mpsc::Receiver<(Instant, Job)>>);

impl Lanes {
    pub(crate) fn new() -> (Self, LaneEnds) {
        let (senders, receivers) = (0..LANES).map(|_| mpsc::channel(LANE_LENGTH)).unzip();
        (Self(senders), LaneEnds(receivers))
    }

    /// Queues a webhook behind the others of the same key (a customer's number).
    pub(crate) fn enqueue(&self, key: &str, job: Job) {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let lane = usize::try_from(hasher.finish() % LANES as u64).unwrap_or_default();
        let kind = job.kind;
        let job = (Instant::now() + ANSWER_FIRST, job);
        if self.0.get(lane).is_none_or(|lane| lane.try_send(job).is_err()) {
            tracing::warn!(?kind, "sandbox: webhook queue is full or closed, event dropped");
        }
    }
}

impl LaneEnds {
    /// Starts the lanes as background tasks of the sandbox.
    pub(crate) fn start(self, shared: &Arc<Shared>) {
        let retrying = Arc::new(Semaphore::new(MAX_RETRYING));
        for lane in self.0 {
            shared.tasks.spawn(run_lane(Arc::clone(shared), lane, Arc::clone(&retrying)));
        }
    }
}

async fn run_lane(shared: Arc<Shared>, mut lane: mpsc::Receiver<(Instant, Job)>, retrying: Arc<Semaphore>) {
    while let Some((not_before, job)) = lane.recv().await {
        tokio::time::sleep_until(not_before).await;
        if job.run != shared.run() || attempt(&shared, &job, 1).await || shared.retry.tries < 2 {
            continue;
        }
        let Ok(place) = Arc::clone(&retrying).try_acquire_owned() else {
            tracing::warn!(kind = ?job.kind, "sandbox: too many webhooks wait for another try, event dropped");
            continue;
        };
        let again = Arc::clone(&shared);
        shared.tasks.spawn_until_reset(async move {
            retry(&again, &job).await;
            drop(place);
        });
    }
}

async fn retry(shared: &Shared, job: &Job) {
    for number in 2..=shared.retry.tries {
        tokio::time::sleep(shared.retry.interval).await;
        if job.run != shared.run() || attempt(shared, job, number).await {
            return;
        }
    }
    tracing::warn!(kind = ?job.kind, tries = shared.retry.tries, "sandbox: webhook given up");
}

/// One try; says whether the application took it.
async fn attempt(shared: &Shared, job: &Job, number: u32) -> bool {
    let body = Bytes::from(job.body.to_string());
    let status = tokio::time::timeout(shared.retry.timeout, post::post(&job.target, body)).await;
    let status = status.ok().and_then(Result::ok);
    let attempt = WebhookAttempt { kind: job.kind, body: job.body.clone(), attempt: number, status };
    let delivered = attempt.delivered();
    if job.run != shared.run() {
        return delivered;
    }
    shared.record_webhook(attempt);
    if delivered && let Some(id) = &job.ticks {
        shared.advance(id, MessageStatus::Delivered);
    }
    delivered
}
