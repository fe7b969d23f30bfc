//! Making accounts, opening them, and finding whose a webhook is.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wartel_core::{AccountId, Clock, Secret, StoreError, SystemClock, TenantId, Timestamp};

use super::token::new_token;
use super::{AccountStore, SealError, SealedSettings, Sealer, StoredAccount, TokenHash, WeakTokenError};
use crate::adapters::{ConnectError, connect};
use crate::pairing::{DeviceKey, PairingState};
use crate::provider::Account;
use crate::settings::AccountSettings;

/// How many accounts are read at a time.
const PAGE: usize = 500;

/// Makes an account of its provider's name and its settings. Default: [`connect`]; one of your own may put layers around
/// the provider, or know other providers.
pub type Connector = Arc<dyn Fn(&str, &AccountSettings) -> Result<Account, ConnectError> + Send + Sync>;

/// What a new account shall be.
#[derive(Debug, Clone)]
pub struct NewAccount {
    tenant: TenantId,
    id: AccountId,
    provider: String,
    settings: AccountSettings,
}

impl NewAccount {
    /// An account of a tenant at a provider.
    #[must_use]
    pub fn new(
        tenant: TenantId,
        id: AccountId,
        provider: impl Into<String>,
        settings: AccountSettings,
    ) -> Self {
        Self { tenant, id, provider: provider.into(), settings }
    }
}

/// An account that was made just now. `Debug` does not show the token.
#[derive(Debug)]
#[non_exhaustive]
pub struct CreatedAccount {
    /// The token in the URL of its webhooks. It cannot be shown again.
    pub token: Secret,
    /// What can be seen of it.
    pub view: AccountView,
}

/// What can be seen of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountView {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its name.
    pub id: AccountId,
    /// The provider's name.
    pub provider: String,
    /// When it was made; `None` of one that the program was started with.
    pub created_at: Option<Timestamp>,
    /// How its device last stood, and since when.
    pub device: Option<(PairingState, Timestamp)>,
}

/// An account that is ready for use.
#[derive(Debug)]
#[non_exhaustive]
pub struct OpenAccount {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its name.
    pub id: AccountId,
    /// The provider, and the second ports that it has.
    pub account: Account,
}

impl OpenAccount {
    /// The key of its device.
    #[must_use]
    pub fn device_key(&self) -> DeviceKey {
        DeviceKey::new(self.tenant.clone(), self.id.clone())
    }
}

/// Why an account cannot be made, opened or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// The tenant has an account of this name.
    #[error("there is an account of this name")]
    Taken,
    /// The account is one that the program was started with: its settings stand elsewhere.
    #[error("this account comes from the program's own settings")]
    Fixed,
    /// The provider is not known, or a setting cannot be used.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The credentials cannot be sealed or opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The accounts of an installation. Cheap to clone; clones are the same.
#[derive(Clone)]
pub struct AccountBook {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn AccountStore>,
    sealer: Sealer,
    clock: Arc<dyn Clock>,
    connector: Connector,
    fixed: Vec<Fixed>,
    /// Accounts that were opened. Each is used only as long as the store says the same of it.
    opened: Mutex<HashMap<DeviceKey, (SealedSettings, Arc<OpenAccount>)>>,
}

struct Fixed {
    token: Option<TokenHash>,
    provider: String,
    open: Arc<OpenAccount>,
}

impl AccountBook {
    /// The accounts in a store, with the keys of their credentials.
    #[must_use]
    pub fn new(store: Arc<dyn AccountStore>, sealer: Sealer) -> Self {
        Self {
            inner: Arc::new(Inner {
                store,
                sealer,
                clock: Arc::new(SystemClock),
                connector: Arc::new(connect),
                fixed: Vec::new(),
                opened: Mutex::default(),
            }),
        }
    }

