//! The budget of failed checks: fifteen in any day, a hundred in a row.

use super::super::{AdmitBuilder, T0, admit_for, default_rules, phone_number};
use super::kit::*;
use crate::purpose::Purpose;
use crate::store::{Refusal, Rules, Target};
use crate::verification::VerificationId;

/// Locks an id under other rules than the default ones.
async fn lock_by(store: &Store, id: VerificationId, rules: &Rules, now: wartel_core::Timestamp) {
    for expected in (0..5).rev() {
        assert_eq!(check_target(store, &Target::Id(id), false, rules.clone(), now).await, left(expected));
    }
}

/// Rules under which only the row of failures stops anybody.
fn row_rules() -> Rules {
    let mut rules = default_rules();
    rules.failed.max = 1_000;
    rules.waits = vec![SECOND];
    rules
}

fn ask_in_row(from: u8) -> AdmitBuilder {
    ask_quick(from).rules(|rules| *rules = row_rules())
}

/// Fifteen failed checks stop new codes until enough of them are a day old.
pub async fn fifteen_in_a_day_stop_new_codes(store: Store) {
    for round in 0..3 {
        let one = given(&store, &ask_quick(1), at(round * 100)).await;
        lock(&store, one.id, at(round * 100 + 10)).await;
    }
    let until = at(10) + DAY;
    for now in [at(300), at(7_200), until - MICRO] {
        assert_eq!(refused(&store, &ask_quick(9), now).await, (Refusal::FailedChecks, until));
    }
    let one = given(&store, &ask_quick(9), until).await;
    // The next five return when the second five are a day old, unless the code ends before.
    assert_eq!(refused(&store, &ask_quick(8), until + SECOND).await, (Refusal::FailedChecks, at(110) + DAY));
    lock(&store, one.id, until + SECOND).await;
    assert_eq!(
        refused(&store, &ask_quick(8), until + 2 * SECOND).await,
        (Refusal::FailedChecks, at(110) + DAY)
    );
}

/// Failed checks count over all purposes.
pub async fn failed_checks_count_over_purposes(store: Store) {
    for (second, purpose) in (0..).zip([Purpose::REGISTRATION, Purpose::LOGIN, Purpose::PASSWORD_RESET]) {
        let one = given(&store, &ask_quick(1).purpose(purpose), at(second)).await;
        lock(&store, one.id, at(second)).await;
    }
    let fourth = ask_quick(1).purpose(Purpose::CHANGE_OF_NUMBER);
    assert_eq!(refused(&store, &fourth, at(3)).await, (Refusal::FailedChecks, T0 + DAY));
}

/// Failed checks without an id count too.
pub async fn failed_checks_without_id_count_too(store: Store) {
    let one = given(&store, &ask_quick(1), T0).await;
    for _ in 0..5 {
        check_phone(&store, None, false, at(1)).await;
    }
    lock(&store, one.id, at(2)).await;
    let two = given(&store, &ask_quick(1), at(3)).await;
    assert!(is_locked(&check_phone(&store, None, false, at(4)).await), "what is reserved is spent");
    assert!(cancel(&store, two.id, at(5)).await);
    given(&store, &ask_quick(2), at(6)).await;
    assert_eq!(refused(&store, &ask_quick(3), at(7)).await, (Refusal::FailedChecks, at(306)));
}

/// Success clears the failed checks.
pub async fn success_clears_the_failed_checks(store: Store) {
    for round in 0..2 {
        let one = given(&store, &ask_quick(1), at(round)).await;
        lock(&store, one.id, at(round)).await;
    }
    let three = given(&store, &ask_quick(1), at(2)).await;
    assert!(is_approved(&right(&store, three.id, at(2)).await));
    for n in 1..4 {
        given(&store, &ask_quick(n), at(2 + u64::from(n))).await;
    }
}

/// Success with one purpose clears the failed checks of all.
pub async fn success_clears_for_all_purposes(store: Store) {
    let one = given(&store, &ask_quick(1), T0).await;
    lock(&store, one.id, T0).await;
    let two = given(&store, &ask_quick(1).purpose(Purpose::LOGIN), at(1)).await;
    assert!(is_approved(&right(&store, two.id, at(2)).await));
    for n in 1..4 {
        given(&store, &ask_quick(n), at(2 + u64::from(n))).await;
    }
}

