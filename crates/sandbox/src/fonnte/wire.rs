//! The provider's webhooks as JSON.

use serde_json::{Value, json};
use wartel_core::Timestamp;

use crate::phone::{MessageStatus, SandboxMessage};

fn unix(at: Timestamp) -> i64 {
    at.as_micros() / 1_000_000
}

/// The status webhook for what a message has just become.
///
/// The first event maps `id` to `stateid`; later ones carry the `stateid` alone, unless `full`. A message that never
/// left has no `stateid`.
/// Source: docs.fonnte.com webhook-update-message-status, 2026-11.
pub(crate) fn status(message: &SandboxMessage, full: bool, now: Timestamp) -> Value {
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
pub(crate) fn state_only(message: &SandboxMessage, now: Timestamp) -> Value {
    json!({
        "device": message.from,
        "stateid": message.stateid,
        "state": message.status.as_str(),
        "timestamp": unix(now),
    })
}

/// The webhook for a message from a customer.
/// Source: docs.fonnte.com webhook-reply-message and a public capture, 2026-11.
pub(crate) fn incoming(message: &SandboxMessage, name: &str, inbox_id: u64) -> Value {
    json!({
        "quick": false,
        "device": message.to,
        "pesan": message.text,
        "pengirim": message.from,
        "member": "",
        "message": message.text,
        "text": "non-button message",
        "sender": message.from,
        "name": name,
        "location": "",
        "url": "",
        "type": "text",
        "extension": "",
        "filename": "",
        "pollname": "",
        "choices": [],
        "inboxid": inbox_id,
        "isgroup": false,
        "isforwarded": false,
        "timestamp": unix(message.at),
    })
}

/// The webhook for a device that connected or disconnected.
/// Source: docs.fonnte.com webhook-device-status, 2026-11.
pub(crate) fn connect(device: &str, connected: bool, now: Timestamp) -> Value {
    if connected {
        json!({"device": device, "status": "connect", "timestamp": unix(now)})
    } else {
        json!({"device": device, "status": "disconnect", "timestamp": unix(now), "reason": "device disconnected"})
    }
}
