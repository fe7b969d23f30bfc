//! Whose id a request keeps, and how ids end.

use super::super::{T0, admit_for, phone_number};
use super::kit::*;
use crate::purpose::Purpose;
use crate::store::{AttemptOutcome, Target};
use crate::verification::{VerificationId, VerificationState};

/// Who sends its id along keeps it, and the checks that it has spent, wherever it is now.
pub async fn the_own_id_is_kept(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    assert_eq!(wrong(&store, one.id, at(1)).await, left(4));
    let again = given(&store, &ask(2).own_id(one.id), at(60)).await;
    assert_eq!((again.id, again.view.attempts_left), (one.id, 4));
}

/// Who asks from the same address keeps its id and the checks that it has spent.
pub async fn the_same_client_keeps_its_id(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    assert_eq!(wrong(&store, one.id, at(1)).await, left(4));
    let again = given(&store, &ask(1), at(60)).await;
    assert_eq!((again.id, again.view.attempts_left), (one.id, 4));
}

/// Another caller gets an id of its own, with five checks of its own, on the same code.
pub async fn another_client_gets_its_own_id(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    assert_eq!(wrong(&store, one.id, at(1)).await, left(4));
    let two = given(&store, &ask(2), at(60)).await;
    assert_ne!(two.id, one.id);
    assert_eq!(two.view.attempts_left, 5);
    assert_eq!(view(&store, one.id, at(60)).await.attempts_left, 4);
}

/// Callers of whom no address is known are each their own.
pub async fn unknown_clients_are_not_one(store: Store) {
    let nobody = admit_for(&super::super::sample_phone());
    let one = given(&store, &nobody, T0).await;
    let two = given(&store, &nobody, at(60)).await;
    assert_ne!(one.id, two.id);
}

/// The id that a caller names comes before the one that its address has.
pub async fn the_named_id_comes_before_the_address(store: Store) {
    let one = given(&store, &ask_quick(1), T0).await;
    let two = given(&store, &ask_quick(2), at(1)).await;
    assert_eq!(given(&store, &ask_quick(2).own_id(one.id), at(2)).await.id, one.id);
    assert_eq!(given(&store, &ask_quick(2), at(3)).await.id, two.id);
}

/// An id that nobody has counts as none.
pub async fn an_unknown_own_id_counts_as_none(store: Store) {
    let one = given(&store, &ask_quick(1), T0).await;
    let made_up = VerificationId::random();
    let two = given(&store, &ask_quick(2).own_id(made_up), at(1)).await;
    assert!(two.id != made_up && two.id != one.id, "a caller chooses its id");
    assert_eq!(given(&store, &ask_quick(1).own_id(made_up), at(2)).await.id, one.id);
}

/// An id of another purpose counts as none.
pub async fn an_id_of_another_purpose_counts_as_none(store: Store) {
    let one = given(&store, &ask_quick(1), T0).await;
    let two = given(&store, &ask_quick(1).purpose(Purpose::LOGIN).own_id(one.id), at(1)).await;
    assert_ne!(two.id, one.id);
    assert_eq!(two.view.purpose, Purpose::LOGIN);
    assert_eq!(view(&store, one.id, at(1)).await.purpose, Purpose::REGISTRATION);
}

/// That holds too while somebody else has a live code of the purpose asked for.
pub async fn an_id_of_another_purpose_joins_no_code(store: Store) {
    let one = given(&store, &ask_quick(1), T0).await;
    let other = given(&store, &ask_quick(2).purpose(Purpose::LOGIN), at(1)).await;
    for (second, request) in (2..).zip([ask_quick(3).own_id(one.id), ask_quick(1)]) {
        let two = given(&store, &request.purpose(Purpose::LOGIN), at(second)).await;
        assert!(two.id != one.id && two.id != other.id, "an id is for two purposes");
        assert_eq!(two.view.purpose, Purpose::LOGIN);
        assert!(two.send.nonce == other.send.nonce, "two codes of one purpose live");
        assert!(cancel(&store, two.id, at(second)).await);
    }
}

/// An id of another phone counts as none.
pub async fn an_id_of_another_phone_counts_as_none(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let two = given(&store, &admit_for(&phone_number(2)).own_id(one.id), T0).await;
    assert_ne!(two.id, one.id);
    assert_eq!(view(&store, two.id, T0).await.phone, phone_number(2));
    assert_ne!(view(&store, one.id, T0).await.phone, phone_number(2));
}

/// An id of another tenant counts as none.
pub async fn an_id_of_another_tenant_counts_as_none(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let two = given(&store, &ask(1).tenant(&other_tenant()).own_id(one.id), T0).await;
    assert_ne!(two.id, one.id);
    assert!(one.send.nonce != two.send.nonce, "two tenants share a code");
}

