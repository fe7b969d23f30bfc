//! What a request may bring along: an idempotency key, variables, a number that exists for tests.

use wartel_core::{Locale, Timestamp};
use wartel_messaging::DeliveryState;
use wartel_messaging::SendErrorKind;
use wartel_otp::testing::{T0, phone_number, sample_phone};
use wartel_otp::{
    BuildError, Check, MessageTemplates, Purpose, Start, StartError, TestNumber, VerificationState,
};

use crate::desk::{Desk, approved, sample, seconds, wrong};

#[tokio::test]
async fn the_same_key_sends_one_message() {
    let desk = Desk::new();
    let request = || sample().idempotency("key-1", "body");
    let first = desk.otp.start(request()).await.unwrap();
    let again = desk.otp.start(request()).await.unwrap();
    assert_eq!(first, again);
    let key =
        wartel_messaging::ReceiptKey::new(Some(wartel_messaging::ProviderMessageId::new("fake-1")), None);
    let receipt = wartel_messaging::DeliveryReceipt::new("fake", key.unwrap(), DeliveryState::Delivered);
    assert!(desk.otp.record_receipt(receipt).await.unwrap());
    assert_eq!(desk.otp.start(request()).await.unwrap(), first, "a receipt changes what was answered");
    assert_eq!(desk.provider.count(), 1);
    let other = desk.otp.start(sample().idempotency("key-1", "other body")).await;
    assert!(matches!(other, Err(StartError::IdempotencyMismatch)));
    let elsewhere = Start::new(phone_number(9), Purpose::REGISTRATION).idempotency("key-1", "body");
    assert!(matches!(desk.otp.start(elsewhere).await, Err(StartError::IdempotencyMismatch)));
    // Keys are of their tenant.
    let tenant = desk.otp.for_tenant(wartel_core::TenantId::parse("toko-siti").unwrap());
    tenant.start(sample().idempotency("key-1", "another")).await.unwrap();
}

#[tokio::test]
async fn fifty_requests_with_one_key_send_one_message() {
    let desk = Desk::new();
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let otp = desk.otp.clone();
        tries.spawn(async move { otp.start(sample().idempotency("key-1", "body")).await.unwrap().id });
    }
    let ids: std::collections::BTreeSet<_> = tries.join_all().await.into_iter().collect();
    assert_eq!((ids.len(), desk.provider.count()), (1, 1));
}

#[tokio::test]
async fn a_key_whose_message_was_refused_may_be_used_again() {
    let desk = Desk::new();
    let request = || sample().idempotency("key-1", "body");
    desk.provider.then_fail(SendErrorKind::DeviceOffline);
    assert!(matches!(desk.otp.start(request()).await, Err(StartError::NotSent(_))));
    let sent = desk.otp.start(request()).await.unwrap();
    assert_eq!(desk.otp.start(request()).await.unwrap(), sent);
    assert_eq!(desk.provider.count(), 1);
}

#[tokio::test]
async fn a_key_is_known_after_the_secret_was_changed() {
    let desk = Desk::new();
    let request = || sample().idempotency("key-1", "body");
    let first = desk.otp.start(request()).await.unwrap();
    let old = crate::desk::key();
    let desk = Desk::around(desk.provider.clone(), desk.store.clone(), desk.clock.clone(), |_| {
        let new = wartel_core::MasterKey::parse(&crate::desk::SECRET.replace("00", "aa")).unwrap();
        wartel_otp::OtpService::builder(new)
            .previous_secrets(vec![old])
            .app_name("Toko Budi")
            .provider(std::sync::Arc::new(desk.provider.clone()))
            .store(std::sync::Arc::new(desk.store.clone()))
            .clock(std::sync::Arc::new(desk.clock.clone()))
    });
    assert_eq!(desk.otp.start(request()).await.unwrap(), first);
    assert_eq!(desk.provider.count(), 1);
}

#[tokio::test]
async fn a_message_says_its_variables_again_after_a_crash() {
    let text = "{{ vars.branch }} {{ app }}: {{ code }}";
    let templates = || MessageTemplates::default().with(Locale::Id, text).unwrap();
    let desk = Desk::with(|builder| builder.templates(templates()));
    let request = sample().variable("branch", "Cabang Bandung").unwrap();
    desk.otp.start(request).await.unwrap();
    let text = desk.provider.last_text(&sample_phone()).unwrap();
    assert!(text.starts_with("Cabang Bandung Toko Budi: "), "the variable is missing");
    desk.clock.advance(seconds(60));
    desk.start().await;
    let text = desk.provider.last_text(&sample_phone()).unwrap();
    assert!(text.starts_with(" Toko Budi: "), "a request says what an earlier one brought");
}

