use std::time::Duration;

use serde_json::{Value, json};
use wartel_core::{Country, PhoneNumber, TenantId};
use wartel_http::axum::http::StatusCode;
use wartel_registration::RegistrationStore as _;

use crate::app::{MASKED, PHONE, REGISTER, RequestExt as _, TestApp, json_request};
use crate::store::Mode;

async fn kept(app: &TestApp, phone: &str) -> wartel_registration::Registration {
    let phone = PhoneNumber::parse(phone, Country::INDONESIA).unwrap();
    app.registrations.find_by_phone(&TenantId::default(), &phone).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_proven_number_is_registered_once() {
    let app = TestApp::new();
    let proof = app.prove(PHONE).await;
    let body = json!({"proof": proof, "full_name": "Test User", "email": "budi@example.com", "address": "Jl. Melati 5"});
    let answer = app.post(REGISTER, body.clone()).await.expect(StatusCode::CREATED);
    let data = &answer.json["data"];
    assert_eq!((&data["phone"], &data["status"]), (&json!(MASKED), &json!("registered")));
    let kept = kept(&app, PHONE).await;
    assert_eq!(data["registration_id"], kept.id.to_string());
    assert_eq!(
        (kept.full_name.as_str(), kept.email.as_deref(), kept.extra.as_str()),
        ("Test User", Some("budi@example.com"), "{}")
    );

    app.post(REGISTER, body).await.problem(409, "already_registered");
    app.clock.advance(Duration::from_secs(120));
    let proof = app.prove(PHONE).await;
    let answer = app.post(REGISTER, json!({"proof": proof, "full_name": "Test User"})).await;
    answer.problem(409, "already_registered");
    assert_eq!(app.registrations.len(), 1);
}

#[tokio::test]
async fn further_fields_are_kept_but_not_those_of_the_earlier_steps() {
    let app = TestApp::new();
    let proof = app.prove(PHONE).await;
    let body = json!({
        "proof": proof, "full_name": "Test User", "phone": PHONE, "package": {"speed": [20, "Mbps"]}, "agree": true,
        "otp": app.code(PHONE), "code": app.code(PHONE), "whatsapp_verified": true, "verification_id": "x",
    });
    app.post(REGISTER, body).await.expect(StatusCode::CREATED);
    let extra: Value = serde_json::from_str(&kept(&app, PHONE).await.extra).unwrap();
    assert_eq!(extra, json!({"package": {"speed": [20, "Mbps"]}, "agree": true}));
}

#[tokio::test]
async fn without_a_valid_proof_nobody_is_registered() {
    let app = TestApp::new();
    app.start(PHONE).await;
    let made_up = format!("wtp_{}", "A".repeat(43));
    for body in [
        json!({"full_name": "Test User", "phone": PHONE, "whatsapp_verified": true}),
        json!({"full_name": "Test User", "phone": PHONE, "whatsapp_verified": true, "proof": null}),
        json!({"full_name": "Test User", "proof": ""}),
        json!({"full_name": "Test User", "proof": true}),
        json!({"full_name": "Test User", "proof": "nonsense"}),
        json!({"full_name": "Test User", "proof": made_up}),
        json!({"full_name": "Test User", "proof": made_up, "phone": PHONE}),
        json!({"full_name": "Test User", "proof": "x".repeat(60_000)}),
        json!({}),
    ] {
        app.post(REGISTER, body).await.problem(403, "phone_not_verified");
    }
    assert!(app.registrations.is_empty());
}

#[tokio::test]
async fn a_proof_is_of_one_phone_and_lives_ten_minutes() {
    let app = TestApp::new();
    let proof = app.prove(PHONE).await;
    let with = |phone: &str| json!({"proof": proof, "full_name": "Test User", "phone": phone});
    app.post(REGISTER, with("081298765432")).await.problem(403, "phone_not_verified");
    let answer = app.post(REGISTER, with("0812-3456-7890")).await.problem(422, "invalid_phone");
    assert_eq!(answer.json["suggestion"], PHONE);
    assert!(app.registrations.is_empty());

    let late = TestApp::new();
    let old = late.prove(PHONE).await;
    late.clock.advance(Duration::from_secs(600));
    let body = json!({"proof": old, "full_name": "Test User"});
    late.post(REGISTER, body).await.problem(403, "phone_not_verified");

    // Refusals have not used it up.
    app.post(REGISTER, with("+6281234567890")).await.expect(StatusCode::CREATED);
}

#[tokio::test]
async fn wrong_forms_are_named_and_leave_the_proof() {
    let app = TestApp::new();
    let proof = app.prove(PHONE).await;
    let long = "x".repeat(17 * 1024);
    let cases: Vec<(Value, &[&str])> = vec![
        (json!({}), &["full_name"]),
        (json!({"full_name": 7, "email": [], "address": {}}), &["full_name", "email", "address"]),
        (
            json!({"full_name": "B", "email": "budi", "address": "x".repeat(501)}),
            &["full_name", "email", "address"],
        ),
        (json!({"full_name": "Test\tUser"}), &["full_name"]),
        (json!({"full_name": "Test\u{0}User"}), &[]),
        (json!({"full_name": "Test User", "address": "Jl.\u{7}"}), &["address"]),
        (json!({"full_name": "Test User", "note": long}), &["extra"]),
        (json!({"full_name": "Test User", "note": "a\u{1}b"}), &["extra"]),
        (json!({"full_name": "Test User", "phone": 5}), &["phone"]),
    ];
    for (mut body, fields) in cases {
        body["proof"] = json!(proof);
        let answer = app.post(REGISTER, body).await.problem(400, "invalid_request");
        assert_eq!(answer.fields(), fields);
        assert!(!answer.text().contains(&proof));
    }
    assert!(app.registrations.is_empty());
    let english =
        json_request(REGISTER, json!({"proof": proof, "full_name": "B"})).header("accept-language", "en");
    let answer = app.call(english).await.problem(400, "invalid_request");
    assert_eq!(answer.json["errors"][0]["message"], "The name needs at least 2 characters.");
    // Empty optional fields are absent ones.
    let body = json!({"proof": proof, "full_name": "Test User", "email": "", "address": null});
    app.post(REGISTER, body).await.expect(StatusCode::CREATED);
    assert_eq!(kept(&app, PHONE).await.email, None);
}

#[tokio::test]
async fn of_many_at_once_one_registers() {
    let app = std::sync::Arc::new(TestApp::new());
    let proof = app.prove(PHONE).await;
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (app, proof) = (app.clone(), proof.clone());
        all.spawn(async move {
            app.post(REGISTER, json!({"proof": proof, "full_name": "Test User"})).await.status
        });
    }
    let statuses = all.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::CREATED).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::CONFLICT).count(), 49);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_down_leaves_the_proof() {
    let app = TestApp::new();
    let proof = app.prove(PHONE).await;
    let body = json!({"proof": proof, "full_name": "Test User"});
    for mode in [Mode::Down, Mode::Hangs] {
        app.store.set(mode);
        let before = tokio::time::Instant::now();
        app.post(REGISTER, body.clone()).await.problem(503, "store_unavailable");
        assert!(before.elapsed() < Duration::from_secs(5));
    }
    app.store.set(Mode::Up);
    app.post(REGISTER, body).await.expect(StatusCode::CREATED);
}
