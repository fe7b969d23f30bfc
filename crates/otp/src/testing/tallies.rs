//! The contract of [`TallyStore`]: what holds for every store, as a suite to run.
//!
//! ```ignore
//! mod memory {
//!     wartel_otp::tally_store_contract!(async { wartel_otp::MemoryTallies::new() });
//! }
//! ```
//!
//! The expression is a future of a fresh, empty store, or an `Arc` of one. What is said of
//! [`otp_store_contract`](crate::otp_store_contract) holds here.
#![allow(clippy::panic, clippy::missing_panics_doc, reason = "a case of a test suite fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Barrier;
use tokio::task::JoinSet;
use wartel_core::{StoreError, Timestamp};

use super::T0;
use crate::tally::{Tally, TallyStore};

type Store = Arc<dyn TallyStore>;

const MICRO: Duration = Duration::from_micros(1);

/// The length of the longest keys, in bytes.
const LONGEST_KEY: usize = 200;

fn good<T>(result: Result<T, StoreError>) -> T {
    result.unwrap_or_else(|error| panic!("the store failed: {error}"))
}

/// This many seconds after the beginning.
fn at(seconds: u64) -> Timestamp {
    T0 + Duration::from_secs(seconds)
}

fn tally(key: &str, slot: u64, begun: u32, done: u32) -> Tally {
    Tally::new(key, at(slot), begun, done)
}

async fn add(store: &Store, tallies: impl IntoIterator<Item = Tally>) {
    good(store.add_tallies(tallies.into_iter().collect()).await);
}

async fn read(store: &Store, keys: &[&str], since: Timestamp) -> Vec<Tally> {
    good(store.tallies(keys.iter().map(|key| (*key).to_owned()).collect(), since).await)
}

/// Compares with the keys, which `Debug` does not show.
#[track_caller]
fn expect(found: &[Tally], wanted: &[Tally]) {
    let shown = |tallies: &[Tally]| -> Vec<_> {
        tallies.iter().map(|one| (one.key.clone(), one.slot, one.begun, one.done)).collect()
    };
    assert_eq!(shown(found), shown(wanted));
}

/// Runs `count` tasks that all begin together, and gathers what they answer.
async fn together<T, F>(count: u32, task: impl Fn(u32) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let gate = Arc::new(Barrier::new(usize::try_from(count).unwrap_or_default()));
    let mut tasks = JoinSet::new();
    for n in 0..count {
        let (gate, work) = (Arc::clone(&gate), task(n));
        tasks.spawn(async move {
            gate.wait().await;
            work.await
        });
    }
    tasks.join_all().await
}

/// Both numbers of each addition are added to what is there.
pub async fn additions_add_up(store: Store) {
    add(&store, [tally("a", 0, 1, 0)]).await;
    expect(&read(&store, &["a"], T0).await, &[tally("a", 0, 1, 0)]);
    add(&store, [tally("a", 0, 0, 1)]).await;
    add(&store, [tally("a", 0, 40, 20)]).await;
    expect(&read(&store, &["a"], T0).await, &[tally("a", 0, 41, 21)]);
}

/// More may be done in a span than began in it: what is done counts where it began, but the store knows nothing of
/// that. Both numbers may be nothing.
pub async fn the_numbers_have_nothing_to_do_with_each_other(store: Store) {
    add(&store, [tally("a", 0, 0, 7), tally("b", 0, 0, 0)]).await;
    expect(&read(&store, &["a", "b"], T0).await, &[tally("a", 0, 0, 7), tally("b", 0, 0, 0)]);
}

/// Nothing is added to another key or another slot, not even one a microsecond away.
pub async fn keys_and_slots_are_told_apart(store: Store) {
    let near = Tally::new("a", T0 + MICRO, 8, 4);
    add(&store, [tally("a", 0, 1, 1), tally("b", 0, 2, 0), tally("a", 60, 4, 2), near.clone()]).await;
    add(&store, [tally("a", 60, 1, 0)]).await;
    expect(&read(&store, &["a"], T0).await, &[tally("a", 0, 1, 1), near, tally("a", 60, 5, 2)]);
    expect(&read(&store, &["b"], T0).await, &[tally("b", 0, 2, 0)]);
}

