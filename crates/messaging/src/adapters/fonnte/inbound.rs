//! What customers write, as Fonnte's webhook for incoming messages tells it.
//!
//! Source: <https://docs.fonnte.com/webhook-reply-message/> and the keys of public captures, read in November 2026.

use wartel_core::{Jid, PhoneNumber};

use super::wire::Fields;
use crate::adapters::json::unix_instant;
use crate::{ContactAddress, InboundContent, InboundEvent, InboundMessage, MediaKind};

/// The longest kind that is kept of a message that has no word here, in characters.
const MAX_KIND: usize = 64;

/// Reads a message; those of groups and those that nobody can be named for are ignored. `sender` and `message` stand
/// twice in it, once in Indonesian.
pub(super) fn message(fields: &Fields, country_code: &str) -> InboundEvent {
    let either = |one: &str, other: &str| fields.text(one).or_else(|| fields.text(other));
    let sender = either("sender", "pengirim").unwrap_or_default();
    if fields.is_true("isgroup") || fields.text("member").is_some() || sender.ends_with("@g.us") {
        return InboundEvent::Ignored { why: "a group message" };
    }
    let Some(contact) = contact(&sender, country_code) else {
        return InboundEvent::Ignored { why: "a message of no person" };
    };
    let Some(content) = content(fields, either("message", "pesan")) else {
        return InboundEvent::Ignored { why: "an empty message" };
    };
    InboundEvent::Message(
        InboundMessage::new(contact, content)
            // 0 stands for "the inbox is switched off".
            .with_id(fields.text("inboxid").filter(|id| id != "0"))
            .with_name(fields.text("name"))
            .with_at(fields.text("timestamp").and_then(|t| unix_instant(t.parse().ok()?))),
    )
}

/// Digits, sometimes in the local form with a leading 0; or an address.
fn contact(sender: &str, country_code: &str) -> Option<ContactAddress> {
    if sender.contains('@') {
        return ContactAddress::from_jids(Some(&Jid::parse(sender).ok()?), None);
    }
    let digits = sender.trim_start_matches('+');
    let e164 = match digits.strip_prefix('0') {
        Some(national) => format!("+{country_code}{national}"),
        None => format!("+{digits}"),
    };
    PhoneNumber::from_e164(&e164).ok().map(ContactAddress::from)
}

fn content(fields: &Fields, text: Option<String>) -> Option<InboundContent> {
    let kind = fields.text("type").unwrap_or_default().to_ascii_lowercase();
    let media = match kind.as_str() {
        "image" => Some(MediaKind::Image),
        "document" | "file" => Some(MediaKind::Document),
        "audio" | "voice" | "ptt" => Some(MediaKind::Audio),
        "video" => Some(MediaKind::Video),
        "sticker" => Some(MediaKind::Sticker),
        _ => None,
    };
    if let Some(kind) = media {
        return Some(InboundContent::Media {
            kind,
            mime: None,
            caption: text,
            // Only on the packages with all features; without it the file is out of reach.
            reference: fields.text("url"),
            file_name: fields.text("filename"),
        });
    }
    if let Some((latitude_micro, longitude_micro)) = fields.text("location").as_deref().and_then(place) {
        return Some(InboundContent::Location { latitude_micro, longitude_micro, name: text });
    }
    match (kind.as_str(), text) {
        ("" | "text" | "location", Some(text)) => Some(InboundContent::text(text)),
        ("" | "text", None) => None,
        (other, _) => Some(InboundContent::Other { kind: other.chars().take(MAX_KIND).collect() }),
    }
}

/// `-7.98,112.62` in degrees times 10⁶.
fn place(text: &str) -> Option<(i64, i64)> {
    let (latitude, longitude) = text.split_once(',')?;
    Some((micro_degrees(latitude, 90.0)?, micro_degrees(longitude, 180.0)?))
}

fn micro_degrees(text: &str, most: f64) -> Option<i64> {
    let degrees: f64 = text.trim().parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "at most 180 million")]
    (degrees.abs() <= most).then(|| (degrees * 1e6).round() as i64)
}
