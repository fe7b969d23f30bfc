//! Readiness: whether the device can be sent through, and whether anything is heard of it.

use wartel_core::{Locale, Probe, ProbeFailure, ProbeFailureKind};

use super::{PairingReason, PairingService, PairingState};
use crate::capabilities::Capabilities;
use crate::error::SendError;
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
        if let Some(since) = snapshot.deaf_since {
            return Err(unavailable(format!(
                "the device says that it is connected, but nothing was heard of it since {}",
                since.to_rfc3339()
            )));
        }
        if snapshot.state == PairingState::Connected {
            return Ok(());
        }
        let advice = snapshot.reason.map_or("Pair it.", |reason| reason.advice(Locale::En));
        let word = snapshot.reason.map_or("", PairingReason::as_str);
        let gap = if word.is_empty() { "" } else { ", " };
        Err(unavailable(format!("the device is {}{gap}{word}: {advice}", snapshot.state.as_str())))
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
