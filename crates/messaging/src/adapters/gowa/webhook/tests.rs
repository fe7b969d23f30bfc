use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use serde_json::json;
use wartel_core::Timestamp;

use super::*;
use crate::{Author, ContactAddress, InboundContent, InboundMessage, MediaKind};

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/gowa/", $name))
    };
}

const AT: Timestamp = Timestamp::from_micros(1_789_998_800_000_000);
const NUMBER: &str = "6281234567890@s.whatsapp.net";
const LID: &str = "123456789012345@lid";
const OWN: &str = "6591234567@s.whatsapp.net";

fn source(device: Option<&str>, secret: Option<&str>) -> GowaWebhooks {
    let mut config = GowaConfig::new("https://gowa.example");
    config.device = device.map(str::to_owned);
    config.webhook_secret = secret.map(Into::into);
    GowaWebhooks::of(&config)
}

fn decode_for(device: Option<&str>, body: impl AsRef<[u8]>) -> Result<Vec<InboundEvent>, WebhookError> {
    source(device, None).decode(WebhookRequest::new(&HeaderMap::new(), body.as_ref()))
}

fn decode(body: impl AsRef<[u8]>) -> Result<Vec<InboundEvent>, WebhookError> {
    decode_for(Some("toko-1"), body)
}

fn one(body: impl AsRef<[u8]>) -> InboundEvent {
    let mut events = decode(body).unwrap();
    assert_eq!(events.len(), 1);
    events.remove(0)
}

fn message(body: impl AsRef<[u8]>) -> InboundMessage {
    match one(body) {
        InboundEvent::Message(message) => message,
        other => panic!("{other:?}"),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "a payload is written where it is used")]
fn event(event: &str, payload: serde_json::Value) -> String {
    json!({ "event": event, "device_id": OWN, "payload": payload }).to_string()
}

fn contact(main: &str, other: Option<&str>) -> ContactAddress {
    let jid = |text: &str| Jid::parse(text).unwrap();
    ContactAddress::from_jids(Some(&jid(main)), other.map(jid).as_ref()).unwrap()
}

#[test]
fn a_message_is_read_whole() {
    let got = message(sample!("webhook_message.json"));
    assert_eq!(got.contact, contact(NUMBER, Some(LID)));
    assert_eq!(got.content, InboundContent::text("Halo, masih ada?"));
    assert_eq!(got.id.unwrap().as_str(), "3EB0C127D7BACC83D6A1");
    assert_eq!(got.quotes.unwrap().as_str(), "3EB0AE11D2F0C84E5B77");
    assert_eq!((got.name.as_deref(), got.at, got.author), (Some("Budi"), Some(AT), Author::Contact));
}

#[test]
fn the_contact_is_the_other_one_of_the_chat() {
    // The documentation writes the own address into `chat_id`.
    assert_eq!(message(sample!("webhook_message_documented.json")).contact, contact(NUMBER, Some(LID)));
    let echo = message(sample!("webhook_echo.json"));
    assert_eq!((echo.author, echo.contact, echo.name), (Author::OwnAccount, contact(NUMBER, None), None));
    for (payload, expected) in [
        (json!({ "chat_id": LID, "from": LID, "body": "x" }), contact(LID, None)),
        (json!({ "chat_id": LID, "from": NUMBER, "body": "x" }), contact(NUMBER, Some(LID))),
        (json!({ "from": NUMBER, "from_lid": LID, "body": "x" }), contact(NUMBER, Some(LID))),
        (
            json!({ "chat_id": "6281234567890:14@s.whatsapp.net", "chat_lid": LID }),
            contact(NUMBER, Some(LID)),
        ),
        (json!({ "chat_id": OWN, "from": OWN, "body": "a note to oneself" }), contact(OWN, None)),
        (
            json!({ "chat_id": NUMBER, "chat_lid": LID, "from": OWN, "is_from_me": true }),
            contact(NUMBER, Some(LID)),
        ),
    ] {
        assert_eq!(message(event("message", payload.clone())).contact, expected, "{payload}");
    }
}

