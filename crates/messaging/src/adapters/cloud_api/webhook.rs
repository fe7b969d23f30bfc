//! The Cloud API's webhooks: signature, envelope, receipts, news of the account; and the handshake.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components>, read in November 2026.

mod message;

use std::collections::HashMap;
use std::fmt;

use serde_json::Value;
use wartel_core::Secret;

use super::{CloudApiConfig, NAME, errors};
use crate::adapters::{json, signature};
use crate::{
    Authenticity, DeliveryReceipt, DeliveryState, DeviceEvent, InboundEvent, ProviderMessageId, ReceiptKey,
    WebhookError, WebhookHandshake, WebhookRequest, WebhookSource,
};

/// The longest body that is read, in bytes. Meta sends at most 3 MB.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// Reads the webhooks of one business phone number. `Debug` shows no secret.
pub struct CloudApiWebhooks {
    /// `None` reads requests without a signature.
    app_secret: Option<Secret>,
    phone_number_id: String,
    business_account_id: Option<String>,
}

impl CloudApiWebhooks {
    /// The webhooks of a configuration; `None` if it has neither an app secret nor says that it needs none.
    pub(super) fn of(config: &CloudApiConfig) -> Option<Self> {
        let wanted = config.app_secret.is_some() || config.webhook_unverified_dangerous;
        wanted.then(|| Self {
            app_secret: config.app_secret.clone(),
            phone_number_id: config.phone_number_id.clone(),
            business_account_id: config.business_account_id.clone(),
        })
    }

    /// The signature is made over the bytes as they came: Meta writes every letter outside ASCII as `\uXXXX`, so a body
    /// that was parsed and written again has another one.
    fn is_authentic(&self, request: &WebhookRequest<'_>) -> bool {
        let Some(secret) = &self.app_secret else { return true };
        let given = request.header("x-hub-signature-256").and_then(|value| value.strip_prefix("sha256="));
        given.is_some_and(|given| {
            signature::is_hmac_sha256_hex(secret.expose().as_bytes(), request.body, given)
        })
    }

    fn change(&self, account_id: Option<&str>, change: &Value, events: &mut Vec<InboundEvent>) {
        let Some(value) = json::at(change, &["value"]) else {
            return events.push(ignored("a change without a value"));
        };
        match json::text(change, &["field"]) {
            Some("messages") => self.messages(value, events),
            Some("smb_message_echoes") if self.is_ours(value) => {
                let echoes = json::items(value, &["message_echoes"]);
                events.extend(echoes.iter().map(message::echo));
            }
            Some("smb_message_echoes") => events.push(ignored("of another phone number")),
            Some("account_update") => events.push(self.account_update(account_id, value)),
            Some("message_template_status_update") => events.push(ignored("the state of a template")),
            Some("message_template_quality_update") => events.push(ignored("the quality of a template")),
            Some("phone_number_quality_update") => events.push(ignored("the quality of a phone number")),
            Some("history") => events.push(ignored("chats of before")),
            _ => events.push(ignored("a field of no interest")),
        }
    }

    /// One endpoint serves all numbers of an app, so events of other numbers come here too.
    fn is_ours(&self, value: &Value) -> bool {
        json::scalar(value, &["metadata", "phone_number_id"]).as_deref() == Some(&self.phone_number_id)
    }

    fn messages(&self, value: &Value, events: &mut Vec<InboundEvent>) {
        if !self.is_ours(value) {
            return events.push(ignored("of another phone number"));
        }
        let before = events.len();
        let names: HashMap<&str, &str> = json::items(value, &["contacts"])
            .iter()
            .flat_map(|contact| {
                let name = json::text(contact, &["profile", "name"]);
                let ids = ["wa_id", "user_id"].into_iter().filter_map(|id| json::text(contact, &[id]));
                ids.filter_map(move |id| Some((id, name?)))
            })
            .collect();
        let messages = json::items(value, &["messages"]);
        events.extend(messages.iter().map(|message| message::inbound(message, &names)));
        events.extend(json::items(value, &["statuses"]).iter().map(receipt));
        if events.len() == before {
            let errors = !json::items(value, &["errors"]).is_empty();
            events.push(ignored(if errors { "an error of the account" } else { "a change without items" }));
        }
    }

    /// News of the whole account, which name no number: they are taken for ours only if the account's id is known.
    ///
    /// Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/webhooks/components>, November 2026.
    fn account_update(&self, account_id: Option<&str>, value: &Value) -> InboundEvent {
        let Some(ours) = self.business_account_id.as_deref() else {
            return ignored("news of an account, and business_account_id is not set");
        };
        if account_id != Some(ours) {
            return ignored("of another account");
        }
        match json::text(value, &["event"]) {
            Some("DISABLED_UPDATE") => match json::text(value, &["ban_info", "waba_ban_state"]) {
                Some("REINSTATE") => ignored("a ban is over"),
                Some("SCHEDULE_FOR_DISABLE") => ignored("a ban is announced"),
                _ => InboundEvent::DeviceState(DeviceEvent::Banned { until: None }),
            },
            Some("ACCOUNT_DELETED") => InboundEvent::DeviceState(DeviceEvent::LoggedOut),
            Some("ACCOUNT_RESTRICTION") => restriction(value),
            Some("ACCOUNT_VIOLATION") => ignored("a violation of the policy"),
            Some("VERIFIED_ACCOUNT") => ignored("the account is verified"),
            _ => ignored("unknown news of the account"),
        }
    }
}

