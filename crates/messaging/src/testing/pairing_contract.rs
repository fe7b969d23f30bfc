//! The contract of [`PairingStore`]: what holds for every store, as a suite to run.
//!
//! ```ignore
//! mod memory {
//!     wartel_messaging::pairing_store_contract!(async { wartel_messaging::pairing::MemoryPairingStore::new() });
//! }
//! ```
//!
//! The crate that runs the suite needs `tokio` with `macros`, `rt` and `rt-multi-thread`.
#![allow(clippy::panic, clippy::missing_panics_doc, reason = "a case of a test suite fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use wartel_core::{AccountId, PhoneNumber, StoreError, TenantId, Timestamp};

use super::phone;
use crate::pairing::{
    COOL_DOWNS, DeviceKey, PairingDocs, PairingFailure, PairingOutcome, PairingReason, PairingSnapshot,
    PairingState, PairingStep, PairingStore, Tries,
};
use crate::{DeviceEvent, DeviceInfo, PairingCode, PairingMethod, PairingOffer, QrCode};

const T0: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);
const MINUTE: Duration = Duration::from_secs(60);

fn good<T>(result: Result<T, StoreError>) -> T {
    result.unwrap_or_else(|error| panic!("the store failed: {error}"))
}

fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap_or_else(|error| panic!("{error}"))
}

fn device(name: &str) -> DeviceKey {
    DeviceKey::new(TenantId::default(), account(name))
}

fn other_tenant(name: &str) -> DeviceKey {
    DeviceKey::new(TenantId::parse("toko-budi").unwrap_or_else(|error| panic!("{error}")), account(name))
}

fn number() -> PhoneNumber {
    phone("+6281234567890")
}

fn by_code() -> PairingMethod {
    PairingMethod::Code(number())
}

async fn step(
    store: &dyn PairingStore,
    key: &DeviceKey,
    step: PairingStep,
    now: Timestamp,
) -> (PairingOutcome, PairingDocs) {
    good(store.step(key, &step, now).await)
}

async fn begin(
    store: &dyn PairingStore,
    key: &DeviceKey,
    method: PairingMethod,
    now: Timestamp,
) -> PairingOutcome {
    step(store, key, PairingStep::Begin { method }, now).await.0
}

async fn asks(store: &dyn PairingStore, key: &DeviceKey, method: PairingMethod, now: Timestamp) -> u64 {
    match begin(store, key, method, now).await {
        PairingOutcome::Ask { fence } => fence,
        other => panic!("a try should begin: {other:?}"),
    }
}

/// A try that the operator ends after twenty seconds. Answers when that was.
async fn try_in_vain(store: &dyn PairingStore, key: &DeviceKey, now: Timestamp) -> Timestamp {
    asks(store, key, by_code(), now).await;
    let end = now + MINUTE / 3;
    step(store, key, PairingStep::Cancel, end).await;
    end
}

async fn try_thrice_in_vain(store: &dyn PairingStore, key: &DeviceKey) -> Timestamp {
    let mut now = T0;
    for wait in [Duration::ZERO, MINUTE * 2, MINUTE * 10] {
        now = try_in_vain(store, key, now + wait).await;
    }
    now
}

fn qr(text: &str) -> PairingOffer {
    PairingOffer::Qr { qr: QrCode::Text(text.to_owned()), valid_for: None }
}

/// What nobody ever wrote is unpaired, and looking at it writes nothing.
pub async fn a_device_that_nobody_knows_is_unpaired(store: impl PairingStore) {
    let docs = good(store.load(&device("a")).await);
    assert_eq!(docs, PairingDocs::default());
    assert_eq!(docs.device.state(), PairingState::Unpaired);
    assert_eq!(good(store.tries(&TenantId::default(), &number()).await), Tries::default());
}

/// Every step answers what the next one reads, to the last field.
pub async fn what_was_saved_is_read_back(store: impl PairingStore) {
    let key = device("a");
    let fence = asks(&store, &key, by_code(), T0).await;
    let code = PairingCode::new("ABCD1234");
    let offer = PairingOffer::Code { code: code.clone(), valid_for: Some(MINUTE) };
    let offered = PairingStep::Offered { fence, method: by_code(), offer };
    let (outcome, docs) = step(&store, &key, offered, T0 + Duration::from_micros(7)).await;
    assert_eq!(outcome, PairingOutcome::Done);
    let read = good(store.load(&key).await);
    assert!(read == docs, "the documents differ");
    let snapshot = PairingSnapshot::of(&read, T0 + MINUTE);
    assert!(snapshot.code == Some(code), "another code");
    assert_eq!(snapshot.code_expires_at, Some(T0 + MINUTE + Duration::from_micros(7)));
    assert_eq!(read.device.tried_phone(), Some(&number()));
    assert_eq!(good(store.tries(&key.tenant, &number()).await).count(), 1);
}

