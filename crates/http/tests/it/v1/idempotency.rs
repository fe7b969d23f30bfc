use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use wartel_access::Scope;
use wartel_http::axum::body::Body;
use wartel_http::axum::http::{Request, StatusCode};
use wartel_messaging::SendErrorKind;

use super::{Program, START, signed};
use crate::app::{PHONE, RequestExt as _, call, json_request, raw_json_request};

fn named(name: &str, body: Value) -> Request<Body> {
    json_request(START, body).header("idempotency-key", name)
}

fn login(phone: &str) -> Value {
    json!({"phone": phone, "purpose": "login"})
}

#[tokio::test]
async fn repeated_is_answered_the_same_and_sends_nothing_more() {
    let program = Program::new().await;
    let first = program.call(named("order-17", login(PHONE))).await.expect(StatusCode::CREATED);
    for _ in 0..3 {
        let again = program.call(named("order-17", login(PHONE))).await.expect(StatusCode::CREATED);
        assert_eq!(again.json, first.json);
    }
    assert_eq!(program.app.provider.count(), 1);
    // Without the name it is a new request, and too soon.
    program.post(START, login(PHONE)).await.problem(429, "resend_too_soon");
    program.call(named("order-18", login(PHONE))).await.problem(429, "resend_too_soon");
    program.app.clock.advance(Duration::from_secs(61));
    program.call(named("order-17", login(PHONE))).await.expect(StatusCode::CREATED);
    assert_eq!(program.app.provider.count(), 1, "a name stands for its request however late");
}

#[tokio::test]
async fn another_body_under_the_same_name_is_refused() {
    let program = Program::new().await;
    let first = program.call(named("order-17", login(PHONE))).await.expect(StatusCode::CREATED);
    for body in [login("081298765432"), json!({"phone": PHONE, "purpose": "registration"})] {
        program.call(named("order-17", body)).await.problem(422, "idempotency_mismatch");
    }
    // Also one that differs in a blank only: it is the body that counts, not what it means.
    let spaced = raw_json_request(START, format!("{} ", login(PHONE))).header("idempotency-key", "order-17");
    program.call(spaced).await.problem(422, "idempotency_mismatch");
    assert_eq!(program.app.provider.count(), 1);
    let again = program.call(named("order-17", login(PHONE))).await.expect(StatusCode::CREATED);
    assert_eq!(again.json, first.json);
}

#[tokio::test]
async fn names_of_one_tenant_are_not_those_of_another() {
    let program = Program::new().await;
    let first = program.call(named("order-17", login(PHONE))).await.expect(StatusCode::CREATED);
    let other = program.app.key("warung-siti", &Scope::ALL).await;
    let theirs = program.app.call(signed(named("order-17", login("081298765432")), &other)).await;
    let theirs = theirs.expect(StatusCode::CREATED);
    assert_ne!(theirs.json["data"]["verification_id"], first.json["data"]["verification_id"]);
    // Two keys of one tenant are one caller.
    let second = program.app.key("toko-budi", &Scope::ALL).await;
    let again = program.app.call(signed(named("order-17", login(PHONE)), &second)).await;
    assert_eq!(again.expect(StatusCode::CREATED).json, first.json);
}

#[tokio::test]
async fn a_request_that_was_refused_may_be_made_again() {
    let program = Program::new().await;
    program.app.provider.then_fail(SendErrorKind::Unauthenticated);
    program.call(named("order-17", login(PHONE))).await.problem(502, "provider_rejected");
    program.call(named("order-17", login(PHONE))).await.expect(StatusCode::CREATED);
    assert_eq!(program.app.provider.count(), 1);
}

#[tokio::test]
async fn a_name_is_visible_ascii() {
    let program = Program::new().await;
    for bad in ["", "a b", &"k".repeat(256)] {
        let answer = program.call(named(bad, login(PHONE))).await.problem(400, "invalid_request");
        assert!(answer.json["detail"].as_str().unwrap().contains("Idempotency-Key"));
    }
    let twice = named("a", login(PHONE));
    let (mut parts, body) = twice.into_parts();
    parts.headers.append("idempotency-key", "b".parse().unwrap());
    program.call(Request::from_parts(parts, body)).await.problem(400, "invalid_request");
    program.app.assert_nothing_stored("bad names");
    program.call(named(&"k".repeat(255), login(PHONE))).await.expect(StatusCode::CREATED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_at_once_one_sends() {
    let program = Program::new().await;
    let mut calls = JoinSet::new();
    for _ in 0..50 {
        let (router, asked) =
            (program.app.router.clone(), signed(named("order-17", login(PHONE)), &program.key));
        calls.spawn(async move { call(&router, asked).await });
    }
    let answers = calls.join_all().await;
    let mut ids = HashSet::new();
    for answer in answers {
        // Those that came while the first was under way are told that it is.
        assert!(matches!(answer.status.as_u16(), 201 | 202), "{}", answer.text());
        ids.insert(answer.json["data"]["verification_id"].as_str().unwrap().to_owned());
    }
    assert_eq!((ids.len(), program.app.provider.count()), (1, 1));
}
