//! WAHA's wire format: JSON out, JSON in. Pure; nothing here touches a network.
//!
//! Source: WAHA's documentation of 2026-07-24 and its OpenAPI document 2026.7.1, read in November 2026.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};
use wartel_core::{Jid, PhoneNumber};

use super::NAME;
use super::errors::send_error;
use crate::adapters::{caller, json as read};
use crate::transport::HttpResponse;
use crate::{
    Accepted, Media, MediaKind, MediaSource, NumberCheckResult, ProviderMessageId, Recipient, SendError,
};

/// The longest text that is sent, in characters: WhatsApp's own limit.
pub(super) const MAX_TEXT: usize = 65_536;

/// How WAHA writes a chat: `62…@c.us` or `…@lid`. It never takes `@s.whatsapp.net`.
/// Source: WAHA documentation, "How to send messages", 2026-07-24; field "chatId".
pub(super) fn chat_id(to: &Recipient) -> String {
    match to {
        Recipient::Phone(phone) => format!("{}@c.us", phone.digits()),
        Recipient::Lid(lid) => lid.without_device().to_wire(),
    }
}

/// A message of the contact by the id that WAHA gives it, which names its chat: `false_62…@c.us_3EB0…`.
fn full_id(chat: &str, id: &ProviderMessageId) -> String {
    format!("false_{chat}_{}", id.as_str())
}

/// The part of `true_62…@c.us_3EB0…` (in a group with `_` and its author behind) that names the message within its chat.
/// One phone's message comes with `@c.us` and with `@lid` in the middle.
pub(super) fn short_id(id: &str) -> &str {
    let mut parts = id.split('_');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("true" | "false"), Some(_), Some(own)) => own,
        _ => id,
    }
}

/// The chat in `true_62…@c.us_3EB0…`.
pub(super) fn chat_of_id(id: &str) -> Option<&str> {
    let mut parts = id.split('_');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("true" | "false"), Some(chat), Some(_)) => Some(chat),
        _ => None,
    }
}

/// The id of a message, in the form of every engine: a text, or an object with the text in it.
pub(super) fn raw_id(message: &Value) -> Option<&str> {
    let paths: [&[&str]; 4] = [&["id"], &["id", "_serialized"], &["id", "id"], &["key", "id"]];
    paths.into_iter().find_map(|path| read::text(message, path))
}

/// The body of `POST /api/sendText`.
pub(super) fn text(session: &str, to: &Recipient, text: &str, quotes: Option<&ProviderMessageId>) -> Bytes {
    let chat = chat_id(to);
    let mut body = json!({ "session": session, "chatId": chat, "text": text });
    quote(&mut body, &chat, quotes);
    body.to_string().into()
}

fn quote(body: &mut Value, chat: &str, quotes: Option<&ProviderMessageId>) {
    if let (Some(id), Value::Object(fields)) = (quotes, body) {
        fields.insert("reply_to".to_owned(), full_id(chat, id).into());
    }
}

/// Where a file goes, and the body of the request. A type that is missing is the one that WhatsApp knows best.
///
/// # Errors
/// Stickers are unsupported.
pub(super) fn media(
    session: &str,
    to: &Recipient,
    media: &Media,
    quotes: Option<&ProviderMessageId>,
) -> Result<(&'static str, Bytes), SendError> {
    let (path, usual) = match media.kind {
        MediaKind::Image => ("/api/sendImage", "image/jpeg"),
        MediaKind::Document => ("/api/sendFile", "application/octet-stream"),
        MediaKind::Audio => ("/api/sendVoice", "audio/ogg; codecs=opus"),
        MediaKind::Video => ("/api/sendVideo", "video/mp4"),
        MediaKind::Sticker => return Err(caller::unsupported(NAME, "sticker")),
    };
    let mut file = json!({ "mimetype": media.mime.as_deref().unwrap_or(usual) });
    if let Value::Object(fields) = &mut file {
        match &media.source {
            MediaSource::Url(url) => fields.insert("url".to_owned(), url.expose().into()),
            MediaSource::Bytes(bytes) => fields.insert("data".to_owned(), STANDARD.encode(bytes).into()),
        };
        if let Some(name) = &media.file_name {
            fields.insert("filename".to_owned(), name.expose().into());
        }
    }
    let chat = chat_id(to);
    let mut body = json!({ "session": session, "chatId": chat, "file": file });
    if let (Some(caption), Value::Object(fields), false) =
        (&media.caption, &mut body, media.kind == MediaKind::Audio)
    {
        fields.insert("caption".to_owned(), caption.expose().into());
    }
    quote(&mut body, &chat, quotes);
    Ok((path, body.to_string().into()))
}

/// The body of `POST /api/startTyping`.
pub(super) fn typing(session: &str, chat: &Recipient) -> Bytes {
    json!({ "session": session, "chatId": chat_id(chat) }).to_string().into()
}

/// The body of `POST /api/sendSeen`.
pub(super) fn seen(session: &str, chat: &Recipient, message: &ProviderMessageId) -> Bytes {
    let chat = chat_id(chat);
    let ids = [full_id(&chat, message)];
    json!({ "session": session, "chatId": chat, "messageIds": ids }).to_string().into()
}

/// The path that asks whether a number has WhatsApp.
pub(super) fn check_path(session: &str, phone: &PhoneNumber) -> String {
    format!("/api/contacts/check-exists?phone={}&session={session}", phone.digits())
}

/// The path that asks for the number behind a LID.
pub(super) fn lid_path(session: &str, lid: &Jid) -> String {
    format!("/api/{session}/lids/{}%40lid", lid.user())
}

/// An answer that says no more than that it was done.
pub(super) fn done(response: &HttpResponse) -> Result<(), SendError> {
    if response.status.is_success() { Ok(()) } else { Err(send_error(response)) }
}

/// Reads a successful answer as JSON.
pub(super) fn success(response: &HttpResponse) -> Result<Value, SendError> {
    match read::parse(&response.body) {
        Some(value) if response.status.is_success() => Ok(value),
        _ => Err(send_error(response)),
    }
}

/// Reads the message that WAHA answers a send with.
pub(super) fn accepted(response: &HttpResponse) -> Result<Accepted, SendError> {
    let message = success(response)?;
    let id = raw_id(&message).ok_or_else(|| caller::unreadable(NAME))?;
    Ok(Accepted::new().with_message_id(short_id(id)))
}

/// Reads the answer of `GET /api/contacts/check-exists`.
pub(super) fn number_check(response: &HttpResponse) -> Result<NumberCheckResult, SendError> {
    let answer = success(response)?;
    Ok(match read::at(&answer, &["numberExists"]).and_then(Value::as_bool) {
        Some(true) => NumberCheckResult::OnWhatsApp,
        Some(false) => NumberCheckResult::NotOnWhatsApp,
        None => NumberCheckResult::Unknown,
    })
}

/// Reads the answer of `GET /api/{session}/lids/{lid}`. `pn` is missing or null where WAHA does not know it.
pub(super) fn phone_of(response: &HttpResponse) -> Result<Option<PhoneNumber>, SendError> {
    let answer = success(response)?;
    let pn = read::text(&answer, &["pn"]).and_then(|pn| Jid::parse(pn).ok());
    Ok(pn.as_ref().and_then(Jid::phone))
}

#[cfg(test)]
mod tests;
