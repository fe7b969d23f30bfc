//! The contract of [`Outbox`]: what holds for every store, as a suite to run.
//!
//! ```ignore
//! mod memory {
//!     wartel_messaging::outbox_contract!(async { wartel_messaging::outbox::MemoryOutbox::new() });
//! }
//! ```
//!
//! The expression is a future of a fresh, empty store; it is evaluated anew in each test. The crate that runs it
//! needs `tokio` with `macros`, `rt` and `rt-multi-thread`.
#![expect(clippy::panic, clippy::missing_panics_doc, reason = "a case of a test suite fails by panicking")]

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use wartel_core::{StoreError, TenantId, Timestamp};

use super::sample_phone;
use crate::ProviderMessageId;
use crate::outbox::{
    LEASE, LeasedEntry, MAX_UNCERTAIN_TRIES, Outbox, OutboxEntry, OutboxEntryId, OutboxOutcome, OutboxState,
};

/// 2026-01-01T00:00:00Z.
const T0: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);
const SECOND: Duration = Duration::from_secs(1);
const MICRO: Duration = Duration::from_micros(1);
const HOUR: Duration = Duration::from_secs(3_600);

fn entry(text: &str) -> OutboxEntry {
    OutboxEntry::text(OutboxEntryId::random(), TenantId::default(), sample_phone(), text, T0 + 24 * HOUR)
}

const fn sent() -> OutboxOutcome {
    OutboxOutcome::Accepted { message_id: None }
}

fn good<T>(result: Result<T, StoreError>) -> T {
    result.unwrap_or_else(|error| panic!("the store failed: {error}"))
}

async fn enqueue(outbox: &dyn Outbox, text: &str, now: Timestamp) -> OutboxEntryId {
    let entry = entry(text);
    assert!(good(outbox.enqueue(&entry, now).await), "a new entry is taken for a known one");
    entry.id
}

async fn lease(outbox: &dyn Outbox, limit: usize, now: Timestamp) -> Vec<LeasedEntry> {
    good(outbox.lease_due(limit, LEASE, now).await)
}

async fn lease_one(outbox: &dyn Outbox, now: Timestamp) -> LeasedEntry {
    let mut leased = lease(outbox, 10, now).await;
    match (leased.pop(), leased.pop()) {
        (Some(one), None) => one,
        (first, _) => panic!("one due entry expected, found {}", leased.len() + usize::from(first.is_some())),
    }
}

async fn nothing_due(outbox: &dyn Outbox, now: Timestamp) {
    let leased = lease(outbox, 10, now).await;
    assert!(leased.is_empty(), "{} entries are leased that are not due", leased.len());
}

async fn record(outbox: &dyn Outbox, leased: &LeasedEntry, outcome: OutboxOutcome, now: Timestamp) -> bool {
    good(outbox.record(leased.entry.id, leased.fence, &outcome, now).await)
}

async fn state(outbox: &dyn Outbox, id: OutboxEntryId) -> Option<OutboxState> {
    good(outbox.state(id).await)
}

/// What went in comes out: id, tenant, number, text and end.
pub async fn an_entry_comes_out_as_it_went_in(outbox: impl Outbox) {
    let mut entry = entry("*Halo*\n👩\u{200D}👧 '; DROP TABLE \"x\" \\ 100%");
    entry.tenant = TenantId::parse("toko-budi").unwrap_or_default();
    assert!(good(outbox.enqueue(&entry, T0).await));
    assert_eq!(state(&outbox, entry.id).await, Some(OutboxState::Queued));
    let leased = lease_one(&outbox, T0).await;
    assert_eq!((leased.entry.id, &leased.entry.tenant), (entry.id, &entry.tenant));
    assert!(
        leased.entry.to == entry.to && leased.entry.text.expose() == entry.text.expose(),
        "text or number changed"
    );
    assert_eq!((leased.entry.expires_at, leased.refusals), (entry.expires_at, 0));
    assert_eq!(state(&outbox, entry.id).await, Some(OutboxState::Processing));
}

