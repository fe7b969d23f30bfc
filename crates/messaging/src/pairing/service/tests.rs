//! The service and its worker in virtual time.
#![allow(clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, advance, sleep};
use wartel_core::{AccountId, Probe as _, TenantId};

use crate::layers::DeviceProbe;
use crate::pairing::{
    DeviceKey, DeviceReadiness, FREE_TRIES, MemoryPairingStore, PairingReason, PairingService, PairingState,
    PairingStore, PairingWorker, WithHearing,
};
use crate::testing::{FakeDevice, FakeProvider, TokioClock, sample_message, sample_phone};
use crate::{
    DeviceEvent, DeviceInfo, InboundEvent, MessageProvider as _, PairingMethod, PairingOffer, QrCode,
    RetryAdvice, SendErrorKind,
};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

struct Setup {
    device: FakeDevice,
    store: Arc<dyn PairingStore>,
    clock: TokioClock,
}

impl Setup {
    fn new() -> Self {
        let store = Arc::new(MemoryPairingStore::new());
        Self { device: FakeDevice::new(), store, clock: TokioClock::default() }
    }

    /// One more process on the same store.
    fn instance(&self) -> (PairingService, PairingWorker) {
        let key = DeviceKey::new(TenantId::default(), AccountId::default());
        PairingService::builder(key, Arc::new(self.device.clone()))
            .store(self.store.clone())
            .reconnect(Some(Arc::new(self.device.clone())))
            .clock(Arc::new(self.clock.clone()))
            .build()
    }

    /// A process with its worker running.
    fn running(&self) -> PairingService {
        let (service, worker) = self.instance();
        tokio::spawn(worker.run(std::future::pending()));
        service
    }
}

fn by_code() -> PairingMethod {
    PairingMethod::Code(sample_phone())
}

