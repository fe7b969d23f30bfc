//! `/v1/accounts` and the pairing of devices, as programs call it.

use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tower::ServiceExt as _;
use wartel_access::{AuditLog as _, Scope};
use wartel_core::TenantId;
use wartel_http::WebhookAccounts;
use wartel_http::axum::body::{Body, BodyDataStream};
use wartel_http::axum::http::{Method, Request, StatusCode};
use wartel_messaging::pairing::DeviceKey;
use wartel_messaging::testing::sample_phone;
use wartel_messaging::{DeviceEvent, DeviceInfo, PairingOffer, QrCode, RetryAdvice, SendErrorKind};

use crate::app::{Answer, RequestExt as _, json_request, request};
use crate::v1::{Program, signed};

const ACCOUNTS: &str = "/v1/accounts";
const PAIRING: &str = "/v1/accounts/shop/pairing";

fn account(id: &str, provider: &str) -> Value {
    json!({"id": id, "provider": provider, "settings": {"token": "made-up-token-of-the-tests"}})
}

/// A program whose tenant has the account `shop` with a device.
async fn shop() -> Program {
    let program = Program::new().await;
    program.post(ACCOUNTS, account("shop", "device")).await.expect(StatusCode::CREATED);
    program
}

fn every_route() -> Vec<Request<Body>> {
    vec![
        json_request(ACCOUNTS, account("other", "device")),
        request(Method::GET, ACCOUNTS, Body::empty()),
        request(Method::DELETE, "/v1/accounts/shop", Body::empty()),
        json_request(PAIRING, json!({"method": "qr"})),
        request(Method::GET, PAIRING, Body::empty()),
        request(Method::DELETE, PAIRING, Body::empty()),
        request(Method::GET, &format!("{PAIRING}/events"), Body::empty()),
    ]
}

#[tokio::test]
async fn an_account_is_made_listed_and_removed() {
    let program = Program::new().await;
    let made = program.post(ACCOUNTS, account("shop", "device")).await.expect(StatusCode::CREATED);
    let token = made.json["data"]["webhook_token"].as_str().unwrap().to_owned();
    assert_eq!(made.json["data"]["webhook_path"], format!("/webhook/whatsapp/{token}"));
    assert_eq!(
        (&made.json["data"]["id"], &made.json["data"]["provider"]),
        (&json!("shop"), &json!("device"))
    );
    let open = program.app.devices.book().by_token(&token).await.unwrap().unwrap();
    assert_eq!((open.tenant.as_str(), open.id.as_str()), ("toko-budi", "shop"));

    program.post(ACCOUNTS, account("shop", "plain")).await.problem(409, "account_exists");
    let list = program.get(ACCOUNTS).await.expect(StatusCode::OK);
    assert_eq!(list.json["data"]["accounts"].as_array().unwrap().len(), 1);
    assert!(!list.text().contains(&token) && !list.text().contains("made-up-token"), "{}", list.text());

    program.delete("/v1/accounts/shop").await.expect(StatusCode::OK);
    program.delete("/v1/accounts/shop").await.problem(404, "not_found");
    assert!(program.app.devices.book().by_token(&token).await.unwrap().is_none());
    let audit = program.app.audit.list(None, None, 10).await.unwrap();
    let actions: Vec<_> = audit.iter().map(|entry| (entry.action.as_str(), entry.subject.as_str())).collect();
    assert_eq!(actions, [("account.remove", "shop"), ("account.create", "shop")]);
    assert!(audit[0].actor.starts_with("api_key:") && audit[0].tenant.as_str() == "toko-budi");
}

#[tokio::test]
async fn a_webhook_finds_its_account_by_the_token_until_it_is_removed() {
    let program = shop().await;
    let token = |made: Answer| made.json["data"]["webhook_token"].as_str().unwrap().to_owned();
    let other = token(program.post(ACCOUNTS, account("other", "device")).await);
    let plain = token(program.post(ACCOUNTS, account("plain", "plain")).await);
    let accounts: &dyn WebhookAccounts = program.app.devices.book();
    let found = accounts.by_token(&other).await.unwrap().unwrap();
    assert_eq!((found.tenant.as_str(), found.id.as_str()), ("toko-budi", "other"));
    assert!(accounts.by_token(&plain).await.unwrap().is_none(), "its provider sends no webhooks");
    assert!(accounts.by_token("0123456789abcdef").await.unwrap().is_none());
    program.delete("/v1/accounts/other").await.expect(StatusCode::OK);
    assert!(accounts.by_token(&other).await.unwrap().is_none());
}

