//! Thirty days of somebody who wants to guess one phone's code and has everything but the phone.
//!
//! Time is virtual. By default the attacker strikes every 20 minutes and at every instant at which a limit says that
//! she may try again; the long runs (`WARTEL_LONG` of 20 and more) strike every minute besides.

use std::collections::VecDeque;
use std::net::IpAddr;

use wartel_core::Timestamp;
use wartel_otp::testing::{T0, sample_phone};
use wartel_otp::{
    Check, CheckTarget, Purpose, Start, StartError, Started, VerificationId, VerificationState,
};

use crate::desk::{Desk, approved, rounds, seconds, wrong};

const DAY: u64 = 86_400;
const DAYS: u64 = 30;

fn purposes() -> [Purpose; 4] {
    [Purpose::REGISTRATION, Purpose::LOGIN, Purpose::PASSWORD_RESET, Purpose::parse("withdrawal").unwrap()]
}

/// Codes of ten digits, so that no guess is right by luck.
fn desk() -> Desk {
    Desk::unguarded(|policy| policy.length = 10)
}

struct Attacker<'a> {
    desk: &'a Desk,
    addresses: u32,
    turn: u32,
    guess: u64,
    ids: VecDeque<VerificationId>,
    /// Guesses that were compared with the code, since the last success of anybody.
    counted: Vec<Timestamp>,
    most_in_a_day: usize,
    retry_at: Option<Timestamp>,
}

impl<'a> Attacker<'a> {
    fn new(desk: &'a Desk, addresses: u32) -> Self {
        Self {
            desk,
            addresses,
            turn: 0,
            guess: 0,
            ids: VecDeque::new(),
            counted: Vec::new(),
            most_in_a_day: 0,
            retry_at: None,
        }
    }

    /// The next of her addresses, in 10.0.0.0/8.
    fn address(&mut self) -> IpAddr {
        self.turn += 1;
        let [_, b, c, d] = (self.turn % self.addresses).to_be_bytes();
        IpAddr::from([10, b, c, d])
    }

    async fn guess(&mut self, target: CheckTarget) -> Check {
        self.guess = (self.guess + 7_919) % 10_000_000_000;
        let check = self.desk.otp.check(target, &format!("{:010}", self.guess)).await.unwrap();
        match check {
            Check::Wrong { .. } => self.count(),
            Check::Approved(_) => panic!("a guess of ten digits was right"),
            Check::NoActiveCode | Check::Locked { .. } => {}
        }
        check
    }

    fn count(&mut self) {
        let now = self.desk.otp.clock().now();
        self.counted.push(now);
        let in_a_day = self.counted.iter().filter(|at| **at + seconds(DAY) > now).count();
        self.most_in_a_day = self.most_in_a_day.max(in_a_day);
        assert!(in_a_day <= 15, "{in_a_day} guesses in a day");
        assert!(self.counted.len() <= 100, "more than a hundred guesses in a row");
    }

    /// Does everything that may help, now.
    async fn strike(&mut self) {
        for purpose in purposes() {
            let mut start = Start::new(sample_phone(), purpose.clone()).client_ip(self.address());
            if self.turn.is_multiple_of(3) {
                start = start.own_id(self.ids.back().copied());
            }
            self.note(self.desk.otp.start(start).await);
            for _ in 0..3 {
                let target = CheckTarget::phone(sample_phone(), purpose.clone()).client_ip(self.address());
                self.guess(target).await;
            }
            self.guess(CheckTarget::phone(sample_phone(), purpose)).await;
        }
        for id in self.ids.clone() {
            while matches!(self.guess(id.into()).await, Check::Wrong { .. }) {}
        }
        while self.ids.len() > 6 {
            let id = self.ids.pop_front().unwrap();
            self.desk.otp.cancel(id).await.unwrap();
        }
    }

    fn note(&mut self, started: Result<Started, StartError>) {
        let now = self.desk.otp.clock().now();
        match started {
            Ok(started) if self.ids.contains(&started.id) => {}
            Ok(started) => self.ids.push_back(started.id),
            Err(
                StartError::ResendTooSoon { retry_at }
                | StartError::RateLimited { retry_at, .. }
                | StartError::TooManyAttempts { retry_at },
            ) => {
                assert!(retry_at > now, "she may try again in the past");
                self.retry_at = Some(self.retry_at.map_or(retry_at, |known| known.min(retry_at)));
            }
            Err(error) => panic!("{error:?}"),
        }
    }

