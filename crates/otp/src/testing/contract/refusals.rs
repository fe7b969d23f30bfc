//! Sends that were certainly refused.

use wartel_messaging::DeliveryState;

use super::super::{T0, admit_for, phone_number};
use super::kit::*;
use crate::budget::{Budget, Rate};
use crate::store::{AttemptOutcome, Refusal, SendOutcome};
use crate::verification::VerificationState;

/// A refused first send ends its challenge: nobody can have that code.
pub async fn a_refused_first_send_ends_its_code(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    assert!(record(&store, &one.send, SendOutcome::Refused, at(1)).await);
    assert_eq!(state(&store, one.id, at(1)).await, VerificationState::Expired);
    assert_eq!(delivery(&store, one.id, at(1)).await, DeliveryState::Failed);
    assert_eq!(right(&store, one.id, at(1)).await, AttemptOutcome::NoActiveCode);
    let two = given(&store, &ask(1), at(1)).await;
    assert!(two.id != one.id && two.send.nonce != one.send.nonce, "a code that was never sent lives on");
}

/// A refused send gives the phone its wait and its budget back.
pub async fn a_refused_send_costs_the_phone_nothing(store: Store) {
    let request = ask(1).phone_rates([Rate::new(1, HOUR)]);
    for second in 0..5 {
        let one = given(&store, &request, at(second)).await;
        assert_eq!(one.view.resend_at, at(second + 60));
        assert!(record(&store, &one.send, SendOutcome::Refused, at(second)).await);
    }
    given(&store, &request, at(5)).await;
    assert_eq!(refused(&store, &request, at(70)).await, (Refusal::PhoneSends, at(3_605)));
}

/// A refused send gives back the wait that it made, not those before it.
pub async fn a_refused_resend_gives_back_its_own_wait(store: Store) {
    given(&store, &ask(1), T0).await;
    let two = given(&store, &ask(1), at(60)).await;
    assert!(record(&store, &two.send, SendOutcome::Refused, at(61)).await);
    // Two are waits of 60 and 120 seconds: the second send is still to come.
    assert_eq!(given(&store, &ask(1), at(62)).await.view.resend_at, at(182));
}

/// A refusal that comes after a success and a new request gives nothing of the new wait back.
pub async fn a_late_refusal_gives_no_later_wait_back(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    assert!(record(&store, &one.send, accepted("m1"), at(1)).await);
    let slow = given(&store, &ask(1), at(60)).await;
    assert!(is_approved(&right(&store, one.id, at(61)).await));
    given(&store, &ask(1), at(62)).await;
    assert!(record(&store, &slow.send, SendOutcome::Refused, at(63)).await);
    assert_eq!(refused(&store, &ask(1), at(64)).await, (Refusal::ResendTooSoon, at(122)));
}

/// Two sends of one instant are told apart: a refusal of the first gives nothing of the second one's wait back.
pub async fn sends_of_one_instant_are_told_apart(store: Store) {
    let request = ask(1).rules(|rules| rules.waits = vec![std::time::Duration::ZERO, MINUTE]);
    let one = given(&store, &request, T0).await;
    let two = given(&store, &request, T0).await;
    assert_eq!((one.view.resend_at, two.view.resend_at), (T0, at(60) + MICRO));
    assert!(record(&store, &one.send, SendOutcome::Refused, at(1)).await);
    assert_eq!(refused(&store, &request, at(2)).await, (Refusal::ResendTooSoon, at(60) + MICRO));
}

/// A refused send counts in full for budgets that others share.
pub async fn a_refused_send_counts_for_shared_budgets(store: Store) {
    let request = ask(1).shared([Budget::new("ip", Rate::new(2, HOUR))]);
    for second in 0..2 {
        let one = given(&store, &request, at(second)).await;
        assert!(record(&store, &one.send, SendOutcome::Refused, at(second)).await);
    }
    assert_eq!(refused(&store, &request, at(3)).await, (Refusal::SharedBudget, at(3_600)));
}

