//! WAHA's webhooks.
//!
//! Source: WAHA documentation, "Webhooks" and "Events", 2026-07-24, read in November 2026.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use wartel_core::Secret;

use super::errors::Status;
use super::wire::{chat_of_id, raw_id, short_id};
use super::{NAME, message};
use crate::adapters::{chats, json, signature};
use crate::{
    Authenticity, DeliveryReceipt, DeliveryState, DeviceEvent, InboundEvent, ProviderMessageId, ReceiptKey,
    WebhookError, WebhookRequest, WebhookSource,
};

/// Reads the webhooks of one session. Without a key, let only an unguessable URL lead here.
///
/// Set WAHA's `events` to `message`, `message.any`, `message.ack` and `session.status`. `message.any` alone is not
/// enough: only what our own side wrote is taken from it, because everything else comes as `message` too.
#[derive(Clone)]
pub struct WahaWebhooks {
    session: Arc<str>,
    secret: Option<Secret>,
}

impl WahaWebhooks {
    /// Reads the webhooks of a session that are signed with this key, if there is one.
    #[must_use]
    pub fn new(session: impl Into<Arc<str>>, secret: Option<Secret>) -> Self {
        Self { session: session.into(), secret }
    }

    /// Source: WAHA documentation, "Webhooks, HMAC authentication", 2026-07-24; HMAC-SHA-512 of the raw body, in hex.
    fn check(&self, request: &WebhookRequest<'_>) -> Result<(), WebhookError> {
        let Some(secret) = &self.secret else { return Ok(()) };
        let given = request.header("x-webhook-hmac").unwrap_or_default();
        if signature::is_hmac_sha512_hex(secret.expose().as_bytes(), request.body, given) {
            return Ok(());
        }
        Err(WebhookError::BadSignature)
    }
}

impl fmt::Debug for WahaWebhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WahaWebhooks")
            .field("session", &self.session)
            .field("signed", &self.secret.is_some())
            .finish()
    }
}

impl WebhookSource for WahaWebhooks {
    fn authenticity(&self) -> Authenticity {
        if self.secret.is_some() { Authenticity::Signed } else { Authenticity::TokenOnly }
    }

    fn decode(&self, request: WebhookRequest<'_>) -> Result<Vec<InboundEvent>, WebhookError> {
        self.check(&request)?;
        self.decode_kept(request)
    }

    fn decode_kept(&self, request: WebhookRequest<'_>) -> Result<Vec<InboundEvent>, WebhookError> {
        let body = json::parse(request.body).filter(Value::is_object).ok_or(WebhookError::Unreadable)?;
        if json::text(&body, &["session"]).is_some_and(|session| session != &*self.session) {
            return Ok(vec![InboundEvent::Ignored { why: "another session" }]);
        }
        Ok(events(&body))
    }
}

fn events(body: &Value) -> Vec<InboundEvent> {
    let Some(payload) = json::at(body, &["payload"]) else {
        return vec![InboundEvent::Ignored { why: "an event without a payload" }];
    };
    vec![match json::text(body, &["event"]).unwrap_or_default() {
        "message" => message::event(payload),
        "message.any" if json::flag(payload, &["fromMe"]) => message::event(payload),
        "message.any" => InboundEvent::Ignored { why: "it comes as `message` too" },
        "message.reaction" => message::reaction(payload),
        "message.ack" => receipt(body, payload),
        "session.status" => return session_status(payload),
        _ => InboundEvent::Ignored { why: "a kind of event that is not used" },
    }]
}

fn receipt(body: &Value, payload: &Value) -> InboundEvent {
    let Some(id) = raw_id(payload) else { return InboundEvent::Ignored { why: "a receipt without an id" } };
    if json::at(payload, &["fromMe"]).and_then(Value::as_bool) == Some(false) {
        return InboundEvent::Ignored { why: "a receipt of the contact's own message" };
    }
    if let Err(why) = chats::person(chat_of_id(id).or_else(|| json::text(payload, &["to"])), []) {
        return InboundEvent::Ignored { why };
    }
    let word = json::text(payload, &["ackName"]);
    let state = json::number(payload, &["ack"]).and_then(state).or_else(|| word.and_then(named_state));
    let key = ReceiptKey::new(Some(ProviderMessageId::new(short_id(id))), None);
    match (key, state) {
        (Some(key), Some(state)) => InboundEvent::Receipt(
            DeliveryReceipt::new(NAME, key, state).with_at(json::unix_at(body, &["timestamp"])),
        ),
        _ => InboundEvent::Ignored { why: "a status of unknown meaning" },
    }
}

/// Source: WAHA documentation, "Events, message.ack", 2026-07-24; fields "ack" and "ackName".
const fn state(ack: i64) -> Option<DeliveryState> {
    Some(match ack {
        -1 => DeliveryState::Failed,
        0 => DeliveryState::Accepted,
        1 => DeliveryState::Sent,
        2 => DeliveryState::Delivered,
        3 | 4 => DeliveryState::Read,
        _ => return None,
    })
}

fn named_state(word: &str) -> Option<DeliveryState> {
    let words = ["ERROR", "PENDING", "SERVER", "DEVICE", "READ", "PLAYED"];
    let place = words.iter().position(|known| *known == word)?;
    state(i64::try_from(place).ok()? - 1)
}

fn session_status(payload: &Value) -> Vec<InboundEvent> {
    let one = |event| vec![InboundEvent::DeviceState(event)];
    match json::text(payload, &["status"]).and_then(Status::parse) {
        Some(Status::Working) => one(DeviceEvent::Connected),
        // It is no connection that was lost, or not that alone: nothing came of the codes that were shown.
        Some(Status::Failed) if was_pairing(payload) => {
            [DeviceEvent::PairingRefused, DeviceEvent::Disconnected].map(InboundEvent::DeviceState).into()
        }
        Some(Status::Starting | Status::Stopped | Status::Failed) => one(DeviceEvent::Disconnected),
        Some(Status::ScanQr) if was_unlinked(payload) => {
            [DeviceEvent::LoggedOut, DeviceEvent::QrChanged].map(InboundEvent::DeviceState).into()
        }
        Some(Status::ScanQr) => one(DeviceEvent::QrChanged),
        Some(Status::Passkey) => one(DeviceEvent::PasskeyRequired),
        None => vec![InboundEvent::Ignored { why: "a session status of unknown meaning" }],
    }
}

/// Whether the last status before this one was that of a session that waits for the phone.
fn was_pairing(payload: &Value) -> bool {
    let mut last = json::items(payload, &["statuses"]).iter().rev();
    let mut last = last.by_ref().map(|item| json::text(item, &["status"]).and_then(Status::parse));
    let before = last.find(|status| *status != Some(Status::Failed)).flatten();
    matches!(before, Some(Status::ScanQr | Status::Passkey))
}

/// Whether the session worked until the code came up: a device that is still linked comes back without one.
/// WAHA lists the last three states in `statuses`.
fn was_unlinked(payload: &Value) -> bool {
    let known = |item| json::text(item, &["status"]).and_then(Status::parse);
    let last: Vec<Status> = json::items(payload, &["statuses"]).iter().filter_map(known).collect();
    let codes = last.iter().filter(|status| **status == Status::ScanQr).count();
    codes == 1 && last.contains(&Status::Working)
}

#[cfg(test)]
mod tests;
