//! Accounts that a test lays out itself.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wartel_core::{AccountId, TenantId};

use crate::{RetryAdvice, SendError, SendErrorKind, Sender, SenderBook};

/// A [`SenderBook`] of the accounts that it was given. Clones are the same book.
#[derive(Debug, Clone, Default)]
pub struct FakeSenders(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    senders: BTreeMap<(TenantId, AccountId), Sender>,
    is_failing: bool,
}

impl FakeSenders {
    /// No accounts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts an account in, in the place of one of the same name.
    pub fn put(&self, sender: Sender) {
        self.state().senders.insert((sender.tenant.clone(), sender.account.clone()), sender);
    }

    /// Takes an account out.
    pub fn remove(&self, tenant: &TenantId, account: &AccountId) {
        self.state().senders.remove(&(tenant.clone(), account.clone()));
    }

    /// Whether every question fails as one to a store that does not answer.
    pub fn fail(&self, is_failing: bool) {
        self.state().is_failing = is_failing;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answering(&self) -> Result<MutexGuard<'_, State>, SendError> {
        let state = self.state();
        if state.is_failing {
            return Err(SendError::new("account", SendErrorKind::Unavailable, RetryAdvice::After(None)));
        }
        Ok(state)
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl SenderBook for FakeSenders {
    async fn sender(&self, tenant: &TenantId, account: &AccountId) -> Result<Option<Sender>, SendError> {
        Ok(self.answering()?.senders.get(&(tenant.clone(), account.clone())).cloned())
    }

    async fn accounts(&self, tenant: &TenantId) -> Result<Vec<AccountId>, SendError> {
        let state = self.answering()?;
        let of_tenant = state.senders.values().filter(|sender| sender.tenant == *tenant);
        let mut names: Vec<_> = of_tenant.map(|sender| sender.account.clone()).collect();
        names.sort_by_key(|name| (*name != AccountId::default(), name.clone()));
        Ok(names)
    }

    async fn first(&self, tenant: &TenantId) -> Result<Option<Sender>, SendError> {
        let names = self.accounts(tenant).await?;
        let state = self.state();
        let of = |name: &AccountId| state.senders.get(&(tenant.clone(), name.clone())).cloned();
        let enabled = names.iter().filter_map(of).find(|sender| sender.provider.capabilities().enabled);
        Ok(enabled.or_else(|| names.first().and_then(of)))
    }

    fn is_fixed(&self, tenant: &TenantId, account: &AccountId) -> bool {
        let key = (tenant.clone(), account.clone());
        self.state().senders.get(&key).is_some_and(|sender| sender.is_fixed)
    }
}
