use std::sync::Arc;

use super::*;
use crate::SendErrorKind;
use crate::adapters::gowa::GowaConfig;
use crate::testing::{ScriptedTransport, sample_phone};

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/gowa/", $name))
    };
}

const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n....";
const OFFLINE: (u16, &[u8]) = (200, sample!("status_offline.json").as_bytes());
const NO_PASSKEY: (u16, &[u8]) = (200, sample!("passkey_none.json").as_bytes());
const LOGIN: (u16, &[u8]) = (200, sample!("login_qr.json").as_bytes());

fn script(answers: &[(u16, &'static [u8])]) -> ScriptedTransport {
    answers.iter().fold(ScriptedTransport::default(), |script, (status, body)| {
        script.then_respond(HttpResponse::new(StatusCode::from_u16(*status).unwrap(), *body))
    })
}

fn gowa(transport: &ScriptedTransport) -> Gowa {
    let config = GowaConfig::new("https://gowa.example/base").with_device("toko-1");
    Gowa::with_transport(config, Arc::new(transport.clone())).unwrap()
}

fn asked(transport: &ScriptedTransport) -> Vec<String> {
    let base = "https://gowa.example/base";
    let line = |request: crate::transport::HttpRequest| {
        format!("{} {}", request.method, request.url.strip_prefix(base).unwrap())
    };
    transport.requests().into_iter().map(line).collect()
}

#[tokio::test]
async fn a_device_is_what_gowa_says() {
    for (status, body, connected, paired) in [
        (200, sample!("status_connected.json"), true, Some(true)),
        (200, sample!("status_unpaired.json"), false, Some(false)),
        (200, sample!("status_offline.json"), false, None),
        (
            200,
            r#"{"code":"SUCCESS","results":{"is_connected":false,"jid":"6591234567@s.whatsapp.net"}}"#,
            false,
            Some(true),
        ),
        (200, r#"{"code":"SUCCESS","results":{"is_logged_in":true}}"#, false, Some(true)),
        (401, sample!("not_logged_in.json"), false, None),
        (404, sample!("device_not_found.json"), false, Some(false)),
    ] {
        let device = gowa(&script(&[(status, body.as_bytes())])).device().await.unwrap();
        assert_eq!((device.connected, device.paired), (connected, paired), "{body}");
    }
    let connected = script(&[(200, sample!("status_connected.json").as_bytes())]);
    let device = gowa(&connected).device().await.unwrap();
    assert_eq!(device.phone.unwrap().e164(), "+6591234567");
    assert_eq!(device.device_id.as_deref(), Some("6591234567:14@s.whatsapp.net"));
    let error = gowa(&script(&[(401, b"Unauthorized")])).device().await.unwrap_err();
    assert_eq!(error.kind(), SendErrorKind::Unauthenticated);
}

#[tokio::test]
async fn the_picture_is_fetched_from_the_gateway() {
    let transport = script(&[OFFLINE, NO_PASSKEY, LOGIN, (200, PICTURE)]);
    let offer = gowa(&transport).start_pairing(&PairingMethod::Qr).await.unwrap();
    let qr = QrCode::Png(PICTURE.into());
    assert_eq!(offer, PairingOffer::Qr { qr, valid_for: Some(Duration::from_secs(60)) });
    let picture = "GET /statics/qrcode/scan-qr-0b6f3d2e-7c58-4a1e-9d1f-3f2b8c9a7e61.png";
    assert_eq!(asked(&transport), ["GET /app/status", "GET /app/passkey", "GET /app/login", picture]);
}

#[tokio::test]
async fn what_is_no_picture_is_not_shown() {
    let elsewhere =
        br#"{"code":"SUCCESS","results":{"qr_link":"http://evil.example/a.png","qr_duration":20}}"#;
    for (login, answers, kind) in [
        (LOGIN, vec![(200, &b"<html>"[..])], SendErrorKind::Unavailable),
        (LOGIN, vec![(404, &b"Cannot GET"[..])], SendErrorKind::Unexpected),
        ((200, &elsewhere[..]), vec![], SendErrorKind::Unavailable),
        ((200, &br#"{"code":"SUCCESS"}"#[..]), vec![], SendErrorKind::Unavailable),
        ((500, &br#"{"code":"QR_CHANNEL_ERROR","message":"x"}"#[..]), vec![], SendErrorKind::Unavailable),
    ] {
        let script = script(&[&[OFFLINE, NO_PASSKEY, login][..], &answers].concat());
        let error = gowa(&script).start_pairing(&PairingMethod::Qr).await.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert_eq!(script.requests().len(), 3 + answers.len());
    }
}

#[tokio::test]
async fn a_typed_code_is_for_the_number() {
    let transport = script(&[OFFLINE, NO_PASSKEY, (200, sample!("login_code.json").as_bytes())]);
    let offer = gowa(&transport).start_pairing(&PairingMethod::Code(sample_phone())).await.unwrap();
    assert_eq!(offer, PairingOffer::Code { code: PairingCode::new("ABCD-EFGH"), valid_for: None });
    assert_eq!(asked(&transport)[2], "GET /app/login-with-code?phone=6281234567890");
}

#[tokio::test]
async fn a_device_without_a_phone_is_asked_for_its_passkey() {
    let passkey: (u16, &[u8]) = (200, sample!("passkey_awaiting.json").as_bytes());
    for (answers, pairing) in [
        (vec![OFFLINE, passkey], Some(crate::DeviceEvent::PasskeyRequired)),
        (vec![OFFLINE, NO_PASSKEY], None),
        (vec![OFFLINE, (404, &b"Cannot GET /app/passkey"[..])], None),
        (vec![OFFLINE], None),
    ] {
        assert_eq!(gowa(&script(&answers)).device().await.unwrap().pairing, pairing);
    }
    let connected = script(&[(200, sample!("status_connected.json").as_bytes())]);
    gowa(&connected).device().await.unwrap();
    assert_eq!(asked(&connected), ["GET /app/status"], "who is linked is asked for none");
}

#[tokio::test]
async fn there_is_nothing_to_scan_where_the_device_is_further() {
    let connected: (u16, &[u8]) = (200, sample!("status_connected.json").as_bytes());
    let passkey: (u16, &[u8]) = (200, sample!("passkey_awaiting.json").as_bytes());
    let already: (u16, &[u8]) = (400, sample!("already_logged_in.json").as_bytes());
    for (answers, expected) in [
        (vec![connected], PairingOffer::AlreadyConnected),
        (vec![OFFLINE, passkey], PairingOffer::PasskeyRequired),
        (vec![OFFLINE, NO_PASSKEY, already], PairingOffer::AlreadyConnected),
        (vec![OFFLINE, (404, &b"Cannot GET /app/passkey"[..]), already], PairingOffer::AlreadyConnected),
    ] {
        let offer = gowa(&script(&answers)).start_pairing(&PairingMethod::Qr).await.unwrap();
        assert_eq!(offer, expected);
    }
}

#[tokio::test]
async fn a_device_that_gowa_does_not_know_is_made() {
    let missing: (u16, &[u8]) = (404, sample!("device_not_found.json").as_bytes());
    let made: (u16, &[u8]) = (201, br#"{"code":"SUCCESS","results":{"id":"toko-1","state":"disconnected"}}"#);
    let transport = script(&[missing, made, NO_PASSKEY, LOGIN, (200, PICTURE)]);
    gowa(&transport).start_pairing(&PairingMethod::Qr).await.unwrap();
    assert_eq!(asked(&transport)[..2], ["GET /app/status", "POST /devices"]);
    assert_eq!(transport.requests()[1].body, r#"{"device_id":"toko-1"}"#);
}

#[tokio::test]
async fn a_linked_device_is_told_to_connect_again() {
    let done = br#"{"code":"SUCCESS","message":"Reconnect success","results":null}"#;
    for (status, body) in [(200, &done[..]), (404, sample!("device_not_found.json").as_bytes())] {
        let transport = script(&[(status, body)]);
        gowa(&transport).reconnect().await.unwrap();
        assert_eq!(asked(&transport), ["GET /app/reconnect"]);
    }
    let refused = gowa(&script(&[(401, b"Unauthorized")])).reconnect().await.unwrap_err();
    assert_eq!(refused.kind(), SendErrorKind::Unauthenticated);
}

#[tokio::test]
async fn a_device_that_is_not_linked_is_logged_out_already() {
    for (status, body) in [
        (200, sample!("logout.json")),
        (401, sample!("not_logged_in.json")),
        (404, sample!("device_not_found.json")),
    ] {
        let transport = script(&[(status, body.as_bytes())]);
        gowa(&transport).disconnect().await.unwrap();
        assert_eq!(asked(&transport), ["GET /app/logout"]);
    }
    let apart = br#"{"code":"AUTHENTICATION_ERROR","message":"you are not connect to services server, please reconnect"}"#;
    for (status, body, kind) in [
        (401, &apart[..], SendErrorKind::DeviceOffline),
        (401, &b"Unauthorized"[..], SendErrorKind::Unauthenticated),
    ] {
        let error = gowa(&script(&[(status, body)])).disconnect().await.unwrap_err();
        assert_eq!(error.kind(), kind);
    }
}
