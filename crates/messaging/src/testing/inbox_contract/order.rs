//! What comes before what.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::*;
use crate::DeviceEvent;

/// The messages of a contact are handed out one after the other, in the order in which they were recorded.
pub async fn messages_of_a_contact_come_one_after_the_other(inbox: impl Inbox) {
    for id in ["m1", "m2", "m3"] {
        record_new(&inbox, message(by_phone(1), id), T0).await;
    }
    for id in ["m1", "m2", "m3"] {
        let leased = lease_one(&inbox, T0).await;
        assert_eq!(text(&leased.entry), id);
        nothing_due(&inbox, T0).await;
        done(&inbox, &leased, T0).await;
    }
    nothing_due(&inbox, T0).await;
}

/// A message that waits for its next try, or whose holder died, holds up those after it.
pub async fn a_postponed_message_holds_up_the_next(inbox: impl Inbox) {
    record_new(&inbox, message(by_phone(1), "m1"), T0).await;
    record_new(&inbox, message(by_phone(1), "m2"), T0).await;
    let leased = lease_one(&inbox, T0).await;
    assert!(settle(&inbox, &leased, InboxOutcome::Retry { at: T0 + HOUR, taken: Vec::new() }, T0).await);
    nothing_due(&inbox, T0 + HOUR - MICRO).await;
    let lost = lease_one(&inbox, T0 + HOUR).await;
    assert_eq!(text(&lost.entry), "m1");
    let again = lease_one(&inbox, T0 + HOUR + LEASE).await;
    assert_eq!(text(&again.entry), "m1");
    done(&inbox, &again, T0 + HOUR + LEASE).await;
    assert_eq!(texts(&drain(&inbox, T0 + HOUR + LEASE).await), ["m2"]);
}

/// A message that was given up lets the next one pass.
pub async fn a_dead_message_lets_the_next_pass(inbox: impl Inbox) {
    record_new(&inbox, message(by_phone(1), "m1"), T0).await;
    record_new(&inbox, message(by_phone(1), "m2"), T0).await;
    let leased = lease_one(&inbox, T0).await;
    assert!(settle(&inbox, &leased, InboxOutcome::Dead, T0).await);
    assert_eq!(texts(&drain(&inbox, T0).await), ["m2"]);
}

/// Nobody waits for another contact.
pub async fn contacts_do_not_wait_for_each_other(inbox: impl Inbox) {
    for id in ["m1", "m2"] {
        for n in 1..4 {
            record_new(&inbox, message(by_phone(n), id), T0).await;
        }
    }
    let first = lease(&inbox, 10, T0).await;
    assert_eq!(first.iter().map(|leased| text(&leased.entry)).collect::<Vec<_>>(), ["m1", "m1", "m1"]);
    done(&inbox, &first[1], T0).await;
    let next = lease_one(&inbox, T0).await;
    assert_eq!((text(&next.entry), contact_of(&next.entry)), ("m2", contact_of(&first[1].entry)));
}

/// The same person in two accounts, or of two tenants, is two conversations.
pub async fn accounts_do_not_wait_for_each_other(inbox: impl Inbox) {
    for (of, to) in [("default", "satu"), ("default", "dua"), ("lain", "satu")] {
        let both = vec![message(by_phone(1), "m1"), message(by_phone(1), "m2")];
        good(inbox.record(delivery_to(of, to, both), T0).await);
    }
    let first = lease(&inbox, 10, T0).await;
    assert_eq!(first.iter().map(|leased| text(&leased.entry)).collect::<Vec<_>>(), ["m1", "m1", "m1"]);
}

/// An echo of ours keeps its place among the contact's messages.
pub async fn echoes_keep_their_place(inbox: impl Inbox) {
    record_new(&inbox, message(by_phone(1), "m1"), T0).await;
    let ours = InboundMessage::new(by_phone(1), InboundContent::text("kami")).with_id(Some("e1"));
    record_new(&inbox, InboundEvent::Message(ours.from_own_account()), T0).await;
    record_new(&inbox, message(by_phone(1), "m2"), T0).await;
    assert_eq!(texts(&drain(&inbox, T0).await), ["m1", "kami", "m2"]);
}

