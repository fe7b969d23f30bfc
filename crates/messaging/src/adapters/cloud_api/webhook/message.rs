//! One message of a webhook, in the words of no provider.

use std::collections::HashMap;

use serde_json::Value;
use wartel_core::Jid;

use super::ignored;
use crate::adapters::json;
use crate::{ContactAddress, InboundContent, InboundEvent, InboundMessage, MediaKind, ProviderMessageId};

/// The longest name of a kind that is kept, in characters.
const MAX_KIND: usize = 64;

/// A message that somebody wrote to us. `names` holds what people call themselves, by `wa_id` and
/// `user_id`.
pub(super) fn inbound(message: &Value, names: &HashMap<&str, &str>) -> InboundEvent {
    let (from, id) = (json::text(message, &["from"]), json::text(message, &["from_user_id"]));
    let name = [from, id].into_iter().flatten().find_map(|who| names.get(who));
    match read(message, from, id) {
        Ok(read) => InboundEvent::Message(read.with_name(name)),
        Err(why) => ignored(why),
    }
}

/// A message that a person wrote on the phone whose number is shared with the WhatsApp Business app.
///
/// Source: <https://developers.facebook.com/docs/whatsapp/embedded-signup/custom-flows/onboarding-business-app-users>,
/// November 2026; `smb_message_echoes`.
pub(super) fn echo(message: &Value) -> InboundEvent {
    match read(message, json::text(message, &["to"]), json::text(message, &["to_user_id"])) {
        Ok(read) => InboundEvent::Message(read.from_own_account()),
        Err(why) => ignored(why),
    }
}

/// By what the other person is known. Whoever hides the number has an id that belongs to this business alone; beside a
/// number it is left out, because the number is the same in all accounts of a tenant.
///
/// Source: <https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components>, November 2026; `from_user_id`,
/// `^[A-Z]{2}\.(ENT\.)?[0-9A-Za-z]{1,128}$`.
fn person(phone: Option<&str>, id: Option<&str>) -> Result<ContactAddress, &'static str> {
    let jid = match (phone, id) {
        (Some(phone), _) => Jid::parse(&format!("{phone}@s.whatsapp.net")),
        (None, Some(id)) if is_business_scoped(id) => Jid::parse(&format!("{id}@bsuid")),
        (None, Some(_)) => return Err("a sender who hides the number, by an id of unknown form"),
        (None, None) => return Err("a message without a sender"),
    };
    ContactAddress::from_jids(jid.ok().as_ref(), None).ok_or("a sender without a phone number")
}

fn is_business_scoped(id: &str) -> bool {
    let Some((country, rest)) = id.split_once('.') else { return false };
    let rest = rest.strip_prefix("ENT.").unwrap_or(rest);
    country.len() == 2
        && country.bytes().all(|b| b.is_ascii_uppercase())
        && (1..=128).contains(&rest.len())
        && rest.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn read(message: &Value, phone: Option<&str>, id: Option<&str>) -> Result<InboundMessage, &'static str> {
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
    let contact = person(phone, id)?;
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
