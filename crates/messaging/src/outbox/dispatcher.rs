//! The worker that sends what is in the outbox.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::FutureExt as _;
use futures_util::stream::StreamExt as _;
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout_at};
use wartel_core::{Clock, StoreError, TenantId, Timestamp};

use super::outcome::{decide, outcome_word};
use super::{LEASE, LeasedEntry, Outbox, OutboxOutcome};
use crate::under_way::{UnderWay, meanwhile};
use crate::{
    MessageProvider, OutboundMessage, RetryAdvice, SendError, SendErrorKind, SenderBook, own_sender,
};

/// How many messages are on their way at once.
const CONCURRENCY: usize = 8;

/// How long one send may take; after it the message may have been taken. Shorter than [`LEASE`], so that the
/// outcome is recorded before the lease lapses.
const SEND_TIMEOUT: Duration = Duration::from_secs(25);

/// How often the store is asked when nobody wakes the dispatcher.
const POLL: Duration = Duration::from_secs(1);

/// How often old entries are deleted, how old they are, and how many at once.
const PURGE_EVERY: Duration = Duration::from_secs(60);
const KEEP_SETTLED: Duration = Duration::from_secs(24 * 60 * 60);
const PURGE_LIMIT: usize = 1_000;
/// How many such batches go in one round.
const PURGES_AT_ONCE: usize = 20;

/// The waits between tries to record an outcome, 3.1 s together: within the lease.
const RECORD_WAITS: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1_600),
];

/// What [`OutboxDispatcher::dispatch_due`] did, counted by outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Dispatched {
    /// The provider took it.
    pub accepted: usize,
    /// Certainly not taken; it is tried again later.
    pub postponed: usize,
    /// May have been taken; not sent again.
    pub unknown: usize,
    /// Given up for good.
    pub abandoned: usize,
}

impl Dispatched {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.accepted + self.postponed + self.unknown + self.abandoned
    }

    fn add(&mut self, outcome: &OutboxOutcome) {
        match outcome {
            OutboxOutcome::Accepted { .. } => self.accepted += 1,
            OutboxOutcome::RetryAt(_) => self.postponed += 1,
            OutboxOutcome::Unknown => self.unknown += 1,
            OutboxOutcome::Abandoned => self.abandoned += 1,
        }
    }
}

/// Tells the dispatcher that an entry was written, so that it does not wait for its next poll. Without it
/// messages go out all the same, up to one second later.
#[derive(Debug, Clone, Default)]
pub struct OutboxWaker(Arc<Notify>);

impl OutboxWaker {
    /// Wakes the dispatcher. Call it after the transaction that wrote the entry.
    pub fn wake(&self) {
        self.0.notify_one();
    }
}

/// Sends what is in the outbox, at most eight messages at once. Clones are the same dispatcher; several
/// dispatchers may share one store.
///
/// # Behavior
/// - Accepted: the entry is sent. Ambiguous, an unreadable answer, or no answer within 25 s: unknown, never sent
///   again.
/// - Certainly not taken, by a moment's or the operator's trouble (unavailable, rate limit, credentials, device,
///   quota, switched off): tried again after 5 s, 10 s, 20 s, … 10 min, or as long as the provider asks for; given
///   up when that is after the entry's end.
/// - Refused because of the message itself: given up, with a WARN line.
/// - An outcome that the store cannot record is tried six times within 3.1 s; if it never can, the lease lapses and
///   the message may be sent twice, which is logged as an ERROR.
#[derive(Debug, Clone)]
pub struct OutboxDispatcher {
    outbox: Arc<dyn Outbox>,
    provider: Arc<dyn MessageProvider>,
    senders: Option<Arc<dyn SenderBook>>,
    clock: Arc<dyn Clock>,
    waker: OutboxWaker,
}

/// Sends under way; each ends with its outcome.
type Sends<'a> = UnderWay<'a, OutboxOutcome>;

impl OutboxDispatcher {
    /// A dispatcher that sends through this provider.
    #[must_use]
    pub fn new(outbox: Arc<dyn Outbox>, provider: Arc<dyn MessageProvider>, clock: Arc<dyn Clock>) -> Self {
        Self { outbox, provider, senders: None, clock, waker: OutboxWaker::default() }
    }

    /// With the accounts of tenants: what is of a tenant that has an account of its own goes out through that one
    /// ([`own_sender`]), and through the provider otherwise. While it cannot be told, messages are postponed. Default: all
    /// goes through the provider.
    #[must_use]
    pub fn with_senders(mut self, senders: Arc<dyn SenderBook>) -> Self {
        self.senders = Some(senders);
        self
    }

    /// What wakes [`run`](Self::run) up.
    #[must_use]
    pub fn waker(&self) -> OutboxWaker {
        self.waker.clone()
    }

    /// Sends everything that is due, and waits until all of it has ended.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not lease; sends under way are ended first.
    pub async fn dispatch_due(&self) -> Result<Dispatched, StoreError> {
        let mut done = Dispatched::default();
        let mut sends = Sends::new();
        loop {
            let leased = self.start_due(&mut sends, |outcome| done.add(outcome)).await;
            if leased.is_err() {
                while let Some(outcome) = sends.next().await {
                    done.add(&outcome);
                }
            }
            leased?;
            match sends.next().await {
                Some(outcome) => done.add(&outcome),
                None => return Ok(done),
            }
        }
    }

