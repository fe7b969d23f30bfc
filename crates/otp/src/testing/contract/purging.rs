//! Deleting what is over, and forgetting a phone.

use wartel_messaging::DeliveryState;

use super::super::{T0, admit_for, attempt, default_rules, phone_number, receipt, redeem, sample_phone};
use super::kit::*;
use crate::budget::{Budget, Rate};
use crate::store::{AttemptOutcome, Redemption, Refusal, Target};

/// What is over goes a day after its end, to the microsecond.
pub async fn what_is_over_goes_after_a_day(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let end = at(300) + DAY;
    assert_eq!(purge(&store, 10, end - MICRO).await, 0);
    assert_eq!(view(&store, one.id, end - MICRO).await.id, one.id);
    assert!(purge(&store, 10, end).await > 0);
    assert!(snapshot(&store, &Target::Id(one.id), end).await.is_none(), "an old id is kept");
}

/// A challenge that ended early goes a day after that.
pub async fn the_end_counts_not_the_expiry(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    assert!(cancel(&store, one.id, at(10)).await);
    assert_eq!(purge(&store, 10, at(10) + DAY - MICRO).await, 0);
    assert!(purge(&store, 10, at(10) + DAY).await > 0);
    assert!(snapshot(&store, &Target::Id(one.id), at(10) + DAY).await.is_none(), "an old id is kept");
}

/// What lives stays, beside what goes.
pub async fn what_lives_stays(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let now = at(300) + DAY;
    let approved = given(&store, &ask(1), now - 2 * SECOND).await;
    let live = challenge(&store, approved.id, now - 2 * SECOND).await;
    let check = attempt(Target::Id(approved.id), Some(live), true);
    let proof = check.proof_hash.clone();
    assert!(is_approved(&good(store.attempt(check, now - SECOND).await)));
    let two = given(&store, &ask(1), now - SECOND).await;
    purge_all(&store, now).await;
    assert!(snapshot(&store, &Target::Id(one.id), now).await.is_none(), "an old id is kept");
    assert!(is_approved(&right(&store, two.id, now).await));
    let redeemed = good(store.redeem(redeem(&proof, "a"), now).await);
    assert_eq!(redeemed, Redemption::Phone(sample_phone()), "a proof goes with an old id");
}

/// Purge does no more than it is asked to at once, and comes to an end.
pub async fn purge_is_bounded(store: Store) {
    for n in 1..6 {
        given(&store, &admit_for(&phone_number(n)), T0).await;
    }
    // After thirty-one days neither challenges nor counters are worth keeping.
    let now = T0 + 31 * DAY;
    let steps = [purge(&store, 2, now).await, purge(&store, 2, now).await, purge(&store, 2, now).await];
    assert!(steps.iter().all(|gone| (1..=2).contains(gone)), "{steps:?}");
    purge_all(&store, now).await;
    assert_eq!(purge(&store, 10, now).await, 0);
    for n in 1..6 {
        assert!(!forget(&store, &phone_number(n), now).await, "something is left");
    }
}

/// Failed checks count on after the rest is gone: deleting must not renew anybody's guesses.
pub async fn failed_checks_outlive_their_code(store: Store) {
    let request = ask_quick(1).rules(|rules| rules.failed_in_row = 5);
    let one = given(&store, &request, T0).await;
    lock(&store, one.id, T0).await;
    let (gone, end) = (T0 + 2 * DAY, T0 + 30 * DAY);
    purge_all(&store, gone).await;
    assert!(snapshot(&store, &Target::Id(one.id), gone).await.is_none(), "an old id is kept");
    assert_eq!(refused(&store, &request, gone).await, (Refusal::FailedChecks, end));
    purge_all(&store, end - MICRO).await;
    assert_eq!(refused(&store, &request, end - MICRO).await, (Refusal::FailedChecks, end));
    purge_all(&store, end).await;
    given(&store, &request, end).await;
}

/// A budget of sends that is longer than a day outlives the code too.
pub async fn sends_outlive_their_code(store: Store) {
    let request = ask_quick(1).phone_rates([Rate::new(1, 7 * DAY)]);
    given(&store, &request, T0).await;
    purge_all(&store, T0 + 2 * DAY).await;
    assert_eq!(refused(&store, &request, T0 + 2 * DAY).await, (Refusal::PhoneSends, T0 + 7 * DAY));
}

