use std::time::Duration;

use serde_json::{Value, json};
use wartel_http::axum::http::StatusCode;
use wartel_messaging::SendErrorKind;

use super::{Program, START};
use crate::app::{MASKED, PHONE, RequestExt as _, json_request};

fn login(phone: &str) -> Value {
    json!({"phone": phone, "purpose": "login"})
}

#[tokio::test]
async fn a_code_is_sent() {
    let program = Program::new().await;
    let answer = program.post(START, login(PHONE)).await.expect(StatusCode::CREATED);
    let data = &answer.json["data"];
    assert_eq!(
        data,
        &json!({
            "verification_id": data["verification_id"], "phone": MASKED, "delivery": "accepted", "attempts_left": 5,
            "expires_at": "2026-01-01T00:05:00Z", "resend_at": "2026-01-01T00:01:00Z",
        })
    );
    assert_eq!(data["verification_id"].as_str().unwrap().len(), 36);
    let sent = program.app.provider.sent();
    assert_eq!((sent.len(), sent[0].to.user()), (1, "6281234567890"));
    let text = sent[0].text().expose().to_owned();
    assert!(text.starts_with("Halo,") && text.contains("masuk ke Toko Budi"), "{text}");
    assert!(!answer.text().contains(&program.app.code(PHONE)));
}

#[tokio::test]
async fn the_person_is_greeted_in_the_language_that_the_app_chose() {
    let program = Program::new().await;
    let body = json!({"phone": PHONE, "purpose": "login", "name": "Siti", "locale": "en-GB"});
    let answer = program.post(START, body).await.expect(StatusCode::CREATED);
    assert_eq!(answer.header("content-language"), "id", "the answer is for the app");
    assert!(program.app.provider.sent()[0].text().expose().starts_with("Hello Siti,"));
    // Without a choice it is the language of the request.
    let asked = json_request(START, login("081298765432")).header("accept-language", "en");
    program.call(asked).await.expect(StatusCode::CREATED);
    assert!(program.app.provider.sent()[1].text().expose().starts_with("Hello,"));
}

