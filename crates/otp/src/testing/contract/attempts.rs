//! Spending checks with an id.

use super::super::{T0, admit_for, attempt, by_phone, default_rules, phone_number, proof_hash, sample_phone};
use super::kit::*;
use crate::purpose::Purpose;
use crate::store::{Attempt, AttemptOutcome, Target};
use crate::verification::{ChallengeId, VerificationId, VerificationState};

/// The right code is approved, once, and its proof lives ten minutes.
pub async fn the_right_code_is_approved(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let outcome = right(&store, one.id, at(10)).await;
    assert_eq!(outcome, AttemptOutcome::Approved { proof_expires_at: at(610) });
    assert_eq!(state(&store, one.id, at(10)).await, VerificationState::Approved);
    assert_eq!(right(&store, one.id, at(11)).await, AttemptOutcome::NoActiveCode);
}

/// The right code is dead for everybody afterwards; only who gave it sees `approved`.
pub async fn the_right_code_is_dead_for_everybody(store: Store) {
    let one = given(&store, &ask_quick(1), T0).await;
    let two = given(&store, &ask_quick(2), at(1)).await;
    let old = challenge(&store, two.id, at(1)).await;
    assert!(is_approved(&right(&store, one.id, at(2)).await));
    assert_eq!(state(&store, one.id, at(3)).await, VerificationState::Approved);
    assert_eq!(state(&store, two.id, at(3)).await, VerificationState::Expired);
    let stranger = by_phone(&sample_phone(), Purpose::REGISTRATION, None);
    for target in [Target::Id(one.id), Target::Id(two.id), stranger] {
        let outcome = good(store.attempt(attempt(target, Some(old), true), at(3)).await);
        assert_eq!(outcome, AttemptOutcome::NoActiveCode);
    }
}

/// Wrong codes count down to none left, and then the id is locked.
pub async fn wrong_codes_count_down_and_lock(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    for expected in (0..5).rev() {
        assert_eq!(state(&store, one.id, at(1)).await, VerificationState::Pending);
        assert_eq!(wrong(&store, one.id, at(1)).await, left(expected));
        assert_eq!(view(&store, one.id, at(1)).await.attempts_left, expected);
    }
    assert_eq!(state(&store, one.id, at(1)).await, VerificationState::Locked);
    assert!(is_locked(&wrong(&store, one.id, at(1)).await));
}

/// A locked id refuses the right code too, whatever challenge it names.
pub async fn a_locked_id_refuses_the_right_code(store: Store) {
    let one = given(&store, &ask_quick(1), T0).await;
    given(&store, &ask_quick(2), at(1)).await;
    let old = challenge(&store, one.id, at(1)).await;
    lock(&store, one.id, at(2)).await;
    for challenge in [Some(old), None] {
        let outcome = good(store.attempt(attempt(Target::Id(one.id), challenge, true), at(3)).await);
        assert!(is_locked(&outcome), "{outcome:?}");
    }
}

/// A locked id stays locked: after its code has ended, and after others have succeeded.
pub async fn a_locked_id_stays_locked(store: Store) {
    let one = given(&store, &ask_quick(1), T0).await;
    let two = given(&store, &ask_quick(2), at(1)).await;
    lock(&store, one.id, at(2)).await;
    assert!(is_approved(&right(&store, two.id, at(3)).await));
    for now in [at(4), at(400)] {
        assert_eq!(state(&store, one.id, now).await, VerificationState::Locked);
        assert!(is_locked(&right(&store, one.id, now).await));
    }
}

/// A lock says from when on a new code may be asked for, and then it may.
pub async fn a_lock_says_until_when(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    lock(&store, one.id, at(1)).await;
    assert_eq!(wrong(&store, one.id, at(2)).await, AttemptOutcome::Locked { until: at(60) });
    let two = given(&store, &ask(1).own_id(one.id), at(60)).await;
    lock(&store, two.id, at(61)).await;
    let three = given(&store, &ask(1), at(180)).await;
    lock(&store, three.id, at(181)).await;
    // Fifteen have failed. Five fit again when the first five are a day old.
    assert_eq!(wrong(&store, three.id, at(182)).await, AttemptOutcome::Locked { until: at(1) + DAY });
    refused(&store, &ask(1), at(1) + DAY - MICRO).await;
    given(&store, &ask(1), at(1) + DAY).await;
}

/// The last check may be the right one.
pub async fn the_last_check_may_be_right(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    for expected in [4, 3, 2, 1] {
        assert_eq!(wrong(&store, one.id, at(1)).await, left(expected));
    }
    assert!(is_approved(&right(&store, one.id, at(1)).await));
}

/// A verdict about another challenge than the live one is stale and spends nothing.
pub async fn another_challenge_is_stale(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    for compared in [None, Some(ChallengeId::sequential())] {
        for matched in [true, false] {
            let outcome = good(store.attempt(attempt(Target::Id(one.id), compared, matched), at(1)).await);
            assert_eq!(outcome, AttemptOutcome::Stale);
        }
    }
    assert_eq!(view(&store, one.id, at(1)).await.attempts_left, 5);
    assert!(is_approved(&right(&store, one.id, at(1)).await));
}