/// A shared budget counts as long as its window, also if everything else is gone.
pub async fn shared_budgets_outlive_their_code(store: Store) {
    let budget = Budget::new("ip", Rate::new(1, 7 * DAY));
    let of = |n| admit_for(&phone_number(n)).shared([budget.clone()]);
    given(&store, &of(1), T0).await;
    purge_all(&store, T0 + 7 * DAY - MICRO).await;
    assert_eq!(refused(&store, &of(2), T0 + 7 * DAY - MICRO).await, (Refusal::SharedBudget, T0 + 7 * DAY));
    // A store may as well let counters go by its own clock.
    assert!(purge(&store, 10, T0 + 7 * DAY).await <= 1);
    given(&store, &of(2), T0 + 7 * DAY).await;
}

/// After everything has ended nothing is left, and a phone is as new.
pub async fn everything_is_gone_at_the_end(store: Store) {
    let request = ask(1).shared([Budget::new("ip", Rate::new(9, HOUR))]);
    let one = given(&store, &request, T0).await;
    assert!(record(&store, &one.send, accepted("m1"), at(1)).await);
    good(store.record_receipt(receipt("fake", Some("m1"), Some("s1"), DeliveryState::Sent), at(2)).await);
    good(store.record_receipt(receipt("fake", Some("m9"), None, DeliveryState::Sent), at(2)).await);
    assert_eq!(wrong(&store, one.id, at(3)).await, left(4));
    let live = challenge(&store, one.id, at(3)).await;
    let check = attempt(Target::Id(one.id), Some(live), true);
    let proof = check.proof_hash.clone();
    assert!(is_approved(&good(store.attempt(check, at(4)).await)));
    let two = given(&store, &request, at(5)).await;
    lock(&store, two.id, at(6)).await;

    let now = T0 + 31 * DAY;
    purge_all(&store, now).await;
    assert_eq!(good(store.redeem(redeem(&proof, "a"), now).await), Redemption::Refused);
    assert!(!forget(&store, &sample_phone(), now).await, "something is left");
    for (message, state) in [(Some("m1"), None), (None, Some("s1"))] {
        let late = receipt("fake", message, state, DeliveryState::Read);
        assert!(!good(store.record_receipt(late, now).await), "a message is known that is gone");
    }
    assert_eq!(given(&store, &request, now).await.view.resend_at, now + MINUTE);
}

/// A forgotten phone has no ids, no proofs and no messages.
pub async fn a_forgotten_phone_is_gone(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let live = challenge(&store, one.id, T0).await;
    let check = attempt(Target::Id(one.id), Some(live), true);
    let proof = check.proof_hash.clone();
    assert!(is_approved(&good(store.attempt(check, at(1)).await)));
    let two = given(&store, &ask(1), at(2)).await;
    assert!(record(&store, &two.send, accepted("m1"), at(3)).await);

    assert!(forget(&store, &sample_phone(), at(4)).await);
    for id in [one.id, two.id] {
        assert!(snapshot(&store, &Target::Id(id), at(4)).await.is_none(), "an id is kept");
    }
    assert_eq!(right(&store, two.id, at(4)).await, AttemptOutcome::NoActiveCode);
    assert_eq!(good(store.redeem(redeem(&proof, "a"), at(4)).await), Redemption::Refused);
    let late = receipt("fake", Some("m1"), None, DeliveryState::Read);
    assert!(!good(store.record_receipt(late, at(4)).await), "a message is known that is forgotten");
}

/// Forgetting renews nobody's guesses, and no wait.
pub async fn forgetting_keeps_the_counters(store: Store) {
    for round in 0..3 {
        let one = given(&store, &ask_quick(1), at(round)).await;
        lock(&store, one.id, at(round)).await;
    }
    assert!(forget(&store, &sample_phone(), at(2)).await);
    assert_eq!(refused(&store, &ask_quick(1), at(2)).await, (Refusal::ResendTooSoon, at(3)));
    assert_eq!(refused(&store, &ask_quick(1), at(3)).await, (Refusal::FailedChecks, T0 + DAY));
}

/// Forgetting touches no other phone and no other tenant.
pub async fn forgetting_is_for_one_phone(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    assert!(!forget(&store, &phone_number(2), T0).await);
    assert!(!good(store.forget(&other_tenant(), &sample_phone(), T0).await));
    assert!(is_approved(&right(&store, one.id, at(1)).await));
}

/// A message under way when its phone is forgotten is not sent again, and its outcome changes nothing.
pub async fn a_forgotten_message_is_not_sent_again(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    assert!(forget(&store, &sample_phone(), at(1)).await);
    assert!(!record(&store, &one.send, accepted("m1"), at(2)).await);
    assert!(good(store.lease_due(10, &default_rules(), at(60)).await).is_empty(), "a forgotten code is sent");
}
