//! How a device is linked to a phone, and unlinked.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::answer::{self, Code};
use crate::contacts::fnv;
use crate::device::{Device, Link};
use crate::provider::{Call, ProviderKind, Reply};
use crate::shared::Shared;

/// A real QR code (PNG, base64). Scanning it leads to this crate, not into WhatsApp.
const QR: &str = include_str!("../../assets/qr.png.b64");

/// The file that a QR code is in; each code has its own.
fn file_name(text: &str) -> String {
    format!("scan-qr-{:016x}.png", fnv(text.bytes()))
}

/// `/app/login`, `/app/login-with-code` and their like below `/devices/{id}`.
pub(super) fn pair(shared: &Arc<Shared>, device: &Arc<Device>, action: &str, call: &Call) -> Reply {
    match device.link() {
        Link::Connected => return answer::error(Code::AlreadyLoggedIn),
        Link::Paired | Link::Disconnected => return answer::error(Code::SessionSaved),
        _ => {}
    }
    if action == "login-with-code" {
        let Some(phone) = call.query("phone").filter(|phone| !phone.is_empty()) else {
            return answer::error_saying(Code::Validation, "phone_number: cannot be blank.", Value::Null);
        };
        return match shared.show_code(device, phone) {
            Ok(Link::CodeShown { code, .. }) => {
                let results = json!({ "device_id": device.session, "pair_code": code });
                answer::success("Login with code success", results)
            }
            _ => answer::error_saying(Code::Internal, "failed to request a pair code", Value::Null),
        };
    }
    let Ok(Link::QrShown { text, until, .. }) = shared.show_qr(device) else {
        return answer::error(Code::QrChannel);
    };
    let results = json!({
        "device_id": device.session,
        "qr_duration": until.since(shared.now()).as_secs().max(1),
        "qr_link": format!("{}/gowa/statics/qrcode/{}", shared.url, file_name(&text)),
    });
    answer::success("Login success", results)
}

/// The picture of a QR code that is shown now. Older ones are deleted.
pub(super) fn picture(shared: &Shared, file: &str) -> Reply {
    let shown = |device: &Device| match device.link() {
        Link::QrShown { text, .. } => device.kind == ProviderKind::Gowa && file_name(&text) == file,
        _ => false,
    };
    if shared.devices.find(shown).is_none() {
        return Reply::bytes(404, "text/plain; charset=utf-8", "Not Found");
    }
    Reply::bytes(200, "image/png", STANDARD.decode(QR.trim_end()).unwrap_or_default())
}

/// `/app/logout` and `POST /devices/{id}/logout`.
pub(super) fn log_out(shared: &Shared, device: &Device) -> Reply {
    if shared.log_out(device) {
        answer::success("Success logout", Value::Null)
    } else {
        answer::error(Code::Authentication)
    }
}

/// `/app/reconnect` and `POST /devices/{id}/reconnect`. One that is linked to no phone is refused, as an error of the
/// server's.
/// Source: GOWA's source, `Reconnect`, November 2026.
pub(super) fn reconnect(shared: &Arc<Shared>, device: &Arc<Device>) -> Reply {
    if shared.reconnect(device) {
        return answer::success("Reconnect success", Value::Null);
    }
    let words = format!("device {} is not logged in (session deleted)", device.session);
    answer::error_saying(Code::Internal, &words, Value::Null)
}

/// `POST /app/passkey/response` and `POST /app/passkey/confirm`.
/// Source: GOWA docs/openapi.yaml and source at v9.2.0, 2026-08-22.
pub(super) fn passkey(shared: &Arc<Shared>, device: &Arc<Device>, action: &str, call: &Call) -> Reply {
    let missing = |what: &str| {
        let words = format!("no pending passkey {what} for device {}", device.session);
        answer::error_saying(Code::Internal, &words, Value::Null)
    };
    if action == "response" {
        let has_answer = call.json().is_some_and(|body| body.get("response").is_some_and(Value::is_object));
        if !has_answer {
            return answer::error_saying(Code::Validation, "response: cannot be blank.", Value::Null);
        }
        return match shared.give_passkey(device) {
            true => answer::success("Passkey response sent", Value::Null),
            false => missing("pairing request"),
        };
    }
    match shared.confirm_passkey(device) {
        true => answer::success("Passkey confirmed", Value::Null),
        false => missing("confirmation"),
    }
}
