//! The single-device gateway, asked as its clients ask it.

use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};
use wartel_core::Timestamp;
use wartel_sandbox::{
    CustomerMessage, DeviceState, Extra, Fault, ProviderKind, Sandbox, SandboxBuilder, Shown, WebhookAttempt,
};

use crate::support::{PATIENCE, PHONE, Receiver, client, quick};

const GATEWAY: ProviderKind = ProviderKind::Gateway;

async fn ask(sandbox: &Sandbox, method: &str, path: &str, body: &str) -> Response {
    let url = format!("{}/gateway{path}", sandbox.url());
    client().request(method.parse().unwrap(), url).body(body.to_owned()).send().await.unwrap()
}

/// Status and text.
async fn said(sandbox: &Sandbox, method: &str, path: &str, body: &str) -> (u16, String) {
    let response = ask(sandbox, method, path, body).await;
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn start(builder: SandboxBuilder) -> Sandbox {
    builder.start().await.unwrap()
}

#[tokio::test]
async fn bodies_are_the_gateways_to_the_byte() {
    let sandbox = start(quick()).await;
    let number = sandbox.device(GATEWAY).number().to_owned();
    let body = json!({"number": PHONE, "message": "<Halo> & selamat"}).to_string();
    let sent = "{\"success\":true,\"message\":\"Successfully sent 1 message(s)\",\"data\":{\"attachments\":null,\
                \"message\":\"\\u003cHalo\\u003e \\u0026 selamat\",\"number\":\"6281234567890\",\"sent\":[{\"content\":\
                \"\\u003cHalo\\u003e \\u0026 selamat\",\"index\":1,\"type\":\"text\"}]}}\n";
    assert_eq!(said(&sandbox, "POST", "/send?tenant_id=1", &body).await, (200, sent.to_owned()));
    assert_eq!(sandbox.last_message(PHONE).unwrap().text, "<Halo> & selamat");
    let health = "{\"success\":true,\"message\":\"WhatsApp service is running\",\"data\":{\"connected\":true,\
                  \"paired\":true,\"version\":\"v1.7.0\",\"webhook_configured\":false}}\n";
    assert_eq!(said(&sandbox, "GET", "/health", "").await, (200, health.to_owned()));
    let devices = format!(
        "{{\"success\":true,\"message\":\"Device information retrieved\",\"data\":{{\"connected\":true,\
         \"device_id\":\"{number}:14@s.whatsapp.net\",\"jid\":\"{number}:14@s.whatsapp.net\",\"paired\":true,\
         \"phone\":\"{number}\"}}}}\n"
    );
    assert_eq!(said(&sandbox, "GET", "/devices", "").await, (200, devices));
    let image = json!({"type": "image", "url": "https://x.example/a.jpg", "filename": "a.jpg"});
    let body = json!({"number": PHONE, "message": "Ini", "attachments": [image]}).to_string();
    let (_, answer) = said(&sandbox, "POST", "/send", &body).await;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let one = json!({"content": "Ini", "filename": "a.jpg", "index": 1, "type": "image_with_caption"});
    assert_eq!(answer["data"]["sent"], json!([one]));
    assert_eq!(sandbox.last_message(PHONE).unwrap().attachment.as_deref(), Some("a.jpg"));
}

#[tokio::test]
async fn failures_are_told_with_200_and_routes_like_in_go() {
    let sandbox = start(quick()).await;
    let device = sandbox.device(GATEWAY);
    for (method, path, body, status, words) in [
        ("POST", "/send", "{", 400, "Invalid request body"),
        ("POST", "/send", r#"{"message":"x"}"#, 400, "Number is required"),
        ("POST", "/send", r#"{"number":"628"}"#, 400, "Either message or attachments are required"),
        ("POST", "/send", r#"{"number":"+628","message":"x"}"#, 200, "Invalid phone number: "),
        (
            "POST",
            "/send",
            r#"{"number":"628","attachments":[{"type":"image","url":"ftp://x"}]}"#,
            200,
            "Failed to prepare attachment: ",
        ),
        ("GET", "/send", "", 405, ""),
        ("POST", "/pair", "", 405, ""),
        ("POST", "/read", "{}", 404, "404 page not found"),
        ("GET", "/devices/1", "", 404, "404 page not found"),
        ("GET", "/images/..%2Fsecret", "", 400, "Invalid filename"),
        ("GET", "/images/nothing.jpg", "", 404, "Image not found"),
        ("GET", "/swagger/", "", 200, "POST /send"),
    ] {
        let (got, text) = said(&sandbox, method, path, body).await;
        assert!(got == status && text.contains(words), "{method} {path} {body}: {got} {text}");
        assert!(!text.contains("\"success\":true"), "{method} {path}: {text}");
    }
    let body = json!({"number": PHONE, "message": "x"}).to_string();
    let refused = async || said(&sandbox, "POST", "/send", &body).await;
    device.set_timelock(Timestamp::parse_rfc3339("2999-01-01T00:00:00Z").ok());
    let locked = refused().await;
    assert!(locked.0 == 200 && locked.1.contains("Failed to send message 1: server returned error 463"));
    device.set_timelock(None);
    sandbox.fault(Fault::refuse("Client not initialized").at(GATEWAY).times(1));
    assert_eq!(refused().await.0, 500);
    device.remove();
    let unpaired =
        "{\"success\":false,\"message\":\"Not paired with WhatsApp. Please use /pair endpoint first\"}\n";
    assert_eq!(refused().await, (200, unpaired.to_owned()));
    assert_eq!(said(&sandbox, "POST", "/send", "{").await.0, 200, "it looks at the pairing first");
    assert!(sandbox.messages().is_empty());
}

#[tokio::test]
async fn pair_deletes_the_session_first_and_each_picture_is_a_new_code() {
    let sandbox = start(quick().connected_after(Duration::ZERO)).await;
    let device = sandbox.device(GATEWAY);
    let pair = async || {
        let response = ask(&sandbox, "GET", "/pair", "").await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (200, &"image/png".parse().unwrap())
        );
        assert_eq!(response.headers()["cache-control"], "no-cache, no-store, must-revalidate");
        (response.bytes().await.unwrap(), device.shown().unwrap())
    };
    let (first, text) = pair().await;
    assert!(first.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x01\0\0\0\x01\0"), "256 × 256");
    let (_, answer) = said(&sandbox, "GET", "/devices", "").await;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let nothing = json!({"connected": false, "device_id": null, "jid": null, "paired": false, "phone": null});
    assert_eq!((device.state(), &answer["data"]), (DeviceState::QrShown, &nothing));
    let (second, newer) = pair().await;
    assert!(first != second && text != newer);
    assert!(!device.scan_text(&text) && device.scan_text(&newer), "only the newest code is worth something");
    for _ in 0..2 {
        let (status, text) = said(&sandbox, "POST", "/disconnect", "").await;
        assert!(status == 200 && text.contains("Successfully disconnected and session cleared"));
        assert!(!matches!(device.state(), DeviceState::Paired | DeviceState::Connected));
    }
    device.ban(None);
    let (status, text) = said(&sandbox, "GET", "/pair", "").await;
    assert_eq!((status, text.as_str()), (500, "QR generation error: error\n"));
}

/// What was posted, once there are so many.
async fn posted(sandbox: &Sandbox, count: usize) -> Vec<WebhookAttempt> {
    let wait = async {
        while sandbox.webhook_attempts().len() < count {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("the webhooks come");
    sandbox.webhook_attempts()
}

#[tokio::test]
async fn webhooks_come_once_without_ids_and_with_stories() {
    let mut app = Receiver::answering([500]).await;
    let sandbox = start(quick().webhooks_of(GATEWAY, &app.url)).await;
    let device = sandbox.device(GATEWAY);
    device.write(&CustomerMessage::new(PHONE, "dari ponsel toko").from_own_phone());
    let written = device.write(&CustomerMessage::new(PHONE, "<b> & \"Halo\""));
    let body = format!(
        "{{\"event\":\"message\",\"message\":\"\\u003cb\\u003e \\u0026 \\\"Halo\\\"\",\
         \"sender\":\"{PHONE}@s.whatsapp.net\",\"chat\":\"{PHONE}@s.whatsapp.net\",\"time\":\"{}\"}}",
        written.at.to_rfc3339()
    );
    let webhooks = posted(&sandbox, 1).await;
    assert_eq!((&webhooks[0].body[..], webhooks[0].status), (body.as_bytes(), Some(500)));
    assert!(webhooks[0].headers.is_empty(), "nothing is signed");
    app.next().await;

    device.write(&CustomerMessage::new(PHONE, "Status hari ini").as_story());
    let story = app.next().await;
    assert_eq!((&story["chat"], &story["message"]), (&json!("status@broadcast"), &json!("Status hari ini")));
    device.write(&CustomerMessage::new(PHONE, "x").shown_as(Shown::Both));
    let hidden = format!("{}@lid", sandbox.lid(PHONE));
    assert_eq!(app.next().await["chat"], hidden, "it has no place for the number beside the LID");
    device.write(&CustomerMessage::new(PHONE, "x").in_group("120363000000000001@g.us"));
    let group = app.next().await;
    assert_eq!(group["chat"], "120363000000000001@g.us");
    assert_eq!(group["sender"], format!("{PHONE}@s.whatsapp.net"));
    let photo = Extra::Media {
        kind: "image".into(),
        mime: "image/jpeg".into(),
        url: "http://127.0.0.1/a.jpg".into(),
        file_name: None,
    };
    let written = device.write(&CustomerMessage::new(PHONE, "Mobilnya").with(photo));
    let image = app.next().await;
    let url = format!("/images/{}.jpg", written.id);
    assert_eq!(
        (&image["message"], &image["attachment"]["url"]),
        (&json!("Image received: Mobilnya"), &json!(url))
    );
    let response = ask(&sandbox, "GET", &url, "").await;
    assert_eq!(response.headers()["content-type"], "image/jpeg");
    assert!(response.bytes().await.unwrap().starts_with(b"\xff\xd8\xff"));
    device
        .write(&CustomerMessage::new(PHONE, "").with(Extra::Location { latitude: -7.98, longitude: 112.62 }));
    let place = app.next().await;
    assert!(place["message"].as_str().unwrap().starts_with("Location received: %!s(*string=0xc000"));
    assert_eq!(place["attachment"], json!({"type": "location", "latitude": -7.98, "longitude": 112.62}));
    let body = json!({"number": PHONE, "message": "x"}).to_string();
    said(&sandbox, "POST", "/send", &body).await;
    sandbox.mark_read(PHONE);
    device.write(&CustomerMessage::new(PHONE, "terakhir"));
    assert_eq!(app.next().await["message"], "terakhir", "receipts are not told");
    let attempts = posted(&sandbox, 7).await;
    assert!(attempts.iter().all(|attempt| attempt.attempt == 1), "nothing is tried again");
}

#[tokio::test]
async fn a_scan_is_told_and_the_connection_is_not() {
    let mut app = Receiver::start().await;
    let builder = quick().unpaired(GATEWAY).connected_after(Duration::ZERO).webhooks_of(GATEWAY, &app.url);
    let sandbox = start(builder).await;
    let device = sandbox.device(GATEWAY);
    ask(&sandbox, "GET", "/pair", "").await;
    assert!(device.scan());
    let told = app.next().await;
    let jid = format!("{}:14@s.whatsapp.net", device.number());
    assert_eq!((&told["event"], &told["sender"]), (&json!("pair_success"), &json!(jid)));
    assert_eq!(told["message"], format!("Device paired: {jid}"));
    assert_eq!(told.get("chat"), None, "empty fields are left out");
    let connected = async {
        while device.state() != DeviceState::Connected {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, connected).await.unwrap();
    device.set_connected(false);
    let (_, health) = said(&sandbox, "GET", "/health", "").await;
    assert!(health.contains("\"connected\":false,\"paired\":false"), "{health}");
    let (_, devices) = said(&sandbox, "GET", "/devices", "").await;
    assert!(devices.contains(&jid), "it knows who it was all the same");
    device.write(&CustomerMessage::new(PHONE, "Halo"));
    assert_eq!(app.next().await["message"], "Halo", "nothing was told between");
}
