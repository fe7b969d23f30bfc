//! Messages that come in.

use super::super::{T0, sample_phone};
use super::kit::*;
use crate::reverse_store::{ReverseClaimed, ReverseOutcome, ReverseReceipt, ReverseState};
use crate::verification::{VerificationId, VerificationState};

/// The right code confirms once; once more it changes nothing.
pub async fn the_right_code_confirms_once(store: Store) {
    let id = opened(&store, 1, T0).await;
    assert_eq!(confirm(&store, id, at(5)).await, at(605));
    assert_eq!(send(&store, message(id), at(6)).await, ReverseOutcome::Repeated);
    assert_eq!(state(&store, id, at(6)).await, Some(ReverseState::Confirmed));
    assert_eq!(view(&store, id, at(6)).await.map(|view| view.state), Some(VerificationState::Approved));
    assert!(is_approved(&claim(&store, id, at(7)).await));
    assert_eq!(send(&store, message(id), at(8)).await, ReverseOutcome::Repeated);
}

/// A message of another number confirms nothing, whatever the engine says it matched.
pub async fn only_the_claimed_number_confirms(store: Store) {
    let id = opened(&store, 1, T0).await;
    let foreign = ReverseReceipt { phone: other_phone(), ..message(id) };
    assert_eq!(send(&store, foreign.clone(), at(1)).await, ReverseOutcome::Over);
    // Also if that number waits for a code of its own.
    open(&store, crate::reverse_store::OpenReverse { phone: other_phone(), ..wish(2) }, at(1)).await;
    assert_eq!(send(&store, foreign, at(2)).await, ReverseOutcome::Over);
    assert_eq!(state(&store, id, at(2)).await, Some(ReverseState::Waiting));
}

/// A message to another tenant confirms nothing.
pub async fn only_the_right_tenant_confirms(store: Store) {
    let id = opened(&store, 1, T0).await;
    let foreign = ReverseReceipt { tenant: other_tenant(), ..message(id) };
    assert_eq!(send(&store, foreign, at(1)).await, ReverseOutcome::Over);
    assert_eq!(state(&store, id, at(1)).await, Some(ReverseState::Waiting));
}

/// Its time is over exactly at its end.
pub async fn it_ends_exactly_at_its_end(store: Store) {
    let late = opened(&store, 1, T0).await;
    let in_time = opened(&store, 2, T0).await;
    let end = T0 + 5 * MINUTE;
    confirm(&store, in_time, end - MICRO).await;
    assert_eq!(send(&store, message(late), end).await, ReverseOutcome::Over);
    assert_eq!(state(&store, late, end - MICRO).await, Some(ReverseState::Waiting));
    assert_eq!(state(&store, late, end).await, Some(ReverseState::Over));
    assert_eq!(view(&store, late, end).await.map(|view| view.state), Some(VerificationState::Expired));
    assert!(!cancel(&store, late, end).await, "what is over is not cancelled");
}

/// What was cancelled is not confirmed, and what was confirmed can be cancelled while its proof was not shown.
pub async fn what_was_cancelled_is_over(store: Store) {
    let id = opened(&store, 1, T0).await;
    assert!(cancel(&store, id, at(1)).await);
    assert!(!cancel(&store, id, at(1)).await);
    assert_eq!(send(&store, message(id), at(2)).await, ReverseOutcome::Over);
    assert_eq!(view(&store, id, at(2)).await.map(|view| view.state), Some(VerificationState::Cancelled));
    let confirmed = opened(&store, 1, at(3)).await;
    confirm(&store, confirmed, at(4)).await;
    assert!(cancel(&store, confirmed, at(5)).await);
    assert_eq!(claim(&store, confirmed, at(6)).await, ReverseClaimed::Nothing);
    let claimed = opened(&store, 1, at(7)).await;
    confirm(&store, claimed, at(8)).await;
    assert!(is_approved(&claim(&store, claimed, at(9)).await));
    assert!(!cancel(&store, claimed, at(10)).await, "a proof that was shown is not taken back");
}

