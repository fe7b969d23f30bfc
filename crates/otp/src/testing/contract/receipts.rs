//! News of messages, in whatever order it comes.

use wartel_core::Timestamp;
use wartel_messaging::{DeliveryReceipt, DeliveryState};

use super::super::{T0, admit_for, phone_number, receipt};
use super::kit::*;
use crate::store::DeliveryRecord;

async fn news(store: &Store, receipt: DeliveryReceipt, now: Timestamp) -> bool {
    good(store.record_receipt(receipt, now).await)
}

/// News of a message by the id that the provider gave when it took it.
async fn by_message(store: &Store, id: &str, state: DeliveryState, now: Timestamp) -> bool {
    news(store, receipt("fake", Some(id), None, state), now).await
}

async fn accepted_as(store: &Store, message_id: &str) -> Given {
    let one = given(store, &ask(1), T0).await;
    assert!(record(store, &one.send, accepted(message_id), at(1)).await);
    one
}

/// A receipt raises the state of its message, step by step.
pub async fn a_receipt_raises_the_state(store: Store) {
    let one = accepted_as(&store, "m1").await;
    for state in [DeliveryState::Sent, DeliveryState::Delivered, DeliveryState::Read] {
        assert!(by_message(&store, "m1", state, at(2)).await);
        assert_eq!(delivery(&store, one.id, at(2)).await, state);
    }
}

/// A receipt that comes before the provider's answer is kept and matched later.
pub async fn a_receipt_before_its_message_waits(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    assert!(!by_message(&store, "m1", DeliveryState::Delivered, at(1)).await);
    assert_eq!(delivery(&store, one.id, at(1)).await, DeliveryState::Queued);
    assert!(record(&store, &one.send, accepted("m1"), at(2)).await);
    assert_eq!(delivery(&store, one.id, at(2)).await, DeliveryState::Delivered);
}

/// Several receipts wait together; the furthest counts.
pub async fn several_receipts_wait_together(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    for state in [DeliveryState::Sent, DeliveryState::Read, DeliveryState::Delivered, DeliveryState::Sent] {
        assert!(!by_message(&store, "m1", state, at(1)).await);
    }
    assert!(record(&store, &one.send, accepted("m1"), at(2)).await);
    assert_eq!(delivery(&store, one.id, at(2)).await, DeliveryState::Read);
}

/// A receipt with both ids teaches the second one, by which later receipts come alone.
pub async fn a_second_id_is_learned(store: Store) {
    let one = accepted_as(&store, "m1").await;
    assert!(news(&store, receipt("fake", Some("m1"), Some("s1"), DeliveryState::Sent), at(2)).await);
    assert!(news(&store, receipt("fake", None, Some("s1"), DeliveryState::Delivered), at(3)).await);
    assert_eq!(delivery(&store, one.id, at(3)).await, DeliveryState::Delivered);
}

/// A receipt by the second id alone waits until that id is known.
pub async fn a_receipt_by_the_second_id_waits(store: Store) {
    let one = accepted_as(&store, "m1").await;
    assert!(!news(&store, receipt("fake", None, Some("s1"), DeliveryState::Delivered), at(2)).await);
    assert_eq!(delivery(&store, one.id, at(2)).await, DeliveryState::Accepted);
    assert!(news(&store, receipt("fake", Some("m1"), Some("s1"), DeliveryState::Sent), at(3)).await);
    assert_eq!(delivery(&store, one.id, at(3)).await, DeliveryState::Delivered);
}

/// Both may come before the provider's answer, the second id first.
pub async fn a_chain_of_waiting_receipts_is_followed(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    assert!(!news(&store, receipt("fake", None, Some("s1"), DeliveryState::Read), at(1)).await);
    // The same news without the second id and with it: both are kept.
    assert!(!by_message(&store, "m1", DeliveryState::Sent, at(1)).await);
    assert!(!news(&store, receipt("fake", Some("m1"), Some("s1"), DeliveryState::Sent), at(1)).await);
    assert!(record(&store, &one.send, accepted("m1"), at(2)).await);
    assert_eq!(delivery(&store, one.id, at(2)).await, DeliveryState::Read);
}

