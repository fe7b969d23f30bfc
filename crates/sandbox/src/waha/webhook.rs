//! WAHA's webhooks: signed JSON. The sandbox is subscribed to `message`, `message.any`, `message.ack` and
//! `session.status`.

use serde_json::{Value, json};

use super::chat::{by_lid, by_number, message_id};
use super::session::{Status, me_of};
use crate::customer::Extra;
use crate::device::Device;
use crate::phone::{MessageStatus, SandboxMessage};
use crate::provider::{Chat, DeviceChange, Event, Inbound, Origin, Shown};
use crate::shared::Shared;
use crate::signing::hmac_sha512_hex;
use crate::webhooks::Webhook;

pub(super) const VERSION: &str = "2026.7.1";
pub(super) const ENGINE: &str = "GOWS";

/// What WAHA tells of an event.
pub(super) fn of(shared: &Shared, device: &Device, event: &Event<'_>) -> Vec<Webhook> {
    let tell = |name: &str, payload: Value| envelope(shared, device, name, &payload);
    match event {
        Event::Status(message) => {
            ack(device, message).map(|ack| tell("message.ack", ack)).into_iter().collect()
        }
        Event::StatusBeforeId(_) => Vec::new(),
        Event::Message(inbound) => {
            let payload = message(device, inbound);
            let mut told = vec![tell("message.any", payload.clone())];
            if inbound.origin == Origin::Customer {
                told.insert(0, tell("message", payload));
            }
            told
        }
        Event::Device(change) => {
            let statuses = statuses(change);
            let status = |so_far: &[Status]| {
                let last = so_far.last().copied().unwrap_or(Status::Stopped);
                let list: Vec<Value> = so_far.iter().map(|status| stamped(shared, *status)).collect();
                let payload = json!({ "name": device.session, "status": last.as_str(), "statuses": list });
                tell("session.status", payload)
            };
            let news = if matches!(change, DeviceChange::LoggedOut) { 2 } else { 1 };
            let first = statuses.len().saturating_sub(news);
            (first..statuses.len()).filter_map(|end| statuses.get(..=end)).map(status).collect()
        }
    }
}

/// The last statuses up to a change, the newest behind; none for what WAHA does not tell.
fn statuses(change: &DeviceChange) -> &'static [Status] {
    match change {
        DeviceChange::Qr { number: 0 | 1, .. } => &[Status::Starting, Status::ScanQrCode],
        DeviceChange::Qr { .. } => &[Status::Starting, Status::ScanQrCode, Status::ScanQrCode],
        DeviceChange::Connected => &[Status::Starting, Status::Working],
        DeviceChange::Disconnected => &[Status::Working, Status::Starting],
        // The engine starts again and asks for a code.
        DeviceChange::LoggedOut => &[Status::Working, Status::Starting, Status::ScanQrCode],
        DeviceChange::PasskeyRequired => &[Status::ScanQrCode, Status::PasskeyRequired],
        DeviceChange::PasskeyConfirmation => &[Status::PasskeyRequired, Status::PasskeyConfirmationRequired],
        DeviceChange::PairingEnded => &[Status::ScanQrCode, Status::Failed],
        DeviceChange::Banned { .. } => &[Status::Working, Status::Failed],
        DeviceChange::Code { .. } | DeviceChange::Paired => &[],
    }
}

fn stamped(shared: &Shared, status: Status) -> Value {
    json!({ "status": status.as_str(), "timestamp": shared.now().as_micros() / 1_000 })
}

/// Source: WAHA documentation, "Webhooks", 2026-07-24.
fn envelope(shared: &Shared, device: &Device, event: &str, payload: &Value) -> Webhook {
    let milliseconds = shared.now().as_micros() / 1_000;
    let number = shared.next_request_id();
    let body = json!({
        "id": format!("evt_{number:026x}"),
        "timestamp": milliseconds,
        "event": event,
        "session": device.session,
        "me": me_of(device),
        "payload": payload,
        "engine": ENGINE,
        "environment": {
            "version": VERSION, "engine": ENGINE, "tier": "PLUS", "browser": null, "platform": "linux/x64",
            "worker": { "id": "" },
        },
    });
    let webhook = Webhook::json(&body);
    let hmac = hmac_sha512_hex(&device.secret, &webhook.body);
    webhook
        .with_header("x-webhook-request-id", &format!("{number:032x}"))
        .with_header("x-webhook-timestamp", &milliseconds.to_string())
        .with_header("x-webhook-hmac", &hmac)
        .with_header("x-webhook-hmac-algorithm", "sha512")
}

