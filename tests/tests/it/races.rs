//! Real concurrency against one verification, on every store.

use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::task::JoinSet;
use wartel_core::{Country, MasterKey, PhoneNumber, StoreError, StoreErrorKind};
use wartel_messaging::testing::FakeProvider;
use wartel_otp::store::AttemptOutcome;
use wartel_otp::testing::MockOtpStore;
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
    pub(crate) fn of_right_codes(&self) -> Seen {
        let no_other = self.wrong + self.locked == 0;
        self.seen(self.approved == 1 && no_other, self.approved == 0 && no_other)
    }

    /// Five wrong codes were counted, of which some may be among those whose answer came too late.
    pub(crate) fn of_wrong_codes(&self) -> Seen {
        let no_other = self.approved + self.none == 0;
        self.seen(self.wrong == 5 && no_other, self.wrong < 5 && no_other)
    }

    /// The right code among a few wrong ones succeeded, or its answer came too late.
    pub(crate) fn of_one_right_code(&self) -> Seen {
        self.seen(self.approved == 1, self.approved == 0)
    }

    fn seen(&self, is_right: bool, may_be_right: bool) -> Seen {
        match (is_right, self.late) {
            (true, 0) => Seen::Clean,
            (true, _) => Seen::Late,
            (false, late) if late > 0 && may_be_right => Seen::Hidden,
            _ => Seen::Wrong,
        }
    }
}

/// What a round shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// All that should happen, and every answer came in time.
    Clean,
    /// All that should happen, though answers came too late.
    Late,
    /// What should happen may be hidden behind the answers that came too late.
    Hidden,
    /// What must not happen.
    Wrong,
}

/// The rounds of a race. A busy machine may hide what happened in one of twenty, and one of twenty must be clean: a
/// store whose answers always come too late proves nothing. More rounds than usual are played while that is open.
#[derive(Debug)]
pub(crate) struct Rounds {
    usual: usize,
    clean: usize,
    late: usize,
    hidden: usize,
}

impl Rounds {
    /// One of so many may be hidden, and one must be clean.
    const ONE_OF: usize = 20;

    pub(crate) const fn new(usual: usize) -> Self {
        Self { usual, clean: 0, late: 0, hidden: 0 }
    }

    const fn played(&self) -> usize {
        self.clean + self.late + self.hidden
    }

    const fn prove(&self) -> bool {
        self.hidden * Self::ONE_OF <= self.played() && self.clean * Self::ONE_OF >= self.played()
    }

    /// The number of the next round; `None` when there were enough.
    pub(crate) fn next(&self) -> Option<usize> {
        let most = self.usual + 2 * Self::ONE_OF;
        let goes_on = self.played() < self.usual || (!self.prove() && self.played() < most);
        goes_on.then_some(self.played())
    }

    #[track_caller]
    pub(crate) fn note(&mut self, seen: Seen, tally: &Tally) {
        match seen {
            Seen::Clean => self.clean += 1,
            Seen::Late => self.late += 1,
            Seen::Hidden => self.hidden += 1,
            Seen::Wrong => panic!("round {}: {tally:?}", self.played()),
        }
    }

    #[track_caller]
    pub(crate) fn end(self, what: &str) {
        println!(
            "{what}: {} rounds, {} clean, {} late, {} hidden",
            self.played(),
            self.clean,
            self.late,
            self.hidden
        );
        assert!(self.prove(), "{what}: too many answers came too late: {self:?}");
    }
}

/// A thousand right codes, or as many as said, at once: one succeeds.
async fn one_right_code_succeeds(store: Arc<dyn OtpStore>, at_once: usize, usual: usize) {
    let (engine, mut rounds) = (Engine::new(store), Rounds::new(usual));
    while let Some(round) = rounds.next() {
        let (started, code) = engine.started(round).await;
        let tally = engine.check_all(&started, std::iter::repeat_n(code, at_once)).await;
        rounds.note(tally.of_right_codes(), &tally);
    }
    rounds.end("a thousand right codes");
}

/// A thousand wrong codes, or as many as said, at once: five are counted.
async fn five_wrong_codes_are_counted(store: Arc<dyn OtpStore>, at_once: usize, usual: usize) {
    let (engine, mut rounds) = (Engine::new(store), Rounds::new(usual));
    while let Some(round) = rounds.next() {
        let (started, code) = engine.started(round).await;
        let tally = engine.check_all(&started, std::iter::repeat_n(wrong(&code), at_once)).await;
        rounds.note(tally.of_wrong_codes(), &tally);
    }
    rounds.end("a thousand wrong codes");
}

/// One right code among four wrong ones: the right one wins.
async fn the_right_code_wins(store: Arc<dyn OtpStore>, usual: usize) {
    let (engine, mut rounds) = (Engine::new(store), Rounds::new(usual));
    while let Some(round) = rounds.next() {
        let (started, code) = engine.started(round).await;
        let mut codes = vec![wrong(&code); 4];
        codes.insert(round % 5, code);
        let tally = engine.check_all(&started, codes).await;
        rounds.note(tally.of_one_right_code(), &tally);
    }
    rounds.end("a right code among wrong ones");
}

