//! A message as GOWA's webhooks bring it.

use serde_json::Value;
use wartel_core::Jid;

use crate::adapters::{chats, json};
use crate::inbound::cut;
use crate::{
    ContactAddress, InboundContent, InboundEvent, InboundMessage, MAX_INBOUND_TEXT, MediaKind,
    ProviderMessageId,
};

/// The fields that hold a file, and what kind it is.
/// Source: GOWA docs/webhook-payload.md at v9.2.0, 2026-08-22; "Media Messages".
const MEDIA: &[(&str, MediaKind)] = &[
    ("image", MediaKind::Image),
    ("video", MediaKind::Video),
    ("video_note", MediaKind::Video),
    ("audio", MediaKind::Audio),
    ("document", MediaKind::Document),
    ("sticker", MediaKind::Sticker),
];

/// Fields of things that have no word here.
const OTHERS: &[&str] = &["contact", "contacts_array", "list", "order", "poll"];

/// Reads the payload of `message`. `own` is the address of the device.
pub(super) fn event(payload: &Value, own: Option<&str>) -> InboundEvent {
    match contact(payload, own) {
        Ok(contact) => {
            let message = finish(payload, contact, content(payload));
            InboundEvent::Message(message.with_quotes(json::text(payload, &["replied_to_id"])))
        }
        Err(why) => InboundEvent::Ignored { why },
    }
}

/// Reads the payload of `message.reaction`; an empty reaction takes it back.
pub(super) fn reaction(payload: &Value, own: Option<&str>) -> InboundEvent {
    match contact(payload, own) {
        Ok(contact) => {
            let content = InboundContent::Reaction {
                to: json::text(payload, &["reacted_message_id"]).map(ProviderMessageId::new),
                emoji: cut(json::text(payload, &["reaction"]).unwrap_or_default().to_owned(), 64),
            };
            InboundEvent::Message(finish(payload, contact, content))
        }
        Err(why) => InboundEvent::Ignored { why },
    }
}

fn from_me(payload: &Value) -> bool {
    json::flag(payload, &["is_from_me"])
}

/// The other person of the chat: `chat_id`, and `from` only of what the contact wrote. The documentation's examples, unlike
/// its code, write the own address into `chat_id` of a private chat; there `from` is the contact.
fn contact(payload: &Value, own: Option<&str>) -> Result<ContactAddress, &'static str> {
    let field = |name: &str| json::text(payload, &[name]);
    let number = |text: Option<&str>| text.and_then(|text| Jid::parse(text).ok()?.phone());
    let (chat, from) = (field("chat_id"), field("from"));
    if from_me(payload) {
        return chats::person(chat, [field("chat_lid")]);
    }
    let chat_is_own = number(chat).is_some() && number(chat) == number(own);
    if chat.is_none() || (chat_is_own && from.is_some() && number(from) != number(own)) {
        return chats::person(from, [field("from_lid")]);
    }
    chats::person(chat, [field("chat_lid"), from, field("from_lid")])
}

fn finish(payload: &Value, contact: ContactAddress, content: InboundContent) -> InboundMessage {
    let message = InboundMessage::new(contact, content)
        .with_id(json::text(payload, &["id"]))
        .with_at(json::rfc3339_at(payload, &["timestamp"]));
    if from_me(payload) {
        return message.from_own_account();
    }
    let names = ["from_name", "sender_display_name"];
    message.with_name(names.iter().find_map(|name| json::text(payload, &[name])))
}

fn content(payload: &Value) -> InboundContent {
    let body = json::text(payload, &["body"]);
    let file = |(name, kind): &(&str, MediaKind)| Some((json::at(payload, &[name])?, *kind));
    if let Some((file, kind)) = MEDIA.iter().find_map(file) {
        return media(file, kind, body);
    }
    for place in ["location", "live_location"] {
        let degrees = |field| json::micro_degrees(payload, &[place, field]);
        if let (Some(latitude_micro), Some(longitude_micro)) =
            (degrees("degreesLatitude"), degrees("degreesLongitude"))
        {
            let name = ["name", "address"].iter().find_map(|word| json::text(payload, &[place, word]));
            let name = name.map(|name| cut(name.to_owned(), 256));
            return InboundContent::Location { latitude_micro, longitude_micro, name };
        }
    }
    match body {
        Some(text) => InboundContent::text(text),
        None => {
            let known = OTHERS.iter().find(|name| json::at(payload, &[name]).is_some());
            InboundContent::Other { kind: (*known.unwrap_or(&"unknown")).to_owned() }
        }
    }
}

/// A path, or an object with a path or an address: depends on whether GOWA fetches files by itself, and on the caption.
fn media(file: &Value, kind: MediaKind, body: Option<&str>) -> InboundContent {
    let field = |name: &str| json::text(file, &[name]);
    let reference = file.as_str().or_else(|| field("path")).or_else(|| field("url"));
    InboundContent::Media {
        kind,
        mime: field("mime_type").map(|mime| cut(mime.to_owned(), 128)),
        caption: body.or_else(|| field("caption")).map(|text| cut(text.to_owned(), MAX_INBOUND_TEXT)),
        reference: reference.map(|reference| cut(reference.to_owned(), 2_048)),
        file_name: field("filename").map(|name| cut(name.to_owned(), 256)),
    }
}