/// What nobody asks for holds up nothing.
pub async fn kinds_that_nobody_asks_for_hold_up_nothing(inbox: impl Inbox) {
    let ours = InboundMessage::new(by_phone(1), InboundContent::text("kami"));
    record_new(&inbox, InboundEvent::Message(ours.from_own_account()), T0).await;
    record_new(&inbox, message(by_phone(1), "m1"), T0).await;
    let leased = good(inbox.lease(&[InboxKind::Message], 10, LEASE, T0).await);
    assert_eq!(leased.iter().map(|leased| text(&leased.entry)).collect::<Vec<_>>(), ["m1"]);
}

/// News of one device come in order; those of another account's do not wait for them.
pub async fn news_of_a_device_come_in_order(inbox: impl Inbox) {
    use DeviceEvent::{Connected, Disconnected};
    let news = [Connected, Disconnected].map(InboundEvent::DeviceState);
    record(&inbox, news.to_vec(), T0).await;
    good(inbox.record(delivery_to("default", "lain", news.to_vec()), T0).await);
    let first = lease(&inbox, 10, T0).await;
    assert_eq!(first.len(), 2, "one of each account");
    assert!(first.iter().all(|leased| leased.entry.event == InboxEvent::Device(Connected)));
    for leased in &first {
        done(&inbox, leased, T0).await;
    }
    let second = lease(&inbox, 10, T0).await;
    assert!(second.iter().all(|leased| leased.entry.event == InboxEvent::Device(Disconnected)));
    assert_eq!(second.len(), 2);
}

/// Receipts wait for nothing.
pub async fn receipts_have_no_order(inbox: impl Inbox) {
    record_new(&inbox, message(by_phone(1), "m1"), T0).await;
    for state in [DeliveryState::Sent, DeliveryState::Delivered, DeliveryState::Read] {
        record_new(&inbox, receipt("m1", state), T0).await;
    }
    assert_eq!(lease(&inbox, 10, T0).await.len(), 4);
}

/// After two contacts became one their messages are one conversation.
pub async fn merged_contacts_are_one_conversation(inbox: impl Inbox) {
    record_new(&inbox, message(by_lid(1), "m1"), T0).await;
    record_new(&inbox, message(by_phone(1), "m2"), T0).await;
    record_new(&inbox, message(by_lid(1), "m3"), T0).await;
    record_new(&inbox, message(by_both(1), "m4"), T0).await;
    for id in ["m1", "m2", "m3", "m4"] {
        let leased = lease_one(&inbox, T0).await;
        assert_eq!(text(&leased.entry), id);
        done(&inbox, &leased, T0).await;
    }
}

/// A message handed out again keeps its place before those after it that still wait.
pub async fn many_dispatchers_keep_the_order_of_each_contact(inbox: impl Inbox) {
    const CONTACTS: u32 = 5;
    const MESSAGES: usize = 10;
    let inbox: Arc<dyn Inbox> = Arc::new(inbox);
    for n in 0..MESSAGES {
        for contact in 0..CONTACTS {
            record_new(&inbox, message(by_phone(contact), &format!("{contact}/{n:02}")), T0).await;
        }
    }
    let seen = Arc::new(std::sync::Mutex::new(Vec::<String>::new()));
    let mut dispatchers = JoinSet::new();
    for _ in 0..4 {
        let (inbox, seen) = (Arc::clone(&inbox), Arc::clone(&seen));
        dispatchers.spawn(async move {
            loop {
                let leased = lease(&inbox, 3, T0).await;
                let count = seen.lock().map(|seen| seen.len()).unwrap_or_default();
                if leased.is_empty() && count == MESSAGES * 5 {
                    return;
                }
                for leased in leased {
                    if let Ok(mut seen) = seen.lock() {
                        seen.push(text(&leased.entry).to_owned());
                    }
                    done(&inbox, &leased, T0).await;
                }
                tokio::task::yield_now().await;
            }
        });
    }
    dispatchers.join_all().await;
    let seen = seen.lock().map(|seen| seen.clone()).unwrap_or_default();
    for contact in 0..CONTACTS {
        let of: Vec<&String> = seen.iter().filter(|text| text.starts_with(&format!("{contact}/"))).collect();
        assert_eq!(of.len(), MESSAGES);
        assert!(of.is_sorted(), "{of:?}");
    }
}
