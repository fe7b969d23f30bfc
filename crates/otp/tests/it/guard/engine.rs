//! The guard inside the engine: what a start counts, what a check counts, and what the caller is told.

use std::net::IpAddr;
use std::sync::Arc;

use wartel_core::{ManualClock, Secret};
use wartel_messaging::SendErrorKind;
use wartel_messaging::testing::FakeProvider;
use wartel_otp::challenge_hook::{ChallengeHook, ChallengeHookError, ChallengeRequest};
use wartel_otp::events::{Limit, OtpEvent};
use wartel_otp::testing::{RecordedEvents, T0, phone_number, sample_phone};
use wartel_otp::{OtpBuilder, OtpService, Purpose, Start, StartError};

use super::scene::ip;
use crate::desk::{Desk, another, approved, sample, seconds};

/// A desk whose worker runs, and who watches it.
struct Shop {
    otp: OtpService,
    provider: FakeProvider,
    clock: ManualClock,
    events: RecordedEvents,
}

impl Shop {
    fn new() -> Self {
        Self::with(|builder| builder)
    }

    fn with(change: impl FnOnce(OtpBuilder) -> OtpBuilder) -> Self {
        let events = RecordedEvents::default();
        let watcher = Arc::new(events.clone());
        let Desk { otp, provider, clock, worker, .. } = Desk::with(|builder| change(builder.events(watcher)));
        tokio::spawn(worker.run(std::future::pending()));
        Self { otp, provider, clock, events }
    }

    fn code_of(&self, number: u32) -> String {
        self.provider.last_code(&phone_number(10_000 + number)).unwrap()
    }

    /// Lets time pass after the worker has written what was counted.
    async fn wait(&self, minutes: u64) {
        // Of the runtime, which is paused: no time at all.
        tokio::time::sleep(seconds(2)).await;
        self.clock.advance(seconds(60 * minutes));
    }
}

fn request(number: u32, from: IpAddr) -> Start {
    Start::new(phone_number(10_000 + number), Purpose::REGISTRATION).client_ip(from)
}

#[tokio::test(start_paused = true)]
async fn codes_that_nobody_gives_stop_their_bucket() {
    let shop = Shop::new();
    for n in 0..3 {
        shop.otp.start(request(n, ip(1, 7))).await.unwrap();
    }
    shop.wait(15).await;
    let Err(StartError::Suspicious { retry_at }) = shop.otp.start(request(9, ip(1, 8))).await else {
        panic!("a code is sent")
    };
    assert_eq!(retry_at, T0 + seconds(3_600));
    assert_eq!(shop.provider.count(), 3);
    assert!(
        shop.events
            .take()
            .iter()
            .any(|event| matches!(event, OtpEvent::Refused { limit: Limit::Pumping, .. }))
    );
    shop.otp.start(request(9, ip(2, 8))).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn codes_that_are_given_stop_nobody() {
    let shop = Shop::new();
    for n in 0..10 {
        let started = shop.otp.start(request(n, ip(1, 7))).await.unwrap();
        // Given from elsewhere, and after the boundary of a slot.
        shop.clock.advance(seconds(45));
        approved(shop.otp.check(started.id, &shop.code_of(n)).await.unwrap());
    }
    shop.wait(20).await;
    shop.otp.start(request(99, ip(1, 7))).await.unwrap();
}

/// A provider that is down makes nobody suspicious.
#[tokio::test(start_paused = true)]
async fn codes_that_were_not_sent_do_not_count() {
    let shop = Shop::new();
    shop.provider.always_fail(SendErrorKind::Unavailable);
    for n in 0..9 {
        assert!(matches!(shop.otp.start(request(n, ip(1, 7))).await, Err(StartError::NotSent(_))));
    }
    shop.provider.recover();
    shop.wait(61).await;
    shop.otp.start(request(99, ip(1, 7))).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_code_that_is_sent_again_counts_once() {
    let shop = Shop::new();
    for _ in 0..3 {
        shop.otp.start(request(1, ip(1, 7))).await.unwrap();
        shop.clock.advance(seconds(125));
    }
    shop.wait(15).await;
    shop.otp.start(request(9, ip(1, 7))).await.unwrap();
}

/// Who has a code can give it, whatever is hot by then.
#[tokio::test(start_paused = true)]
async fn a_check_is_never_refused_by_the_guard() {
    let shop = Shop::new();
    for n in 0..3 {
        shop.otp.start(request(n, ip(1, 7))).await.unwrap();
    }
    shop.wait(14).await;
    let started = shop.otp.start(request(50, ip(1, 7))).await.unwrap();
    shop.wait(2).await;
    assert!(matches!(shop.otp.start(request(51, ip(1, 7))).await, Err(StartError::Suspicious { .. })));
    approved(shop.otp.check(started.id, &shop.code_of(50)).await.unwrap());
}

#[derive(Debug)]
struct Captcha;

#[async_trait::async_trait]
impl ChallengeHook for Captcha {
    async fn passes(&self, request: &ChallengeRequest) -> Result<bool, ChallengeHookError> {
        match request.response.as_ref().map(Secret::expose) {
            Some("broken") => Err(ChallengeHookError::new()),
            response => Ok(response == Some("human")),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_challenge_is_asked_and_its_answer_told() {
    let shop = Shop::with(|builder| builder.challenge(Arc::new(Captcha)));
    for n in 0..4 {
        shop.otp.start(request(n, ip(n as u8, 7))).await.unwrap();
    }
    shop.wait(15).await;
    let ask = |response: Option<&str>| request(9, ip(9, 7)).challenge_response(response.map(Secret::new));
    assert!(matches!(shop.otp.start(ask(None)).await, Err(StartError::ChallengeRequired)));
    assert!(matches!(shop.otp.start(ask(Some("robot"))).await, Err(StartError::ChallengeRequired)));
    assert!(matches!(shop.otp.start(ask(Some("broken"))).await, Err(StartError::ChallengeUnavailable)));
    assert_eq!(shop.provider.count(), 4);
    shop.otp.start(ask(Some("human"))).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn every_refusal_is_one_event() {
    let shop = Shop::new();
    let refusals = || -> Vec<(Limit, bool)> {
        let refused = shop.events.take().into_iter().filter_map(|event| match event {
            OtpEvent::Refused { limit, until, .. } => Some((limit, until.is_some())),
            _ => None,
        });
        refused.collect()
    };
    let started = shop.otp.start(sample()).await.unwrap();
    assert_eq!(refusals(), []);
    assert!(shop.otp.start(sample()).await.is_err());
    assert_eq!(refusals(), [(Limit::ResendTooSoon, true)]);

    let wrong = another(&shop.provider.last_code(&sample_phone()).unwrap());
    for _ in 0..5 {
        shop.otp.check(started.id, &wrong).await.unwrap();
    }
    assert_eq!(refusals(), []);
    shop.otp.check(started.id, &wrong).await.unwrap();
    assert_eq!(refusals(), [(Limit::Checks, true)]);

    let landline = wartel_core::PhoneNumber::from_e164("+62217654321").unwrap();
    assert!(shop.otp.start(Start::new(landline, Purpose::REGISTRATION)).await.is_err());
    assert_eq!(refusals(), [(Limit::NumberKind, false)]);
    let abroad = wartel_core::PhoneNumber::from_e164("+6591234567").unwrap();
    assert!(shop.otp.start(Start::new(abroad, Purpose::REGISTRATION)).await.is_err());
    assert_eq!(refusals(), [(Limit::Country, false)]);
}
