//! The log of webhooks, replay, and what is deleted when.

use super::*;
use crate::inbox::{DeliveryId, InboxState, LogQuery, LoggedDelivery, StoredDelivery};

async fn log(inbox: &dyn Inbox, of: &str, query: &LogQuery) -> Vec<LoggedDelivery> {
    good(inbox.log(&tenant(of), query).await)
}

async fn stored(inbox: &dyn Inbox, id: DeliveryId) -> StoredDelivery {
    there(good(inbox.replay(&tenant("default"), id).await), "a delivery of the log")
}

/// Every delivery has a line: what was in it, and what of it was new.
pub async fn every_delivery_stands_in_the_log(inbox: impl Inbox) {
    record(&inbox, vec![message(by_phone(1), "m1"), receipt("x", DeliveryState::Sent)], T0).await;
    record(&inbox, vec![message(by_phone(1), "m1"), message(by_phone(1), "m2")], T0 + SECOND).await;
    record(&inbox, Vec::new(), T0 + 2 * SECOND).await;
    let lines = log(&inbox, "default", &LogQuery::new()).await;
    let shown: Vec<_> = lines.iter().map(|line| (line.received_at, line.events, line.new)).collect();
    assert_eq!(shown, [(T0 + 2 * SECOND, 0, 0), (T0 + SECOND, 2, 1), (T0, 2, 2)]);
    assert!(lines.iter().all(|line| {
        line.account.as_str() == "default"
            && line.authenticity == Authenticity::TokenOnly
            && line.bytes == b"{\"made\":\"up\"}".len()
            && line.replays == 0
            && line.ignored.is_empty()
    }));
}

/// What means nothing stands in the log with its reason, and nowhere else.
pub async fn what_is_ignored_stands_in_the_log_only(inbox: impl Inbox) {
    let ignored = |why| InboundEvent::Ignored { why };
    let recorded =
        record(&inbox, vec![ignored("a group"), ignored("a status"), ignored("a group")], T0).await;
    assert_eq!(recorded, Recorded::new(0, 0, 0));
    nothing_due(&inbox, T0 + HOUR).await;
    let lines = log(&inbox, "default", &LogQuery::new()).await;
    assert_eq!((lines[0].events, lines[0].new), (3, 0));
    assert_eq!(lines[0].ignored, ["a group", "a status"]);
}

/// The log is read in pages from the newest to the oldest, and nothing is shown twice or left out.
pub async fn the_log_is_read_in_pages(inbox: impl Inbox) {
    let mut all = Vec::new();
    for _ in 0..7 {
        let delivered = delivery(Vec::new());
        all.insert(0, delivered.id);
        good(inbox.record(delivered, T0).await);
    }
    let mut found = Vec::new();
    let mut query = LogQuery::new().limit(3);
    loop {
        let page = log(&inbox, "default", &query).await;
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 3);
        query = query.before(last.id);
        found.extend(page.iter().map(|line| line.id));
    }
    assert_eq!(found, all);
    assert!(log(&inbox, "default", &LogQuery::new().limit(0)).await.is_empty());
}

/// The log shows one tenant's deliveries, or those of one account of it.
pub async fn the_log_is_of_one_tenant_and_account(inbox: impl Inbox) {
    for (of, to) in [("default", "satu"), ("default", "dua"), ("lain", "satu")] {
        good(inbox.record(delivery_to(of, to, Vec::new()), T0).await);
    }
    assert_eq!(log(&inbox, "default", &LogQuery::new()).await.len(), 2);
    let one = log(&inbox, "default", &LogQuery::new().of_account(account("satu"))).await;
    assert_eq!((one.len(), one[0].account.as_str()), (1, "satu"));
    assert_eq!(log(&inbox, "lain", &LogQuery::new()).await.len(), 1);
    assert!(log(&inbox, "nobody", &LogQuery::new()).await.is_empty());
}

