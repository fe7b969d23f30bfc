//! The worker that hands what came in to its consumers.

use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::FutureExt as _;
use futures_util::stream::StreamExt as _;
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout_at};
use wartel_core::{Clock, Jid, PhoneNumber, StoreError, TenantId};

use super::consumer::{ConsumerError, InboundConsumer, LidLookups};
use super::delivery::{Delivery, Recorded};
use super::entry::{InboxEntry, InboxKind, InboxOutcome, LeasedInboxEntry};
use super::{Inbox, LEASE};
use crate::under_way::{UnderWay, meanwhile};

/// How many entries are with consumers at once.
const CONCURRENCY: usize = 16;

/// How long all consumers of an entry may take together. Shorter than [`LEASE`], so that the outcome is recorded before
/// the lease lapses.
const TAKE_TIME: Duration = Duration::from_secs(25);

/// How long the number behind a LID is asked for.
const LOOKUP_TIME: Duration = Duration::from_secs(5);
/// For how long a LID whose number nobody knew is not asked about again, and how many such are remembered.
const LOOKUP_AGAIN: Duration = Duration::from_secs(600);
const LOOKUPS_KEPT: usize = 4_096;

/// How often the store is asked when nobody wakes the dispatcher.
const POLL: Duration = Duration::from_secs(1);

/// The wait after the first failure; it doubles with each, up to the longest one.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// After so many failures, about a day, an entry is given up.
const MAX_REFUSALS: u32 = 150;

/// How often old entries are deleted, how old they are unless told otherwise, and how many at once.
const PURGE_EVERY: Duration = Duration::from_secs(60);
const KEEP: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const PURGE_LIMIT: usize = 1_000;
const PURGES_AT_ONCE: usize = 20;

/// The waits between tries to record an outcome, 3.1 s together: within the lease.
const SETTLE_WAITS: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1_600),
];

/// What [`InboxDispatcher::dispatch_due`] did, counted by outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Handed {
    /// All consumers took it.
    pub done: usize,
    /// It comes again later.
    pub postponed: usize,
    /// Its LID got a number; it comes again as a message of that contact.
    pub linked: usize,
    /// Given up for good.
    pub dead: usize,
}

impl Handed {
    fn add(&mut self, outcome: &InboxOutcome) {
        match outcome {
            InboxOutcome::Done => self.done += 1,
            InboxOutcome::Retry { .. } => self.postponed += 1,
            InboxOutcome::Release => self.linked += 1,
            InboxOutcome::Dead => self.dead += 1,
        }
    }
}

/// Tells the dispatcher that an entry was recorded, so that it does not wait for its next poll. Without it entries are
/// handed out all the same, up to one second later.
#[derive(Debug, Clone, Default)]
pub struct InboxWaker(Arc<Notify>);

impl InboxWaker {
    /// Wakes the dispatcher. Call it after the delivery was recorded.
    pub fn wake(&self) {
        self.0.notify_one();
    }
}

/// Where deliveries go in. Clones are the same one.
#[derive(Debug, Clone)]
pub struct InboxIntake {
    inbox: Arc<dyn Inbox>,
    clock: Arc<dyn Clock>,
    waker: InboxWaker,
}

impl InboxIntake {
    /// An intake whose entries are handed out by dispatchers elsewhere.
    #[must_use]
    pub fn new(inbox: Arc<dyn Inbox>, clock: Arc<dyn Clock>) -> Self {
        Self { inbox, clock, waker: InboxWaker::default() }
    }

    /// Records a delivery now, and wakes the dispatcher if there is something for it.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer: do not acknowledge the webhook then.
    pub async fn record(&self, delivery: Delivery) -> Result<Recorded, StoreError> {
        let recorded = self.inbox.record(delivery, self.clock.now()).await?;
        if recorded.is_due() {
            self.waker.wake();
        }
        Ok(recorded)
    }

    /// The inbox.
    #[must_use]
    pub const fn inbox(&self) -> &Arc<dyn Inbox> {
        &self.inbox
    }
}

