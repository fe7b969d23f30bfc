//! Pairing a device: what an application asks for.

mod builder;
mod hearing;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify, watch};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use wartel_core::{Clock, StoreError, Timestamp};

use super::store::{DeviceKey, PairingStore};
use super::{
    ASK_LEASE, PairingDocs, PairingFailure, PairingOutcome, PairingReason, PairingSnapshot, PairingState,
    PairingStep,
};
use crate::device::{DeviceEvent, DevicePairing, DeviceReconnect, PairingMethod};
use crate::error::SendError;
use crate::webhook::InboundEvent;

pub use builder::PairingBuilder;
use hearing::Hearing;

/// How long a provider may take to give a code. Less than [`ASK_LEASE`](super::ASK_LEASE).
const ASK_TIME: Duration = Duration::from_secs(25);
/// How long a provider may take to disconnect.
const DISCONNECT_TIME: Duration = Duration::from_secs(20);
/// How often the store is asked for what other instances did, while somebody waits.
const POLL: Duration = Duration::from_secs(1);

/// Why nobody knows whether something was done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PairingError {
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The provider refused, or could not be asked.
    #[error(transparent)]
    Provider(#[from] SendError),
}

/// Why a try did not begin, or gave no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PairingRefusal {
    /// Why; [`PairingReason::advice`] says what to do.
    pub reason: PairingReason,
    /// When the next try is allowed. `None` if at once.
    pub until: Option<Timestamp>,
}

/// What came of a start.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PairingStart {
    /// How the device stands: with a code to show, or linked or connected already.
    pub snapshot: PairingSnapshot,
    /// Why there is nothing to show, if so.
    pub refusal: Option<PairingRefusal>,
}

/// The pairing of one device. Cheap to clone; clones are the same.
///
/// Made by [`PairingService::builder`], together with a [`PairingWorker`](super::PairingWorker) that has to run: without
/// it codes are shown, but not replaced, and nobody notices what becomes of the device but by webhook.
#[derive(Clone)]
pub struct PairingService {
    inner: Arc<Inner>,
}

pub(super) struct Inner {
    key: DeviceKey,
    pub(super) pairing: Arc<dyn DevicePairing>,
    pub(super) reconnect: Option<Arc<dyn DeviceReconnect>>,
    store: Arc<dyn PairingStore>,
    clock: Arc<dyn Clock>,
    news: watch::Sender<PairingSnapshot>,
    next_look: watch::Sender<Option<Timestamp>>,
    hearing: Hearing,
    pub(super) wake: Notify,
    /// Whoever holds it may begin a try in this process.
    turn: Mutex<()>,
}

impl PairingService {
    /// The pairing of this device, at this provider.
    #[must_use]
    pub fn builder(device: DeviceKey, pairing: Arc<dyn DevicePairing>) -> PairingBuilder {
        PairingBuilder::new(device, pairing)
    }

    /// Whose device it is.
    #[must_use]
    pub fn device(&self) -> &DeviceKey {
        &self.inner.key
    }

    /// Starts a try, or joins the one that is under way.
    ///
    /// # Behavior
    /// - While a code is shown, whoever comes gets that code. Of many who come at the same time one asks the provider.
    /// - A caller that leaves stops nothing: the code is asked for in a task of its own.
    /// - A device that is connected, or linked a moment ago, is left alone.
    ///
    /// # Errors
    /// [`PairingError::Store`] if the store could not answer. What the provider or our own limits refuse is a
    /// [`PairingRefusal`], not an error.
    pub async fn start(&self, method: PairingMethod) -> Result<PairingStart, PairingError> {
        let outcome = self.inner.begin(&method).await?;
        match outcome {
            PairingOutcome::Ask { fence } => {
                let inner = Arc::clone(&self.inner);
                let asked = tokio::spawn(async move { inner.ask(fence, &method).await });
                match asked.await {
                    Ok(docs) => Ok(started(self.inner.snapshot(&docs?))),
                    // The runtime stops, or the adapter panicked: the try counts, and its lease lapses.
                    Err(_) => Ok(started(self.status().await?)),
                }
            }
            PairingOutcome::Wait { until } => Ok(started(self.inner.wait_for_answer(until).await?)),
            PairingOutcome::Refused { reason, until } => {
                let refusal = PairingRefusal { reason, until: Some(until) };
                Ok(PairingStart { snapshot: self.status().await?, refusal: Some(refusal) })
            }
            _ => Ok(started(self.status().await?)),
        }
    }

