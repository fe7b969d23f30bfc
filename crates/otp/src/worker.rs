//! The worker: sends what a crash left unsent, and deletes what is over.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use wartel_core::StoreError;

use crate::delivery::deliver;
use crate::service::Shared;

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
    /// [`OtpService::start`](crate::OtpService::start) too: at most 25 s. A process that does not wait sends
    /// them once more when it is started again.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) {
        tokio::pin!(shutdown);
        let mut tick = tokio::time::interval(POLL);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut purge = tokio::time::interval(PURGE_EVERY);
        purge.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                _ = tick.tick() => {
                    if let Err(error) = self.send_due().await {
                        tracing::warn!(error = %error, "cannot look for unsent codes");
                    }
                }
                _ = purge.tick() => {
                    if let Err(error) = self.purge().await {
                        tracing::warn!(error = %error, "cannot delete what is over");
                    }
                }
            }
        }
        self.shared.sends.close();
        self.shared.sends.wait().await;
    }

    /// Sends what is due now; answers how many sends that were.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not say what is due.
    pub async fn send_due(&self) -> Result<usize, StoreError> {
        let now = self.shared.clock.now();
        let leased = self.shared.store.lease_due(SENDS_AT_ONCE, &self.shared.rules, now).await?;
        let mut sends = tokio::task::JoinSet::new();
        let count = leased.len();
        for send in leased {
            let shared = Arc::clone(&self.shared);
            // The outcome is recorded and logged where it happens; nobody waits for it here.
            sends.spawn(async move { drop(deliver(&shared, &send).await) });
        }
        while sends.join_next().await.is_some() {}
        Ok(count)
    }

    /// Deletes all that is over now; answers how many rows went.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not delete.
    pub async fn purge(&self) -> Result<usize, StoreError> {
        let mut gone = 0;
        loop {
            let now = self.shared.clock.now();
            let step = self.shared.store.purge(&self.shared.rules, PURGED_AT_ONCE, now).await?;
            gone += step;
            if step == 0 {
                return Ok(gone);
            }
        }
    }
}
