//! What is recorded, and how often.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::*;
use crate::message::MediaKind;
use crate::{DeviceEvent, MAX_INBOUND_TEXT};

/// What went in comes out: who, where, when and every word.
pub async fn a_message_comes_out_as_it_went_in(inbox: impl Inbox) {
    let said = "*Halo*\n👩\u{200D}👧 '; DROP TABLE \"x\" \\ 100% \u{0}";
    let sent = InboundMessage::new(by_both(1), InboundContent::text(said))
        .with_id(Some("3EB0'\"\\"))
        .with_name(Some("Bu Ani 🌸"))
        .with_quotes(Some("3EB1"))
        .with_at(Some(T0 + MICRO));
    let delivered = delivery_to("toko-budi", "toko-wa", vec![InboundEvent::Message(sent.clone())]);
    let recorded = good(inbox.record(delivered, T0 + SECOND).await);
    assert_eq!(recorded, Recorded::new(1, 0, 0));
    let leased = lease_one(&inbox, T0 + SECOND).await;
    assert!(leased.fence > 0);
    assert_eq!((leased.refusals, leased.taken.len()), (0, 0));
    let entry = leased.entry;
    assert_eq!((entry.tenant.as_str(), entry.account.as_str()), ("toko-budi", "toko-wa"));
    assert_eq!((entry.received_at, entry.authenticity), (T0 + SECOND, Authenticity::TokenOnly));
    let contact = contact_of(&entry);
    assert_eq!(contact.address(), Some(by_both(1)));
    assert_eq!((contact.name.as_deref(), contact.created_at), (Some("Bu Ani 🌸"), T0 + SECOND));
    assert_eq!(entry.event, InboxEvent::Message(sent));
}

/// Files, places, answers, reactions, receipts and news of devices are kept as they are.
pub async fn every_kind_of_event_comes_out_as_it_went_in(inbox: impl Inbox) {
    let words = |text: &str| Some(text.to_owned());
    let contents = [
        InboundContent::Media {
            kind: MediaKind::Document,
            mime: words("application/pdf"),
            caption: words("nota"),
            reference: words("media-1"),
            file_name: words("nota.pdf"),
        },
        InboundContent::Location { latitude_micro: -6_200_000, longitude_micro: 106_816_666, name: None },
        InboundContent::Choice { id: "1".to_owned(), title: "Ya".to_owned() },
        InboundContent::Reaction { to: Some(ProviderMessageId::new("m1")), emoji: "👍".to_owned() },
        InboundContent::Other { kind: "poll".to_owned() },
    ];
    let messages =
        contents.into_iter().zip(1..).map(|(content, n)| InboundMessage::new(by_phone(n), content));
    let mut events: Vec<InboundEvent> = messages.map(InboundEvent::Message).collect();
    let echo = InboundMessage::new(by_phone(9), InboundContent::text("dari kami")).from_own_account();
    events.push(InboundEvent::Message(echo));
    events.push(receipt("m1", DeliveryState::Read));
    events.push(InboundEvent::DeviceState(DeviceEvent::Banned { until: Some(T0) }));
    let count = events.len();
    assert_eq!(record(&inbox, events.clone(), T0).await.new, count);
    let found = drain(&inbox, T0).await;
    assert_eq!(found.len(), count);
    for (entry, event) in found.into_iter().zip(events) {
        assert_eq!(entry.contact.is_some(), matches!(event, InboundEvent::Message(_)));
        match (entry.event, event) {
            (InboxEvent::Message(found), InboundEvent::Message(sent)) => assert_eq!(found, sent),
            (InboxEvent::Receipt(found), InboundEvent::Receipt(sent)) => assert_eq!(found, sent),
            (InboxEvent::Device(found), InboundEvent::DeviceState(sent)) => assert_eq!(found, sent),
            _ => panic!("an event became another one"),
        }
    }
}