#[test]
fn variables_carry_neither_advertisements_nor_codes() {
    assert!(sample().variable("branch", "Cabang Bandung").is_ok());
    let bad = [
        ("branch", "kunjungi toko.example"),
        ("branch", "https://a"),
        ("branch", "kode 123456"),
        ("branch", ""),
        ("branch", "a\u{202e}b"),
        ("branch", "x".repeat(41).as_str()),
        ("Branch", "Bandung"),
        ("", "Bandung"),
        ("a1", "Bandung"),
    ]
    .map(|(name, value)| sample().variable(name, value).is_err());
    assert_eq!(bad, [true; 9]);
    let mut start = sample();
    for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        start = start.variable(name, "Bandung").unwrap();
    }
    assert!(start.variable("i", "Bandung").is_err(), "there is no end to the variables");
}

fn test_number(until: Timestamp) -> TestNumber {
    TestNumber::new(phone_number(77), "135790", until).unwrap()
}

#[tokio::test]
async fn a_test_number_never_reaches_the_provider() {
    let until = T0 + seconds(3_600);
    let desk = Desk::with(|builder| builder.test_numbers(vec![test_number(until)]));
    let request = || Start::new(phone_number(77), Purpose::LOGIN);
    let started = desk.otp.start(request()).await.unwrap();
    assert_eq!((started.delivery, desk.provider.calls()), (DeliveryState::Accepted, 0));
    assert_eq!(wrong(&desk.otp.check(started.id, "135791").await.unwrap()), 4);
    approved(desk.otp.check(started.id, "135790").await.unwrap());
    let view = desk.otp.get(started.id).await.unwrap().unwrap();
    assert_eq!(view.state, VerificationState::Approved);

    // Others are as ever, also with the fixed code.
    let other = desk.start().await;
    assert_eq!(desk.provider.calls(), 1);
    assert!(
        desk.code() == "135790"
            || matches!(desk.otp.check(other.id, "135790").await, Ok(Check::Wrong { .. }))
    );
}

#[tokio::test]
async fn a_test_number_ends() {
    let until = T0 + seconds(100);
    let desk = Desk::with(|builder| builder.test_numbers(vec![test_number(until)]));
    let request = || Start::new(phone_number(77), Purpose::LOGIN);
    let started = desk.otp.start(request()).await.unwrap();
    desk.clock.advance(seconds(100));
    assert!(
        matches!(desk.otp.check(started.id, "135790").await, Ok(Check::Wrong { .. })),
        "the code still holds"
    );
    desk.otp.start(request()).await.unwrap();
    assert_eq!(desk.provider.calls(), 1, "the number is still one for tests");
}

#[test]
fn a_test_number_has_a_code_as_long_as_others() {
    let short = TestNumber::new(phone_number(77), "1234", T0);
    assert!(short.is_err());
    let built = wartel_otp::OtpService::builder(crate::desk::key())
        .app_name("Toko Budi")
        .provider(std::sync::Arc::new(wartel_messaging::testing::FakeProvider::new()))
        .store(std::sync::Arc::new(wartel_otp::MemoryOtpStore::new()))
        .test_numbers(vec![TestNumber::new(phone_number(77), "12345678", T0).unwrap()])
        .build();
    assert!(matches!(built, Err(BuildError::TestNumber)));
    assert!(!format!("{:?}", test_number(T0)).contains("135790"));
}

#[tokio::test]
async fn an_operator_unlocks_a_phone() {
    let desk = Desk::new();
    for from in 1..4 {
        let started = desk.otp.start(sample().client_ip(crate::desk::ip(from))).await.unwrap();
        for _ in 0..5 {
            let code = crate::desk::another(&desk.code());
            desk.otp.check(started.id, &code).await.unwrap();
        }
        desk.clock.advance(seconds(400));
    }
    assert!(matches!(desk.otp.start(sample()).await, Err(StartError::TooManyAttempts { .. })));
    assert!(desk.otp.unlock(&sample_phone()).await.unwrap());
    desk.start().await;
}

#[test]
fn the_budgets_of_a_request_are_locked_in_one_order() {
    let budget = |key: &str| wartel_otp::Budget::new(key, wartel_otp::Rate::new(3, seconds(60)));
    let request = wartel_otp::testing::admit_for(&sample_phone())
        .idempotency("a-hash", "another-hash")
        .shared([budget("ip"), budget("all")])
        .refusals([budget("ip-refused")]);
    let keys: Vec<String> = request.build().budgets().into_iter().map(|budget| budget.key).collect();
    assert_eq!(keys, ["idempotency/a-hash", "ip-refused", "ip", "all"]);
}

#[tokio::test]
async fn the_engine_says_what_it_was_built_with() {
    let desk = Desk::policy(|policy| policy.checks = 3);
    assert_eq!((desk.otp.policy().checks, desk.otp.app_name()), (3, "Toko Budi"));
    assert_eq!(*desk.otp.tenant(), wartel_core::TenantId::default());
    let tenant = wartel_core::TenantId::parse("toko-siti").unwrap();
    assert_eq!(*desk.otp.for_tenant(tenant.clone()).tenant(), tenant);
    assert_eq!(desk.otp.challenge_wait(), seconds(0));
    let hook = std::sync::Arc::new(wartel_otp::testing::MockChallengeHook::new());
    let asked = Desk::with(|builder| builder.challenge(hook));
    assert_eq!(asked.otp.challenge_wait(), wartel_otp::guard::HOOK_TIME);
}