    /// With another clock than the operating system's. Before it is cloned.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        self.changed(|inner| inner.clock = clock)
    }

    /// With another way to make accounts of their settings. Before it is cloned.
    #[must_use]
    pub fn with_connector(self, connector: Connector) -> Self {
        self.changed(|inner| inner.connector = connector)
    }

    /// With an account that the program was started with; it stands before one of the store of the same name. `token` is
    /// that of its webhooks. Before it is cloned.
    ///
    /// # Errors
    /// [`WeakTokenError`] if the token can be guessed, or cannot stand in a URL.
    pub fn with_fixed(
        self,
        tenant: TenantId,
        id: AccountId,
        account: Account,
        token: Option<&Secret>,
    ) -> Result<Self, WeakTokenError> {
        let token = token.map(|token| TokenHash::of_chosen(token.expose())).transpose()?;
        let provider = account.provider.name().to_owned();
        let open = Arc::new(OpenAccount { tenant, id, account });
        Ok(self.changed(|inner| inner.fixed.push(Fixed { token, provider, open })))
    }

    fn changed(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            change(inner);
        } else {
            debug_assert!(false, "an account book is put together before it is cloned");
        }
        self
    }

    /// Makes an account, and the token for the URL of its webhooks.
    ///
    /// # Errors
    /// [`AccountError::Connect`] names the setting that is missing, unknown or cannot be used; the network is not asked.
    /// [`AccountError::Taken`] if the tenant has an account of this name.
    pub async fn create(&self, new: NewAccount) -> Result<CreatedAccount, AccountError> {
        let inner = &self.inner;
        if inner.fixed(&new.tenant, &new.id).is_some() {
            return Err(AccountError::Taken);
        }
        (inner.connector)(&new.provider, &new.settings)?;
        let token = new_token().ok_or(SealError::NoRandomness)?;
        let hash = TokenHash::of(token.expose()).ok_or(SealError::NoRandomness)?;
        let sealed = inner.sealer.seal(&new.tenant, &new.id, &new.provider, &new.settings)?;
        let stored = StoredAccount::new(new.tenant, new.id, new.provider, sealed, hash, inner.clock.now());
        if !inner.store.create(&stored).await? {
            return Err(AccountError::Taken);
        }
        Ok(CreatedAccount { token, view: view(&stored) })
    }

    /// The accounts of a tenant, or of all, by tenant and name; those that the program was started with come first.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    pub async fn list(&self, tenant: Option<&TenantId>) -> Result<Vec<AccountView>, StoreError> {
        let is_wanted = |open: &OpenAccount| tenant.is_none_or(|tenant| *tenant == open.tenant);
        let fixed = self.inner.fixed.iter().filter(|fixed| is_wanted(&fixed.open));
        let mut views: Vec<AccountView> = fixed
            .map(|fixed| AccountView {
                tenant: fixed.open.tenant.clone(),
                id: fixed.open.id.clone(),
                provider: fixed.provider.clone(),
                created_at: None,
                device: None,
            })
            .collect();
        let mut after = None;
        loop {
            let page = self.inner.store.list(tenant.cloned(), after, PAGE).await?;
            after = page.last().map(|row| (row.tenant.clone(), row.id.clone()));
            let is_last = page.len() < PAGE;
            let shown = page.iter().filter(|row| self.inner.fixed(&row.tenant, &row.id).is_none());
            views.extend(shown.map(view));
            if is_last {
                return Ok(views);
            }
        }
    }

    /// Opens an account; `None` if this tenant has none of this name.
    ///
    /// # Behavior
    /// The store is asked each time, so that an account that was removed is gone at once, on every instance. What was made
    /// of its settings is kept as long as they are the same.
    ///
    /// # Errors
    /// [`AccountError`] if the store could not answer, or the settings do not open or cannot be used any more.
    pub async fn open(
        &self,
        tenant: &TenantId,
        id: &AccountId,
    ) -> Result<Option<Arc<OpenAccount>>, AccountError> {
        if let Some(fixed) = self.inner.fixed(tenant, id) {
            return Ok(Some(fixed.open.clone()));
        }
        let Some(stored) = self.inner.store.get(tenant, id).await? else {
            self.inner.opened().remove(&DeviceKey::new(tenant.clone(), id.clone()));
            return Ok(None);
        };
        self.inner.opened_of(&stored).map(Some)
    }

    /// Opens the account whose webhooks have this token; `None` if there is none.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn by_token(&self, token: &str) -> Result<Option<Arc<OpenAccount>>, AccountError> {
        let Some(hash) = TokenHash::of(token).filter(|_| !token.is_empty()) else { return Ok(None) };
        let mut found = None;
        for fixed in &self.inner.fixed {
            if fixed.token.as_ref().is_some_and(|token| token.matches(&hash)) {
                found = Some(fixed.open.clone());
            }
        }
        if found.is_some() {
            return Ok(found);
        }
        let stored = self.inner.store.by_token(&hash).await?;
        // One that the program was started with stands before one of the same name.
        let stored = stored.filter(|row| self.inner.fixed(&row.tenant, &row.id).is_none());
        stored.map(|stored| self.inner.opened_of(&stored)).transpose()
    }

    /// Removes an account for good. Answers whether there was one. What waits to be sent through it is not sent.
    ///
    /// # Errors
    /// [`AccountError::Fixed`] of one that the program was started with; [`AccountError::Store`].
    pub async fn remove(&self, tenant: &TenantId, id: &AccountId) -> Result<bool, AccountError> {
        if self.inner.fixed(tenant, id).is_some() {
            return Err(AccountError::Fixed);
        }
        let removed = self.inner.store.remove(tenant, id).await?;
        self.inner.opened().remove(&DeviceKey::new(tenant.clone(), id.clone()));
        Ok(removed)
    }

    /// Seals all settings with the present secret that are sealed with a previous one, and answers how many. Afterwards
    /// no account needs the previous secret any more.
    ///
    /// # Errors
    /// [`AccountError::Store`]. Settings that do not open are passed over with a warning.
    pub async fn renew_seals(&self) -> Result<usize, AccountError> {
        let inner = &self.inner;
        let (mut renewed, mut after) = (0, None);
        loop {
            let page = inner.store.list(None, after, PAGE).await?;
            after = page.last().map(|row| (row.tenant.clone(), row.id.clone()));
            for row in page.iter().filter(|row| !inner.sealer.is_current(&row.settings)) {
                match inner.sealer.open(&row.tenant, &row.id, &row.provider, &row.settings) {
                    Ok(settings) => {
                        let sealed = inner.sealer.seal(&row.tenant, &row.id, &row.provider, &settings)?;
                        let replaced =
                            inner.store.replace_settings(&row.tenant, &row.id, &row.settings, &sealed);
                        renewed += usize::from(replaced.await?);
                    }
                    Err(error) => {
                        tracing::warn!(tenant = %row.tenant, account = %row.id, error = %error, "credentials do not open");
                    }
                }
            }
            if page.len() < PAGE {
                return Ok(renewed);
            }
        }
    }

    /// Whether the program was started with this account.
    pub(super) fn is_fixed(&self, tenant: &TenantId, id: &AccountId) -> bool {
        self.inner.fixed(tenant, id).is_some()
    }

    /// Whether webhooks of this account can come: one of the store always has a token.
    pub(super) fn has_webhook_token(&self, tenant: &TenantId, id: &AccountId) -> bool {
        self.inner.fixed(tenant, id).is_none_or(|fixed| fixed.token.is_some())
    }

    /// Notes how the device of an account stands. Of one that the program was started with nothing is noted.
    pub(super) async fn note_device(
        &self,
        device: &DeviceKey,
        state: PairingState,
        since: Timestamp,
    ) -> Result<(), StoreError> {
        self.inner.store.set_device(&device.tenant, &device.account, state, since).await
    }
}

