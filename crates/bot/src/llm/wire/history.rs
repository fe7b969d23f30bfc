//! Small things that every request needs.

use serde_json::{Map, Value};

use crate::llm::{LlmMessage, LlmRequest, ResponseFormat, ToolCall};

/// Whether there is anything to answer. Z.AI refuses messages that are only the system's and the assistant's; for the
/// others such a request makes no sense either.
pub(in crate::llm) fn has_a_question(request: &LlmRequest) -> bool {
    request.messages.iter().any(|message| matches!(message, LlmMessage::User { .. }))
}

/// The arguments of a call in the history. Servers refuse a history whose arguments are no object; what was wrong with
/// them stands in the result of the call.
pub(in crate::llm) fn arguments_as_object(call: &ToolCall) -> Map<String, Value> {
    call.parsed_arguments().unwrap_or_default()
}

/// A temperature without the noise that 32 bits have as 64: 0.2 stays 0.2.
pub(in crate::llm) fn tenths(temperature: f32) -> f64 {
    (f64::from(temperature.clamp(0.0, 2.0)) * 1_000.0).round() / 1_000.0
}

/// The system prompt, with the schema of the answer in it for models that do not keep to one otherwise.
pub(in crate::llm) fn with_schema(request: &LlmRequest, in_prompt: bool) -> String {
    match &request.format {
        ResponseFormat::Json { schema, .. } if in_prompt => format!(
            "{}\n\nAnswer with one JSON object and nothing else: no code fence, no words around it. It must fit this \
             JSON schema:\n{schema}",
            request.system
        ),
        _ => request.system.clone(),
    }
}