/// A message that is delivered again is the same message, also after it was taken.
pub async fn a_message_is_recorded_once(inbox: impl Inbox) {
    for _ in 0..3 {
        record(&inbox, vec![message(by_phone(1), "m1")], T0).await;
    }
    assert_eq!(texts(&drain(&inbox, T0).await), ["m1"]);
    let again = record(&inbox, vec![message(by_phone(1), "m1")], T0 + HOUR).await;
    assert_eq!(again, Recorded::new(0, 1, 0));
    nothing_due(&inbox, T0 + HOUR).await;
}

/// A message without an id cannot be told from its repetition, and is not taken for one.
pub async fn messages_without_an_id_are_each_their_own(inbox: impl Inbox) {
    let nameless = || {
        InboundEvent::Message(InboundMessage::new(by_phone(1), InboundContent::text("hm")).with_id(Some(" ")))
    };
    record_new(&inbox, nameless(), T0).await;
    assert_eq!(record(&inbox, vec![nameless(), nameless()], T0).await.new, 2);
    assert_eq!(drain(&inbox, T0).await.len(), 3);
}

/// Ids are unique within a contact only.
pub async fn the_same_id_of_two_contacts_is_two_messages(inbox: impl Inbox) {
    record_new(&inbox, message(by_phone(1), "m1"), T0).await;
    record_new(&inbox, message(by_phone(2), "m1"), T0).await;
    assert_eq!(drain(&inbox, T0).await.len(), 2);
}

/// Ids are unique within an account only.
pub async fn the_same_id_of_two_accounts_is_two_messages(inbox: impl Inbox) {
    for to in ["satu", "dua"] {
        let delivered = delivery_to("default", to, vec![message(by_phone(1), "m1")]);
        assert_eq!(good(inbox.record(delivered, T0).await).new, 1, "{to}");
    }
    let found = drain(&inbox, T0).await;
    let accounts: Vec<&str> = found.iter().map(|entry| entry.account.as_str()).collect();
    assert_eq!(accounts, ["satu", "dua"]);
}

/// Nothing of one tenant is known to another.
pub async fn the_same_id_of_two_tenants_is_two_messages(inbox: impl Inbox) {
    for of in ["toko-a", "toko-b"] {
        let delivered = delivery_to(of, "default", vec![message(by_phone(1), "m1")]);
        assert_eq!(good(inbox.record(delivered, T0).await).new, 1, "{of}");
    }
    let found = drain(&inbox, T0).await;
    let tenants: Vec<&str> = found.iter().map(|entry| entry.tenant.as_str()).collect();
    assert_eq!(tenants, ["toko-a", "toko-b"]);
    assert!(found.windows(2).all(|two| contact_of(&two[0]).id != contact_of(&two[1]).id));
}

/// Each state of a message is news once, in whatever order and however often it is reported.
pub async fn a_receipt_is_recorded_once_for_each_state(inbox: impl Inbox) {
    use DeliveryState::{Delivered, Read, Sent};
    let mut new = 0;
    for state in [Delivered, Sent, Sent, Delivered, Read, Sent] {
        new += record(&inbox, vec![receipt("m1", state)], T0).await.new;
    }
    assert_eq!(new, 3);
    record_new(&inbox, receipt("m2", Sent), T0).await;
    let other = delivery_to("default", "lain", vec![receipt("m1", Sent)]);
    assert_eq!(good(inbox.record(other, T0).await).new, 1, "the message of another account");
    assert_eq!(drain(&inbox, T0).await.len(), 5);
}

/// A receipt that names its message by the second id only is another one than that of the same text as first id.
pub async fn receipts_are_known_by_either_id(inbox: impl Inbox) {
    let id = || Some(ProviderMessageId::new("x1"));
    for key in [ReceiptKey::new(id(), None), ReceiptKey::new(None, id()), ReceiptKey::new(id(), id())] {
        let news = DeliveryReceipt::new("fake", there(key, "a key"), DeliveryState::Sent);
        record(&inbox, vec![InboundEvent::Receipt(news)], T0).await;
    }
    assert_eq!(drain(&inbox, T0).await.len(), 2);
}

/// A device that connects twice connected twice.
pub async fn news_of_a_device_are_each_their_own(inbox: impl Inbox) {
    for _ in 0..2 {
        record_new(&inbox, InboundEvent::DeviceState(DeviceEvent::Connected), T0).await;
    }
    assert_eq!(drain(&inbox, T0).await.len(), 2);
}

