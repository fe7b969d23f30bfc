//! The contract of [`AuditLog`]: what holds for every store, as a suite to run.
//!
//! ```ignore
//! mod memory {
//!     wartel_access::audit_log_contract!(async { wartel_access::MemoryAuditLog::default() });
//! }
//! ```
//!
//! The expression is a future of a fresh, empty log (or an `Arc` of one); it is evaluated anew in each test. The crate
//! that runs the suite needs `tokio` with `macros`, `rt` and `rt-multi-thread`.
#![allow(clippy::panic, clippy::missing_panics_doc, reason = "a case of a test suite fails by panicking")]

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use wartel_core::{TenantId, Timestamp};

use super::{T0, cases_in, good, other_tenant};
use crate::audit::{AuditEntry, AuditId, AuditLog};

type Log = Arc<dyn AuditLog>;

fn entry(subject: &str, at: Timestamp) -> AuditEntry {
    AuditEntry::new(at, TenantId::default(), "cli", "test.done", subject)
}

async fn append(log: &Log, subject: &str, at: Timestamp) -> AuditId {
    let entry = entry(subject, at);
    good(log.append(&entry).await);
    entry.id
}

/// What the entries are about, in their order.
async fn subjects(log: &Log, before: Option<AuditId>, limit: usize) -> Vec<String> {
    let entries = good(log.list(Some(TenantId::default()), before, limit).await);
    entries.into_iter().map(|entry| entry.subject).collect()
}

/// What went in comes out, to the microsecond and to the last character.
pub async fn an_entry_comes_out_as_it_went_in(log: Log) {
    assert_eq!(good(log.list(None, None, 10).await), []);
    let actor = "👩\u{200D}👧 O'Neil; DROP TABLE \"x\" -- % \\ é 山田";
    let at = T0 + Duration::from_micros(123_457);
    let entry = AuditEntry::new(at, other_tenant(), actor, "api_key.create", "");
    good(log.append(&entry).await);
    assert_eq!(good(log.list(None, None, 10).await), [entry]);
}

/// The newest come first, in whatever order they were written.
pub async fn the_newest_come_first(log: Log) {
    for minute in [3_u64, 1, 4, 2] {
        append(&log, &minute.to_string(), T0 + Duration::from_secs(60 * minute)).await;
    }
    assert_eq!(subjects(&log, None, 10).await, ["4", "3", "2", "1"]);
}

/// Of one instant, what was written last comes first.
pub async fn of_one_instant_the_last_written_comes_first(log: Log) {
    for subject in ["a", "b", "c"] {
        append(&log, subject, T0).await;
    }
    assert_eq!(subjects(&log, None, 10).await, ["c", "b", "a"]);
}

/// A list has no more than the limit.
pub async fn a_list_is_bounded(log: Log) {
    for n in 0..5_u64 {
        append(&log, &n.to_string(), T0 + Duration::from_secs(n)).await;
    }
    assert_eq!(subjects(&log, None, 2).await, ["4", "3"]);
    assert_eq!(subjects(&log, None, 0).await, [] as [String; 0]);
}

/// Page by page every entry is seen once, also those of one instant.
pub async fn page_by_page_everything_is_seen_once(log: Log) {
    for n in 0..10_u64 {
        append(&log, &n.to_string(), T0 + Duration::from_secs(n / 4)).await;
    }
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = good(log.list(None, before, 3).await);
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        seen.extend(page.into_iter().map(|entry| entry.subject));
    }
    let expected: Vec<String> = (0..10).rev().map(|n: u64| n.to_string()).collect();
    assert_eq!(seen, expected);
}

/// Behind an entry that is not known stands nothing.
pub async fn behind_an_unknown_entry_is_nothing(log: Log) {
    append(&log, "x", T0).await;
    assert_eq!(subjects(&log, Some(AuditId::random()), 10).await, [] as [String; 0]);
}