/// Hands what came in to its consumers, at most 16 entries at once. Clones are the same dispatcher; several dispatchers,
/// also with other consumers, may share one store: whoever takes long has one of their own, so that receipts need not
/// wait for it.
///
/// # Behavior
/// - All consumers of a kind get an entry one after the other, in the order in which they were added. Those that took it
///   do not get it again when another one failed.
/// - A consumer that fails, panics or takes longer than 25 s gets the entry again after 1 s, 2 s, 4 s, … 10 min; after
///   150 times, about a day, the entry is given up with an ERROR line. One that says that it never will be able to is not
///   asked again.
/// - Before a message of which only the LID is known is handed over, the number is looked up, where the account's provider
///   can do that. A LID whose number is not found is not asked about again for 10 min.
/// - No transaction is open while a consumer or a provider is asked.
#[derive(Debug, Clone)]
pub struct InboxDispatcher {
    inbox: Arc<dyn Inbox>,
    clock: Arc<dyn Clock>,
    consumers: Vec<Arc<dyn InboundConsumer>>,
    kinds: Vec<InboxKind>,
    lids: Option<Arc<dyn LidLookups>>,
    hidden: Arc<Mutex<HashMap<(TenantId, Jid), Instant>>>,
    keep: Duration,
    waker: InboxWaker,
}

/// Entries that are with consumers; each ends with its outcome.
type Takes<'a> = UnderWay<'a, InboxOutcome>;

impl InboxDispatcher {
    /// A dispatcher without consumers.
    #[must_use]
    pub fn new(inbox: Arc<dyn Inbox>, clock: Arc<dyn Clock>) -> Self {
        Self {
            inbox,
            clock,
            consumers: Vec::new(),
            kinds: Vec::new(),
            lids: None,
            hidden: Arc::default(),
            keep: KEEP,
            waker: InboxWaker::default(),
        }
    }

    /// With one more consumer. Entries of kinds that no consumer takes stay in the inbox until they are deleted.
    #[must_use]
    pub fn with_consumer(mut self, consumer: Arc<dyn InboundConsumer>) -> Self {
        for kind in consumer.kinds() {
            if !self.kinds.contains(kind) {
                self.kinds.push(*kind);
            }
        }
        self.consumers.push(consumer);
        self
    }

    /// With who says which number stands behind a LID.
    #[must_use]
    pub fn with_lid_lookups(mut self, lids: Arc<dyn LidLookups>) -> Self {
        self.lids = Some(lids);
        self
    }

    /// With how long webhook bodies and entries are kept. Default: 30 days.
    #[must_use]
    pub const fn with_retention(mut self, keep: Duration) -> Self {
        self.keep = keep;
        self
    }

    /// What wakes [`run`](Self::run) up.
    #[must_use]
    pub fn waker(&self) -> InboxWaker {
        self.waker.clone()
    }

    /// Records deliveries in the same inbox, by the same clock, and wakes this dispatcher.
    #[must_use]
    pub fn intake(&self) -> InboxIntake {
        InboxIntake { inbox: Arc::clone(&self.inbox), clock: Arc::clone(&self.clock), waker: self.waker() }
    }

    /// Hands out everything that is due, and what becomes due by it, and waits until all of it has ended.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not lease; what is with consumers is ended first.
    pub async fn dispatch_due(&self) -> Result<Handed, StoreError> {
        let mut done = Handed::default();
        let mut takes = Takes::new();
        loop {
            let leased = self.start_due(&mut takes, |outcome| done.add(outcome)).await;
            if leased.is_err() {
                while let Some(outcome) = takes.next().await {
                    done.add(&outcome);
                }
            }
            leased?;
            match takes.next().await {
                Some(outcome) => done.add(&outcome),
                None => return Ok(done),
            }
        }
    }

