//! Claiming proofs.

use super::super::{T0, by_phone, phone_number, redeem, sample_phone};
use super::kit::*;
use crate::purpose::Purpose;
use crate::reverse_store::{ReverseClaim, ReverseClaimed, ReverseState};
use crate::store::{Redeem, Redemption};
use crate::verification::{VerificationId, VerificationState};

/// Before the code arrived there is no proof.
pub async fn a_claim_waits_for_the_code(store: Store) {
    let id = opened(&store, 1, T0).await;
    for second in [0, 1, 299] {
        assert_eq!(claim(&store, id, at(second)).await, ReverseClaimed::Waiting { until: at(300) });
    }
    assert_eq!(claim(&store, id, at(300)).await, ReverseClaimed::Nothing);
    assert_eq!(state(&store, id, at(299)).await, Some(ReverseState::Waiting));
}

/// The proof is shown once, and dies ten minutes after the code arrived.
pub async fn a_proof_is_shown_once(store: Store) {
    let id = opened(&store, 1, T0).await;
    confirm(&store, id, at(10)).await;
    assert_eq!(claim(&store, id, at(100)).await, ReverseClaimed::Approved { proof_expires_at: at(610) });
    for second in [101, 200, 609] {
        assert_eq!(claim(&store, id, at(second)).await, ReverseClaimed::Nothing);
    }
    assert_eq!(state(&store, id, at(101)).await, Some(ReverseState::Claimed));
    assert_eq!(view(&store, id, at(700)).await.map(|view| view.state), Some(VerificationState::Approved));
}

/// The same claim once more, as after an answer that the store lost, answers the same.
pub async fn a_repeated_claim_answers_the_same(store: Store) {
    let id = opened(&store, 1, T0).await;
    confirm(&store, id, at(1)).await;
    let same = claim_of(id);
    for second in [2, 3] {
        let claimed = good(store.claim_reverse(same.clone(), at(second)).await);
        assert_eq!(claimed, ReverseClaimed::Approved { proof_expires_at: at(601) });
    }
    assert_eq!(
        good(store.redeem(redeem(&same.proof_hash, "a"), at(4)).await),
        Redemption::Phone(sample_phone())
    );
}

/// A proof that was never shown can be claimed until it would have died.
pub async fn an_unclaimed_proof_ends_exactly(store: Store) {
    let one = opened(&store, 1, T0).await;
    let two = opened(&store, 2, T0).await;
    let until = confirm(&store, one, at(1)).await;
    assert_eq!(confirm(&store, two, at(1)).await, until);
    assert_eq!(claim(&store, one, until - MICRO).await, ReverseClaimed::Approved { proof_expires_at: until });
    assert_eq!(claim(&store, two, until).await, ReverseClaimed::Nothing);
    assert_eq!(view(&store, two, until).await.map(|view| view.state), Some(VerificationState::Expired));
}

/// Another tenant, an unknown id, and the id of a code that we send, get nothing.
pub async fn who_has_no_such_id_gets_nothing(store: Store) {
    let id = opened(&store, 1, T0).await;
    confirm(&store, id, at(1)).await;
    let foreign = ReverseClaim { tenant: other_tenant(), ..claim_of(id) };
    assert_eq!(good(store.claim_reverse(foreign, at(2)).await), ReverseClaimed::Nothing);
    assert_eq!(claim(&store, VerificationId::random(), at(2)).await, ReverseClaimed::Nothing);
    let forward = super::super::admit_for(&sample_phone()).build();
    let forward_id = forward.fresh.verification;
    good(store.admit(forward, at(2)).await);
    assert_eq!(claim(&store, forward_id, at(3)).await, ReverseClaimed::Nothing);
    assert!(is_approved(&claim(&store, id, at(4)).await));
}

/// The proof redeems as any other: for its purpose, its phone, its tenant, by one owner, until it dies.
pub async fn the_proof_redeems_as_any_other(store: Store) {
    let id = opened(&store, 1, T0).await;
    confirm(&store, id, at(1)).await;
    let claim = claim_of(id);
    let proof = claim.proof_hash.clone();
    assert!(is_approved(&good(store.claim_reverse(claim, at(2)).await)));
    let by = |owner: &str| redeem(&proof, owner);
    for refused in [
        Redeem { purpose: Purpose::LOGIN, ..by("a") },
        Redeem { phone: Some(phone_number(2)), ..by("a") },
        Redeem { tenant: other_tenant(), ..by("a") },
    ] {
        assert_eq!(good(store.redeem(refused, at(3)).await), Redemption::Refused);
    }
    for second in [4, 600] {
        assert_eq!(good(store.redeem(by("a"), at(second)).await), Redemption::Phone(sample_phone()));
        assert_eq!(good(store.redeem(by("b"), at(second)).await), Redemption::Refused);
    }
    assert_eq!(good(store.redeem(by("a"), at(601)).await), Redemption::Refused);
}

/// A hash that was never claimed redeems nothing, also after the code arrived.
pub async fn nothing_redeems_before_it_is_claimed(store: Store) {
    let id = opened(&store, 1, T0).await;
    confirm(&store, id, at(1)).await;
    let claim = claim_of(id);
    assert_eq!(good(store.redeem(redeem(&claim.proof_hash, "a"), at(2)).await), Redemption::Refused);
}

/// A check finds no code behind it, by its id or by its phone.
pub async fn a_check_finds_no_code_behind_it(store: Store) {
    use crate::store::{AttemptOutcome, Target};
    let id = opened(&store, 1, T0).await;
    let by_phone = by_phone(&sample_phone(), Purpose::REGISTRATION, Some(super::super::client(1)));
    for target in [Target::Id(id), by_phone] {
        for matched in [true, false] {
            let attempt = super::super::attempt(target.clone(), None, matched);
            assert_eq!(good(store.attempt(attempt, at(1)).await), AttemptOutcome::NoActiveCode);
        }
    }
    assert_eq!(view(&store, id, at(2)).await.map(|view| view.attempts_left), Some(10));
    confirm(&store, id, at(3)).await;
}
