//! Meta's Cloud API: its paths, its bodies and its errors, written from its documentation and not from an adapter.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/cloud-api/reference>, 2026-11, and the public emulators'
//! notes on what goes over the wire. Where they are silent the stricter reading is taken.

mod content;
mod error;
mod send;
mod template;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::contacts::fnv;
use crate::device::Device;
use crate::provider::{Call, Endpoint, Event, Provider, ProviderKind, Received, Reply};
use crate::recorder::Authorization;
use crate::shared::Shared;
use crate::signing::hmac_sha256_hex;
use crate::webhooks::{RetryPlan, Target, Webhook};
use error::Refusal;

/// The fake.
#[derive(Debug)]
pub(crate) struct CloudApi;

/// The WhatsApp business account that all numbers belong to.
const ACCOUNT_ID: &str = "102290129340398";

/// The id of a device's phone number: digits, but not the number.
fn number_id(device: &Device) -> String {
    (100_000_000_000_000 + fnv(device.number.bytes()) % 900_000_000_000_000).to_string()
}

/// The secret that the application and Meta's pages agree on for the question before a webhook is used.
fn verify_token(device: &Device) -> String {
    format!("verify-{}", device.secret)
}

/// The id of an upload. Those that it gave are known again without being kept.
fn media_id(number: u64) -> String {
    let number = number % 1_000_000_000_000;
    format!("{number}{:04}", fnv(number.to_be_bytes().into_iter()) % 10_000)
}

fn is_media_id(id: &str) -> bool {
    let split = id.len().checked_sub(4).and_then(|at| id.get(..at));
    split.and_then(|number| number.parse().ok()).is_some_and(|number| media_id(number) == id)
}

impl Provider for CloudApi {
    fn kind(&self) -> ProviderKind {
        ProviderKind::CloudApi
    }

    fn settings(&self, base: &str, device: &Device) -> Vec<(&'static str, String)> {
        vec![
            ("token", device.token.clone()),
            ("phone_number_id", number_id(device)),
            ("url", format!("{base}/v25.0")),
            ("business_account_id", ACCOUNT_ID.to_owned()),
            ("otp_template", template::OTP.to_owned()),
            ("app_secret", device.secret.clone()),
            ("verify_token", verify_token(device)),
        ]
    }

    /// The token comes before the path, as with Meta: whoever has none learns nothing about ids.
    fn receive(&self, shared: &Shared, call: &Call) -> Received {
        let Some(token) = call.bearer() else {
            return Received::refused(Authorization::Missing, Refusal::no_token().reply());
        };
        let Some(device) = shared.devices.with_token(ProviderKind::CloudApi, token) else {
            return Received::refused(Authorization::Refused, Refusal::bad_token().reply());
        };
        let refuse = |refusal: Refusal| Received::refused(Authorization::Accepted, refusal.reply());
        let segments = call.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let [version, object, rest @ ..] = segments.as_slice() else { return refuse(Refusal::no_path()) };
        if !is_version(version) {
            return refuse(Refusal::no_path());
        }
        // Also an object of somebody else's: the token says nothing about it.
        if *object != number_id(&device) {
            return refuse(Refusal::no_object(object));
        }
        let endpoint = match (&call.method, rest) {
            (&Method::POST, ["messages"]) if field(call, "status").is_some() => Endpoint::Presence,
            (&Method::POST, ["messages"]) => Endpoint::Send,
            (&Method::POST, ["media"]) => Endpoint::Media,
            (&Method::GET, []) => Endpoint::Device,
            _ => return refuse(Refusal::no_path()),
        };
        let to = field(call, "to").map(|to| send::digits(&to));
        let to = to.or_else(|| send::behind(shared, &field(call, "recipient")?));
        let phones = to.into_iter().collect();
        Received::accepted(endpoint, Some(device), phones)
    }

    fn carry_out(&self, shared: &Arc<Shared>, call: &Call, received: &Received) -> Reply {
        let (Ok(endpoint), Some(device)) = (&received.next, &received.device) else {
            return Refusal::no_path().reply();
        };
        let answer = match endpoint {
            Endpoint::Send => send::send(shared, device, call),
            Endpoint::Presence => send::presence(shared, device, call),
            Endpoint::Media => send::upload(shared, call),
            _ => Ok(phone_number(device, call.query("fields"))),
        };
        answer.map_or_else(|refusal| refusal.reply(), |body| Reply::json(200, body))
    }

