//! The devices: which one is meant, how they are, and new ones.

use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::{self, Code};
use super::route::Route;
use crate::device::{Device, DeviceState, Link, Start};
use crate::provider::{Call, ProviderKind, Reply};
use crate::shared::Shared;
use crate::webhooks::{Target, WebhookKind};

const GOWA: ProviderKind = ProviderKind::Gowa;

/// The device of the path, of `X-Device-Id` or of `device_id` in the URL; with one device only, that one.
pub(super) fn meant(shared: &Shared, call: &Call, route: &Route) -> Result<Arc<Device>, Reply> {
    let named = route.device.as_deref().or_else(|| call.header("x-device-id"));
    let Some(name) = named.or_else(|| call.query("device_id")) else {
        let all = shared.devices.of(GOWA);
        return match all.as_slice() {
            [only] => Ok(Arc::clone(only)),
            _ => Err(answer::error(Code::DeviceIdRequired)),
        };
    };
    shared.devices.with_session(GOWA, name).ok_or_else(|| {
        let usual =
            "device not found; create a device first from /api/devices or provide a valid X-Device-Id";
        answer::error_saying(Code::DeviceNotFound, usual, json!({ "device_id": name }))
    })
}

/// The address with the number of the linked device in it; empty without a phone.
fn jid(device: &Device) -> String {
    if device.link().is_paired() { format!("{}:14@s.whatsapp.net", device.number) } else { String::new() }
}

/// Whether it has a connection to WhatsApp, which it also needs to be paired, and whether it is logged in. The second
/// one counts only while the first one does.
fn connection(device: &Device) -> (bool, bool) {
    match device.link().state() {
        DeviceState::QrShown
        | DeviceState::CodeShown
        | DeviceState::PasskeyRequired
        | DeviceState::PasskeyConfirmation
        | DeviceState::Paired => (true, false),
        DeviceState::Connected => (true, true),
        _ => (false, false),
    }
}

fn described(device: &Device) -> Value {
    let state = match connection(device) {
        (true, true) => "logged_in",
        (true, false) => "connecting",
        _ => "disconnected",
    };
    json!({
        "id": device.session,
        "display_name": device.name,
        "jid": jid(device),
        "state": state,
        "created_at": "2026-11-01T00:00:00Z",
    })
}

/// `GET /devices`.
pub(super) fn list(shared: &Shared) -> Reply {
    let all = shared.devices.of(GOWA);
    answer::success("List of devices", all.iter().map(|device| described(device)).collect())
}

/// `POST /devices`: a device without a phone, and where its webhooks go. The sandbox posts to `http://` only.
pub(super) fn add(shared: &Shared, call: &Call) -> Reply {
    let taken = |name: &str| shared.devices.with_session(GOWA, name).is_some();
    let wanted = call.field("device_id").map(str::to_owned);
    if wanted.as_deref().is_some_and(taken) {
        return answer::error_saying(Code::Validation, "device_id: already exists.", Value::Null);
    }
    let password = shared.devices.first_of(GOWA).token.clone();
    let start = Start { quota: shared.options.quota, state: DeviceState::Unpaired };
    let made = shared.devices.add(GOWA, |index| {
        let mut device = Device::new(GOWA, index, &password, start);
        if let Some(wanted) = &wanted {
            device.session.clone_from(wanted);
        }
        if let Some(secret) = call.field("webhook_secret") {
            secret.clone_into(&mut device.secret);
        }
        device
    });
    let Some(device) = made else { return answer::error(Code::Internal) };
    if let Some(target) = call.field("webhook_url").and_then(|url| Target::parse(url).ok()).map(Arc::new) {
        for kind in WebhookKind::ALL {
            device.set_target(kind, Some(Arc::clone(&target)));
        }
    }
    answer::success("Device added", described(&device))
}

/// How far the passkey of a pairing is.
/// Source: GOWA docs/openapi.yaml at v9.2.0, 2026-08-22; `none`, `awaiting_response`, `awaiting_confirmation`.
fn passkey(device: &Device) -> Value {
    match device.link() {
        Link::PasskeyRequired => json!({
            "status": "awaiting_response",
            "challenge": { "publicKey": { "challenge": "bWFkZS11cA", "rpId": "whatsapp.com", "timeout": 60_000 } },
        }),
        Link::PasskeyConfirmation { code } => {
            json!({ "status": "awaiting_confirmation", "code": code, "skip_handoff_ux": false })
        }
        _ => json!({ "status": "none" }),
    }
}

/// `GET /devices/{id}`, `GET /app/status`, `GET /devices/{id}/status` and `GET /app/passkey`.
pub(super) fn show(device: &Device, action: &str) -> Reply {
    let (connected, logged_in) = connection(device);
    match action {
        "device" => answer::success("Device info", described(device)),
        "passkey" => answer::success("Passkey status", passkey(device)),
        _ => {
            let mut status = json!({
                "device_id": device.session, "is_connected": connected, "is_logged_in": logged_in,
            });
            if let (Value::Object(fields), jid, true) = (&mut status, jid(device), logged_in) {
                fields.insert("jid".to_owned(), jid.into());
            }
            answer::success("Connection status retrieved", status)
        }
    }
}