/// A verdict about the code before the live one is stale for a phone too, and spends nothing.
pub async fn an_older_challenge_is_stale_for_a_phone(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let old = challenge(&store, one.id, T0).await;
    let two = given(&store, &ask(1), at(300)).await;
    let target =
        |from: Option<u8>| by_phone(&sample_phone(), Purpose::REGISTRATION, from.map(super::super::client));
    for from in [None, Some(1), Some(2)] {
        for matched in [true, false] {
            let outcome = good(store.attempt(attempt(target(from), Some(old), matched), at(301)).await);
            assert_eq!(outcome, AttemptOutcome::Stale);
        }
    }
    assert_eq!(view(&store, two.id, at(301)).await.attempts_left, 5);
    assert_eq!(check_phone(&store, None, false, at(301)).await, left(4));
}

/// Repeated with the same proof, an attempt answers the same: its first answer may have been lost.
pub async fn a_repeated_attempt_answers_the_same(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let live = challenge(&store, one.id, T0).await;
    let first = attempt(Target::Id(one.id), Some(live), true);
    let expected = AttemptOutcome::Approved { proof_expires_at: at(601) };
    assert_eq!(good(store.attempt(first.clone(), at(1)).await), expected);
    assert_eq!(good(store.attempt(first.clone(), at(5)).await), expected);
    let other = Attempt { proof_hash: proof_hash(), ..first };
    assert_eq!(good(store.attempt(other, at(5)).await), AttemptOutcome::NoActiveCode);
}

/// A code is right until its last microsecond, and dead at its end.
pub async fn a_code_dies_exactly_at_its_end(store: Store) {
    let other = phone_number(2);
    let one = given(&store, &ask(1), T0).await;
    let two = given(&store, &admit_for(&other), T0).await;
    let live = challenge(&store, two.id, T0).await;
    assert!(is_approved(&right(&store, one.id, at(300) - MICRO).await));
    let outcome = good(store.attempt(attempt(Target::Id(two.id), Some(live), true), at(300)).await);
    assert_eq!(outcome, AttemptOutcome::NoActiveCode);
}

/// A cancelled id has no active code.
pub async fn a_cancelled_id_has_no_code(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let live = challenge(&store, one.id, T0).await;
    assert!(cancel(&store, one.id, at(1)).await);
    for matched in [true, false] {
        let outcome = good(store.attempt(attempt(Target::Id(one.id), Some(live), matched), at(1)).await);
        assert_eq!(outcome, AttemptOutcome::NoActiveCode);
    }
    assert_eq!(state(&store, one.id, at(1)).await, VerificationState::Cancelled);
}

/// An id that nobody has has no active code.
pub async fn an_unknown_id_has_no_code(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let live = challenge(&store, one.id, T0).await;
    let unknown = attempt(Target::Id(VerificationId::random()), Some(live), true);
    assert_eq!(good(store.attempt(unknown, T0).await), AttemptOutcome::NoActiveCode);
}

/// An id of another tenant has no active code here, and loses no check.
pub async fn an_id_of_another_tenant_has_no_code(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let live = challenge(&store, one.id, T0).await;
    for matched in [false, true] {
        let foreign = Attempt { tenant: other_tenant(), ..attempt(Target::Id(one.id), Some(live), matched) };
        assert_eq!(good(store.attempt(foreign, T0).await), AttemptOutcome::NoActiveCode);
    }
    assert_eq!(view(&store, one.id, T0).await, one.view);
}

/// Nothing is counted on what is over.
pub async fn nothing_is_spent_on_what_is_over(store: Store) {
    let one = given(&store, &ask_quick(1), T0).await;
    for _ in 0..20 {
        assert_eq!(wrong(&store, one.id, at(300)).await, AttemptOutcome::NoActiveCode);
    }
    for n in 1..4 {
        given(&store, &ask_quick(n), at(300 + u64::from(n))).await;
    }
}

/// The wrong codes of one caller spend nobody else's checks.
pub async fn wrong_codes_are_ones_own(store: Store) {
    let one = given(&store, &ask_quick(1), T0).await;
    let two = given(&store, &ask_quick(2), at(1)).await;
    lock(&store, one.id, at(2)).await;
    assert_eq!(view(&store, two.id, at(2)).await.attempts_left, 5);
    assert!(is_approved(&right(&store, two.id, at(2)).await));
}

/// How many checks an id has is decided when it is given.
pub async fn an_id_keeps_its_number_of_checks(store: Store) {
    let one = given(&store, &ask(1).rules(|rules| rules.checks = 2), T0).await;
    assert_eq!(one.view.attempts_left, 2);
    let target = Target::Id(one.id);
    assert_eq!(check_target(&store, &target, false, default_rules(), at(1)).await, left(1));
    assert_eq!(check_target(&store, &target, false, default_rules(), at(1)).await, left(0));
    assert!(is_locked(&right(&store, one.id, at(1)).await));
}