#[tokio::test]
async fn every_purpose_has_a_code_of_its_own() {
    let program = Program::new().await;
    let purposes = ["registration", "login", "password_reset", "change_of_number", "pay-rent_2"];
    for (minute, purpose) in purposes.into_iter().enumerate() {
        program.app.clock.advance(Duration::from_secs(if minute == 0 { 0 } else { 301 }));
        let body = json!({"phone": PHONE, "purpose": purpose});
        program.post(START, body).await.expect(StatusCode::CREATED);
        let code = program.app.code(PHONE);
        let text = program.app.provider.sent()[minute].text().expose().to_owned();
        assert!(text.contains(&format!("*{code}*")), "{purpose}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_named_and_nothing_is_sent() {
    let program = Program::new().await;
    for (body, fields) in [
        (json!({}), &["phone", "purpose"][..]),
        (json!({"phone": PHONE}), &["purpose"]),
        (json!({"phone": 81234567890_u64, "purpose": null}), &["phone", "purpose"]),
        (json!({"phone": PHONE, "purpose": "Log In"}), &["purpose"]),
        (json!({"phone": PHONE, "purpose": "x".repeat(33)}), &["purpose"]),
        (json!({"phone": PHONE, "purpose": "login", "name": ""}), &["name"]),
        (json!({"phone": PHONE, "purpose": "login", "name": "a\u{202e}b"}), &["name"]),
        (json!({"phone": PHONE, "purpose": "login", "locale": "fr"}), &["locale"]),
        (json!({"phone": PHONE, "purpose": "login", "client_ip": "here"}), &["client_ip"]),
        (json!({"phone": PHONE, "purpose": "login", "client_ip": "203.0.113.7:80"}), &["client_ip"]),
        (json!({"phone": PHONE, "purpose": "login", "variables": []}), &["variables"]),
        (json!({"phone": PHONE, "purpose": "login", "variables": {"shop": 5}}), &["variables"]),
        (json!({"phone": PHONE, "purpose": "login", "variables": {"shop": "123456"}}), &["variables"]),
        (
            json!({"phone": PHONE, "purpose": "login", "variables": {"shop": "go to evil.example"}}),
            &["variables"],
        ),
        (
            json!({"phone": PHONE, "purpose": "A", "name": "x", "locale": "fr", "client_ip": ""}),
            &["purpose", "name", "locale", "client_ip"],
        ),
    ] {
        let answer = program.post(START, body.clone()).await.problem(400, "invalid_request");
        assert_eq!(answer.fields(), fields, "{body}");
    }
    let separated = json!({"phone": "0812-3456-7890", "purpose": "login"});
    let answer = program.post(START, separated).await.problem(422, "invalid_phone");
    assert_eq!(answer.json["suggestion"], PHONE);
    program.post(START, login("+14155550123")).await.problem(422, "unsupported_country");
    program.app.assert_nothing_stored("wrong requests");
    let good = json!({"phone": PHONE, "purpose": "login", "variables": {"shop": "Toko Siti", "lantai": "tiga"},
        "client_ip": "2001:db8::1", "verification_id": "", "more": 1});
    program.post(START, good).await.expect(StatusCode::CREATED);
}

#[tokio::test]
async fn the_same_person_keeps_the_id() {
    let program = Program::new().await;
    let path = program.start(PHONE).await;
    let id = path.rsplit('/').next().unwrap();
    let wrong = json!({"code": program.app.wrong_code(PHONE)});
    program.post(&format!("{path}/check"), wrong).await.problem(422, "wrong_code");
    program.app.clock.advance(Duration::from_secs(61));
    let again = json!({"phone": PHONE, "purpose": "login", "verification_id": id});
    let answer = program.post(START, again).await.expect(StatusCode::CREATED);
    assert_eq!(
        (&answer.json["data"]["verification_id"], &answer.json["data"]["attempts_left"]),
        (&json!(id), &json!(4))
    );
    program.post(START, login(PHONE)).await.problem(429, "resend_too_soon");
}

#[tokio::test]
async fn the_address_that_counts_is_that_of_the_person() {
    let program = Program::new().await;
    let ask = |n: u32, body: Value| {
        let mut body = body;
        body["phone"] = json!(format!("0812345{n:05}"));
        body["purpose"] = json!("login");
        body
    };
    // The app's own server asks for many, and is not one person.
    for n in 0..35 {
        program.post(START, ask(n, json!({}))).await.expect(StatusCode::CREATED);
    }
    for n in 35..65 {
        program.post(START, ask(n, json!({"client_ip": "203.0.113.7"}))).await.expect(StatusCode::CREATED);
    }
    program.post(START, ask(65, json!({"client_ip": "203.0.113.7"}))).await.problem(429, "rate_limited");
    program.post(START, ask(65, json!({"client_ip": "203.0.113.8"}))).await.expect(StatusCode::CREATED);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_takes_long_is_asked_for() {
    let program = Program::new().await;
    program.app.provider.then_accept_after(Duration::from_secs(5));
    let answer = program.post(START, login(PHONE)).await.expect(StatusCode::ACCEPTED);
    assert_eq!(answer.json["data"]["delivery"], "queued");
    let path = format!("{START}/{}", answer.json["data"]["verification_id"].as_str().unwrap());
    let before = tokio::time::Instant::now();
    let answer = program.get(&format!("{path}?wait=30&since=queued")).await.expect(StatusCode::OK);
    assert_eq!(answer.json["data"]["delivery"], "accepted");
    assert!(before.elapsed() < Duration::from_secs(4), "{:?}", before.elapsed());
}

#[tokio::test]
async fn a_provider_that_refuses_is_said_so() {
    let program = Program::new().await;
    program.app.provider.then_fail(SendErrorKind::NotOnWhatsApp);
    program.post(START, login(PHONE)).await.problem(422, "number_not_on_whatsapp");
    program.app.provider.then_fail(SendErrorKind::Unauthenticated);
    program.post(START, login("081298765432")).await.problem(502, "provider_rejected");
}
