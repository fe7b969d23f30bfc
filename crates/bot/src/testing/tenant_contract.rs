//! The contract of [`TenantStore`]: what holds for every store, as a suite to run.
//!
//! ```ignore
//! mod memory {
//!     wartel_bot::tenant_store_contract!(async { wartel_bot::tenant::MemoryTenantStore::new() });
//! }
//! ```
//!
//! The expression is a future of a fresh, empty store; it is evaluated anew in each test. The crate that runs it
//! needs `tokio` with `macros`, `rt` and `rt-multi-thread`.

use std::sync::Arc;

use super::samples::{ODD, good, phone, refused, saved, tenant, there, together, winners};
use crate::key::Revision;
use crate::tenant::{CreditTable, CreditTerm, Staff, Tenant, TenantStore};

/// The names of all cases; `suite_is_complete` compares the macro with it.
pub const CASES: &[&str] = &[
    "a_shop_comes_out_as_it_went_in",
    "an_unknown_shop_is_nothing",
    "the_revision_that_was_read_decides",
    "fifty_writers_of_a_revision_have_one_winner",
    "shops_do_not_see_each_other",
];

/// Runs the contract of [`TenantStore`] as one `#[tokio::test]` for each case.
///
/// Takes an expression that is a future of a fresh store; it is evaluated anew in each test. Put each use in a
/// module of its own. Attributes before the expression are put on every case.
#[macro_export]
macro_rules! tenant_store_contract {
    ($(#[$attribute:meta])+ $store:expr) => {
        $crate::tenant_store_contract! { @all [$(#[$attribute])+] $store }
    };
    ($store:expr) => {
        $crate::tenant_store_contract! { @all [] $store }
    };
    (@all $attributes:tt $store:expr) => {
        $crate::__bot_suite! {
            tenant_contract $attributes $store,
            a_shop_comes_out_as_it_went_in an_unknown_shop_is_nothing the_revision_that_was_read_decides
            fifty_writers_of_a_revision_have_one_winner shops_do_not_see_each_other
        }
    };
}

fn shop(name: &str) -> Tenant {
    Tenant::new(tenant(name), format!("Toko {name}"))
}

/// With everything that a shop can have.
pub async fn a_shop_comes_out_as_it_went_in(store: impl TenantStore) {
    let mut shop = shop("toko");
    shop.phone = Some(phone(1));
    shop.address = Some(ODD.to_owned());
    shop.policies = vec![ODD.to_owned(), String::new()];
    shop.staff = vec![Staff::new(phone(2), "Budi")];
    shop.bot.enabled = true;
    shop.bot.day_budget = 123_456_789_012;
    shop.credit = Some(CreditTable::new(2_000, vec![CreditTerm::new(36, 550)], "disetujui leasing"));
    let revision = saved(store.save(&shop, Revision::NEW).await);
    assert_eq!(good(store.get(&shop.id).await), Some((shop, revision)));
}

/// Nothing was written, and nothing is found.
pub async fn an_unknown_shop_is_nothing(store: impl TenantStore) {
    assert_eq!(good(store.get(&tenant("toko")).await), None);
    refused(store.save(&shop("toko"), Revision::from_u64(1)).await);
    assert_eq!(good(store.get(&tenant("toko")).await), None);
}

/// Who has read an older one writes nothing.
pub async fn the_revision_that_was_read_decides(store: impl TenantStore) {
    let mut shop = shop("toko");
    let first = saved(store.save(&shop, Revision::NEW).await);
    assert!(first > Revision::NEW);
    shop.name = "Toko Lain".to_owned();
    let second = saved(store.save(&shop, first).await);
    assert!(second > first);
    let mut late = shop.clone();
    late.name = "Toko Lama".to_owned();
    for read in [Revision::NEW, first, second.next()] {
        refused(store.save(&late, read).await);
    }
    assert_eq!(good(store.get(&shop.id).await), Some((shop, second)));
}

/// However many write at once, each revision is written once.
pub async fn fifty_writers_of_a_revision_have_one_winner(store: impl TenantStore) {
    let store: Arc<dyn TenantStore> = Arc::new(store);
    for _ in 0..3 {
        let read = good(store.get(&tenant("toko")).await).map_or(Revision::NEW, |(_, revision)| revision);
        let writers = (0..50).map(|n| {
            let (store, mut shop) = (store.clone(), shop("toko"));
            shop.name = format!("Toko {n}");
            async move { store.save(&shop, read).await }
        });
        assert_eq!(winners(together(writers).await), 1);
        let (_, now) = there(good(store.get(&tenant("toko")).await), "the shop");
        assert_eq!(now, read.next());
    }
}

/// What one writes changes nothing of another one.
pub async fn shops_do_not_see_each_other(store: impl TenantStore) {
    let (one, other) = (shop("satu"), shop("dua"));
    let of_one = saved(store.save(&one, Revision::NEW).await);
    assert_eq!(good(store.get(&other.id).await), None);
    let of_other = saved(store.save(&other, Revision::NEW).await);
    assert_eq!(good(store.get(&one.id).await), Some((one, of_one)));
    assert_eq!(good(store.get(&other.id).await), Some((other, of_other)));
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_is_listed() {
        assert_eq!(crate::testing::suite::written(include_str!("tenant_contract.rs")), super::CASES);
    }

    mod memory {
        crate::tenant_store_contract!(async { crate::tenant::MemoryTenantStore::new() });
    }
}
