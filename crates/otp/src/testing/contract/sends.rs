//! Leases, fences, and what is known of a send.

use wartel_core::TenantId;
use wartel_messaging::DeliveryState;

use super::super::{T0, admit_for, default_rules, phone_number, sample_phone};
use super::kit::*;
use crate::budget::Rate;
use crate::purpose::Purpose;
use crate::store::{DeliveryRecord, Refusal, SendOutcome};
use crate::verification::SendId;

/// A send that nobody reported is leased again when its lease ends, not before, and is the same send.
pub async fn a_lapsed_send_is_leased_again(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    assert!(lease(&store, 10, at(30) - MICRO).await.is_empty(), "a lease is broken");
    let again = lease(&store, 10, at(30)).await;
    let [again] = again.as_slice() else { panic!("{} sends are due", again.len()) };
    assert_eq!((again.send, &again.tenant, &again.phone), (one.send.send, &one.send.tenant, &one.send.phone));
    assert_eq!((&again.purpose, &again.key, again.expires_at), (&one.send.purpose, &one.send.key, at(300)));
    assert!(again.nonce == one.send.nonce, "another code is sent");
    assert!(again.fence > one.send.fence, "the fence does not grow");
    assert_eq!(delivery(&store, one.id, at(30)).await, DeliveryState::Queued);
}

/// The second lease lapses too: nobody knows, and it is not sent a third time.
pub async fn lapsed_twice_is_unknown(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    assert_eq!(lease(&store, 10, at(30)).await.len(), 1);
    assert!(lease(&store, 10, at(60) - MICRO).await.is_empty(), "a lease is broken");
    for now in [at(60), at(61), at(200)] {
        assert!(lease(&store, 10, now).await.is_empty(), "a code is handed over a third time");
        assert_eq!(delivery(&store, one.id, now).await, DeliveryState::Unknown);
    }
}

/// A due send is leased to one.
pub async fn a_due_send_is_leased_once(store: Store) {
    given(&store, &ask(1), T0).await;
    assert_eq!(lease(&store, 10, at(30)).await.len(), 1);
    assert!(lease(&store, 10, at(30)).await.is_empty(), "a send is leased twice");
}

/// No more than the limit is leased at once, also of one phone; the rest stays due.
pub async fn no_more_than_the_limit_is_leased(store: Store) {
    for n in 1..5 {
        given(&store, &admit_for(&phone_number(n)), at(u64::from(n))).await;
    }
    given(&store, &ask_quick(1), at(5)).await;
    given(&store, &ask_quick(1).purpose(Purpose::LOGIN), at(6)).await;
    let mut seen = std::collections::HashSet::new();
    for expected in [1, 4, 1, 0] {
        let leased = lease(&store, expected.max(1), at(50)).await;
        assert_eq!(leased.len(), expected);
        assert!(leased.iter().all(|send| seen.insert(send.send)), "a send is leased twice");
    }
}

/// Sends that wait longest come first.
pub async fn the_longest_waiting_come_first(store: Store) {
    let mut asked = Vec::new();
    for n in [3, 1, 2] {
        asked.push(given(&store, &admit_for(&phone_number(n)), at(asked.len() as u64)).await.send.send);
    }
    let mut leased = Vec::new();
    for _ in 0..3 {
        leased.extend(lease(&store, 1, at(60)).await.into_iter().map(|send| send.send));
    }
    assert_eq!(leased, asked);
}

/// A send that was reported is not due any more, whatever came of it.
pub async fn a_reported_send_is_not_due(store: Store) {
    for (n, outcome) in (1..).zip([accepted("m1"), SendOutcome::Unknown, SendOutcome::Refused]) {
        let one = given(&store, &admit_for(&phone_number(n)), T0).await;
        assert!(record(&store, &one.send, outcome, at(1)).await);
    }
    assert!(lease(&store, 10, at(60)).await.is_empty(), "a reported send is sent again");
}

/// The code of a challenge that has ended is not sent again.
pub async fn an_ended_code_is_not_sent_again(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let two = given(&store, &admit_for(&phone_number(2)), T0).await;
    assert!(cancel(&store, one.id, at(1)).await);
    assert!(is_approved(&right(&store, two.id, at(1)).await));
    assert!(lease(&store, 10, at(30)).await.is_empty(), "a dead code is sent");
    assert_eq!(delivery(&store, one.id, at(30)).await, DeliveryState::Unknown);
}

/// A code with less than thirty seconds of life is not sent again; with thirty it is.
pub async fn no_code_is_sent_again_with_too_little_life(store: Store) {
    let lives =
        |seconds| move |rules: &mut crate::store::Rules| rules.ttl = std::time::Duration::from_secs(seconds);
    let short = given(&store, &ask(1).rules(lives(59)), T0).await;
    let long = given(&store, &admit_for(&phone_number(2)).rules(lives(60)), T0).await;
    let leased = lease(&store, 10, at(30)).await;
    assert_eq!(leased.iter().map(|send| send.send).collect::<Vec<_>>(), [long.send.send]);
    assert_eq!(delivery(&store, short.id, at(30)).await, DeliveryState::Unknown);
}

