use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use wartel_core::{StoreError, StoreErrorKind};
use wartel_http::axum::body::Body;
use wartel_http::axum::http::{Method, StatusCode};
use wartel_http::{HttpConfig, WebhookAccount, WebhookAccounts};
use wartel_messaging::adapters::fonnte::FonnteWebhooks;
use wartel_messaging::{
    Authenticity, DeliveryReceipt, DeliveryState, DeviceEvent, InboundEvent, ProviderMessageId, ReceiptKey,
    WebhookError, WebhookHandshake, WebhookRequest, WebhookSource,
};

use crate::app::{PHONE, RequestExt as _, Setup, TestApp, WEBHOOK_TOKEN, json_request, request};
use crate::store::Mode;

/// Webhooks of the fake provider: `{"id": …, "state": …}`, or a list of them. The header `x-signature` must be `good`
/// where it is there.
#[derive(Debug)]
pub struct TestSource;

impl WebhookSource for TestSource {
    fn authenticity(&self) -> Authenticity {
        Authenticity::TokenOnly
    }

    fn decode(&self, request: WebhookRequest<'_>) -> Result<Vec<InboundEvent>, WebhookError> {
        if request.headers.get("x-signature").is_some_and(|signature| signature != "good") {
            return Err(WebhookError::BadSignature);
        }
        let value: Value = serde_json::from_slice(request.body).map_err(|_| WebhookError::Unreadable)?;
        let items = if let Value::Array(items) = value { items } else { vec![value] };
        Ok(items.iter().map(event).collect())
    }
}

fn event(item: &Value) -> InboundEvent {
    if let Some(connected) = item["connected"].as_bool() {
        return InboundEvent::DeviceState(if connected {
            DeviceEvent::Connected
        } else {
            DeviceEvent::Disconnected
        });
    }
    let state = match item["state"].as_str() {
        Some("sent") => DeliveryState::Sent,
        Some("delivered") => DeliveryState::Delivered,
        Some("read") => DeliveryState::Read,
        Some("failed") => DeliveryState::Failed,
        _ => return InboundEvent::Ignored { why: "unknown" },
    };
    let key = ReceiptKey::new(item["id"].as_str().map(ProviderMessageId::new), None);
    key.map_or(InboundEvent::Ignored { why: "no id" }, |key| {
        InboundEvent::Receipt(DeliveryReceipt::new("fake", key, state))
    })
}

fn path() -> String {
    format!("/webhook/whatsapp/{WEBHOOK_TOKEN}")
}

async fn delivery(app: &TestApp, started: &Value) -> Value {
    let path = format!("/api/verifications/{}", started["verification_id"].as_str().unwrap());
    app.get(&path).await.expect(StatusCode::OK).json["data"]["delivery"].clone()
}

#[tokio::test]
async fn receipts_move_the_delivery_and_never_back() {
    let app = TestApp::new();
    let started = app.start(PHONE).await;
    for (state, shown) in [
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("sent", "delivered"),
        ("failed", "delivered"),
        ("read", "read"),
    ] {
        let answer = app.report(json!({"id": "fake-1", "state": state})).await;
        assert_eq!(answer.json["data"]["events"], 1);
        assert_eq!(delivery(&app, &started).await, shown, "after {state}");
    }
}

#[tokio::test]
async fn what_means_nothing_here_is_taken_all_the_same() {
    let app = TestApp::new();
    for body in [
        json!([]),
        json!({"state": "sent"}),
        json!({"id": "unknown-message", "state": "sent"}),
        json!({"connected": false}),
        json!({"connected": true}),
        json!([{"other": 1}, {"id": "x", "state": "read"}, 5]),
    ] {
        app.report(body).await;
    }
    let lines = app.inbox.lines().await;
    assert_eq!(lines.iter().map(|line| line.events).collect::<Vec<_>>(), [3, 1, 1, 1, 1, 0]);
    assert_eq!(lines[0].ignored, ["unknown"]);
}

