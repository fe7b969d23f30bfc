//! Chat completions over a socket, whole and streamed.

use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use wartel_bot::llm::openai::{OpenAi, OpenAiConfig, Profile};
use wartel_bot::llm::{
    Backend, Finish, LanguageModel, LlmError, LlmErrorKind, LlmReply, ModelSet, Models, NoLlmEvents,
    RetryPolicy,
};
use wartel_bot::spend::{MemorySpendStore, SpendCaps};
use wartel_bot::testing::llm::contract::{KEY, ModelBench, Scene};
use wartel_core::{ManualClock, TenantId};

use super::double::{Answer, Double};
use super::question;

struct Bench {
    profile: Profile,
    stream: bool,
    layers: bool,
    server: OnceLock<Double>,
}

fn bench(profile: Profile, stream: bool) -> Bench {
    Bench { profile, stream, layers: false, server: OnceLock::new() }
}

fn config(profile: Profile, base: &str, stream: bool) -> OpenAiConfig {
    let config = match profile {
        Profile::Zai => OpenAiConfig::zai(KEY, "glm-4.7-flash").with_base_url(base),
        _ => OpenAiConfig::llama_cpp(base, "qwen").with_api_key(KEY),
    };
    config.with_stream(stream)
}

#[async_trait::async_trait]
impl ModelBench for Bench {
    async fn model(&self, scene: Scene) -> Arc<dyn LanguageModel> {
        let answer = if self.stream { streamed(scene) } else { whole(scene) };
        let server = Double::start(answer.unwrap_or_else(|| refused(self.profile, scene))).await;
        let model = OpenAi::new(config(self.profile, &server.url, self.stream)).unwrap();
        self.server.set(server).ok().unwrap();
        if self.layers { layered(model) } else { Arc::new(model) }
    }

    fn requests(&self) -> Vec<Value> {
        self.server.get().map(Double::bodies).unwrap_or_default()
    }
}

fn call(index: u64, name: &str, arguments: &str) -> Value {
    json!({"id": format!("call_-78{index}"), "index": index, "type": "function",
           "function": {"name": name, "arguments": arguments}})
}

/// The shape of the recorded answers of 2026-03.
fn answer(message: Value, finish: &str) -> Value {
    json!({
        "choices": [{"finish_reason": finish, "index": 0, "message": message}],
        "created": 1_773_349_384, "id": "202603130503035652", "model": "glm-4.7-flash", "timings": {"x": 1},
        "object": "chat.completion", "request_id": "202603130503035652",
        "usage": {"completion_tokens": 5, "prompt_tokens": 11, "total_tokens": 16,
                  "prompt_tokens_details": {"cached_tokens": 3},
                  "completion_tokens_details": {"reasoning_tokens": 2}},
    })
}

pub(super) fn whole(scene: Scene) -> Option<Answer> {
    let toyota = r#"{"make":"Toyota"}"#;
    let body = match scene {
        Scene::Says => answer(json!({"role": "assistant", "content": "Halo Kak", "new": [1]}), "stop"),
        Scene::Calls => answer(
            json!({"content": null, "tool_calls": [call(0, "search", toyota), call(1, "hours", "")]}),
            "tool_calls",
        ),
        Scene::SaysAndCalls => answer(
            json!({"content": "Sebentar", "reasoning_content": "Look.", "role": "assistant",
                   "tool_calls": [call(0, "search", toyota)]}),
            "tool_calls",
        ),
        Scene::Thinks => answer(json!({"content": "", "reasoning_content": "Greets."}), "stop"),
        Scene::TooLongAnswer => answer(json!({"content": "Harganya 15"}), "length"),
        Scene::EndsStrangely => answer(json!({"content": "Halo Kak"}), "tired"),
        Scene::Breaks => {
            let body = answer(json!({"content": "Harganya 15"}), "stop").to_string();
            return Some(Answer::Cut { kind: "application/json", body: body[..60].to_owned() });
        }
        Scene::Nonsense => return Some(Answer::page()),
        Scene::Silent => return Some(Answer::Silence),
        _ => return None,
    };
    Some(Answer::json(&body))
}

