//! GOWA's envelope: `code`, `message`, `results`.

use serde_json::Value;

use crate::provider::{Call, Reply};

/// What may go wrong, with its HTTP status and its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    DeviceNotFound,
    DeviceIdRequired,
    DeviceManagerUnavailable,
    Validation,
    InvalidJid,
    Authentication,
    AlreadyLoggedIn,
    QrChannel,
    SessionSaved,
    InvalidWaCli,
    Webhook,
    UploadMedia,
    Internal,
    NotFound,
    ReachoutTimelock,
    GatewayTimeout,
}

impl Code {
    const ALL: [Self; 16] = [
        Self::DeviceNotFound,
        Self::DeviceIdRequired,
        Self::DeviceManagerUnavailable,
        Self::Validation,
        Self::InvalidJid,
        Self::Authentication,
        Self::AlreadyLoggedIn,
        Self::QrChannel,
        Self::SessionSaved,
        Self::InvalidWaCli,
        Self::Webhook,
        Self::UploadMedia,
        Self::Internal,
        Self::NotFound,
        Self::ReachoutTimelock,
        Self::GatewayTimeout,
    ];

    /// Source: GOWA's source at v9.2.0, 2026-08-22.
    const fn parts(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::DeviceNotFound => (
                404,
                "DEVICE_NOT_FOUND",
                "device not found; create a device first from /api/devices or provide a valid X-Device-Id",
            ),
            Self::DeviceIdRequired => (400, "DEVICE_ID_REQUIRED", "device_id is required"),
            Self::DeviceManagerUnavailable => {
                (503, "DEVICE_MANAGER_UNAVAILABLE", "device manager is not available")
            }
            Self::Validation => (400, "VALIDATION_ERROR", "message: cannot be blank."),
            Self::InvalidJid => (400, "INVALID_JID", "user is not registered"),
            Self::Authentication => (401, "AUTHENTICATION_ERROR", "you are not logged in"),
            Self::AlreadyLoggedIn => (400, "ALREADY_LOGGED_IN", "you are already logged in."),
            Self::QrChannel => (500, "QR_CHANNEL_ERROR", "failed to get the QR channel"),
            Self::SessionSaved => (
                500,
                "SESSION_SAVED_ERROR",
                "your session have been saved, please wait to connect 2 second and refresh again",
            ),
            Self::InvalidWaCli => (500, "INVALID_WA_CLI", "your WhatsApp CLI is invalid or empty"),
            Self::Webhook => (500, "WEBHOOK_ERROR", "failed to submit the webhook"),
            Self::UploadMedia => (500, "UPLOAD_MEDIA_ERROR", "failed to upload the file"),
            Self::Internal => (500, "INTERNAL_SERVER_ERROR", "internal server error"),
            Self::NotFound => (404, "NOT_FOUND", "not found"),
            Self::ReachoutTimelock => (
                429,
                "WA_REACHOUT_TIMELOCK",
                "WhatsApp rejected this send with error 463 (reach-out timelock). Wait until it ends or let the \
                 recipient write first.",
            ),
            Self::GatewayTimeout => (504, "GATEWAY_TIMEOUT", "request timeout"),
        }
    }
}

fn envelope(status: u16, code: &str, message: &str, results: Value) -> Reply {
    let fields = [("code", code.into()), ("message", message.into()), ("results", results)];
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Reply::json(status, Value::Object(fields))
}

/// A success with results.
pub(super) fn success(message: &str, results: Value) -> Reply {
    envelope(200, "SUCCESS", message, results)
}

/// An error in its usual words.
pub(super) fn error(code: Code) -> Reply {
    error_saying(code, code.parts().2, Value::Null)
}

/// An error in other words.
pub(super) fn error_saying(code: Code, message: &str, results: Value) -> Reply {
    let (status, code, _) = code.parts();
    envelope(status, code, message, results)
}

/// What wrong or missing credentials get: the framework's own words, without an envelope.
pub(super) fn unauthorized() -> Reply {
    Reply::bytes(401, "text/plain; charset=utf-8", "Unauthorized")
        .with_header("www-authenticate", "basic realm=\"Restricted\"")
}

/// A path that nothing answers.
pub(super) fn no_route(call: &Call) -> Reply {
    error_saying(Code::NotFound, &format!("Cannot {} {}", call.method, call.path), Value::Null)
}

/// A planned refusal: `Unauthorized`, a code, or the message of an error that has no code of its own.
pub(super) fn refusal(reason: &str) -> Reply {
    if reason == "Unauthorized" {
        return unauthorized();
    }
    match Code::ALL.into_iter().find(|code| code.parts().1 == reason) {
        Some(code) => error(code),
        None => error_saying(Code::Internal, reason, Value::Null),
    }
}
