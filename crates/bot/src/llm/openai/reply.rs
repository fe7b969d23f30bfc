//! An answer of chat completions, tolerant to what servers leave out and add.

use serde_json::Value;

use crate::llm::Usage;
use crate::llm::wire::{Draft, End, RawCall, json};

/// The draft in a whole answer. `None` if there is no message in it.
pub(super) fn draft(body: &Value) -> Option<Draft> {
    let choice = json::items(body, &["choices"]).first()?;
    let message = json::at(choice, &["message"])?;
    let mut draft = Draft { usage: usage(body), id: id(body), ..Draft::default() };
    append(&mut draft, message);
    draft.calls = calls(message);
    // A body that is whole has ended, whatever it says of why.
    draft.end = draft.end.or_else(|| end(choice)).or(Some(End::Done));
    Some(draft)
}

/// Adds what a message or a delta says and thinks.
pub(super) fn append(draft: &mut Draft, message: &Value) {
    match json::at(message, &["content"]) {
        Some(Value::String(text)) => draft.text.push_str(text),
        // Some servers send the text in parts.
        Some(Value::Array(parts)) => {
            for text in parts.iter().filter_map(|part| json::text(part, &["text"])) {
                draft.text.push_str(text);
            }
        }
        _ => {}
    }
    let thought = json::text(message, &["reasoning_content"]).or_else(|| json::text(message, &["reasoning"]));
    draft.reasoning.push_str(thought.unwrap_or_default());
    if json::text(message, &["refusal"]).is_some() {
        draft.end = Some(End::Blocked);
    }
}

fn calls(message: &Value) -> Vec<RawCall> {
    let raw = |call: &Value| RawCall {
        index: json::count(call, &["index"]),
        id: json::scalar(call, &["id"]),
        name: json::text(call, &["function", "name"]).unwrap_or_default().to_owned(),
        arguments: RawCall::arguments_of(json::at(call, &["function", "arguments"])),
    };
    let mut calls: Vec<_> = json::items(message, &["tool_calls"]).iter().map(raw).collect();
    // The shape before there were tools.
    if let (true, Some(call)) = (calls.is_empty(), json::at(message, &["function_call"])) {
        calls.push(RawCall {
            name: json::text(call, &["name"]).unwrap_or_default().to_owned(),
            arguments: RawCall::arguments_of(json::at(call, &["arguments"])),
            ..RawCall::default()
        });
    }
    calls
}

/// Why a choice ended. An empty word is none (sgl-project/sglang issue 3912).
pub(super) fn end(choice: &Value) -> Option<End> {
    let word = json::text(choice, &["finish_reason"])?.trim();
    Some(match word {
        "" => return None,
        "stop" | "eos" | "end_turn" | "stop_sequence" => End::Done,
        "tool_calls" | "function_call" | "tool_use" => End::Calls,
        "length" | "max_tokens" => End::Length,
        "content_filter" | "sensitive" | "refusal" => End::Blocked,
        // Taken for a stop elsewhere, which passes half an answer as whole.
        "network_error" | "error" | "abort" | "insufficient_system_resource" => End::CutOff,
        "model_context_window_exceeded" => End::Context,
        other => End::Other(other.to_owned()),
    })
}

pub(super) fn id(body: &Value) -> Option<String> {
    json::scalar(body, &["request_id"]).or_else(|| json::scalar(body, &["id"]))
}

/// What was used; zero where the server does not tell.
pub(super) fn usage(body: &Value) -> Usage {
    let count = |path: &[&str]| json::count(body, path).unwrap_or(0);
    Usage::new(count(&["usage", "prompt_tokens"]), count(&["usage", "completion_tokens"]))
        .with_cached(count(&["usage", "prompt_tokens_details", "cached_tokens"]))
        .with_reasoning(count(&["usage", "completion_tokens_details", "reasoning_tokens"]))
}
