//! An answer of the Messages API.

use serde_json::Value;

use crate::llm::Usage;
use crate::llm::wire::{Draft, End, RawCall, json};

/// The draft in a whole answer. `None` if there is no content in it.
pub(super) fn draft(body: &Value) -> Option<Draft> {
    let content = json::at(body, &["content"])?.as_array()?;
    let mut draft = Draft { id: json::scalar(body, &["id"]), ..Draft::default() };
    for (index, block) in (0..).zip(content) {
        begin(&mut draft, index, block);
    }
    draft.usage = usage(json::at(body, &["usage"]), Usage::default());
    draft.end = end(json::text(body, &["stop_reason"])).or(Some(End::Done));
    Some(draft)
}

/// Adds a block; one of an unknown type is passed over.
pub(super) fn begin(draft: &mut Draft, index: u64, block: &Value) {
    match json::text(block, &["type"]) {
        Some("text") => draft.text.push_str(json::text(block, &["text"]).unwrap_or_default()),
        Some("thinking") => draft.reasoning.push_str(json::text(block, &["thinking"]).unwrap_or_default()),
        Some("tool_use") => draft.calls.push(RawCall {
            index: Some(index),
            id: json::scalar(block, &["id"]),
            name: json::text(block, &["name"]).unwrap_or_default().to_owned(),
            arguments: RawCall::arguments_of(json::at(block, &["input"])),
        }),
        _ => {}
    }
}

/// Why an answer ended.
pub(super) fn end(word: Option<&str>) -> Option<End> {
    Some(match word? {
        "end_turn" | "stop_sequence" => End::Done,
        "tool_use" => End::Calls,
        "max_tokens" => End::Length,
        "refusal" => End::Blocked,
        "model_context_window_exceeded" => End::Context,
        other => End::Other(other.to_owned()),
    })
}

/// What was used. A stream tells of the prompt first and of the answer in the end; what is not told stays as it was. The
/// whole prompt is what was new, what was read from the cache and what was written to it.
pub(super) fn usage(told: Option<&Value>, before: Usage) -> Usage {
    let Some(told) = told else { return before };
    let count = |name: &str| json::count(told, &[name]);
    let (read, written) =
        (count("cache_read_input_tokens").unwrap_or(0), count("cache_creation_input_tokens").unwrap_or(0));
    let prompt = count("input_tokens").map(|fresh| fresh.saturating_add(read).saturating_add(written));
    Usage {
        prompt: prompt.unwrap_or(0).max(before.prompt),
        cached: read.max(before.cached),
        completion: count("output_tokens").unwrap_or(before.completion),
        reasoning: before.reasoning,
    }
}
