//! The devices of all accounts: each with its pairing, and one worker for all of them.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;
use wartel_core::{AccountId, Clock, StoreError, SystemClock, TenantId, Timestamp};

use super::{AccountBook, AccountError, OpenAccount};
use crate::pairing::{DeviceKey, PairingService, PairingState, PairingStore, PairingWorker};
use crate::webhook::InboundEvent;

/// How often it is looked whether there are other accounts than before, and how their devices stand.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Whether an account has a device that can be paired.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum DeviceLookup {
    /// The tenant has no such account.
    NoAccount,
    /// The provider of the account has no devices that are paired.
    NotPaired,
    /// It has one.
    Device(PairingService),
}

/// The devices of all accounts. Cheap to clone; clones are the same.
#[derive(Clone)]
pub struct Devices {
    inner: Arc<Inner>,
}

struct Inner {
    book: AccountBook,
    store: Arc<dyn PairingStore>,
    clock: Arc<dyn Clock>,
    devices: Mutex<HashMap<DeviceKey, Device>>,
    /// A device whose worker does not run yet.
    new: Notify,
}

struct Device {
    account: Arc<OpenAccount>,
    service: PairingService,
    /// Until it is taken by [`DevicesWorker`].
    worker: Option<PairingWorker>,
    running: Option<AbortHandle>,
    noted: Option<(PairingState, Timestamp)>,
}

impl Drop for Device {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.abort();
        }
    }
}

impl Devices {
    /// The devices of the accounts in a book, and the worker that has to run beside them.
    pub fn new(book: AccountBook, store: Arc<dyn PairingStore>) -> (Self, DevicesWorker) {
        Self::with_clock(book, store, Arc::new(SystemClock))
    }

    /// As [`new`](Self::new), with another clock than the operating system's.
    pub fn with_clock(
        book: AccountBook,
        store: Arc<dyn PairingStore>,
        clock: Arc<dyn Clock>,
    ) -> (Self, DevicesWorker) {
        let inner = Inner { book, store, clock, devices: Mutex::default(), new: Notify::new() };
        let devices = Self { inner: Arc::new(inner) };
        (devices.clone(), DevicesWorker { devices })
    }

    /// The accounts.
    #[must_use]
    pub fn book(&self) -> &AccountBook {
        &self.inner.book
    }

    /// The clock that the devices go by.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// The device of an account.
    ///
    /// # Errors
    /// [`AccountError`] if the account cannot be opened.
    pub async fn device(&self, tenant: &TenantId, id: &AccountId) -> Result<DeviceLookup, AccountError> {
        match self.inner.book.open(tenant, id).await? {
            Some(account) => Ok(self.of(&account)),
            None => {
                self.inner.devices().remove(&DeviceKey::new(tenant.clone(), id.clone()));
                Ok(DeviceLookup::NoAccount)
            }
        }
    }

    /// The device of an account that is open.
    #[must_use]
    pub fn of(&self, account: &Arc<OpenAccount>) -> DeviceLookup {
        let Some(pairing) = &account.account.pairing else { return DeviceLookup::NotPaired };
        let key = account.device_key();
        let mut devices = self.inner.devices();
        if let Some(known) = devices.get(&key).filter(|known| Arc::ptr_eq(&known.account, account)) {
            return DeviceLookup::Device(known.service.clone());
        }
        let (service, worker) = PairingService::builder(key.clone(), pairing.clone())
            .store(self.inner.store.clone())
            .reconnect(account.account.reconnect.clone())
            .clock(self.inner.clock.clone())
            .build();
        let device = Device {
            account: account.clone(),
            service: service.clone(),
            worker: Some(worker),
            running: None,
            noted: None,
        };
        // What was made of older settings stops here.
        devices.insert(key, device);
        self.inner.new.notify_one();
        DeviceLookup::Device(service)
    }

