use http::StatusCode;

use super::*;
use crate::SendErrorKind;

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/cloud_api/", $name))
    };
}

fn ok(body: impl Into<bytes::Bytes>) -> HttpResponse {
    HttpResponse::new(StatusCode::OK, body)
}

#[test]
fn a_message_is_accepted_by_its_id() {
    for body in [sample!("send_ok.json"), sample!("send_held.json")] {
        let id = accepted(&ok(body)).unwrap().message_id.unwrap();
        assert!(id.as_str().starts_with("wamid.HBgN"), "{body}");
    }
    for (answer, advice) in [
        (ok("{}"), RetryAdvice::Never),
        (ok(r#"{"messages":[{"id":""}]}"#), RetryAdvice::Never),
        (ok("<html>"), RetryAdvice::Never),
        (ok(r#"{"messages":[{"id"#).with_end(BodyEnd::Cut), RetryAdvice::Ambiguous),
    ] {
        let error = accepted(&answer).unwrap_err();
        assert_eq!((error.kind(), error.advice()), (SendErrorKind::Unavailable, advice));
    }
    let error = accepted(&ok(r#"{"messages":[{"id":"x"}],"error":{"code":131026}}"#)).unwrap_err();
    assert_eq!(error.kind(), SendErrorKind::NotOnWhatsApp);
}

#[test]
fn uploads_and_marks_are_read() {
    assert_eq!(uploaded(&ok(r#"{"id":"1037543291543636"}"#)).unwrap(), "1037543291543636");
    assert_eq!(uploaded(&ok(r#"{"id":1037543291543636}"#)).unwrap(), "1037543291543636");
    assert!(uploaded(&ok("{}")).is_err());
    assert!(done(&ok(r#"{"success":true}"#)).is_ok());
    assert!(done(&ok(r#"{"success":false}"#)).is_err());
}

#[test]
fn only_a_connected_number_sends() {
    let connected = device(&ok(sample!("device_connected.json"))).unwrap();
    assert!(connected.connected);
    assert_eq!(connected.phone.unwrap().e164(), "+6281234567890");
    assert_eq!(connected.device_id.as_deref(), Some("106540352242922"));
    assert_eq!(connected.package.as_deref(), Some("STANDARD"));
    assert!(!device(&ok(sample!("device_pending.json"))).unwrap().connected);
    assert_eq!(device(&ok(r#"{"id":"1"}"#)).unwrap_err().kind(), SendErrorKind::Unavailable);
}

proptest::proptest! {
    #[test]
    fn no_answer_panics(status in 100_u16..1000, body in proptest::collection::vec(0_u8.., 0..200)) {
        let response = HttpResponse::new(StatusCode::from_u16(status).unwrap(), body);
        let _ = (accepted(&response), uploaded(&response), done(&response), device(&response));
    }

    #[test]
    fn no_json_panics(code in proptest::num::i64::ANY, text in "[ -~]{0,40}") {
        let body = serde_json::json!({ "error": { "code": code, "error_subcode": text, "fbtrace_id": text } });
        let error = accepted(&ok(body.to_string())).unwrap_err();
        let shown = error.provider_code().unwrap();
        proptest::prop_assert!(shown.bytes().all(|b| b.is_ascii_digit() || b == b'-' || b == b'/'), "{}", shown);
    }
}
