//! What the guard asks of its store, and what it does when the store fails: requests are let through.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use wartel_core::{StoreError, StoreErrorKind, Timestamp};
use wartel_otp::events::{OtpEvent, TallyFailure};
use wartel_otp::guard::{PumpingPolicy, Verdict};
use wartel_otp::testing::T0;
use wartel_otp::{MemoryTallies, Tally, TallyStore};

use super::scene::{HOUR, MINUTE, SECOND, Scene, ip, who};

/// A store that can be switched off, can hang, and counts what it is asked.
#[derive(Debug, Clone, Default)]
struct Moody {
    tallies: MemoryTallies,
    fails: Arc<AtomicBool>,
    hangs: Arc<AtomicBool>,
    reads: Arc<AtomicUsize>,
    writes: Arc<AtomicUsize>,
}

impl Moody {
    async fn mood(&self) -> Result<(), StoreError> {
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.fails.load(Ordering::SeqCst) {
            return Err(StoreError::new(StoreErrorKind::Unavailable, "otp.tallies"));
        }
        Ok(())
    }

    fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }

    fn hang(&self, hangs: bool) {
        self.hangs.store(hangs, Ordering::SeqCst);
    }

    fn reads(&self) -> usize {
        self.reads.swap(0, Ordering::SeqCst)
    }

    fn writes(&self) -> usize {
        self.writes.swap(0, Ordering::SeqCst)
    }
}

#[async_trait::async_trait]
impl TallyStore for Moody {
    async fn add_tallies(&self, tallies: Vec<Tally>) -> Result<(), StoreError> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        self.mood().await?;
        self.tallies.add_tallies(tallies).await
    }

    async fn tallies(&self, keys: Vec<String>, since: Timestamp) -> Result<Vec<Tally>, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.mood().await?;
        self.tallies.tallies(keys, since).await
    }

    async fn purge_tallies(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.mood().await?;
        self.tallies.purge_tallies(before, limit).await
    }
}

fn scene(store: &Moody) -> Scene {
    Scene::on(Arc::new(store.clone()), PumpingPolicy::default(), None)
}

/// Lets spawned writes run.
async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_calm_tenant_costs_one_read_in_fifteen_seconds() {
    let store = Moody::default();
    let mut scene = scene(&store);
    for n in 0..15 {
        scene.customer(&who(n % 10, n, ip(n as u8, 7))).await;
        scene.pass(SECOND).await;
    }
    assert_eq!(store.reads(), 1);
    scene.customer(&who(1, 99, ip(1, 7))).await;
    assert_eq!(store.reads(), 1);
}

#[tokio::test]
async fn what_is_counted_is_written_once_a_second_and_not_waited_for() {
    let store = Moody::default();
    let mut scene = scene(&store);
    for n in 0..20 {
        scene.customer(&who(1, n, ip(1, 7))).await;
        settle().await;
    }
    assert_eq!(store.writes(), 1);
    scene.now = scene.now + SECOND;
    // The next request writes, without a worker.
    scene.verdict(&who(1, 99, ip(1, 7))).await;
    settle().await;
    assert_eq!(store.writes(), 1);
    let kept = store.tallies.tallies(vec!["default/tenant/".to_owned()], T0).await.unwrap();
    assert_eq!(kept, [Tally::new("default/tenant/", T0, 20, 20)]);
    // Nothing waits: nothing is written.
    scene.pass(SECOND).await;
    assert_eq!(store.writes(), 0);
}

#[tokio::test]
async fn a_failing_store_stops_nobody_and_loses_nothing() {
    let store = Moody::default();
    let mut scene = scene(&store);
    store.fail(true);
    for n in 0..30 {
        assert!(scene.junk(&who(1, n, ip(1, 7))).await);
        assert!(scene.guard.flush(scene.now).await.is_err());
        scene.now = scene.now + SECOND;
    }
    let told = |failure| OtpEvent::TalliesUnavailable { failure, lost: 0 };
    let events = scene.events();
    assert_eq!(events.len(), 2, "{events:?}");
    assert!(events.contains(&told(TallyFailure::Read)) && events.contains(&told(TallyFailure::Write)));
    // It reads now and then, to find out when the store is back: not for every request.
    assert!((2..=7).contains(&store.reads()));

    scene.now = scene.now + 31 * SECOND;
    assert!(scene.guard.flush(scene.now).await.is_err());
    assert_eq!(scene.events(), [told(TallyFailure::Write)], "once a minute");

    store.fail(false);
    scene.pass(15 * MINUTE).await;
    let kept = store.tallies.tallies(vec!["default/tenant/".to_owned()], T0).await.unwrap();
    assert_eq!(kept, [Tally::new("default/tenant/", T0, 30, 0)]);
    scene.denied_until(&who(1, 99, ip(1, 7))).await;
}