/// Once learned, the second id is enough, also beside a first id that nobody knows.
pub async fn either_id_is_enough(store: Store) {
    let one = accepted_as(&store, "m1").await;
    assert!(news(&store, receipt("fake", Some("m1"), Some("s1"), DeliveryState::Sent), at(2)).await);
    assert!(news(&store, receipt("fake", Some("m9"), Some("s1"), DeliveryState::Delivered), at(3)).await);
    assert_eq!(delivery(&store, one.id, at(3)).await, DeliveryState::Delivered);
}

/// The same receipt again changes nothing.
pub async fn duplicates_change_nothing(store: Store) {
    let one = accepted_as(&store, "m1").await;
    assert!(by_message(&store, "m1", DeliveryState::Delivered, at(2)).await);
    let before = view(&store, one.id, at(3)).await;
    for _ in 0..3 {
        assert!(by_message(&store, "m1", DeliveryState::Delivered, at(3)).await);
    }
    assert_eq!(view(&store, one.id, at(3)).await, before);
}

/// Receipts out of order never lower a state.
pub async fn late_receipts_lower_nothing(store: Store) {
    let one = accepted_as(&store, "m1").await;
    assert!(by_message(&store, "m1", DeliveryState::Read, at(2)).await);
    for state in [DeliveryState::Sent, DeliveryState::Failed, DeliveryState::Delivered, DeliveryState::Queued]
    {
        assert!(by_message(&store, "m1", state, at(3)).await);
        assert_eq!(delivery(&store, one.id, at(3)).await, DeliveryState::Read);
    }
}

/// A provider takes "sent" back by "failed"; what was delivered was delivered.
pub async fn failed_stands_between_sent_and_delivered(store: Store) {
    let one = accepted_as(&store, "m1").await;
    for (news, shown) in [
        (DeliveryState::Sent, DeliveryState::Sent),
        (DeliveryState::Failed, DeliveryState::Failed),
        (DeliveryState::Sent, DeliveryState::Failed),
        (DeliveryState::Delivered, DeliveryState::Delivered),
        (DeliveryState::Failed, DeliveryState::Delivered),
    ] {
        assert!(by_message(&store, "m1", news, at(2)).await);
        assert_eq!(delivery(&store, one.id, at(2)).await, shown);
    }
}

/// The same id from another provider is another message.
pub async fn providers_have_their_own_ids(store: Store) {
    let one = accepted_as(&store, "m1").await;
    assert!(!news(&store, receipt("other", Some("m1"), None, DeliveryState::Read), at(2)).await);
    assert_eq!(delivery(&store, one.id, at(2)).await, DeliveryState::Accepted);
    // Also if both messages went to one phone: the receipt has waited for the second one.
    let two = given(&store, &ask(2), at(60)).await;
    let report = DeliveryRecord::new(&two.send, "other", accepted("m1"), super::super::default_rules());
    assert!(good(store.record_delivery(report, at(61)).await).is_kept());
    assert_eq!(delivery(&store, two.id, at(61)).await, DeliveryState::Read);
    assert_eq!(delivery(&store, one.id, at(61)).await, DeliveryState::Accepted);
}

/// A first and a second id that read the same are not the same.
pub async fn first_and_second_ids_are_told_apart(store: Store) {
    let one = accepted_as(&store, "m1").await;
    assert!(!news(&store, receipt("fake", None, Some("m1"), DeliveryState::Read), at(2)).await);
    assert_eq!(delivery(&store, one.id, at(2)).await, DeliveryState::Accepted);
}

