//! The contract of [`CatalogueStore`]: what holds for every store, as a suite to run.
//!
//! ```ignore
//! mod memory {
//!     wartel_bot::catalogue_store_contract!(async { wartel_bot::catalogue::MemoryCatalogueStore::new() });
//! }
//! ```
//!
//! The expression is a future of a fresh, empty store; it is evaluated anew in each test. The crate that runs it
//! needs `tokio` with `macros`, `rt` and `rt-multi-thread`.

use std::sync::Arc;

use super::samples::{ODD, T0, good, refused, saved, tenant, there, together, winners};
use crate::catalogue::{CatalogueStore, Item, ItemStatus};
use crate::key::{Revision, Saved};

/// The names of all cases; `suite_is_complete` compares the macro with it.
pub const CASES: &[&str] = &[
    "an_item_comes_out_as_it_went_in",
    "an_unknown_item_is_nothing",
    "the_revision_that_was_read_decides",
    "fifty_writers_of_a_revision_have_one_winner",
    "items_are_listed_by_code",
    "only_what_was_read_is_deleted",
    "what_was_deleted_may_come_again",
    "items_of_tenants_are_apart",
];

/// Runs the contract of [`CatalogueStore`] as one `#[tokio::test]` for each case.
///
/// Takes an expression that is a future of a fresh store; it is evaluated anew in each test. Put each use in a
/// module of its own. Attributes before the expression are put on every case.
#[macro_export]
macro_rules! catalogue_store_contract {
    ($(#[$attribute:meta])+ $store:expr) => {
        $crate::catalogue_store_contract! { @all [$(#[$attribute])+] $store }
    };
    ($store:expr) => {
        $crate::catalogue_store_contract! { @all [] $store }
    };
    (@all $attributes:tt $store:expr) => {
        $crate::__bot_suite! {
            catalogue_contract $attributes $store,
            an_item_comes_out_as_it_went_in an_unknown_item_is_nothing the_revision_that_was_read_decides
            fifty_writers_of_a_revision_have_one_winner items_are_listed_by_code only_what_was_read_is_deleted
            what_was_deleted_may_come_again items_of_tenants_are_apart
        }
    };
}

fn item(of: &str, code: &str) -> Item {
    Item::new(tenant(of), code, format!("Avanza {code}")).with_price(145_000_000)
}

/// With everything that an item can have.
pub async fn an_item_comes_out_as_it_went_in(store: impl CatalogueStore) {
    let mut item = item("toko", "AVZ-01")
        .with_number("mileage", i64::MAX)
        .with_text("colour", ODD)
        .with_photo("https://toko.example/avz-01.jpg");
    item.notes = ODD.to_owned();
    item.status = ItemStatus::Reserved;
    item.updated_at = T0;
    let revision = saved(store.save(&item, Revision::NEW).await);
    assert_eq!(good(store.get(&item.tenant, "AVZ-01").await), Some((item.clone(), revision)));
    assert_eq!(good(store.list(&item.tenant).await), [item]);
}

/// Nothing was written, and nothing is found or deleted.
pub async fn an_unknown_item_is_nothing(store: impl CatalogueStore) {
    let shop = tenant("toko");
    assert_eq!(good(store.get(&shop, "AVZ-01").await), None);
    refused(store.save(&item("toko", "AVZ-01"), Revision::from_u64(1)).await);
    refused(store.delete(&shop, "AVZ-01", Revision::NEW).await);
    refused(store.delete(&shop, "AVZ-01", Revision::from_u64(1)).await);
    assert_eq!(good(store.list(&shop).await), []);
}

/// Who has read an older one writes nothing.
pub async fn the_revision_that_was_read_decides(store: impl CatalogueStore) {
    let cheap = item("toko", "AVZ-01").with_price(1);
    let first = saved(store.save(&item("toko", "AVZ-01"), Revision::NEW).await);
    let second = saved(store.save(&cheap, first).await);
    assert!(Revision::NEW < first && first < second);
    for read in [Revision::NEW, first, second.next()] {
        refused(store.save(&item("toko", "AVZ-01").with_price(2), read).await);
    }
    assert_eq!(good(store.get(&cheap.tenant, "AVZ-01").await), Some((cheap, second)));
}

/// However many write at once, each revision is written once.
pub async fn fifty_writers_of_a_revision_have_one_winner(store: impl CatalogueStore) {
    let (store, shop): (Arc<dyn CatalogueStore>, _) = (Arc::new(store), tenant("toko"));
    for _ in 0..3 {
        let read = good(store.get(&shop, "AVZ-01").await).map_or(Revision::NEW, |(_, revision)| revision);
        let writers = (0..50).map(|price| {
            let (store, item) = (store.clone(), item("toko", "AVZ-01").with_price(price));
            async move { store.save(&item, read).await }
        });
        assert_eq!(winners(together(writers).await), 1);
        let (_, now) = there(good(store.get(&shop, "AVZ-01").await), "the item");
        assert_eq!(now, read.next());
    }
}

/// In the order of the characters of their codes, whatever the language of the server.
pub async fn items_are_listed_by_code(store: impl CatalogueStore) {
    for code in ["BRIO-2", "AVZ-10", "AVZ1", "AVZ-1"] {
        saved(store.save(&item("toko", code), Revision::NEW).await);
    }
    let listed = good(store.list(&tenant("toko")).await);
    let codes: Vec<&str> = listed.iter().map(|item| item.code.as_str()).collect();
    assert_eq!(codes, ["AVZ-1", "AVZ-10", "AVZ1", "BRIO-2"]);
}

/// An item that somebody has changed meanwhile stays.
pub async fn only_what_was_read_is_deleted(store: impl CatalogueStore) {
    let shop = tenant("toko");
    let first = saved(store.save(&item("toko", "AVZ-01"), Revision::NEW).await);
    let second = saved(store.save(&item("toko", "AVZ-01").with_price(1), first).await);
    saved(store.save(&item("toko", "AVZ-02"), Revision::NEW).await);
    refused(store.delete(&shop, "AVZ-01", first).await);
    assert!(good(store.get(&shop, "AVZ-01").await).is_some());
    assert!(matches!(good(store.delete(&shop, "AVZ-01", second).await), Saved::Saved(_)));
    refused(store.delete(&shop, "AVZ-01", second).await);
    assert_eq!(good(store.list(&shop).await), [item("toko", "AVZ-02")]);
}

/// A stock code is free again once its item is gone.
pub async fn what_was_deleted_may_come_again(store: impl CatalogueStore) {
    let (shop, item) = (tenant("toko"), item("toko", "AVZ-01"));
    let revision = saved(store.save(&item, Revision::NEW).await);
    saved(store.delete(&shop, "AVZ-01", revision).await);
    let revision = saved(store.save(&item, Revision::NEW).await);
    assert_eq!(good(store.get(&shop, "AVZ-01").await), Some((item, revision)));
}

/// The same code may stand in two shops.
pub async fn items_of_tenants_are_apart(store: impl CatalogueStore) {
    let (one, other) = (item("satu", "AVZ-01"), item("dua", "AVZ-01").with_price(1));
    let of_one = saved(store.save(&one, Revision::NEW).await);
    assert_eq!(good(store.get(&other.tenant, "AVZ-01").await), None);
    assert_eq!(good(store.list(&other.tenant).await), []);
    refused(store.delete(&other.tenant, "AVZ-01", of_one).await);
    let of_other = saved(store.save(&other, Revision::NEW).await);
    saved(store.delete(&other.tenant, "AVZ-01", of_other).await);
    assert_eq!(good(store.get(&one.tenant, "AVZ-01").await), Some((one, of_one)));
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_is_listed() {
        assert_eq!(crate::testing::suite::written(include_str!("catalogue_contract.rs")), super::CASES);
    }

    mod memory {
        crate::catalogue_store_contract!(async { crate::catalogue::MemoryCatalogueStore::new() });
    }
}
