//! The port of the store that keeps accounts.

use std::fmt;
use std::sync::Arc;

use wartel_core::{AccountId, StoreError, TenantId, Timestamp};

use super::{SealedSettings, TokenHash};
use crate::pairing::PairingState;

/// An account as it is kept. `Debug` shows neither credentials nor the hash of the token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredAccount {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its name, unique within the tenant.
    pub id: AccountId,
    /// The provider's name, as [`adapters::connect`](crate::adapters::connect) takes it.
    pub provider: String,
    /// Its settings, encrypted.
    pub settings: SealedSettings,
    /// What is kept of the token in the URL of its webhooks. Unique over all tenants.
    pub token_hash: TokenHash,
    /// When it was made.
    pub created_at: Timestamp,
    /// How its device last stood, and since when, if it has one that is paired.
    pub device: Option<(PairingState, Timestamp)>,
}

impl StoredAccount {
    /// An account of whose device nothing is known.
    #[must_use]
    pub fn new(
        tenant: TenantId,
        id: AccountId,
        provider: impl Into<String>,
        settings: SealedSettings,
        token_hash: TokenHash,
        created_at: Timestamp,
    ) -> Self {
        Self { tenant, id, provider: provider.into(), settings, token_hash, created_at, device: None }
    }
}

/// The store of accounts. Each verb is one atomic step.
///
/// # Errors
/// Every verb: [`StoreError`] if the store could not answer. Nothing is half done, and every verb may be repeated: the
/// second time changes nothing more and answers the same, but for [`remove`](Self::remove).
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait::async_trait]
pub trait AccountStore: fmt::Debug + Send + Sync + 'static {
    /// Writes an account. Answers `false`, and writes nothing, if the tenant has another of this name, or another account
    /// has this token.
    async fn create(&self, account: &StoredAccount) -> Result<bool, StoreError>;

    /// Reads an account; `None` if this tenant has none of this name.
    async fn get(&self, tenant: &TenantId, id: &AccountId) -> Result<Option<StoredAccount>, StoreError>;

    /// The accounts of a tenant, or of all, at most `limit`, ordered by tenant and name. `after` is the last one that was
    /// seen, for the next page.
    async fn list(
        &self,
        tenant: Option<TenantId>,
        after: Option<(TenantId, AccountId)>,
        limit: usize,
    ) -> Result<Vec<StoredAccount>, StoreError>;

    /// Reads the account with this webhook token, whatever its tenant: whose it is, only the token says.
    async fn by_token(&self, token: &TokenHash) -> Result<Option<StoredAccount>, StoreError>;

    /// Removes an account for good. Answers whether there was one.
    async fn remove(&self, tenant: &TenantId, id: &AccountId) -> Result<bool, StoreError>;

    /// Replaces the settings, if they are still those of `before`. Answers whether they were.
    async fn replace_settings(
        &self,
        tenant: &TenantId,
        id: &AccountId,
        before: &SealedSettings,
        after: &SealedSettings,
    ) -> Result<bool, StoreError>;

    /// Notes how the device stands since an instant. Older news than what is noted changes nothing; nor does news of an
    /// account that is gone.
    async fn set_device(
        &self,
        tenant: &TenantId,
        id: &AccountId,
        state: PairingState,
        since: Timestamp,
    ) -> Result<(), StoreError>;
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: AccountStore + ?Sized> AccountStore for Arc<T> {
    async fn create(&self, account: &StoredAccount) -> Result<bool, StoreError> {
        (**self).create(account).await
    }

    async fn get(&self, tenant: &TenantId, id: &AccountId) -> Result<Option<StoredAccount>, StoreError> {
        (**self).get(tenant, id).await
    }

    async fn list(
        &self,
        tenant: Option<TenantId>,
        after: Option<(TenantId, AccountId)>,
        limit: usize,
    ) -> Result<Vec<StoredAccount>, StoreError> {
        (**self).list(tenant, after, limit).await
    }

    async fn by_token(&self, token: &TokenHash) -> Result<Option<StoredAccount>, StoreError> {
        (**self).by_token(token).await
    }

    async fn remove(&self, tenant: &TenantId, id: &AccountId) -> Result<bool, StoreError> {
        (**self).remove(tenant, id).await
    }

    async fn replace_settings(
        &self,
        tenant: &TenantId,
        id: &AccountId,
        before: &SealedSettings,
        after: &SealedSettings,
    ) -> Result<bool, StoreError> {
        (**self).replace_settings(tenant, id, before, after).await
    }

    async fn set_device(
        &self,
        tenant: &TenantId,
        id: &AccountId,
        state: PairingState,
        since: Timestamp,
    ) -> Result<(), StoreError> {
        (**self).set_device(tenant, id, state, since).await
    }
}
