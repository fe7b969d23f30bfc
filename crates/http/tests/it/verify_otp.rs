use std::time::Duration;

use serde_json::json;
use wartel_http::axum::http::StatusCode;

use crate::app::{PHONE, REQUEST_OTP, RequestExt as _, TestApp, VERIFY_OTP, json_request};
use crate::store::Mode;

#[tokio::test]
async fn the_right_code_gives_a_proof() {
    for by_id in [true, false] {
        let app = TestApp::new();
        let started = app.start(PHONE).await;
        let mut body = json!({"otp": app.code(PHONE)});
        if by_id {
            body["verification_id"] = started["verification_id"].clone();
        } else {
            body["phone"] = json!("+6281234567890");
        }
        let answer = app.post(VERIFY_OTP, body.clone()).await.expect(StatusCode::OK);
        let data = &answer.json["data"];
        assert_eq!(data["whatsapp_verified"], true);
        assert!(data["proof"].as_str().unwrap().starts_with("wtp_"));
        assert_eq!(data["proof_expires_at"], "2026-01-01T00:10:00Z");
        // Accepted once.
        app.post(VERIFY_OTP, body).await.problem(410, "no_active_code");
    }
}

#[tokio::test]
async fn wrong_codes_count_down_and_lock() {
    let app = TestApp::new();
    let id = app.start(PHONE).await["verification_id"].clone();
    let wrong = app.wrong_code(PHONE);
    for left in [4, 3, 2, 1, 0] {
        let answer = app.post(VERIFY_OTP, json!({"verification_id": id, "otp": wrong})).await;
        let answer = answer.problem(422, "wrong_code");
        assert_eq!(answer.json["attempts_left"], left);
        assert_eq!(answer.fields(), ["otp"]);
        assert!(!answer.text().contains(&wrong) && !answer.text().contains(&app.code(PHONE)));
    }
    for otp in [wrong, app.code(PHONE)] {
        app.post(VERIFY_OTP, json!({"verification_id": id, "otp": otp}))
            .await
            .problem(429, "too_many_attempts");
    }
    let view = app.get(&format!("/api/verifications/{}", id.as_str().unwrap())).await.expect(StatusCode::OK);
    assert_eq!(
        (&view.json["data"]["state"], &view.json["data"]["attempts_left"]),
        (&json!("locked"), &json!(0))
    );
}

