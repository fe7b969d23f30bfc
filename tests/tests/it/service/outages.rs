//! The store fails: nothing is accepted, nothing is sent that is not stored, everybody is told to come back, and the
//! service is back within a second of the store.

use std::time::{Duration, Instant};

use wartel_tests::flows::{Answer, Api, code_in};
use wartel_tests::process::Service;

use super::store::postgres::{Server, Stop};
use super::store::{Redis, Store, ask, execute};
use super::{Stage, stage_in, stage_on};

/// The promise for an answer while the store is away.
const IN_TIME: Duration = Duration::from_secs(5);

/// The promise for being back.
const BACK: Duration = Duration::from_secs(1);

/// A stage on a server of its own, which a test may harm.
async fn alone(server: Server) -> (Server, Stage) {
    let store = Store::Postgres(server.url("postgres"));
    let stage = stage_on(store, &[]).await;
    (server, stage)
}

async fn server() -> Server {
    tokio::task::spawn_blocking(Server::start).await.unwrap()
}

fn national(n: u32) -> String {
    format!("08126000{n:04}")
}

fn digits(n: u32) -> String {
    format!("628126000{n:04}")
}

async fn timed(answer: impl Future<Output = Result<Answer, reqwest::Error>>) -> Answer {
    let started = Instant::now();
    let answer = answer.await.unwrap();
    assert!(started.elapsed() < IN_TIME, "after {:?}: {}", started.elapsed(), answer.body);
    answer
}

fn is_unavailable(answer: &Answer) {
    assert_eq!(answer.problem(), (503, "store_unavailable".to_owned()), "{}", answer.body);
    assert!(
        answer.retry_after.is_some_and(|seconds| (1..=60).contains(&seconds)),
        "{:?}",
        answer.retry_after
    );
}

/// What people had before the store went away: an open code, and a proof that is not used yet.
struct Before {
    code: String,
    proof: String,
}

const WITH_CODE: u32 = 1;
const WITH_PROOF: u32 = 2;

async fn before(stage: &Stage) -> Before {
    for n in [WITH_CODE, WITH_PROOF] {
        assert_eq!(stage.api.request_otp(&national(n), "Test User").await.unwrap().status, 200);
    }
    let code = stage.code(&digits(WITH_PROOF)).await;
    let proof = stage.api.verify_otp(&national(WITH_PROOF), &code).await.unwrap().text("/data/proof");
    Before { code: stage.code(&digits(WITH_CODE)).await, proof }
}

/// Nobody gets anything, in time, and nothing is sent.
async fn nothing_is_accepted(stage: &Stage, before: &Before) {
    let check = if matches!(stage.store, Store::Redis(..)) { "redis" } else { "database" };
    let sent = stage.sandbox.messages().len();
    let with_code = national(WITH_CODE);
    let (asked, verified, registered, ready, live) = (
        timed(stage.api.request_otp("081260009999", "Test User")),
        timed(stage.api.verify_otp(&with_code, &before.code)),
        timed(stage.api.register(&before.proof, "Test User")),
        not_ready(stage),
        timed(stage.api.get("/health/live")),
    );
    let (asked, verified, registered, ready, live) = tokio::join!(asked, verified, registered, ready, live);
    is_unavailable(&asked);
    is_unavailable(&verified);
    is_unavailable(&registered);
    assert_eq!(live.status, 200);
    assert_eq!(ready.body["checks"][check]["ok"], false, "{}", ready.body);
    assert!(ready.body["checks"][check]["reason"].is_string(), "{}", ready.body);
    assert_eq!(stage.sandbox.messages().len(), sent, "something was sent that is not stored");
}

