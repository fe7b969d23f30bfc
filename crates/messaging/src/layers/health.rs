//! What the last sends tell of the provider's health, as a probe for readiness checks.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};
use wartel_core::{Probe, ProbeFailure, ProbeFailureKind};

use crate::{
    Accepted, Capabilities, DeviceStatus, MessageProvider, OutboundMessage, SendError, SendErrorKind,
};

/// A failing provider whose device is found well again is taken for well this long after the failure: an
/// instance that nobody sends to because it is not ready would otherwise never become ready again.
const RECOVER_AFTER: Duration = Duration::from_secs(60);

/// How long an answer about a healthy device is kept.
const KEEP_GOOD: Duration = Duration::from_secs(30);

/// How long an answer about a failing device is kept: short, so that a repair shows soon.
const KEEP_BAD: Duration = Duration::from_secs(5);

/// How long a device may take to answer.
const DEVICE_TIMEOUT: Duration = Duration::from_secs(5);

/// Remembers whether the provider lets us send, and answers for it as the probe `messaging`.
///
/// # Behavior
/// - After [`Unauthenticated`](SendErrorKind::Unauthenticated), [`DeviceOffline`](SendErrorKind::DeviceOffline),
///   [`QuotaExhausted`](SendErrorKind::QuotaExhausted), [`Banned`](SendErrorKind::Banned) or [`Disabled`](SendErrorKind::Disabled) the probe fails,
///   until a send succeeds. Other errors tell of one message or one moment and change nothing.
/// - A provider that is switched off fails from the start.
/// - With a [`DeviceProbe`], a failure that is 60 s old is forgiven once the device is found well.
#[derive(Debug)]
pub struct WithHealth<P> {
    inner: P,
    device: Option<Arc<DeviceProbe>>,
    failing: Mutex<Option<(SendErrorKind, Instant)>>,
}

impl<P> WithHealth<P> {
    /// Wraps a provider.
    #[must_use]
    pub const fn new(inner: P) -> Self {
        Self { inner, device: None, failing: Mutex::new(None) }
    }

    /// Lets the device say when the provider is well again.
    #[must_use]
    pub fn with_device(mut self, device: Arc<DeviceProbe>) -> Self {
        self.device = Some(device);
        self
    }

    fn failing(&self) -> Option<(SendErrorKind, Instant)> {
        *self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_failing(&self, failing: Option<(SendErrorKind, Instant)>) {
        *self.failing.lock().unwrap_or_else(PoisonError::into_inner) = failing;
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<P: MessageProvider> MessageProvider for WithHealth<P> {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Accepted, SendError> {
        let result = self.inner.send(message).await;
        match &result {
            Ok(_) => self.set_failing(None),
            Err(error) if explain(error.kind()).is_some() => {
                self.set_failing(Some((error.kind(), Instant::now())))
            }
            Err(_) => {}
        }
        result
    }
}

#[async_trait::async_trait]
impl<P: MessageProvider> Probe for WithHealth<P> {
    fn name(&self) -> &'static str {
        "messaging"
    }

    async fn probe(&self) -> Result<(), ProbeFailure> {
        let provider = MessageProvider::name(self);
        if !self.capabilities().enabled {
            return Err(failure(provider, SendErrorKind::Disabled));
        }
        let Some((kind, since)) = self.failing() else { return Ok(()) };
        if let Some(device) = &self.device
            && since.elapsed() >= RECOVER_AFTER
            && device.probe().await.is_ok()
        {
            self.set_failing(None);
            return Ok(());
        }
        Err(failure(provider, kind))
    }
}

/// What an operator can do, for the errors that stop every message.
const fn explain(kind: SendErrorKind) -> Option<(ProbeFailureKind, &'static str)> {
    match kind {
        SendErrorKind::Disabled => {
            Some((ProbeFailureKind::Disabled, "messaging is switched off; switch it on to send codes"))
        }
        SendErrorKind::Unauthenticated => Some((
            ProbeFailureKind::Misconfigured,
            "the provider refuses the credentials; check the API token and the provider's account",
        )),
        SendErrorKind::DeviceOffline => Some((
            ProbeFailureKind::Unavailable,
            "the WhatsApp device is not connected; pair it again in the provider's dashboard",
        )),
        SendErrorKind::QuotaExhausted => Some((
            ProbeFailureKind::Unavailable,
            "the account has no messages left; buy more in the provider's dashboard",
        )),
        SendErrorKind::Banned => Some((
            ProbeFailureKind::Unavailable,
            "WhatsApp has banned or locked the account; look into the provider's dashboard",
        )),
        _ => None,
    }
}

fn failure(provider: &str, kind: SendErrorKind) -> ProbeFailure {
    let (probe_kind, reason) = explain(kind).unwrap_or((ProbeFailureKind::Unavailable, kind.as_str()));
    ProbeFailure::new(probe_kind, format!("{provider}: {reason}"))
}

/// Asks the device behind the provider, as the probe `device`.
///
/// An answer is kept for 30 s, a failure for 5 s; probes that come together ask once. A device that does not
/// answer within 5 s is failing.
#[derive(Debug)]
pub struct DeviceProbe {
    device: Arc<dyn DeviceStatus>,
    last: tokio::sync::Mutex<Option<(Instant, Result<(), ProbeFailure>)>>,
}

impl DeviceProbe {
    /// Asks this device.
    #[must_use]
    pub fn new(device: Arc<dyn DeviceStatus>) -> Self {
        Self { device, last: tokio::sync::Mutex::new(None) }
    }

    async fn ask(&self) -> Result<(), ProbeFailure> {
        let Ok(answer) = timeout(DEVICE_TIMEOUT, self.device.device()).await else {
            return Err(ProbeFailure::new(
                ProbeFailureKind::Unavailable,
                "the provider did not answer about the device",
            ));
        };
        match answer {
            Ok(info) if !info.connected => Err(failure("device", SendErrorKind::DeviceOffline)),
            Ok(info) if info.quota == Some(0) => Err(failure("device", SendErrorKind::QuotaExhausted)),
            Ok(_) => Ok(()),
            Err(error) if explain(error.kind()).is_some() => Err(failure(error.provider(), error.kind())),
            Err(error) => Err(ProbeFailure::new(ProbeFailureKind::Unavailable, error.to_string())),
        }
    }
}

#[async_trait::async_trait]
impl Probe for DeviceProbe {
    fn name(&self) -> &'static str {
        "device"
    }

    async fn probe(&self) -> Result<(), ProbeFailure> {
        // Held while asking, so that others wait for this answer instead of asking too.
        let mut last = self.last.lock().await;
        if let Some((at, result)) = &*last {
            let keep = if result.is_ok() { KEEP_GOOD } else { KEEP_BAD };
            if at.elapsed() < keep {
                return result.clone();
            }
        }
        let result = self.ask().await;
        *last = Some((Instant::now(), result.clone()));
        result
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