/// Messages, receipts and echoes of one id are three things.
pub async fn messages_and_receipts_of_one_id_are_apart(inbox: impl Inbox) {
    record_new(&inbox, message(by_phone(1), "m1"), T0).await;
    record_new(&inbox, receipt("m1", DeliveryState::Sent), T0).await;
    let echo = InboundMessage::new(by_phone(2), InboundContent::text("m1")).with_id(Some("m1"));
    record_new(&inbox, InboundEvent::Message(echo.from_own_account()), T0).await;
    let kinds: Vec<InboxKind> = drain(&inbox, T0).await.iter().map(InboxEntry::kind).collect();
    assert_eq!(kinds, [InboxKind::Message, InboxKind::Receipt, InboxKind::Echo]);
}

/// One delivery may say a thing twice.
pub async fn a_delivery_that_repeats_itself_is_recorded_once(inbox: impl Inbox) {
    let m1 = || message(by_phone(1), "m1");
    let sent = || receipt("m9", DeliveryState::Sent);
    let recorded = record(&inbox, vec![m1(), sent(), m1(), message(by_phone(1), "m2"), sent()], T0).await;
    assert_eq!(recorded, Recorded::new(3, 2, 0));
    assert_eq!(drain(&inbox, T0).await.len(), 3);
}

/// The same message delivered fifty times at once is recorded once, and one of them is told that it was new.
pub async fn fifty_at_once_record_a_message_once(inbox: impl Inbox) {
    let inbox: Arc<dyn Inbox> = Arc::new(inbox);
    let mut recorders = JoinSet::new();
    for _ in 0..50 {
        let inbox = Arc::clone(&inbox);
        recorders.spawn(async move { record(&inbox, vec![message(by_both(1), "m1")], T0).await.new });
    }
    assert_eq!(recorders.join_all().await.into_iter().sum::<usize>(), 1);
    assert_eq!(texts(&drain(&inbox, T0).await), ["m1"]);
}

/// Many first messages of one person at once make one contact.
pub async fn many_at_once_make_one_contact(inbox: impl Inbox) {
    let inbox: Arc<dyn Inbox> = Arc::new(inbox);
    let mut recorders = JoinSet::new();
    for n in 0..40 {
        let inbox = Arc::clone(&inbox);
        let sent = message(by_phone(1), &format!("m{n}"));
        recorders.spawn(async move { record(&inbox, vec![sent], T0).await.new });
    }
    assert_eq!(recorders.join_all().await.into_iter().sum::<usize>(), 40);
    let found = drain(&inbox, T0).await;
    let first = contact_of(&found[0]).id;
    assert_eq!(found.iter().filter(|entry| contact_of(entry).id == first).count(), 40);
}

/// A batch of thousands of messages is recorded whole, in one step, in its order.
pub async fn a_large_batch_is_recorded_whole(inbox: impl Inbox) {
    const COUNT: usize = 2_000;
    let events: Vec<InboundEvent> =
        (0..COUNT).map(|n| message(by_phone(u32::try_from(n % 40).unwrap_or(0)), &format!("m{n}"))).collect();
    assert_eq!(record(&inbox, events.clone(), T0).await, Recorded::new(COUNT, 0, 0));
    assert_eq!(record(&inbox, events, T0).await, Recorded::new(0, COUNT, 0));
    let first = lease(&inbox, 40, T0).await;
    let first: Vec<&str> = first.iter().map(|leased| text(&leased.entry)).collect();
    let expected: Vec<String> = (0..40).map(|n| format!("m{n}")).collect();
    assert_eq!(first, expected, "the first of each contact, in order");
}

