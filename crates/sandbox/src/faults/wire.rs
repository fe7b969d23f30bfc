//! Faults as the JSON of the control API: one flat object, strict about every name in it.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Fault, FaultKind, KeyCase, Malformed, SuccessShape, Trigger, WebhookFault};
use crate::phone::phone_key;
use crate::provider::{Endpoint, ProviderKind};

/// Longest hang and delay that can be asked for, in seconds.
pub(crate) const MAX_SECONDS: u64 = 3_600;

/// The JSON is not a fault; the text says what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FaultError(String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultWire {
    kind: String,
    provider: Option<String>,
    endpoint: Option<String>,
    phone: Option<String>,
    trigger: Option<TriggerWire>,
    reason: Option<String>,
    status: Option<u16>,
    seconds: Option<u64>,
    ms: Option<u64>,
    form: Option<String>,
    case: Option<String>,
    shape: Option<String>,
}

/// A trigger as JSON: `"always"`, `{"next":2}`, `{"every":3}`.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TriggerWire {
    Always,
    Next(u32),
    Every(u32),
}

impl TriggerWire {
    /// The trigger; always, if none is named.
    pub(crate) fn trigger(wire: Option<&Self>) -> Result<Trigger, FaultError> {
        Ok(match wire {
            None | Some(Self::Always) => Trigger::Always,
            Some(Self::Next(0) | Self::Every(0)) => return error("trigger needs a count of at least 1"),
            Some(Self::Next(count)) => Trigger::Next(*count),
            Some(Self::Every(nth)) => Trigger::Every(*nth),
        })
    }
}

impl Trigger {
    pub(crate) fn to_json(self) -> Value {
        match self {
            Self::Always => json!("always"),
            Self::Next(count) => json!({"next": count}),
            Self::Every(nth) => json!({"every": nth}),
        }
    }
}

pub(crate) fn error<T>(text: impl Into<String>) -> Result<T, FaultError> {
    Err(FaultError(text.into()))
}

/// Reads one JSON object. serde's messages quote what they do not know; line and column would only distract.
pub(crate) fn object<T: DeserializeOwned>(json: &str) -> Result<T, FaultError> {
    if !json.trim_start().starts_with('{') {
        return error("a fault is one JSON object");
    }
    serde_json::from_str(json).or_else(|problem| {
        let text = problem.to_string();
        error(text.split(" at line ").next().unwrap_or_default())
    })
}

/// Finds a word in a table of words, or says which there are.
pub(crate) fn pick<T: Copy>(name: &str, word: &str, table: &[(&str, T)]) -> Result<T, FaultError> {
    match table.iter().find(|(known, _)| *known == word) {
        Some((_, value)) => Ok(*value),
        None => {
            let known: Vec<&str> = table.iter().map(|(known, _)| *known).collect();
            error(format!("unknown {name}; known are: {}", known.join(", ")))
        }
    }
}

const FORMS: &[(&str, Malformed)] =
    &[("truncated", Malformed::Truncated), ("html", Malformed::Html), ("empty", Malformed::Empty)];
const CASES: &[(&str, KeyCase)] = &[("capitalised", KeyCase::Capitalised), ("upper", KeyCase::Upper)];
const SHAPES: &[(&str, SuccessShape)] = &[
    ("data_id", SuccessShape::DataId),
    ("string_id", SuccessShape::StringId),
    ("no_id", SuccessShape::NoId),
];

/// The kinds, each with the one parameter that it takes.
const KINDS: &[(&str, Option<&str>)] = &[
    ("refuse", Some("reason")),
    ("http_error", Some("status")),
    ("hang", Some("seconds")),
    ("cut_after_accept", None),
    ("cut_before_accept", None),
    ("slow", Some("ms")),
    ("malformed", Some("form")),
    ("key_case", Some("case")),
    ("success_shape", Some("shape")),
    ("webhook_drop", None),
    ("webhook_duplicate", None),
    ("webhook_reorder", None),
    ("webhook_read_first", None),
    ("webhook_status_before_id", None),
];

