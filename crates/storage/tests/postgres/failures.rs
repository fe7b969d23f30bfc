//! Servers that restart, connections that break, rows that are locked, damaged or refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnection, PgPoolOptions};
use sqlx::{Connection as _, Row as _};
use tokio::task::JoinSet;
use wartel_core::{Probe as _, ProbeFailureKind, StoreErrorKind, TenantId, Timestamp};
use wartel_messaging::DeliveryState;
use wartel_otp::store::{Admission, AttemptOutcome, Redemption, Target};
use wartel_otp::testing::{T0, admit_for, attempt, phone_number, receipt, redeem, sample_phone};
use wartel_otp::{Budget, OtpStore, ProofHash, Rate};
use wartel_storage::PostgresStores;

use super::proxy;
use super::server::{Server, Stop};
use super::support::{database, number, run, stores};

fn at(seconds: u64) -> Timestamp {
    T0 + Duration::from_secs(seconds)
}

/// Tasks that ask for codes, each for a phone of its own, until they are told to stop.
struct Load {
    tasks: JoinSet<()>,
    stop: Arc<AtomicBool>,
    phones: Arc<AtomicU32>,
    failed: Arc<AtomicU32>,
}

impl Load {
    fn start(stores: &PostgresStores, tasks: usize) -> Self {
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

    /// Every step must have been carried out, once.
    async fn end_without_failure(self, url: &str) {
        let (failed, asked) = self.end().await;
        assert_eq!(failed, 0, "of {asked}");
        assert_eq!(number(url, "SELECT count(*) FROM wartel_otp_phones").await, i64::from(asked));
        assert_eq!(number(url, "SELECT count(*) FROM wartel_otp_budget_events").await, i64::from(asked));
    }
}

/// Sessions are ended again and again by the server.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn an_ended_session_loses_nothing_and_repeats_nothing() {
    let server = tokio::task::spawn_blocking(Server::start).await.unwrap();
    let url = server.url("postgres");
    let stores = PostgresStores::connect(&url).await.unwrap();
    stores.migrate().await.unwrap();
    let load = Load::start(&stores, 16);
    let mut knife = PgConnection::connect(&url).await.unwrap();
    let begun = Instant::now();
    let mut cuts = 0;
    while cuts < 200 && begun.elapsed() < Duration::from_secs(20) {
        let cut = sqlx::query(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
             WHERE application_name = 'wartel' AND state <> 'idle'",
        );
        cuts += cut.fetch_one(&mut knife).await.unwrap().get::<i64, _>(0);
    }
    assert!(cuts >= 20, "only {cuts} sessions were ended");
    load.end_without_failure(&url).await;
}

/// Connections break when a commit is on its way to the server, or its answer on the way back. The server is asked
/// what became of it, so that everything is carried out, and once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn a_lost_answer_to_a_commit_loses_nothing_and_repeats_nothing() {
    let server = tokio::task::spawn_blocking(Server::start).await.unwrap();
    let (port, cuts) = proxy::start(server.socket()).await;
    let url = format!("postgres://wartel@127.0.0.1:{port}/postgres");
    let direct = PostgresStores::connect(&server.url("postgres")).await.unwrap();
    direct.migrate().await.unwrap();
    let stores = PostgresStores::connect(&url).await.unwrap();
    let load = Load::start(&stores, 16);
    let begun = Instant::now();
    let enough = || cuts.before.load(Ordering::Relaxed).min(cuts.after.load(Ordering::Relaxed)) >= 20;
    while !enough() {
        assert!(begun.elapsed() < Duration::from_secs(30), "too few connections were cut: {cuts:?}");
        tokio::task::yield_now().await;
    }
    load.end_without_failure(&server.url("postgres")).await;
}

