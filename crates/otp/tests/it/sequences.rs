//! Any sequence of requests, checks and waits: what may never happen, whatever the order.

use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;
use wartel_core::{TenantId, Timestamp};
use wartel_otp::store::{Admission, AttemptOutcome, DeliveryRecord, Recorded, SendOutcome, Target};
use wartel_otp::testing::{T0, admit_for, attempt, by_phone, client, default_rules, sample_phone};
use wartel_otp::{Nonce, OtpStore, Purpose, VerificationId, VerificationState};

use crate::json_store::JsonStore;

const DAY: Duration = Duration::from_secs(86_400);
const PURPOSES: [Purpose; 3] = [Purpose::REGISTRATION, Purpose::LOGIN, Purpose::PASSWORD_RESET];

#[derive(Debug, Clone)]
enum Step {
    Ask { client: Option<u8>, purpose: usize, own: Option<usize>, refuse: bool },
    CheckId { which: usize, matched: bool },
    CheckPhone { client: Option<u8>, purpose: usize, matched: bool },
    Cancel { which: usize },
    Wait { seconds: u64 },
    Work,
    Forget,
}

fn step() -> impl Strategy<Value = Step> {
    let client = || proptest::option::of(0_u8..6);
    let right = || prop::bool::weighted(0.02);
    prop_oneof![
        6 => (client(), 0_usize..3, proptest::option::of(0_usize..8), prop::bool::weighted(0.1))
            .prop_map(|(client, purpose, own, refuse)| Step::Ask { client, purpose, own, refuse }),
        12 => (0_usize..8, right()).prop_map(|(which, matched)| Step::CheckId { which, matched }),
        8 => (client(), 0_usize..3, right())
            .prop_map(|(client, purpose, matched)| Step::CheckPhone { client, purpose, matched }),
        1 => (0_usize..8).prop_map(|which| Step::Cancel { which }),
        8 => prop_oneof![Just(1_u64), Just(30), Just(60), Just(120), Just(300), Just(3_600), Just(40_000)]
            .prop_map(|seconds| Step::Wait { seconds }),
        1 => Just(Step::Work),
        1 => Just(Step::Forget),
    ]
}

/// What has happened so far, as somebody outside sees it.
#[derive(Default)]
struct Seen {
    ids: Vec<VerificationId>,
    failed: Vec<Timestamp>,
    failed_of: HashMap<VerificationId, u32>,
    sends: Vec<Timestamp>,
    approved: Vec<String>,
}

impl Seen {
    fn id(&self, from_the_end: usize) -> Option<VerificationId> {
        self.ids.iter().rev().nth(from_the_end).copied()
    }

    fn check(&mut self, outcome: &AttemptOutcome, matched: bool, nonce: Option<Nonce>, now: Timestamp) {
        match outcome {
            AttemptOutcome::Approved { .. } => {
                assert!(matched, "a wrong code is approved");
                let nonce = String::from(nonce.expect("approved without a live code"));
                assert!(!self.approved.contains(&nonce), "a code is approved twice");
                self.approved.push(nonce);
                self.failed.clear();
            }
            AttemptOutcome::Mismatch { .. } => {
                assert!(!matched, "a right code is called wrong");
                self.failed.push(now);
                assert!(self.failed.len() <= 100, "more than a hundred in a row");
                if let Some(fifteen_before) = self.failed.len().checked_sub(16) {
                    assert!(now >= self.failed[fifteen_before] + DAY, "more than fifteen in a day");
                }
            }
            AttemptOutcome::Stale => panic!("stale without anybody else"),
            _ => {}
        }
    }

    fn sent(&mut self, now: Timestamp) {
        self.sends.push(now);
        for (max, window) in [(5, Duration::from_secs(600)), (10, DAY)] {
            if let Some(earlier) = self.sends.len().checked_sub(max + 1) {
                assert!(now >= self.sends[earlier] + window, "more than {max} sends in {window:?}");
            }
        }
    }
}