#[tokio::test]
async fn what_is_no_code_is_refused_and_costs_no_try() {
    let app = TestApp::new();
    let id = app.start(PHONE).await["verification_id"].clone();
    for otp in [
        json!("12345"),
        json!("1234567"),
        json!("12345a"),
        json!("１２３４５６"),
        json!(""),
        json!("' OR 1=1"),
        json!("1".repeat(10_000)),
        json!(123_456),
        json!(["123456"]),
        json!({"$gt": ""}),
        json!(true),
        json!(null),
    ] {
        let answer = app.post(VERIFY_OTP, json!({"verification_id": id, "otp": otp})).await;
        let answer = answer.problem(400, "invalid_request");
        assert_eq!(answer.fields(), ["otp"], "{otp}");
        if otp.is_number() {
            assert!(answer.json["errors"][0]["message"].as_str().unwrap().contains("nol di depan"));
        }
    }
    app.post(VERIFY_OTP, json!({"verification_id": id})).await.problem(400, "invalid_request");
    app.post(VERIFY_OTP, json!({"verification_id": id, "otp": "12\u{0}456"}))
        .await
        .problem(400, "invalid_request");
    let view = app.get(&format!("/api/verifications/{}", id.as_str().unwrap())).await.expect(StatusCode::OK);
    assert_eq!(view.json["data"]["attempts_left"], 5);
    // Spaces and a dash come with copying.
    let code = app.code(PHONE);
    let spaced = format!(" {} {} ", &code[..3], &code[3..]);
    app.post(VERIFY_OTP, json!({"verification_id": id, "otp": spaced})).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn the_target_must_be_one() {
    let app = TestApp::new();
    let id = app.start(PHONE).await["verification_id"].clone();
    let code = app.code(PHONE);
    let answer = app.post(VERIFY_OTP, json!({"otp": code})).await.problem(400, "invalid_request");
    assert_eq!(answer.fields(), ["phone"]);
    app.post(VERIFY_OTP, json!({"otp": code, "phone": null, "verification_id": null}))
        .await
        .problem(400, "invalid_request");
    app.post(VERIFY_OTP, json!({"otp": code, "verification_id": ""})).await.problem(400, "invalid_request");
    app.post(VERIFY_OTP, json!({"otp": code, "verification_id": 5})).await.problem(400, "invalid_request");
    let answer = app.post(VERIFY_OTP, json!({"otp": code, "phone": "0812-3456-7890"})).await;
    assert_eq!(answer.problem(422, "invalid_phone").json["suggestion"], PHONE);
    // One answer for all that is not there.
    let unknown = "00000000-0000-4000-8000-000000000000";
    for body in [
        json!({"otp": code, "verification_id": unknown}),
        json!({"otp": code, "verification_id": "nonsense"}),
        json!({"otp": code, "phone": "081298765432"}),
        json!({"otp": code, "verification_id": id, "phone": "081298765432"}),
    ] {
        let answer = app.post(VERIFY_OTP, body).await.problem(410, "no_active_code");
        assert_eq!(answer.json["detail"], "unknown, expired, used or cancelled");
    }
    // The id with its own phone beside it is fine, in any spelling.
    let body = json!({"otp": code, "verification_id": id, "phone": "6281234567890"});
    app.post(VERIFY_OTP, body).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn an_empty_id_beside_a_phone_is_not_given() {
    let app = TestApp::new();
    app.start(PHONE).await;
    let wrong = json!({"phone": PHONE, "verification_id": "", "otp": app.wrong_code(PHONE)});
    let answer = app.post(VERIFY_OTP, wrong).await.problem(422, "wrong_code");
    assert_eq!(answer.json["attempts_left"], 4);
    let right = json!({"phone": PHONE, "verification_id": "", "otp": app.code(PHONE)});
    app.post(VERIFY_OTP, right).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn codes_end_on_time() {
    for (after, status) in [(299_999, StatusCode::OK), (300_000, StatusCode::GONE)] {
        let app = TestApp::new();
        let id = app.start(PHONE).await["verification_id"].clone();
        app.clock.advance(Duration::from_millis(after));
        let answer = app.post(VERIFY_OTP, json!({"verification_id": id, "otp": app.code(PHONE)})).await;
        assert_eq!(answer.status, status, "{after} ms");
    }
}

#[tokio::test]
async fn a_stranger_cannot_spoil_a_code() {
    let app = TestApp::new();
    let id = app.start(PHONE).await["verification_id"].clone();
    let wrong = app.wrong_code(PHONE);
    for n in 0..100 {
        let guess = json_request(VERIFY_OTP, json!({"phone": PHONE, "otp": wrong}));
        let answer = app.call(guess.from(&format!("198.51.100.{n}"))).await;
        assert!(matches!(answer.status.as_u16(), 422 | 429 | 410), "{}", answer.text());
    }
    app.post(VERIFY_OTP, json!({"verification_id": id, "otp": app.code(PHONE)})).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn known_and_unknown_phones_answer_alike() {
    let app = TestApp::new();
    let first = json!({"phone": PHONE, "full_name": "Test User"});
    let other = json!({"phone": "081298765432", "full_name": "Test User"});
    let proof = app.prove(PHONE).await;
    app.post(crate::app::REGISTER, json!({"proof": proof, "full_name": "Test User"}))
        .await
        .expect(StatusCode::CREATED);
    app.clock.advance(Duration::from_secs(3_601));
    let known = app.post(REQUEST_OTP, first).await.expect(StatusCode::OK);
    let unknown = app.post(REQUEST_OTP, other).await.expect(StatusCode::OK);
    for part in ["delivery", "attempts_left", "expires_at", "resend_at"] {
        assert_eq!(known.json["data"][part], unknown.json["data"][part], "{part}");
    }
    assert_eq!(known.json["message"], unknown.json["message"]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_down_approves_nobody() {
    let app = TestApp::new();
    let id = app.start(PHONE).await["verification_id"].clone();
    let body = json!({"verification_id": id, "otp": app.code(PHONE)});
    for mode in [Mode::Down, Mode::Hangs] {
        app.store.set(mode);
        let before = tokio::time::Instant::now();
        app.post(VERIFY_OTP, body.clone()).await.problem(503, "store_unavailable");
        assert!(before.elapsed() < Duration::from_secs(5));
    }
    app.store.set(Mode::Up);
    app.post(VERIFY_OTP, body).await.expect(StatusCode::OK);
}