/// The same id is the same message, whenever it comes: it is never sent a second time.
pub async fn an_id_is_written_once(outbox: impl Outbox) {
    let entry = entry("sekali");
    assert!(good(outbox.enqueue(&entry, T0).await));
    assert!(!good(outbox.enqueue(&entry, T0 + SECOND).await));
    let leased = lease_one(&outbox, T0 + SECOND).await;
    assert!(!good(outbox.enqueue(&entry, T0 + SECOND).await));
    assert!(record(&outbox, &leased, sent(), T0 + SECOND).await);
    assert!(!good(outbox.enqueue(&entry, T0 + HOUR).await));
    nothing_due(&outbox, T0 + HOUR).await;
    assert_eq!(state(&outbox, entry.id).await, Some(OutboxState::Sent));
}

/// An id that was never written has no state, and nothing can be recorded for it.
pub async fn an_unknown_id_is_nothing(outbox: impl Outbox) {
    let id = OutboxEntryId::random();
    assert_eq!(state(&outbox, id).await, None);
    assert!(!good(outbox.record(id, 1, &sent(), T0).await));
    nothing_due(&outbox, T0).await;
}

/// The longest waiting come first, and no more than were asked for.
pub async fn the_longest_waiting_come_first(outbox: impl Outbox) {
    let third = enqueue(&outbox, "c", T0 + 2 * SECOND).await;
    let first = enqueue(&outbox, "a", T0).await;
    let second = enqueue(&outbox, "b", T0 + SECOND).await;
    let ids = |leased: Vec<LeasedEntry>| leased.into_iter().map(|leased| leased.entry.id).collect::<Vec<_>>();
    assert_eq!(ids(lease(&outbox, 2, T0 + HOUR).await), [first, second]);
    assert_eq!(ids(lease(&outbox, 2, T0 + HOUR).await), [third]);
    nothing_due(&outbox, T0 + HOUR).await;
}

/// Nothing is leased when nothing is asked for.
pub async fn no_more_than_the_limit_is_leased(outbox: impl Outbox) {
    for n in 0..5 {
        enqueue(&outbox, &format!("{n}"), T0).await;
    }
    assert_eq!(lease(&outbox, 0, T0).await.len(), 0);
    assert_eq!(lease(&outbox, 3, T0).await.len(), 3);
    assert_eq!(lease(&outbox, 3, T0).await.len(), 2);
}

/// A leased entry is nobody else's until the lease ends, to the microsecond.
pub async fn a_lease_holds_until_its_end(outbox: impl Outbox) {
    enqueue(&outbox, "x", T0).await;
    let first = lease_one(&outbox, T0).await;
    nothing_due(&outbox, T0 + LEASE - MICRO).await;
    let second = lease_one(&outbox, T0 + LEASE).await;
    assert!(second.fence > first.fence, "the fence does not grow");
}

/// Accepted, unknown and abandoned are the end: nothing is leased or recorded afterwards.
pub async fn what_is_settled_stays_settled(outbox: impl Outbox) {
    let accepted = OutboxOutcome::Accepted { message_id: Some(ProviderMessageId::new("wamid.1")) };
    for (outcome, expected) in [
        (accepted, OutboxState::Sent),
        (OutboxOutcome::Unknown, OutboxState::Unknown),
        (OutboxOutcome::Abandoned, OutboxState::Abandoned),
    ] {
        let id = enqueue(&outbox, "x", T0).await;
        let leased = lease_one(&outbox, T0).await;
        assert!(record(&outbox, &leased, outcome, T0 + SECOND).await);
        assert_eq!(state(&outbox, id).await, Some(expected));
        assert!(!record(&outbox, &leased, OutboxOutcome::RetryAt(T0), T0 + SECOND).await);
        assert!(!record(&outbox, &leased, sent(), T0 + SECOND).await);
        assert_eq!(state(&outbox, id).await, Some(expected));
        nothing_due(&outbox, T0 + HOUR).await;
    }
}

/// Only the newest holder of a lease records; an older one changes nothing.
pub async fn the_fence_keeps_old_holders_out(outbox: impl Outbox) {
    let id = enqueue(&outbox, "x", T0).await;
    let old = lease_one(&outbox, T0).await;
    let new = lease_one(&outbox, T0 + LEASE).await;
    assert!(!record(&outbox, &old, sent(), T0 + LEASE).await);
    assert!(!record(&outbox, &old, OutboxOutcome::RetryAt(T0), T0 + LEASE).await);
    assert_eq!(state(&outbox, id).await, Some(OutboxState::Processing));
    assert!(record(&outbox, &new, sent(), T0 + LEASE).await);
    assert_eq!(state(&outbox, id).await, Some(OutboxState::Sent));
}

