use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use wartel_bot::lead::Leads;
use wartel_bot::pipeline::{BotParts, BotWorker, Brain, NothingPending};
use wartel_bot::testing::{RecordingSender, ScriptedResponder};
use wartel_http::axum::body::Body;
use wartel_http::axum::http::{Method, StatusCode};
use wartel_messaging::inbox::{Contact, ContactId};

use super::{actions, budi, chat, customer, lead, shop, with_body};
use crate::app::{RequestExt as _, request};
use crate::v1::Program;

/// The worker of the assistant, on the stores of the app; it says one thing.
fn worker(program: &Program, sender: &RecordingSender) -> BotWorker {
    let shops = program.app.shops.clone();
    BotWorker::new(BotParts {
        chats: shops.chats,
        tenants: shops.tenants,
        leads: Leads::new(shops.leads),
        spend: shops.spend,
        sender: Arc::new(sender.clone()),
        pending: Arc::new(NothingPending),
        brain: Brain::new(vec![Arc::new(ScriptedResponder::saying("Halo Kak, saya asisten."))]),
        clock: Arc::new(program.app.clock.clone()),
    })
    .without_pace()
}

async fn authors(program: &Program, path: &str) -> Vec<(String, String)> {
    let read = program.get(path).await.expect(StatusCode::OK);
    let word = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    let lines = read.json["data"]["lines"].as_array().unwrap();
    lines.iter().map(|line| (word(line, "author"), word(line, "text"))).collect()
}

fn pair(author: &str, text: &str) -> (String, String) {
    (author.to_owned(), text.to_owned())
}

#[tokio::test]
async fn a_person_who_writes_silences_the_assistant_at_once() {
    let program = shop().await;
    let ani = customer(&program);
    let path = chat(&program, &budi(), &ani, "Avanza masih ada?").await;
    let (sender, to) = (RecordingSender::new(), ani.recipient().unwrap());
    let worker = worker(&program, &sender);
    // What would be answered is due; the person comes first.
    program.app.clock.advance(Duration::from_secs(11));
    let text = json!({"text": " Masih, Kak.\r\nSaya Sari. "});
    let said = program.post(&format!("{path}/messages"), text).await.expect(StatusCode::ACCEPTED);
    assert_eq!((&said.json["data"]["unsent"], &said.json["data"]["unanswered"]), (&json!(1), &json!(0)));
    assert_eq!(said.json["data"]["pause"]["by"], "person");
    assert_eq!(said.json["data"]["pause"]["until"], "2026-01-01T12:00:11Z");
    assert!(sender.sent().is_empty(), "the worker sends it, not the request");
    worker.work_due().await.unwrap();
    assert_eq!(sender.texts_to(&to), ["Masih, Kak.\nSaya Sari."]);
    let expected = [pair("customer", "Avanza masih ada?"), pair("person", "Masih, Kak.\nSaya Sari.")];
    assert_eq!(authors(&program, &path).await, expected);
    let read = program.get(&path).await;
    assert_eq!(read.json["data"]["lines"][1]["outcome"], "sent");

    program.app.clock.advance(Duration::from_secs(3_600));
    worker.work_due().await.unwrap();
    assert_eq!(sender.texts_to(&to).len(), 1);
    let name = format!("{}/{}", wartel_core::AccountId::default(), ani.id);
    let read = format!("chat.read {name}");
    assert_eq!(actions(&program).await[1..], [format!("chat.message {name}"), read.clone(), read]);
}

#[tokio::test]
async fn a_message_under_the_same_name_is_sent_once() {
    let program = shop().await;
    let ani = customer(&program);
    let path = chat(&program, &budi(), &ani, "halo").await;
    let other = chat(&program, &budi(), &customer(&program), "halo").await;
    let send = async |path: &str, name: &str| {
        let asked = with_body(Method::POST, &format!("{path}/messages"), "", &json!({"text": "Halo Kak"}));
        program.call(asked.header("idempotency-key", name)).await
    };
    send(&path, "one").await.expect(StatusCode::ACCEPTED);
    let again = send(&path, "one").await.expect(StatusCode::ACCEPTED);
    assert_eq!(again.json["data"]["unsent"], 1);
    assert_eq!(send(&other, "one").await.expect(StatusCode::ACCEPTED).json["data"]["unsent"], 1);
    let two = send(&path, "two").await.expect(StatusCode::ACCEPTED);
    assert_eq!(two.json["data"]["unsent"], 2);
    send(&path, "two words").await.problem(400, "invalid_request");
    let (sender, to) = (RecordingSender::new(), ani.recipient().unwrap());
    worker(&program, &sender).work_due().await.unwrap();
    // Long after it went out, too.
    send(&path, "one").await.expect(StatusCode::ACCEPTED);
    worker(&program, &sender).work_due().await.unwrap();
    assert_eq!(sender.texts_to(&to).len(), 3, "two here, and one in the other chat of the same number");
}