/// A locked id is final. Asking with it gives a new one with checks of its own.
pub async fn a_locked_id_gives_a_new_one(store: Store) {
    let one = given(&store, &ask_quick(1), T0).await;
    let other = given(&store, &ask_quick(2), at(1)).await;
    lock(&store, one.id, at(2)).await;
    let two = given(&store, &ask_quick(1).own_id(one.id), at(3)).await;
    assert!(two.id != one.id && two.id != other.id, "a locked id comes back");
    assert_eq!((two.view.attempts_left, two.view.state), (5, VerificationState::Pending));
    assert_eq!(state(&store, one.id, at(3)).await, VerificationState::Locked);
    assert!(two.send.nonce == other.send.nonce, "a code is replaced that another caller waits for");
}

/// A cancelled id gives a new one.
pub async fn a_cancelled_id_gives_a_new_one(store: Store) {
    let one = given(&store, &ask_quick(1), T0).await;
    given(&store, &ask_quick(2), at(1)).await;
    assert!(cancel(&store, one.id, at(2)).await);
    let two = given(&store, &ask_quick(1).own_id(one.id), at(3)).await;
    assert_ne!(two.id, one.id);
    assert_eq!(state(&store, one.id, at(3)).await, VerificationState::Cancelled);
}

/// An expired id gives a new one.
pub async fn an_expired_id_gives_a_new_one(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let two = given(&store, &ask(1).own_id(one.id), at(300)).await;
    assert_ne!(two.id, one.id);
    assert_eq!(state(&store, one.id, at(300)).await, VerificationState::Expired);
}

/// An approved id gives a new one, with a new code.
pub async fn an_approved_id_gives_a_new_one(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    assert!(is_approved(&right(&store, one.id, at(1)).await));
    let two = given(&store, &ask(1).own_id(one.id), at(2)).await;
    assert!(two.id != one.id && two.send.nonce != one.send.nonce, "a used code is sent again");
    assert_eq!(state(&store, one.id, at(2)).await, VerificationState::Approved);
}

/// Taking back ends the caller's id and nobody else's.
pub async fn cancel_ends_only_the_callers_id(store: Store) {
    let one = given(&store, &ask_quick(1), T0).await;
    let two = given(&store, &ask_quick(2), at(1)).await;
    assert!(cancel(&store, one.id, at(2)).await);
    assert!(!cancel(&store, one.id, at(2)).await, "an id is cancelled twice");
    assert_eq!(state(&store, one.id, at(2)).await, VerificationState::Cancelled);
    assert_eq!(right(&store, one.id, at(2)).await, AttemptOutcome::NoActiveCode);
    assert!(is_approved(&right(&store, two.id, at(2)).await));
}

/// The code ends with the last id that waits for it, whether taken back or locked.
pub async fn a_code_ends_with_its_last_id(store: Store) {
    let one = given(&store, &ask_quick(1), T0).await;
    let two = given(&store, &ask_quick(2), at(1)).await;
    lock(&store, one.id, at(2)).await;
    assert!(cancel(&store, two.id, at(3)).await);
    let three = given(&store, &ask_quick(3), at(4)).await;
    assert!(three.send.nonce != one.send.nonce, "a code lives that nobody can use");
}

/// A code that nobody waits for cannot be given without an id either.
pub async fn an_ended_code_is_dead_for_strangers(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let old = challenge(&store, one.id, T0).await;
    assert!(cancel(&store, one.id, at(1)).await);
    let target = super::super::by_phone(&super::super::sample_phone(), Purpose::REGISTRATION, None);
    let outcome = good(store.attempt(super::super::attempt(target, Some(old), true), at(1)).await);
    assert_eq!(outcome, AttemptOutcome::NoActiveCode);
}

/// What is over cannot be taken back.
pub async fn what_is_over_is_not_cancelled(store: Store) {
    let one = given(&store, &ask_quick(1), T0).await;
    assert!(!cancel(&store, one.id, at(300)).await, "an expired id is cancelled");
    let two = given(&store, &ask_quick(1), at(300)).await;
    assert!(is_approved(&right(&store, two.id, at(301)).await));
    assert!(!cancel(&store, two.id, at(301)).await, "an approved id is cancelled");
    let three = given(&store, &ask_quick(1), at(302)).await;
    lock(&store, three.id, at(303)).await;
    assert!(!cancel(&store, three.id, at(303)).await, "a locked id is cancelled");
    let known = snapshot(&store, &Target::Id(one.id), at(303)).await;
    assert!(known.is_some_and(|known| known.live.is_none()), "an old id leads to a new code");
}
