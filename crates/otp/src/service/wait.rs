//! Waiting for news of a verification.

use std::time::Duration;

use wartel_core::StoreError;

use super::OtpService;
use crate::verification::{VerificationId, VerificationView};

/// How often the store is asked while somebody waits: another process may have changed it.
const POLL: Duration = Duration::from_millis(500);
/// How often a waiter reads at the most, however much happens.
const REST: Duration = Duration::from_millis(100);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(60);

impl OtpService {
    /// Waits until a verification differs from `seen` in its state, its delivery or its checks, at most `wait`
    /// (up to 60 s), and answers it as it stands then; `None` if this tenant has none with this id.
    ///
    /// Changes that this process makes are seen at once, those of other processes within half a second.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    pub async fn changed(
        &self,
        id: VerificationId,
        seen: &VerificationView,
        wait: Duration,
    ) -> Result<Option<VerificationView>, StoreError> {
        let deadline = tokio::time::Instant::now() + wait.min(LONGEST);
        loop {
            // Before the store is read, so that no change falls between.
            let change = self.shared.changes.notified();
            tokio::pin!(change);
            change.as_mut().enable();
            let Some(view) = self.get(id).await? else { return Ok(None) };
            let differs = view.state != seen.state
                || view.delivery != seen.delivery
                || view.attempts_left != seen.attempts_left
                || view.expires_at != seen.expires_at;
            if differs || tokio::time::Instant::now() >= deadline {
                return Ok(Some(view));
            }
            let rested = tokio::time::Instant::now() + REST;
            tokio::select! {
                () = change => tokio::time::sleep_until(rested.min(deadline)).await,
                () = tokio::time::sleep(POLL) => {}
                () = tokio::time::sleep_until(deadline) => {}
            }
        }
    }

    /// What waits here is told that something changed.
    pub(crate) fn tell_change(&self) {
        self.shared.changes.notify_waiters();
    }
}
