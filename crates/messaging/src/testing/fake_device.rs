//! A device that is paired as a test wants it, and a clock that follows the test's virtual time.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use wartel_core::{Clock, Timestamp};

use crate::{
    DeviceInfo, DevicePairing, DeviceReconnect, DeviceStatus, PairingCode, PairingMethod, PairingOffer,
    QrCode, RetryAdvice, SendError, SendErrorKind,
};

/// A scripted, recording device. Clones are the same device.
///
/// It is not connected, and gives the codes `qr-1`, `qr-2`, … or `CODE-0001`, …, unless a `then_…` says otherwise.
#[derive(Clone)]
pub struct FakeDevice(Arc<Mutex<State>>);

struct State {
    info: DeviceInfo,
    script: VecDeque<Result<PairingOffer, (SendErrorKind, RetryAdvice)>>,
    always: Option<(SendErrorKind, RetryAdvice)>,
    silent: bool,
    wait: Duration,
    valid_for: Option<Duration>,
    asked: Vec<PairingMethod>,
    looks: usize,
    disconnects: usize,
    reconnects: usize,
    unlinked: bool,
}

impl Default for FakeDevice {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State {
            info: DeviceInfo::new(false).with_paired(false),
            script: VecDeque::new(),
            always: None,
            silent: false,
            wait: Duration::ZERO,
            valid_for: None,
            asked: Vec::new(),
            looks: 0,
            disconnects: 0,
            reconnects: 0,
            unlinked: false,
        })))
    }
}

impl FakeDevice {
    /// The same as [`default`](Self::default).
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The device is like this from now on.
    pub fn set(&self, info: DeviceInfo) {
        self.state().info = info;
    }

    /// The device does not say how it is, until it is told otherwise.
    pub fn set_silent(&self, silent: bool) {
        self.state().silent = silent;
    }

    /// Every answer takes this long.
    pub fn set_wait(&self, wait: Duration) {
        self.state().wait = wait;
    }

    /// Codes live this long. Default: the device does not say.
    pub fn set_valid_for(&self, valid_for: Option<Duration>) {
        self.state().valid_for = valid_for;
    }

    /// The next question for a code is answered with this.
    pub fn then_offer(&self, offer: PairingOffer) -> Self {
        self.state().script.push_back(Ok(offer));
        self.clone()
    }

    /// The next question for a code fails with this.
    pub fn then_fail(&self, kind: SendErrorKind, advice: RetryAdvice) -> Self {
        self.state().script.push_back(Err((kind, advice)));
        self.clone()
    }

    /// Every question for a code for which the script has no answer fails with this.
    pub fn always_fail(&self, kind: SendErrorKind, advice: RetryAdvice) -> Self {
        self.state().always = Some((kind, advice));
        self.clone()
    }

    /// Whether it says, when it is told to connect again, that it is linked to no phone any more.
    pub fn set_unlinked(&self, unlinked: bool) {
        self.state().unlinked = unlinked;
    }

    /// How it was asked for codes, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<PairingMethod> {
        self.state().asked.clone()
    }

    /// How often it was looked at.
    #[must_use]
    pub fn looks(&self) -> usize {
        self.state().looks
    }

    /// How often it was disconnected.
    #[must_use]
    pub fn disconnects(&self) -> usize {
        self.state().disconnects
    }

    /// How often it was told to connect again.
    #[must_use]
    pub fn reconnects(&self) -> usize {
        self.state().reconnects
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn wait(&self) {
        let wait = self.state().wait;
        if !wait.is_zero() {
            sleep(wait).await;
        }
    }
}

impl fmt::Debug for FakeDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeDevice").field("asked", &self.state().asked.len()).finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl DeviceStatus for FakeDevice {
    async fn device(&self) -> Result<DeviceInfo, SendError> {
        self.state().looks += 1;
        self.wait().await;
        let state = self.state();
        if state.silent {
            return Err(SendError::new("fake", SendErrorKind::Unavailable, RetryAdvice::After(None)));
        }
        Ok(state.info.clone())
    }
}

#[async_trait::async_trait]
impl DevicePairing for FakeDevice {
    async fn start_pairing(&self, method: &PairingMethod) -> Result<PairingOffer, SendError> {
        let (number, scripted) = {
            let mut state = self.state();
            state.asked.push(method.clone());
            let always = state.always.map(Err);
            (state.asked.len(), state.script.pop_front().or(always))
        };
        self.wait().await;
        let valid_for = self.state().valid_for;
        let usual = match method {
            PairingMethod::Qr => PairingOffer::Qr { qr: QrCode::Text(format!("qr-{number}")), valid_for },
            PairingMethod::Code(_) => {
                PairingOffer::Code { code: PairingCode::new(format!("CODE-{number:04}")), valid_for }
            }
        };
        scripted.unwrap_or(Ok(usual)).map_err(|(kind, advice)| SendError::new("fake", kind, advice))
    }

    async fn disconnect(&self) -> Result<(), SendError> {
        let mut state = self.state();
        state.disconnects += 1;
        state.info = DeviceInfo::new(false).with_paired(false);
        Ok(())
    }
}

#[async_trait::async_trait]
impl DeviceReconnect for FakeDevice {
    async fn reconnect(&self) -> Result<(), SendError> {
        let mut state = self.state();
        state.reconnects += 1;
        if state.unlinked {
            return Err(SendError::new("fake", SendErrorKind::DeviceOffline, RetryAdvice::Never));
        }
        Ok(())
    }
}

/// A clock that follows the time of tokio, which tests pause and advance. It begins at 2026-01-01T00:00:00Z.
#[derive(Debug, Clone)]
pub struct TokioClock(Instant);

impl Default for TokioClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_767_225_600_000_000) + self.0.elapsed()
    }
}
