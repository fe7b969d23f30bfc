//! Answers that are cut at every byte, and bytes that are no answers.

use std::sync::Arc;

use http::{HeaderValue, StatusCode, header};
use proptest::prelude::*;
use wartel_bot::llm::anthropic::{Anthropic, AnthropicConfig};
use wartel_bot::llm::ollama::{Ollama, OllamaConfig};
use wartel_bot::llm::openai::{OpenAi, OpenAiConfig};
use wartel_bot::llm::{LanguageModel, LlmError, LlmErrorKind, LlmReply, Price};
use wartel_bot::testing::llm::contract::Scene;
use wartel_messaging::testing::ScriptedTransport;
use wartel_messaging::transport::{BodyEnd, HttpResponse, HttpTransport};

use super::double::Answer;
use super::{anthropic, ollama, openai, question};

/// A model of each adapter, the answers of its server, and what the server is called.
fn model(adapter: &str, transport: &ScriptedTransport) -> Arc<dyn LanguageModel> {
    let transport: Arc<dyn HttpTransport> = Arc::new(transport.clone());
    match adapter {
        "openai" => {
            Arc::new(OpenAi::with_transport(OpenAiConfig::zai("made-up", "glm-4.7"), transport).unwrap())
        }
        "anthropic" => {
            let config = AnthropicConfig::new("made-up", "claude-x").with_price(Price::default());
            Arc::new(Anthropic::with_transport(config, transport).unwrap())
        }
        _ => Arc::new(Ollama::with_transport(OllamaConfig::new("qwen3:4b"), transport).unwrap()),
    }
}

fn answer(adapter: &str, scene: Scene, stream: bool) -> (&'static str, String) {
    let answer = match (adapter, stream) {
        ("openai", false) => openai::whole(scene).unwrap(),
        ("openai", true) => openai::streamed(scene).unwrap(),
        ("anthropic", _) => anthropic::answer(scene, stream),
        _ => ollama::answer(scene, stream),
    };
    let Answer::Whole { kind, body, .. } = answer else { panic!("no whole answer") };
    (kind, body)
}

async fn ask(adapter: &str, kind: &'static str, body: Vec<u8>, end: BodyEnd) -> Result<LlmReply, LlmError> {
    let response = HttpResponse::new(StatusCode::OK, body)
        .with_header(header::CONTENT_TYPE, HeaderValue::from_static(kind))
        .with_end(end);
    let transport = ScriptedTransport::default().then_respond(response);
    model(adapter, &transport).complete(&question()).await
}

#[tokio::test]
async fn hazard_26_an_answer_that_is_cut_anywhere_is_whole_or_an_error() {
    for adapter in ["openai", "anthropic", "ollama"] {
        for (scene, stream) in
            [(Scene::Says, false), (Scene::Says, true), (Scene::SaysAndCalls, true), (Scene::Calls, true)]
        {
            let (kind, body) = answer(adapter, scene, stream);
            let whole = ask(adapter, kind, body.clone().into_bytes(), BodyEnd::Complete).await.unwrap();
            for cut in 0..body.len() {
                for end in [BodyEnd::Complete, BodyEnd::Cut] {
                    let found = ask(adapter, kind, body.as_bytes()[..cut].to_vec(), end).await;
                    let place = format!("{adapter} {scene:?} {stream} {end:?} after {cut} bytes");
                    match found {
                        Ok(reply) => {
                            assert_eq!(reply.text, whole.text, "{place}");
                            assert_eq!(reply.tool_calls, whole.tool_calls, "{place}");
                        }
                        Err(error) => assert!(
                            matches!(error.kind, LlmErrorKind::CutOff | LlmErrorKind::Protocol),
                            "{place}: {error}"
                        ),
                    }
                }
            }
            let error = ask(adapter, kind, body.into_bytes(), BodyEnd::TooLong).await.unwrap_err();
            assert_eq!((error.kind, error.code.as_deref()), (LlmErrorKind::Protocol, Some("too_long")));
        }
    }
}

/// Pieces that answers are made of, in any order.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "data: ",
        "\n\n",
        "[DONE]",
        "{\"choices\":[",
        "{\"delta\":{",
        "\"content\":",
        "\"tool_calls\":[{",
        "\"index\":",
        "}]",
        "}",
        "null",
        "-1",
        "1e999",
        "\"error\":",
        "\"message\":{",
        "\"done\":true",
        "{\"type\":\"tool_use\"",
        "\"input\":{}",
        "event: error\n",
        "\u{feff}",
        "<think>",
        "</think>",
        "\"arguments\":\"{\\\"a\\\":1}{\"",
    ]);
    let piece = prop_oneof![
        known.prop_map(|text| text.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..8)
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { fork: false, timeout: 0, failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn no_bytes_make_an_adapter_panic(body in pieces(), stream in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let kind = if stream { "text/event-stream" } else { "application/json" };
        for adapter in ["openai", "anthropic", "ollama"] {
            let result = runtime.block_on(ask(adapter, kind, body.clone(), BodyEnd::Complete));
            if let Ok(reply) = result {
                prop_assert!(!reply.text.contains("<think>"));
            }
        }
    }
}