/// An entry that nobody holds takes no outcome, and neither does one that waits for its next try.
pub async fn only_a_leased_entry_takes_an_outcome(outbox: impl Outbox) {
    let id = enqueue(&outbox, "x", T0).await;
    assert!(!good(outbox.record(id, 0, &sent(), T0).await));
    assert!(!good(outbox.record(id, 1, &sent(), T0).await));
    let leased = lease_one(&outbox, T0).await;
    assert!(record(&outbox, &leased, OutboxOutcome::RetryAt(T0 + HOUR), T0).await);
    assert!(!record(&outbox, &leased, sent(), T0).await);
    assert_eq!(state(&outbox, id).await, Some(OutboxState::Queued));
}

/// A late outcome counts as long as nobody else took the entry over.
pub async fn a_late_outcome_counts_if_nobody_took_over(outbox: impl Outbox) {
    let id = enqueue(&outbox, "x", T0).await;
    let leased = lease_one(&outbox, T0).await;
    assert!(record(&outbox, &leased, sent(), T0 + LEASE + SECOND).await);
    assert_eq!(state(&outbox, id).await, Some(OutboxState::Sent));
    nothing_due(&outbox, T0 + HOUR).await;
}

/// A refused entry is due again at its instant, to the microsecond, and counts its refusals.
pub async fn a_refused_entry_comes_back_in_time(outbox: impl Outbox) {
    let id = enqueue(&outbox, "x", T0).await;
    let mut now = T0;
    for refusals in 0..5 {
        let leased = lease_one(&outbox, now).await;
        assert_eq!(leased.refusals, refusals);
        let again = now + 10 * SECOND;
        assert!(record(&outbox, &leased, OutboxOutcome::RetryAt(again), now + SECOND).await);
        assert_eq!(state(&outbox, id).await, Some(OutboxState::Queued));
        nothing_due(&outbox, again - MICRO).await;
        now = again;
    }
    // Certain refusals are no uncertain tries: the entry is still sent, and lapses count from here.
    let leased = lease_one(&outbox, now).await;
    assert!(record(&outbox, &leased, sent(), now).await);
}

/// A message whose lease lapsed is handed over twice at the most; then nobody knows.
pub async fn lapsed_twice_is_unknown(outbox: impl Outbox) {
    let id = enqueue(&outbox, "x", T0).await;
    let mut now = T0;
    for _ in 0..MAX_UNCERTAIN_TRIES {
        lease_one(&outbox, now).await;
        now = now + LEASE;
    }
    nothing_due(&outbox, now).await;
    assert_eq!(state(&outbox, id).await, Some(OutboxState::Unknown));
    nothing_due(&outbox, now + HOUR).await;
}

/// An entry is not leased at or after its end, and is abandoned then.
pub async fn an_expired_entry_is_abandoned(outbox: impl Outbox) {
    let mut late = entry("terlambat");
    late.expires_at = T0 + HOUR;
    assert!(good(outbox.enqueue(&late, T0).await));
    let mut just = entry("tepat");
    just.expires_at = T0 + HOUR + MICRO;
    assert!(good(outbox.enqueue(&just, T0).await));
    assert_eq!(lease_one(&outbox, T0 + HOUR).await.entry.id, just.id);
    assert_eq!(state(&outbox, late.id).await, Some(OutboxState::Abandoned));
    assert_eq!(state(&outbox, just.id).await, Some(OutboxState::Processing));
}

/// What cannot be sent any more takes no place from what can.
pub async fn dead_entries_do_not_block_live_ones(outbox: impl Outbox) {
    for n in 0..20 {
        let mut dead = entry(&format!("{n}"));
        dead.expires_at = T0 + SECOND;
        assert!(good(outbox.enqueue(&dead, T0).await));
    }
    let live = enqueue(&outbox, "hidup", T0 + SECOND).await;
    let mut found = Vec::new();
    // A store may need more than one call to clear the dead ones away, but not more calls than entries.
    for _ in 0..21 {
        found.extend(lease(&outbox, 1, T0 + 2 * SECOND).await.into_iter().map(|leased| leased.entry.id));
    }
    assert_eq!(found, [live]);
}

