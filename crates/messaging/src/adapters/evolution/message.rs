//! One message of a webhook, in the form that Baileys gives it.
//!
//! Source: public captures and the source code of Evolution API 2.3.6, read in November 2026.

use serde_json::Value;
use wartel_core::Timestamp;

use crate::adapters::{chats, json};
use crate::{InboundContent, InboundEvent, InboundMessage, MediaKind, ProviderMessageId};

/// How often a message may be wrapped into another.
const MAX_WRAPS: usize = 4;

/// The item `data` of `messages.upsert`.
pub(super) fn event(data: &Value) -> InboundEvent {
    let Some(key) = json::at(data, &["key"]) else {
        return InboundEvent::Ignored { why: "a message without a key" };
    };
    let alternatives =
        [json::text(key, &["remoteJidAlt"]), json::text(key, &["senderPn"]), json::text(key, &["senderLid"])];
    let contact = match chats::person(json::text(key, &["remoteJid"]), alternatives) {
        Ok(contact) => contact,
        Err(why) => return InboundEvent::Ignored { why },
    };
    let Some((content, context)) =
        json::at(data, &["message"]).and_then(|message| content(message, MAX_WRAPS))
    else {
        return InboundEvent::Ignored { why: "a message without content" };
    };
    let quoted =
        |value: Option<&Value>| value.and_then(|value| json::text(value, &["stanzaId"]).map(str::to_owned));
    let from_me = json::flag(key, &["fromMe"]);
    let message = InboundMessage::new(contact, content)
        .with_id(json::text(key, &["id"]))
        .with_quotes(quoted(context).or_else(|| quoted(json::at(data, &["contextInfo"]))))
        .with_at(instant(data));
    InboundEvent::Message(if from_me {
        // The name beside an echo is our own.
        message.from_own_account()
    } else {
        message.with_name(json::text(data, &["pushName"]))
    })
}

/// Seconds as a number or a text, or as the two halves of a 64-bit number.
fn instant(data: &Value) -> Option<Timestamp> {
    let halves = json::number(data, &["messageTimestamp", "low"]).and_then(json::unix_instant);
    json::unix_at(data, &["messageTimestamp"]).or(halves)
}

/// The content and its `contextInfo`. `messageContextInfo` and other companions of a message are no content, and may come
/// first.
fn content(message: &Value, wraps: usize) -> Option<(InboundContent, Option<&Value>)> {
    if let Some(text) = json::text(message, &["conversation"]) {
        return Some((InboundContent::text(text), None));
    }
    let fields = message.as_object()?;
    for wrapper in [
        "ephemeralMessage",
        "viewOnceMessage",
        "viewOnceMessageV2",
        "documentWithCaptionMessage",
        "editedMessage",
    ] {
        if let Some(inner) = json::at(message, &[wrapper, "message"]) {
            return content(inner, wraps.checked_sub(1)?);
        }
    }
    fields.iter().find_map(|(kind, node)| {
        let context = json::at(node, &["contextInfo"]);
        known(kind, node).map(|content| (content, context))
    })
}

fn known(kind: &str, node: &Value) -> Option<InboundContent> {
    let own = |name: &str| json::text(node, &[name]).map(str::to_owned);
    let media = |kind| InboundContent::Media {
        kind,
        mime: own("mimetype"),
        caption: own("caption"),
        reference: own("url"),
        file_name: own("fileName").or_else(|| own("title")),
    };
    let choice = |id: &[&str], title: &[&str]| InboundContent::Choice {
        id: json::text(node, id).unwrap_or_default().to_owned(),
        title: json::text(node, title).unwrap_or_default().to_owned(),
    };
    Some(match kind {
        "extendedTextMessage" => InboundContent::text(json::text(node, &["text"])?),
        "imageMessage" => media(MediaKind::Image),
        "videoMessage" | "ptvMessage" => media(MediaKind::Video),
        "audioMessage" => media(MediaKind::Audio),
        "documentMessage" => media(MediaKind::Document),
        "stickerMessage" => media(MediaKind::Sticker),
        "locationMessage" | "liveLocationMessage" => InboundContent::Location {
            latitude_micro: micro(node, "degreesLatitude")?,
            longitude_micro: micro(node, "degreesLongitude")?,
            name: own("name").or_else(|| own("address")),
        },
        "reactionMessage" => InboundContent::Reaction {
            to: json::text(node, &["key", "id"]).map(ProviderMessageId::new),
            emoji: own("text").unwrap_or_default(),
        },
        "buttonsResponseMessage" => choice(&["selectedButtonId"], &["selectedDisplayText"]),
        "templateButtonReplyMessage" => choice(&["selectedId"], &["selectedDisplayText"]),
        "listResponseMessage" => choice(&["singleSelectReply", "selectedRowId"], &["title"]),
        "contactMessage" | "contactsArrayMessage" => InboundContent::Other { kind: "contact".to_owned() },
        "pollCreationMessage" | "pollCreationMessageV3" | "pollUpdateMessage" => {
            InboundContent::Other { kind: "poll".to_owned() }
        }
        "orderMessage" | "productMessage" => InboundContent::Other { kind: "order".to_owned() },
        _ => return None,
    })
}

/// Degrees times 10⁶, if they are degrees.
#[expect(clippy::cast_possible_truncation, reason = "at most 180 million")]
fn micro(value: &Value, name: &str) -> Option<i64> {
    let degrees = json::at(value, &[name])?.as_f64().filter(|degrees| degrees.abs() <= 180.0)?;
    Some((degrees * 1_000_000.0).round() as i64)
}
