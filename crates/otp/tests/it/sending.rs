//! Asking for a code: what the caller is told, and what the provider gets.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use wartel_core::{Country, PhoneNumber};
use wartel_messaging::{
    Capabilities, DeliveryReceipt, DeliveryState, ProviderMessageId, ReceiptKey, RetryAdvice, SendErrorKind,
};
use wartel_otp::testing::{T0, phone_number, sample_phone};
use wartel_otp::{Check, Purpose, Start, StartError, VerificationState};

use crate::desk::{Desk, approved, ip, sample, seconds};

async fn delivery(desk: &Desk, id: wartel_otp::VerificationId) -> DeliveryState {
    desk.otp.get(id).await.unwrap().unwrap().delivery
}

#[tokio::test]
async fn a_code_is_sent_checked_and_redeemed() {
    let desk = Desk::new();
    let started = desk.start().await;
    assert_eq!((started.phone.clone(), started.delivery), (sample_phone(), DeliveryState::Accepted));
    assert_eq!(started.attempts_left, 5);
    let now = T0;
    assert_eq!((started.expires_at, started.resend_at), (now + seconds(300), now + seconds(60)));
    assert_eq!(desk.provider.count(), 1);
    assert_eq!(desk.code().len(), 6);
    let proof = approved(desk.otp.check(started.id, &desk.code()).await.unwrap());
    assert_eq!(proof.expires_at(), now + seconds(600));
    assert_eq!(desk.otp.redeem(proof, Purpose::REGISTRATION, "user-1").await.unwrap(), sample_phone());
    let view = desk.otp.get(started.id).await.unwrap().unwrap();
    assert_eq!(view.state, VerificationState::Approved);
}

