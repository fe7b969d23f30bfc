//! Ollama over a socket, whole and streamed.

use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use wartel_bot::llm::ollama::{Ollama, OllamaConfig};
use wartel_bot::llm::{LanguageModel, LlmErrorKind};
use wartel_bot::testing::llm::contract::{KEY, ModelBench, Scene};

use super::double::{Answer, Double};
use super::question;

const LINES: &str = "application/x-ndjson";

struct Bench {
    stream: bool,
    server: OnceLock<Double>,
}

fn bench(stream: bool) -> Bench {
    Bench { stream, server: OnceLock::new() }
}

fn model(server: &Double, stream: bool) -> Ollama {
    let config = OllamaConfig::new("qwen3:4b").with_api_key(KEY).with_stream(stream);
    Ollama::new(config.with_base_url(&server.url)).unwrap()
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
    let search = json!({"function": {"name": "search", "arguments": {"make": "Toyota"}}});
    let hours = json!({"function": {"index": 1, "name": "hours", "arguments": {}}});
    let (message, reason) = match scene {
        Scene::Says => (json!({"role": "assistant", "content": "Halo Kak", "new": 1}), "stop"),
        Scene::Calls => (json!({"content": "", "tool_calls": [search, hours]}), "stop"),
        Scene::SaysAndCalls => (json!({"content": "Sebentar", "tool_calls": [search]}), "stop"),
        Scene::Thinks => (json!({"content": "", "thinking": "Greets."}), "stop"),
        Scene::TooLongAnswer => (json!({"content": "Harganya 15"}), "length"),
        Scene::EndsStrangely => (json!({"content": "Halo Kak"}), "unload"),
        Scene::Breaks if stream => return Answer::of(LINES, line(json!({"content": "Harganya 15"}))),
        Scene::Breaks => {
            let body = json!({"message": {"content": "Harganya 15"}, "done": true}).to_string();
            return Answer::Cut { kind: "application/json", body: body[..30].to_owned() };
        }
        Scene::Nonsense => return Answer::page(),
        Scene::Silent => return Answer::Silence,
        Scene::WrongKey => return Answer::refusal(401, &json!({"error": "SECRET"})),
        Scene::TooMany => return Answer::refusal(429, &json!({"error": "SECRET"})),
        Scene::Overloaded => return Answer::refusal(503, &json!({"error": "SECRET"})),
        Scene::NoModel => return Answer::refusal(404, &json!({"error": "SECRET"})),
        _ => panic!("no such scene: {scene:?}"),
    };
    let end = json!({"model": "qwen3:4b", "done": true, "done_reason": reason, "prompt_eval_count": 11,
                     "eval_count": 5, "total_duration": 1_000});
    if stream {
        let last = json!({"message": {"role": "assistant", "content": ""}});
        return Answer::of(LINES, format!("{}\n{}", line(message), merged(last, &end)));
    }
    Answer::json(&merged(json!({"message": message}), &end))
}

fn line(message: Value) -> String {
    format!("{}\n", json!({"model": "qwen3:4b", "message": message, "done": false}))
}

fn merged(mut value: Value, more: &Value) -> Value {
    value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    value
}

mod whole {
    wartel_bot::language_model_contract!(async { super::bench(false) });
}
mod streamed {
    wartel_bot::language_model_contract!(async { super::bench(true) });
}

#[tokio::test]
async fn hazard_26_what_breaks_within_a_stream_is_cut_off() {
    let said = line(json!({"content": "Harganya 15"}));
    for (body, kind) in [
        (format!("{said}{{\"error\":\"out of memory of 6281234567890\"}}\n"), LlmErrorKind::CutOff),
        (format!("{said}{{\"message\":{{\"con"), LlmErrorKind::CutOff),
        (String::new(), LlmErrorKind::Protocol),
        ("{}".to_owned(), LlmErrorKind::Protocol),
    ] {
        let server = Double::start(Answer::of(LINES, body.clone())).await;
        let error = model(&server, true).complete(&question()).await.unwrap_err();
        assert_eq!(error.kind, kind, "{body}");
        assert!(!format!("{error:?}").contains("62812"));
    }
}

#[tokio::test]
async fn the_context_is_always_said() {
    let server = Double::start(answer(Scene::Says, false)).await;
    model(&server, false).complete(&question()).await.unwrap();
    assert_eq!(server.bodies()[0]["options"]["num_ctx"], 8_192);
    assert!(server.heads()[0].starts_with("post /api/chat http/1.1"));
}
