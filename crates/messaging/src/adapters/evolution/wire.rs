//! The wire format of the Evolution API. Pure; nothing here touches a network.
//!
//! Source: <https://doc.evolution-api.com/v2> and the public source code of version 2.3.6, read in November 2026.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};
use wartel_core::PhoneNumber;

use super::NAME;
use super::errors::send_error;
use crate::adapters::{caller, json as read};
use crate::transport::HttpResponse;
use crate::{
    Accepted, DeviceInfo, Media, MediaKind, MediaSource, NumberCheckResult, ProviderMessageId, SendError,
};

/// The longest text that WhatsApp shows whole, in characters.
pub(super) const MAX_TEXT: usize = 65_536;
/// The longest file that is sent from its bytes: base64 makes it a third longer, and it has to fit into one request.
const MAX_FILE: usize = 64 * 1024 * 1024;

fn body(mut fields: Value, quotes: Option<&ProviderMessageId>) -> Bytes {
    if let (Some(id), Some(fields)) = (quotes, fields.as_object_mut()) {
        fields.insert("quoted".to_owned(), json!({ "key": { "id": id.as_str() } }));
    }
    Bytes::from(fields.to_string())
}

/// The body of `POST /message/sendText`.
pub(super) fn text(to: &PhoneNumber, text: &str, quotes: Option<&ProviderMessageId>) -> Bytes {
    body(json!({ "number": to.digits(), "text": text }), quotes)
}

/// The path below `/message` and the body that sends a file.
pub(super) fn media(
    to: &PhoneNumber,
    media: &Media,
    quotes: Option<&ProviderMessageId>,
) -> Result<(&'static str, Bytes), SendError> {
    let source = match &media.source {
        MediaSource::Url(url) => url.expose().to_owned(),
        MediaSource::Bytes(bytes) if bytes.len() > MAX_FILE => {
            return Err(caller::refused_here(NAME, "file too long"));
        }
        MediaSource::Bytes(bytes) => STANDARD.encode(bytes),
    };
    let number = to.digits();
    let kind = match media.kind {
        MediaKind::Audio => {
            return Ok(("sendWhatsAppAudio", body(json!({ "number": number, "audio": source }), quotes)));
        }
        MediaKind::Sticker => {
            return Ok(("sendSticker", body(json!({ "number": number, "sticker": source }), quotes)));
        }
        MediaKind::Image | MediaKind::Document | MediaKind::Video => media.kind.as_str(),
    };
    let shown = |text: &Option<wartel_core::Secret>| text.as_ref().map(|text| text.expose().to_owned());
    let mut fields = json!({ "number": number, "mediatype": kind, "media": source });
    if let Some(fields) = fields.as_object_mut() {
        let mime = media.mime.clone();
        for (name, value) in
            [("mimetype", mime), ("caption", shown(&media.caption)), ("fileName", shown(&media.file_name))]
        {
            value.map(|value| fields.insert(name.to_owned(), value.into()));
        }
    }
    Ok(("sendMedia", body(fields, quotes)))
}

/// The body of an answer with a status of success.
pub(super) fn success(response: &HttpResponse) -> Result<Value, SendError> {
    if !response.status.is_success() {
        return Err(send_error(response));
    }
    read::parse(&response.body).ok_or_else(|| send_error(response))
}

/// Reads the answer of a send. One without `key.id` may have been taken or not.
pub(super) fn accepted(response: &HttpResponse) -> Result<Accepted, SendError> {
    let body = success(response)?;
    match read::text(&body, &["key", "id"]) {
        Some(id) if body.get("error") != Some(&Value::Bool(true)) => Ok(Accepted::new().with_message_id(id)),
        _ => Err(caller::unreadable(NAME)),
    }
}

/// Reads the answer of `GET /instance/connectionState`: `open`, `connecting` or `close`.
pub(super) fn device(response: &HttpResponse) -> Result<DeviceInfo, SendError> {
    let body = success(response)?;
    match read::text(&body, &["instance", "state"]) {
        Some("open") => Ok(DeviceInfo::new(true).with_paired(true)),
        Some("connecting" | "close") => Ok(DeviceInfo::new(false)),
        _ => Err(caller::unreadable(NAME)),
    }
}

/// The body of `POST /chat/whatsappNumbers`.
pub(super) fn numbers(phone: &PhoneNumber) -> Bytes {
    Bytes::from(json!({ "numbers": [phone.digits()] }).to_string())
}

/// Reads its answer for one number.
pub(super) fn number_check(
    response: &HttpResponse,
    phone: &PhoneNumber,
) -> Result<NumberCheckResult, SendError> {
    let body = success(response)?;
    let about = |item: &&Value| {
        let number = read::scalar(item, &["number"]);
        number.is_some_and(|number| number.trim_start_matches('+') == phone.digits())
    };
    let item = read::items(&body, &[]).iter().find(about);
    Ok(match item.and_then(|item| item.get("exists")?.as_bool()) {
        Some(true) => NumberCheckResult::OnWhatsApp,
        Some(false) => NumberCheckResult::NotOnWhatsApp,
        None => NumberCheckResult::Unknown,
    })
}

#[cfg(test)]
mod tests;
