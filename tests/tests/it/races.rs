//! Real concurrency against one verification, on every store.

use std::sync::Arc;

use tokio::task::JoinSet;
use wartel_core::{Country, MasterKey, PhoneNumber};
use wartel_messaging::testing::FakeProvider;
use wartel_otp::{Check, MemoryOtpStore, OtpPolicy, OtpService, OtpStore, Purpose, Start, Started};
use wartel_storage::SqliteStores;
use wartel_tests::flows::wrong;

const AT_ONCE: usize = 1_000;

/// How many rounds: as many as said, or `WARTEL_LONG` times as many in the long runs.
fn rounds(usual: usize) -> usize {
    let times =
        std::env::var("WARTEL_LONG").ok().map_or(1, |text| text.parse().expect("WARTEL_LONG is a number"));
    usual * times
}

struct Engine {
    otp: OtpService,
    provider: FakeProvider,
}

impl Engine {
    fn new(store: Arc<dyn OtpStore>) -> Self {
        let provider = FakeProvider::default();
        let mut policy = OtpPolicy::default();
        policy.sends_per_tenant.clear();
        let (otp, _worker) = OtpService::builder(MasterKey::generate().unwrap())
            .app_name("Toko Budi")
            .provider(Arc::new(provider.clone()))
            .store(store)
            .policy(policy)
            .build()
            .unwrap();
        Self { otp, provider }
    }

    async fn started(&self, round: usize) -> (Started, String) {
        let phone = PhoneNumber::parse(&format!("08123{round:07}"), Country::INDONESIA).unwrap();
        let started = self.otp.start(Start::new(phone, Purpose::LOGIN)).await.unwrap();
        let code = self.provider.last_code(&started.phone).unwrap();
        (started, code)
    }

    /// Checks each of `codes` at the same moment.
    async fn check_all(&self, started: &Started, codes: impl IntoIterator<Item = String>) -> Tally {
        let mut checks = JoinSet::new();
        for code in codes {
            let (otp, id) = (self.otp.clone(), started.id);
            checks.spawn(async move { otp.check(id, &code).await.unwrap() });
        }
        let mut tally = Tally::default();
        while let Some(check) = checks.join_next().await {
            match check.unwrap() {
                Check::Approved(_) => tally.approved += 1,
                Check::Wrong { .. } => tally.wrong += 1,
                Check::Locked { .. } => tally.locked += 1,
                Check::NoActiveCode => tally.none += 1,
            }
        }
        tally
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    approved: usize,
    wrong: usize,
    locked: usize,
    none: usize,
}

/// A thousand right codes at once: one succeeds.
async fn one_right_code_succeeds(store: Arc<dyn OtpStore>, rounds: usize) {
    let engine = Engine::new(store);
    for round in 0..rounds {
        let (started, code) = engine.started(round).await;
        let tally = engine.check_all(&started, std::iter::repeat_n(code, AT_ONCE)).await;
        assert_eq!(tally, Tally { approved: 1, none: AT_ONCE - 1, ..Tally::default() }, "round {round}");
    }
}

/// A thousand wrong codes at once: five are counted.
async fn five_wrong_codes_are_counted(store: Arc<dyn OtpStore>, rounds: usize) {
    let engine = Engine::new(store);
    for round in 0..rounds {
        let (started, code) = engine.started(round).await;
        let tally = engine.check_all(&started, std::iter::repeat_n(wrong(&code), AT_ONCE)).await;
        assert_eq!(tally, Tally { wrong: 5, locked: AT_ONCE - 5, ..Tally::default() }, "round {round}");
    }
}

/// One right code among four wrong ones: the right one wins.
async fn the_right_code_wins(store: Arc<dyn OtpStore>, rounds: usize) {
    let engine = Engine::new(store);
    for round in 0..rounds {
        let (started, code) = engine.started(round).await;
        let mut codes = vec![wrong(&code); 4];
        codes.insert(round % 5, code);
        let tally = engine.check_all(&started, codes).await;
        assert_eq!(tally.approved, 1, "round {round}: {tally:?}");
    }
}

async fn sqlite() -> (tempfile::TempDir, Arc<dyn OtpStore>) {
    let folder = tempfile::tempdir().unwrap();
    let stores = SqliteStores::open(folder.path().join("races.db")).await.unwrap();
    (folder, Arc::new(stores))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_a_thousand_right_codes_succeeds_in_memory() {
    one_right_code_succeeds(Arc::new(MemoryOtpStore::new()), rounds(100)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_a_thousand_right_codes_succeeds_on_sqlite() {
    let (_folder, store) = sqlite().await;
    one_right_code_succeeds(store, rounds(100)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_of_a_thousand_wrong_codes_are_counted_in_memory() {
    five_wrong_codes_are_counted(Arc::new(MemoryOtpStore::new()), rounds(20)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_of_a_thousand_wrong_codes_are_counted_on_sqlite() {
    let (_folder, store) = sqlite().await;
    five_wrong_codes_are_counted(store, rounds(20)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_code_wins_in_memory() {
    the_right_code_wins(Arc::new(MemoryOtpStore::new()), rounds(300)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_code_wins_on_sqlite() {
    let (_folder, store) = sqlite().await;
    the_right_code_wins(store, rounds(300)).await;
}
