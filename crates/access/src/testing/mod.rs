//! For test suites: mocks of the store ports, and the contract suites that every store passes.
//!
//! ```
//! use wartel_access::testing::{T0, audit_of, record_of};
//! use wartel_access::{ApiKeyStore as _, MemoryApiKeyStore};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let store = MemoryApiKeyStore::default();
//! let record = record_of("shop", T0);
//! assert!(store.create(&record, &audit_of(&record, "api_key.create")).await.unwrap());
//! # });
//! ```
//!
//! Semver-exempt: it may change in any release.

pub mod audit_contract;
pub mod key_contract;

use wartel_core::{StoreError, TenantId, Timestamp};

#[doc(hidden)]
pub use mockall;

use crate::api_key::ApiKey;
use crate::audit::AuditEntry;
pub use crate::audit::MockAuditLog;
use crate::record::ApiKeyRecord;
use crate::scope::Scopes;
pub use crate::store::MockApiKeyStore;

/// 2026-01-01T00:00:00Z, when the tests begin.
pub const T0: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

/// The record of a new key in the default tenant, with every scope. The key itself is thrown away.
///
/// # Panics
/// If the operating system has no random bytes.
#[must_use]
#[expect(clippy::panic, reason = "a test without randomness cannot go on")]
pub fn record_of(name: &str, created_at: Timestamp) -> ApiKeyRecord {
    let key = ApiKey::generate().unwrap_or_else(|error| panic!("{error}"));
    ApiKeyRecord::new(key.id().clone(), TenantId::default(), name, key.hash(), Scopes::all(), created_at)
}

/// The entry that tells of something done to a key when it was made.
#[must_use]
pub fn audit_of(record: &ApiKeyRecord, action: &str) -> AuditEntry {
    AuditEntry::new(record.created_at, record.tenant.clone(), "cli", action, record.id.as_str())
}

/// The cases in the source of a suite, in order.
pub(crate) fn cases_in(source: &'static str) -> Vec<&'static str> {
    source.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next()).collect()
}

#[expect(clippy::panic, reason = "a case of a test suite fails by panicking")]
pub(crate) fn good<T>(result: Result<T, StoreError>) -> T {
    result.unwrap_or_else(|error| panic!("the store failed: {error}"))
}

#[expect(clippy::panic, reason = "a wrong tenant in a test is a mistake of the test")]
pub(crate) fn other_tenant() -> TenantId {
    TenantId::parse("toko-budi").unwrap_or_else(|error| panic!("{error}"))
}
