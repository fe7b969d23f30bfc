use std::time::Duration;

use serde_json::json;
use wartel_http::axum::http::StatusCode;

use super::{Program, REDEEM, START};
use crate::app::{MASKED, PHONE};

#[tokio::test]
async fn the_right_code_gives_a_proof_once() {
    let program = Program::new().await;
    let path = program.start(PHONE).await;
    let code = json!({"code": program.app.code(PHONE)});
    let answer = program.post(&format!("{path}/check"), code.clone()).await.expect(StatusCode::OK);
    let data = answer.json["data"].as_object().unwrap();
    assert_eq!(data.keys().collect::<Vec<_>>(), ["proof", "proof_expires_at"]);
    assert!(data["proof"].as_str().unwrap().starts_with("wtp_"));
    assert_eq!(data["proof_expires_at"], "2026-01-01T00:10:00Z");
    program.post(&format!("{path}/check"), code).await.problem(410, "no_active_code");
    assert_eq!(program.get(&path).await.json["data"]["state"], "approved");
}

#[tokio::test]
async fn wrong_codes_are_counted_down() {
    let program = Program::new().await;
    let path = program.start(PHONE).await;
    let check = format!("{path}/check");
    for bad in [json!({}), json!({"code": 123456}), json!({"code": "12345x"}), json!({"code": ""})] {
        let answer = program.post(&check, bad).await.problem(400, "invalid_request");
        assert_eq!(answer.fields(), ["code"]);
    }
    let wrong = json!({"code": program.app.wrong_code(PHONE)});
    for left in (0..5).rev() {
        let answer = program.post(&check, wrong.clone()).await.problem(422, "wrong_code");
        assert_eq!((&answer.json["attempts_left"], answer.fields()), (&json!(left), vec!["code"]));
    }
    program.post(&check, json!({"code": program.app.code(PHONE)})).await.problem(429, "too_many_attempts");
    assert_eq!(program.get(&path).await.json["data"]["state"], "locked");
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_what_is_over_is_gone() {
    let program = Program::new().await;
    for id in ["00000000-0000-4000-8000-000000000000", "nonsense", "%00", "%ff", "081234567890"] {
        let path = format!("{START}/{id}");
        let answer = program.get(&path).await.problem(404, "not_found");
        assert!(!answer.text().contains("nonsense") && !answer.text().contains("0812"));
        program.delete(&path).await.problem(404, "not_found");
        program.get(&format!("{path}/events")).await.problem(404, "not_found");
        program.post(&format!("{path}/check"), json!({"code": "123456"})).await.problem(404, "not_found");
    }
    let path = program.start(PHONE).await;
    let code = json!({"code": program.app.code(PHONE)});
    program.app.clock.advance(Duration::from_secs(300));
    program.post(&format!("{path}/check"), code).await.problem(410, "no_active_code");
    assert_eq!(program.get(&path).await.json["data"]["state"], "expired");
}

#[tokio::test]
async fn a_verification_shows_how_it_stands() {
    let program = Program::new().await;
    let path = program.start(PHONE).await;
    let answer = program.get(&path).await.expect(StatusCode::OK);
    assert_eq!(
        answer.json["data"],
        json!({
            "verification_id": path.rsplit('/').next().unwrap(), "phone": MASKED, "state": "pending",
            "delivery": "accepted", "attempts_left": 5, "expires_at": "2026-01-01T00:05:00Z",
            "resend_at": "2026-01-01T00:01:00Z",
        })
    );
}

#[tokio::test]
async fn a_verification_that_is_taken_back_stays_so() {
    let program = Program::new().await;
    let path = program.start(PHONE).await;
    let code = json!({"code": program.app.code(PHONE)});
    let answer = program.delete(&path).await.expect(StatusCode::OK);
    assert_eq!(
        (&answer.json["data"]["state"], &answer.json["message"]),
        (&json!("cancelled"), &json!("Verifikasi dibatalkan"))
    );
    program.post(&format!("{path}/check"), code).await.problem(410, "no_active_code");
    let again = program.delete(&path).await.expect(StatusCode::OK);
    assert_eq!(again.json["data"]["state"], "cancelled");
    // One that has ended otherwise is shown as it ended.
    program.app.clock.advance(Duration::from_secs(120));
    let done = program.start(PHONE).await;
    let code = json!({"code": program.app.code(PHONE)});
    program.post(&format!("{done}/check"), code).await.expect(StatusCode::OK);
    assert_eq!(program.delete(&done).await.expect(StatusCode::OK).json["data"]["state"], "approved");
}

#[tokio::test]
async fn a_proof_is_exchanged_for_the_number() {
    let program = Program::new().await;
    let proof = program.prove(PHONE).await;
    let redeem = |purpose: &str, by: &str| json!({"proof": proof, "purpose": purpose, "by": by});
    program.post(REDEEM, redeem("registration", "user-17")).await.problem(403, "phone_not_verified");
    for _ in 0..2 {
        let answer = program.post(REDEEM, redeem("login", "user-17")).await.expect(StatusCode::OK);
        assert_eq!(answer.json["data"], json!({"phone": "+6281234567890", "purpose": "login"}));
    }
    program.post(REDEEM, redeem("login", "user-18")).await.problem(403, "phone_not_verified");
    program.app.clock.advance(Duration::from_secs(600));
    program.post(REDEEM, redeem("login", "user-17")).await.problem(403, "phone_not_verified");
}

#[tokio::test]
async fn what_is_no_proof_is_refused() {
    let program = Program::new().await;
    for (body, fields) in [
        (json!({}), &["proof", "purpose", "by"][..]),
        (json!({"proof": "x", "purpose": "A", "by": ""}), &["purpose", "by"]),
        (json!({"proof": "x", "purpose": "login", "by": "x".repeat(129)}), &["by"]),
    ] {
        let answer = program.post(REDEEM, body).await.problem(400, "invalid_request");
        assert_eq!(answer.fields(), fields);
    }
    for proof in ["", "true", "wtp_", &format!("wtp_{}", "A".repeat(43)), &program.key] {
        let body = json!({"proof": proof, "purpose": "login", "by": "x".repeat(128)});
        program.post(REDEEM, body).await.problem(403, "phone_not_verified");
    }
}
