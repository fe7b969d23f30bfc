//! The webhooks of the Evolution API as JSON, each with a token.

use serde_json::{Value, json};

use super::{instance, send};
use crate::customer::Extra;
use crate::device::Device;
use crate::phone::{MessageStatus, SandboxMessage};
use crate::provider::{Chat, DeviceChange, Event, Inbound, Origin, Shown};
use crate::shared::Shared;
use crate::signing;
use crate::webhooks::{Target, Webhook};

/// What it tells of an event, in this order.
pub(super) fn of(shared: &Shared, device: &Device, target: &Target, event: &Event<'_>) -> Vec<Webhook> {
    let told = match event {
        Event::Status(message) => vec![("messages.update", update(device, message))],
        // Nothing is known of a message before its id.
        Event::StatusBeforeId(_) => Vec::new(),
        Event::Message(inbound) if inbound.origin == Origin::Api => {
            vec![("send.message", own_send(device, inbound))]
        }
        Event::Message(inbound) => vec![("messages.upsert", upsert(device, inbound))],
        Event::Device(change) => self::change(shared, device, change),
    };
    let told = told.into_iter().filter(|(event, _)| instance::wants(device, event));
    told.map(|(event, data)| webhook(shared, device, target, event, &data)).collect()
}

fn webhook(shared: &Shared, device: &Device, target: &Target, event: &str, data: &Value) -> Webhook {
    let now = shared.now();
    let body = json!({
        "event": event,
        "instance": device.session,
        "data": data,
        "destination": target.url(),
        "date_time": now.to_rfc3339(),
        "sender": instance::owner(device),
        "server_url": format!("{}/evolution", shared.url),
        "apikey": null,
    });
    let issued = now.as_micros() / 1_000_000;
    let claims = json!({"iat": issued, "exp": issued + 600, "app": "evolution", "action": "webhook"});
    let token = signing::jwt_hs256(&device.secret, &claims);
    Webhook::json(&body).with_header("authorization", &format!("Bearer {token}"))
}

fn person(phone: &str) -> String {
    format!("{phone}@s.whatsapp.net")
}

fn update(device: &Device, message: &SandboxMessage) -> Value {
    let status = match message.status {
        MessageStatus::Waiting | MessageStatus::Pending => "PENDING",
        MessageStatus::Sent => "SERVER_ACK",
        MessageStatus::Delivered => "DELIVERY_ACK",
        MessageStatus::Read => "READ",
        MessageStatus::Invalid => "ERROR",
    };
    let jid = if message.to.contains('@') { message.to.clone() } else { person(&message.to) };
    json!({
        "keyId": message.id,
        "remoteJid": jid,
        "fromMe": true,
        "participant": "",
        "status": status,
        "instanceId": instance::id(device),
        "messageId": format!("cm{}", message.stateid.to_lowercase()),
    })
}

fn own_send(device: &Device, inbound: &Inbound<'_>) -> Value {
    let (message, jid) = (inbound.message, person(inbound.phone));
    let content = json!({"conversation": message.text});
    send::message_data(device, &jid, &message.id, message.at, "conversation", &content)
}

/// One message, of whoever wrote it.
fn upsert(device: &Device, inbound: &Inbound<'_>) -> Value {
    let message = inbound.message;
    let (number, hidden) = (person(inbound.phone), format!("{}@lid", inbound.lid));
    let (address, other) = match inbound.shown {
        Shown::Phone | Shown::Twice => (number, None),
        Shown::Lid => (hidden, None),
        Shown::Both => (hidden, Some(number)),
    };
    let by_lid = address.ends_with("@lid");
    let mut key = json!({"fromMe": inbound.origin != Origin::Customer, "id": message.id});
    let (chat, writer) = match inbound.chat {
        Chat::Private => (address, None),
        Chat::Group(group) => (group.to_owned(), Some(address)),
        Chat::Story => ("status@broadcast".to_owned(), Some(address)),
    };
    let (chat_alt, writer_alt) = if writer.is_some() { (None, other) } else { (other, None) };
    if let Some(fields) = key.as_object_mut() {
        fields.insert("remoteJid".into(), chat.into());
        // Empty in a chat with one person.
        fields.insert("participant".into(), writer.unwrap_or_default().into());
        chat_alt.map(|alt| fields.insert("remoteJidAlt".into(), alt.into()));
        writer_alt.map(|alt| fields.insert("participantAlt".into(), alt.into()));
        by_lid.then(|| fields.insert("addressingMode".into(), "lid".into()));
    }
    let (kind, content) = content(inbound);
    let name = if inbound.origin == Origin::Customer { inbound.name } else { device.name.as_str() };
    let mut data = json!({
        "key": key,
        "pushName": name,
        "status": "DELIVERY_ACK",
        "message": {
            "messageContextInfo": {"messageSecret": {"0": 194, "1": 12}},
            (kind): content,
        },
        "messageType": kind,
        "messageTimestamp": message.at.as_micros() / 1_000_000,
        "instanceId": instance::id(device),
        "source": "android",
    });
    if let (Some(quoted), Some(fields)) = (inbound.quotes, data.as_object_mut()) {
        fields.insert("contextInfo".into(), json!({"stanzaId": quoted}));
    }
    data
}