/// An entry that is written again is there once, as it was first.
pub async fn an_entry_is_written_once(log: Log) {
    let first = entry("first", T0);
    let second = entry("second", T0).with_id(first.id);
    for entry in [&first, &first, &second] {
        good(log.append(entry).await);
    }
    assert_eq!(good(log.list(None, None, 10).await), [first]);
}

/// No tenant reads another's entries; who asks for all gets all.
pub async fn tenants_do_not_see_each_other(log: Log) {
    append(&log, "mine", T0).await;
    let theirs = AuditEntry { tenant: other_tenant(), ..entry("theirs", T0 + Duration::from_secs(1)) };
    good(log.append(&theirs).await);
    assert_eq!(subjects(&log, None, 10).await, ["mine"]);
    assert_eq!(subjects(&log, Some(theirs.id), 10).await, ["mine"]);
    let read = good(log.list(Some(other_tenant()), None, 10).await);
    assert_eq!(read.iter().map(|entry| entry.id).collect::<Vec<_>>(), [theirs.id]);
    let all = good(log.list(None, None, 10).await);
    assert_eq!(all.iter().map(|entry| entry.subject.as_str()).collect::<Vec<_>>(), ["theirs", "mine"]);
}

/// Of what many write at once nothing is lost.
pub async fn writing_together_loses_nothing(log: Log) {
    let mut writers = JoinSet::new();
    for n in 0..50_u64 {
        let log = Arc::clone(&log);
        writers.spawn(async move { append(&log, &n.to_string(), T0).await });
    }
    let written: HashSet<AuditId> = writers.join_all().await.into_iter().collect();
    let read: HashSet<AuditId> = good(log.list(None, None, 100).await).iter().map(|entry| entry.id).collect();
    assert_eq!(read, written);
}

/// One entry that many write at once is there once.
pub async fn one_entry_written_together_is_there_once(log: Log) {
    let entry = entry("once", T0);
    let mut writers = JoinSet::new();
    for _ in 0..50 {
        let (log, entry) = (Arc::clone(&log), entry.clone());
        writers.spawn(async move { good(log.append(&entry).await) });
    }
    writers.join_all().await;
    assert_eq!(good(log.list(None, None, 100).await), [entry]);
}

/// The names of all cases, read from their source. `suite_is_complete` compares what the macro runs with it.
#[must_use]
pub fn cases() -> Vec<&'static str> {
    cases_in(include_str!("audit_contract.rs"))
}

/// Runs the contract of [`AuditLog`] as one `#[tokio::test]` for each case.
///
/// Takes an expression that is a future of a fresh log. Put each use in a module of its own. Attributes before the
/// expression are put on every case.
#[macro_export]
macro_rules! audit_log_contract {
    ($(#[$attribute:meta])+ $log:expr) => {
        $crate::audit_log_contract! { @all [$(#[$attribute])+] $log }
    };
    ($log:expr) => {
        $crate::audit_log_contract! { @all [] $log }
    };
    (@all $attributes:tt $log:expr) => {
        $crate::audit_log_contract! {
            @suite $attributes $log,
            an_entry_comes_out_as_it_went_in the_newest_come_first of_one_instant_the_last_written_comes_first
            a_list_is_bounded page_by_page_everything_is_seen_once behind_an_unknown_entry_is_nothing
            an_entry_is_written_once tenants_do_not_see_each_other writing_together_loses_nothing
            one_entry_written_together_is_there_once
        }
    };
    (@case [$($attributes:tt)*] $log:expr, $case:ident) => {
        $($attributes)*
        #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            let log = ::std::sync::Arc::new($log.await);
            $crate::testing::audit_contract::$case(log).await;
        }
    };
    (@suite $attributes:tt $log:expr, $($case:ident)+) => {
        $($crate::audit_log_contract! { @case $attributes $log, $case })+

        #[test]
        fn suite_is_complete() {
            let run = [$(stringify!($case)),+];
            assert_eq!(run.as_slice(), $crate::testing::audit_contract::cases());
        }
    };
}