/// Old settled entries are deleted, so many at once; living ones and fresh ones are not.
pub async fn purge_deletes_what_is_old_and_settled(outbox: impl Outbox) {
    let mut settled = Vec::new();
    for n in 0..3 {
        let id = enqueue(&outbox, &format!("{n}"), T0).await;
        let leased = lease_one(&outbox, T0).await;
        assert!(record(&outbox, &leased, sent(), T0 + SECOND).await);
        settled.push(id);
    }
    let queued = enqueue(&outbox, "menunggu", T0).await;
    assert_eq!(good(outbox.purge(T0 + SECOND, 10).await), 0, "settled at that very instant is not before it");
    assert_eq!(good(outbox.purge(T0 + SECOND + MICRO, 2).await), 2);
    assert_eq!(good(outbox.purge(T0 + HOUR, 10).await), 1);
    assert_eq!(good(outbox.purge(T0 + HOUR, 10).await), 0);
    for id in settled {
        assert_eq!(state(&outbox, id).await, None);
    }
    assert_eq!(state(&outbox, queued).await, Some(OutboxState::Queued));
}

/// Dispatchers that lease at the same time never get the same entry.
pub async fn no_entry_is_leased_twice_at_once(outbox: impl Outbox) {
    const ENTRIES: usize = 100;
    let outbox: Arc<dyn Outbox> = Arc::new(outbox);
    for n in 0..ENTRIES {
        enqueue(&outbox, &format!("{n}"), T0).await;
    }
    let mut dispatchers = JoinSet::new();
    for _ in 0..8 {
        let outbox = outbox.clone();
        dispatchers.spawn(async move {
            let mut mine = Vec::new();
            loop {
                let leased = lease(&outbox, 7, T0).await;
                if leased.is_empty() {
                    return mine;
                }
                mine.extend(leased.into_iter().map(|leased| leased.entry.id));
            }
        });
    }
    let all: Vec<OutboxEntryId> = dispatchers.join_all().await.into_iter().flatten().collect();
    assert_eq!(all.len(), ENTRIES);
    assert_eq!(all.into_iter().collect::<HashSet<_>>().len(), ENTRIES);
}

/// The same entry written many times at once is one entry, and one caller is told that it was new.
pub async fn writing_together_makes_one_entry(outbox: impl Outbox) {
    let outbox: Arc<dyn Outbox> = Arc::new(outbox);
    let entry = entry("sekali");
    let mut writers = JoinSet::new();
    for _ in 0..20 {
        let (outbox, entry) = (outbox.clone(), entry.clone());
        writers.spawn(async move { good(outbox.enqueue(&entry, T0).await) });
    }
    assert_eq!(writers.join_all().await.into_iter().filter(|new| *new).count(), 1);
    assert_eq!(lease(&outbox, 100, T0).await.len(), 1);
}

/// Outcomes recorded many times at once settle the entry once.
pub async fn recording_together_settles_once(outbox: impl Outbox) {
    let outbox: Arc<dyn Outbox> = Arc::new(outbox);
    enqueue(&outbox, "x", T0).await;
    let leased = lease_one(&outbox, T0).await;
    let mut recorders = JoinSet::new();
    for _ in 0..20 {
        let (outbox, leased) = (outbox.clone(), leased.clone());
        recorders.spawn(async move { record(&outbox, &leased, sent(), T0).await });
    }
    assert_eq!(recorders.join_all().await.into_iter().filter(|done| *done).count(), 1);
}

