//! Asking for a code that the person will send.

use std::time::Duration;

use wartel_messaging::DeliveryState;

use super::super::{T0, client, sample_phone};
use super::kit::*;
use crate::budget::{Budget, Rate};
use crate::purpose::Purpose;
use crate::reverse_store::{OpenReverse, ReverseRefusal, ReverseState, ReverseTarget};
use crate::verification::{VerificationId, VerificationState};
use wartel_core::KeyId;

/// A new one waits for its code, and reads back as it was opened.
pub async fn a_new_one_waits_for_its_code(store: Store) {
    let request = wish(1);
    let challenge = open(&store, request.clone(), T0).await;
    assert_eq!((challenge.id, challenge.nonce), (request.id, request.nonce));
    assert_eq!((&challenge.key, &challenge.purpose), (&request.key, &request.purpose));
    assert_eq!((challenge.state, challenge.ends_at), (ReverseState::Waiting, T0 + 5 * MINUTE));
    assert_eq!(challenge.phone, sample_phone());
    for target in [ReverseTarget::Id(challenge.id), ReverseTarget::Phone(sample_phone())] {
        assert_eq!(read(&store, &target, T0).await, std::slice::from_ref(&challenge));
    }
}

/// A verification that is read by its id shows as pending, with nothing sent.
pub async fn it_shows_as_a_verification(store: Store) {
    let id = opened(&store, 1, T0).await;
    let view = view(&store, id, at(1)).await.unwrap_or_else(|| panic!("the id is not known"));
    assert_eq!((view.id, view.phone, view.purpose), (id, sample_phone(), Purpose::REGISTRATION));
    assert_eq!((view.state, view.delivery), (VerificationState::Pending, DeliveryState::Queued));
    assert_eq!((view.attempts_left, view.expires_at, view.resend_at), (10, T0 + 5 * MINUTE, T0));
}

/// Nobody else gets an id that waits, also not from the same address: whoever has it gets the proof.
pub async fn everybody_gets_an_id_of_their_own(store: Store) {
    let one = opened(&store, 1, T0).await;
    let again = open(&store, wish(1), T0).await;
    let other = open(&store, wish(2), T0).await;
    let all = [one, again.id, other.id];
    assert!(all.iter().enumerate().all(|(n, id)| !all[n + 1..].contains(id)));
    assert_ne!(again.nonce, other.nonce);
    let found = read(&store, &ReverseTarget::Phone(sample_phone()), T0).await;
    assert_eq!(found.iter().map(|one| one.id).collect::<Vec<_>>(), all, "in the order of their creation");
}

/// The caller who names its own id keeps it and its code, and it is waited for longer, but never past 10 minutes.
pub async fn the_named_id_is_kept(store: Store) {
    let first = open(&store, wish(1), T0).await;
    let again = |from| OpenReverse { own_id: Some(first.id), ..wish(from) };
    let kept = open(&store, again(2), at(60)).await;
    assert_eq!((kept.id, kept.nonce, kept.ends_at), (first.id, first.nonce, at(360)));
    assert_eq!(open(&store, again(1), at(359)).await.ends_at, at(600));
    assert_eq!(open(&store, again(1), at(599)).await.ends_at, at(600));
    assert_ne!(open(&store, again(1), at(600)).await.id, first.id, "one that is over is not kept");
}

/// An id of another phone, purpose or tenant, an unknown one, and one whose code arrived, count as none.
pub async fn a_foreign_id_counts_as_none(store: Store) {
    let first = opened(&store, 1, T0).await;
    let foreign = OpenReverse { own_id: Some(first), ..wish(2) };
    for request in [
        OpenReverse { phone: other_phone(), ..foreign.clone() },
        OpenReverse { purpose: Purpose::LOGIN, ..foreign.clone() },
        OpenReverse { tenant: other_tenant(), ..foreign.clone() },
        OpenReverse { own_id: Some(VerificationId::random()), ..foreign.clone() },
    ] {
        let fresh = request.id;
        assert_eq!(open(&store, request, at(1)).await.id, fresh);
    }
    confirm(&store, first, at(2)).await;
    let fresh = OpenReverse { id: VerificationId::random(), ..foreign };
    assert_eq!(open(&store, fresh.clone(), at(3)).await.id, fresh.id);
}