/// Refused sends have a budget of their own, exact from the instant that they were asked for.
pub async fn refused_sends_have_a_budget(store: Store) {
    let budget = Budget::new("refused", Rate::new(2, HOUR));
    let of = |n| admit_for(&phone_number(n)).refusals([budget.clone()]);
    for n in 1..3 {
        let one = given(&store, &of(n), at(u64::from(n))).await;
        assert!(record(&store, &one.send, SendOutcome::Refused, at(10 * u64::from(n))).await);
    }
    for now in [at(40), at(3_601) - MICRO] {
        assert_eq!(refused(&store, &of(3), now).await, (Refusal::SharedBudget, at(3_601)));
    }
    given(&store, &admit_for(&phone_number(4)), at(41)).await;
    given(&store, &of(3), at(3_601)).await;
}

/// Sends under way take the places that their refusals would need, so that a burst gets no more of them. Who asks
/// meanwhile is told to come back when they have been answered, not when an hour is over.
pub async fn sends_under_way_keep_a_place_for_their_refusal(store: Store) {
    let budget = Budget::new("refused", Rate::new(2, HOUR));
    let of = |n| admit_for(&phone_number(n)).refusals([budget.clone()]);
    let one = given(&store, &of(1), at(0)).await;
    let two = given(&store, &of(2), at(1)).await;
    assert_eq!(refused(&store, &of(3), at(2)).await, (Refusal::SharedBudget, at(30)));
    assert!(record(&store, &one.send, accepted("m1"), at(3)).await);
    let three = given(&store, &of(3), at(3)).await;
    assert_eq!(refused(&store, &of(4), at(4)).await, (Refusal::SharedBudget, at(31)));
    assert!(record(&store, &two.send, SendOutcome::Unknown, at(5)).await);
    assert!(record(&store, &three.send, SendOutcome::Refused, at(5)).await);
    let four = given(&store, &of(4), at(6)).await;
    assert!(record(&store, &four.send, SendOutcome::Refused, at(7)).await);
    assert_eq!(refused(&store, &of(5), at(60)).await, (Refusal::SharedBudget, at(3_603)));
}

/// A refused resend leaves the code alone that somebody has already.
pub async fn a_refused_resend_keeps_the_code(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    assert!(record(&store, &one.send, accepted("m1"), at(1)).await);
    let two = given(&store, &ask(1), at(60)).await;
    assert!(record(&store, &two.send, SendOutcome::Refused, at(61)).await);
    assert_eq!(state(&store, one.id, at(61)).await, VerificationState::Pending);
    assert!(is_approved(&right(&store, one.id, at(62)).await));
}

/// A refused send leaves the code alone while another message with it may have arrived.
pub async fn a_refused_send_beside_an_uncertain_one_keeps_the_code(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    assert!(record(&store, &one.send, SendOutcome::Unknown, at(1)).await);
    let two = given(&store, &ask(2), at(60)).await;
    assert!(record(&store, &two.send, SendOutcome::Refused, at(61)).await);
    assert!(is_approved(&right(&store, one.id, at(62)).await));
}

/// What a refusal gives back it gives back once, however often it is reported.
pub async fn a_refusal_is_counted_once(store: Store) {
    let budget = Budget::new("refused", Rate::new(2, HOUR));
    let request = ask_quick(1).phone_rates([Rate::new(2, HOUR)]).refusals([budget]);
    let one = given(&store, &request, T0).await;
    assert!(record(&store, &one.send, accepted("m1"), T0).await);
    let two = given(&store, &request, at(1)).await;
    for _ in 0..5 {
        record(&store, &two.send, SendOutcome::Refused, at(2)).await;
    }
    given(&store, &request, at(3)).await;
    assert_eq!(refused(&store, &request, at(4)).await, (Refusal::PhoneSends, at(3_600)));
}

/// The checks of an id whose code was never sent return.
pub async fn a_refused_send_returns_its_checks(store: Store) {
    for n in 1..10 {
        let one = given(&store, &ask_quick(n), at(u64::from(n))).await;
        assert!(record(&store, &one.send, SendOutcome::Refused, at(u64::from(n))).await);
    }
    for n in 11..14 {
        given(&store, &ask_quick(n), at(u64::from(n))).await;
    }
    assert_eq!(refused(&store, &ask_quick(14), at(14)).await.0, Refusal::FailedChecks);
}

