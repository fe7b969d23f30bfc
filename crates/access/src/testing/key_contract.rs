//! The contract of [`ApiKeyStore`]: what holds for every store, as a suite to run.
//!
//! ```ignore
//! mod memory {
//!     wartel_access::api_key_store_contract!(async {
//!         let audit = wartel_access::MemoryAuditLog::default();
//!         (wartel_access::MemoryApiKeyStore::new(audit.clone()), audit)
//!     });
//! }
//! ```
//!
//! The expression is a future of a fresh, empty store and the log that it writes its audit to (or an `Arc` of
//! either); it is evaluated anew in each test. The crate that runs the suite needs `tokio` with `macros`, `rt` and
//! `rt-multi-thread`.
#![allow(clippy::panic, clippy::missing_panics_doc, reason = "a case of a test suite fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use wartel_core::{TenantId, Timestamp};

use super::{T0, audit_of, cases_in, good, other_tenant, record_of};
use crate::api_key::ApiKeyId;
use crate::audit::{AuditEntry, AuditLog};
use crate::record::ApiKeyRecord;
use crate::scope::{Scope, Scopes};
use crate::store::ApiKeyStore;

type Store = Arc<dyn ApiKeyStore>;
type Log = Arc<dyn AuditLog>;

const MINUTE: Duration = Duration::from_secs(60);
const MICRO: Duration = Duration::from_micros(1);

async fn create(store: &Store, record: &ApiKeyRecord) -> bool {
    good(store.create(record, &audit_of(record, "api_key.create")).await)
}

async fn made(store: &Store) -> ApiKeyRecord {
    let record = record_of("shop back end", T0);
    assert!(create(store, &record).await, "a new key is taken for a known one");
    record
}

async fn find(store: &Store, id: &ApiKeyId) -> Option<ApiKeyRecord> {
    good(store.find(id).await)
}

async fn revoke(store: &Store, record: &ApiKeyRecord, now: Timestamp) -> Option<Timestamp> {
    let audit = audit_of(record, "api_key.revoke");
    good(store.revoke(&record.tenant, &record.id, now, &audit).await)
}

async fn last_used(store: &Store, id: &ApiKeyId) -> Option<Timestamp> {
    find(store, id).await.and_then(|record| record.last_used_at)
}

/// Everything in the audit, the newest first.
async fn audited(log: &Log) -> Vec<AuditEntry> {
    good(log.list(None, None, 1_000).await)
}

async fn names(store: &Store, tenant: Option<TenantId>, limit: usize) -> Vec<String> {
    good(store.list(tenant, limit).await).into_iter().map(|record| record.name).collect()
}

/// What went in comes out, to the microsecond and to the last character.
pub async fn a_key_comes_out_as_it_went_in(store: Store, _log: Log) {
    let mut record = record_of("👩\u{200D}👧 O'Neil; DROP TABLE \"x\" -- % \\ é 山田", T0);
    record.tenant = other_tenant();
    record.scopes = [Scope::VerificationsRead].into_iter().collect();
    record.created_at = T0 + Duration::from_micros(123_457);
    record.expires_at = Some(T0 + 90 * 24 * 60 * MINUTE + MICRO);
    record.last_used_at = Some(T0 + MICRO);
    record.revoked_at = Some(T0 + 2 * MICRO);
    assert!(create(&store, &record).await);
    assert_eq!(find(&store, &record.id).await.as_ref(), Some(&record));
    assert_eq!(good(store.list(None, 10).await), [record]);
}

/// What is not given stays absent.
pub async fn what_is_not_given_is_absent(store: Store, _log: Log) {
    let mut record = record_of("x", T0);
    record.scopes = Scopes::default();
    assert!(create(&store, &record).await);
    let read = find(&store, &record.id).await.unwrap_or_else(|| panic!("it is gone"));
    assert_eq!((read.expires_at, read.last_used_at, read.revoked_at), (None, None, None));
    assert!(read.scopes.is_empty());
}

/// An id that nobody has is nothing, and nothing comes of using it.
pub async fn what_is_unknown_is_nothing(store: Store, log: Log) {
    let unknown = record_of("x", T0);
    good(store.mark_used(&unknown.id, T0, MINUTE).await);
    assert_eq!(revoke(&store, &unknown, T0).await, None);
    assert_eq!(find(&store, &unknown.id).await, None);
    assert_eq!(good(store.list(None, 10).await), []);
    assert_eq!(audited(&log).await, []);
}

/// A key and the entry that tells of it are written together.
pub async fn a_new_key_is_audited(store: Store, log: Log) {
    let record = record_of("shop", T0);
    let audit = audit_of(&record, "api_key.create");
    assert!(good(store.create(&record, &audit).await));
    assert_eq!(audited(&log).await, [audit]);
}

