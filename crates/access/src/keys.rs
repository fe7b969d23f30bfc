//! The keys: make one, list them, revoke one, and tell who calls.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wartel_core::{Clock, FullName, StoreError, StoreErrorKind, SystemClock, TenantId, Timestamp};

use crate::api_key::{ApiKey, ApiKeyId};
use crate::audit::AuditEntry;
use crate::error::{AuthenticateError, CreateKeyError};
use crate::record::ApiKeyRecord;
use crate::scope::{Scope, Scopes};
use crate::store::ApiKeyStore;

/// How often the use of a key is written down at the most.
pub const USED_EVERY: Duration = Duration::from_secs(60);

/// How many keys a list has at the most.
const LISTED: usize = 1_000;

/// What a new key shall be.
#[derive(Debug, Clone)]
pub struct CreateKey {
    tenant: TenantId,
    name: String,
    scopes: Scopes,
    valid_for: Option<Duration>,
}

impl CreateKey {
    /// A key of a tenant, under a name that the operator knows it by (2 to 100 characters). Default: the scopes of
    /// verifications, no end.
    #[must_use]
    pub fn new(tenant: TenantId, name: impl Into<String>) -> Self {
        Self { tenant, name: name.into(), scopes: Scopes::verifications(), valid_for: None }
    }

    /// What it may do.
    #[must_use]
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = Scope>) -> Self {
        self.scopes = scopes.into_iter().collect();
        self
    }

    /// How long it is valid; `None` if it has no end.
    #[must_use]
    pub const fn valid_for(mut self, valid_for: Option<Duration>) -> Self {
        self.valid_for = valid_for;
        self
    }
}

/// A key that was made just now. `Debug` does not show the key.
pub struct CreatedKey {
    /// The key. It cannot be shown again.
    pub key: ApiKey,
    /// What is kept of it.
    pub record: ApiKeyRecord,
}

impl fmt::Debug for CreatedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedKey").field("record", &self.record).finish_non_exhaustive()
    }
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Caller {
    /// In whose name.
    pub tenant: TenantId,
    /// With which key.
    pub key: ApiKeyId,
    /// What it may do.
    pub scopes: Scopes,
}

impl Caller {
    /// Whether the caller may do this.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(scope)
    }

    /// The caller as the actor of an entry in the audit: `api_key:` and the id of the key.
    #[must_use]
    pub fn actor(&self) -> String {
        format!("api_key:{}", self.key)
    }
}

/// The API keys of an installation. Cheap to clone; clones are the same.
#[derive(Debug, Clone)]
pub struct Keys {
    store: Arc<dyn ApiKeyStore>,
    clock: Arc<dyn Clock>,
    /// When this process last wrote down the use of a key, so that it need not ask the store each time. Only keys that
    /// are valid get in, so strangers cannot fill it.
    marked: Arc<Mutex<HashMap<ApiKeyId, Timestamp>>>,
}

impl Keys {
    /// The keys in a store.
    #[must_use]
    pub fn new(store: Arc<dyn ApiKeyStore>) -> Self {
        Self { store, clock: Arc::new(SystemClock), marked: Arc::default() }
    }

    /// With another clock than the operating system's.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Makes a key. `actor` says who wants it, for the audit.
    ///
    /// # Errors
    /// [`CreateKeyError`] if the name or the scopes cannot be used, or the store could not answer.
    pub async fn create(&self, wanted: CreateKey, actor: &str) -> Result<CreatedKey, CreateKeyError> {
        let name = FullName::parse(&wanted.name)?;
        if wanted.scopes.is_empty() {
            return Err(CreateKeyError::NoScope);
        }
        if wanted.valid_for == Some(Duration::ZERO) {
            return Err(CreateKeyError::NoTime);
        }
        let now = self.clock.now();
        let key = ApiKey::generate()?;
        let mut record =
            ApiKeyRecord::new(key.id().clone(), wanted.tenant, name.as_str(), key.hash(), wanted.scopes, now);
        record.expires_at = wanted.valid_for.map(|span| now + span);
        let audit = AuditEntry::new(now, record.tenant.clone(), actor, "api_key.create", record.id.as_str());
        if self.store.create(&record, &audit).await? {
            Ok(CreatedKey { key, record })
        } else {
            // Two random ids of 71 bits do not meet; if they do, something is wrong with the randomness.
            Err(StoreError::new(StoreErrorKind::Unexpected, "access.create").into())
        }
    }

    /// The newest keys of a tenant, or of all; revoked ones and those past their end included. At most 1,000.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    pub async fn list(&self, tenant: Option<TenantId>) -> Result<Vec<ApiKeyRecord>, StoreError> {
        self.store.list(tenant, LISTED).await
    }

    /// One key, whatever its tenant; `None` if there is none with this id.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    pub async fn find(&self, id: &ApiKeyId) -> Result<Option<ApiKeyRecord>, StoreError> {
        self.store.find(id).await
    }

    /// Revokes a key for good and answers since when it is revoked; `None` if this tenant has none with this id.
    /// `actor` says who wants it, for the audit.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    pub async fn revoke(
        &self,
        tenant: &TenantId,
        id: &ApiKeyId,
        actor: &str,
    ) -> Result<Option<Timestamp>, StoreError> {
        let now = self.clock.now();
        let audit = AuditEntry::new(now, tenant.clone(), actor, "api_key.revoke", id.as_str());
        self.store.revoke(tenant, id, now, &audit).await
    }

    /// Tells who calls with this key.
    ///
    /// # Behavior
    /// - Asks the store each time, so a key that is revoked is refused from the next call on, on every instance.
    /// - The hashes are compared in constant time.
    /// - That the key was used is written down once a minute at the most. A failure of that refuses nobody.
    ///
    /// # Errors
    /// [`AuthenticateError::Refused`] if the key is not valid, for whatever reason.
    pub async fn authenticate(&self, shown: &str) -> Result<Caller, AuthenticateError> {
        let key = ApiKey::parse(shown).map_err(|_| AuthenticateError::Refused)?;
        let hash = key.hash();
        let found = self.store.find(key.id()).await?;
        // Nothing else is looked at before the key is known to be the right one.
        let record = found.filter(|record| record.hash.matches(&hash)).ok_or(AuthenticateError::Refused)?;
        let now = self.clock.now();
        if !record.is_live(now) {
            tracing::debug!(key = %record.id, revoked = record.revoked_at.is_some(), "a dead key was shown");
            return Err(AuthenticateError::Refused);
        }
        self.note_use(&record, now).await;
        Ok(Caller { tenant: record.tenant, key: record.id, scopes: record.scopes })
    }

    async fn note_use(&self, record: &ApiKeyRecord, now: Timestamp) {
        let is_due = |last: Option<Timestamp>| last.is_none_or(|last| last + USED_EVERY <= now);
        let due = {
            let mut marked = self.marked.lock().unwrap_or_else(PoisonError::into_inner);
            let due = is_due(record.last_used_at) && is_due(marked.get(&record.id).copied());
            if due {
                // Before the write, so that of many calls at once one writes.
                marked.insert(record.id.clone(), now);
            }
            due
        };
        if due && let Err(error) = self.store.mark_used(&record.id, now, USED_EVERY).await {
            tracing::warn!(key = %record.id, error = %error, "the use of a key was not written down");
        }
    }
}
