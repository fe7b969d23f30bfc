//! What needs the inside of the engine: groups, failing steps, limits, settings, the probe.

use std::error::Error as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;
use tokio::task::JoinSet;
use wartel_core::{Probe as _, ProbeFailureKind, StoreError, StoreErrorKind};

use super::error::At as _;
use super::queue::QUEUE_LENGTH;
use super::statements::Db;
use super::{BEAT, BUSY_TIMEOUT, Limits, SqliteStores};

const STEP: &str = "test.step";

/// Limits that a test can wait for, and a slow machine can keep.
const SHORT: Limits = Limits {
    queue: Duration::from_millis(250),
    commit: Duration::from_millis(500),
    answer: Duration::from_millis(500),
};

struct Bench {
    stores: SqliteStores,
    folder: TempDir,
}

impl Bench {
    /// Stores with a table of numbers.
    async fn new() -> Self {
        Self::with(Limits::default()).await
    }

    async fn with(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stores = SqliteStores::open_with(&folder.path().join("test.db"), true, limits).await.unwrap();
        let table = |c: &Db<'_>| c.execute_batch("CREATE TABLE numbers (n INTEGER, filling BLOB)").at(STEP);
        stores.write(STEP, table).await.unwrap();
        Self { stores, folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("test.db")
    }

    fn insert(&self, n: i64) -> impl Future<Output = Result<(), StoreError>> + Send + 'static {
        let stores = self.stores.clone();
        async move { stores.write(STEP, move |c| insert(c, n)).await }
    }

    async fn numbers(&self) -> Vec<i64> {
        self.stores
            .read(STEP, |c| {
                let mut statement = c.prepare("SELECT n FROM numbers ORDER BY n").at(STEP)?;
                statement.query_map([], |row| row.get(0)).at(STEP)?.collect::<rusqlite::Result<_>>().at(STEP)
            })
            .await
            .unwrap()
    }

    /// Keeps the writer busy until the gate is dropped, so that what is asked meanwhile makes one group.
    async fn gate(&self) -> mpsc::Sender<()> {
        let (gate, closed) = mpsc::channel::<()>();
        let (entered, begun) = tokio::sync::oneshot::channel();
        let (stores, mut entered) = (self.stores.clone(), Some(entered));
        tokio::spawn(async move {
            let hold = move |_: &Db<'_>| {
                entered.take().unwrap().send(()).unwrap();
                // An error: the sender was dropped.
                closed.recv().unwrap_err();
                Ok(())
            };
            stores.write(STEP, hold).await
        });
        begun.await.unwrap();
        gate
    }

    async fn until_waiting(&self, steps: usize) {
        while self.stores.inner.writer.waiting() < steps {
            tokio::task::yield_now().await;
        }
    }
}

fn insert(connection: &Connection, n: i64) -> Result<(), StoreError> {
    connection.execute("INSERT INTO numbers (n) VALUES (?1)", [n]).at(STEP).map(|_| ())
}

fn refused() -> StoreError {
    StoreError::new(StoreErrorKind::Unexpected, "test.refused")
}

