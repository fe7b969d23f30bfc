//! Stores that fail: nothing is sent, nothing is approved, and the caller is told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use wartel_core::{StoreError, StoreErrorKind, TenantId, Timestamp};
use wartel_messaging::DeliveryState;
use wartel_otp::store::{Admission, AttemptOutcome, Recorded, Snapshot, Target};
use wartel_otp::testing::mockall::Sequence;
use wartel_otp::testing::{MockOtpStore, T0, admit_for, sample_phone};
use wartel_otp::{
    Check, CheckError, MemoryOtpStore, OtpStore, Purpose, RedeemError, StartError, VerificationId,
};

use crate::desk::{Desk, approved, key, sample, seconds};

fn broken(step: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, step)
}

fn desk(store: MockOtpStore) -> Desk {
    Desk::with(|builder| builder.store(Arc::new(store)))
}

/// What a real store answers to a real request.
async fn sample_admission() -> (Admission, VerificationId, Snapshot) {
    let store = MemoryOtpStore::new();
    let request = admit_for(&sample_phone()).keys(key().id().as_str(), &[]).build();
    let admission = store.admit(request, T0).await.unwrap();
    let Admission::Send { view, .. } = &admission else { panic!("refused") };
    let id = view.id;
    let snapshot = store.get(&TenantId::default(), &Target::Id(id), T0).await.unwrap().unwrap();
    (admission, id, snapshot)
}

#[tokio::test]
async fn without_a_store_nothing_is_sent() {
    let mut store = MockOtpStore::new();
    store.expect_admit().times(1).returning(|_, _| Err(broken("otp.admit")));
    let desk = desk(store);
    let Err(StartError::Store(error)) = desk.otp.start(sample()).await else { panic!("started") };
    assert_eq!((error.kind(), error.step()), (StoreErrorKind::Unavailable, "otp.admit"));
    assert_eq!(desk.provider.calls(), 0);
}

#[tokio::test]
async fn without_a_store_nothing_is_approved() {
    let (_, id, snapshot) = sample_admission().await;
    let mut store = MockOtpStore::new();
    store.expect_get().times(1).returning(|_, _, _| Err(broken("otp.get")));
    assert!(matches!(desk(store).otp.check(id, "123456").await, Err(CheckError::Store(_))));

    let mut store = MockOtpStore::new();
    store.expect_get().returning(move |_, _, _| Ok(Some(snapshot.clone())));
    store.expect_attempt().times(1).returning(|_, _| Err(broken("otp.attempt")));
    assert!(matches!(desk(store).otp.check(id, "123456").await, Err(CheckError::Store(_))));
}

#[tokio::test]
async fn without_a_store_every_verb_says_so() {
    let mut store = MockOtpStore::new();
    store.expect_get().returning(|_, _, _| Err(broken("otp.get")));
    store.expect_cancel().returning(|_, _, _| Err(broken("otp.cancel")));
    store.expect_redeem().returning(|_, _| Err(broken("otp.redeem")));
    store.expect_forget().returning(|_, _, _| Err(broken("otp.forget")));
    store.expect_lease_due().returning(|_, _, _| Err(broken("otp.lease_due")));
    let proof = Desk::new().proof().await;
    let desk = desk(store);
    let id = VerificationId::random();
    assert_eq!(desk.otp.get(id).await.unwrap_err().step(), "otp.get");
    assert_eq!(desk.otp.cancel(id).await.unwrap_err().step(), "otp.cancel");
    assert_eq!(desk.otp.forget(&sample_phone()).await.unwrap_err().step(), "otp.forget");
    assert_eq!(desk.worker.send_due().await.unwrap_err().step(), "otp.lease_due");
    let redeemed = desk.otp.redeem(proof, Purpose::REGISTRATION, "a").await;
    assert!(matches!(redeemed, Err(RedeemError::Store(_))));
}