    /// How the device stands.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    pub async fn status(&self) -> Result<PairingSnapshot, StoreError> {
        let docs = self.inner.load().await?;
        Ok(PairingSnapshot::of(&docs, self.inner.clock.now()))
    }

    /// Ends the try that is under way; it counts. Without one nothing happens.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    pub async fn cancel(&self) -> Result<PairingSnapshot, StoreError> {
        let (_, docs) = self.inner.step(&PairingStep::Cancel).await?;
        Ok(PairingSnapshot::of(&docs, self.inner.clock.now()))
    }

    /// Disconnects the device and forgets its link to the phone. One that is not linked is no error.
    ///
    /// # Errors
    /// [`PairingError`] if the provider or the store could not do it; then it may be linked still.
    pub async fn disconnect(&self) -> Result<PairingSnapshot, PairingError> {
        let inner = Arc::clone(&self.inner);
        // Once begun it is ended, also if the caller leaves: the store must know what the provider did.
        let work = tokio::spawn(async move {
            match timeout(DISCONNECT_TIME, inner.pairing.disconnect()).await {
                Ok(answer) => answer?,
                Err(_elapsed) => return Err(PairingError::Provider(no_answer())),
            }
            Ok(inner.step(&PairingStep::Disconnected).await?.1)
        });
        match work.await {
            Ok(docs) => Ok(PairingSnapshot::of(&docs?, self.inner.clock.now())),
            Err(_) => Err(PairingError::Provider(no_answer())),
        }
    }

    /// Takes in what a webhook told of the device.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer; then it is to be told again.
    pub async fn on_event(&self, event: DeviceEvent) -> Result<PairingSnapshot, StoreError> {
        let (_, docs) = self.inner.step(&PairingStep::Event(event)).await?;
        Ok(PairingSnapshot::of(&docs, self.inner.clock.now()))
    }

    /// Takes in everything that one webhook told: news of the device, and from the rest that it is not deaf.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer; then it is to be told again.
    pub async fn on_webhook(&self, events: &[InboundEvent]) -> Result<(), StoreError> {
        for event in events {
            if let InboundEvent::DeviceState(event) = event {
                self.on_event(*event).await?;
            }
        }
        if events.iter().any(|event| !matches!(event, InboundEvent::DeviceState(_))) {
            self.heard().await?;
        }
        Ok(())
    }

    /// Notes that something was heard of the device. Written at once if that was long ago, or else with the next look.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer. Nothing is lost: it is written later.
    pub async fn heard(&self) -> Result<(), StoreError> {
        if self.inner.hearing.hear(self.inner.clock.now()) { self.inner.write_heard().await } else { Ok(()) }
    }

    /// Notes that a message went out through the device, so that silence afterwards is noticed. Written only if
    /// nothing is awaited yet. [`WithHearing`](super::WithHearing) calls it after each send.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    pub async fn sent(&self) -> Result<(), StoreError> {
        if self.inner.hearing.is_awaiting() {
            return Ok(());
        }
        self.inner.step(&PairingStep::Sent).await.map(drop)
    }

    /// What this process has seen of the device, the newest only. For what other instances saw, use
    /// [`changed`](Self::changed).
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<PairingSnapshot> {
        self.inner.news.subscribe()
    }

    /// How the device stands, as soon as that differs from what was seen, or when the patience is over.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    pub async fn changed(
        &self,
        seen: &PairingSnapshot,
        patience: Duration,
    ) -> Result<PairingSnapshot, StoreError> {
        let deadline = Instant::now() + patience;
        let mut news = self.inner.news.subscribe();
        loop {
            let now = self.status().await?;
            if now.is_news_after(seen) || Instant::now() >= deadline {
                return Ok(now);
            }
            // Either somebody here did something, or it is time to ask what others did.
            let _ = timeout_at(deadline.min(Instant::now() + POLL), news.changed()).await;
        }
    }

    /// Waits until the device is connected: the only thing that may trigger anything. One that is only linked is not.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    pub async fn connected(&self) -> Result<PairingSnapshot, StoreError> {
        let mut seen = self.status().await?;
        while !seen.is_connected() {
            seen = self.changed(&seen, Duration::from_secs(60)).await?;
        }
        Ok(seen)
    }

    pub(super) const fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }
}

impl fmt::Debug for PairingService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PairingService").field("device", &self.inner.key).finish_non_exhaustive()
    }
}

impl Inner {
    /// Takes a step and shows what came of it to everybody here.
    pub(super) async fn step(&self, step: &PairingStep) -> Result<(PairingOutcome, PairingDocs), StoreError> {
        let now = self.clock.now();
        let (outcome, docs) = self.store.step(&self.key, step, now).await?;
        self.show(&docs, now);
        Ok((outcome, docs))
    }

    pub(super) async fn load(&self) -> Result<PairingDocs, StoreError> {
        let docs = self.store.load(&self.key).await?;
        self.show(&docs, self.clock.now());
        Ok(docs)
    }

