//! The contract of [`AdminStore`]: what holds for every store, as a suite to run.
//!
//! ```ignore
//! mod memory {
//!     wartel_bot::admin_store_contract!(async { wartel_bot::admin::MemoryAdminStore::new() });
//! }
//! ```
//!
//! The expression is a future of a fresh, empty store; it is evaluated anew in each test. The crate that runs it
//! needs `tokio` with `macros`, `rt` and `rt-multi-thread`.

use std::sync::Arc;

use wartel_core::Timestamp;
use wartel_messaging::inbox::InboxEntryId;

use super::samples::{HOUR, MICRO, ODD, SECOND, T0, contact, good, tenant, together};
use crate::admin::{AdminStore, AuditRow, Confirmation, Undo};

/// The names of all cases; `suite_is_complete` compares the macro with it.
pub const CASES: &[&str] = &[
    "what_waits_comes_out_as_it_went_in",
    "what_waits_is_taken_once",
    "the_newest_command_waits",
    "what_waits_expires",
    "fifty_at_once_take_it_once",
    "people_wait_for_themselves",
    "an_undo_is_taken_once",
    "the_newest_undo_counts",
    "an_undo_expires",
    "undos_of_people_are_apart",
    "an_entry_has_one_row",
    "fifty_at_once_write_one_row",
    "rows_come_newest_first",
    "rows_of_tenants_are_apart",
];