#[tokio::test]
async fn a_thousand_writers_share_a_few_commits() {
    let bench = Bench::new().await;
    let gate = bench.gate().await;
    let before = bench.stores.writer_stats();
    let mut writers: JoinSet<_> = (0..1_000).map(|n| bench.insert(n)).collect();
    bench.until_waiting(1_000).await;
    drop(gate);
    while let Some(done) = writers.join_next().await {
        done.unwrap().unwrap();
    }
    let after = bench.stores.writer_stats();
    // Four groups of at most 256, and the one of the gate.
    assert!(after.commits - before.commits <= 5, "{after:?}");
    assert_eq!(after.steps - before.steps, 1_001);
    assert_eq!(after.repeats, 0);
    assert_eq!(bench.numbers().await, (0..1_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_step_that_fails_harms_only_itself() {
    let bench = Bench::new().await;
    let gate = bench.gate().await;
    let first = tokio::spawn(bench.insert(1));
    bench.until_waiting(1).await;
    let stores = bench.stores.clone();
    let failing = tokio::spawn(async move {
        let fail = |c: &Db<'_>| insert(c, 2).and_then(|()| Err::<(), _>(refused()));
        stores.write("test.failing", fail).await
    });
    bench.until_waiting(2).await;
    let stores = bench.stores.clone();
    let panicking = tokio::spawn(async move {
        let panic = |c: &Db<'_>| -> Result<(), StoreError> {
            insert(c, 3)?;
            panic!("on purpose");
        };
        stores.write("test.panicking", panic).await
    });
    bench.until_waiting(3).await;
    let last = tokio::spawn(bench.insert(4));
    bench.until_waiting(4).await;
    drop(gate);

    first.await.unwrap().unwrap();
    assert_eq!(failing.await.unwrap().unwrap_err().step(), "test.refused");
    let panicked = panicking.await.unwrap().unwrap_err();
    assert_eq!((panicked.kind(), panicked.step()), (StoreErrorKind::Unexpected, "test.panicking"));
    last.await.unwrap().unwrap();
    assert_eq!(bench.numbers().await, [1, 4]);
    assert!(bench.stores.writer_stats().repeats >= 4);
    // The writer is as well as before.
    bench.insert(5).await.unwrap();
    assert_eq!(bench.numbers().await, [1, 4, 5]);
}

#[tokio::test]
async fn a_step_that_fails_before_it_writes_costs_nobody_a_repetition() {
    let bench = Bench::new().await;
    let gate = bench.gate().await;
    let written = tokio::spawn(bench.insert(1));
    let stores = bench.stores.clone();
    let failing = tokio::spawn(async move { stores.write(STEP, |_| Err::<(), _>(refused())).await });
    bench.until_waiting(2).await;
    drop(gate);
    written.await.unwrap().unwrap();
    failing.await.unwrap().unwrap_err();
    assert_eq!(bench.stores.writer_stats().repeats, 0);
    assert_eq!(bench.numbers().await, [1]);
}

#[tokio::test]
async fn a_full_disk_refuses_what_does_not_fit_and_nothing_else() {
    let bench = Bench::new().await;
    bench
        .stores
        .write(STEP, |c| {
            let pages: i64 = c.pragma_query_value(None, "page_count", |row| row.get(0)).at(STEP)?;
            c.pragma_update(None, "max_page_count", pages + 2).at(STEP)
        })
        .await
        .unwrap();

    let gate = bench.gate().await;
    let before = tokio::spawn(bench.insert(1));
    bench.until_waiting(1).await;
    let stores = bench.stores.clone();
    let large = tokio::spawn(async move {
        let large = |c: &Db<'_>| {
            c.execute("INSERT INTO numbers (n, filling) VALUES (2, zeroblob(1000000))", [])
                .at(STEP)
                .map(|_| ())
        };
        stores.write(STEP, large).await
    });
    bench.until_waiting(2).await;
    let after = tokio::spawn(bench.insert(3));
    bench.until_waiting(3).await;
    drop(gate);

    before.await.unwrap().unwrap();
    let full = large.await.unwrap().unwrap_err();
    assert_eq!(full.kind(), StoreErrorKind::Full);
    assert!(full.is_temporary());
    after.await.unwrap().unwrap();
    assert_eq!(bench.numbers().await, [1, 3]);
}

#[tokio::test]
async fn a_database_that_became_read_only_says_so() {
    let bench = Bench::new().await;
    bench.stores.probe().await.unwrap();
    bench.stores.write(STEP, |c| c.pragma_update(None, "query_only", true).at(STEP)).await.unwrap();
    assert_eq!(bench.insert(1).await.unwrap_err().kind(), StoreErrorKind::Full);
    let failure = bench.stores.probe().await.unwrap_err();
    assert_eq!(failure.kind(), ProbeFailureKind::Misconfigured);
    assert!(failure.reason().contains("read-only"), "{failure}");
    assert_eq!(bench.numbers().await, [] as [i64; 0]);
}

#[tokio::test]
async fn a_step_that_waited_too_long_is_not_taken() {
    let bench = Bench::with(SHORT).await;
    let gate = bench.gate().await;
    let late = bench.insert(1).await.unwrap_err();
    assert_eq!(late.kind(), StoreErrorKind::Unavailable);
    drop(gate);
    // Whatever waited before this one has been dealt with when it is answered.
    bench.insert(2).await.unwrap();
    assert_eq!(bench.numbers().await, [2]);
}

#[tokio::test]
async fn a_step_whose_caller_was_told_that_it_is_late_is_not_committed() {
    let bench = Bench::with(SHORT).await;
    let (gate, closed) = mpsc::channel::<()>();
    let slow = move |c: &Db<'_>| {
        insert(c, 1)?;
        // An error: the sender was dropped.
        closed.recv().unwrap_err();
        Ok(())
    };
    let late = bench.stores.write(STEP, slow).await.unwrap_err();
    assert_eq!(late.kind(), StoreErrorKind::Unavailable);
    drop(gate);
    bench.insert(2).await.unwrap();
    assert_eq!(bench.numbers().await, [2]);
}

