//! GOWA's webhooks.
//!
//! Source: GOWA docs/webhook-payload.md and source at v9.2.0, 2026-08-22, read in November 2026.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use wartel_core::{Jid, Secret};

use super::{GowaConfig, NAME, message};
use crate::adapters::{chats, json, signature};
use crate::{
    Authenticity, DeliveryReceipt, DeliveryState, InboundEvent, ProviderMessageId, ReceiptKey, WebhookError,
    WebhookRequest, WebhookSource,
};

/// The most receipts that are read from one request.
const MAX_RECEIPTS: usize = 1_000;

/// Reads the webhooks of one device. Without a key, let only an unguessable URL lead here.
///
/// GOWA reports neither that its device connects nor that it disconnects.
#[derive(Clone)]
pub struct GowaWebhooks {
    device: Option<Arc<str>>,
    /// The key, and whether a signature with it proves anything.
    key: Option<(Secret, bool)>,
}

impl GowaWebhooks {
    /// Reads the webhooks of the device of this configuration, which is valid.
    pub(super) fn of(config: &GowaConfig) -> Self {
        Self { device: config.device.as_deref().map(Into::into), key: config.webhook_key() }
    }

    /// Source: GOWA docs/webhook-payload.md at v9.2.0, 2026-08-22; `X-Hub-Signature-256: sha256=<hex>`.
    fn check(&self, request: &WebhookRequest<'_>) -> Result<(), WebhookError> {
        let Some((secret, _)) = &self.key else { return Ok(()) };
        let given = request.header("x-hub-signature-256").and_then(|value| value.strip_prefix("sha256="));
        let given = given.ok_or(WebhookError::BadSignature)?;
        if signature::is_hmac_sha256_hex(secret.expose().as_bytes(), request.body, given) {
            return Ok(());
        }
        Err(WebhookError::BadSignature)
    }

    /// Whether an event is of this device: by the name that it was registered with, or by its address. Gateways before v9
    /// give the address only.
    fn is_ours(&self, body: &Value) -> bool {
        let Some(device) = &self.device else { return true };
        let address = json::text(body, &["device_id"]);
        let own = Jid::parse(device).ok();
        let same = |text: &str| match &own {
            Some(own) => {
                Jid::parse(text).is_ok_and(|jid| jid.phone().is_some() && jid.phone() == own.phone())
            }
            None => text == &**device,
        };
        match json::text(body, &["session_id"]) {
            Some(name) => name == &**device || address.is_some_and(same),
            None => own.is_none() || address.is_none_or(same),
        }
    }
}

impl fmt::Debug for GowaWebhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GowaWebhooks").field("signed", &self.key.is_some()).finish_non_exhaustive()
    }
}

impl WebhookSource for GowaWebhooks {
    fn authenticity(&self) -> Authenticity {
        match self.key {
            Some((_, true)) => Authenticity::Signed,
            _ => Authenticity::TokenOnly,
        }
    }

    fn decode(&self, request: WebhookRequest<'_>) -> Result<Vec<InboundEvent>, WebhookError> {
        self.check(&request)?;
        self.decode_kept(request)
    }

    fn decode_kept(&self, request: WebhookRequest<'_>) -> Result<Vec<InboundEvent>, WebhookError> {
        let body = json::parse(request.body).filter(Value::is_object).ok_or(WebhookError::Unreadable)?;
        if !self.is_ours(&body) {
            return Ok(vec![InboundEvent::Ignored { why: "another device" }]);
        }
        Ok(events(&body))
    }
}

fn events(body: &Value) -> Vec<InboundEvent> {
    let Some(payload) = json::at(body, &["payload"]) else {
        return vec![InboundEvent::Ignored { why: "an event without a payload" }];
    };
    let own = json::text(body, &["device_id"]);
    vec![match json::text(body, &["event"]).unwrap_or_default() {
        "message" => message::event(payload, own),
        "message.reaction" => message::reaction(payload, own),
        "message.ack" => return receipts(body, payload),
        _ => InboundEvent::Ignored { why: "a kind of event that is not used" },
    }]
}

fn receipts(body: &Value, payload: &Value) -> Vec<InboundEvent> {
    let ignored = |why| vec![InboundEvent::Ignored { why }];
    let Some(state) = json::text(payload, &["receipt_type"]).and_then(state) else {
        return ignored("a receipt that is no news of the recipient");
    };
    if let Err(why) = chats::person(json::text(payload, &["chat_id"]), []) {
        return ignored(why);
    }
    let at = json::rfc3339_at(body, &["timestamp"]).or_else(|| json::rfc3339_at(payload, &["timestamp"]));
    let receipt = |id: &Value| {
        let id = json::as_scalar(id).map(ProviderMessageId::new);
        ReceiptKey::new(id, None).map_or(InboundEvent::Ignored { why: "a receipt without an id" }, |key| {
            InboundEvent::Receipt(DeliveryReceipt::new(NAME, key, state).with_at(at))
        })
    };
    let events: Vec<InboundEvent> =
        json::items(payload, &["ids"]).iter().take(MAX_RECEIPTS).map(receipt).collect();
    if events.is_empty() { ignored("a receipt without an id") } else { events }
}

/// `sender`, `read-self` and `played-self` are of our own devices; `retry` asks for the message once more.
/// Source: GOWA docs/webhook-payload.md at v9.2.0, 2026-08-22; `receipt_type`.
fn state(word: &str) -> Option<DeliveryState> {
    Some(match word {
        "delivered" => DeliveryState::Delivered,
        "read" | "played" => DeliveryState::Read,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