    /// Hands out what becomes due until `shutdown` ends, then ends what is with consumers, which takes 30 s at the most.
    ///
    /// A store that fails is asked again; the failure is logged when it begins and every minute.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) {
        tokio::pin!(shutdown);
        let mut poll = interval(POLL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut purge = interval(PURGE_EVERY);
        purge.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut takes = Takes::new();
        let mut complained = None;
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(_) = takes.next() => {
                    // A lease is a write: not one for each entry while many are under way.
                    if takes.len() > CONCURRENCY / 2 {
                        continue;
                    }
                }
                () = self.waker.0.notified() => {}
                _ = poll.tick() => {}
                _ = purge.tick() => {
                    meanwhile(&mut takes, |_| {}, self.purge()).await;
                    continue;
                }
            }
            match self.start_due(&mut takes, |_| {}).await {
                Ok(()) => complained = None,
                Err(error) => {
                    if complained.is_none_or(|at: Instant| at.elapsed() >= PURGE_EVERY) {
                        complained = Some(Instant::now());
                        tracing::error!(error = &error as &dyn std::error::Error, "the inbox cannot be read");
                    }
                }
            }
        }
        while takes.next().await.is_some() {}
    }

    /// Leases due entries into the free places.
    async fn start_due<'a>(
        &'a self,
        takes: &mut Takes<'a>,
        ended: impl FnMut(&InboxOutcome),
    ) -> Result<(), StoreError> {
        let free = CONCURRENCY.saturating_sub(takes.len());
        if free == 0 || self.kinds.is_empty() {
            return Ok(());
        }
        let lease = self.inbox.lease(&self.kinds, free, LEASE, self.clock.now());
        for leased in meanwhile(takes, ended, lease).await? {
            takes.push(self.hand_over(leased).boxed());
        }
        Ok(())
    }

    async fn hand_over(&self, leased: LeasedInboxEntry) -> InboxOutcome {
        let deadline = Instant::now() + TAKE_TIME;
        let outcome = match self.find_number(&leased.entry).await {
            Ok(true) => InboxOutcome::Release,
            Ok(false) => self.ask_consumers(&leased, deadline).await,
            // What links contacts is the inbox's own store: it may answer later.
            Err(_) => self.again_or_dead(&leased, leased.taken.clone()),
        };
        self.settle(&leased, &outcome).await;
        outcome
    }

    /// Hands an entry to all consumers of its kind that have not taken it yet.
    async fn ask_consumers(&self, leased: &LeasedInboxEntry, deadline: Instant) -> InboxOutcome {
        let kind = leased.entry.kind();
        let mut taken = leased.taken.clone();
        let (mut failed, mut refused) = (false, false);
        for consumer in self.consumers.iter().filter(|consumer| consumer.kinds().contains(&kind)) {
            let name = consumer.name();
            if taken.iter().any(|other| other == name) {
                continue;
            }
            match take(consumer.as_ref(), &leased.entry, deadline).await {
                Ok(()) => taken.push(name.to_owned()),
                Err(error) => {
                    let retry = error.is_retry();
                    let error = &error as &dyn std::error::Error;
                    let (entry, refusals) = (leased.entry.id, leased.refusals);
                    tracing::warn!(%entry, consumer = name, error, retry, refusals, "an entry was not taken");
                    if retry {
                        failed = true;
                    } else {
                        refused = true;
                        taken.push(name.to_owned());
                    }
                }
            }
        }
        match (failed, refused) {
            (true, _) => self.again_or_dead(leased, taken),
            (false, true) => InboxOutcome::Dead,
            (false, false) => InboxOutcome::Done,
        }
    }

    fn again_or_dead(&self, leased: &LeasedInboxEntry, taken: Vec<String>) -> InboxOutcome {
        if leased.refusals >= MAX_REFUSALS {
            tracing::error!(entry = %leased.entry.id, "an entry is given up: nobody could take it for a day");
            return InboxOutcome::Dead;
        }
        InboxOutcome::Retry { at: self.clock.now() + wait(leased.refusals), taken }
    }

    /// Looks up the number of a contact of whom only the LID is known. Answers whether it was found, and linked.
    async fn find_number(&self, entry: &InboxEntry) -> Result<bool, StoreError> {
        let Some(lids) = &self.lids else { return Ok(false) };
        let Some(lid) = entry.contact.as_ref().filter(|contact| contact.phone.is_none()) else {
            return Ok(false);
        };
        let Some(lid) = &lid.lid else { return Ok(false) };
        let key = (entry.tenant.clone(), lid.clone());
        if self.is_hidden(&key) {
            return Ok(false);
        }
        let Some(phone) = look_up(lids.as_ref(), entry, lid).await else {
            self.note_hidden(key);
            return Ok(false);
        };
        self.inbox.link(&entry.tenant, lid, &phone, self.clock.now()).await?;
        Ok(true)
    }

    fn is_hidden(&self, key: &(TenantId, Jid)) -> bool {
        let hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        hidden.get(key).is_some_and(|at| at.elapsed() < LOOKUP_AGAIN)
    }

    fn note_hidden(&self, key: (TenantId, Jid)) {
        let mut hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        if hidden.len() >= LOOKUPS_KEPT {
            hidden.retain(|_, at| at.elapsed() < LOOKUP_AGAIN);
        }
        if hidden.len() < LOOKUPS_KEPT {
            hidden.insert(key, Instant::now());
        }
    }

    async fn settle(&self, leased: &LeasedInboxEntry, outcome: &InboxOutcome) {
        let entry = leased.entry.id;
        let mut waits = SETTLE_WAITS.iter();
        loop {
            match self.inbox.settle(entry, leased.fence, outcome, self.clock.now()).await {
                Ok(true) => return,
                // After a link the entry may be gone: it was the same message as another one.
                Ok(false) if *outcome == InboxOutcome::Release => return,
                Ok(false) => {
                    tracing::warn!(%entry, "another dispatcher took this entry over, or it is gone");
                    return;
                }
                Err(error) => match waits.next() {
                    Some(wait) => sleep(*wait).await,
                    None => {
                        let error = &error as &dyn std::error::Error;
                        tracing::error!(%entry, error, "the outcome of an entry cannot be recorded; it comes again");
                        return;
                    }
                },
            }
        }
    }

    async fn purge(&self) {
        // More than one batch where much comes in; bounded, so that it holds up nothing for long.
        for _ in 0..PURGES_AT_ONCE {
            match self.inbox.purge(self.clock.now() - self.keep, PURGE_LIMIT).await {
                Ok(gone) if gone >= PURGE_LIMIT => {}
                Ok(_) => return,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "old webhooks cannot be deleted");
                    return;
                }
            }
        }
    }
}

