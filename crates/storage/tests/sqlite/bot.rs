//! The assistant's documents in a file that others may have written.

use rusqlite::Connection;

use super::support::Place;

#[tokio::test]
async fn documents_of_other_versions_are_read() {
    let place = Place::new();
    let store = place.open().await;
    let run = async |sql: &str| Connection::open(place.path()).unwrap().execute_batch(sql).unwrap();
    crate::bot::documents_of_other_versions_are_read(store, run).await;
}

#[tokio::test]
async fn what_cannot_be_read_is_corrupt() {
    let place = Place::new();
    let store = place.open().await;
    let run = async |sql: &str| Connection::open(place.path()).unwrap().execute_batch(sql).unwrap();
    crate::bot::what_cannot_be_read_is_corrupt(store, run).await;
}

/// However many chats, lines and leads there are, nothing is read whole.
#[tokio::test]
async fn queries_go_by_an_index() {
    let place = Place::new();
    place.open().await.close().await;
    let connection = Connection::open(place.path()).unwrap();
    for (query, index) in [
        (
            "SELECT document FROM wartel_bot_chats WHERE due_at <= 1 AND (leased_until IS NULL OR leased_until <= 1) \
             ORDER BY due_at LIMIT 5",
            "wartel_bot_chats_due",
        ),
        (
            "SELECT document FROM wartel_bot_chats WHERE tenant = 'a' ORDER BY last_inbound_at DESC LIMIT 5",
            "wartel_bot_chats_listed",
        ),
        (
            "SELECT document FROM wartel_bot_chats WHERE tenant = 'a' AND paused = 1 \
             ORDER BY last_inbound_at DESC LIMIT 5",
            "wartel_bot_chats_paused",
        ),
        (
            "SELECT document FROM wartel_bot_leads WHERE tenant = 'a' AND closed = 0 \
             AND (NULL IS NULL OR stage = NULL) ORDER BY last_contact_at DESC LIMIT 5",
            "wartel_bot_leads_listed",
        ),
        (
            "SELECT document FROM wartel_bot_leads WHERE tenant = 'a' AND contact = 'b' AND closed = 0",
            "wartel_bot_leads_open",
        ),
        (
            "SELECT 1 FROM wartel_messaging_inbox WHERE tenant = 'a' AND lane = \
             coalesce((SELECT merged_into FROM wartel_messaging_contacts WHERE id = 'b'), 'b') AND lane <> '' \
             AND account = 'c' AND due_at IS NOT NULL AND kind IN ('message', 'echo')",
            "wartel_messaging_inbox_order",
        ),
    ] {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
        let plan: Vec<String> =
            statement.query_map([], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
        let plan = plan.join("; ");
        assert!(plan.contains(index) && !plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{plan}");
    }
}