    /// Waits for the next strike.
    async fn rest(&mut self) {
        let step = if rounds(1) >= 20 { 60 } else { 1_200 };
        let now = self.desk.otp.clock().now();
        let next = self.retry_at.take().map_or(now + seconds(step), |at| at.min(now + seconds(step)));
        self.desk.clock.advance(next.since(now));
        self.desk.worker.send_due().await.unwrap();
    }
}

/// Lets her try for thirty days. What she may have is checked at every guess; here, that she is an attacker who gets
/// as far as anybody can, give or take what does not come out even.
async fn thirty_days(addresses: u32) {
    let desk = desk();
    let mut attacker = Attacker::new(&desk, addresses);
    let (end, mut purged) = (T0 + seconds(DAYS * DAY), T0);
    while desk.otp.clock().now() < end {
        attacker.strike().await;
        attacker.rest().await;
        if purged + seconds(DAY) < desk.otp.clock().now() {
            purged = desk.otp.clock().now();
            desk.worker.purge().await.unwrap();
        }
    }
    let (all, in_a_day) = (attacker.counted.len(), attacker.most_in_a_day);
    println!("{addresses} addresses, {DAYS} days: {all} guesses, at most {in_a_day} in 24 hours");
    assert!((91..=100).contains(&all), "{all} guesses in a row");
    assert!((11..=15).contains(&in_a_day), "{in_a_day} guesses in a day");
}

/// Threats 3 and 4: resends, fresh sessions and addresses renew no guesses.
#[tokio::test]
async fn thirty_days_from_ten_thousand_addresses_give_at_most_a_hundred_guesses() {
    thirty_days(10_000).await;
}

/// Threat 4: an attacker with one address meets the very same limits.
#[tokio::test]
async fn thirty_days_from_one_address_give_at_most_a_hundred_guesses() {
    thirty_days(1).await;
}

/// Whoever owns the phone may have to wait for a code. Once she has an id, every one of her five checks is hers,
/// whatever the attacker does between them; and the right one succeeds.
#[tokio::test]
async fn an_owner_with_an_id_always_has_her_five_checks() {
    let desk = desk();
    let mut attacker = Attacker::new(&desk, 10_000);
    let owner = IpAddr::from([192, 0, 2, 1]);
    let (end, mut codes, mut delayed) = (T0 + seconds(DAYS * DAY), 0, 0);
    let mut next = T0 + seconds(600);
    while desk.otp.clock().now() < end {
        attacker.strike().await;
        attacker.rest().await;
        if desk.otp.clock().now() < next {
            continue;
        }
        next = desk.otp.clock().now() + seconds(3 * 3_600);
        // Hours differ, so that she asks at different stages of the attack.
        let start = Start::new(sample_phone(), Purpose::LOGIN).client_ip(owner);
        let Ok(started) = desk.otp.start(start).await else {
            delayed += 1;
            next = desk.otp.clock().now();
            continue;
        };
        codes += 1;
        let code = desk.code();
        for left in (1..5).rev() {
            attacker.strike().await;
            let check = desk.otp.check(started.id, &crate::desk::another(&code)).await.unwrap();
            attacker.count();
            assert_eq!(wrong(&check), left, "code {codes}");
        }
        attacker.strike().await;
        if codes % 2 == 0 {
            approved(desk.otp.check(started.id, &code).await.unwrap());
            attacker.counted.clear();
        } else {
            // The last check is hers too, also when it is wrong.
            assert_eq!(wrong(&desk.otp.check(started.id, &crate::desk::another(&code)).await.unwrap()), 0);
            attacker.count();
            let view = desk.otp.get(started.id).await.unwrap().unwrap();
            assert_eq!(view.state, VerificationState::Locked);
        }
    }
    println!("the owner got {codes} codes in {DAYS} days and was delayed {delayed} times");
    assert!(codes >= 10, "she got {codes} codes only");
}

/// Threat 11: whoever knows nothing but the number cannot spoil a code that somebody else asked for.
#[tokio::test]
async fn ten_thousand_tries_without_an_id_spoil_nothing() {
    let desk = desk();
    let started =
        desk.otp.start(crate::desk::sample().client_ip(IpAddr::from([192, 0, 2, 1]))).await.unwrap();
    let mut attacker = Attacker::new(&desk, 10_000);
    for n in 0..10_000 {
        let target = CheckTarget::phone(sample_phone(), Purpose::REGISTRATION);
        let target = if n % 2 == 0 { target } else { target.client_ip(attacker.address()) };
        attacker.guess(target).await;
    }
    assert_eq!(attacker.counted.len(), 5);
    approved(desk.otp.check(started.id, &desk.code()).await.unwrap());
}
