//! Many at once. The runtime of these tests has several threads.

use super::super::{T0, redeem};
use super::kit::*;
use crate::budget::{Budget, Rate};
use crate::reverse_store::{ReverseAdmission, ReverseClaimed, ReverseOutcome, ReverseState, ReverseTarget};
use crate::store::Redemption;

fn count<T>(all: &[T], wanted: impl Fn(&T) -> bool) -> usize {
    all.iter().filter(|one| wanted(one)).count()
}

/// Of a thousand same messages at once one confirms.
pub async fn of_many_messages_one_confirms(store: Store) {
    let id = opened(&store, 1, T0).await;
    let outcomes = together(1_000, |_| {
        let store = store.clone();
        async move { send(&store, message(id), at(1)).await }
    })
    .await;
    assert_eq!(count(&outcomes, |outcome| matches!(outcome, ReverseOutcome::Confirmed { .. })), 1);
    assert_eq!(count(&outcomes, |outcome| *outcome == ReverseOutcome::Repeated), 999);
}

/// Of two hundred claims at once one shows a proof, and only that one redeems.
pub async fn of_many_claims_one_shows_its_proof(store: Store) {
    let id = opened(&store, 1, T0).await;
    confirm(&store, id, at(1)).await;
    let claims = together(200, |_| {
        let store = store.clone();
        async move {
            let claim = claim_of(id);
            (claim.proof_hash.clone(), good(store.claim_reverse(claim, at(2)).await))
        }
    })
    .await;
    assert_eq!(count(&claims, |(_, claimed)| is_approved(claimed)), 1);
    assert_eq!(count(&claims, |(_, claimed)| *claimed == ReverseClaimed::Nothing), 199);
    for (proof, claimed) in
        claims.iter().filter(|(_, claimed)| is_approved(claimed)).chain(claims.iter().take(10))
    {
        let redeemed = good(store.redeem(redeem(proof, "a"), at(3)).await);
        assert_eq!(matches!(redeemed, Redemption::Phone(_)), is_approved(claimed));
    }
}

/// Of a hundred wrong messages at once ten count.
pub async fn of_many_wrong_messages_ten_count(store: Store) {
    let id = opened(&store, 1, T0).await;
    let outcomes = together(100, |_| {
        let store = store.clone();
        async move { wrong(&store, at(1)).await }
    })
    .await;
    for expected in 0..10 {
        let wanted = ReverseOutcome::Wrong { left: expected };
        assert_eq!(count(&outcomes, |outcome| *outcome == wanted), 1, "{expected} left");
    }
    assert_eq!(count(&outcomes, |outcome| *outcome == ReverseOutcome::NobodyWaits), 90);
    assert_eq!(state(&store, id, at(1)).await, Some(ReverseState::Over));
}

/// The right code among wrong ones wins, as long as those are fewer than ten.
pub async fn a_right_message_among_wrong_ones_wins(store: Store) {
    for round in 0..10 {
        let now = at(round * 600);
        let id = opened(&store, 1, now).await;
        let outcomes = together(10, |n| {
            let store = store.clone();
            async move {
                if n == 5 { send(&store, message(id), now).await } else { wrong(&store, now).await }
            }
        })
        .await;
        assert_eq!(count(&outcomes, |outcome| matches!(outcome, ReverseOutcome::Confirmed { .. })), 1);
        assert!(is_approved(&claim(&store, id, now).await));
    }
}

/// Places and budgets hold against a hundred requests at once.
pub async fn places_hold_at_once(store: Store) {
    let budget = Budget::new("default/all-reverse//600", Rate::new(50, 10 * MINUTE));
    let answers = together(100, |n| {
        let store = store.clone();
        let from = u8::try_from(n).unwrap_or_default();
        let request = wish_within(from, std::slice::from_ref(&budget));
        async move { good(store.open_reverse(request, T0).await) }
    })
    .await;
    assert_eq!(count(&answers, |answer| matches!(answer, ReverseAdmission::Opened(_))), 6);
    let waiting = read(&store, &ReverseTarget::Phone(super::super::sample_phone()), T0).await;
    assert_eq!(waiting.len(), 6);
    // Only the six that were opened are charged.
    let phones = together(100, |n| {
        let store = store.clone();
        let phone = super::super::phone_number(u32::try_from(n).unwrap_or_default());
        let request =
            crate::reverse_store::OpenReverse { phone, ..wish_within(1, std::slice::from_ref(&budget)) };
        async move { good(store.open_reverse(request, at(1)).await) }
    })
    .await;
    assert_eq!(count(&phones, |answer| matches!(answer, ReverseAdmission::Opened(_))), 44);
}

/// A message and a cancellation at once agree on who came first.
pub async fn cancel_and_the_code_agree(store: Store) {
    for round in 0..20 {
        let now = at(round * 700);
        let id = opened(&store, 1, now).await;
        let one = store.clone();
        let other = store.clone();
        let sent = tokio::spawn(async move { send(&one, message(id), now).await });
        let cancelled = tokio::spawn(async move { cancel(&other, id, now).await });
        let (sent, cancelled) = (sent.await, cancelled.await);
        let (Ok(sent), Ok(cancelled)) = (sent, cancelled) else { panic!("a task panicked") };
        // It is cancelled in any case: also after the code arrived its proof was not shown.
        assert!(cancelled);
        assert!(matches!(sent, ReverseOutcome::Confirmed { .. } | ReverseOutcome::Over));
        assert_eq!(claim(&store, id, now).await, ReverseClaimed::Nothing);
    }
}
