//! The port of the store that keeps registrations.

use std::fmt;
use std::sync::Arc;

use wartel_core::{PhoneNumber, StoreError, TenantId};
use wartel_messaging::outbox::OutboxEntry;

use crate::registration::{Registration, RegistrationId};

/// The answer to [`RegistrationStore::create`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// The registration and its confirmation are written.
    Created,
    /// The tenant has a registration of this phone, or one with this id, already. Nothing is written.
    AlreadyRegistered,
}

/// The store of registrations. Each verb is one atomic step; time is handed in.
///
/// # Errors
/// Every verb: [`StoreError`] if the store could not answer. Nothing is half done.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait::async_trait]
pub trait RegistrationStore: fmt::Debug + Send + Sync + 'static {
    /// Writes a registration and its confirmation message in one transaction. There is one registration for
    /// each tenant and phone, however many requests race.
    async fn create(
        &self,
        registration: &Registration,
        confirmation: &OutboxEntry,
    ) -> Result<Creation, StoreError>;

    /// Reads one registration; `None` if this tenant has none with this id.
    async fn get(&self, tenant: &TenantId, id: RegistrationId) -> Result<Option<Registration>, StoreError>;

    /// Reads the registration of a phone; `None` if this tenant has none.
    async fn find_by_phone(
        &self,
        tenant: &TenantId,
        phone: &PhoneNumber,
    ) -> Result<Option<Registration>, StoreError>;

    /// Deletes the registration of a phone. Answers whether this tenant had one. Its confirmation is the outbox's.
    async fn forget(&self, tenant: &TenantId, phone: &PhoneNumber) -> Result<bool, StoreError>;
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: RegistrationStore + ?Sized> RegistrationStore for Arc<T> {
    async fn create(
        &self,
        registration: &Registration,
        confirmation: &OutboxEntry,
    ) -> Result<Creation, StoreError> {
        (**self).create(registration, confirmation).await
    }

    async fn get(&self, tenant: &TenantId, id: RegistrationId) -> Result<Option<Registration>, StoreError> {
        (**self).get(tenant, id).await
    }

    async fn find_by_phone(
        &self,
        tenant: &TenantId,
        phone: &PhoneNumber,
    ) -> Result<Option<Registration>, StoreError> {
        (**self).find_by_phone(tenant, phone).await
    }

    async fn forget(&self, tenant: &TenantId, phone: &PhoneNumber) -> Result<bool, StoreError> {
        (**self).forget(tenant, phone).await
    }
}
