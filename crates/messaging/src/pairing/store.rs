//! The port of the store that keeps how devices stand.

use std::fmt;
use std::sync::Arc;

use wartel_core::{AccountId, PhoneNumber, StoreError, TenantId, Timestamp};

use super::{PairingDocs, PairingOutcome, PairingStep};

/// Whose device it is: one for each account of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceKey {
    /// The tenant.
    pub tenant: TenantId,
    /// Its account.
    pub account: AccountId,
}

impl DeviceKey {
    /// The device of an account.
    #[must_use]
    pub const fn new(tenant: TenantId, account: AccountId) -> Self {
        Self { tenant, account }
    }
}

/// The store of how devices stand. Each verb is one atomic step; time is handed in.
///
/// A store keeps two kinds of documents as JSON: a [`PairingRecord`](super::PairingRecord) for each (tenant, account),
/// and the [`Tries`](super::Tries) of each (tenant, phone number). What is not there is the default of its type.
///
/// # Errors
/// Every verb: [`StoreError`] if the store could not answer. Nothing is half done.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait::async_trait]
pub trait PairingStore: fmt::Debug + Send + Sync + 'static {
    /// Takes one step of a device: locks and loads its record, then the tries of
    /// [`PairingStep::phone`], runs [`apply`](super::apply), saves what changed, and answers what is to be done with
    /// the documents as they are now.
    async fn step(
        &self,
        device: &DeviceKey,
        step: &PairingStep,
        now: Timestamp,
    ) -> Result<(PairingOutcome, PairingDocs), StoreError>;

    /// How a device stands. One that nobody knows is unpaired.
    async fn load(&self, device: &DeviceKey) -> Result<PairingDocs, StoreError>;

    /// Forgets a device, as its account is removed. The tries of its number stay, so that nobody gets new ones by
    /// making the account anew.
    async fn forget(&self, device: &DeviceKey) -> Result<(), StoreError>;

    /// The tries of a number, for an operator who looks into it.
    async fn tries(&self, tenant: &TenantId, phone: &PhoneNumber) -> Result<super::Tries, StoreError>;
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: PairingStore + ?Sized> PairingStore for Arc<T> {
    async fn step(
        &self,
        device: &DeviceKey,
        step: &PairingStep,
        now: Timestamp,
    ) -> Result<(PairingOutcome, PairingDocs), StoreError> {
        (**self).step(device, step, now).await
    }

    async fn load(&self, device: &DeviceKey) -> Result<PairingDocs, StoreError> {
        (**self).load(device).await
    }

    async fn forget(&self, device: &DeviceKey) -> Result<(), StoreError> {
        (**self).forget(device).await
    }

    async fn tries(&self, tenant: &TenantId, phone: &PhoneNumber) -> Result<super::Tries, StoreError> {
        (**self).tries(tenant, phone).await
    }
}