    fn refusal(&self, _: &Shared, reason: &str) -> Reply {
        Refusal::planned(reason).reply()
    }

    fn message_id(&self, number: u64) -> String {
        format!("wamid.HBgNU0FOREJPWA{:016X}", number.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn webhooks(&self, shared: &Shared, device: &Device, _: &Target, event: &Event<'_>) -> Vec<Webhook> {
        let change = webhook::change(device, event, shared.now());
        let envelope = change.map(|change| {
            json!({ "object": "whatsapp_business_account", "entry": [{ "id": ACCOUNT_ID, "changes": [change] }] })
        });
        envelope.iter().map(|body| signed(device, body)).collect()
    }

    /// Each answer but 200 is a reason to try again.
    fn delivered(&self, status: u16) -> bool {
        status == 200
    }

    /// Growing waits for about a week.
    fn retry(&self) -> RetryPlan {
        RetryPlan::doubling(25, Duration::from_secs(10), Duration::from_secs(12 * 60 * 60))
    }

    fn handshake(&self, device: &Device, challenge: &str) -> Option<String> {
        let fields = [
            ("hub.mode", "subscribe"),
            ("hub.verify_token", &verify_token(device)),
            ("hub.challenge", challenge),
        ];
        Some(form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish())
    }
}

/// Signed over the very bytes, in which every letter outside ASCII is escaped.
fn signed(device: &Device, body: &Value) -> Webhook {
    let bytes = escaped(&body.to_string());
    let signature = format!("sha256={}", hmac_sha256_hex(&device.secret, bytes.as_bytes()));
    Webhook::bytes("application/json", bytes)
        .with_header("x-hub-signature-256", &signature)
        .with_header("user-agent", "facebookexternalua")
}

/// JSON in ASCII: `é` becomes `\u00e9`, and what is outside the basic plane becomes two such escapes.
fn escaped(json: &str) -> String {
    let mut units = [0; 2];
    let mut ascii = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter.is_ascii() {
            ascii.push(letter);
        } else {
            let units = letter.encode_utf16(&mut units).iter();
            ascii.extend(units.map(|unit| format!("\\u{unit:04x}")));
        }
    }
    ascii
}

/// `v25.0`, and every other version.
fn is_version(segment: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let parts = segment.strip_prefix('v').and_then(|rest| rest.split_once('.'));
    parts.is_some_and(|(major, minor)| number(major) && number(minor))
}

/// A text in the body, which is JSON whatever else it says.
fn field(call: &Call, name: &str) -> Option<String> {
    call.json()?.get(name)?.as_str().map(str::to_owned)
}

/// `GET /{phone-number-id}`: of the fields those that are asked for, and the id.
fn phone_number(device: &Device, fields: Option<&str>) -> Value {
    let connected = device.is_connected();
    let all = json!({
        "display_phone_number": format!("+{}", device.number),
        "verified_name": device.name,
        "quality_rating": "GREEN",
        "status": if connected { "CONNECTED" } else { "DISCONNECTED" },
        "code_verification_status": "VERIFIED",
        "name_status": "APPROVED",
        "throughput": { "level": "STANDARD" },
    });
    let default = "verified_name,display_phone_number,quality_rating,code_verification_status";
    let mut body = json!({ "id": number_id(device) });
    for name in fields.unwrap_or(default).split(',') {
        if let (Some(value), Some(body)) = (all.get(name), body.as_object_mut()) {
            body.insert(name.to_owned(), value.clone());
        }
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_ascii() {
        assert_eq!(escaped(r#"{"a":"é👍\n"}"#), r#"{"a":"\u00e9\ud83d\udc4d\n"}"#);
    }

    #[test]
    fn only_uploads_have_ids_of_uploads() {
        for number in [0, 7, 1_796_000_000_000] {
            assert!(is_media_id(&media_id(number)), "{number}");
        }
        for other in ["", "12", "1037543291543636", "1234", "x1234"] {
            assert!(!is_media_id(other), "{other}");
        }
    }

    #[test]
    fn versions_are_two_numbers() {
        assert!(["v25.0", "v23.0", "v100.1"].into_iter().all(is_version));
        assert!(!["25.0", "v25", "v.0", "v25.", "vx.0"].into_iter().any(is_version));
    }
}
