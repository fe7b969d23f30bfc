//! The store in a file against the reference model, and what many verifications leave in each store.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use wartel_otp::OtpStore;
use wartel_otp::testing::flows::{purge_all, run_flows};
use wartel_otp::testing::model::store_agrees_with_the_model;
use wartel_storage::{PostgresStores, RedisStores, SqliteStores};

use crate::races::rounds;
use crate::service::store::{Redis, Store, ask};

const DAY: Duration = Duration::from_secs(86_400);

/// How many flows run at the same time where a server keeps them: a busy machine gets through with so many steps in
/// the time of one.
const AT_SERVERS: usize = 32;

/// How many there are of each kind, without those of which there is none.
type Kept = BTreeMap<String, usize>;

/// Rows of each table of the engine.
fn sqlite_rows(path: &Path) -> Kept {
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
    let rows = names.iter().map(|name| (name.clone(), usize::try_from(count(name)).unwrap()));
    rows.filter(|(_, rows)| *rows > 0).collect()
}

/// Rows of each table of the engine.
async fn postgres_rows(store: &Store) -> Kept {
    let names = store
        .texts(
            "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()
             AND tablename LIKE 'wartel_otp_%' AND tablename NOT LIKE '%migrations'",
        )
        .await;
    assert!(names.len() >= 6, "the tables are {names:?}");
    let mut kept = Kept::new();
    for name in names {
        let rows =
            store.texts(&format!("SELECT CAST(count(*) AS TEXT) FROM {name}")).await[0].parse().unwrap();
        if rows > 0 {
            kept.insert(name, rows);
        }
    }
    kept
}

/// Keys of each kind: `p` is what is known of a phone, `ends` the list of when things end. Budgets go by the server's own
/// clock, which this test does not move: that each of them goes within 26 hours is looked at, and then they do not count.
fn redis_keys(server: &Redis) -> Kept {
    const STAYING: &str = "local staying = {}
        for _, key in ipairs(redis.call('KEYS', '*')) do
            local life = redis.call('PTTL', key)
            if string.find(key, '}:b:', 1, true) and (life < 0 or life > 93600000) then
                table.insert(staying, key)
            end
        end
        return staying";
    let staying = ask(server, &["EVAL", STAYING, "0"]);
    assert!(staying.iter().all(String::is_empty), "budgets that stay: {staying:?}");
    let mut kept = Kept::new();
    for key in ask(server, &["KEYS", "*"]) {
        let (_, name) = key.split_once("}:").unwrap_or_else(|| panic!("{key} has no tag"));
        if name.starts_with("b:") {
            continue;
        }
        *kept.entry(name.split(':').next().unwrap().to_owned()).or_default() += 1;
    }
    kept
}

/// 20 sequences of up to 120 steps; `WARTEL_LONG=50` makes it 1,000.
#[tokio::test(flavor = "multi_thread")]
async fn sqlite_agrees_with_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStores::open(folder.path().join("model.db")).await.unwrap();
    store_agrees_with_the_model(Arc::new(store), u32::try_from(rounds(20)).unwrap()).await;
}

/// 1,000 flows by default; `WARTEL_LONG=1000` makes it a million. Two days after the last one only counters of failed
/// checks are left, one of `kind` for each phone and what `beside` says, and thirty-one days after it nothing at all.
async fn flows_leave_only_counters(
    store: Arc<dyn OtpStore>,
    at_once: usize,
    (kind, beside): (&str, &[&str]),
    kept: impl AsyncFn() -> Kept,
) {
    let count = u32::try_from(rounds(1_000)).unwrap();
    let flows = run_flows(&store, count, at_once).await;
    let most = kept().await;
    let later = flows.ended_at + 2 * DAY;
    purge_all(&store, later).await;
    let left = kept().await;
    println!("{count} flows: {most:?} at their end, {left:?} two days later");
    let counters = (kind.to_owned(), flows.phones_with_failed_checks);
    let expected: Kept = beside.iter().map(|name| ((*name).to_owned(), 1)).chain([counters]).collect();
    assert_eq!(left, expected);
    assert!(most[kind] > left[kind], "the flows keep nothing that could be left");
    purge_all(&store, later + 30 * DAY).await;
    assert_eq!(kept().await, Kept::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn flows_past_their_end_leave_only_counters_of_failed_checks_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.db");
    let store = SqliteStores::open(&path).await.unwrap();
    let kept = async || sqlite_rows(&path);
    flows_leave_only_counters(Arc::new(store), 256, ("wartel_otp_phones", &[]), kept).await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn flows_past_their_end_leave_only_counters_of_failed_checks_on_postgres() {
    let place = Store::postgres().await;
    let Store::Postgres(url) = &place else { panic!("no Postgres") };
    let store = PostgresStores::connect(url).await.unwrap();
    store.migrate().await.unwrap();
    let kept = async || postgres_rows(&place).await;
    flows_leave_only_counters(Arc::new(store), AT_SERVERS, ("wartel_otp_phones", &[]), kept).await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn flows_past_their_end_leave_only_counters_of_failed_checks_on_redis() {
    let Store::Redis(server, _) = Store::Sqlite("unused".into()).with_redis() else { panic!("no Redis") };
    let url = server.lock().unwrap().url();
    let store = RedisStores::connect(&url).await.unwrap();
    let kept = async || tokio::task::block_in_place(|| redis_keys(&server));
    flows_leave_only_counters(Arc::new(store), AT_SERVERS, ("p", &["ends"]), kept).await;
}
