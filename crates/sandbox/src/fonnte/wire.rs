//! The provider's webhooks as JSON.

use serde_json::{Value, json};
use wartel_core::Timestamp;

use crate::customer::Extra;
use crate::device::Device;
use crate::phone::{MessageStatus, SandboxMessage};
use crate::provider::{Chat, DeviceChange, Event, Inbound, Origin};

fn unix(at: Timestamp) -> i64 {
    at.as_micros() / 1_000_000
}

/// What the provider tells of an event, if anything: it hides LIDs, and tells nothing of stories, of what was sent
/// itself, and of QR codes.
pub(crate) fn webhook(device: &Device, event: &Event<'_>, full: bool, now: Timestamp) -> Option<Value> {
    match event {
        Event::Status(message) => Some(status(message, full, now)),
        Event::StatusBeforeId(message) => Some(state_only(message, now)),
        Event::Message(inbound) if inbound.origin == Origin::Customer && inbound.chat != Chat::Story => {
            Some(incoming(device, inbound))
        }
        Event::Message(_) => None,
        Event::Device(DeviceChange::Connected) => Some(connect(&device.number, true, now)),
        Event::Device(DeviceChange::Disconnected | DeviceChange::LoggedOut | DeviceChange::Banned { .. }) => {
            Some(connect(&device.number, false, now))
        }
        Event::Device(_) => None,
    }
}

/// The status webhook for what a message has just become.
///
/// The first event maps `id` to `stateid`; later ones carry the `stateid` alone, unless `full`. A message that never
/// left has no `stateid`.
/// Source: docs.fonnte.com webhook-update-message-status, 2026-11.
fn status(message: &SandboxMessage, full: bool, now: Timestamp) -> Value {
    let word = message.status.as_str();
    let timestamp = unix(now);
    match message.status {
        MessageStatus::Invalid => {
            json!({"device": message.from, "id": message.id, "status": word, "timestamp": timestamp})
        }
        MessageStatus::Delivered | MessageStatus::Read if !full => state_only(message, now),
        _ => json!({
            "device": message.from,
            "id": message.id,
            "stateid": message.stateid,
            "status": "sent",
            "state": word,
            "timestamp": timestamp,
        }),
    }
}

/// A status webhook without an `id`.
fn state_only(message: &SandboxMessage, now: Timestamp) -> Value {
    json!({
        "device": message.from,
        "stateid": message.stateid,
        "state": message.status.as_str(),
        "timestamp": unix(now),
    })
}

/// The webhook for a message from a customer. The file's keys are filled as on the packages that have them.
/// Source: docs.fonnte.com webhook-reply-message and public captures, 2026-11.
fn incoming(device: &Device, inbound: &Inbound<'_>) -> Value {
    let message = inbound.message;
    let group = match inbound.chat {
        Chat::Group(group) => Some(group),
        _ => None,
    };
    let sender = group.unwrap_or(inbound.phone);
    let (kind, url, file_name) = match inbound.extra {
        Extra::Media { kind, url, file_name, .. } => {
            (kind.as_str(), url.as_str(), file_name.as_deref().unwrap_or_default())
        }
        Extra::Location { .. } => ("location", "", ""),
        Extra::Nothing | Extra::Choice { .. } => ("text", "", ""),
    };
    let location = match inbound.extra {
        Extra::Location { latitude, longitude } => format!("{latitude},{longitude}"),
        _ => String::new(),
    };
    let extension = file_name.rsplit_once('.').map_or("", |(_, extension)| extension);
    json!({
        "quick": false,
        "device": device.number,
        "pesan": message.text,
        "pengirim": sender,
        "member": if group.is_some() { inbound.phone } else { "" },
        "message": message.text,
        "text": "non-button message",
        "sender": sender,
        "name": inbound.name,
        "location": location,
        "url": url,
        "type": kind,
        "extension": extension,
        "filename": file_name,
        "pollname": "",
        "choices": [],
        "inboxid": inbound.serial,
        "isgroup": group.is_some(),
        "isforwarded": false,
        "timestamp": unix(message.at),
    })
}

/// The webhook for a device that connected or disconnected.
/// Source: docs.fonnte.com webhook-device-status, 2026-11.
fn connect(device: &str, connected: bool, now: Timestamp) -> Value {
    if connected {
        json!({"device": device, "status": "connect", "timestamp": unix(now)})
    } else {
        json!({"device": device, "status": "disconnect", "timestamp": unix(now), "reason": "device disconnected"})
    }
}