#[tokio::test]
async fn what_cannot_be_an_account_is_named() {
    let program = Program::new().await;
    for (body, field) in [
        (json!({"provider": "device", "settings": {}}), "id"),
        (account("Toko Budi", "device"), "id"),
        (json!({"id": "shop", "settings": {}}), "provider"),
        (account("shop", "pigeon"), "provider"),
        (json!({"id": "shop", "provider": "device"}), "settings"),
        (json!({"id": "shop", "provider": "device", "settings": {"token": 1}}), "settings"),
        (json!({"id": "shop", "provider": "device", "settings": {"token": "x".repeat(8_193)}}), "settings"),
    ] {
        let answer = program.post(ACCOUNTS, body.clone()).await.problem(400, "invalid_request");
        assert_eq!(answer.fields(), [field], "{body}");
    }
    let many: serde_json::Map<_, _> = (0..65).map(|index| (format!("s{index}"), json!("x"))).collect();
    let many = json!({"id": "shop", "provider": "device", "settings": many});
    program.post(ACCOUNTS, many).await.problem(400, "invalid_request");
    let missing = program.post(ACCOUNTS, json!({"id": "shop", "provider": "device"})).await;
    assert_eq!(missing.json["errors"][0]["message"], "token: is empty");
    assert!(program.get(ACCOUNTS).await.json["data"]["accounts"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn only_a_key_with_the_scope_does_anything() {
    let program = shop().await;
    let other = program.app.key("toko-budi", &[Scope::VerificationsRead, Scope::VerificationsWrite]).await;
    for asked in every_route() {
        let path = asked.uri().to_string();
        let answer = program.app.call(signed(asked, &other)).await.problem(403, "forbidden");
        let expected = "Bearer realm=\"wartel\", error=\"insufficient_scope\", scope=\"accounts\"";
        assert_eq!(answer.header("www-authenticate"), expected, "{path}");
    }
    for asked in every_route() {
        program.app.call(asked).await.problem(401, "unauthorized");
    }
    assert_eq!(program.app.device.asked().len(), 0);
    let narrow = program.app.key("toko-budi", &[Scope::Accounts]).await;
    let asked = signed(request(Method::GET, PAIRING, Body::empty()), &narrow);
    program.app.call(asked).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn another_tenant_sees_and_changes_nothing() {
    let program = shop().await;
    let stranger = program.app.key("warung-siti", &Scope::ALL).await;
    for asked in every_route().into_iter().skip(2) {
        let path = asked.uri().to_string();
        let answer = program.app.call(signed(asked, &stranger)).await;
        assert_eq!(answer.problem(404, "not_found").status, StatusCode::NOT_FOUND, "{path}");
    }
    let list = program.app.call(signed(request(Method::GET, ACCOUNTS, Body::empty()), &stranger)).await;
    assert!(list.json["data"]["accounts"].as_array().unwrap().is_empty());
    // The same name is free for another tenant.
    let made = program.app.call(signed(json_request(ACCOUNTS, account("shop", "plain")), &stranger)).await;
    made.expect(StatusCode::CREATED);
    program.get(PAIRING).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_qr_code_comes_as_text_and_as_a_picture() {
    let program = shop().await;
    let shown = program.post(PAIRING, json!({"method": "qr"})).await.expect(StatusCode::OK);
    let data = &shown.json["data"];
    assert_eq!((&data["state"], &data["qr"]), (&json!("code_shown"), &json!("qr-1")));
    assert!(data["qr_svg"].as_str().unwrap().starts_with("<svg"));
    assert_eq!(data["code_expires_at"], "2026-01-01T00:01:00Z");
    assert_eq!((&data["connected"], &data["paired"]), (&json!(false), &json!(false)));
    let read = program.get(PAIRING).await.expect(StatusCode::OK);
    assert_eq!(read.json["data"], *data);

    let picture = shop().await;
    let png = QrCode::Png(b"\x89PNG\r\n\x1a\n".as_slice().into());
    picture.app.device.then_offer(PairingOffer::Qr { qr: png, valid_for: None });
    let shown = picture.post(PAIRING, json!({"method": "qr"})).await.expect(StatusCode::OK);
    assert_eq!(shown.json["data"]["qr"], Value::Null);
    assert!(shown.json["data"]["qr_svg"].as_str().unwrap().contains("data:image/png;base64,"));
}

#[tokio::test]
async fn a_hundred_starts_at_once_ask_the_provider_once() {
    let program = std::sync::Arc::new(shop().await);
    let mut callers = JoinSet::new();
    for _ in 0..100 {
        let program = program.clone();
        callers.spawn(async move { program.post(PAIRING, json!({"method": "qr"})).await });
    }
    for answer in callers.join_all().await {
        assert_eq!(answer.expect(StatusCode::OK).json["data"]["qr"], "qr-1");
    }
    assert_eq!(program.app.device.asked().len(), 1);
}

#[tokio::test]
async fn a_code_to_type_needs_a_number() {
    let program = shop().await;
    for (body, status, code, field) in [
        (json!({"method": "code"}), 400, "invalid_request", "phone"),
        (json!({"method": "carrier pigeon"}), 400, "invalid_request", "method"),
        (json!({}), 400, "invalid_request", "method"),
        (json!({"method": "code", "phone": "0812-3456-7890"}), 422, "invalid_phone", "phone"),
    ] {
        let answer = program.post(PAIRING, body.clone()).await.problem(status, code);
        assert_eq!(answer.fields(), [field], "{body}");
    }
    let shown = program.post(PAIRING, json!({"method": "code", "phone": "081234567890"})).await;
    assert_eq!(shown.expect(StatusCode::OK).json["data"]["pair_code"], "CODE-0001");
    program.post(ACCOUNTS, account("plain", "plain")).await.expect(StatusCode::CREATED);
    for asked in [
        json_request("/v1/accounts/plain/pairing", json!({"method": "qr"})),
        request(Method::GET, "/v1/accounts/plain/pairing", Body::empty()),
        request(Method::DELETE, "/v1/accounts/plain/pairing", Body::empty()),
    ] {
        program.call(asked).await.problem(422, "pairing_unsupported");
    }
}

#[tokio::test]
async fn after_three_failures_the_operator_reads_why_and_until_when() {
    let program = shop().await;
    program.app.device.always_fail(SendErrorKind::Rejected, RetryAdvice::Never);
    let start = || async { program.post(PAIRING, json!({"method": "qr"})).await };
    for wait in [120, 600, 86_400_u64] {
        let failed = start().await.problem(429, "pairing_refused");
        assert_eq!(failed.json["retry_after"], wait);
        if wait < 86_400 {
            program.app.clock.advance(Duration::from_secs(wait));
        }
    }
    let fourth = start().await.problem(429, "pairing_refused");
    assert_eq!(fourth.json["retry_after"], 86_400);
    assert!(fourth.json["detail"].as_str().unwrap().ends_with("tries_used_up"));
    assert!(fourth.json["message"].as_str().unwrap().starts_with("Terlalu banyak percobaan gagal."));
    assert_eq!(program.app.device.asked().len(), 3);
    let status = program.get(PAIRING).await.expect(StatusCode::OK);
    assert_eq!(status.json["data"]["next_try_reason"], "tries_used_up");
    assert_eq!(status.json["data"]["next_try_at"], "2026-01-02T00:12:00Z");
    assert_eq!(status.json["data"]["tries_left"], 0);
    let english = signed(request(Method::GET, PAIRING, Body::empty()), &program.key);
    let english = program.app.call(english.header("accept-language", "en")).await;
    assert!(english.json["data"]["advice"].as_str().unwrap().starts_with("The provider refused."));
}

#[tokio::test]
async fn delete_ends_the_try_or_disconnects_the_device() {
    let program = shop().await;
    program.post(PAIRING, json!({"method": "qr"})).await.expect(StatusCode::OK);
    let ended = program.delete(PAIRING).await.expect(StatusCode::OK);
    assert_eq!(
        (&ended.json["data"]["state"], &ended.json["data"]["reason"]),
        (&json!("unpaired"), &json!("cancelled"))
    );
    assert_eq!((program.app.device.disconnects(), &ended.json["data"]["tries_left"]), (0, &json!(2)));
    device_of(&program).await.on_event(DeviceEvent::Connected).await.unwrap();
    assert_eq!(program.get(PAIRING).await.json["data"]["connected"], true);
    let gone = program.delete(PAIRING).await.expect(StatusCode::OK);
    assert_eq!(gone.json["data"]["reason"], "disconnected_here");
    assert_eq!(program.app.device.disconnects(), 1);
}

async fn device_of(program: &Program) -> wartel_messaging::pairing::PairingService {
    use wartel_messaging::accounts::DeviceLookup;
    let (tenant, id) =
        (TenantId::parse("toko-budi").unwrap(), wartel_core::AccountId::parse("shop").unwrap());
    match program.app.devices.device(&tenant, &id).await.unwrap() {
        DeviceLookup::Device(service) => {
            assert_eq!(*service.device(), DeviceKey::new(tenant, id));
            service
        }
        other => panic!("{other:?}"),
    }
}

/// A stream of events as its reader sees it.
struct Events {
    body: BodyDataStream,
    text: String,
}

impl Events {
    async fn open(program: &Program) -> Self {
        let asked = request(Method::GET, &format!("{PAIRING}/events"), Body::empty());
        let response = program.app.router.clone().oneshot(signed(asked, &program.key)).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self { body: response.into_body().into_data_stream(), text: String::new() }
    }

    async fn next(&mut self) -> Value {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                if event.starts_with(':') {
                    continue;
                }
                assert!(event.starts_with("event: pairing\n"), "{event}");
                let data = event.split_once("data: ").unwrap().1;
                return serde_json::from_str(data).unwrap();
            }
            let bytes = self.body.next().await.unwrap().unwrap();
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_stream_tells_every_step_up_to_connected() {
    let program = shop().await;
    let mut events = Events::open(&program).await;
    assert_eq!(events.next().await["state"], "unpaired");
    program.post(PAIRING, json!({"method": "qr"})).await.expect(StatusCode::OK);
    let mut shown = events.next().await;
    if shown["starting"] == true {
        shown = events.next().await;
    }
    assert_eq!((&shown["state"], &shown["qr"]), (&json!("code_shown"), &json!("qr-1")));
    let device = device_of(&program).await;
    device.on_event(DeviceEvent::Paired).await.unwrap();
    let paired = events.next().await;
    assert_eq!(
        (&paired["state"], &paired["connected"], &paired["qr"]),
        (&json!("paired"), &json!(false), &Value::Null)
    );
    device.on_event(DeviceEvent::Connected).await.unwrap();
    assert_eq!(events.next().await["connected"], true);
    device.on_event(DeviceEvent::LoggedOut).await.unwrap();
    let removed = events.next().await;
    assert_eq!((&removed["state"], &removed["reason"]), (&json!("logged_out"), &json!("removed_by_phone")));
    assert!(removed["advice"].as_str().unwrap().contains("Tautkan lagi"));
}

#[tokio::test(start_paused = true)]
async fn the_device_is_reported_as_the_gateway_did() {
    let program = shop().await;
    let id = "6281234567890:14@s.whatsapp.net";
    let info = DeviceInfo::new(true)
        .with_paired(true)
        .with_identity(Some(id.to_owned()), Some(sample_phone()))
        .with_version(Some("v1.7.0".to_owned()));
    program.app.device.set(info);
    let before = program.get(PAIRING).await.expect(StatusCode::OK);
    assert_eq!(before.json["data"]["connected"], false, "nobody has looked yet");
    let worker = program.app.devices_worker.lock().unwrap().take().unwrap();
    tokio::spawn(worker.run(std::future::pending()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let data = program.get(PAIRING).await.json["data"].clone();
    assert_eq!((&data["device_id"], &data["phone"]), (&json!(id), &json!("+6281234567890")));
    assert_eq!(
        (&data["paired"], &data["connected"], &data["version"]),
        (&json!(true), &json!(true), &json!("v1.7.0"))
    );
}
