//! WAHA and GOWA, asked in the words of their documentation.

use std::time::Duration;

use serde_json::{Value, json};
use wartel_sandbox::{CustomerMessage, DeviceState, ProviderKind, Sandbox, Shown};

use crate::support::{PATIENCE, PHONE, Receiver, client, quick};

/// A call with the right credentials: status and JSON, or text where it is none.
async fn call(
    sandbox: &Sandbox,
    kind: ProviderKind,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> (u16, Value) {
    let account = sandbox.account(kind);
    let request = client().request(method.parse().unwrap(), format!("{}{path}", account.url));
    let mut request = match kind {
        ProviderKind::Waha => request.header("X-Api-Key", account.setting("token").unwrap()),
        _ => request.basic_auth(account.setting("user").unwrap(), account.setting("password")),
    };
    if let Some(body) = body {
        request = request.json(&body);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

async fn waha(sandbox: &Sandbox, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    call(sandbox, ProviderKind::Waha, method, path, body).await
}

async fn gowa(sandbox: &Sandbox, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    call(sandbox, ProviderKind::Gowa, method, path, body).await
}

#[tokio::test]
async fn waha_answers_a_send_with_the_message_and_refuses_in_its_words() {
    let sandbox = quick().start().await.unwrap();
    let text = json!({ "session": "default", "chatId": "6281234567890@c.us", "text": "Halo" });
    let (status, sent) = waha(&sandbox, "POST", "/api/sendText", Some(text.clone())).await;
    assert_eq!((status, &sent["body"], &sent["ackName"]), (201, &json!("Halo"), &json!("PENDING")));
    let arrived = sandbox.wait_for_message(PHONE, PATIENCE).await.unwrap();
    assert_eq!(sent["id"], format!("true_6281234567890@c.us_{}", arrived.id));

    let with = |chat: &str| json!({ "session": "default", "chatId": chat, "text": "Halo" });
    for chat in ["6281234567890@s.whatsapp.net", "081234567890@c.us", "6281234567890", "1@lid"] {
        let (status, body) = waha(&sandbox, "POST", "/api/sendText", Some(with(chat))).await;
        assert!(status == 500 && body["exception"]["message"].is_string(), "{chat}");
    }
    let other = json!({ "session": "x", "chatId": "6281234567890@c.us", "text": "Halo" });
    let (status, body) = waha(&sandbox, "POST", "/api/sendText", Some(other)).await;
    let missing = "We didn't find a session with name 'x'.\nPlease start it first by using POST /api/sessions/x/start request";
    assert_eq!((status, body["message"].as_str()), (404, Some(missing)));
    let (status, body) = waha(&sandbox, "POST", "/api/sessions", Some(json!({ "name": "default" }))).await;
    assert_eq!(
        (status, &body["message"]),
        (422, &json!("Session 'default' already exists. Use PUT to update it."))
    );
    assert_eq!(waha(&sandbox, "POST", "/api/sendPigeon", Some(text)).await.0, 404);
    let bare = client().get(format!("{}/api/sessions", sandbox.account(ProviderKind::Waha).url));
    let bare = bare.send().await.unwrap();
    let status = bare.status().as_u16();
    let body: Value = bare.json().await.unwrap();
    assert_eq!((status, body), (401, json!({ "message": "Unauthorized", "statusCode": 401 })));
}

#[tokio::test]
async fn waha_shows_a_code_once_its_session_has_started() {
    let sandbox = quick().unpaired(ProviderKind::Waha).start().await.unwrap();
    let qr = "/api/default/auth/qr?format=raw";
    let (status, body) = waha(&sandbox, "GET", qr, None).await;
    let expected = json!({
        "error": "Session status is not as expected. Try again later or restart the session",
        "session": "default", "status": "STOPPED", "expected": ["SCAN_QR_CODE"],
    });
    assert_eq!((status, body), (422, expected));
    let (status, started) = waha(&sandbox, "POST", "/api/sessions/default/start", None).await;
    assert_eq!((status, &started["status"], &started["me"]), (201, &json!("STARTING"), &Value::Null));
    let device = sandbox.device(ProviderKind::Waha);
    let (_, shown) = waha(&sandbox, "GET", qr, None).await;
    assert_eq!(shown["value"].as_str(), device.shown().as_deref());
    let (status, code) =
        waha(&sandbox, "POST", "/api/default/auth/request-code", Some(json!({ "phoneNumber": PHONE }))).await;
    let code = code["code"].as_str().unwrap().to_owned();
    assert_eq!((status, code.len(), code.find('-')), (201, 9, Some(4)));
    assert!(device.refuse_scan());
    let (_, failed) = waha(&sandbox, "GET", "/api/sessions/default", None).await;
    assert_eq!(failed["status"], "FAILED");
}

#[tokio::test]
async fn waha_tells_a_message_twice_where_the_customer_has_two_addresses() {
    let mut app = Receiver::start().await;
    let sandbox = quick().webhooks_of(ProviderKind::Waha, &app.url).start().await.unwrap();
    let device = sandbox.device(ProviderKind::Waha);
    let written = device.write(&CustomerMessage::new(PHONE, "Halo").shown_as(Shown::Twice));
    let lid = sandbox.lid(PHONE);
    for chat in [format!("{PHONE}@c.us"), format!("{lid}@lid")] {
        for event in ["message", "message.any"] {
            let told = app.next().await;
            assert_eq!((&told["event"], &told["session"]), (&json!(event), &json!("default")));
            assert_eq!(told["payload"]["id"], format!("false_{chat}_{}", written.id));
            assert_eq!(told["id"].as_str().map(str::len), Some(30));
        }
    }
    let (_, known) = waha(&sandbox, "GET", &format!("/api/default/lids/{lid}%40lid"), None).await;
    assert_eq!(known, json!({ "lid": format!("{lid}@lid"), "pn": format!("{PHONE}@c.us") }));
    let (_, reverse) = waha(&sandbox, "GET", &format!("/api/default/lids/pn/{PHONE}"), None).await;
    assert_eq!(reverse, known);
}

#[tokio::test]
async fn gowa_answers_in_its_envelope() {
    let sandbox = quick().without_whatsapp(["081234567899"]).start().await.unwrap();
    let send = |phone: &str, text: &str| Some(json!({ "phone": phone, "message": text }));
    let (status, sent) = gowa(&sandbox, "POST", "/send/message", send(PHONE, "Halo")).await;
    let arrived = sandbox.wait_for_message(PHONE, PATIENCE).await.unwrap();
    assert_eq!((status, &sent["code"]), (200, &json!("SUCCESS")));
    assert_eq!(sent["results"]["message_id"], arrived.id);
    for (phone, text, status, code, message) in [
        ("081234567890", "x", 400, "VALIDATION_ERROR", "phone number must be in international format"),
        (PHONE, " ", 400, "VALIDATION_ERROR", "message: cannot be blank."),
        ("6281234567899", "x", 400, "INVALID_JID", "Phone 6281234567899@s.whatsapp.net is not on whatsapp"),
    ] {
        let (got, body) = gowa(&sandbox, "POST", "/send/message", send(phone, text)).await;
        assert_eq!((got, &body["code"]), (status, &json!(code)), "{phone}");
        assert!(body["message"].as_str().unwrap().starts_with(message), "{body}");
    }
    sandbox.device(ProviderKind::Gowa).remove();
    let (status, body) = gowa(&sandbox, "POST", "/send/message", send(PHONE, "x")).await;
    assert_eq!((status, &body["message"]), (401, &json!("you are not logged in")));
    assert_eq!(gowa(&sandbox, "GET", "/devices/nobody/status", None).await.1["code"], "DEVICE_NOT_FOUND");
    let bare = client().get(format!("{}/app/status", sandbox.account(ProviderKind::Gowa).url));
    let bare = bare.send().await.unwrap();
    assert_eq!((bare.status().as_u16(), bare.text().await.unwrap().as_str()), (401, "Unauthorized"));
}

#[tokio::test]
async fn gowa_connects_again_only_who_is_linked() {
    let sandbox = quick().connected_after(Duration::ZERO).start().await.unwrap();
    let device = sandbox.device(ProviderKind::Gowa);
    device.set_connected(false);
    let (status, body) = gowa(&sandbox, "GET", "/app/reconnect", None).await;
    assert_eq!((status, &body["code"]), (200, &json!("SUCCESS")));
    let back = async {
        while device.state() != DeviceState::Connected {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, back).await.unwrap();
    assert!(device.remove());
    let (status, body) = gowa(&sandbox, "POST", "/devices/default/reconnect", None).await;
    assert_eq!((status, &body["code"]), (500, &json!("INTERNAL_SERVER_ERROR")));
    assert_eq!(body["message"], "device default is not logged in (session deleted)");
    assert_eq!(device.state(), DeviceState::LoggedOut);
}

#[tokio::test]
async fn a_passkey_is_asked_for_given_and_confirmed() {
    let sandbox = quick().unpaired(ProviderKind::Waha).unpaired(ProviderKind::Gowa).start().await.unwrap();
    let steps = async |kind| -> Value {
        if kind == ProviderKind::Gowa {
            return gowa(&sandbox, "GET", "/app/passkey", None).await.1["results"]["status"].clone();
        }
        waha(&sandbox, "GET", "/api/sessions/default", None).await.1["status"].clone()
    };
    let (gowa_device, waha_device) = (sandbox.device(ProviderKind::Gowa), sandbox.device(ProviderKind::Waha));
    assert!(!gowa_device.ask_passkey(), "nothing was scanned");
    gowa(&sandbox, "GET", "/app/login", None).await;
    waha(&sandbox, "POST", "/api/sessions/default/start", None).await;
    let challenge = "/api/default/auth/passkey/challenge";
    assert_eq!(waha(&sandbox, "GET", challenge, None).await.0, 422);
    assert_eq!(steps(ProviderKind::Gowa).await, "none");
    assert!(gowa_device.ask_passkey() && waha_device.ask_passkey());
    assert_eq!(steps(ProviderKind::Gowa).await, "awaiting_response");
    assert_eq!(steps(ProviderKind::Waha).await, "PASSKEY_REQUIRED");
    assert_eq!(waha(&sandbox, "GET", challenge, None).await.0, 200);
    assert_eq!(waha(&sandbox, "GET", "/api/default/auth/qr?format=raw", None).await.0, 422);

    assert_eq!(gowa(&sandbox, "POST", "/app/passkey/confirm", None).await.0, 500, "not yet");
    let answer = Some(json!({ "id": "a", "response": {} }));
    assert_eq!(gowa(&sandbox, "POST", "/app/passkey/response", Some(json!({}))).await.0, 400);
    assert_eq!(gowa(&sandbox, "POST", "/app/passkey/response", answer.clone()).await.0, 200);
    assert_eq!(waha(&sandbox, "POST", "/api/default/auth/passkey", answer).await.0, 201);
    assert_eq!(steps(ProviderKind::Gowa).await, "awaiting_confirmation");
    assert_eq!(steps(ProviderKind::Waha).await, "PASSKEY_CONFIRMATION_REQUIRED");
    let (_, code) = waha(&sandbox, "GET", "/api/default/auth/passkey/confirmation", None).await;
    assert_eq!(code["code"].as_str().map(str::len), Some(8));
    assert_eq!(gowa(&sandbox, "POST", "/app/passkey/confirm", None).await.0, 200);
    assert_eq!(waha(&sandbox, "POST", "/api/default/auth/passkey/confirm", None).await.0, 201);
    for device in [gowa_device, waha_device] {
        assert!(matches!(device.state(), DeviceState::Paired | DeviceState::Connected), "{device:?}");
    }
}

#[tokio::test]
async fn gowa_keeps_only_the_picture_of_the_code_that_is_shown() {
    let sandbox = quick().unpaired(ProviderKind::Gowa).start().await.unwrap();
    let (_, login) = gowa(&sandbox, "GET", "/devices/default/login", None).await;
    let link = login["results"]["qr_link"].as_str().unwrap().to_owned();
    assert!(login["results"]["qr_duration"].as_u64().is_some_and(|seconds| (55..=60).contains(&seconds)));
    let account = sandbox.account(ProviderKind::Gowa);
    let picture = async || {
        let request = client().get(&link).basic_auth("sandbox", account.setting("password"));
        request.send().await.unwrap()
    };
    let shown = picture().await;
    assert_eq!(
        (shown.status().as_u16(), &shown.headers()["content-type"]),
        (200, &"image/png".parse().unwrap())
    );
    let device = sandbox.device(ProviderKind::Gowa);
    assert!(device.scan_only());
    assert_eq!(picture().await.status().as_u16(), 404);
    let (_, status) = gowa(&sandbox, "GET", "/app/status", None).await;
    let expected = json!({ "device_id": "default", "is_connected": true, "is_logged_in": false });
    assert_eq!(status["results"], expected, "paired is not logged in");
    device.set_connected(true);
    let (status, again) = gowa(&sandbox, "GET", "/app/login", None).await;
    assert_eq!((status, &again["code"]), (400, &json!("ALREADY_LOGGED_IN")));
}

#[tokio::test]
async fn gowa_tells_what_is_read_but_not_what_was_sent_or_that_it_connected() {
    let mut app = Receiver::start().await;
    let builder = quick().webhooks_of(ProviderKind::Gowa, &app.url).delivered_after(Duration::ZERO);
    let sandbox = builder.start().await.unwrap();
    let device = sandbox.device(ProviderKind::Gowa);
    device.set_connected(false);
    device.set_connected(true);
    let body = json!({ "phone": PHONE, "message": "Halo" });
    let (_, sent) = gowa(&sandbox, "POST", "/send/message", Some(body)).await;
    let delivered = app.next().await;
    assert_eq!(
        (&delivered["event"], &delivered["payload"]["receipt_type"]),
        (&json!("message.ack"), &json!("delivered"))
    );
    assert_eq!(delivered["payload"]["ids"], json!([sent["results"]["message_id"]]));
    assert_eq!(delivered["device_id"], format!("{}@s.whatsapp.net", device.number()));
    sandbox.mark_read(PHONE);
    assert_eq!(app.next().await["payload"]["receipt_type"], "read");
    app.assert_silent();
}