/// A receipt raises its own message only: not another phone's, not another caller's.
pub async fn a_receipt_is_of_one_message(store: Store) {
    let one = accepted_as(&store, "m1").await;
    let two = given(&store, &ask(2), at(60)).await;
    let three = given(&store, &admit_for(&phone_number(2)), at(60)).await;
    assert!(record(&store, &two.send, accepted("m2"), at(61)).await);
    assert!(record(&store, &three.send, accepted("m3"), at(61)).await);
    assert!(by_message(&store, "m2", DeliveryState::Delivered, at(62)).await);
    assert_eq!(delivery(&store, one.id, at(62)).await, DeliveryState::Accepted);
    assert_eq!(delivery(&store, two.id, at(62)).await, DeliveryState::Delivered);
    assert_eq!(delivery(&store, three.id, at(62)).await, DeliveryState::Accepted);
    // News of the older one, first by its first id and then by its second one.
    let both = |first, second| receipt("fake", Some(first), Some(second), DeliveryState::Sent);
    assert!(news(&store, both("m1", "s1"), at(63)).await);
    assert!(news(&store, both("m2", "s2"), at(63)).await);
    assert_eq!(delivery(&store, one.id, at(63)).await, DeliveryState::Sent);
    assert!(news(&store, receipt("fake", None, Some("s1"), DeliveryState::Read), at(64)).await);
    assert_eq!(delivery(&store, one.id, at(64)).await, DeliveryState::Read);
    assert_eq!(delivery(&store, two.id, at(64)).await, DeliveryState::Delivered);
}

/// News of the first message counts after a resend too; the furthest is shown.
pub async fn news_of_an_earlier_message_counts(store: Store) {
    let one = accepted_as(&store, "m1").await;
    let again = given(&store, &ask(1), at(60)).await;
    assert!(record(&store, &again.send, accepted("m2"), at(61)).await);
    assert!(by_message(&store, "m1", DeliveryState::Read, at(62)).await);
    assert!(by_message(&store, "m2", DeliveryState::Sent, at(63)).await);
    assert_eq!(delivery(&store, one.id, at(63)).await, DeliveryState::Read);
}

/// News counts after the code has been used.
pub async fn news_counts_after_the_end(store: Store) {
    let one = accepted_as(&store, "m1").await;
    assert!(is_approved(&right(&store, one.id, at(2)).await));
    assert!(by_message(&store, "m1", DeliveryState::Read, at(3)).await);
    assert_eq!(delivery(&store, one.id, at(3)).await, DeliveryState::Read);
}

/// A receipt that fits nothing is kept for a day and then deleted.
pub async fn a_receipt_of_nothing_goes_after_a_day(store: Store) {
    assert!(!by_message(&store, "m1", DeliveryState::Read, T0).await);
    assert_eq!(purge(&store, 10, T0 + DAY - MICRO).await, 0);
    assert_eq!(purge(&store, 10, T0 + DAY).await, 1);
    assert_eq!(purge(&store, 10, T0 + DAY).await, 0);
    let now = T0 + DAY;
    let one = given(&store, &ask(1), now).await;
    assert!(record(&store, &one.send, accepted("m1"), now).await);
    assert_eq!(delivery(&store, one.id, now).await, DeliveryState::Accepted);
}

/// Should a provider use an id again, its news are of the later message.
pub async fn news_of_a_repeated_id_are_of_the_later_message(store: Store) {
    let first = accepted_as(&store, "m1").await;
    let second = given(&store, &ask(1), at(60)).await;
    assert_eq!(second.id, first.id);
    assert!(record(&store, &second.send, accepted("m1"), at(61)).await);
    assert!(cancel(&store, first.id, at(62)).await);
    let third = given(&store, &ask(1), at(200)).await;
    assert!(record(&store, &third.send, accepted("m1"), at(201)).await);
    assert!(by_message(&store, "m1", DeliveryState::Delivered, at(202)).await);
    assert_eq!(delivery(&store, third.id, at(202)).await, DeliveryState::Delivered);
    assert_eq!(delivery(&store, first.id, at(202)).await, DeliveryState::Accepted);
}
