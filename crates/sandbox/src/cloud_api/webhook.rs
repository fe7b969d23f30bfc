//! The changes that Meta tells of.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components>, 2026-11.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use wartel_core::Timestamp;

use super::{error, media_id, number_id};
use crate::customer::Extra;
use crate::device::Device;
use crate::phone::{MessageStatus, SandboxMessage};
use crate::provider::{Chat, DeviceChange, Event, Inbound, Origin, Shown};

/// What a message fails with unless a code was named: the number has no WhatsApp.
const UNDELIVERABLE: i64 = 131_026;

/// Seconds as text.
fn unix(at: Timestamp) -> String {
    (at.as_micros() / 1_000_000).to_string()
}

/// The change for an event, if Meta tells of it at all: not of groups, stories, and what was sent through the API.
pub(super) fn change(device: &Device, event: &Event<'_>, now: Timestamp) -> Option<Value> {
    match event {
        Event::Status(message) => {
            Some(messages(device, "messages", &json!({ "statuses": [status(message, now)?] })))
        }
        Event::Message(inbound) if inbound.chat == Chat::Private => match inbound.origin {
            Origin::Customer => {
                let items = json!({ "contacts": [contact(inbound)], "messages": [message(device, inbound)] });
                Some(messages(device, "messages", &items))
            }
            Origin::OwnPhone => {
                let mut echo = message(device, inbound);
                if let Some(echo) = echo.as_object_mut() {
                    echo.insert("from".to_owned(), device.number.clone().into());
                    echo.insert("to".to_owned(), inbound.phone.into());
                }
                Some(messages(device, "smb_message_echoes", &json!({ "message_echoes": [echo] })))
            }
            Origin::Api => None,
        },
        Event::Device(change) => account_update(change),
        Event::Message(_) | Event::StatusBeforeId(_) => None,
    }
}

fn messages(device: &Device, field: &str, items: &Value) -> Value {
    let metadata = json!({ "display_phone_number": device.number, "phone_number_id": number_id(device) });
    let mut value = json!({ "messaging_product": "whatsapp", "metadata": metadata });
    if let (Some(value), Some(items)) = (value.as_object_mut(), items.as_object()) {
        value.extend(items.clone());
    }
    json!({ "field": field, "value": value })
}

fn status(message: &SandboxMessage, now: Timestamp) -> Option<Value> {
    let word = match message.status {
        MessageStatus::Sent => "sent",
        MessageStatus::Delivered => "delivered",
        MessageStatus::Read => "read",
        MessageStatus::Invalid => "failed",
        MessageStatus::Waiting | MessageStatus::Pending => return None,
    };
    let mut status = json!({
        "id": message.id, "status": word, "timestamp": unix(now), "recipient_id": message.to,
    });
    let fields = status.as_object_mut()?;
    if message.status == MessageStatus::Invalid {
        let code = message.failure.as_deref().and_then(|code| code.parse().ok()).unwrap_or(UNDELIVERABLE);
        let title = error::title(code);
        let details = json!({ "details": title });
        let error = json!({ "code": code, "title": title, "message": title, "error_data": details });
        fields.insert("errors".to_owned(), json!([error]));
    } else if message.status != MessageStatus::Read {
        let pricing =
            json!({ "billable": true, "pricing_model": "PMP", "type": "regular", "category": "utility" });
        fields.insert("pricing".to_owned(), pricing);
    }
    Some(status)
}

/// The id of a customer for this business alone.
fn user_id(inbound: &Inbound<'_>) -> String {
    format!("ID.{}", inbound.lid)
}

/// Whether the number, and whether the business's own id of the customer is shown.
fn shows(inbound: &Inbound<'_>) -> (bool, bool) {
    (inbound.shown != Shown::Lid, matches!(inbound.shown, Shown::Lid | Shown::Both))
}

fn contact(inbound: &Inbound<'_>) -> Value {
    let (number, id) = shows(inbound);
    let mut contact = json!({ "profile": { "name": inbound.name } });
    if let Some(fields) = contact.as_object_mut() {
        if number {
            fields.insert("wa_id".to_owned(), inbound.phone.into());
        }
        if id {
            fields.insert("user_id".to_owned(), user_id(inbound).into());
        }
    }
    contact
}

fn message(device: &Device, inbound: &Inbound<'_>) -> Value {
    let (kind, node) = node(inbound);
    let mut message =
        json!({ "id": inbound.message.id, "timestamp": unix(inbound.message.at), "type": kind });
    if let Some(fields) = message.as_object_mut() {
        fields.insert(kind, node);
        let (number, id) = shows(inbound);
        if number {
            fields.insert("from".to_owned(), inbound.phone.into());
        }
        if id {
            fields.insert("from_user_id".to_owned(), user_id(inbound).into());
        }
        if let Some(quoted) = inbound.quotes {
            fields.insert("context".to_owned(), json!({ "from": device.number, "id": quoted }));
        }
    }
    message
}

/// The kind of a message, and the node that is named after it.
fn node(inbound: &Inbound<'_>) -> (String, Value) {
    let text = &inbound.message.text;
    match inbound.extra {
        Extra::Nothing => ("text".to_owned(), json!({ "body": text })),
        Extra::Choice { id } => {
            let reply = json!({ "type": "button_reply", "button_reply": { "id": id, "title": text } });
            ("interactive".to_owned(), reply)
        }
        Extra::Location { latitude, longitude } => {
            let mut place = json!({ "latitude": latitude, "longitude": longitude });
            if let (false, Some(place)) = (text.is_empty(), place.as_object_mut()) {
                place.insert("name".to_owned(), text.as_str().into());
            }
            ("location".to_owned(), place)
        }
        Extra::Media { kind, mime, url, file_name } => {
            let sha256 = STANDARD.encode(Sha256::digest(url));
            let mut file =
                json!({ "id": media_id(inbound.serial), "mime_type": mime, "sha256": sha256, "url": url });
            if let Some(fields) = file.as_object_mut() {
                if !text.is_empty() {
                    fields.insert("caption".to_owned(), text.as_str().into());
                }
                if let Some(name) = file_name {
                    fields.insert("filename".to_owned(), name.as_str().into());
                }
            }
            (kind.clone(), file)
        }
    }
}

/// News of the account. Connecting and disconnecting is none.
fn account_update(change: &DeviceChange) -> Option<Value> {
    let value = match change {
        DeviceChange::Banned { until: None } => {
            json!({ "event": "DISABLED_UPDATE", "ban_info": { "waba_ban_state": "DISABLE" } })
        }
        DeviceChange::Banned { until: Some(until) } => json!({
            "event": "ACCOUNT_RESTRICTION",
            "restriction_info": [
                { "restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": unix(*until) },
            ],
        }),
        DeviceChange::LoggedOut => json!({ "event": "ACCOUNT_DELETED" }),
        _ => return None,
    };
    Some(json!({ "field": "account_update", "value": value }))
}
