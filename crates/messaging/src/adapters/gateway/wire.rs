//! The gateway's wire format: JSON both ways, and HTTP 200 for failures as well. Pure; nothing here touches a network.
//!
//! Source: the public source code of `rizrmd/whatsapp-web-api` v1.7.0, read in November 2026.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use wartel_core::{Jid, PhoneNumber};

use super::NAME;
use crate::adapters::{caller, json as read};
use crate::transport::HttpResponse;
use crate::{
    Accepted, DeviceInfo, Media, MediaKind, MediaSource, PairingOffer, QrCode, RetryAdvice, SendError,
    SendErrorKind,
};

/// The longest text that WhatsApp shows whole, in characters.
pub(super) const MAX_TEXT: usize = 65_536;

/// The first eight bytes of every PNG picture.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The body of `POST /send` for a text. The number has no `+`; the gateway puts `@s.whatsapp.net` behind it.
pub(super) fn text(to: &PhoneNumber, text: &str) -> Bytes {
    Bytes::from(json!({ "number": to.digits(), "message": text }).to_string())
}

/// The body of `POST /send` for a file: the gateway fetches it from its address.
pub(super) fn media(to: &PhoneNumber, media: &Media) -> Result<Bytes, SendError> {
    let MediaSource::Url(url) = &media.source else {
        return Err(caller::unsupported(NAME, "media from bytes"));
    };
    let kind = match media.kind {
        MediaKind::Image | MediaKind::Document | MediaKind::Audio | MediaKind::Video => media.kind.as_str(),
        MediaKind::Sticker => return Err(caller::unsupported(NAME, "sticker")),
    };
    let caption = media.caption.as_ref().map_or("", |caption| caption.expose());
    let mut attachment = json!({ "type": kind, "url": url.expose(), "caption": caption });
    if let (Some(name), Some(fields)) = (&media.file_name, attachment.as_object_mut()) {
        fields.insert("filename".to_owned(), name.expose().into());
    }
    let body = json!({ "number": to.digits(), "message": "", "attachments": [attachment] });
    Ok(Bytes::from(body.to_string()))
}

/// Reads the answer of `POST /send`. It gives no ids.
pub(super) fn accepted(response: &HttpResponse) -> Result<Accepted, SendError> {
    success(response).map(|_| Accepted::new())
}

/// The body of an answer that says `success: true`.
pub(super) fn success(response: &HttpResponse) -> Result<Value, SendError> {
    match read::parse(&response.body) {
        Some(body) if response.status.is_success() && body.get("success") == Some(&Value::Bool(true)) => {
            Ok(body)
        }
        _ => Err(send_error(response)),
    }
}

/// Reads the answer of `GET /devices`.
///
/// `paired` is not asked: after a lost connection it may stay false for ever, though the device is online.
pub(super) fn device(response: &HttpResponse) -> Result<DeviceInfo, SendError> {
    let body = success(response)?;
    let field = |name| read::text(&body, &["data", name]);
    let id = field("device_id").or_else(|| field("jid")).map(str::to_owned);
    let phone = field("phone").and_then(|digits| PhoneNumber::from_e164(&format!("+{digits}")).ok());
    let phone = phone.or_else(|| Jid::parse(id.as_deref()?).ok()?.phone());
    let connected = read::flag(&body, &["data", "connected"]) && id.is_some();
    let paired = id.is_some() || read::flag(&body, &["data", "paired"]);
    Ok(DeviceInfo::new(connected).with_paired(paired).with_identity(id, phone))
}

/// The version in the answer of `GET /health`, if it is one.
pub(super) fn version(response: &HttpResponse) -> Option<String> {
    read::loggable_id(read::text(&read::parse(&response.body)?, &["data", "version"])?)
}