/// A confirmed one leaves the others of the phone as they are.
pub async fn others_are_left_alone(store: Store) {
    let one = opened(&store, 1, T0).await;
    let two = opened(&store, 2, T0).await;
    confirm(&store, one, at(1)).await;
    assert_eq!(state(&store, two, at(1)).await, Some(ReverseState::Waiting));
    confirm(&store, two, at(2)).await;
}

/// A wrong code counts for all that wait; the tenth ends them, and says so.
pub async fn ten_wrong_codes_end_it(store: Store) {
    let one = opened(&store, 1, T0).await;
    for left in (7..10).rev() {
        assert_eq!(wrong(&store, at(1)).await, ReverseOutcome::Wrong { left });
    }
    let two = opened(&store, 2, at(2)).await;
    for left in (3..10).rev() {
        assert_eq!(wrong(&store, at(3)).await, ReverseOutcome::Wrong { left });
    }
    assert_eq!(view(&store, one, at(4)).await.map(|view| view.state), Some(VerificationState::Locked));
    assert_eq!(view(&store, one, at(4)).await.map(|view| view.attempts_left), Some(0));
    assert_eq!(send(&store, message(one), at(4)).await, ReverseOutcome::Over);
    assert_eq!(view(&store, two, at(4)).await.map(|view| view.attempts_left), Some(3));
    for left in (0..3).rev() {
        assert_eq!(wrong(&store, at(5)).await, ReverseOutcome::Wrong { left });
    }
    assert_eq!(wrong(&store, at(6)).await, ReverseOutcome::NobodyWaits);
    assert_eq!(send(&store, message(two), at(6)).await, ReverseOutcome::Over);
}

/// How many more are taken is said of the one that takes the most, whichever that is.
pub async fn the_most_patient_one_counts(store: Store) {
    let mut patient = wish(1);
    patient.rules.wrong_codes = 20;
    open(&store, patient, T0).await;
    opened(&store, 2, T0).await;
    for left in (0..20).rev() {
        assert_eq!(wrong(&store, at(1)).await, ReverseOutcome::Wrong { left });
    }
    assert_eq!(wrong(&store, at(1)).await, ReverseOutcome::NobodyWaits);
}

/// The last code that is taken may be right.
pub async fn the_tenth_may_be_right(store: Store) {
    let id = opened(&store, 1, T0).await;
    for left in (1..10).rev() {
        assert_eq!(wrong(&store, at(1)).await, ReverseOutcome::Wrong { left });
    }
    confirm(&store, id, at(2)).await;
}

/// A wrong code does not count for one that was confirmed, nor when nobody waits.
pub async fn wrong_codes_count_only_for_those_who_wait(store: Store) {
    assert_eq!(wrong(&store, T0).await, ReverseOutcome::NobodyWaits);
    let id = opened(&store, 1, T0).await;
    confirm(&store, id, at(1)).await;
    for _ in 0..20 {
        assert_eq!(wrong(&store, at(2)).await, ReverseOutcome::NobodyWaits);
    }
    assert!(is_approved(&claim(&store, id, at(3)).await));
}

/// A code is wrong only if it was compared with all that wait.
pub async fn what_was_not_compared_is_said(store: Store) {
    let one = opened(&store, 1, T0).await;
    let two = opened(&store, 2, T0).await;
    let unseen = ReverseReceipt::new(tenant(), sample_phone(), None, vec![one], wish(1).rules);
    assert_eq!(send(&store, unseen, at(1)).await, ReverseOutcome::Stale);
    for id in [one, two] {
        assert_eq!(view(&store, id, at(1)).await.map(|view| view.attempts_left), Some(10));
    }
}

/// A message that matches what nobody knows is over.
pub async fn an_unknown_match_is_over(store: Store) {
    opened(&store, 1, T0).await;
    assert_eq!(send(&store, message(VerificationId::random()), at(1)).await, ReverseOutcome::Over);
}

/// What is over can still be read, so that a late code is known as one.
pub async fn what_is_over_is_still_known(store: Store) {
    let id = opened(&store, 1, T0).await;
    let found = read(&store, &crate::reverse_store::ReverseTarget::Phone(sample_phone()), at(400)).await;
    assert_eq!(found.iter().map(|one| (one.id, one.state)).collect::<Vec<_>>(), [(id, ReverseState::Over)]);
}
