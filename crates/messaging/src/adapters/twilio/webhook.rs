//! Twilio's webhooks: messages that come in, and the status callback, both as forms.
//!
//! Source: <https://www.twilio.com/docs/messaging/guides/webhook-request> and
//! <https://www.twilio.com/docs/usage/security>, read in November 2026.

mod authentic;

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;
use wartel_core::{Jid, Secret};

use super::config::{TwilioConfig, TwilioSender};
use super::{CHANNEL, NAME, errors};
use crate::adapters::json;
use crate::{
    Authenticity, ContactAddress, DeliveryReceipt, DeliveryState, InboundContent, InboundEvent,
    InboundMessage, MediaKind, ProviderMessageId, ReceiptKey, WebhookError, WebhookRequest, WebhookSource,
};

/// The longest body that is read, in bytes: a message of 1,600 characters and some fifty short fields are far below it.
const MAX_BODY: usize = 256 * 1024;

/// The longest name of a kind that is kept, in characters.
const MAX_KIND: usize = 64;

/// Reads the webhooks of one account. `Debug` shows no secret.
pub struct TwilioWebhooks {
    /// `None` reads requests without a signature.
    token: Option<Secret>,
    account_sid: String,
    sender: Option<TwilioSender>,
}

/// The fields of one request. Twilio may add fields at any time; each stands there once.
struct Fields(BTreeSet<(String, String)>);

impl Fields {
    fn parse(body: &[u8]) -> Option<Self> {
        if body.trim_ascii_start().first() == Some(&b'{') {
            let Some(Value::Object(map)) = json::parse(body) else { return None };
            let pairs = map.iter().filter_map(|(key, value)| Some((key.clone(), json::as_scalar(value)?)));
            return Some(Self(pairs.collect()));
        }
        let pairs = form_urlencoded::parse(body).map(|(key, value)| (key.into_owned(), value.into_owned()));
        Some(Self(pairs.collect()))
    }

    /// The value of a field without the white space around it; an empty one counts as missing.
    fn get(&self, key: &str) -> Option<&str> {
        let value = self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.trim());
        value.filter(|value| !value.is_empty())
    }

    fn owned(&self, key: &str) -> Option<String> {
        self.get(key).map(str::to_owned)
    }
}

impl TwilioWebhooks {
    /// The webhooks of a configuration; `None` if it has neither an auth token nor says that it needs none.
    pub(super) fn of(config: &TwilioConfig) -> Option<Self> {
        let open = config.webhook_unverified_dangerous;
        (open || config.token.is_some()).then(|| Self {
            token: config.token.clone().filter(|_| !open),
            account_sid: config.account_sid.clone(),
            sender: config.sender.clone(),
        })
    }

    fn event(&self, fields: &Fields) -> InboundEvent {
        if fields.get("AccountSid") != Some(&self.account_sid) {
            return ignored("of another account");
        }
        // A callback has `MessageStatus`; a message that comes in has `SmsStatus=received`.
        let state =
            fields.get("MessageStatus").or_else(|| fields.get("SmsStatus")).map(str::to_ascii_lowercase);
        let inbound = matches!(state.as_deref(), None | Some("received" | "receiving"));
        let (ours, theirs) = if inbound { ("To", "From") } else { ("From", "To") };
        if !self.is_ours(fields, ours) {
            return ignored("of another sender");
        }
        match (inbound, fields.get(theirs).and_then(|address| address.strip_prefix(CHANNEL))) {
            (true, Some(from)) => message(fields, from).unwrap_or_else(ignored),
            (true, None) => ignored("not of WhatsApp"),
            (false, _) => receipt(fields, state.as_deref().unwrap_or_default()),
        }
    }

    /// One account may have several senders, whose webhooks may come to one address.
    fn is_ours(&self, fields: &Fields, ours: &str) -> bool {
        let same = |key: &str, own: &str| fields.get(key).is_none_or(|given| given == own);
        match &self.sender {
            Some(TwilioSender::From(phone)) => same(ours, &format!("{CHANNEL}{}", phone.e164())),
            Some(TwilioSender::MessagingService(sid)) => same("MessagingServiceSid", sid),
            None => true,
        }
    }
}

fn ignored(why: &'static str) -> InboundEvent {
    InboundEvent::Ignored { why }
}

fn message(fields: &Fields, from: &str) -> Result<InboundEvent, &'static str> {
    let Some(digits) = from.strip_prefix('+') else {
        // `whatsapp:ID.…`: a person who hides the number, by an id that belongs to this business alone.
        return Err("a sender who hides the number");
    };
    let jid = Jid::parse(&format!("{digits}@s.whatsapp.net")).ok();
    let contact = ContactAddress::from_jids(jid.as_ref(), None).ok_or("a sender without a phone number")?;
    let content = content(fields).ok_or("a message without its content")?;
    let id =
        fields.get("MessageSid").or_else(|| fields.get("SmsMessageSid")).or_else(|| fields.get("SmsSid"));
    Ok(InboundEvent::Message(
        InboundMessage::new(contact, content)
            .with_id(id)
            .with_name(fields.get("ProfileName"))
            .with_quotes(fields.get("OriginalRepliedMessageSid")),
    ))
}

