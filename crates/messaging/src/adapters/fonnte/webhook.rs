//! Fonnte's webhooks: the status webhook and the connect webhook.
//!
//! Source: <https://docs.fonnte.com/webhook-update-message-status/> and
//! <https://docs.fonnte.com/webhook-device-status/>, read in November 2026.

use serde_json::{Map, Value};

use super::NAME;
use super::wire::Fields;
use crate::adapters::json::unix_instant;
use crate::{
    Authenticity, DeliveryReceipt, DeliveryState, DeviceEvent, InboundEvent, ProviderMessageId, ReceiptKey,
    WebhookError, WebhookRequest, WebhookSource,
};

/// The most events that are read from one request; Fonnte sends one.
const MAX_ITEMS: usize = 1_000;

/// The fields by which a form is known as one of Fonnte's.
const KNOWN_FIELDS: &[&str] =
    &["device", "id", "stateid", "status", "state", "sender", "pengirim", "submission"];

/// Reads Fonnte's webhooks. Fonnte signs nothing: let only an unguessable URL lead here.
#[derive(Debug, Clone, Copy, Default)]
pub struct FonnteWebhooks;

impl WebhookSource for FonnteWebhooks {
    fn authenticity(&self) -> Authenticity {
        Authenticity::TokenOnly
    }

    fn decode(&self, request: WebhookRequest<'_>) -> Result<Vec<InboundEvent>, WebhookError> {
        // The content type is not asked: clients and proxies in the wild send JSON as a form and the reverse.
        let body = request.body.trim_ascii();
        if !matches!(body.first(), Some(b'{' | b'[')) {
            return form(body).map(|fields| vec![event(&fields)]).ok_or(WebhookError::Unreadable);
        }
        match serde_json::from_slice(body).map_err(|_| WebhookError::Unreadable)? {
            Value::Array(items) => Ok(items.into_iter().take(MAX_ITEMS).map(item).collect()),
            value => Ok(vec![item(value)]),
        }
    }
}

fn item(value: Value) -> InboundEvent {
    Fields::from_value(value)
        .map_or(InboundEvent::Ignored { why: "an item is not an object" }, |fields| event(&fields))
}

fn form(body: &[u8]) -> Option<Fields> {
    let pairs: Map<String, Value> = form_urlencoded::parse(body)
        .take(100)
        .map(|(key, value)| (key.into_owned(), value.into_owned().into()))
        .collect();
    let fields = Fields::from_value(Value::Object(pairs))?;
    KNOWN_FIELDS.iter().any(|key| fields.get(key).is_some()).then_some(fields)
}

/// Tells the webhooks apart by their fields: all four may be set to one URL.
fn event(fields: &Fields) -> InboundEvent {
    if fields.get("submission").is_some() {
        return InboundEvent::Ignored { why: "a form submission" };
    }
    if fields.get("sender").is_some() || fields.get("pengirim").is_some() {
        return InboundEvent::Ignored { why: "an incoming message" };
    }
    let id = |key| fields.text(key).map(ProviderMessageId::new);
    if let Some(key) = ReceiptKey::new(id("id"), id("stateid")) {
        return receipt(fields, key);
    }
    match fields.text("status").map(|status| status.to_ascii_lowercase()).as_deref() {
        Some("connect" | "connected") => InboundEvent::DeviceState(DeviceEvent::Connected),
        Some("disconnect" | "disconnected") => InboundEvent::DeviceState(DeviceEvent::Disconnected),
        _ => InboundEvent::Ignored { why: "an unknown kind of event" },
    }
}

/// `status` and `state` may each carry the news, and may be of different age: the furthest counts.
fn receipt(fields: &Fields, key: ReceiptKey) -> InboundEvent {
    let words = ["status", "state"].iter().filter_map(|field| fields.text(field));
    let Some(state) = words.filter_map(|word| delivery_state(&word)).max() else {
        return InboundEvent::Ignored { why: "a status of unknown meaning" };
    };
    InboundEvent::Receipt(
        DeliveryReceipt::new(NAME, key, state)
            .with_at(fields.text("timestamp").and_then(|t| unix_instant(t.parse().ok()?))),
    )
}

/// Source: <https://docs.fonnte.com/webhook-update-message-status/> and <https://docs.fonnte.com/api-check-message-status/>,
/// November 2026.
fn delivery_state(word: &str) -> Option<DeliveryState> {
    Some(match word.to_ascii_lowercase().as_str() {
        "pending" | "waiting" | "processing" | "queued" => DeliveryState::Accepted,
        "sent" => DeliveryState::Sent,
        "delivered" => DeliveryState::Delivered,
        "read" | "played" => DeliveryState::Read,
        "failed" | "invalid" | "expired" | "url unreachable" => DeliveryState::Failed,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
