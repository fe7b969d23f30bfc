//! The webhooks of the Evolution API.
//!
//! Source: <https://doc.evolution-api.com/v2/en/configuration/webhooks> and the public source code of version 2.3.6, read in
//! November 2026.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde_json::Value;
use wartel_core::Secret;

use super::{NAME, message};
use crate::adapters::{chats, json, signature};
use crate::{
    Authenticity, DeliveryReceipt, DeliveryState, DeviceEvent, InboundEvent, ProviderMessageId, ReceiptKey,
    WebhookError, WebhookRequest, WebhookSource,
};

/// The most items that are read from one request; mostly there is one.
const MAX_ITEMS: usize = 1_000;

/// Reads the webhooks of one instance. They are not signed: let only an unguessable URL lead here.
#[derive(Clone)]
pub struct EvolutionWebhooks {
    instance: Arc<str>,
    secret: Option<Secret>,
}

impl EvolutionWebhooks {
    /// Reads the webhooks of an instance that bring a token made with this key, if there is one.
    #[must_use]
    pub fn new(instance: impl Into<Arc<str>>, secret: Option<Secret>) -> Self {
        Self { instance: instance.into(), secret }
    }

    /// With the special header `jwt_key` each request brings `Authorization: Bearer <JWT, HS256>`.
    fn is_authentic(&self, request: &WebhookRequest<'_>) -> bool {
        let Some(secret) = &self.secret else { return true };
        let token = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        token.is_some_and(|token| is_signed(token, secret))
    }
}

/// Whether a JWT is signed with HMAC-SHA-256 under this key, and says so.
/// Source: RFC 7519 §7.2, RFC 7515 §5.2.
fn is_signed(token: &str, secret: &Secret) -> bool {
    let Some((signed, signature)) = token.trim().rsplit_once('.') else { return false };
    let header = signed.split('.').next().and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let header = header.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let is_hs256 = header.is_some_and(|header| json::text(&header, &["alg"]) == Some("HS256"));
    is_hs256 && signature::is_hmac_sha256_base64url(secret.expose().as_bytes(), signed.as_bytes(), signature)
}

impl fmt::Debug for EvolutionWebhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvolutionWebhooks")
            .field("instance", &self.instance)
            .field("with_token", &self.secret.is_some())
            .finish()
    }
}

impl WebhookSource for EvolutionWebhooks {
    /// The token does not cover the body.
    fn authenticity(&self) -> Authenticity {
        Authenticity::TokenOnly
    }

    fn decode(&self, request: WebhookRequest<'_>) -> Result<Vec<InboundEvent>, WebhookError> {
        if !self.is_authentic(&request) {
            return Err(WebhookError::BadSignature);
        }
        self.decode_kept(request)
    }

    /// Without the key of the instance, and without the codes that pair a device with it.
    fn kept(&self, body: Bytes) -> Bytes {
        let Some(mut value) = json::parse(&body) else { return body };
        let mut hidden = json::hide(value.get_mut("apikey"));
        for code in ["code", "pairingCode", "base64"] {
            hidden |= json::hide(value.pointer_mut(&format!("/data/qrcode/{code}")));
        }
        if hidden { value.to_string().into() } else { body }
    }

    /// The header with the token is not kept.
    fn decode_kept(&self, request: WebhookRequest<'_>) -> Result<Vec<InboundEvent>, WebhookError> {
        let body = json::parse(request.body).filter(Value::is_object).ok_or(WebhookError::Unreadable)?;
        if json::text(&body, &["instance"]).is_some_and(|instance| instance != &*self.instance) {
            return Ok(vec![ignored("another instance")]);
        }
        Ok(events(&body))
    }
}

fn ignored(why: &'static str) -> InboundEvent {
    InboundEvent::Ignored { why }
}

fn events(body: &Value) -> Vec<InboundEvent> {
    let Some(data) = json::at(body, &["data"]) else { return vec![ignored("an event without data")] };
    // `messages.upsert`, and `MESSAGES_UPSERT` where each kind of event has a path of its own.
    let event = json::text(body, &["event"]).unwrap_or_default().to_ascii_lowercase().replace('_', ".");
    let each = |read: fn(&Value) -> InboundEvent| match data {
        Value::Array(items) => items.iter().take(MAX_ITEMS).map(read).collect(),
        one => vec![read(one)],
    };
    match event.as_str() {
        "messages.upsert" => each(message::event),
        "messages.update" => each(receipt),
        "connection.update" => vec![connection(data)],
        "qrcode.updated" if json::at(data, &["qrcode"]).is_some() => {
            vec![InboundEvent::DeviceState(DeviceEvent::QrChanged)]
        }
        // Too many codes were shown and none was scanned.
        "qrcode.updated" => vec![InboundEvent::DeviceState(DeviceEvent::PairingRefused)],
        "status.instance" => vec![InboundEvent::DeviceState(DeviceEvent::Disconnected)],
        "logout.instance" | "remove.instance" | "instance.delete" => {
            vec![InboundEvent::DeviceState(DeviceEvent::LoggedOut)]
        }
        "send.message" => vec![ignored("our own send")],
        _ => vec![ignored("a kind of event that is not used")],
    }
}

/// Source: the public source code of Evolution API 2.3.6, November 2026; `state`, `statusReason` (of Baileys).
fn connection(data: &Value) -> InboundEvent {
    let event = match json::text(data, &["state"]) {
        Some("open") => DeviceEvent::Connected,
        Some(state @ ("close" | "refused")) => match json::number(data, &["statusReason"]) {
            Some(401) => DeviceEvent::LoggedOut,
            Some(402 | 403) => DeviceEvent::Banned { until: None },
            // Only an instance that is being paired is refused.
            _ if state == "refused" => DeviceEvent::PairingRefused,
            _ => DeviceEvent::Disconnected,
        },
        Some("connecting") => return ignored("the device is connecting"),
        _ => return ignored("a state of unknown meaning"),
    };
    InboundEvent::DeviceState(event)
}

fn receipt(data: &Value) -> InboundEvent {
    let id = json::text(data, &["keyId"]).or_else(|| json::text(data, &["key", "id"]));
    let Some(key) = ReceiptKey::new(id.map(ProviderMessageId::new), None) else {
        return ignored("a receipt without an id");
    };
    let from_me = json::at(data, &["fromMe"]).or_else(|| json::at(data, &["key", "fromMe"]));
    if from_me == Some(&Value::Bool(false)) {
        return ignored("a receipt of the contact's own message");
    }
    let chat = json::text(data, &["remoteJid"]).or_else(|| json::text(data, &["key", "remoteJid"]));
    if let Err(why) = chats::person(chat, []) {
        return ignored(why);
    }
    let status = json::text(data, &["status"]).or_else(|| json::text(data, &["update", "status"]));
    let state = match status {
        Some("ERROR") => DeliveryState::Failed,
        Some("PENDING") => DeliveryState::Accepted,
        Some("SERVER_ACK") => DeliveryState::Sent,
        Some("DELIVERY_ACK") => DeliveryState::Delivered,
        Some("READ" | "PLAYED") => DeliveryState::Read,
        _ => return ignored("a status of unknown meaning"),
    };
    InboundEvent::Receipt(DeliveryReceipt::new(NAME, key, state))
}

#[cfg(test)]
mod tests;
