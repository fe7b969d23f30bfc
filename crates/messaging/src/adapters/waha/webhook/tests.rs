use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use serde_json::json;
use wartel_core::{Jid, Timestamp};

use super::*;
use crate::{Author, ContactAddress, InboundContent, InboundMessage, MediaKind};

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/waha/", $name))
    };
}

const AT: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

fn decode(body: impl AsRef<[u8]>) -> Result<Vec<InboundEvent>, WebhookError> {
    WahaWebhooks::new("default", None).decode(WebhookRequest::new(&HeaderMap::new(), body.as_ref()))
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
    json!({ "event": event, "session": "default", "payload": payload }).to_string()
}

fn contact(main: &str, other: Option<&str>) -> ContactAddress {
    let jid = |text: &str| Jid::parse(text).unwrap();
    ContactAddress::from_jids(Some(&jid(main)), other.map(jid).as_ref()).unwrap()
}

const NUMBER: &str = "6281234567890@c.us";
const LID: &str = "123456789012345@lid";

#[test]
fn a_message_is_read_whole() {
    let got = message(sample!("webhook_message.json"));
    assert_eq!(got.contact, contact(NUMBER, None));
    assert_eq!(got.content, InboundContent::text("Halo, masih ada?"));
    assert_eq!(got.id.unwrap().as_str(), "3EB0C127D7BACC83D6A1");
    assert_eq!(got.quotes.unwrap().as_str(), "3EB0AE11D2F0C84E5B77");
    assert_eq!((got.name.as_deref(), got.at, got.author), (Some("Budi"), Some(AT), Author::Contact));
}

#[test]
fn the_same_message_by_number_and_by_lid_has_one_id_and_one_contact() {
    let by_lid = message(sample!("webhook_message_lid.json"));
    assert_eq!(by_lid.contact, contact(NUMBER, Some(LID)));
    let by_number = message(sample!("webhook_message.json"));
    assert_eq!((by_lid.id, by_lid.contact.phone), (by_number.id, by_number.contact.phone));
    // Without a second address the LID is all that is known.
    let hidden =
        message(event("message", json!({ "id": format!("false_{LID}_A"), "from": LID, "body": "x" })));
    assert_eq!(hidden.contact, contact(LID, None));
    // The address in the id counts as one of the person's.
    let mixed =
        message(event("message", json!({ "id": format!("false_{LID}_A"), "from": NUMBER, "body": "x" })));
    assert_eq!(mixed.contact, contact(NUMBER, Some(LID)));
    for key in ["remoteJidAlt", "senderPn"] {
        let data = json!({ "key": { key: "6281234567890@s.whatsapp.net" } });
        let body = json!({ "id": format!("false_{LID}_A"), "from": LID, "body": "x", "_data": data });
        assert_eq!(message(event("message", body)).contact, contact(NUMBER, Some(LID)), "{key}");
    }
}

#[test]
fn what_our_own_side_wrote_is_an_echo_of_the_chat() {
    let echo = message(sample!("webhook_echo.json"));
    assert_eq!((echo.author, echo.contact, echo.name), (Author::OwnAccount, contact(NUMBER, None), None));
    // Some engines leave `to` out or write the chat into `from`.
    let id = format!("true_{NUMBER}_A");
    for body in [
        json!({ "id": id, "fromMe": true, "from": NUMBER, "to": null, "body": "x" }),
        json!({ "id": id, "fromMe": true, "from": "6591234567@c.us", "body": "x" }),
        json!({ "id": id, "fromMe": true, "to": NUMBER, "body": "x",
                "_data": { "key": { "senderPn": "6591234567@s.whatsapp.net" } } }),
    ] {
        assert_eq!(message(event("message.any", body.clone())).contact, contact(NUMBER, None), "{body}");
        assert_eq!(message(event("message", body.clone())).author, Author::OwnAccount, "{body}");
    }
    let alternative = json!({ "id": format!("true_{LID}_A"), "fromMe": true, "to": LID, "body": "x",
                              "_data": { "Info": { "RecipientAlt": "6281234567890@s.whatsapp.net" } } });
    assert_eq!(message(event("message.any", alternative)).contact, contact(NUMBER, Some(LID)));
    let twice = json!({ "id": format!("false_{NUMBER}_A"), "from": NUMBER, "fromMe": false, "body": "x" });
    assert_eq!(one(event("message.any", twice)), InboundEvent::Ignored { why: "it comes as `message` too" });
}