/// A restriction that stops messages counts as a ban until the last of them ends; one that stops something else, such as
/// adding phone numbers, is no news of the device.
fn restriction(value: &Value) -> InboundEvent {
    let stops_messages = |item: &&Value| {
        json::text(item, &["restriction_type"]).is_some_and(|kind| kind.contains("MESSAGING"))
    };
    let ends: Vec<_> = json::items(value, &["restriction_info"])
        .iter()
        .filter(stops_messages)
        .map(|item| json::unix_at(item, &["expiration"]))
        .collect();
    if ends.is_empty() {
        return ignored("a restriction of something else than messages");
    }
    // One without an end is longer than all others.
    let until = ends.into_iter().collect::<Option<Vec<_>>>().and_then(|ends| ends.into_iter().max());
    InboundEvent::DeviceState(DeviceEvent::Banned { until })
}

fn ignored(why: &'static str) -> InboundEvent {
    InboundEvent::Ignored { why }
}

/// `delivered` is left out where `read` comes at once, and the order is not certain: states only rise.
fn receipt(status: &Value) -> InboundEvent {
    let id = json::text(status, &["id"]).map(ProviderMessageId::new);
    let Some(key) = ReceiptKey::new(id, None) else {
        return ignored("a status without an id");
    };
    let state = match json::text(status, &["status"]) {
        Some("sent") => DeliveryState::Sent,
        Some("delivered") => DeliveryState::Delivered,
        Some("read" | "played") => DeliveryState::Read,
        Some("failed") => DeliveryState::Failed,
        _ => return ignored("a status of unknown meaning"),
    };
    let codes = json::items(status, &["errors"]).iter().filter_map(|error| json::number(error, &["code"]));
    let failure = codes.filter(|_| state == DeliveryState::Failed).find_map(errors::kind);
    InboundEvent::Receipt(
        DeliveryReceipt::new(NAME, key, state)
            .with_at(json::unix_at(status, &["timestamp"]))
            .with_failure(failure),
    )
}

impl WebhookSource for CloudApiWebhooks {
    fn authenticity(&self) -> Authenticity {
        if self.app_secret.is_some() { Authenticity::Signed } else { Authenticity::TokenOnly }
    }

    fn decode(&self, request: WebhookRequest<'_>) -> Result<Vec<InboundEvent>, WebhookError> {
        if request.body.len() > MAX_BODY {
            return Err(WebhookError::Unreadable);
        }
        if !self.is_authentic(&request) {
            return Err(WebhookError::BadSignature);
        }
        self.decode_kept(request)
    }

    fn decode_kept(&self, request: WebhookRequest<'_>) -> Result<Vec<InboundEvent>, WebhookError> {
        if request.body.len() > MAX_BODY {
            return Err(WebhookError::Unreadable);
        }
        let body = json::parse(request.body).ok_or(WebhookError::Unreadable)?;
        match json::text(&body, &["object"]) {
            Some("whatsapp_business_account") => {}
            Some(_) => return Ok(vec![ignored("of another product")]),
            None => return Err(WebhookError::Unreadable),
        }
        let mut events = Vec::new();
        for entry in json::items(&body, &["entry"]) {
            let account_id = json::scalar(entry, &["id"]);
            for change in json::items(entry, &["changes"]) {
                self.change(account_id.as_deref(), change, &mut events);
            }
        }
        Ok(events)
    }
}

impl fmt::Debug for CloudApiWebhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudApiWebhooks").field("signed", &self.app_secret.is_some()).finish_non_exhaustive()
    }
}

/// Answers Meta's question whether the address of a webhook is ours.
///
/// Source: <https://developers.facebook.com/docs/graph-api/webhooks/getting-started>, November 2026; `hub.mode`,
/// `hub.verify_token`, `hub.challenge`.
#[derive(Debug)]
pub struct CloudApiHandshake {
    verify_token: Secret,
}

impl CloudApiHandshake {
    /// Answers to whoever knows this secret.
    #[must_use]
    pub const fn new(verify_token: Secret) -> Self {
        Self { verify_token }
    }
}

impl WebhookHandshake for CloudApiHandshake {
    fn answer(&self, query: &str) -> Option<String> {
        let field = |name: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes()).take(20);
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let known = !self.verify_token.is_empty()
            && field("hub.mode")? == "subscribe"
            && signature::is_same(self.verify_token.expose(), &field("hub.verify_token")?);
        // Meta's challenges are numbers. What is sent back is bounded, so that the answer is nobody's canvas.
        let challenge = field("hub.challenge")?;
        let plain = (1..=256).contains(&challenge.len())
            && challenge.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        (known && plain).then_some(challenge)
    }
}

#[cfg(test)]
mod tests;