/// Six wait for a phone and purpose; a seventh is refused until the first one expires, and nobody is pushed out.
pub async fn a_stranger_pushes_nobody_out(store: Store) {
    let owner = opened(&store, 1, T0).await;
    for n in 1..6 {
        opened(&store, 10 + n, at(n.into())).await;
    }
    assert_eq!(refused(&store, wish(20), at(10)).await, (ReverseRefusal::Open, at(300)));
    assert_eq!(state(&store, owner, at(10)).await, Some(ReverseState::Waiting));
    // The owner needs no place: she has one.
    let again = OpenReverse { own_id: Some(owner), ..wish(1) };
    assert_eq!(open(&store, again, at(10)).await.id, owner);
    // Her time was prolonged, so the place is free when the next one expires.
    assert_eq!(refused(&store, wish(20), at(300)).await, (ReverseRefusal::Open, at(301)));
    opened(&store, 20, at(301)).await;
    confirm(&store, owner, at(302)).await;
}

/// One address has two places at most; callers without an address are not one client.
pub async fn one_client_has_two_places(store: Store) {
    opened(&store, 1, T0).await;
    opened(&store, 1, at(1)).await;
    assert_eq!(refused(&store, wish(1), at(2)).await, (ReverseRefusal::Open, at(300)));
    for _ in 0..4 {
        open(&store, OpenReverse { client: None, ..wish(1) }, at(2)).await;
    }
    assert_eq!(refused(&store, wish(2), at(2)).await, (ReverseRefusal::Open, at(300)));
}

/// Places are those of a phone and a purpose of a tenant.
pub async fn places_are_per_phone_and_purpose(store: Store) {
    for n in 0..6 {
        opened(&store, n, T0).await;
    }
    refused(&store, wish(9), at(1)).await;
    open(&store, OpenReverse { purpose: Purpose::LOGIN, ..wish(9) }, at(1)).await;
    open(&store, OpenReverse { phone: other_phone(), ..wish(9) }, at(1)).await;
    open(&store, OpenReverse { tenant: other_tenant(), ..wish(9) }, at(1)).await;
}

/// A place is free as soon as its verification is cancelled, ended or its proof shown; not while a proof waits.
pub async fn a_place_is_free_when_it_is_over(store: Store) {
    let one = opened(&store, 1, T0).await;
    let two = opened(&store, 1, T0).await;
    assert!(cancel(&store, one, at(1)).await);
    let three = opened(&store, 1, at(1)).await;
    let until = confirm(&store, two, at(2)).await;
    assert_eq!(refused(&store, wish(1), at(3)).await, (ReverseRefusal::Open, at(301)));
    assert!(until > at(301), "the proof waits longer than the other");
    assert!(is_approved(&claim(&store, two, at(4)).await));
    let four = opened(&store, 1, at(4)).await;
    assert_eq!(state(&store, three, at(4)).await, Some(ReverseState::Waiting));
    assert_eq!(state(&store, four, at(4)).await, Some(ReverseState::Waiting));
}

/// Budgets that others share are exact; a refused request charges none and changes nothing.
pub async fn shared_budgets_are_exact(store: Store) {
    let budgets = [
        Budget::new("default/ip-reverse/a/60", Rate::new(2, MINUTE)),
        Budget::new("default/all-reverse//3600", Rate::new(3, 60 * MINUTE)),
    ];
    let ask = |from: u8| wish_within(from, &budgets);
    open(&store, ask(1), T0).await;
    open(&store, ask(2), at(10)).await;
    assert_eq!(refused(&store, ask(3), at(20)).await, (ReverseRefusal::SharedBudget, at(60)));
    assert_eq!(read(&store, &ReverseTarget::Phone(sample_phone()), at(20)).await.len(), 2);
    open(&store, ask(3), at(60)).await;
    assert_eq!(refused(&store, ask(4), at(61)).await, (ReverseRefusal::SharedBudget, at(3_600)));
    open(&store, ask(4), at(3_600)).await;
}

