//! All devices of a sandbox.

use std::sync::{Arc, Mutex};

use super::{Device, Start};
use crate::lock;
use crate::provider::ProviderKind;

/// The devices that the sandbox starts with, and those that a provider's API added.
#[derive(Debug)]
pub(crate) struct Devices {
    /// The first one of Fonnte: the device of everything that names none.
    pub(crate) first: Arc<Device>,
    list: Mutex<Vec<Arc<Device>>>,
    /// How many there are after a reset.
    built: usize,
}

/// More devices than this are a loop gone wild.
const MAX_DEVICES: usize = 1_000;

impl Devices {
    /// One device for each token of Fonnte (at least one), and one of each other provider.
    pub(crate) fn new(tokens: &[String], start: impl Fn(ProviderKind) -> Start) -> Self {
        let fonnte = ProviderKind::Fonnte;
        let make = |index: usize, token: &str| Arc::new(Device::new(fonnte, index, token, start(fonnte)));
        let mut list: Vec<_> = tokens.iter().enumerate().map(|(index, token)| make(index, token)).collect();
        let first = list.first().cloned().unwrap_or_else(|| make(0, ""));
        for kind in ProviderKind::ALL.into_iter().filter(|kind| *kind != fonnte) {
            list.push(Arc::new(Device::new(kind, 0, &format!("sandbox-{}-token", kind.name()), start(kind))));
        }
        Self { first, built: list.len(), list: Mutex::new(list) }
    }

    pub(crate) fn all(&self) -> Vec<Arc<Device>> {
        lock(&self.list).clone()
    }

    /// The devices of one provider, in the order in which they were made.
    pub(crate) fn of(&self, kind: ProviderKind) -> Vec<Arc<Device>> {
        lock(&self.list).iter().filter(|device| device.kind == kind).cloned().collect()
    }

    /// The first device of a provider.
    pub(crate) fn first_of(&self, kind: ProviderKind) -> Arc<Device> {
        self.find(|device| device.kind == kind).unwrap_or_else(|| Arc::clone(&self.first))
    }

    pub(crate) fn find(&self, wanted: impl Fn(&Device) -> bool) -> Option<Arc<Device>> {
        lock(&self.list).iter().find(|device| wanted(device)).cloned()
    }

    /// The device with this WhatsApp number.
    pub(crate) fn with_number(&self, number: &str) -> Option<Arc<Device>> {
        self.find(|device| device.number == number)
    }

    /// The device of a provider with this token.
    pub(crate) fn with_token(&self, kind: ProviderKind, token: &str) -> Option<Arc<Device>> {
        self.find(|device| device.kind == kind && device.token == token)
    }

    /// The device of a provider with this session name.
    pub(crate) fn with_session(&self, kind: ProviderKind, session: &str) -> Option<Arc<Device>> {
        self.find(|device| device.kind == kind && device.session == session)
    }

    /// Adds a device; `make` gets its index among those of its provider. `None` if there are too many.
    pub(crate) fn add(&self, kind: ProviderKind, make: impl FnOnce(usize) -> Device) -> Option<Arc<Device>> {
        let mut list = lock(&self.list);
        if list.len() >= MAX_DEVICES {
            return None;
        }
        let index = list.iter().filter(|device| device.kind == kind).count();
        let device = Arc::new(make(index));
        list.push(Arc::clone(&device));
        Some(device)
    }

    /// Back to the devices that the sandbox started with.
    pub(crate) fn reset(&self, start: impl Fn(ProviderKind) -> Start) {
        let mut list = lock(&self.list);
        list.truncate(self.built);
        for device in list.iter() {
            device.reset(start(device.kind));
        }
    }
}
