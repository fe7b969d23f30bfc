//! Pairings that go wrong: the sandbox's phone refuses or asks for a passkey, and the pairing service counts and says why.

use std::sync::Arc;
use std::time::Duration;

use wartel_core::{AccountId, Locale, ManualClock, TenantId, Timestamp};
use wartel_messaging::pairing::{
    DeviceKey, PairingReason, PairingService, PairingSnapshot, PairingState, PairingWorker,
};
use wartel_messaging::{Account, DeviceEvent, InboundEvent, PairingMethod, RetryAdvice, SendErrorKind};
use wartel_sandbox::{DeviceState, ProviderKind, Sandbox, SandboxDevice};

use super::posted::{events_until, listening, quick};
use super::support::{Application, PATIENCE};

const HOUR: Duration = Duration::from_secs(3_600);

/// A device of the sandbox without a phone, and the service that pairs it.
struct Setup {
    _sandbox: Sandbox,
    device: SandboxDevice,
    account: Account,
    app: Application,
    service: PairingService,
    worker: PairingWorker,
    clock: ManualClock,
}

impl Setup {
    async fn new(kind: ProviderKind) -> Self {
        let sandbox = quick().unpaired(kind).start().await.unwrap();
        let device = sandbox.device(kind);
        let (account, app) = listening(&device).await;
        let clock = ManualClock::new(Timestamp::from_micros(1_767_225_600_000_000));
        let key = DeviceKey::new(TenantId::default(), AccountId::default());
        let (service, worker) = PairingService::builder(key, account.pairing.clone().unwrap())
            .reconnect(account.reconnect.clone())
            .clock(Arc::new(clock.clone()))
            .build();
        Self { _sandbox: sandbox, device, account, app, service, worker, clock }
    }

    async fn look_after(&self, wait: Duration) -> PairingSnapshot {
        self.clock.advance(wait);
        self.worker.look().await.unwrap();
        self.service.status().await.unwrap()
    }

    /// What webhooks tell, up to this event, is told to the service.
    async fn hear(&mut self, last: DeviceEvent) {
        let is_last = |event: &InboundEvent| *event == InboundEvent::DeviceState(last);
        let events = events_until(&mut self.app, is_last).await;
        self.service.on_webhook(&events).await.unwrap();
    }

