//! Waits between sends, and budgets of sends.

use super::super::{T0, admit_for, phone_number};
use super::kit::*;
use crate::budget::{Budget, Rate};
use crate::purpose::Purpose;
use crate::store::Refusal;

/// The waits are 60, 120 and then always 300 seconds, to the microsecond.
pub async fn waits_grow(store: Store) {
    let mut now = T0;
    for wait in [60, 120, 300, 300] {
        // Without an address each request would be a new id; here it is one caller who asks again.
        let one = given(&store, &ask(1).phone_rates([]), now).await;
        let next = now + std::time::Duration::from_secs(wait);
        assert_eq!(one.view.resend_at, next);
        assert_eq!(
            refused(&store, &ask(1).phone_rates([]), next - MICRO).await,
            (Refusal::ResendTooSoon, next)
        );
        now = next;
    }
}

/// A wait holds for every caller and every purpose: it protects the phone.
pub async fn waits_hold_for_everybody(store: Store) {
    given(&store, &ask(1), T0).await;
    for request in [ask(2), ask(1).purpose(Purpose::LOGIN), admit_for(&super::super::sample_phone())] {
        assert_eq!(refused(&store, &request, at(59)).await, (Refusal::ResendTooSoon, at(60)));
    }
}

/// After an hour without a send the waits begin again; a microsecond earlier they go on.
pub async fn waits_begin_again_after_an_hour(store: Store) {
    let other = admit_for(&phone_number(2));
    for request in [&ask(1), &other] {
        given(&store, request, T0).await;
        given(&store, request, at(60)).await;
    }
    let end = at(60) + HOUR;
    assert_eq!(given(&store, &ask(1), end).await.view.resend_at, end + MINUTE);
    assert_eq!(given(&store, &other, end - MICRO).await.view.resend_at, end - MICRO + 5 * MINUTE);
}

/// After a success the waits begin again.
pub async fn waits_begin_again_after_success(store: Store) {
    given(&store, &ask(1), T0).await;
    let one = given(&store, &ask(1), at(60)).await;
    assert!(is_approved(&right(&store, one.id, at(61)).await));
    assert_eq!(given(&store, &ask(1), at(62)).await.view.resend_at, at(122));
}

/// A refused request changes nothing: no wait, no count, no id, no longer life.
pub async fn a_refused_request_changes_nothing(store: Store) {
    let shared = Budget::new("tenant", Rate::new(2, HOUR));
    let request = ask(1).phone_rates([Rate::new(2, HOUR)]).shared([shared]);
    let one = given(&store, &request, T0).await;
    for second in 1..60 {
        assert_eq!(refused(&store, &request, at(second)).await, (Refusal::ResendTooSoon, at(60)));
    }
    let stranger = ask(2).phone_rates([Rate::new(2, HOUR)]);
    assert_eq!(refused(&store, &stranger, at(59)).await, (Refusal::ResendTooSoon, at(60)));
    assert_eq!(view(&store, one.id, at(59)).await, one.view);
    assert_eq!(given(&store, &request, at(60)).await.view.resend_at, at(180));
}

/// The sends of a phone slide in an exact window.
pub async fn sends_of_a_phone_are_exact(store: Store) {
    let request = ask_quick(1).phone_rates([Rate::new(2, 10 * MINUTE)]);
    given(&store, &request, T0).await;
    given(&store, &request, at(200)).await;
    for now in [at(201), at(600) - MICRO] {
        assert_eq!(refused(&store, &request, now).await, (Refusal::PhoneSends, at(600)));
    }
    given(&store, &request, at(600)).await;
    assert_eq!(refused(&store, &request, at(601)).await, (Refusal::PhoneSends, at(800)));
}

/// Every budget of a phone counts; the one that refuses longest says until when.
pub async fn every_budget_of_a_phone_counts(store: Store) {
    let request = ask_quick(1).phone_rates([Rate::new(2, MINUTE), Rate::new(3, HOUR)]);
    given(&store, &request, T0).await;
    given(&store, &request, at(10)).await;
    assert_eq!(refused(&store, &request, at(20)).await, (Refusal::PhoneSends, at(60)));
    given(&store, &request, at(60)).await;
    assert_eq!(refused(&store, &request, at(65)).await, (Refusal::PhoneSends, at(3_600)));
    given(&store, &request, at(3_600)).await;
}

/// Sends of a phone count over all its purposes and callers.
pub async fn sends_count_over_purposes(store: Store) {
    let rates = [Rate::new(2, HOUR)];
    given(&store, &ask_quick(1).phone_rates(rates), T0).await;
    given(&store, &ask_quick(2).purpose(Purpose::LOGIN).phone_rates(rates), at(1)).await;
    let third = ask_quick(3).purpose(Purpose::PASSWORD_RESET).phone_rates(rates);
    assert_eq!(refused(&store, &third, at(2)).await, (Refusal::PhoneSends, at(3_600)));
    given(&store, &third.tenant(&other_tenant()), at(2)).await;
}