#[tokio::test]
async fn codes_may_be_longer() {
    let desk = Desk::policy(|policy| policy.length = 10);
    let started = desk.start().await;
    assert_eq!(desk.code().len(), 10);
    approved(desk.otp.check(started.id, &desk.code()).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_hangs_is_waited_for_two_seconds() {
    let desk = Desk::new();
    desk.provider.then_hang(seconds(60));
    let began = Instant::now();
    let started = desk.start().await;
    assert_eq!(began.elapsed(), seconds(2));
    assert_eq!(started.delivery, DeliveryState::Queued);
    assert_eq!(delivery(&desk, started.id).await, DeliveryState::Queued);

    // Meanwhile others are served at once.
    let other = desk.otp.start(Start::new(phone_number(2), Purpose::REGISTRATION)).await.unwrap();
    approved(desk.otp.check(other.id, &desk.code_of(&phone_number(2))).await.unwrap());
    assert_eq!(began.elapsed(), seconds(2));

    // The send is given up within its lease of 30 seconds; nobody knows what came of it.
    sleep(seconds(24)).await;
    assert_eq!(delivery(&desk, started.id).await, DeliveryState::Unknown);
    assert!(began.elapsed() < seconds(30));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_late_is_recorded() {
    let desk = Desk::new();
    desk.provider.then_accept_after(seconds(10));
    let started = desk.start().await;
    assert_eq!(started.delivery, DeliveryState::Queued);
    sleep(seconds(9)).await;
    assert_eq!(delivery(&desk, started.id).await, DeliveryState::Accepted);
    approved(desk.otp.check(started.id, &desk.code()).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_comes_late_is_recorded() {
    let desk = Desk::new();
    desk.provider.then_fail_after(seconds(10), SendErrorKind::Rejected);
    let started = desk.start().await;
    sleep(seconds(9)).await;
    let view = desk.otp.get(started.id).await.unwrap().unwrap();
    assert_eq!((view.state, view.delivery), (VerificationState::Expired, DeliveryState::Failed));
    desk.start().await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_leaves_cancels_nothing() {
    let desk = Desk::new();
    desk.provider.then_accept_after(Duration::from_millis(1_500));
    assert!(timeout(seconds(1), desk.start()).await.is_err());
    timeout(seconds(5), desk.provider.wait_sent(1)).await.unwrap();
    let message = ReceiptKey::new(Some(ProviderMessageId::new("fake-1")), None).unwrap();
    tokio::task::yield_now().await;
    // The provider's answer was recorded: the message is known by its id.
    let receipt = DeliveryReceipt::new("fake", message, DeliveryState::Sent);
    assert!(desk.otp.record_receipt(receipt).await.unwrap());
}

#[tokio::test]
async fn a_refusal_is_told_and_the_next_try_is_free() {
    let desk = Desk::new();
    for kind in [SendErrorKind::NotOnWhatsApp, SendErrorKind::Unauthenticated, SendErrorKind::Unavailable] {
        desk.provider.then_fail(kind);
        let Err(StartError::NotSent(error)) = desk.otp.start(sample()).await else { panic!("sent") };
        assert_eq!(error.kind(), kind);
    }
    assert_eq!(desk.provider.count(), 0);
    let started = desk.start().await;
    approved(desk.otp.check(started.id, &desk.code()).await.unwrap());
}

#[tokio::test]
async fn a_refused_resend_leaves_the_code_that_arrived() {
    let desk = Desk::new();
    let first = desk.start().await;
    desk.clock.advance(seconds(60));
    desk.provider.then_fail(SendErrorKind::RateLimited);
    assert!(matches!(desk.otp.start(sample().own_id(Some(first.id))).await, Err(StartError::NotSent(_))));
    approved(desk.otp.check(first.id, &desk.code()).await.unwrap());
}

#[tokio::test]
async fn an_answer_that_is_lost_is_unknown_and_counts() {
    let desk = Desk::new();
    desk.provider.then_lose_answer();
    let started = desk.start().await;
    assert_eq!(started.delivery, DeliveryState::Unknown);
    let Err(StartError::ResendTooSoon { retry_at }) = desk.otp.start(sample()).await else { panic!("sent") };
    assert_eq!(retry_at, started.resend_at);
    approved(desk.otp.check(started.id, &desk.code()).await.unwrap());
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_an_error_and_counts() {
    let desk = Desk::new();
    desk.provider.then_fail_with(SendErrorKind::Unavailable, RetryAdvice::Never);
    let ask = || sample().client_ip(ip(1));
    assert!(matches!(desk.otp.start(ask()).await, Err(StartError::NotSent(_))));
    // It may have arrived: the code lives, and the wait stands.
    assert!(matches!(desk.otp.start(ask()).await, Err(StartError::ResendTooSoon { .. })));
    desk.clock.advance(seconds(60));
    let again = desk.otp.start(ask()).await.unwrap();
    assert_eq!((again.delivery, again.resend_at), (DeliveryState::Accepted, T0 + seconds(180)));
}

#[tokio::test(start_paused = true)]
async fn a_resend_that_hangs_is_not_said_to_be_accepted() {
    let desk = Desk::new();
    let first = desk.start().await;
    desk.clock.advance(seconds(60));
    desk.provider.then_hang(seconds(10));
    let again = desk.otp.start(sample().own_id(Some(first.id))).await.unwrap();
    assert_eq!((again.id, again.delivery), (first.id, DeliveryState::Queued));
    // The verification shows the furthest of its messages.
    assert_eq!(delivery(&desk, first.id).await, DeliveryState::Accepted);
}

#[tokio::test]
async fn messaging_that_is_off_is_an_error_and_leaves_nothing() {
    let desk = Desk::new();
    let off = desk.provider.clone().with_capabilities(Capabilities::disabled());
    assert!(matches!(desk.otp.start(sample()).await, Err(StartError::MessagingDisabled)));
    assert!(desk.store.is_empty());
    assert_eq!(off.calls(), 0);
}

#[tokio::test]
async fn a_provider_without_codes_is_an_error_and_leaves_nothing() {
    let desk = Desk::new();
    let _text_only = desk.provider.clone().with_capabilities(Capabilities::none().with_text());
    assert!(matches!(desk.otp.start(sample()).await, Err(StartError::Unsupported)));
    assert!(desk.store.is_empty());
}

#[tokio::test]
async fn only_allowed_countries_get_codes() {
    let singapore = PhoneNumber::parse("+6591234567", Country::INDONESIA).unwrap();
    let ask = |phone: &PhoneNumber| Start::new(phone.clone(), Purpose::REGISTRATION);
    let desk = Desk::new();
    assert!(matches!(desk.otp.start(ask(&singapore)).await, Err(StartError::UnsupportedCountry)));
    assert!(desk.store.is_empty());

    let both = Desk::policy(|policy| policy.countries.push(Country::parse("SG").unwrap()));
    assert_eq!(both.otp.start(ask(&singapore)).await.unwrap().phone, singapore);
    let none = Desk::policy(|policy| policy.countries.clear());
    assert!(matches!(none.otp.start(sample()).await, Err(StartError::UnsupportedCountry)));
}

#[tokio::test]
async fn a_landline_gets_no_code() {
    let desk = Desk::new();
    let landline = PhoneNumber::parse("+62215551234", Country::INDONESIA).unwrap();
    let refused = desk.otp.start(Start::new(landline, Purpose::REGISTRATION)).await;
    assert!(matches!(refused, Err(StartError::NotMobile)));
    assert!(desk.store.is_empty());
}

#[tokio::test]
async fn a_resend_is_the_very_same_code() {
    let desk = Desk::new();
    let first = desk.start().await;
    let code = desk.code();
    desk.clock.advance(seconds(60));
    let again = desk.otp.start(sample().own_id(Some(first.id))).await.unwrap();
    assert_eq!((again.id, desk.code(), desk.provider.count()), (first.id, code, 2));
    assert_eq!(again.expires_at, first.expires_at + seconds(60));
    desk.clock.advance(seconds(300));
    let later = desk.otp.start(sample().own_id(Some(first.id))).await.unwrap();
    assert_ne!(later.id, first.id);
    assert!(matches!(desk.otp.check(first.id, &desk.code()).await.unwrap(), Check::NoActiveCode));
}

#[tokio::test]
async fn tenants_have_their_own_codes() {
    let desk = Desk::new();
    let other = desk.otp.for_tenant(wartel_core::TenantId::parse("toko-siti").unwrap());
    let first = desk.start().await;
    let code = desk.code();
    let second = other.start(sample()).await.unwrap();
    assert!(other.get(first.id).await.unwrap().is_none());
    assert!(matches!(other.check(first.id, &code).await.unwrap(), Check::NoActiveCode));
    approved(desk.otp.check(first.id, &code).await.unwrap());
    approved(other.check(second.id, &desk.code()).await.unwrap());
}
