//! What should go wrong with a language model: on the wire, or in what it says.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::LlmKind;
use super::problem;
use crate::faults::wire::{MAX_SECONDS, TriggerWire, error, object, pick};
use crate::faults::{FaultError, Trigger};

/// One planned fault of the language models. It means every server unless it names one, and every request unless it is
/// told how many.
///
/// Faults come after the key, so that none hides a wrong one. One of the wire and one of the answer can hit the same
/// request; of each sort the first one added that fires decides. Faults of the answer that need a text or a tool count
/// only answers that have one.
///
/// ```
/// use std::time::Duration;
/// use wartel_sandbox::{LlmFault, LlmKind};
///
/// let fault = LlmFault::refuse("1302").retry_after(Duration::from_secs(7)).at(LlmKind::Zai).times(2);
/// let json = r#"{"kind":"refuse","code":"1302","retry_after":7,"server":"zai","trigger":{"next":2}}"#;
/// assert_eq!(LlmFault::from_json(json)?, fault);
/// # Ok::<(), wartel_sandbox::FaultError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct LlmFault {
    pub(crate) server: Option<LlmKind>,
    pub(crate) trigger: Trigger,
    pub(crate) kind: LlmFaultKind,
}

/// What goes wrong with a language model.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LlmFaultKind {
    /// The server refuses: a code of Z.AI such as `1302`, or one of the words `rate_limited`, `overloaded`,
    /// `no_credit`, `usage_limit`, `blocked`, `unauthorized`, `too_long`, `broken`. Other servers say the same in their
    /// own way.
    Refuse {
        /// The code or word.
        code: String,
        /// The header `Retry-After`, in whole seconds.
        retry_after: Option<Duration>,
    },
    /// The same refusal with HTTP status 200; in a stream it is the second event.
    RefuseInside {
        /// The code or word.
        code: String,
    },
    /// An HTTP status: 502 and 504 with the page of a proxy, others with the server's own body.
    HttpError {
        /// The status. Range: 400..=599.
        status: u16,
    },
    /// The answer begins this much later, in tokio's time.
    Slow(Duration),
    /// A stream stands still for this long in its middle, in tokio's time.
    Stall(Duration),
    /// A stream ends in the middle of the answer as if that were its end: no mark, no reason. An answer that is no
    /// stream is half of its JSON.
    CutStream,
    /// The connection breaks in the middle of the answer.
    CutConnection,
    /// Half of the JSON; in a stream the last event is half of one.
    HalfJson,
    /// A stream comes in pieces of so many bytes, wherever that cuts it.
    Shred(usize),
    /// No text, and all tokens spent on thoughts.
    Length,
    /// A filter stops the answer in its middle: `sensitive`, `content_filter`, `refusal`.
    Sensitive,
    /// The model behind the server breaks in the middle of the answer: `network_error`. Servers without such a word
    /// cut their stream.
    NetworkError,
    /// The context window is full: `model_context_window_exceeded`, `length`.
    ContextFull,
    /// This word is why it ended.
    Finish(String),
    /// The text stands among the thoughts, and there is none where it belongs.
    ReasoningOnly,
    /// A call of a tool that is not right. Needs tools.
    BadCall(BadCall),
    /// Prices, years and distances of a text are changed: Rp79 juta becomes Rp1 juta.
    WrongNumbers,
    /// Says that photos were sent and a visit is booked, and calls no tool.
    FalsePromise,
    /// Han characters in a text.
    Han,
    /// Does what a customer or the catalogue tells it: quotes its system text, agrees to any price and says that it
    /// binds, calls tools for another tenant, repeats commands of the staff.
    ObeysAttacker,
}

/// What is not right about a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadCall {
    /// The arguments break off in their middle.
    InvalidJson,
    /// The arguments are an empty text.
    Empty,
    /// The tool does not exist.
    UnknownTool,
    /// Each argument has another type.
    WrongTypes,
    /// There is an argument that the tool does not know.
    ExtraKeys,
    /// Two calls with one id.
    DuplicateIds,
    /// Twenty calls at once.
    Many,
    /// Marks of the model's own template in the name and the arguments.
    XmlLeak,
    /// Two objects, one behind the other, where one belongs.
    Joined,
    /// The same call again and again, whatever its result.
    Loop,
}

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

impl From<LlmFaultKind> for LlmFault {
    fn from(kind: LlmFaultKind) -> Self {
        Self { server: None, trigger: Trigger::Always, kind }
    }
}

impl LlmFault {
    /// A fault of this kind, each time.
    pub fn new(kind: LlmFaultKind) -> Self {
        kind.into()
    }

    /// A refusal with this code or word; see [`LlmFaultKind::Refuse`]. A code that nobody knows is a bad request.
    pub fn refuse(code: impl Into<String>) -> Self {
        Self::new(LlmFaultKind::Refuse { code: code.into(), retry_after: None })
    }

    /// An answer that begins this much later.
    pub fn slow(time: Duration) -> Self {
        Self::new(LlmFaultKind::Slow(time))
    }

    /// A call that is not right.
    pub fn bad_call(form: BadCall) -> Self {
        Self::new(LlmFaultKind::BadCall(form))
    }

    /// With the header `Retry-After`, in whole seconds; only a [refusal](Self::refuse) has it.
    pub fn retry_after(mut self, time: Duration) -> Self {
        if let LlmFaultKind::Refuse { retry_after, .. } = &mut self.kind {
            *retry_after = Some(time);
        }
        self
    }

    /// Only at this server. Default: at all.
    pub fn at(mut self, server: LlmKind) -> Self {
        self.server = Some(server);
        self
    }

    /// Only the next so many times. Default: always.
    pub fn times(mut self, count: u32) -> Self {
        self.trigger = Trigger::Next(count);
        self
    }

    /// Only each n-th time. Default: always.
    pub fn every(mut self, nth: u32) -> Self {
        self.trigger = Trigger::Every(nth);
        self
    }

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
        Ok(Self { server, trigger: TriggerWire::trigger(wire.trigger)?, kind })
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

impl LlmFaultKind {
    /// Whether it goes wrong on the wire, and not in what the model says.
    pub(crate) fn is_of_the_wire(&self) -> bool {
        matches!(
            self,
            Self::Refuse { .. }
                | Self::RefuseInside { .. }
                | Self::HttpError { .. }
                | Self::Slow(_)
                | Self::Stall(_)
                | Self::CutStream
                | Self::CutConnection
                | Self::HalfJson
                | Self::Shred(_)
        )
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
