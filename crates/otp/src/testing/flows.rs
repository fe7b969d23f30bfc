//! Many whole verifications, one of each kind after the other, and then the time after which nothing of them may be
//! left.
#![allow(clippy::panic, clippy::missing_panics_doc, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use wartel_core::{PhoneNumber, StoreError, TenantId, Timestamp};
use wartel_messaging::{DeliveryState, ProviderMessageId};

use super::{T0, admit_for, attempt, by_phone, client, default_rules, phone_number, receipt, redeem};
use crate::budget::{Budget, Rate};
use crate::purpose::Purpose;
use crate::store::{
    Admission, AttemptOutcome, DeliveryRecord, LeasedSend, OtpStore, Redemption, SendOutcome, Target,
};
use crate::verification::{ChallengeId, VerificationView};

const DAY: Duration = Duration::from_secs(86_400);
/// As many phones as the numbers for tests have. With more flows each phone has one on each of several days.
const PHONES: u32 = 100_000;

/// What became of the flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flows {
    /// When the last one was over.
    pub ended_at: Timestamp,
    /// Phones that ended with failed checks and no success since: their counters stay for thirty days.
    pub phones_with_failed_checks: usize,
}

/// Runs `count` flows, `at_once` of them at the same time: a right code and its proof; five wrong ones; a
/// cancelled one; one that nobody ever touches; a send that is refused; a send that is lost and leased again;
/// a stranger's guesses; receipts of all kinds, some of them of no message. Purges once for each day that goes by.
///
/// # Panics
/// If the store fails or answers wrongly.
pub async fn run_flows(store: &Arc<dyn OtpStore>, count: u32, at_once: usize) -> Flows {
    let mut running = JoinSet::new();
    let mut now = T0;
    for flow in 0..count {
        if flow > 0 && flow.is_multiple_of(PHONES) {
            while running.join_next().await.is_some_and(passed) {}
            lease_all(store, now + Duration::from_secs(30)).await;
            now = now + DAY + Duration::from_secs(1);
            purge_all(store, now).await;
        }
        if running.len() >= at_once {
            passed(running.join_next().await.unwrap_or(Ok(())));
        }
        let store = Arc::clone(store);
        running.spawn(async move { one_flow(&*store, flow, now).await });
    }
    while running.join_next().await.is_some_and(passed) {}
    lease_all(store, now + Duration::from_secs(30)).await;
    let last_of =
        |kind: u32| (0..count.min(PHONES)).filter(move |phone| last_flow(*phone, count) % KINDS == kind);
    let phones_with_failed_checks = last_of(1).count() + last_of(6).count();
    Flows { ended_at: now + Duration::from_secs(600), phones_with_failed_checks }
}

/// Deletes until nothing more goes.
///
/// # Panics
/// If the store fails, or always finds something more.
pub async fn purge_all(store: &Arc<dyn OtpStore>, now: Timestamp) {
    for _ in 0..1_000_000 {
        if good(store.purge(&default_rules(), 256, now).await) == 0 {
            return;
        }
    }
    panic!("purge does not come to an end");
}

/// Leases the sends whose senders crashed, which are lost for good then.
async fn lease_all(store: &Arc<dyn OtpStore>, now: Timestamp) {
    while !good(store.lease_due(256, &default_rules(), now).await).is_empty() {}
}

const KINDS: u32 = 8;

/// The last flow of a phone.
fn last_flow(phone: u32, count: u32) -> u32 {
    phone + (count - 1 - phone) / PHONES * PHONES
}