/// A span that began at `since` is answered, one that began a microsecond before is not.
pub async fn since_is_inclusive(store: Store) {
    add(&store, [tally("a", 60, 1, 0), tally("b", 60, 2, 0), tally("a", 120, 3, 0)]).await;
    let all = [tally("a", 60, 1, 0), tally("a", 120, 3, 0), tally("b", 60, 2, 0)];
    expect(&read(&store, &["a", "b"], at(60)).await, &all);
    expect(&read(&store, &["a", "b"], at(60) - MICRO).await, &all);
    expect(&read(&store, &["a", "b"], at(60) + MICRO).await, &[tally("a", 120, 3, 0)]);
    expect(&read(&store, &["a", "b"], at(120) + MICRO).await, &[]);
}

/// The answer is ordered by key, then by slot, in whatever order they were added and asked for.
pub async fn they_come_by_key_then_by_slot(store: Store) {
    add(&store, [tally("b", 60, 1, 0), tally("a", 120, 2, 0), tally("c", 0, 3, 0)]).await;
    add(&store, [tally("a", 60, 4, 0), tally("b", 0, 5, 0), tally("a", 0, 6, 0)]).await;
    let all = [
        tally("a", 0, 6, 0),
        tally("a", 60, 4, 0),
        tally("a", 120, 2, 0),
        tally("b", 0, 5, 0),
        tally("b", 60, 1, 0),
        tally("c", 0, 3, 0),
    ];
    expect(&read(&store, &["c", "a", "b"], T0).await, &all);
}

/// A key that is asked for twice is answered once.
pub async fn a_key_named_twice_is_answered_once(store: Store) {
    add(&store, [tally("a", 0, 1, 0), tally("b", 0, 2, 0)]).await;
    let found = read(&store, &["b", "a", "b", "a", "a"], T0).await;
    expect(&found, &[tally("a", 0, 1, 0), tally("b", 0, 2, 0)]);
}

/// Keys that nothing was added to have no part in the answer.
pub async fn an_unknown_key_is_nothing(store: Store) {
    expect(&read(&store, &["a"], T0).await, &[]);
    add(&store, [tally("b", 0, 1, 0)]).await;
    expect(&read(&store, &["a", "b", "c"], T0).await, &[tally("b", 0, 1, 0)]);
}

/// The same key and slot may come several times in one call, new and known.
pub async fn one_call_may_add_to_one_tally_twice(store: Store) {
    for round in 1..3 {
        add(&store, [tally("a", 0, 1, 0), tally("b", 0, 5, 0), tally("a", 0, 2, 1), tally("a", 0, 0, 1)])
            .await;
        let sums = [tally("a", 0, 3 * round, 2 * round), tally("b", 0, 5 * round, 0)];
        expect(&read(&store, &["a", "b"], T0).await, &sums);
    }
}

/// A sum that does not fit reads as the largest number, each of the two for itself.
pub async fn a_sum_stops_at_the_largest_number(store: Store) {
    add(&store, [tally("a", 0, u32::MAX, 3), tally("b", 0, 1, u32::MAX - 1)]).await;
    let most = [tally("a", 0, u32::MAX, 3), tally("b", 0, 1, u32::MAX - 1)];
    expect(&read(&store, &["a", "b"], T0).await, &most);
    for _ in 0..2 {
        add(&store, [tally("a", 0, u32::MAX, 1), tally("b", 0, 1, 1), tally("a", 0, 1, 1)]).await;
    }
    add(&store, [tally("c", 0, u32::MAX, 0), tally("c", 0, u32::MAX, u32::MAX), tally("c", 0, 0, 1)]).await;
    let full = [tally("a", 0, u32::MAX, 7), tally("b", 0, 3, u32::MAX), tally("c", 0, u32::MAX, u32::MAX)];
    expect(&read(&store, &["a", "b", "c"], T0).await, &full);
}

/// A call with nothing in it is answered and changes nothing.
pub async fn a_call_with_nothing_changes_nothing(store: Store) {
    add(&store, []).await;
    expect(&read(&store, &[], T0).await, &[]);
    assert_eq!(good(store.purge_tallies(at(60), 10).await), 0);
    add(&store, [tally("a", 0, 1, 0)]).await;
    add(&store, []).await;
    expect(&read(&store, &[], T0).await, &[]);
    assert_eq!(good(store.purge_tallies(at(60), 0).await), 0);
    expect(&read(&store, &["a"], T0).await, &[tally("a", 0, 1, 0)]);
}

/// Hundreds fit into one call.
pub async fn many_fit_into_one_call(store: Store) {
    let keys: Vec<String> = (0..300).map(|n| format!("toko/prefix/{n:03}")).collect();
    let all: Vec<Tally> = keys.iter().flat_map(|key| [tally(key, 0, 2, 1), tally(key, 60, 4, 3)]).collect();
    add(&store, all.iter().rev().cloned()).await;
    expect(&good(store.tallies(keys, T0).await), &all);
}

