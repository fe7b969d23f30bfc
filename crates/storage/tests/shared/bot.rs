//! What becomes of the assistant's documents that another version wrote, or nobody of ours.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};
use wartel_bot::catalogue::{CatalogueStore, Item};
use wartel_bot::conversation::{Chat, ChatWrite, ConversationStore, Line, LineAuthor};
use wartel_bot::tenant::{Tenant, TenantStore};
use wartel_bot::{ChatKey, Revision};
use wartel_core::{AccountId, StoreError, StoreErrorKind, TenantId, Timestamp};
use wartel_messaging::inbox::ContactId;

/// 2026-01-01T00:00:00Z.
const T0: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);
const LEASE: Duration = Duration::from_secs(30);
/// What a customer wrote, which no error may show.
const WORDS: &str = "rahasia-pelanggan";

fn contact(n: u32) -> ContactId {
    ContactId::parse(&format!("00000000-0000-7000-8000-{n:012x}")).unwrap()
}

/// A chat that is due, with a line.
async fn put(store: &dyn ConversationStore, n: u32) -> Chat {
    let mut chat = Chat::new(ChatKey::new(TenantId::default(), AccountId::default(), contact(n)));
    chat.name = Some(WORDS.to_owned());
    let entry = contact(n).to_string();
    let item = json!({ "entry": entry, "line": 0, "text": WORDS, "at": T0 });
    chat.burst.push(serde_json::from_value(item).unwrap());
    chat.burst_due = Some(T0);
    let line = Line::new(0, LineAuthor::Customer, WORDS, T0);
    let write = ChatWrite::new(chat.clone(), Revision::NEW).with_lines(vec![line]);
    assert!(store.save(&write, T0).await.unwrap().is_saved());
    chat
}

/// The statement that gives all rows of a table this document.
fn rewrite(table: &str, document: &Value) -> String {
    let document = document.to_string().replace('\'', "''");
    format!("UPDATE wartel_bot_{table} SET document = '{document}'")
}

fn corrupt<T: fmt::Debug>(result: Result<T, StoreError>) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    let shown = format!("{error} {error:?} {}", error.source().unwrap());
    assert!(!shown.contains(WORDS), "{shown}");
}

/// Fields that a newer version has added are left out, and those that an older one did not have are as in a new document.
/// `run` runs a statement on the database of the store.
pub(crate) async fn documents_of_other_versions_are_read<S>(store: S, run: impl AsyncFn(&str))
where
    S: ConversationStore + TenantStore + CatalogueStore,
{
    let chat = put(&store, 1).await;
    let (shop, item) =
        (Tenant::new(TenantId::default(), "Toko"), Item::new(TenantId::default(), "AVZ-01", "Avanza"));
    assert!(TenantStore::save(&store, &shop, Revision::NEW).await.unwrap().is_saved());
    assert!(CatalogueStore::save(&store, &item, Revision::NEW).await.unwrap().is_saved());
    for (table, mut document) in [
        ("chats", serde_json::to_value(&chat).unwrap()),
        ("tenants", serde_json::to_value(&shop).unwrap()),
        ("items", serde_json::to_value(&item).unwrap()),
    ] {
        document["of_tomorrow"] = json!({ "and": [1] });
        run(&rewrite(table, &document)).await;
    }
    let first = Revision::NEW.next();
    assert_eq!(store.load(&chat.key).await.unwrap(), Some((chat.clone(), first)));
    assert_eq!(TenantStore::get(&store, &shop.id).await.unwrap(), Some((shop, first)));
    assert_eq!(CatalogueStore::list(&store, &item.tenant).await.unwrap(), [item]);

    run(&rewrite("chats", &json!({ "key": chat.key }))).await;
    assert_eq!(store.load(&chat.key).await.unwrap(), Some((Chat::new(chat.key), first)));
}

/// It is an error that shows nothing of it, and holds up no other chat.
pub(crate) async fn what_cannot_be_read_is_corrupt<S>(store: S, run: impl AsyncFn(&str))
where
    S: ConversationStore + TenantStore + CatalogueStore,
{
    let broken = put(&store, 1).await;
    let shop = Tenant::new(TenantId::default(), WORDS);
    assert!(TenantStore::save(&store, &shop, Revision::NEW).await.unwrap().is_saved());
    let unreadable = json!({ "key": WORDS, "id": 1, "number": WORDS, "hours": WORDS });
    for table in ["chats", "lines", "tenants"] {
        run(&rewrite(table, &unreadable)).await;
    }
    corrupt(store.load(&broken.key).await);
    corrupt(ConversationStore::list(&store, &broken.key.tenant, false, 10).await);
    corrupt(store.lines(&broken.key, 0, 10).await);
    corrupt(TenantStore::get(&store, &shop.id).await);

    let whole = put(&store, 2).await;
    let leased = store.lease_due(10, LEASE, T0).await.unwrap();
    let leased: Vec<_> = leased.into_iter().map(|leased| leased.chat).collect();
    assert_eq!(leased, [whole]);
    // It does not come back at once, so that it takes no place of others.
    assert!(store.lease_due(10, LEASE, T0).await.unwrap().is_empty());
}
