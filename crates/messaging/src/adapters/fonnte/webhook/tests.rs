use http::HeaderMap;
use proptest::prelude::*;
use wartel_core::Timestamp;

use super::*;

fn decode(body: impl AsRef<[u8]>) -> Result<Vec<InboundEvent>, WebhookError> {
    FonnteWebhooks.decode(WebhookRequest::new(&HeaderMap::new(), body.as_ref()))
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
        (sample!("webhook_message.json"), InboundEvent::Ignored { why: "an incoming message" }),
    ] {
        assert_eq!(one(body), expected, "{body}");
    }
}

#[test]
fn a_form_says_the_same_as_json() {
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
    fn no_json_panics(id in any::<i64>(), status in any::<String>(), stamp in any::<f64>(), extra in any::<String>()) {
        let body = serde_json::json!({ "id": id, "status": status, "timestamp": stamp, extra: [null, {"x": 1}] });
        prop_assert_eq!(decode(body.to_string()).unwrap().len(), 1);
        let form = form_urlencoded::Serializer::new(String::new()).append_pair("status", &status).finish();
        prop_assert!(decode(form).is_ok_and(|events| events.len() == 1) || status.is_empty());
    }
}
