//! Faults of the language models as the JSON of the control API: one flat object, strict about every name in it.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{BadCall, LlmFault, LlmFaultKind};
use crate::faults::FaultError;
use crate::faults::wire::{MAX_SECONDS, TriggerWire, error, object, pick};
use crate::llm::LlmKind;
use crate::llm::problem;

const FORMS: &[(&str, BadCall)] = &[
    ("invalid_json", BadCall::InvalidJson),
    ("empty", BadCall::Empty),
    ("unknown_tool", BadCall::UnknownTool),
    ("wrong_types", BadCall::WrongTypes),
    ("extra_keys", BadCall::ExtraKeys),
    ("duplicate_ids", BadCall::DuplicateIds),
    ("many", BadCall::Many),
    ("xml_leak", BadCall::XmlLeak),
    ("joined", BadCall::Joined),
    ("loop", BadCall::Loop),
];

/// The kinds with the parameters that they take.
const KINDS: &[(&str, &[&str])] = &[
    ("refuse", &["code", "retry_after"]),
    ("refuse_inside", &["code"]),
    ("http_error", &["status"]),
    ("slow", &["ms"]),
    ("stall", &["ms"]),
    ("cut_stream", &[]),
    ("cut_connection", &[]),
    ("half_json", &[]),
    ("shred", &["bytes"]),
    ("length", &[]),
    ("sensitive", &[]),
    ("network_error", &[]),
    ("context_full", &[]),
    ("finish", &["reason"]),
    ("reasoning_only", &[]),
    ("bad_call", &["form"]),
    ("wrong_numbers", &[]),
    ("false_promise", &[]),
    ("han", &[]),
    ("obeys_attacker", &[]),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    kind: String,
    server: Option<String>,
    trigger: Option<TriggerWire>,
    code: Option<String>,
    retry_after: Option<u64>,
    status: Option<u16>,
    ms: Option<u64>,
    bytes: Option<usize>,
    reason: Option<String>,
    form: Option<String>,
}

impl Wire {
    fn given(&self) -> Vec<&'static str> {
        [
            ("code", self.code.is_some()),
            ("retry_after", self.retry_after.is_some()),
            ("status", self.status.is_some()),
            ("ms", self.ms.is_some()),
            ("bytes", self.bytes.is_some()),
            ("reason", self.reason.is_some()),
            ("form", self.form.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, given)| given.then_some(name))
        .collect()
    }

    fn code(&self) -> Result<String, FaultError> {
        let code = self.code.clone().unwrap_or_else(|| "1302".to_owned());
        if problem::is_code(&code) {
            return Ok(code);
        }
        error(format!("code must be a number or one of: {}", problem::words().join(", ")))
    }

    fn time(&self) -> Result<Duration, FaultError> {
        match self.ms.unwrap_or(1_000) {
            ms if ms <= MAX_SECONDS * 1_000 => Ok(Duration::from_millis(ms)),
            _ => error(format!("ms must be at most {}", MAX_SECONDS * 1_000)),
        }
    }

    fn kind(&self) -> Result<LlmFaultKind, FaultError> {
        let takes = pick("kind", &self.kind, KINDS)?;
        if let Some(stray) = self.given().into_iter().find(|given| !takes.contains(given)) {
            return error(format!("kind {} does not take {stray}", self.kind));
        }
        Ok(match self.kind.as_str() {
            "refuse" => {
                if self.retry_after.is_some_and(|seconds| seconds > MAX_SECONDS) {
                    return error(format!("retry_after must be at most {MAX_SECONDS}"));
                }
                let retry_after = self.retry_after.map(Duration::from_secs);
                LlmFaultKind::Refuse { code: self.code()?, retry_after }
            }
            "refuse_inside" => LlmFaultKind::RefuseInside { code: self.code()? },
            "http_error" => match self.status.unwrap_or(500) {
                status @ 400..=599 => LlmFaultKind::HttpError { status },
                _ => return error("status must be from 400 to 599"),
            },
            "slow" => LlmFaultKind::Slow(self.time()?),
            "stall" => LlmFaultKind::Stall(self.time()?),
            "cut_stream" => LlmFaultKind::CutStream,
            "cut_connection" => LlmFaultKind::CutConnection,
            "half_json" => LlmFaultKind::HalfJson,
            "shred" => match self.bytes.unwrap_or(7) {
                0 => return error("bytes must be at least 1"),
                bytes => LlmFaultKind::Shred(bytes),
            },
            "length" => LlmFaultKind::Length,
            "sensitive" => LlmFaultKind::Sensitive,
            "network_error" => LlmFaultKind::NetworkError,
            "context_full" => LlmFaultKind::ContextFull,
            "finish" => LlmFaultKind::Finish(self.reason.clone().unwrap_or_else(|| "surprise".into())),
            "reasoning_only" => LlmFaultKind::ReasoningOnly,
            "bad_call" => LlmFaultKind::BadCall(match &self.form {
                Some(form) => pick("form", form, FORMS)?,
                None => BadCall::InvalidJson,
            }),
            "wrong_numbers" => LlmFaultKind::WrongNumbers,
            "false_promise" => LlmFaultKind::FalsePromise,
            "han" => LlmFaultKind::Han,
            _ => LlmFaultKind::ObeysAttacker,
        })
    }
}