#[test]
fn each_content_has_its_word() {
    let content = |mut payload: serde_json::Value| {
        payload["chat_id"] = NUMBER.into();
        message(event("message", payload)).content
    };
    for (field, kind) in [
        ("image", MediaKind::Image),
        ("video", MediaKind::Video),
        ("video_note", MediaKind::Video),
        ("audio", MediaKind::Audio),
        ("document", MediaKind::Document),
        ("sticker", MediaKind::Sticker),
    ] {
        let media = |caption: Option<&str>, reference: &str, file_name: Option<&str>| InboundContent::Media {
            kind,
            mime: None,
            caption: caption.map(str::to_owned),
            reference: Some(reference.to_owned()),
            file_name: file_name.map(str::to_owned),
        };
        assert_eq!(content(json!({ field: "statics/media/a" })), media(None, "statics/media/a", None));
        let with_caption = json!({ field: { "path": "statics/media/a", "caption": "Halo" }, "body": "Halo" });
        assert_eq!(content(with_caption), media(Some("Halo"), "statics/media/a", None));
        let not_fetched = json!({ field: { "url": "https://mmg.example/a", "filename": "a.pdf" } });
        assert_eq!(content(not_fetched), media(None, "https://mmg.example/a", Some("a.pdf")));
    }
    for field in ["location", "live_location"] {
        let place =
            json!({ field: { "degreesLatitude": -6.2088, "degreesLongitude": 106.8456, "name": "Jakarta" } });
        let expected = InboundContent::Location {
            latitude_micro: -6_208_800,
            longitude_micro: 106_845_600,
            name: Some("Jakarta".to_owned()),
        };
        assert_eq!(content(place), expected, "{field}");
    }
    for kind in ["contact", "contacts_array", "unknown"] {
        let expected = InboundContent::Other { kind: kind.to_owned() };
        assert_eq!(content(json!({ kind: { "displayName": "x" } })), expected);
    }
    assert!(matches!(
        message(sample!("webhook_image.json")).content,
        InboundContent::Media { caption: Some(caption), .. } if caption == "Yang ini"
    ));
    assert_eq!(
        message(sample!("webhook_reaction.json")).content,
        InboundContent::Reaction {
            to: Some(ProviderMessageId::new("3EB0AE11D2F0C84E5B77")),
            emoji: "👍".to_owned()
        }
    );
}

#[test]
fn whoever_is_no_person_is_ignored() {
    for (chat, why) in [
        ("120363000000000000@g.us", "a group"),
        ("120363000000000000@newsletter", "a channel"),
        ("status@broadcast", "a status post"),
        ("628@broadcast", "a broadcast list"),
        ("nobody", "an address of unknown form"),
    ] {
        let payload = json!({ "id": "A", "chat_id": chat, "from": NUMBER, "body": "x" });
        assert_eq!(one(event("message", payload)), InboundEvent::Ignored { why }, "{chat}");
        let ack = json!({ "ids": ["A"], "chat_id": chat, "from": NUMBER, "receipt_type": "read" });
        assert_eq!(one(event("message.ack", ack)), InboundEvent::Ignored { why }, "{chat}");
    }
}

#[test]
fn every_id_of_an_ack_is_a_receipt() {
    let receipt = |id: &str, state, at| {
        let key = ReceiptKey::new(Some(ProviderMessageId::new(id)), None).unwrap();
        InboundEvent::Receipt(DeliveryReceipt::new("gowa", key, state).with_at(at))
    };
    let at = Some(Timestamp::from_micros(1_789_998_801_000_000));
    assert_eq!(
        decode(sample!("webhook_ack.json")).unwrap(),
        ["3EB0AE11D2F0C84E5B77", "3EB0AE11D2F0C84E5B78"].map(|id| receipt(id, DeliveryState::Delivered, at))
    );
    let ack = |ids: serde_json::Value, kind: &str| {
        event("message.ack", json!({ "ids": ids, "chat_id": NUMBER, "receipt_type": kind }))
    };
    for (kind, state) in [
        ("delivered", DeliveryState::Delivered),
        ("read", DeliveryState::Read),
        ("played", DeliveryState::Read),
    ] {
        assert_eq!(one(ack(json!(["A"]), kind)), receipt("A", state, None), "{kind}");
    }
    for kind in ["sender", "retry", "read-self", "played-self", "hist_sync", ""] {
        let why = "a receipt that is no news of the recipient";
        assert_eq!(one(ack(json!(["A"]), kind)), InboundEvent::Ignored { why }, "{kind}");
    }
    let mixed = decode(ack(json!([null, "A", {}]), "read")).unwrap();
    assert_eq!(mixed[1], receipt("A", DeliveryState::Read, None));
    let missing = InboundEvent::Ignored { why: "a receipt without an id" };
    assert!(mixed[0] == missing && mixed[2] == missing && mixed.len() == 3);
    assert_eq!(one(ack(json!([]), "read")), missing);
    let flood: Vec<String> = (0..5_000).map(|n| n.to_string()).collect();
    assert_eq!(decode(ack(json!(flood), "read")).unwrap().len(), MAX_RECEIPTS);
}

