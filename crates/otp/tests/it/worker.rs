//! What a crash left unsent, and what is over.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use wartel_core::{Clock, Locale, StoreError, StoreErrorKind};
use wartel_messaging::{DeliveryState, SendErrorKind};
use wartel_otp::store::Admission;
use wartel_otp::testing::{MockOtpStore, admit_for, sample_phone};
use wartel_otp::{MemoryTallies, OtpStore as _, Purpose, Tally, TallyStore as _, VerificationId};

use crate::desk::{Desk, another, approved, key, sample, seconds};

/// A process admits a request, and dies before it sends.
async fn crash(desk: &Desk) -> VerificationId {
    let key = key().id();
    let request = admit_for(&sample_phone()).keys(key.as_str(), &[]).greeting("Budi", Locale::Id).build();
    match desk.store.admit(request, desk.clock.now()).await.unwrap() {
        Admission::Send { view, .. } => view.id,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_code_that_a_crash_left_is_sent() {
    let desk = Desk::new();
    let id = crash(&desk).await;
    desk.clock.advance(seconds(29));
    assert_eq!(desk.worker.send_due().await.unwrap(), 0);
    desk.clock.advance(seconds(1));
    assert_eq!(desk.worker.send_due().await.unwrap(), 1);
    assert_eq!(desk.provider.count(), 1);
    let text = desk.provider.last_text(&sample_phone()).unwrap();
    // Sent after thirty seconds: four whole minutes are left.
    assert!(text.contains("Halo Budi") && text.contains("4 menit"), "another text");
    assert_eq!(desk.otp.get(id).await.unwrap().unwrap().delivery, DeliveryState::Accepted);
    approved(desk.otp.check(id, &desk.code()).await.unwrap());
    desk.clock.advance(seconds(60));
    assert_eq!(desk.worker.send_due().await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_code_whose_send_never_ends_is_sent_twice_at_the_most() {
    let desk = Desk::new();
    let id = crash(&desk).await;
    for expected in [1, 0, 0] {
        desk.clock.advance(seconds(31));
        desk.provider.then_hang(seconds(60));
        assert_eq!(desk.worker.send_due().await.unwrap(), expected);
    }
    assert_eq!(desk.provider.calls(), 1);
    assert_eq!(desk.otp.get(id).await.unwrap().unwrap().delivery, DeliveryState::Unknown);
}

#[tokio::test]
async fn a_refusal_after_a_crash_leaves_the_code_alive() {
    let desk = Desk::new();
    let id = crash(&desk).await;
    desk.clock.advance(seconds(30));
    desk.provider.then_fail(SendErrorKind::RateLimited);
    assert_eq!(desk.worker.send_due().await.unwrap(), 1);
    assert_eq!(desk.otp.get(id).await.unwrap().unwrap().delivery, DeliveryState::Unknown);
    desk.clock.advance(seconds(30));
    desk.otp.start(sample().own_id(Some(id))).await.unwrap();
    approved(desk.otp.check(id, &desk.code()).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn the_worker_looks_by_itself_and_ends_when_told() {
    let Desk { provider, store, clock, otp, worker } = Desk::new();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(worker.run(async {
        let _told = stopped.await;
    }));
    let desk = Desk { worker: Desk::new().worker, provider, store, clock, otp };
    crash(&desk).await;
    desk.clock.advance(seconds(30));
    timeout(seconds(5), desk.provider.wait_sent(1)).await.unwrap();
    stop.send(()).unwrap();
    timeout(seconds(5), running).await.unwrap().unwrap();
}

#[tokio::test]
async fn everything_that_is_over_is_deleted() {
    let desk = Desk::new();
    let started = desk.otp.start(sample().client_ip(crate::desk::ip(1)).name("Budi")).await.unwrap();
    desk.otp.check(started.id, &another(&desk.code())).await.unwrap();
    let proof = approved(desk.otp.check(started.id, &desk.code()).await.unwrap());
    desk.otp.redeem(proof, Purpose::REGISTRATION, "a").await.unwrap();
    desk.provider.then_fail(SendErrorKind::NotOnWhatsApp);
    assert!(desk.otp.start(sample().client_ip(crate::desk::ip(1))).await.is_err());
    let again = desk.start().await;
    desk.otp.check(again.id, &another(&desk.code())).await.unwrap();
    assert!(!desk.store.is_empty());
    assert_eq!(desk.worker.purge().await.unwrap(), 0);
    desk.clock.advance(seconds(31 * 86_400));
    assert!(desk.worker.purge().await.unwrap() > 0);
    assert!(desk.store.is_empty());
}

#[tokio::test]
async fn names_and_codes_are_deleted_after_a_day() {
    let store = crate::json_store::JsonStore::default();
    let json: Arc<dyn wartel_otp::OtpStore> = Arc::new(store.clone());
    let desk = Desk::with(|builder| builder.store(json));
    desk.otp.start(sample().name("Wulandari")).await.unwrap();
    assert!(store.written().iter().any(|document| document.contains("Wulandari")));
    desk.clock.advance(seconds(300 + 86_400));
    desk.worker.purge().await.unwrap();
    let last = store.written().pop().unwrap_or_default();
    assert!(store.is_empty() || !last.contains("Wulandari"), "a name is kept too long");
}

#[tokio::test(start_paused = true)]
async fn the_worker_outlives_a_broken_store() {
    let mut store = MockOtpStore::new();
    let broken = || StoreError::new(StoreErrorKind::Unavailable, "otp.lease_due");
    store.expect_lease_due().times(3..).returning(move |_, _, _| Err(broken()));
    store.expect_purge().times(1..).returning(move |_, _, _| Err(broken()));
    let desk = Desk::with(|builder| builder.store(Arc::new(store)));
    desk.worker.run(sleep(seconds(5))).await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_stops_waits_for_the_sends_under_way() {
    let desk = Desk::policy(|policy| policy.accept_wait = seconds(1));
    desk.provider.then_accept_after(seconds(5));
    let started = desk.start().await;
    assert_eq!(started.delivery, DeliveryState::Queued);
    desk.worker.run(std::future::ready(())).await;
    let view = desk.otp.get(started.id).await.unwrap().unwrap();
    assert_eq!(view.delivery, DeliveryState::Accepted, "a stop is not a crash");
}

#[tokio::test]
async fn what_is_deleted_is_counted() {
    let tallies = Arc::new(MemoryTallies::new());
    let desk = Desk::with(|builder| builder.tallies(tallies.clone()));
    let now = desk.clock.now();
    tallies.add_tallies(vec![Tally::new("a", now, 1, 0), Tally::new("b", now, 1, 0)]).await.unwrap();
    assert_eq!(desk.worker.purge().await.unwrap(), 0);
    desk.clock.advance(seconds(3 * 86_400));
    assert_eq!(desk.worker.purge().await.unwrap(), 2);
}