impl FaultWire {
    /// The names of the parameters that were given.
    fn given(&self) -> Vec<&'static str> {
        [
            ("reason", self.reason.is_some()),
            ("status", self.status.is_some()),
            ("seconds", self.seconds.is_some()),
            ("ms", self.ms.is_some()),
            ("form", self.form.is_some()),
            ("case", self.case.is_some()),
            ("shape", self.shape.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, given)| given.then_some(name))
        .collect()
    }

    fn kind(&self) -> Result<FaultKind, FaultError> {
        let takes = pick("kind", &self.kind, KINDS)?;
        if let Some(stray) = self.given().into_iter().find(|given| Some(*given) != takes) {
            return error(format!("kind {} does not take {stray}", self.kind));
        }
        Ok(match self.kind.as_str() {
            "refuse" => {
                FaultKind::Refuse { reason: self.reason.clone().unwrap_or_else(|| "input invalid".into()) }
            }
            "http_error" => match self.status.unwrap_or(500) {
                status @ 400..=599 => FaultKind::HttpError { status },
                _ => return error("status must be from 400 to 599"),
            },
            "hang" => match self.seconds.unwrap_or(30) {
                seconds @ 0..=MAX_SECONDS => FaultKind::Hang(Duration::from_secs(seconds)),
                _ => return error(format!("seconds must be at most {MAX_SECONDS}")),
            },
            "slow" => match self.ms.unwrap_or(1_000) {
                ms if ms <= MAX_SECONDS * 1_000 => FaultKind::Slow(Duration::from_millis(ms)),
                _ => return error(format!("ms must be at most {}", MAX_SECONDS * 1_000)),
            },
            "malformed" => FaultKind::Malformed(match &self.form {
                Some(form) => pick("form", form, FORMS)?,
                None => Malformed::Truncated,
            }),
            "key_case" => FaultKind::KeyCase(match &self.case {
                Some(case) => pick("case", case, CASES)?,
                None => KeyCase::Capitalised,
            }),
            "success_shape" => FaultKind::SuccessShape(match &self.shape {
                Some(shape) => pick("shape", shape, SHAPES)?,
                None => SuccessShape::DataId,
            }),
            "cut_after_accept" => FaultKind::CutAfterAccept,
            "cut_before_accept" => FaultKind::CutBeforeAccept,
            "webhook_drop" => FaultKind::Webhook(WebhookFault::Drop),
            "webhook_duplicate" => FaultKind::Webhook(WebhookFault::Duplicate),
            "webhook_reorder" => FaultKind::Webhook(WebhookFault::Reorder),
            "webhook_read_first" => FaultKind::Webhook(WebhookFault::ReadFirst),
            _ => FaultKind::Webhook(WebhookFault::StatusBeforeId),
        })
    }
}

impl Fault {
    /// Reads a fault as `POST /sandbox/api/faults` takes it.
    ///
    /// One object: `kind`; optional `provider` (`fonnte`, `cloud_api`, `gateway`, `gowa`, `waha`, `evolution`, `twilio`;
    /// default all), `endpoint` (`send`, `validate`, `device`, `get-devices`, `qr`, `disconnect`, `status`,
    /// `add-device`, `update-device`, `presence`, `lids`, `media`), `phone`, `trigger` (`"always"`, `{"next":2}`, `{"every":3}`; default always), and the parameter of
    /// the kind, each with a default:
    ///
    /// | kind | parameter |
    /// |---|---|
    /// | `refuse` | `reason` (`input invalid`) |
    /// | `http_error` | `status` (500) |
    /// | `hang` | `seconds` (30; ≤ 3600) |
    /// | `slow` | `ms` (1000; ≤ 3600000) |
    /// | `cut_after_accept`, `cut_before_accept` | – |
    /// | `malformed` | `form`: `truncated` (default), `html`, `empty` |
    /// | `key_case` | `case`: `capitalised` (default), `upper` |
    /// | `success_shape` | `shape`: `data_id` (default), `string_id`, `no_id` |
    /// | `webhook_drop`, `webhook_duplicate`, `webhook_reorder`, `webhook_read_first`, `webhook_status_before_id` | – |
    ///
    /// # Errors
    /// [`FaultError`] whose text names what is unknown or out of range.
    pub fn from_json(json: &str) -> Result<Self, FaultError> {
        let wire: FaultWire = object(json)?;
        let kind = wire.kind()?;
        let endpoint = match &wire.endpoint {
            Some(word) => match Endpoint::from_name(word.trim_start_matches('/')) {
                Some(endpoint) => Some(endpoint),
                None => {
                    let known: Vec<&str> = Endpoint::ALL.iter().map(|endpoint| endpoint.name()).collect();
                    return error(format!("unknown endpoint; known are: {}", known.join(", ")));
                }
            },
            None => None,
        };
        let provider = match &wire.provider {
            Some(name) => match ProviderKind::from_name(name) {
                Some(provider) => Some(provider),
                None => {
                    let known: Vec<&str> = ProviderKind::ALL.iter().map(|kind| kind.name()).collect();
                    return error(format!("unknown provider; known are: {}", known.join(", ")));
                }
            },
            None => None,
        };
        let phone = match wire.phone.as_deref().map(phone_key) {
            Some(key) if key.is_empty() => return error("phone has no digits"),
            key => key,
        };
        let trigger = TriggerWire::trigger(wire.trigger.as_ref())?;
        Ok(Self { provider, endpoint, phone, trigger, kind })
    }

