//! What is kept, what goes, and what has nothing to do with it.

use super::super::{T0, admit_for, attempt, client, default_rules, redeem, sample_phone};
use super::kit::*;
use crate::reverse_store::{ReverseOutcome, ReverseState, ReverseTarget};
use crate::store::{Admission, AttemptOutcome, Redemption, Target};

/// A code that we send, from its asking to its challenge.
async fn forward(store: &Store, now: wartel_core::Timestamp) -> (Target, crate::ChallengeId) {
    let request = admit_for(&sample_phone()).client(client(1)).build();
    let target = Target::Id(request.fresh.verification);
    assert!(matches!(good(store.admit(request, now).await), Admission::Send { .. }));
    let snapshot = good(store.get(&tenant(), &target, now).await);
    let live = snapshot.and_then(|snapshot| snapshot.live).unwrap_or_else(|| panic!("no live challenge"));
    (target, live.id)
}

/// Wrong messages spend no check of a code that we send, and a confirmed one forgives none.
pub async fn checks_are_counted_apart(store: Store) {
    let (target, live) = forward(&store, T0).await;
    let check = |matched| attempt(target.clone(), Some(live), matched);
    assert_eq!(good(store.attempt(check(false), at(1)).await), AttemptOutcome::Mismatch { attempts_left: 4 });
    let id = opened(&store, 1, at(2)).await;
    for _ in 0..9 {
        assert!(matches!(wrong(&store, at(3)).await, ReverseOutcome::Wrong { .. }));
    }
    confirm(&store, id, at(4)).await;
    assert!(is_approved(&claim(&store, id, at(5)).await));
    assert_eq!(good(store.attempt(check(false), at(6)).await), AttemptOutcome::Mismatch { attempts_left: 3 });
    assert!(matches!(good(store.attempt(check(true), at(7)).await), AttemptOutcome::Approved { .. }));
}

/// The success of a code that we send leaves those alone that come to us.
pub async fn a_code_that_we_send_ends_nothing(store: Store) {
    let id = opened(&store, 1, T0).await;
    let (target, live) = forward(&store, T0).await;
    let right = attempt(target, Some(live), true);
    assert!(matches!(good(store.attempt(right, at(1)).await), AttemptOutcome::Approved { .. }));
    assert_eq!(state(&store, id, at(2)).await, Some(ReverseState::Waiting));
    confirm(&store, id, at(3)).await;
}

/// Opening many spends no send and makes nobody wait for a code that we send.
pub async fn it_spends_no_sends(store: Store) {
    for n in 0..6 {
        opened(&store, n, T0).await;
    }
    forward(&store, at(1)).await;
    assert!(
        good(store.lease_due(10, &default_rules(), at(20)).await).is_empty(),
        "nothing is to be sent for it"
    );
}

/// All of them go a day after their end, however they ended, and leave nothing behind.
pub async fn all_of_it_goes_after_a_day(store: Store) {
    let expired = opened(&store, 1, T0).await;
    let cancelled = opened(&store, 2, T0).await;
    assert!(cancel(&store, cancelled, at(1)).await);
    let confirmed = opened(&store, 3, T0).await;
    let until = confirm(&store, confirmed, at(1)).await;
    let claimed = opened(&store, 4, T0).await;
    confirm(&store, claimed, at(1)).await;
    assert!(is_approved(&claim(&store, claimed, at(2)).await));
    for (id, goes_at) in
        [(cancelled, at(1) + DAY), (claimed, at(2) + DAY), (expired, at(300) + DAY), (confirmed, until + DAY)]
    {
        purge_all(&store, goes_at - MICRO).await;
        assert!(state(&store, id, goes_at).await.is_some(), "it went too early");
        purge_all(&store, goes_at).await;
        assert_eq!(state(&store, id, goes_at).await, None);
        assert!(view(&store, id, goes_at).await.is_none());
    }
    let left = good(store.forget(&tenant(), &sample_phone(), until + 2 * DAY).await);
    assert!(!left, "something of the phone is left");
}

/// Forgetting a phone deletes them with their proofs, of this phone and tenant only.
pub async fn a_forgotten_phone_is_gone(store: Store) {
    let waiting = opened(&store, 1, T0).await;
    let confirmed = opened(&store, 2, T0).await;
    confirm(&store, confirmed, at(1)).await;
    let claimed = opened(&store, 3, T0).await;
    confirm(&store, claimed, at(1)).await;
    let claim_it = claim_of(claimed);
    let proof = claim_it.proof_hash.clone();
    assert!(is_approved(&good(store.claim_reverse(claim_it, at(2)).await)));
    let other =
        open(&store, crate::reverse_store::OpenReverse { phone: other_phone(), ..wish(4) }, T0).await.id;
    assert!(good(store.forget(&tenant(), &sample_phone(), at(3)).await));
    for id in [waiting, confirmed, claimed] {
        assert_eq!(state(&store, id, at(4)).await, None);
        assert_eq!(claim(&store, id, at(4)).await, crate::reverse_store::ReverseClaimed::Nothing);
        assert_eq!(send(&store, message(id), at(4)).await, ReverseOutcome::Over);
    }
    assert_eq!(good(store.redeem(redeem(&proof, "a"), at(4)).await), Redemption::Refused);
    assert_eq!(read(&store, &ReverseTarget::Phone(sample_phone()), at(4)).await, []);
    assert_eq!(state(&store, other, at(4)).await, Some(ReverseState::Waiting));
}

/// Beside codes that we send they are kept and deleted each at its own time.
pub async fn both_kinds_are_kept_side_by_side(store: Store) {
    let (target, _) = forward(&store, T0).await;
    let id = opened(&store, 1, at(200)).await;
    purge_all(&store, at(300) + DAY).await;
    assert!(good(store.get(&tenant(), &target, at(300) + DAY).await).is_none(), "the code we sent is over");
    assert_eq!(state(&store, id, at(300) + DAY).await, Some(ReverseState::Over));
    purge_all(&store, at(500) + DAY).await;
    assert_eq!(state(&store, id, at(500) + DAY).await, None);
}
