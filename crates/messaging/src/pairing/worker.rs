//! The worker beside a [`PairingService`]: it looks at the device, replaces QR codes, and reconnects.

use std::future::Future;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use wartel_core::StoreError;

use super::{PairingOutcome, PairingService, PairingState, PairingStep};
use crate::device::{DeviceInfo, PairingMethod};
use crate::error::{RetryAdvice, SendErrorKind};

/// How long the device may take to answer, or to take in that it shall connect.
const DEVICE_TIME: Duration = Duration::from_secs(10);
/// The longest wait between two questions to the store: other instances may have brought a look forward.
const LONGEST: Duration = Duration::from_secs(15);
/// How long to wait after a failure of the store.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Looks at the device: every 3 s while a code is shown or a link was made, every 60 s while it is connected, and after a
/// loss in waits that grow from 5 s to 5 min. Any number of instances may run one; of all of them one looks at a time.
#[derive(Debug)]
#[must_use = "without its worker codes are not replaced, and a lost device is not noticed"]
pub struct PairingWorker {
    service: PairingService,
}

impl PairingWorker {
    pub(super) const fn new(service: PairingService) -> Self {
        Self { service }
    }

    /// Runs until `shutdown` is ready.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) {
        tokio::select! {
            () = shutdown => {}
            () = self.work() => {}
        }
    }

    async fn work(&self) {
        loop {
            if let Err(error) = self.look().await {
                tracing::warn!(error = %error, "a device could not be looked after");
                sleep(AFTER_FAILURE).await;
            }
            self.service.inner().until_next_look(LONGEST).await;
        }
    }

    /// Looks at the device if it is time to, and does what follows. [`run`](Self::run) calls it again and again.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    pub async fn look(&self) -> Result<(), StoreError> {
        let inner = self.service.inner();
        inner.write_heard().await?;
        let (outcome, _) = inner.step(&PairingStep::Look).await?;
        let PairingOutcome::Look { replace, reconnect } = outcome else { return Ok(()) };
        let step = match timeout(DEVICE_TIME, inner.pairing.device()).await {
            Ok(Ok(info)) => PairingStep::Seen(info),
            Ok(Err(error)) => {
                tracing::warn!(account = %inner.key().account, error = %error, "the provider does not say how the device is");
                PairingStep::NotSeen
            }
            Err(_elapsed) => PairingStep::NotSeen,
        };
        let (_, docs) = inner.step(&step).await?;
        let state = inner.snapshot(&docs).state;
        if let Some(fence) = replace.filter(|_| state == PairingState::CodeShown) {
            inner.ask(fence, &PairingMethod::Qr).await?;
        }
        if let Some(device) =
            inner.reconnect.as_ref().filter(|_| reconnect && state == PairingState::Disconnected)
            && let Ok(Err(error)) = timeout(DEVICE_TIME, device.reconnect()).await
        {
            tracing::warn!(account = %inner.key().account, error = %error, "the device was not told to connect again");
            if error.kind() == SendErrorKind::DeviceOffline && error.advice() == RetryAdvice::Never {
                // There is no link any more: whoever tried again and again would ask WhatsApp for codes.
                inner.step(&PairingStep::Seen(DeviceInfo::new(false).with_paired(false))).await?;
            }
        }
        Ok(())
    }
}
