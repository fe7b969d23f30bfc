//! Who may buy.

use wartel_core::TenantId;

use super::{Console, ConsoleError, Precondition};
use crate::key::{Revision, Saved};
use crate::lead::{Lead, LeadEvent, LeadEventId, LeadId, LeadNews, LeadQuery, LeadStage, apply};

/// How often a change is tried before it is given up.
const TRIES: u32 = 16;

impl Console {
    /// Leads of the tenant, those with the latest contact first.
    ///
    /// # Errors
    /// [`ConsoleError::Store`].
    pub async fn leads(&self, tenant: &TenantId, query: &LeadQuery) -> Result<Vec<Lead>, ConsoleError> {
        Ok(self.parts.leads.list(tenant, query).await?)
    }

    /// A lead, and its revision.
    ///
    /// # Errors
    /// [`ConsoleError::NotFound`] or [`ConsoleError::Store`].
    pub async fn lead(&self, tenant: &TenantId, id: LeadId) -> Result<(Lead, Revision), ConsoleError> {
        self.parts.leads.get(tenant, id).await?.ok_or(ConsoleError::NotFound)
    }

    /// Sets the stage of a lead. A closed one can be opened again unless the customer has another open one.
    ///
    /// # Errors
    /// [`ConsoleError::NotFound`], [`ConsoleError::Changed`], [`ConsoleError::OtherLeadOpen`] or [`ConsoleError::Store`].
    pub async fn set_stage(
        &self,
        tenant: &TenantId,
        id: LeadId,
        stage: LeadStage,
        read: &Precondition,
    ) -> Result<(Lead, Revision), ConsoleError> {
        let event = LeadEventId::random();
        for _ in 0..TRIES {
            let (lead, now) = self.lead(tenant, id).await?;
            read.check(Some(now))?;
            if lead.stage == stage {
                return Ok((lead, now));
            }
            let other = self.parts.leads.open_of(tenant, lead.contact).await?;
            if !stage.is_closed() && other.is_some_and(|(other, _)| other.id != id) {
                return Err(ConsoleError::OtherLeadOpen);
            }
            let (contact, account) = (lead.contact, lead.account.clone());
            let news = LeadNews::StageSet(stage);
            let event = LeadEvent::new(event, tenant.clone(), contact, account, news, self.clock.now());
            let change = apply(Some(lead), &event).ok_or(ConsoleError::NotFound)?;
            if let Saved::Saved(revision) = self.parts.leads.save(&change.lead, now).await? {
                return Ok((change.lead, revision));
            }
        }
        Err(ConsoleError::Changed)
    }
}
