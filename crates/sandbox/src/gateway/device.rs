//! The routes about the device: pairing, health and logging out.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::answer;
use crate::device::{Device, DeviceState, Link};
use crate::provider::Reply;
use crate::qr;
use crate::shared::Shared;
use crate::webhooks::WebhookKind;

/// The number of the linked device behind the phone's. Each pairing has another one; only its form matters.
const COMPANION: u8 = 14;
/// A picture in JPEG format: what every image of a customer looks like here.
const PIXEL: &[u8] = include_bytes!("../../assets/pixel.jpg");
/// How long `/pair` sleeps after it has deleted the session.
const PAIR_SLEEP: Duration = Duration::from_secs(2);

/// The device's own address while it is linked to a phone, connected or not.
pub(super) fn jid(device: &Device) -> Option<String> {
    device.link().is_paired().then(|| companion(device))
}

/// The device's own address.
pub(super) fn companion(device: &Device) -> String {
    format!("{}:{COMPANION}@s.whatsapp.net", device.number)
}

/// What it says of itself: a device that lost its connection is not paired.
pub(super) fn is_paired(device: &Device) -> bool {
    matches!(device.link().state(), DeviceState::Paired | DeviceState::Connected)
}

/// `GET /pair`: deletes the session, whatever it is, and gives a picture of a new code.
pub(super) fn pair(shared: &Arc<Shared>, device: &Arc<Device>) -> Reply {
    shared.log_out(device);
    shared.refuse_scan(device);
    let reply = match shared.show_qr(device) {
        Ok(Link::QrShown { text, .. }) => Reply::bytes(200, "image/png", qr::png(&text))
            .with_header("cache-control", "no-cache, no-store, must-revalidate")
            .with_header("pragma", "no-cache")
            .with_header("expires", "0"),
        // Somebody else has just linked it.
        Ok(_) => answer::refusal("QR generation error: success"),
        // What a banned number gets is not known.
        Err(_) => answer::refusal("QR generation error: error"),
    };
    reply.after(PAIR_SLEEP)
}

/// `GET /health`.
pub(super) fn health(device: &Device) -> Reply {
    let data = json!({
        "connected": device.is_connected(),
        "paired": is_paired(device),
        "version": "v1.7.0",
        "webhook_configured": device.target(WebhookKind::Incoming).is_some(),
    });
    answer::success("WhatsApp service is running", Some(data))
}

/// `GET /devices`.
pub(super) fn devices(device: &Device) -> Reply {
    let jid = jid(device);
    let data = json!({
        "connected": device.is_connected(),
        "device_id": jid,
        "jid": jid,
        "paired": is_paired(device),
        "phone": jid.is_some().then_some(&device.number),
    });
    answer::success("Device information retrieved", Some(data))
}

/// `POST /disconnect`: the same answer whether there was a session or not.
pub(super) fn disconnect(shared: &Shared, device: &Device) -> Reply {
    shared.log_out(device);
    shared.refuse_scan(device);
    answer::success("Successfully disconnected and session cleared", None)
}

/// `GET /images/{id}.jpg`: the image of a message.
pub(super) fn image(shared: &Shared, name: &str) -> Reply {
    if name.is_empty() || name.contains(['/', '\\']) || name.contains("..") {
        return answer::refusal("Invalid filename");
    }
    let id = name.strip_suffix(".jpg").unwrap_or_default();
    let is_there = shared.with_book(|book| book.get(id).is_some_and(|message| message.attachment.is_some()));
    if is_there { Reply::bytes(200, "image/jpeg", PIXEL) } else { answer::refusal("Image not found") }
}
