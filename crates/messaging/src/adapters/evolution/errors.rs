//! The one place where an answer of the Evolution API's that is no success becomes an error.

use serde_json::Value;

use super::NAME;
use crate::adapters::{caller, json};
use crate::transport::HttpResponse;
use crate::{RetryAdvice, SendError, SendErrorKind};

/// Whether an answer says that there is no such instance.
pub(super) fn is_instance_missing(response: &HttpResponse) -> bool {
    response.status.as_u16() == 404 && says(response, "instance does not exist")
}

/// Whether an answer says that the instance has no connection.
pub(super) fn is_not_connected(response: &HttpResponse) -> bool {
    response.status.as_u16() == 400 && says(response, "is not connected")
}

/// Whether one of the answer's messages holds these words.
fn says(response: &HttpResponse, words: &str) -> bool {
    let Some(body) = json::parse(&response.body) else { return false };
    let message = json::at(&body, &["response", "message"]).or_else(|| json::at(&body, &["message"]));
    match message {
        Some(Value::String(text)) => text.contains(words),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).any(|text| text.contains(words)),
        _ => false,
    }
}

/// Whether an answer names numbers that do not exist.
fn is_unknown_number(response: &HttpResponse) -> bool {
    let Some(body) = json::parse(&response.body) else { return false };
    let missing = |item: &Value| item.get("exists") == Some(&Value::Bool(false));
    json::items(&body, &["response", "message"]).iter().any(missing)
}

/// What an answer that is no success means. No text of the answer goes into the error: messages quote the number.
///
/// Source: the public source code of Evolution API 2.3.6, read in November 2026.
pub(super) fn send_error(response: &HttpResponse) -> SendError {
    let never = |kind, code| SendError::new(NAME, kind, RetryAdvice::Never).with_provider_code(code);
    match response.status.as_u16() {
        400 if is_unknown_number(response) => never(SendErrorKind::NotOnWhatsApp, "exists false"),
        400 if is_not_connected(response) => never(SendErrorKind::DeviceOffline, "not connected"),
        403 if says(response, "is already in use") => never(SendErrorKind::Rejected, "name in use"),
        404 if is_instance_missing(response) => never(SendErrorKind::DeviceOffline, "no such instance"),
        // The socket of the instance is closed; nothing went out.
        400 | 500 if says(response, "Connection Closed") => {
            SendError::new(NAME, SendErrorKind::DeviceOffline, RetryAdvice::After(None))
                .with_provider_code("connection closed")
        }
        // Its own code has failed, perhaps after WhatsApp took the message.
        500 => caller::unavailable(NAME, RetryAdvice::Ambiguous, "http 500"),
        _ => caller::by_status(NAME, response),
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use SendErrorKind as Kind;

    macro_rules! sample {
        ($name:literal) => {
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/evolution/", $name))
        };
    }

    #[test]
    fn each_refusal_has_its_kind() {
        let never = RetryAdvice::Never;
        for (http, body, kind, advice) in [
            (400, sample!("send_not_on_whatsapp.json"), Kind::NotOnWhatsApp, never),
            (400, sample!("not_connected.json"), Kind::DeviceOffline, never),
            (
                400,
                r#"{"response":{"message":["instance requires property \"text\""]}}"#,
                Kind::Rejected,
                never,
            ),
            (401, sample!("unauthorized.json"), Kind::Unauthenticated, never),
            (403, sample!("name_in_use.json"), Kind::Rejected, never),
            (403, "{}", Kind::Unauthenticated, never),
            (404, sample!("instance_missing.json"), Kind::DeviceOffline, never),
            (404, r#"{"response":{"message":["Cannot GET /x"]}}"#, Kind::Unexpected, never),
            (500, sample!("internal.json"), Kind::Unavailable, RetryAdvice::Ambiguous),
            (
                500,
                r#"{"response":{"message":["Error: Connection Closed"]}}"#,
                Kind::DeviceOffline,
                RetryAdvice::After(None),
            ),
            (
                500,
                r#"{"response":{"message":"Connection Closed"}}"#,
                Kind::DeviceOffline,
                RetryAdvice::After(None),
            ),
            (502, "<html>", Kind::Unavailable, RetryAdvice::After(None)),
            (429, "", Kind::RateLimited, RetryAdvice::After(None)),
            (418, "", Kind::Unexpected, never),
        ] {
            let error = send_error(&HttpResponse::new(StatusCode::from_u16(http).unwrap(), body));
            assert_eq!((error.kind(), error.advice()), (kind, advice), "{http} {body}");
            assert!(!format!("{error} {error:?}").contains("81234567890"), "{body}");
        }
    }
}
