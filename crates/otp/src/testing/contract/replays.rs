//! Requests with an idempotency key.

use std::collections::BTreeSet;

use wartel_core::Timestamp;
use wartel_messaging::DeliveryState;

use super::super::{AdmitBuilder, T0, admit_for, phone_number};
use super::kit::*;
use crate::store::{Admission, Refusal, SendOutcome};
use crate::verification::VerificationView;

async fn replayed(store: &Store, request: &AdmitBuilder, now: Timestamp) -> VerificationView {
    match good(store.admit(request.build(), now).await) {
        Admission::Replayed { view } => view,
        other => panic!("not the same answer again but {other:?}, at {now:?}"),
    }
}

async fn is_conflict(store: &Store, request: &AdmitBuilder, now: Timestamp) -> bool {
    matches!(good(store.admit(request.build(), now).await), Admission::Conflict)
}

/// The same request again is answered the same, and nothing is sent; only the delivery is as it stands by then.
pub async fn the_same_key_is_answered_the_same(store: Store) {
    let request = ask_quick(1).idempotency("k1", "body");
    let first = given(&store, &request, T0).await;
    assert_eq!(replayed(&store, &request, at(1)).await, first.view);
    assert!(record(&store, &first.send, accepted("m1"), at(2)).await);
    // Another request in between prolongs the code; the answer to the first one stays.
    given(&store, &ask_quick(1), at(100)).await;
    let again = replayed(&store, &request, at(101)).await;
    assert_eq!(again, VerificationView { delivery: DeliveryState::Accepted, ..first.view });
}

/// A key that stands for one request is refused for another one.
pub async fn a_key_stands_for_one_request(store: Store) {
    let request = ask_quick(1).idempotency("k1", "body");
    given(&store, &request, T0).await;
    assert!(is_conflict(&store, &ask_quick(1).idempotency("k1", "else"), at(5)).await);
    let of_another = admit_for(&phone_number(7)).idempotency("k1", "body");
    assert!(is_conflict(&store, &of_another, at(5)).await, "another phone is another request");
    given(&store, &admit_for(&phone_number(7)).idempotency("k2", "body"), at(5)).await;
    given(&store, &ask_quick(1).idempotency("k2 of another", "body"), at(5)).await;
}

/// A key is known under any of the hashes that the installation's keys give.
pub async fn a_request_is_known_by_any_of_its_hashes(store: Store) {
    let first = given(&store, &ask_quick(1).idempotency("k1", "old"), T0).await;
    let mut again = ask_quick(1).idempotency("k1", "new").build();
    if let Some(idempotency) = &mut again.idempotency {
        idempotency.bodies.push("old".to_owned());
    }
    match good(store.admit(again, at(1)).await) {
        Admission::Replayed { view } => assert_eq!(view, first.view),
        other => panic!("not the same answer again but {other:?}"),
    }
}

/// A request that was refused stands for nothing.
pub async fn a_refused_request_keeps_no_key(store: Store) {
    given(&store, &ask(1), T0).await;
    let request = ask(1).idempotency("k1", "body");
    assert_eq!(refused(&store, &request, at(1)).await.0, Refusal::ResendTooSoon);
    given(&store, &request, at(60)).await;
    replayed(&store, &request, at(61)).await;
}

/// A request of which certainly nothing was sent may be made again under its key.
pub async fn a_key_of_a_refused_send_may_be_used_again(store: Store) {
    let request = ask_quick(1).idempotency("k1", "body");
    let first = given(&store, &request, T0).await;
    assert!(record(&store, &first.send, SendOutcome::Refused, at(1)).await);
    let second = given(&store, &request, at(2)).await;
    assert!(second.id != first.id, "a code that was never sent lives on");
    assert_eq!(replayed(&store, &request, at(3)).await, second.view);
    assert!(is_conflict(&store, &ask_quick(1).idempotency("k1", "else"), at(4)).await);
}

/// A key that stands for nothing stands for no phone either: the number may be mended under the same key.
pub async fn a_key_of_a_refused_send_is_of_no_phone(store: Store) {
    let first = given(&store, &ask_quick(1).idempotency("k1", "body"), T0).await;
    assert!(record(&store, &first.send, SendOutcome::Refused, at(1)).await);
    let mended = admit_for(&phone_number(7)).idempotency("k1", "mended");
    let second = given(&store, &mended, at(2)).await;
    assert_eq!(replayed(&store, &mended, at(3)).await, second.view);
    assert!(is_conflict(&store, &ask_quick(1).idempotency("k1", "body"), at(4)).await);
}

/// A request that may only be answered again is, and admits nothing otherwise.
pub async fn a_replay_admits_nothing(store: Store) {
    let request = ask_quick(1).idempotency("k1", "body");
    let only = |request: &AdmitBuilder| {
        let mut request = request.build();
        request.replay_only = true;
        request
    };
    assert!(matches!(good(store.admit(only(&request), T0).await), Admission::Refused { .. }));
    let first = given(&store, &request, at(1)).await;
    match good(store.admit(only(&request), at(2)).await) {
        Admission::Replayed { view } => assert_eq!(view, first.view),
        other => panic!("not the same answer again but {other:?}"),
    }
}

/// After a day the key stands for nothing.
pub async fn a_key_stands_for_a_day(store: Store) {
    let request = ask_quick(1).idempotency("k1", "body");
    let first = given(&store, &request, T0).await;
    assert_eq!(replayed(&store, &request, T0 + DAY - MICRO).await.id, first.id);
    assert!(given(&store, &ask_quick(1).idempotency("k1", "else"), T0 + DAY).await.id != first.id);
}

/// What is forgotten is not answered again.
pub async fn a_key_of_a_forgotten_phone_may_be_used_again(store: Store) {
    let request = ask_quick(1).idempotency("k1", "body");
    let first = given(&store, &request, T0).await;
    let phone = super::super::sample_phone();
    assert!(good(store.forget(&wartel_core::TenantId::default(), &phone, at(1)).await));
    assert!(given(&store, &request, at(2)).await.id != first.id);
}

/// Of many requests with one key at once, one is sent and all are answered the same.
pub async fn of_many_requests_with_one_key_one_is_sent(store: Store) {
    let request = ask_quick(1).idempotency("k1", "body");
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (store, request) = (store.clone(), request.build());
        tries.spawn(async move { good(store.admit(request, T0).await) });
    }
    let (mut sent, mut ids) = (0, BTreeSet::new());
    while let Some(admission) = tries.join_next().await {
        match admission {
            Ok(Admission::Send { view, .. }) => {
                sent += 1;
                ids.insert(view.id);
            }
            Ok(Admission::Replayed { view }) => {
                ids.insert(view.id);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((sent, ids.len()), (1, 1));
}

/// One key for many phones at once: one is sent, the others are refused.
pub async fn of_many_phones_with_one_key_one_is_sent(store: Store) {
    let mut tries = tokio::task::JoinSet::new();
    for n in 0..50 {
        let request = admit_for(&phone_number(n)).idempotency("k1", &format!("body {n}")).build();
        let store = store.clone();
        tries.spawn(async move { good(store.admit(request, T0).await) });
    }
    let mut sent = 0;
    while let Some(admission) = tries.join_next().await {
        match admission {
            Ok(Admission::Send { .. }) => sent += 1,
            Ok(Admission::Conflict) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(sent, 1);
}