    /// Sends what becomes due until `shutdown` ends, then ends the sends under way, which takes 30 s at the most.
    ///
    /// A store that fails is asked again; the failure is logged when it begins and every minute.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) {
        tokio::pin!(shutdown);
        let mut poll = interval(POLL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut purge = interval(PURGE_EVERY);
        purge.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sends = Sends::new();
        let mut complained = None;
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(_) = sends.next() => {}
                () = self.waker.0.notified() => {}
                _ = poll.tick() => {}
                _ = purge.tick() => {
                    meanwhile(&mut sends, |_| {}, self.purge()).await;
                    continue;
                }
            }
            match self.start_due(&mut sends, |_| {}).await {
                Ok(()) => complained = None,
                Err(error) => {
                    if complained.is_none_or(|at: Instant| at.elapsed() >= PURGE_EVERY) {
                        complained = Some(Instant::now());
                        tracing::error!(
                            error = &error as &dyn std::error::Error,
                            "the outbox cannot be read"
                        );
                    }
                }
            }
        }
        while sends.next().await.is_some() {}
    }

    /// Leases due entries into the free places.
    async fn start_due<'a>(
        &'a self,
        sends: &mut Sends<'a>,
        ended: impl FnMut(&OutboxOutcome),
    ) -> Result<(), StoreError> {
        let free = CONCURRENCY.saturating_sub(sends.len());
        if free == 0 {
            return Ok(());
        }
        let lease = self.outbox.lease_due(free, LEASE, self.clock.now());
        for leased in meanwhile(sends, ended, lease).await? {
            sends.push(self.send_and_record(leased).boxed());
        }
        Ok(())
    }

    async fn send_and_record(&self, leased: LeasedEntry) -> OutboxOutcome {
        let result = self.send(&leased).await;
        let now = self.clock.now();
        let outcome = decide(result.as_ref(), &leased, now);
        report(&leased, result.as_ref().err(), &outcome);
        self.record(&leased, &outcome, now).await;
        outcome
    }

    async fn send(&self, leased: &LeasedEntry) -> Result<crate::Accepted, SendError> {
        let until = Instant::now() + SEND_TIMEOUT;
        let finding = timeout_at(until, self.provider_of(&leased.entry.tenant)).await;
        // Nothing has been handed over yet.
        let late = |_| Err(SendError::new("account", SendErrorKind::Unavailable, RetryAdvice::After(None)));
        let provider = finding.unwrap_or_else(late)?;
        let message = OutboundMessage::text_to(leased.entry.to.clone(), leased.entry.text.clone());
        // A provider of the user's may panic; that must not end the dispatcher with all its other messages.
        let guarded = AssertUnwindSafe(provider.send(&message)).catch_unwind();
        let lost = |code| {
            let error = SendError::new(provider.name(), SendErrorKind::Unavailable, RetryAdvice::Ambiguous);
            Err(error.with_provider_code(code))
        };
        match timeout_at(until, guarded).await {
            Ok(Ok(result)) => result,
            Ok(Err(_panic)) => lost("panicked"),
            Err(_elapsed) => lost("timeout"),
        }
    }

    /// Who sends for a tenant.
    async fn provider_of(&self, tenant: &TenantId) -> Result<Arc<dyn MessageProvider>, SendError> {
        let own = match &self.senders {
            Some(senders) => own_sender(senders, tenant).await?,
            None => None,
        };
        Ok(own.map_or_else(|| Arc::clone(&self.provider), |own| own.provider))
    }

    async fn record(&self, leased: &LeasedEntry, outcome: &OutboxOutcome, now: Timestamp) {
        let mut waits = RECORD_WAITS.iter();
        loop {
            match self.outbox.record(leased.entry.id, leased.fence, outcome, now).await {
                Ok(true) => return,
                Ok(false) => {
                    tracing::warn!(
                        entry = %leased.entry.id,
                        outcome = outcome_word(outcome),
                        "another dispatcher took this message over while it was being sent"
                    );
                    return;
                }
                Err(error) => match waits.next() {
                    Some(wait) => sleep(*wait).await,
                    None => {
                        tracing::error!(
                            entry = %leased.entry.id,
                            outcome = outcome_word(outcome),
                            error = &error as &dyn std::error::Error,
                            "the outcome of a message cannot be recorded; it may be sent again"
                        );
                        return;
                    }
                },
            }
        }
    }

    async fn purge(&self) {
        // More than one batch where much is sent; bounded, so that it holds up no message for long.
        for _ in 0..PURGES_AT_ONCE {
            match self.outbox.purge(self.clock.now() - KEEP_SETTLED, PURGE_LIMIT).await {
                Ok(gone) if gone >= PURGE_LIMIT => {}
                Ok(_) => return,
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "old messages cannot be deleted"
                    );
                    return;
                }
            }
        }
    }
}

/// Says loudly what an operator has to know. What was accepted is logged by the provider's own layer.
fn report(leased: &LeasedEntry, error: Option<&SendError>, outcome: &OutboxOutcome) {
    let entry = leased.entry.id;
    let error = error.map(|error| error as &dyn std::error::Error);
    match outcome {
        OutboxOutcome::Accepted { .. } => tracing::debug!(%entry, "the message was accepted"),
        OutboxOutcome::RetryAt(at) => {
            tracing::warn!(%entry, error, refusals = leased.refusals + 1, again_at = ?at, "the message is postponed");
        }
        OutboxOutcome::Unknown => {
            tracing::warn!(%entry, error, "nobody knows whether the message was sent; it is not repeated");
        }
        OutboxOutcome::Abandoned => tracing::warn!(%entry, error, "the message is given up"),
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
