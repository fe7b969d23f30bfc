//! A delivery of the log once more: decoded again, and handed to consumers again.

use wartel_core::{AccountId, StoreError, TenantId};

use super::delivery::{Delivery, DeliveryId, Recorded};
use super::dispatcher::InboxIntake;
use crate::webhook::{WebhookError, WebhookRequest, WebhookSource};

/// What a replay did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replayed {
    /// How many events the body holds, as it is read now.
    pub events: usize,
    /// Why events are ignored, each reason once.
    pub ignored: Vec<String>,
    /// What became of the others.
    pub recorded: Recorded,
}

/// Nothing was replayed. Says nothing of the delivery itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The log of this account has no such delivery, or not any more.
    #[error("the log has no such webhook")]
    Unknown,
    /// Its body was not kept: it was too large, or held what our own side wrote, or it was deleted.
    #[error("the body of the webhook is not kept")]
    NotKept,
    /// Its body cannot be read.
    #[error("the body of the webhook cannot be read")]
    Unreadable(#[source] WebhookError),
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl InboxIntake {
    /// Decodes a delivery of the log again with `source`, records what is new in it, and hands everything in it to the
    /// consumers once more.
    ///
    /// # Behavior
    /// - What is known stays one entry with its id, by which a consumer knows that it had it. What is not settled yet is
    ///   left as it is.
    /// - Who sent it was checked when it came and is not checked again.
    ///
    /// # Errors
    /// [`ReplayError`]; nothing is recorded then.
    pub async fn replay(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        id: DeliveryId,
        source: &dyn WebhookSource,
    ) -> Result<Replayed, ReplayError> {
        let stored = self.inbox().replay(tenant, id).await?.filter(|stored| stored.account == *account);
        let stored = stored.ok_or(ReplayError::Unknown)?;
        if stored.body.is_empty() {
            return Err(ReplayError::NotKept);
        }
        let headers = stored.header_map();
        let events = source.decode_kept(WebhookRequest::new(&headers, &stored.body));
        let delivery = Delivery::of_log(stored, events.map_err(ReplayError::Unreadable)?).handed_again();
        let (events, ignored) = (delivery.events, delivery.ignored.clone());
        Ok(Replayed { events, ignored, recorded: self.record(delivery).await? })
    }
}
