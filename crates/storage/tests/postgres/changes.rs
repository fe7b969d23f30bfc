//! Messages and registrations that are written once, whatever happens to the answer, and heard of at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;
use wartel_core::{Clock as _, Secret, StoreErrorKind, SystemClock, TenantId, Timestamp};
use wartel_messaging::outbox::{Outbox, OutboxEntry, OutboxEntryId};
use wartel_otp::testing::{T0, phone_number};
use wartel_registration::{Creation, Registration, RegistrationId, RegistrationStore};
use wartel_storage::PostgresStores;
use wartel_storage::clock::{StoreClock, TimeSource as _};

use super::proxy;
use super::server::{Server, Stop};
use super::support::{database, number, run, stores};

/// How long a notification may take on a busy machine. A dispatcher that only asks would not hear of it at all.
const SOON: Duration = Duration::from_secs(10);

fn entry(n: u32) -> OutboxEntry {
    let id = OutboxEntryId::random();
    let end = T0 + Duration::from_secs(3_600);
    OutboxEntry::text(id, TenantId::default(), phone_number(n), Secret::new("made up"), end)
}

fn registration(n: u32) -> Registration {
    Registration::new(RegistrationId::random(), TenantId::default(), phone_number(n), "Budi Uji", T0)
}

/// Connections break when a commit is on its way to the server, or its answer on the way back: each write is made
/// once, and each caller is told the truth.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn a_lost_answer_to_a_commit_doubles_no_message_and_no_registration() {
    let server = tokio::task::spawn_blocking(Server::start).await.unwrap();
    let (port, cuts) = proxy::start(server.socket()).await;
    let url = server.url("postgres");
    let direct = PostgresStores::connect(&url).await.unwrap();
    direct.migrate().await.unwrap();
    let stores =
        PostgresStores::connect(&format!("postgres://wartel@127.0.0.1:{port}/postgres")).await.unwrap();
    let next = Arc::new(AtomicU32::new(0));
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let (stores, cuts, next) = (stores.clone(), Arc::clone(&cuts), Arc::clone(&next));
        tasks.spawn(async move {
            while cuts.before.load(Ordering::Relaxed).min(cuts.after.load(Ordering::Relaxed)) < 20 {
                assert!(begun.elapsed() < Duration::from_secs(60), "too few connections were cut: {cuts:?}");
                let n = next.fetch_add(1, Ordering::Relaxed);
                assert!(stores.enqueue(&entry(n), T0).await.unwrap(), "it is new");
                let created = stores.create(&registration(n), &entry(n)).await.unwrap();
                assert_eq!(created, Creation::Created);
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let written = i64::from(next.load(Ordering::Relaxed));
    assert_eq!(number(&url, "SELECT count(*) FROM wartel_messaging_outbox").await, 2 * written);
    assert_eq!(number(&url, "SELECT count(*) FROM wartel_registration_registrations").await, written);

    // What is leased is settled once, and whoever settled it is told so.
    let leased = direct.lease_due(200, Duration::from_secs(60), T0).await.unwrap();
    let begun = cuts.after.load(Ordering::Relaxed);
    for leased in &leased {
        let outcome = wartel_messaging::outbox::OutboxOutcome::Accepted { message_id: None };
        assert!(stores.record(leased.entry.id, leased.fence, &outcome, T0).await.unwrap());
        assert!(!stores.record(leased.entry.id, leased.fence, &outcome, T0).await.unwrap());
    }
    assert!(cuts.after.load(Ordering::Relaxed) > begun || leased.len() < 20);
}

/// A change that cannot be written is refused for what it is, and nothing of it stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn a_database_that_is_read_only_takes_nothing() {
    let url = database().await;
    let read_only = format!("{url}%20-c%20default_transaction_read_only%3Don");
    let stores = PostgresStores::connect(&read_only).await.unwrap();
    let error = stores.enqueue(&entry(1), T0).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Full);
    let error = stores.create(&registration(1), &entry(1)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Full);
    let admit = wartel_otp::testing::admit_for(&phone_number(1)).build();
    let error = wartel_otp::OtpStore::admit(&stores, admit, T0).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Full);
    let failure = wartel_core::Probe::probe(&stores).await.unwrap_err();
    assert!(failure.reason().starts_with("the database is read-only"), "{}", failure.reason());
    for table in ["wartel_messaging_outbox", "wartel_registration_registrations", "wartel_otp_phones"] {
        assert_eq!(number(&url, &format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn another_instance_hears_of_a_message_and_of_a_registration() {
    let mut server = tokio::task::spawn_blocking(Server::start).await.unwrap();
    let url = server.url("postgres");
    let (writer, reader) = (stores(&url).await, PostgresStores::connect(&url).await.unwrap());
    writer.migrate().await.unwrap();
    let heard = Arc::new(Notify::new());
    let count = Arc::new(AtomicU32::new(0));
    let (stop, stopped) = oneshot::channel::<()>();
    let listening = {
        let (heard, count) = (Arc::clone(&heard), Arc::clone(&count));
        tokio::spawn(async move {
            let wake = move || {
                count.fetch_add(1, Ordering::Relaxed);
                heard.notify_one();
            };
            reader.on_outbox_written(wake, async { drop(stopped.await) }).await;
        })
    };
    // It begins with a look at what is there already.
    tokio::time::timeout(SOON, heard.notified()).await.unwrap();
    assert!(writer.enqueue(&entry(1), T0).await.unwrap());
    tokio::time::timeout(SOON, heard.notified()).await.unwrap();
    assert_eq!(writer.create(&registration(1), &entry(1)).await.unwrap(), Creation::Created);
    tokio::time::timeout(SOON, heard.notified()).await.unwrap();
    // What changes nothing makes no noise.
    let before = count.load(Ordering::Relaxed);
    assert_eq!(writer.create(&registration(1), &entry(1)).await.unwrap(), Creation::AlreadyRegistered);
    assert!(writer.enqueue(&entry(2), T0).await.unwrap());
    tokio::time::timeout(SOON, heard.notified()).await.unwrap();
    assert_eq!(count.load(Ordering::Relaxed), before + 1);
    // The server comes back, and so does the ear.
    let mut server = tokio::task::spawn_blocking(move || {
        server.stop(Stop::Kill);
        server.restart();
        server
    })
    .await
    .unwrap();
    tokio::time::timeout(SOON, heard.notified()).await.unwrap();
    assert!(writer.enqueue(&entry(3), T0).await.unwrap());
    tokio::time::timeout(SOON, heard.notified()).await.unwrap();
    drop(stop);
    tokio::time::timeout(SOON, listening).await.unwrap().unwrap();
    server.stop(Stop::Fast);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn the_server_tells_the_time() {
    let url = database().await;
    let stores = stores(&url).await;
    stores.read_time().await.unwrap();
    let (clock, _task) = StoreClock::start(Arc::new(stores)).await.unwrap();
    let apart = clock.now().as_micros() - SystemClock.now().as_micros();
    // Both are on this machine.
    assert!(apart.unsigned_abs() < 1_000_000, "{apart} µs");
    let asked = number(&url, "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint").await;
    assert!(clock.now().since(Timestamp::from_micros(asked)) < Duration::from_secs(5));
    wartel_core::Probe::probe(&clock).await.unwrap();
    run(&url, "SELECT 1").await;
}