/// Source: WAHA documentation, "Events, message.ack", 2026-07-24.
fn ack(device: &Device, message: &SandboxMessage) -> Option<Value> {
    let (ack, name) = match message.status {
        MessageStatus::Waiting | MessageStatus::Pending => return None,
        MessageStatus::Invalid => (-1, "ERROR"),
        MessageStatus::Sent => (1, "SERVER"),
        MessageStatus::Delivered => (2, "DEVICE"),
        MessageStatus::Read => (3, "READ"),
    };
    let chat = if message.to.contains('@') { message.to.clone() } else { by_number(&message.to) };
    Some(json!({
        "id": message_id(true, &chat, &message.id, None),
        "from": by_number(&device.number),
        "to": chat,
        "participant": null,
        "fromMe": true,
        "ack": ack,
        "ackName": name,
    }))
}

/// Source: WAHA documentation, "Events, message", 2026-07-24; `_data.Info` as the engine GOWS fills it in public issues.
fn message(device: &Device, inbound: &Inbound<'_>) -> Value {
    let hidden = matches!(inbound.shown, Shown::Lid | Shown::Both);
    let customer = if hidden { by_lid(inbound.lid) } else { by_number(inbound.phone) };
    let from_me = inbound.origin != Origin::Customer;
    let chat = match inbound.chat {
        Chat::Private => customer.clone(),
        Chat::Group(group) => group.to_owned(),
        Chat::Story => "status@broadcast".to_owned(),
    };
    let own = by_number(&device.number);
    let author = if from_me { &own } else { &customer };
    let participant = (inbound.chat != Chat::Private).then_some(author.as_str());
    let text = inbound.message;
    let mut info = json!({
        "ID": text.id, "Chat": chat, "Sender": author, "IsFromMe": from_me,
        "AddressingMode": if hidden { "lid" } else { "pn" },
        "PushName": if from_me { &device.name } else { inbound.name },
    });
    if let (Shown::Both, Value::Object(fields)) = (inbound.shown, &mut info) {
        let name = if from_me { "RecipientAlt" } else { "SenderAlt" };
        fields.insert(name.to_owned(), format!("{}@s.whatsapp.net", inbound.phone).into());
    }
    let (media, location) = extras(inbound.extra);
    json!({
        "id": message_id(from_me, &chat, &text.id, participant),
        "timestamp": text.at.as_micros() / 1_000_000,
        "from": if from_me { &own } else { &chat },
        "fromMe": from_me,
        "source": if inbound.origin == Origin::Api { "api" } else { "app" },
        "to": if from_me { &chat } else { &own },
        "participant": participant,
        "body": text.text,
        "hasMedia": !media.is_null(),
        "media": media,
        "ack": if from_me { 0 } else { 1 },
        "ackName": if from_me { "PENDING" } else { "SERVER" },
        "replyTo": inbound.quotes.map(|id| json!({ "id": id, "participant": null, "body": "" })),
        "location": location,
        "vCards": [],
        "_data": { "Info": info },
    })
}

/// The file and the place; null where there is none.
fn extras(extra: &Extra) -> (Value, Value) {
    match extra {
        Extra::Media { mime, url, file_name, .. } => {
            (json!({ "url": url, "mimetype": mime, "filename": file_name, "s3": null }), Value::Null)
        }
        Extra::Location { latitude, longitude } => {
            let place = json!({ "latitude": latitude.to_string(), "longitude": longitude.to_string() });
            (Value::Null, place)
        }
        Extra::Nothing | Extra::Choice { .. } => (Value::Null, Value::Null),
    }
}
