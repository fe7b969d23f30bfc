//! Tables: who makes them, whose they are, and what is in them.

use std::error::Error as _;

use sqlx::postgres::PgPoolOptions;
use tokio::task::JoinSet;
use wartel_core::{Probe as _, ProbeFailureKind, StoreErrorKind, Timestamp};
use wartel_messaging::outbox::{LEASE, Outbox, OutboxEntry, OutboxEntryId, OutboxOutcome};
use wartel_otp::OtpStore as _;
use wartel_otp::testing::{T0, admit_for, sample_phone};
use wartel_storage::PostgresStores;
use wartel_storage::postgres::MIGRATIONS;

use super::support::{database, empty_database, number, run, stores};

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn nothing_is_migrated_unasked() {
    let url = empty_database().await;
    let stores = stores(&url).await;
    let all: Vec<_> = MIGRATIONS.iter().copied().flatten().copied().collect();
    assert_eq!(stores.pending_migrations().await.unwrap(), all);
    let error = stores.admit(admit_for(&sample_phone()).build(), T0).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Schema);
    assert!(error.source().unwrap().to_string().contains("run the migrations"));
    let failure = stores.probe().await.unwrap_err();
    assert_eq!(failure.kind(), ProbeFailureKind::Misconfigured);
    assert!(failure.reason().contains("pending"), "{failure}");
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()";
    assert_eq!(number(&url, tables).await, 0);

    assert_eq!(stores.migrate().await.unwrap(), all);
    assert_eq!(stores.migrate().await.unwrap(), []);
    assert_eq!(stores.pending_migrations().await.unwrap(), []);
    stores.probe().await.unwrap();
    stores.admit(admit_for(&sample_phone()).build(), T0).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn many_instances_may_migrate_at_once() {
    let url = empty_database().await;
    let mut tasks = JoinSet::new();
    for _ in 0..6 {
        let url = url.clone();
        tasks.spawn(async move { stores(&url).await.migrate().await.unwrap().len() });
    }
    assert_eq!(tasks.join_all().await.iter().sum::<usize>(), MIGRATIONS.iter().copied().flatten().count());
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn tables_of_another_program_are_refused_in_words() {
    let url = database().await;
    let stores = stores(&url).await;
    run(&url, "INSERT INTO wartel_otp_migrations VALUES (99, 'future', 'checksum', 0)").await;
    let error = stores.migrate().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Schema);
    let reason = error.source().unwrap().to_string();
    assert!(reason.contains("version 99 of the otp tables") && reason.contains("newer program"), "{reason}");
    run(&url, "UPDATE wartel_otp_migrations SET version = 0 WHERE version = 99").await;
    run(&url, "UPDATE wartel_otp_migrations SET checksum = 'other' WHERE version = 1").await;
    let failure = stores.probe().await.unwrap_err();
    assert!(failure.reason().contains("is not the one that was applied"), "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn the_tables_live_beside_those_of_the_app() {
    let url = empty_database().await;
    run(&url, "CREATE TABLE users (id INTEGER); INSERT INTO users VALUES (1)").await;
    let stores = stores(&url).await;
    stores.migrate().await.unwrap();
    let others = "SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace
        AND relname NOT LIKE 'wartel\\_%' AND relname <> 'users'";
    assert_eq!(number(&url, others).await, 0);
    assert_eq!(number(&url, "SELECT count(*) FROM users").await, 1);
    stores.probe().await.unwrap();
    // The pool is the app's, and stays open.
    let pool = PgPoolOptions::new().connect(&url).await.unwrap();
    PostgresStores::from_pool(pool.clone()).close().await;
    sqlx::query("SELECT 1").execute(&pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn what_only_reads_is_told_from_what_fails() {
    let url = database().await;
    let read_only = url.replace("search_path", "default_transaction_read_only%3Don%20-c%20search_path");
    let stores = stores(&read_only).await;
    let failure = stores.probe().await.unwrap_err();
    assert_eq!(failure.kind(), ProbeFailureKind::Misconfigured);
    assert!(failure.reason().contains("read-only"), "{failure}");
    let entry = OutboxEntry::text(
        OutboxEntryId::random(),
        wartel_core::TenantId::default(),
        sample_phone(),
        "Halo",
        T0 + LEASE,
    );
    assert_eq!(stores.enqueue(&entry, T0).await.unwrap_err().kind(), StoreErrorKind::Full);
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn the_text_of_a_settled_message_is_gone() {
    let url = database().await;
    let stores = stores(&url).await;
    let entry = |text| {
        let expires_at: Timestamp = T0 + LEASE * 100;
        let tenant = wartel_core::TenantId::default();
        OutboxEntry::text(OutboxEntryId::random(), tenant, sample_phone(), text, expires_at)
    };
    stores.enqueue(&entry("Halo Budi"), T0).await.unwrap();
    let leased = Outbox::lease_due(&stores, 10, LEASE, T0).await.unwrap();
    assert_eq!(
        number(&url, "SELECT count(*) FROM wartel_messaging_outbox WHERE body = 'Halo Budi'").await,
        1
    );
    let outcome = OutboxOutcome::Accepted { message_id: None };
    assert!(stores.record(leased[0].entry.id, leased[0].fence, &outcome, T0).await.unwrap());
    assert_eq!(number(&url, "SELECT count(*) FROM wartel_messaging_outbox WHERE body <> ''").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn an_address_is_shown_nowhere() {
    let url = database().await;
    let wrong = url.replacen("wartel@", "wartel:geheim-123@", 1).replacen("/postgres?", "/nowhere?", 1);
    let error = PostgresStores::connect(&wrong).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    let source = error.source().unwrap().to_string();
    assert!(source.contains("there is no such database"), "{source}");
    for bad in ["postgres://budi:geheim-123@[bad", "geheim-123"] {
        let error = PostgresStores::connect(bad).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unexpected);
        let shown = format!("{error:?} {error} {}", error.source().unwrap());
        assert!(!shown.contains("geheim"), "{shown}");
    }
    let shown = format!("{:?}", stores(&url).await);
    assert_eq!(shown, "PostgresStores { .. }");
}
