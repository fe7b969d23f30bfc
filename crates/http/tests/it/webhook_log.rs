//! `/v1/accounts/{id}/webhooks`: what came to an account, and once more.

use serde_json::{Value, json};
use wartel_access::{AuditLog as _, Scope};
use wartel_core::{AccountId, Clock as _, Secret, TenantId};
use wartel_http::axum::body::Body;
use wartel_http::axum::http::{HeaderMap, Method, StatusCode};
use wartel_messaging::adapters::fonnte::FonnteWebhooks;
use wartel_messaging::inbox::{Delivery, DeliveryId, Inbox as _, InboxKind, LEASE};
use wartel_messaging::{Authenticity, WebhookRequest, WebhookSource as _};

use crate::app::{Setup, TestApp, WEBHOOK_TOKEN, request};
use crate::store::Mode;
use crate::v1::{Program, signed};

const LOG: &str = "/v1/accounts/shop/webhooks";

/// A program whose tenant has the account `shop`.
async fn shop() -> Program {
    let program = Program::new().await;
    let account = json!({"id": "shop", "provider": "device", "settings": {"token": "made-up"}});
    program.post("/v1/accounts", account).await.expect(StatusCode::CREATED);
    program
}

/// Records a webhook of the account as it comes in.
async fn came(program: &Program, tenant: &str, account: &str, body: &Value) -> DeliveryId {
    let (body, headers) = (body.to_string(), {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/json".parse().unwrap());
        headers
    });
    let events = crate::webhooks::TestSource.decode(WebhookRequest::new(&headers, body.as_bytes()));
    let (tenant, account) = (TenantId::parse(tenant).unwrap(), AccountId::parse(account).unwrap());
    let authenticity = Authenticity::TokenOnly;
    let events = events.unwrap_or_default();
    let delivery = Delivery::new(tenant, account, authenticity, &headers, body.into(), events);
    let id = delivery.id;
    program.app.inbox.record(delivery, program.app.clock.now()).await.unwrap();
    id
}

fn sent(id: &str) -> Value {
    json!({"id": id, "state": "sent", "words": "halo dari Budi"})
}

async fn audit(program: &Program) -> Vec<(String, String)> {
    let entries = program.app.audit.list(None, None, 100).await.unwrap();
    entries.into_iter().map(|entry| (entry.action, entry.subject)).collect()
}