fn content(inbound: &Inbound<'_>) -> (&'static str, Value) {
    let text = inbound.message.text.as_str();
    match inbound.extra {
        Extra::Nothing => ("conversation", text.into()),
        Extra::Choice { id } => {
            ("buttonsResponseMessage", json!({"selectedButtonId": id, "selectedDisplayText": text}))
        }
        Extra::Location { latitude, longitude } => {
            ("locationMessage", json!({"degreesLatitude": latitude, "degreesLongitude": longitude}))
        }
        Extra::Media { kind, mime, url, file_name } => {
            let name = match kind.as_str() {
                "image" => "imageMessage",
                "video" => "videoMessage",
                "audio" => "audioMessage",
                "sticker" => "stickerMessage",
                _ => "documentMessage",
            };
            let mut fields = json!({"url": url, "mimetype": mime});
            if let Some(fields) = fields.as_object_mut() {
                (!text.is_empty()).then(|| fields.insert("caption".into(), text.into()));
                file_name.as_ref().map(|file| fields.insert("fileName".into(), file.as_str().into()));
            }
            (name, fields)
        }
    }
}

/// Why the connection closed, in the numbers of Baileys: 401 the phone removed it, 403 a ban, 428 the network.
fn change(shared: &Shared, device: &Device, change: &DeviceChange) -> Vec<(&'static str, Value)> {
    match change {
        DeviceChange::Qr { text, number } => {
            let shown = json!({
                "instance": device.session, "pairingCode": null, "code": text, "base64": instance::picture(text),
            });
            let code = ("qrcode.updated", json!({"qrcode": shown}));
            if *number == 1 { vec![connection(device, "connecting", 200), code] } else { vec![code] }
        }
        DeviceChange::Code { code } => {
            let shown =
                json!({"instance": device.session, "pairingCode": code, "code": null, "base64": null});
            vec![connection(device, "connecting", 200), ("qrcode.updated", json!({"qrcode": shown}))]
        }
        DeviceChange::PairingEnded => {
            let ended = json!({"message": "QR code limit reached, please login again", "statusCode": 500});
            vec![("qrcode.updated", ended)]
        }
        // The phone has scanned; the connection is made anew.
        DeviceChange::Paired | DeviceChange::PasskeyRequired | DeviceChange::PasskeyConfirmation => {
            vec![connection(device, "connecting", 200)]
        }
        DeviceChange::Connected => vec![connection(device, "open", 200)],
        DeviceChange::Disconnected => vec![connection(device, "close", 428)],
        DeviceChange::LoggedOut => closed(shared, device, 401),
        DeviceChange::Banned { .. } => closed(shared, device, 403),
    }
}

/// It does not come back by itself.
fn closed(shared: &Shared, device: &Device, reason: u16) -> Vec<(&'static str, Value)> {
    let status = json!({
        "instance": device.session,
        "status": "closed",
        "disconnectionAt": shared.now().to_rfc3339(),
        "disconnectionReasonCode": reason,
        "disconnectionObject": "{}",
    });
    vec![("status.instance", status), connection(device, "close", reason)]
}

fn connection(device: &Device, state: &str, reason: u16) -> (&'static str, Value) {
    let mut data = json!({"instance": device.session, "state": state, "statusReason": reason});
    if let (Some(fields), "open") = (data.as_object_mut(), state) {
        fields.insert("wuid".into(), instance::owner(device).into());
        fields.insert("profileName".into(), device.name.as_str().into());
        fields.insert("profilePictureUrl".into(), Value::Null);
    }
    ("connection.update", data)
}