/// Ids that differ in one odd character are different ids.
pub async fn ids_with_odd_characters_are_kept_apart(inbox: impl Inbox) {
    let ids = ["a", "a\u{0}", "a\u{1}", "a%00", "a'", "a\"", "a\\", "A", "a/sent", " a", "ä", "a\n"];
    for id in ids {
        record_new(&inbox, message(by_phone(1), id), T0).await;
        record_new(&inbox, receipt(id, DeliveryState::Sent), T0).await;
    }
    for id in ids {
        let again = vec![message(by_phone(1), id), receipt(id, DeliveryState::Sent)];
        assert_eq!(record(&inbox, again, T0).await, Recorded::new(0, 2, 0), "{id:?}");
    }
}

/// Texts, bodies and lists of reasons that never end are cut.
pub async fn what_is_kept_is_bounded(inbox: impl Inbox) {
    use crate::inbox::{LogQuery, MAX_DELIVERY_BODY};
    let endless = "a".repeat(2 * MAX_INBOUND_TEXT);
    let mut events =
        vec![InboundEvent::Message(InboundMessage::new(by_phone(1), InboundContent::Text(endless)))];
    events.extend((0..40).map(|_| InboundEvent::Ignored { why: "a group" }));
    events.push(InboundEvent::Ignored { why: "a channel" });
    let mut headers = HeaderMap::new();
    for n in 0..100_u32 {
        let Ok(name) = http::HeaderName::try_from(format!("x-signature-{n}")) else { continue };
        headers.insert(name, HeaderValue::from_static("0123456789"));
    }
    let body = |size| Bytes::from(vec![b'x'; size]);
    let sized = |size, events| {
        let (tenant, account) = (tenant("default"), account("default"));
        Delivery::new(tenant, account, Authenticity::Signed, &headers, body(size), events)
    };
    assert_eq!(good(inbox.record(sized(MAX_DELIVERY_BODY + 1, events), T0).await).new, 1);
    assert_eq!(good(inbox.record(sized(MAX_DELIVERY_BODY, Vec::new()), T0).await).new, 0);
    assert_eq!(text(&lease_one(&inbox, T0).await.entry).len(), MAX_INBOUND_TEXT);
    let log = good(inbox.log(&tenant("default"), &LogQuery::new()).await);
    let sizes: Vec<(usize, usize)> = log.iter().map(|line| (line.bytes, line.events)).collect();
    assert_eq!(sizes, [(MAX_DELIVERY_BODY, 0), (0, 42)]);
    assert_eq!(log[1].ignored, ["a group", "a channel"]);
    let stored = there(good(inbox.replay(&tenant("default"), log[0].id).await), "the delivery");
    assert_eq!((stored.body.len(), stored.headers.len()), (MAX_DELIVERY_BODY, 16));
}

/// Whether a delivery was signed is known of each of its entries.
pub async fn a_signed_delivery_is_known_as_signed(inbox: impl Inbox) {
    for (authenticity, id) in [(Authenticity::Signed, "m1"), (Authenticity::TokenOnly, "m2")] {
        let headers = HeaderMap::new();
        let events = vec![message(by_phone(1), id)];
        let signed = Delivery::new(
            tenant("default"),
            account("default"),
            authenticity,
            &headers,
            Bytes::new(),
            events,
        );
        good(inbox.record(signed, T0).await);
        let leased = lease_one(&inbox, T0).await;
        assert_eq!(leased.entry.authenticity, authenticity);
        done(&inbox, &leased, T0).await;
    }
}

/// What our side wrote may be a code that was just sent: no echo keeps one, neither in its text nor in the body.
pub async fn an_echo_keeps_no_code(inbox: impl Inbox) {
    let said = "Kode Anda: *482915*. Harga 150.000.000, tahun 2019";
    let echo = InboundMessage::new(by_phone(1), InboundContent::text(said)).from_own_account();
    let delivered = delivery(vec![InboundEvent::Message(echo), message(by_phone(1), "482915")]);
    let id = delivered.id;
    good(inbox.record(delivered, T0).await);
    let shown = "Kode Anda: *••••••*. Harga 150.000.000, tahun 2019";
    assert_eq!(texts(&drain(&inbox, T0).await), [shown, "482915"], "what the person wrote stays");
    let stored = there(good(inbox.replay(&tenant("default"), id).await), "the delivery");
    assert!(stored.body.is_empty());
}
