//! The provider's devices: a token, a WhatsApp number, a quota and a connection.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

pub(crate) struct Device {
    pub(crate) token: String,
    /// Digits without `+`. Made up.
    pub(crate) number: String,
    pub(crate) name: String,
    quota: AtomicU64,
    sent: AtomicU64,
    connected: watch::Sender<bool>,
}

impl Device {
    pub(crate) fn new(index: usize, token: &str, quota: u64, connected: bool) -> Self {
        Self {
            token: token.to_owned(),
            number: format!("62811{:08}", index + 1),
            name: format!("Sandbox {}", index + 1),
            quota: AtomicU64::new(quota),
            sent: AtomicU64::new(0),
            connected: watch::Sender::new(connected),
        }
    }

    pub(crate) fn quota(&self) -> u64 {
        self.quota.load(Ordering::SeqCst)
    }

    pub(crate) fn set_quota(&self, quota: u64) {
        self.quota.store(quota, Ordering::SeqCst);
    }

    /// Takes the quota for so many messages, or nothing if it does not suffice.
    pub(crate) fn spend(&self, messages: u64) -> bool {
        let spent = self
            .quota
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |quota| quota.checked_sub(messages))
            .is_ok();
        if spent {
            self.sent.fetch_add(messages, Ordering::SeqCst);
        }
        spent
    }

    /// Messages sent since the start or the last reset.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }

    pub(crate) fn is_connected(&self) -> bool {
        *self.connected.borrow()
    }

    /// Says whether this changed anything.
    pub(crate) fn set_connected(&self, connected: bool) -> bool {
        self.connected.send_replace(connected) != connected
    }

    pub(crate) async fn until_connected(&self) {
        // The sender lives in `self`, so the wait cannot fail.
        let _ = self.connected.subscribe().wait_for(|connected| *connected).await;
    }

    pub(crate) fn reset(&self, quota: u64, connected: bool) {
        self.set_quota(quota);
        self.sent.store(0, Ordering::SeqCst);
        self.connected.send_replace(connected);
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("name", &self.name)
            .field("quota", &self.quota())
            .field("connected", &self.is_connected())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quota_is_spent_whole_or_not_at_all() {
        let device = Device::new(0, "t", 3, true);
        assert!(device.spend(2));
        assert!(!device.spend(2));
        assert_eq!((device.quota(), device.sent()), (1, 2));
        assert!(device.spend(1));
        assert!(!device.spend(1));
    }

    #[test]
    fn debug_shows_no_token_and_no_number() {
        let shown = format!("{:?}", Device::new(0, "s3cret", 3, true));
        assert!(!shown.contains("s3cret") && !shown.contains("62811"), "{shown}");
    }
}
