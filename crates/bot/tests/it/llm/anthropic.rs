//! The Messages API over a socket, whole and streamed.

use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use wartel_bot::llm::anthropic::{Anthropic, AnthropicConfig};
use wartel_bot::llm::{Finish, LanguageModel, LlmErrorKind, Price};
use wartel_bot::testing::llm::contract::{KEY, ModelBench, Scene};

use super::double::{Answer, Double};
use super::question;

struct Bench {
    stream: bool,
    server: OnceLock<Double>,
}

fn bench(stream: bool) -> Bench {
    Bench { stream, server: OnceLock::new() }
}

fn model(server: &Double, stream: bool) -> Anthropic {
    let config = AnthropicConfig::new(KEY, "claude-x").with_price(Price::new(1, 1, 1)).with_stream(stream);
    Anthropic::new(config.with_base_url(&server.url)).unwrap()
}

#[async_trait::async_trait]
impl ModelBench for Bench {
    async fn model(&self, scene: Scene) -> Arc<dyn LanguageModel> {
        let server = Double::start(answer(scene, self.stream)).await;
        let model = model(&server, self.stream);
        self.server.set(server).ok().unwrap();
        Arc::new(model)
    }

    fn requests(&self) -> Vec<Value> {
        self.server.get().map(Double::bodies).unwrap_or_default()
    }
}

pub(super) fn answer(scene: Scene, stream: bool) -> Answer {
    let text = |text: &str| json!({"type": "text", "text": text});
    let search = json!({"type": "tool_use", "id": "toolu_1", "name": "search", "input": {"make": "Toyota"}});
    let hours = json!({"type": "tool_use", "id": "toolu_2", "name": "hours", "input": {}});
    let (content, stop) = match scene {
        Scene::Says => (vec![json!({"type": "new_block"}), text("Halo Kak")], "end_turn"),
        Scene::Calls => (vec![search, hours], "tool_use"),
        Scene::SaysAndCalls => (vec![text("Sebentar"), search], "tool_use"),
        Scene::Thinks => {
            (vec![json!({"type": "thinking", "thinking": "Greets.", "signature": "x"})], "end_turn")
        }
        Scene::TooLongAnswer => (vec![text("Harganya 15")], "max_tokens"),
        Scene::EndsStrangely => (vec![text("Halo Kak")], "pause_turn"),
        Scene::Breaks if stream => {
            let events = events(&[text("Harganya 15")], "end_turn");
            return Answer::events(&events[..3], "");
        }
        Scene::Breaks => {
            let body = message(vec![text("Harganya 15")], "end_turn").to_string();
            return Answer::Cut { kind: "application/json", body: body[..50].to_owned() };
        }
        Scene::Nonsense => return Answer::page(),
        Scene::Silent => return Answer::Silence,
        refused => {
            let (status, word) = match refused {
                Scene::WrongKey => (401, "authentication_error"),
                Scene::TooMany => (429, "rate_limit_error"),
                Scene::Overloaded => (529, "overloaded_error"),
                Scene::NoModel => (404, "not_found_error"),
                _ => panic!("no such scene: {refused:?}"),
            };
            let error = json!({"type": word, "message": "SECRET"});
            return Answer::refusal(status, &json!({"type": "error", "error": error, "request_id": "req_1"}));
        }
    };
    if stream { Answer::events(&events(&content, stop), "") } else { Answer::json(&message(content, stop)) }
}

fn message(content: Vec<Value>, stop: &str) -> Value {
    json!({"id": "msg_1", "type": "message", "role": "assistant", "content": content, "stop_reason": stop,
           "usage": {"input_tokens": 5, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 2,
                     "output_tokens": 5}})
}

/// The events of an answer: every block begins empty and comes in two pieces.
fn events(content: &[Value], stop: &str) -> Vec<Value> {
    let usage = json!({"input_tokens": 5, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 2,
                       "output_tokens": 1});
    let mut events = vec![
        json!({"type": "message_start", "message": {"id": "msg_1", "content": [], "usage": usage}}),
        json!({"type": "ping"}),
    ];
    for (index, block) in content.iter().enumerate() {
        let kind = block["type"].as_str().unwrap();
        let (name, whole) = match kind {
            "text" => ("text", block["text"].as_str().unwrap().to_owned()),
            "thinking" => ("thinking", block["thinking"].as_str().unwrap().to_owned()),
            "tool_use" if block["input"] == json!({}) => ("partial_json", String::new()),
            "tool_use" => ("partial_json", block["input"].to_string()),
            _ => ("new_field", String::new()),
        };
        let mut empty = block.clone();
        match kind {
            "tool_use" => empty["input"] = json!({}),
            _ => empty[name] = json!(""),
        }
        events.push(json!({"type": "content_block_start", "index": index, "content_block": empty}));
        let delta = if kind == "tool_use" { "input_json_delta".to_owned() } else { format!("{kind}_delta") };
        let (first, second) = whole.split_at(whole.len() / 2);
        for piece in [first, second] {
            events.push(json!({"type": "content_block_delta", "index": index,
                               "delta": {"type": delta, name: piece}}));
        }
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    events.push(
        json!({"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": 5}}),
    );
    events.push(json!({"type": "message_stop"}));
    events
}

mod whole {
    wartel_bot::language_model_contract!(async { super::bench(false) });
}
mod streamed {
    wartel_bot::language_model_contract!(async { super::bench(true) });
}

#[tokio::test]
async fn the_key_and_the_version_are_headers() {
    let server = Double::start(answer(Scene::Says, false)).await;
    let reply = model(&server, false).complete(&question()).await.unwrap();
    assert_eq!((reply.usage.cached, reply.request_id.as_deref()), (4, Some("msg_1")));
    let head = server.heads().pop().unwrap();
    assert!(head.starts_with("post /v1/messages http/1.1"), "{head}");
    assert!(head.contains(&format!("x-api-key: {KEY}")), "{head}");
    assert!(head.contains("anthropic-version: 2023-06-01"), "{head}");
}

#[tokio::test]
async fn hazard_24_an_error_within_a_stream_is_an_error() {
    let mut all = events(&[json!({"type": "text", "text": "Halo"})], "end_turn");
    all.insert(3, json!({"type": "error", "error": {"type": "overloaded_error", "message": "m"}}));
    let server = Double::start(Answer::events(&all, "")).await;
    let error = model(&server, true).complete(&question()).await.unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::Overloaded);
    let balance = json!({"type": "error", "error": {"type": "1113", "code": "1113", "message": "[1113]"}});
    let server = Double::start(Answer::json(&balance)).await;
    let error = model(&server, false).complete(&question()).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (LlmErrorKind::Quota, Some("1113")));
}

#[tokio::test]
async fn hazard_25_a_refusal_leaves_no_text() {
    let body = message(vec![json!({"type": "text", "text": "I can"})], "refusal");
    let server = Double::start(Answer::json(&body)).await;
    let reply = model(&server, false).complete(&question()).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.finish), ("", Finish::Blocked));
}
