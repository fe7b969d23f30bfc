//! Fonnte's wire format: forms out, JSON in. Pure; nothing here touches a network.
//!
//! Source: <https://docs.fonnte.com/api-send-message/>, read in November 2026.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value};
use wartel_core::{PhoneNumber, Secret};

use super::NAME;
use crate::adapters::caller;
use crate::adapters::json::as_scalar as scalar;
use crate::transport::HttpResponse;
use crate::{
    Accepted, DeviceInfo, NumberCheckResult, PairingCode, PairingMethod, PairingOffer, ProviderMessageId,
    QrCode, RetryAdvice, SendError, SendErrorKind,
};

/// The longest `message` that Fonnte takes, in characters.
/// Source: <https://docs.fonnte.com/api-send-message/>, November 2026; field "message".
pub(super) const MAX_MESSAGE: usize = 60_000;

/// The form of `POST /send`.
pub(super) fn send_form(target: &str, message: &str, country_code: &str, quotes: Option<&str>) -> Bytes {
    let mut fields = vec![("target", target), ("message", message), ("countryCode", country_code)];
    fields.extend(quotes.map(|id| ("inboxid", id)));
    form(&fields)
}

/// The form of `POST /validate`.
pub(super) fn validate_form(target: &str, country_code: &str) -> Bytes {
    form(&[("target", target), ("countryCode", country_code)])
}