async fn run(store: &JsonStore, seen: &mut Seen, step: &Step, now: Timestamp) {
    let tenant = TenantId::default();
    match step {
        Step::Ask { client: from, purpose, own, refuse } => {
            let mut request = admit_for(&sample_phone()).purpose(PURPOSES[*purpose].clone());
            if let Some(from) = from {
                request = request.client(client(*from));
            }
            if let Some(own) = own.and_then(|own| seen.id(own)) {
                request = request.own_id(own);
            }
            match store.admit(request.build(), now).await.unwrap() {
                Admission::Send { view, send, .. } => {
                    assert_eq!(view.state, VerificationState::Pending);
                    assert!(
                        view.expires_at.since(now) >= Duration::from_secs(30),
                        "a code is sent that is nearly dead"
                    );
                    if !seen.ids.contains(&view.id) {
                        seen.ids.push(view.id);
                    }
                    let outcome = if *refuse { SendOutcome::Refused } else { SendOutcome::Unknown };
                    let record = DeliveryRecord::new(&send, "fake", outcome, default_rules());
                    let recorded = store.record_delivery(record, now).await.unwrap();
                    assert!(matches!(recorded, Recorded::Done), "{recorded:?}");
                    if !refuse {
                        seen.sent(now);
                    }
                }
                Admission::Refused { until, .. } => assert!(until > now, "refused until the past"),
                other => panic!("{other:?}"),
            }
        }
        Step::CheckId { which, matched } => {
            let Some(id) = seen.id(*which) else { return };
            let target = Target::Id(id);
            let snapshot = store.get(&tenant, &target, now).await.unwrap();
            let state = snapshot.as_ref().and_then(|snapshot| snapshot.view.as_ref()).map(|view| view.state);
            let live = snapshot.and_then(|snapshot| snapshot.live);
            let attempt = attempt(target, live.as_ref().map(|live| live.id), *matched);
            let outcome = store.attempt(attempt, now).await.unwrap();
            seen.check(&outcome, *matched, live.map(|live| live.nonce), now);
            let counted = matches!(outcome, AttemptOutcome::Mismatch { .. });
            if state == Some(VerificationState::Pending) {
                // Whatever strangers did: who has a pending id gets her checks.
                assert!(counted || matches!(outcome, AttemptOutcome::Approved { .. }), "{outcome:?}");
            }
            let failed = seen.failed_of.entry(id).or_default();
            *failed += u32::from(counted);
            assert!(*failed <= 5, "an id has more than five checks");
        }
        Step::CheckPhone { client: from, purpose, matched } => {
            let target = by_phone(&sample_phone(), PURPOSES[*purpose].clone(), from.map(client));
            let live = store.get(&tenant, &target, now).await.unwrap().and_then(|snapshot| snapshot.live);
            let attempt = attempt(target, live.as_ref().map(|live| live.id), *matched);
            let outcome = store.attempt(attempt, now).await.unwrap();
            seen.check(&outcome, *matched, live.map(|live| live.nonce), now);
        }
        Step::Cancel { which } => {
            if let Some(id) = seen.id(*which) {
                store.cancel(&tenant, id, now).await.unwrap();
            }
        }
        Step::Wait { .. } => {}
        Step::Work => {
            assert!(
                store.lease_due(10, &default_rules(), now).await.unwrap().is_empty(),
                "a recorded send is due"
            );
            store.purge(&default_rules(), 10, now).await.unwrap();
        }
        Step::Forget => {
            store.forget(&tenant, &sample_phone(), now).await.unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_breaks_a_limit(steps in prop::collection::vec(step(), 1..250)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (store, mut seen, mut now) = (JsonStore::default(), Seen::default(), T0);
            for step in &steps {
                if let Step::Wait { seconds } = step {
                    now = now + Duration::from_secs(*seconds);
                }
                run(&store, &mut seen, step, now).await;
            }
            // In the end nothing is kept for ever.
            let end = now + 40 * DAY;
            while store.purge(&default_rules(), 10, end).await.unwrap() > 0 {}
            assert!(store.is_empty(), "something is kept for ever");
        });
    }
}