/// Reads the answer of `GET /pair`: a PNG picture since v1.3, JSON before.
pub(super) fn offer(response: &HttpResponse) -> Result<PairingOffer, SendError> {
    if response.status.is_success() && response.body.starts_with(PNG) {
        return Ok(PairingOffer::Qr { qr: QrCode::Png(response.body.clone()), valid_for: None });
    }
    let body = success(response)?;
    let Some(code) = read::text(&body, &["data", "qr_code"]) else { return Err(caller::unreadable(NAME)) };
    // Nanoseconds, as Go writes a duration; the documentation shows seconds.
    let valid_for = read::number(&body, &["data", "expires_in"]).and_then(|n| u64::try_from(n).ok());
    let valid_for =
        valid_for.map(|n| if n >= 1_000_000 { Duration::from_nanos(n) } else { Duration::from_secs(n) });
    Ok(PairingOffer::Qr { qr: QrCode::Text(code.to_owned()), valid_for })
}

/// How the gateway's reasons begin, with the kind, the advice and the code under which each is logged.
const REASONS: &[(&str, SendErrorKind, RetryAdvice, &str)] = &[
    ("Not paired", SendErrorKind::DeviceOffline, RetryAdvice::Never, "not paired"),
    ("Invalid phone number", SendErrorKind::InvalidRecipient, RetryAdvice::Never, "invalid phone number"),
    ("Number is required", SendErrorKind::InvalidRecipient, RetryAdvice::Never, "number is required"),
    ("Failed to prepare attachment", SendErrorKind::MediaRejected, RetryAdvice::Never, "attachment"),
    ("Either message or attachments", SendErrorKind::Rejected, RetryAdvice::Never, "nothing to send"),
    ("Invalid request body", SendErrorKind::Rejected, RetryAdvice::Never, "invalid request body"),
    // A message with several parts is sent part by part: some may have gone out.
    ("Failed to send message", SendErrorKind::Unavailable, RetryAdvice::Ambiguous, "failed to send"),
    ("Client not initialized", SendErrorKind::DeviceOffline, RetryAdvice::Never, "client not initialized"),
    ("Failed to get QR channel", SendErrorKind::Unavailable, RetryAdvice::After(None), "qr channel"),
    ("Failed to connect", SendErrorKind::Unavailable, RetryAdvice::After(None), "failed to connect"),
    ("QR code generation timeout", SendErrorKind::Unavailable, RetryAdvice::After(None), "qr timeout"),
    (
        "QR generation error: err-client-outdated",
        SendErrorKind::Rejected,
        RetryAdvice::Never,
        "client outdated",
    ),
    (
        "QR generation error: err-scanned-without-multidevice",
        SendErrorKind::PairingRefused,
        RetryAdvice::Never,
        "scanned without multidevice",
    ),
    (
        "QR generation error: err-device-limit-exceeded",
        SendErrorKind::PairingRefused,
        RetryAdvice::Never,
        "device limit exceeded",
    ),
    ("QR generation error", SendErrorKind::Unavailable, RetryAdvice::After(None), "qr error"),
];

/// The one place where an answer that is no success becomes an error. No text of the answer goes into it: reasons quote
/// the number.
pub(super) fn send_error(response: &HttpResponse) -> SendError {
    let body = read::parse(&response.body);
    let reason = body.as_ref().and_then(|body| read::text(body, &["message"]));
    // The errors of `/pair` are plain text.
    let reason = reason.or_else(|| std::str::from_utf8(&response.body).ok().map(str::trim));
    let error = |kind, advice, code: &str| SendError::new(NAME, kind, advice).with_provider_code(code);
    if let Some(reason) = reason
        && let Some((begins, kind, advice, code)) =
            REASONS.iter().find(|(begins, ..)| reason.starts_with(begins))
    {
        // The words of whatsmeow: "server returned error 463".
        if *begins == "Failed to send message" && reason.contains("error 463") {
            return error(SendErrorKind::ReachoutLocked, RetryAdvice::Never, "463");
        }
        return error(*kind, *advice, code);
    }
    match body.as_ref().and_then(|body| body.get("success")) {
        Some(Value::Bool(false)) if response.status.is_success() => {
            error(SendErrorKind::Unexpected, RetryAdvice::Never, "unlisted reason")
        }
        Some(Value::Bool(true)) if !response.status.is_success() => {
            caller::unavailable(NAME, RetryAdvice::Ambiguous, "contradictory_answer")
        }
        _ => caller::by_status(NAME, response),
    }
}

#[cfg(test)]
mod tests;
