//! Why a model gave no answer, and what to do about it.

use std::error::Error;
use std::time::Duration;

/// What kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LlmErrorKind {
    /// Too many requests at once or in a time.
    RateLimited,
    /// The server has too much to do or has failed.
    Overloaded,
    /// The account has no balance or its plan is used up. The tenant must act.
    Quota,
    /// The key is wrong, locked or not allowed to do this. The tenant must act.
    Auth,
    /// The request is wrong: a mistake of ours or of the configuration.
    BadRequest,
    /// The prompt is too long for the model.
    ContextTooLong,
    /// The provider's rules forbid the prompt or the answer.
    Blocked,
    /// The server could not be reached.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// The answer broke off before its end.
    CutOff,
    /// The answer cannot be read.
    Protocol,
    /// Our own budget does not allow the call. It was not made.
    BudgetSpent,
    /// Something that has no word here. Never asked again by itself.
    Unexpected,
}

impl LlmErrorKind {
    /// A stable name for logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::Quota => "quota",
            Self::Auth => "auth",
            Self::BadRequest => "bad_request",
            Self::ContextTooLong => "context_too_long",
            Self::Blocked => "blocked",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::CutOff => "cut_off",
            Self::Protocol => "protocol",
            Self::BudgetSpent => "budget_spent",
            Self::Unexpected => "unexpected",
        }
    }

    /// Whether the tenant must be told, because asking again helps nobody.
    #[must_use]
    pub const fn needs_the_tenant(self) -> bool {
        matches!(self, Self::Quota | Self::Auth)
    }

    /// What to do after a failure of this kind, if nothing more is known. What has no word is not asked again here, but
    /// another model may answer it.
    #[must_use]
    pub const fn usual_advice(self, wait: Option<Duration>) -> LlmAdvice {
        match self {
            Self::RateLimited | Self::Overloaded | Self::Unreachable | Self::TimedOut | Self::CutOff => {
                LlmAdvice::After(wait)
            }
            Self::Quota | Self::Auth | Self::Protocol | Self::BudgetSpent | Self::Unexpected => {
                LlmAdvice::Elsewhere
            }
            Self::BadRequest | Self::ContextTooLong | Self::Blocked => LlmAdvice::Never,
        }
    }

    /// Whether the server may have worked, and may charge for it, although no answer came.
    #[must_use]
    pub const fn may_have_cost(self) -> bool {
        matches!(self, Self::Blocked | Self::TimedOut | Self::CutOff | Self::Protocol | Self::Unexpected)
    }
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LlmAdvice {
    /// The same request will fail again everywhere.
    Never,
    /// The same request may succeed here, no earlier than the server said.
    After(Option<Duration>),
    /// Not here; another model or key may answer.
    Elsewhere,
}

/// Why a model gave no answer. Holds no key, no prompt and no text of an answer.
#[derive(Debug, thiserror::Error)]
#[error("{backend}: {}{}", kind.as_str(), code.as_deref().map(|code| format!(" (code {code})")).unwrap_or_default())]
#[non_exhaustive]
pub struct LlmError {
    /// The name of the backend.
    pub backend: String,
    /// What kind of failure.
    pub kind: LlmErrorKind,
    /// What to do next.
    pub advice: LlmAdvice,
    /// The server's own code, if it gave one: at most 64 characters of `A-Z a-z 0-9 _ - .`.
    pub code: Option<String>,
    /// The HTTP status, if there was one.
    pub status: Option<u16>,
    /// The server's id of the request, which its support asks for.
    pub request_id: Option<String>,
    /// What lies behind it.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl LlmError {
    /// A failure of this backend.
    #[must_use]
    pub fn new(backend: impl Into<String>, kind: LlmErrorKind, advice: LlmAdvice) -> Self {
        Self {
            backend: backend.into(),
            kind,
            advice,
            code: None,
            status: None,
            request_id: None,
            source: None,
        }
    }

    /// A failure of this kind with the usual advice.
    #[must_use]
    pub fn of(backend: impl Into<String>, kind: LlmErrorKind) -> Self {
        Self::new(backend, kind, kind.usual_advice(None))
    }

    /// With the server's own code. Characters that a code does not have are left out.
    #[must_use]
    pub fn with_code(mut self, code: impl AsRef<str>) -> Self {
        let plain =
            code.as_ref().chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
        self.code = Some(plain.take(64).collect::<String>()).filter(|code| !code.is_empty());
        self
    }

    /// With other advice.
    #[must_use]
    pub const fn with_advice(mut self, advice: LlmAdvice) -> Self {
        self.advice = advice;
        self
    }

    /// With the HTTP status.
    #[must_use]
    pub const fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// With the server's id of the request.
    #[must_use]
    pub fn with_request_id(mut self, id: Option<String>) -> Self {
        self.request_id = id;
        self
    }

    /// With what lies behind it. It must hold no key, no address with one, and no text.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}