    /// Takes in what a webhook of an account told: news of its device, and that it is not deaf.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer; then it is to be told again.
    pub async fn on_webhook(
        &self,
        account: &Arc<OpenAccount>,
        events: &[InboundEvent],
    ) -> Result<(), StoreError> {
        match self.of(account) {
            DeviceLookup::Device(service) => service.on_webhook(events).await,
            _ => Ok(()),
        }
    }

    /// Removes an account for good, with what is kept of its device; the tries of its number stay. Answers whether there
    /// was one. The phone still lists the device: disconnect it before, if it shall not.
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn remove(&self, tenant: &TenantId, id: &AccountId) -> Result<bool, AccountError> {
        let removed = self.inner.book.remove(tenant, id).await?;
        let key = DeviceKey::new(tenant.clone(), id.clone());
        self.inner.devices().remove(&key);
        if removed {
            self.inner.store.forget(&key).await?;
        }
        Ok(removed)
    }
}

impl fmt::Debug for Devices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Devices").field("book", &self.inner.book).finish_non_exhaustive()
    }
}

impl Inner {
    fn devices(&self) -> MutexGuard<'_, HashMap<DeviceKey, Device>> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a [`PairingWorker`] for each device, and notes in the accounts how the devices stand. Any number of instances may
/// run one.
#[derive(Debug)]
#[must_use = "without it codes are not replaced, and a lost device is not noticed"]
pub struct DevicesWorker {
    devices: Devices,
}

impl DevicesWorker {
    /// Runs until `shutdown` is ready.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) {
        tokio::select! {
            () = shutdown => {}
            () = self.work() => {}
        }
    }

    async fn work(&self) {
        // Dropped with this future, and its tasks with it.
        let mut tasks = JoinSet::new();
        loop {
            if let Err(error) = self.look_for_accounts().await {
                tracing::warn!(error = %error, "the accounts could not be read");
            }
            self.start(&mut tasks);
            self.note_states().await;
            while tasks.try_join_next().is_some() {}
            let sleeping = sleep(LOOK_EVERY);
            tokio::pin!(sleeping);
            loop {
                tokio::select! {
                    () = &mut sleeping => break,
                    () = self.devices.inner.new.notified() => self.start(&mut tasks),
                }
            }
        }
    }

    /// Opens every account, and forgets those that are gone.
    async fn look_for_accounts(&self) -> Result<(), StoreError> {
        // Those that come meanwhile are not in the list, and stay.
        let mut gone: HashSet<DeviceKey> = self.devices.inner.devices().keys().cloned().collect();
        let views = self.devices.inner.book.list(None).await?;
        for view in views {
            gone.remove(&DeviceKey::new(view.tenant.clone(), view.id.clone()));
            if let Err(error) = self.devices.device(&view.tenant, &view.id).await {
                tracing::warn!(tenant = %view.tenant, account = %view.id, error = %error, "an account does not open");
            }
        }
        self.devices.inner.devices().retain(|key, _| !gone.contains(key));
        Ok(())
    }

    fn start(&self, tasks: &mut JoinSet<()>) {
        for device in self.devices.inner.devices().values_mut() {
            if let Some(worker) = device.worker.take() {
                device.running = Some(tasks.spawn(worker.run(std::future::pending())));
            }
        }
    }

    async fn note_states(&self) {
        let states: Vec<(DeviceKey, (PairingState, Timestamp))> = {
            let devices = self.devices.inner.devices();
            let changed = devices.iter().filter_map(|(key, device)| {
                let snapshot = device.service.subscribe().borrow().clone();
                let state = (snapshot.state, snapshot.since?);
                (device.noted != Some(state)).then(|| (key.clone(), state))
            });
            changed.collect()
        };
        for (key, state) in states {
            match self.devices.inner.book.note_device(&key, state.0, state.1).await {
                Ok(()) => {
                    if let Some(device) = self.devices.inner.devices().get_mut(&key) {
                        device.noted = Some(state);
                    }
                }
                Err(error) => tracing::warn!(error = %error, "it was not noted how a device stands"),
            }
        }
    }
}
