//! Fonnte's webhooks: for messages, for their status and for the connection.
//!
//! Source: <https://docs.fonnte.com/webhook-reply-message/>, <https://docs.fonnte.com/webhook-update-message-status/> and
//! <https://docs.fonnte.com/webhook-device-status/>, read in November 2026.

mod kept;

use std::fmt;

use bytes::Bytes;
use serde_json::{Map, Value};
use wartel_core::Secret;

use super::wire::Fields;
use super::{NAME, inbound};
use crate::adapters::json::unix_instant;
use crate::adapters::signature;
use crate::{
    Authenticity, DeliveryReceipt, DeliveryState, DeviceEvent, InboundEvent, ProviderMessageId, ReceiptKey,
    WebhookError, WebhookRequest, WebhookSource,
};

/// The most events that are read from one request; Fonnte sends one.
const MAX_ITEMS: usize = 1_000;

/// The most fields that are read of a form.
const MAX_FIELDS: usize = 100;

/// The fields by which a form is known as one of Fonnte's.
const KNOWN_FIELDS: &[&str] =
    &["device", "id", "stateid", "status", "state", "sender", "pengirim", "submission"];

/// Reads Fonnte's webhooks. Fonnte signs nothing: let only an unguessable URL lead here.
#[derive(Clone)]
pub struct FonnteWebhooks {
    country_code: String,
    secret: Option<Secret>,
}

impl Default for FonnteWebhooks {
    /// For Indonesian numbers, without a secret.
    fn default() -> Self {
        Self::new("62")
    }
}

impl FonnteWebhooks {
    /// Webhooks of an account whose numbers with a leading 0 are of the country with this calling code.
    #[must_use]
    pub fn new(country_code: impl Into<String>) -> Self {
        Self { country_code: country_code.into(), secret: None }
    }

    /// With the secret that each body has to carry in its field `secret`; without one, the field is not looked at. It is
    /// compared in constant time, and it is still no signature: [`Authenticity::TokenOnly`].
    #[must_use]
    pub fn with_secret(mut self, secret: Option<Secret>) -> Self {
        self.secret = secret;
        self
    }

    /// Whether the body carries the secret that was agreed upon, if one was.
    fn admits(&self, fields: &Fields) -> bool {
        let given = fields.text("secret").unwrap_or_default();
        self.secret.as_ref().is_none_or(|secret| signature::is_same(secret.expose(), &given))
    }

    /// Each item by itself; what is no object stays what it is, for it says nothing in anybody's name.
    fn events(
        &self,
        items: impl Iterator<Item = Value>,
        admits: impl Fn(&Fields) -> bool,
    ) -> Result<Vec<InboundEvent>, WebhookError> {
        items
            .map(|item| match Fields::from_value(item) {
                Some(fields) if admits(&fields) => Ok(self.event(&fields)),
                Some(_) => Err(WebhookError::BadSignature),
                None => Ok(InboundEvent::Ignored { why: "an item is not an object" }),
            })
            .collect()
    }

    /// Tells the webhooks apart by their fields: all four may be set to one URL.
    fn event(&self, fields: &Fields) -> InboundEvent {
        if fields.get("submission").is_some() {
            return InboundEvent::Ignored { why: "a form submission" };
        }
        if fields.get("sender").is_some() || fields.get("pengirim").is_some() {
            return inbound::message(fields, &self.country_code);
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
}

impl fmt::Debug for FonnteWebhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FonnteWebhooks").field("secret", &self.secret.is_some()).finish_non_exhaustive()
    }
}

impl WebhookSource for FonnteWebhooks {
    fn authenticity(&self) -> Authenticity {
        Authenticity::TokenOnly
    }

    fn decode(&self, request: WebhookRequest<'_>) -> Result<Vec<InboundEvent>, WebhookError> {
        self.read(request.body, |fields| self.admits(fields))
    }

    /// Without the secret. What nobody can tell the secret in is not kept where one was agreed upon: who sent it was not
    /// checked either.
    fn kept(&self, body: Bytes) -> Bytes {
        kept::of(body, self.secret.as_ref())
    }

    /// The secret is not kept.
    fn decode_kept(&self, request: WebhookRequest<'_>) -> Result<Vec<InboundEvent>, WebhookError> {
        self.read(request.body, |_| true)
    }
}

impl FonnteWebhooks {
    fn read(&self, body: &[u8], admits: impl Fn(&Fields) -> bool) -> Result<Vec<InboundEvent>, WebhookError> {
        // The content type is not asked: clients and proxies in the wild send JSON as a form and the reverse.
        let body = body.trim_ascii();
        if !is_json(body) {
            let fields = form(body).ok_or(WebhookError::Unreadable)?;
            let admitted = admits(&fields);
            return if admitted { Ok(vec![self.event(&fields)]) } else { Err(WebhookError::BadSignature) };
        }
        match serde_json::from_slice(body).map_err(|_| WebhookError::Unreadable)? {
            Value::Array(items) => self.events(items.into_iter().take(MAX_ITEMS), admits),
            value => self.events(std::iter::once(value), admits),
        }
    }
}

fn is_json(trimmed: &[u8]) -> bool {
    matches!(trimmed.first(), Some(b'{' | b'['))
}

fn form(body: &[u8]) -> Option<Fields> {
    let pairs: Map<String, Value> = form_urlencoded::parse(body)
        .take(MAX_FIELDS)
        .map(|(key, value)| (key.into_owned(), value.into_owned().into()))
        .collect();
    let fields = Fields::from_value(Value::Object(pairs))?;
    KNOWN_FIELDS.iter().any(|key| fields.get(key).is_some()).then_some(fields)
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