#[test]
fn each_content_has_its_word() {
    let media = |mime: &str, word: &str| json!({ "hasMedia": true, "media": { "mimetype": mime }, "_data": { "type": word } });
    for (body, kind) in [
        (media("image/jpeg", ""), MediaKind::Image),
        (media("image/webp", "sticker"), MediaKind::Sticker),
        (media("video/mp4", ""), MediaKind::Video),
        (media("audio/ogg; codecs=opus", "ptt"), MediaKind::Audio),
        (media("application/pdf", ""), MediaKind::Document),
        (media("image/png", "document"), MediaKind::Document),
        (json!({ "hasMedia": true, "media": null, "_data": { "type": "image" } }), MediaKind::Image),
        (json!({ "hasMedia": true }), MediaKind::Document),
    ] {
        let mut body = body;
        body["from"] = NUMBER.into();
        let got = message(event("message", body.clone())).content;
        assert!(matches!(&got, InboundContent::Media { kind: got, .. } if *got == kind), "{body}");
    }
    let place = json!({ "from": NUMBER, "body": "", "location":
        { "latitude": "-6.2088", "longitude": 106.8456, "description": "Jakarta" } });
    assert_eq!(
        message(event("message", place)).content,
        InboundContent::Location {
            latitude_micro: -6_208_800,
            longitude_micro: 106_845_600,
            name: Some("Jakarta".to_owned())
        }
    );
    let card = json!({ "from": NUMBER, "vCards": ["BEGIN:VCARD"] });
    let poll = json!({ "from": NUMBER, "_data": { "type": "poll_creation" } });
    for (body, kind) in [(card, "contact"), (poll, "poll_creation"), (json!({ "from": NUMBER }), "unknown")] {
        let expected = InboundContent::Other { kind: kind.to_owned() };
        assert_eq!(message(event("message", body)).content, expected, "{kind}");
    }
    assert_eq!(
        message(sample!("webhook_image.json")).content,
        InboundContent::Media {
            kind: MediaKind::Image,
            mime: Some("image/jpeg".to_owned()),
            caption: Some("Yang ini".to_owned()),
            reference: Some("http://localhost:3000/api/files/default/3EB0C127D7BACC83D6A2.jpeg".to_owned()),
            file_name: None,
        }
    );
    let reaction = message(sample!("webhook_reaction.json"));
    assert_eq!(
        reaction.content,
        InboundContent::Reaction {
            to: Some(ProviderMessageId::new("3EB0AE11D2F0C84E5B77")),
            emoji: "👍".to_owned()
        }
    );
    assert_eq!(reaction.at, Some(AT));
}

#[test]
fn whoever_is_no_person_is_ignored() {
    for (from, why) in [
        ("120363000000000000@g.us", "a group"),
        ("120363000000000000@newsletter", "a channel"),
        ("status@broadcast", "a status post"),
        ("628@broadcast", "a broadcast list"),
        ("nobody", "an address of unknown form"),
    ] {
        let body = json!({ "id": format!("false_{from}_A_{NUMBER}"), "from": from, "participant": NUMBER,
                           "body": "x", "_data": { "key": { "senderPn": NUMBER } } });
        assert_eq!(one(event("message", body)), InboundEvent::Ignored { why }, "{from}");
    }
    assert_eq!(one(event("message", json!({ "body": "x" }))), InboundEvent::Ignored { why: "no address" });
}

#[test]
fn each_ack_has_its_state() {
    let receipt = |state, at| {
        let key = ReceiptKey::new(Some(ProviderMessageId::new("3EB0AE11D2F0C84E5B77")), None).unwrap();
        InboundEvent::Receipt(DeliveryReceipt::new("waha", key, state).with_at(at))
    };
    let later = Timestamp::from_micros(1_790_000_001_000_000);
    assert_eq!(one(sample!("webhook_ack.json")), receipt(DeliveryState::Read, Some(later)));
    let id = format!("true_{NUMBER}_3EB0AE11D2F0C84E5B77");
    for (ack, name, state) in [
        (-1, "ERROR", DeliveryState::Failed),
        (0, "PENDING", DeliveryState::Accepted),
        (1, "SERVER", DeliveryState::Sent),
        (2, "DEVICE", DeliveryState::Delivered),
        (3, "READ", DeliveryState::Read),
        (4, "PLAYED", DeliveryState::Read),
    ] {
        let by_number = event("message.ack", json!({ "id": id, "fromMe": true, "ack": ack }));
        let by_name = event("message.ack", json!({ "id": id, "ackName": name }));
        assert_eq!(one(by_number), receipt(state, None), "{name}");
        assert_eq!(one(by_name), receipt(state, None), "{name}");
    }
    for (payload, why) in [
        (json!({ "id": id, "ack": 9 }), "a status of unknown meaning"),
        (json!({ "ack": 2 }), "a receipt without an id"),
        (
            json!({ "id": format!("false_{NUMBER}_A"), "fromMe": false, "ack": 3 }),
            "a receipt of the contact's own message",
        ),
        (json!({ "id": "true_1203@g.us_A_62@c.us", "fromMe": true, "ack": 3 }), "a group"),
    ] {
        assert_eq!(one(event("message.ack", payload)), InboundEvent::Ignored { why }, "{why}");
    }
}

