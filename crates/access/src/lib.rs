//! Who may call: API keys for each tenant, and the audit of what was done with them.
//!
//! For services that other programs call. [`Keys`] makes a key that is shown once, keeps only its hash, and tells
//! who a caller is: a tenant, a key, and what the key may do.
//!
//! ```
//! use std::sync::Arc;
//! use wartel_access::{CreateKey, Keys, MemoryApiKeyStore, Scope};
//! use wartel_core::TenantId;
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let keys = Keys::new(Arc::new(MemoryApiKeyStore::default())); // or SqliteStores, PostgresStores
//! let made = keys.create(CreateKey::new(TenantId::default(), "shop back end"), "cli").await?;
//! println!("keep this, it is not shown again: {}", made.key.expose());
//!
//! // What stands behind `Authorization: Bearer `.
//! let caller = keys.authenticate(made.key.expose()).await?;
//! assert_eq!(caller.tenant, TenantId::default());
//! assert!(caller.may(Scope::VerificationsWrite));
//!
//! keys.revoke(&made.record.tenant, &made.record.id, "cli").await?;
//! assert!(keys.authenticate(made.key.expose()).await.is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
//! ```
//!
//! # What holds
//!
//! - A dump of the store opens nothing: it has the SHA-256 of each key, and a key has 256 random bits.
//! - A key that is revoked is refused from the next request on, on every instance: nothing is cached. Finding a key
//!   is one read by its primary key.
//! - A key is made or revoked together with the entry in the audit, or not at all.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `testing` | mocks of the store ports and their contract suites; semver-exempt |
//!
//! # Why not a slow hash?
//!
//! Argon2 and its like make it slow to try passwords that people choose. There is nothing to try against 256 random
//! bits, and a slow hash would be paid for by every request.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod api_key;
mod audit;
mod error;
mod keys;
mod memory;
mod record;
mod scope;
mod store;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;

pub use api_key::{ApiKey, ApiKeyId, KeyHash, NoRandomness, ParseKeyError};
pub use audit::{AuditEntry, AuditId, AuditLog};
pub use error::{AuthenticateError, CreateKeyError};
pub use keys::{Caller, CreateKey, CreatedKey, Keys, USED_EVERY};
pub use memory::{MemoryApiKeyStore, MemoryAuditLog};
pub use record::ApiKeyRecord;
pub use scope::{Scope, ScopeError, Scopes};
pub use store::ApiKeyStore;
