//! The contracts on the memory stores, and the keys in the hands of an operator and of callers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use wartel_access::testing::MockApiKeyStore;
use wartel_access::{
    ApiKey, ApiKeyStore, AuditLog, AuthenticateError, CreateKey, CreateKeyError, CreatedKey, Keys,
    MemoryApiKeyStore, MemoryAuditLog, Scope, USED_EVERY,
};
use wartel_core::{ManualClock, StoreError, StoreErrorKind, TenantId};

mod memory_keys {
    wartel_access::api_key_store_contract!(async {
        let audit = wartel_access::MemoryAuditLog::default();
        (wartel_access::MemoryApiKeyStore::new(audit.clone()), audit)
    });
}

mod memory_audit {
    wartel_access::audit_log_contract!(async { wartel_access::MemoryAuditLog::default() });
}

struct Bench {
    keys: Keys,
    store: MemoryApiKeyStore,
    audit: MemoryAuditLog,
    clock: ManualClock,
}

impl Bench {
    fn new() -> Self {
        let audit = MemoryAuditLog::default();
        let store = MemoryApiKeyStore::new(audit.clone());
        let clock = ManualClock::default();
        let keys = Keys::new(Arc::new(store.clone())).with_clock(Arc::new(clock.clone()));
        Self { keys, store, audit, clock }
    }

    async fn made(&self, wanted: CreateKey) -> CreatedKey {
        self.keys.create(wanted, "cli").await.unwrap()
    }
}

fn wanted() -> CreateKey {
    CreateKey::new(TenantId::parse("toko-budi").unwrap(), "shop back end")
}

#[allow(clippy::needless_pass_by_value)] // It is made where it is asked about.
fn is_refused<T>(result: Result<T, AuthenticateError>) -> bool {
    matches!(result, Err(AuthenticateError::Refused))
}

#[tokio::test]
async fn a_key_tells_who_calls_and_what_they_may_do() {
    let bench = Bench::new();
    let made = bench.made(wanted().scopes([Scope::VerificationsRead])).await;
    let caller = bench.keys.authenticate(made.key.expose()).await.unwrap();
    assert_eq!((caller.tenant.as_str(), &caller.key), ("toko-budi", made.key.id()));
    assert!(caller.may(Scope::VerificationsRead) && !caller.may(Scope::VerificationsWrite));
    assert_eq!(caller.actor(), format!("api_key:{}", made.key.id()));
    assert!(!format!("{made:?} {caller:?}").contains(&made.key.expose()[16..]));
}

#[tokio::test]
async fn without_the_right_secret_an_id_opens_nothing() {
    let bench = Bench::new();
    let made = bench.made(wanted()).await;
    let right = made.key.expose();
    let other = ApiKey::generate().unwrap();
    for wrong in [
        "",
        "wtl_",
        &right[..58],
        &right.to_lowercase(),
        &format!("{}{}", &right[..16], &other.expose()[16..]),
        &format!("{}{}", &other.expose()[..16], &right[16..]),
        other.expose(),
        made.record.id.as_str(),
        &made.record.hash.to_hex(),
    ] {
        assert!(is_refused(bench.keys.authenticate(wrong).await), "{}", wrong.len());
    }
    assert!(bench.keys.authenticate(right).await.is_ok());
}

#[tokio::test]
async fn a_revoked_key_is_refused_at_once_everywhere() {
    let bench = Bench::new();
    let made = bench.made(wanted()).await;
    // Another instance on the same store.
    let other = Keys::new(Arc::new(bench.store.clone())).with_clock(Arc::new(bench.clock.clone()));
    assert!(other.authenticate(made.key.expose()).await.is_ok());
    let record = &made.record;
    assert!(bench.keys.revoke(&TenantId::default(), &record.id, "cli").await.unwrap().is_none());
    assert!(other.authenticate(made.key.expose()).await.is_ok(), "another tenant cannot revoke it");
    bench.keys.revoke(&record.tenant, &record.id, "cli").await.unwrap().unwrap();
    for keys in [&bench.keys, &other] {
        assert!(is_refused(keys.authenticate(made.key.expose()).await));
    }
    let listed = bench.keys.list(Some(record.tenant.clone())).await.unwrap();
    assert!(listed[0].revoked_at.is_some(), "it stays in the list");
}

#[tokio::test]
async fn a_key_ends_on_time() {
    let bench = Bench::new();
    let made = bench.made(wanted().valid_for(Some(Duration::from_secs(60)))).await;
    bench.clock.advance(Duration::from_micros(59_999_999));
    assert!(bench.keys.authenticate(made.key.expose()).await.is_ok());
    bench.clock.advance(Duration::from_micros(1));
    assert!(is_refused(bench.keys.authenticate(made.key.expose()).await));
}

