//! A guard, its store and its watcher, with the time in the hands of the test.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use wartel_core::{TenantId, Timestamp};
use wartel_otp::challenge_hook::ChallengeHook;
use wartel_otp::events::OtpEvent;
use wartel_otp::guard::{Guard, GuardContext, GuardRefusal, PumpingPolicy, Verdict};
use wartel_otp::testing::{RecordedEvents, T0, phone_number};
use wartel_otp::{MemoryTallies, TallyStore};

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const MINUTE: Duration = Duration::from_secs(60);
pub(super) const HOUR: Duration = Duration::from_secs(3_600);

/// An address of network `network`.
pub(super) fn ip(network: u8, host: u8) -> IpAddr {
    IpAddr::from([198, 51, network, host])
}

/// Who asks for a code for a number of a range of ten thousand, from an address.
pub(super) fn who(range: u32, number: u32, ip: IpAddr) -> GuardContext {
    GuardContext::new(TenantId::default(), phone_number(range * 10_000 + number % 10_000)).client_ip(Some(ip))
}

pub(super) struct Scene {
    pub(super) guard: Guard,
    pub(super) store: Arc<dyn TallyStore>,
    pub(super) events: RecordedEvents,
    pub(super) now: Timestamp,
}

impl Scene {
    pub(super) fn new() -> Self {
        Self::with(PumpingPolicy::default(), None)
    }

    pub(super) fn with(policy: PumpingPolicy, hook: Option<Arc<dyn ChallengeHook>>) -> Self {
        Self::on(Arc::new(MemoryTallies::new()), policy, hook)
    }

    pub(super) fn on(
        store: Arc<dyn TallyStore>,
        policy: PumpingPolicy,
        hook: Option<Arc<dyn ChallengeHook>>,
    ) -> Self {
        crate::logs::install();
        let events = RecordedEvents::default();
        let guard = Guard::with(policy, Arc::clone(&store), hook, Arc::new(events.clone())).unwrap();
        Self { guard, store, events, now: T0 }
    }

    /// Another instance on the same store, at the same time.
    pub(super) fn another(&self) -> Self {
        let scene = Self::on(Arc::clone(&self.store), PumpingPolicy::default(), None);
        Self { now: self.now, ..scene }
    }

    /// Lets time pass, as the worker sees it: what was counted is written first.
    pub(super) async fn pass(&mut self, span: Duration) {
        self.guard.flush(self.now).await.unwrap();
        self.now = self.now + span;
    }

    pub(super) async fn verdict(&self, who: &GuardContext) -> Verdict {
        self.guard.before_start(who, self.now).await
    }

    /// Asks for a code, and never gives it. Answers whether there was one.
    pub(super) async fn junk(&self, who: &GuardContext) -> bool {
        let sent = self.guard.pass(who, None, self.now).await.is_ok();
        if sent {
            self.guard.begun(who, self.now, self.now);
        }
        sent
    }

    /// Asks for a code and gives it. Answers whether there was one.
    pub(super) async fn customer(&self, who: &GuardContext) -> bool {
        let sent = self.junk(who).await;
        if sent {
            self.guard.done(who, self.now, self.now);
        }
        sent
    }

    pub(super) async fn denied_until(&self, who: &GuardContext) -> Timestamp {
        match self.guard.pass(who, None, self.now).await {
            Err(GuardRefusal::Pumping { retry_at }) => retry_at,
            other => panic!("not denied: {other:?}"),
        }
    }

    pub(super) fn events(&self) -> Vec<OtpEvent> {
        self.events.take()
    }
}