    async fn until(&self, state: DeviceState) {
        let reached = async {
            while self.device.state() != state {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.unwrap();
    }
}

/// The phone refuses three scans; the fourth try has to wait for a day. `told` is whether the provider says so: where it
/// does not, the code ends and the try counts all the same.
async fn three_refused_scans(kind: ProviderKind, told: bool) {
    let mut setup = Setup::new(kind).await;
    for left in [2, 1, 0] {
        let start = setup.service.start(PairingMethod::Qr).await.unwrap();
        assert_eq!((start.refusal, start.snapshot.state), (None, PairingState::CodeShown), "{kind:?}");
        if kind == ProviderKind::Evolution {
            setup.hear(DeviceEvent::QrChanged).await;
            setup.look_after(Duration::from_secs(5)).await;
        }
        assert!(setup.device.refuse_scan());
        if kind == ProviderKind::Evolution {
            setup.hear(DeviceEvent::PairingRefused).await;
        }
        let wait = Duration::from_secs(if told { 15 } else { 76 });
        let ended = setup.look_after(wait).await;
        let reason = if told { PairingReason::ScanRefused } else { PairingReason::CodeExpired };
        assert_eq!((ended.state, ended.reason), (PairingState::Unpaired, Some(reason)), "{kind:?}");
        assert_eq!(ended.tries_left, left, "{kind:?}");
        let next = ended.next_try_at.unwrap();
        if left > 0 {
            setup.clock.set(next);
        }
    }
    let fourth = setup.service.start(PairingMethod::Qr).await.unwrap().refusal.unwrap();
    assert_eq!(fourth.reason, PairingReason::TriesUsedUp);
    let wait = fourth.until.unwrap().since(wartel_core::Clock::now(&setup.clock));
    assert!((23 * HOUR..=24 * HOUR).contains(&wait), "{wait:?}");
}

#[tokio::test]
async fn after_three_refused_scans_waha_is_not_asked_again_for_a_day() {
    three_refused_scans(ProviderKind::Waha, true).await;
}

#[tokio::test]
async fn after_three_refused_scans_evolution_is_not_asked_again_for_a_day() {
    three_refused_scans(ProviderKind::Evolution, true).await;
}

#[tokio::test]
async fn who_does_not_tell_of_a_refusal_is_not_asked_again_for_a_day_either() {
    tokio::join!(
        three_refused_scans(ProviderKind::Fonnte, false),
        three_refused_scans(ProviderKind::Gowa, false),
        three_refused_scans(ProviderKind::Gateway, false),
    );
}

#[tokio::test]
async fn waha_tells_of_a_refusal_by_webhook_too() {
    let mut setup = Setup::new(ProviderKind::Waha).await;
    setup.service.start(PairingMethod::Qr).await.unwrap();
    setup.hear(DeviceEvent::QrChanged).await;
    setup.look_after(Duration::from_secs(5)).await;
    assert!(setup.device.refuse_scan());
    setup.hear(DeviceEvent::PairingRefused).await;
    assert_eq!(setup.service.status().await.unwrap().reason, Some(PairingReason::ScanRefused));
}

#[tokio::test]
async fn a_passkey_has_its_own_reason_and_advice_and_leads_to_a_connection() {
    for kind in [ProviderKind::Waha, ProviderKind::Gowa] {
        for by_webhook in [false, true] {
            let mut setup = Setup::new(kind).await;
            setup.service.start(PairingMethod::Qr).await.unwrap();
            assert!(setup.device.ask_passkey());
            if by_webhook && kind == ProviderKind::Waha {
                setup.hear(DeviceEvent::PasskeyRequired).await;
            } else {
                setup.look_after(Duration::from_secs(15)).await;
            }
            let status = setup.service.status().await.unwrap();
            let reason = status.reason.unwrap();
            assert_eq!((status.state, reason), (PairingState::Unpaired, PairingReason::PasskeyRequired));
            assert!(reason.advice(Locale::En).contains("passkey") && status.qr.is_none(), "{kind:?}");

            assert!(setup.device.give_passkey());
            let between = setup.look_after(Duration::from_secs(15)).await;
            assert_eq!(between.reason, Some(PairingReason::PasskeyRequired), "{kind:?}");
            assert!(setup.device.confirm_passkey());
            setup.until(DeviceState::Connected).await;
            let after = setup.look_after(Duration::from_secs(15)).await;
            assert!(after.is_connected() && after.tries_left == 3, "{kind:?}: {after:?}");
        }
    }
}

#[tokio::test]
async fn a_passkey_that_is_refused_is_a_refused_scan() {
    let setup = Setup::new(ProviderKind::Waha).await;
    setup.service.start(PairingMethod::Qr).await.unwrap();
    assert!(setup.device.ask_passkey());
    setup.look_after(Duration::from_secs(15)).await;
    assert!(setup.device.refuse_scan());
    let refused = setup.look_after(Duration::from_secs(15)).await;
    assert_eq!((refused.reason, refused.tries_left), (Some(PairingReason::ScanRefused), 2));
}

#[tokio::test]
async fn a_lost_connection_is_brought_back_and_a_lost_link_is_told() {
    for kind in [ProviderKind::Evolution, ProviderKind::Gowa] {
        let setup = Setup::new(kind).await;
        setup.device.set_connected(true);
        assert!(setup.look_after(Duration::from_secs(60)).await.is_connected());
        setup.device.set_connected(false);
        assert_eq!(setup.look_after(Duration::from_secs(61)).await.state, PairingState::Disconnected);
        // Of a device that was found offline the next look asks for the connection.
        setup.look_after(Duration::from_secs(301)).await;
        setup.until(DeviceState::Connected).await;
        assert!(setup.look_after(Duration::from_secs(301)).await.is_connected(), "{kind:?}");

        setup.device.set_connected(false);
        setup.look_after(Duration::from_secs(61)).await;
        assert!(setup.device.remove());
        let gone = setup.look_after(Duration::from_secs(301)).await;
        assert_eq!((gone.state, gone.reason), (PairingState::LoggedOut, Some(PairingReason::RemovedByPhone)));
        let reconnect = setup.account.reconnect.clone().unwrap();
        if kind == ProviderKind::Gowa {
            let error = reconnect.reconnect().await.unwrap_err();
            assert_eq!((error.kind(), error.advice()), (SendErrorKind::DeviceOffline, RetryAdvice::Never));
        }
    }
}