/// Waits until the service says that it is not ready. An answer of a moment ago is given again for a second.
async fn not_ready(stage: &Stage) -> Answer {
    let started = Instant::now();
    loop {
        let ready = timed(stage.api.get("/health/ready")).await;
        if ready.status == 503 {
            return ready;
        }
        assert!(started.elapsed() < IN_TIME, "it stays ready");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How long it takes until the service accepts again.
async fn back_within_a_second(api: &Api) {
    let started = Instant::now();
    let mut tries = 0;
    loop {
        tries += 1;
        let asked = api.request_otp(&format!("0812700{tries:05}"), "Test User").await.unwrap();
        if matches!(asked.status.as_u16(), 200 | 202) {
            break;
        }
        is_unavailable(&asked);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(started.elapsed() < BACK, "after {:?}", started.elapsed());
}

/// Whether a request that was refused with 503 was taken all the same. A Redis server that hung carries out what it
/// had received, even from clients that are gone: then the code that nobody was promised comes, and once.
fn is_taken_late(stage: &Stage, again: &Answer) -> bool {
    matches!(stage.store, Store::Redis(..)) && again.problem() == (429, "resend_too_soon".to_owned())
}

/// All that people had is as it was, and who was refused may ask as if for the first time.
async fn nothing_was_lost(stage: &Stage, before: &Before) {
    let verified = stage.api.verify_otp(&national(WITH_CODE), &before.code).await.unwrap();
    assert_eq!(verified.status, 200, "{}", verified.body);
    let registered = stage.api.register(&before.proof, "Test User").await.unwrap();
    assert_eq!(registered.status, 201, "{}", registered.body);
    let asked = stage.api.request_otp("081260009999", "Test User").await.unwrap();
    if is_taken_late(stage, &asked) {
        // The lease of the send that nobody made has to lapse first.
        stage.sandbox.wait_for_message("6281260009999", Duration::from_secs(45)).await.unwrap();
    } else {
        assert_eq!(asked.status, 200, "{}", asked.body);
    }
    assert_eq!(stage.sandbox.messages_to("6281260009999").len(), 1);
    // A readiness that was asked for a moment ago is answered again for a second.
    let started = Instant::now();
    while stage.api.get("/health/ready").await.unwrap().status != 200 {
        assert!(started.elapsed() < Duration::from_secs(10), "it does not become ready");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn postgres_is_down_and_is_restarted() {
    let (mut server, stage) = alone(server().await).await;
    for how in [Stop::Fast, Stop::Kill] {
        println!("{how:?}");
        let before = before(&stage).await;
        tokio::task::block_in_place(|| server.stop(how));
        nothing_is_accepted(&stage, &before).await;
        tokio::task::block_in_place(|| server.restart());
        back_within_a_second(&stage.api).await;
        nothing_was_lost(&stage, &before).await;
        // The same people again in the next round.
        let Store::Postgres(url) = &stage.store else { panic!("it is Postgres") };
        execute(
            url,
            "TRUNCATE wartel_otp_phones, wartel_otp_locators, wartel_otp_budgets, wartel_otp_budget_events, \
             wartel_registration_registrations",
        )
        .await;
        stage.sandbox.reset();
    }
}

/// For five seconds the server does nothing at all, and the connections stay open.
#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn postgres_hangs() {
    let (server, stage) = alone(server().await).await;
    let before = before(&stage).await;
    server.pause();
    let paused = Instant::now();
    nothing_is_accepted(&stage, &before).await;
    tokio::time::sleep(Duration::from_secs(5).saturating_sub(paused.elapsed())).await;
    server.resume();
    back_within_a_second(&stage.api).await;
    nothing_was_lost(&stage, &before).await;
}

/// The server has become a standby, or its operator wants nothing to be written.
#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn postgres_is_read_only() {
    let (server, stage) = alone(server().await).await;
    let before = before(&stage).await;
    let url = server.url("postgres");
    execute(&url, "ALTER SYSTEM SET default_transaction_read_only = on; SELECT pg_reload_conf()").await;
    // Sessions read the new setting a moment later.
    not_ready(&stage).await;
    nothing_is_accepted(&stage, &before).await;
    let ready = stage.api.get("/health/ready").await.unwrap();
    let reason = ready.text("/checks/database/reason");
    assert!(reason.starts_with("the database is read-only"), "{reason}");
    execute(&url, "ALTER SYSTEM RESET default_transaction_read_only; SELECT pg_reload_conf()").await;
    back_within_a_second(&stage.api).await;
    nothing_was_lost(&stage, &before).await;
}

/// Asks for codes until the store refuses. Whoever was accepted is stored and was sent a code, nobody else.
async fn ask_until_it_is_full(stage: &Stage, api: &Api) -> u32 {
    for n in 0..20_000 {
        let asked = timed(api.request_otp(&format!("08128{n:07}"), "Test User")).await;
        let sent = stage.sandbox.messages_to(&format!("628128{n:07}")).len();
        if asked.status == 503 {
            is_unavailable(&asked);
            assert_eq!(sent, 0, "a code was sent that is not stored");
            return n;
        }
        assert_eq!((asked.status.as_u16(), sent), (200, 1), "{}", asked.body);
    }
    panic!("it does not become full");
}

/// A disk of Postgres that is full, and has room again.
#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(all(has_postgres, can_mount)), ignore = "needs PostgreSQL and the right to mount")]
async fn the_disk_of_postgres_is_full() {
    let disk = SmallDisk::mount(160);
    let (server, stage) = alone(tokio::task::block_in_place(|| Server::start_in(disk.folder()))).await;
    let filler = disk.path.join("filler");
    // The log of a server must be able to go on, or it stops altogether: what is full is the room for rows.
    tokio::task::block_in_place(|| fill(&filler));
    let accepted = ask_until_it_is_full(&stage, &stage.api).await;
    println!("{accepted} codes found room");
    let stored = "SELECT CAST(count(*) AS TEXT) FROM wartel_otp_phones";
    assert_eq!(stage.store.texts(stored).await, [accepted.to_string()]);
    std::fs::remove_file(&filler).unwrap();
    back_within_a_second(&stage.api).await;
    drop((server, stage, disk));
}

/// The service with its codes on a Redis server, which a test may harm.
async fn on_redis() -> (Redis, Stage) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::sqlite(folder.path()).with_redis();
    let Store::Redis(redis, _) = &store else { panic!("it is Redis") };
    let redis = Redis::clone(redis);
    (redis, stage_in(folder, store, &[]).await)
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn redis_is_down_and_is_restarted() {
    for signal in ["TERM", "KILL"] {
        let (redis, stage) = on_redis().await;
        // With its default (everysec) a server that is killed may lose what it answered in the last seconds: while
        // the disk is busy it answers before it has written.
        ask(&redis, &["CONFIG", "SET", "appendfsync", "always"]);
        let before = before(&stage).await;
        redis.lock().unwrap().stop(signal);
        nothing_is_accepted(&stage, &before).await;
        redis.lock().unwrap().restart();
        back_within_a_second(&stage.api).await;
        nothing_was_lost(&stage, &before).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn redis_hangs() {
    let (redis, stage) = on_redis().await;
    let before = before(&stage).await;
    redis.lock().unwrap().signal("STOP");
    let paused = Instant::now();
    nothing_is_accepted(&stage, &before).await;
    tokio::time::sleep(Duration::from_secs(5).saturating_sub(paused.elapsed())).await;
    redis.lock().unwrap().signal("CONT");
    back_within_a_second(&stage.api).await;
    nothing_was_lost(&stage, &before).await;
}

/// The server has become the replica of another.
#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn redis_is_read_only() {
    let (redis, stage) = on_redis().await;
    let before = before(&stage).await;
    ask(&redis, &["REPLICAOF", "127.0.0.1", "1"]);
    nothing_is_accepted(&stage, &before).await;
    ask(&redis, &["REPLICAOF", "NO", "ONE"]);
    back_within_a_second(&stage.api).await;
    nothing_was_lost(&stage, &before).await;
}

/// The server has no memory left, and may throw nothing away.
#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn redis_is_full() {
    let (redis, stage) = on_redis().await;
    let before = before(&stage).await;
    ask(&redis, &["CONFIG", "SET", "maxmemory", "1"]);
    nothing_is_accepted(&stage, &before).await;
    ask(&redis, &["CONFIG", "SET", "maxmemory", "0"]);
    back_within_a_second(&stage.api).await;
    nothing_was_lost(&stage, &before).await;
}

/// No file may become larger: SQLite's log cannot be written any more.
#[tokio::test(flavor = "multi_thread")]
async fn the_disk_of_sqlite_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let stage = stage_in(folder, Store::Sqlite("unused".into()), &[("DATABASE_URL", "memory:")]).await;
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/wartel.db", folder.path().display());
    let vars: Vec<(&str, &str)> = stage
        .vars
        .iter()
        .map(|(name, value)| (name.as_str(), if name == "DATABASE_URL" { &url } else { value.as_str() }))
        .collect();
    let service = tokio::task::block_in_place(|| Service::start_on_full_disk(folder.path(), &vars, 512));
    let api = Api::new(service.base());
    let accepted = ask_until_it_is_full(&stage, &api).await;
    println!("{accepted} codes found room");
    let live = api.get("/health/live").await.unwrap();
    assert_eq!(live.status, 200);
    drop(service);
    // With room again everything that was accepted is there, and goes on.
    let service = tokio::task::block_in_place(|| Service::start(folder.path(), &vars));
    let api = Api::new(service.base());
    let stored = "SELECT CAST(count(*) AS TEXT) FROM wartel_otp_phones";
    let store = Store::Sqlite(folder.path().join("wartel.db"));
    assert_eq!(store.texts(stored).await, [accepted.to_string()]);
    let code = stage.sandbox.messages_to("6281280000000").iter().find_map(|m| code_in(&m.text)).unwrap();
    assert_eq!(api.verify_otp("081280000000", &code).await.unwrap().status, 200);
}

/// A disk of its own in memory.
struct SmallDisk {
    /// Deleted after it was unmounted.
    _below: tempfile::TempDir,
    path: std::path::PathBuf,
}

impl SmallDisk {
    fn mount(mib: u32) -> Self {
        let below = tempfile::tempdir().unwrap();
        let path = below.path().to_owned();
        let size = format!("size={mib}m");
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(&path)
            .status();
        assert!(mounted.unwrap().success());
        // Everybody may look through it: Postgres does not run as root.
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        Self { _below: below, path }
    }

    fn folder(&self) -> tempfile::TempDir {
        tempfile::tempdir_in(&self.path).unwrap()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the last process of the server may need a moment to end.
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.path).status();
    }
}

/// Writes until there is no room left.
fn fill(path: &std::path::Path) {
    use std::io::Write as _;
    let mut file = std::fs::File::create(path).unwrap();
    for size in [1 << 20, 4096] {
        while file.write_all(&vec![1; size]).is_ok() {}
    }
}