#[test]
fn each_session_status_has_its_event() {
    let device = |events: &[DeviceEvent]| events.iter().copied().map(InboundEvent::DeviceState).collect();
    let status = |word: &str| event("session.status", json!({ "name": "default", "status": word }));
    let failed_after = |word: &str| {
        let statuses = [word, "FAILED"].map(|status| json!({ "status": status, "timestamp": 1 }));
        event("session.status", json!({ "name": "default", "status": "FAILED", "statuses": statuses }))
    };
    for (body, expected) in [
        (sample!("webhook_working.json").to_owned(), vec![DeviceEvent::Connected]),
        (sample!("webhook_scan.json").to_owned(), vec![DeviceEvent::QrChanged]),
        (sample!("webhook_logged_out.json").to_owned(), vec![DeviceEvent::LoggedOut, DeviceEvent::QrChanged]),
        (status("STARTING"), vec![DeviceEvent::Disconnected]),
        (status("STOPPED"), vec![DeviceEvent::Disconnected]),
        (status("FAILED"), vec![DeviceEvent::Disconnected]),
        (failed_after("WORKING"), vec![DeviceEvent::Disconnected]),
        (failed_after("SCAN_QR_CODE"), vec![DeviceEvent::PairingRefused, DeviceEvent::Disconnected]),
        (failed_after("PASSKEY_REQUIRED"), vec![DeviceEvent::PairingRefused, DeviceEvent::Disconnected]),
        (status("PASSKEY_REQUIRED"), vec![DeviceEvent::PasskeyRequired]),
        (status("PASSKEY_CONFIRMATION_REQUIRED"), vec![DeviceEvent::PasskeyRequired]),
    ] {
        let expected: Vec<InboundEvent> = device(&expected);
        assert_eq!(decode(&body), Ok(expected), "{body}");
    }
    assert_eq!(one(status("DREAMING")), InboundEvent::Ignored { why: "a session status of unknown meaning" });
}

#[test]
fn other_sessions_and_kinds_are_ignored() {
    let other = sample!("webhook_message.json").replace("\"default\"", "\"toko-2\"");
    assert_eq!(one(other), InboundEvent::Ignored { why: "another session" });
    for kind in ["message.ack.group", "presence.update", "engine.event", "call.received", "new.kind"] {
        let why = "a kind of event that is not used";
        assert_eq!(one(event(kind, json!({}))), InboundEvent::Ignored { why }, "{kind}");
    }
    assert_eq!(
        one(r#"{"event":"message","session":"default"}"#),
        InboundEvent::Ignored { why: "an event without a payload" }
    );
    for body in ["", "{", "[]", "null", "a=b", "\u{0}"] {
        assert_eq!(decode(body), Err(WebhookError::Unreadable), "{body}");
    }
}

#[test]
fn with_a_key_only_what_is_signed_is_read() {
    // The vector of WAHA's documentation.
    let body = br#"{"event":"message","session":"default","engine":"WEBJS"}"#;
    let hmac = "208f8a55dde9e05519e898b10b89bf0d0b3b0fdf11fdbf09b6b90476301b98d8\
                097c462b2b17a6ce93b6b47a136cf2e78a33a63f6752c2c1631777076153fa89";
    let source = WahaWebhooks::new("default", Some(Secret::new("my-secret-key")));
    assert_eq!(source.authenticity(), Authenticity::Signed);
    assert_eq!(WahaWebhooks::new("default", None).authenticity(), Authenticity::TokenOnly);
    let with = |hmac: Option<&str>, body: &[u8]| {
        let mut headers = HeaderMap::new();
        if let Some(hmac) = hmac {
            headers.insert("x-webhook-hmac", HeaderValue::from_str(hmac).unwrap());
            headers.insert("x-webhook-hmac-algorithm", HeaderValue::from_static("sha512"));
        }
        source.decode(WebhookRequest::new(&headers, body))
    };
    assert_eq!(with(Some(hmac), body).unwrap().len(), 1);
    let other_body = br#"{"event":"message","session":"default","engine":"GOWS"}"#;
    let cut = &hmac[..126];
    for (hmac, body) in
        [(None, &body[..]), (Some(""), body), (Some(cut), body), (Some(hmac), other_body), (Some("zz"), b"{")]
    {
        assert_eq!(with(hmac, body), Err(WebhookError::BadSignature), "{hmac:?}");
    }
    assert!(!format!("{source:?}").contains("my-secret"));
}

proptest! {
    #[test]
    fn no_bytes_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(body);
    }

    #[test]
    fn no_json_panics(
        kind in "(message|message\\.any|message\\.ack|message\\.reaction|session\\.status)",
        id in "(true|false)?_?[0-9]{0,15}(@c\\.us|@lid|@g\\.us)?_?[A-F0-9]{0,6}",
        text in any::<String>(), number in any::<f64>(), from_me in any::<bool>(),
    ) {
        let payload = json!({ "id": id, "from": text, "to": id, "fromMe": from_me, "body": text, "ack": number,
            "timestamp": number, "status": text, "location": { "latitude": number, "longitude": number },
            "media": { "mimetype": text, "url": text }, "reaction": { "text": text } });
        prop_assert!(!decode(event(&kind, payload)).unwrap().is_empty());
    }
}
