//! The engine with everything around it in the hands of the test.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use wartel_core::{ManualClock, MasterKey, PhoneNumber};
use wartel_messaging::testing::FakeProvider;
use wartel_otp::guard::{PumpingAction, PumpingPolicy};
use wartel_otp::testing::sample_phone;
use wartel_otp::{
    Check, MemoryOtpStore, OtpBuilder, OtpPolicy, OtpService, OtpWorker, Proof, Purpose, Start, Started,
};

pub(crate) const SECRET: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

pub(crate) struct Desk {
    pub(crate) provider: FakeProvider,
    pub(crate) store: MemoryOtpStore,
    pub(crate) clock: ManualClock,
    pub(crate) otp: OtpService,
    pub(crate) worker: OtpWorker,
}

pub(crate) fn key() -> MasterKey {
    MasterKey::parse(SECRET).unwrap()
}

/// As many as said, or `WARTEL_LONG` times as many in the long runs.
pub(crate) fn rounds(usual: u32) -> u32 {
    let times =
        std::env::var("WARTEL_LONG").ok().map_or(1, |text| text.parse().expect("WARTEL_LONG is a number"));
    usual * times
}

/// Numbers that look random and are the same in each run (`SplitMix64`).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) const fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = usize::try_from(self.below(last as u64 + 1)).unwrap();
            items.swap(last, other);
        }
    }
}

pub(crate) const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

pub(crate) fn ip(last: u8) -> IpAddr {
    IpAddr::from([203, 0, 113, last])
}

/// A request of the sample phone.
pub(crate) fn sample() -> Start {
    Start::new(sample_phone(), Purpose::REGISTRATION)
}

/// The code with its last digit changed.
pub(crate) fn another(code: &str) -> String {
    let (rest, last) = code.split_at(code.len() - 1);
    format!("{rest}{}", (last.parse::<u8>().unwrap() + 1) % 10)
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    /// With another policy.
    pub(crate) fn policy(change: impl FnOnce(&mut OtpPolicy)) -> Self {
        let mut policy = OtpPolicy::default();
        change(&mut policy);
        Self::with(|builder| builder.policy(policy))
    }

    /// With another policy, and a guard against pumping that refuses nothing: for tests of what budgets do alone.
    pub(crate) fn unguarded(change: impl FnOnce(&mut OtpPolicy)) -> Self {
        let mut policy = OtpPolicy::default();
        change(&mut policy);
        let mut pumping = PumpingPolicy::default();
        pumping.action = PumpingAction::Record;
        Self::with(|builder| builder.policy(policy).pumping(pumping))
    }

    pub(crate) fn with(change: impl FnOnce(OtpBuilder) -> OtpBuilder) -> Self {
        Self::around(FakeProvider::default(), MemoryOtpStore::new(), ManualClock::default(), change)
    }

    /// Around what is there already: the same store after a restart, for instance.
    pub(crate) fn around(
        provider: FakeProvider,
        store: MemoryOtpStore,
        clock: ManualClock,
        change: impl FnOnce(OtpBuilder) -> OtpBuilder,
    ) -> Self {
        crate::logs::install();
        let builder = OtpService::builder(key())
            .app_name("Toko Budi")
            .provider(Arc::new(provider.clone()))
            .store(Arc::new(store.clone()))
            .clock(Arc::new(clock.clone()));
        let (otp, worker) = change(builder).build().unwrap();
        Self { provider, store, clock, otp, worker }
    }

    /// The same provider, store and clock with other settings, as after a restart.
    pub(crate) fn restarted(&self, change: impl FnOnce(OtpBuilder) -> OtpBuilder) -> Self {
        Self::around(self.provider.clone(), self.store.clone(), self.clock.clone(), change)
    }

    pub(crate) async fn start(&self) -> Started {
        self.otp.start(sample()).await.unwrap()
    }

    pub(crate) fn code(&self) -> String {
        self.provider.last_code(&sample_phone()).unwrap()
    }

    pub(crate) fn code_of(&self, phone: &PhoneNumber) -> String {
        self.provider.last_code(phone).unwrap()
    }

    /// Starts and gives the right code.
    pub(crate) async fn proof(&self) -> Proof {
        let started = self.start().await;
        approved(self.otp.check(started.id, &self.code()).await.unwrap())
    }
}

pub(crate) fn approved(check: Check) -> Proof {
    let Check::Approved(proof) = check else { panic!("not approved: {check:?}") };
    proof
}

/// How many checks are left after a wrong code.
pub(crate) fn wrong(check: &Check) -> u32 {
    let Check::Wrong { attempts_left } = check else { panic!("not wrong: {check:?}") };
    *attempts_left
}
