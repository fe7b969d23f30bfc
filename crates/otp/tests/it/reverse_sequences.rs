//! Random sequences of everything that can be done with reverse verifications, beside a naive account of them: who
//! proves a phone, and nobody else.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use wartel_core::{Clock as _, ManualClock, Timestamp};
use wartel_messaging::testing::FakeProvider;
use wartel_otp::testing::phone_number;
use wartel_otp::{
    Check, Claim, InboundProof, InboundTrust, MemoryOtpStore, OtpService, OtpWorker, Purpose, Received,
    ReversePolicy, ReverseStart, StartReverseError, VerificationId, VerificationState,
};

use crate::desk::{ip, key, seconds};

/// As many as are kept of one phone when they are over, so that none is dropped in a sequence.
const MOST: usize = 16;

#[derive(Debug, Clone)]
enum Step {
    Open { phone: u32, from: u8, own: Option<usize> },
    Say { phone: u32, code_of: usize, signed: bool },
    SayWrong { phone: u32 },
    Claim(usize),
    Cancel(usize),
    Check(usize),
    Wait(u64),
    Purge,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..2_u32, 0..4_u8, prop::option::weighted(0.3, 0..MOST))
            .prop_map(|(phone, from, own)| Step::Open { phone, from, own }),
        4 => (0..2_u32, 0..MOST, prop::bool::weighted(0.8))
            .prop_map(|(phone, code_of, signed)| Step::Say { phone, code_of, signed }),
        3 => (0..2_u32).prop_map(|phone| Step::SayWrong { phone }),
        3 => (0..MOST).prop_map(Step::Claim),
        1 => (0..MOST).prop_map(Step::Cancel),
        1 => (0..MOST).prop_map(Step::Check),
        2 => prop::sample::select(vec![0, 1, 60, 150, 299, 300, 599, 600]).prop_map(Step::Wait),
        1 => Just(Step::Purge),
    ]
}

/// One verification, as somebody with pencil and paper would keep it.
struct Entry {
    id: VerificationId,
    code: String,
    phone: u32,
    from: u8,
    opened_at: Timestamp,
    expires_at: Timestamp,
    wrong: u32,
    confirmed_until: Option<Timestamp>,
    claimed: bool,
    cancelled: bool,
}

impl Entry {
    fn waits(&self, now: Timestamp) -> bool {
        let ended = self.cancelled || self.wrong >= 10 || self.confirmed_until.is_some();
        !ended && now < self.expires_at
    }

    fn has_proof(&self, now: Timestamp) -> bool {
        !self.cancelled && !self.claimed && self.confirmed_until.is_some_and(|until| now < until)
    }

    fn state(&self, now: Timestamp) -> VerificationState {
        if self.claimed || self.has_proof(now) {
            VerificationState::Approved
        } else if self.cancelled {
            VerificationState::Cancelled
        } else if self.wrong >= 10 {
            VerificationState::Locked
        } else if self.waits(now) {
            VerificationState::Pending
        } else {
            VerificationState::Expired
        }
    }
}

struct World {
    otp: OtpService,
    worker: OtpWorker,
    clock: ManualClock,
    entries: Vec<Entry>,
}

