//! Tallies: what only a database that several instances share can show.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use wartel_core::StoreErrorKind;
use wartel_otp::testing::T0;
use wartel_otp::{Tally, TallyStore as _};
use wartel_storage::PostgresStores;

use super::support::{database, number, run, stores};

async fn sums(store: &PostgresStores, keys: &[&str]) -> Vec<(String, u32, u32)> {
    let keys = keys.iter().map(|key| (*key).to_owned()).collect();
    let found = store.tallies(keys, T0).await.unwrap();
    found.into_iter().map(|tally| (tally.key, tally.begun, tally.done)).collect()
}

/// A transaction that holds the row of a key.
async fn holding(url: &str, key: &str) -> PgConnection {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!(
        "BEGIN; SELECT 1 FROM wartel_otp_tallies WHERE key = '{key}' FOR UPDATE NOWAIT"
    )))
    .execute(&mut connection)
    .await
    .unwrap();
    connection
}

/// Ends what [`holding`] began. The end of a connection alone is noticed by the server some time later.
async fn release(mut connection: PgConnection) {
    sqlx::raw_sql("ROLLBACK").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Returns when somebody waits for what this connection holds.
async fn until_waited_for(connection: &mut PgConnection) {
    loop {
        let waiting =
            "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))";
        let row = sqlx::query(waiting).fetch_one(&mut *connection).await.unwrap();
        if row.get::<i64, _>(0) > 0 {
            return;
        }
    }
}

/// Whoever waits for one row holds only rows of smaller keys, so that nobody waits in a circle.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn rows_are_locked_in_the_order_of_their_keys() {
    let url = database().await;
    let store = stores(&url).await;
    let all = ["c", "a", "b"].map(|key| Tally::new(key, T0, 1, 1));
    store.add_tallies(all.to_vec()).await.unwrap();

    let mut first = holding(&url, "b").await;
    let adding = tokio::spawn({
        let store = store.clone();
        async move { store.add_tallies(all.to_vec()).await }
    });
    until_waited_for(&mut first).await;
    let free = holding(&url, "c").await;
    let held = "SELECT count(*) FROM (SELECT 1 FROM wartel_otp_tallies WHERE key = 'a' FOR UPDATE SKIP LOCKED) AS free";
    assert_eq!(number(&url, held).await, 0, "a is not locked before b");
    release(free).await;
    release(first).await;
    adding.await.unwrap().unwrap();
    let twice = ["a", "b", "c"].map(|key| (key.to_owned(), 2, 2));
    assert_eq!(sums(&store, &["a", "b", "c"]).await, twice);
}

/// A clean-up leaves what somebody adds to, instead of waiting for it.
#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn purging_waits_for_nobody() {
    let url = database().await;
    let store = stores(&url).await;
    let all = ["a", "b", "c"].map(|key| Tally::new(key, T0, 1, 0));
    store.add_tallies(all.to_vec()).await.unwrap();
    let later = T0 + std::time::Duration::from_secs(1);

    let holder = holding(&url, "a").await;
    assert_eq!(store.purge_tallies(later, 10).await.unwrap(), 2);
    assert_eq!(sums(&store, &["a", "b", "c"]).await, [("a".to_owned(), 1, 0)]);
    release(holder).await;
    assert_eq!(store.purge_tallies(later, 10).await.unwrap(), 1);
}

/// If one of them cannot be written, none is.
#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn all_are_added_or_none() {
    let url = database().await;
    let store = stores(&url).await;
    run(&url, "ALTER TABLE wartel_otp_tallies ADD CHECK (key <> 'b' OR begun < 2)").await;
    let all = ["a", "b", "c"].map(|key| Tally::new(key, T0, 1, 0));
    store.add_tallies(all.to_vec()).await.unwrap();
    store.add_tallies(all.to_vec()).await.unwrap_err();
    let once = ["a", "b", "c"].map(|key| (key.to_owned(), 1, 0));
    assert_eq!(sums(&store, &["a", "b", "c"]).await, once);
}

/// A database of before the tallies says so, and keeps what it has when it is brought up to date.
#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn a_database_without_tallies_is_told_to_migrate() {
    let url = database().await;
    run(&url, "DROP TABLE wartel_otp_tallies; DELETE FROM wartel_otp_migrations WHERE version > 1").await;
    let store = stores(&url).await;
    let one = vec![Tally::new("a", T0, 1, 0)];
    assert_eq!(store.add_tallies(one.clone()).await.unwrap_err().kind(), StoreErrorKind::Schema);
    let applied = store.migrate().await.unwrap();
    assert_eq!(applied.iter().map(|migration| migration.name).collect::<Vec<_>>(), ["tallies"]);
    store.add_tallies(one).await.unwrap();
    assert_eq!(sums(&store, &["a"]).await, [("a".to_owned(), 1, 0)]);
}
