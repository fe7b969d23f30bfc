//! The port of the store of leads.

use std::fmt;
use std::sync::Arc;

use wartel_core::{StoreError, TenantId};
use wartel_messaging::inbox::ContactId;

use super::{Lead, LeadId, LeadStage};
use crate::key::{Revision, Saved};

/// Which leads to list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeadQuery {
    /// Only of this stage.
    pub stage: Option<LeadStage>,
    /// Only those that are not closed. Default: true.
    pub open: bool,
    /// At most so many, 1 to 500. Default: 20.
    pub limit: usize,
}

impl Default for LeadQuery {
    fn default() -> Self {
        Self { stage: None, open: true, limit: 20 }
    }
}

impl LeadQuery {
    /// Open leads of every stage.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Only of this stage, open or not.
    #[must_use]
    pub const fn with_stage(mut self, stage: LeadStage) -> Self {
        self.stage = Some(stage);
        self.open = false;
        self
    }

    /// At most so many.
    #[must_use]
    pub const fn with_limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }
}

/// The store of leads: one document each. Each verb is one atomic step, tenant first.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait::async_trait]
pub trait LeadStore: fmt::Debug + Send + Sync + 'static {
    /// The open lead of a customer; `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn open_of(
        &self,
        tenant: &TenantId,
        contact: ContactId,
    ) -> Result<Option<(Lead, Revision)>, StoreError>;

    /// Reads a lead; `None` if the tenant has none with this id.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn get(&self, tenant: &TenantId, id: LeadId) -> Result<Option<(Lead, Revision)>, StoreError>;

    /// Leads, those with the latest contact first.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn list(&self, tenant: &TenantId, query: &LeadQuery) -> Result<Vec<Lead>, StoreError>;

    /// Writes a lead that was read with this revision ([`Revision::NEW`]: that does not exist yet). Answers
    /// [`Saved::Conflict`] also if another lead of this tenant and contact is open, and this one is not closed.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn save(&self, lead: &Lead, read: Revision) -> Result<Saved, StoreError>;

    /// Deletes all leads of a customer; answers how many.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn forget(&self, tenant: &TenantId, contact: ContactId) -> Result<usize, StoreError>;
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: LeadStore + ?Sized> LeadStore for Arc<T> {
    async fn open_of(
        &self,
        tenant: &TenantId,
        contact: ContactId,
    ) -> Result<Option<(Lead, Revision)>, StoreError> {
        (**self).open_of(tenant, contact).await
    }

    async fn get(&self, tenant: &TenantId, id: LeadId) -> Result<Option<(Lead, Revision)>, StoreError> {
        (**self).get(tenant, id).await
    }

    async fn list(&self, tenant: &TenantId, query: &LeadQuery) -> Result<Vec<Lead>, StoreError> {
        (**self).list(tenant, query).await
    }

    async fn save(&self, lead: &Lead, read: Revision) -> Result<Saved, StoreError> {
        (**self).save(lead, read).await
    }

    async fn forget(&self, tenant: &TenantId, contact: ContactId) -> Result<usize, StoreError> {
        (**self).forget(tenant, contact).await
    }
}