/// A form of these fields.
pub(super) fn form(pairs: &[(&str, &str)]) -> Bytes {
    Bytes::from(form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
}

/// A JSON object whose keys are compared without regard to case: Fonnte writes `Status` and `status`.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
        serde_json::from_slice(body).ok().and_then(Self::from_value)
    }

    pub(super) fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Object(map) => {
                Some(Self(map.into_iter().map(|(key, v)| (key.to_ascii_lowercase(), v)).collect()))
            }
            _ => None,
        }
    }

    /// The value of a key, given in lower case; `null` counts as missing.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// A text or a number as text, without the white space around it; an empty one counts as missing.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.get(key).and_then(scalar)
    }

    /// Whether a key holds `true`, in one of the ways in which JSON and forms say so.
    pub(super) fn is_true(&self, key: &str) -> bool {
        self.truth(key) == Some(true)
    }

    /// `status`: whether the request was taken. `None` if the body does not say.
    fn status(&self) -> Option<bool> {
        self.truth("status")
    }

    fn truth(&self, key: &str) -> Option<bool> {
        match self.get(key)? {
            Value::Bool(status) => Some(*status),
            Value::Number(number) => match number.as_u64() {
                Some(1) => Some(true),
                Some(0) => Some(false),
                _ => None,
            },
            Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// `requestid`, if it looks like one: it is logged, so free text is left out.
    fn request_id(&self) -> Option<String> {
        let id = self.text("requestid")?;
        (id.len() <= 40 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')).then_some(id)
    }

    /// The first id of `id[0]`, `id`, `data.id`.
    fn message_id(&self) -> Option<ProviderMessageId> {
        let own = match self.get("id") {
            Some(Value::Array(ids)) => ids.first().and_then(scalar),
            Some(value) => scalar(value),
            None => None,
        };
        let nested = || Self::from_value(self.get("data")?.clone())?.text("id");
        own.or_else(nested).map(ProviderMessageId::new)
    }
}

/// Reads an answer that may be a success: its fields if it is one.
pub(super) fn success(response: &HttpResponse) -> Result<Fields, SendError> {
    match Fields::parse(&response.body) {
        Some(fields) if response.status.is_success() && fields.status() == Some(true) => Ok(fields),
        _ => Err(send_error(response)),
    }
}

/// Reads the answer of `POST /send`.
pub(super) fn accepted(response: &HttpResponse) -> Result<Accepted, SendError> {
    let fields = success(response)?;
    let mut accepted = Accepted::new();
    accepted.message_id = fields.message_id();
    accepted.request_id = fields.request_id();
    Ok(accepted)
}

/// Reads the answer of `POST /device`.
///
/// Source: <https://docs.fonnte.com/api-device-profile/>, November 2026; `quota` is a text, `device_status`
/// is `connect` or `disconnect`.
pub(super) fn device(response: &HttpResponse) -> Result<DeviceInfo, SendError> {
    let fields = success(response)?;
    let Some(status) = fields.text("device_status") else {
        return Err(caller::unreadable(NAME));
    };
    let connected = matches!(status.to_ascii_lowercase().as_str(), "connect" | "connected");
    let phone = fields.text("device").and_then(|digits| PhoneNumber::from_e164(&format!("+{digits}")).ok());
    let device = DeviceInfo::new(connected).with_identity(None, phone);
    // Of one without a connection Fonnte does not say whether the phone still knows it.
    let device = if connected { device.with_paired(true) } else { device };
    Ok(device
        .with_quota(fields.text("quota").and_then(|quota| quota.parse().ok()))
        .with_package(fields.text("package"), fields.text("expired")))
}

/// Reads the answer of `POST /validate` for one number.
///
/// Source: <https://docs.fonnte.com/api-validate-number/>, November 2026; `registered`, `not_registered`.
pub(super) fn number_check(response: &HttpResponse, digits: &str) -> Result<NumberCheckResult, SendError> {
    let fields = success(response)?;
    let lists = |key| match fields.get(key) {
        Some(Value::Array(numbers)) => numbers.iter().filter_map(scalar).any(|number| number == digits),
        _ => false,
    };
    Ok(if lists("registered") {
        NumberCheckResult::OnWhatsApp
    } else if lists("not_registered") {
        NumberCheckResult::NotOnWhatsApp
    } else {
        NumberCheckResult::Unknown
    })
}

/// Reads the answer of `POST /qr`.
///
/// Source: <https://docs.fonnte.com/api-get-qr/>, November 2026: `url` is a PNG in base64 without a prefix. The name of
/// the code's key is not documented; `code` is what clients read.
pub(super) fn pairing_offer(
    response: &HttpResponse,
    method: &PairingMethod,
) -> Result<PairingOffer, SendError> {
    let fields = match success(response) {
        Ok(fields) => fields,
        Err(error) if error.provider_code() == Some(ALREADY_CONNECTED) => {
            return Ok(PairingOffer::AlreadyConnected);
        }
        Err(error) => return Err(error),
    };
    let offer = match method {
        PairingMethod::Qr => fields
            .text("url")
            .as_deref()
            .and_then(png)
            .map(|picture| PairingOffer::Qr { qr: QrCode::Png(picture), valid_for: None }),
        PairingMethod::Code(_) => fields
            .text("code")
            .filter(|code| code.len() <= MAX_CODE)
            .map(|code| PairingOffer::Code { code: PairingCode::new(code), valid_for: None }),
    };
    offer.ok_or_else(|| caller::unreadable(NAME))
}

/// The longest pairing code that is believed, in bytes.
const MAX_CODE: usize = 64;

/// A PNG in base64, with or without the prefix of a data URL.
fn png(text: &str) -> Option<Bytes> {
    let encoded = text.rsplit_once("base64,").map_or(text, |(_, encoded)| encoded);
    let bytes = STANDARD.decode(encoded).ok()?;
    bytes.starts_with(b"\x89PNG").then(|| Bytes::from(bytes))
}

/// Reads the answer of `POST /disconnect`. A device that was not connected is no error.
pub(super) fn disconnected(response: &HttpResponse) -> Result<(), SendError> {
    match success(response) {
        Err(error) if error.kind() == SendErrorKind::DeviceOffline => Ok(()),
        other => other.map(drop),
    }
}

/// Reads the answer of `POST /add-device`: the token of the new device.
pub(super) fn device_token(response: &HttpResponse) -> Result<Secret, SendError> {
    let fields = success(response)?;
    fields.text("token").map(Secret::new).ok_or_else(|| caller::unreadable(NAME))
}

/// Every `reason` that Fonnte is known to give.
///
/// Source: <https://docs.fonnte.com/api-send-message/> and public client code, November 2026.
const REASONS: &[(&str, SendErrorKind)] = &[
    ("token invalid", SendErrorKind::Unauthenticated),
    ("devices must belong to an account", SendErrorKind::Unauthenticated),
    ("unknown user", SendErrorKind::Unauthenticated),
    ("request invalid on disconnected device", SendErrorKind::DeviceOffline),
    ("device disconnected", SendErrorKind::DeviceOffline),
    ("insufficient quota", SendErrorKind::QuotaExhausted),
    ("target invalid", SendErrorKind::InvalidRecipient),
    ("target required", SendErrorKind::InvalidRecipient),
    ("target invalid, not registered on whatsapp", SendErrorKind::NotOnWhatsApp),
    ("input invalid", SendErrorKind::Rejected),
    ("invalid/empty body value", SendErrorKind::Rejected),
    ("json format invalid", SendErrorKind::Rejected),
    ("url invalid", SendErrorKind::MediaRejected),
    ("url unreachable", SendErrorKind::MediaRejected),
    ("file format not supported", SendErrorKind::MediaRejected),
    ("file size must under 4mb", SendErrorKind::MediaRejected),
    ("id required", SendErrorKind::Rejected),
    (ALREADY_CONNECTED, SendErrorKind::Rejected),
    ("device already disconnected", SendErrorKind::DeviceOffline),
    ("device not found", SendErrorKind::Rejected),
    ("invalid device", SendErrorKind::Rejected),
    ("otp haven't requested", SendErrorKind::Rejected),
    ("incorrect otp", SendErrorKind::Rejected),
];

/// What `/qr` answers of a device that needs no pairing.
const ALREADY_CONNECTED: &str = "device already connect";

/// Words by which a reason that is not in the table is still understood, the first that fits, with the code
/// under which it is logged.
const WORDS: &[(&str, SendErrorKind, &str)] = &[
    ("please wait", SendErrorKind::RateLimited, "please wait"),
    ("try again in", SendErrorKind::RateLimited, "try again later"),
    ("webhook url", SendErrorKind::Rejected, "webhook url"),
    ("token", SendErrorKind::Unauthenticated, "unlisted reason (token)"),
    ("unknown user", SendErrorKind::Unauthenticated, "unlisted reason (unknown user)"),
    ("disconnected", SendErrorKind::DeviceOffline, "unlisted reason (disconnected)"),
    ("quota", SendErrorKind::QuotaExhausted, "unlisted reason (quota)"),
    ("not registered", SendErrorKind::NotOnWhatsApp, "unlisted reason (not registered)"),
    ("target", SendErrorKind::InvalidRecipient, "unlisted reason (target)"),
];

/// The one place where an answer that is no success becomes an error.
///
/// The body decides; the HTTP status only where the body says nothing that is known. No text of the answer
/// goes into the error, only what this file knows beforehand: a raw reason may quote the number.
pub(super) fn send_error(response: &HttpResponse) -> SendError {
    let fields = Fields::parse(&response.body);
    let request_id = fields.as_ref().and_then(Fields::request_id);
    let error = match fields.as_ref().and_then(Fields::status) {
        // A proxy limits the rate before Fonnte sees the request, so its word stands above the body.
        _ if response.status == StatusCode::TOO_MANY_REQUESTS => caller::by_status(NAME, response),
        Some(false) => refused(response, fields.as_ref().and_then(reason).as_deref()),
        // "Taken" in the body of a failure: one of the two is wrong, and nobody knows which.
        Some(true) => caller::unavailable(NAME, RetryAdvice::Ambiguous, "contradictory_answer"),
        None => caller::by_status(NAME, response),
    };
    error.with_request_id(request_id)
}

fn reason(fields: &Fields) -> Option<String> {
    let text = ["reason", "detail", "message"].iter().find_map(|key| fields.text(key))?;
    Some(text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" "))
}

fn refused(response: &HttpResponse, reason: Option<&str>) -> SendError {
    if let Some((code, kind)) = REASONS.iter().find(|(known, _)| Some(*known) == reason) {
        return SendError::new(NAME, *kind, RetryAdvice::Never).with_provider_code(*code);
    }
    if !response.status.is_success() {
        return caller::by_status(NAME, response);
    }
    match WORDS.iter().find(|(word, ..)| reason.is_some_and(|reason| reason.contains(word))) {
        Some((_, SendErrorKind::RateLimited, code)) => {
            let advice = RetryAdvice::After(reason.and_then(seconds));
            SendError::new(NAME, SendErrorKind::RateLimited, advice).with_provider_code(*code)
        }
        Some((_, kind, code)) => SendError::new(NAME, *kind, RetryAdvice::Never).with_provider_code(*code),
        None => SendError::new(NAME, SendErrorKind::Unexpected, RetryAdvice::Never)
            .with_provider_code(if reason.is_some() { "unlisted reason" } else { "no reason given" }),
    }
}

/// The seconds in `please wait 30 seconds before …`, at most an hour.
fn seconds(reason: &str) -> Option<Duration> {
    let number = reason.split(' ').find_map(|word| word.parse::<u16>().ok())?;
    Some(Duration::from_secs(number.min(3_600).into()))
}

#[cfg(test)]
mod tests;
