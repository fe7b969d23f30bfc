//! The contract of [`SpendStore`]: what holds for every store, as a suite to run.
//!
//! ```ignore
//! mod memory {
//!     wartel_bot::spend_store_contract!(async { wartel_bot::spend::MemorySpendStore::new() });
//! }
//! ```
//!
//! The expression is a future of a fresh, empty store; it is evaluated anew in each test. The crate that runs it
//! needs `tokio` with `macros`, `rt` and `rt-multi-thread`.

use std::sync::Arc;

use super::samples::{HOUR, MICRO, T0, good, tenant, together};
use crate::spend::{Reservation, ReservationId, Reserved, SpendCap, SpendStore, Spent};

/// The names of all cases; `suite_is_complete` compares the macro with it.
pub const CASES: &[&str] = &[
    "what_was_never_spent_is_nothing",
    "a_reservation_fits_up_to_the_cap",
    "all_windows_or_none",
    "settling_replaces_what_was_reserved",
    "a_call_that_cost_nothing_counts",
    "an_unknown_settlement_changes_nothing",
    "a_reservation_is_settled_once",
    "the_same_reservation_counts_once",
    "an_expired_reservation_counts_as_made",
    "an_expired_reservation_leaves_no_room",
    "two_hundred_at_once_never_exceed_the_cap",
    "settling_at_once_loses_nothing",
    "tenants_pay_for_themselves",
];

