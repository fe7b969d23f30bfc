//! What the engine tells of refusals, what the guard counts of its sends, and what a request gets that the guard denies.

use std::sync::Arc;

use wartel_core::{Clock, PhoneNumber, TenantId, Timestamp};
use wartel_messaging::SendErrorKind;
use wartel_otp::events::{ChallengeVerdict, Limit, LogEvents, OtpEvent, OtpEvents, TallyFailure};
use wartel_otp::guard::{Level, Window};
use wartel_otp::testing::{RecordedEvents, T0, phone_number, sample_phone};
use wartel_otp::{MemoryTallies, Purpose, Start, StartError, Tally, TallyStore};

use crate::desk::{Desk, another, ip, sample, seconds};
use crate::logs;

fn told(phone: &PhoneNumber, limit: Limit, until: Timestamp) -> OtpEvent {
    OtpEvent::refused(&TenantId::default(), phone, limit, Some(until))
}

/// Lets spawned writes run.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// A desk with waits of a second, and the events of its engine.
fn listening() -> (Desk, RecordedEvents) {
    let events = RecordedEvents::default();
    let recorder = Arc::new(events.clone());
    let mut policy = wartel_otp::OtpPolicy::default();
    policy.waits = vec![seconds(1)];
    (Desk::with(|builder| builder.policy(policy).events(recorder)), events)
}

#[tokio::test]
async fn a_phone_with_too_many_codes_is_told_of() {
    let (desk, events) = listening();
    for _ in 0..5 {
        desk.otp.start(sample().client_ip(ip(1))).await.unwrap();
        desk.clock.advance(seconds(1));
    }
    assert_eq!(events.take(), []);
    let refused = desk.otp.start(sample().client_ip(ip(1))).await;
    assert!(matches!(refused, Err(StartError::RateLimited { limit: Limit::PhoneSends, .. })));
    assert_eq!(events.take(), [told(&sample_phone(), Limit::PhoneSends, T0 + seconds(600))]);
}

#[tokio::test]
async fn a_phone_with_too_many_wrong_codes_is_told_of() {
    let (desk, events) = listening();
    for from in 1..4 {
        let started = desk.otp.start(sample().client_ip(ip(from))).await.unwrap();
        for _ in 0..5 {
            desk.otp.check(started.id, &another(&desk.code())).await.unwrap();
        }
        desk.clock.advance(seconds(1));
    }
    assert_eq!(events.take(), []);
    let refused = desk.otp.start(sample().client_ip(ip(9))).await;
    assert!(matches!(refused, Err(StartError::TooManyAttempts { .. })));
    assert_eq!(events.take(), [told(&sample_phone(), Limit::FailedChecks, T0 + seconds(86_400))]);
}

/// The guard learns of each code that somebody was sent, and of no other.
#[tokio::test]
async fn the_guard_counts_what_was_sent() {
    for (fails, expected) in [(false, vec![Tally::new("default/tenant/", T0, 1, 0)]), (true, vec![])] {
        let tallies = Arc::new(MemoryTallies::new());
        let desk = Desk::with(|builder| builder.tallies(tallies.clone()));
        if fails {
            desk.provider.then_fail(SendErrorKind::NotOnWhatsApp);
        }
        assert_eq!(desk.otp.start(sample()).await.is_err(), fails);
        settle().await;
        let counted = tallies.tallies(vec!["default/tenant/".to_owned()], T0).await.unwrap();
        assert_eq!(counted, expected);
    }
}

/// A request that was answered is answered the same, though the guard has turned against its sender since; a new one
/// with a key is denied like any other, and leaves nothing in the store.
#[tokio::test]
async fn a_denied_request_is_answered_only_from_before() {
    let desk = Desk::new();
    let keyed = |key: &str, body: &str| sample().client_ip(ip(7)).idempotency(key, body);
    let first = desk.otp.start(keyed("key-1", "body")).await.unwrap();
    // Three codes that nobody uses make the range hot from this network.
    for n in 1..3 {
        desk.clock.advance(seconds(1));
        settle().await;
        let other = Start::new(phone_number(67_890 + n), Purpose::REGISTRATION);
        desk.otp.start(other.client_ip(ip(7))).await.unwrap();
    }
    settle().await;
    desk.clock.advance(seconds(15 * 60));
    let before = (desk.store.len(), desk.provider.calls());
    for denied in [sample().client_ip(ip(7)), keyed("key-2", "body")] {
        let Err(StartError::Suspicious { retry_at }) = desk.otp.start(denied).await else {
            panic!("let through")
        };
        assert!(retry_at > desk.clock.now());
    }
    assert_eq!(desk.otp.start(keyed("key-1", "body")).await.unwrap(), first);
    let other = desk.otp.start(keyed("key-1", "another body")).await;
    assert!(matches!(other, Err(StartError::IdempotencyMismatch)));
    assert_eq!((desk.store.len(), desk.provider.calls()), before, "a denied request changed something");
}

#[test]
fn the_log_names_what_happened() {
    logs::install();
    let (tenant, phone) = (TenantId::default(), sample_phone().masked());
    let until = T0 + seconds(60);
    let challenged = |verdict| OtpEvent::Challenged {
        tenant: TenantId::default(),
        phone: sample_phone().masked(),
        why: Level::Prefix,
        verdict,
    };
    let hot = OtpEvent::Hot {
        tenant: tenant.clone(),
        level: Level::Bucket,
        subject: "+628123456 from 203.0.113.0/24".to_owned(),
        window: Window::Hour,
        unverified: 3,
        verified: 1,
        until,
    };
    let would = OtpEvent::WouldRefuse { tenant, phone, limit: Limit::Pumping, until: Some(until) };
    let instant = "until=\"2026-01-01T00:01:00Z\"";
    for (event, level, parts) in [
        (
            told(&sample_phone(), Limit::PhoneSends, until),
            "INFO",
            vec!["a request was refused", "phone_sends", instant],
        ),
        (would, "INFO", vec!["would have been refused", "pumping", instant]),
        (hot, "WARN", vec!["level=\"bucket\"", "window=\"hour\"", "unverified=3 verified=1", instant]),
        (challenged(ChallengeVerdict::Failed), "INFO", vec!["verdict=\"failed\"", "why=\"prefix\""]),
        (challenged(ChallengeVerdict::Unavailable), "WARN", vec!["could not be verified", "why=\"prefix\""]),
    ] {
        logs::listen();
        LogEvents.record(&event);
        let line = logs::heard();
        assert!(line.contains(level) && line.lines().count() == 1, "{line}");
        for part in parts {
            assert!(line.contains(part), "{part} is not in {line}");
        }
    }
    logs::listen();
    LogEvents.record(&OtpEvent::refused(&TenantId::default(), &sample_phone(), Limit::Country, None));
    assert!(!logs::heard().contains("until="), "an instant is made up");
    // The guard itself warns of this.
    logs::listen();
    LogEvents.record(&OtpEvent::TalliesUnavailable { failure: TallyFailure::Read, lost: 0 });
    assert_eq!(logs::heard(), "");
}
