//! A request as Ollama wants it.

use serde_json::{Map, Value, json};

use super::config::OllamaConfig;
use crate::llm::wire::{arguments_as_object, tenths, with_schema};
use crate::llm::{LlmMessage, LlmRequest, ResponseFormat, Thinking};

/// The body of a request.
pub(super) fn body(config: &OllamaConfig, request: &LlmRequest) -> Value {
    let mut options = Map::new();
    options.insert("num_ctx".into(), config.context_tokens.into());
    options.insert("num_predict".into(), request.max_output_tokens.max(1).into());
    if let Some(temperature) = request.temperature {
        options.insert("temperature".into(), tenths(temperature).into());
    }
    let mut body = Map::new();
    body.insert("model".into(), config.model.clone().into());
    // Said always, because the server streams unless it is told not to.
    body.insert("stream".into(), config.stream.into());
    body.insert("options".into(), options.into());
    if request.thinking == Thinking::Off {
        body.insert("think".into(), false.into());
    }
    if config.tools && !request.tools.is_empty() {
        let tools = request.tools.iter().map(|tool| {
            json!({"type": "function", "function": {
                "name": tool.name, "description": tool.description, "parameters": tool.parameters,
            }})
        });
        body.insert("tools".into(), tools.collect());
    }
    if let ResponseFormat::Json { schema, .. } = &request.format {
        body.insert("format".into(), schema.clone());
    }
    // The server recommends to say the schema in the prompt too.
    let system = with_schema(request, true);
    let system = (!system.is_empty()).then(|| json!({"role": "system", "content": system}));
    body.insert("messages".into(), system.into_iter().chain(request.messages.iter().map(message)).collect());
    Value::Object(body)
}

fn message(message: &LlmMessage) -> Value {
    match message {
        LlmMessage::User { text } => json!({"role": "user", "content": text}),
        LlmMessage::ToolResult { name, content, .. } => {
            json!({"role": "tool", "tool_name": name, "content": content})
        }
        LlmMessage::Assistant { text, tool_calls, .. } if tool_calls.is_empty() => {
            json!({"role": "assistant", "content": text})
        }
        LlmMessage::Assistant { text, tool_calls, .. } => {
            let calls = tool_calls
                .iter()
                .map(|call| json!({"function": {"name": call.name, "arguments": arguments_as_object(call)}}));
            json!({"role": "assistant", "content": text, "tool_calls": calls.collect::<Value>()})
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::ToolCall;
    use crate::tool::ToolSpec;

    #[test]
    fn the_whole_request() {
        let call = ToolCall { id: "made-up".into(), name: "search".into(), arguments: "{\"a\":1}".into() };
        let result = LlmMessage::ToolResult {
            call_id: "made-up".into(),
            name: "search".into(),
            content: "[]".into(),
            is_error: false,
        };
        let said = LlmMessage::Assistant { text: String::new(), tool_calls: vec![call], reasoning: None };
        let request = LlmRequest::new("", vec![LlmMessage::user("ada avanza?"), said, result], "turn-0001")
            .with_tools(vec![ToolSpec::new("search", "Looks.", json!({"type": "object"}))])
            .with_format(ResponseFormat::Json { name: "answer".into(), schema: json!({"type": "object"}) });
        let sent = body(&OllamaConfig::new("qwen3:4b").with_context_tokens(16_384), &request);
        assert_eq!(sent["options"], json!({"num_ctx": 16_384, "num_predict": 1_024, "temperature": 0.2}));
        assert_eq!((&sent["stream"], &sent["think"]), (&json!(false), &json!(false)));
        assert_eq!(sent["format"], json!({"type": "object"}));
        assert_eq!(
            sent["tools"],
            json!([{"type": "function", "function": {
                "name": "search", "description": "Looks.", "parameters": {"type": "object"}}}])
        );
        assert_eq!(sent["messages"][0]["role"], "system");
        assert_eq!(
            sent["messages"].as_array().unwrap()[1..],
            [
                json!({"role": "user", "content": "ada avanza?"}),
                json!({"role": "assistant", "content": "",
                       "tool_calls": [{"function": {"name": "search", "arguments": {"a": 1}}}]}),
                json!({"role": "tool", "tool_name": "search", "content": "[]"}),
            ]
        );
    }
}
