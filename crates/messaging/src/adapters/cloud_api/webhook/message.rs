//! One message of a webhook, in the words of no provider.

use std::collections::HashMap;

use serde_json::Value;
use wartel_core::Jid;

use super::ignored;
use crate::adapters::json;
use crate::{ContactAddress, InboundContent, InboundEvent, InboundMessage, MediaKind, ProviderMessageId};

/// The longest name of a kind that is kept, in characters.
const MAX_KIND: usize = 64;

/// A message that somebody wrote to us. `names` holds what people call themselves, by `wa_id`.
pub(super) fn inbound(message: &Value, names: &HashMap<&str, &str>) -> InboundEvent {
    let from = json::text(message, &["from"]);
    match read(message, from) {
        Ok(read) => InboundEvent::Message(read.with_name(from.and_then(|from| names.get(from)))),
        Err(why) => ignored(why),
    }
}

/// A message that a person wrote on the phone whose number is shared with the WhatsApp Business app.
///
/// Source: <https://developers.facebook.com/docs/whatsapp/embedded-signup/custom-flows/onboarding-business-app-users>,
/// November 2026; `smb_message_echoes`.
pub(super) fn echo(message: &Value) -> InboundEvent {
    match read(message, json::text(message, &["to"])) {
        Ok(read) => InboundEvent::Message(read.from_own_account()),
        Err(why) => ignored(why),
    }
}

fn read(message: &Value, other: Option<&str>) -> Result<InboundMessage, &'static str> {
    if json::at(message, &["group_id"]).is_some() {
        return Err("a group");
    }
    let kind = json::text(message, &["type"]).ok_or("a message without a kind")?;
    match kind {
        // It names two numbers of a person in a sentence for people; a later message comes from the new one.
        "system" => return Err("a customer changed the number"),
        "edit" => return Err("an edited message"),
        "revoke" => return Err("a message was taken back"),
        _ => {}
    }
    let Some(other) = other else {
        // A person who hides the number is known by an id that belongs to this business alone.
        let hidden = json::at(message, &["from_user_id"]).or_else(|| json::at(message, &["to_user_id"]));
        return Err(if hidden.is_some() {
            "a sender who hides the number"
        } else {
            "a message without a sender"
        });
    };
    let jid = Jid::parse(&format!("{other}@s.whatsapp.net")).ok();
    let contact = ContactAddress::from_jids(jid.as_ref(), None).ok_or("a sender without a phone number")?;
    let content = content(kind, message).ok_or("a message without its content")?;
    Ok(InboundMessage::new(contact, content)
        .with_id(json::text(message, &["id"]))
        .with_quotes(json::text(message, &["context", "id"]))
        .with_at(json::unix_at(message, &["timestamp"])))
}

/// The node of a message is named after its kind.
fn content(kind: &str, message: &Value) -> Option<InboundContent> {
    let node = json::at(message, &[kind]);
    let owned = |value: Option<&str>| value.map(str::to_owned);
    let media = |kind| {
        let node = node?;
        Some(InboundContent::Media {
            kind,
            mime: owned(json::text(node, &["mime_type"])),
            caption: owned(json::text(node, &["caption"])),
            reference: json::scalar(node, &["id"]),
            file_name: owned(json::text(node, &["filename"])),
        })
    };
    match kind {
        "text" => Some(InboundContent::text(json::at(node?, &["body"])?.as_str()?)),
        "image" => media(MediaKind::Image),
        "video" => media(MediaKind::Video),
        "document" => media(MediaKind::Document),
        "audio" | "voice" => media(MediaKind::Audio),
        "sticker" => media(MediaKind::Sticker),
        "location" => location(node?),
        "reaction" => Some(InboundContent::Reaction {
            to: json::text(node?, &["message_id"]).map(ProviderMessageId::new),
            emoji: json::text(node?, &["emoji"]).unwrap_or_default().chars().take(MAX_KIND).collect(),
        }),
        // An answer below a template.
        "button" => tapped(json::text(node?, &["payload"]), json::text(node?, &["text"])),
        "interactive" => match json::text(node?, &["type"])? {
            kind @ ("button_reply" | "list_reply") => {
                tapped(json::text(node?, &[kind, "id"]), json::text(node?, &[kind, "title"]))
            }
            other => Some(other_kind(other)),
        },
        other => Some(other_kind(other)),
    }
}

fn tapped(id: Option<&str>, title: Option<&str>) -> Option<InboundContent> {
    // A button without a payload of its own is known by its words.
    let id = id.or(title)?;
    Some(InboundContent::Choice { id: id.to_owned(), title: title.unwrap_or_default().to_owned() })
}

#[expect(clippy::cast_possible_truncation, reason = "degrees times a million fit, and others are refused")]
fn location(node: &Value) -> Option<InboundContent> {
    let micro = |name, most: f64| {
        let degrees = json::at(node, &[name])?;
        let degrees = degrees.as_f64().or_else(|| degrees.as_str()?.trim().parse().ok())?;
        (degrees.abs() <= most).then(|| (degrees * 1e6).round() as i64)
    };
    Some(InboundContent::Location {
        latitude_micro: micro("latitude", 90.0)?,
        longitude_micro: micro("longitude", 180.0)?,
        name: json::text(node, &["name"]).or_else(|| json::text(node, &["address"])).map(str::to_owned),
    })
}

/// Contacts, orders, answers of forms, kinds that WhatsApp shows to people only, and whatever comes to be.
fn other_kind(kind: &str) -> InboundContent {
    InboundContent::Other { kind: kind.chars().take(MAX_KIND).collect() }
}
