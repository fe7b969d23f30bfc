//! The providers' devices: credentials, a WhatsApp number, a quota, and how they are linked to a phone.

mod link;
mod list;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::watch;
use wartel_core::Timestamp;

pub use link::DeviceState;
pub(crate) use link::{CODE_LIFE, Link, MAX_QRS, pairing_code, qr_life, qr_text};
pub(crate) use list::Devices;

use crate::lock;
use crate::provider::ProviderKind;
use crate::webhooks::{Target, WebhookKind};

pub(crate) struct Device {
    pub(crate) kind: ProviderKind,
    /// What the application proves itself with: a token, an API key, a password.
    pub(crate) token: String,
    /// What its webhooks are signed with, by providers that sign.
    pub(crate) secret: String,
    /// Digits without `+`. Made up.
    pub(crate) number: String,
    /// Its own LID: digits without `@lid`.
    pub(crate) lid: String,
    /// What its owner calls it.
    pub(crate) name: String,
    /// What the provider calls it in paths and bodies: a session, an instance, a device or a number id.
    pub(crate) session: String,
    quota: AtomicU64,
    sent: AtomicU64,
    link: watch::Sender<Link>,
    /// How many pairings were begun; makes their codes differ.
    pairings: AtomicU64,
    /// Whether what comes in is lost on the way, although it is connected.
    deaf: AtomicBool,
    /// Until when it may not begin new chats.
    timelock: Mutex<Option<Timestamp>>,
    targets: Mutex<HashMap<WebhookKind, Arc<Target>>>,
    /// The events that are told, by providers that are asked for single ones. Empty: all of them.
    events: Mutex<Vec<String>>,
}

/// How a device is at the start and after a reset.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    pub(crate) quota: u64,
    pub(crate) state: DeviceState,
}

impl Device {
    /// The `index`-th device of its provider, counted from 0.
    pub(crate) fn new(kind: ProviderKind, index: usize, token: &str, start: Start) -> Self {
        let provider = ProviderKind::ALL.iter().position(|other| *other == kind).unwrap_or_default();
        let number = format!("62811{provider:02}{:06}", index + 1);
        Self {
            kind,
            token: token.to_owned(),
            secret: format!("sandbox-{}-secret", kind.name()),
            lid: crate::contacts::lid_of(&number),
            number,
            name: format!("Sandbox {}", index + 1),
            session: if index == 0 { "default".to_owned() } else { format!("device-{}", index + 1) },
            quota: AtomicU64::new(start.quota),
            sent: AtomicU64::new(0),
            link: watch::Sender::new(Link::from(start.state)),
            pairings: AtomicU64::new(0),
            deaf: AtomicBool::new(false),
            timelock: Mutex::default(),
            targets: Mutex::default(),
            events: Mutex::default(),
        }
    }

    /// With a name of its owner's.
    pub(crate) fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
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

    // The link to the phone.

    pub(crate) fn link(&self) -> Link {
        self.link.borrow().clone()
    }

    pub(crate) fn is_connected(&self) -> bool {
        *self.link.borrow() == Link::Connected
    }

    /// Changes the link if `change` gives another one for the present one; gives back what it was before.
    pub(crate) fn change_link(&self, change: impl FnOnce(&Link) -> Option<Link>) -> Option<Link> {
        let mut before = None;
        self.link.send_if_modified(|link| match change(link) {
            Some(next) if next != *link => {
                before = Some(std::mem::replace(link, next));
                true
            }
            _ => false,
        });
        before
    }

    pub(crate) async fn until_connected(&self) {
        // The sender lives in `self`, so the wait cannot fail.
        let _ = self.link.subscribe().wait_for(|link| *link == Link::Connected).await;
    }

    /// The number of the next pairing, for its codes.
    pub(crate) fn next_pairing(&self) -> u64 {
        self.pairings.fetch_add(1, Ordering::SeqCst)
    }

    /// Whether a pairing was ever begun.
    pub(crate) fn was_pairing(&self) -> bool {
        self.pairings.load(Ordering::SeqCst) > 0
    }

    // What goes wrong.

    pub(crate) fn is_deaf(&self) -> bool {
        self.deaf.load(Ordering::SeqCst)
    }

    pub(crate) fn set_deaf(&self, deaf: bool) {
        self.deaf.store(deaf, Ordering::SeqCst);
    }

    /// Until when it may not begin new chats, if that is after `now`.
    pub(crate) fn timelock(&self, now: Timestamp) -> Option<Timestamp> {
        lock(&self.timelock).filter(|until| *until > now)
    }

    pub(crate) fn set_timelock(&self, until: Option<Timestamp>) {
        *lock(&self.timelock) = until;
    }

    // Where its webhooks go.

    pub(crate) fn target(&self, kind: WebhookKind) -> Option<Arc<Target>> {
        lock(&self.targets).get(&kind).cloned()
    }

    pub(crate) fn set_target(&self, kind: WebhookKind, target: Option<Arc<Target>>) {
        let mut targets = lock(&self.targets);
        match target {
            Some(target) => targets.insert(kind, target),
            None => targets.remove(&kind),
        };
    }

    /// Only these events are told from now on; all of them if there is none.
    pub(crate) fn set_events(&self, events: Vec<String>) {
        *lock(&self.events) = events;
    }

    /// Looks at the events that are told.
    pub(crate) fn with_events<T>(&self, look: impl FnOnce(&[String]) -> T) -> T {
        look(&lock(&self.events))
    }

    /// Back to how it started; webhook targets and the events for them stay.
    pub(crate) fn reset(&self, start: Start) {
        self.set_quota(start.quota);
        self.sent.store(0, Ordering::SeqCst);
        self.set_deaf(false);
        self.set_timelock(None);
        self.link.send_replace(Link::from(start.state));
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("kind", &self.kind)
            .field("name", &self.name)
            .field("quota", &self.quota())
            .field("state", &self.link().state())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(token: &str) -> Device {
        let start = Start { quota: 3, state: DeviceState::Connected };
        Device::new(ProviderKind::Fonnte, 0, token, start)
    }

    #[test]
    fn quota_is_spent_whole_or_not_at_all() {
        let device = device("t");
        assert!(device.spend(2));
        assert!(!device.spend(2));
        assert_eq!((device.quota(), device.sent()), (1, 2));
        assert!(device.spend(1));
        assert!(!device.spend(1));
    }

    #[test]
    fn devices_of_two_providers_have_two_numbers() {
        let start = Start { quota: 3, state: DeviceState::Connected };
        let numbers: Vec<_> =
            ProviderKind::ALL.iter().map(|kind| Device::new(*kind, 0, "t", start).number).collect();
        assert_eq!((numbers[0].as_str(), numbers[1].as_str()), ("6281100000001", "6281101000001"));
    }

    #[test]
    fn debug_shows_no_token_and_no_number() {
        let shown = format!("{:?}", device("s3cret"));
        assert!(!shown.contains("s3cret") && !shown.contains("62811"), "{shown}");
    }
}
