//! Deliveries and outcomes that share a transaction, and a server that loses its power.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};
use tokio::task::JoinSet;
use wartel_core::{AccountId, StoreError, StoreErrorKind, TenantId, Timestamp};
use wartel_messaging::inbox::{
    Delivery, Inbox, InboxKind, InboxOutcome, InboxState, LEASE, LeasedInboxEntry,
};
use wartel_messaging::{Authenticity, InboundContent, InboundEvent, InboundMessage};
use wartel_otp::testing::{T0, phone_number};
use wartel_storage::PostgresStores;

use super::server::{Server, Stop};
use super::support::{database, number, run, stores};

const MICRO: Duration = Duration::from_micros(1);

/// A message of person `n`.
fn delivery(n: u32) -> Delivery {
    let message = InboundMessage::new(phone_number(n).into(), InboundContent::text("Halo"));
    let message = message.with_id(Some(format!("3EB0{n}")));
    Delivery::new(
        TenantId::default(),
        AccountId::default(),
        Authenticity::TokenOnly,
        &HeaderMap::new(),
        Bytes::from_static(b"{}"),
        vec![InboundEvent::Message(message)],
    )
}

/// Records messages of this many people at once, and leases them.
async fn leased(stores: &PostgresStores, people: u32) -> Vec<LeasedInboxEntry> {
    let mut tasks = JoinSet::new();
    for n in 0..people {
        let stores = stores.clone();
        tasks.spawn(async move { stores.record(delivery(n), T0).await.unwrap() });
    }
    assert!(tasks.join_all().await.iter().all(|recorded| recorded.new == 1));
    let leased = stores.lease(&[InboxKind::Message], 1_000, LEASE, T0).await.unwrap();
    assert_eq!(leased.len(), people as usize);
    leased
}

/// Settles all of them at once.
async fn settle(
    stores: &PostgresStores,
    leased: &[LeasedInboxEntry],
    outcome: &InboxOutcome,
) -> Vec<Result<bool, StoreError>> {
    let all = leased.iter().map(|one| stores.settle(one.entry.id, one.fence, outcome, T0));
    futures_util::future::join_all(all).await
}

async fn states(stores: &PostgresStores, leased: &[LeasedInboxEntry]) -> Vec<InboxState> {
    let mut states = Vec::new();
    for one in leased {
        states.push(stores.state(one.entry.id).await.unwrap().expect("an entry is gone"));
    }
    states
}

#[tokio::test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn outcomes_that_wait_together_share_a_transaction_and_each_has_its_answer() {
    let url = database().await;
    let stores = stores(&url).await;
    let mut leased = leased(&stores, 40).await;
    leased[7].fence -= 1;
    let answers = settle(&stores, &leased, &InboxOutcome::Done).await;
    for (n, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.unwrap(), n != 7, "{n}");
    }
    // The name of the transaction that wrote a row.
    let transactions = "SELECT count(DISTINCT xmin::text) FROM wartel_messaging_inbox WHERE state = 'done'";
    assert!(number(&url, transactions).await <= 2);
}

#[tokio::test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn neighbours_of_a_refused_outcome_are_settled() {
    let url = database().await;
    let stores = stores(&url).await;
    let leased = leased(&stores, 20).await;
    let bad = leased[13].entry.id;
    let sql = format!(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
         CREATE TRIGGER refuse BEFORE UPDATE ON wartel_messaging_inbox
             FOR EACH ROW WHEN (new.id = '{bad}') EXECUTE FUNCTION refuse()"
    );
    run(&url, &sql).await;
    for (n, answer) in settle(&stores, &leased, &InboxOutcome::Done).await.into_iter().enumerate() {
        if n == 13 {
            assert_eq!(answer.unwrap_err().kind(), StoreErrorKind::Unexpected);
        } else {
            assert!(answer.unwrap(), "{n}");
        }
    }
}

#[tokio::test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn neighbours_of_a_locked_entry_are_settled() {
    let url = database().await;
    let stores = stores(&url).await;
    let leased = leased(&stores, 20).await;
    let mut other = PgConnection::connect(&url).await.unwrap();
    let mut transaction = other.begin().await.unwrap();
    let lock = format!("SELECT FROM wartel_messaging_inbox WHERE id = '{}' FOR UPDATE", leased[13].entry.id);
    sqlx::query(AssertSqlSafe(lock)).execute(&mut *transaction).await.unwrap();
    for (n, answer) in settle(&stores, &leased, &InboxOutcome::Done).await.into_iter().enumerate() {
        if n == 13 {
            assert_eq!(answer.unwrap_err().kind(), StoreErrorKind::Unavailable);
        } else {
            assert!(answer.unwrap(), "{n}");
        }
    }
    transaction.rollback().await.unwrap();
    let late = settle(&stores, &leased[13..14], &InboxOutcome::Done).await;
    assert!(matches!(late.as_slice(), [Ok(true)]));
}

/// What was acknowledged is there after a loss of power. Leases and outcomes may be forgotten; whoever held such a lease
/// settles nothing of the next holder's.
#[tokio::test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn a_loss_of_power_loses_nothing_that_came_in_and_gives_no_fence_twice() {
    let mut server = tokio::task::spawn_blocking(Server::start).await.unwrap();
    let url = server.url("postgres");
    let stores = PostgresStores::connect(&url).await.unwrap();
    stores.migrate().await.unwrap();
    // So that what is written behind is not on the disk when the power goes.
    run(&url, "ALTER SYSTEM SET wal_writer_delay = '10s'").await;
    run(&url, "SELECT pg_reload_conf()").await;
    let before = leased(&stores, 20).await;
    let answers = settle(&stores, &before[..10], &InboxOutcome::Done).await;
    assert!(answers.into_iter().all(Result::unwrap));
    let server = tokio::task::spawn_blocking(move || {
        server.stop(Stop::Kill);
        server.restart();
        server
    })
    .await
    .unwrap();
    let later: Timestamp = T0 + LEASE + MICRO;
    let (states, after) = (
        states(&stores, &before).await,
        stores.lease(&[InboxKind::Message], 100, LEASE, later).await.unwrap(),
    );
    let open = states.iter().filter(|state| **state != InboxState::Done).count();
    assert!((10..=20).contains(&open), "{states:?}");
    assert_eq!(after.len(), open, "what has no outcome is handed out again");
    for old in &before {
        if let Some(new) = after.iter().find(|new| new.entry.id == old.entry.id) {
            assert!(new.fence > old.fence);
        }
    }
    for answer in settle(&stores, &before, &InboxOutcome::Done).await {
        assert!(!answer.unwrap(), "an old holder settled the lease of another one");
    }
    stores.close().await;
    drop(server);
}
