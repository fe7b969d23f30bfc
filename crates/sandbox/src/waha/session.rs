//! Sessions: what WAHA calls a device, and how it is linked to a phone.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::answer;
use crate::device::{Device, DeviceState, Link, Start};
use crate::provider::{Call, ProviderKind, Reply};
use crate::shared::Shared;
use crate::webhooks::{Target, WebhookKind};

/// A real QR code (PNG, base64). Scanning it leads to this crate, not into WhatsApp.
const QR: &str = include_str!("../../assets/qr.png.b64");

/// A session's status, in WAHA's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Stopped,
    Starting,
    ScanQrCode,
    PasskeyRequired,
    PasskeyConfirmationRequired,
    Working,
    Failed,
}

impl Status {
    const ALL: [Self; 7] = [
        Self::Stopped,
        Self::Starting,
        Self::ScanQrCode,
        Self::PasskeyRequired,
        Self::PasskeyConfirmationRequired,
        Self::Working,
        Self::Failed,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "STOPPED",
            Self::Starting => "STARTING",
            Self::ScanQrCode => "SCAN_QR_CODE",
            Self::PasskeyRequired => "PASSKEY_REQUIRED",
            Self::PasskeyConfirmationRequired => "PASSKEY_CONFIRMATION_REQUIRED",
            Self::Working => "WORKING",
            Self::Failed => "FAILED",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// The status of the session that a device is. Nobody scanned in time: it has failed. The phone removed the device: it
    /// asks for a code again.
    pub(super) fn of(device: &Device) -> Self {
        match device.link().state() {
            DeviceState::Unpaired if device.was_pairing() => Self::Failed,
            DeviceState::Unpaired => Self::Stopped,
            DeviceState::QrShown | DeviceState::CodeShown | DeviceState::LoggedOut => Self::ScanQrCode,
            DeviceState::PasskeyRequired => Self::PasskeyRequired,
            DeviceState::PasskeyConfirmation => Self::PasskeyConfirmationRequired,
            DeviceState::Paired | DeviceState::Disconnected => Self::Starting,
            DeviceState::Connected => Self::Working,
            DeviceState::Banned => Self::Failed,
        }
    }
}

/// What a linked session says of itself.
/// Source: WAHA OpenAPI 2026.7.1, schema `MeInfo`.
pub(super) fn me_of(device: &Device) -> Value {
    if !device.link().is_paired() {
        return Value::Null;
    }
    json!({
        "id": format!("{}@c.us", device.number),
        "pushName": device.name,
        "lid": format!("{}@lid", device.lid),
        "jid": format!("{}:1@s.whatsapp.net", device.number),
    })
}

fn info(device: &Device, status: Status) -> Value {
    json!({
        "name": device.session,
        "me": me_of(device),
        "presence": "offline",
        "timestamps": { "activity": null },
        "status": status.as_str(),
        "config": {},
        "assignedWorker": "",
    })
}

/// `GET /api/sessions/{session}`.
pub(super) fn show(device: &Device) -> Reply {
    Reply::json(200, info(device, Status::of(device)))
}

/// `GET /api/sessions/{session}/me`.
pub(super) fn me(device: &Device) -> Reply {
    Reply::json(200, me_of(device))
}

/// `GET /api/sessions`.
pub(super) fn list(shared: &Shared) -> Reply {
    let all = shared.devices.of(ProviderKind::Waha);
    Reply::json(200, all.iter().map(|device| info(device, Status::of(device))).collect())
}

/// `POST /api/sessions`: a session without a phone, which starts unless `start` is false.
pub(super) fn create(shared: &Arc<Shared>, call: &Call) -> Reply {
    let body = call.json().unwrap_or_default();
    let name = body.get("name").and_then(Value::as_str).unwrap_or("default").to_owned();
    if shared.devices.with_session(ProviderKind::Waha, &name).is_some() {
        return answer::session_exists(&name);
    }
    let key = shared.devices.first_of(ProviderKind::Waha).token.clone();
    let start = Start { quota: shared.options.quota, state: DeviceState::Unpaired };
    let made = shared.devices.add(ProviderKind::Waha, |index| {
        let mut device = Device::new(ProviderKind::Waha, index, &key, start);
        device.session.clone_from(&name);
        device
    });
    let Some(device) = made else { return answer::exception(shared, "too many sessions") };
    configure(&device, &body);
    if body.get("start").and_then(Value::as_bool) == Some(false) {
        return Reply::json(201, info(&device, Status::Stopped));
    }
    started(shared, &device)
}

/// Starts a session that has no phone: codes are made from now on. The answer comes before the first one.
fn started(shared: &Arc<Shared>, device: &Arc<Device>) -> Reply {
    let before = Status::of(device);
    if device.link().asks_for_passkey() {
        return Reply::json(201, info(device, before));
    }
    match shared.show_qr(device) {
        Ok(_) if before != Status::ScanQrCode => Reply::json(201, info(device, Status::Starting)),
        _ => Reply::json(201, info(device, Status::of(device))),
    }
}

/// `PUT /api/sessions/{session}`, `POST …/start` and `POST …/restart`.
pub(super) fn change(shared: &Arc<Shared>, device: &Arc<Device>, action: &str, call: &Call) -> Reply {
    if action == "config" {
        configure(device, &call.json().unwrap_or_default());
        return show(device);
    }
    started(shared, device)
}

/// Takes over where webhooks go: the first URL of `config.webhooks`. The sandbox posts to `http://` only.
fn configure(device: &Device, body: &Value) {
    let url = body.pointer("/config/webhooks/0/url").and_then(Value::as_str);
    if let Some(target) = url.and_then(|url| Target::parse(url).ok()).map(Arc::new) {
        for kind in WebhookKind::ALL {
            device.set_target(kind, Some(Arc::clone(&target)));
        }
    }
}

/// `POST /api/sessions/{session}/logout`.
pub(super) fn log_out(shared: &Shared, device: &Device) -> Reply {
    shared.log_out(device);
    Reply::json(201, info(device, Status::of(device)))
}

/// `GET /api/{session}/auth/qr` and `POST /api/{session}/auth/request-code`.
pub(super) fn pair(shared: &Arc<Shared>, device: &Arc<Device>, action: &str, call: &Call) -> Reply {
    let status = Status::of(device);
    if status != Status::ScanQrCode {
        return answer::wrong_status(&device.session, status, &[Status::ScanQrCode]);
    }
    if action == "request-code" {
        let body = call.json().unwrap_or_default();
        let Some(phone) = body.get("phoneNumber").and_then(Value::as_str) else {
            return answer::bad_request("phoneNumber must be a string");
        };
        return match shared.show_code(device, phone) {
            Ok(Link::CodeShown { code, .. }) => Reply::json(201, json!({ "code": dashed(&code) })),
            _ => answer::exception(shared, "failed to request a code"),
        };
    }
    let Ok(Link::QrShown { text, .. }) = shared.show_qr(device) else {
        return answer::exception(shared, "no QR code");
    };
    match (call.query("format"), call.header("accept")) {
        (Some("raw"), _) => Reply::json(200, json!({ "value": text })),
        (_, Some("application/json")) => {
            Reply::json(200, json!({ "mimetype": "image/png", "data": QR.trim_end() }))
        }
        _ => Reply::bytes(200, "image/png", STANDARD.decode(QR.trim_end()).unwrap_or_default()),
    }
}

/// The four calls below `/api/{session}/auth/passkey`.
/// Source: WAHA OpenAPI 2026.7.1; the fields of the challenge are those of `WebAuthn`.
pub(super) fn passkey(shared: &Arc<Shared>, device: &Arc<Device>, action: &str) -> Reply {
    let (link, status) = (device.link(), Status::of(device));
    let refused = |expected| answer::wrong_status(&device.session, status, &[expected]);
    let done = |worked: bool, expected| {
        if worked { Reply::json(201, json!({ "success": true })) } else { refused(expected) }
    };
    match (action, link) {
        ("challenge", Link::PasskeyRequired) => {
            Reply::json(200, json!({ "challenge": "bWFkZS11cA", "rpId": "whatsapp.com", "timeout": 60_000 }))
        }
        ("confirmation", Link::PasskeyConfirmation { code }) => Reply::json(200, json!({ "code": code })),
        ("challenge", _) => refused(Status::PasskeyRequired),
        ("confirmation", _) => refused(Status::PasskeyConfirmationRequired),
        ("passkey", _) => done(shared.give_passkey(device), Status::PasskeyRequired),
        _ => done(shared.confirm_passkey(device), Status::PasskeyConfirmationRequired),
    }
}

/// The code as WhatsApp's pages write it: `ABCD-1234`.
fn dashed(code: &str) -> String {
    match code.split_at_checked(4) {
        Some((first, second)) => format!("{first}-{second}"),
        None => code.to_owned(),
    }
}
