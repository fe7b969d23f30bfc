use http::HeaderMap;
use proptest::prelude::*;
use serde_json::json;
use wartel_core::Timestamp;

use super::*;
use crate::ContactAddress;

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/gateway/", $name))
    };
}

fn decode(body: impl AsRef<[u8]>) -> Result<Vec<InboundEvent>, WebhookError> {
    GatewayWebhooks.decode(WebhookRequest::new(&HeaderMap::new(), body.as_ref()))
}

fn one(body: impl AsRef<[u8]>) -> InboundEvent {
    let mut events = decode(body).unwrap();
    assert_eq!(events.len(), 1);
    events.remove(0)
}

fn message_of(body: impl AsRef<[u8]>) -> InboundMessage {
    match one(body) {
        InboundEvent::Message(message) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_text_is_read_whole() {
    let message = message_of(sample!("webhook_message.json"));
    let phone = wartel_core::PhoneNumber::from_e164("+6281234567890").unwrap();
    assert_eq!(message.contact, ContactAddress::from(phone));
    assert_eq!(message.content, InboundContent::text("Halo, masih ada?"));
    assert_eq!(message.at, Some(Timestamp::from_micros(1_789_998_800_123_456)));
    assert!(message.id.unwrap().as_str().starts_with("gw-"));
}

#[test]
fn the_same_message_has_the_same_id_and_another_one_has_not() {
    let body = |text: &str, time: &str| {
        let chat = "6281234567890@s.whatsapp.net";
        json!({"event": "message", "message": text, "sender": chat, "chat": chat, "time": time}).to_string()
    };
    let id = |text, time| message_of(body(text, time)).id;
    let first = id("ya", "2026-09-21T13:53:20.000000001Z");
    assert!(first.is_some());
    assert_eq!(first, id("ya", "2026-09-21T13:53:20.000000001Z"));
    assert_ne!(first, id("ya", "2026-09-21T13:53:20.000000002Z"));
    assert_ne!(first, id("tidak", "2026-09-21T13:53:20.000000001Z"));
    let untimed = json!({"event": "message", "message": "ya", "chat": "6281234567890@c.us"}).to_string();
    assert_eq!(message_of(untimed).id, None);
}

#[test]
fn a_caption_is_what_the_person_wrote() {
    let message = message_of(sample!("webhook_image.json"));
    let expected = InboundContent::Media {
        kind: MediaKind::Image,
        mime: Some("image/jpeg".to_owned()),
        caption: Some("Ini mobilnya".to_owned()),
        reference: Some("/images/3EB0.jpg".to_owned()),
        file_name: None,
    };
    assert_eq!(message.content, expected);
    let place = message_of(sample!("webhook_location.json"));
    let expected = InboundContent::Location {
        latitude_micro: -7_981_894,
        longitude_micro: 112_626_503,
        name: Some("Alun-alun".to_owned()),
    };
    assert_eq!(place.content, expected);
}

#[test]
fn paired_is_not_connected() {
    assert_eq!(one(sample!("webhook_pair_success.json")), InboundEvent::DeviceState(DeviceEvent::Paired));
}

#[test]
fn what_begins_no_conversation_is_ignored_with_the_reason() {
    let from = |chat: &str| {
        json!({"event": "message", "message": "x", "sender": "6281234567890@s.whatsapp.net", "chat": chat})
            .to_string()
    };
    for (body, why) in [
        (sample!("webhook_status.json").to_owned(), "a status post"),
        (from("120363000000000000@g.us"), "a group"),
        (from("120363000000000000@newsletter"), "a channel"),
        (json!({"event": "message", "message": "x"}).to_string(), "no address"),
        (json!({"event": "presence"}).to_string(), "a kind of event that is not used"),
        (json!({"chat": 7}).to_string(), "a kind of event that is not used"),
        (json!({"event": "message", "chat": "6281234567890@c.us"}).to_string(), "a message without content"),
    ] {
        assert_eq!(one(&body), InboundEvent::Ignored { why }, "{body}");
    }
    for bad in ["", "[]", "7", "<html>", "\u{0}"] {
        assert_eq!(decode(bad), Err(WebhookError::Unreadable), "{bad}");
    }
}

#[test]
fn a_hidden_number_stays_hidden() {
    let lid = "123456789012345@lid";
    let body = json!({"event": "message", "message": "x", "sender": lid, "chat": lid}).to_string();
    let contact = message_of(body).contact;
    assert!(contact.phone.is_none() && contact.lid.is_some());
}

proptest! {
    #[test]
    fn no_body_is_too_strange(body in proptest::collection::vec(any::<u8>(), 0..200), words in ".*") {
        let _ = decode(&body);
        let json = json!({"event": "message", "chat": words, "message": words, "time": 3, "attachment": [1]});
        prop_assert!(decode(json.to_string()).is_ok());
    }
}