#[test]
fn a_store_gives_up_before_the_http_api_does() {
    let limits = Limits::default();
    // `STORE_WAIT` of the HTTP API.
    assert!(limits.answer + BEAT < Duration::from_millis(2_500));
    assert!(limits.queue < limits.commit && BUSY_TIMEOUT < limits.commit);
    // An answer may be late by a beat, but a commit never begins after it.
    assert!(limits.commit < limits.answer);
}

#[tokio::test]
async fn a_full_queue_refuses_after_a_while() {
    let limits = Limits {
        queue: Duration::from_millis(50),
        commit: Duration::from_secs(60),
        answer: Duration::from_secs(60),
    };
    let bench = Bench::with(limits).await;
    let gate = bench.gate().await;
    let length = i64::try_from(QUEUE_LENGTH).unwrap();
    let mut waiting: JoinSet<_> = (0..length).map(|n| bench.insert(n)).collect();
    bench.until_waiting(QUEUE_LENGTH).await;
    let refused = bench.insert(-1).await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Unavailable);
    assert!(refused.source().unwrap().to_string().contains("too many steps"));
    drop(gate);
    while let Some(done) = waiting.join_next().await {
        done.unwrap().unwrap();
    }
    assert_eq!(bench.numbers().await.len(), QUEUE_LENGTH);
}

#[tokio::test(start_paused = true)]
async fn the_wait_is_measured_by_the_real_clock() {
    let bench = Bench::new().await;
    // Under a paused clock the runtime jumps to the next timer whenever it idles, as it does here.
    let started = tokio::time::Instant::now();
    let gate = bench.gate().await;
    let waiting = tokio::spawn(bench.insert(1));
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        drop(gate);
    });
    waiting.await.unwrap().unwrap();
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn a_step_goes_on_when_its_caller_leaves() {
    let bench = Bench::new().await;
    let gate = bench.gate().await;
    let leaving = tokio::spawn(bench.insert(1));
    bench.until_waiting(1).await;
    leaving.abort();
    assert!(leaving.await.unwrap_err().is_cancelled());
    drop(gate);
    bench.insert(2).await.unwrap();
    assert_eq!(bench.numbers().await, [1, 2]);
}

#[tokio::test]
async fn the_settings_are_what_the_documentation_says() {
    let bench = Bench::new().await;
    let setting = |name: &'static str| {
        move |c: &Db<'_>| {
            c.pragma_query_value(None, name, |row| {
                Ok(match row.get_ref(0)? {
                    rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                    other => other.as_str()?.to_owned(),
                })
            })
            .at(STEP)
        }
    };
    for (name, value) in [
        ("journal_mode", "wal"),
        ("synchronous", "2"), // FULL: the log is synced at each commit.
        ("fullfsync", "1"),
        ("foreign_keys", "1"),
        ("temp_store", "2"),
        ("secure_delete", "2"),
        ("trusted_schema", "0"),
        ("cache_size", "-4096"),
        ("busy_timeout", "1500"),
    ] {
        assert_eq!(bench.stores.write(STEP, setting(name)).await.unwrap(), value, "{name}");
    }
    assert_eq!(bench.stores.read(STEP, setting("query_only")).await.unwrap(), "1");
    let written = bench.stores.read(STEP, |c| insert(c, 1)).await;
    assert_eq!(written.unwrap_err().kind(), StoreErrorKind::Full);
}