/// Hands an entry to one consumer, which may be the user's: it may panic, and it may never end.
async fn take(
    consumer: &dyn InboundConsumer,
    entry: &InboxEntry,
    deadline: Instant,
) -> Result<(), ConsumerError> {
    let guarded = AssertUnwindSafe(consumer.take(entry)).catch_unwind();
    match timeout_at(deadline, guarded).await {
        Ok(Ok(result)) => result,
        Ok(Err(_panic)) => Err(ConsumerError::retry("the consumer panicked")),
        Err(_elapsed) => Err(ConsumerError::retry("the consumer took too long")),
    }
}

/// `None` if nobody knows the number, or nobody could be asked.
async fn look_up(lids: &dyn LidLookups, entry: &InboxEntry, lid: &Jid) -> Option<PhoneNumber> {
    let asked = async {
        let lookup = lids.of_account(&entry.tenant, &entry.account).await?;
        match lookup.phone_of(lid).await {
            Ok(phone) => phone,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::debug!(
                    account = entry.account.as_str(),
                    error,
                    "the number of a LID cannot be looked up"
                );
                None
            }
        }
    };
    let guarded = AssertUnwindSafe(asked).catch_unwind();
    match timeout_at(Instant::now() + LOOKUP_TIME, guarded).await {
        Ok(Ok(phone)) => phone,
        Ok(Err(_)) | Err(_) => None,
    }
}

fn wait(refusals: u32) -> Duration {
    FIRST_WAIT.saturating_mul(2_u32.saturating_pow(refusals)).min(LONGEST_WAIT)
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
