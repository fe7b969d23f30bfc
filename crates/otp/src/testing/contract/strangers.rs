//! Checks by phone and code alone, by clients that keep no id.

use super::super::{T0, by_phone, client, default_rules, sample_phone};
use super::kit::*;
use crate::purpose::Purpose;
use crate::store::AttemptOutcome;
use crate::verification::VerificationState;

/// From the address that asked, a check counts as that id's.
pub async fn the_same_address_counts_as_its_id(store: Store) {
    let one = given(&store, &ask_quick(1), T0).await;
    let two = given(&store, &ask_quick(2), at(1)).await;
    assert_eq!(check_phone(&store, Some(1), false, at(2)).await, left(4));
    assert_eq!(check_phone(&store, Some(1), false, at(2)).await, left(3));
    assert_eq!(view(&store, one.id, at(2)).await.attempts_left, 3);
    assert_eq!(view(&store, two.id, at(2)).await.attempts_left, 5);
}

/// From the address that asked, the right code approves that id.
pub async fn the_same_address_approves_its_id(store: Store) {
    let one = given(&store, &ask_quick(1), T0).await;
    let two = given(&store, &ask_quick(2), at(1)).await;
    assert!(is_approved(&check_phone(&store, Some(1), true, at(2)).await));
    assert_eq!(state(&store, one.id, at(2)).await, VerificationState::Approved);
    assert_eq!(state(&store, two.id, at(2)).await, VerificationState::Expired);
}

/// An address whose id is locked is told so, while its code would be valid, whether others still wait or not.
pub async fn a_locked_address_is_told_so(store: Store) {
    let one = given(&store, &ask_quick(1), T0).await;
    let two = given(&store, &ask_quick(2), at(1)).await;
    lock(&store, one.id, at(2)).await;
    assert!(is_locked(&check_phone(&store, Some(1), true, at(3)).await));
    lock(&store, two.id, at(4)).await;
    assert!(is_locked(&check_phone(&store, Some(1), true, at(5)).await));
    assert_eq!(check_phone(&store, Some(3), true, at(5)).await, AttemptOutcome::NoActiveCode);
    let login = by_phone(&sample_phone(), Purpose::LOGIN, Some(client(1)));
    let elsewhere = check_target(&store, &login, true, default_rules(), at(5)).await;
    assert_eq!(elsewhere, AttemptOutcome::NoActiveCode, "a lock of one purpose is told to another one");
    assert!(is_locked(&check_phone(&store, Some(1), true, at(301) - MICRO).await));
    assert_eq!(check_phone(&store, Some(1), true, at(301)).await, AttemptOutcome::NoActiveCode);
}

/// The newest id of an address is the one that counts.
pub async fn the_newest_id_of_an_address_counts(store: Store) {
    let one = given(&store, &ask_quick(1), T0).await;
    given(&store, &ask_quick(2), at(1)).await;
    lock(&store, one.id, at(2)).await;
    let two = given(&store, &ask_quick(1), at(3)).await;
    assert_eq!(check_phone(&store, Some(1), false, at(4)).await, left(4));
    assert_eq!(view(&store, two.id, at(4)).await.attempts_left, 4);
}

/// From elsewhere a check spends nobody's id.
pub async fn from_elsewhere_no_id_is_spent(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    assert_eq!(check_phone(&store, Some(2), false, at(1)).await, left(4));
    assert_eq!(check_phone(&store, None, false, at(1)).await, left(3));
    assert_eq!(view(&store, one.id, at(1)).await.attempts_left, 5);
}

/// From elsewhere there are five checks of each code, together; then even the right one is refused.
pub async fn from_elsewhere_five_checks_of_a_code(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    for (from, expected) in (10..).zip((0..5).rev()) {
        assert_eq!(check_phone(&store, Some(from), false, at(1)).await, left(expected));
    }
    for from in [None, Some(99)] {
        assert!(is_locked(&check_phone(&store, from, true, at(1)).await));
    }
    assert!(is_approved(&right(&store, one.id, at(1)).await));
}

