//! Checking codes through the engine.

use wartel_otp::testing::{T0, phone_number, sample_phone};
use wartel_otp::{Check, CheckError, CheckTarget, Purpose, VerificationId, VerificationState};

use crate::desk::{Desk, another, approved, ip, sample, seconds, wrong};

#[tokio::test]
async fn what_is_no_code_spends_nothing() {
    let desk = Desk::new();
    let started = desk.start().await;
    let million = "1".repeat(1_000_000);
    for typed in ["", "12345", "1234567", "12a456", "１２３４５６", "12345\0", "<b>", million.as_str()]
    {
        let Err(CheckError::Malformed(malformed)) = desk.otp.check(started.id, typed).await else {
            panic!("checked")
        };
        assert_eq!(malformed.expected, 6);
    }
    assert_eq!(desk.otp.get(started.id).await.unwrap().unwrap().attempts_left, 5);
}

#[tokio::test]
async fn a_code_may_be_typed_with_spaces() {
    let desk = Desk::new();
    let started = desk.start().await;
    let code = desk.code();
    let typed = format!(" {} {}\n", &code[..3], &code[3..]);
    approved(desk.otp.check(started.id, &typed).await.unwrap());
}

#[tokio::test]
async fn five_wrong_codes_lock_and_then_the_right_one_is_refused() {
    let desk = Desk::new();
    let started = desk.start().await;
    let code = desk.code();
    for left in (0..5).rev() {
        assert_eq!(wrong(&desk.otp.check(started.id, &another(&code)).await.unwrap()), left);
    }
    for typed in [another(&code), code] {
        let Check::Locked { until } = desk.otp.check(started.id, &typed).await.unwrap() else {
            panic!("not locked")
        };
        assert_eq!(until, T0 + seconds(60));
    }
    assert_eq!(desk.otp.get(started.id).await.unwrap().unwrap().state, VerificationState::Locked);
    desk.clock.advance(seconds(60));
    let again = desk.otp.start(sample().own_id(Some(started.id))).await.unwrap();
    approved(desk.otp.check(again.id, &desk.code()).await.unwrap());
}

#[tokio::test]
async fn a_code_is_used_once() {
    let desk = Desk::new();
    let started = desk.start().await;
    approved(desk.otp.check(started.id, &desk.code()).await.unwrap());
    assert!(matches!(desk.otp.check(started.id, &desk.code()).await.unwrap(), Check::NoActiveCode));
    let by_phone = CheckTarget::phone(sample_phone(), Purpose::REGISTRATION);
    assert!(matches!(desk.otp.check(by_phone, &desk.code()).await.unwrap(), Check::NoActiveCode));
}

#[tokio::test]
async fn every_earlier_code_is_dead() {
    let desk = Desk::new();
    let mut dead: Vec<String> = Vec::new();
    for end in ["used", "cancelled", "expired", "locked"] {
        let started = desk.start().await;
        let code = desk.code();
        for old in &dead {
            if *old == code {
                continue;
            }
            assert!(!matches!(desk.otp.check(started.id, old).await.unwrap(), Check::Approved(_)), "{end}");
        }
        match end {
            "used" => drop(approved(desk.otp.check(started.id, &code).await.unwrap())),
            "cancelled" => assert!(desk.otp.cancel(started.id).await.unwrap()),
            "expired" => {}
            _ => {
                while matches!(
                    desk.otp.check(started.id, &another(&code)).await.unwrap(),
                    Check::Wrong { .. }
                ) {}
            }
        }
        desk.clock.advance(seconds(600));
        assert!(!matches!(desk.otp.check(started.id, &code).await.unwrap(), Check::Approved(_)), "{end}");
        dead.push(code);
    }
}

#[tokio::test]
async fn a_code_dies_with_its_time() {
    let desk = Desk::new();
    let started = desk.start().await;
    desk.clock.advance(seconds(300));
    assert!(matches!(desk.otp.check(started.id, &desk.code()).await.unwrap(), Check::NoActiveCode));
    assert_eq!(desk.otp.get(started.id).await.unwrap().unwrap().state, VerificationState::Expired);
}

#[tokio::test]
async fn an_unknown_id_has_no_code() {
    let desk = Desk::new();
    desk.start().await;
    let id = VerificationId::random();
    assert!(matches!(desk.otp.check(id, &desk.code()).await.unwrap(), Check::NoActiveCode));
    assert!(desk.otp.get(id).await.unwrap().is_none());
    assert!(!desk.otp.cancel(id).await.unwrap());
}

#[tokio::test]
async fn a_cancelled_id_has_no_code() {
    let desk = Desk::new();
    let started = desk.start().await;
    assert!(desk.otp.cancel(started.id).await.unwrap());
    assert!(!desk.otp.cancel(started.id).await.unwrap());
    assert!(matches!(desk.otp.check(started.id, &desk.code()).await.unwrap(), Check::NoActiveCode));
}

#[tokio::test]
async fn an_id_with_another_phone_beside_it_has_no_code() {
    let desk = Desk::new();
    let started = desk.start().await;
    let code = desk.code();
    for typed in [&code, &another(&code)] {
        let target = CheckTarget::id(started.id).with_phone(phone_number(2));
        assert!(matches!(desk.otp.check(target, typed).await.unwrap(), Check::NoActiveCode));
    }
    assert_eq!(desk.otp.get(started.id).await.unwrap().unwrap().attempts_left, 5);
    approved(desk.otp.check(CheckTarget::id(started.id).with_phone(sample_phone()), &code).await.unwrap());
}

#[tokio::test]
async fn older_clients_check_by_phone() {
    let desk = Desk::new();
    let started = desk.otp.start(sample().client_ip(ip(1))).await.unwrap();
    let code = desk.code();
    let target = |last: u8| CheckTarget::phone(sample_phone(), Purpose::REGISTRATION).client_ip(ip(last));
    for left in (0..5).rev() {
        assert_eq!(wrong(&desk.otp.check(target(99), &another(&code)).await.unwrap()), left);
    }
    assert!(matches!(desk.otp.check(target(98), &code).await.unwrap(), Check::Locked { .. }));
    assert_eq!(wrong(&desk.otp.check(target(1), &another(&code)).await.unwrap()), 4);
    approved(desk.otp.check(target(1), &code).await.unwrap());
    assert_eq!(desk.otp.get(started.id).await.unwrap().unwrap().state, VerificationState::Approved);
}

#[tokio::test]
async fn a_code_is_for_its_purpose() {
    let desk = Desk::new();
    desk.start().await;
    let login = CheckTarget::phone(sample_phone(), Purpose::LOGIN);
    assert!(matches!(desk.otp.check(login, &desk.code()).await.unwrap(), Check::NoActiveCode));
}