fn chunk(delta: Value) -> Value {
    json!({"id": "2026", "created": 1, "object": "chat.completion.chunk", "model": "glm",
           "choices": [{"index": 0, "delta": delta}]})
}

fn last(finish: &str) -> Value {
    json!({"id": "2026", "choices": [{"index": 0, "finish_reason": finish, "delta": {"role": "assistant",
           "content": ""}}], "usage": {"completion_tokens": 5, "prompt_tokens": 11}})
}

pub(super) fn streamed(scene: Scene) -> Option<Answer> {
    let say = |text: &str| chunk(json!({"role": "assistant", "content": text}));
    let events = match scene {
        Scene::Says => vec![say("Halo "), say("Kak"), last("stop")],
        Scene::Calls => vec![
            // One call in pieces, the other whole.
            chunk(json!({"tool_calls": [call(0, "search", "")]})),
            chunk(json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"make\":"}}]})),
            chunk(json!({"tool_calls": [{"index": 0, "function": {"arguments": "\"Toyota\"}"}}]})),
            chunk(json!({"tool_calls": [call(1, "hours", "")]})),
            last("tool_calls"),
        ],
        Scene::SaysAndCalls => vec![
            chunk(json!({"reasoning_content": "Look."})),
            say("Sebentar"),
            chunk(json!({"tool_calls": [call(0, "search", r#"{"make":"Toyota"}"#)]})),
            last("tool_calls"),
        ],
        Scene::Thinks => vec![chunk(json!({"reasoning_content": "Greets."})), last("stop")],
        Scene::TooLongAnswer => vec![say("Harganya 15"), last("length")],
        Scene::EndsStrangely => vec![say("Halo Kak"), last("tired")],
        Scene::Breaks => return Some(Answer::events(&[say("Harganya 15")], "data: {\"choi")),
        Scene::Nonsense => return Some(Answer::page()),
        Scene::Silent => return Some(Answer::Silence),
        _ => return None,
    };
    Some(Answer::events(&events, "data: [DONE]\n\n"))
}

fn refused(profile: Profile, scene: Scene) -> Answer {
    let zai = profile == Profile::Zai;
    let (status, code, word) = match scene {
        Scene::WrongKey => (401, json!("1000"), "authentication_error"),
        Scene::TooMany => (429, json!("1302"), "rate_limit_error"),
        Scene::Overloaded => (503, json!("1305"), "unavailable_error"),
        Scene::NoModel => (404, json!("1211"), "not_found_error"),
        _ => panic!("no such scene: {scene:?}"),
    };
    let error = if zai {
        json!({"error": {"code": code, "message": "SECRET"}})
    } else {
        json!({"error": {"code": status, "message": "SECRET", "type": word}})
    };
    Answer::refusal(status, &error)
}

/// Every layer around a model, as a tenant gets it, but without a second try.
fn layered(model: OpenAi) -> Arc<dyn LanguageModel> {
    let clock = Arc::new(ManualClock::default());
    let models = Models::new(Arc::new(MemorySpendStore::new()), clock, Arc::new(NoLlmEvents));
    let retry = RetryPolicy::default().with_max_tries(NonZeroU32::MIN);
    let set = ModelSet::new(vec![Backend::Model(Arc::new(model))]).with_retry(retry);
    models.set_default(set).unwrap();
    models.for_tenant(&TenantId::default(), &SpendCaps::new(0, 0, "Asia/Jakarta")).unwrap()
}

mod zai_with_every_layer {
    wartel_bot::language_model_contract!(async {
        super::Bench { layers: true, ..super::bench(super::Profile::Zai, false) }
    });
}
mod zai {
    wartel_bot::language_model_contract!(async { super::bench(super::Profile::Zai, false) });
}
mod zai_streamed {
    wartel_bot::language_model_contract!(async { super::bench(super::Profile::Zai, true) });
}
mod llama_cpp {
    wartel_bot::language_model_contract!(async { super::bench(super::Profile::LlamaCpp, false) });
}
mod llama_cpp_streamed {
    wartel_bot::language_model_contract!(async { super::bench(super::Profile::LlamaCpp, true) });
}

async fn ask(answer: Answer, stream: bool) -> Result<LlmReply, LlmError> {
    let server = Double::start(answer).await;
    OpenAi::new(config(Profile::Zai, &server.url, stream)).unwrap().complete(&question()).await
}

#[tokio::test]
async fn what_servers_leave_out_and_add_does_no_harm() {
    let said = json!({"content": "Halo Kak"});
    for body in [
        json!({"choices": [{"message": said}]}),
        json!({"choices": [{"message": said, "finish_reason": ""}], "usage": {}}),
        json!({"choices": [{"message": said, "finish_reason": null}], "usage": null, "error": null}),
        json!({"choices": [{"message": {"content": [{"type": "text", "text": "Halo "}, {"text": "Kak"}]}}]}),
        json!({"choices": [{"message": {"content": "<think>hm</think>Halo Kak"}, "finish_reason": "stop"}]}),
    ] {
        let reply = ask(Answer::json(&body), false).await.unwrap();
        assert_eq!((reply.text.as_str(), reply.finish), ("Halo Kak", Finish::Stop), "{body}");
    }
    let reply = ask(whole(Scene::Says).unwrap(), false).await.unwrap();
    assert_eq!((reply.usage.cached, reply.usage.reasoning), (3, 2));
    assert_eq!(reply.request_id.as_deref(), Some("202603130503035652"));
    // A server that was asked for a stream and answers without one.
    assert_eq!(ask(whole(Scene::Says).unwrap(), true).await.unwrap().text, "Halo Kak");
}

#[tokio::test]
async fn hazard_26_a_stream_ends_with_a_reason_or_a_mark() {
    let say = chunk(json!({"content": "Halo Kak"}));
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 5}});
    let done = "data: [DONE]\n\n";
    for (events, end) in [
        (vec![say.clone(), last("stop")], ""),
        (vec![say.clone()], done),
        (vec![say.clone(), last("")], done),
        (vec![say.clone(), last("stop"), usage.clone()], done),
        (vec![say.clone(), last("stop")], "data: [DONE]"),
    ] {
        let reply = ask(Answer::events(&events, end), true).await.unwrap();
        assert_eq!((reply.text.as_str(), reply.finish), ("Halo Kak", Finish::Stop), "{events:?} {end}");
    }
    // A byte order mark before a stream, which its parser would panic on.
    let Answer::Whole { kind, body, .. } = Answer::events(&[say.clone(), last("stop")], "") else { panic!() };
    assert_eq!(ask(Answer::of(kind, format!("\u{feff}{body}")), true).await.unwrap().text, "Halo Kak");
    for (events, end) in [
        (vec![say.clone()], ""),
        (vec![say.clone(), usage], ""),
        (vec![say.clone(), last("network_error")], done),
        (vec![say.clone()], "data: {\"choices\": [{\"fini"),
        (vec![say.clone(), last("stop")], "data: {\"choices\": [{\"del\n\n"),
    ] {
        let error = ask(Answer::events(&events, end), true).await.unwrap_err();
        assert_eq!(error.kind, LlmErrorKind::CutOff, "{events:?} {end}");
    }
}

