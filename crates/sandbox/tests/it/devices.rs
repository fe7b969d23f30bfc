//! Devices of all providers: pairing, bans, what customers write to them, and the phone page's calls.

use std::time::Duration;

use serde_json::{Value, json};
use wartel_sandbox::{
    CustomerMessage, DeviceState, Extra, Fault, MessageStatus, ProviderKind, Shown, WebhookFault,
};

use crate::support::{PATIENCE, PHONE, Receiver, ask, control, quick, send, start};

const FONNTE: ProviderKind = ProviderKind::Fonnte;

#[tokio::test]
async fn each_provider_has_a_device_with_credentials_of_its_own() {
    let sandbox = start().await;
    assert_eq!(sandbox.devices().len(), ProviderKind::ALL.len());
    let account = sandbox.account(FONNTE);
    assert_eq!(account.url, format!("{}/fonnte", sandbox.url()));
    assert_eq!(
        (account.setting("token"), account.setting("url")),
        (Some(sandbox.token()), Some(&*account.url))
    );
    assert!(!format!("{account:?}").contains(sandbox.token()));
    let (_, all) = control(&sandbox, "GET", "devices", None).await;
    let providers: Vec<_> = all["devices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|device| device["provider"].as_str().unwrap())
        .collect();
    assert_eq!(providers, ProviderKind::ALL.map(ProviderKind::name));
    assert!(!all.to_string().contains("token"), "no credentials are shown");
    let (_, waha) = control(&sandbox, "GET", "device?provider=waha", None).await;
    assert_eq!(waha["devices"].as_array().unwrap().len(), 1);
    let (status, problem) = control(&sandbox, "GET", "device?provider=pigeon", None).await;
    assert_eq!((status, problem["success"].as_bool()), (400, Some(false)));
}

#[tokio::test]
async fn paired_is_told_by_nobody_and_connected_comes_after_it() {
    let mut app = Receiver::start().await;
    let builder = quick().unpaired(FONNTE).connected_after(Duration::ZERO).connect_webhook(&app.url);
    let sandbox = builder.start().await.unwrap();
    let device = sandbox.device(FONNTE);
    assert_eq!((device.state(), device.shown(), device.scan()), (DeviceState::Unpaired, None, false));
    ask(&sandbox, "/qr", &[]).await;
    let qr = device.shown().unwrap();
    assert_eq!(device.state(), DeviceState::QrShown);
    ask(&sandbox, "/qr", &[]).await;
    assert_eq!(device.shown().as_deref(), Some(&*qr), "asked again it is the same one");

    let body = json!({"qr": "2@old", "provider": "fonnte"}).to_string();
    assert_eq!(
        control(&sandbox, "POST", "scan", Some(&body)).await.0,
        409,
        "an older QR code is worth nothing"
    );
    let body = json!({"qr": qr, "connect": false}).to_string();
    let (status, scanned) = control(&sandbox, "POST", "scan", Some(&body)).await;
    assert_eq!((status, &scanned["state"], &scanned["connected"]), (200, &json!("paired"), &json!(false)));
    assert_eq!(ask(&sandbox, "/device", &[]).await["device_status"], "disconnect");

    device.set_connected(true);
    assert_eq!(app.next().await["status"], "connect", "the first news is the connection");
    assert!(device.remove() && !device.remove());
    assert_eq!(app.next().await["status"], "disconnect");
    assert_eq!(device.state(), DeviceState::LoggedOut);
    ask(&sandbox, "/qr", &[]).await;
    assert_ne!(device.shown().unwrap(), qr, "each pairing has codes of its own");
    assert!(device.scan());
    assert_eq!(app.next().await["status"], "connect");
}

#[tokio::test]
async fn a_code_is_typed_or_the_person_refuses() {
    let sandbox = quick().unpaired(FONNTE).connected_after(Duration::ZERO).start().await.unwrap();
    let device = sandbox.device(FONNTE);
    let first = ask(&sandbox, "/qr", &[("type", "code"), ("whatsapp", PHONE)]).await["code"].clone();
    assert_eq!(device.shown().as_deref(), first.as_str());
    assert_eq!(control(&sandbox, "POST", "refuse-scan", Some("{}")).await.0, 200);
    assert!(!device.scan_text(first.as_str().unwrap()), "a refused code is worth nothing");
    let second = ask(&sandbox, "/qr", &[("type", "code"), ("whatsapp", PHONE)]).await["code"].clone();
    assert_ne!(first, second);
    assert!(device.scan_text(second.as_str().unwrap()));
    let connected = async {
        while device.state() != DeviceState::Connected {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, connected).await.unwrap();
}

#[tokio::test]
async fn a_banned_device_neither_sends_nor_pairs_until_the_ban_ends() {
    let sandbox = start().await;
    let body = json!({"until": "2999-01-01T00:00:00Z"}).to_string();
    let (_, device) = control(&sandbox, "POST", "ban", Some(&body)).await;
    assert_eq!((&device["state"], &device["until"]), (&json!("banned"), &json!("2999-01-01T00:00:00Z")));
    assert_eq!(send(&sandbox, PHONE, "x").await["reason"], "request invalid on disconnected device");
    assert_eq!(ask(&sandbox, "/qr", &[]).await["status"], false);
    control(&sandbox, "POST", "ban", Some(r#"{"until":"2001-01-01T00:00:00Z"}"#)).await;
    assert_eq!(ask(&sandbox, "/qr", &[]).await["status"], true, "a ban that is over");
    assert_eq!(control(&sandbox, "POST", "ban", Some(r#"{"until":"soon"}"#)).await.0, 400);
    sandbox.reset();
    assert_eq!(sandbox.device(FONNTE).state(), DeviceState::Connected);
}

#[tokio::test]
async fn under_a_timelock_answers_pass_and_cold_messages_do_not() {
    let mut app = Receiver::start().await;
    let sandbox = quick().status_webhook(&app.url).start().await.unwrap();
    let body = json!({"until": "2999-01-01T00:00:00Z"}).to_string();
    control(&sandbox, "POST", "timelock", Some(&body)).await;
    sandbox.customer_writes(PHONE, "Halo?");
    assert_eq!(send(&sandbox, PHONE, "Ya").await["status"], true);
    assert_eq!(app.next().await["state"], "sent");
    assert_eq!(app.next().await["state"], "delivered");
    send(&sandbox, "081234567891", "Promo").await;
    assert_eq!(app.next().await["status"], "invalid");
    control(&sandbox, "POST", "timelock", Some("{}")).await;
    send(&sandbox, "081234567891", "Promo").await;
    assert_eq!(app.next().await["state"], "sent");
}

#[tokio::test]
async fn a_deaf_device_says_that_it_is_connected_and_tells_nothing() {
    let mut app = Receiver::start().await;
    let sandbox = quick().webhooks(&app.url).start().await.unwrap();
    control(&sandbox, "POST", "device", Some(r#"{"deaf":true}"#)).await;
    send(&sandbox, PHONE, "x").await;
    sandbox.customer_writes(PHONE, "hilang");
    assert_eq!(ask(&sandbox, "/device", &[]).await["device_status"], "connect");
    let arrived = async {
        while sandbox.last_message(PHONE).unwrap().status != MessageStatus::Delivered {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, arrived).await.unwrap();
    sandbox.device(FONNTE).set_deaf(false);
    sandbox.customer_writes(PHONE, "terdengar");
    assert_eq!(app.next().await["message"], "terdengar");
}

#[tokio::test]
async fn people_write_in_many_ways_and_fonnte_tells_those_it_knows() {
    let mut app = Receiver::start().await;
    let sandbox = quick().webhooks(&app.url).start().await.unwrap();
    let device = sandbox.device(FONNTE);
    device.flood_stories(PHONE, 3);
    device.write(&CustomerMessage::new(PHONE, "dari ponsel toko").from_own_phone());
    device.write(&CustomerMessage::new(PHONE, "dua kali").shown_as(Shown::Twice).named("Budi"));
    let (first, second) = (app.next().await, app.next().await);
    assert_eq!((&first["message"], &first["name"]), (&json!("dua kali"), &json!("Budi")));
    assert_eq!(first["inboxid"], second["inboxid"]);
    let media = Extra::Media {
        kind: "image".into(),
        mime: "image/jpeg".into(),
        url: "http://127.0.0.1/foto.jpg".into(),
        file_name: Some("foto.jpg".into()),
    };
    device.write(&CustomerMessage::new(PHONE, "lihat").with(media));
    let image = app.next().await;
    assert_eq!((&image["type"], &image["extension"]), (&json!("image"), &json!("jpg")));
    device.write(&CustomerMessage::new(PHONE, "di grup").in_group("120363000000000001@g.us"));
    let group = app.next().await;
    assert_eq!((&group["sender"], &group["member"]), (&json!("120363000000000001@g.us"), &json!(PHONE)));
    let texts: Vec<_> = sandbox.messages_to(PHONE).into_iter().map(|message| message.text).collect();
    assert_eq!(texts, ["dari ponsel toko", "dua kali", "lihat"], "stories and groups stand in no chat");
    app.assert_silent();
}

#[tokio::test]
async fn the_page_writes_to_the_device_that_it_chose() {
    let sandbox = start().await;
    let waha = sandbox.device(ProviderKind::Waha);
    let write = async |more: Value| {
        let mut body = json!({"from": PHONE, "text": "Halo"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        control(&sandbox, "POST", "messages", Some(&body.to_string())).await
    };
    let (_, written) = write(json!({"device": waha.number()})).await;
    assert_eq!(
        (&written["message"]["to"], &written["message"]["provider"]),
        (&json!(waha.number()), &json!("waha"))
    );
    assert_eq!(write(json!({"provider": "gowa", "shown": "lid"})).await.1["message"]["provider"], "gowa");
    assert_eq!(write(json!({"device": "628999"})).await.0, 400);
    assert_eq!(write(json!({"shown": "upside_down"})).await.0, 400);
    let extra = json!({"extra": {"media": {"kind": "image", "mime": "image/png", "url": "http://x/y.png"}}});
    assert_eq!(write(extra).await.1["message"]["attachment"], "http://x/y.png");
    assert_eq!(sandbox.lid(PHONE).len(), 15);
}

#[tokio::test]
async fn receipts_come_out_of_order_and_messages_fail_late() {
    let mut app = Receiver::start().await;
    let sandbox = quick().status_webhook(&app.url).start().await.unwrap();
    sandbox.fault(Fault::webhook(WebhookFault::ReadFirst).at(FONNTE).times(1));
    send(&sandbox, PHONE, "x").await;
    assert_eq!(app.next().await["state"], "sent");
    let arrived = async {
        while sandbox.last_message(PHONE).unwrap().status != MessageStatus::Delivered {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, arrived).await.unwrap();
    sandbox.mark_read(PHONE);
    assert_eq!(app.next().await["state"], "read");
    assert_eq!(app.next().await["state"], "delivered");

    let slow = quick().delivered_after(PATIENCE).status_webhook(&app.url).start().await.unwrap();
    send(&slow, PHONE, "x").await;
    assert_eq!(app.next().await["state"], "sent");
    let body = json!({"phone": PHONE, "code": "131026"}).to_string();
    assert_eq!(control(&slow, "POST", "fail", Some(&body)).await.0, 200);
    assert_eq!(app.next().await["status"], "invalid");
    assert_eq!(slow.last_message(PHONE).unwrap().failure.as_deref(), Some("131026"));
    assert_eq!(control(&slow, "POST", "fail", Some(&body)).await.0, 409, "it has failed already");
}

#[tokio::test]
async fn fonnte_adds_a_device_and_tells_it_where_webhooks_go() {
    let mut app = Receiver::start().await;
    let sandbox = start().await;
    let call = async |token: &str, endpoint: &str, form: &[(&str, &str)]| -> Value {
        let request = crate::support::client().post(format!("{}/fonnte/{endpoint}", sandbox.url()));
        request.header("Authorization", token).form(form).send().await.unwrap().json().await.unwrap()
    };
    let form = [("name", "Cabang"), ("device", "081234567899")];
    assert_eq!(call(sandbox.token(), "add-device", &form).await["reason"], "unknown user");
    let added = call(sandbox.account_token(), "add-device", &form).await;
    let token = added["token"].as_str().unwrap();
    assert_eq!(call(sandbox.account_token(), "add-device", &[("name", "x")]).await["status"], false);
    assert_eq!(call(token, "device", &[]).await["device_status"], "disconnect");
    assert_eq!(
        call(token, "update-device", &[("webhookconnect", "https://x.example/")]).await["status"],
        false
    );
    let updated = call(token, "update-device", &[("webhook", ""), ("webhookconnect", &app.url)]).await;
    assert_eq!(updated["detail"], "device updated!");
    call(token, "qr", &[]).await;
    let device = sandbox.devices().pop().unwrap();
    assert!(device.scan());
    assert_eq!(app.next().await["device"], device.number());
    sandbox.reset();
    assert_eq!(call(token, "device", &[]).await["reason"], "token invalid");
}
