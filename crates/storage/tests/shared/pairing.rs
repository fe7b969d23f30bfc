//! What pairing keeps over a restart, and between instances, on databases.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use wartel_core::{AccountId, Clock as _, ManualClock, TenantId};
use wartel_messaging::pairing::{
    DeviceKey, PairingReason, PairingService, PairingState, PairingStore, PairingWorker,
};
use wartel_messaging::testing::{FakeDevice, sample_phone};
use wartel_messaging::{DeviceEvent, DeviceInfo, PairingMethod, RetryAdvice, SendErrorKind};

const HOUR: Duration = Duration::from_secs(3_600);

fn instance(
    device: &FakeDevice,
    store: Arc<dyn PairingStore>,
    clock: &ManualClock,
) -> (PairingService, PairingWorker) {
    let key = DeviceKey::new(TenantId::default(), AccountId::default());
    PairingService::builder(key, Arc::new(device.clone())).store(store).clock(Arc::new(clock.clone())).build()
}

/// Three tries fail; after a restart the fourth is refused with a time, and after that time it is not.
pub(crate) async fn failures_outlive_a_restart<Opened, Closed>(
    open: impl Fn() -> Opened,
    close: impl Fn(Arc<dyn PairingStore>) -> Closed,
) where
    Opened: Future<Output = Arc<dyn PairingStore>>,
    Closed: Future<Output = ()>,
{
    let (device, clock) = (FakeDevice::new(), ManualClock::default());
    device.always_fail(SendErrorKind::Rejected, RetryAdvice::Never);
    let by_code = PairingMethod::Code(sample_phone());
    for wait in [2 * HOUR / 60, 10 * HOUR / 60, 24 * HOUR] {
        let store = open().await;
        let (service, _worker) = instance(&device, store.clone(), &clock);
        let refusal = service.start(by_code.clone()).await.unwrap().refusal.unwrap();
        assert_eq!(refusal.until, Some(clock.now() + wait));
        close(store).await;
        if wait < HOUR {
            clock.advance(wait);
        }
    }
    let store = open().await;
    let (service, _worker) = instance(&device, store.clone(), &clock);
    let fourth = service.start(by_code.clone()).await.unwrap();
    let refusal = fourth.refusal.unwrap();
    assert_eq!(refusal.reason, PairingReason::TriesUsedUp);
    assert_eq!(refusal.until, Some(clock.now() + 24 * HOUR));
    assert_eq!(device.asked().len(), 3, "the provider was asked a fourth time");
    clock.advance(24 * HOUR);
    service.start(by_code).await.unwrap();
    assert_eq!(device.asked().len(), 4);
    close(store).await;
}

/// A hundred starts on two instances show one code; a third instance, started later, shows it too and sees it through.
pub(crate) async fn instances_share_one_code(stores: [Arc<dyn PairingStore>; 3]) {
    let (device, clock) = (FakeDevice::new(), ManualClock::default());
    let [one, other, later] = stores.map(|store| instance(&device, store, &clock));
    let mut callers = JoinSet::new();
    for index in 0..100 {
        let service = if index % 2 == 0 { one.0.clone() } else { other.0.clone() };
        callers.spawn(async move { service.start(PairingMethod::Qr).await.unwrap() });
    }
    let codes = callers.join_all().await.into_iter().map(|start| start.snapshot.qr);
    let first = one.0.status().await.unwrap();
    assert!(first.qr.is_some() && codes.into_iter().all(|code| code == first.qr), "not one code");
    assert_eq!(device.asked().len(), 1);

    assert_eq!(later.0.status().await.unwrap(), first);
    later.0.on_event(DeviceEvent::Paired).await.unwrap();
    assert_eq!(one.0.status().await.unwrap().state, PairingState::Paired);
    device.set(DeviceInfo::new(true).with_identity(None, Some(sample_phone())));
    clock.advance(HOUR);
    later.1.look().await.unwrap();
    let connected = other.0.changed(&first, HOUR).await.unwrap();
    assert!(connected.is_connected() && connected.phone == Some(sample_phone()));
}
