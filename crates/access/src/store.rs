//! The port of the store that keeps API keys.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use wartel_core::{StoreError, TenantId, Timestamp};

use crate::api_key::ApiKeyId;
use crate::audit::AuditEntry;
use crate::record::ApiKeyRecord;

/// The store of API keys. Each verb is one atomic step; time is handed in.
///
/// # Errors
/// Every verb: [`StoreError`] if the store could not answer. Nothing is half done, and every verb may be repeated: the
/// second time changes nothing more and answers the same.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait::async_trait]
pub trait ApiKeyStore: fmt::Debug + Send + Sync + 'static {
    /// Writes a key and the entry of the audit that tells of it, together. Answers `false`, and writes nothing, if
    /// another key has this id.
    async fn create(&self, record: &ApiKeyRecord, audit: &AuditEntry) -> Result<bool, StoreError>;

    /// Reads a key by its id, whatever its tenant: who calls is not known before.
    async fn find(&self, id: &ApiKeyId) -> Result<Option<ApiKeyRecord>, StoreError>;

    /// The newest keys of a tenant, or of all, at most `limit`; revoked ones and those past their end included. Among
    /// those of one instant the greater id comes first.
    async fn list(&self, tenant: Option<TenantId>, limit: usize) -> Result<Vec<ApiKeyRecord>, StoreError>;

    /// Revokes a key for good and writes the entry of the audit, together, and answers since when it is revoked. If it
    /// was revoked before, nothing is written. `None` if this tenant has no key with this id.
    async fn revoke(
        &self,
        tenant: &TenantId,
        id: &ApiKeyId,
        now: Timestamp,
        audit: &AuditEntry,
    ) -> Result<Option<Timestamp>, StoreError>;

    /// Notes that a key was used, if that was last noted `every` ago or longer.
    async fn mark_used(&self, id: &ApiKeyId, now: Timestamp, every: Duration) -> Result<(), StoreError>;
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: ApiKeyStore + ?Sized> ApiKeyStore for Arc<T> {
    async fn create(&self, record: &ApiKeyRecord, audit: &AuditEntry) -> Result<bool, StoreError> {
        (**self).create(record, audit).await
    }

    async fn find(&self, id: &ApiKeyId) -> Result<Option<ApiKeyRecord>, StoreError> {
        (**self).find(id).await
    }

    async fn list(&self, tenant: Option<TenantId>, limit: usize) -> Result<Vec<ApiKeyRecord>, StoreError> {
        (**self).list(tenant, limit).await
    }

    async fn revoke(
        &self,
        tenant: &TenantId,
        id: &ApiKeyId,
        now: Timestamp,
        audit: &AuditEntry,
    ) -> Result<Option<Timestamp>, StoreError> {
        (**self).revoke(tenant, id, now, audit).await
    }

    async fn mark_used(&self, id: &ApiKeyId, now: Timestamp, every: Duration) -> Result<(), StoreError> {
        (**self).mark_used(id, now, every).await
    }
}
