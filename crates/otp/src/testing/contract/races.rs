//! Many at once. The runtime of these tests has several threads.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::JoinSet;
use wartel_messaging::DeliveryState;

use super::super::{T0, admit_for, attempt, client, phone_number, receipt, redeem, sample_phone};
use super::kit::*;
use crate::budget::{Budget, Rate};
use crate::store::{Admission, AttemptOutcome, Redemption, Refusal, Target};

/// Runs `count` tasks that all begin together, and gathers what they answer.
async fn together<T, F>(count: u32, task: impl Fn(u32) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let gate = Arc::new(Barrier::new(usize::try_from(count).unwrap_or_default()));
    let mut tasks = JoinSet::new();
    for n in 0..count {
        let (gate, work) = (Arc::clone(&gate), task(n));
        tasks.spawn(async move {
            gate.wait().await;
            work.await
        });
    }
    tasks.join_all().await
}

fn count<T>(all: &[T], wanted: impl Fn(&T) -> bool) -> usize {
    all.iter().filter(|one| wanted(one)).count()
}

/// Of two hundred right codes at once one is approved.
pub async fn of_many_right_codes_one_is_approved(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let live = challenge(&store, one.id, T0).await;
    let outcomes = together(200, |_| {
        let (store, check) = (store.clone(), attempt(Target::Id(one.id), Some(live), true));
        async move { good(store.attempt(check, at(1)).await) }
    })
    .await;
    assert_eq!(count(&outcomes, is_approved), 1);
    assert_eq!(count(&outcomes, |outcome| *outcome == AttemptOutcome::NoActiveCode), 199);
}

/// Right codes from several callers at once, with ids and without: one is approved.
pub async fn of_many_callers_one_is_approved(store: Store) {
    let one = given(&store, &ask_quick(1), T0).await;
    let two = given(&store, &ask_quick(2), at(1)).await;
    let live = challenge(&store, one.id, at(1)).await;
    let stranger = super::super::by_phone(&sample_phone(), crate::Purpose::REGISTRATION, None);
    let targets = [Target::Id(one.id), Target::Id(two.id), stranger];
    let outcomes = together(60, |n| {
        let target = targets[n as usize % 3].clone();
        let (store, check) = (store.clone(), attempt(target, Some(live), true));
        async move { good(store.attempt(check, at(2)).await) }
    })
    .await;
    assert_eq!(count(&outcomes, is_approved), 1);
}

/// Of two hundred wrong codes at once five count, and all others are locked out.
pub async fn of_many_wrong_codes_five_count(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let live = challenge(&store, one.id, T0).await;
    let outcomes = together(200, |_| {
        let (store, check) = (store.clone(), attempt(Target::Id(one.id), Some(live), false));
        async move { good(store.attempt(check, at(1)).await) }
    })
    .await;
    for expected in 0..5 {
        assert_eq!(count(&outcomes, |outcome| *outcome == left(expected)), 1, "{expected} left");
    }
    assert_eq!(count(&outcomes, is_locked), 195);
}

/// A right code among as many wrong ones as leave a try wins.
pub async fn a_right_code_among_wrong_ones_wins(store: Store) {
    for round in 0..20 {
        let one = given(&store, &admit_for(&phone_number(round)), T0).await;
        let live = challenge(&store, one.id, T0).await;
        let outcomes = together(5, |n| {
            let (store, check) = (store.clone(), attempt(Target::Id(one.id), Some(live), n == 2));
            async move { good(store.attempt(check, at(1)).await) }
        })
        .await;
        assert_eq!(count(&outcomes, is_approved), 1, "{outcomes:?}");
    }
}

/// However many strangers guess at once, owners lose none of their checks.
pub async fn strangers_at_once_spend_nothing_reserved(store: Store) {
    let mut ids = Vec::new();
    for n in 1..4_u8 {
        ids.push(given(&store, &ask_quick(n), at(u64::from(n))).await.id);
    }
    let live = challenge(&store, ids[0], at(4)).await;
    let outcomes = together(115, |n| {
        let own = ids.get(n as usize / 5).map(|id| Target::Id(*id));
        let stranger = || {
            super::super::by_phone(&sample_phone(), crate::Purpose::REGISTRATION, Some(client(n as u8 + 50)))
        };
        let (store, check) = (store.clone(), attempt(own.unwrap_or_else(stranger), Some(live), false));
        async move { (n < 15, good(store.attempt(check, at(4)).await)) }
    })
    .await;
    let failed = |own: bool| {
        count(&outcomes, |(by, what)| *by == own && matches!(what, AttemptOutcome::Mismatch { .. }))
    };
    assert_eq!((failed(true), failed(false)), (15, 0));
}

