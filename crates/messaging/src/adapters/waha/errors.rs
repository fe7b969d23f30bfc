//! The one place where an answer of WAHA's that is no success becomes an error.

use serde_json::Value;

use super::NAME;
use crate::adapters::{caller, json};
use crate::transport::HttpResponse;
use crate::{RetryAdvice, SendError, SendErrorKind};

/// How a session is, in WAHA's words.
/// Source: WAHA documentation, "Sessions", 2026-07-24; field "status".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Stopped,
    Starting,
    ScanQr,
    /// A passkey is asked for, or its confirmation.
    Passkey,
    Working,
    Failed,
}

impl Status {
    /// Reads the word; `None` for one that is not known.
    pub(super) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "STOPPED" => Self::Stopped,
            "STARTING" => Self::Starting,
            "SCAN_QR_CODE" => Self::ScanQr,
            "PASSKEY_REQUIRED" | "PASSKEY_CONFIRMATION_REQUIRED" => Self::Passkey,
            "WORKING" => Self::Working,
            "FAILED" => Self::Failed,
            _ => return None,
        })
    }

    const fn code(self) -> &'static str {
        match self {
            Self::Stopped => "session STOPPED",
            Self::Starting => "session STARTING",
            Self::ScanQr => "session SCAN_QR_CODE",
            Self::Passkey => "session PASSKEY_REQUIRED",
            Self::Working => "session WORKING",
            Self::Failed => "session FAILED",
        }
    }
}

/// The status of the session that a refusal complains of.
pub(super) fn unexpected_status(response: &HttpResponse) -> Option<Status> {
    let body = json::parse(&response.body)?;
    if response.status.as_u16() != 422 || json::at(&body, &["expected"]).is_none() {
        return None;
    }
    Status::parse(json::text(&body, &["status"])?)
}

/// Whether an answer says that there is no such session.
pub(super) fn is_session_missing(response: &HttpResponse) -> bool {
    response.status.as_u16() == 404 && message(response).is_some_and(|text| text.contains("find a session"))
}

fn message(response: &HttpResponse) -> Option<String> {
    Some(json::text(&json::parse(&response.body)?, &["message"])?.to_owned())
}

/// What an answer that is no success means. No text of the answer goes into the error: exceptions quote the request, and
/// with it the number and the message.
///
/// Source: WAHA's documentation of 2026-07-24 and its OpenAPI document 2026.7.1, read in November 2026.
pub(super) fn send_error(response: &HttpResponse) -> SendError {
    let error = |kind, advice, code: &str| SendError::new(NAME, kind, advice).with_provider_code(code);
    if is_session_missing(response) {
        return error(SendErrorKind::DeviceOffline, RetryAdvice::Never, "session not found");
    }
    if let Some(status) = unexpected_status(response) {
        // WAHA has waited for the session before it refused: nothing was sent.
        let advice = if status == Status::Starting { RetryAdvice::After(None) } else { RetryAdvice::Never };
        return error(SendErrorKind::DeviceOffline, advice, status.code());
    }
    if response.status.as_u16() == 422
        && message(response).is_some_and(|text| text.contains("already exists"))
    {
        return error(SendErrorKind::Rejected, RetryAdvice::Never, "session already exists");
    }
    match json::parse(&response.body) {
        Some(body) if response.status.is_server_error() && body.get("exception").is_some() => {
            exception(&body, response.status.as_u16())
        }
        _ => caller::by_status(NAME, response),
    }
}

/// WAHA's own code has failed, perhaps after WhatsApp took the message.
fn exception(body: &Value, status: u16) -> SendError {
    let text = json::text(body, &["exception", "message"]).unwrap_or_default();
    // WhatsApp's server says it to the engine, and the engine's error carries the number of it (GOWS: "server returned
    // error 463").
    if text.contains("error 463") {
        return SendError::new(NAME, SendErrorKind::ReachoutLocked, RetryAdvice::Never)
            .with_provider_code("463");
    }
    caller::unavailable(NAME, RetryAdvice::Ambiguous, &format!("http {status} exception"))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::StatusCode;

    use super::*;
    use SendErrorKind as Kind;

    macro_rules! sample {
        ($name:literal) => {
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/waha/", $name))
        };
    }

    #[test]
    fn each_refusal_has_its_kind() {
        let again = RetryAdvice::After(None);
        let status = |word: &str| {
            Bytes::from(format!(
                r#"{{"error":"Session status is not as expected.","session":"default","status":"{word}","expected":["WORKING"]}}"#
            ))
        };
        let body = |text: &'static str| Bytes::from_static(text.as_bytes());
        let locked =
            body(r#"{"statusCode":500,"exception":{"message":"server returned error 463","name":"Error"}}"#);
        for (http, body, kind, advice, code) in [
            (401, body(sample!("unauthorized.json")), Kind::Unauthenticated, RetryAdvice::Never, "http 401"),
            (
                404,
                body(sample!("session_missing.json")),
                Kind::DeviceOffline,
                RetryAdvice::Never,
                "session not found",
            ),
            (404, body("Cannot POST /api/sendTxt"), Kind::Unexpected, RetryAdvice::Never, "http 404"),
            (422, body(sample!("session_starting.json")), Kind::DeviceOffline, again, "session STARTING"),
            (422, status("STOPPED"), Kind::DeviceOffline, RetryAdvice::Never, "session STOPPED"),
            (422, status("SCAN_QR_CODE"), Kind::DeviceOffline, RetryAdvice::Never, "session SCAN_QR_CODE"),
            (
                422,
                status("PASSKEY_REQUIRED"),
                Kind::DeviceOffline,
                RetryAdvice::Never,
                "session PASSKEY_REQUIRED",
            ),
            (
                422,
                status("PASSKEY_CONFIRMATION_REQUIRED"),
                Kind::DeviceOffline,
                RetryAdvice::Never,
                "session PASSKEY_REQUIRED",
            ),
            (422, status("FAILED"), Kind::DeviceOffline, RetryAdvice::Never, "session FAILED"),
            (422, status("DREAMING"), Kind::Rejected, RetryAdvice::Never, "http 422"),
            (
                422,
                body(sample!("session_exists.json")),
                Kind::Rejected,
                RetryAdvice::Never,
                "session already exists",
            ),
            (
                400,
                body(r#"{"message":["chatId must be a string"]}"#),
                Kind::Rejected,
                RetryAdvice::Never,
                "http 400",
            ),
            (
                500,
                body(sample!("exception.json")),
                Kind::Unavailable,
                RetryAdvice::Ambiguous,
                "http 500 exception",
            ),
            (500, locked, Kind::ReachoutLocked, RetryAdvice::Never, "463"),
            (502, body("<html>"), Kind::Unavailable, again, "http 502"),
            (429, body(""), Kind::RateLimited, again, "http 429"),
            (418, body("{}"), Kind::Unexpected, RetryAdvice::Never, "http 418"),
        ] {
            let error = send_error(&HttpResponse::new(StatusCode::from_u16(http).unwrap(), body.clone()));
            assert_eq!((error.kind(), error.advice()), (kind, advice), "{http} {body:?}");
            assert_eq!(error.provider_code(), Some(code), "{http} {body:?}");
            assert!(!format!("{error} {error:?}").contains("81234567890"));
        }
    }
}