/// Refused after a lapsed lease is not certain: the first try may have arrived. It counts as sent, and the
/// code lives.
pub async fn a_refusal_after_a_lapsed_lease_is_not_certain(store: Store) {
    let budget = Budget::new("refused", Rate::new(1, HOUR));
    let request = ask(1).phone_rates([Rate::new(1, HOUR)]).refusals([budget.clone()]);
    let one = given(&store, &request, T0).await;
    let again = lease(&store, 10, at(30)).await;
    let [again] = again.as_slice() else { panic!("{} sends are due", again.len()) };
    assert!(record(&store, again, SendOutcome::Refused, at(31)).await);
    assert_eq!(delivery(&store, one.id, at(31)).await, DeliveryState::Unknown);
    assert_eq!(refused(&store, &request, at(60)).await, (Refusal::PhoneSends, at(3_600)));
    given(&store, &admit_for(&phone_number(2)).refusals([budget]), at(60)).await;
    assert!(lease(&store, 10, at(80)).await.is_empty(), "a reported send is sent again");
    assert!(is_approved(&right(&store, one.id, at(81)).await));
}

/// Sends of which nobody ever recorded what came of them are given up when their second lease has lapsed: no refusal
/// of them would be certain, so their places are given back, once, and whatever is still said of them.
pub async fn sends_that_are_given_up_keep_no_place(store: Store) {
    let budgets = [Budget::new("here", Rate::new(2, HOUR)), Budget::new("there", Rate::new(2, HOUR))];
    let of = |n| admit_for(&phone_number(n)).refusals(budgets.clone());
    given(&store, &of(1), T0).await;
    given(&store, &of(2), T0).await;
    let again = lease(&store, 10, at(30)).await;
    assert_eq!(again.len(), 2);
    // While they are under way again, they keep them.
    assert_eq!(refused(&store, &of(3), at(60) - MICRO).await, (Refusal::SharedBudget, at(3_600)));
    assert!(lease(&store, 10, at(60)).await.is_empty());
    for n in 3..5 {
        given(&store, &of(n), at(60)).await;
    }
    for (n, send) in again.iter().enumerate() {
        assert!(
            !record(&store, send, SendOutcome::Refused, at(61)).await,
            "a send that is given up is refused"
        );
        assert!(record(&store, send, accepted(&format!("m{n}")), at(62)).await);
    }
    assert!(lease(&store, 10, at(63)).await.is_empty());
    for budget in budgets {
        let request = admit_for(&phone_number(5)).refusals([budget]);
        assert_eq!(refused(&store, &request, at(63)).await, (Refusal::SharedBudget, at(90)));
    }
}

/// A send whose only lease has lapsed and that is not sent again, because its code is over, may still be refused for
/// certain: then it counts.
pub async fn a_send_that_may_still_be_refused_keeps_its_place(store: Store) {
    let budget = Budget::new("refused", Rate::new(1, HOUR));
    let of = |n| admit_for(&phone_number(n)).refusals([budget.clone()]);
    let one = given(&store, &of(1), T0).await;
    assert!(cancel(&store, one.id, at(1)).await);
    assert!(lease(&store, 10, at(30)).await.is_empty());
    assert_eq!(refused(&store, &of(2), at(31)).await, (Refusal::SharedBudget, at(3_600)));
    assert!(record(&store, &one.send, SendOutcome::Refused, at(32)).await);
    assert_eq!(refused(&store, &of(2), at(33)).await, (Refusal::SharedBudget, at(3_600)));
}

/// A send that was accepted cannot be refused afterwards.
pub async fn an_accepted_send_is_not_given_back(store: Store) {
    let request = ask_quick(1).phone_rates([Rate::new(1, HOUR)]);
    let one = given(&store, &request, T0).await;
    assert!(record(&store, &one.send, accepted("m1"), at(1)).await);
    record(&store, &one.send, SendOutcome::Refused, at(2)).await;
    assert_eq!(state(&store, one.id, at(2)).await, VerificationState::Pending);
    assert_eq!(refused(&store, &request, at(3)).await, (Refusal::PhoneSends, at(3_600)));
}