#[tokio::test]
async fn what_is_known_to_be_hot_stays_so_while_the_store_fails() {
    let store = Moody::default();
    let mut scene = scene(&store);
    for n in 0..3 {
        scene.junk(&who(1, n, ip(1, 7))).await;
    }
    scene.pass(15 * MINUTE).await;
    scene.denied_until(&who(1, 99, ip(1, 7))).await;
    store.fail(true);
    scene.now = scene.now + MINUTE;
    assert_eq!(scene.denied_until(&who(1, 99, ip(1, 7))).await, T0 + HOUR);
    // Until it would have cooled down; what happened since, nobody knows.
    scene.now = T0 + HOUR;
    assert_eq!(scene.verdict(&who(1, 99, ip(1, 7))).await, Verdict::Allow);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_delays_one_request_half_a_second() {
    let store = Moody::default();
    let mut scene = scene(&store);
    store.hang(true);
    let before = tokio::time::Instant::now();
    assert!(scene.junk(&who(1, 0, ip(1, 7))).await);
    assert_eq!(before.elapsed(), Duration::from_millis(500));
    for n in 1..50 {
        assert!(scene.junk(&who(1, n, ip(1, 7))).await);
    }
    assert_eq!(before.elapsed(), Duration::from_millis(500));

    // A write that hangs is given up, and what it held is kept.
    settle().await;
    tokio::time::advance(6 * SECOND).await;
    store.hang(false);
    scene.pass(15 * MINUTE).await;
    let kept = store.tallies.tallies(vec!["default/tenant/".to_owned()], T0).await.unwrap();
    assert_eq!(kept, [Tally::new("default/tenant/", T0, 50, 0)]);
}

#[tokio::test]
async fn requests_at_once_share_a_read() {
    let store = Moody::default();
    let mut scene = scene(&store);
    scene.verdict(&who(1, 0, ip(1, 7))).await;
    scene.pass(15 * SECOND).await;
    store.reads();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..50 {
        let (guard, now) = (scene.guard.clone(), scene.now);
        tasks.spawn(async move { guard.before_start(&who(1, n, ip(1, 7)), now).await });
    }
    assert!(tasks.join_all().await.into_iter().all(|verdict| verdict == Verdict::Allow));
    assert_eq!(store.reads(), 1);
}

#[tokio::test]
async fn a_clock_that_is_set_back_blinds_nobody() {
    let store = Moody::default();
    let mut scene = scene(&store);
    scene.customer(&who(1, 0, ip(1, 7))).await;
    scene.pass(SECOND).await;
    scene.now = T0 - HOUR;
    store.reads();
    store.writes();
    scene.customer(&who(1, 1, ip(1, 7))).await;
    settle().await;
    assert_eq!((store.reads(), store.writes()), (1, 1));
}

#[tokio::test]
async fn what_no_window_reaches_is_deleted() {
    let store = Moody::default();
    let mut scene = scene(&store);
    for n in 0..30 {
        scene.customer(&who(n % 10, n, ip(n as u8, 7))).await;
    }
    scene.pass(25 * HOUR).await;
    assert_eq!(scene.guard.purge(scene.now).await.unwrap(), 0);
    assert_eq!(scene.guard.purge(scene.now + 5 * MINUTE).await.unwrap(), 30 + 10 + 2);
    assert!(store.tallies.is_empty());
}

/// What a dump of the store shows: ranges and networks, no number and no address.
#[tokio::test]
async fn no_full_number_and_no_address_is_kept() {
    let store = Moody::default();
    let mut scene = scene(&store);
    scene.customer(&who(1, 2_345, ip(1, 77))).await;
    scene.pass(SECOND).await;
    let keys = [
        "default/bucket/+628123451/198.51.1.0/24",
        "default/prefix/+628123451",
        "default/country/ID",
        "default/tenant/",
    ];
    let kept = store.tallies.tallies(keys.map(str::to_owned).to_vec(), T0).await.unwrap();
    assert_eq!(kept.len(), 4);
    assert_eq!(store.tallies.len(), 4, "something else is kept");
}

/// What waits for a store that fails is bounded. How much was lost is told with the failure to write, not with that to
/// read.
#[tokio::test]
async fn what_is_lost_is_told_with_the_failed_write() {
    let store = Moody::default();
    store.fail(true);
    let scene = scene(&store);
    for slot in 0..6_000 {
        let created_at = scene.now + slot * 300 * SECOND;
        scene.guard.begun(&who(1, slot, ip(1, 7)), created_at, scene.now);
    }
    assert_eq!(scene.verdict(&who(1, 1, ip(1, 7))).await, Verdict::Allow);
    assert!(scene.guard.flush(scene.now).await.is_err());
    let mut told = Vec::new();
    for event in scene.events() {
        let OtpEvent::TalliesUnavailable { failure, lost } = event else { panic!("{event:?}") };
        told.push((failure, lost > 0));
    }
    told.sort_by_key(|(failure, _)| *failure == TallyFailure::Write);
    assert_eq!(told, [(TallyFailure::Read, false), (TallyFailure::Write, true)]);
}
