//! Readiness: whether the device can be sent through, and whether anything is heard of it.

use std::sync::Arc;

use wartel_core::{Locale, Probe, ProbeFailure, ProbeFailureKind};

use super::{PairingService, PairingSnapshot, PairingState};
use crate::capabilities::Capabilities;
use crate::error::SendError;
use crate::layers::DeviceProbe;
use crate::message::OutboundMessage;
use crate::provider::{Accepted, MessageProvider};

#[async_trait::async_trait]
impl Probe for PairingService {
    fn name(&self) -> &'static str {
        "device"
    }

    async fn probe(&self) -> Result<(), ProbeFailure> {
        let unavailable = |reason: String| ProbeFailure::new(ProbeFailureKind::Unavailable, reason);
        let snapshot = self.status().await.map_err(|error| unavailable(error.to_string()))?;
        trouble(&snapshot).map_or(Ok(()), |reason| Err(unavailable(reason)))
    }
}

/// What keeps messages from going out, or news of them from coming in. `None` if nothing does.
fn trouble(snapshot: &PairingSnapshot) -> Option<String> {
    if let Some(since) = snapshot.deaf_since {
        return Some(format!(
            "the device says that it is connected, but nothing was heard of it since {}",
            since.to_rfc3339()
        ));
    }
    if snapshot.state == PairingState::Connected {
        return None;
    }
    let state = snapshot.state.as_str();
    let Some(reason) = snapshot.reason else { return Some(format!("the device is {state}: Pair it.")) };
    let until = snapshot.banned_until.map(|until| format!(" until {}", until.to_rfc3339()));
    let (word, advice) = (reason.as_str(), reason.advice(Locale::En));
    Some(format!("the device is {state}, {word}{}: {advice}", until.unwrap_or_default()))
}

/// Readiness of a device that is paired here, as the probe `device`: what the provider says of it now, and why it is so.
///
/// # Behavior
/// - A device that is found well is not ready if it is connected and deaf.
/// - Of one that is not, it adds why and what to do: removed by the phone, banned until when, a refused scan.
/// - A store that cannot answer is not the device's fault: then only the provider's word counts.
#[derive(Debug)]
pub struct DeviceReadiness {
    device: Arc<DeviceProbe>,
    pairing: PairingService,
}

impl DeviceReadiness {
    /// Asks the device, and its pairing.
    #[must_use]
    pub const fn new(device: Arc<DeviceProbe>, pairing: PairingService) -> Self {
        Self { device, pairing }
    }
}

#[async_trait::async_trait]
impl Probe for DeviceReadiness {
    fn name(&self) -> &'static str {
        "device"
    }

    async fn probe(&self) -> Result<(), ProbeFailure> {
        let found = self.device.probe().await;
        let Ok(snapshot) = self.pairing.status().await else { return found };
        match found {
            // What the pairing knows may be older than that the device was found well, but not that it is deaf.
            Ok(()) => match snapshot.deaf_since.and_then(|_| trouble(&snapshot)) {
                Some(reason) => Err(ProbeFailure::new(ProbeFailureKind::Unavailable, reason)),
                None => Ok(()),
            },
            Err(failure) => match snapshot.reason.and_then(|_| trouble(&snapshot)) {
                Some(why) => Err(ProbeFailure::new(failure.kind(), format!("{}; {why}", failure.reason()))),
                None => Err(failure),
            },
        }
    }
}

/// Tells a [`PairingService`] of every message that goes out, so that it notices when nothing is heard afterwards.
///
/// It changes nothing of the send: if the note cannot be written, the message was taken all the same.
#[derive(Debug)]
pub struct WithHearing<P> {
    inner: P,
    pairing: PairingService,
}

impl<P> WithHearing<P> {
    /// Wraps the provider of that device.
    #[must_use]
    pub const fn new(inner: P, pairing: PairingService) -> Self {
        Self { inner, pairing }
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<P: MessageProvider> MessageProvider for WithHearing<P> {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Accepted, SendError> {
        let accepted = self.inner.send(message).await?;
        if let Err(error) = self.pairing.sent().await {
            tracing::warn!(error = %error, "it was not written down that a message went out");
        }
        Ok(accepted)
    }
}
