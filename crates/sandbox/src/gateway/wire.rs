//! The gateway's webhooks as JSON.

use serde::Serialize;
use serde_json::{Value, json};
use wartel_core::Timestamp;

use super::{answer, device};
use crate::customer::Extra;
use crate::device::Device;
use crate::provider::{Chat, DeviceChange, Event, Inbound, Origin, Shown};
use crate::webhooks::Webhook;

/// The fields in this order.
#[derive(Serialize)]
struct Body<'a> {
    event: &'static str,
    message: String,
    sender: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    chat: &'a str,
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachment: Option<Value>,
}

/// What it tells of an event: what others write, status posts as well, and that the phone has scanned. Neither how far a
/// message came nor how the connection is.
pub(super) fn webhook(device: &Device, event: &Event<'_>, now: Timestamp) -> Option<Webhook> {
    let bytes = match event {
        Event::Message(inbound) if inbound.origin == Origin::Customer => message(inbound),
        Event::Device(DeviceChange::Paired) => {
            let jid = device::companion(device);
            let message = format!("Device paired: {jid}");
            let time = now.to_rfc3339();
            answer::go_json(&Body {
                event: "pair_success",
                message,
                sender: &jid,
                chat: "",
                time,
                attachment: None,
            })
        }
        _ => return None,
    };
    Some(Webhook::bytes("application/json", bytes))
}

fn message(inbound: &Inbound<'_>) -> bytes::Bytes {
    // One address only: the LID hides the number.
    let sender = match inbound.shown {
        Shown::Phone | Shown::Twice => format!("{}@s.whatsapp.net", inbound.phone),
        Shown::Lid | Shown::Both => format!("{}@lid", inbound.lid),
    };
    let chat = match inbound.chat {
        Chat::Private => &sender,
        Chat::Group(group) => group,
        Chat::Story => "status@broadcast",
    };
    let (message, attachment) = content(inbound);
    answer::go_json(&Body {
        event: "message",
        message,
        sender: &sender,
        chat,
        time: inbound.message.at.to_rfc3339(),
        attachment,
    })
}

/// Its own words for what is not text, and the attachment.
fn content(inbound: &Inbound<'_>) -> (String, Option<Value>) {
    let text = inbound.message.text.as_str();
    // A Go mistake: the address in memory instead of the text.
    let pointer =
        |what: &str| format!("{what} received: %!s(*string=0xc000{:06x})", inbound.serial % 0x10_0000);
    let (kind, mime, name) = match inbound.extra {
        Extra::Nothing => return (text.to_owned(), None),
        // A tapped answer is nothing that it knows.
        Extra::Choice { .. } => return unknown(),
        Extra::Location { latitude, longitude } => {
            let place = json!({"latitude": latitude, "longitude": longitude, "type": "location"});
            return (pointer("Location"), Some(place));
        }
        Extra::Media { kind, mime, file_name, .. } => {
            (kind.as_str(), mime.as_str(), file_name.as_deref().unwrap_or_default())
        }
    };
    let captioned = |what: &str| match text {
        "" => format!("{what} received"),
        caption => format!("{what} received: {caption}"),
    };
    let (message, attachment) = match kind {
        "image" => {
            let url = format!("/images/{}.jpg", inbound.message.id);
            let sizes =
                json!({"file_length": 48_211, "height": 960, "mimetype": mime, "url": url, "width": 1280});
            (captioned("Image"), with_caption(sizes, text))
        }
        "video" => {
            (captioned("Video"), with_caption(json!({"height": 960, "seconds": 7, "width": 1280}), text))
        }
        "document" => {
            let fields = json!({"file_length": 48_211, "mimetype": mime, "page_count": 1, "title": name});
            (format!("Document received: {name}"), fields)
        }
        "audio" => ("Audio message received".to_owned(), json!({"seconds": 7})),
        "sticker" => ("Sticker received".to_owned(), json!({})),
        _ => return unknown(),
    };
    (message, Some(typed(attachment, kind)))
}

fn unknown() -> (String, Option<Value>) {
    ("Non-text message received".to_owned(), Some(json!({"type": "unknown"})))
}

/// Empty texts are left out.
fn with_caption(mut fields: Value, caption: &str) -> Value {
    if let (Some(fields), false) = (fields.as_object_mut(), caption.is_empty()) {
        fields.insert("caption".into(), caption.into());
    }
    fields
}

fn typed(mut fields: Value, kind: &str) -> Value {
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("type".into(), kind.into());
    }
    fields
}
