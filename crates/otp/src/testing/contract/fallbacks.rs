//! Going on over the next channel.

use wartel_core::{Locale, Timestamp};
use wartel_messaging::DeliveryState;

use super::super::{AdmitBuilder, T0, default_rules, receipt};
use super::kit::*;
use crate::budget::{Budget, Rate};
use crate::store::{
    AttemptOutcome, DeliveryRecord, FallbackRule, LeasedSend, Recorded, Refusal, Rules, SendOutcome,
};
use crate::verification::VerificationState;

const WITH_RECEIPTS: FallbackRule = FallbackRule::new(AFTER, DeliveryState::Sent, true);
const WITHOUT: FallbackRule = FallbackRule::new(AFTER, DeliveryState::Sent, false);
const LATER: FallbackRule = FallbackRule::new(std::time::Duration::from_secs(40), DeliveryState::Sent, true);
const AFTER: std::time::Duration = std::time::Duration::from_secs(20);

fn rules(fallbacks: &[FallbackRule]) -> Rules {
    Rules { fallbacks: fallbacks.to_vec(), ..default_rules() }
}

/// A request whose messages have a second channel.
fn request() -> AdmitBuilder {
    ask(1).fallbacks([WITH_RECEIPTS])
}

async fn recorded(
    store: &Store,
    send: &LeasedSend,
    outcome: SendOutcome,
    fallbacks: &[FallbackRule],
    now: Timestamp,
) -> Recorded {
    let provider = format!("channel {}", send.channel);
    good(store.record_delivery(DeliveryRecord::new(send, provider, outcome, rules(fallbacks)), now).await)
}

async fn next(store: &Store, send: &LeasedSend, fallbacks: &[FallbackRule], now: Timestamp) -> LeasedSend {
    match recorded(store, send, SendOutcome::Refused, fallbacks, now).await {
        Recorded::Next(next) => next,
        other => panic!("no next channel but {other:?}"),
    }
}

async fn take(store: &Store, send: &LeasedSend, message_id: &str, now: Timestamp) {
    let taken = recorded(store, send, accepted(message_id), &[WITH_RECEIPTS], now).await;
    assert!(matches!(taken, Recorded::Done), "{taken:?}");
}

async fn due(store: &Store, fallbacks: &[FallbackRule], now: Timestamp) -> Vec<LeasedSend> {
    good(store.lease_due(10, &rules(fallbacks), now).await)
}

async fn hear(store: &Store, channel: u32, message_id: &str, state: DeliveryState, now: Timestamp) {
    let receipt = receipt(&format!("channel {channel}"), Some(message_id), None, state);
    assert!(good(store.record_receipt(receipt, now).await));
}

/// A channel that refuses is followed by the next one at once: the same code, the same life, the same id.
pub async fn a_refused_channel_is_followed_by_the_next(store: Store) {
    let one = given(&store, &request(), T0).await;
    assert_eq!(one.send.channel, 0);
    let two = next(&store, &one.send, &[WITH_RECEIPTS], at(1)).await;
    assert_eq!((two.channel, two.fence, two.nonce), (1, 1, one.send.nonce));
    assert_eq!((two.send, two.expires_at), (one.send.send, one.send.expires_at));
    assert_eq!(
        delivery(&store, one.id, at(1)).await,
        DeliveryState::Queued,
        "the first channel says it failed"
    );
    take(&store, &two, "m2", at(2)).await;
    assert_eq!(delivery(&store, one.id, at(2)).await, DeliveryState::Accepted);
    assert!(is_approved(&right(&store, one.id, at(3)).await));
}

/// Refused by all channels is refused: the code ends, and it cost the phone nothing.
pub async fn refused_by_all_channels_is_refused(store: Store) {
    let request = request().phone_rates([Rate::new(1, HOUR)]);
    let one = given(&store, &request, T0).await;
    let two = next(&store, &one.send, &[WITH_RECEIPTS], at(1)).await;
    assert!(matches!(
        recorded(&store, &two, SendOutcome::Refused, &[WITH_RECEIPTS], at(2)).await,
        Recorded::Done
    ));
    assert_eq!(delivery(&store, one.id, at(2)).await, DeliveryState::Failed);
    assert_eq!(state(&store, one.id, at(2)).await, VerificationState::Expired);
    assert_eq!(right(&store, one.id, at(2)).await, AttemptOutcome::NoActiveCode);
    given(&store, &request, at(3)).await;
}

/// A message that is accepted and not heard of is followed at the deadline, where receipts arrive.
pub async fn a_silent_channel_is_followed_at_its_deadline(store: Store) {
    let one = given(&store, &request(), T0).await;
    take(&store, &one.send, "m1", at(1)).await;
    assert!(due(&store, &[WITH_RECEIPTS], at(20) - MICRO).await.is_empty());
    let leased = due(&store, &[WITH_RECEIPTS], at(20)).await;
    assert_eq!(leased.iter().map(|send| send.channel).collect::<Vec<_>>(), [1]);
    assert!(due(&store, &[WITH_RECEIPTS], at(21)).await.is_empty(), "it is followed twice");
    assert_eq!(delivery(&store, one.id, at(21)).await, DeliveryState::Accepted);
}