#[tokio::test]
async fn hazards_24_25_errors_on_a_good_status_are_errors() {
    let say = chunk(json!({"content": "Halo"}));
    let quota = json!({"error": {"code": "1113", "message": "Insufficient balance"}});
    for (answer, stream) in [
        (Answer::json(&quota), false),
        (Answer::events(std::slice::from_ref(&quota), ""), true),
        (Answer::events(&[say.clone(), quota.clone()], "data: [DONE]\n\n"), true),
        (Answer::events(std::slice::from_ref(&say), "event: error\ndata: {\"code\":\"1113\"}\n\n"), true),
    ] {
        let error = ask(answer, stream).await.unwrap_err();
        assert_eq!((error.kind, error.code.as_deref()), (LlmErrorKind::Quota, Some("1113")));
    }
    for finish in ["sensitive", "content_filter"] {
        let events = [say.clone(), last(finish)];
        let reply = ask(Answer::events(&events, "data: [DONE]\n\n"), true).await.unwrap();
        assert_eq!((reply.text.as_str(), reply.finish), ("", Finish::Blocked), "{finish}");
    }
    let refusal = answer(json!({"content": null, "refusal": "I cannot."}), "stop");
    assert_eq!(ask(Answer::json(&refusal), false).await.unwrap().finish, Finish::Blocked);
    let full = answer(json!({"content": "Halo"}), "model_context_window_exceeded");
    assert_eq!(ask(Answer::json(&full), false).await.unwrap_err().kind, LlmErrorKind::ContextTooLong);
}

