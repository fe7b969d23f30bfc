//! Accounts and devices as the inbox needs them: who knows the number behind a LID, and who takes news of devices.

use std::sync::Arc;

use wartel_core::{AccountId, TenantId};

use super::{AccountBook, AccountError, DeviceLookup, Devices};
use crate::inbox::{ConsumerError, InboundConsumer, InboxEntry, InboxEvent, InboxKind, LidLookups};
use crate::provider::LidLookup;

#[async_trait::async_trait]
impl LidLookups for AccountBook {
    /// The account's own. While an account cannot be opened, nobody is asked.
    async fn of_account(&self, tenant: &TenantId, account: &AccountId) -> Option<Arc<dyn LidLookup>> {
        match self.open(tenant, account).await {
            Ok(open) => open?.account.lids.clone(),
            Err(error) => {
                tracing::warn!(%tenant, %account, error = %error, "an account does not open");
                None
            }
        }
    }
}

/// Takes news of devices, and from everything else that comes in that the device is not deaf.
#[async_trait::async_trait]
impl InboundConsumer for Devices {
    fn name(&self) -> &'static str {
        "devices"
    }

    fn kinds(&self) -> &[InboxKind] {
        &[InboxKind::Device, InboxKind::Message, InboxKind::Receipt, InboxKind::Echo]
    }

    async fn take(&self, entry: &InboxEntry) -> Result<(), ConsumerError> {
        let device = match self.device(&entry.tenant, &entry.account).await {
            Ok(DeviceLookup::Device(device)) => device,
            // One that was removed meanwhile, or that has no device, has no news.
            Ok(_) => return Ok(()),
            Err(AccountError::Store(error)) => return Err(error.into()),
            Err(error) => return Err(ConsumerError::never(error)),
        };
        match &entry.event {
            InboxEvent::Device(event) => device.on_event(*event).await.map(drop)?,
            InboxEvent::Message(_) | InboxEvent::Receipt(_) => device.heard().await?,
        }
        Ok(())
    }
}
