//! The worker: sends what a crash left unsent, and deletes what is over.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use wartel_core::{StoreError, StoreErrorKind, Timestamp};

use crate::delivery::deliver;
use crate::service::Shared;
use crate::store::Rules;

const POLL: Duration = Duration::from_secs(1);
const PURGE_EVERY: Duration = Duration::from_secs(60);
const SENDS_AT_ONCE: usize = 32;
const PURGED_AT_ONCE: usize = 256;

/// Sends codes whose sender crashed, and deletes what is over. Run one in each process; with a shared store
/// they share the work.
#[derive(Debug)]
#[must_use = "codes whose send was cut off by a crash are sent again only by the worker: spawn `worker.run(…)`"]
pub struct OtpWorker {
    shared: Arc<Shared>,
}

impl OtpWorker {
    pub(crate) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Works until `shutdown` ends, then waits for the sends that are under way, those of
    /// [`OtpService::start`](crate::OtpService::start) too: at most 25 s for each channel. A process that does not
    /// wait sends them once more when it is started again.
    ///
    /// A send that hangs, a long clean-up or a store of tallies that hangs hold up nothing else.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) {
        tokio::pin!(shutdown);
        let mut tick = tokio::time::interval(POLL);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut purge = tokio::time::interval(PURGE_EVERY);
        purge.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let places = Arc::new(Semaphore::new(SENDS_AT_ONCE));
        // Dropped with this future, so that nothing goes on unasked.
        let mut cleaning = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                _ = tick.tick() => self.begin_due(&places).await,
                () = self.shared.due.notified() => self.begin_due(&places).await,
                Some(_) = cleaning.join_next() => {}
                _ = purge.tick(), if cleaning.is_empty() => {
                    let shared = Arc::clone(&self.shared);
                    cleaning.spawn(async move {
                        if let Err(error) = (Self { shared }).purge().await {
                            tracing::warn!(error = %error, "cannot delete what is over");
                        }
                    });
                }
            }
        }
        cleaning.abort_all();
        self.shared.sends.close();
        self.shared.sends.wait().await;
        // A failure has been told, and what was not written waits.
        let _told = self.shared.guard.flush(self.shared.clock.now()).await;
    }

    /// Begins the sends that are due, as many as there are places, and waits for none of them.
    async fn begin_due(&self, places: &Arc<Semaphore>) {
        let guarding = Arc::clone(&self.shared);
        self.shared.sends.spawn(async move {
            let _told = guarding.guard.flush(guarding.clock.now()).await;
        });
        let now = self.shared.clock.now();
        let rules = self.rules(now).await;
        let limit = places.available_permits();
        if limit == 0 {
            return;
        }
        let leased = match self.shared.store.lease_due(limit, &rules, now).await {
            Ok(leased) => leased,
            Err(error) => {
                tracing::warn!(error = %error, "cannot look for unsent codes");
                return;
            }
        };
        for send in leased {
            // Only this worker takes places, so there is one for each.
            let place = Arc::clone(places).try_acquire_owned();
            let shared = Arc::clone(&self.shared);
            self.shared.sends.spawn(async move {
                drop(deliver(&shared, &send).await);
                drop(place);
            });
        }
    }

    /// Sends what is due now, waits until all of it is done, and answers how many sends that were.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not say what is due.
    pub async fn send_due(&self) -> Result<usize, StoreError> {
        let now = self.shared.clock.now();
        let rules = self.rules(now).await;
        let leased = self.shared.store.lease_due(SENDS_AT_ONCE, &rules, now).await?;
        let mut sends = JoinSet::new();
        let count = leased.len();
        for send in leased {
            let shared = Arc::clone(&self.shared);
            // The outcome is recorded and logged where it happens; nobody waits for it here.
            sends.spawn(async move { drop(deliver(&shared, &send).await) });
        }
        while sends.join_next().await.is_some() {}
        Ok(count)
    }

    /// The rules, with what is known of receipts now.
    async fn rules(&self, now: Timestamp) -> Rules {
        let mut rules = self.shared.rules.clone();
        if rules.fallbacks.is_empty() {
            return rules;
        }
        let providers: Vec<&str> = self.shared.channels.names().collect();
        let asked = self.shared.sightings.receipts_known(self.shared.tallies.as_ref(), &providers, now);
        let late = |_| Err(StoreError::new(StoreErrorKind::Unavailable, "otp.tallies"));
        match tokio::time::timeout(POLL, asked).await.unwrap_or_else(late) {
            Ok(known) => {
                for (rule, receipts) in rules.fallbacks.iter_mut().zip(known) {
                    rule.receipts = receipts;
                }
            }
            // Silence means nothing then; errors fall back all the same.
            Err(error) => tracing::warn!(error = %error, "cannot tell whether receipts arrive"),
        }
        rules
    }

    /// Deletes all that is over now; answers how many rows went.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not delete.
    pub async fn purge(&self) -> Result<usize, StoreError> {
        let tallies = self.shared.guard.purge(self.shared.clock.now()).await;
        let mut gone = 0;
        loop {
            let now = self.shared.clock.now();
            let step = self.shared.store.purge(&self.shared.rules, PURGED_AT_ONCE, now).await?;
            gone += step;
            if step == 0 {
                // Each is cleaned up although the other fails.
                return Ok(gone + tallies?);
            }
        }
    }
}