/// An id belongs to one key: another with the same id changes nothing.
pub async fn an_id_is_taken_once(store: Store, log: Log) {
    let first = made(&store).await;
    let second = ApiKeyRecord { id: first.id.clone(), ..record_of("another", T0) };
    assert!(!create(&store, &second).await);
    assert_eq!(find(&store, &first.id).await, Some(first));
    assert_eq!(audited(&log).await.len(), 1, "what was refused is audited");
}

/// The very same key again is known, and audited once.
pub async fn the_same_key_again_is_known(store: Store, log: Log) {
    let record = record_of("shop", T0);
    let audit = audit_of(&record, "api_key.create");
    for _ in 0..3 {
        assert!(good(store.create(&record, &audit).await));
    }
    assert_eq!(good(store.list(None, 10).await), [record]);
    assert_eq!(audited(&log).await, [audit]);
}

/// A key is revoked once and for good: the first instant stays, and stands in the audit.
pub async fn revoked_is_revoked(store: Store, log: Log) {
    let record = made(&store).await;
    assert_eq!(revoke(&store, &record, T0 + MINUTE).await, Some(T0 + MINUTE));
    assert_eq!(revoke(&store, &record, T0 + 2 * MINUTE).await, Some(T0 + MINUTE));
    assert_eq!(find(&store, &record.id).await.and_then(|read| read.revoked_at), Some(T0 + MINUTE));
    let actions: Vec<String> = audited(&log).await.into_iter().map(|entry| entry.action).collect();
    assert_eq!(actions, ["api_key.revoke", "api_key.create"]);
    // Writing the key again does not bring it back.
    assert!(create(&store, &record).await);
    assert_eq!(find(&store, &record.id).await.and_then(|read| read.revoked_at), Some(T0 + MINUTE));
}

/// Only its own tenant revokes a key.
pub async fn only_its_tenant_revokes_a_key(store: Store, log: Log) {
    let record = made(&store).await;
    let theirs = ApiKeyRecord { tenant: other_tenant(), ..record.clone() };
    assert_eq!(revoke(&store, &theirs, T0).await, None);
    assert_eq!(find(&store, &record.id).await, Some(record));
    assert_eq!(audited(&log).await.len(), 1);
}

/// Revoking one key leaves the others alone.
pub async fn the_other_keys_live_on(store: Store, _log: Log) {
    let (first, second) = (made(&store).await, made(&store).await);
    revoke(&store, &first, T0).await;
    assert_eq!(find(&store, &second.id).await, Some(second));
}

/// The use of a key is noted again when the span is over, not before.
pub async fn use_is_noted_once_in_a_while(store: Store, _log: Log) {
    let id = made(&store).await.id;
    for (now, expected) in [
        (T0, T0),
        (T0 + MICRO, T0),
        (T0 + MINUTE - MICRO, T0),
        (T0 + MINUTE, T0 + MINUTE),
        (T0 + 2 * MINUTE - MICRO, T0 + MINUTE),
    ] {
        good(store.mark_used(&id, now, MINUTE).await);
        assert_eq!(last_used(&store, &id).await, Some(expected), "{now:?}");
    }
}

/// The last use does not go back when a clock does.
pub async fn the_last_use_does_not_go_back(store: Store, _log: Log) {
    let id = made(&store).await.id;
    good(store.mark_used(&id, T0 + 10 * MINUTE, MINUTE).await);
    good(store.mark_used(&id, T0, MINUTE).await);
    assert_eq!(last_used(&store, &id).await, Some(T0 + 10 * MINUTE));
}

/// Using a key changes nothing else of it, also if it is revoked.
pub async fn use_changes_nothing_else(store: Store, _log: Log) {
    let (record, other) = (made(&store).await, made(&store).await);
    revoke(&store, &record, T0).await;
    good(store.mark_used(&record.id, T0, MINUTE).await);
    let expected = ApiKeyRecord { revoked_at: Some(T0), last_used_at: Some(T0), ..record.clone() };
    assert_eq!(find(&store, &record.id).await, Some(expected));
    assert_eq!(find(&store, &other.id).await, Some(other));
}

/// The newest keys come first, no more than the limit.
pub async fn the_newest_keys_come_first(store: Store, _log: Log) {
    for minute in [3_u32, 1, 4, 2] {
        create(&store, &record_of(&minute.to_string(), T0 + minute * MINUTE)).await;
    }
    assert_eq!(names(&store, None, 10).await, ["4", "3", "2", "1"]);
    assert_eq!(names(&store, Some(TenantId::default()), 2).await, ["4", "3"]);
    assert_eq!(names(&store, None, 0).await, [] as [String; 0]);
    // Of one instant: the greater id first.
    for _ in 0..5 {
        create(&store, &record_of("same", T0)).await;
    }
    let ids: Vec<ApiKeyId> = good(store.list(None, 100).await).into_iter().skip(4).map(|r| r.id).collect();
    assert!(ids.len() == 5 && ids.is_sorted_by(|one, next| one > next), "{ids:?}");
}

