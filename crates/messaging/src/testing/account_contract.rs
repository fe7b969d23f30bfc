//! The contract of [`AccountStore`]: what holds for every store, as a suite to run.
//!
//! ```ignore
//! mod memory {
//!     wartel_messaging::account_store_contract!(async { wartel_messaging::accounts::MemoryAccountStore::new() });
//! }
//! ```
//!
//! The crate that runs the suite needs `tokio` with `macros`, `rt` and `rt-multi-thread`.
#![allow(clippy::panic, clippy::missing_panics_doc, reason = "a case of a test suite fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use wartel_core::{AccountId, KeyId, StoreError, TenantId, Timestamp};

use crate::accounts::{AccountStore, SealedSettings, StoredAccount, TokenHash};
use crate::pairing::PairingState;

const T0: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);
const MICRO: Duration = Duration::from_micros(1);

fn good<T>(result: Result<T, StoreError>) -> T {
    result.unwrap_or_else(|error| panic!("the store failed: {error}"))
}

fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap_or_else(|error| panic!("{error}"))
}

fn id(name: &str) -> AccountId {
    AccountId::parse(name).unwrap_or_else(|error| panic!("{error}"))
}

fn token(text: &str) -> TokenHash {
    TokenHash::of(text).unwrap_or_else(|| panic!("too long for a token"))
}

fn sealed(text: &str) -> SealedSettings {
    SealedSettings::from_stored(KeyId::from_stored("0123456789abcdef"), text)
}

/// An account whose token is its tenant and its name.
fn account(of: &str, name: &str) -> StoredAccount {
    let hash = token(&format!("{of}/{name}"));
    StoredAccount::new(tenant(of), id(name), "fonnte", sealed("c2VhbGVk"), hash, T0)
}

async fn made(store: &dyn AccountStore, of: &str, name: &str) -> StoredAccount {
    let account = account(of, name);
    assert!(good(store.create(&account).await), "a new account is taken for a known one");
    account
}

async fn get(store: &dyn AccountStore, account: &StoredAccount) -> Option<StoredAccount> {
    good(store.get(&account.tenant, &account.id).await)
}

async fn names(
    store: &dyn AccountStore,
    of: Option<&str>,
    after: Option<&StoredAccount>,
    limit: usize,
) -> Vec<String> {
    let after = after.map(|account| (account.tenant.clone(), account.id.clone()));
    let rows = good(store.list(of.map(tenant), after, limit).await);
    rows.iter().map(|row| format!("{}/{}", row.tenant, row.id)).collect()
}

/// What went in comes out, by its name, by its token and in the list.
pub async fn an_account_comes_out_as_it_went_in(store: impl AccountStore) {
    let mut account = account("toko-budi", "shop_1");
    account.provider = "cloud_api".to_owned();
    account.settings = sealed("YQ/+b2M");
    account.created_at = T0 + Duration::from_micros(123_457);
    assert!(good(store.create(&account).await));
    assert_eq!(get(&store, &account).await.as_ref(), Some(&account));
    assert_eq!(good(store.by_token(&account.token_hash).await).as_ref(), Some(&account));
    assert_eq!(good(store.list(None, None, 10).await), [account]);
}

/// What nobody made is not there, and nothing comes of changing it.
pub async fn what_is_unknown_is_nothing(store: impl AccountStore) {
    let unknown = account("default", "x");
    good(store.set_device(&unknown.tenant, &unknown.id, PairingState::Connected, T0).await);
    let replaced =
        store.replace_settings(&unknown.tenant, &unknown.id, &unknown.settings, &sealed("bmV3")).await;
    assert!(!good(replaced));
    assert!(!good(store.remove(&unknown.tenant, &unknown.id).await));
    assert_eq!(get(&store, &unknown).await, None);
    assert_eq!(good(store.by_token(&unknown.token_hash).await), None);
    assert_eq!(good(store.list(None, None, 10).await), []);
}

