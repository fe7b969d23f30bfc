//! Tallies: sums that several instances add to.

use std::time::Duration;

use redis::cmd;
use tokio::task::JoinSet;
use wartel_otp::testing::T0;
use wartel_otp::{Tally, TallyStore};

use super::support::{at, connection, database, fresh, keys, stores};

fn tally(key: &str, slot: u64, begun: u32, done: u32) -> Tally {
    Tally::new(key, at(slot), begun, done)
}

async fn all(store: &impl TallyStore, names: &[&str]) -> Vec<Tally> {
    store.tallies(names.iter().map(|name| (*name).to_owned()).collect(), T0).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn additions_of_all_instances_are_summed() {
    let (url, tag) = database().await;
    let instances = [stores(&url, &tag).await, stores(&url, &tag).await];
    let mut tasks = JoinSet::new();
    for n in 0..200 {
        let store = instances[n % 2].clone();
        tasks.spawn(async move {
            store.add_tallies(vec![tally("a", 0, 3, 1), tally("a", 0, 1, 0)]).await.unwrap()
        });
    }
    tasks.join_all().await;
    assert_eq!(all(&instances[0], &["a"]).await, [tally("a", 0, 800, 200)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn tallies_are_read_by_key_and_time_in_order() {
    let store = fresh().await;
    let strange = "b/2: ü\r\n{}";
    let some = [tally(strange, 20, 1, 0), tally("a", 10, 2, 0), tally("a", 9, 3, 3), tally("c", 30, 4, 0)];
    store.add_tallies(some.to_vec()).await.unwrap();
    store.add_tallies(Vec::new()).await.unwrap();
    let [of_b, later, sooner, of_c] = some;
    let asked = [strange, "a", "missing", "a"];
    assert_eq!(all(&store, &asked).await, [sooner.clone(), later.clone(), of_b]);
    assert_eq!(store.tallies(vec!["a".to_owned()], at(10)).await.unwrap(), [later]);
    assert_eq!(store.tallies(vec!["a".to_owned()], at(11)).await.unwrap(), []);
    assert_eq!(all(&store, &["c"]).await, [of_c]);
    assert_eq!(all(&store, &[]).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn the_oldest_tallies_go_first_and_nothing_is_left_of_them() {
    let (url, tag) = database().await;
    let store = stores(&url, &tag).await;
    let some: Vec<_> = (0..500).map(|n| tally(["a", "b"][(n % 2) as usize], n, 1, 1)).collect();
    store.add_tallies(some).await.unwrap();
    assert_eq!(store.purge_tallies(at(400), 300).await.unwrap(), 300);
    assert_eq!(all(&store, &["a", "b"]).await.iter().map(|tally| tally.slot).min(), Some(at(300)));
    assert_eq!(store.purge_tallies(at(400), 300).await.unwrap(), 100);
    assert_eq!(store.purge_tallies(at(400), 300).await.unwrap(), 0);
    assert_eq!(all(&store, &["a", "b"]).await.len(), 100);
    let mut direct = connection(&url).await;
    for key in keys(&mut direct, &tag).await {
        let life: i64 = cmd("PTTL").arg(&key).query_async(&mut direct).await.unwrap();
        assert!(life > 31 * 86_400_000, "{key} lives {life} ms");
    }
    assert_eq!(store.purge_tallies(at(500), 1_000).await.unwrap(), 100);
    assert_eq!(keys(&mut direct, &tag).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn a_sum_that_is_too_large_reads_as_the_largest() {
    let store = fresh().await;
    for _ in 0..3 {
        store.add_tallies(vec![tally("a", 0, u32::MAX, 1)]).await.unwrap();
    }
    assert_eq!(all(&store, &["a"]).await, [tally("a", 0, u32::MAX, 3)]);
}

/// Somebody else's value among several keys: nothing is added to any of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn all_are_added_or_none() {
    let (url, tag) = database().await;
    let store = stores(&url, &tag).await;
    let mut direct = connection(&url).await;
    let () = cmd("SET").arg(format!("{{{tag}}}:t:b")).arg("1").query_async(&mut direct).await.unwrap();
    store.add_tallies(vec![tally("a", 0, 1, 0), tally("b", 0, 1, 0)]).await.unwrap_err();
    assert_eq!(all(&store, &["a"]).await, []);
    assert_eq!(keys(&mut direct, &tag).await.len(), 1);
}

/// The time of the server is this machine's here.
#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn the_server_tells_the_time() {
    use wartel_core::{Clock as _, SystemClock};
    use wartel_storage::clock::TimeSource as _;

    let store = fresh().await;
    let before = SystemClock.now();
    let shown = format!("{:?}", store.read_time().await.unwrap());
    let after = SystemClock.now();
    let day = |at: wartel_core::Timestamp| at.to_rfc3339().get(..10).unwrap().to_owned();
    assert!(shown.contains(&day(before)) || shown.contains(&day(after)), "{shown}");
    assert!(after.since(before) < Duration::from_secs(2));
}
