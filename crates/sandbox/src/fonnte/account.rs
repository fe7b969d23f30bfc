//! The endpoints beside `/send`: numbers, devices, pairing and the status of one message.

use std::sync::Arc;

use serde_json::json;

use super::answer::Answer;
use super::form::Form;
use super::target;
use crate::device::Device;
use crate::phone::MessageStatus;
use crate::shared::Shared;

/// A real QR code (PNG, base64 without a `data:` prefix). Scanning it leads to this crate, not into WhatsApp.
const QR: &str = include_str!("../../assets/qr.png.b64");
/// Most numbers in one `/validate`.
/// Source: docs.fonnte.com/api-validate-number, 2026-11.
const MAX_VALIDATE: usize = 500;

/// `POST /validate`: which of the numbers have WhatsApp.
pub(crate) fn validate(shared: &Shared, form: &Form) -> Answer {
    let Some(field) = form.get("target") else { return Answer::refusal("target required") };
    let Some(country) = target::country(form) else { return Answer::refusal("input invalid") };
    let Some(targets) = target::list(field, country).filter(|targets| targets.len() <= MAX_VALIDATE) else {
        return Answer::refusal("target invalid");
    };
    let (registered, not_registered): (Vec<_>, Vec<_>) =
        targets.into_iter().map(|target| target.phone).partition(|phone| shared.on_whatsapp(phone));
    Answer::of(json!({"not_registered": not_registered, "registered": registered, "status": true}))
}

fn connection(device: &Device) -> &'static str {
    if device.is_connected() { "connect" } else { "disconnect" }
}

/// `POST /device`: the profile. The quota is a text, the number of messages is not.
/// Source: docs.fonnte.com/api-device-profile, 2026-11.
pub(crate) fn device(device: &Device) -> Answer {
    Answer::of(json!({
        "device": device.number,
        "device_status": connection(device),
        "expired": "18 November 2029",
        "messages": device.sent(),
        "name": device.name,
        "package": "Reguler",
        "quota": device.quota().to_string(),
        "status": true,
    }))
}

/// `POST /get-devices`: all devices, with their tokens.
/// Source: docs.fonnte.com/api-get-devices, 2026-11.
pub(crate) fn get_devices(shared: &Shared) -> Answer {
    let devices: Vec<_> = shared
        .devices
        .iter()
        .map(|device| {
            json!({
                "autoread": "off",
                "device": device.number,
                "expired": "1889568000",
                "name": device.name,
                "package": "Reguler",
                "quota": device.quota().to_string(),
                "status": connection(device),
                "token": device.token,
            })
        })
        .collect();
    Answer::of(json!({
        "connected": shared.devices.iter().filter(|device| device.is_connected()).count(),
        "devices": devices.len(),
        "data": devices,
        "messages": shared.devices.iter().map(|device| device.sent()).sum::<u64>(),
        "status": true,
        "type": "device",
    }))
}

/// `POST /qr`: a QR or, for `type=code`, a pairing code. Nothing scans it here:
/// [`set_connected`](crate::SandboxHandle::set_connected) is the scan.
/// Source: docs.fonnte.com/api-get-qr, 2026-11. The shape of the code answer is not documented.
pub(crate) fn qr(device: &Device, form: &Form) -> Answer {
    if device.is_connected() {
        return Answer::refusal("device already connect");
    }
    match (form.get("type").unwrap_or("qr"), form.get("whatsapp")) {
        ("qr", _) => Answer::of(json!({"status": true, "url": QR.trim_end()})),
        ("code", Some(_)) => Answer::of(json!({"code": "WRTL2345", "status": true})),
        _ => Answer::refusal("input invalid"),
    }
}

/// `POST /disconnect`. The wording of both answers is not documented.
pub(crate) fn disconnect(shared: &Shared, device: &Arc<Device>) -> Answer {
    if shared.connect_device(device, false) {
        Answer::of(json!({"detail": "device disconnected", "status": true}))
    } else {
        Answer::of(json!({"detail": "device already disconnected", "status": false}))
    }
}

/// `POST /status`: how far a message came, in the provider's coarser words. An unknown id is not documented; it is
/// refused as an invalid one.
/// Source: docs.fonnte.com/api-check-message-status, 2026-11.
pub(crate) fn status(shared: &Shared, form: &Form) -> Answer {
    let Some(id) = form.get("id") else { return Answer::refusal("id required") };
    let status = shared.with_book(|book| book.get(id).map(|message| message.status));
    let Some(status) = status else { return Answer::refusal("id invalid") };
    let word = match status {
        MessageStatus::Delivered | MessageStatus::Read => MessageStatus::Sent.as_str(),
        other => other.as_str(),
    };
    Answer::of(json!({"id": id.parse::<u64>().unwrap_or_default(), "message_status": word, "status": true}))
}