/// Success does not give sends back: they cost money.
pub async fn success_gives_no_sends_back(store: Store) {
    let request = ask_quick(1).phone_rates([Rate::new(1, HOUR)]);
    let one = given(&store, &request, T0).await;
    assert!(is_approved(&right(&store, one.id, at(1)).await));
    assert_eq!(refused(&store, &request, at(2)).await, (Refusal::PhoneSends, at(3_600)));
}

/// The default budgets of a phone: five in ten minutes, ten in a day.
pub async fn the_default_budgets_of_a_phone_hold(store: Store) {
    let request = ask(1).rules(|rules| rules.waits = vec![SECOND]);
    for second in 0..5 {
        given(&store, &request, at(second)).await;
    }
    assert_eq!(refused(&store, &request, at(5)).await, (Refusal::PhoneSends, at(600)));
    for second in 0..5 {
        given(&store, &request, at(3_600 + second)).await;
    }
    assert_eq!(refused(&store, &request, at(7_200)).await, (Refusal::PhoneSends, T0 + DAY));
    given(&store, &request, T0 + DAY).await;
}

fn of(phone: u32, budgets: &[&Budget]) -> super::super::AdmitBuilder {
    admit_for(&phone_number(phone)).shared(budgets.iter().map(|budget| (*budget).clone()).collect::<Vec<_>>())
}

/// A shared budget counts over all phones, in an exact window.
pub async fn a_shared_budget_is_exact(store: Store) {
    let budget = Budget::new("ip", Rate::new(3, 10 * MINUTE));
    for n in 0..3 {
        given(&store, &of(n, &[&budget]), at(u64::from(n) * 10)).await;
    }
    for now in [at(30), at(600) - MICRO] {
        assert_eq!(refused(&store, &of(3, &[&budget]), now).await, (Refusal::SharedBudget, at(600)));
    }
    given(&store, &of(3, &[&budget]), at(600)).await;
    assert_eq!(refused(&store, &of(4, &[&budget]), at(601)).await, (Refusal::SharedBudget, at(610)));
}

/// Budgets with different keys know nothing of each other.
pub async fn shared_budgets_are_told_apart_by_key(store: Store) {
    let rate = Rate::new(1, HOUR);
    given(&store, &of(1, &[&Budget::new("ip/203.0.113.1", rate)]), T0).await;
    given(&store, &of(2, &[&Budget::new("ip/203.0.113.2", rate)]), T0).await;
    let again = of(3, &[&Budget::new("ip/203.0.113.1", rate)]);
    assert_eq!(refused(&store, &again, at(1)).await, (Refusal::SharedBudget, at(3_600)));
}

/// The key alone says which budget it is: keys are opaque, and tenants put their name into theirs.
pub async fn a_budget_is_its_key_alone(store: Store) {
    let budget = Budget::new("everybody", Rate::new(1, HOUR));
    given(&store, &of(1, &[&budget]).tenant(&other_tenant()), T0).await;
    assert_eq!(refused(&store, &of(2, &[&budget]), at(1)).await, (Refusal::SharedBudget, at(3_600)));
}

/// Of several budgets each is charged, and each may refuse.
pub async fn every_shared_budget_counts(store: Store) {
    let ip = Budget::new("ip", Rate::new(2, HOUR));
    let tenant = Budget::new("tenant", Rate::new(3, 2 * HOUR));
    given(&store, &of(1, &[&ip, &tenant]), T0).await;
    given(&store, &of(2, &[&ip, &tenant]), at(1)).await;
    assert_eq!(refused(&store, &of(3, &[&ip, &tenant]), at(2)).await, (Refusal::SharedBudget, at(3_600)));
    given(&store, &of(4, &[&tenant]), at(3)).await;
    assert_eq!(refused(&store, &of(5, &[&tenant]), at(4)).await, (Refusal::SharedBudget, at(7_200)));
}

/// A request that one budget refuses is charged to none.
pub async fn a_refused_request_charges_no_budget(store: Store) {
    let full = Budget::new("full", Rate::new(1, HOUR));
    let roomy = Budget::new("roomy", Rate::new(2, HOUR));
    given(&store, &of(1, &[&full]), T0).await;
    for second in 1..10 {
        refused(&store, &of(2, &[&roomy, &full]), at(second)).await;
    }
    given(&store, &of(3, &[&roomy]), at(20)).await;
    given(&store, &of(4, &[&roomy]), at(21)).await;
    assert_eq!(refused(&store, &of(5, &[&roomy]), at(22)).await, (Refusal::SharedBudget, at(3_620)));
}

/// Sends that are not refused do not count as refused.
pub async fn sends_do_not_spend_the_refusal_budget(store: Store) {
    let refusals = [Budget::new("refused", Rate::new(1, HOUR))];
    for n in 1..4 {
        let one = given(&store, &of(n, &[]).refusals(refusals.clone()), at(u64::from(n))).await;
        assert!(record(&store, &one.send, accepted(&format!("m{n}")), at(u64::from(n))).await);
    }
}
