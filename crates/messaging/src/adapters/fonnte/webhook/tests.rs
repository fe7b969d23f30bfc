use http::HeaderMap;
use proptest::prelude::*;
use wartel_core::Timestamp;

use super::*;
use crate::{ContactAddress, InboundContent, InboundMessage, MediaKind};

fn decode(body: impl AsRef<[u8]>) -> Result<Vec<InboundEvent>, WebhookError> {
    FonnteWebhooks::default().decode(WebhookRequest::new(&HeaderMap::new(), body.as_ref()))
}

fn one(body: impl AsRef<[u8]>) -> InboundEvent {
    let mut events = decode(body).unwrap();
    assert_eq!(events.len(), 1);
    events.remove(0)
}

fn receipt_of(id: Option<&str>, state_id: Option<&str>, state: DeliveryState) -> DeliveryReceipt {
    let named = |id: Option<&str>| id.map(ProviderMessageId::new);
    DeliveryReceipt::new("fonnte", ReceiptKey::new(named(id), named(state_id)).unwrap(), state)
}

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/fonnte/", $name))
    };
}

const AT: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

#[test]
fn the_samples_are_understood() {
    let first = receipt_of(Some("80367170"), Some("3EB0D6F1A2"), DeliveryState::Sent).with_at(Some(AT));
    let later = receipt_of(None, Some("3EB0D6F1A2"), DeliveryState::Delivered);
    let invalid = receipt_of(Some("80367170"), None, DeliveryState::Failed);
    for (body, expected) in [
        (sample!("webhook_status_first.json"), InboundEvent::Receipt(first)),
        (sample!("webhook_status_state_only.json"), InboundEvent::Receipt(later)),
        (sample!("webhook_status_invalid.json"), InboundEvent::Receipt(invalid)),
        (sample!("webhook_connect.json"), InboundEvent::DeviceState(DeviceEvent::Connected)),
        (sample!("webhook_disconnect.json"), InboundEvent::DeviceState(DeviceEvent::Disconnected)),
        (sample!("webhook_message.json"), InboundEvent::Message(budi(InboundContent::text("halo")))),
        (sample!("webhook_message_group.json"), InboundEvent::Ignored { why: "a group message" }),
        (
            sample!("webhook_message_image.json"),
            InboundEvent::Message(
                budi(InboundContent::Media {
                    kind: MediaKind::Image,
                    mime: None,
                    caption: Some("ini fotonya".into()),
                    reference: Some("https://files.example/foto.jpg".into()),
                    file_name: Some("foto.jpg".into()),
                })
                .with_id(Some("417")),
            ),
        ),
        (
            sample!("webhook_message_location.json"),
            InboundEvent::Message(
                budi(InboundContent::Location {
                    latitude_micro: -7_983_908,
                    longitude_micro: 112_621_391,
                    name: None,
                })
                .with_id(Some("417")),
            ),
        ),
    ] {
        assert_eq!(one(body), expected, "{body}");
    }
}

/// Budi's message of the samples, without an id.
fn budi(content: InboundContent) -> InboundMessage {
    let contact = ContactAddress::from(crate::testing::sample_phone());
    InboundMessage::new(contact, content).with_name(Some("Budi")).with_at(Some(AT))
}