/// Where no receipts arrive, silence after acceptance means nothing.
pub async fn silence_means_nothing_without_receipts(store: Store) {
    let one = given(&store, &request(), T0).await;
    take(&store, &one.send, "m1", at(1)).await;
    assert!(due(&store, &[WITHOUT], at(20)).await.is_empty());
    assert!(
        due(&store, &[WITH_RECEIPTS], at(21)).await.is_empty(),
        "the deadline passed with nothing to say"
    );
}

/// An answer that may mean anything is followed at the deadline, whether or not receipts arrive.
pub async fn an_uncertain_channel_is_followed_at_its_deadline(store: Store) {
    let one = given(&store, &request(), T0).await;
    assert!(matches!(
        recorded(&store, &one.send, SendOutcome::Unknown, &[WITHOUT], at(1)).await,
        Recorded::Done
    ));
    assert!(due(&store, &[WITHOUT], at(19)).await.is_empty());
    let leased = due(&store, &[WITHOUT], at(20)).await;
    assert_eq!(leased.iter().map(|send| send.channel).collect::<Vec<_>>(), [1]);
}

/// A channel that gives no answer is followed at the deadline, and not used again when its lease lapses.
pub async fn a_hanging_channel_is_followed_and_not_used_again(store: Store) {
    let one = given(&store, &request(), T0).await;
    let leased = due(&store, &[WITHOUT], at(20)).await;
    assert_eq!(leased.iter().map(|send| send.channel).collect::<Vec<_>>(), [1]);
    for send in &leased {
        take(&store, send, "m2", at(21)).await;
    }
    assert!(due(&store, &[WITHOUT], at(31)).await.is_empty(), "a channel is used twice within a send");
    // Its answer comes after all.
    take(&store, &one.send, "m1", at(32)).await;
    hear(&store, 0, "m1", DeliveryState::Delivered, at(33)).await;
    assert_eq!(delivery(&store, one.id, at(33)).await, DeliveryState::Delivered);
}

/// A message that came far enough in time is not followed.
pub async fn a_message_that_came_far_enough_is_not_followed(store: Store) {
    for (phone, news) in [(1, DeliveryState::Sent), (2, DeliveryState::Delivered), (3, DeliveryState::Read)] {
        let request = super::super::admit_for(&super::super::phone_number(phone)).fallbacks([WITH_RECEIPTS]);
        let one = given(&store, &request, T0).await;
        let id = format!("m{phone}");
        take(&store, &one.send, &id, at(1)).await;
        hear(&store, 0, &id, news, at(19)).await;
    }
    assert!(due(&store, &[WITH_RECEIPTS], at(20)).await.is_empty());
    assert!(due(&store, &[WITH_RECEIPTS], at(200)).await.is_empty());
}

/// How far is far enough the rule says.
pub async fn a_message_that_was_only_sent_may_be_followed(store: Store) {
    let rule = FallbackRule::new(AFTER, DeliveryState::Delivered, true);
    let one = given(&store, &ask(1).fallbacks([rule]), T0).await;
    take(&store, &one.send, "m1", at(1)).await;
    hear(&store, 0, "m1", DeliveryState::Sent, at(2)).await;
    assert_eq!(due(&store, &[rule], at(20)).await.len(), 1);
}

/// A message that failed after it was accepted is followed without waiting for the deadline.
pub async fn a_failed_message_is_followed_at_once(store: Store) {
    let one = given(&store, &request(), T0).await;
    take(&store, &one.send, "m1", at(1)).await;
    hear(&store, 0, "m1", DeliveryState::Failed, at(3)).await;
    let leased = due(&store, &[WITHOUT], at(3)).await;
    assert_eq!(leased.iter().map(|send| send.channel).collect::<Vec<_>>(), [1]);
    assert_eq!(delivery(&store, one.id, at(3)).await, DeliveryState::Queued);
    hear(&store, 0, "m1", DeliveryState::Failed, at(4)).await;
    assert!(due(&store, &[WITHOUT], at(5)).await.is_empty(), "it is followed twice");
}

/// Channels are used in their order, each once.
pub async fn channels_are_used_in_order_and_once(store: Store) {
    let three = [WITH_RECEIPTS, LATER];
    let one = given(&store, &ask(1).fallbacks(three), T0).await;
    let two = next(&store, &one.send, &three, at(1)).await;
    assert!(matches!(
        recorded(&store, &one.send, SendOutcome::Refused, &three, at(2)).await,
        Recorded::Stale
    ));
    take(&store, &two, "m2", at(2)).await;
    // Each channel has a deadline of its own: the second one has forty seconds.
    assert!(due(&store, &three, at(41) - MICRO).await.is_empty());
    let third = due(&store, &three, at(41)).await;
    assert_eq!(third.iter().map(|send| send.channel).collect::<Vec<_>>(), [2]);
    for send in &third {
        take(&store, send, "m3", at(42)).await;
    }
    assert!(due(&store, &three, at(100)).await.is_empty());
}