/// A server that is restarted, in order or by force, loses nothing that was answered, and the stores are back within a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn a_restart_of_the_server_is_survived() {
    let mut server = tokio::task::spawn_blocking(Server::start).await.unwrap();
    let url = server.url("postgres");
    let own = PostgresStores::connect(&url).await.unwrap();
    own.migrate().await.unwrap();
    let pool =
        PgPoolOptions::new().max_connections(4).test_before_acquire(false).connect(&url).await.unwrap();
    let of_the_app = PostgresStores::from_pool(pool);
    for (how, stores) in
        [(Stop::Fast, &own), (Stop::Kill, &own), (Stop::Fast, &of_the_app), (Stop::Kill, &of_the_app)]
    {
        run(&url, "TRUNCATE wartel_otp_phones, wartel_otp_budgets, wartel_otp_budget_events").await;
        let load = Load::start(stores, 16);
        while load.phones.load(Ordering::Relaxed) < 500 {
            tokio::task::yield_now().await;
        }
        server = tokio::task::spawn_blocking(move || {
            server.stop(how);
            server.restart();
            server
        })
        .await
        .unwrap();
        let ready = Instant::now();
        stores.admit(admit_for(&phone_number(99_999)).build(), T0).await.unwrap();
        assert!(ready.elapsed() < Duration::from_secs(1), "{how:?}: back after {:?}", ready.elapsed());
        let (failed, asked) = load.end().await;
        // A step that had its answer was carried out. Only those that waited when the server went may have failed,
        // if it was away for longer than steps wait; nobody knows of them.
        assert!(failed <= 32, "{how:?}: {failed} of {asked}");
        let kept = number(&url, "SELECT count(*) FROM wartel_otp_phones").await;
        let asked = i64::from(asked) + 1;
        assert!(
            (asked - i64::from(failed)..=asked).contains(&kept),
            "{how:?}: {kept} of {asked}, {failed} failed"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn without_a_server_a_step_fails_in_time_and_the_probe_says_so() {
    let mut server = tokio::task::spawn_blocking(Server::start).await.unwrap();
    let stores = PostgresStores::connect(&server.url("postgres")).await.unwrap();
    stores.migrate().await.unwrap();
    stores.probe().await.unwrap();
    server.stop(Stop::Fast);
    let begun = Instant::now();
    let error = stores.admit(admit_for(&sample_phone()).build(), T0).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(begun.elapsed() < Duration::from_millis(2_400), "after {:?}", begun.elapsed());
    let failure = stores.probe().await.unwrap_err();
    assert_eq!(failure.kind(), ProbeFailureKind::Unavailable);
    server.restart();
    stores.probe().await.unwrap();
    // The step that failed was not taken.
    let admission = stores.admit(admit_for(&sample_phone()).build(), T0).await.unwrap();
    assert!(matches!(admission, Admission::Send { .. }));
}

/// A proof of the sample phone.
async fn proof(stores: &PostgresStores) -> ProofHash {
    let request = admit_for(&sample_phone()).build();
    let Admission::Send { view, .. } = stores.admit(request, T0).await.unwrap() else { panic!("refused") };
    let target = Target::Id(view.id);
    let read = OtpStore::get(stores, &TenantId::default(), &target, T0).await.unwrap().unwrap();
    let check = attempt(target, Some(read.live.unwrap().id), true);
    let hash = check.proof_hash.clone();
    assert!(matches!(stores.attempt(check, at(1)).await.unwrap(), AttemptOutcome::Approved { .. }));
    hash
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn a_proof_is_redeemed_with_the_apps_own_transaction_or_not_at_all() {
    let url = database().await;
    let stores = stores(&url).await;
    let proof = proof(&stores).await;
    run(&url, "CREATE TABLE users (id TEXT PRIMARY KEY, phone TEXT NOT NULL)").await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    for (user, commit) in [("gone", false), ("kept", true)] {
        let mut transaction = connection.begin().await.unwrap();
        let redeemed =
            PostgresStores::redeem_in(&mut transaction, &redeem(&proof, user), at(2)).await.unwrap();
        let Redemption::Phone(phone) = redeemed else { panic!("refused") };
        sqlx::query("INSERT INTO users VALUES ($1, $2)")
            .bind(user)
            .bind(phone.e164())
            .execute(&mut *transaction)
            .await
            .unwrap();
        if commit {
            transaction.commit().await.unwrap();
        } else {
            transaction.rollback().await.unwrap();
        }
    }
    assert_eq!(number(&url, "SELECT count(*) FROM users WHERE id = 'kept'").await, 1);
    assert_eq!(number(&url, "SELECT count(*) FROM users").await, 1);
    // Whose transaction was rolled back never owned it; who committed may come again.
    assert_eq!(stores.redeem(redeem(&proof, "gone"), at(3)).await.unwrap(), Redemption::Refused);
    assert_eq!(
        stores.redeem(redeem(&proof, "kept"), at(3)).await.unwrap(),
        Redemption::Phone(sample_phone())
    );
    let unknown = redeem(&wartel_otp::testing::proof_hash(), "kept");
    let refused = PostgresStores::redeem_in(&mut connection, &unknown, at(3)).await.unwrap();
    assert_eq!(refused, Redemption::Refused);
}

/// Whoever holds a phone for long makes those wait who ask for the same phone, and nobody else for long.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn a_locked_phone_stops_nobody_else() {
    let url = database().await;
    let stores = stores(&url).await;
    let proof = proof(&stores).await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    PostgresStores::redeem_in(&mut transaction, &redeem(&proof, "slow"), at(2)).await.unwrap();
    let waiting = {
        let (stores, proof) = (stores.clone(), proof.clone());
        tokio::spawn(async move { stores.redeem(redeem(&proof, "fast"), at(3)).await })
    };
    // Longer than a batch waits for a lock, so that the one with the locked phone is taken apart.
    let (begun, mut phones) = (Instant::now(), 0);
    while begun.elapsed() < Duration::from_millis(1_200) {
        let mut others = JoinSet::new();
        for _ in 0..20 {
            phones += 1;
            let (stores, phone) = (stores.clone(), phone_number(phones));
            others.spawn(async move { stores.admit(admit_for(&phone).build(), at(2)).await });
        }
        let asked = Instant::now();
        for answer in others.join_all().await {
            assert!(matches!(answer.unwrap(), Admission::Send { .. }));
        }
        assert!(asked.elapsed() < Duration::from_secs(2), "after {:?}", asked.elapsed());
    }
    assert!(!waiting.is_finished());
    transaction.commit().await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap(), Redemption::Refused);
}

/// A step that the database refuses harms only itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn neighbours_of_a_refused_step_are_served() {
    let url = database().await;
    let stores = stores(&url).await;
    let bad = phone_number(13);
    run(
        &url,
        &format!(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN RAISE EXCEPTION 'no % here', new.phone; END $$;
             CREATE TRIGGER refuse BEFORE INSERT ON wartel_otp_phones
                 FOR EACH ROW WHEN (new.phone = '{}') EXECUTE FUNCTION refuse()",
            bad.e164()
        ),
    )
    .await;
    let mut tasks = JoinSet::new();
    for n in 0..40 {
        let stores = stores.clone();
        tasks.spawn(async move { (n, stores.admit(admit_for(&phone_number(n)).build(), T0).await) });
    }
    for (n, answer) in tasks.join_all().await {
        if n == 13 {
            let error = answer.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Unexpected);
            let source = std::error::Error::source(&error).unwrap().to_string();
            assert_eq!(source, "postgres: the server refused (code P0001)");
        } else {
            assert!(matches!(answer.unwrap(), Admission::Send { .. }), "{n}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn a_damaged_row_is_an_error_and_not_an_empty_phone() {
    let url = database().await;
    let stores = stores(&url).await;
    stores.admit(admit_for(&sample_phone()).build(), T0).await.unwrap();
    stores.admit(admit_for(&phone_number(1)).build(), T0).await.unwrap();
    let damage = format!(
        "UPDATE wartel_otp_phones SET ledger = left(ledger, 40) WHERE phone = '{}'",
        sample_phone().e164()
    );
    run(&url, &damage).await;
    let error = stores.admit(admit_for(&sample_phone()).build(), T0).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    assert!(!format!("{error:?}").contains("81234567890"));
    // Others are served: new ones, and those that the worker looks for.
    assert!(matches!(
        stores.admit(admit_for(&phone_number(2)).build(), T0).await.unwrap(),
        Admission::Send { .. }
    ));
    let rules = wartel_otp::testing::default_rules();
    let due = OtpStore::lease_due(&stores, 10, &rules, at(30)).await.unwrap();
    assert_eq!(due.len(), 2);
}

/// Ids of messages come from outside, with whatever is in them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn strange_ids_of_messages_are_kept_and_found() {
    let stores = stores(&database().await).await;
    for (n, id) in ["'; DROP TABLE wartel_otp_phones; --".to_owned(), "a\0b".to_owned(), "ü".repeat(40_000)]
        .into_iter()
        .enumerate()
    {
        let phone = phone_number(u32::try_from(n).unwrap());
        let Admission::Send { view, send, .. } = stores.admit(admit_for(&phone).build(), T0).await.unwrap()
        else {
            panic!("refused");
        };
        let early = receipt("fake", Some(&id), None, DeliveryState::Sent);
        assert!(!stores.record_receipt(early.clone(), at(1)).await.unwrap());
        // The same again is kept once.
        assert!(!stores.record_receipt(early, at(1)).await.unwrap());
        let outcome = wartel_otp::store::SendOutcome::Accepted {
            message_id: Some(wartel_messaging::ProviderMessageId::new(id.as_str())),
        };
        let record = wartel_otp::store::DeliveryRecord::new(
            &send,
            "fake",
            outcome,
            wartel_otp::testing::default_rules(),
        );
        assert!(matches!(
            stores.record_delivery(record, at(2)).await.unwrap(),
            wartel_otp::store::Recorded::Done
        ));
        let late = receipt("fake", Some(&id), None, DeliveryState::Read);
        assert!(stores.record_receipt(late, at(3)).await.unwrap());
        let read = OtpStore::get(&stores, &TenantId::default(), &Target::Id(view.id), at(3)).await.unwrap();
        assert_eq!(read.unwrap().view.unwrap().delivery, DeliveryState::Read);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn closing_answers_what_waits_and_refuses_what_comes_later() {
    let stores = PostgresStores::connect(&database().await).await.unwrap();
    let mut tasks = JoinSet::new();
    for n in 0..100 {
        let stores = stores.clone();
        tasks.spawn(async move { stores.admit(admit_for(&phone_number(n)).build(), T0).await });
    }
    // All of them have been asked when the first one is answered.
    tasks.join_next().await.unwrap().unwrap().unwrap();
    stores.close().await;
    for answer in tasks.join_all().await {
        if let Err(error) = answer {
            assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        }
    }
    let error = stores.admit(admit_for(&phone_number(1)).build(), T0).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "postgres: the stores are closed");
}