#[test]
fn people_are_known_by_number_however_it_is_spelled_and_nobody_else_is_heard() {
    let heard = |fields: &str| match one(format!("{{{fields},\"message\":\"halo\"}}")) {
        InboundEvent::Message(message) => Ok(message.contact),
        InboundEvent::Ignored { why } => Err(why),
        other => panic!("{other:?}"),
    };
    let budi = ContactAddress::from(crate::testing::sample_phone());
    for sender in [
        r#""sender":"6281234567890""#,
        r#""sender":"081234567890""#,
        r#""sender":6281234567890"#,
        r#""sender":"+6281234567890""#,
        r#""pengirim":"6281234567890""#,
        r#""sender":"","pengirim":"6281234567890""#,
        r#""sender":"6281234567890@s.whatsapp.net""#,
        r#""sender":"6281234567890:14@c.us""#,
    ] {
        assert_eq!(heard(sender), Ok(budi.clone()), "{sender}");
    }
    assert!(heard(r#""sender":"123456789012345@lid""#).unwrap().lid.is_some());
    for (sender, why) in [
        (r#""sender":"status@broadcast""#, "a message of no person"),
        (r#""sender":"120363000000000001@newsletter""#, "a message of no person"),
        (r#""sender":"Toko""#, "a message of no person"),
        (r#""sender":"""#, "a message of no person"),
        (r#""sender":"120363000000000001@g.us""#, "a group message"),
        (r#""sender":"6281234567890","isgroup":"true""#, "a group message"),
        (r#""sender":"6281234567890","member":"6281234567890""#, "a group message"),
    ] {
        assert_eq!(heard(sender), Err(why), "{sender}");
    }
}

#[test]
fn a_message_is_what_its_type_says() {
    let content = |fields: serde_json::Value| {
        let mut body = serde_json::json!({"sender": "6281234567890"});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        match one(body.to_string()) {
            InboundEvent::Message(message) => Some(message.content),
            _ => None,
        }
    };
    let media =
        |kind| InboundContent::Media { kind, mime: None, caption: None, reference: None, file_name: None };
    let other = |kind: &str| InboundContent::Other { kind: kind.into() };
    for (fields, expected) in [
        (serde_json::json!({"message": "a"}), Some(InboundContent::text("a"))),
        (serde_json::json!({"pesan": "a", "type": "Text"}), Some(InboundContent::text("a"))),
        (serde_json::json!({"message": " ", "type": "text"}), None),
        (serde_json::json!({"type": "document"}), Some(media(MediaKind::Document))),
        (serde_json::json!({"type": "audio"}), Some(media(MediaKind::Audio))),
        (serde_json::json!({"type": "VIDEO"}), Some(media(MediaKind::Video))),
        (serde_json::json!({"type": "sticker"}), Some(media(MediaKind::Sticker))),
        (serde_json::json!({"type": "poll", "message": "?"}), Some(other("poll"))),
        (serde_json::json!({"type": "location", "location": "91,0"}), Some(other("location"))),
        (serde_json::json!({"type": "location", "location": "NaN,0"}), Some(other("location"))),
        (serde_json::json!({"type": "x".repeat(99)}), Some(other(&"x".repeat(64)))),
    ] {
        assert_eq!(content(fields.clone()), expected, "{fields}");
    }
    let place = content(serde_json::json!({"location": "-6.2, 106.8", "message": "Kantor"}));
    let expected = InboundContent::Location {
        latitude_micro: -6_200_000,
        longitude_micro: 106_800_000,
        name: Some("Kantor".into()),
    };
    assert_eq!(place, Some(expected));
}

#[test]
fn a_secret_that_was_agreed_upon_has_to_be_there() {
    let webhooks = FonnteWebhooks::default().with_secret(Some(Secret::new("made-up-secret")));
    let decode = |body: &str| webhooks.decode(WebhookRequest::new(&HeaderMap::new(), body.as_bytes()));
    assert!(decode(sample!("webhook_message_secret.json")).is_ok_and(|events| events.len() == 1));
    assert!(decode("id=1&status=sent&secret=made-up-secret").is_ok());
    assert_eq!(decode("[null]").map(|events| events.len()), Ok(1));
    for bad in [
        sample!("webhook_message.json"),
        r#"{"id":1,"status":"sent","secret":"made-up-secreT"}"#,
        r#"{"id":1,"status":"sent","secret":["made-up-secret"]}"#,
        r#"[{"id":1,"status":"sent","secret":"made-up-secret"},{"id":2,"status":"sent"}]"#,
        "id=1&status=sent",
    ] {
        assert_eq!(decode(bad), Err(WebhookError::BadSignature), "{bad}");
    }
    assert_eq!(webhooks.authenticity(), Authenticity::TokenOnly);
    assert!(!format!("{webhooks:?}").contains("made-up"));
}

#[test]
fn a_form_says_the_same_as_json() {
    let form =
        "device=62&sender=081234567890&message=halo&name=Budi&inboxid=0&isgroup=false&timestamp=1767225600";
    assert_eq!(one(form), InboundEvent::Message(budi(InboundContent::text("halo"))));
    let expected = receipt_of(Some("80367170"), Some("3EB0"), DeliveryState::Read).with_at(Some(AT));
    let form = "device=6281234567890&id=80367170&stateid=3EB0&status=sent&state=read&timestamp=1767225600";
    assert_eq!(one(form), InboundEvent::Receipt(expected));
    assert_eq!(one("device=62&status=disconnect"), InboundEvent::DeviceState(DeviceEvent::Disconnected));
}

#[test]
fn each_word_has_its_state_and_the_furthest_counts() {
    for (status, state, expected) in [
        ("pending", "", Some(DeliveryState::Accepted)),
        ("waiting", "", Some(DeliveryState::Accepted)),
        ("processing", "", Some(DeliveryState::Accepted)),
        ("Sent", "", Some(DeliveryState::Sent)),
        ("sent", "delivered", Some(DeliveryState::Delivered)),
        ("sent", "READ", Some(DeliveryState::Read)),
        ("read", "sent", Some(DeliveryState::Read)),
        ("failed", "", Some(DeliveryState::Failed)),
        ("invalid", "", Some(DeliveryState::Failed)),
        ("expired", "", Some(DeliveryState::Failed)),
        ("url unreachable", "", Some(DeliveryState::Failed)),
        ("", "teleported", None),
        ("", "", None),
    ] {
        let body = serde_json::json!({ "id": 1, "status": status, "state": state }).to_string();
        let got = match one(&body) {
            InboundEvent::Receipt(receipt) => Some(receipt.state),
            InboundEvent::Ignored { why } => {
                assert_eq!(why, "a status of unknown meaning");
                None
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(got, expected, "{body}");
    }
}

#[test]
fn instants_are_seconds_or_milliseconds_and_plausible() {
    for (text, expected) in [
        ("1767225600", Some(AT)),
        ("1767225600000", Some(AT)),
        ("0", None),
        ("-5", None),
        ("99999999999999999999", None),
        ("9223372036854775807", None),
        ("yesterday", None),
    ] {
        assert_eq!(text.parse().ok().and_then(unix_instant), expected, "{text}");
    }
}

#[test]
fn one_bad_item_does_not_lose_its_neighbours() {
    let events =
        decode(r#"[1, {"id":"a","status":"sent"}, null, {"new":"kind"}, {"stateid":"b","state":"read"}]"#)
            .unwrap();
    assert_eq!(events.len(), 5);
    assert_eq!(events[1], InboundEvent::Receipt(receipt_of(Some("a"), None, DeliveryState::Sent)));
    assert_eq!(events[3], InboundEvent::Ignored { why: "an unknown kind of event" });
    assert_eq!(events[4], InboundEvent::Receipt(receipt_of(None, Some("b"), DeliveryState::Read)));
    assert_eq!(decode("[]"), Ok(Vec::new()));
    assert_eq!(
        one(r#"{"submission":"form","sender":"x","name":"y"}"#),
        InboundEvent::Ignored { why: "a form submission" }
    );
}

#[test]
fn what_cannot_be_read_is_refused() {
    let deep = "[".repeat(10_000);
    for body in ["", "  ", "{", "{\"id\":", "hello", "a=b&c=d", "<xml/>", "null", "\u{0}", deep.as_str()] {
        assert_eq!(decode(body), Err(WebhookError::Unreadable), "{:.20}", body);
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(body);
    }

    #[test]
    fn no_message_panics(sender in any::<String>(), kind in any::<String>(), place in "[-0-9.,eNa]{0,12}", id in any::<i64>()) {
        let body = serde_json::json!({ "sender": sender, "type": kind, "location": place, "inboxid": id });
        prop_assert_eq!(decode(body.to_string()).unwrap().len(), 1);
    }

    #[test]
    fn no_json_panics(id in any::<i64>(), status in any::<String>(), stamp in any::<f64>(), extra in any::<String>()) {
        let body = serde_json::json!({ "id": id, "status": status, "timestamp": stamp, extra: [null, {"x": 1}] });
        prop_assert_eq!(decode(body.to_string()).unwrap().len(), 1);
        let form = form_urlencoded::Serializer::new(String::new()).append_pair("status", &status).finish();
        prop_assert!(decode(form).is_ok_and(|events| events.len() == 1) || status.is_empty());
    }
}

fn kept(secret: Option<&str>, body: &str) -> String {
    let source = FonnteWebhooks::default().with_secret(secret.map(Secret::new));
    let kept = source.kept(Bytes::copy_from_slice(body.as_bytes()));
    assert_eq!(source.kept(kept.clone()), kept, "it is kept as it is kept");
    String::from_utf8(kept.to_vec()).unwrap()
}

#[test]
fn the_secret_is_not_kept_and_the_rest_is_read_as_before() {
    const WORD: &str = "made-up-secret";
    for body in [
        format!(r#"{{"device":"62811","sender":"6281234567890","message":"halo","secret":"{WORD}"}}"#),
        format!(
            r#"{{"sender":"6281234567890","message":"halo","Secret":" {WORD} ","more":{{"secret":1,"x":["{WORD}"]}}}}"#
        ),
        r#"{"sender":"6281234567890","message":"halo","secret":"\u006dade-up-secret"}"#.to_owned(),
        format!(r#"[{{"sender":"6281234567890","message":"halo","secret":"{WORD}"}},"{WORD}"]"#),
        format!("sender=6281234567890&message=halo&secret={WORD}"),
        "sender=6281234567890&message=halo&secret=made%2Dup%2Dsecret".to_owned(),
    ] {
        let source = FonnteWebhooks::default().with_secret(Some(Secret::new(WORD)));
        let headers = HeaderMap::new();
        let first = source.decode(WebhookRequest::new(&headers, body.as_bytes())).unwrap();
        let stored = kept(Some(WORD), &body);
        assert!(!stored.contains(WORD) && !stored.contains("up%2D") && !stored.contains("u006d"), "{stored}");
        let request = WebhookRequest::new(&headers, stored.as_bytes());
        assert_eq!(source.decode_kept(request).unwrap(), first, "{stored}");
        assert_eq!(source.decode(request), Err(WebhookError::BadSignature), "it opens nothing any more");
    }
}

#[test]
fn what_holds_no_secret_is_kept_byte_for_byte() {
    for body in [
        r#"{ "sender" : "6281234567890", "message":"halo" }"#,
        "sender=6281234567890&message=halo+semua",
        "{broken",
        "",
    ] {
        assert_eq!(kept(None, body), body);
    }
    // A secret that was set at Fonnte only is one all the same.
    assert!(!kept(None, r#"{"id":"1","secret":"made-up"}"#).contains("made-up"));
    // In what cannot be read nobody can tell it.
    assert_eq!(kept(Some("made-up"), r#"{"secret":"made-up""#), "");
}