/// Runs the contract of [`AdminStore`] as one `#[tokio::test]` for each case.
///
/// Takes an expression that is a future of a fresh store; it is evaluated anew in each test. Put each use in a
/// module of its own. Attributes before the expression are put on every case.
#[macro_export]
macro_rules! admin_store_contract {
    ($(#[$attribute:meta])+ $store:expr) => {
        $crate::admin_store_contract! { @all [$(#[$attribute])+] $store }
    };
    ($store:expr) => {
        $crate::admin_store_contract! { @all [] $store }
    };
    (@all $attributes:tt $store:expr) => {
        $crate::__bot_suite! {
            admin_contract $attributes $store,
            what_waits_comes_out_as_it_went_in what_waits_is_taken_once the_newest_command_waits what_waits_expires
            fifty_at_once_take_it_once people_wait_for_themselves an_undo_is_taken_once the_newest_undo_counts
            an_undo_expires undos_of_people_are_apart an_entry_has_one_row fifty_at_once_write_one_row
            rows_come_newest_first rows_of_tenants_are_apart
        }
    };
}

fn asked(of: &str, staff: u32, command: &str) -> Confirmation {
    Confirmation::new(tenant(of), contact(staff), "a hash of a code", command, T0 + HOUR)
}

fn undo(of: &str, staff: u32, action: &str) -> Undo {
    Undo::new(tenant(of), contact(staff), action, T0 + HOUR)
}

fn row(of: &str, at: Timestamp) -> AuditRow {
    AuditRow::new(InboxEntryId::sequential(), tenant(of), contact(1), "stock.price", "done", at)
}

/// All that a command has.
pub async fn what_waits_comes_out_as_it_went_in(store: impl AdminStore) {
    let asked = asked("toko", 1, "stock.price AVZ-01 \"145000000\" '95%' \u{1F697}");
    good(store.ask(&asked).await);
    assert_eq!(good(store.take_asked(&asked.tenant, asked.staff, T0).await), Some(asked));
}

/// Whatever code was typed: what was taken is gone.
pub async fn what_waits_is_taken_once(store: impl AdminStore) {
    let shop = tenant("toko");
    assert_eq!(good(store.take_asked(&shop, contact(1), T0).await), None);
    good(store.ask(&asked("toko", 1, "bot.off")).await);
    assert!(good(store.take_asked(&shop, contact(1), T0).await).is_some());
    assert_eq!(good(store.take_asked(&shop, contact(1), T0).await), None);
}

/// A second command takes the place of the first one, code and all.
pub async fn the_newest_command_waits(store: impl AdminStore) {
    good(store.ask(&asked("toko", 1, "bot.off")).await);
    let mut newer = asked("toko", 1, "stock.delete AVZ-01");
    newer.code_hash = "another hash".to_owned();
    newer.expires_at = T0 + 2 * HOUR;
    good(store.ask(&newer).await);
    assert_eq!(good(store.take_asked(&newer.tenant, newer.staff, T0 + HOUR).await), Some(newer));
}

/// From its instant on, and then it is gone for every clock.
pub async fn what_waits_expires(store: impl AdminStore) {
    let shop = tenant("toko");
    good(store.ask(&asked("toko", 1, "bot.off")).await);
    assert!(good(store.take_asked(&shop, contact(1), T0 + HOUR - MICRO).await).is_some());
    good(store.ask(&asked("toko", 1, "bot.off")).await);
    assert_eq!(good(store.take_asked(&shop, contact(1), T0 + HOUR).await), None);
    assert_eq!(good(store.take_asked(&shop, contact(1), T0).await), None);
}

/// A code that was sent twice carries the command out once.
pub async fn fifty_at_once_take_it_once(store: impl AdminStore) {
    let store: Arc<dyn AdminStore> = Arc::new(store);
    good(store.ask(&asked("toko", 1, "bot.off")).await);
    good(store.keep_undo(&undo("toko", 1, "{}")).await);
    let takers = (0..50).map(|_| {
        let store = store.clone();
        async move {
            let asked = good(store.take_asked(&tenant("toko"), contact(1), T0).await);
            let undo = good(store.take_undo(&tenant("toko"), contact(1), T0).await);
            (usize::from(asked.is_some()), usize::from(undo.is_some()))
        }
    });
    let taken = together(takers).await;
    assert_eq!(taken.iter().map(|(asked, _)| asked).sum::<usize>(), 1);
    assert_eq!(taken.iter().map(|(_, undo)| undo).sum::<usize>(), 1);
}

/// Nobody confirms the command of a colleague, or of another shop.
pub async fn people_wait_for_themselves(store: impl AdminStore) {
    for (of, staff, command) in [("satu", 1, "bot.off"), ("satu", 2, "bot.on"), ("dua", 1, "bot.pause")] {
        good(store.ask(&asked(of, staff, command)).await);
    }
    assert_eq!(good(store.take_asked(&tenant("dua"), contact(2), T0).await), None);
    for (of, staff, command) in [("dua", 1, "bot.pause"), ("satu", 2, "bot.on"), ("satu", 1, "bot.off")] {
        let taken = good(store.take_asked(&tenant(of), contact(staff), T0).await);
        assert_eq!(taken, Some(asked(of, staff, command)));
    }
}

/// Taking back twice takes back once.
pub async fn an_undo_is_taken_once(store: impl AdminStore) {
    let undo = undo("toko", 1, &format!("{{\"price\":{ODD:?}}}"));
    assert_eq!(good(store.take_undo(&undo.tenant, undo.staff, T0).await), None);
    good(store.keep_undo(&undo).await);
    assert_eq!(good(store.take_undo(&undo.tenant, undo.staff, T0).await), Some(undo.clone()));
    assert_eq!(good(store.take_undo(&undo.tenant, undo.staff, T0).await), None);
}

/// Only the last command is taken back.
pub async fn the_newest_undo_counts(store: impl AdminStore) {
    good(store.keep_undo(&undo("toko", 1, "{\"first\":1}")).await);
    let mut newer = undo("toko", 1, "{\"second\":2}");
    newer.expires_at = T0 + 2 * HOUR;
    good(store.keep_undo(&newer).await);
    assert_eq!(good(store.take_undo(&newer.tenant, newer.staff, T0 + HOUR).await), Some(newer.clone()));
    assert_eq!(good(store.take_undo(&newer.tenant, newer.staff, T0).await), None);
}

/// From its instant on.
pub async fn an_undo_expires(store: impl AdminStore) {
    let shop = tenant("toko");
    good(store.keep_undo(&undo("toko", 1, "{}")).await);
    assert!(good(store.take_undo(&shop, contact(1), T0 + HOUR - MICRO).await).is_some());
    good(store.keep_undo(&undo("toko", 1, "{}")).await);
    assert_eq!(good(store.take_undo(&shop, contact(1), T0 + HOUR).await), None);
}

/// Nobody takes back what a colleague, or another shop, did.
pub async fn undos_of_people_are_apart(store: impl AdminStore) {
    good(store.keep_undo(&undo("satu", 1, "{\"a\":1}")).await);
    assert_eq!(good(store.take_undo(&tenant("satu"), contact(2), T0).await), None);
    assert_eq!(good(store.take_undo(&tenant("dua"), contact(1), T0).await), None);
    good(store.keep_undo(&undo("satu", 2, "{\"b\":2}")).await);
    let taken = good(store.take_undo(&tenant("satu"), contact(1), T0).await);
    assert_eq!(taken, Some(undo("satu", 1, "{\"a\":1}")));
}

/// The first one stays.
pub async fn an_entry_has_one_row(store: impl AdminStore) {
    let first = row("toko", T0).with_target(Some("AVZ-01".to_owned()));
    assert!(good(store.record(&first).await));
    let mut again = first.clone();
    again.outcome = "refused".to_owned();
    assert!(!good(store.record(&again).await));
    assert_eq!(good(store.audit(&first.tenant, 10).await), [first]);
}

/// An entry that is handed out twice is carried out once: who writes its row first does it.
pub async fn fifty_at_once_write_one_row(store: impl AdminStore) {
    let (store, row): (Arc<dyn AdminStore>, _) = (Arc::new(store), row("toko", T0));
    let writers = (0..50).map(|_| {
        let (store, row) = (store.clone(), row.clone());
        async move { good(store.record(&row).await) }
    });
    assert_eq!(together(writers).await.into_iter().filter(|first| *first).count(), 1);
    assert_eq!(good(store.audit(&row.tenant, 10).await), [row]);
}

/// At most so many; rows of one instant by entry.
pub async fn rows_come_newest_first(store: impl AdminStore) {
    let [one, two, three, four] = [T0, T0 + SECOND, T0 + SECOND, T0 + HOUR].map(|at| row("toko", at));
    for row in [&three, &one, &four, &two] {
        assert!(good(store.record(row).await));
    }
    let mut newest = vec![four, three, two, one];
    assert_eq!(good(store.audit(&tenant("toko"), 10).await), newest);
    newest.truncate(2);
    assert_eq!(good(store.audit(&tenant("toko"), 2).await), newest);
}

/// Nobody reads what another shop did.
pub async fn rows_of_tenants_are_apart(store: impl AdminStore) {
    let (one, other) = (row("satu", T0), row("dua", T0));
    assert!(good(store.record(&one).await));
    assert_eq!(good(store.audit(&other.tenant, 10).await), []);
    assert!(good(store.record(&other).await));
    assert_eq!(good(store.audit(&one.tenant, 10).await), [one]);
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_is_listed() {
        assert_eq!(crate::testing::suite::written(include_str!("admin_contract.rs")), super::CASES);
    }

    mod memory {
        crate::admin_store_contract!(async { crate::admin::MemoryAdminStore::new() });
    }
}