#[tokio::test]
async fn a_database_file_that_is_gone_fails_the_probe() {
    let bench = Bench::new().await;
    bench.stores.probe().await.unwrap();
    std::fs::rename(bench.path(), bench.folder.path().join("elsewhere.db")).unwrap();
    let failure = bench.stores.probe().await.unwrap_err();
    assert_eq!(failure.kind(), ProbeFailureKind::Unavailable);
    assert!(failure.reason().contains("deleted or replaced"));
    std::fs::write(bench.path(), b"").unwrap();
    assert!(bench.stores.probe().await.unwrap_err().reason().contains("deleted or replaced"));
}

#[tokio::test]
async fn a_database_file_that_moves_while_steps_run_takes_none_of_them() {
    let bench = Bench::new().await;
    let elsewhere = bench.folder.path().join("elsewhere.db");
    let (here, there) = (bench.path(), elsewhere.clone());
    let moving = move |c: &Db<'_>| {
        insert(c, 1)?;
        std::fs::rename(&here, &there).unwrap();
        Ok(())
    };
    let refused = bench.stores.write(STEP, moving).await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Unavailable);
    assert!(refused.source().unwrap().to_string().contains("deleted or replaced"));

    // What comes now is not even run.
    let ran = Arc::new(AtomicBool::new(false));
    let run = Arc::clone(&ran);
    let running = move |_: &Db<'_>| {
        run.store(true, Ordering::Relaxed);
        Ok(())
    };
    assert_eq!(bench.stores.write(STEP, running).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    assert!(!ran.load(Ordering::Relaxed));

    std::fs::rename(&elsewhere, bench.path()).unwrap();
    bench.insert(2).await.unwrap();
    assert_eq!(bench.numbers().await, [2]);
}

#[tokio::test]
async fn a_database_that_somebody_else_locks_fails_the_probe_and_recovers() {
    let bench = Bench::new().await;
    let other = Connection::open(bench.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let started = std::time::Instant::now();
    let failure = bench.stores.probe().await.unwrap_err();
    assert_eq!(failure.kind(), ProbeFailureKind::Unavailable);
    assert!(failure.reason().contains("locked by another process"), "{failure}");
    assert!(started.elapsed() < Duration::from_millis(2_900), "{:?}", started.elapsed());
    other.execute_batch("COMMIT").unwrap();
    bench.insert(1).await.unwrap();
    bench.stores.probe().await.unwrap();
}

#[tokio::test]
async fn a_lock_that_stays_makes_steps_fail_as_unavailable() {
    let bench = Bench::new().await;
    let other = Connection::open(bench.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let started = std::time::Instant::now();
    // The first keeps the writer waiting while the others are asked for, so these are told that they are late.
    let writers: JoinSet<_> = (0..10).map(|n| bench.insert(n)).collect();
    for refused in writers.join_all().await {
        assert_eq!(refused.unwrap_err().kind(), StoreErrorKind::Unavailable);
    }
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    // Reads go on meanwhile.
    assert_eq!(bench.numbers().await, [] as [i64; 0]);
    other.execute_batch("COMMIT").unwrap();
    bench.insert(10).await.unwrap();
    assert_eq!(bench.numbers().await, [10]);
}

#[tokio::test]
async fn closing_finishes_what_waits_and_leaves_one_file() {
    let bench = Bench::new().await;
    let gate = bench.gate().await;
    let waiting = tokio::spawn(bench.insert(1));
    bench.until_waiting(1).await;
    let stores = bench.stores.clone();
    let closing = tokio::spawn(async move { stores.close().await });
    bench.until_waiting(2).await;
    drop(gate);
    waiting.await.unwrap().unwrap();
    closing.await.unwrap();

    assert_eq!(bench.insert(2).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    assert_eq!(bench.stores.probe().await.unwrap_err().kind(), ProbeFailureKind::Unavailable);
    // A second time does nothing.
    bench.stores.close().await;
    let files: Vec<_> =
        std::fs::read_dir(bench.folder.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert_eq!(files, ["test.db"]);
    let kept: i64 = Connection::open(bench.path())
        .unwrap()
        .query_row("SELECT n FROM numbers", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, 1);
}
