//! Who takes what came in.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use wartel_core::{AccountId, StoreError, TenantId};

use super::entry::{InboxEntry, InboxEvent, InboxKind};
use crate::device::DeviceEvent;
use crate::provider::LidLookup;

/// Takes entries of the inbox. At least once each: after a crash or a failed record an entry comes again, with the same
/// id.
#[async_trait::async_trait]
pub trait InboundConsumer: fmt::Debug + Send + Sync + 'static {
    /// A stable lower-case name, by which the inbox remembers who has taken an entry: `receipts`, `bot`.
    fn name(&self) -> &'static str;

    /// What it takes. Stays the same for the life of the consumer.
    fn kinds(&self) -> &[InboxKind];

    /// Takes one entry. Is broken off after 25 s, which all consumers of an entry share.
    ///
    /// # Errors
    /// [`ConsumerError`] says whether the entry is to come again. What does not concern the consumer is no error.
    async fn take(&self, entry: &InboxEntry) -> Result<(), ConsumerError>;
}

/// Why a consumer could not take an entry.
#[derive(Debug, thiserror::Error)]
#[error("the consumer could not take the entry")]
pub struct ConsumerError {
    retry: bool,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl ConsumerError {
    /// It may work later: the entry comes again.
    #[must_use]
    pub fn retry(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { retry: true, source: Some(source.into()) }
    }

    /// It never will: the entry does not come again.
    #[must_use]
    pub fn never(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { retry: false, source: Some(source.into()) }
    }

    /// Whether the entry is to come again.
    #[must_use]
    pub const fn is_retry(&self) -> bool {
        self.retry
    }
}

impl From<StoreError> for ConsumerError {
    /// A store that could not answer may answer later.
    fn from(error: StoreError) -> Self {
        Self::retry(error)
    }
}

/// Who can say which number stands behind a LID, for each account.
#[async_trait::async_trait]
pub trait LidLookups: fmt::Debug + Send + Sync + 'static {
    /// The one to ask about contacts of this account; `None` if its provider cannot tell.
    async fn of_account(&self, tenant: &TenantId, account: &AccountId) -> Option<Arc<dyn LidLookup>>;
}

/// A fixed list of accounts.
#[async_trait::async_trait]
impl LidLookups for BTreeMap<(TenantId, AccountId), Arc<dyn LidLookup>> {
    async fn of_account(&self, tenant: &TenantId, account: &AccountId) -> Option<Arc<dyn LidLookup>> {
        self.get(&(tenant.clone(), account.clone())).cloned()
    }
}

/// Takes news of devices and logs them, and takes the echoes of what was sent, so that they do not pile up.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogConsumer;

#[async_trait::async_trait]
impl InboundConsumer for LogConsumer {
    fn name(&self) -> &'static str {
        "log"
    }

    fn kinds(&self) -> &[InboxKind] {
        &[InboxKind::Echo, InboxKind::Device]
    }

    async fn take(&self, entry: &InboxEntry) -> Result<(), ConsumerError> {
        let InboxEvent::Device(event) = &entry.event else { return Ok(()) };
        let account = entry.account.as_str();
        match event {
            DeviceEvent::Connected => tracing::info!(account, "the device is connected"),
            DeviceEvent::Paired => tracing::info!(account, "the device is paired; it is not connected yet"),
            DeviceEvent::Disconnected => {
                tracing::warn!(
                    account,
                    "the device is disconnected: no message goes out until it is connected again"
                );
            }
            DeviceEvent::LoggedOut => {
                tracing::error!(account, "the device was logged out: it has to be paired again");
            }
            DeviceEvent::Banned { until } => {
                tracing::error!(account, ?until, "WhatsApp banned the number of the device");
            }
            DeviceEvent::QrChanged => tracing::debug!(account, "the device has a new QR code"),
            DeviceEvent::PairingRefused => tracing::warn!(
                account,
                "the provider gave the pairing up: it was refused, or nobody used the codes"
            ),
            DeviceEvent::PasskeyRequired => {
                tracing::warn!(account, "the phone asks for a passkey before it is paired");
            }
        }
        Ok(())
    }
}