/// No tenant is listed another's keys; who asks for all gets all.
pub async fn tenants_do_not_see_each_other(store: Store, _log: Log) {
    create(&store, &record_of("mine", T0)).await;
    let theirs = ApiKeyRecord { tenant: other_tenant(), ..record_of("theirs", T0 + MINUTE) };
    create(&store, &theirs).await;
    assert_eq!(names(&store, Some(TenantId::default()), 10).await, ["mine"]);
    assert_eq!(names(&store, Some(other_tenant()), 10).await, ["theirs"]);
    assert_eq!(names(&store, None, 10).await, ["theirs", "mine"]);
}

/// Of many who take one id at once one gets it.
pub async fn of_many_with_one_id_one_is_made(store: Store, log: Log) {
    let id = record_of("x", T0).id;
    let mut makers = JoinSet::new();
    for n in 0..50 {
        let (store, id) = (Arc::clone(&store), id.clone());
        makers.spawn(async move {
            let record = ApiKeyRecord { id, ..record_of(&n.to_string(), T0) };
            create(&store, &record).await.then_some(record)
        });
    }
    let made: Vec<ApiKeyRecord> = makers.join_all().await.into_iter().flatten().collect();
    assert_eq!(made.len(), 1);
    assert_eq!(find(&store, &id).await.as_ref(), made.first());
    assert_eq!(audited(&log).await.len(), 1);
}

/// Of many who revoke one key at once one does, and all are told when.
pub async fn of_many_revocations_one_counts(store: Store, log: Log) {
    let record = made(&store).await;
    let mut revokers = JoinSet::new();
    for n in 1..=50_u32 {
        let (store, record) = (Arc::clone(&store), record.clone());
        revokers.spawn(async move { revoke(&store, &record, T0 + n * MINUTE).await });
    }
    let told = revokers.join_all().await;
    let since = find(&store, &record.id).await.and_then(|read| read.revoked_at);
    assert!(since.is_some() && told.iter().all(|answer| *answer == since), "{told:?}");
    assert_eq!(audited(&log).await.len(), 2);
}

/// A key is used and revoked at the same time, and both are kept.
pub async fn use_and_revocation_do_not_disturb_each_other(store: Store, _log: Log) {
    for _ in 0..10 {
        let record = made(&store).await;
        let used = {
            let (store, id) = (Arc::clone(&store), record.id.clone());
            tokio::spawn(async move { good(store.mark_used(&id, T0 + MICRO, MINUTE).await) })
        };
        assert_eq!(revoke(&store, &record, T0).await, Some(T0));
        used.await.unwrap_or_else(|error| panic!("{error}"));
        let read = find(&store, &record.id).await.unwrap_or_else(|| panic!("it is gone"));
        assert_eq!((read.revoked_at, read.last_used_at), (Some(T0), Some(T0 + MICRO)));
    }
}

/// The names of all cases, read from their source. `suite_is_complete` compares what the macro runs with it.
#[must_use]
pub fn cases() -> Vec<&'static str> {
    cases_in(include_str!("key_contract.rs"))
}

/// Runs the contract of [`ApiKeyStore`] as one `#[tokio::test]` for each case.
///
/// Takes an expression that is a future of a fresh store and its audit log, as a pair. Put each use in a module of its
/// own. Attributes before the expression are put on every case.
#[macro_export]
macro_rules! api_key_store_contract {
    ($(#[$attribute:meta])+ $env:expr) => {
        $crate::api_key_store_contract! { @all [$(#[$attribute])+] $env }
    };
    ($env:expr) => {
        $crate::api_key_store_contract! { @all [] $env }
    };
    (@all $attributes:tt $env:expr) => {
        $crate::api_key_store_contract! {
            @suite $attributes $env,
            a_key_comes_out_as_it_went_in what_is_not_given_is_absent what_is_unknown_is_nothing
            a_new_key_is_audited an_id_is_taken_once the_same_key_again_is_known revoked_is_revoked
            only_its_tenant_revokes_a_key the_other_keys_live_on use_is_noted_once_in_a_while
            the_last_use_does_not_go_back use_changes_nothing_else the_newest_keys_come_first
            tenants_do_not_see_each_other of_many_with_one_id_one_is_made of_many_revocations_one_counts
            use_and_revocation_do_not_disturb_each_other
        }
    };
    (@case [$($attributes:tt)*] $env:expr, $case:ident) => {
        $($attributes)*
        #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            let (store, log) = $env.await;
            let (store, log) = (::std::sync::Arc::new(store), ::std::sync::Arc::new(log));
            $crate::testing::key_contract::$case(store, log).await;
        }
    };
    (@suite $attributes:tt $env:expr, $($case:ident)+) => {
        $($crate::api_key_store_contract! { @case $attributes $env, $case })+

        #[test]
        fn suite_is_complete() {
            let run = [$(stringify!($case)),+];
            assert_eq!(run.as_slice(), $crate::testing::key_contract::cases());
        }
    };
}
