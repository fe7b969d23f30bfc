//! Three ways to stand in for WhatsApp: a scripted fake, a mock with expectations, and time moved by hand.

use std::sync::Arc;
use std::time::Duration;

use wartel_core::{Country, ManualClock, MasterKey, PhoneNumber};
use wartel_messaging::testing::{FakeProvider, MockMessageProvider};
use wartel_messaging::{Capabilities, MessageProvider, RetryAdvice, SendError, SendErrorKind};
use wartel_otp::{MemoryOtpStore, OtpService};

use crate::{Login, Screen};

fn login(provider: impl MessageProvider, clock: &ManualClock) -> Login {
    let (otp, _worker) = OtpService::builder(MasterKey::generate().unwrap())
        .app_name("Toko Budi")
        .provider(Arc::new(provider))
        .store(Arc::new(MemoryOtpStore::new()))
        .clock(Arc::new(clock.clone()))
        .build()
        .unwrap();
    Login::new(otp)
}

fn phone() -> PhoneNumber {
    PhoneNumber::parse("081234567890", Country::INDONESIA).unwrap()
}

#[tokio::test]
async fn the_fake_remembers_the_code_that_it_was_to_send() {
    let provider = FakeProvider::default();
    let login = login(provider.clone(), &ManualClock::default());
    let Screen::EnterCode(id) = login.phone_typed(phone()).await else { panic!("no code was sent") };
    let code = provider.last_code(&phone()).unwrap();
    assert_eq!(login.code_typed(id, &code).await, Screen::Welcome(phone()));
    assert_eq!(provider.sent().len(), 1);
}

#[tokio::test]
async fn the_fake_fails_as_it_is_told() {
    let provider = FakeProvider::default().then_fail(SendErrorKind::QuotaExhausted);
    let login = login(provider, &ManualClock::default());
    assert_eq!(login.phone_typed(phone()).await, Screen::CallUs);
}

#[tokio::test]
async fn the_mock_says_what_it_expects() {
    let mut provider = MockMessageProvider::new();
    provider.expect_name().return_const("mock");
    provider.expect_capabilities().returning(|| Capabilities::none().with_one_time_code());
    provider.expect_send().times(1).returning(|message| {
        assert_eq!(message.to, phone());
        Err(SendError::new("mock", SendErrorKind::Unauthenticated, RetryAdvice::Never))
    });
    assert_eq!(login(provider, &ManualClock::default()).phone_typed(phone()).await, Screen::CallUs);
}

#[tokio::test]
async fn a_code_dies_after_five_minutes_without_waiting_for_them() {
    let (provider, clock) = (FakeProvider::default(), ManualClock::default());
    let login = login(provider.clone(), &clock);
    let Screen::EnterCode(id) = login.phone_typed(phone()).await else { panic!("no code was sent") };
    clock.advance(Duration::from_secs(5 * 60));
    let code = provider.last_code(&phone()).unwrap();
    assert_eq!(login.code_typed(id, &code).await, Screen::BeginAgain);
}
