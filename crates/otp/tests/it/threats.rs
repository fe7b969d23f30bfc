//! Threats that no other file of tests has: spellings of a number, limits that tell who is known, clocks that differ.

use std::collections::HashSet;
use std::time::Duration;

use wartel_core::{Clock, Country, ManualClock, PhoneNumber};
use wartel_otp::testing::{T0, phone_number};
use wartel_otp::{Check, CheckTarget, Purpose, Start, StartError};

use crate::desk::{Desk, another, approved, ip, sample, seconds};

/// Ten ways to write one Indonesian number.
fn spellings(n: u32) -> [String; 10] {
    let rest = format!("{n:05}");
    let (one, two) = rest.split_at(2);
    [
        format!("0812345{rest}"),
        format!("62812345{rest}"),
        format!("+62812345{rest}"),
        format!("0812-345{one}-{two}"),
        format!("0812 345 {rest}"),
        format!("+62 812 345 {one} {two}"),
        format!("+62-812-345-{rest}"),
        format!("(0812) 345{rest}"),
        format!("62 812 345{rest}"),
        format!(" 0812345{rest} "),
    ]
}

/// Threat 21: two hundred spellings of twenty numbers are twenty numbers, to budgets too.
#[tokio::test]
async fn two_hundred_spellings_of_twenty_numbers_are_twenty_numbers() {
    let desk = Desk::new();
    let (mut keys, mut spelled) = (HashSet::new(), 0);
    for n in 0..20 {
        for (turn, text) in spellings(n * 4_999).iter().enumerate() {
            let phone = PhoneNumber::parse_lenient(text, Country::INDONESIA);
            let phone = phone.unwrap_or_else(|error| panic!("spelling {turn}: {error}"));
            spelled += 1;
            keys.insert(phone.e164().to_owned());
            let started = desk.otp.start(Start::new(phone, Purpose::LOGIN).client_ip(ip(9))).await;
            match started {
                Ok(_) => assert_eq!(turn, 0, "another spelling is another number"),
                Err(StartError::ResendTooSoon { .. }) => assert!(turn > 0),
                Err(error) => panic!("{error:?}"),
            }
        }
    }
    assert_eq!((spelled, keys.len(), desk.provider.count()), (200, 20, 20));
    // Digits of other scripts are refused or mean the same; they are never another number.
    for text in ["٠٨١٢٣٤٥٠٠٠٠٠", "０８１２３４５０００００"] {
        let phone = PhoneNumber::parse_lenient(text, Country::INDONESIA);
        assert!(phone.is_err() || phone.is_ok_and(|phone| keys.contains(phone.e164())), "{text}");
    }
}

/// What a stranger sees who asks again and again for a day: when it is refused, why, and until when.
async fn schedule(desk: &Desk, phone: PhoneNumber) -> Vec<String> {
    let begin = desk.clock.now();
    let mut seen = Vec::new();
    for second in (0..24 * 3_600).step_by(97) {
        desk.clock.set(begin + seconds(second));
        let after = |at: wartel_core::Timestamp| at.since(begin).as_secs();
        let start = Start::new(phone.clone(), Purpose::LOGIN).client_ip(ip(9));
        seen.push(match desk.otp.start(start).await {
            Ok(started) => format!("sent, again after {}", after(started.resend_at)),
            Err(StartError::ResendTooSoon { retry_at }) => format!("too soon, {}", after(retry_at)),
            Err(StartError::RateLimited { retry_at, .. }) => format!("limited, {}", after(retry_at)),
            Err(StartError::TooManyAttempts { retry_at }) => format!("locked, {}", after(retry_at)),
            Err(error) => format!("{error}"),
        });
        let check = desk.otp.check(CheckTarget::phone(phone.clone(), Purpose::LOGIN), "0000000000").await;
        seen.push(match check.unwrap() {
            Check::Wrong { attempts_left } => format!("{attempts_left} left"),
            Check::Locked { until } => format!("locked, {}", after(until)),
            Check::NoActiveCode => "none".to_owned(),
            Check::Approved(_) => panic!("a guess of ten digits was right"),
        });
    }
    seen
}

/// Threat 22: limits are the same for a number that was proven here before and for one that nobody has ever seen.
#[tokio::test]
async fn limits_tell_nothing_about_who_is_known() {
    let desk = Desk::unguarded(|policy| policy.length = 10);
    let (known, unknown) = (phone_number(1), phone_number(2));
    let started = desk.otp.start(Start::new(known.clone(), Purpose::REGISTRATION)).await.unwrap();
    let proof = approved(desk.otp.check(started.id, &desk.code_of(&known)).await.unwrap());
    desk.otp.redeem(proof, Purpose::REGISTRATION, "account-1").await.unwrap();
    desk.clock.advance(seconds(25 * 3_600));

    let of_known = schedule(&desk, known).await;
    desk.clock.advance(seconds(25 * 3_600));
    let of_unknown = schedule(&desk, unknown).await;
    assert_eq!(of_known, of_unknown);
    for wanted in ["sent", "too soon", "limited", "locked", "left"] {
        assert!(of_known.iter().any(|seen| seen.contains(wanted)), "the schedule has no {wanted:?}");
    }
}

/// Threat 20, as far as it is the engine's: nodes whose clocks are five minutes apart share every count, so going from
/// one to the other renews nothing. (That they decide alike is the work of the store's clock, which nodes ask.)
#[tokio::test]
async fn clocks_five_minutes_apart_renew_nothing() {
    let behind = Desk::policy(|policy| policy.length = 10);
    let clock = ManualClock::new(T0 + Duration::from_secs(300));
    let mut ahead = Desk::around(behind.provider.clone(), behind.store.clone(), clock, |builder| {
        let mut policy = wartel_otp::OtpPolicy::default();
        policy.length = 10;
        builder.policy(policy)
    });
    ahead.provider = behind.provider.clone();
    let (mut counted, mut sends) = (0, 0);
    for _ in 0..10 * 60 {
        for desk in [&behind, &ahead, &behind] {
            if let Ok(started) = desk.otp.start(sample().client_ip(ip(1))).await {
                sends += 1;
                for node in [&ahead, &behind, &ahead, &behind, &ahead, &behind] {
                    let check = node.otp.check(started.id, "0000000000").await.unwrap();
                    counted += u32::from(matches!(check, Check::Wrong { .. }));
                }
            }
        }
        for desk in [&behind, &ahead] {
            desk.clock.advance(seconds(60));
        }
    }
    assert!((1..=15).contains(&counted), "{counted} guesses in ten hours");
    assert!((1..=10).contains(&sends), "{sends} sends in ten hours");
}

/// The same, for the one success: whichever node is asked, a code is used once.
#[tokio::test]
async fn clocks_five_minutes_apart_use_a_code_once() {
    let early = Desk::new();
    let late = Desk::around(
        early.provider.clone(),
        early.store.clone(),
        ManualClock::new(T0 + Duration::from_secs(240)),
        |builder| builder,
    );
    let started = early.start().await;
    let code = early.code();
    assert!(matches!(
        late.otp.check(started.id, &another(&code)).await.unwrap(),
        Check::Wrong { attempts_left: 4 }
    ));
    approved(late.otp.check(started.id, &code).await.unwrap());
    for desk in [&early, &late] {
        assert!(matches!(desk.otp.check(started.id, &code).await.unwrap(), Check::NoActiveCode));
    }
}