/// One whose key was dropped is over; it takes no place, and its caller gets a new one. Whoever sent the code before
/// still gets the proof.
pub async fn a_dropped_key_ends_it(store: Store) {
    let old = opened(&store, 1, T0).await;
    let confirmed = opened(&store, 1, T0).await;
    confirm(&store, confirmed, T0).await;
    let key = KeyId::from_stored("00000000000000b2");
    let own_id = Some(old);
    let with_new = OpenReverse { key: key.clone(), usable_keys: vec![key.clone()], own_id, ..wish(1) };
    let new = open(&store, with_new, at(1)).await;
    assert_ne!(new.id, old);
    assert_eq!(new.key, key);
    assert_eq!(state(&store, old, at(1)).await, Some(ReverseState::Over));
    let shown = view(&store, old, at(1)).await.map(|view| view.state);
    assert_eq!(shown, Some(VerificationState::Expired));
    assert!(is_approved(&claim(&store, confirmed, at(2)).await));
}

/// An older key that still holds keeps its verifications.
pub async fn an_older_key_keeps_it(store: Store) {
    let old = open(&store, wish(1), T0).await;
    let key = KeyId::from_stored("00000000000000b2");
    let usable_keys = vec![key.clone(), old.key.clone()];
    let again = OpenReverse { key, usable_keys, own_id: Some(old.id), ..wish(1) };
    let kept = open(&store, again, at(1)).await;
    assert_eq!((kept.id, kept.key), (old.id, old.key));
}

/// Tenants do not see each other's verifications.
pub async fn tenants_do_not_see_each_other(store: Store) {
    let id = opened(&store, 1, T0).await;
    for target in [ReverseTarget::Id(id), ReverseTarget::Phone(sample_phone())] {
        assert_eq!(good(store.read_reverse(&other_tenant(), &target, T0).await), []);
    }
    assert!(!good(store.cancel(&other_tenant(), id, T0).await));
    assert_eq!(state(&store, id, T0).await, Some(ReverseState::Waiting));
}

/// What nobody asked for is nothing.
pub async fn an_unknown_one_is_nothing(store: Store) {
    let id = VerificationId::random();
    assert_eq!(read(&store, &ReverseTarget::Id(id), T0).await, []);
    assert_eq!(read(&store, &ReverseTarget::Phone(sample_phone()), T0).await, []);
    assert!(view(&store, id, T0).await.is_none());
    assert!(!cancel(&store, id, T0).await);
}

/// Of those that are over sixteen are kept; those whose proof waits are not dropped for others.
pub async fn what_is_over_is_bounded(store: Store) {
    let waiting_proof = opened(&store, 1, T0).await;
    confirm(&store, waiting_proof, T0).await;
    let mut ended = Vec::new();
    for n in 0..30 {
        let request = OpenReverse { client: Some(client(2)), ..wish(2) };
        let id = open(&store, request, T0 + Duration::from_secs(n)).await.id;
        assert!(cancel(&store, id, T0 + Duration::from_secs(n)).await);
        ended.push(id);
    }
    let found = read(&store, &ReverseTarget::Phone(sample_phone()), at(30)).await;
    assert_eq!(found.len(), 1 + 17, "the last one was cancelled after the last was opened");
    assert_eq!(state(&store, ended[0], at(30)).await, None);
    assert_eq!(state(&store, ended[29], at(30)).await, Some(ReverseState::Over));
    assert!(is_approved(&claim(&store, waiting_proof, at(31)).await));
}
