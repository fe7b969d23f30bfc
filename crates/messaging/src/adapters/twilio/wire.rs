//! Twilio's wire format: forms out, JSON in. Pure; nothing here touches a network.
//!
//! Source: <https://www.twilio.com/docs/messaging/api/message-resource>, read in November 2026.

use bytes::Bytes;
use serde_json::{Map, Value};
use wartel_core::Secret;

use super::config::{OtpContent, TwilioSender};
use super::errors::send_error;
use super::{CHANNEL, NAME};
use crate::adapters::caller::{self, refused_here, unsupported};
use crate::adapters::json;
use crate::transport::{BodyEnd, HttpResponse};
use crate::{Accepted, Content, Media, MediaKind, MediaSource, OutboundMessage, RetryAdvice, SendError};

/// The longest `Body`, in characters.
/// Source: <https://www.twilio.com/docs/messaging/api/message-resource>, November 2026; field "Body".
pub(super) const MAX_BODY: usize = 1_600;

/// Who sends, and with what: what every form of an account has in common.
pub(super) struct Sending<'a> {
    pub(super) sender: &'a TwilioSender,
    pub(super) otp: Option<&'a OtpContent>,
    pub(super) status_callback: Option<&'a Secret>,
}

/// The form of `POST /2010-04-01/Accounts/{AccountSid}/Messages.json`.
pub(super) fn send_form(message: &OutboundMessage, sending: &Sending<'_>) -> Result<Bytes, SendError> {
    let to = message.phone().ok_or_else(|| unsupported(NAME, "lid"))?;
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("To", &format!("{CHANNEL}{}", to.e164()));
    match sending.sender {
        TwilioSender::From(phone) => form.append_pair("From", &format!("{CHANNEL}{}", phone.e164())),
        TwilioSender::MessagingService(sid) => form.append_pair("MessagingServiceSid", sid),
    };
    match (&message.content, sending.otp) {
        // An authentication template has exactly one gap: the code.
        (Content::OneTimeCode(code), Some(content)) => {
            form.append_pair("ContentSid", content.of(code.locale));
            form.append_pair("ContentVariables", &variables(std::slice::from_ref(&code.code)));
        }
        (Content::Template(template), _) => {
            form.append_pair("ContentSid", &template.name);
            if !template.parameters.is_empty() {
                form.append_pair("ContentVariables", &variables(&template.parameters));
            }
        }
        (Content::Media(media), _) => {
            let MediaSource::Url(url) = &media.source else {
                return Err(unsupported(NAME, "media_bytes"));
            };
            form.append_pair("MediaUrl", url.expose());
            if let Some(caption) = caption(media) {
                form.append_pair("Body", body(caption)?);
            }
        }
        (content, _) => {
            let text = content.as_text().ok_or_else(|| unsupported(NAME, content.kind()))?;
            form.append_pair("Body", body(&text)?);
        }
    }
    if let Some(url) = sending.status_callback {
        form.append_pair("StatusCallback", url.expose());
    }
    Ok(Bytes::from(form.finish()))
}

fn caption(media: &Media) -> Option<&Secret> {
    let has_none = matches!(media.kind, MediaKind::Audio | MediaKind::Sticker);
    media.caption.as_ref().filter(|caption| !has_none && !caption.is_empty())
}

fn body(text: &Secret) -> Result<&str, SendError> {
    let text = text.expose();
    if text.is_empty() {
        return Err(refused_here(NAME, "empty text"));
    }
    if text.chars().count() > MAX_BODY {
        return Err(refused_here(NAME, "text too long"));
    }
    Ok(text)
}

/// `{"1":"482915"}`: the gaps of a template by their number.
fn variables(parameters: &[Secret]) -> String {
    let numbered = (1_usize..).zip(parameters);
    let map: Map<String, Value> =
        numbered.map(|(number, value)| (number.to_string(), value.expose().into())).collect();
    Value::Object(map).to_string()
}

/// Reads the answer of a send. One that failed at once has an id all the same, and an `error_code`.
pub(super) fn accepted(response: &HttpResponse) -> Result<Accepted, SendError> {
    let Some(body) = json::parse(&response.body).filter(|_| response.status.is_success()) else {
        return Err(send_error(response));
    };
    if json::at(&body, &["error_code"]).is_some() || json::at(&body, &["code"]).is_some() {
        return Err(send_error(response));
    }
    match json::text(&body, &["sid"]) {
        Some(sid) => Ok(Accepted::new().with_message_id(sid)),
        None if response.end == BodyEnd::Cut => {
            Err(caller::unavailable(NAME, RetryAdvice::Ambiguous, "answer_cut"))
        }
        None => Err(caller::unreadable(NAME)),
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