fn passed(joined: Result<(), tokio::task::JoinError>) -> bool {
    match joined {
        Ok(()) => true,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

fn good<T>(result: Result<T, StoreError>) -> T {
    result.unwrap_or_else(|error| panic!("the store failed: {error}"))
}

/// One verification by one person.
struct Flow<'a> {
    store: &'a dyn OtpStore,
    number: u32,
    phone: PhoneNumber,
    view: VerificationView,
    send: LeasedSend,
    challenge: ChallengeId,
    now: Timestamp,
}

async fn one_flow(store: &dyn OtpStore, number: u32, now: Timestamp) {
    let phone = phone_number(number % PHONES);
    let address = client(u8::try_from(number % 250).unwrap_or_default());
    let hour = Duration::from_secs(3_600);
    let request = admit_for(&phone)
        .client(address)
        .shared([Budget::new(format!("ip/{}", number % 4_999), Rate::new(1_000, hour))])
        .refusals([Budget::new(format!("refused/{}", number % 4_999), Rate::new(1_000, hour))])
        .build();
    let challenge = request.fresh.challenge;
    let (view, send) = match good(store.admit(request, now).await) {
        Admission::Send { view, send, .. } => (view, send),
        refused => panic!("flow {number} is not sent: {refused:?}"),
    };
    let flow = Flow { store, number, phone, view, send, challenge, now };
    match number % KINDS {
        0 | 4 => flow.success().await,
        1 => flow.five_wrong().await,
        2 => flow.cancelled().await,
        3 => flow.refused().await,
        // Its sender crashed.
        5 => {}
        6 => flow.strangers().await,
        _ => flow.untouched().await,
    }
}

impl Flow<'_> {
    async fn accepted(&self) {
        let message = format!("m{}", self.number);
        let outcome = SendOutcome::Accepted { message_id: Some(ProviderMessageId::new(&*message)) };
        self.report(outcome).await;
        let second = format!("s{}", self.number);
        for (first, second, state) in [
            (Some(message.as_str()), Some(second.as_str()), DeliveryState::Sent),
            (None, Some(second.as_str()), DeliveryState::Delivered),
        ] {
            let matched =
                good(self.store.record_receipt(receipt("fake", first, second, state), self.now).await);
            assert!(matched, "news of flow {} found nothing", self.number);
        }
    }

    async fn report(&self, outcome: SendOutcome) {
        let record = DeliveryRecord::new(&self.send, "fake", outcome, default_rules());
        good(self.store.record_delivery(record, self.now).await);
    }

    async fn check(&self, target: Target, matched: bool) -> AttemptOutcome {
        good(self.store.attempt(attempt(target, Some(self.challenge), matched), self.now).await)
    }

    async fn success(&self) {
        self.accepted().await;
        let wrong = self.check(Target::Id(self.view.id), false).await;
        assert_eq!(wrong, AttemptOutcome::Mismatch { attempts_left: 4 });
        let right = attempt(Target::Id(self.view.id), Some(self.challenge), true);
        let proof = right.proof_hash.clone();
        let approved = good(self.store.attempt(right, self.now).await);
        assert!(matches!(approved, AttemptOutcome::Approved { .. }), "{approved:?}");
        let redeemed = good(self.store.redeem(redeem(&proof, "user"), self.now).await);
        assert_eq!(redeemed, Redemption::Phone(self.phone.clone()));
    }

    async fn five_wrong(&self) {
        self.accepted().await;
        for left in (0..5).rev() {
            let outcome = self.check(Target::Id(self.view.id), false).await;
            assert_eq!(outcome, AttemptOutcome::Mismatch { attempts_left: left });
        }
    }

    async fn cancelled(&self) {
        self.report(SendOutcome::Unknown).await;
        assert!(good(self.store.cancel(&TenantId::default(), self.view.id, self.now).await));
    }

    async fn refused(&self) {
        self.report(SendOutcome::Refused).await;
    }

    async fn strangers(&self) {
        self.accepted().await;
        let target = by_phone(&self.phone, Purpose::REGISTRATION, None);
        for left in [4, 3] {
            let outcome = self.check(target.clone(), false).await;
            assert_eq!(outcome, AttemptOutcome::Mismatch { attempts_left: left });
        }
    }

    /// Nothing more happens, but for news of a message that nobody knows.
    async fn untouched(&self) {
        let orphan = format!("nobody-{}", self.number);
        let news = receipt("fake", Some(&orphan), None, DeliveryState::Read);
        assert!(!good(self.store.record_receipt(news, self.now).await), "news of nothing found something");
    }
}