/// Purge deletes at most as many as it is asked to, the oldest first, whatever their keys are.
pub async fn purge_is_bounded_and_takes_the_oldest_first(store: Store) {
    add(&store, [tally("a", 120, 1, 0), tally("a", 0, 1, 0), tally("b", 60, 1, 0), tally("c", 30, 1, 0)])
        .await;
    let keys = ["a", "b", "c"];
    assert_eq!(good(store.purge_tallies(at(600), 2).await), 2);
    expect(&read(&store, &keys, T0).await, &[tally("a", 120, 1, 0), tally("b", 60, 1, 0)]);
    assert_eq!(good(store.purge_tallies(at(600), 1).await), 1);
    expect(&read(&store, &keys, T0).await, &[tally("a", 120, 1, 0)]);
    assert_eq!(good(store.purge_tallies(at(600), 10).await), 1);
    assert_eq!(good(store.purge_tallies(at(600), 10).await), 0);
    expect(&read(&store, &keys, T0).await, &[]);
}

/// Purge leaves a span that began at `before` or later, to the microsecond.
pub async fn purge_leaves_what_began_later(store: Store) {
    add(&store, [tally("a", 0, 1, 0), tally("a", 60, 2, 0), tally("b", 60, 3, 0)]).await;
    assert_eq!(good(store.purge_tallies(T0, 10).await), 0);
    assert_eq!(good(store.purge_tallies(at(60), 10).await), 1);
    assert_eq!(good(store.purge_tallies(at(60), 10).await), 0);
    expect(&read(&store, &["a", "b"], T0).await, &[tally("a", 60, 2, 0), tally("b", 60, 3, 0)]);
    assert_eq!(good(store.purge_tallies(at(60) + MICRO, 10).await), 2);
}

/// What is added after a purge begins with nothing.
pub async fn a_purged_tally_begins_anew(store: Store) {
    add(&store, [tally("a", 0, 9, 9)]).await;
    assert_eq!(good(store.purge_tallies(at(60), 10).await), 1);
    add(&store, [tally("a", 0, 1, 0)]).await;
    expect(&read(&store, &["a"], T0).await, &[tally("a", 0, 1, 0)]);
    assert_eq!(good(store.purge_tallies(at(60), 10).await), 1);
}

/// Keys of the greatest length are kept whole: two that differ in the last byte are two.
pub async fn long_keys_are_kept_whole(store: Store) {
    let long = |last: char| format!("{}{last}", "k".repeat(LONGEST_KEY - 1));
    let (one, two) = (long('1'), long('2'));
    add(&store, [tally(&two, 0, 2, 0), tally(&one, 0, 1, 0)]).await;
    add(&store, [tally(&one, 0, 10, 0)]).await;
    expect(&read(&store, &[&one, &two], T0).await, &[tally(&one, 0, 11, 0), tally(&two, 0, 2, 0)]);
    assert_eq!(good(store.purge_tallies(at(60), 10).await), 2);
}

/// A key that another one begins with is a key of its own, also where a slot is written behind it.
pub async fn a_key_is_not_its_beginning(store: Store) {
    let slot = at(0).as_micros();
    let (with_slot, with_sign) = (format!("a/{slot}"), format!("a:{slot}"));
    let keys = ["a", "a/", "a/b", with_slot.as_str(), with_sign.as_str(), "ab"];
    for (n, key) in (1..).zip(keys) {
        add(&store, [tally(key, 0, n, 0)]).await;
    }
    for (n, key) in (1..).zip(keys) {
        expect(&read(&store, &[key], T0).await, &[tally(key, 0, n, 0)]);
    }
    assert_eq!(good(store.purge_tallies(at(60), 10).await), keys.len());
}

/// Keys are compared and ordered byte by byte, whatever is in them.
pub async fn keys_are_compared_byte_by_byte(store: Store) {
    // "ä" in two ways; neither is the other, and none of the signs means anything.
    let keys =
        [" a", "%", "'; --", "*", "A", "B", "[a]", "_", "a", "a\nb", "a ", "a{b}", "a\u{308}", "\u{e4}"];
    for (n, key) in (1..).zip(keys) {
        add(&store, [tally(key, 0, n, 0)]).await;
    }
    let all: Vec<Tally> = (1..).zip(keys).map(|(n, key)| tally(key, 0, n, 0)).collect();
    let mut asked = keys;
    asked.reverse();
    expect(&read(&store, &asked, T0).await, &all);
    expect(&read(&store, &["%"], T0).await, &[tally("%", 0, 2, 0)]);
}

