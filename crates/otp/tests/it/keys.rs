//! Rotation of the secret.

use wartel_core::MasterKey;
use wartel_otp::{Check, VerificationState};

use crate::desk::{Desk, another, approved, key, sample, seconds, wrong};

#[tokio::test]
async fn codes_of_the_previous_secret_still_hold() {
    let old = Desk::new();
    let started = old.start().await;
    let code = old.code();
    let new = MasterKey::generate().unwrap();
    let rotated = old.restarted(|_| builder(&old, new.clone()).previous_secrets(vec![key()]));
    assert_eq!(wrong(&rotated.otp.check(started.id, &another(&code)).await.unwrap()), 4);
    rotated.clock.advance(seconds(60));
    let again = rotated.otp.start(sample().own_id(Some(started.id))).await.unwrap();
    assert_eq!((again.id, rotated.code()), (started.id, code.clone()));
    approved(rotated.otp.check(started.id, &code).await.unwrap());

    // What is made from now on is made with the new secret: the old one alone cannot read it.
    rotated.clock.advance(seconds(1));
    let fresh = rotated.otp.start(sample()).await.unwrap();
    assert!(matches!(old.otp.check(fresh.id, &rotated.code()).await.unwrap(), Check::NoActiveCode));
    approved(rotated.otp.check(fresh.id, &rotated.code()).await.unwrap());
}

#[tokio::test]
async fn codes_of_a_dropped_secret_are_dead_and_cost_nothing() {
    let old = Desk::new();
    let started = old.start().await;
    let code = old.code();
    let dropped = old.restarted(|_| builder(&old, MasterKey::generate().unwrap()));
    for typed in [&code, &another(&code)] {
        assert!(matches!(dropped.otp.check(started.id, typed).await.unwrap(), Check::NoActiveCode));
    }
    assert_eq!(old.otp.get(started.id).await.unwrap().unwrap().attempts_left, 5);
    assert_eq!(dropped.otp.get(started.id).await.unwrap().unwrap().state, VerificationState::Expired);
    // Nobody waits because of a code that nobody can use: a second has passed, not a minute.
    dropped.clock.advance(seconds(1));
    let again = dropped.otp.start(sample().own_id(Some(started.id))).await.unwrap();
    assert_ne!(again.id, started.id);
    approved(dropped.otp.check(again.id, &dropped.code()).await.unwrap());
}

#[tokio::test]
async fn a_crash_beside_a_dropped_secret_sends_no_wrong_code() {
    let old = Desk::new();
    let request =
        wartel_otp::testing::admit_for(&wartel_otp::testing::sample_phone()).keys(key().id().as_str(), &[]);
    wartel_otp::OtpStore::admit(&old.store, request.build(), wartel_otp::testing::T0).await.unwrap();
    let dropped = old.restarted(|_| builder(&old, MasterKey::generate().unwrap()));
    dropped.clock.advance(seconds(30));
    assert_eq!(dropped.worker.send_due().await.unwrap(), 1);
    assert_eq!(dropped.provider.calls(), 0);
}

fn builder(desk: &Desk, secret: MasterKey) -> wartel_otp::OtpBuilder {
    wartel_otp::OtpService::builder(secret)
        .app_name("Toko Budi")
        .provider(std::sync::Arc::new(desk.provider.clone()))
        .store(std::sync::Arc::new(desk.store.clone()))
        .clock(std::sync::Arc::new(desk.clock.clone()))
}

/// The tallies say how long an earlier secret is needed: as long as a code that it made may live, and a day for the
/// requests whose hashes it made.
#[tokio::test]
async fn an_old_secret_may_go_when_nothing_needs_it() {
    let tallies = std::sync::Arc::new(wartel_otp::MemoryTallies::new());
    let desk = crate::desk::Desk::with(|builder| builder.tallies(tallies.clone()));
    let old = crate::desk::key().id();
    let uses = |now| wartel_otp::key_uses(tallies.as_ref(), std::slice::from_ref(&old), now);
    let now = wartel_core::Clock::now(&desk.clock);
    assert!(uses(now).await.unwrap()[0].may_go(now), "a key that made no code is needed");
    desk.start().await;
    // Noted beside the send.
    while uses(now).await.unwrap()[0].codes_until.is_none() {
        tokio::task::yield_now().await;
    }
    let needed = uses(now).await.unwrap().remove(0);
    assert!(needed.codes_until.unwrap() >= now + std::time::Duration::from_secs(600));
    let next_day = now + std::time::Duration::from_secs(86_400 + 300);
    assert!(!needed.may_go(now) && uses(next_day).await.unwrap()[0].may_go(next_day));
}

/// A secret whose codes people send to us is needed as long.
#[tokio::test]
async fn codes_of_the_other_direction_need_their_secret_too() {
    let tallies = std::sync::Arc::new(wartel_otp::MemoryTallies::new());
    let reverse = std::sync::Arc::new(wartel_otp::MemoryOtpStore::new());
    let desk = Desk::with(|builder| builder.tallies(tallies.clone()).reverse_store(reverse));
    let now = wartel_core::Clock::now(&desk.clock);
    let phone = wartel_otp::testing::sample_phone();
    let start = wartel_otp::ReverseStart::new(phone, wartel_otp::Purpose::LOGIN);
    desk.otp.start_reverse(start).await.unwrap();
    // Noted beside the answer.
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    let uses = wartel_otp::key_uses(tallies.as_ref(), &[key().id()], now).await.unwrap();
    assert!(!uses[0].may_go(now));
}