/// A new code has five checks from elsewhere again, while the budget of the day lasts.
pub async fn from_elsewhere_each_code_has_its_checks(store: Store) {
    for round in 0..2 {
        let now = at(round * 300);
        let one = given(&store, &ask_quick(1), now).await;
        for expected in (0..5).rev() {
            assert_eq!(check_phone(&store, None, false, now).await, left(expected));
        }
        assert!(is_locked(&check_phone(&store, None, false, now).await));
        assert_eq!(view(&store, one.id, now).await.attempts_left, 5);
    }
    // Ten have failed: the five that are left belong to the id.
    given(&store, &ask_quick(1), at(600)).await;
    assert!(is_locked(&check_phone(&store, None, true, at(600)).await));
}

/// From elsewhere the right code is approved; no id is.
pub async fn from_elsewhere_the_right_code_is_approved(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let outcome = check_phone(&store, Some(2), true, at(1)).await;
    assert_eq!(outcome, AttemptOutcome::Approved { proof_expires_at: at(601) });
    assert_eq!(state(&store, one.id, at(1)).await, VerificationState::Expired);
    assert_eq!(check_phone(&store, Some(2), true, at(1)).await, AttemptOutcome::NoActiveCode);
}

/// How many are left is what is really left, not what the code alone would allow.
pub async fn from_elsewhere_what_is_left_is_true(store: Store) {
    given(&store, &ask_quick(1), T0).await;
    for expected in [4, 3, 2] {
        assert_eq!(check_phone(&store, None, false, at(1)).await, left(expected));
    }
    // Three have failed; two ids of the next code reserve ten; two are left.
    given(&store, &ask_quick(1), at(300)).await;
    given(&store, &ask_quick(2), at(301)).await;
    assert_eq!(check_phone(&store, None, false, at(302)).await, left(1));
    assert_eq!(check_phone(&store, None, false, at(302)).await, left(0));
    assert!(is_locked(&check_phone(&store, None, true, at(302)).await));
}

/// Without a live code there is nothing to check, and nothing is counted.
pub async fn without_a_code_nothing_is_counted(store: Store) {
    given(&store, &ask_quick(1), T0).await;
    for _ in 0..20 {
        assert_eq!(check_phone(&store, Some(1), false, at(300)).await, AttemptOutcome::NoActiveCode);
        assert_eq!(check_phone(&store, None, true, at(300)).await, AttemptOutcome::NoActiveCode);
    }
    for n in 1..4 {
        given(&store, &ask_quick(n), at(300 + u64::from(n))).await;
    }
}

/// A code is checked for its purpose only.
pub async fn another_purpose_has_no_code(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let login = by_phone(&sample_phone(), Purpose::LOGIN, Some(client(1)));
    let live = challenge(&store, one.id, T0).await;
    let outcome = good(store.attempt(super::super::attempt(login, Some(live), true), at(1)).await);
    assert_eq!(outcome, AttemptOutcome::NoActiveCode);
    assert_eq!(state(&store, one.id, at(1)).await, VerificationState::Pending);
}

/// A phone and an address find the id; a phone alone finds the code and nobody's id.
pub async fn a_phone_finds_its_code(store: Store) {
    let one = given(&store, &ask_quick(1), T0).await;
    given(&store, &ask_quick(2), at(1)).await;
    let of = |from: Option<u8>| by_phone(&sample_phone(), Purpose::REGISTRATION, from.map(client));
    let mine = snapshot(&store, &of(Some(1)), at(2)).await.unwrap_or_else(|| panic!("nothing"));
    assert_eq!(mine.view.map(|view| view.id), Some(one.id));
    let theirs = snapshot(&store, &of(None), at(2)).await.unwrap_or_else(|| panic!("nothing"));
    assert_eq!(theirs.view, None, "a stranger is shown somebody's id");
    assert_eq!(theirs.live.map(|live| live.id), mine.live.map(|live| live.id));
}

/// Repeated with the same proof, a check by phone answers the same.
pub async fn a_repeated_check_by_phone_answers_the_same(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let live = challenge(&store, one.id, T0).await;
    let target = by_phone(&sample_phone(), Purpose::REGISTRATION, None);
    let first = super::super::attempt(target, Some(live), true);
    let expected = AttemptOutcome::Approved { proof_expires_at: at(601) };
    assert_eq!(good(store.attempt(first.clone(), at(1)).await), expected);
    assert_eq!(good(store.attempt(first, at(2)).await), expected);
}