#[tokio::test]
async fn what_cannot_be_a_key_is_not_made() {
    let bench = Bench::new();
    let tenant = TenantId::default;
    for name in ["", "x", "line\nbreak", &"x".repeat(101)] {
        let refused = bench.keys.create(CreateKey::new(tenant(), name), "cli").await;
        assert!(matches!(refused, Err(CreateKeyError::Name(_))), "{name}");
    }
    assert!(matches!(bench.keys.create(wanted().scopes([]), "cli").await, Err(CreateKeyError::NoScope)));
    let at_once = wanted().valid_for(Some(Duration::ZERO));
    assert!(matches!(bench.keys.create(at_once, "cli").await, Err(CreateKeyError::NoTime)));
    assert!(bench.keys.list(None).await.unwrap().is_empty());
    assert!(bench.audit.list(None, None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn making_and_revoking_are_audited() {
    let bench = Bench::new();
    let made = bench.made(wanted()).await;
    bench.clock.advance(Duration::from_secs(1));
    bench.keys.revoke(&made.record.tenant, &made.record.id, "api_key:0123456789ab").await.unwrap();
    let entries = bench.audit.list(Some(made.record.tenant.clone()), None, 10).await.unwrap();
    let told: Vec<_> =
        entries.iter().map(|e| (e.actor.as_str(), e.action.as_str(), e.subject.as_str())).collect();
    let id = made.record.id.as_str();
    assert_eq!(told, [("api_key:0123456789ab", "api_key.revoke", id), ("cli", "api_key.create", id)]);
}

#[tokio::test]
async fn use_is_written_once_a_minute() {
    let bench = Bench::new();
    let made = bench.made(wanted()).await;
    let mut last = None;
    for second in 0..=120_u64 {
        bench.keys.authenticate(made.key.expose()).await.unwrap();
        let used = bench.store.find(made.key.id()).await.unwrap().unwrap().last_used_at;
        assert_eq!(used != last, second % 60 == 0, "{second}");
        last = used;
        bench.clock.advance(Duration::from_secs(1));
    }
}

#[tokio::test]
async fn of_many_calls_at_once_one_writes_the_use() {
    let bench = Bench::new();
    let made = bench.made(wanted()).await;
    let record = bench.store.find(made.key.id()).await.unwrap();
    let mut store = MockApiKeyStore::new();
    store.expect_find().returning(move |_| Ok(record.clone()));
    store.expect_mark_used().times(1).returning(|_, _, every| {
        assert_eq!(every, USED_EVERY);
        Ok(())
    });
    let keys = Keys::new(Arc::new(store)).with_clock(Arc::new(bench.clock.clone()));
    let mut calls = JoinSet::new();
    for _ in 0..50 {
        let (keys, key) = (keys.clone(), made.key.expose().to_owned());
        calls.spawn(async move { keys.authenticate(&key).await.is_ok() });
    }
    assert!(calls.join_all().await.into_iter().all(|known| known));
}

#[tokio::test]
async fn a_store_that_fails_is_no_refusal_and_lets_nobody_in() {
    let failure = || StoreError::new(StoreErrorKind::Unavailable, "access.find");
    let mut store = MockApiKeyStore::new();
    store.expect_find().returning(move |_| Err(failure()));
    let key = ApiKey::generate().unwrap();
    let answer = Keys::new(Arc::new(store)).authenticate(key.expose()).await;
    assert!(matches!(answer, Err(AuthenticateError::Store(_))));

    // A store that only reads keeps nobody out.
    let bench = Bench::new();
    let made = bench.made(wanted()).await;
    let record = bench.store.find(made.key.id()).await.unwrap();
    let mut store = MockApiKeyStore::new();
    store.expect_find().returning(move |_| Ok(record.clone()));
    store.expect_mark_used().returning(move |_, _, _| Err(failure()));
    assert!(Keys::new(Arc::new(store)).authenticate(made.key.expose()).await.is_ok());
}

#[tokio::test]
async fn an_id_that_is_taken_is_told_as_a_fault() {
    let mut store = MockApiKeyStore::new();
    store.expect_create().returning(|_, _| Ok(false));
    let refused = Keys::new(Arc::new(store)).create(wanted(), "cli").await;
    assert!(matches!(refused, Err(CreateKeyError::Store(_))));
}
