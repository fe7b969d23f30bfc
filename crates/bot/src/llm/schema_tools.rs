//! Tools for models that cannot call any: offered as a JSON schema of the answer.

use serde_json::{Value, json};

use super::{
    Finish, LanguageModel, LlmAdvice, LlmCapabilities, LlmError, LlmErrorKind, LlmMessage, LlmReply,
    LlmRequest, ResponseFormat, ToolCall,
};
use crate::tool::ToolSpec;

/// The most calls of one answer that the schema allows.
const MAX_CALLS: usize = 8;

/// Offers tools to a model that cannot call any, and turns its answer back into text or calls.
///
/// # Behavior
/// - A model that calls tools by itself, and a request without tools, are left alone.
/// - Otherwise the model answers with one JSON object `{"say", "calls"}`, by `response_format` or by the prompt, as the
///   adapter does it. Earlier calls and their results stand in the conversation in the same shape.
/// - A plain text without any JSON is an answer too. JSON that is not of the shape is [`LlmErrorKind::Protocol`], and may be
///   asked again.
///
/// It stands outside of [`Metered`](super::Metered), which then counts what is really sent.
#[derive(Debug, Clone)]
pub struct SchemaTools<M> {
    inner: M,
}

impl<M> SchemaTools<M> {
    /// Wraps a model.
    #[must_use]
    pub const fn new(inner: M) -> Self {
        Self { inner }
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<M: LanguageModel> LanguageModel for SchemaTools<M> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn capabilities(&self) -> LlmCapabilities {
        LlmCapabilities { tools: true, ..self.inner.capabilities() }
    }

    async fn complete(&self, request: &LlmRequest) -> Result<LlmReply, LlmError> {
        if request.tools.is_empty() || self.inner.capabilities().tools {
            return self.inner.complete(request).await;
        }
        let reply = self.inner.complete(&offered(request)).await?;
        match reply.finish {
            Finish::Stop => read(self.name(), &request.request_id, reply),
            // Half a JSON is no answer to anybody.
            _ => Ok(LlmReply { text: String::new(), tool_calls: Vec::new(), ..reply }),
        }
    }
}

/// The request with the tools in its prompt and its schema.
fn offered(request: &LlmRequest) -> LlmRequest {
    let mut offered = request.clone();
    offered.tools = Vec::new();
    offered.system = prompt(request);
    offered.messages = request.messages.iter().map(retold).collect();
    let say = match &request.format {
        ResponseFormat::Text => json!({"type": "string"}),
        ResponseFormat::Json { schema, .. } => schema.clone(),
    };
    let call = |tool: &ToolSpec| {
        json!({"type": "object", "additionalProperties": false, "required": ["tool", "arguments"],
               "properties": {"tool": {"const": tool.name}, "arguments": tool.parameters}})
    };
    let schema = json!({
        "type": "object", "additionalProperties": false, "required": ["say", "calls"],
        "properties": {
            "say": say,
            "calls": {"type": "array", "maxItems": MAX_CALLS,
                      "items": {"anyOf": request.tools.iter().map(call).collect::<Value>()}},
        },
    });
    offered.format = ResponseFormat::Json { name: "step".to_owned(), schema };
    offered
}

fn prompt(request: &LlmRequest) -> String {
    let tools = request.tools.iter().map(|tool| format!("- {}: {}", tool.name, tool.description));
    format!(
        "{}\n\nYou can call these tools:\n{}\n\nAnswer with one JSON object. To call tools, list them in \"calls\" and leave \
         \"say\" empty; their results come in the next message. To answer the customer, write the answer in \"say\" and \
         leave \"calls\" empty.",
        request.system,
        tools.collect::<Vec<_>>().join("\n")
    )
}

/// A message in the shape that the model is asked for.
fn retold(message: &LlmMessage) -> LlmMessage {
    match message {
        LlmMessage::User { .. } => message.clone(),
        LlmMessage::Assistant { text, tool_calls, .. } => {
            let calls = tool_calls.iter().map(
                |call| json!({"tool": call.name, "arguments": call.parsed_arguments().unwrap_or_default()}),
            );
            LlmMessage::assistant(json!({"say": text, "calls": calls.collect::<Value>()}).to_string())
        }
        LlmMessage::ToolResult { name, content, is_error, .. } => {
            let kind = if *is_error { "error" } else { "result" };
            LlmMessage::user(json!({"tool": name, kind: content}).to_string())
        }
    }
}

/// The answer as text or calls.
fn read(name: &str, request_id: &str, reply: LlmReply) -> Result<LlmReply, LlmError> {
    let strange = || {
        LlmError::of(name, LlmErrorKind::Protocol)
            .with_code("not_the_schema")
            .with_advice(LlmAdvice::After(None))
    };
    let text = without_fence(&reply.text);
    if !text.starts_with('{') {
        let looks_like_json = text.starts_with('[') || text.contains("\"calls\"");
        return if looks_like_json { Err(strange()) } else { Ok(reply) };
    }
    let answer: Value = serde_json::from_str(text).map_err(|_| strange())?;
    let mut calls = Vec::new();
    for call in answer.get("calls").and_then(Value::as_array).into_iter().flatten().take(MAX_CALLS) {
        let tool = call.get("tool").or_else(|| call.get("name")).and_then(Value::as_str);
        let arguments = match call.get("arguments") {
            None | Some(Value::Null) => "{}".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        calls.push(ToolCall {
            id: format!("call_{request_id}_{}", calls.len()),
            name: tool.ok_or_else(strange)?.to_owned(),
            arguments,
        });
    }
    let say = match answer.get("say") {
        Some(Value::String(say)) => say.trim().to_owned(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    if say.is_empty() && calls.is_empty() {
        return Err(strange());
    }
    let finish = if calls.is_empty() { Finish::Stop } else { Finish::ToolCalls };
    Ok(LlmReply { text: say, tool_calls: calls, finish, ..reply })
}

/// What stands within a code fence, which models write although they are told not to.
fn without_fence(text: &str) -> &str {
    let text = text.trim();
    let Some(inside) = text.strip_prefix("```").and_then(|text| text.strip_suffix("```")) else {
        return text;
    };
    inside.trim_start_matches(|c: char| c.is_ascii_alphabetic()).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(text: &str) -> Result<LlmReply, LlmError> {
        read("x/y", "turn-1", LlmReply::text(text))
    }

    #[test]
    fn answers_are_text_or_calls() {
        let reply = reading(r#"{"say":" Ada Kak ","calls":[]}"#).unwrap();
        assert_eq!((reply.text.as_str(), reply.finish), ("Ada Kak", Finish::Stop));
        for text in [
            r#"{"say":"","calls":[{"tool":"search","arguments":{"make":"Toyota"}}]}"#,
            "```json\n{\"calls\":[{\"name\":\"search\",\"arguments\":\"{\\\"make\\\":\\\"Toyota\\\"}\"}]}\n```",
        ] {
            let reply = reading(text).unwrap();
            assert_eq!(reply.finish, Finish::ToolCalls, "{text}");
            let call = &reply.tool_calls[0];
            assert_eq!((call.id.as_str(), call.name.as_str()), ("call_turn-1_0", "search"));
            assert_eq!(call.parsed_arguments().unwrap()["make"], "Toyota");
        }
        assert_eq!(reading("Ada Kak, silakan").unwrap().text, "Ada Kak, silakan");
    }

    #[test]
    fn hazard_28_what_is_not_of_the_shape_is_asked_again() {
        for text in [
            r#"{"say":"Ada"#,
            r#"{"say":"","calls":[]}"#,
            r#"{"calls":[{"arguments":{}}]}"#,
            r#"[{"tool":"search"}]"#,
            r#"Baik: {"say":"","calls":[]}"#,
        ] {
            let error = reading(text).unwrap_err();
            assert_eq!(
                (error.kind, error.advice),
                (LlmErrorKind::Protocol, LlmAdvice::After(None)),
                "{text}"
            );
        }
    }

    #[test]
    fn tools_and_history_are_retold() {
        let call =
            ToolCall { id: "a".into(), name: "search".into(), arguments: "{\"make\":\"Toyota\"}".into() };
        let history = vec![
            LlmMessage::user("ada avanza?"),
            LlmMessage::Assistant { text: String::new(), tool_calls: vec![call], reasoning: None },
            LlmMessage::ToolResult {
                call_id: "a".into(),
                name: "search".into(),
                content: "[]".into(),
                is_error: false,
            },
        ];
        let tool = ToolSpec::new("search", "Looks.", json!({"type": "object"}));
        let offered = offered(&LlmRequest::new("Be brief.", history, "turn-1").with_tools(vec![tool]));
        assert!(offered.tools.is_empty());
        assert!(offered.system.starts_with("Be brief.") && offered.system.contains("- search: Looks."));
        let ResponseFormat::Json { schema, .. } = &offered.format else { panic!("no schema") };
        let item = &schema["properties"]["calls"]["items"]["anyOf"][0]["properties"];
        assert_eq!(item, &json!({"tool": {"const": "search"}, "arguments": {"type": "object"}}));
        assert_eq!(
            offered.messages[1..],
            [
                LlmMessage::assistant(
                    r#"{"calls":[{"arguments":{"make":"Toyota"},"tool":"search"}],"say":""}"#
                ),
                LlmMessage::user(r#"{"result":"[]","tool":"search"}"#),
            ]
        );
    }
}