#[test]
fn other_devices_and_kinds_are_ignored() {
    let body = sample!("webhook_message.json");
    let old = sample!("webhook_message_documented.json");
    for (device, body, ours) in [
        (None, body, true),
        (Some("toko-1"), body, true),
        (Some("toko-2"), body, false),
        (Some("6591234567:14@s.whatsapp.net"), body, true),
        (Some("6592222222@s.whatsapp.net"), body, false),
        // Gateways before v9 name the address only.
        (Some("toko-1"), old, true),
        (Some("6591234567@s.whatsapp.net"), old, true),
        (Some("6592222222@s.whatsapp.net"), old, false),
    ] {
        let events = decode_for(device, body).unwrap();
        let ignored = events == [InboundEvent::Ignored { why: "another device" }];
        assert_eq!(ignored, !ours, "{device:?} {body}");
    }
    for kind in
        ["message.revoked", "message.edited", "chat_presence", "group.joined", "call.offer", "new.kind"]
    {
        let why = "a kind of event that is not used";
        assert_eq!(one(event(kind, json!({}))), InboundEvent::Ignored { why }, "{kind}");
    }
    let why = "an event without a payload";
    assert_eq!(one(r#"{"event":"message"}"#), InboundEvent::Ignored { why });
    for body in ["", "{", "[]", "null", "a=b", "\u{0}"] {
        assert_eq!(decode(body), Err(WebhookError::Unreadable), "{body}");
    }
}

#[test]
fn with_a_key_only_what_is_signed_is_read() {
    let body = br#"{"object":"whatsapp_business_account","entry":[]}"#;
    let mac = "56a21e195072d3c07ec2bbf608e0dfeaf322e1917ec30f0cb399c2a43588216e";
    let source_with = |secret| source(None, Some(secret));
    let with = |secret, value: Option<String>, body: &[u8]| {
        let mut headers = HeaderMap::new();
        if let Some(value) = value {
            headers.insert("x-hub-signature-256", HeaderValue::from_str(&value).unwrap());
        }
        source_with(secret).decode(WebhookRequest::new(&headers, body))
    };
    let signed = Some(format!("sha256={mac}"));
    assert_eq!(with("secret", signed.clone(), body).unwrap().len(), 1);
    for (secret, value, body) in [
        ("secret", None, &body[..]),
        ("secret", Some(mac.to_owned()), body),
        ("secret", Some(format!("sha1={mac}")), body),
        ("secret", Some("sha256=".to_owned()), body),
        ("secret", signed.clone(), b"{}"),
        ("another", signed, body),
    ] {
        assert_eq!(with(secret, value, body), Err(WebhookError::BadSignature));
    }
    assert_eq!(source_with("another").authenticity(), Authenticity::Signed);
    // Everybody can sign with the default word.
    assert_eq!(source_with("secret").authenticity(), Authenticity::TokenOnly);
    assert_eq!(source(None, None).authenticity(), Authenticity::TokenOnly);
    assert!(!format!("{:?}", source_with("another")).contains("another"));
}

proptest! {
    #[test]
    fn no_bytes_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(body);
    }

    #[test]
    fn no_json_panics(
        kind in "message(\\.ack|\\.reaction|\\.x)?", chat in "[0-9]{0,15}(@s\\.whatsapp\\.net|@lid|@g\\.us)?",
        text in any::<String>(), number in any::<f64>(), from_me in any::<bool>(),
    ) {
        let payload = json!({ "id": text, "chat_id": chat, "from": text, "is_from_me": from_me, "body": text,
            "timestamp": text, "ids": [number, text, null], "receipt_type": "read", "reaction": text,
            "location": { "degreesLatitude": number, "degreesLongitude": number }, "image": { "path": text } });
        prop_assert!(!decode(event(&kind, payload)).unwrap().is_empty());
    }
}
