//! A request as chat completions want it.

use serde_json::{Map, Value, json};

use super::config::{OpenAiConfig, Profile};
use super::prices;
use crate::llm::wire::{arguments_as_object, tenths, with_schema};
use crate::llm::{LlmMessage, LlmRequest, ResponseFormat, Thinking};

/// The most that Z.AI writes. Source: docs.z.ai, 2026-11.
const ZAI_MAX_TOKENS: u32 = 131_072;

/// The body of a request.
pub(super) fn body(config: &OpenAiConfig, request: &LlmRequest) -> Value {
    let zai = config.profile == Profile::Zai;
    let mut body = Map::new();
    body.insert("model".into(), config.model.clone().into());
    body.insert("messages".into(), messages(config, request));
    body.insert("stream".into(), config.stream.into());
    if config.stream && !zai {
        body.insert("stream_options".into(), json!({"include_usage": true}));
    }
    match config.profile {
        Profile::OpenAi => body.insert("max_completion_tokens".into(), request.max_output_tokens.into()),
        Profile::Zai => {
            body.insert("max_tokens".into(), request.max_output_tokens.clamp(1, ZAI_MAX_TOKENS).into())
        }
        _ => body.insert("max_tokens".into(), request.max_output_tokens.into()),
    };
    temperature(config, request, &mut body);
    if config.tools && !request.tools.is_empty() {
        let tools = request.tools.iter().map(|tool| {
            json!({"type": "function", "function": {
                "name": tool.name, "description": tool.description, "parameters": tool.parameters,
            }})
        });
        body.insert("tools".into(), tools.collect());
        body.insert("tool_choice".into(), "auto".into());
    }
    if let ResponseFormat::Json { name, schema } = &request.format {
        let format = if config.json_schema {
            json!({"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": false}})
        } else {
            json!({"type": "json_object"})
        };
        body.insert("response_format".into(), format);
    }
    if request.thinking == Thinking::Off {
        thinking_off(config, &mut body);
    }
    identity(config, request, &mut body);
    Value::Object(body)
}

fn temperature(config: &OpenAiConfig, request: &LlmRequest, body: &mut Map<String, Value>) {
    let Some(temperature) = request.temperature.filter(|_| config.takes_temperature) else { return };
    match (config.profile, tenths(temperature)) {
        // Z.AI refuses 0; this is how its SDK asks for the likeliest answer.
        (Profile::Zai, zero) if zero <= 0.0 => body.insert("do_sample".into(), false.into()),
        (Profile::Zai, warm) => body.insert("temperature".into(), warm.min(1.0).into()),
        (_, any) => body.insert("temperature".into(), any.into()),
    };
}

/// GLM models think unless they are told not to, from 4.5 on; from 5.3 on they can only be told to think little.
fn thinking_off(config: &OpenAiConfig, body: &mut Map<String, Value>) {
    match config.profile {
        Profile::Zai if (4, 5) <= version(config) && version(config) < (5, 3) => {
            body.insert("thinking".into(), json!({"type": "disabled"}));
        }
        // Templates that know no such word pass it over. Source: llama.cpp pull request 13196.
        Profile::LlamaCpp => {
            body.insert("chat_template_kwargs".into(), json!({"enable_thinking": false}));
        }
        _ => {}
    }
    if let Some(effort) = &config.reasoning_effort {
        body.insert("reasoning_effort".into(), effort.clone().into());
    }
}

fn version(config: &OpenAiConfig) -> (u32, u32) {
    // A name without a version is taken for one of today's models.
    prices::version_of_glm(&config.model).unwrap_or((4, 7))
}

fn identity(config: &OpenAiConfig, request: &LlmRequest, body: &mut Map<String, Value>) {
    let user = request.user_id.as_deref().filter(|user| (6..=128).contains(&user.len()));
    match config.profile {
        Profile::Zai => {
            if (6..=64).contains(&request.request_id.len()) {
                body.insert("request_id".into(), request.request_id.clone().into());
            }
            if let Some(user) = user {
                body.insert("user_id".into(), user.into());
            }
        }
        Profile::OpenAi => {
            if let Some(user) = user {
                body.insert("user".into(), user.into());
            }
        }
        _ => {}
    }
}

fn messages(config: &OpenAiConfig, request: &LlmRequest) -> Value {
    let system = with_schema(request, !config.json_schema);
    let system = (!system.is_empty()).then(|| json!({"role": "system", "content": system}));
    system.into_iter().chain(request.messages.iter().map(|message| self::message(config, message))).collect()
}

