//! How a [`PairingService`] is put together.

use std::sync::Arc;

use tokio::sync::{Mutex, Notify, watch};
use wartel_core::{Clock, SystemClock, Timestamp};

use super::{Hearing, Inner, PairingService};
use crate::device::{DevicePairing, DeviceReconnect};
use crate::pairing::{
    DeviceKey, MemoryPairingStore, PairingDocs, PairingSnapshot, PairingStore, PairingWorker,
};

/// What a [`PairingService`] is made of.
#[derive(Debug)]
pub struct PairingBuilder {
    device: DeviceKey,
    pairing: Arc<dyn DevicePairing>,
    reconnect: Option<Arc<dyn DeviceReconnect>>,
    store: Arc<dyn PairingStore>,
    clock: Arc<dyn Clock>,
}

impl PairingBuilder {
    pub(super) fn new(device: DeviceKey, pairing: Arc<dyn DevicePairing>) -> Self {
        Self {
            device,
            pairing,
            reconnect: None,
            store: Arc::new(MemoryPairingStore::new()),
            clock: Arc::new(SystemClock),
        }
    }

    /// Where it is kept how the device stands, and how often its number was tried. Default: in memory, so that a restart
    /// forgets for how long the number has to be left alone.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn PairingStore>) -> Self {
        self.store = store;
        self
    }

    /// What connects a linked device again. Default: nothing; the provider does so itself.
    #[must_use]
    pub fn reconnect(mut self, reconnect: Option<Arc<dyn DeviceReconnect>>) -> Self {
        self.reconnect = reconnect;
        self
    }

    /// Another clock than the operating system's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The service, and the worker that has to run beside it.
    pub fn build(self) -> (PairingService, PairingWorker) {
        let nothing = PairingSnapshot::of(&PairingDocs::default(), Timestamp::EPOCH);
        let service = PairingService {
            inner: Arc::new(Inner {
                key: self.device,
                pairing: self.pairing,
                reconnect: self.reconnect,
                store: self.store,
                clock: self.clock,
                news: watch::Sender::new(nothing),
                next_look: watch::Sender::new(None),
                hearing: Hearing::default(),
                wake: Notify::new(),
                turn: Mutex::new(()),
            }),
        };
        let worker = PairingWorker::new(service.clone());
        (service, worker)
    }
}