impl fmt::Debug for AccountBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountBook").field("store", &self.inner.store).finish_non_exhaustive()
    }
}

impl Inner {
    fn fixed(&self, tenant: &TenantId, id: &AccountId) -> Option<&Fixed> {
        self.fixed.iter().find(|fixed| fixed.open.tenant == *tenant && fixed.open.id == *id)
    }

    fn opened(&self) -> MutexGuard<'_, HashMap<DeviceKey, (SealedSettings, Arc<OpenAccount>)>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened_of(&self, stored: &StoredAccount) -> Result<Arc<OpenAccount>, AccountError> {
        let key = DeviceKey::new(stored.tenant.clone(), stored.id.clone());
        if let Some((settings, open)) = self.opened().get(&key)
            && *settings == stored.settings
        {
            return Ok(open.clone());
        }
        let settings = self.sealer.open(&stored.tenant, &stored.id, &stored.provider, &stored.settings)?;
        let account = (self.connector)(&stored.provider, &settings)?;
        let open = Arc::new(OpenAccount { tenant: stored.tenant.clone(), id: stored.id.clone(), account });
        self.opened().insert(key, (stored.settings.clone(), open.clone()));
        Ok(open)
    }
}

fn view(stored: &StoredAccount) -> AccountView {
    AccountView {
        tenant: stored.tenant.clone(),
        id: stored.id.clone(),
        provider: stored.provider.clone(),
        created_at: Some(stored.created_at),
        device: stored.device,
    }
}
