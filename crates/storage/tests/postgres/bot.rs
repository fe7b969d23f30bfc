//! The assistant in a database that instances share, and that others may have written.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use tokio::task::JoinSet;
use wartel_bot::lead::{LeadEvent, LeadEventId, LeadNews, LeadQuery, LeadStore, Leads};
use wartel_bot::spend::{Reservation, ReservationId, Reserved, SpendCap, SpendStore};
use wartel_core::{AccountId, TenantId, Timestamp};
use wartel_messaging::inbox::ContactId;

use super::support::{database, run, stores};

const T0: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

#[tokio::test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn documents_of_other_versions_are_read() {
    let url = database().await;
    let store = stores(&url).await;
    crate::bot::documents_of_other_versions_are_read(store, async |sql: &str| run(&url, sql).await).await;
}

#[tokio::test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn what_cannot_be_read_is_corrupt() {
    let url = database().await;
    let store = stores(&url).await;
    crate::bot::what_cannot_be_read_is_corrupt(store, async |sql: &str| run(&url, sql).await).await;
}

/// Also when the messages of one customer are taken by several instances.
#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn instances_open_one_lead_and_share_one_budget() {
    let url = database().await;
    let mut tasks = JoinSet::new();
    for _ in 0..3 {
        let store = Arc::new(stores(&url).await);
        for _ in 0..5 {
            let store = store.clone();
            tasks.spawn(async move {
                let event = LeadEvent::new(
                    LeadEventId::random(),
                    TenantId::default(),
                    ContactId::parse("00000000-0000-7000-8000-000000000001").unwrap(),
                    AccountId::default(),
                    LeadNews::Wrote { phone: None, name: None },
                    T0,
                );
                Leads::new(store.clone()).tell(&event).await.unwrap().unwrap();
                let caps = vec![SpendCap::new("day/2026-01-01", 10)];
                let expires_at = T0 + Duration::from_secs(60);
                let id = ReservationId::random();
                let call = Reservation::new(id, TenantId::default(), caps, 3, expires_at);
                store.reserve(&call, T0).await.unwrap() == Reserved::Yes
            });
        }
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|made| *made).count(), 3);
    let leads = LeadStore::list(&stores(&url).await, &TenantId::default(), &LeadQuery::new()).await.unwrap();
    assert_eq!(leads.iter().map(|lead| lead.messages).collect::<Vec<_>>(), [15]);
}

/// Each query finds its rows by an index, in its order.
#[tokio::test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn queries_go_by_an_index() {
    let url = database().await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let only_indexes = "SET enable_seqscan = off; SET enable_bitmapscan = off";
    sqlx::raw_sql(only_indexes).execute(&mut connection).await.unwrap();
    for (query, index) in [
        (
            "SELECT document FROM wartel_bot_chats WHERE due_at <= 1 \
             AND (leased_until IS NULL OR leased_until <= 1) ORDER BY due_at LIMIT 5",
            "wartel_bot_chats_due",
        ),
        (
            "SELECT document FROM wartel_bot_chats WHERE tenant = 'a' \
             ORDER BY last_inbound_at DESC NULLS LAST LIMIT 5",
            "wartel_bot_chats_listed",
        ),
        (
            "SELECT document FROM wartel_bot_leads WHERE tenant = 'a' AND NOT closed \
             ORDER BY last_contact_at DESC LIMIT 5",
            "wartel_bot_leads_listed",
        ),
        (
            "SELECT 1 FROM wartel_messaging_inbox WHERE tenant = 'a' AND lane = \
             coalesce((SELECT merged_into FROM wartel_messaging_contacts WHERE id = 'b'), 'b') AND lane <> '' \
             AND account = 'c' AND due_at IS NOT NULL AND kind IN ('message', 'echo')",
            "wartel_messaging_inbox_order",
        ),
    ] {
        let explain = sqlx::query(AssertSqlSafe(format!("EXPLAIN {query}")));
        let plan = explain.fetch_all(&mut connection).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
        let plan = plan.join("; ");
        assert!(
            plan.contains(index) && !plan.contains("Seq Scan on wartel") && !plan.contains("Sort"),
            "{plan}"
        );
    }
    connection.close().await.unwrap();
}