fn text(qr: Option<QrCode>) -> String {
    match qr {
        Some(QrCode::Text(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundred_starts_at_once_show_one_code_and_ask_once() {
    let setup = Setup::new();
    setup.device.set_wait(3 * SECOND);
    let (one, _one) = setup.instance();
    let (other, _other) = setup.instance();
    let mut callers = JoinSet::new();
    for index in 0..100 {
        let service = if index % 2 == 0 { one.clone() } else { other.clone() };
        callers.spawn(async move { service.start(PairingMethod::Qr).await.unwrap() });
    }
    for start in callers.join_all().await {
        assert_eq!(start.refusal, None);
        assert_eq!(text(start.snapshot.qr), "qr-1");
    }
    assert_eq!(setup.device.asked(), [PairingMethod::Qr]);
    let late = one.start(by_code()).await.unwrap();
    assert_eq!(text(late.snapshot.qr), "qr-1", "whoever comes later gets the code that is shown");
    assert_eq!(setup.device.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_starts_at_a_provider_that_fails_ask_once_and_all_hear_why() {
    let setup = Setup::new();
    setup.device.always_fail(SendErrorKind::Unavailable, RetryAdvice::After(None)).set_wait(SECOND);
    let (service, _worker) = setup.instance();
    let mut callers = JoinSet::new();
    for _ in 0..100 {
        let service = service.clone();
        callers.spawn(async move { service.start(PairingMethod::Qr).await.unwrap() });
    }
    for start in callers.join_all().await {
        assert_eq!(start.refusal.unwrap().reason, PairingReason::ProviderUnavailable);
    }
    assert_eq!(setup.device.asked().len(), 1);
    let soon = service.start(PairingMethod::Qr).await.unwrap();
    assert_eq!(soon.refusal.unwrap().reason, PairingReason::CoolingDown);
    assert_eq!(soon.snapshot.tries_left, FREE_TRIES, "what did not get as far as WhatsApp does not count");
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_leaves_stops_nothing() {
    let setup = Setup::new();
    setup.device.set_wait(5 * SECOND);
    let (service, _worker) = setup.instance();
    let left = tokio::time::timeout(SECOND, service.start(PairingMethod::Qr)).await;
    assert!(left.is_err());
    sleep(5 * SECOND).await;
    assert_eq!(text(service.status().await.unwrap().qr), "qr-1");
    assert_eq!(setup.device.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn qr_codes_are_replaced_before_they_end_and_then_no_more() {
    let setup = Setup::new();
    let service = setup.running();
    let started = Instant::now();
    let mut seen = service.start(PairingMethod::Qr).await.unwrap().snapshot;
    let mut codes = vec![text(seen.qr.clone())];
    while seen.state == PairingState::CodeShown {
        let next = service.changed(&seen, 300 * SECOND).await.unwrap();
        if next.state == PairingState::CodeShown {
            assert!(next.qr.is_some(), "there was a moment without a code after {:?}", started.elapsed());
            codes.push(text(next.qr.clone()));
        }
        seen = next;
    }
    assert_eq!(codes, ["qr-1", "qr-2", "qr-3", "qr-4", "qr-5", "qr-6"]);
    assert_eq!((seen.state, seen.reason), (PairingState::Unpaired, Some(PairingReason::CodesUsedUp)));
    sleep(24 * HOUR).await;
    assert_eq!(setup.device.asked().len(), 6, "nothing asks for codes by itself");
}

#[tokio::test(start_paused = true)]
async fn a_qr_code_that_the_provider_changed_is_fetched() {
    let setup = Setup::new();
    let service = setup.running();
    let seen = service.start(PairingMethod::Qr).await.unwrap().snapshot;
    service.on_event(DeviceEvent::QrChanged).await.unwrap();
    sleep(SECOND).await;
    assert_eq!(text(service.status().await.unwrap().qr), "qr-2");
    assert!(seen.version < service.status().await.unwrap().version);
}

#[tokio::test(start_paused = true)]
async fn only_connected_triggers_anything() {
    let setup = Setup::new();
    let service = setup.running();
    service.start(PairingMethod::Qr).await.unwrap();
    let waiter = tokio::spawn({
        let service = service.clone();
        async move { service.connected().await.unwrap() }
    });
    setup.device.set(DeviceInfo::new(false).with_paired(true));
    service.on_event(DeviceEvent::Paired).await.unwrap();
    sleep(60 * SECOND).await;
    assert_eq!(service.status().await.unwrap().state, PairingState::Paired);
    assert!(!waiter.is_finished(), "paired alone triggered it");
    assert!(service.probe().await.is_err());
    // Nobody tells of the connection: the worker finds it.
    let id = Some("6281234567890:14@s.whatsapp.net".to_owned());
    setup.device.set(DeviceInfo::new(true).with_paired(true).with_identity(id.clone(), Some(sample_phone())));
    sleep(4 * SECOND).await;
    let connected = waiter.await.unwrap();
    assert_eq!((connected.device_id, connected.phone), (id, Some(sample_phone())));
    assert_eq!(service.probe().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn three_failures_and_the_fourth_is_refused_with_a_time_also_after_a_restart() {
    let setup = Setup::new();
    setup.device.always_fail(SendErrorKind::Rejected, RetryAdvice::Never);
    let (service, _worker) = setup.instance();
    for wait in [120, 600, 86_400] {
        let start = service.start(by_code()).await.unwrap();
        let refusal = start.refusal.unwrap();
        assert_eq!(refusal.reason, PairingReason::ProviderRefused);
        let now = wartel_core::Clock::now(&setup.clock);
        assert_eq!(refusal.until, Some(now + Duration::from_secs(wait)));
        let again = service.start(by_code()).await.unwrap();
        assert_eq!(again.refusal.unwrap().until, refusal.until, "too soon");
        if wait < 86_400 {
            advance(Duration::from_secs(wait)).await;
        }
    }
    let (restarted, _worker) = setup.instance();
    let fourth = restarted.start(PairingMethod::Qr).await.unwrap();
    assert_eq!(fourth.refusal.unwrap().reason, PairingReason::TriesUsedUp);
    assert_eq!((fourth.snapshot.tries_left, setup.device.asked().len()), (0, 3));
    advance(24 * HOUR).await;
    restarted.start(by_code()).await.unwrap();
    assert_eq!(setup.device.asked().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_lost_device_is_looked_for_and_told_to_connect_less_and_less_often() {
    let setup = Setup::new();
    setup.device.set(DeviceInfo::new(true));
    let service = setup.running();
    service.connected().await.unwrap();
    setup.device.set(DeviceInfo::new(false).with_paired(true));
    service.on_event(DeviceEvent::Disconnected).await.unwrap();
    sleep(HOUR).await;
    let tries = setup.device.reconnects();
    assert!((12..=20).contains(&tries), "{tries} tries in an hour");
    assert_eq!(service.status().await.unwrap().reason, Some(PairingReason::ConnectionLost));
    setup.device.set(DeviceInfo::new(true));
    sleep(300 * SECOND).await;
    assert!(service.status().await.unwrap().is_connected());
}

#[tokio::test(start_paused = true)]
async fn a_device_that_turns_out_to_be_unlinked_is_told_to_connect_once() {
    let setup = Setup::new();
    setup.device.set(DeviceInfo::new(true));
    let service = setup.running();
    service.connected().await.unwrap();
    setup.device.set(DeviceInfo::new(false));
    setup.device.set_unlinked(true);
    sleep(HOUR).await;
    let status = service.status().await.unwrap();
    assert_eq!((status.state, status.reason), (PairingState::LoggedOut, Some(PairingReason::RemovedByPhone)));
    assert_eq!(setup.device.reconnects(), 1, "each time more would be a code more");
}

#[tokio::test(start_paused = true)]
async fn what_a_look_tells_of_a_pairing_ends_it_unless_it_is_of_the_one_before() {
    let setup = Setup::new();
    let service = setup.running();
    let gone = DeviceInfo::new(false).with_pairing(Some(DeviceEvent::PairingRefused));
    setup.device.set(gone);
    service.start(by_code()).await.unwrap();
    sleep(8 * SECOND).await;
    assert_eq!(service.status().await.unwrap().state, PairingState::CodeShown, "too soon to be of this try");
    sleep(10 * SECOND).await;
    let status = service.status().await.unwrap();
    assert_eq!((status.state, status.reason), (PairingState::Unpaired, Some(PairingReason::ScanRefused)));
    assert_eq!(status.tries_left, FREE_TRIES - 1);

    // The phone took it all the same.
    setup.device.set(DeviceInfo::new(true));
    sleep(4 * SECOND).await;
    let status = service.status().await.unwrap();
    assert!(status.is_connected() && status.tries_left == FREE_TRIES);
}

#[tokio::test(start_paused = true)]
async fn a_passkey_that_is_asked_for_is_seen_and_so_is_its_refusal() {
    let setup = Setup::new();
    let service = setup.running();
    service.start(by_code()).await.unwrap();
    let asks = DeviceInfo::new(false).with_paired(false).with_pairing(Some(DeviceEvent::PasskeyRequired));
    setup.device.set(asks);
    sleep(15 * SECOND).await;
    let status = service.status().await.unwrap();
    assert_eq!((status.state, status.reason), (PairingState::Unpaired, Some(PairingReason::PasskeyRequired)));
    let refused = DeviceInfo::new(false).with_pairing(Some(DeviceEvent::PairingRefused));
    setup.device.set(refused);
    sleep(15 * SECOND).await;
    assert_eq!(service.status().await.unwrap().reason, Some(PairingReason::ScanRefused));
}

#[tokio::test(start_paused = true)]
async fn of_many_workers_one_looks() {
    let setup = Setup::new();
    setup.device.set(DeviceInfo::new(true));
    let services: Vec<PairingService> = (0..5).map(|_| setup.running()).collect();
    sleep(601 * SECOND).await;
    let looks = setup.device.looks();
    assert!((9..=12).contains(&looks), "{looks} looks of five workers in ten minutes");
    drop(services);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_does_not_answer_changes_nothing() {
    let setup = Setup::new();
    setup.device.set(DeviceInfo::new(true));
    let service = setup.running();
    service.connected().await.unwrap();
    setup.device.set_silent(true);
    setup.device.set_wait(60 * SECOND);
    sleep(HOUR).await;
    assert!(service.status().await.unwrap().is_connected());
}

#[tokio::test(start_paused = true)]
async fn removed_banned_throttled_refused_and_passkey_have_their_own_reasons() {
    let setup = Setup::new();
    let (service, _worker) = setup.instance();
    service.on_event(DeviceEvent::Connected).await.unwrap();
    let removed = service.on_event(DeviceEvent::LoggedOut).await.unwrap();
    assert_eq!(
        (removed.state, removed.reason),
        (PairingState::LoggedOut, Some(PairingReason::RemovedByPhone))
    );
    let failure = service.probe().await.unwrap_err();
    assert!(failure.reason().contains("removed_by_phone"), "{failure}");

    let until = wartel_core::Clock::now(&setup.clock) + 6 * HOUR;
    let banned = service.on_event(DeviceEvent::Banned { until: Some(until) }).await.unwrap();
    assert_eq!(banned.reason, Some(PairingReason::TemporarilyBanned));
    assert_eq!((banned.banned_until, banned.next_try_at), (Some(until), Some(until)));
    let refusal = service.start(PairingMethod::Qr).await.unwrap().refusal.unwrap();
    assert_eq!((refusal.reason, refusal.until), (PairingReason::TemporarilyBanned, Some(until)));
    assert_eq!(setup.device.asked().len(), 0, "a banned number is left alone");

    advance(6 * HOUR).await;
    setup.device.then_fail(SendErrorKind::PairingThrottled, RetryAdvice::Never);
    let throttled = service.start(by_code()).await.unwrap();
    assert_eq!(throttled.refusal.unwrap().reason, PairingReason::Throttled);
    assert_eq!(throttled.snapshot.next_try_reason, Some(PairingReason::Throttled));

    advance(24 * HOUR).await;
    service.start(PairingMethod::Qr).await.unwrap();
    let refused = service.on_event(DeviceEvent::PairingRefused).await.unwrap();
    assert_eq!(refused.reason, Some(PairingReason::ScanRefused));

    advance(72 * HOUR).await;
    setup.device.then_offer(PairingOffer::PasskeyRequired);
    let passkey = service.start(PairingMethod::Qr).await.unwrap();
    assert_eq!(passkey.refusal.unwrap().reason, PairingReason::PasskeyRequired);
}

#[tokio::test(start_paused = true)]
async fn cancelled_and_disconnected_are_the_operators_doing() {
    let setup = Setup::new();
    let (service, _worker) = setup.instance();
    service.start(by_code()).await.unwrap();
    let cancelled = service.cancel().await.unwrap();
    assert_eq!((cancelled.state, cancelled.reason), (PairingState::Unpaired, Some(PairingReason::Cancelled)));
    assert!(cancelled.code.is_none() && cancelled.tries_left == FREE_TRIES - 1);
    let again = service.cancel().await.unwrap();
    assert_eq!(again.version, cancelled.version, "there is nothing to cancel");
    service.on_event(DeviceEvent::Connected).await.unwrap();
    let gone = service.disconnect().await.unwrap();
    assert_eq!(gone.reason, Some(PairingReason::DisconnectedHere));
    assert_eq!(setup.device.disconnects(), 1);
}

#[tokio::test(start_paused = true)]
async fn connected_but_deaf_is_noticed() {
    let setup = Setup::new();
    setup.device.set(DeviceInfo::new(true));
    let service = setup.running();
    service.connected().await.unwrap();
    let provider = WithHearing::new(FakeProvider::default(), service.clone());
    let ignored = [InboundEvent::Ignored { why: "a status post" }];
    for _ in 0..10 {
        provider.send(&sample_message()).await.unwrap();
        service.on_webhook(&ignored).await.unwrap();
        sleep(30 * 60 * SECOND).await;
        assert_eq!(service.probe().await, Ok(()), "a quiet shop is not deaf");
    }
    provider.send(&sample_message()).await.unwrap();
    sleep(11 * 60 * SECOND).await;
    let failure = service.probe().await.unwrap_err();
    assert!(failure.reason().contains("nothing was heard of it since 2026-01-01T05"), "{failure}");
    assert_eq!(service.status().await.unwrap().reason, Some(PairingReason::Deaf));
    service.on_webhook(&ignored).await.unwrap();
    assert_eq!(service.probe().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn readiness_says_why_the_device_is_not_well() {
    let setup = Setup::new();
    let service = setup.running();
    let found = Arc::new(DeviceProbe::new(Arc::new(setup.device.clone())));
    let readiness = DeviceReadiness::new(found, service.clone());
    let plain = readiness.probe().await.unwrap_err();
    assert!(!plain.reason().contains("; the device is"), "nothing is known yet: {plain}");

    let until = wartel_core::Clock::now(&setup.clock) + 6 * HOUR;
    service.on_event(DeviceEvent::Banned { until: Some(until) }).await.unwrap();
    let banned = readiness.probe().await.unwrap_err();
    assert!(banned.reason().starts_with(plain.reason()), "{banned}");
    let why = "; the device is banned, temporarily_banned until 2026-01-01T06";
    assert!(banned.reason().contains(why), "{banned}");
    service.on_event(DeviceEvent::Connected).await.unwrap();
    service.on_event(DeviceEvent::LoggedOut).await.unwrap();
    let removed = readiness.probe().await.unwrap_err();
    assert!(removed.reason().contains("; the device is logged_out, removed_by_phone: "), "{removed}");

    setup.device.set(DeviceInfo::new(true));
    sleep(31 * SECOND).await;
    assert_eq!(readiness.probe().await, Ok(()), "what it says now counts");
    service.on_event(DeviceEvent::Connected).await.unwrap();
    WithHearing::new(FakeProvider::default(), service.clone()).send(&sample_message()).await.unwrap();
    sleep(11 * 60 * SECOND).await;
    let deaf = readiness.probe().await.unwrap_err();
    assert!(deaf.reason().contains("nothing was heard of it since"), "{deaf}");
}

#[tokio::test(start_paused = true)]
async fn a_device_that_is_connected_already_is_left_alone() {
    let setup = Setup::new();
    let (service, _worker) = setup.instance();
    setup.device.then_offer(PairingOffer::AlreadyConnected);
    let start = service.start(PairingMethod::Qr).await.unwrap();
    assert!(start.refusal.is_none() && start.snapshot.is_connected());
    service.start(PairingMethod::Qr).await.unwrap();
    assert_eq!(setup.device.asked().len(), 1);
}