/// No more is followed at once than there are places, also of one phone; each message greets who asked for it.
pub async fn no_more_than_the_limit_is_followed(store: Store) {
    let of =
        |from, name: &str| request().client(super::super::client(from)).greeting(name, Locale::Id).quick();
    let one = given(&store, &of(1, "Budi"), T0).await;
    let two = given(&store, &of(2, "Siti"), at(1)).await;
    take(&store, &one.send, "m1", at(2)).await;
    take(&store, &two.send, "m2", at(2)).await;
    let mut followed = Vec::new();
    for expected in [1, 1, 0] {
        let leased = good(store.lease_due(1, &rules(&[WITH_RECEIPTS]), at(21)).await);
        assert_eq!(leased.len(), expected);
        followed.extend(leased.into_iter().map(|next| (next.send, next.greeting)));
    }
    followed.sort_by(|a, b| a.1.cmp(&b.1));
    let expected = [(one.send.send, Some("Budi".to_owned())), (two.send.send, Some("Siti".to_owned()))];
    assert_eq!(followed, expected);
}

/// A message over the next channel whose sender is gone is sent again, over that channel.
pub async fn a_crashed_fallback_is_leased_again(store: Store) {
    let one = given(&store, &request(), T0).await;
    let two = next(&store, &one.send, &[WITH_RECEIPTS], at(1)).await;
    let again = due(&store, &[WITH_RECEIPTS], at(31)).await;
    assert_eq!(again.iter().map(|send| (send.channel, send.fence)).collect::<Vec<_>>(), [(1, 2)]);
    assert!(matches!(
        recorded(&store, &two, accepted("m2"), &[WITH_RECEIPTS], at(32)).await,
        Recorded::Stale
    ));
}

/// A code that is used or taken back is not sent over another channel.
pub async fn an_ended_code_is_not_followed(store: Store) {
    let one = given(&store, &request(), T0).await;
    take(&store, &one.send, "m1", at(1)).await;
    assert!(is_approved(&right(&store, one.id, at(10)).await));
    assert!(due(&store, &[WITH_RECEIPTS], at(20)).await.is_empty());
    let other = given(&store, &request(), at(61)).await;
    take(&store, &other.send, "m2", at(62)).await;
    assert!(good(store.cancel(&wartel_core::TenantId::default(), other.id, at(63)).await));
    assert!(due(&store, &[WITH_RECEIPTS], at(90)).await.is_empty());
}

/// A code with too little life left is not sent over another channel.
pub async fn a_code_about_to_die_is_not_followed(store: Store) {
    let rule = FallbackRule::new(std::time::Duration::from_secs(280), DeliveryState::Sent, true);
    let one = given(&store, &ask(1).fallbacks([rule]), T0).await;
    take(&store, &one.send, "m1", at(1)).await;
    assert!(due(&store, &[rule], at(280)).await.is_empty());
    assert_eq!(delivery(&store, one.id, at(281)).await, DeliveryState::Accepted);
}

/// A fallback is part of the send that was asked for: it costs neither a send nor a wait.
pub async fn a_fallback_costs_the_phone_nothing(store: Store) {
    let request = request().phone_rates([Rate::new(2, HOUR)]);
    let one = given(&store, &request, T0).await;
    let two = next(&store, &one.send, &[WITH_RECEIPTS], at(1)).await;
    take(&store, &two, "m2", at(2)).await;
    assert_eq!(one.view.resend_at, at(60));
    given(&store, &request, at(60)).await;
    assert_eq!(refused(&store, &request, at(180)).await, (Refusal::PhoneSends, at(3_600)));
}

/// The place that a refusal would take is given back when the last channel took the message.
pub async fn a_fallback_keeps_one_place_for_its_refusal(store: Store) {
    let budget = Budget::new("refused", Rate::new(1, HOUR));
    let of = |from| request().client(super::super::client(from)).refusals([budget.clone()]).quick();
    let one = given(&store, &of(1), T0).await;
    let two = next(&store, &one.send, &[WITH_RECEIPTS], at(1)).await;
    assert_eq!(refused(&store, &of(2), at(2)).await, (Refusal::SharedBudget, at(30)));
    take(&store, &two, "m2", at(3)).await;
    given(&store, &of(2), at(4)).await;
}

/// Workers at once make one message over the next channel.
pub async fn workers_at_once_follow_once(store: Store) {
    let one = given(&store, &request(), T0).await;
    take(&store, &one.send, "m1", at(1)).await;
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        workers.spawn(async move { due(&store, &[WITH_RECEIPTS], at(25)).await.len() });
    }
    let mut leased = 0;
    while let Some(some) = workers.join_next().await {
        leased += some.unwrap_or_else(|error| panic!("{error}"));
    }
    assert_eq!(leased, 1);
}