    fn show(&self, docs: &PairingDocs, now: Timestamp) {
        let snapshot = PairingSnapshot::of(docs, now);
        self.hearing.set_awaiting(docs.device.awaited_since.is_some());
        self.news.send_if_modified(|seen| {
            // Two steps may be answered in another order than they were taken.
            if snapshot.version < seen.version {
                return false;
            }
            let is_news = snapshot.is_news_after(seen);
            if snapshot.state != seen.state {
                tracing::info!(
                    tenant = %self.key.tenant,
                    account = %self.key.account,
                    state = snapshot.state.as_str(),
                    reason = snapshot.reason.map(PairingReason::as_str),
                    "the device stands otherwise"
                );
            }
            *seen = snapshot;
            is_news
        });
        if self.next_look.send_if_modified(|at| std::mem::replace(at, docs.device.next_look_at) != *at) {
            self.wake.notify_one();
        }
    }

    /// Asks the provider for a code, and keeps what it says.
    pub(super) async fn ask(&self, fence: u64, method: &PairingMethod) -> Result<PairingDocs, StoreError> {
        let step = match timeout(ASK_TIME, self.pairing.start_pairing(method)).await {
            Ok(Ok(offer)) => PairingStep::Offered { fence, method: method.clone(), offer },
            Ok(Err(error)) => {
                tracing::warn!(account = %self.key.account, error = %error, "the provider gave no code");
                PairingStep::Failed { fence, failure: PairingFailure::from(&error) }
            }
            Err(_elapsed) => {
                let reason = PairingReason::ProviderUnavailable;
                PairingStep::Failed { fence, failure: PairingFailure { reason, counts: true, wait: None } }
            }
        };
        Ok(self.step(&step).await?.1)
    }

    /// Begins a try, unless there is one already. Callers of this process take turns, and most of them only read: or else
    /// a hundred of them would all wait for the lock of the same row.
    async fn begin(&self, method: &PairingMethod) -> Result<PairingOutcome, StoreError> {
        let _turn = self.turn.lock().await;
        let now = self.clock.now();
        let seen = self.snapshot(&self.load().await?);
        if is_under_way(&seen) {
            return Ok(PairingOutcome::Wait { until: now + ASK_LEASE });
        }
        if is_good(&seen) && seen.reason != Some(PairingReason::NeverConnected) {
            return Ok(PairingOutcome::Done);
        }
        Ok(self.step(&PairingStep::Begin { method: method.clone() }).await?.0)
    }

    /// Waits until somebody else has the provider's answer, or is taken for lost.
    async fn wait_for_answer(&self, until: Timestamp) -> Result<PairingSnapshot, StoreError> {
        let mut news = self.news.subscribe();
        let mut seen = news.borrow_and_update().clone();
        while is_under_way(&seen) {
            let now = self.clock.now();
            if now >= until {
                break;
            }
            // Either somebody here has the answer, or it is time to ask what others did.
            seen = match timeout(POLL.min(until.since(now)), news.changed()).await {
                Ok(Ok(())) => news.borrow_and_update().clone(),
                _ => self.snapshot(&self.load().await?),
            };
        }
        Ok(seen)
    }

    /// Writes when something was last heard, if that is not written yet.
    pub(super) async fn write_heard(&self) -> Result<(), StoreError> {
        let Some(at) = self.hearing.take() else { return Ok(()) };
        let written = self.step(&PairingStep::Heard { at }).await;
        if written.is_err() {
            self.hearing.put_back(at);
        }
        written.map(drop)
    }

    /// Waits until it may be time to look.
    pub(super) async fn until_next_look(&self, longest: Duration) {
        let next = *self.next_look.borrow();
        let wait = next.map_or(Duration::ZERO, |at| at.since(self.clock.now()));
        tokio::select! {
            () = sleep(wait.min(longest)) => {}
            () = self.wake.notified() => {}
        }
    }

    pub(super) fn snapshot(&self, docs: &PairingDocs) -> PairingSnapshot {
        PairingSnapshot::of(docs, self.clock.now())
    }

    pub(super) const fn key(&self) -> &DeviceKey {
        &self.key
    }
}

/// Whether the provider is asked for a code just now, or for the next one of a try.
fn is_under_way(snapshot: &PairingSnapshot) -> bool {
    let between_codes = snapshot.state == PairingState::CodeShown && !shows_code(snapshot);
    snapshot.starting || between_codes
}

const fn shows_code(snapshot: &PairingSnapshot) -> bool {
    snapshot.qr.is_some() || snapshot.code.is_some()
}

/// Whether there is nothing to ask for: a code is shown, or the device is linked.
fn is_good(snapshot: &PairingSnapshot) -> bool {
    matches!(snapshot.state, PairingState::Connected | PairingState::Paired) || shows_code(snapshot)
}

fn started(snapshot: PairingSnapshot) -> PairingStart {
    let refusal = (!is_good(&snapshot)).then(|| PairingRefusal {
        reason: snapshot.reason.unwrap_or(PairingReason::ProviderUnavailable),
        until: snapshot.next_try_at,
    });
    PairingStart { snapshot, refusal }
}

fn no_answer() -> SendError {
    SendError::new("pairing", crate::SendErrorKind::Unavailable, crate::RetryAdvice::Ambiguous)
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
