//! Whether something of a contact waits for a consumer.

use super::*;
use crate::inbox::ContactId;

async fn waits(inbox: &dyn Inbox, consumer: &str, contact: ContactId) -> bool {
    good(inbox.waits(consumer, &tenant("default"), &account("default"), contact).await)
}

/// Records a message, takes it, and gives its contact.
async fn known(inbox: &dyn Inbox, from: ContactAddress, id: &str) -> ContactId {
    record_new(inbox, message(from, id), T0).await;
    let leased = lease_one(inbox, T0).await;
    done(inbox, &leased, T0).await;
    contact_of(&leased.entry).id
}

/// Until it is settled, or the consumer is noted as one that has taken it. Echoes as well as messages.
pub async fn what_is_open_waits_for_those_who_did_not_take_it(inbox: impl Inbox) {
    let contact = known(&inbox, by_phone(1), "m1").await;
    assert!(!waits(&inbox, "bot", contact).await);
    let echo =
        InboundMessage::new(by_phone(1), InboundContent::text("m3")).with_id(Some("m3")).from_own_account();
    for event in [message(by_phone(1), "m2"), InboundEvent::Message(echo)] {
        record_new(&inbox, event, T0).await;
        assert!(waits(&inbox, "bot", contact).await);
        let leased = lease_one(&inbox, T0).await;
        assert!(waits(&inbox, "bot", contact).await);
        let outcome =
            InboxOutcome::Retry { at: T0 + HOUR, taken: vec!["receipts".to_owned(), "bot".to_owned()] };
        assert!(settle(&inbox, &leased, outcome, T0).await);
        // By its whole name.
        for (consumer, expected) in
            [("bot", false), ("receipts", false), ("bo", true), ("", true), ("log", true)]
        {
            assert_eq!(waits(&inbox, consumer, contact).await, expected, "{consumer}");
        }
        let leased = lease_one(&inbox, T0 + HOUR).await;
        assert!(!waits(&inbox, "bot", contact).await);
        assert!(settle(&inbox, &leased, InboxOutcome::Dead, T0 + HOUR).await);
        assert!(!waits(&inbox, "log", contact).await);
    }
}

/// They stop no answer.
pub async fn receipts_and_news_wait_for_nobody(inbox: impl Inbox) {
    let contact = known(&inbox, by_phone(1), "m1").await;
    record_new(&inbox, receipt("m1", DeliveryState::Read), T0).await;
    let news = InboundEvent::DeviceState(crate::DeviceEvent::Connected);
    record_new(&inbox, news, T0).await;
    assert!(!waits(&inbox, "bot", contact).await);
}

/// Nobody waits for what somebody else wrote, or wrote elsewhere.
pub async fn what_waits_is_of_one_contact_account_and_tenant(inbox: impl Inbox) {
    let contact = known(&inbox, by_phone(1), "m1").await;
    let other = known(&inbox, by_phone(2), "m2").await;
    for (of, to) in [("default", "other"), ("stranger", "default")] {
        good(inbox.record(delivery_to(of, to, vec![message(by_phone(1), "m3")]), T0).await);
    }
    record_new(&inbox, message(by_phone(2), "m4"), T0).await;
    assert!(!waits(&inbox, "bot", contact).await);
    assert!(waits(&inbox, "bot", other).await);
    assert!(good(inbox.waits("bot", &tenant("default"), &account("other"), contact).await));
    assert!(!good(inbox.waits("bot", &tenant("stranger"), &account("default"), contact).await));
}

/// Also by one that was merged into another one.
pub async fn what_waits_is_found_by_all_ids_of_a_contact(inbox: impl Inbox) {
    let by_number = known(&inbox, by_phone(1), "m1").await;
    let hidden = known(&inbox, by_lid(1), "m2").await;
    assert_ne!(by_number, hidden);
    record_new(&inbox, message(by_lid(1), "m3"), T0).await;
    let number = there(by_phone(1).phone, "a number");
    assert!(waits(&inbox, "bot", hidden).await && !waits(&inbox, "bot", by_number).await);
    assert!(good(inbox.link(&tenant("default"), &lid(1), &number, T0).await).is_some());
    for id in [by_number, hidden] {
        assert!(waits(&inbox, "bot", id).await);
    }
    let leased = lease_one(&inbox, T0).await;
    done(&inbox, &leased, T0).await;
    for id in [by_number, hidden] {
        assert!(!waits(&inbox, "bot", id).await);
    }
}
