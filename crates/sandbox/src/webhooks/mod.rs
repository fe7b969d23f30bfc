//! Calls to the application: status, incoming message and connection webhooks, tried again as each provider does.

mod plan;
mod post;
mod webhook;

use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

pub(crate) use plan::{RetryPlan, RetrySettings};
pub(crate) use post::{Target, get};
pub(crate) use webhook::Webhook;

use crate::phone::MessageStatus;
use crate::provider::{Provider, ProviderKind};
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

/// Which of a provider's webhooks. Providers with one URL for everything have the same target for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WebhookKind {
    /// How far a message came.
    Status,
    /// A message appeared in a chat.
    Incoming,
    /// Something happened to the device: it connected, disconnected, waits to be paired, …
    Connect,
}

impl WebhookKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Status, Self::Incoming, Self::Connect];
}

/// One try to deliver a webhook.
///
/// `Debug` shows neither the body nor the headers.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookAttempt {
    /// Whose webhook.
    pub provider: ProviderKind,
    /// Which webhook.
    pub kind: WebhookKind,
    /// The content type of the body.
    pub content_type: &'static str,
    /// The bytes that were posted.
    pub body: Bytes,
    /// The provider's own headers, such as a signature: names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// 1 for the first try.
    pub attempt: u32,
    /// The HTTP status of the answer; `None` if there was none (refused, cut, timed out).
    pub status: Option<u16>,
    delivered: bool,
}

impl WebhookAttempt {
    /// Whether the application took it: for Fonnte only 200 counts, for the others each 2xx.
    #[must_use]
    pub fn delivered(&self) -> bool {
        self.delivered
    }

    /// The body as JSON; null if it is something else.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn size(&self) -> usize {
        512 + self.body.len()
    }
}

impl fmt::Debug for WebhookAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookAttempt")
            .field("provider", &self.provider)
            .field("kind", &self.kind)
            .field("attempt", &self.attempt)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// A webhook on its way.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) kind: WebhookKind,
    pub(crate) provider: &'static dyn Provider,
    pub(crate) target: Arc<Target>,
    pub(crate) webhook: Webhook,
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
        let plan = job.provider.retry().with(shared.options.retry);
        if job.run != shared.run() || settled(&shared, &job, plan, 1).await || plan.tries < 2 {
            continue;
        }
        let Ok(place) = Arc::clone(&retrying).try_acquire_owned() else {
            tracing::warn!(kind = ?job.kind, "sandbox: too many webhooks wait for another try, event dropped");
            continue;
        };
        let again = Arc::clone(&shared);
        shared.tasks.spawn_until_reset(async move {
            retry(&again, &job, plan).await;
            drop(place);
        });
    }
}

async fn retry(shared: &Shared, job: &Job, plan: RetryPlan) {
    for number in 2..=plan.tries {
        tokio::time::sleep(plan.wait_after(number - 1)).await;
        if job.run != shared.run() || settled(shared, job, plan, number).await {
            return;
        }
    }
    tracing::warn!(kind = ?job.kind, tries = plan.tries, "sandbox: webhook given up");
}

/// One try; says whether nothing more is to be done: the application took it, or the provider gives it up.
async fn settled(shared: &Shared, job: &Job, plan: RetryPlan, number: u32) -> bool {
    let status = tokio::time::timeout(plan.timeout, post::post(&job.target, &job.webhook)).await;
    let status = status.ok().and_then(Result::ok);
    let delivered = status.is_some_and(|status| job.provider.delivered(status));
    if job.run == shared.run() {
        shared.record_webhook(record(job, number, status, delivered));
        if delivered && let Some(id) = &job.ticks {
            shared.advance(id, MessageStatus::Delivered);
        }
    }
    delivered || status.is_some_and(|status| plan.final_statuses.contains(&status))
}

fn record(job: &Job, attempt: u32, status: Option<u16>, delivered: bool) -> WebhookAttempt {
    let text = |value: &http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    WebhookAttempt {
        provider: job.provider.kind(),
        kind: job.kind,
        content_type: job.webhook.content_type,
        body: job.webhook.body.clone(),
        headers: job.webhook.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        attempt,
        status,
        delivered,
    }
}
