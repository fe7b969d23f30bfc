//! The port through which the accounts of all tenants send, whoever asks: codes, confirmations, a chat bot.

use std::fmt;
use std::sync::Arc;

use wartel_core::{AccountId, TenantId};

use crate::{
    Accepted, Capabilities, ChatPresence, MessageProvider, OutboundMessage, RetryAdvice, SendError,
    SendErrorKind,
};

/// What stands for the provider in errors of an account that nobody could use.
const NOBODY: &str = "account";

/// An account that sends, as it is at this moment. Cheap to clone; clones share throttle and breaker.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Sender {
    /// Whose account it is.
    pub tenant: TenantId,
    /// Its name.
    pub account: AccountId,
    /// Sends its messages.
    pub provider: Arc<dyn MessageProvider>,
    /// Marks messages as read and shows that somebody is typing, if its provider can.
    pub presence: Option<Arc<dyn ChatPresence>>,
    /// Whether the program was started with it. Such an account also sends for tenants that have none of their own.
    pub is_fixed: bool,
}

impl Sender {
    /// An account of a tenant, one that the program was not started with.
    #[must_use]
    pub fn new(tenant: TenantId, account: AccountId, provider: Arc<dyn MessageProvider>) -> Self {
        Self { tenant, account, provider, presence: None, is_fixed: false }
    }

    /// With what marks messages as read and shows that somebody is typing.
    #[must_use]
    pub fn with_presence(mut self, presence: Arc<dyn ChatPresence>) -> Self {
        self.presence = Some(presence);
        self
    }

    /// As one that the program was started with.
    #[must_use]
    pub const fn fixed(mut self) -> Self {
        self.is_fixed = true;
        self
    }
}

/// The name of the channel that an account is, for matching receipts with messages: `fonnte/toko-budi/shop`. Ids of
/// messages are unique within an account at the most, so a receipt by one account says nothing of another's message.
///
/// An account that the program was started with has no name of this kind: its channel is its provider's name alone.
#[must_use]
pub fn channel_name(provider: &str, tenant: &TenantId, account: &AccountId) -> String {
    [provider, tenant.as_str(), account.as_str()].join("/")
}

/// The accounts of all tenants, ready to send. `accounts::Senders` is the one over an `AccountBook` (feature `accounts`).
///
/// # Errors
/// Every verb: [`SendError`] of the kind that a send through the account would have had: it is safe to try again when the
/// store did not answer, and useless when the credentials do not open. Nothing was sent.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait::async_trait]
pub trait SenderBook: fmt::Debug + Send + Sync + 'static {
    /// An account of a tenant, for answers through the account that a message came by; `None` if the tenant has none of
    /// this name.
    async fn sender(&self, tenant: &TenantId, account: &AccountId) -> Result<Option<Sender>, SendError>;

    /// The names of the accounts of a tenant: `default` first, then those that the program was started with, then by name.
    async fn accounts(&self, tenant: &TenantId) -> Result<Vec<AccountId>, SendError>;

    /// The first account of a tenant, in the order of [`accounts`](Self::accounts), that is enabled and can be used;
    /// `None` if the tenant has no account. If none is enabled, the first one, which refuses every message.
    async fn first(&self, tenant: &TenantId) -> Result<Option<Sender>, SendError>;

    /// Whether this account is one that the program was started with. Cheap.
    fn is_fixed(&self, tenant: &TenantId, account: &AccountId) -> bool;
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: SenderBook + ?Sized> SenderBook for Arc<T> {
    async fn sender(&self, tenant: &TenantId, account: &AccountId) -> Result<Option<Sender>, SendError> {
        (**self).sender(tenant, account).await
    }

    async fn accounts(&self, tenant: &TenantId) -> Result<Vec<AccountId>, SendError> {
        (**self).accounts(tenant).await
    }

    async fn first(&self, tenant: &TenantId) -> Result<Option<Sender>, SendError> {
        (**self).first(tenant).await
    }

    fn is_fixed(&self, tenant: &TenantId, account: &AccountId) -> bool {
        (**self).is_fixed(tenant, account)
    }
}

