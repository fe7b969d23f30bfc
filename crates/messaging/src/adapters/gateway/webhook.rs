//! The gateway's webhook: one event in each request, unsigned, never repeated.
//!
//! Source: the public source code of `rizrmd/whatsapp-web-api` v1.7.0 and the patch that adds `pair_success`, read in
//! November 2026.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::adapters::{chats, json};
use crate::{
    Authenticity, DeviceEvent, InboundContent, InboundEvent, InboundMessage, MediaKind, WebhookError,
    WebhookRequest, WebhookSource,
};

/// Reads the gateway's webhook. It signs nothing: let only an unguessable URL lead here.
#[derive(Debug, Clone, Copy, Default)]
pub struct GatewayWebhooks;

impl WebhookSource for GatewayWebhooks {
    fn authenticity(&self) -> Authenticity {
        Authenticity::TokenOnly
    }

    fn decode(&self, request: WebhookRequest<'_>) -> Result<Vec<InboundEvent>, WebhookError> {
        let body = json::parse(request.body).filter(Value::is_object).ok_or(WebhookError::Unreadable)?;
        Ok(vec![match json::text(&body, &["event"]) {
            Some("message") => message(&body),
            // The phone has scanned the code; the connection comes later, and is not reported.
            Some("pair_success") => InboundEvent::DeviceState(DeviceEvent::Paired),
            _ => InboundEvent::Ignored { why: "a kind of event that is not used" },
        }])
    }
}

fn message(body: &Value) -> InboundEvent {
    let (chat, sender) = (json::text(body, &["chat"]), json::text(body, &["sender"]));
    let contact = match chats::person(chat.or(sender), [sender]) {
        Ok(contact) => contact,
        Err(why) => return InboundEvent::Ignored { why },
    };
    let text = json::text(body, &["message"]).unwrap_or_default();
    let content = match json::at(body, &["attachment"]) {
        Some(attachment) => attached(attachment),
        None if text.is_empty() => return InboundEvent::Ignored { why: "a message without content" },
        None => InboundContent::text(text),
    };
    InboundEvent::Message(
        InboundMessage::new(contact, content)
            .with_id(made_id(body, chat, sender, text))
            .with_at(json::rfc3339_at(body, &["time"])),
    )
}

/// The gateway gives no ids. The instant has nine places behind the second, so chat, sender, instant and text name one
/// message; without an instant there is nothing to tell a message from its repetition.
fn made_id(body: &Value, chat: Option<&str>, sender: Option<&str>, text: &str) -> Option<String> {
    let time = json::text(body, &["time"])?;
    let mut hash = Sha256::new();
    for part in [chat.unwrap_or_default(), sender.unwrap_or_default(), time, text] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    let hex: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Some(format!("gw-{hex}"))
}

/// The text beside an attachment is the gateway's own ("Image received: …"); the words of the person are its caption.
fn attached(attachment: &Value) -> InboundContent {
    let own = |name| json::text(attachment, &[name]).map(str::to_owned);
    let media = |kind| InboundContent::Media {
        kind,
        mime: own("mimetype"),
        caption: own("caption"),
        reference: own("url"),
        file_name: own("title"),
    };
    match json::text(attachment, &["type"]).unwrap_or_default() {
        "image" => media(MediaKind::Image),
        "document" => media(MediaKind::Document),
        "audio" => media(MediaKind::Audio),
        "video" => media(MediaKind::Video),
        "sticker" => media(MediaKind::Sticker),
        "location" => match (micro(attachment, "latitude"), micro(attachment, "longitude")) {
            (Some(latitude_micro), Some(longitude_micro)) => InboundContent::Location {
                latitude_micro,
                longitude_micro,
                name: own("name").or_else(|| own("address")),
            },
            _ => InboundContent::Other { kind: "location".to_owned() },
        },
        "contact" => InboundContent::Other { kind: "contact".to_owned() },
        _ => InboundContent::Other { kind: "unknown".to_owned() },
    }
}

/// Degrees times 10⁶, if they are degrees.
#[expect(clippy::cast_possible_truncation, reason = "at most 180 million")]
fn micro(value: &Value, name: &str) -> Option<i64> {
    let degrees = json::at(value, &[name])?.as_f64().filter(|degrees| degrees.abs() <= 180.0)?;
    Some((degrees * 1_000_000.0).round() as i64)
}

#[cfg(test)]
mod tests;
