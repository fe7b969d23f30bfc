//! GOWA's webhooks: signed JSON. Of devices that connect or disconnect it says nothing.

use serde_json::{Value, json};

use crate::customer::Extra;
use crate::device::Device;
use crate::phone::{MessageStatus, SandboxMessage};
use crate::provider::{Chat, Event, Inbound, Origin, Shown};
use crate::shared::Shared;
use crate::signing::hmac_sha256_hex;
use crate::webhooks::Webhook;

/// What GOWA tells of an event, if anything. What the application sent itself comes back from no server: only what was
/// written on the phone is told.
pub(super) fn of(shared: &Shared, device: &Device, event: &Event<'_>) -> Option<Webhook> {
    let (name, payload) = match event {
        Event::Status(message) => ("message.ack", ack(message)?),
        Event::Message(inbound) if inbound.origin != Origin::Api => ("message", message(device, inbound)),
        Event::Message(_) | Event::StatusBeforeId(_) | Event::Device(_) => return None,
    };
    let body = json!({
        "event": name,
        "device_id": by_number(&device.number),
        "session_id": device.session,
        "timestamp": shared.now().to_rfc3339(),
        "payload": payload,
    });
    let webhook = Webhook::json(&body);
    let signature = format!("sha256={}", hmac_sha256_hex(&device.secret, &webhook.body));
    Some(webhook.with_header("x-hub-signature-256", &signature))
}

fn by_number(phone: &str) -> String {
    format!("{phone}@s.whatsapp.net")
}

/// A receipt of the recipient's phone: delivered or read. That WhatsApp took it, or did not, is not told.
/// Source: docs/webhook-payload.md at v9.2.0, 2026-08-22, "Receipt Events".
fn ack(message: &SandboxMessage) -> Option<Value> {
    let (kind, words) = match message.status {
        MessageStatus::Delivered => (
            "delivered",
            "means the message was delivered to the device (but the user might not have noticed).",
        ),
        MessageStatus::Read => ("read", "the user opened the chat and saw the message."),
        _ => return None,
    };
    let chat = if message.to.contains('@') { message.to.clone() } else { by_number(&message.to) };
    Some(json!({
        "ids": [message.id],
        "chat_id": chat,
        "from": chat,
        "receipt_type": kind,
        "receipt_type_description": words,
    }))
}

/// The chat is the customer's, by the number where it is known; beside it the LID.
/// Source: docs/webhook-payload.md and source at v9.2.0, 2026-08-22.
fn message(device: &Device, inbound: &Inbound<'_>) -> Value {
    let lid = format!("{}@lid", inbound.lid);
    let customer = if inbound.shown == Shown::Lid { lid.clone() } else { by_number(inbound.phone) };
    let from_me = inbound.origin != Origin::Customer;
    let chat = match inbound.chat {
        Chat::Private => customer.clone(),
        Chat::Group(group) => group.to_owned(),
        Chat::Story => "status@broadcast".to_owned(),
    };
    let own = by_number(&device.number);
    let mut payload = json!({
        "id": inbound.message.id,
        "chat_id": chat,
        "from": if from_me { &own } else { &customer },
        "from_name": if from_me { &device.name } else { inbound.name },
        "timestamp": inbound.message.at.to_rfc3339(),
        "is_from_me": from_me,
    });
    let mut with = |name: &str, value: Value| {
        if let Value::Object(fields) = &mut payload {
            fields.insert(name.to_owned(), value);
        }
    };
    if inbound.shown == Shown::Both {
        with("chat_lid", lid.clone().into());
        if !from_me {
            with("from_lid", lid.into());
        }
    }
    let text = &inbound.message.text;
    if !text.is_empty() {
        with("body", text.clone().into());
    }
    if let Some(id) = inbound.quotes {
        with("replied_to_id", id.into());
        with("quoted_body", "".into());
    }
    match inbound.extra {
        Extra::Media { kind, url, file_name, .. } => {
            let mut file = json!({ "url": url });
            if let (Value::Object(fields), Some(name)) = (&mut file, file_name) {
                fields.insert("filename".to_owned(), name.clone().into());
            }
            if let (Value::Object(fields), false) = (&mut file, text.is_empty()) {
                fields.insert("caption".to_owned(), text.clone().into());
            }
            with(kind, file);
        }
        Extra::Location { latitude, longitude } => {
            with("location", json!({ "degreesLatitude": latitude, "degreesLongitude": longitude }));
        }
        Extra::Nothing | Extra::Choice { .. } => {}
    }
    payload
}
