//! A request as the Messages API wants it.

use serde_json::{Map, Value, json};

use super::config::AnthropicConfig;
use crate::llm::wire::{arguments_as_object, tenths, with_schema};
use crate::llm::{LlmMessage, LlmRequest, Thinking};

/// The body of a request.
pub(super) fn body(config: &AnthropicConfig, request: &LlmRequest) -> Value {
    let mut body = Map::new();
    body.insert("model".into(), config.model.clone().into());
    body.insert("max_tokens".into(), request.max_output_tokens.max(1).into());
    body.insert("stream".into(), config.stream.into());
    let system = with_schema(request, true);
    if !system.is_empty() {
        body.insert("system".into(), system.into());
    }
    if let Some(temperature) = request.temperature {
        body.insert("temperature".into(), tenths(temperature.min(1.0)).into());
    }
    if !request.tools.is_empty() {
        let tools = request.tools.iter().map(
            |tool| json!({"name": tool.name, "description": tool.description, "input_schema": tool.parameters}),
        );
        body.insert("tools".into(), tools.collect());
        body.insert("tool_choice".into(), json!({"type": "auto"}));
    }
    if config.thinks_unless_told && request.thinking == Thinking::Off {
        body.insert("thinking".into(), json!({"type": "disabled"}));
    }
    if let Some(user) = &request.user_id {
        body.insert("metadata".into(), json!({"user_id": user}));
    }
    body.insert("messages".into(), messages(&request.messages));
    Value::Object(body)
}

/// Messages by turns: what follows each other from the same side becomes one message, so that all results of one round of
/// calls stand in the one message behind it.
fn messages(history: &[LlmMessage]) -> Value {
    let mut turns: Vec<(&str, Vec<Value>)> = Vec::new();
    for message in history {
        let (role, blocks) = blocks(message);
        if blocks.is_empty() {
            continue;
        }
        if turns.is_empty() && role == "assistant" {
            // The first word must be the customer's.
            turns.push(("user", vec![json!({"type": "text", "text": "…"})]));
        }
        match turns.last_mut() {
            Some((before, all)) if *before == role => all.extend(blocks),
            _ => turns.push((role, blocks)),
        }
    }
    for (_, blocks) in turns.iter_mut().filter(|(role, _)| *role == "user") {
        // Results stand first in their message.
        blocks.sort_by_key(|block| block.get("type").is_none_or(|kind| kind != "tool_result"));
    }
    turns.into_iter().map(|(role, content)| json!({"role": role, "content": content})).collect()
}

/// Whose message it is, and its blocks. Empty texts are refused by the server and left out.
fn blocks(message: &LlmMessage) -> (&'static str, Vec<Value>) {
    let text =
        |text: &str| (!text.trim().is_empty()).then(|| json!({"type": "text", "text": text.trim_end()}));
    match message {
        LlmMessage::User { text: said } => ("user", text(said).into_iter().collect()),
        LlmMessage::ToolResult { call_id, content, is_error, .. } => (
            "user",
            vec![json!({"type": "tool_result", "tool_use_id": call_id, "content": content,
                        "is_error": is_error})],
        ),
        LlmMessage::Assistant { text: said, tool_calls, .. } => {
            let calls = tool_calls.iter().map(|call| {
                json!({"type": "tool_use", "id": call.id, "name": call.name,
                       "input": arguments_as_object(call)})
            });
            ("assistant", text(said).into_iter().chain(calls).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::{ResponseFormat, ToolCall};
    use crate::tool::ToolSpec;

    fn call(id: &str) -> ToolCall {
        ToolCall { id: id.into(), name: "search".into(), arguments: r#"{"make":"Toyota"}"#.into() }
    }

    fn result(id: &str) -> LlmMessage {
        LlmMessage::ToolResult {
            call_id: id.into(),
            name: "search".into(),
            content: "[]".into(),
            is_error: false,
        }
    }

    #[test]
    fn the_whole_request() {
        let request = LlmRequest::new(
            "Be brief.",
            vec![
                LlmMessage::assistant("Halo Kak"),
                LlmMessage::user("ada avanza?"),
                LlmMessage::Assistant {
                    text: "Sebentar".into(),
                    tool_calls: vec![call("a"), call("b")],
                    reasoning: Some("hidden".into()),
                },
                result("a"),
                result("b"),
                LlmMessage::user("yang putih"),
                LlmMessage::user(" "),
            ],
            "turn-0001",
        )
        .with_tools(vec![ToolSpec::new("search", "Looks.", json!({"type": "object"}))])
        .with_user_id("customer-7");
        let config = AnthropicConfig::new("hush", "claude-x").with_thinks_unless_told(true);
        let input = json!({"make": "Toyota"});
        assert_eq!(
            body(&config, &request),
            json!({
                "model": "claude-x", "max_tokens": 1_024, "stream": false, "system": "Be brief.",
                "temperature": 0.2,
                "tools": [{"name": "search", "description": "Looks.", "input_schema": {"type": "object"}}],
                "tool_choice": {"type": "auto"},
                "thinking": {"type": "disabled"},
                "metadata": {"user_id": "customer-7"},
                "messages": [
                    {"role": "user", "content": [{"type": "text", "text": "…"}]},
                    {"role": "assistant", "content": [{"type": "text", "text": "Halo Kak"}]},
                    {"role": "user", "content": [{"type": "text", "text": "ada avanza?"}]},
                    {"role": "assistant", "content": [
                        {"type": "text", "text": "Sebentar"},
                        {"type": "tool_use", "id": "a", "name": "search", "input": input},
                        {"type": "tool_use", "id": "b", "name": "search", "input": input}]},
                    {"role": "user", "content": [
                        {"type": "tool_result", "tool_use_id": "a", "content": "[]", "is_error": false},
                        {"type": "tool_result", "tool_use_id": "b", "content": "[]", "is_error": false},
                        {"type": "text", "text": "yang putih"}]},
                ],
            })
        );
        let format = ResponseFormat::Json { name: "answer".into(), schema: json!({"type": "object"}) };
        let sent = body(&AnthropicConfig::new("hush", "claude-x"), &request.with_format(format));
        assert!(sent["system"].as_str().unwrap().contains(r#"{"type":"object"}"#));
        assert!(sent.get("thinking").is_none());
    }
}
