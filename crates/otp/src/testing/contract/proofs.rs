//! Exchanging a proof for the phone that it proves.

use wartel_core::Timestamp;

use super::super::{T0, attempt, phone_number, proof_hash, redeem, sample_phone};
use super::kit::*;
use crate::proof::ProofHash;
use crate::purpose::Purpose;
use crate::store::{Redeem, Redemption, Target};

/// A proof of the sample phone for registration, made at one second, dead at 601 seconds.
async fn proof(store: &Store) -> ProofHash {
    let one = given(store, &ask(1), T0).await;
    let live = challenge(store, one.id, T0).await;
    let attempt = attempt(Target::Id(one.id), Some(live), true);
    let hash = attempt.proof_hash.clone();
    assert!(is_approved(&good(store.attempt(attempt, at(1)).await)));
    hash
}

async fn exchange(store: &Store, redeem: Redeem, now: Timestamp) -> Redemption {
    good(store.redeem(redeem, now).await)
}

fn phone() -> Redemption {
    Redemption::Phone(sample_phone())
}

/// A proof gives the phone that it proves.
pub async fn a_proof_gives_its_phone(store: Store) {
    let proof = proof(&store).await;
    assert_eq!(exchange(&store, redeem(&proof, "a"), at(2)).await, phone());
}

/// The first who redeems owns the proof: again for the same one, never for another.
pub async fn the_first_owns_a_proof(store: Store) {
    let proof = proof(&store).await;
    for _ in 0..3 {
        assert_eq!(exchange(&store, redeem(&proof, "a"), at(2)).await, phone());
        assert_eq!(exchange(&store, redeem(&proof, "b"), at(2)).await, Redemption::Refused);
    }
}

/// A proof is for its purpose; being shown for another leaves it as it was.
pub async fn a_proof_is_for_its_purpose(store: Store) {
    let proof = proof(&store).await;
    let login = Redeem { purpose: Purpose::LOGIN, ..redeem(&proof, "a") };
    assert_eq!(exchange(&store, login, at(2)).await, Redemption::Refused);
    assert_eq!(exchange(&store, redeem(&proof, "b"), at(2)).await, phone());
}

/// A proof is of its phone; being shown for another leaves it as it was.
pub async fn a_proof_is_of_its_phone(store: Store) {
    let proof = proof(&store).await;
    given(&store, &super::super::admit_for(&phone_number(2)), at(1)).await;
    let other = Redeem { phone: Some(phone_number(2)), ..redeem(&proof, "a") };
    assert_eq!(exchange(&store, other, at(2)).await, Redemption::Refused);
    let own = Redeem { phone: Some(sample_phone()), ..redeem(&proof, "b") };
    assert_eq!(exchange(&store, own, at(2)).await, phone());
}

/// A proof is of its tenant; being shown to another leaves it as it was.
pub async fn a_proof_is_of_its_tenant(store: Store) {
    let proof = proof(&store).await;
    let other = Redeem { tenant: other_tenant(), ..redeem(&proof, "a") };
    assert_eq!(exchange(&store, other, at(2)).await, Redemption::Refused);
    assert_eq!(exchange(&store, redeem(&proof, "b"), at(2)).await, phone());
}

/// A proof dies exactly at its end, also for its owner.
pub async fn a_proof_dies_exactly_at_its_end(store: Store) {
    let proof = proof(&store).await;
    assert_eq!(exchange(&store, redeem(&proof, "a"), at(601) - MICRO).await, phone());
    assert_eq!(exchange(&store, redeem(&proof, "a"), at(601)).await, Redemption::Refused);
    assert_eq!(exchange(&store, redeem(&proof, "b"), at(601)).await, Redemption::Refused);
}

/// What is not a proof is refused.
pub async fn what_is_no_proof_is_refused(store: Store) {
    proof(&store).await;
    assert_eq!(exchange(&store, redeem(&proof_hash(), "a"), at(2)).await, Redemption::Refused);
}

/// A wrong code gives no proof.
pub async fn a_wrong_code_gives_no_proof(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let live = challenge(&store, one.id, T0).await;
    let wrong = attempt(Target::Id(one.id), Some(live), false);
    let hash = wrong.proof_hash.clone();
    assert_eq!(good(store.attempt(wrong, at(1)).await), left(4));
    assert_eq!(exchange(&store, redeem(&hash, "a"), at(2)).await, Redemption::Refused);
}

/// A proof outlives the code, further codes, and what becomes of those.
pub async fn a_proof_outlives_further_codes(store: Store) {
    let first = proof(&store).await;
    let two = given(&store, &ask(1), at(2)).await;
    lock(&store, two.id, at(3)).await;
    let three = given(&store, &ask(1), at(62)).await;
    let live = challenge(&store, three.id, at(62)).await;
    let second = attempt(Target::Id(three.id), Some(live), true);
    let hash = second.proof_hash.clone();
    assert!(is_approved(&good(store.attempt(second, at(63)).await)));
    assert_eq!(exchange(&store, redeem(&first, "a"), at(600)).await, phone());
    assert_eq!(exchange(&store, redeem(&hash, "b"), at(600)).await, phone());
}