/// Runs the contract of [`SpendStore`] as one `#[tokio::test]` for each case.
///
/// Takes an expression that is a future of a fresh store; it is evaluated anew in each test. Put each use in a
/// module of its own. Attributes before the expression are put on every case.
#[macro_export]
macro_rules! spend_store_contract {
    ($(#[$attribute:meta])+ $store:expr) => {
        $crate::spend_store_contract! { @all [$(#[$attribute])+] $store }
    };
    ($store:expr) => {
        $crate::spend_store_contract! { @all [] $store }
    };
    (@all $attributes:tt $store:expr) => {
        $crate::__bot_suite! {
            spend_contract $attributes $store,
            what_was_never_spent_is_nothing a_reservation_fits_up_to_the_cap all_windows_or_none
            settling_replaces_what_was_reserved a_call_that_cost_nothing_counts an_unknown_settlement_changes_nothing
            a_reservation_is_settled_once the_same_reservation_counts_once an_expired_reservation_counts_as_made
            an_expired_reservation_leaves_no_room two_hundred_at_once_never_exceed_the_cap
            settling_at_once_loses_nothing tenants_pay_for_themselves
        }
    };
}

const DAY: &str = "day/2026-01-01";
const MONTH: &str = "month/2026-01";

/// A call of the tenant `toko` that may cost so much of 100 in a day and 150 in a month.
fn call(amount: u64) -> Reservation {
    call_of("toko", amount)
}

fn call_of(of: &str, amount: u64) -> Reservation {
    let caps = vec![SpendCap::new(DAY, 100), SpendCap::new(MONTH, 150)];
    Reservation::new(ReservationId::random(), tenant(of), caps, amount, T0 + HOUR)
}

async fn reserve(store: &dyn SpendStore, call: &Reservation) {
    assert_eq!(good(store.reserve(call, T0).await), Reserved::Yes);
}

async fn refuse(store: &dyn SpendStore, call: &Reservation, window: &str) {
    assert_eq!(good(store.reserve(call, T0).await), Reserved::No { window: window.to_owned() });
}

async fn settle(store: &dyn SpendStore, call: &Reservation, cost: u64, tokens: u64) {
    good(store.settle(&call.tenant, call.id, cost, tokens, T0).await);
}

async fn spent(store: &dyn SpendStore, window: &str) -> Spent {
    good(store.spent(&tenant("toko"), window).await)
}

/// A window that nobody has named.
pub async fn what_was_never_spent_is_nothing(store: impl SpendStore) {
    assert_eq!(spent(&store, DAY).await, Spent::default());
}

/// Settled + reserved + amount may be the cap, and not more.
pub async fn a_reservation_fits_up_to_the_cap(store: impl SpendStore) {
    let first = call(60);
    reserve(&store, &first).await;
    refuse(&store, &call(41), DAY).await;
    reserve(&store, &call(40)).await;
    refuse(&store, &call(1), DAY).await;
    assert_eq!(spent(&store, DAY).await, Spent::new(0, 100, 0, 0));
    settle(&store, &first, 50, 1).await;
    refuse(&store, &call(11), DAY).await;
    reserve(&store, &call(10)).await;
    assert_eq!(spent(&store, DAY).await, Spent::new(50, 50, 1, 1));
}

/// A window that has room reserves nothing if another one has not.
pub async fn all_windows_or_none(store: impl SpendStore) {
    let mut before = call(100);
    before.caps = vec![SpendCap::new(MONTH, 150)];
    reserve(&store, &before).await;
    refuse(&store, &call(60), MONTH).await;
    assert_eq!(spent(&store, DAY).await, Spent::default());
    assert_eq!(spent(&store, MONTH).await, Spent::new(0, 100, 0, 0));
    reserve(&store, &call(50)).await;
    assert_eq!(spent(&store, DAY).await, Spent::new(0, 50, 0, 0));
    assert_eq!(spent(&store, MONTH).await, Spent::new(0, 150, 0, 0));
}

/// In all of its windows.
pub async fn settling_replaces_what_was_reserved(store: impl SpendStore) {
    let call = call(60);
    reserve(&store, &call).await;
    settle(&store, &call, 7, 1_234).await;
    for window in [DAY, MONTH] {
        assert_eq!(spent(&store, window).await, Spent::new(7, 0, 1, 1_234));
    }
}

/// A model on the own machine.
pub async fn a_call_that_cost_nothing_counts(store: impl SpendStore) {
    let call = call(0);
    reserve(&store, &call).await;
    settle(&store, &call, 0, 42).await;
    assert_eq!(spent(&store, DAY).await, Spent::new(0, 0, 1, 42));
}

/// Neither that of a stranger nor that of another tenant.
pub async fn an_unknown_settlement_changes_nothing(store: impl SpendStore) {
    let (known, unknown) = (call(60), call(60));
    reserve(&store, &known).await;
    settle(&store, &unknown, 1, 1).await;
    good(store.settle(&tenant("lain"), known.id, 1, 1, T0).await);
    assert_eq!(spent(&store, DAY).await, Spent::new(0, 60, 0, 0));
    assert_eq!(good(store.spent(&tenant("lain"), DAY).await), Spent::default());
}

/// The second time changes nothing.
pub async fn a_reservation_is_settled_once(store: impl SpendStore) {
    let call = call(60);
    reserve(&store, &call).await;
    settle(&store, &call, 10, 5).await;
    settle(&store, &call, 20, 6).await;
    assert_eq!(spent(&store, DAY).await, Spent::new(10, 0, 1, 5));
}

/// Whoever lost the answer asks again, and has reserved once, even if there is no more room.
pub async fn the_same_reservation_counts_once(store: impl SpendStore) {
    let call = call(60);
    reserve(&store, &call).await;
    reserve(&store, &call).await;
    assert_eq!(spent(&store, DAY).await, Spent::new(0, 60, 0, 0));
}

/// Who dies before settling has spent all of it; settling too late changes nothing.
pub async fn an_expired_reservation_counts_as_made(store: impl SpendStore) {
    let call = call(60);
    reserve(&store, &call).await;
    good(store.settle(&call.tenant, ReservationId::random(), 0, 0, T0 + HOUR - MICRO).await);
    assert_eq!(spent(&store, DAY).await, Spent::new(0, 60, 0, 0));
    good(store.settle(&call.tenant, call.id, 1, 1, T0 + HOUR).await);
    for window in [DAY, MONTH] {
        assert_eq!(spent(&store, window).await, Spent::new(60, 0, 1, 0));
    }
}

/// Its money is gone, not free.
pub async fn an_expired_reservation_leaves_no_room(store: impl SpendStore) {
    reserve(&store, &call(30)).await;
    reserve(&store, &call(30)).await;
    let answer = good(store.reserve(&call(50), T0 + HOUR).await);
    assert_eq!(answer, Reserved::No { window: DAY.to_owned() });
    assert_eq!(good(store.reserve(&call(40), T0 + HOUR).await), Reserved::Yes);
    good(store.settle(&tenant("toko"), ReservationId::random(), 0, 0, T0 + HOUR).await);
    assert_eq!(spent(&store, DAY).await, Spent::new(100, 0, 3, 0));
}

/// Calls that run in parallel cannot overshoot a cap together.
pub async fn two_hundred_at_once_never_exceed_the_cap(store: impl SpendStore) {
    let store: Arc<dyn SpendStore> = Arc::new(store);
    let calls = (0..200).map(|_| {
        let (store, call) = (store.clone(), call(3));
        async move { good(store.reserve(&call, T0).await) == Reserved::Yes }
    });
    let made = together(calls).await.into_iter().filter(|made| *made).count();
    assert_eq!(made, 33);
    assert_eq!(spent(store.as_ref(), DAY).await, Spent::new(0, 99, 0, 0));
}

/// Each of the windows has every call.
pub async fn settling_at_once_loses_nothing(store: impl SpendStore) {
    let store: Arc<dyn SpendStore> = Arc::new(store);
    let calls = (0..50).map(|_| {
        let (store, call) = (store.clone(), call(2));
        async move {
            assert_eq!(good(store.reserve(&call, T0).await), Reserved::Yes);
            good(store.settle(&call.tenant, call.id, 1, 10, T0).await);
        }
    });
    together(calls).await;
    for window in [DAY, MONTH] {
        assert_eq!(spent(store.as_ref(), window).await, Spent::new(50, 0, 50, 500));
    }
}

/// What one has spent leaves the others their room, also in a window of the same name.
pub async fn tenants_pay_for_themselves(store: impl SpendStore) {
    let (one, other) = (call_of("toko", 100), call_of("lain", 100));
    reserve(&store, &one).await;
    reserve(&store, &other).await;
    settle(&store, &other, 100, 1).await;
    assert_eq!(spent(&store, DAY).await, Spent::new(0, 100, 0, 0));
    assert_eq!(good(store.spent(&other.tenant, DAY).await), Spent::new(100, 0, 1, 1));
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_is_listed() {
        assert_eq!(crate::testing::suite::written(include_str!("spend_contract.rs")), super::CASES);
    }

    mod memory {
        crate::spend_store_contract!(async { crate::spend::MemorySpendStore::new() });
    }
}
