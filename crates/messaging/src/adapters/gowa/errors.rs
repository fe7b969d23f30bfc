//! The one place where an answer of GOWA's that is no success becomes an error.

use std::time::Duration;

use super::NAME;
use crate::adapters::{caller, json};
use crate::transport::HttpResponse;
use crate::{RetryAdvice, SendError, SendErrorKind};

const AGAIN: RetryAdvice = RetryAdvice::After(None);
const NEVER: RetryAdvice = RetryAdvice::Never;

/// Every `code` that GOWA is known to give, besides those that [`by_message`] looks at more closely.
///
/// Source: GOWA's source and docs/openapi.yaml at v9.2.0, 2026-08-22, read in November 2026; field "code".
const CODES: &[(&str, SendErrorKind, RetryAdvice)] = &[
    ("DEVICE_NOT_FOUND", SendErrorKind::DeviceOffline, NEVER),
    ("DEVICE_ID_REQUIRED", SendErrorKind::Rejected, NEVER),
    ("DEVICE_MANAGER_UNAVAILABLE", SendErrorKind::Unavailable, AGAIN),
    ("VALIDATION_ERROR", SendErrorKind::Rejected, NEVER),
    ("INVALID_JID", SendErrorKind::InvalidRecipient, NEVER),
    ("AUTHENTICATION_ERROR", SendErrorKind::DeviceOffline, NEVER),
    ("ALREADY_LOGGED_IN", SendErrorKind::Rejected, NEVER),
    ("QR_CHANNEL_ERROR", SendErrorKind::Unavailable, AGAIN),
    // "wait to connect 2 second": the gateway's own words.
    ("SESSION_SAVED_ERROR", SendErrorKind::DeviceOffline, RetryAdvice::After(Some(Duration::from_secs(2)))),
    ("INVALID_WA_CLI", SendErrorKind::DeviceOffline, NEVER),
    ("WEBHOOK_ERROR", SendErrorKind::Unexpected, NEVER),
    // The file did not get to WhatsApp, so no message did.
    ("UPLOAD_MEDIA_ERROR", SendErrorKind::MediaRejected, AGAIN),
    // Whatever else went wrong, a wait for WhatsApp's answer among it.
    ("INTERNAL_SERVER_ERROR", SendErrorKind::Unavailable, RetryAdvice::Ambiguous),
    ("NOT_FOUND", SendErrorKind::Rejected, NEVER),
    ("WA_REACHOUT_TIMELOCK", SendErrorKind::ReachoutLocked, NEVER),
    ("GATEWAY_TIMEOUT", SendErrorKind::Unavailable, RetryAdvice::Ambiguous),
];

/// Codes whose message tells more: the code, words of the message in lower case, and what they mean.
const MESSAGES: &[(&str, &str, SendErrorKind, RetryAdvice)] = &[
    ("VALIDATION_ERROR", "phone", SendErrorKind::InvalidRecipient, NEVER),
    ("INVALID_JID", "not on whatsapp", SendErrorKind::NotOnWhatsApp, NEVER),
    ("INVALID_JID", "not registered", SendErrorKind::NotOnWhatsApp, NEVER),
    ("AUTHENTICATION_ERROR", "not connect", SendErrorKind::DeviceOffline, AGAIN),
    // `/app/reconnect` of a device that is linked to no phone (GOWA's source, `Reconnect`, November 2026).
    ("INTERNAL_SERVER_ERROR", "session deleted", SendErrorKind::DeviceOffline, NEVER),
];

/// The `code` of an answer.
pub(super) fn code(response: &HttpResponse) -> Option<String> {
    Some(json::text(&json::parse(&response.body)?, &["code"])?.to_owned())
}

/// What an answer that is no success means. The code decides; the HTTP status only where there is no code that is known.
/// No text of the answer goes into the error: messages quote the number.
pub(super) fn send_error(response: &HttpResponse) -> SendError {
    let code = code(response);
    let Some((code, kind, advice)) =
        CODES.iter().find(|(known, ..)| code.as_deref() == Some(*known)).copied()
    else {
        // Without a code, somebody before GOWA has answered: its Basic authentication or a proxy.
        return match code.as_deref() {
            Some("SUCCESS" | "200") | None => caller::by_status(NAME, response),
            Some(_) if response.status == http::StatusCode::TOO_MANY_REQUESTS => {
                caller::by_status(NAME, response)
            }
            Some(_) => {
                SendError::new(NAME, SendErrorKind::Unexpected, NEVER).with_provider_code("unlisted code")
            }
        };
    };
    let (kind, advice) = by_message(code, response).unwrap_or((kind, advice));
    SendError::new(NAME, kind, advice).with_provider_code(code)
}

fn by_message(code: &str, response: &HttpResponse) -> Option<(SendErrorKind, RetryAdvice)> {
    let body = json::parse(&response.body)?;
    let message = json::text(&body, &["message"])?.to_lowercase();
    let known = MESSAGES.iter().find(|(known, words, ..)| *known == code && message.contains(words));
    known.map(|(_, _, kind, advice)| (*kind, *advice))
}

#[cfg(test)]
mod tests;