/// A name belongs to one account of a tenant; another one with it changes nothing.
pub async fn a_name_is_taken_once(store: impl AccountStore) {
    let first = made(&store, "default", "shop").await;
    assert!(good(store.create(&first).await), "the very same again is known");
    let second = StoredAccount { token_hash: token("another"), ..account("default", "shop") };
    assert!(!good(store.create(&second).await));
    assert_eq!(get(&store, &first).await, Some(first));
    assert_eq!(good(store.by_token(&second.token_hash).await), None);
}

/// A token belongs to one account of all tenants: or else events would go to the wrong one.
pub async fn a_token_is_taken_once(store: impl AccountStore) {
    let first = made(&store, "default", "shop").await;
    for (of, name) in [("default", "other"), ("toko-budi", "shop")] {
        let second = StoredAccount { token_hash: first.token_hash, ..account(of, name) };
        assert!(!good(store.create(&second).await), "{of}/{name}");
        assert_eq!(get(&store, &second).await, None);
    }
    assert_eq!(good(store.by_token(&first.token_hash).await), Some(first));
}

/// Two tenants may use the same name, and neither touches the other's.
pub async fn tenants_do_not_see_each_other(store: impl AccountStore) {
    let one = made(&store, "default", "shop").await;
    let other = made(&store, "toko-budi", "shop").await;
    good(store.set_device(&other.tenant, &other.id, PairingState::Connected, T0).await);
    assert!(good(store.replace_settings(&other.tenant, &other.id, &other.settings, &sealed("bmV3")).await));
    assert_eq!(get(&store, &one).await.as_ref(), Some(&one));
    assert_eq!(names(&store, Some("default"), None, 10).await, ["default/shop"]);
    assert!(good(store.remove(&other.tenant, &other.id).await));
    assert_eq!(good(store.by_token(&one.token_hash).await), Some(one));
}

/// What was removed is gone, and its name and its token may be used again.
pub async fn removed_is_gone(store: impl AccountStore) {
    let account = made(&store, "default", "shop").await;
    let other = made(&store, "default", "other").await;
    assert!(good(store.remove(&account.tenant, &account.id).await));
    assert!(!good(store.remove(&account.tenant, &account.id).await));
    assert_eq!(get(&store, &account).await, None);
    assert_eq!(good(store.by_token(&account.token_hash).await), None);
    assert_eq!(get(&store, &other).await, Some(other));
    assert!(good(store.create(&account).await));
}

/// Lists are ordered by tenant and name, bounded, and page by page everything is seen once.
pub async fn page_by_page_everything_is_seen_once(store: impl AccountStore) {
    let mut all = Vec::new();
    for (of, name) in [("b", "z"), ("a", "x"), ("b", "a"), ("a-b", "x"), ("a", "_"), ("a", "1")] {
        made(&store, of, name).await;
        all.push(format!("{of}/{name}"));
    }
    let expected = ["a/1", "a/_", "a/x", "a-b/x", "b/a", "b/z"];
    assert_eq!(names(&store, None, None, 10).await, expected);
    assert_eq!(names(&store, Some("a"), None, 2).await, ["a/1", "a/_"]);
    let mut seen = Vec::new();
    let mut last: Option<StoredAccount> = None;
    loop {
        let page = names(&store, None, last.as_ref(), 2).await;
        let Some((of, name)) = page.last().and_then(|name| name.split_once('/')) else { break };
        last = Some(account(of, name));
        seen.extend(page);
    }
    assert_eq!(seen, expected);
}

/// Settings are replaced only by who knows the present ones.
pub async fn settings_are_replaced_by_who_knows_them(store: impl AccountStore) {
    let account = made(&store, "default", "shop").await;
    let (before, after) =
        (account.settings.clone(), SealedSettings::from_stored(KeyId::from_stored("new"), "bmV3"));
    let replace = |before: SealedSettings, after: SealedSettings| {
        let (store, account) = (&store, account.clone());
        async move { good(store.replace_settings(&account.tenant, &account.id, &before, &after).await) }
    };
    assert!(!replace(sealed("b3RoZXI"), sealed("eA")).await);
    assert!(replace(before.clone(), after.clone()).await);
    assert!(!replace(before, sealed("eA")).await);
    assert_eq!(get(&store, &account).await.map(|row| row.settings), Some(after));
}