impl LlmFault {
    /// Reads a fault as `POST /sandbox/api/llm/faults` takes it.
    ///
    /// One object: `kind`; optional `server` (`openai`, `zai`, `anthropic`, `ollama`; default all), `trigger`
    /// (`"always"`, `{"next":2}`, `{"every":3}`; default always), and the parameters of the kind, each with a default:
    ///
    /// | kind | parameter |
    /// |---|---|
    /// | `refuse` | `code` (`1302`), `retry_after` in seconds (none; ≤ 3600) |
    /// | `refuse_inside` | `code` (`1302`) |
    /// | `http_error` | `status` (500) |
    /// | `slow`, `stall` | `ms` (1000; ≤ 3600000) |
    /// | `shred` | `bytes` (7) |
    /// | `finish` | `reason` (`surprise`) |
    /// | `bad_call` | `form`: `invalid_json` (default), `empty`, `unknown_tool`, `wrong_types`, `extra_keys`, `duplicate_ids`, `many`, `xml_leak`, `joined`, `loop` |
    /// | `cut_stream`, `cut_connection`, `half_json`, `length`, `sensitive`, `network_error`, `context_full`, `reasoning_only`, `wrong_numbers`, `false_promise`, `han`, `obeys_attacker` | – |
    ///
    /// # Errors
    /// [`FaultError`] whose text names what is unknown or out of range.
    pub fn from_json(json: &str) -> Result<Self, FaultError> {
        let wire: Wire = object(json)?;
        let kind = wire.kind()?;
        let server = match &wire.server {
            Some(name) => Some(pick("server", name, &LlmKind::ALL.map(|kind| (kind.name(), kind)))?),
            None => None,
        };
        Ok(Self { server, trigger: TriggerWire::trigger(wire.trigger.as_ref())?, kind })
    }

    /// As the control API shows it; [`from_json`](Self::from_json) reads it back.
    pub(crate) fn to_json(&self) -> Value {
        let millis = |time: &Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let mut json = match &self.kind {
            LlmFaultKind::Refuse { code, retry_after: None } => json!({"kind": "refuse", "code": code}),
            LlmFaultKind::Refuse { code, retry_after: Some(time) } => {
                json!({"kind": "refuse", "code": code, "retry_after": time.as_secs()})
            }
            LlmFaultKind::RefuseInside { code } => json!({"kind": "refuse_inside", "code": code}),
            LlmFaultKind::HttpError { status } => json!({"kind": "http_error", "status": status}),
            LlmFaultKind::Slow(time) => json!({"kind": "slow", "ms": millis(time)}),
            LlmFaultKind::Stall(time) => json!({"kind": "stall", "ms": millis(time)}),
            LlmFaultKind::CutStream => json!({"kind": "cut_stream"}),
            LlmFaultKind::CutConnection => json!({"kind": "cut_connection"}),
            LlmFaultKind::HalfJson => json!({"kind": "half_json"}),
            LlmFaultKind::Shred(bytes) => json!({"kind": "shred", "bytes": bytes}),
            LlmFaultKind::Length => json!({"kind": "length"}),
            LlmFaultKind::Sensitive => json!({"kind": "sensitive"}),
            LlmFaultKind::NetworkError => json!({"kind": "network_error"}),
            LlmFaultKind::ContextFull => json!({"kind": "context_full"}),
            LlmFaultKind::Finish(reason) => json!({"kind": "finish", "reason": reason}),
            LlmFaultKind::ReasoningOnly => json!({"kind": "reasoning_only"}),
            LlmFaultKind::BadCall(form) => {
                let word = FORMS.iter().find(|(_, known)| known == form).map(|(word, _)| *word);
                json!({"kind": "bad_call", "form": word})
            }
            LlmFaultKind::WrongNumbers => json!({"kind": "wrong_numbers"}),
            LlmFaultKind::FalsePromise => json!({"kind": "false_promise"}),
            LlmFaultKind::Han => json!({"kind": "han"}),
            LlmFaultKind::ObeysAttacker => json!({"kind": "obeys_attacker"}),
        };
        if let Some(fields) = json.as_object_mut() {
            if let Some(server) = self.server {
                fields.insert("server".into(), server.name().into());
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
        for (kind, _) in KINDS {
            let fault = LlmFault::from_json(&json!({"kind": kind}).to_string()).unwrap();
            assert_eq!(fault.to_json()["kind"], *kind);
            let at = fault.at(LlmKind::Ollama).every(3);
            assert_eq!(LlmFault::from_json(&at.to_json().to_string()), Ok(at));
        }
        for (form, _) in FORMS {
            let fault = LlmFault::from_json(&json!({"kind": "bad_call", "form": form}).to_string()).unwrap();
            assert_eq!(fault.to_json()["form"], *form);
        }
    }

    #[test]
    fn what_is_unknown_is_named() {
        let check = |json: &str, expected: &str| {
            let text = LlmFault::from_json(json).unwrap_err().to_string();
            assert!(text.contains(expected), "{json}: {text}");
        };
        check(r#"{"kind":"explode"}"#, "unknown kind; known are: refuse, refuse_inside");
        check(r#"{"kind":"refuse","cdoe":"1302"}"#, "unknown field `cdoe`");
        check(r#"{"kind":"refuse","ms":5}"#, "refuse does not take ms");
        check(r#"{"kind":"refuse","code":"tired"}"#, "one of: rate_limited");
        check(r#"{"kind":"refuse","retry_after":9999}"#, "at most 3600");
        check(r#"{"kind":"http_error","status":200}"#, "from 400 to 599");
        check(r#"{"kind":"slow","ms":99999999}"#, "at most 3600000");
        check(r#"{"kind":"shred","bytes":0}"#, "at least 1");
        check(r#"{"kind":"bad_call","form":"xml"}"#, "unknown form");
        check(r#"{"kind":"han","server":"gpt"}"#, "unknown server; known are: openai");
        check(r#"{"kind":"han","trigger":{"next":0}}"#, "at least 1");
        check("[]", "one JSON object");
    }
}
