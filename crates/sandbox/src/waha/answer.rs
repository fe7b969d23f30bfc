//! WAHA's refusals. Its framework writes some, its own code the others; they differ in shape.

use serde_json::json;

use super::session::Status;
use crate::provider::{Call, Reply};
use crate::shared::Shared;

/// What a wrong or missing key gets.
pub(super) fn unauthorized() -> Reply {
    Reply::json(401, json!({ "message": "Unauthorized", "statusCode": 401 }))
}

/// What the framework says of a path that it does not know.
pub(super) fn no_route(call: &Call) -> Reply {
    let message = format!("Cannot {} {}", call.method, call.path);
    Reply::json(404, json!({ "message": message, "error": "Not Found", "statusCode": 404 }))
}

/// There is no such session.
pub(super) fn no_session(name: &str) -> Reply {
    let message = format!(
        "We didn't find a session with name '{name}'.\n\
         Please start it first by using POST /api/sessions/{name}/start request"
    );
    Reply::json(404, json!({ "message": message, "error": "Not Found", "statusCode": 404 }))
}

/// There is such a session already.
pub(super) fn session_exists(name: &str) -> Reply {
    let message = format!("Session '{name}' already exists. Use PUT to update it.");
    Reply::json(422, json!({ "message": message, "error": "Unprocessable Entity", "statusCode": 422 }))
}

/// The session is not as the call needs it.
pub(super) fn wrong_status(session: &str, status: Status, expected: &[Status]) -> Reply {
    let expected: Vec<&str> = expected.iter().map(|status| status.as_str()).collect();
    Reply::json(
        422,
        json!({
            "error": "Session status is not as expected. Try again later or restart the session",
            "session": session,
            "status": status.as_str(),
            "expected": expected,
        }),
    )
}

/// A body that does not fit the call, in the framework's words.
pub(super) fn bad_request(message: &str) -> Reply {
    Reply::json(400, json!({ "message": [message], "error": "Bad Request", "statusCode": 400 }))
}

/// WAHA's own code has failed.
pub(super) fn exception(shared: &Shared, message: &str) -> Reply {
    Reply::json(
        500,
        json!({
            "statusCode": 500,
            "timestamp": shared.now().to_rfc3339(),
            "exception": { "message": message, "name": "Error", "stack": format!("Error: {message}\n    at send") },
            "request": { "path": "/api/sendText", "method": "POST", "body": {}, "query": {} },
            "version": { "version": super::webhook::VERSION, "engine": super::webhook::ENGINE, "tier": "PLUS" },
        }),
    )
}

/// What WhatsApp's server says of a cold message under a timelock, as the engine passes it on.
pub(super) fn timelock(shared: &Shared) -> Reply {
    exception(shared, "server returned error 463")
}

/// A planned refusal: `Unauthorized`, a status of the session, `463`, or the message of an exception.
pub(super) fn refusal(shared: &Shared, reason: &str) -> Reply {
    match (reason, Status::parse(reason)) {
        ("Unauthorized", _) => unauthorized(),
        ("463", _) => timelock(shared),
        ("session not found", _) => no_session("default"),
        (_, Some(status)) => wrong_status("default", status, &[Status::Working]),
        _ => exception(shared, reason),
    }
}
