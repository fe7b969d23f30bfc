//! The store in a file against the reference model, and what many verifications leave in it.

use std::path::Path;
use std::sync::Arc;

use wartel_otp::OtpStore;
use wartel_otp::testing::flows::{purge_all, run_flows};
use wartel_otp::testing::model::store_agrees_with_the_model;
use wartel_storage::SqliteStores;

use crate::races::rounds;

/// Rows of all tables of the engine.
fn rows(path: &Path) -> usize {
    let file = rusqlite::Connection::open(path).unwrap();
    let mut names = file
        .prepare(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'wartel_otp_%'
             AND name NOT LIKE '%migrations'",
        )
        .unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(names.len() >= 4, "the tables are {names:?}");
    let count = |name: &String| {
        file.query_row(&format!("SELECT count(*) FROM {name}"), [], |row| row.get::<_, i64>(0)).unwrap()
    };
    usize::try_from(names.iter().map(count).sum::<i64>()).unwrap()
}

/// 20 sequences of up to 120 steps; `WARTEL_LONG=50` makes it 1,000.
#[tokio::test(flavor = "multi_thread")]
async fn sqlite_agrees_with_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStores::open(folder.path().join("model.db")).await.unwrap();
    store_agrees_with_the_model(Arc::new(store), u32::try_from(rounds(20)).unwrap()).await;
}

/// 1,000 flows by default; `WARTEL_LONG=1000` makes it a million. Two days after the last one only counters of failed
/// checks are left, thirty-one days after it nothing at all.
#[tokio::test(flavor = "multi_thread")]
async fn flows_past_their_end_leave_only_counters_of_failed_checks_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.db");
    let store: Arc<dyn OtpStore> = Arc::new(SqliteStores::open(&path).await.unwrap());
    let count = u32::try_from(rounds(1_000)).unwrap();
    let flows = run_flows(&store, count, 256).await;
    let most = rows(&path);
    let later = flows.ended_at + std::time::Duration::from_secs(2 * 86_400);
    purge_all(&store, later).await;
    println!("{count} flows: {most} rows at their end, {} two days later", rows(&path));
    assert_eq!(rows(&path), flows.phones_with_failed_checks);
    purge_all(&store, later + std::time::Duration::from_secs(30 * 86_400)).await;
    assert_eq!(rows(&path), 0);
}