#[tokio::test]
async fn the_same_news_is_taken_once_however_often_it_comes() {
    let app = TestApp::new();
    let started = app.start(PHONE).await;
    for _ in 0..3 {
        app.report(json!({"id": "fake-1", "state": "read"})).await;
    }
    assert_eq!(delivery(&app, &started).await, "read");
    let new: Vec<usize> = app.inbox.lines().await.iter().map(|line| line.new).collect();
    assert_eq!(new, [0, 0, 1]);
}

#[tokio::test]
async fn only_bad_tokens_signatures_and_bodies_are_refused() {
    let app = TestApp::new();
    let receipt = json!({"id": "fake-1", "state": "read"});
    let half = &WEBHOOK_TOKEN[..10];
    for token in [
        "wrong",
        half,
        &format!("{WEBHOOK_TOKEN}x"),
        &WEBHOOK_TOKEN.to_uppercase(),
        "%ff",
        "%00",
        &"a".repeat(4_000),
    ] {
        app.post(&format!("/webhook/whatsapp/{token}"), receipt.clone()).await.problem(404, "not_found");
    }
    app.post("/webhook/whatsapp/", receipt.clone()).await.problem(404, "not_found");
    let forged = json_request(&path(), receipt.clone()).header("x-signature", "bad");
    app.call(forged).await.problem(401, "invalid_request");
    for body in ["", "nonsense", "{"] {
        app.call(request(Method::POST, &path(), body)).await.problem(400, "invalid_request");
    }
    app.assert_nothing_stored("refused webhooks");
    // What this program cannot read another version may; strangers and forgers leave no line.
    let lines = app.inbox.lines().await;
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|line| line.new == 0 && line.ignored == ["the body cannot be read"]));
    app.call(request(Method::PUT, &path(), Body::empty())).await.problem(405, "invalid_request");
    // No content type is asked for: providers send what they like.
    app.call(request(Method::POST, &path(), receipt.to_string())).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn bodies_up_to_three_mebibytes_are_taken() {
    let app = TestApp::new();
    let fits = format!("[{}1]", " ".repeat(3 * 1024 * 1024 - 3));
    app.call(request(Method::POST, &path(), fits)).await.expect(StatusCode::OK);
    let over = format!("[{}1]", " ".repeat(3 * 1024 * 1024 - 2));
    app.call(request(Method::POST, &path(), over)).await.problem(413, "invalid_request");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_recorded_is_to_be_sent_again() {
    let app = TestApp::new();
    let started = app.start(PHONE).await;
    let receipt = json!({"id": "fake-1", "state": "read"});
    for mode in [Mode::Down, Mode::Hangs] {
        app.inbox.set(mode);
        let before = tokio::time::Instant::now();
        app.post(&path(), receipt.clone()).await.problem(503, "store_unavailable");
        assert!(before.elapsed() < Duration::from_secs(5));
    }
    app.inbox.set(Mode::Panics);
    app.post(&path(), receipt.clone()).await.problem(500, "internal");
    app.inbox.set(Mode::Up);
    app.report(receipt).await;
    assert_eq!(delivery(&app, &started).await, "read");
}

#[tokio::test(start_paused = true)]
async fn what_was_recorded_is_worked_off_when_the_store_is_back() {
    let app = TestApp::new();
    let started = app.start(PHONE).await;
    app.store.set(Mode::Down);
    app.report(json!({"id": "fake-1", "state": "read"})).await;
    app.store.set(Mode::Up);
    assert_eq!(delivery(&app, &started).await, "accepted", "it is not lost, and not there yet");
    app.clock.advance(Duration::from_secs(1));
    app.dispatcher.dispatch_due().await.unwrap();
    assert_eq!(delivery(&app, &started).await, "read");
}

/// Echoes the query.
#[derive(Debug)]
struct Echo;

impl WebhookHandshake for Echo {
    fn answer(&self, query: &str) -> Option<String> {
        query.strip_prefix("say=").map(str::to_owned)
    }
}

#[tokio::test]
async fn the_question_of_a_provider_is_answered_as_plain_text() {
    let app = TestApp::with(Setup { handshake: Some(Arc::new(Echo)), ..Setup::default() });
    let answer = app.get(&format!("{}?say=1158201444", path())).await;
    assert_eq!((answer.status, answer.text()), (StatusCode::OK, "1158201444"));
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    app.get(&path()).await.problem(403, "invalid_request");
    app.get(&format!("{}?say={}", path(), "x".repeat(5_000))).await.problem(403, "invalid_request");
    app.get("/webhook/whatsapp/0123456789abcdef0124?say=1").await.problem(404, "not_found");
    // An account whose provider asks nothing.
    TestApp::new().get(&format!("{}?say=1", path())).await.problem(403, "invalid_request");
}

/// Says by which address it was called.
#[derive(Debug)]
struct SignsUrls;

impl WebhookSource for SignsUrls {
    fn authenticity(&self) -> Authenticity {
        Authenticity::Signed
    }

    fn decode(&self, request: WebhookRequest<'_>) -> Result<Vec<InboundEvent>, WebhookError> {
        let expected = request.header("x-url");
        if request.url == expected { Ok(Vec::new()) } else { Err(WebhookError::BadSignature) }
    }
}

#[tokio::test]
async fn the_address_is_known_as_the_provider_knows_it() {
    let called = |query: &str| request(Method::POST, &format!("{}{query}", path()), Body::empty());
    let app = TestApp::with(Setup { source: Arc::new(SignsUrls), ..Setup::default() });
    app.call(called("")).await.expect(StatusCode::OK);
    for base in ["https://toko.example/wartel", "https://toko.example/wartel/"] {
        let mut config = HttpConfig::default();
        config.public_url = Some(base.to_owned());
        let app = TestApp::with(Setup { source: Arc::new(SignsUrls), config, ..Setup::default() });
        for query in ["", "?a=1&b=%20"] {
            let url = format!("https://toko.example/wartel{}{query}", path());
            app.call(called(query).header("x-url", &url)).await.expect(StatusCode::OK);
        }
        app.call(called("")).await.problem(401, "invalid_request");
    }
}

/// Accounts in a database that does not answer.
#[derive(Debug)]
struct Unreachable;

#[async_trait::async_trait]
impl WebhookAccounts for Unreachable {
    async fn by_token(&self, _token: &str) -> Result<Option<Arc<WebhookAccount>>, StoreError> {
        Err(StoreError::new(StoreErrorKind::Unavailable, "accounts.by_token"))
    }
}

#[tokio::test]
async fn accounts_that_cannot_be_looked_up_are_not_taken_for_unknown() {
    let app = TestApp::with(Setup { accounts: Some(Arc::new(Unreachable)), ..Setup::default() });
    app.post(&path(), json!([])).await.problem(503, "store_unavailable");
    app.get(&path()).await.problem(503, "store_unavailable");
}

#[tokio::test]
async fn fonnte_is_understood() {
    let app = TestApp::with(Setup { source: Arc::new(FonnteWebhooks::default()), ..Setup::default() });
    for body in [
        r#"{"device":"6281200000000","id":"80367170","stateid":"3EB0C","status":"sent","state":"sent"}"#,
        "device=6281200000000&stateid=3EB0C&state=delivered",
    ] {
        let answer = app.call(request(Method::POST, &path(), body)).await.expect(StatusCode::OK);
        assert_eq!(answer.json["data"]["events"], 1);
    }
    app.call(request(Method::POST, &path(), "<html>")).await.problem(400, "invalid_request");
}

/// A provider that would send the words of an answer to the customer.
#[derive(Debug)]
struct ReadsAnswers;

impl WebhookSource for ReadsAnswers {
    fn authenticity(&self) -> Authenticity {
        Authenticity::Signed
    }

    fn reads_answers(&self) -> bool {
        true
    }

    fn decode(&self, _request: WebhookRequest<'_>) -> Result<Vec<InboundEvent>, WebhookError> {
        Ok(vec![InboundEvent::Ignored { why: "unknown" }])
    }
}

#[tokio::test]
async fn who_reads_answers_gets_an_empty_one() {
    let app = TestApp::with(Setup { source: Arc::new(ReadsAnswers), ..Setup::default() });
    let answer = app.call(request(Method::POST, &path(), Body::empty())).await;
    assert_eq!((answer.status, answer.bytes.len()), (StatusCode::NO_CONTENT, 0));
    assert_eq!(app.inbox.lines().await.len(), 1);
}
