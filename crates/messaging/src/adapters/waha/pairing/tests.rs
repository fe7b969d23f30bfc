use std::sync::Arc;

use http::{Method, StatusCode};

use super::*;
use crate::adapters::waha::WahaConfig;
use crate::testing::{ScriptedTransport, sample_phone};
use crate::{RetryAdvice, SendErrorKind};

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/waha/", $name))
    };
}

const STARTING: &str = r#"{"name":"default","status":"STARTING","me":null}"#;

fn script(answers: &[(u16, &'static str)]) -> ScriptedTransport {
    answers.iter().fold(ScriptedTransport::default(), |script, (status, body)| {
        script.then_respond(HttpResponse::new(StatusCode::from_u16(*status).unwrap(), *body))
    })
}

fn waha(transport: &ScriptedTransport) -> Waha {
    let config = WahaConfig::new("https://waha.example", "made-up-key");
    Waha::with_transport(config, Arc::new(transport.clone())).unwrap()
}

fn asked(transport: &ScriptedTransport) -> Vec<String> {
    let line =
        |(method, url): (Method, String)| format!("{method} {}", url.replace("https://waha.example", ""));
    transport.requests().into_iter().map(|request| line((request.method, request.url))).collect()
}

#[tokio::test]
async fn a_device_is_what_its_session_says() {
    let stopped = r#"{"name":"default","status":"STOPPED"}"#;
    let failed = r#"{"name":"default","status":"FAILED","me":{"id":"6591234567@c.us"}}"#;
    for (status, body, connected, paired) in [
        (200, sample!("session_working.json"), true, Some(true)),
        (200, sample!("session_scan.json"), false, Some(false)),
        (200, r#"{"status":"PASSKEY_REQUIRED"}"#, false, Some(false)),
        (200, stopped, false, None),
        (200, STARTING, false, None),
        (200, failed, false, Some(true)),
        (200, r#"{"status":"DREAMING"}"#, false, None),
        (404, sample!("session_missing.json"), false, Some(false)),
    ] {
        let device = waha(&script(&[(status, body)])).device().await.unwrap();
        assert_eq!((device.connected, device.paired), (connected, paired), "{body}");
    }
    for (body, pairing) in [
        (r#"{"status":"PASSKEY_REQUIRED"}"#, Some(DeviceEvent::PasskeyRequired)),
        (r#"{"status":"PASSKEY_CONFIRMATION_REQUIRED"}"#, Some(DeviceEvent::PasskeyRequired)),
        (r#"{"status":"FAILED","me":null}"#, Some(DeviceEvent::PairingRefused)),
        (failed, None),
        (sample!("session_scan.json"), None),
    ] {
        assert_eq!(waha(&script(&[(200, body)])).device().await.unwrap().pairing, pairing, "{body}");
    }
    let device = waha(&script(&[(200, sample!("session_working.json"))])).device().await.unwrap();
    assert_eq!(device.phone.unwrap().e164(), "+6591234567");
    assert_eq!(device.device_id.as_deref(), Some("6591234567:14@s.whatsapp.net"));
    for (status, body, kind) in [
        (401, sample!("unauthorized.json"), SendErrorKind::Unauthenticated),
        (200, "{}", SendErrorKind::Unavailable),
    ] {
        let error = waha(&script(&[(status, body)])).device().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{body}");
    }
}

#[tokio::test]
async fn a_code_is_asked_for_once_the_session_can_give_one() {
    let qr = (200, sample!("qr_raw.json"));
    let get = "GET /api/sessions/default";
    let ask = "GET /api/default/auth/qr?format=raw";
    let session = |status: &'static str| match status {
        "STOPPED" => (200, r#"{"status":"STOPPED"}"#),
        "FAILED" => (200, r#"{"status":"FAILED"}"#),
        _ => (200, STARTING),
    };
    for (answers, expected) in [
        (vec![(200, sample!("session_scan.json")), qr], vec![get, ask]),
        (vec![session("STARTING"), qr], vec![get, ask]),
        (vec![session("STOPPED"), (201, STARTING), qr], vec![get, "POST /api/sessions/default/start", ask]),
        (vec![session("FAILED"), (201, STARTING), qr], vec![get, "POST /api/sessions/default/restart", ask]),
        (
            vec![(404, sample!("session_missing.json")), (201, STARTING), qr],
            vec![get, "POST /api/sessions", ask],
        ),
    ] {
        let transport = script(&answers);
        let offer = waha(&transport).start_pairing(&PairingMethod::Qr).await.unwrap();
        let text = QrCode::Text("2@AbCdEfGh,IjKlMnOp,QrStUvWx".to_owned());
        assert_eq!(offer, PairingOffer::Qr { qr: text, valid_for: None });
        assert_eq!(asked(&transport), expected);
    }
}

#[tokio::test]
async fn only_a_session_that_does_not_run_is_started_again() {
    let get = "GET /api/sessions/default";
    for (status, body, then) in [
        (200, r#"{"status":"STOPPED"}"#, Some("POST /api/sessions/default/start")),
        (200, r#"{"status":"FAILED"}"#, Some("POST /api/sessions/default/restart")),
        (200, STARTING, None),
        (200, sample!("session_working.json"), None),
        (200, sample!("session_scan.json"), None),
        (404, sample!("session_missing.json"), None),
    ] {
        let transport = script(&[(status, body), (201, STARTING)]);
        waha(&transport).reconnect().await.unwrap();
        let expected: Vec<&str> = std::iter::once(get).chain(then).collect();
        assert_eq!(asked(&transport), expected, "{body}");
    }
    let refused = waha(&script(&[(401, sample!("unauthorized.json"))])).reconnect().await;
    assert_eq!(refused.unwrap_err().kind(), SendErrorKind::Unauthenticated);
}

#[tokio::test]
async fn a_typed_code_is_for_the_number() {
    let transport = script(&[(200, sample!("session_scan.json")), (201, sample!("pair_code.json"))]);
    let offer = waha(&transport).start_pairing(&PairingMethod::Code(sample_phone())).await.unwrap();
    assert_eq!(offer, PairingOffer::Code { code: PairingCode::new("ABCD-ABCD"), valid_for: None });
    let requests = transport.requests();
    assert_eq!(requests[1].url, "https://waha.example/api/default/auth/request-code");
    assert_eq!(requests[1].body, r#"{"phoneNumber":"6281234567890"}"#);
}

#[tokio::test]
async fn there_is_nothing_to_scan_where_the_session_is_further() {
    let refused = |word: &str| -> &'static str {
        match word {
            "WORKING" => {
                r#"{"error":"x","session":"default","status":"WORKING","expected":["SCAN_QR_CODE"]}"#
            }
            _ => {
                r#"{"error":"x","session":"default","status":"PASSKEY_REQUIRED","expected":["SCAN_QR_CODE"]}"#
            }
        }
    };
    for (answers, expected) in [
        (vec![(200, sample!("session_working.json"))], PairingOffer::AlreadyConnected),
        (vec![(200, r#"{"status":"PASSKEY_REQUIRED"}"#)], PairingOffer::PasskeyRequired),
        (vec![(200, r#"{"status":"PASSKEY_CONFIRMATION_REQUIRED"}"#)], PairingOffer::PasskeyRequired),
        (vec![(200, STARTING), (422, refused("WORKING"))], PairingOffer::AlreadyConnected),
        (vec![(200, STARTING), (422, refused("PASSKEY"))], PairingOffer::PasskeyRequired),
    ] {
        let offer = waha(&script(&answers)).start_pairing(&PairingMethod::Qr).await.unwrap();
        assert_eq!(offer, expected);
    }
    let starting = script(&[(200, STARTING), (422, sample!("session_starting.json"))]);
    let error = waha(&starting).start_pairing(&PairingMethod::Qr).await.unwrap_err();
    assert_eq!((error.kind(), error.advice()), (SendErrorKind::DeviceOffline, RetryAdvice::After(None)));
}

#[tokio::test]
async fn a_device_that_is_not_linked_is_logged_out_already() {
    let scan = r#"{"error":"x","session":"default","status":"SCAN_QR_CODE","expected":["WORKING"]}"#;
    for (status, body) in [(201, STARTING), (404, sample!("session_missing.json")), (422, scan)] {
        let transport = script(&[(status, body)]);
        waha(&transport).disconnect().await.unwrap();
        assert_eq!(asked(&transport), ["POST /api/sessions/default/logout"]);
    }
    let error = waha(&script(&[(401, sample!("unauthorized.json"))])).disconnect().await.unwrap_err();
    assert_eq!(error.kind(), SendErrorKind::Unauthenticated);
}
