//! The accounts of all tenants, ready to send: each with its layers, which all who send through it share.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wartel_core::{AccountId, TenantId};

use super::{AccountError, DeviceLookup, Devices, OpenAccount};
use crate::layers::{Throttle, WithLog, WithMetrics, usual};
use crate::pairing::{DeviceKey, WithHearing};
use crate::senders::{Sender, SenderBook};
use crate::{MessageProvider, RetryAdvice, SendError, SendErrorKind};

/// How many accounts keep their layers at once.
const KEPT: usize = 4_096;

/// Puts layers around the provider of an account; the first argument is the provider's name.
pub type Layers = Arc<dyn Fn(&str, Arc<dyn MessageProvider>) -> Arc<dyn MessageProvider> + Send + Sync>;

/// The accounts of a book, ready to send. Cheap to clone; clones are the same.
///
/// # Behavior
/// - All who send through an account share its throttle and its breaker, as long as its settings stay the same. The store
///   is asked each time, so an account that was removed or made anew is so at once, on every instance.
/// - An account that the program was started with has the layers that the program gave it.
/// - An account whose provider reports by webhook tells its device of each message, so that a device that is connected and
///   deaf is noticed ([`WithHearing`]).
/// - The layers of at most 4,096 accounts are kept; beyond that those that sent longest ago are made anew.
#[derive(Clone)]
pub struct Senders {
    devices: Devices,
    layers: Layers,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    senders: HashMap<DeviceKey, Entry>,
    /// Counts uses, so that the longest unused is known.
    uses: u64,
}

struct Entry {
    /// What the sender was made of.
    account: Arc<OpenAccount>,
    sender: Sender,
    used: u64,
}

impl Senders {
    /// The accounts of the book behind these devices, with the usual layers ([`usual`], then metrics, then the log).
    #[must_use]
    pub fn new(devices: Devices) -> Self {
        let layers: Layers = Arc::new(|name, provider| {
            Arc::new(WithLog::new(WithMetrics::new(usual(provider, Throttle::of_provider(name)))))
        });
        Self { devices, layers, kept: Arc::default() }
    }

    /// With other layers around the providers of accounts. Before it is cloned.
    #[must_use]
    pub fn with_layers(mut self, layers: Layers) -> Self {
        self.layers = layers;
        self
    }

    /// The sender of an account that is open.
    #[must_use]
    pub fn of(&self, account: &Arc<OpenAccount>) -> Sender {
        let key = account.device_key();
        let mut kept = self.kept();
        kept.uses += 1;
        let used = kept.uses;
        if let Some(entry) = kept.senders.get_mut(&key)
            && Arc::ptr_eq(&entry.account, account)
        {
            entry.used = used;
            return entry.sender.clone();
        }
        if kept.senders.len() >= KEPT
            && !kept.senders.contains_key(&key)
            && let Some(oldest) = kept.senders.iter().min_by_key(|(_, entry)| entry.used)
        {
            let oldest = oldest.0.clone();
            kept.senders.remove(&oldest);
        }
        // Made while the others wait, so that nobody sends beside its throttle.
        let sender = self.made(account);
        kept.senders.insert(key, Entry { account: Arc::clone(account), sender: sender.clone(), used });
        sender
    }

    fn made(&self, account: &Arc<OpenAccount>) -> Sender {
        let (tenant, id) = (&account.tenant, &account.id);
        let book = self.devices.book();
        let is_fixed = book.is_fixed(tenant, id);
        let bare = &account.account.provider;
        let mut provider =
            if is_fixed { Arc::clone(bare) } else { (self.layers)(bare.name(), Arc::clone(bare)) };
        let hears = account.account.webhooks.is_some()
            && provider.capabilities().receipts
            && book.has_webhook_token(tenant, id);
        if hears && let DeviceLookup::Device(device) = self.devices.of(account) {
            provider = Arc::new(WithHearing::new(provider, device));
        }
        let sender = Sender::new(tenant.clone(), id.clone(), provider);
        let sender = match &account.account.presence {
            Some(presence) => sender.with_presence(Arc::clone(presence)),
            None => sender,
        };
        if is_fixed { sender.fixed() } else { sender }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl SenderBook for Senders {
    async fn sender(&self, tenant: &TenantId, account: &AccountId) -> Result<Option<Sender>, SendError> {
        match self.devices.book().open(tenant, account).await {
            Ok(Some(open)) => Ok(Some(self.of(&open))),
            Ok(None) => {
                self.kept().senders.remove(&DeviceKey::new(tenant.clone(), account.clone()));
                Ok(None)
            }
            Err(error) => {
                tracing::warn!(%tenant, %account, error = %error, "an account does not open");
                Err(send_error(error))
            }
        }
    }

    async fn accounts(&self, tenant: &TenantId) -> Result<Vec<AccountId>, SendError> {
        let views = self.devices.book().list(Some(tenant)).await;
        let views = views.map_err(|error| send_error(error.into()))?;
        let mut names: Vec<AccountId> = views.into_iter().map(|view| view.id).collect();
        // The rest stays in the order of the book.
        names.sort_by_key(|name| *name != AccountId::default());
        Ok(names)
    }

    async fn first(&self, tenant: &TenantId) -> Result<Option<Sender>, SendError> {
        // Nearly always it is this one, and then nothing is listed.
        let mut refused = None;
        let mut disabled = None;
        let mut names = vec![AccountId::default()];
        let mut is_listed = false;
        loop {
            for name in &names {
                match self.sender(tenant, name).await {
                    Ok(Some(sender)) if sender.provider.capabilities().enabled => return Ok(Some(sender)),
                    Ok(Some(sender)) => disabled = disabled.or(Some(sender)),
                    Ok(None) => {}
                    // One that does not open is told of already; another one of the tenant may do.
                    Err(error) => refused = refused.or(Some(error)),
                }
            }
            if is_listed {
                return match (disabled, refused) {
                    (None, Some(error)) => Err(error),
                    (disabled, _) => Ok(disabled),
                };
            }
            names = self.accounts(tenant).await?;
            names.retain(|name| *name != AccountId::default());
            is_listed = true;
        }
    }

    fn is_fixed(&self, tenant: &TenantId, account: &AccountId) -> bool {
        self.devices.book().is_fixed(tenant, account)
    }
}

impl fmt::Debug for Senders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Senders").field("devices", &self.devices).finish_non_exhaustive()
    }
}

/// What a send through an account would have said that does not open.
fn send_error(error: AccountError) -> SendError {
    let (kind, advice) = match &error {
        AccountError::Store(_) => (SendErrorKind::Unavailable, RetryAdvice::After(None)),
        _ => (SendErrorKind::Unauthenticated, RetryAdvice::Never),
    };
    SendError::new("account", kind, advice).with_source(error)
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
