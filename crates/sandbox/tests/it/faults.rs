//! Every kind of fault, as the application meets it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wartel_sandbox::{Endpoint, Fault, KeyCase, Malformed, Sandbox, SuccessShape};

use crate::support::{PHONE, ask, client, provider, send, start};

/// Sends and gives back status, content type and body; `Err` if the connection broke.
async fn raw(sandbox: &Sandbox) -> Result<(u16, String, String), reqwest::Error> {
    let request = provider(sandbox, "/send").form(&[("target", PHONE), ("message", "x")]);
    let response = request.send().await?;
    let status = response.status().as_u16();
    let content_type = response.headers()["content-type"].to_str().unwrap().to_owned();
    Ok((status, content_type, response.text().await?))
}

#[tokio::test]
async fn a_refusal_has_its_reason_and_accepts_nothing() {
    let sandbox = start().await;
    sandbox.fault(Fault::refuse("insufficient quota").on(Endpoint::Send).to_phone("081234567890").times(1));
    assert_eq!(send(&sandbox, "081234567891", "x").await["status"], true, "another number");
    assert_eq!(ask(&sandbox, "/validate", &[("target", PHONE)]).await["status"], true, "another endpoint");
    assert_eq!(send(&sandbox, "081234567890", "x").await["reason"], "insufficient quota");
    assert!(sandbox.messages_to(PHONE).is_empty());
    assert_eq!(send(&sandbox, "081234567890", "x").await["status"], true, "used up");
}

#[tokio::test]
async fn faults_never_hide_a_token_error() {
    let sandbox = start().await;
    sandbox.fault(Fault::http_error(500));
    let request = client().post(format!("{}/send", sandbox.url())).header("Authorization", "wrong");
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["reason"], "token invalid");
    sandbox.clear_faults();
    sandbox.fault(Fault::refuse("token invalid").times(1));
    assert_eq!(
        send(&sandbox, PHONE, "x").await["Status"],
        false,
        "a planned token error looks like a real one"
    );
}

#[tokio::test]
async fn an_http_error_is_no_json() {
    let sandbox = start().await;
    sandbox.fault(Fault::http_error(503).every(2));
    assert_eq!(raw(&sandbox).await.unwrap().0, 200);
    let (status, content_type, _) = raw(&sandbox).await.unwrap();
    assert_eq!((status, content_type.as_str()), (503, "text/html; charset=utf-8"));
    assert_eq!(sandbox.messages().len(), 1);
}

#[tokio::test]
async fn a_hang_ends_in_a_cut_and_accepts_nothing() {
    let sandbox = start().await;
    sandbox.fault(Fault::hang(Duration::from_millis(80)).times(1));
    let began = Instant::now();
    assert!(raw(&sandbox).await.is_err());
    assert!(began.elapsed() >= Duration::from_millis(80));
    assert!(sandbox.messages().is_empty());
}

#[tokio::test]
async fn a_client_that_gives_up_on_a_hang_leaves_nothing_behind() {
    let sandbox = start().await;
    sandbox.fault(Fault::hang(Duration::from_secs(600)).times(1));
    let request = provider(&sandbox, "/send").form(&[("target", PHONE), ("message", "x")]);
    let error = request.timeout(Duration::from_millis(50)).send().await.unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(send(&sandbox, PHONE, "x").await["status"], true);
}

#[tokio::test]
async fn a_cut_after_accepting_delivers_the_message_without_an_answer() {
    let sandbox = start().await;
    sandbox.fault(Fault::cut_after_accept().times(1));
    assert!(raw(&sandbox).await.is_err());
    assert_eq!(sandbox.messages_to(PHONE).len(), 1);
    assert_eq!(ask(&sandbox, "/device", &[]).await["quota"], "999");
}

#[tokio::test]
async fn a_cut_before_accepting_delivers_nothing() {
    let sandbox = start().await;
    sandbox.fault(Fault::cut_before_accept().times(1));
    assert!(raw(&sandbox).await.is_err());
    assert!(sandbox.messages().is_empty());
    assert_eq!(sandbox.requests().len(), 1, "the request is recorded all the same");
}

#[tokio::test]
async fn a_slow_answer_is_still_the_right_one() {
    let sandbox = start().await;
    sandbox.fault(Fault::slow(Duration::from_millis(60)).times(1));
    let began = Instant::now();
    assert_eq!(send(&sandbox, PHONE, "x").await["status"], true);
    assert!(began.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn malformed_answers_come_with_200() {
    let sandbox = start().await;
    for (form, accepted) in [(Malformed::Truncated, 1), (Malformed::Html, 0), (Malformed::Empty, 0)] {
        sandbox.reset();
        sandbox.fault(Fault::malformed(form).times(1));
        let (status, _, body) = raw(&sandbox).await.unwrap();
        assert_eq!(status, 200);
        assert!(serde_json::from_str::<Value>(&body).is_err(), "{form:?}: {body}");
        assert_eq!(sandbox.messages().len(), accepted, "{form:?}");
    }
}

#[tokio::test]
async fn keys_come_in_another_case() {
    let sandbox = start().await;
    for (case, key) in [(KeyCase::Capitalised, "Status"), (KeyCase::Upper, "STATUS")] {
        sandbox.fault(Fault::key_case(case).times(1));
        let answer = send(&sandbox, PHONE, "x").await;
        assert_eq!(answer[key], true, "{answer}");
        assert!(answer.get("status").is_none());
    }
}

#[tokio::test]
async fn success_comes_in_other_shapes() {
    let sandbox = start().await;
    let shaped = async |shape| {
        sandbox.fault(Fault::success_shape(shape).times(1));
        let answer = send(&sandbox, PHONE, "x").await;
        (answer, sandbox.last_message(PHONE).unwrap().id)
    };
    let (answer, id) = shaped(SuccessShape::DataId).await;
    assert_eq!(answer["data"]["id"], json!(id));
    assert_eq!(answer["data"]["phone"], PHONE);
    let (answer, id) = shaped(SuccessShape::StringId).await;
    assert_eq!(answer, json!({"status": true, "id": id}));
    let (answer, _) = shaped(SuccessShape::NoId).await;
    assert_eq!(answer, json!({"status": true, "detail": "success"}));
}
