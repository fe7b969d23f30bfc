//! Deleting what is kept of a person.

use super::*;
use crate::inbox::{DeliveryId, Forgotten, InboxState, LogQuery};

/// A delivery with this body.
fn with_body(mut delivery: Delivery, body: &str) -> (DeliveryId, Delivery) {
    delivery.body = Bytes::copy_from_slice(body.as_bytes());
    (delivery.id, delivery)
}

async fn record_body(inbox: &dyn Inbox, events: Vec<InboundEvent>, body: &str) -> DeliveryId {
    let (id, delivery) = with_body(delivery(events), body);
    good(inbox.record(delivery, T0).await);
    id
}

async fn forget(inbox: &dyn Inbox, of: &str, n: u32) -> Forgotten {
    let number = there(by_phone(n).phone, "a number");
    good(inbox.forget(&tenant(of), &number).await)
}

async fn body(inbox: &dyn Inbox, of: &str, id: DeliveryId) -> Bytes {
    there(good(inbox.replay(&tenant(of), id).await), "a delivery of the log").body
}

/// A person goes with number, LID, name, entries and the bodies that name them; the lines of the log stay.
pub async fn a_forgotten_person_is_gone(inbox: impl Inbox) {
    let digits = "628120000001";
    let by_number = record_body(&inbox, vec![message(by_phone(1), "m1")], digits).await;
    done(&inbox, &lease_one(&inbox, T0).await, T0).await;
    let hidden =
        record_body(&inbox, vec![message(by_lid(1), "m2")], "{\"from\":\"100000000000001@lid\"}").await;
    let held = lease_one(&inbox, T0).await;
    let half = contact_of(&held.entry).id;
    // Two halves of a person become one; what names only the LID is theirs, too.
    record(&inbox, vec![message(by_both(1), "m3")], T0).await;
    let waiting = delivery_to("default", "dua", vec![message(by_phone(1), "m4")]);
    let waits = waiting.entries[0].id;
    good(inbox.record(waiting, T0).await);

    assert_eq!(forget(&inbox, "default", 1).await, Forgotten::new(1, 4, 2));
    assert_eq!(good(inbox.contact(&tenant("default"), half).await), None);
    assert_eq!(good(inbox.state(waits).await), None);
    assert!(!settle(&inbox, &held, InboxOutcome::Done, T0).await, "a consumer still had it");
    nothing_due(&inbox, T0 + HOUR).await;
    for id in [by_number, hidden] {
        let stored = there(good(inbox.replay(&tenant("default"), id).await), "a delivery of the log");
        assert!(stored.body.is_empty() && stored.headers.is_empty());
    }
    let lines = good(inbox.log(&tenant("default"), &LogQuery::new()).await);
    assert_eq!(lines.len(), 4);
    let line = there(lines.iter().find(|line| line.id == hidden), "a line of the log");
    assert_eq!((line.bytes, line.events, line.new), (0, 1, 1));

    assert_eq!(forget(&inbox, "default", 1).await, Forgotten::default(), "nothing is left");
    record_new(&inbox, message(by_lid(1), "m2"), T0 + HOUR).await;
    let back = contact_of(&lease_one(&inbox, T0 + HOUR).await.entry);
    assert!(back.id != half && back.phone.is_none() && back.name.is_none(), "a new contact");
}

/// Forgetting touches no other person, no longer number, no other tenant, and nothing that names nobody.
pub async fn forgetting_is_for_one_person(inbox: impl Inbox) {
    let other = record_body(&inbox, vec![message(by_phone(2), "m1")], "628120000002").await;
    let longer =
        record_body(&inbox, vec![receipt("x", DeliveryState::Sent)], "{\"to\":\"6281200000012\"}").await;
    record_body(&inbox, vec![message(by_phone(1), "m2")], "628120000001").await;
    let of_theirs = delivery_to("lain", "default", vec![message(by_both(1), "m3")]);
    let (theirs, delivery) = with_body(of_theirs, "628120000001");
    good(inbox.record(delivery, T0).await);

    assert_eq!(forget(&inbox, "default", 3).await, Forgotten::default());
    assert_eq!(forget(&inbox, "default", 1).await, Forgotten::new(1, 1, 1));
    assert_eq!(body(&inbox, "default", other).await, "628120000002");
    assert_eq!(body(&inbox, "default", longer).await, "{\"to\":\"6281200000012\"}");
    assert_eq!(body(&inbox, "lain", theirs).await, "628120000001");
    let left = lease(&inbox, 10, T0).await;
    assert_eq!(left.len(), 3, "the receipt, and the messages of the others");
    let people = left.iter().filter_map(|leased| leased.entry.contact.as_ref()).collect::<Vec<_>>();
    assert_eq!(people.len(), 2);
    for leased in &left {
        assert_eq!(good(inbox.state(leased.entry.id).await), Some(InboxState::Processing));
    }
}

/// The whole log is looked through, however long it is, in every form in which a body names the number.
pub async fn forgetting_looks_through_the_whole_log(inbox: impl Inbox) {
    let mut named = 0;
    for n in 0..450_u32 {
        let names = n % 50 == 0 || n == 449;
        let number = if n % 100 == 0 { "sender=08120000001" } else { "From=whatsapp%3A%2B628120000001" };
        record_body(&inbox, Vec::new(), if names { number } else { "{\"made\":\"up\"}" }).await;
        named += usize::from(names);
    }
    // Nobody of this number has written; the webhooks name it all the same.
    assert_eq!(forget(&inbox, "default", 1).await, Forgotten::new(0, 0, named));
    assert_eq!(forget(&inbox, "default", 1).await, Forgotten::default());
    let lines = good(inbox.log(&tenant("default"), &LogQuery::new().limit(500)).await);
    assert_eq!(lines.iter().filter(|line| line.bytes > 0).count(), 450 - named);
}
