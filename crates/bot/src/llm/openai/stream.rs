//! A streamed answer of chat completions, put together.

use eventsource_stream::Event;
use serde_json::Value;

use super::reply;
use crate::llm::Usage;
use crate::llm::wire::{Draft, End, RawCall, json};

/// What came of a stream.
pub(super) enum Streamed {
    /// A draft, whose end is `None` if the stream had none.
    Draft(Draft),
    /// An error rode on it.
    Refused(Value),
    /// An event holds half a JSON.
    Half,
}

/// Puts the events of a stream together.
pub(super) fn collect(events: &[Event]) -> Streamed {
    let mut draft = Draft::default();
    let mut done = false;
    for event in events {
        let data = event.data.trim();
        if data == "[DONE]" {
            done = true;
            break;
        }
        if data.is_empty() {
            continue;
        }
        let Some(chunk) = json::parse(data.as_bytes()) else { return Streamed::Half };
        if event.event == "error" || json::at(&chunk, &["error"]).is_some() {
            let bare = json::at(&chunk, &["error"]).is_none();
            return Streamed::Refused(if bare { serde_json::json!({ "error": chunk }) } else { chunk });
        }
        add(&mut draft, &chunk);
    }
    if done {
        draft.end = draft.end.or(Some(End::Done));
    }
    Streamed::Draft(draft)
}

fn add(draft: &mut Draft, chunk: &Value) {
    draft.id = draft.id.take().or_else(|| reply::id(chunk));
    // Usage comes with the last choice, or behind it with none.
    let usage = reply::usage(chunk);
    if usage != Usage::default() {
        draft.usage = usage;
    }
    let Some(choice) = json::items(chunk, &["choices"]).first() else { return };
    if let Some(delta) = json::at(choice, &["delta"]).or_else(|| json::at(choice, &["message"])) {
        reply::append(draft, delta);
        for piece in json::items(delta, &["tool_calls"]) {
            add_call(&mut draft.calls, piece);
        }
    }
    if let Some(end) = reply::end(choice) {
        // A refusal in the text is not undone by a later stop.
        draft.end = draft.end.take().filter(|before| *before == End::Blocked).or(Some(end));
    }
}

/// A piece belongs to the call with its index, or to the last one; another id with a name begins a new call even under an
/// index that was used, because some servers number all calls 0.
fn add_call(calls: &mut Vec<RawCall>, piece: &Value) {
    let index = json::count(piece, &["index"]);
    let id = json::scalar(piece, &["id"]);
    let name = json::text(piece, &["function", "name"]);
    let arguments = RawCall::arguments_of(json::at(piece, &["function", "arguments"]));
    let same = |call: &RawCall| match (index, call.index) {
        (Some(index), Some(before)) => index == before,
        _ => id.is_none() || call.id == id,
    };
    let other_id = |call: &RawCall| name.is_some() && id.is_some() && call.id.is_some() && call.id != id;
    match calls.iter_mut().rev().find(|call| same(call)).filter(|call| !other_id(call)) {
        Some(call) => {
            call.id = call.id.take().or(id);
            match name {
                // Some servers repeat the name in each piece.
                Some(name) if call.name != name => call.name.push_str(name),
                _ => {}
            }
            call.arguments.push_str(&arguments);
        }
        None => {
            calls.push(RawCall { index, id, name: name.unwrap_or_default().to_owned(), arguments });
        }
    }
}