impl World {
    fn new() -> Self {
        let (store, clock) = (MemoryOtpStore::new(), ManualClock::default());
        let mut policy = ReversePolicy::default();
        policy.starts_per_client.clear();
        policy.starts_per_tenant.clear();
        let (otp, worker) = OtpService::builder(key())
            .app_name("Toko Budi")
            .provider(Arc::new(FakeProvider::default()))
            .store(Arc::new(store.clone()))
            .reverse_store(Arc::new(store))
            .reverse_policy(policy)
            .clock(Arc::new(clock.clone()))
            .build()
            .unwrap();
        Self { otp, worker, clock, entries: Vec::new() }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn run(&mut self, step: Step) {
        match step {
            Step::Open { phone, from, own } => self.open(phone, from, own).await,
            Step::Say { phone, code_of, signed } => self.say(phone, code_of, signed).await,
            Step::SayWrong { phone } => {
                let wrong = self.wrong_code();
                let received = self.receive(phone, &wrong, true).await;
                self.expect_wrong(phone, &received);
            }
            Step::Claim(n) => self.claim(n).await,
            Step::Cancel(n) => {
                let now = self.now();
                let Some(entry) = self.entries.get_mut(n) else { return };
                let open = entry.waits(now) || entry.has_proof(now);
                assert_eq!(self.otp.cancel(entry.id).await.unwrap(), open);
                entry.cancelled |= open;
            }
            Step::Check(n) => {
                let Some(entry) = self.entries.get(n) else { return };
                let check = self.otp.check(entry.id, &entry.code).await.unwrap();
                assert!(matches!(check, Check::NoActiveCode), "{check:?}");
            }
            Step::Wait(span) => self.clock.advance(Duration::from_secs(span)),
            Step::Purge => drop(self.worker.purge().await.unwrap()),
        }
        self.compare_states().await;
    }

    async fn open(&mut self, phone: u32, from: u8, own: Option<usize>) {
        let now = self.now();
        if self.entries.len() >= MOST {
            return;
        }
        let named = own.and_then(|n| self.entries.get(n)).map(|entry| entry.id);
        let start = ReverseStart::new(phone_number(phone), Purpose::LOGIN).client_ip(ip(from)).own_id(named);
        let kept = self.entries.iter_mut().find(|e| Some(e.id) == named && e.phone == phone && e.waits(now));
        if let Some(kept) = kept {
            let started = self.otp.start_reverse(start).await.unwrap();
            kept.expires_at = (now + seconds(300)).min(kept.opened_at + seconds(600)).max(kept.expires_at);
            assert_eq!((started.id, started.expires_at), (kept.id, kept.expires_at));
            assert_eq!(started.code.expose().expose(), kept.code);
            return;
        }
        let open = |entry: &&Entry| entry.phone == phone && (entry.waits(now) || entry.has_proof(now));
        let (all, own) = (
            self.entries.iter().filter(open).count(),
            self.entries.iter().filter(open).filter(|entry| entry.from == from).count(),
        );
        match self.otp.start_reverse(start).await {
            Ok(started) => {
                assert!(all < 6 && own < 2, "{all} are open, {own} of this client");
                let code = started.code.expose().expose().to_owned();
                assert!(self.entries.iter().all(|entry| entry.id != started.id));
                self.entries.push(Entry {
                    id: started.id,
                    code,
                    phone,
                    from,
                    opened_at: now,
                    expires_at: now + seconds(300),
                    wrong: 0,
                    confirmed_until: None,
                    claimed: false,
                    cancelled: false,
                });
                assert_eq!(started.expires_at, now + seconds(300));
            }
            Err(StartReverseError::TooManyOpen { retry_at }) => {
                assert!(all >= 6 || own >= 2, "{all} are open, {own} of this client");
                assert!(retry_at > now);
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// A code that nobody has.
    fn wrong_code(&self) -> String {
        let codes = (0..1_000_000_u32).map(|n| format!("{n:06}"));
        codes.into_iter().find(|code| self.entries.iter().all(|entry| entry.code != *code)).unwrap()
    }

    async fn receive(&self, phone: u32, code: &str, signed: bool) -> Received {
        let trust = if signed { InboundTrust::Signed } else { InboundTrust::TokenOnly };
        self.otp.receive(InboundProof::new(phone_number(phone), code, trust)).await.unwrap()
    }

    async fn say(&mut self, phone: u32, code_of: usize, signed: bool) {
        let now = self.now();
        let Some(code) = self.entries.get(code_of).map(|entry| entry.code.clone()) else { return };
        if self.entries.iter().filter(|entry| entry.code == code).count() > 1 {
            return; // One in a million: nobody can say whose it is.
        }
        let received = self.receive(phone, &code, signed).await;
        let entry = &mut self.entries[code_of];
        if !signed {
            assert!(received == Received::Refused);
        } else if entry.phone != phone {
            self.expect_wrong(phone, &received);
        } else if entry.waits(now) {
            assert!(received == Received::Confirmed { id: entry.id }, "{received:?}");
            entry.confirmed_until = Some(now + seconds(600));
        } else if entry.claimed || entry.has_proof(now) {
            assert!(received == Received::Repeated { id: entry.id }, "{received:?}");
        } else {
            assert!(received == Received::Expired, "{received:?}");
        }
    }

    fn expect_wrong(&mut self, phone: u32, received: &Received) {
        let now = self.now();
        let mut left = None;
        for entry in self.entries.iter_mut().filter(|entry| entry.phone == phone && entry.waits(now)) {
            entry.wrong += 1;
            left = left.max(Some(10 - entry.wrong));
        }
        let expected = left.map_or(Received::NotForUs, |left| Received::NoMatch { left });
        assert!(*received == expected, "{received:?} and not {expected:?}");
    }

    async fn claim(&mut self, n: usize) {
        let now = self.now();
        let Some(entry) = self.entries.get_mut(n) else { return };
        match self.otp.claim(entry.id).await.unwrap() {
            Claim::Pending { expires_at } => {
                assert!(entry.waits(now));
                assert_eq!(expires_at, entry.expires_at);
            }
            Claim::Approved(proof) => {
                assert!(entry.has_proof(now), "a proof that nobody earned");
                assert_eq!(Some(proof.expires_at()), entry.confirmed_until);
                entry.claimed = true;
                let redeemed = self.otp.redeem(proof, Purpose::LOGIN, "a").await.unwrap();
                assert_eq!(redeemed, phone_number(entry.phone));
            }
            Claim::NoActiveCode => assert!(!entry.waits(now) && !entry.has_proof(now)),
        }
    }

    async fn compare_states(&self) {
        for entry in &self.entries {
            let view = self.otp.get(entry.id).await.unwrap().unwrap();
            assert_eq!(view.state, entry.state(self.now()));
            assert_eq!(view.phone, phone_number(entry.phone));
        }
    }
}

fn cases() -> u32 {
    let long: u32 = std::env::var("WARTEL_LONG").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    200 * long.max(1)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    /// Default: 200 sequences of up to 80 steps; `WARTEL_LONG` multiplies the sequences.
    #[test]
    fn a_proof_is_given_for_the_right_message_and_nothing_else(steps in prop::collection::vec(step(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new();
            for step in steps {
                world.run(step).await;
            }
        });
    }
}