fn message(config: &OpenAiConfig, message: &LlmMessage) -> Value {
    match message {
        LlmMessage::User { text } => json!({"role": "user", "content": text}),
        LlmMessage::ToolResult { call_id, content, .. } => {
            json!({"role": "tool", "tool_call_id": call_id, "content": content})
        }
        LlmMessage::Assistant { text, tool_calls, reasoning } => {
            let mut said = Map::new();
            said.insert("role".into(), "assistant".into());
            said.insert("content".into(), text.clone().into());
            if !tool_calls.is_empty() {
                let calls = tool_calls.iter().map(|call| {
                    let arguments = Value::Object(arguments_as_object(call)).to_string();
                    json!({"id": call.id, "type": "function",
                           "function": {"name": call.name, "arguments": arguments}})
                });
                said.insert("tool_calls".into(), calls.collect());
            }
            if let Some(reasoning) = reasoning.as_ref().filter(|_| config.profile == Profile::Zai) {
                said.insert("reasoning_content".into(), reasoning.clone().into());
            }
            Value::Object(said)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::{Price, ToolCall};
    use crate::tool::ToolSpec;

    fn request() -> LlmRequest {
        let call = ToolCall { id: "call_-7".into(), name: "search".into(), arguments: "{\"make\":".into() };
        LlmRequest::new(
            "Be brief.",
            vec![
                LlmMessage::user("ada avanza?"),
                LlmMessage::Assistant {
                    text: String::new(),
                    tool_calls: vec![call],
                    reasoning: Some("Look it up.".into()),
                },
                LlmMessage::ToolResult {
                    call_id: "call_-7".into(),
                    name: "search".into(),
                    content: "not JSON".into(),
                    is_error: true,
                },
            ],
            "turn-0001",
        )
        .with_tools(vec![ToolSpec::new("search", "Looks.", json!({"type": "object"}))])
        .with_user_id("customer-7")
    }

    #[test]
    fn zai_gets_what_it_documents() {
        let config = OpenAiConfig::zai("made-up.key", "glm-4.7-flash").with_stream(true);
        assert_eq!(
            body(&config, &request()),
            json!({
                "model": "glm-4.7-flash",
                "messages": [
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": "ada avanza?"},
                    {"role": "assistant", "content": "", "reasoning_content": "Look it up.",
                     "tool_calls": [{"id": "call_-7", "type": "function",
                                     "function": {"name": "search", "arguments": "{}"}}]},
                    {"role": "tool", "tool_call_id": "call_-7", "content": "not JSON"},
                ],
                "stream": true,
                "max_tokens": 1_024,
                "temperature": 0.2,
                "tools": [{"type": "function", "function": {
                    "name": "search", "description": "Looks.", "parameters": {"type": "object"}}}],
                "tool_choice": "auto",
                "thinking": {"type": "disabled"},
                "request_id": "turn-0001",
                "user_id": "customer-7",
            })
        );
    }

    #[test]
    fn the_others_get_their_own_words() {
        let openai = OpenAiConfig::openai("made-up", "gpt-x")
            .with_price(Price::new(1, 1, 1))
            .with_stream(true)
            .with_temperature(false)
            .with_reasoning_effort("minimal");
        let sent = body(&openai, &request());
        assert_eq!(sent["max_completion_tokens"], 1_024);
        assert_eq!(sent["stream_options"], json!({"include_usage": true}));
        assert_eq!((&sent["reasoning_effort"], &sent["user"]), (&json!("minimal"), &json!("customer-7")));
        for missing in ["max_tokens", "temperature", "request_id", "thinking"] {
            assert!(sent.get(missing).is_none(), "{missing}");
        }
        let llama = body(&OpenAiConfig::llama_cpp("http://127.0.0.1:8080/v1", "qwen"), &request());
        assert_eq!(llama["chat_template_kwargs"], json!({"enable_thinking": false}));
        assert!(llama["messages"][2].get("reasoning_content").is_none());
    }

    #[test]
    fn thinking_and_temperature_of_glm_models() {
        for (model, off, effort) in [
            ("glm-4-32b", false, None),
            ("glm-4.5-air", true, None),
            ("glm-5.2", true, None),
            ("glm-5.3", false, Some("low")),
        ] {
            let sent = body(&OpenAiConfig::zai("made-up.key", model), &request());
            assert_eq!(sent.get("thinking").is_some(), off, "{model}");
            assert_eq!(sent.get("reasoning_effort").and_then(Value::as_str), effort, "{model}");
        }
        let config = OpenAiConfig::zai("made-up.key", "glm-4.7");
        let mut cold = request().with_thinking(Thinking::ServerDefault).with_max_output_tokens(900_000);
        cold.temperature = Some(0.0);
        let sent = body(&config, &cold);
        assert_eq!((&sent["do_sample"], &sent["max_tokens"]), (&json!(false), &json!(131_072)));
        assert!(sent.get("temperature").is_none() && sent.get("thinking").is_none());
    }

    #[test]
    fn a_schema_stands_in_the_prompt_where_the_server_takes_none() {
        let format = ResponseFormat::Json { name: "answer".into(), schema: json!({"type": "object"}) };
        let request = request().with_format(format);
        let zai = body(&OpenAiConfig::zai("made-up.key", "glm-4.7"), &request);
        assert_eq!(zai["response_format"], json!({"type": "json_object"}));
        assert!(zai["messages"][0]["content"].as_str().unwrap().contains(r#"{"type":"object"}"#));
        let llama = body(&OpenAiConfig::llama_cpp("http://127.0.0.1:8080/v1", "qwen"), &request);
        assert_eq!(llama["response_format"]["json_schema"]["schema"], json!({"type": "object"}));
        assert_eq!(llama["messages"][0]["content"], "Be brief.");
    }
}
