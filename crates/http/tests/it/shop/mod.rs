//! `/v1/shop` and what belongs to it, as programs call it.

mod chats;
mod items;
mod leads;
mod profile;
mod tenants;

use serde_json::{Value, json};
use wartel_access::{AuditLog as _, Scope};
use wartel_bot::ChatKey;
use wartel_bot::conversation::{Chat, ChatWrite, Incoming};
use wartel_bot::lead::{Lead, LeadEvent, LeadEventId, LeadNews, Leads};
use wartel_bot::tenant::BotSettings;
use wartel_core::{AccountId, Clock as _, TenantId};
use wartel_http::axum::body::Body;
use wartel_http::axum::http::{Method, Request, StatusCode};
use wartel_messaging::ContactAddress;
use wartel_messaging::inbox::{Contact, ContactId, InboxEntryId};
use wartel_messaging::testing::sample_phone;

use crate::app::{Answer, RequestExt as _, request};
use crate::v1::{Program, signed};

const SHOP: &str = "/v1/shop";
const BOT: &str = "/v1/shop/bot";
const ITEM: &str = "/v1/items/AV-1";

pub(super) fn budi() -> TenantId {
    TenantId::parse("toko-budi").unwrap()
}

/// A request with a body, and with `If-Match` if `tag` is not empty.
pub(super) fn with_body(method: Method, path: &str, tag: &str, body: &Value) -> Request<Body> {
    let asked = request(method, path, body.to_string()).header("content-type", "application/json");
    if tag.is_empty() { asked } else { asked.header("if-match", tag) }
}

pub(super) async fn put(program: &Program, path: &str, tag: &str, body: &Value) -> Answer {
    program.call(with_body(Method::PUT, path, tag, body)).await
}

pub(super) async fn actions(program: &Program) -> Vec<String> {
    let audit = program.app.audit.list(Some(budi()), None, 100).await.unwrap();
    assert!(audit.iter().all(|entry| entry.actor.starts_with("api_key:")));
    audit.into_iter().rev().map(|entry| format!("{} {}", entry.action, entry.subject)).collect()
}

pub(super) fn profile() -> Value {
    json!({
        "name": "Toko Budi",
        "phone": "+6281234567890",
        "hours": {"time_zone": "Asia/Jakarta", "week": vec![json!([["08:00", "17:00"]]); 7]},
        "policies": ["Garansi mesin satu tahun."],
        "staff": [{"phone": "+6281512345670", "name": "Ibu Sari"}],
        "bot": {"enabled": true},
    })
}

/// A program whose tenant has a shop.
pub(super) async fn shop() -> Program {
    let program = Program::new().await;
    put(&program, SHOP, "", &profile()).await.expect(StatusCode::OK);
    program
}

/// A customer of whom the number is known.
pub(super) fn customer(program: &Program) -> Contact {
    let address = ContactAddress::from(sample_phone());
    Contact::new(ContactId::random(), &address, program.app.clock.now()).with_name(Some("Ani".to_owned()))
}

/// A chat of a tenant in which the customer has written this; gives its path.
pub(super) async fn chat(program: &Program, tenant: &TenantId, contact: &Contact, text: &str) -> String {
    let key = ChatKey::new(tenant.clone(), AccountId::default(), contact.id);
    let mut chat = Chat::new(key.clone());
    chat.meet(contact);
    let now = program.app.clock.now();
    let message = Incoming::new(InboxEntryId::random(), text, now);
    let (_, lines) = chat.customer_wrote(&message, true, &BotSettings::default());
    let write = ChatWrite::new(chat, wartel_bot::Revision::NEW).with_lines(lines);
    assert!(program.app.shops.chats.save(&write, now).await.unwrap().is_saved());
    format!("/v1/chats/{}/{}", key.account, key.contact)
}

/// The customer's lead.
pub(super) async fn lead(program: &Program, tenant: &TenantId, contact: &Contact) -> Lead {
    let news = LeadNews::Wrote { phone: contact.phone.clone(), name: contact.name.clone() };
    let (id, now) = (LeadEventId::random(), program.app.clock.now());
    let event = LeadEvent::new(id, tenant.clone(), contact.id, AccountId::default(), news, now);
    Leads::new(program.app.shops.leads.clone()).tell(&event).await.unwrap().unwrap().lead
}

/// A request to every route.
pub(super) fn every_route() -> Vec<Request<Body>> {
    let chat = format!("/v1/chats/default/{}", ContactId::random());
    let get = |path: &str| request(Method::GET, path, Body::empty());
    let post = |path: String, body: Value| with_body(Method::POST, &path, "", &body);
    let lead = format!("/v1/leads/{}", ContactId::random());
    vec![
        get(SHOP),
        with_body(Method::PUT, SHOP, "", &profile()),
        get(BOT),
        with_body(Method::PUT, BOT, "", &json!({"enabled": true})),
        get("/v1/usage"),
        get("/v1/items"),
        get(ITEM),
        with_body(Method::PUT, ITEM, "", &json!({"title": "Avanza"})),
        request(Method::DELETE, ITEM, Body::empty()),
        get("/v1/items.csv"),
        request(Method::POST, "/v1/items.csv", "code,title\nAV-1,Avanza").header("content-type", "text/csv"),
        get("/v1/leads"),
        get(&lead),
        with_body(Method::PUT, &lead, "", &json!({"stage": "won"})),
        get("/v1/chats"),
        get(&chat),
        post(format!("{chat}/pause"), json!({})),
        post(format!("{chat}/resume"), json!({})),
        post(format!("{chat}/messages"), json!({"text": "Halo"})),
        request(Method::DELETE, &format!("/v1/customers/{}", ContactId::random()), Body::empty()),
    ]
}

#[tokio::test]
async fn every_route_needs_a_key_with_the_scope_shop() {
    let program = Program::new().await;
    for asked in every_route() {
        let answer = program.app.call(asked).await.problem(401, "unauthorized");
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"wartel\"");
    }
    let scopes = [Scope::VerificationsRead, Scope::VerificationsWrite, Scope::Accounts];
    let key = program.app.key("toko-budi", &scopes).await;
    for asked in every_route() {
        let answer = program.app.call(signed(asked, &key)).await.problem(403, "forbidden");
        assert!(answer.header("www-authenticate").ends_with("scope=\"shop\""));
    }
    assert!(program.app.shops.tenants.get(&budi()).await.unwrap().is_none());
    assert!(program.app.shops.catalogue.list(&budi()).await.unwrap().is_empty());
    let key = program.app.key("toko-budi", &[Scope::Shop]).await;
    for asked in every_route() {
        let status = program.app.call(signed(asked, &key)).await.status;
        assert!(!matches!(status.as_u16(), 401 | 403 | 405 | 500..), "{status}");
    }
}