/// A picture comes out as it went in.
pub async fn a_picture_is_read_back(store: impl PairingStore) {
    let key = device("a");
    let png: Vec<u8> = (0..20_000_u32).map(|byte| u8::try_from(byte % 251).unwrap_or_default()).collect();
    let fence = asks(&store, &key, PairingMethod::Qr, T0).await;
    let offer = PairingOffer::Qr { qr: QrCode::Png(png.clone().into()), valid_for: None };
    step(&store, &key, PairingStep::Offered { fence, method: PairingMethod::Qr, offer }, T0).await;
    let snapshot = PairingSnapshot::of(&good(store.load(&key).await), T0);
    assert!(snapshot.qr == Some(QrCode::Png(png.into())), "another picture");
}

/// Of many who begin at once, one asks the provider; the others wait for it.
pub async fn of_many_who_begin_one_asks(store: impl PairingStore) {
    let store: Arc<dyn PairingStore> = Arc::new(store);
    let mut callers = JoinSet::new();
    for _ in 0..50 {
        let store = store.clone();
        callers.spawn(async move { begin(&store, &device("a"), PairingMethod::Qr, T0).await });
    }
    let outcomes = callers.join_all().await;
    let asking = outcomes.iter().filter(|outcome| matches!(outcome, PairingOutcome::Ask { .. })).count();
    let waiting = outcomes.iter().filter(|outcome| matches!(outcome, PairingOutcome::Wait { .. })).count();
    assert_eq!((asking, waiting), (1, 49));
}

/// After three tries in vain the fourth is refused, with the reason and the instant.
pub async fn after_three_failures_the_fourth_is_refused_with_a_time(store: impl PairingStore) {
    let key = device("a");
    let end = try_thrice_in_vain(&store, &key).await;
    let [.., day, _] = COOL_DOWNS;
    let refused = PairingOutcome::Refused { reason: PairingReason::TriesUsedUp, until: end + day };
    assert_eq!(begin(&store, &key, by_code(), end + MINUTE * 30).await, refused);
    assert_eq!(begin(&store, &key, PairingMethod::Qr, end + MINUTE * 30).await, refused, "by QR code");
    asks(&store, &key, by_code(), end + day).await;
}

/// The tries of a number are those of all accounts of its tenant.
pub async fn a_number_is_limited_over_all_accounts_of_a_tenant(store: impl PairingStore) {
    let end = try_thrice_in_vain(&store, &device("a")).await;
    assert!(matches!(begin(&store, &device("b"), by_code(), end).await, PairingOutcome::Refused { .. }));
    let other = PairingMethod::Code(phone("+6281234567891"));
    asks(&store, &device("c"), other, end).await;
}

/// What one tenant does changes nothing for another, with the same account name and the same number.
pub async fn tenants_do_not_see_each_other(store: impl PairingStore) {
    let end = try_thrice_in_vain(&store, &device("a")).await;
    assert_eq!(good(store.load(&other_tenant("a")).await), PairingDocs::default());
    asks(&store, &other_tenant("a"), by_code(), end).await;
    assert_eq!(good(store.tries(&other_tenant("a").tenant, &number()).await).count(), 1);
    assert_eq!(good(store.tries(&TenantId::default(), &number()).await).count(), 3);
}

/// A connection clears the tries of the account and of the number.
pub async fn a_connection_clears_the_tries(store: impl PairingStore) {
    let key = device("a");
    let end = try_thrice_in_vain(&store, &key).await;
    let info = DeviceInfo::new(true).with_identity(Some("628:1@s.whatsapp.net".to_owned()), Some(number()));
    let (_, docs) = step(&store, &key, PairingStep::Seen(info), end).await;
    assert_eq!(docs.device.state(), PairingState::Connected);
    assert_eq!(good(store.tries(&key.tenant, &number()).await), Tries::default());
    step(&store, &key, PairingStep::Disconnected, end).await;
    asks(&store, &key, by_code(), end).await;
}

/// Whoever was taken for lost tells nothing any more.
pub async fn a_late_answer_is_stale(store: impl PairingStore) {
    let key = device("a");
    let first = asks(&store, &key, PairingMethod::Qr, T0).await;
    let second = asks(&store, &key, PairingMethod::Qr, T0 + MINUTE * 5).await;
    assert!(second > first);
    let late = |fence| PairingStep::Offered { fence, method: PairingMethod::Qr, offer: qr("late") };
    assert_eq!(step(&store, &key, late(first), T0 + MINUTE * 5).await.0, PairingOutcome::Stale);
    let reason = PairingReason::ProviderRefused;
    let failure = PairingFailure { reason, counts: true, wait: None };
    let failed = PairingStep::Failed { fence: first, failure };
    assert_eq!(step(&store, &key, failed, T0 + MINUTE * 5).await.0, PairingOutcome::Stale);
    let (outcome, docs) = step(&store, &key, late(second), T0 + MINUTE * 5).await;
    assert_eq!((outcome, docs.device.state()), (PairingOutcome::Done, PairingState::CodeShown));
}