/// Of fifty who add at once, to the same tallies in different orders, nothing is lost and nobody is refused.
pub async fn of_many_adders_nothing_is_lost(store: Store) {
    together(50, |n| {
        let store = store.clone();
        async move {
            for _ in 0..4 {
                let mut some = [tally("a", 0, 1, 0), tally("b", 0, 2, 1), tally("c", u64::from(n), 1, 0)];
                if n % 2 == 1 {
                    some.reverse();
                }
                add(&store, some).await;
            }
        }
    })
    .await;
    expect(&read(&store, &["a", "b"], T0).await, &[tally("a", 0, 200, 0), tally("b", 0, 400, 200)]);
    let own: Vec<Tally> = (0..50).map(|n| tally("c", n, 4, 0)).collect();
    expect(&read(&store, &["c"], T0).await, &own);
}

/// Who reads while others add sees both numbers of an addition or neither.
pub async fn an_addition_is_seen_whole(store: Store) {
    let seen = together(20, |n| {
        let store = store.clone();
        async move {
            let mut seen = Vec::new();
            for _ in 0..5 {
                if n % 2 == 0 {
                    add(&store, [tally("a", 0, 3, 3)]).await;
                } else {
                    seen.extend(read(&store, &["a"], T0).await);
                }
            }
            seen
        }
    })
    .await;
    for one in seen.iter().flatten() {
        assert!(one.begun == one.done && one.begun.is_multiple_of(3), "half an addition: {one:?}");
    }
    expect(&read(&store, &["a"], T0).await, &[tally("a", 0, 150, 150)]);
}

/// Of several who purge at once each counts only what it deleted itself.
pub async fn purging_at_once_counts_each_once(store: Store) {
    add(&store, (0..60).map(|n| tally("a", n, 1, 0))).await;
    let counted = together(5, |_| {
        let store = store.clone();
        async move { good(store.purge_tallies(at(50), 20).await) }
    })
    .await;
    assert!(counted.iter().all(|gone| *gone <= 20), "{counted:?}");
    // Those who come at once may leave some to each other.
    let rest = good(store.purge_tallies(at(50), 100).await);
    assert_eq!(counted.iter().sum::<usize>() + rest, 50);
    assert_eq!(read(&store, &["a"], T0).await.len(), 10);
}

/// The names of all cases, read from their source. `suite_is_complete` compares what the macro runs with it.
#[must_use]
pub fn cases() -> Vec<&'static str> {
    let lines = include_str!("tallies.rs").lines();
    lines.filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next()).collect()
}

/// Runs the contract of [`TallyStore`] as one `#[tokio::test]` for each case.
///
/// Takes an expression that is a future of a fresh, empty store. Put each use in a module of its own. Attributes
/// before the expression are put on every case: `#[cfg_attr(no_server, ignore = "needs a server")]`.
#[macro_export]
macro_rules! tally_store_contract {
    ($(#[$attribute:meta])+ $store:expr) => {
        $crate::tally_store_contract! { @all [$(#[$attribute])+] $store }
    };
    ($store:expr) => {
        $crate::tally_store_contract! { @all [] $store }
    };
    (@all $attributes:tt $store:expr) => {
        $crate::tally_store_contract! {
            @suite $attributes $store,
            additions_add_up the_numbers_have_nothing_to_do_with_each_other keys_and_slots_are_told_apart
            since_is_inclusive they_come_by_key_then_by_slot a_key_named_twice_is_answered_once
            an_unknown_key_is_nothing one_call_may_add_to_one_tally_twice a_sum_stops_at_the_largest_number
            a_call_with_nothing_changes_nothing many_fit_into_one_call
            purge_is_bounded_and_takes_the_oldest_first purge_leaves_what_began_later
            a_purged_tally_begins_anew long_keys_are_kept_whole a_key_is_not_its_beginning
            keys_are_compared_byte_by_byte of_many_adders_nothing_is_lost an_addition_is_seen_whole
            purging_at_once_counts_each_once
        }
    };
    (@case [$($attributes:tt)*] $store:expr, $case:ident) => {
        $($attributes)*
        #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            $crate::testing::tallies::$case(::std::sync::Arc::new($store.await)).await;
        }
    };
    (@suite $attributes:tt $store:expr, $($case:ident)+) => {
        $($crate::tally_store_contract! { @case $attributes $store, $case })+

        #[test]
        fn suite_is_complete() {
            let run = [$(stringify!($case)),+];
            assert_eq!(run.as_slice(), $crate::testing::tallies::cases());
        }
    };
}