#[tokio::test]
async fn a_stale_challenge_is_read_again() {
    let (admission, id, snapshot) = sample_admission().await;
    let Admission::Send { view, .. } = &admission else { panic!("refused") };
    assert_eq!(view.id, id);
    let mut store = MockOtpStore::new();
    let mut order = Sequence::new();
    let hashes = Arc::new(Mutex::new(Vec::new()));
    for outcome in [
        AttemptOutcome::Stale,
        AttemptOutcome::Stale,
        AttemptOutcome::Approved { proof_expires_at: T0 + seconds(600) },
    ] {
        let (snapshot, hashes) = (snapshot.clone(), Arc::clone(&hashes));
        store
            .expect_get()
            .times(1)
            .in_sequence(&mut order)
            .returning(move |_, _, _| Ok(Some(snapshot.clone())));
        store.expect_attempt().times(1).in_sequence(&mut order).returning(move |attempt, _: Timestamp| {
            hashes.lock().unwrap().push(attempt.proof_hash);
            Ok(outcome)
        });
    }
    let proof = approved(desk(store).otp.check(id, "123456").await.unwrap());
    assert_eq!(proof.expires_at(), T0 + seconds(600));
    let hashes = hashes.lock().unwrap();
    assert!(
        hashes.len() == 3 && hashes.iter().all(|hash| *hash == hashes[0]),
        "the proof changes between reads"
    );
}

#[tokio::test]
async fn a_challenge_that_is_always_stale_is_an_error() {
    let (_, id, snapshot) = sample_admission().await;
    let mut store = MockOtpStore::new();
    store.expect_get().times(2..10).returning(move |_, _, _| Ok(Some(snapshot.clone())));
    store.expect_attempt().times(2..10).returning(|_, _| Ok(AttemptOutcome::Stale));
    let Err(CheckError::Store(error)) = desk(store).otp.check(id, "123456").await else { panic!("checked") };
    assert_eq!(error.kind(), StoreErrorKind::Unexpected);
}

#[tokio::test]
async fn the_verdict_of_the_store_is_the_verdict() {
    let (_, id, snapshot) = sample_admission().await;
    for (outcome, expected) in [
        (AttemptOutcome::Mismatch { attempts_left: 3 }, "Wrong { attempts_left: 3 }"),
        (AttemptOutcome::NoActiveCode, "NoActiveCode"),
        (AttemptOutcome::Locked { until: T0 }, "Locked { until: 2026-01-01T00:00:00Z }"),
    ] {
        let snapshot = snapshot.clone();
        let mut store = MockOtpStore::new();
        store.expect_get().times(1).returning(move |_, _, _| Ok(Some(snapshot.clone())));
        store.expect_attempt().times(1).returning(move |_, _| Ok(outcome));
        let check: Check = desk(store).otp.check(id, "123456").await.unwrap();
        assert_eq!(format!("{check:?}"), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_outcome_is_recorded_patiently() {
    let (admission, ..) = sample_admission().await;
    let mut store = MockOtpStore::new();
    let calls = Arc::new(AtomicUsize::new(0));
    store.expect_admit().times(1).return_once(move |_, _| Ok(admission));
    let counted = Arc::clone(&calls);
    store.expect_record_delivery().returning(move |_, _| match counted.fetch_add(1, Ordering::SeqCst) {
        0 | 1 => Err(broken("otp.record_delivery")),
        _ => Ok(Recorded::Done),
    });
    let desk = desk(store);
    let started = desk.start().await;
    assert_eq!(started.delivery, DeliveryState::Accepted);
    assert_eq!((desk.provider.calls(), calls.load(Ordering::SeqCst)), (1, 3));
}

#[tokio::test]
async fn a_corrupt_store_is_not_asked_again() {
    let (admission, ..) = sample_admission().await;
    let mut store = MockOtpStore::new();
    store.expect_admit().times(1).return_once(move |_, _| Ok(admission));
    let corrupt = || StoreError::new(StoreErrorKind::Corrupt, "otp.record_delivery");
    store.expect_record_delivery().times(1).returning(move |_, _| Err(corrupt()));
    assert_eq!(desk(store).start().await.delivery, DeliveryState::Accepted);
}
