//! `POST /message/…/{instance}`.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wartel_core::Timestamp;

use super::{answer, instance, target};
use crate::device::Device;
use crate::ladder::{Outgoing, accept};
use crate::provider::{Call, Reply};
use crate::shared::Shared;

/// The longest time of typing before a message that is waited for.
const MAX_DELAY_MS: u64 = 60_000;

/// What is sent.
struct Content {
    text: String,
    attachment: Option<String>,
    /// The name and the value of the message's one field.
    kind: &'static str,
    told: Value,
}

/// Checks the body, then the number, then sends. Media URLs are never fetched.
pub(super) fn send(shared: &Arc<Shared>, device: &Arc<Device>, call: &Call, name: &str) -> Reply {
    let Some(body) = call.json() else { return answer::bad_request("Unexpected end of JSON input") };
    let Some(number) = text(&body, "number") else { return answer::missing("number") };
    let content = match content(&body, name) {
        Ok(content) => content,
        Err(refused) => return refused,
    };
    if !device.is_connected() {
        return answer::closed();
    }
    let jid = target::jid(number);
    let to = match target::phone(&jid) {
        Some(phone) if shared.on_whatsapp(phone) => phone.to_owned(),
        None if jid.ends_with("@g.us") => jid.clone(),
        // LIDs as well.
        // Source: Evolution API, issue 2547, November 2026.
        _ => return answer::error(400, &json!([{"jid": jid, "exists": false, "number": number}])),
    };
    let delay = body.get("delay").and_then(Value::as_u64).unwrap_or_default();
    let wait = Duration::from_millis(delay.min(MAX_DELAY_MS));
    let outgoing =
        Outgoing { to, text: content.text, attachment: content.attachment, wait, ..Outgoing::default() };
    let id = accept(shared, device, outgoing);
    let quoted = body.pointer("/quoted/key/id").and_then(Value::as_str);
    let message = json!({(content.kind): content.told});
    let mut sent = message_data(device, &jid, &id, shared.now(), content.kind, &message);
    if let (Some(quoted), Some(fields)) = (quoted, sent.as_object_mut()) {
        fields.insert("contextInfo".into(), json!({"stanzaId": quoted}));
    }
    Reply::json(201, sent).after(wait)
}

/// A message of ours, in answers and in the webhook `send.message`.
pub(super) fn message_data(
    device: &Device,
    jid: &str,
    id: &str,
    at: Timestamp,
    kind: &str,
    message: &Value,
) -> Value {
    json!({
        "key": {"remoteJid": jid, "fromMe": true, "id": id},
        "pushName": "",
        "status": "PENDING",
        "message": message,
        "messageType": kind,
        "messageTimestamp": at.as_micros() / 1_000_000,
        "instanceId": instance::id(device),
        "source": "unknown",
    })
}

fn text<'b>(body: &'b Value, name: &str) -> Option<&'b str> {
    body.get(name)?.as_str().filter(|text| !text.is_empty())
}

fn content(body: &Value, name: &str) -> Result<Content, Reply> {
    let need = |name| text(body, name).ok_or_else(|| answer::missing(name));
    if name == "sendText" {
        let text = need("text")?.to_owned();
        return Ok(Content { attachment: None, kind: "conversation", told: text.clone().into(), text });
    }
    if name == "sendLocation" {
        let degrees = |name: &str| body.get(name).and_then(Value::as_f64);
        let latitude = degrees("latitude").ok_or_else(|| answer::missing("latitude"))?;
        let longitude = degrees("longitude").ok_or_else(|| answer::missing("longitude"))?;
        let told = json!({"degreesLatitude": latitude, "degreesLongitude": longitude});
        let attachment = Some(format!("{latitude},{longitude}"));
        return Ok(Content { text: String::new(), attachment, kind: "locationMessage", told });
    }
    let (source, kind) = match name {
        "sendWhatsAppAudio" => (need("audio")?, "audioMessage"),
        "sendSticker" => (need("sticker")?, "stickerMessage"),
        _ => {
            let kind = match need("mediatype")? {
                "image" => "imageMessage",
                "video" => "videoMessage",
                "document" => "documentMessage",
                _ => return Err(answer::bad_request("Invalid \"mediatype\" property")),
            };
            (need("media")?, kind)
        }
    };
    let is_web = source.starts_with("http://") || source.starts_with("https://");
    if !is_web && STANDARD.decode(source).is_err() {
        return Err(answer::bad_request("Owned media must be a url or base64"));
    }
    let (caption, mime) = (text(body, "caption").unwrap_or_default(), text(body, "mimetype"));
    let file = text(body, "fileName").or(is_web.then_some(source)).unwrap_or("file");
    let told = json!({"caption": caption, "fileName": file, "mimetype": mime});
    Ok(Content { text: caption.to_owned(), attachment: Some(file.to_owned()), kind, told })
}
