//! The errors of the Evolution API: `{"status", "error", "response": {"message"}}`.

use http::StatusCode;
use serde_json::{Value, json};

use crate::provider::{Call, Reply};

/// An error with a list of messages, or with one.
pub(super) fn error(status: u16, message: &Value) -> Reply {
    let words = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let body = json!({"status": status, "error": words.unwrap_or("Error"), "response": {"message": message}});
    Reply::json(status, body)
}

pub(super) fn bad_request(message: &str) -> Reply {
    error(400, &json!([message]))
}

/// What a body without a required property gets.
pub(super) fn missing(property: &str) -> Reply {
    bad_request(&format!("instance requires property \"{property}\""))
}

pub(super) fn unauthorized() -> Reply {
    error(401, &"Unauthorized".into())
}

pub(super) fn no_instance(name: &str) -> Reply {
    error(404, &json!([format!("The \"{name}\" instance does not exist")]))
}

pub(super) fn no_route(call: &Call) -> Reply {
    error(404, &json!([format!("Cannot {} {}", call.method, call.path)]))
}

/// What sends and look-ups get without a connection.
/// Source: Evolution API, issues 1286 and 1772, November 2026.
pub(super) fn closed() -> Reply {
    error(500, &"Connection Closed".into())
}

/// A planned refusal: a status and its message, such as `403 Forbidden`. Without a status it is 400, but for
/// `Unauthorized`, `Internal Server Error`, `Connection Closed` and instances that do not exist. `exists false` is the answer
/// about a number without WhatsApp.
pub(super) fn refusal(reason: &str) -> Reply {
    let numbered = reason.split_once(' ').and_then(|(status, words)| Some((status.parse().ok()?, words)));
    match (numbered, reason) {
        (Some((status, words)), _) if (400..600).contains(&status) => error(status, &json!([words])),
        (_, "Unauthorized") => unauthorized(),
        (_, "Connection Closed") => closed(),
        (_, "Internal Server Error") => error(500, &reason.into()),
        (_, "exists false") => error(400, &json!([{"exists": false}])),
        (_, reason) if reason.contains("does not exist") => error(404, &json!([reason])),
        (_, reason) => bad_request(reason),
    }
}