    /// The fault as the control API shows it; [`from_json`](Self::from_json) reads it back.
    pub(crate) fn to_json(&self) -> Value {
        fn word<T: PartialEq>(value: &T, table: &[(&'static str, T)]) -> Value {
            table.iter().find(|(_, known)| known == value).map_or(Value::Null, |(word, _)| (*word).into())
        }
        let mut json = match &self.kind {
            FaultKind::Refuse { reason } => json!({"kind": "refuse", "reason": reason}),
            FaultKind::HttpError { status } => json!({"kind": "http_error", "status": status}),
            FaultKind::Hang(time) => json!({"kind": "hang", "seconds": time.as_secs()}),
            FaultKind::Slow(time) => {
                json!({"kind": "slow", "ms": u64::try_from(time.as_millis()).unwrap_or(u64::MAX)})
            }
            FaultKind::CutAfterAccept => json!({"kind": "cut_after_accept"}),
            FaultKind::CutBeforeAccept => json!({"kind": "cut_before_accept"}),
            FaultKind::Malformed(form) => json!({"kind": "malformed", "form": word(form, FORMS)}),
            FaultKind::KeyCase(case) => json!({"kind": "key_case", "case": word(case, CASES)}),
            FaultKind::SuccessShape(shape) => json!({"kind": "success_shape", "shape": word(shape, SHAPES)}),
            FaultKind::Webhook(WebhookFault::Drop) => json!({"kind": "webhook_drop"}),
            FaultKind::Webhook(WebhookFault::Duplicate) => json!({"kind": "webhook_duplicate"}),
            FaultKind::Webhook(WebhookFault::Reorder) => json!({"kind": "webhook_reorder"}),
            FaultKind::Webhook(WebhookFault::ReadFirst) => json!({"kind": "webhook_read_first"}),
            FaultKind::Webhook(WebhookFault::StatusBeforeId) => json!({"kind": "webhook_status_before_id"}),
        };
        if let Some(fields) = json.as_object_mut() {
            if let Some(provider) = self.provider {
                fields.insert("provider".into(), provider.name().into());
            }
            if let Some(endpoint) = self.endpoint {
                fields.insert("endpoint".into(), endpoint.name().into());
            }
            if let Some(phone) = &self.phone {
                fields.insert("phone".into(), phone.as_str().into());
            }
            fields.insert("trigger".into(), self.trigger.to_json());
        }
        json
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_and_shown_the_same() {
        let faults = [
            Fault::refuse("insufficient quota").on(Endpoint::Send).to_phone("081234567890").times(2),
            Fault::http_error(503).every(3),
            Fault::hang(Duration::from_secs(30)),
            Fault::cut_after_accept(),
            Fault::cut_before_accept().on(Endpoint::GetDevices),
            Fault::slow(Duration::from_millis(250)),
            Fault::malformed(Malformed::Truncated),
            Fault::malformed(Malformed::Html),
            Fault::malformed(Malformed::Empty),
            Fault::key_case(KeyCase::Capitalised),
            Fault::key_case(KeyCase::Upper),
            Fault::success_shape(SuccessShape::DataId),
            Fault::success_shape(SuccessShape::StringId),
            Fault::success_shape(SuccessShape::NoId),
            Fault::webhook(WebhookFault::Drop),
            Fault::webhook(WebhookFault::Duplicate),
            Fault::webhook(WebhookFault::Reorder),
            Fault::webhook(WebhookFault::ReadFirst).at(ProviderKind::Waha),
            Fault::webhook(WebhookFault::StatusBeforeId),
        ];
        for fault in faults {
            assert_eq!(Fault::from_json(&fault.to_json().to_string()), Ok(fault));
        }
    }

    #[test]
    fn a_kind_alone_is_enough() {
        for (kind, _) in KINDS {
            let fault = Fault::from_json(&json!({"kind": kind}).to_string()).unwrap();
            assert_eq!(fault.trigger(), Trigger::Always);
        }
    }

    #[test]
    fn what_is_unknown_is_named() {
        let check = |json: &str, expected: &str| {
            let text = Fault::from_json(json).unwrap_err().to_string();
            assert!(text.contains(expected), "{json}: {text}");
        };
        check(r#"{"kind":"explode"}"#, "unknown kind; known are: refuse, http_error");
        check(r#"{"kind":"refuse","phnoe":"62"}"#, "unknown field `phnoe`");
        check(r#"{"kind":"refuse","ms":5}"#, "refuse does not take ms");
        check(r#"{"kind":"hang","seconds":999999}"#, "at most 3600");
        check(r#"{"kind":"http_error","status":200}"#, "from 400 to 599");
        check(r#"{"kind":"malformed","form":"xml"}"#, "unknown form");
        check(r#"{"kind":"refuse","endpoint":"sned"}"#, "unknown endpoint; known are: send");
        check(r#"{"kind":"refuse","provider":"wahaha"}"#, "unknown provider; known are: fonnte");
        check(r#"{"kind":"refuse","trigger":"sometimes"}"#, "unknown variant `sometimes`");
        check(r#"{"kind":"refuse","trigger":{"next":0}}"#, "at least 1");
        check(r#"{"kind":"refuse","phone":"abc"}"#, "no digits");
        check(r#"{}"#, "missing field `kind`");
        check("[]", "one JSON object");
        check("nonsense", "one JSON object");
        check(r#"{"kind":"refuse""#, "EOF");
    }
}
