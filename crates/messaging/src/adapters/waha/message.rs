//! A message as WAHA's webhooks bring it.

use serde_json::Value;

use super::wire::{chat_of_id, raw_id, short_id};
use crate::adapters::{chats, json};
use crate::inbound::cut;
use crate::{ContactAddress, InboundContent, InboundEvent, InboundMessage, MAX_INBOUND_TEXT, MediaKind};

/// Reads the payload of `message` and `message.any`.
pub(super) fn event(payload: &Value) -> InboundEvent {
    match contact(payload) {
        Ok(contact) => {
            let quotes = ["replyTo", "id"];
            let quotes = json::text(payload, &quotes).map(short_id);
            InboundEvent::Message(finish(payload, contact, content(payload)).with_quotes(quotes))
        }
        Err(why) => InboundEvent::Ignored { why },
    }
}

/// Reads the payload of `message.reaction`.
/// Source: WAHA documentation, "Events, message.reaction", 2026-07-24; an empty `text` takes the reaction back.
pub(super) fn reaction(payload: &Value) -> InboundEvent {
    let Some(reaction) = json::at(payload, &["reaction"]) else {
        return InboundEvent::Ignored { why: "a reaction without one" };
    };
    match contact(payload) {
        Ok(contact) => {
            let to = json::text(reaction, &["messageId"]).map(short_id);
            let content = InboundContent::Reaction {
                to: to.map(crate::ProviderMessageId::new),
                emoji: cut(json::text(reaction, &["text"]).unwrap_or_default().to_owned(), 64),
            };
            InboundEvent::Message(finish(payload, contact, content))
        }
        Err(why) => InboundEvent::Ignored { why },
    }
}

fn from_me(payload: &Value) -> bool {
    json::flag(payload, &["fromMe"])
}

/// The other person of the chat. Engines differ in whether `from` of our own message is we or the chat, so for those the
/// chat in the id and `to` count; the engines' own data may have the second address.
fn contact(payload: &Value) -> Result<ContactAddress, &'static str> {
    let chat = raw_id(payload).and_then(chat_of_id);
    let data = |path: &[&str]| json::text(payload, path);
    if from_me(payload) {
        let main = data(&["to"]).or(chat);
        let alternatives =
            [data(&["_data", "key", "remoteJidAlt"]), data(&["_data", "Info", "RecipientAlt"])];
        return chats::person(main, [chat].into_iter().chain(alternatives));
    }
    let main = data(&["from"]).or(chat);
    chats::person(
        main,
        [
            chat,
            data(&["_data", "key", "remoteJidAlt"]),
            data(&["_data", "key", "senderPn"]),
            data(&["_data", "key", "senderLid"]),
            data(&["_data", "Info", "SenderAlt"]),
        ],
    )
}

fn finish(payload: &Value, contact: ContactAddress, content: InboundContent) -> InboundMessage {
    let message = InboundMessage::new(contact, content)
        .with_id(raw_id(payload).map(short_id))
        .with_at(json::unix_at(payload, &["timestamp"]));
    if from_me(payload) {
        return message.from_own_account();
    }
    let names: [&[&str]; 3] =
        [&["_data", "notifyName"], &["_data", "pushName"], &["_data", "Info", "PushName"]];
    message.with_name(names.into_iter().find_map(|path| json::text(payload, path)))
}

fn content(payload: &Value) -> InboundContent {
    let body = json::text(payload, &["body"]);
    let media = json::at(payload, &["media"]);
    if json::flag(payload, &["hasMedia"]) || media.is_some() {
        let text = |field: &str| media.and_then(|media| json::text(media, &[field]));
        let mime = text("mimetype");
        return InboundContent::Media {
            kind: kind(mime, json::text(payload, &["_data", "type"])),
            mime: mime.map(|mime| cut(mime.to_owned(), 128)),
            caption: body.map(|body| cut(body.to_owned(), MAX_INBOUND_TEXT)),
            reference: text("url").map(|url| cut(url.to_owned(), 2_048)),
            file_name: text("filename").map(|name| cut(name.to_owned(), 256)),
        };
    }
    let degrees = |field| json::micro_degrees(payload, &["location", field]);
    if let (Some(latitude_micro), Some(longitude_micro)) = (degrees("latitude"), degrees("longitude")) {
        let words = ["name", "description", "address"];
        let name = words.iter().find_map(|word| json::text(payload, &["location", word]));
        let name = name.map(|name| cut(name.to_owned(), 256));
        return InboundContent::Location { latitude_micro, longitude_micro, name };
    }
    match body {
        Some(text) => InboundContent::text(text),
        None if !json::items(payload, &["vCards"]).is_empty() => {
            InboundContent::Other { kind: "contact".to_owned() }
        }
        None => {
            let kind = json::text(payload, &["_data", "type"]).and_then(json::loggable_id);
            InboundContent::Other { kind: cut(kind.unwrap_or_else(|| "unknown".to_owned()), 64) }
        }
    }
}

/// By the file's type; WEBJS also names the kind of the message.
fn kind(mime: Option<&str>, word: Option<&str>) -> MediaKind {
    let family = mime.and_then(|mime| mime.split('/').next());
    match (word, family) {
        (Some("sticker"), _) => MediaKind::Sticker,
        (Some("document"), _) => MediaKind::Document,
        (Some("image"), _) | (_, Some("image")) => MediaKind::Image,
        (Some("video"), _) | (_, Some("video")) => MediaKind::Video,
        (Some("ptt" | "audio"), _) | (_, Some("audio")) => MediaKind::Audio,
        _ => MediaKind::Document,
    }
}
