use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::testing::{FakeProvider, sample_message};
use crate::{DeviceInfo, DisabledProvider, RetryAdvice};

/// A device that answers what it was told to, and counts how often it was asked.
#[derive(Debug)]
struct FakeDevice {
    connected: std::sync::atomic::AtomicBool,
    quota: Option<u64>,
    asked: AtomicUsize,
}

impl FakeDevice {
    fn new(connected: bool, quota: Option<u64>) -> Arc<Self> {
        Arc::new(Self { connected: connected.into(), quota, asked: AtomicUsize::new(0) })
    }
}

#[async_trait::async_trait]
impl DeviceStatus for FakeDevice {
    async fn device(&self) -> Result<DeviceInfo, SendError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(10)).await;
        Ok(DeviceInfo::new(self.connected.load(Ordering::SeqCst)).with_quota(self.quota))
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_that_stops_every_message_fails_until_a_success() {
    for (kind, probe_kind) in [
        (SendErrorKind::Unauthenticated, ProbeFailureKind::Misconfigured),
        (SendErrorKind::DeviceOffline, ProbeFailureKind::Unavailable),
        (SendErrorKind::QuotaExhausted, ProbeFailureKind::Unavailable),
        (SendErrorKind::Banned, ProbeFailureKind::Unavailable),
        (SendErrorKind::Disabled, ProbeFailureKind::Disabled),
    ] {
        let fake = FakeProvider::default();
        let provider = WithHealth::new(fake.clone());
        assert_eq!(provider.probe().await, Ok(()));
        fake.then_fail(kind).then_fail(SendErrorKind::InvalidRecipient);
        assert!(provider.send(&sample_message()).await.is_err());
        assert_eq!(provider.probe().await.unwrap_err().kind(), probe_kind);
        // An error about one message neither breaks nor mends.
        assert!(provider.send(&sample_message()).await.is_err());
        assert_eq!(provider.probe().await.unwrap_err().kind(), probe_kind);
        assert!(provider.send(&sample_message()).await.is_ok());
        assert_eq!(provider.probe().await, Ok(()));
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_of_one_moment_is_no_illness() {
    let fake = FakeProvider::default();
    let provider = WithHealth::new(fake.clone());
    for kind in [SendErrorKind::Unavailable, SendErrorKind::RateLimited, SendErrorKind::NotOnWhatsApp] {
        fake.then_fail_with(kind, RetryAdvice::Ambiguous);
        assert!(provider.send(&sample_message()).await.is_err());
        assert_eq!(provider.probe().await, Ok(()));
    }
}

#[tokio::test]
async fn switched_off_it_fails_from_the_start_and_says_how_to_mend_it() {
    let failure = WithHealth::new(DisabledProvider).probe().await.unwrap_err();
    assert_eq!(failure.kind(), ProbeFailureKind::Disabled);
    assert_eq!(failure.reason(), "disabled: messaging is switched off; switch it on to send codes");
}

#[tokio::test(start_paused = true)]
async fn an_old_failure_is_forgiven_when_the_device_is_well() {
    let fake = FakeProvider::default();
    let device = FakeDevice::new(false, None);
    let probe = Arc::new(DeviceProbe::new(device.clone()));
    let provider = WithHealth::new(fake.clone()).with_device(probe);
    fake.then_fail(SendErrorKind::DeviceOffline);
    assert!(provider.send(&sample_message()).await.is_err());

    device.connected.store(true, Ordering::SeqCst);
    assert!(provider.probe().await.is_err(), "a fresh failure is believed");
    device.connected.store(false, Ordering::SeqCst);
    tokio::time::advance(RECOVER_AFTER).await;
    assert!(provider.probe().await.is_err(), "the device is still offline");
    device.connected.store(true, Ordering::SeqCst);
    tokio::time::advance(KEEP_BAD).await;
    assert_eq!(provider.probe().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn the_device_is_asked_once_for_a_while() {
    let device = FakeDevice::new(true, Some(5));
    let probe = DeviceProbe::new(device.clone());
    let together = tokio::join!(probe.probe(), probe.probe(), probe.probe());
    assert_eq!(together, (Ok(()), Ok(()), Ok(())));
    assert_eq!(device.asked.load(Ordering::SeqCst), 1);
    tokio::time::advance(KEEP_GOOD).await;
    assert_eq!(probe.probe().await, Ok(()));
    assert_eq!(device.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_device_without_connection_or_messages_fails() {
    let offline = DeviceProbe::new(FakeDevice::new(false, Some(5))).probe().await.unwrap_err();
    assert!(offline.reason().contains("not connected"), "{offline}");
    let empty = DeviceProbe::new(FakeDevice::new(true, Some(0))).probe().await.unwrap_err();
    assert!(empty.reason().contains("no messages left"), "{empty}");
    assert_eq!(DeviceProbe::new(FakeDevice::new(true, None)).probe().await, Ok(()));
}