#[tokio::test]
async fn the_log_is_listed_in_pages_without_bodies() {
    let program = shop().await;
    let mut all = Vec::new();
    for n in 0..5 {
        all.insert(0, came(&program, "toko-budi", "shop", &sent(&format!("m{n}"))).await.to_string());
    }
    came(&program, "toko-budi", "other", &sent("m9")).await;
    let first = program.get(&format!("{LOG}?limit=3")).await.expect(StatusCode::OK);
    let line = &first.json["data"]["webhooks"][0];
    assert_eq!(
        (&line["events"], &line["new"], &line["replays"], &line["authenticity"]),
        (&json!(1), &json!(1), &json!(0), &json!("token_only"))
    );
    assert!(line["bytes"].as_u64().unwrap() > 10 && line["at"].as_str().unwrap().ends_with('Z'));
    assert!(!first.text().contains("halo"), "{}", first.text());
    let next = first.json["data"]["next"].as_str().unwrap();
    let second = program.get(&format!("{LOG}?limit=3&after={next}")).await.expect(StatusCode::OK);
    assert!(second.json["data"]["next"].is_null());
    let ids = [&first, &second].map(|page| page.json["data"]["webhooks"].as_array().unwrap().clone());
    let ids: Vec<String> =
        ids.into_iter().flatten().map(|line| line["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, all);
    for (query, field) in
        [("limit=0", "limit"), ("limit=501", "limit"), ("limit=+5", "limit"), ("after=x", "after")]
    {
        let answer = program.get(&format!("{LOG}?{query}")).await.problem(400, "invalid_request");
        assert_eq!(answer.fields(), [field], "{query}");
    }
    assert_eq!(audit(&program).await.len(), 1, "a list is not audited");
}

#[tokio::test]
async fn a_body_is_shown_by_itself_and_the_audit_says_so() {
    let program = shop().await;
    let id = came(&program, "toko-budi", "shop", &sent("m1")).await;
    let shown = program.get(&format!("{LOG}/{id}")).await.expect(StatusCode::OK);
    assert_eq!(shown.json["data"]["body"], sent("m1").to_string());
    assert_eq!(shown.json["data"]["content_type"], "application/json");
    assert_eq!(audit(&program).await[0], ("webhook.read".to_owned(), format!("shop/{id}")));
}

#[tokio::test]
async fn a_replay_is_handed_out_again_and_stored_once() {
    let program = shop().await;
    let id = came(&program, "toko-budi", "shop", &sent("m1")).await;
    let path = format!("{LOG}/{id}/replay");
    let lease = async || {
        let now = program.app.clock.now();
        program.app.inbox.lease(&InboxKind::ALL, 10, LEASE, now).await.unwrap()
    };
    program.app.dispatcher.dispatch_due().await.unwrap();
    assert!(lease().await.is_empty());
    for n in 1..3 {
        let done = program.call(request(Method::POST, &path, Body::empty())).await;
        let done = done.expect(StatusCode::ACCEPTED);
        assert_eq!(done.json["data"], json!({"events": 1, "new": 0, "known": 1, "again": 1, "ignored": []}));
        assert_eq!(program.app.dispatcher.dispatch_due().await.unwrap().done, 1, "handed out again");
        let log = program.get(LOG).await.expect(StatusCode::OK);
        assert_eq!(log.json["data"]["webhooks"].as_array().unwrap().len(), 1);
        assert_eq!(log.json["data"]["webhooks"][0]["replays"], n);
    }
    // One that waits for its first time is left as it is.
    let waits = came(&program, "toko-budi", "shop", &sent("m2")).await;
    let done = program.call(request(Method::POST, &format!("{LOG}/{waits}/replay"), Body::empty())).await;
    assert_eq!(done.expect(StatusCode::ACCEPTED).json["data"]["again"], 0);
    assert_eq!(lease().await.len(), 1);
    assert_eq!(audit(&program).await[1], ("webhook.replay".to_owned(), format!("shop/{id}")));
    program.app.inbox.set(Mode::Down);
    program.call(request(Method::POST, &path, Body::empty())).await.problem(503, "store_unavailable");
}

#[tokio::test]
async fn what_is_not_kept_or_not_read_is_not_replayed() {
    let program = shop().await;
    let unread = came(&program, "toko-budi", "shop", &json!("x")).await;
    let mut empty = Delivery::new(
        TenantId::parse("toko-budi").unwrap(),
        AccountId::parse("shop").unwrap(),
        Authenticity::TokenOnly,
        &HeaderMap::new(),
        Vec::new().into(),
        Vec::new(),
    );
    program.app.inbox.record(empty.clone(), program.app.clock.now()).await.unwrap();
    let not_kept = empty.id;
    empty.id = DeliveryId::sequential();
    empty.body = "{broken".into();
    program.app.inbox.record(empty.clone(), program.app.clock.now()).await.unwrap();
    for id in [not_kept, empty.id] {
        let answer = program.call(request(Method::POST, &format!("{LOG}/{id}/replay"), Body::empty())).await;
        answer.problem(409, "invalid_request");
    }
    let shown = program.get(&format!("{LOG}/{not_kept}")).await.expect(StatusCode::OK);
    assert!(shown.json["data"]["body"].is_null());
    let answer = program.call(request(Method::POST, &format!("{LOG}/{unread}/replay"), Body::empty())).await;
    assert_eq!(answer.expect(StatusCode::ACCEPTED).json["data"]["ignored"], json!(["unknown"]));
}

#[tokio::test]
async fn only_the_tenants_own_key_with_the_scope_reads_and_replays() {
    let program = shop().await;
    let id = came(&program, "toko-budi", "shop", &sent("m1")).await;
    let other = came(&program, "toko-budi", "other", &sent("m2")).await;
    let routes = |account: &str, id: DeliveryId| {
        let log = format!("/v1/accounts/{account}/webhooks");
        [
            request(Method::GET, &log, Body::empty()),
            request(Method::GET, &format!("{log}/{id}"), Body::empty()),
            request(Method::POST, &format!("{log}/{id}/replay"), Body::empty()),
        ]
    };
    let stranger = program.app.key("warung-siti", &Scope::ALL).await;
    let narrow = program.app.key("toko-budi", &[Scope::VerificationsRead, Scope::VerificationsWrite]).await;
    for asked in routes("shop", id) {
        program.app.call(asked).await.problem(401, "unauthorized");
    }
    for asked in routes("shop", id) {
        program.app.call(signed(asked, &narrow)).await.problem(403, "forbidden");
    }
    for asked in routes("shop", id) {
        program.app.call(signed(asked, &stranger)).await.problem(404, "not_found");
    }
    for asked in routes("nobody", id) {
        program.call(asked).await.problem(404, "not_found");
    }
    // A webhook of another account is none of this one's.
    for asked in routes("shop", other).into_iter().skip(1) {
        program.call(asked).await.problem(404, "not_found");
    }
    program.get(&format!("{LOG}/not-an-id")).await.problem(404, "not_found");
    assert_eq!(audit(&program).await.len(), 1);
}

/// The secret that a provider puts into its bodies is in no store, and the webhook is replayed without it.
#[tokio::test]
async fn the_secret_of_a_body_is_not_stored() {
    let source = FonnteWebhooks::default().with_secret(Some(Secret::new("made-up-webhook-secret")));
    let app = TestApp::with(Setup { source: std::sync::Arc::new(source.clone()), ..Setup::default() });
    app.report(json!({"id": "1", "status": "sent", "secret": "made-up-webhook-secret"})).await;
    let form = "id=2&status=sent&secret=made-up-webhook-secret";
    let posted = request(Method::POST, &format!("/webhook/whatsapp/{WEBHOOK_TOKEN}"), form);
    app.call(posted).await.expect(StatusCode::OK);
    let lines = app.inbox.lines().await;
    assert_eq!(lines.len(), 2);
    for line in lines {
        let stored = app.inbox.replay(&TenantId::default(), line.id).await.unwrap().unwrap();
        let body = std::str::from_utf8(&stored.body).unwrap();
        assert!(body.contains("sent") && !body.contains("made-up-webhook-secret"), "{body}");
        let (tenant, account) = (TenantId::default(), AccountId::default());
        let done = app.dispatcher.intake().replay(&tenant, &account, line.id, &source).await.unwrap();
        assert_eq!((done.events, done.recorded.known), (1, 1));
    }
}