/// Of a hundred requests for one phone at once one is sent.
pub async fn of_many_requests_one_is_sent(store: Store) {
    let admissions = together(100, |n| {
        let (store, request) = (store.clone(), ask(n as u8 + 1).build());
        async move { good(store.admit(request, T0).await) }
    })
    .await;
    assert_eq!(count(&admissions, |one| matches!(one, Admission::Send { .. })), 1);
    let too_soon = |one: &Admission| matches!(one, Admission::Refused { reason: Refusal::ResendTooSoon, until } if *until == at(60));
    assert_eq!(count(&admissions, too_soon), 99);
}

/// A shared budget is exact with requests for many phones at once.
pub async fn a_shared_budget_is_exact_at_once(store: Store) {
    let budgets = [Budget::new("ip", Rate::new(10, HOUR)), Budget::new("tenant", Rate::new(600, HOUR))];
    let admissions = together(50, |n| {
        let request = admit_for(&phone_number(n)).shared(budgets.clone()).build();
        let store = store.clone();
        async move { good(store.admit(request, T0).await) }
    })
    .await;
    assert_eq!(count(&admissions, |one| matches!(one, Admission::Send { .. })), 10);
}

/// Workers that look at once lease each send once.
pub async fn workers_lease_each_send_once(store: Store) {
    for n in 0..20 {
        given(&store, &admit_for(&phone_number(n)), T0).await;
    }
    let leased = together(16, |_| {
        let store = store.clone();
        async move { lease(&store, 5, at(30)).await }
    })
    .await;
    let mut times = HashMap::new();
    for send in leased.iter().flatten() {
        *times.entry(send.send).or_insert(0) += 1;
    }
    assert!(times.values().all(|times| *times == 1), "a send is leased twice");
    let rest = lease(&store, 20, at(30)).await.len();
    assert_eq!(times.len() + rest, 20);
}

/// Of many who redeem a proof at once one owns it.
pub async fn of_many_redeemers_one_owns_the_proof(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let live = challenge(&store, one.id, T0).await;
    let check = attempt(Target::Id(one.id), Some(live), true);
    let proof = check.proof_hash.clone();
    assert!(is_approved(&good(store.attempt(check, at(1)).await)));
    let answers = together(50, |n| {
        let (store, redeem) = (store.clone(), redeem(&proof, &format!("user-{n}")));
        async move { good(store.redeem(redeem, at(2)).await) }
    })
    .await;
    assert_eq!(count(&answers, |answer| *answer == Redemption::Phone(sample_phone())), 1);
}

/// Receipts that come at once, beside the provider's answer, end at the furthest state.
pub async fn receipts_at_once_end_at_the_furthest(store: Store) {
    for round in 0..10 {
        let one = given(&store, &admit_for(&phone_number(round)), T0).await;
        let message = format!("m{round}");
        let states =
            [DeliveryState::Sent, DeliveryState::Delivered, DeliveryState::Read, DeliveryState::Failed];
        together(21, |n| {
            let (store, send, message) = (store.clone(), one.send.clone(), message.clone());
            let state = states[n as usize % 4];
            async move {
                if n == 10 {
                    assert!(record(&store, &send, accepted(&message), at(1)).await);
                } else {
                    good(store.record_receipt(receipt("fake", Some(&message), None, state), at(1)).await);
                }
            }
        })
        .await;
        assert_eq!(delivery(&store, one.id, at(2)).await, DeliveryState::Read);
    }
}

/// An answer of the provider and an heir of its lease at once: exactly one of them is heard.
pub async fn a_late_answer_and_its_heir_agree(store: Store) {
    for round in 0..20 {
        let one = given(&store, &admit_for(&phone_number(round)), T0).await;
        let answers = together(2, |n| {
            let (store, send) = (store.clone(), one.send.clone());
            async move {
                if n == 0 {
                    record(&store, &send, accepted(&format!("m{round}")), at(30)).await
                } else {
                    !lease(&store, 1, at(30)).await.is_empty()
                }
            }
        })
        .await;
        assert_eq!(count(&answers, |heard| *heard), 1, "{answers:?}");
    }
}

/// Taking back and the right code at once: the code is approved or taken back, never both.
pub async fn cancel_and_the_right_code_agree(store: Store) {
    for round in 0..20 {
        let one = given(&store, &admit_for(&phone_number(round)), T0).await;
        let live = challenge(&store, one.id, T0).await;
        let answers = together(2, |n| {
            let store = store.clone();
            async move {
                if n == 0 {
                    cancel(&store, one.id, at(1)).await
                } else {
                    let check = attempt(Target::Id(one.id), Some(live), true);
                    is_approved(&good(store.attempt(check, at(1)).await))
                }
            }
        })
        .await;
        assert_eq!(count(&answers, |happened| *happened), 1, "{answers:?}");
    }
}
