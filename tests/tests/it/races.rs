//! Real concurrency against one verification, on every store.

use std::sync::Arc;

use tokio::task::JoinSet;
use wartel_core::{Country, MasterKey, PhoneNumber};
use wartel_messaging::testing::FakeProvider;
use wartel_otp::{
    Check, CheckError, MemoryOtpStore, OtpPolicy, OtpService, OtpStore, Purpose, Start, Started,
};
use wartel_storage::{PostgresStores, RedisStores, SqliteStores};
use wartel_tests::flows::wrong;

use crate::service::store::Store;

const AT_ONCE: usize = 1_000;

/// How many rounds: as many as said, or `WARTEL_LONG` times as many in the long runs.
pub(crate) fn rounds(usual: usize) -> usize {
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
            checks.spawn(async move {
                let mut late = 0;
                loop {
                    match otp.check(id, &code).await {
                        Ok(check) => return (check, late),
                        // A busy machine does not get through with all of them within the time of a step.
                        Err(CheckError::Store(error)) if error.is_temporary() && late < 20 => late += 1,
                        Err(error) => panic!("{error:?}"),
                    }
                }
            });
        }
        let mut tally = Tally::default();
        while let Some(check) = checks.join_next().await {
            let (check, late) = check.unwrap();
            tally.late += late;
            match check {
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
pub(crate) struct Tally {
    pub(crate) approved: usize,
    pub(crate) wrong: usize,
    pub(crate) locked: usize,
    pub(crate) none: usize,
    /// Answers that came too late: nobody knows whether these were counted, so that their callers asked again.
    pub(crate) late: usize,
}

impl Tally {
    /// One right code succeeded, or it is among those whose answer came too late. All others found no code.
    pub(crate) fn has_one_success(&self) -> bool {
        let seen = self.approved == 1 || (self.approved == 0 && self.late > 0);
        seen && self.wrong + self.locked == 0
    }

    /// Five wrong codes were counted, of which some may be among those whose answer came too late.
    pub(crate) fn has_five_wrong(&self) -> bool {
        let seen = self.wrong == 5 || (self.wrong < 5 && self.late > 0);
        seen && self.approved + self.none == 0
    }
}

/// A thousand right codes at once: one succeeds.
async fn one_right_code_succeeds(store: Arc<dyn OtpStore>, rounds: usize) {
    let engine = Engine::new(store);
    for round in 0..rounds {
        let (started, code) = engine.started(round).await;
        let tally = engine.check_all(&started, std::iter::repeat_n(code, AT_ONCE)).await;
        assert!(tally.has_one_success(), "round {round}: {tally:?}");
    }
}

/// A thousand wrong codes at once: five are counted.
async fn five_wrong_codes_are_counted(store: Arc<dyn OtpStore>, rounds: usize) {
    let engine = Engine::new(store);
    for round in 0..rounds {
        let (started, code) = engine.started(round).await;
        let tally = engine.check_all(&started, std::iter::repeat_n(wrong(&code), AT_ONCE)).await;
        assert!(tally.has_five_wrong(), "round {round}: {tally:?}");
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
        assert!(tally.approved == 1 || tally.late > 0, "round {round}: {tally:?}");
    }
}

async fn sqlite() -> (tempfile::TempDir, Arc<dyn OtpStore>) {
    let folder = tempfile::tempdir().unwrap();
    let stores = SqliteStores::open(folder.path().join("races.db")).await.unwrap();
    (folder, Arc::new(stores))
}

async fn postgres() -> Arc<dyn OtpStore> {
    let Store::Postgres(url) = Store::postgres().await else { panic!("no Postgres") };
    let stores = PostgresStores::connect(&url).await.unwrap();
    stores.migrate().await.unwrap();
    Arc::new(stores)
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

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn one_of_a_thousand_right_codes_succeeds_on_postgres() {
    one_right_code_succeeds(postgres().await, rounds(30)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn five_of_a_thousand_wrong_codes_are_counted_on_postgres() {
    five_wrong_codes_are_counted(postgres().await, rounds(20)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn the_right_code_wins_on_postgres() {
    the_right_code_wins(postgres().await, rounds(100)).await;
}

async fn redis() -> (Store, Arc<dyn OtpStore>) {
    let store = Store::Sqlite("unused".into()).with_redis();
    let Store::Redis(server, _) = &store else { panic!("no Redis") };
    let url = server.lock().unwrap().url();
    let stores = RedisStores::connect(&url).await.unwrap();
    (store, Arc::new(stores))
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn one_of_a_thousand_right_codes_succeeds_on_redis() {
    let (_server, store) = redis().await;
    one_right_code_succeeds(store, rounds(30)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn five_of_a_thousand_wrong_codes_are_counted_on_redis() {
    let (_server, store) = redis().await;
    five_wrong_codes_are_counted(store, rounds(20)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn the_right_code_wins_on_redis() {
    let (_server, store) = redis().await;
    the_right_code_wins(store, rounds(100)).await;
}