/// The account of its own through which a tenant sends what answers nobody: codes, confirmations. `None` if its first
/// account is one that the program was started with, or it has none: then what the program was started with sends.
///
/// # Errors
/// [`SendError`] if it cannot be told, or none of its accounts can be used. Nobody else's account is used then.
pub async fn own_sender(book: &dyn SenderBook, tenant: &TenantId) -> Result<Option<Sender>, SendError> {
    Ok(book.first(tenant).await?.filter(|sender| !sender.is_fixed))
}

/// A provider that sends through one account as it is at the time of each message: for a place that is wired once, while
/// the account may be made anew meanwhile.
///
/// An account that is gone refuses every message as not authenticated; another one may be asked then.
#[derive(Debug, Clone)]
pub struct AccountSender {
    book: Arc<dyn SenderBook>,
    tenant: TenantId,
    account: AccountId,
    name: &'static str,
    capabilities: Capabilities,
}

impl AccountSender {
    /// Sends through this account; `None` if the tenant has none of this name. Name and capabilities stay those that it
    /// has now.
    ///
    /// # Errors
    /// [`SendError`] if it cannot be told, or the account cannot be used.
    pub async fn open(
        book: Arc<dyn SenderBook>,
        tenant: TenantId,
        account: AccountId,
    ) -> Result<Option<Self>, SendError> {
        let Some(now) = book.sender(&tenant, &account).await? else { return Ok(None) };
        let (name, capabilities) = (now.provider.name(), now.provider.capabilities());
        Ok(Some(Self { book, tenant, account, name, capabilities }))
    }

    /// Whose account it is.
    #[must_use]
    pub const fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Which account.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        &self.account
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl MessageProvider for AccountSender {
    fn name(&self) -> &'static str {
        self.name
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Accepted, SendError> {
        let Some(sender) = self.book.sender(&self.tenant, &self.account).await? else {
            let gone = SendError::new(NOBODY, SendErrorKind::Unauthenticated, RetryAdvice::Never);
            return Err(gone.with_provider_code("no_account"));
        };
        let mut accepted = sender.provider.send(message).await?;
        // The account may be at another provider by now: its receipts will come.
        accepted.via = accepted.via.or_else(|| {
            let name = sender.provider.name();
            (name != self.name).then_some(name)
        });
        Ok(accepted)
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests {
    use super::*;
    use crate::testing::{FakeProvider, FakeSenders, sample_message};

    fn shop() -> (TenantId, AccountId) {
        (TenantId::default(), AccountId::parse("shop").unwrap())
    }

    #[tokio::test]
    async fn it_sends_through_the_account_as_it_is_now() {
        let (tenant, account) = shop();
        let (before, after) = (FakeProvider::new().named("before"), FakeProvider::new().named("after"));
        let book = FakeSenders::new();
        let open = || AccountSender::open(Arc::new(book.clone()), tenant.clone(), account.clone());
        assert!(open().await.unwrap().is_none());
        book.put(Sender::new(tenant.clone(), account.clone(), Arc::new(before.clone())));
        let sender = open().await.unwrap().unwrap();
        let accepted = sender.send(&sample_message()).await.unwrap();
        assert_eq!((before.count(), accepted.via, sender.name()), (1, None, "before"));

        book.put(Sender::new(tenant.clone(), account.clone(), Arc::new(after.clone())));
        let accepted = sender.send(&sample_message()).await.unwrap();
        assert_eq!((before.count(), after.count(), accepted.via), (1, 1, Some("after")));

        book.remove(&tenant, &account);
        let gone = sender.send(&sample_message()).await.unwrap_err();
        assert_eq!((gone.kind(), gone.advice()), (SendErrorKind::Unauthenticated, RetryAdvice::Never));
        book.fail(true);
        assert_eq!(sender.send(&sample_message()).await.unwrap_err().advice(), RetryAdvice::After(None));
    }

    #[test]
    fn the_channels_of_two_accounts_have_two_names() {
        let (tenant, account) = shop();
        assert_eq!(channel_name("fonnte", &tenant, &account), "fonnte/default/shop");
        let other = TenantId::parse("toko-budi").unwrap();
        assert_ne!(channel_name("fonnte", &tenant, &account), channel_name("fonnte", &other, &account));
    }
}
