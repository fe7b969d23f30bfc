//! Servers that restart, hang, are full or forget their scripts; answers that are lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{Client, cmd};
use tokio::task::JoinSet;
use wartel_core::{Probe as _, ProbeFailureKind, StoreErrorKind};
use wartel_otp::store::{Admission, AttemptOutcome, Target};
use wartel_otp::testing::{T0, admit_for, attempt, phone_number, sample_phone};
use wartel_otp::{Budget, OtpStore, Rate, Tally, TallyStore as _};
use wartel_storage::RedisStores;

use super::proxy;
use super::server::Server;
use super::support::{at, connection, given, keys, live};

const TAG: &str = "wartel";

async fn start() -> Server {
    tokio::task::spawn_blocking(Server::start).await.unwrap()
}

/// Tasks that ask for codes, each for a phone of its own, until they are told to stop.
struct Load {
    tasks: JoinSet<()>,
    stop: Arc<AtomicBool>,
    phones: Arc<AtomicU32>,
    failed: Arc<AtomicU32>,
}

impl Load {
    fn start(stores: &RedisStores, tasks: usize) -> Self {
        let (stop, phones, failed) = <(Arc<AtomicBool>, Arc<AtomicU32>, Arc<AtomicU32>)>::default();
        let mut load = Self { tasks: JoinSet::new(), stop, phones, failed };
        for _ in 0..tasks {
            let (stores, stop) = (stores.clone(), Arc::clone(&load.stop));
            let (phones, failed) = (Arc::clone(&load.phones), Arc::clone(&load.failed));
            load.tasks.spawn(async move {
                let budget = Budget::new("all", Rate::new(1_000_000, Duration::from_secs(60)));
                while !stop.load(Ordering::Relaxed) {
                    let phone = phone_number(phones.fetch_add(1, Ordering::Relaxed));
                    match stores.admit(admit_for(&phone).shared([budget.clone()]).build(), T0).await {
                        Ok(Admission::Send { .. }) => {}
                        // The request was carried out and then again.
                        Ok(other) => panic!("{other:?}"),
                        Err(error) => {
                            assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
                            failed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
        load
    }

    /// Answers how many steps failed, of how many.
    async fn end(self) -> (u32, u32) {
        self.stop.store(true, Ordering::Relaxed);
        self.tasks.join_all().await;
        (self.failed.load(Ordering::Relaxed), self.phones.load(Ordering::Relaxed))
    }
}

/// How many phones there are, and how many events of the budget that all of them share.
async fn counted(url: &str) -> (u32, u32) {
    let mut direct = connection(url).await;
    let phones = keys(&mut direct, TAG).await.iter().filter(|key| key.contains("}:p:")).count();
    let events: u32 = cmd("LLEN").arg(format!("{{{TAG}}}:b:all")).query_async(&mut direct).await.unwrap();
    (u32::try_from(phones).unwrap(), events)
}

/// A server that is restarted, in order or by force, loses no answer, and the stores are back within a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn a_restart_of_the_server_is_survived() {
    // With `everysec` a server that is killed may lose what it answered last.
    let settings = ["--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"];
    let mut server = tokio::task::spawn_blocking(move || Server::with(&settings)).await.unwrap();
    let url = server.url();
    let own = RedisStores::connect(&url).await.unwrap();
    let client = Client::open(url.as_str()).unwrap();
    let config = redis::aio::ConnectionManagerConfig::new().set_max_delay(Duration::from_millis(100));
    let manager = redis::aio::ConnectionManager::new_lazy_with_config(client, config).unwrap();
    let of_the_app = RedisStores::from_manager(manager);
    for (signal, stores) in [("TERM", &own), ("KILL", &own), ("TERM", &of_the_app), ("KILL", &of_the_app)] {
        let () = cmd("FLUSHALL").query_async(&mut connection(&url).await).await.unwrap();
        let load = Load::start(stores, 16);
        while load.phones.load(Ordering::Relaxed) < 500 {
            tokio::task::yield_now().await;
        }
        server = tokio::task::spawn_blocking(move || {
            server.stop(signal);
            server.restart();
            server
        })
        .await
        .unwrap();
        let ready = Instant::now();
        stores.admit(admit_for(&phone_number(99_999)).build(), T0).await.unwrap();
        assert!(ready.elapsed() < Duration::from_secs(1), "{signal}: back after {:?}", ready.elapsed());
        let (failed, asked) = load.end().await;
        // The server was away for less than steps wait.
        assert_eq!(failed, 0, "{signal}: of {asked}");
        assert_eq!(counted(&url).await, (asked + 1, asked), "{signal}");
    }
}

/// Connections break when a script is on its way to the server, or its answer on the way back. Everything is carried
/// out, and once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn a_lost_answer_loses_nothing_and_repeats_nothing() {
    let server = start().await;
    let (port, cuts) = proxy::start(server.socket()).await;
    let stores = RedisStores::connect(&format!("redis://127.0.0.1:{port}")).await.unwrap();
    let load = Load::start(&stores, 4);
    let begun = Instant::now();
    let enough = || cuts.before.load(Ordering::Relaxed).min(cuts.after.load(Ordering::Relaxed)) >= 20;
    while !enough() {
        assert!(begun.elapsed() < Duration::from_secs(30), "too few connections were cut: {cuts:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (failed, asked) = load.end().await;
    assert_eq!(failed, 0, "of {asked}");
    assert_eq!(counted(&server.url()).await, (asked, asked));
}

/// A wrong code counts once, however often its answer is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn a_check_whose_answer_is_lost_counts_once() {
    let server = start().await;
    let (port, cuts) = proxy::start(server.socket()).await;
    let stores = RedisStores::connect(&format!("redis://127.0.0.1:{port}")).await.unwrap();
    for n in 0..40 {
        let (id, _) = given(&stores, n, T0).await;
        let live = live(&stores, id, T0).await;
        for left in (2..5).rev() {
            let outcome = stores.attempt(attempt(Target::Id(id), Some(live), false), at(1)).await.unwrap();
            assert_eq!(outcome, AttemptOutcome::Mismatch { attempts_left: left });
        }
        let right = stores.attempt(attempt(Target::Id(id), Some(live), true), at(2)).await.unwrap();
        assert!(matches!(right, AttemptOutcome::Approved { .. }));
    }
    let [before, after] = [&cuts.before, &cuts.after].map(|cuts| cuts.load(Ordering::Relaxed));
    assert!(before >= 5 && after >= 5, "{cuts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn without_a_server_a_step_fails_in_time_and_the_probe_says_so() {
    let mut server = start().await;
    let stores = RedisStores::connect(&server.url()).await.unwrap();
    stores.probe().await.unwrap();
    server.stop("TERM");
    let begun = Instant::now();
    let error = stores.admit(admit_for(&sample_phone()).build(), T0).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(begun.elapsed() < Duration::from_millis(2_500), "after {:?}", begun.elapsed());
    assert_eq!(stores.probe().await.unwrap_err().kind(), ProbeFailureKind::Unavailable);
    let error = RedisStores::connect(&server.url()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    server.restart();
    stores.probe().await.unwrap();
    // The step that failed was not taken.
    let admission = stores.admit(admit_for(&sample_phone()).build(), T0).await.unwrap();
    assert!(matches!(admission, Admission::Send { .. }));
}

/// A server that hangs holds nobody for longer than a step may take, and is back as soon as it goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn a_server_that_hangs_holds_nobody() {
    let server = start().await;
    let stores = RedisStores::connect(&server.url()).await.unwrap();
    given(&stores, 1, T0).await;
    server.signal("STOP");
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for n in 0..50 {
        let stores = stores.clone();
        tasks.spawn(async move {
            // Half of them want the same phone.
            let phone = phone_number(10 + n % 25 * (n / 25));
            stores.admit(admit_for(&phone).build(), T0).await.map(|_| ())
        });
    }
    for answer in tasks.join_all().await {
        assert_eq!(answer.unwrap_err().kind(), StoreErrorKind::Unavailable);
    }
    assert!(begun.elapsed() < Duration::from_millis(2_500), "after {:?}", begun.elapsed());
    let failure = stores.probe().await.unwrap_err();
    assert_eq!(failure.kind(), ProbeFailureKind::Unavailable);
    server.signal("CONT");
    let back = Instant::now();
    given(&stores, 2, at(1)).await;
    assert!(back.elapsed() < Duration::from_secs(1), "back after {:?}", back.elapsed());
}

/// How many scripts the server has carried out, or refused.
async fn scripts(direct: &mut MultiplexedConnection) -> u64 {
    let info: String = cmd("INFO").arg("commandstats").query_async(direct).await.unwrap();
    let line = info.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls="));
    line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
}

/// A server that hung goes on with what still lies in its buffers: nobody waits for that any more, and it is not done.
/// A right code stays good, a wrong one does not count, a code is not sent, and nothing is tallied twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn what_nobody_waits_for_any_more_is_not_done() {
    let server = Arc::new(start().await);
    let (hangs, socket) = (Arc::clone(&server), server.socket());
    let (port, armed) = proxy::before_scripts(socket, move || hangs.signal("STOP")).await;
    let stores = RedisStores::connect(&format!("redis://127.0.0.1:{port}")).await.unwrap();
    let mut direct = connection(&server.url()).await;
    let (id, _) = given(&stores, 1, T0).await;
    let challenge = live(&stores, id, T0).await;
    let tally = || vec![Tally::new("sends", T0, 1, 0)];
    // One after the other, for one that has no answer breaks the connection that all of them share.
    for step in 0..4 {
        // The scripts are known to the server, and its time to the stores.
        stores.add_tallies(vec![Tally::new("others", T0, 1, 0)]).await.unwrap();
        given(&stores, 100 + step, T0).await;
        let before = scripts(&mut direct).await;
        armed.store(true, Ordering::Relaxed);
        let check = |right| stores.attempt(attempt(Target::Id(id), Some(challenge), right), at(1));
        let failed = match step {
            0 => check(true).await.map(|_| ()),
            1 => check(false).await.map(|_| ()),
            2 => stores.admit(admit_for(&phone_number(2)).build(), T0).await.map(|_| ()),
            _ => stores.add_tallies(tally()).await,
        };
        assert_eq!(failed.unwrap_err().kind(), StoreErrorKind::Unavailable, "step {step}");
        server.signal("CONT");
        let begun = Instant::now();
        while scripts(&mut direct).await == before {
            assert!(begun.elapsed() < Duration::from_secs(10), "step {step}: the script has not come");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    stores.add_tallies(tally()).await.unwrap();
    assert_eq!(stores.tallies(vec!["sends".to_owned()], T0).await.unwrap(), tally());
    let again = stores.admit(admit_for(&phone_number(2)).build(), T0).await.unwrap();
    assert!(matches!(again, Admission::Send { .. }), "{again:?}");
    let wrong = stores.attempt(attempt(Target::Id(id), Some(challenge), false), at(2)).await.unwrap();
    assert_eq!(wrong, AttemptOutcome::Mismatch { attempts_left: 4 });
    let right = stores.attempt(attempt(Target::Id(id), Some(challenge), true), at(3)).await.unwrap();
    assert!(matches!(right, AttemptOutcome::Approved { .. }), "{right:?}");
}

/// A server that hangs for less than steps wait does what they ask for, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn what_is_still_waited_for_is_done() {
    let server = Arc::new(start().await);
    let (hangs, socket) = (Arc::clone(&server), server.socket());
    let (port, armed) = proxy::before_scripts(socket, move || {
        hangs.signal("STOP");
        let hangs = Arc::clone(&hangs);
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(300));
            hangs.signal("CONT");
        });
    })
    .await;
    let stores = RedisStores::connect(&format!("redis://127.0.0.1:{port}")).await.unwrap();
    let (id, _) = given(&stores, 1, T0).await;
    let challenge = live(&stores, id, T0).await;
    armed.store(true, Ordering::Relaxed);
    let wrong = stores.attempt(attempt(Target::Id(id), Some(challenge), false), at(1)).await.unwrap();
    assert_eq!(wrong, AttemptOutcome::Mismatch { attempts_left: 4 });
    armed.store(true, Ordering::Relaxed);
    stores.add_tallies(vec![Tally::new("sends", T0, 1, 0)]).await.unwrap();
    let counted = stores.tallies(vec!["sends".to_owned()], T0).await.unwrap();
    assert_eq!(counted, [Tally::new("sends", T0, 1, 0)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn a_server_that_forgets_its_scripts_is_served() {
    let server = start().await;
    let stores = RedisStores::connect(&server.url()).await.unwrap();
    let mut direct = connection(&server.url()).await;
    let load = Load::start(&stores, 8);
    for _ in 0..50 {
        let () = cmd("SCRIPT").arg("FLUSH").query_async(&mut direct).await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let (failed, asked) = load.end().await;
    assert_eq!(failed, 0, "of {asked}");
    assert_eq!(counted(&server.url()).await, (asked, asked));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn a_server_without_memory_refuses_and_changes_nothing() {
    let server = start().await;
    let stores = RedisStores::connect(&server.url()).await.unwrap();
    let (id, _) = given(&stores, 1, T0).await;
    let challenge = live(&stores, id, T0).await;
    let mut direct = connection(&server.url()).await;
    let digest = cmd("DEBUG").arg("DIGEST").to_owned();
    let before: Result<String, _> = digest.query_async(&mut direct).await;
    let kept = keys(&mut direct, TAG).await;
    let () = cmd("CONFIG").arg("SET").arg("maxmemory").arg("1").query_async(&mut direct).await.unwrap();
    let error = stores.admit(admit_for(&phone_number(2)).build(), at(1)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Full, "{error:?}");
    let check = attempt(Target::Id(id), Some(challenge), false);
    let error = stores.attempt(check, at(1)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Full);
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "redis: the server has no memory left (code OOM)");
    assert_eq!(stores.probe().await.unwrap_err().kind(), ProbeFailureKind::Unavailable);
    assert_eq!(keys(&mut direct, TAG).await, kept);
    if let Ok(before) = before {
        let after: String = digest.query_async(&mut direct).await.unwrap();
        assert_eq!(before, after);
    }
    // What is there can be read, and nothing was counted.
    assert_eq!(live(&stores, id, at(2)).await, challenge);
    let () = cmd("CONFIG").arg("SET").arg("maxmemory").arg("0").query_async(&mut direct).await.unwrap();
    let outcome = stores.attempt(attempt(Target::Id(id), Some(challenge), false), at(3)).await.unwrap();
    assert_eq!(outcome, AttemptOutcome::Mismatch { attempts_left: 4 });
}

/// A script of somebody else that runs for long.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn a_server_that_is_busy_for_a_moment_is_waited_for() {
    let server = start().await;
    let stores = RedisStores::connect(&server.url()).await.unwrap();
    given(&stores, 1, T0).await;
    let mut direct = connection(&server.url()).await;
    let () =
        cmd("CONFIG").arg("SET").arg("busy-reply-threshold").arg(10).query_async(&mut direct).await.unwrap();
    let busy = "local t = redis.call('TIME') local s = t[1] * 1000000 + t[2] \
                repeat t = redis.call('TIME') until t[1] * 1000000 + t[2] - s > 400000";
    let running = tokio::spawn(async move {
        let _: Result<(), _> = cmd("EVAL").arg(busy).arg(0).query_async(&mut direct).await;
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    given(&stores, 2, T0).await;
    running.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn a_connection_that_is_killed_is_replaced() {
    let server = start().await;
    let stores = RedisStores::connect(&server.url()).await.unwrap();
    let mut direct = connection(&server.url()).await;
    let mut kill = cmd("CLIENT");
    kill.arg("KILL").arg("TYPE").arg("normal").arg("SKIPME").arg("yes");
    for n in 0..20 {
        let () = kill.query_async(&mut direct).await.unwrap();
        given(&stores, n, T0).await;
    }
}

/// Whoever asks for TLS and finds none gets an error, and no panic for want of cryptography.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn a_server_without_tls_is_unavailable_over_it() {
    let server = start().await;
    let (port, _) = proxy::start(server.socket()).await;
    let error = RedisStores::connect(&format!("rediss://127.0.0.1:{port}")).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
}