/// A memory store that says too late, each time, that a code was right or wrong.
fn late_store() -> Arc<dyn OtpStore> {
    let inner = MemoryOtpStore::new();
    let (admits, attempts, gets, records) = (inner.clone(), inner.clone(), inner.clone(), inner);
    let mut store = MockOtpStore::new();
    store.expect_admit().returning(move |admit, now| admits.admit(admit, now).now_or_never().unwrap());
    store
        .expect_get()
        .returning(move |tenant, target, now| gets.get(tenant, target, now).now_or_never().unwrap());
    store
        .expect_record_delivery()
        .returning(move |record, now| records.record_delivery(record, now).now_or_never().unwrap());
    store.expect_attempt().returning(move |attempt, now| {
        match attempts.attempt(attempt, now).now_or_never().unwrap() {
            Ok(AttemptOutcome::Approved { .. } | AttemptOutcome::Mismatch { .. }) => {
                Err(StoreError::new(StoreErrorKind::Unavailable, "otp.attempt"))
            }
            other => other,
        }
    });
    Arc::new(store)
}

#[tokio::test]
#[should_panic(expected = "a thousand right codes: too many answers came too late")]
async fn a_store_that_is_always_late_proves_nothing_of_right_codes() {
    one_right_code_succeeds(late_store(), 10, 3).await;
}

#[tokio::test]
#[should_panic(expected = "a thousand wrong codes: too many answers came too late")]
async fn a_store_that_is_always_late_proves_nothing_of_wrong_codes() {
    five_wrong_codes_are_counted(late_store(), 10, 3).await;
}

#[tokio::test]
#[should_panic(expected = "a right code among wrong ones: too many answers came too late")]
async fn a_store_that_is_always_late_proves_nothing_of_who_wins() {
    the_right_code_wins(late_store(), 3).await;
}

#[test]
fn one_round_of_twenty_may_be_hidden_and_one_must_be_clean() {
    for (usual, clean, late, hidden, next) in [
        (3, 0, 0, 0, Some(0)),
        (3, 3, 0, 0, None),
        (3, 1, 2, 0, None),
        (3, 0, 3, 0, Some(3)),
        (3, 2, 0, 1, Some(3)),
        (3, 19, 0, 1, None),
        (3, 18, 0, 2, Some(20)),
        (3, 1, 19, 0, None),
        (3, 1, 20, 0, Some(21)),
        // It comes to an end all the same, and then the test fails.
        (3, 0, 43, 0, None),
        (100, 95, 0, 5, None),
        (100, 94, 0, 6, Some(100)),
        (100, 120, 0, 7, Some(127)),
        (100, 133, 0, 7, None),
    ] {
        let rounds = Rounds { usual, clean, late, hidden };
        assert_eq!(rounds.next(), next, "{rounds:?}");
    }
}

#[test]
fn a_late_answer_excuses_what_it_may_hide_and_no_more() {
    let tally = |approved, wrong, locked, none, late| Tally { approved, wrong, locked, none, late };
    for (tally, right, wrong) in [
        (tally(1, 0, 0, 999, 0), Seen::Clean, Seen::Wrong),
        (tally(1, 0, 0, 999, 9), Seen::Late, Seen::Wrong),
        (tally(0, 0, 0, 1_000, 1), Seen::Hidden, Seen::Wrong),
        (tally(0, 0, 0, 1_000, 0), Seen::Wrong, Seen::Wrong),
        (tally(2, 0, 0, 998, 9), Seen::Wrong, Seen::Wrong),
        (tally(1, 1, 0, 998, 9), Seen::Wrong, Seen::Wrong),
        (tally(0, 5, 995, 0, 0), Seen::Wrong, Seen::Clean),
        (tally(0, 5, 995, 0, 1), Seen::Wrong, Seen::Late),
        (tally(0, 4, 996, 0, 1), Seen::Wrong, Seen::Hidden),
        (tally(0, 4, 996, 0, 0), Seen::Wrong, Seen::Wrong),
        (tally(0, 6, 994, 0, 9), Seen::Wrong, Seen::Wrong),
        (tally(0, 4, 995, 1, 9), Seen::Wrong, Seen::Wrong),
    ] {
        assert_eq!((tally.of_right_codes(), tally.of_wrong_codes()), (right, wrong), "{tally:?}");
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
    one_right_code_succeeds(Arc::new(MemoryOtpStore::new()), AT_ONCE, rounds(100)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_a_thousand_right_codes_succeeds_on_sqlite() {
    let (_folder, store) = sqlite().await;
    one_right_code_succeeds(store, AT_ONCE, rounds(100)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_of_a_thousand_wrong_codes_are_counted_in_memory() {
    five_wrong_codes_are_counted(Arc::new(MemoryOtpStore::new()), AT_ONCE, rounds(20)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_of_a_thousand_wrong_codes_are_counted_on_sqlite() {
    let (_folder, store) = sqlite().await;
    five_wrong_codes_are_counted(store, AT_ONCE, rounds(20)).await;
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
    one_right_code_succeeds(postgres().await, AT_ONCE, rounds(30)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn five_of_a_thousand_wrong_codes_are_counted_on_postgres() {
    five_wrong_codes_are_counted(postgres().await, AT_ONCE, rounds(20)).await;
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
    one_right_code_succeeds(store, AT_ONCE, rounds(30)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn five_of_a_thousand_wrong_codes_are_counted_on_redis() {
    let (_server, store) = redis().await;
    five_wrong_codes_are_counted(store, AT_ONCE, rounds(20)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn the_right_code_wins_on_redis() {
    let (_server, store) = redis().await;
    the_right_code_wins(store, rounds(100)).await;
}