/// The failed checks of one phone or tenant are not another's.
pub async fn failed_checks_are_per_phone(store: Store) {
    for round in 0..3 {
        let one = given(&store, &ask_quick(1), at(round)).await;
        lock(&store, one.id, at(round)).await;
    }
    refused(&store, &ask_quick(1), at(3)).await;
    given(&store, &admit_for(&phone_number(2)), at(3)).await;
    given(&store, &ask_quick(1).tenant(&other_tenant()), at(3)).await;
}

/// A hundred failures in a row stop everything for thirty days after the last one.
pub async fn a_hundred_in_a_row_stop_new_codes(store: Store) {
    for round in 0..20_u8 {
        let now = at(u64::from(round));
        let one = given(&store, &ask_in_row(round), now).await;
        lock_by(&store, one.id, &row_rules(), now).await;
    }
    let until = at(19) + 30 * DAY;
    for now in [at(20), at(20) + 2 * DAY, until - MICRO] {
        assert_eq!(refused(&store, &ask_in_row(99), now).await, (Refusal::FailedChecks, until));
    }
    // From then on it is a new row.
    let one = given(&store, &ask_in_row(99), until).await;
    lock_by(&store, one.id, &row_rules(), until).await;
    given(&store, &ask_in_row(98), until + SECOND).await;
}

/// The row is counted over days: a failure each day adds up.
pub async fn a_row_is_counted_over_days(store: Store) {
    let request = ask_quick(1).rules(|rules| rules.failed_in_row = 10);
    let mut rules = default_rules();
    rules.failed_in_row = 10;
    for day in 0..2 {
        let now = T0 + day * 20 * DAY;
        let one = given(&store, &request, now).await;
        lock_by(&store, one.id, &rules, now).await;
    }
    let until = T0 + 50 * DAY;
    assert_eq!(refused(&store, &request, T0 + 25 * DAY).await, (Refusal::FailedChecks, until));
    given(&store, &request, until).await;
}

/// An id is given only if its checks fit into the row; success begins a new row.
pub async fn an_id_must_fit_into_the_row(store: Store) {
    for round in 0..19_u8 {
        let now = at(u64::from(round));
        let one = given(&store, &ask_in_row(round), now).await;
        lock_by(&store, one.id, &row_rules(), now).await;
    }
    let last = given(&store, &ask_in_row(50), at(20)).await;
    assert_eq!(refused(&store, &ask_in_row(51), at(21)).await, (Refusal::FailedChecks, at(320)));
    let stranger = super::super::by_phone(&super::super::sample_phone(), Purpose::REGISTRATION, None);
    assert!(is_locked(&check_target(&store, &stranger, true, row_rules(), at(21)).await));
    let outcome = check_target(&store, &Target::Id(last.id), true, row_rules(), at(22)).await;
    assert!(is_approved(&outcome), "{outcome:?}");
    for round in 0..3 {
        given(&store, &ask_in_row(60 + round), at(23 + u64::from(round))).await;
    }
}

/// An operator may forgive the failed checks of a phone; the sends stay counted.
pub async fn an_operator_unlocks_a_phone(store: Store) {
    let rates = [crate::budget::Rate::new(4, HOUR)];
    let request = |from| ask(from).rules(|rules| rules.waits = vec![SECOND]).phone_rates(rates);
    for from in 1..4 {
        let one = given(&store, &request(from), at(u64::from(from))).await;
        lock(&store, one.id, at(u64::from(from))).await;
    }
    assert_eq!(refused(&store, &request(4), at(10)).await.0, Refusal::FailedChecks);
    let phone = super::super::sample_phone();
    let unlock = |tenant, now| {
        let (store, phone) = (store.clone(), phone.clone());
        async move { good(store.unlock(&tenant, &phone, now).await) }
    };
    assert!(!unlock(other_tenant(), at(11)).await, "another tenant's operator unlocks");
    assert!(unlock(wartel_core::TenantId::default(), at(11)).await);
    assert!(!unlock(wartel_core::TenantId::default(), at(12)).await, "there is nothing left to forgive");
    given(&store, &request(4), at(12)).await;
    assert_eq!(refused(&store, &request(5), at(20)).await.0, Refusal::PhoneSends);
}
