use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use serde_json::json;
use wartel_core::{Jid, Timestamp};

use super::*;
use crate::{Author, ContactAddress, InboundContent, InboundMessage, MediaKind};

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/evolution/", $name))
    };
}

const AT: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

fn decode(body: impl AsRef<[u8]>) -> Result<Vec<InboundEvent>, WebhookError> {
    EvolutionWebhooks::new("toko", None).decode(WebhookRequest::new(&HeaderMap::new(), body.as_ref()))
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

fn event(event: &str, data: &Value) -> String {
    json!({ "event": event, "instance": "toko", "data": data }).to_string()
}

fn contact(main: &str, other: Option<&str>) -> ContactAddress {
    let jid = |text: &str| Jid::parse(text).unwrap();
    ContactAddress::from_jids(Some(&jid(main)), other.map(jid).as_ref()).unwrap()
}

#[test]
fn messages_are_read_whole() {
    let text = message(sample!("webhook_text.json"));
    assert_eq!(text.contact, contact("6281234567890@c.us", None));
    assert_eq!(text.content, InboundContent::text("Halo, masih ada?"));
    assert_eq!((text.name.as_deref(), text.at, text.author), (Some("Budi"), Some(AT), Author::Contact));
    assert_eq!(text.id.unwrap().as_str(), "3EB0C127D7BACC83D6A1");
    assert_eq!(text.quotes.unwrap().as_str(), "3EB0AE11D2F0C84E5B77");

    let wrapped = message(sample!("webhook_extended.json"));
    assert_eq!((wrapped.content, wrapped.at), (InboundContent::text("Bisa nego?"), Some(AT)));
    assert_eq!(wrapped.quotes.unwrap().as_str(), "3EB0AE11D2F0C84E5B78");

    let InboundContent::Media { kind, caption, mime, .. } = message(sample!("webhook_image.json")).content
    else {
        panic!("no media");
    };
    assert_eq!((kind, caption.as_deref()), (MediaKind::Image, Some("Ini mobilnya")));
    assert_eq!(mime.as_deref(), Some("image/jpeg"));

    let reaction = message(sample!("webhook_reaction.json")).content;
    let to = Some(ProviderMessageId::new("3EB0AE11D2F0C84E5B77"));
    assert_eq!(reaction, InboundContent::Reaction { to, emoji: "👍".to_owned() });
}

#[test]
fn the_number_behind_a_lid_is_the_same_contact() {
    let both = contact("6281234567890@c.us", Some("123456789012345@lid"));
    assert_eq!(message(sample!("webhook_lid.json")).contact, both);
    let hidden =
        json!({"key": {"remoteJid": "123456789012345@lid", "id": "1"}, "message": {"conversation": "x"}});
    assert!(message(event("messages.upsert", &hidden)).contact.phone.is_none());
}

#[test]
fn an_echo_is_our_own_side_without_a_name() {
    let echo = message(sample!("webhook_echo.json"));
    assert_eq!((echo.author, echo.name), (Author::OwnAccount, None));
}

#[test]
fn answers_places_and_others_have_their_words() {
    let content = |node: Value| {
        let data = json!({"key": {"remoteJid": "6281234567890@s.whatsapp.net", "id": "1"}, "message": node});
        message(event("MESSAGES_UPSERT", &data)).content
    };
    let choice =
        |id: &str, title: &str| InboundContent::Choice { id: id.to_owned(), title: title.to_owned() };
    let button = json!({"buttonsResponseMessage": {"selectedButtonId": "a", "selectedDisplayText": "Ya"}});
    assert_eq!(content(button), choice("a", "Ya"));
    let list = json!({"listResponseMessage": {"title": "Ya", "singleSelectReply": {"selectedRowId": "b"}}});
    assert_eq!(content(list), choice("b", "Ya"));
    let template = json!({"templateButtonReplyMessage": {"selectedId": "c", "selectedDisplayText": "Ya"}});
    assert_eq!(content(template), choice("c", "Ya"));
    let place = json!({"locationMessage": {"degreesLatitude": -7.981894, "degreesLongitude": 112.626503}});
    let expected =
        InboundContent::Location { latitude_micro: -7_981_894, longitude_micro: 112_626_503, name: None };
    assert_eq!(content(place), expected);
    assert_eq!(content(json!({"contactMessage": {}})), InboundContent::Other { kind: "contact".to_owned() });
}

#[test]
fn states_only_rise_from_what_is_reported() {
    let DeliveryReceipt { key, state, .. } = match one(sample!("webhook_update.json")) {
        InboundEvent::Receipt(receipt) => receipt,
        other => panic!("{other:?}"),
    };
    assert_eq!(key.message_id.unwrap().as_str(), "3EB0C127D7BACC83D6A1");
    assert_eq!(state, DeliveryState::Delivered);
    for (word, state) in [
        ("ERROR", DeliveryState::Failed),
        ("PENDING", DeliveryState::Accepted),
        ("SERVER_ACK", DeliveryState::Sent),
        ("READ", DeliveryState::Read),
        ("PLAYED", DeliveryState::Read),
    ] {
        let data = json!({"keyId": "1", "remoteJid": "6281234567890@s.whatsapp.net", "fromMe": true, "status": word});
        assert!(
            matches!(one(event("messages.update", &data)), InboundEvent::Receipt(r) if r.state == state),
            "{word}"
        );
    }
}

#[test]
fn the_device_has_its_events() {
    let state = |event| InboundEvent::DeviceState(event);
    assert_eq!(one(sample!("webhook_open.json")), state(DeviceEvent::Connected));
    assert_eq!(one(sample!("webhook_removed.json")), state(DeviceEvent::LoggedOut));
    assert_eq!(one(sample!("webhook_qr.json")), state(DeviceEvent::QrChanged));
    assert_eq!(one(sample!("webhook_qr_limit.json")), state(DeviceEvent::PairingRefused));
    let refused = |reason| event("connection.update", &json!({"state": "refused", "statusReason": reason}));
    assert_eq!(one(refused(428)), state(DeviceEvent::PairingRefused));
    assert_eq!(one(refused(403)), state(DeviceEvent::Banned { until: None }));
    for (reason, expected) in [
        (403, DeviceEvent::Banned { until: None }),
        (402, DeviceEvent::Banned { until: None }),
        (428, DeviceEvent::Disconnected),
        (515, DeviceEvent::Disconnected),
    ] {
        let data = json!({"state": "close", "statusReason": reason});
        assert_eq!(one(event("connection.update", &data)), state(expected), "{reason}");
    }
    assert_eq!(one(event("logout.instance", &json!({}))), state(DeviceEvent::LoggedOut));
}

#[test]
fn what_begins_no_conversation_is_ignored_with_the_reason() {
    let upsert = |chat: &str, node: Value| {
        event("messages.upsert", &json!({"key": {"remoteJid": chat, "id": "1"}, "message": node}))
    };
    let text = || json!({"conversation": "x"});
    let person = "6281234567890@s.whatsapp.net";
    for (body, why) in [
        (upsert("status@broadcast", text()), "a status post"),
        (upsert("120363000000000000@g.us", text()), "a group"),
        (upsert("120363000000000000@newsletter", text()), "a channel"),
        (upsert(person, json!({"messageContextInfo": {}})), "a message without content"),
        (upsert(person, json!({"protocolMessage": {}})), "a message without content"),
        (upsert(person, json!({"albumMessage": {}})), "a message without content"),
        (event("messages.upsert", &json!({"message": {}})), "a message without a key"),
        (event("send.message", &json!({})), "our own send"),
        (event("presence.update", &json!({})), "a kind of event that is not used"),
        (json!({"event": "call", "instance": "toko"}).to_string(), "an event without data"),
        (json!({"event": "call", "instance": "other", "data": {}}).to_string(), "another instance"),
        (event("messages.update", &json!({"fromMe": true})), "a receipt without an id"),
        (
            event("messages.update", &json!({"keyId": "1", "fromMe": false, "remoteJid": person})),
            "a receipt of the contact's own message",
        ),
    ] {
        assert_eq!(one(&body), InboundEvent::Ignored { why }, "{body}");
    }
    let wraps = (0..9).fold(text(), |inner, _| json!({"ephemeralMessage": {"message": inner}}));
    assert_eq!(one(upsert(person, wraps)), InboundEvent::Ignored { why: "a message without content" });
}

#[test]
fn one_bad_item_does_not_lose_its_neighbours() {
    let good =
        json!({"key": {"remoteJid": "6281234567890@c.us", "id": "1"}, "message": {"conversation": "x"}});
    let events = decode(event("messages.upsert", &json!([7, good, {"key": []}]))).unwrap();
    assert!(matches!(
        events.as_slice(),
        [InboundEvent::Ignored { .. }, InboundEvent::Message(_), InboundEvent::Ignored { .. }]
    ));
}

/// Signed with `my-secret-key` by another implementation (Python's `hmac`): header `{"alg":"HS256","typ":"JWT"}`, payload
/// `{"app":"evolution","action":"webhook"}`.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhcHAiOiJldm9sdXRpb24iLCJhY3Rpb24iOiJ3ZWJob29rIn0.QKkdNj0a7nHeRdNZCGBavqVjQpunn6bqH7vNud7a6hg";

#[test]
fn with_a_key_only_requests_with_its_token_are_read() {
    let source = EvolutionWebhooks::new("toko", Some(Secret::new("my-secret-key")));
    assert!(!format!("{source:?}").contains("my-secret"));
    assert_eq!(source.authenticity(), Authenticity::TokenOnly);
    let with = |value: Option<String>| {
        let mut headers = HeaderMap::new();
        value.map(|value| headers.insert("authorization", HeaderValue::from_str(&value).unwrap()));
        source.decode(WebhookRequest::new(&headers, sample!("webhook_open.json").as_bytes()))
    };
    assert!(with(Some(format!("Bearer {TOKEN}"))).is_ok());
    // "alg": "none", without a signature.
    let unsigned = "eyJhbGciOiJub25lIn0.eyJhcHAiOiJldm9sdXRpb24ifQ.";
    let changed = TOKEN.replace("eyJhcHAi", "eyJhcHAj");
    for bad in [
        None,
        Some(String::new()),
        Some(TOKEN.to_owned()),
        Some(format!("Bearer {unsigned}")),
        Some(format!("Bearer {changed}")),
    ] {
        assert_eq!(with(bad.clone()), Err(WebhookError::BadSignature), "{bad:?}");
    }
}

proptest! {
    #[test]
    fn no_body_is_too_strange(body in proptest::collection::vec(any::<u8>(), 0..200), words in ".*", n in any::<i64>()) {
        let _ = decode(&body);
        for name in ["messages.upsert", "messages.update", "connection.update", "qrcode.updated"] {
            let data = json!({"key": {"remoteJid": words, "id": n}, "message": {"conversation": words, "imageMessage": n},
                "messageTimestamp": n, "state": words, "status": n});
            prop_assert!(decode(event(name, &data)).is_ok());
        }
    }
}

#[test]
fn keys_and_pairing_codes_are_not_kept() {
    let source = EvolutionWebhooks::new("toko", Some(Secret::new("made-up-key-of-the-token")));
    let qr = br#"{"event":"qrcode.updated","instance":"toko","data":{"qrcode":{"code":"2@abc","pairingCode":"WZYEH1YY","base64":"data:image/png;base64,aGFsbw=="}},"apikey":"made-up-apikey"}"#;
    let kept = source.kept(Bytes::from_static(qr));
    let text = std::str::from_utf8(&kept).unwrap();
    for secret in ["made-up-apikey", "2@abc", "WZYEH1YY", "aGFsbw"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert_eq!(source.kept(kept.clone()), kept);
    let headers = http::HeaderMap::new();
    let events = source.decode_kept(WebhookRequest::new(&headers, &kept)).unwrap();
    assert_eq!(events, [InboundEvent::DeviceState(DeviceEvent::QrChanged)]);
    let plain = Bytes::from_static(br#"{ "event":"messages.upsert","apikey":null}"#);
    assert_eq!(source.kept(plain.clone()), plain);
}