fn content(fields: &Fields) -> Option<InboundContent> {
    let body = fields.get("Body");
    let (payload, title) = (fields.get("ButtonPayload"), fields.get("ButtonText"));
    if let Some(id) = payload.or(title) {
        let title = title.or(body).unwrap_or_default().to_owned();
        return Some(InboundContent::Choice { id: id.to_owned(), title });
    }
    if let (Some(latitude), Some(longitude)) = (fields.get("Latitude"), fields.get("Longitude")) {
        let name = fields.owned("Label").or_else(|| fields.owned("Address"));
        return location(latitude, longitude, name);
    }
    // WhatsApp's messages have one file each.
    if let Some(url) = fields.owned("MediaUrl0") {
        let mime = fields.owned("MediaContentType0");
        let kind = media_kind(fields.get("MessageType"), mime.as_deref());
        let caption = body.map(str::to_owned);
        return Some(InboundContent::Media { kind, mime, caption, reference: Some(url), file_name: None });
    }
    match (body, fields.get("MessageType")) {
        (Some(body), _) => Some(InboundContent::text(body)),
        (None, Some("text") | None) => None,
        (None, Some(kind)) => Some(InboundContent::Other { kind: kind.chars().take(MAX_KIND).collect() }),
    }
}

fn media_kind(message_type: Option<&str>, mime: Option<&str>) -> MediaKind {
    let class = mime.unwrap_or_default().split('/').next().unwrap_or_default();
    match (message_type, class) {
        (Some("sticker"), _) => MediaKind::Sticker,
        (Some("document"), _) => MediaKind::Document,
        (_, "image") => MediaKind::Image,
        (_, "video") => MediaKind::Video,
        (_, "audio") => MediaKind::Audio,
        _ => MediaKind::Document,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "degrees times a million fit, and others are refused")]
fn location(latitude: &str, longitude: &str, name: Option<String>) -> Option<InboundContent> {
    let micro = |text: &str, most: f64| {
        let degrees: f64 = text.parse().ok()?;
        (degrees.abs() <= most).then(|| (degrees * 1e6).round() as i64)
    };
    let (latitude_micro, longitude_micro) = (micro(latitude, 90.0)?, micro(longitude, 180.0)?);
    Some(InboundContent::Location { latitude_micro, longitude_micro, name })
}

fn receipt(fields: &Fields, state: &str) -> InboundEvent {
    let id = fields.get("MessageSid").or_else(|| fields.get("SmsSid")).map(ProviderMessageId::new);
    let Some(key) = ReceiptKey::new(id, None) else {
        return ignored("a status without an id");
    };
    let state = match state {
        "accepted" | "scheduled" | "queued" | "sending" => DeliveryState::Accepted,
        "sent" => DeliveryState::Sent,
        "delivered" => DeliveryState::Delivered,
        "read" => DeliveryState::Read,
        "undelivered" | "failed" | "canceled" => DeliveryState::Failed,
        _ => return ignored("a status of unknown meaning"),
    };
    let code = fields.get("ErrorCode").and_then(|code| code.parse().ok());
    let failure = code.filter(|_| state == DeliveryState::Failed).and_then(errors::kind);
    InboundEvent::Receipt(DeliveryReceipt::new(NAME, key, state).with_failure(failure))
}

impl TwilioWebhooks {
    /// Every request of Twilio's names the account.
    fn read(&self, fields: Option<Fields>) -> Result<Vec<InboundEvent>, WebhookError> {
        let fields =
            fields.filter(|fields| fields.get("AccountSid").is_some()).ok_or(WebhookError::Unreadable)?;
        Ok(vec![self.event(&fields)])
    }
}

impl WebhookSource for TwilioWebhooks {
    fn authenticity(&self) -> Authenticity {
        if self.token.is_some() { Authenticity::Signed } else { Authenticity::TokenOnly }
    }

    /// Twilio reads `TwiML`, and sends plain text to the customer.
    /// Source: <https://www.twilio.com/docs/messaging/twiml>, November 2026; an answer may be empty.
    fn reads_answers(&self) -> bool {
        true
    }

    /// # Errors
    /// [`WebhookError::BadSignature`] also where [`WebhookRequest::url`] is not known: the URL is a part of what is signed.
    fn decode(&self, request: WebhookRequest<'_>) -> Result<Vec<InboundEvent>, WebhookError> {
        if request.body.len() > MAX_BODY {
            return Err(WebhookError::Unreadable);
        }
        let fields = Fields::parse(request.body);
        let authentic = |token| authentic::is_authentic(token, &request, fields.as_ref());
        if !self.token.as_ref().is_none_or(authentic) {
            return Err(WebhookError::BadSignature);
        }
        self.read(fields)
    }

    /// The URL that is signed holds the token of the account, which is kept nowhere.
    fn decode_kept(&self, request: WebhookRequest<'_>) -> Result<Vec<InboundEvent>, WebhookError> {
        if request.body.len() > MAX_BODY {
            return Err(WebhookError::Unreadable);
        }
        self.read(Fields::parse(request.body))
    }
}

impl fmt::Debug for TwilioWebhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TwilioWebhooks").field("signed", &self.token.is_some()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
