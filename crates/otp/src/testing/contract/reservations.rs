//! Each id has its checks for itself, out of the budget of failed checks of its phone.

use super::super::{T0, admit_for, phone_number};
use super::kit::*;
use crate::purpose::Purpose;
use crate::store::{AttemptOutcome, Refusal};
use crate::verification::VerificationId;

/// Three callers, one second after the other.
async fn three(store: &Store) -> [VerificationId; 3] {
    let mut ids = [VerificationId::random(); 3];
    for (n, id) in (0..).zip(&mut ids) {
        *id = given(store, &ask_quick(n + 1), at(u64::from(n))).await.id;
    }
    ids
}

/// Three ids fill the budget of fifteen; a fourth is refused until their code ends.
pub async fn three_ids_fill_the_budget(store: Store) {
    three(&store).await;
    assert_eq!(refused(&store, &ask_quick(4), at(3)).await, (Refusal::FailedChecks, at(302)));
    assert_eq!(refused(&store, &ask_quick(4), at(302) - MICRO).await, (Refusal::FailedChecks, at(302)));
}

/// Unspent checks return when the code expires.
pub async fn unspent_checks_return_at_the_end(store: Store) {
    three(&store).await;
    given(&store, &ask_quick(4), at(302)).await;
}

/// Unspent checks return when an id is taken back.
pub async fn unspent_checks_return_on_cancel(store: Store) {
    let [one, ..] = three(&store).await;
    assert!(cancel(&store, one, at(3)).await);
    given(&store, &ask_quick(4), at(4)).await;
    assert_eq!(refused(&store, &ask_quick(5), at(5)).await.0, Refusal::FailedChecks);
}

/// Spent checks do not return with the unspent ones.
pub async fn spent_checks_do_not_return(store: Store) {
    let [one, ..] = three(&store).await;
    assert_eq!(wrong(&store, one, at(3)).await, left(4));
    assert!(cancel(&store, one, at(4)).await);
    // Ten are reserved and one is spent: four are left, and five are needed.
    assert_eq!(refused(&store, &ask_quick(4), at(5)).await, (Refusal::FailedChecks, at(302)));
    given(&store, &ask_quick(4), at(302)).await;
    given(&store, &ask_quick(5), at(303)).await;
    assert_eq!(refused(&store, &ask_quick(6), at(304)).await, (Refusal::FailedChecks, at(603)));
}

/// Success returns everything: the checks of all ids, and what had been spent.
pub async fn everything_returns_on_success(store: Store) {
    let [one, two, _] = three(&store).await;
    assert_eq!(wrong(&store, one, at(3)).await, left(4));
    assert!(is_approved(&right(&store, two, at(4)).await));
    for n in 4..7 {
        given(&store, &ask_quick(n), at(u64::from(n) + 1)).await;
    }
    assert_eq!(refused(&store, &ask_quick(7), at(8)).await.0, Refusal::FailedChecks);
}

/// Who has an id already needs no room for another.
pub async fn an_owner_needs_no_room(store: Store) {
    let [one, two, _] = three(&store).await;
    assert_eq!(wrong(&store, one, at(3)).await, left(4));
    assert_eq!(given(&store, &ask_quick(9).own_id(one), at(4)).await.id, one);
    assert_eq!(given(&store, &ask_quick(2), at(5)).await.id, two);
}

/// A resend makes reservations last as long as the code.
pub async fn reservations_last_as_long_as_the_code(store: Store) {
    let [one, ..] = three(&store).await;
    given(&store, &ask_quick(9).own_id(one), at(100)).await;
    assert_eq!(refused(&store, &ask_quick(4), at(302)).await, (Refusal::FailedChecks, at(400)));
}

/// Ids of all purposes reserve out of one budget.
pub async fn reservations_count_over_purposes(store: Store) {
    let purposes = [Purpose::REGISTRATION, Purpose::LOGIN, Purpose::PASSWORD_RESET];
    for (second, purpose) in (0..).zip(purposes) {
        given(&store, &ask_quick(1).purpose(purpose), at(second)).await;
    }
    let fourth = ask_quick(1).purpose(Purpose::CHANGE_OF_NUMBER);
    // The first code ends first, and with it five checks return.
    assert_eq!(refused(&store, &fourth, at(3)).await, (Refusal::FailedChecks, at(300)));
    given(&store, &fourth, at(300)).await;
}

/// Reservations of one phone or tenant are not another's.
pub async fn reservations_are_per_phone(store: Store) {
    three(&store).await;
    given(&store, &admit_for(&phone_number(2)), at(3)).await;
    given(&store, &ask_quick(4).tenant(&other_tenant()), at(3)).await;
}

/// Strangers without an id cannot touch what is reserved, with right codes or wrong ones.
pub async fn strangers_cannot_spend_reserved_checks(store: Store) {
    let ids = three(&store).await;
    for matched in [false, true] {
        for from in [None, Some(99)] {
            let outcome = check_phone(&store, from, matched, at(3)).await;
            assert_eq!(outcome, AttemptOutcome::Locked { until: at(302) });
        }
    }
    for id in ids {
        assert_eq!(view(&store, id, at(3)).await.attempts_left, 5);
    }
    assert!(is_approved(&right(&store, ids[2], at(4)).await));
}

/// However many strangers guess, the owner gets all five of her checks.
pub async fn an_owner_always_gets_her_checks(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    for from in 10..110 {
        check_phone(&store, Some(from), false, at(1)).await;
    }
    for expected in [4, 3, 2, 1] {
        assert_eq!(wrong(&store, one.id, at(2)).await, left(expected));
    }
    assert!(is_approved(&right(&store, one.id, at(3)).await));
}

/// Together, owners and strangers never fail more than fifteen times.
pub async fn all_together_fail_fifteen_times_at_most(store: Store) {
    let mut failed = 0;
    for round in 0..6_u8 {
        let now = at(u64::from(round) * 400);
        for from in [2 * round, 2 * round + 1] {
            let now = now + u32::from(from % 2) * SECOND;
            let crate::store::Admission::Send { view, .. } =
                good(store.admit(ask_quick(100 + from).build(), now).await)
            else {
                continue;
            };
            for _ in 0..7 {
                failed +=
                    u32::from(matches!(wrong(&store, view.id, now).await, AttemptOutcome::Mismatch { .. }));
                let stranger = check_phone(&store, None, false, now).await;
                failed += u32::from(matches!(stranger, AttemptOutcome::Mismatch { .. }));
            }
        }
    }
    assert_eq!(failed, 15);
}
