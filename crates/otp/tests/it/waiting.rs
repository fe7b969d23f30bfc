//! Waiting for news of a verification.

use std::time::Duration;

use tokio::time::Instant;
use wartel_messaging::{DeliveryReceipt, DeliveryState, ProviderMessageId, ReceiptKey};
use wartel_otp::{OtpStore as _, VerificationId, VerificationState};

use crate::desk::{Desk, another, approved, sample, seconds, wrong};

fn receipt(state: DeliveryState) -> DeliveryReceipt {
    let key = ReceiptKey::new(Some(ProviderMessageId::new("fake-1")), None).unwrap();
    DeliveryReceipt::new("fake", key, state)
}

#[tokio::test(start_paused = true)]
async fn news_end_the_wait_at_once() {
    let desk = Desk::new();
    let started = desk.start().await;
    let seen = desk.otp.get(started.id).await.unwrap().unwrap();
    let began = Instant::now();
    let (changed, matched) = tokio::join!(desk.otp.changed(started.id, &seen, seconds(30)), async {
        tokio::time::sleep(Duration::from_millis(40)).await;
        desk.otp.record_receipt(receipt(DeliveryState::Delivered)).await
    });
    assert!(matched.unwrap());
    assert_eq!(changed.unwrap().unwrap().delivery, DeliveryState::Delivered);
    // A waiter reads ten times in a second at the most.
    assert_eq!(began.elapsed(), Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn a_right_code_ends_the_wait() {
    let desk = Desk::new();
    let started = desk.start().await;
    let seen = desk.otp.get(started.id).await.unwrap().unwrap();
    let code = desk.code();
    let (changed, checked) = tokio::join!(desk.otp.changed(started.id, &seen, seconds(30)), async {
        tokio::time::sleep(seconds(1)).await;
        desk.otp.check(started.id, &code).await
    });
    approved(checked.unwrap());
    assert_eq!(changed.unwrap().unwrap().state, VerificationState::Approved);
}

#[tokio::test(start_paused = true)]
async fn news_from_another_process_end_the_wait_within_half_a_second() {
    let desk = Desk::new();
    let started = desk.start().await;
    let seen = desk.otp.get(started.id).await.unwrap().unwrap();
    let began = Instant::now();
    let (changed, ()) = tokio::join!(desk.otp.changed(started.id, &seen, seconds(30)), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        // Straight into the store: this process's engine knows nothing of it.
        let now = wartel_otp::testing::T0;
        assert!(desk.store.record_receipt(receipt(DeliveryState::Read), now).await.unwrap());
    });
    assert_eq!(changed.unwrap().unwrap().delivery, DeliveryState::Read);
    assert!(began.elapsed() <= Duration::from_millis(500), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn without_news_the_wait_ends_when_it_is_over() {
    let desk = Desk::new();
    let started = desk.start().await;
    let seen = desk.otp.get(started.id).await.unwrap().unwrap();
    let began = Instant::now();
    let view = desk.otp.changed(started.id, &seen, seconds(3)).await.unwrap().unwrap();
    assert_eq!((view, began.elapsed()), (seen.clone(), seconds(3)));
    let at_once = desk.otp.changed(started.id, &seen, Duration::ZERO).await.unwrap();
    assert_eq!((at_once, began.elapsed()), (Some(seen), seconds(3)));
}

#[tokio::test(start_paused = true)]
async fn what_is_unknown_is_not_waited_for() {
    let desk = Desk::new();
    let started = desk.start().await;
    let seen = desk.otp.get(started.id).await.unwrap().unwrap();
    let began = Instant::now();
    assert_eq!(desk.otp.changed(VerificationId::random(), &seen, seconds(30)).await.unwrap(), None);
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_code_ends_the_wait() {
    let desk = Desk::new();
    let started = desk.start().await;
    let seen = desk.otp.get(started.id).await.unwrap().unwrap();
    let began = Instant::now();
    let (changed, checked) = tokio::join!(desk.otp.changed(started.id, &seen, seconds(30)), async {
        tokio::time::sleep(seconds(1)).await;
        desk.otp.check(started.id, &another(&desk.code())).await
    });
    assert_eq!(wrong(&checked.unwrap()), 4);
    assert_eq!(changed.unwrap().unwrap().attempts_left, 4);
    assert!(began.elapsed() < seconds(2), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_code_that_lives_longer_ends_the_wait() {
    let desk = Desk::new();
    let started = desk.start().await;
    let seen = desk.otp.get(started.id).await.unwrap().unwrap();
    let began = Instant::now();
    let (changed, again) = tokio::join!(desk.otp.changed(started.id, &seen, seconds(30)), async {
        tokio::time::sleep(seconds(1)).await;
        desk.clock.advance(seconds(60));
        desk.otp.start(sample().own_id(Some(started.id))).await
    });
    assert_eq!(again.unwrap().id, started.id);
    assert_eq!(changed.unwrap().unwrap().expires_at, seen.expires_at + seconds(60));
    assert!(began.elapsed() < seconds(2), "{:?}", began.elapsed());
}
