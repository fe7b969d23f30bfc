//! GOWA's wire format: JSON and forms out, JSON in. Pure; nothing here touches a network.
//!
//! Source: GOWA's docs/openapi.yaml and source at v9.2.0, 2026-08-22, read in November 2026.

use bytes::Bytes;
use serde_json::{Value, json};
use wartel_core::PhoneNumber;

use super::NAME;
use super::errors::send_error;
use crate::adapters::multipart::Form;
use crate::adapters::{caller, json as read};
use crate::transport::HttpResponse;
use crate::{
    Accepted, Media, MediaKind, MediaSource, NumberCheckResult, ProviderMessageId, Recipient, RetryAdvice,
    SendError, SendErrorKind,
};

/// The longest text that is sent, in characters: WhatsApp's own limit.
pub(super) const MAX_TEXT: usize = 65_536;
const MIB: usize = 1024 * 1024;
/// The type of bodies that are JSON.
pub(super) const JSON: &str = "application/json";

/// A body, its type, and where it goes.
pub(super) struct Post {
    pub(super) path: String,
    pub(super) kind: String,
    pub(super) body: Bytes,
}

fn json_post(path: impl Into<String>, body: &Value) -> Post {
    Post { path: path.into(), kind: JSON.to_owned(), body: body.to_string().into() }
}

/// The field `phone`: an address is taken whole, so that nothing is made of its digits.
pub(super) fn phone(to: &Recipient) -> String {
    match to {
        Recipient::Phone(phone) => format!("{}@s.whatsapp.net", phone.digits()),
        Recipient::Lid(lid) => lid.without_device().to_wire(),
    }
}

/// `POST /send/message`.
pub(super) fn text(to: &Recipient, text: &str, quotes: Option<&ProviderMessageId>) -> Post {
    let mut body = json!({ "phone": phone(to), "message": text });
    if let (Some(id), Value::Object(fields)) = (quotes, &mut body) {
        fields.insert("reply_message_id".to_owned(), id.as_str().into());
    }
    json_post("/send/message", &body)
}

/// Where a kind of file goes.
struct Place {
    path: &'static str,
    /// The field of the bytes.
    field: &'static str,
    /// The field of the address.
    url: &'static str,
    /// What the file is called if it has no name.
    name: &'static str,
    /// Whether a text may stand below it.
    caption: bool,
    /// The most bytes that GOWA takes.
    limit: usize,
}

const fn place(kind: MediaKind) -> Place {
    let (path, field, url, name, caption, limit) = match kind {
        MediaKind::Image => ("/send/image", "image", "image_url", "image.jpg", true, 20 * MIB),
        MediaKind::Document => ("/send/file", "file", "file_url", "file", true, 50 * MIB),
        MediaKind::Video => ("/send/video", "video", "video_url", "video.mp4", true, 100 * MIB),
        MediaKind::Audio => ("/send/audio", "audio", "audio_url", "audio.ogg", false, 50 * MIB),
        MediaKind::Sticker => ("/send/sticker", "sticker", "sticker_url", "sticker.webp", false, 20 * MIB),
    };
    Place { path, field, url, name, caption, limit }
}

/// The request that sends a file: JSON with its address, or a form with its bytes.
///
/// # Errors
/// [`SendErrorKind::MediaRejected`] for more bytes than GOWA takes: 20 MB of pictures, 50 MB of documents, 100 MB of films.
pub(super) fn media(to: &Recipient, media: &Media) -> Result<Post, SendError> {
    let place = place(media.kind);
    let caption = media.caption.as_ref().filter(|_| place.caption);
    match &media.source {
        MediaSource::Url(url) => {
            let mut body = json!({ "phone": phone(to), place.url: url.expose() });
            if let (Some(caption), Value::Object(fields)) = (caption, &mut body) {
                fields.insert("caption".to_owned(), caption.expose().into());
            }
            Ok(json_post(place.path, &body))
        }
        MediaSource::Bytes(bytes) if bytes.len() > place.limit => {
            Err(SendError::new(NAME, SendErrorKind::MediaRejected, RetryAdvice::Never)
                .with_provider_code("file too large"))
        }
        MediaSource::Bytes(bytes) => {
            let mut form = Form::default().with("phone", phone(to));
            if let Some(caption) = caption {
                form = form.with("caption", caption.expose());
            }
            let name = media.file_name.as_ref().map_or(place.name, |name| name.expose());
            let mime = media.mime.as_deref().unwrap_or_default();
            let (kind, body) = form.with_file(place.field, name, mime, bytes.clone()).finish();
            Ok(Post { path: place.path.to_owned(), kind, body: body.into() })
        }
    }
}

/// `POST /send/chat-presence`.
pub(super) fn typing(chat: &Recipient) -> Post {
    json_post("/send/chat-presence", &json!({ "phone": phone(chat), "action": "start" }))
}

/// `POST /message/{id}/read`. `None` for an id that no path may have.
pub(super) fn seen(chat: &Recipient, message: &ProviderMessageId) -> Option<Post> {
    let id = read::loggable_id(message.as_str()).filter(|id| !id.starts_with('.'))?;
    Some(json_post(format!("/message/{id}/read"), &json!({ "phone": phone(chat) })))
}

/// `POST /devices`.
pub(super) fn new_device(device: &str) -> Post {
    json_post("/devices", &json!({ "device_id": device }))
}

/// The path that asks whether a number has WhatsApp.
pub(super) fn check_path(phone: &PhoneNumber) -> String {
    format!("/user/check?phone={}", phone.digits())
}

/// The path that asks for a code to type on the phone of this number.
pub(super) fn code_path(phone: &PhoneNumber) -> String {
    format!("/app/login-with-code?phone={}", phone.digits())
}

/// Reads a successful answer: what stands in `results`, which some answers leave out.
pub(super) fn results(response: &HttpResponse) -> Result<Value, SendError> {
    match read::parse(&response.body) {
        Some(body) if response.status.is_success() && read::text(&body, &["code"]) == Some("SUCCESS") => {
            Ok(read::at(&body, &["results"]).cloned().unwrap_or(Value::Null))
        }
        _ => Err(send_error(response)),
    }
}

/// Reads the answer of a send.
pub(super) fn accepted(response: &HttpResponse) -> Result<Accepted, SendError> {
    let results = results(response)?;
    let id = read::text(&results, &["message_id"]).ok_or_else(|| caller::unreadable(NAME))?;
    Ok(Accepted::new().with_message_id(id))
}

/// Reads the answer of `GET /user/check`.
pub(super) fn number_check(response: &HttpResponse) -> Result<NumberCheckResult, SendError> {
    let results = results(response)?;
    Ok(match read::at(&results, &["is_on_whatsapp"]).and_then(Value::as_bool) {
        Some(true) => NumberCheckResult::OnWhatsApp,
        Some(false) => NumberCheckResult::NotOnWhatsApp,
        None => NumberCheckResult::Unknown,
    })
}

/// The path of a file that GOWA offers, from the link that it gives. The link names the host as GOWA knows itself, which
/// may be another machine from here: only the path is used, so that the password goes nowhere else.
pub(super) fn static_path(link: &str) -> Option<&str> {
    let path = link.get(link.find("/statics/")?..)?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./".contains(&b);
    (path.len() <= 512 && path.bytes().all(plain) && !path.contains("..")).then_some(path)
}

#[cfg(test)]
mod tests;