/// A delivery is given back as it came, byte for byte, with what decoding it takes; headers that may be secrets are
/// not kept.
pub async fn a_delivery_is_given_back_as_it_came(inbox: impl Inbox) {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("content-type", "application/x-www-form-urlencoded"),
        ("x-hub-signature-256", "sha256=00ff"),
        ("authorization", "Bearer made-up"),
        ("x-api-key", "made-up"),
        ("cookie", "made-up"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let body: Vec<u8> = (0..=255).collect();
    let of = (tenant("default"), account("toko-wa"));
    let sent = Delivery::new(of.0, of.1, Authenticity::Signed, &headers, body.clone().into(), Vec::new());
    let id = sent.id;
    good(inbox.record(sent, T0).await);
    let found = stored(&inbox, id).await;
    assert_eq!(found.body, body);
    assert_eq!((found.account.as_str(), found.tenant.as_str()), ("toko-wa", "default"));
    assert_eq!((found.authenticity, found.received_at), (Authenticity::Signed, T0));
    let kept = found.header_map();
    assert_eq!(kept.len(), 2);
    assert_eq!(kept.get("content-type"), headers.get("content-type"));
    assert_eq!(kept.get("x-hub-signature-256"), headers.get("x-hub-signature-256"));
}

/// A delivery that nobody has sent, or another tenant's, is not given back.
pub async fn a_strangers_delivery_is_not_given_back(inbox: impl Inbox) {
    let theirs = delivery_to("lain", "default", Vec::new());
    let id = theirs.id;
    good(inbox.record(theirs, T0).await);
    assert_eq!(good(inbox.replay(&tenant("default"), id).await), None);
    assert_eq!(good(inbox.replay(&tenant("default"), DeliveryId::random()).await), None);
}

/// A replay records nothing twice, not even what has no id of its own.
pub async fn a_replay_records_nothing_twice(inbox: impl Inbox) {
    let events = || {
        let nameless = InboundMessage::new(by_phone(1), InboundContent::text("hm"));
        vec![
            message(by_phone(1), "m1"),
            InboundEvent::Message(nameless),
            InboundEvent::DeviceState(crate::DeviceEvent::Connected),
            receipt("x", DeliveryState::Sent),
        ]
    };
    let first = delivery(events());
    let id = first.id;
    assert_eq!(good(inbox.record(first, T0).await), Recorded::new(4, 0, 0));
    drain(&inbox, T0).await;
    let again = Delivery::of_log(stored(&inbox, id).await, events());
    assert_eq!(good(inbox.record(again, T0 + HOUR).await), Recorded::new(0, 4, 0));
    nothing_due(&inbox, T0 + HOUR).await;
    let lines = log(&inbox, "default", &LogQuery::new()).await;
    assert_eq!(lines.len(), 1, "one line, however often it is replayed");
    let line = &lines[0];
    assert_eq!((line.new, line.replays, line.received_at), (4, 1, T0));
}

/// A replay finds what was not understood the first time.
pub async fn a_replay_finds_what_was_not_understood(inbox: impl Inbox) {
    let first = delivery(vec![message(by_phone(1), "m1"), InboundEvent::Ignored { why: "unknown" }]);
    let id = first.id;
    good(inbox.record(first, T0).await);
    drain(&inbox, T0).await;
    let events = vec![message(by_phone(1), "m1"), message(by_phone(1), "m2")];
    let again = Delivery::of_log(stored(&inbox, id).await, events);
    assert_eq!(good(inbox.record(again, T0 + HOUR).await), Recorded::new(1, 1, 0));
    assert_eq!(texts(&drain(&inbox, T0 + HOUR).await), ["m2"]);
    let lines = log(&inbox, "default", &LogQuery::new()).await;
    let line = &lines[0];
    assert_eq!((line.events, line.new, line.ignored.len()), (2, 2, 0));
}

/// Who asks for it gets settled entries once more, with a fresh count of tries; what still waits is left alone.
pub async fn a_replay_may_hand_out_again(inbox: impl Inbox) {
    let events = || vec![message(by_phone(1), "m1"), message(by_phone(2), "m2"), message(by_phone(3), "m3")];
    let first = delivery(events());
    let id = first.id;
    good(inbox.record(first, T0).await);
    let leased = lease(&inbox, 10, T0).await;
    let later = InboxOutcome::Retry { at: T0 + SECOND, taken: vec!["bot".to_owned()] };
    assert!(settle(&inbox, &leased[0], later, T0).await);
    done(&inbox, &lease_one(&inbox, T0 + SECOND).await, T0 + SECOND).await;
    assert!(settle(&inbox, &leased[1], InboxOutcome::Dead, T0).await);
    let again = Delivery::of_log(stored(&inbox, id).await, events()).handed_again();
    assert_eq!(good(inbox.record(again, T0 + 2 * SECOND).await), Recorded::new(0, 3, 2));
    assert_eq!(good(inbox.state(leased[2].entry.id).await), Some(InboxState::Processing));
    let handed = lease(&inbox, 10, T0 + 2 * SECOND).await;
    assert_eq!(handed.iter().map(|leased| text(&leased.entry)).collect::<Vec<_>>(), ["m1", "m2"]);
    assert!(handed.iter().all(|leased| leased.refusals == 0 && leased.taken.is_empty()));
    assert_eq!(handed[0].entry, leased[0].entry, "the same entry, with the same id");
    // Whoever held it before cannot settle it now.
    assert!(!settle(&inbox, &leased[1], InboxOutcome::Done, T0 + 2 * SECOND).await);
}

/// Deliveries and entries are deleted when they are old, to the microsecond; contacts stay.
pub async fn purge_deletes_what_is_old(inbox: impl Inbox) {
    let old = delivery(vec![message(by_phone(1), "m1"), message(by_phone(2), "m2")]);
    let id = old.id;
    good(inbox.record(old, T0).await);
    record(&inbox, vec![message(by_phone(3), "m3")], T0 + MICRO).await;
    let leased = lease(&inbox, 1, T0).await;
    done(&inbox, &leased[0], T0).await;
    assert_eq!(good(inbox.purge(T0, 10).await), 0, "what came at that very instant is not before it");
    assert_eq!(good(inbox.purge(T0 + MICRO, 10).await), 3, "one delivery, and two entries, taken or not");
    assert_eq!(good(inbox.purge(T0 + MICRO, 10).await), 0);
    assert_eq!(good(inbox.replay(&tenant("default"), id).await), None);
    assert_eq!(good(inbox.state(leased[0].entry.id).await), None);
    assert_eq!(log(&inbox, "default", &LogQuery::new()).await.len(), 1);
    assert_eq!(texts(&drain(&inbox, T0 + HOUR).await), ["m3"]);
    let known = contact_of(&leased[0].entry);
    assert_eq!(good(inbox.contact(&tenant("default"), known.id).await), Some(known));
}

/// No more is deleted at once than was asked for.
pub async fn purge_is_bounded(inbox: impl Inbox) {
    for n in 0..5 {
        record_new(&inbox, message(by_phone(n), "m"), T0).await;
    }
    let mut left = 10;
    for _ in 0..10 {
        let gone = good(inbox.purge(T0 + HOUR, 2).await);
        assert!(gone <= 4, "{gone} are more than two of each");
        left -= gone;
    }
    assert_eq!(left, 0);
}

/// What was deleted is new when it comes again.
pub async fn what_was_deleted_may_come_again(inbox: impl Inbox) {
    record_new(&inbox, message(by_phone(1), "m1"), T0).await;
    drain(&inbox, T0).await;
    good(inbox.purge(T0 + HOUR, 10).await);
    record_new(&inbox, message(by_phone(1), "m1"), T0 + HOUR).await;
    assert_eq!(texts(&drain(&inbox, T0 + HOUR).await), ["m1"]);
}
