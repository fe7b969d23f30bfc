//! The endpoints beside `/send`: numbers, devices, pairing and the status of one message.

use std::sync::Arc;

use serde_json::json;

use super::answer::Answer;
use super::target;
use crate::device::{Device, DeviceState, Link, Start};
use crate::form::Form;
use crate::phone::MessageStatus;
use crate::provider::ProviderKind;
use crate::shared::{PairingRefused, Shared};
use crate::webhooks::{Target, WebhookKind};

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
    let all = shared.devices.of(ProviderKind::Fonnte);
    let devices: Vec<_> = all
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
        "connected": all.iter().filter(|device| device.is_connected()).count(),
        "devices": devices.len(),
        "data": devices,
        "messages": all.iter().map(|device| device.sent()).sum::<u64>(),
        "status": true,
        "type": "device",
    }))
}

/// `POST /qr`: a QR or, for `type=code`, a pairing code. The picture is always the same, whatever the QR says: scanning
/// it leads to this crate, not into WhatsApp. The control API's `scan` stands in for the phone.
/// Source: docs.fonnte.com/api-get-qr, 2026-11. The shape of the code answer, and what a banned number gets, are not
/// documented.
pub(crate) fn qr(shared: &Arc<Shared>, device: &Arc<Device>, form: &Form) -> Answer {
    let shown = match (form.get("type").unwrap_or("qr"), form.get("whatsapp")) {
        ("qr", _) => shared.show_qr(device),
        ("code", Some(phone)) => shared.show_code(device, phone),
        _ => return Answer::refusal("input invalid"),
    };
    match shown {
        Ok(Link::CodeShown { code, .. }) => Answer::of(json!({"code": code, "status": true})),
        Ok(_) => Answer::of(json!({"status": true, "url": QR.trim_end()})),
        Err(PairingRefused::AlreadyPaired) => Answer::refusal("device already connect"),
        Err(PairingRefused::Banned(_)) => Answer::refusal("input invalid"),
    }
}

/// `POST /disconnect`: logs the device out. The wording of both answers is not documented.
pub(crate) fn disconnect(shared: &Shared, device: &Device) -> Answer {
    if device.is_connected() && shared.log_out(device) {
        Answer::of(json!({"detail": "device disconnected", "status": true}))
    } else {
        Answer::of(json!({"detail": "device already disconnected", "status": false}))
    }
}

/// `POST /add-device`: a device without a phone, and its token.
/// Source: docs.fonnte.com/api-add-device, 2026-11; the answer beside the token is not documented.
pub(crate) fn add_device(shared: &Shared, form: &Form) -> Answer {
    let (Some(name), Some(phone)) = (form.get("name"), form.get("device")) else {
        return Answer::refusal("input invalid");
    };
    if !phone.bytes().all(|b| b.is_ascii_digit()) {
        return Answer::refusal("input invalid");
    }
    let start = Start { quota: shared.options.quota, state: DeviceState::Unpaired };
    let made = shared.devices.add(ProviderKind::Fonnte, |index| {
        Device::new(ProviderKind::Fonnte, index, &format!("sandbox-device-token-{}", index + 1), start)
            .named(name)
    });
    match made {
        Some(device) => Answer::of(json!({"name": device.name, "status": true, "token": device.token})),
        None => Answer::refusal("input invalid"),
    }
}

/// `POST /update-device`: where its webhooks go. `webhook` is the one for messages; an empty one sends none. Other
/// fields are taken and change nothing.
/// Source: docs.fonnte.com/api-update-device, 2026-11; the end of the reason for a bad URL is not documented.
pub(crate) fn update_device(device: &Device, form: &Form) -> Answer {
    let names = [
        ("webhook", WebhookKind::Incoming),
        ("webhookstatus", WebhookKind::Status),
        ("webhookconnect", WebhookKind::Connect),
    ];
    let mut targets = Vec::new();
    for (name, kind) in names {
        match form.raw(name).map(str::trim) {
            None => {}
            Some("") => targets.push((kind, None)),
            Some(url) => match Target::parse(url) {
                Ok(target) => targets.push((kind, Some(Arc::new(target)))),
                Err(_) => return Answer::refusal("webhook url invalid"),
            },
        }
    }
    for (kind, target) in targets {
        device.set_target(kind, target);
    }
    Answer::of(json!({"detail": "device updated!", "status": true}))
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