/// The newest news of a device counts, in whatever order it comes.
pub async fn the_newest_news_of_a_device_counts(store: impl AccountStore) {
    let account = made(&store, "default", "shop").await;
    for (state, at, noted) in [
        (PairingState::CodeShown, T0, (PairingState::CodeShown, T0)),
        (PairingState::Connected, T0 + MICRO, (PairingState::Connected, T0 + MICRO)),
        (PairingState::Paired, T0, (PairingState::Connected, T0 + MICRO)),
        (PairingState::Banned, T0 + 2 * MICRO, (PairingState::Banned, T0 + 2 * MICRO)),
    ] {
        good(store.set_device(&account.tenant, &account.id, state, at).await);
        assert_eq!(get(&store, &account).await.and_then(|row| row.device), Some(noted), "{state:?}");
    }
}

/// Of many who make an account of one name at once, one does.
pub async fn of_many_with_one_name_one_is_made(store: impl AccountStore) {
    let store: Arc<dyn AccountStore> = Arc::new(store);
    let mut makers = JoinSet::new();
    for index in 0..20 {
        let store = store.clone();
        makers.spawn(async move {
            let account =
                StoredAccount { token_hash: token(&format!("token-{index}")), ..account("default", "shop") };
            good(store.create(&account).await)
        });
    }
    assert_eq!(makers.join_all().await.into_iter().filter(|made| *made).count(), 1);
    assert_eq!(names(&store, None, None, 10).await, ["default/shop"]);
}

/// The names of all cases; `suite_is_complete` compares the macro with it.
pub const CASES: &[&str] = &[
    "an_account_comes_out_as_it_went_in",
    "what_is_unknown_is_nothing",
    "a_name_is_taken_once",
    "a_token_is_taken_once",
    "tenants_do_not_see_each_other",
    "removed_is_gone",
    "page_by_page_everything_is_seen_once",
    "settings_are_replaced_by_who_knows_them",
    "the_newest_news_of_a_device_counts",
    "of_many_with_one_name_one_is_made",
];

/// Runs the contract of [`AccountStore`] as one `#[tokio::test]` for each case.
///
/// Takes an expression that is a future of a fresh store; it is evaluated anew in each test. Put each use in a
/// module of its own. Attributes before the expression are put on every case.
#[macro_export]
macro_rules! account_store_contract {
    ($(#[$attribute:meta])+ $store:expr) => {
        $crate::account_store_contract! { @all [$(#[$attribute])+] $store }
    };
    ($store:expr) => {
        $crate::account_store_contract! { @all [] $store }
    };
    (@all $attributes:tt $store:expr) => {
        $crate::account_store_contract! {
            @suite $attributes $store,
            an_account_comes_out_as_it_went_in what_is_unknown_is_nothing a_name_is_taken_once
            a_token_is_taken_once tenants_do_not_see_each_other removed_is_gone
            page_by_page_everything_is_seen_once settings_are_replaced_by_who_knows_them
            the_newest_news_of_a_device_counts of_many_with_one_name_one_is_made
        }
    };
    (@case [$($attributes:tt)*] $store:expr, $case:ident) => {
        $($attributes)*
        #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            $crate::testing::account_contract::$case($store.await).await;
        }
    };
    (@suite $attributes:tt $store:expr, $($case:ident)+) => {
        $($crate::account_store_contract! { @case $attributes $store, $case })+

        #[test]
        fn suite_is_complete() {
            let run = [$(stringify!($case)),+];
            assert_eq!(run.as_slice(), $crate::testing::account_contract::CASES);
        }
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_is_listed() {
        let source = include_str!("account_contract.rs");
        let written: Vec<&str> =
            source.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next()).collect();
        assert_eq!(written, super::CASES);
    }
}