#[tokio::test]
async fn what_cannot_be_said_is_not_queued() {
    let program = shop().await;
    let path = chat(&program, &budi(), &customer(&program), "halo").await;
    let messages = format!("{path}/messages");
    for body in [
        json!({}),
        json!({"text": ""}),
        json!({"text": " \n "}),
        json!({"text": "\u{200b}\u{2060}"}),
        json!({"text": "a\u{7}b"}),
        json!({"text": "a".repeat(4_097)}),
        json!({"text": ["Halo"]}),
    ] {
        let answer = program.post(&messages, body.clone()).await.problem(400, "invalid_request");
        assert_eq!(answer.fields(), ["text"], "{body}");
    }
    let read = program.get(&path).await;
    assert_eq!(
        (&read.json["data"]["chat"]["unsent"], &read.json["data"]["chat"]["pause"]),
        (&json!(0), &json!(null))
    );

    let now = wartel_core::Clock::now(&program.app.clock);
    let nobody = chat(&program, &budi(), &Contact::blank(ContactId::random(), now), "halo").await;
    let answer = program.post(&format!("{nobody}/messages"), json!({"text": "Halo"})).await;
    answer.problem(409, "no_address");
    assert_eq!(program.get(&nobody).await.json["data"]["chat"]["pause"], json!(null));

    for number in 0..20 {
        let text = json!({"text": format!("pesan {number}")});
        program.post(&messages, text).await.expect(StatusCode::ACCEPTED);
    }
    program.post(&messages, json!({"text": "satu lagi"})).await.problem(429, "rate_limited");
    let unknown = format!("/v1/chats/default/{}/messages", ContactId::random());
    for path in [unknown.as_str(), "/v1/chats/default/x/messages", "/v1/chats/Toko%20Budi/x/messages"] {
        program.post(path, json!({"text": "Halo"})).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn the_assistant_is_silenced_and_speaks_again() {
    let program = shop().await;
    let ani = customer(&program);
    let path = chat(&program, &budi(), &ani, "halo").await;
    let sender = RecordingSender::new();
    let worker = worker(&program, &sender);
    // Without a body: until it is resumed.
    let asked = request(Method::POST, &format!("{path}/pause"), Body::empty());
    let paused = program.call(asked).await.expect(StatusCode::OK);
    let pause = json!({"by": "command", "since": "2026-01-01T00:00:00Z", "until": null});
    assert_eq!(paused.json["data"]["pause"], pause);
    program.app.clock.advance(Duration::from_secs(30));
    worker.work_due().await.unwrap();
    assert_eq!(sender.tried(), 0);
    let list = async |query: &str| {
        let list = program.get(&format!("/v1/chats{query}")).await.expect(StatusCode::OK);
        list.json["data"]["chats"].as_array().unwrap().len()
    };
    chat(&program, &budi(), &customer(&program), "halo").await;
    assert_eq!((list("").await, list("?paused=true").await, list("?paused=false").await), (2, 1, 2));
    assert_eq!(list("?limit=1").await, 1);
    let resumed = program.post(&format!("{path}/resume"), json!({})).await.expect(StatusCode::OK);
    assert_eq!((&resumed.json["data"]["pause"], list("?paused=true").await), (&json!(null), 0));

    let timed = program.post(&format!("{path}/pause"), json!({"minutes": 5})).await.expect(StatusCode::OK);
    assert_eq!(timed.json["data"]["pause"]["until"], "2026-01-01T00:05:30Z");
    for body in
        [json!({"minutes": 0}), json!({"minutes": 43_201}), json!({"minutes": "5"}), json!({"minutes": 1.5})]
    {
        let answer =
            program.post(&format!("{path}/pause"), body.clone()).await.problem(400, "invalid_request");
        assert_eq!(answer.fields(), ["minutes"], "{body}");
    }
    for query in ["?paused=yes", "?limit=0"] {
        program.get(&format!("/v1/chats{query}")).await.problem(400, "invalid_request");
    }
    for step in ["pause", "resume"] {
        let nobody = format!("/v1/chats/default/{}/{step}", ContactId::random());
        program.post(&nobody, json!({})).await.problem(404, "not_found");
    }
    assert_eq!(list("").await, 2, "no chat was made by asking for one");
}

#[tokio::test]
async fn lines_are_read_from_a_number_on() {
    let program = shop().await;
    let path = chat(&program, &budi(), &customer(&program), "halo").await;
    for text in ["satu", "dua"] {
        program.post(&format!("{path}/messages"), json!({"text": text})).await.expect(StatusCode::ACCEPTED);
    }
    worker(&program, &RecordingSender::new()).work_due().await.unwrap();
    let all = [pair("customer", "halo"), pair("person", "satu"), pair("person", "dua")];
    assert_eq!(authors(&program, &path).await, all);
    assert_eq!(authors(&program, &format!("{path}?from=2")).await, all[2..]);
    assert_eq!(authors(&program, &format!("{path}?limit=2")).await, all[1..]);
    for query in ["?from=-1", "?from=9223372036854775808", "?limit=501"] {
        program.get(&format!("{path}{query}")).await.problem(400, "invalid_request");
    }
}

#[tokio::test]
async fn a_customer_is_forgotten() {
    let program = shop().await;
    let (ani, budi_) = (customer(&program), customer(&program));
    let path = chat(&program, &budi(), &ani, "halo").await;
    let other = chat(&program, &budi(), &budi_, "halo").await;
    let lead_path = format!("/v1/leads/{}", lead(&program, &budi(), &ani).await.id);
    let gone = program.delete(&format!("/v1/customers/{}", ani.id)).await.expect(StatusCode::OK);
    assert_eq!(gone.json["data"], json!({"chats": 1, "leads": 1}));
    program.get(&path).await.problem(404, "not_found");
    program.get(&lead_path).await.problem(404, "not_found");
    program.get(&other).await.expect(StatusCode::OK);
    let again = program.delete(&format!("/v1/customers/{}", ani.id)).await.expect(StatusCode::OK);
    assert_eq!(again.json["data"], json!({"chats": 0, "leads": 0}));
    program.delete("/v1/customers/x").await.problem(404, "not_found");
}