/// Everything to a number goes, whatever became of it, and nothing else does: no other number's, no other tenant's.
pub async fn forgetting_a_number_drops_its_entries(outbox: impl Outbox) {
    let settled = enqueue(&outbox, "one", T0).await;
    assert!(record(&outbox, &lease_one(&outbox, T0).await, sent(), T0).await);
    enqueue(&outbox, "two", T0).await;
    let held = lease_one(&outbox, T0).await;
    let waits = enqueue(&outbox, "three", T0).await;
    let mut of_another = entry("four");
    of_another.to = super::phone("+6281234567899");
    let mut of_others = entry("five");
    of_others.tenant = TenantId::parse("toko-budi").unwrap_or_default();
    for entry in [&of_another, &of_others] {
        assert!(good(outbox.enqueue(entry, T0).await));
    }
    assert_eq!(good(outbox.forget(&TenantId::default(), &sample_phone()).await), 3);
    assert_eq!(good(outbox.forget(&TenantId::default(), &sample_phone()).await), 0);
    for id in [settled, held.entry.id, waits] {
        assert_eq!(state(&outbox, id).await, None);
    }
    assert!(!record(&outbox, &held, sent(), T0).await, "it is gone while it is sent");
    let mut left: Vec<_> = lease(&outbox, 10, T0 + HOUR).await.iter().map(|leased| leased.entry.id).collect();
    left.sort_unstable();
    let mut expected = vec![of_another.id, of_others.id];
    expected.sort_unstable();
    assert_eq!(left, expected);
}

/// The names of all cases; `suite_is_complete` compares the macro with it.
pub const CASES: &[&str] = &[
    "an_entry_comes_out_as_it_went_in",
    "an_id_is_written_once",
    "an_unknown_id_is_nothing",
    "the_longest_waiting_come_first",
    "no_more_than_the_limit_is_leased",
    "a_lease_holds_until_its_end",
    "what_is_settled_stays_settled",
    "the_fence_keeps_old_holders_out",
    "only_a_leased_entry_takes_an_outcome",
    "a_late_outcome_counts_if_nobody_took_over",
    "a_refused_entry_comes_back_in_time",
    "lapsed_twice_is_unknown",
    "an_expired_entry_is_abandoned",
    "dead_entries_do_not_block_live_ones",
    "purge_deletes_what_is_old_and_settled",
    "no_entry_is_leased_twice_at_once",
    "writing_together_makes_one_entry",
    "recording_together_settles_once",
    "forgetting_a_number_drops_its_entries",
];

/// Runs the contract of [`Outbox`] as one `#[tokio::test]` for each case.
///
/// Takes an expression that is a future of a fresh store; it is evaluated anew in each test. Put each use in a
/// module of its own. Attributes before the expression are put on every case.
#[macro_export]
macro_rules! outbox_contract {
    ($(#[$attribute:meta])+ $store:expr) => {
        $crate::outbox_contract! { @all [$(#[$attribute])+] $store }
    };
    ($store:expr) => {
        $crate::outbox_contract! { @all [] $store }
    };
    (@all $attributes:tt $store:expr) => {
        $crate::outbox_contract! {
            @suite $attributes $store,
            an_entry_comes_out_as_it_went_in an_id_is_written_once an_unknown_id_is_nothing
            the_longest_waiting_come_first no_more_than_the_limit_is_leased a_lease_holds_until_its_end
            what_is_settled_stays_settled the_fence_keeps_old_holders_out only_a_leased_entry_takes_an_outcome
            a_late_outcome_counts_if_nobody_took_over a_refused_entry_comes_back_in_time lapsed_twice_is_unknown
            an_expired_entry_is_abandoned dead_entries_do_not_block_live_ones purge_deletes_what_is_old_and_settled
            no_entry_is_leased_twice_at_once writing_together_makes_one_entry recording_together_settles_once
            forgetting_a_number_drops_its_entries
        }
    };
    (@case [$($attributes:tt)*] $store:expr, $case:ident) => {
        $($attributes)*
        #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            $crate::testing::outbox_contract::$case($store.await).await;
        }
    };
    (@suite $attributes:tt $store:expr, $($case:ident)+) => {
        $($crate::outbox_contract! { @case $attributes $store, $case })+

        #[test]
        fn suite_is_complete() {
            let run = [$(stringify!($case)),+];
            assert_eq!(run.as_slice(), $crate::testing::outbox_contract::CASES);
        }
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_is_listed() {
        let source = include_str!("outbox_contract.rs");
        let written: Vec<&str> =
            source.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next()).collect();
        assert_eq!(written, super::CASES);
    }
}
