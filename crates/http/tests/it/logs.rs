//! Nothing that a person sent stands in a log line, and every request has one.

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;
use wartel_access::Scope;
use wartel_http::axum::body::Body;
use wartel_http::axum::http::{Method, StatusCode};
use wartel_messaging::SendErrorKind;

use crate::app::{
    PHONE, REGISTER, REQUEST_OTP, RequestExt as _, TestApp, VERIFY_OTP, WEBHOOK_TOKEN, json_request, request,
};
use crate::store::Mode;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn lines_hold_routes_and_ids_and_nothing_of_the_person() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(lines.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let app = TestApp::new();
    // Places in the code that log ask once whether anybody listens. Another test may be the first at one of them, and its
    // thread has no subscriber; so all of them are passed once, and asked again.
    app.get("/nowhere").await.problem(404, "not_found");
    tracing::callsite::rebuild_interest_cache();
    lines.0.lock().unwrap().clear();
    let ask = json_request(REQUEST_OTP, json!({"phone": PHONE, "full_name": "Canary Name"}));
    let started = app.call(ask.header("x-request-id", "id-of-the-log-test")).await.expect(StatusCode::OK);
    let id = started.json["data"]["verification_id"].as_str().unwrap().to_owned();
    let code = app.code(PHONE);
    let wrong = app.wrong_code(PHONE);
    app.post(VERIFY_OTP, json!({"verification_id": id, "otp": wrong})).await.problem(422, "wrong_code");
    app.post(VERIFY_OTP, json!({"verification_id": id, "otp": "12345x"}))
        .await
        .problem(400, "invalid_request");
    let answer =
        app.post(VERIFY_OTP, json!({"verification_id": id, "otp": code})).await.expect(StatusCode::OK);
    let proof = answer.json["data"]["proof"].as_str().unwrap().to_owned();
    let form = json!({"proof": proof, "full_name": "Canary Name", "email": "canary@example.com"});
    app.post(REGISTER, form).await.expect(StatusCode::CREATED);
    app.get(&format!("/api/verifications/{id}")).await.expect(StatusCode::OK);
    app.get("/api/verifications/081234567890").await.problem(404, "not_found");
    app.get("/nowhere/081234567890").await.problem(404, "not_found");
    app.post(&format!("/webhook/whatsapp/{WEBHOOK_TOKEN}"), json!({"id": "fake-1", "state": "read"}))
        .await
        .expect(StatusCode::OK);
    app.post(REQUEST_OTP, json!({"phone": "0812-3456-7890", "full_name": "Canary Name"}))
        .await
        .problem(422, "invalid_phone");
    app.provider.then_fail(SendErrorKind::Unauthenticated);
    app.post(REQUEST_OTP, json!({"phone": "081298765432", "full_name": "Canary Name"}))
        .await
        .problem(502, "provider_rejected");
    for smuggled in
        [PHONE, "+6281234567890", "phone-081234567890", &code, &format!("the-code-was-{code}"), &proof]
    {
        let ask = request(Method::GET, "/nowhere", Body::empty()).header("x-request-id", smuggled);
        app.call(ask).await.problem(404, "not_found");
    }
    let key = app.key("toko-budi", &Scope::ALL).await;
    let body = json!({"phone": "081298765431", "purpose": "login", "name": "Canary Name"});
    let asked = json_request("/v1/verifications", body).header("idempotency-key", "canary-of-a-name");
    let asked = app.call(asked.header("authorization", &format!("Bearer {key}"))).await;
    asked.expect(StatusCode::CREATED);
    let wrong_key = format!("{}{}", &key[..50], &key[4..13]);
    for shown in [format!("Bearer {wrong_key}"), format!("Basic {key}")] {
        let asked = request(Method::GET, &format!("/v1/verifications/{id}"), Body::empty());
        app.call(asked.header("authorization", &shown)).await.problem(401, "unauthorized");
    }
    app.store.set(Mode::Down);
    app.post(REQUEST_OTP, json!({"phone": "081298765432", "full_name": "Canary Name"}))
        .await
        .problem(503, "store_unavailable");

    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    for secret in [
        "81234567890",
        "8123456789",
        "3456-7890",
        "81298765432",
        code.as_str(),
        &wrong,
        &proof,
        "Canary",
        "canary",
        &id,
        WEBHOOK_TOKEN,
        "81298765431",
        &key[4..],
        &key[16..],
        &wrong_key[16..],
    ] {
        assert!(!log.contains(secret), "{secret} stands in the log:\n{log}");
    }
    let answered: Vec<&str> = log.lines().filter(|line| line.contains("answered")).collect();
    assert_eq!(answered.len(), 21, "{log}");
    let first = answered[0];
    for part in [
        "id=\"id-of-the-log-test\"",
        "method=\"POST\"",
        "route=\"/api/registrations/public/request-otp\"",
        "status=200",
        "ms=",
    ] {
        assert!(first.contains(part), "{part}: {first}");
    }
    assert!(
        log.contains("route=\"/webhook/whatsapp/{token}\"")
            && log.contains("route=\"/api/verifications/{id}\"")
    );
    assert!(log.contains("route=\"-\""), "what no route takes has no path in the log");
}
