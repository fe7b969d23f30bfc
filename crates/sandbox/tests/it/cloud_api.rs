//! Meta's Cloud API: what a strict reader of its documentation would expect.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use wartel_core::{ManualClock, Timestamp};
use wartel_sandbox::{CustomerMessage, Extra, Fault, ProviderKind, Sandbox, SandboxBuilder, Shown};

use crate::support::{PHONE, Receiver, client, quick};

struct Api {
    sandbox: Sandbox,
    url: String,
    token: String,
    number_id: String,
}

impl Api {
    async fn start(builder: SandboxBuilder) -> Self {
        let sandbox = builder.start().await.unwrap();
        let account = sandbox.account(ProviderKind::CloudApi);
        let setting = |name| account.setting(name).unwrap().to_owned();
        Self { url: setting("url"), token: setting("token"), number_id: setting("phone_number_id"), sandbox }
    }

    async fn call(&self, token: Option<&str>, path: &str, body: &Value) -> (u16, Value) {
        let mut request = client().post(format!("{}{path}", self.url)).body(body.to_string());
        request = request.header("content-type", "application/json");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn send(&self, body: &Value) -> (u16, Value) {
        self.call(Some(&self.token), &format!("/{}/messages", self.number_id), body).await
    }
}

fn text(to: &str, body: &str) -> Value {
    json!({ "messaging_product": "whatsapp", "to": to, "type": "text", "text": { "body": body } })
}

fn code_of(answer: &(u16, Value)) -> (u16, i64, Option<i64>) {
    let number = |name: &str| answer.1["error"][name].as_i64();
    (answer.0, number("code").unwrap_or_default(), number("error_subcode"))
}

#[tokio::test]
async fn a_message_is_accepted_with_the_number_as_whatsapp_knows_it() {
    let api = Api::start(quick()).await;
    let (status, answer) = api.send(&text("+62 812-3456-7890", "Halo é 👍")).await;
    assert_eq!(status, 200);
    assert_eq!(answer["contacts"], json!([{ "input": "+62 812-3456-7890", "wa_id": PHONE }]));
    let message = api.sandbox.last_message(PHONE).unwrap();
    assert_eq!(
        (answer["messages"][0]["id"].as_str(), message.text.as_str()),
        (Some(&*message.id), "Halo é 👍")
    );
}

#[tokio::test]
async fn wrong_tokens_objects_and_bodies_have_their_codes() {
    let api = Api::start(quick()).await;
    let path = format!("/{}/messages", api.number_id);
    let hello = text(PHONE, "x");
    let token = Some(api.token.as_str());
    for (token, path, body, expected) in [
        (None, path.as_str(), &hello, (401, 190, None)),
        (Some("other"), &path, &hello, (401, 190, None)),
        (token, "/106540352242922/messages", &hello, (400, 100, Some(33))),
        (token, &format!("/{}/mesages", api.number_id), &hello, (400, 2500, None)),
        (token, &path, &json!({ "to": PHONE }), (400, 100, None)),
        (token, &path, &text("budi", "x"), (400, 100, None)),
        (token, &path, &text(PHONE, ""), (400, 131_008, None)),
        (token, &path, &text(PHONE, &"x".repeat(4_097)), (400, 131_009, None)),
    ] {
        let answer = api.call(token, path, body).await;
        assert_eq!(code_of(&answer), expected, "{path} {body}");
        assert!(answer.1["error"]["fbtrace_id"].is_string());
    }
    let own = api.sandbox.account(ProviderKind::CloudApi).number;
    assert_eq!(code_of(&api.send(&text(&own, "x")).await), (400, 131_021, None));
    api.sandbox.device(ProviderKind::CloudApi).set_connected(false);
    assert_eq!(code_of(&api.send(&hello).await), (400, 133_010, None));
    assert!(api.sandbox.messages().is_empty());
}

#[tokio::test]
async fn planned_faults_are_codes_and_throttled_calls_say_when_to_come_back() {
    let api = Api::start(quick()).await;
    for (reason, status, code, header) in [
        ("190/463", 401, 190, None),
        ("131056", 400, 131_056, None),
        ("130429", 429, 130_429, Some("retry-after")),
        ("80007", 400, 80_007, Some("x-business-use-case-usage")),
    ] {
        api.sandbox.clear_faults();
        api.sandbox.fault(Fault::refuse(reason).at(ProviderKind::CloudApi).times(1));
        let url = format!("{}/{}/messages", api.url, api.number_id);
        let request = client().post(url).header("authorization", format!("Bearer {}", api.token));
        let response = request.body(text(PHONE, "x").to_string()).send().await.unwrap();
        assert_eq!(response.status(), status, "{reason}");
        assert!(header.is_none_or(|name| response.headers().contains_key(name)), "{reason}");
        let answer: Value = response.json().await.unwrap();
        assert_eq!(answer["error"]["code"], code, "{reason}");
    }
}

#[tokio::test]
async fn the_window_and_the_pair_limit_are_kept_where_they_are_switched_on() {
    let clock = Arc::new(ManualClock::new(Timestamp::from_micros(1_796_000_000_000_000)));
    let api = Api::start(quick().service_window(true).pair_limit(true).clock(clock.clone())).await;
    let device = api.sandbox.device(ProviderKind::CloudApi);
    assert_eq!(code_of(&api.send(&text(PHONE, "x")).await), (400, 131_047, None));
    device.write(&CustomerMessage::new(PHONE, "halo"));
    assert_eq!(api.send(&text(PHONE, "x")).await.0, 200);
    assert_eq!(code_of(&api.send(&text(PHONE, "x")).await), (400, 131_056, None));
    assert_eq!(code_of(&api.send(&text("6281234567891", "x")).await), (400, 131_047, None));
    clock.advance(Duration::from_secs(6));
    assert_eq!(api.send(&text(PHONE, "x")).await.0, 200);
    clock.advance(Duration::from_secs(24 * 3_600));
    assert_eq!(code_of(&api.send(&text(PHONE, "x")).await), (400, 131_047, None));
    let gap = json!([{ "type": "body", "parameters": [{ "type": "text", "text": "A-17" }] }]);
    let note = json!({ "name": "sandbox_note", "language": { "code": "en" }, "components": gap });
    let template =
        json!({ "messaging_product": "whatsapp", "to": PHONE, "type": "template", "template": note });
    assert_eq!(api.send(&template).await.0, 200);
    assert_eq!(api.sandbox.last_message(PHONE).unwrap().text, "A note: A-17");
}

#[tokio::test]
async fn statuses_climb_and_a_failure_has_its_code() {
    let mut app = Receiver::start().await;
    let without = "6281234567899";
    let builder = quick().webhooks_of(ProviderKind::CloudApi, &app.url).without_whatsapp([without]);
    let api = Api::start(builder).await;
    let id = api.send(&text(PHONE, "x")).await.1["messages"][0]["id"].clone();
    for word in ["sent", "delivered"] {
        let body = app.next().await;
        assert_eq!(body["object"], "whatsapp_business_account");
        let value = &body["entry"][0]["changes"][0]["value"];
        assert_eq!(value["metadata"]["phone_number_id"], api.number_id.as_str());
        let status = &value["statuses"][0];
        assert_eq!((&status["id"], &status["status"]), (&id, &json!(word)));
        assert!(status["timestamp"].is_string());
    }
    assert_eq!(api.send(&text(without, "x")).await.0, 200, "that it has no WhatsApp is told later");
    let failed = app.next().await["entry"][0]["changes"][0]["value"]["statuses"][0].clone();
    assert_eq!((&failed["status"], &failed["errors"][0]["code"]), (&json!("failed"), &json!(131_026)));
}

#[tokio::test]
async fn webhooks_are_signed_over_escaped_bytes() {
    let mut app = Receiver::start().await;
    let api = Api::start(quick().webhooks_of(ProviderKind::CloudApi, &app.url)).await;
    let device = api.sandbox.device(ProviderKind::CloudApi);
    device.write(&CustomerMessage::new(PHONE, "Halo é 👍").named("Budi"));
    let value = app.next().await["entry"][0]["changes"][0]["value"].clone();
    assert_eq!(value["messages"][0]["text"]["body"], "Halo é 👍");
    assert_eq!(value["contacts"][0], json!({ "profile": { "name": "Budi" }, "wa_id": PHONE }));
    // What the customer writes next is told after the first webhook was answered, so that one is in the log.
    let place = Extra::Location { latitude: -7.5, longitude: 112.25 };
    device.write(&CustomerMessage::new(PHONE, "").with(place).shown_as(Shown::Lid));
    let hidden = app.next().await["entry"][0]["changes"][0]["value"].clone();
    assert!(hidden["messages"][0]["from_user_id"].as_str().is_some_and(|id| id.starts_with("ID.")));
    assert!(hidden["messages"][0].get("from").is_none() && hidden["contacts"][0].get("wa_id").is_none());
    let attempts = api.sandbox.webhook_attempts();
    let body = std::str::from_utf8(&attempts[0].body).unwrap();
    assert!(body.is_ascii() && body.contains(r"Halo \u00e9 \ud83d\udc4d"), "{body}");
    assert!(attempts[0].header("x-hub-signature-256").unwrap().starts_with("sha256="));
    // Groups and stories never come; what a person writes on the phone comes as an echo.
    device.write(&CustomerMessage::new(PHONE, "x").in_group("120363000000000000@g.us"));
    device.write(&CustomerMessage::new(PHONE, "x").as_story());
    device.write(&CustomerMessage::new(PHONE, "Saya bantu").from_own_phone());
    let change = app.next().await["entry"][0]["changes"][0].clone();
    assert_eq!(change["field"], "smb_message_echoes");
    assert_eq!(change["value"]["message_echoes"][0]["to"], PHONE);
}

#[tokio::test]
async fn uploads_numbers_and_marks_have_their_endpoints() {
    let api = Api::start(quick()).await;
    let bearer = format!("Bearer {}", api.token);
    let part = reqwest::multipart::Part::bytes(b"picture".to_vec()).file_name("a.png");
    let form = reqwest::multipart::Form::new().text("messaging_product", "whatsapp");
    let form = form.text("type", "image/png").part("file", part);
    let url = format!("{}/{}", api.url, api.number_id);
    let upload = client().post(format!("{url}/media")).header("authorization", &bearer).multipart(form);
    let id: Value = upload.send().await.unwrap().json().await.unwrap();
    let image =
        json!({ "messaging_product": "whatsapp", "to": PHONE, "type": "image", "image": { "id": id["id"] } });
    assert_eq!(api.send(&image).await.0, 200);
    let known = client().get(format!("{url}?fields=status,throughput")).header("authorization", &bearer);
    let known: Value = known.send().await.unwrap().json().await.unwrap();
    assert_eq!(
        known,
        json!({ "id": api.number_id, "status": "CONNECTED", "throughput": { "level": "STANDARD" } })
    );
    let written = api.sandbox.device(ProviderKind::CloudApi).write(&CustomerMessage::new(PHONE, "halo"));
    let read = |id: &str| json!({ "messaging_product": "whatsapp", "status": "read", "message_id": id });
    assert_eq!(api.send(&read(&written.id)).await, (200, json!({ "success": true })));
    assert_eq!(code_of(&api.send(&read("wamid.other")).await), (400, 131_009, None));
}