/// Only the newest holder of a lease may report.
pub async fn the_fence_keeps_old_holders_out(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let again = lease(&store, 10, at(30)).await;
    let [again] = again.as_slice() else { panic!("{} sends are due", again.len()) };
    for outcome in [accepted("m1"), SendOutcome::Refused, SendOutcome::Unknown] {
        assert!(!record(&store, &one.send, outcome, at(31)).await, "an old holder reports");
    }
    assert_eq!(delivery(&store, one.id, at(31)).await, DeliveryState::Queued);
    assert!(is_live(&store, one.id, at(31)).await, "an old holder ends the code");
    assert!(record(&store, again, accepted("m2"), at(32)).await);
    assert_eq!(delivery(&store, one.id, at(32)).await, DeliveryState::Accepted);
}

async fn is_live(store: &Store, id: crate::VerificationId, now: wartel_core::Timestamp) -> bool {
    let snapshot = snapshot(store, &crate::store::Target::Id(id), now).await;
    snapshot.is_some_and(|snapshot| snapshot.live.is_some())
}

/// A report that comes after the lease but before anybody else has taken over counts.
pub async fn a_late_report_counts_if_nobody_took_over(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    assert!(record(&store, &one.send, accepted("m1"), at(45)).await);
    assert_eq!(delivery(&store, one.id, at(45)).await, DeliveryState::Accepted);
    assert!(lease(&store, 10, at(60)).await.is_empty(), "an accepted send is sent again");
}

/// Nobody knows whether an ambiguous send arrived: it counts as sent, and the code lives.
pub async fn an_ambiguous_send_counts_as_sent(store: Store) {
    let request = ask(1).phone_rates([Rate::new(1, HOUR)]);
    let one = given(&store, &request, T0).await;
    assert!(record(&store, &one.send, SendOutcome::Unknown, at(5)).await);
    assert_eq!(delivery(&store, one.id, at(5)).await, DeliveryState::Unknown);
    assert_eq!(refused(&store, &request, at(6)).await, (Refusal::ResendTooSoon, at(60)));
    assert_eq!(refused(&store, &request, at(60)).await, (Refusal::PhoneSends, at(3_600)));
    assert!(is_approved(&right(&store, one.id, at(61)).await));
}

/// An acceptance that comes after all hope was given up still raises the state.
pub async fn a_late_acceptance_raises_an_unknown_send(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let again = lease(&store, 10, at(30)).await;
    assert!(lease(&store, 10, at(60)).await.is_empty());
    let [again] = again.as_slice() else { panic!("{} sends were due", again.len()) };
    assert!(record(&store, again, accepted("m1"), at(70)).await);
    assert_eq!(delivery(&store, one.id, at(70)).await, DeliveryState::Accepted);
}

/// States never fall, whatever is reported afterwards.
pub async fn a_reported_state_never_falls(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    assert!(record(&store, &one.send, accepted("m1"), at(1)).await);
    record(&store, &one.send, SendOutcome::Unknown, at(2)).await;
    record(&store, &one.send, accepted("m1"), at(3)).await;
    assert_eq!(delivery(&store, one.id, at(3)).await, DeliveryState::Accepted);
    assert!(is_approved(&right(&store, one.id, at(4)).await));
}

/// A report of a send that the tenant or the phone does not have changes nothing.
pub async fn a_report_of_nothing_changes_nothing(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let report = DeliveryRecord::new(&one.send, "fake", accepted("m1"), super::super::default_rules());
    for foreign in [
        DeliveryRecord { tenant: other_tenant(), ..report.clone() },
        DeliveryRecord { phone: phone_number(2), ..report.clone() },
        DeliveryRecord { send: SendId::sequential(), ..report.clone() },
    ] {
        assert!(!good(store.record_delivery(foreign, at(1)).await).is_kept(), "a report of nothing is taken");
    }
    assert_eq!(delivery(&store, one.id, at(1)).await, DeliveryState::Queued);
    assert!(good(store.record_delivery(report, at(2)).await).is_kept());
    assert!(
        !good(store.forget(&TenantId::default(), &phone_number(2), at(2)).await),
        "a phone came into being"
    );
}

/// A verification shows the furthest of the messages that it asked for, and no one else's.
pub async fn each_id_shows_its_own_messages(store: Store) {
    let one = given(&store, &ask_quick(1), T0).await;
    let two = given(&store, &ask_quick(2), at(1)).await;
    assert!(record(&store, &one.send, accepted("m1"), at(2)).await);
    assert!(record(&store, &two.send, SendOutcome::Unknown, at(2)).await);
    assert_eq!(delivery(&store, one.id, at(2)).await, DeliveryState::Accepted);
    assert_eq!(delivery(&store, two.id, at(2)).await, DeliveryState::Unknown);
    let again = given(&store, &ask_quick(1), at(3)).await;
    assert_eq!((again.id, again.view.delivery), (one.id, DeliveryState::Accepted));
    let again = given(&store, &ask_quick(2), at(4)).await;
    assert!(record(&store, &again.send, accepted("m2"), at(5)).await);
    assert_eq!(delivery(&store, two.id, at(5)).await, DeliveryState::Accepted);
}

/// Nothing is due where nothing was asked for.
pub async fn nothing_is_due_at_first(store: Store) {
    assert!(lease(&store, 10, T0).await.is_empty());
    assert_eq!(purge(&store, 10, T0).await, 0);
    assert!(!forget(&store, &sample_phone(), T0).await);
    assert!(good(store.lease_due(0, &default_rules(), T0).await).is_empty());
}