#[tokio::test]
async fn hazard_28_pieces_of_calls_find_their_call() {
    let piece = |piece: Value| chunk(json!({"tool_calls": [piece]}));
    for events in [
        // Every call is number 0.
        vec![
            piece(json!({"index": 0, "id": "a", "function": {"name": "search", "arguments": "{\"n\":1}"}})),
            piece(json!({"index": 0, "id": "b", "function": {"name": "find", "arguments": "{\"n\":2}"}})),
        ],
        // No numbers, and ids only in the first pieces.
        vec![
            piece(json!({"id": "a", "function": {"name": "search", "arguments": "{\"n\""}})),
            piece(json!({"function": {"arguments": ":1}"}})),
            piece(json!({"id": "b", "function": {"name": "search", "arguments": "{\"n\":2}"}})),
        ],
        // Numbers only.
        vec![
            piece(json!({"index": 0, "function": {"name": "search", "arguments": "{\"n\":"}})),
            piece(json!({"index": 1, "function": {"name": "search", "arguments": "{\"n\":2}"}})),
            piece(json!({"index": 0, "function": {"name": "search", "arguments": "1}"}})),
        ],
        // Two objects in one call.
        vec![piece(json!({"index": 0, "id": "a", "function": {"name": "search",
                          "arguments": "{\"n\":1}{\"n\":2}"}}))],
    ] {
        let all: Vec<_> = events.iter().cloned().chain([last("tool_calls")]).collect();
        let reply = ask(Answer::events(&all, "data: [DONE]\n\n"), true).await.unwrap();
        let numbers: Vec<_> =
            reply.tool_calls.iter().map(|call| call.parsed_arguments().unwrap()["n"].clone()).collect();
        assert_eq!(numbers, [json!(1), json!(2)], "{events:?}");
        assert!(reply.tool_calls.iter().all(|call| ["search", "find"].contains(&call.name.as_str())));
        assert_ne!(reply.tool_calls[0].id, reply.tool_calls[1].id);
    }
}

#[tokio::test]
async fn the_key_goes_into_the_header_and_nowhere_else() {
    let server = Double::start(whole(Scene::Says).unwrap()).await;
    let model = OpenAi::new(config(Profile::Zai, &format!("{}/api/paas/v4/", server.url), false)).unwrap();
    model.complete(&question()).await.unwrap();
    let head = server.heads().pop().unwrap();
    assert!(head.starts_with("post /api/paas/v4/chat/completions http/1.1"), "{head}");
    assert!(head.contains(&format!("authorization: bearer {KEY}")), "{head}");
    assert!(!server.bodies()[0].to_string().contains("hush"));
    let unreachable = OpenAi::new(config(Profile::Zai, "http://127.0.0.1:1", false)).unwrap();
    let error = unreachable.complete(&question()).await.unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::Unreachable);
    assert!(!format!("{error:?} {unreachable:?}").contains("hush"));
}
