use std::time::Duration;

use serde_json::json;
use wartel_http::axum::http::StatusCode;

use crate::app::{MASKED, PHONE, TestApp, VERIFY_OTP};
use crate::store::Mode;

#[tokio::test]
async fn a_verification_shows_how_it_stands() {
    let app = TestApp::new();
    let started = app.start(PHONE).await;
    let path = format!("/api/verifications/{}", started["verification_id"].as_str().unwrap());
    let view = app.get(&path).await.expect(StatusCode::OK);
    assert_eq!(
        view.json["data"],
        json!({
            "verification_id": started["verification_id"], "phone": MASKED, "state": "pending", "delivery": "accepted",
            "attempts_left": 5, "expires_at": "2026-01-01T00:05:00Z", "resend_at": "2026-01-01T00:01:00Z",
        })
    );
    assert_eq!(view.header("cache-control"), "no-store");

    let wrong = json!({"verification_id": started["verification_id"], "otp": app.wrong_code(PHONE)});
    app.post(VERIFY_OTP, wrong).await.problem(422, "wrong_code");
    assert_eq!(app.get(&path).await.json["data"]["attempts_left"], 4);
    let right = json!({"verification_id": started["verification_id"], "otp": app.code(PHONE)});
    app.post(VERIFY_OTP, right).await.expect(StatusCode::OK);
    assert_eq!(app.get(&path).await.json["data"]["state"], "approved");
}

#[tokio::test]
async fn states_of_the_other_ends() {
    let app = TestApp::new();
    let expired = app.start(PHONE).await;
    let cancelled = app.start("081298765432").await;
    let id = wartel_otp::VerificationId::parse(cancelled["verification_id"].as_str().unwrap()).unwrap();
    assert!(app.otp.cancel(id).await.unwrap());
    app.clock.advance(Duration::from_secs(301));
    for (started, state) in [(expired, "expired"), (cancelled, "cancelled")] {
        let path = format!("/api/verifications/{}", started["verification_id"].as_str().unwrap());
        assert_eq!(app.get(&path).await.expect(StatusCode::OK).json["data"]["state"], state);
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let app = TestApp::new();
    for id in [
        "00000000-0000-4000-8000-000000000000",
        "nonsense",
        "%00",
        "%ff%fe",
        "..%2f..%2fetc",
        "081234567890",
        "{00000000-0000-4000-8000-000000000000}",
        &"a".repeat(5_000),
    ] {
        let answer = app.get(&format!("/api/verifications/{id}")).await.problem(404, "not_found");
        assert!(!answer.text().contains("nonsense") && !answer.text().contains("0812"));
    }
    app.get("/api/verifications/").await.problem(404, "not_found");
    app.get("/api/verifications").await.problem(404, "not_found");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_down_is_said_so() {
    let app = TestApp::new();
    for mode in [Mode::Down, Mode::Hangs] {
        app.store.set(mode);
        let before = tokio::time::Instant::now();
        app.get("/api/verifications/00000000-0000-4000-8000-000000000000")
            .await
            .problem(503, "store_unavailable");
        assert!(before.elapsed() < Duration::from_secs(5));
    }
}
