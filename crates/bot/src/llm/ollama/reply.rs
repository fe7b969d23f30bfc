//! An answer of Ollama: one object, or a line for each piece.

use serde_json::Value;

use crate::llm::Usage;
use crate::llm::wire::{Draft, End, RawCall, json};

/// What came of a body.
pub(super) enum Read {
    /// A draft, whose end is `None` if the last piece was missing.
    Draft(Draft),
    /// An error rode on it.
    Refused,
    /// A line is half a JSON.
    Half,
    /// It is no answer of this server.
    Strange,
}

/// Reads a body: whole, or line by line.
pub(super) fn read(body: &[u8]) -> Read {
    let lines: Option<Vec<Value>> = match json::parse(body) {
        Some(whole) => Some(vec![whole]),
        None => {
            let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
            lines.map(json::parse).collect()
        }
    };
    let Some(lines) = lines else {
        return if body.trim_ascii_start().starts_with(b"{") { Read::Half } else { Read::Strange };
    };
    let mut draft = Draft::default();
    let mut found = false;
    for line in &lines {
        if json::at(line, &["error"]).is_some() {
            return Read::Refused;
        }
        found |= add(&mut draft, line);
    }
    if found { Read::Draft(draft) } else { Read::Strange }
}

fn add(draft: &mut Draft, piece: &Value) -> bool {
    draft.text.push_str(json::text(piece, &["message", "content"]).unwrap_or_default());
    draft.reasoning.push_str(json::text(piece, &["message", "thinking"]).unwrap_or_default());
    for call in json::items(piece, &["message", "tool_calls"]) {
        draft.calls.push(RawCall {
            index: None,
            id: json::scalar(call, &["id"]),
            name: json::text(call, &["function", "name"]).unwrap_or_default().to_owned(),
            arguments: RawCall::arguments_of(json::at(call, &["function", "arguments"])),
        });
    }
    if json::at(piece, &["done"]) == Some(&Value::Bool(true)) {
        let count = |name: &str| json::count(piece, &[name]).unwrap_or(0);
        draft.usage = Usage::new(count("prompt_eval_count"), count("eval_count"))
            .with_cached(count("prompt_eval_cached_count"));
        draft.end = Some(match json::text(piece, &["done_reason"]) {
            None | Some("stop") => End::Done,
            Some("length") => End::Length,
            Some(other) => End::Other(other.to_owned()),
        });
    }
    json::at(piece, &["message"]).is_some() || json::at(piece, &["done"]).is_some()
}