/// Of many who want to look at the device, one looks.
pub async fn of_many_who_look_one_looks(store: impl PairingStore) {
    let store: Arc<dyn PairingStore> = Arc::new(store);
    let mut lookers = JoinSet::new();
    for _ in 0..20 {
        let store = store.clone();
        lookers.spawn(async move { step(&store, &device("a"), PairingStep::Look, T0).await.0 });
    }
    let outcomes = lookers.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, PairingOutcome::Look { .. })).count(), 1);
}

/// Steps that are taken at the same time all count.
pub async fn steps_together_lose_nothing(store: impl PairingStore) {
    let store: Arc<dyn PairingStore> = Arc::new(store);
    let mut accounts = JoinSet::new();
    // Twenty accounts share a number: its tries are one document, locked after twenty others.
    for index in 0..20 {
        let store = store.clone();
        accounts.spawn(async move {
            let key = device(&format!("account-{index}"));
            begin(&store, &key, by_code(), T0).await
        });
    }
    let outcomes = accounts.join_all().await;
    let begun = outcomes.iter().filter(|outcome| matches!(outcome, PairingOutcome::Ask { .. })).count();
    assert_eq!(begun, 1, "the first try makes the others wait");
    assert_eq!(good(store.tries(&TenantId::default(), &number()).await).count(), 1);
}

/// A device that is forgotten is as new, but its number is not.
pub async fn forgetting_keeps_the_tries_of_the_number(store: impl PairingStore) {
    let key = device("a");
    let end = try_thrice_in_vain(&store, &key).await;
    step(&store, &device("b"), PairingStep::Event(DeviceEvent::Connected), T0).await;
    good(store.forget(&key).await);
    good(store.forget(&key).await);
    assert_eq!(good(store.load(&key).await), PairingDocs::default());
    assert!(matches!(begin(&store, &key, by_code(), end).await, PairingOutcome::Refused { .. }));
    assert_eq!(good(store.load(&device("b")).await).device.state(), PairingState::Connected);
}

/// The names of all cases; `suite_is_complete` compares the macro with it.
pub const CASES: &[&str] = &[
    "a_device_that_nobody_knows_is_unpaired",
    "what_was_saved_is_read_back",
    "a_picture_is_read_back",
    "of_many_who_begin_one_asks",
    "after_three_failures_the_fourth_is_refused_with_a_time",
    "a_number_is_limited_over_all_accounts_of_a_tenant",
    "tenants_do_not_see_each_other",
    "a_connection_clears_the_tries",
    "a_late_answer_is_stale",
    "of_many_who_look_one_looks",
    "steps_together_lose_nothing",
    "forgetting_keeps_the_tries_of_the_number",
];

/// Runs the contract of [`PairingStore`] as one `#[tokio::test]` for each case.
///
/// Takes an expression that is a future of a fresh store; it is evaluated anew in each test. Put each use in a
/// module of its own. Attributes before the expression are put on every case.
#[macro_export]
macro_rules! pairing_store_contract {
    ($(#[$attribute:meta])+ $store:expr) => {
        $crate::pairing_store_contract! { @all [$(#[$attribute])+] $store }
    };
    ($store:expr) => {
        $crate::pairing_store_contract! { @all [] $store }
    };
    (@all $attributes:tt $store:expr) => {
        $crate::pairing_store_contract! {
            @suite $attributes $store,
            a_device_that_nobody_knows_is_unpaired what_was_saved_is_read_back a_picture_is_read_back
            of_many_who_begin_one_asks after_three_failures_the_fourth_is_refused_with_a_time
            a_number_is_limited_over_all_accounts_of_a_tenant tenants_do_not_see_each_other
            a_connection_clears_the_tries a_late_answer_is_stale of_many_who_look_one_looks
            steps_together_lose_nothing forgetting_keeps_the_tries_of_the_number
        }
    };
    (@case [$($attributes:tt)*] $store:expr, $case:ident) => {
        $($attributes)*
        #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            $crate::testing::pairing_contract::$case($store.await).await;
        }
    };
    (@suite $attributes:tt $store:expr, $($case:ident)+) => {
        $($crate::pairing_store_contract! { @case $attributes $store, $case })+

        #[test]
        fn suite_is_complete() {
            let run = [$(stringify!($case)),+];
            assert_eq!(run.as_slice(), $crate::testing::pairing_contract::CASES);
        }
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_is_listed() {
        let source = include_str!("pairing_contract.rs");
        let written: Vec<&str> =
            source.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next()).collect();
        assert_eq!(written, super::CASES);
    }
}
