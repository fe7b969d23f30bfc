//! A streamed answer of the Messages API, put together.

use eventsource_stream::Event;
use serde_json::Value;

use super::reply;
use crate::llm::wire::{Draft, RawCall, json};

/// What came of a stream.
pub(super) enum Streamed {
    /// A draft, whose end is `None` if the stream had none.
    Draft(Draft),
    /// An error rode on it.
    Refused(Value),
    /// An event holds half a JSON.
    Half,
}

/// Puts the events of a stream together. The type stands in the data; events of unknown types are passed over.
pub(super) fn collect(events: &[Event]) -> Streamed {
    let mut draft = Draft::default();
    for event in events.iter().filter(|event| !event.data.trim().is_empty()) {
        let Some(data) = json::parse(event.data.as_bytes()) else { return Streamed::Half };
        let kind = json::text(&data, &["type"]).unwrap_or(&event.event);
        if kind == "error" || json::at(&data, &["error"]).is_some() {
            return Streamed::Refused(data);
        }
        let index = json::count(&data, &["index"]).unwrap_or(0);
        match kind {
            "message_start" => {
                draft.id = json::scalar(&data, &["message", "id"]);
                draft.usage = reply::usage(json::at(&data, &["message", "usage"]), draft.usage);
            }
            "content_block_start" => {
                if let Some(block) = json::at(&data, &["content_block"]) {
                    start(&mut draft, index, block);
                }
            }
            "content_block_delta" => delta(&mut draft, index, &data),
            "message_delta" => {
                draft.usage = reply::usage(json::at(&data, &["usage"]), draft.usage);
                draft.end = draft.end.or_else(|| reply::end(json::text(&data, &["delta", "stop_reason"])));
            }
            _ => {}
        }
    }
    Streamed::Draft(draft)
}

fn start(draft: &mut Draft, index: u64, block: &Value) {
    let calls = draft.calls.len();
    reply::begin(draft, index, block);
    // A call begins with an empty object, and its arguments follow in pieces.
    if let Some(call) = draft.calls.get_mut(calls).filter(|call| call.arguments == "{}") {
        call.arguments.clear();
    }
}

fn delta(draft: &mut Draft, index: u64, data: &Value) {
    let text = |name| json::text(data, &["delta", name]).unwrap_or_default();
    match json::text(data, &["delta", "type"]) {
        Some("text_delta") => draft.text.push_str(text("text")),
        Some("thinking_delta") => draft.reasoning.push_str(text("thinking")),
        Some("input_json_delta") => {
            let of_index = |call: &&mut RawCall| call.index == Some(index);
            if let Some(call) = draft.calls.iter_mut().rev().find(of_index) {
                call.arguments.push_str(text("partial_json"));
            }
        }
        _ => {}
    }
}
