//! What should go wrong with a language model: on the wire, or in what it says.

mod wire;

use std::time::Duration;

use super::LlmKind;
use crate::faults::Trigger;

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
