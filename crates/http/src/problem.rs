//! Problems: the one shape of every error answer (RFC 9457).

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU64;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use wartel_core::{Locale, PhoneError, PhoneProblem};

use crate::codes::ProblemCode;
use crate::texts::Text;

/// An error answer: `application/problem+json` with `success: false`, a stable `code`, and a `message` in the
/// caller's language.
///
/// As a response it is written in Indonesian; the layer that every router of this crate has writes it again in the
/// language of `Accept-Language`. `Debug` shows code and status only.
#[derive(Clone)]
pub struct Problem {
    code: ProblemCode,
    status: StatusCode,
    detail: Cow<'static, str>,
    message: Text,
    errors: Vec<FieldIssue>,
    lines: Option<Box<LineIssues>>,
    attempts_left: Option<u32>,
    retry_after: Option<NonZeroU64>,
    suggestion: Option<Box<str>>,
    challenge: Option<Challenge>,
}

/// What the caller must show: the value of `WWW-Authenticate` (RFC 6750 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// A key. There is none, so there is no error to name.
    Key,
    /// Another key.
    OtherKey,
    /// A key that may read.
    ReadingKey,
    /// A key that may write.
    WritingKey,
    /// A key that may manage accounts.
    #[cfg(feature = "accounts")]
    AccountsKey,
    /// A key that may manage the shop.
    #[cfg(feature = "bot")]
    ShopKey,
}

impl Challenge {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "Bearer realm=\"wartel\"",
            Self::OtherKey => "Bearer realm=\"wartel\", error=\"invalid_token\"",
            Self::ReadingKey => {
                "Bearer realm=\"wartel\", error=\"insufficient_scope\", scope=\"verifications:read\""
            }
            Self::WritingKey => {
                "Bearer realm=\"wartel\", error=\"insufficient_scope\", scope=\"verifications:write\""
            }
            #[cfg(feature = "accounts")]
            Self::AccountsKey => "Bearer realm=\"wartel\", error=\"insufficient_scope\", scope=\"accounts\"",
            #[cfg(feature = "bot")]
            Self::ShopKey => "Bearer realm=\"wartel\", error=\"insufficient_scope\", scope=\"shop\"",
        }
    }
}

/// What is wrong with one field.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct FieldIssue {
    pub(crate) field: &'static str,
    pub(crate) text: Text,
}

/// What is wrong with one line of a file.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct LineIssue {
    pub(crate) line: u64,
    pub(crate) column: String,
    pub(crate) text: Text,
}

/// What is wrong with the lines of a file. Few problems have any, so they are kept apart.
#[derive(Clone)]
struct LineIssues(Vec<LineIssue>);

/// The body of a problem, as it goes out.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// A URI that names the kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "urn:problem-type:wartel:wrong_code")]
    kind: String,
    /// The kind of problem in a few English words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// This problem in English, for developers.
    detail: String,
    /// Always `false`.
    success: bool,
    /// The stable name of the problem, for programs.
    #[schema(example = "wrong_code")]
    code: &'static str,
    /// The problem in the language of `Accept-Language`, for people.
    message: String,
    /// What is wrong with which field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldErrorBody>,
    /// What is wrong with which line of a file: the first 200.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    lines: Vec<LineErrorBody>,
    /// How many tries remain.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts_left: Option<u32>,
    /// After how many seconds to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    /// What to type instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion: Option<String>,
}

/// One wrong field, as it goes out.
#[derive(Serialize, ToSchema)]
#[schema(as = FieldError)]
pub(crate) struct FieldErrorBody {
    /// The field's name in the request.
    #[schema(example = "full_name")]
    field: &'static str,
    /// What is wrong, in the language of `Accept-Language`.
    message: String,
}

/// One wrong line of a file, as it goes out.
#[derive(Serialize, ToSchema)]
#[schema(as = LineError)]
pub(crate) struct LineErrorBody {
    /// Which line, as editors count them: the names of the columns are line 1.
    #[schema(example = 3)]
    line: u64,
    /// In which column; empty if it is the whole line.
    #[schema(example = "price")]
    column: String,
    /// What is wrong and how to mend it, in the language of `Accept-Language`.
    message: String,
}

impl Problem {
    /// A problem with the status of its code. `detail` is for developers, in English: it must not repeat anything that
    /// the caller sent.
    pub(crate) fn new(code: ProblemCode, detail: impl Into<Cow<'static, str>>, message: Text) -> Self {
        Self {
            code,
            status: code.status(),
            detail: detail.into(),
            message,
            errors: Vec::new(),
            lines: None,
            attempts_left: None,
            retry_after: None,
            suggestion: None,
            challenge: None,
        }
    }

    /// Nothing is here.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(ProblemCode::NotFound, "there is nothing at this address", Text::NotFound)
    }

    /// A fault of this program. What it was stands in the log, not in the answer.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(ProblemCode::Internal, "a fault of the service; its log says more", Text::Internal)
    }

    /// The store did not answer, or not in time.
    #[must_use]
    pub fn store_unavailable() -> Self {
        Self::new(
            ProblemCode::StoreUnavailable,
            "the service could not finish in time",
            Text::StoreUnavailable,
        )
        .with_retry_after(Duration::from_secs(2))
    }

    /// The request is not what the route takes.
    pub(crate) fn invalid(status: StatusCode, detail: &'static str, message: Text) -> Self {
        Self { status, ..Self::new(ProblemCode::InvalidRequest, detail, message) }
    }

    /// Some fields are wrong.
    pub(crate) fn invalid_fields(errors: Vec<FieldIssue>) -> Self {
        let mut fields: Vec<_> = errors.iter().map(|issue| issue.field).collect();
        fields.dedup();
        let detail = format!("these fields are missing or wrong: {}", fields.join(", "));
        Self { errors, ..Self::new(ProblemCode::InvalidRequest, detail, Text::InvalidRequest) }
    }

    /// The text in the field `phone` is not a phone number.
    pub(crate) fn invalid_phone(error: &PhoneError) -> Self {
        let suggestion: Option<Box<str>> = error.suggestion().map(Into::into);
        let problem = error.problem();
        let text = |suggestion| Text::Phone { problem, suggestion };
        let mut it = Self::new(ProblemCode::InvalidPhone, phone_detail(problem), text(suggestion.clone()))
            .with_issue("phone", text(None));
        it.suggestion = suggestion;
        it
    }

    pub(crate) fn with_issue(mut self, field: &'static str, text: Text) -> Self {
        self.errors.push(FieldIssue { field, text });
        self
    }

    /// With what is wrong with lines of a file.
    #[cfg(feature = "bot")]
    pub(crate) fn with_lines(mut self, lines: Vec<LineIssue>) -> Self {
        self.lines = Some(Box::new(LineIssues(lines)));
        self
    }

    pub(crate) fn with_detail(mut self, detail: &'static str) -> Self {
        self.detail = Cow::Borrowed(detail);
        self
    }

    /// With another status than that of its code.
    pub(crate) const fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub(crate) const fn with_attempts_left(mut self, attempts_left: u32) -> Self {
        self.attempts_left = Some(attempts_left);
        self
    }

    pub(crate) const fn with_challenge(mut self, challenge: Challenge) -> Self {
        self.challenge = Some(challenge);
        self
    }

    /// When to try again: whole seconds, rounded up, at least one.
    pub(crate) fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = NonZeroU64::new(whole_seconds(wait));
        self
    }

    /// The code.
    #[must_use]
    pub const fn code(&self) -> ProblemCode {
        self.code
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The body in a language.
    pub(crate) fn body(&self, locale: Locale) -> ProblemBody {
        let field =
            |issue: &FieldIssue| FieldErrorBody { field: issue.field, message: issue.text.say(locale) };
        let line = |issue: &LineIssue| LineErrorBody {
            line: issue.line,
            column: issue.column.clone(),
            message: issue.text.say(locale),
        };
        ProblemBody {
            kind: format!("urn:problem-type:wartel:{}", self.code.as_str()),
            title: self.code.title(),
            status: self.status.as_u16(),
            detail: self.detail.clone().into_owned(),
            success: false,
            code: self.code.as_str(),
            message: self.message.say(locale),
            errors: self.errors.iter().map(field).collect(),
            lines: self.lines.iter().flat_map(|lines| &lines.0).map(line).collect(),
            attempts_left: self.attempts_left,
            retry_after: self.retry_after.map(NonZeroU64::get),
            suggestion: self.suggestion.as_deref().map(str::to_owned),
        }
    }

    /// Writes body and language into a response; its status and its other headers stay.
    pub(crate) fn write_into(&self, response: &mut Response, locale: Locale) {
        // Serialising a struct of texts and numbers cannot fail; an empty body would still carry the status.
        let body = serde_json::to_vec(&self.body(locale)).unwrap_or_default();
        *response.body_mut() = Body::from(body);
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(locale.tag()));
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some(secs) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(secs.get()));
        }
        if let Some(challenge) = self.challenge {
            let value = HeaderValue::from_static(challenge.as_str());
            response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
        }
        self.write_into(&mut response, Locale::default());
        response.extensions_mut().insert(self);
        response
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("code", &self.code)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// Rounded up, at least one: a client that waits as told is not too early.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    let up = u64::from(wait.subsec_nanos() > 0);
    wait.as_secs().saturating_add(up).max(1)
}

/// The problem's own words, which show nothing of the text.
fn phone_detail(problem: PhoneProblem) -> String {
    format!("{problem} ({})", problem.code())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_whole_seconds_and_never_zero() {
        for (wait, expected) in [(0, 1), (1, 1), (999, 1), (1_000, 1), (1_001, 2), (59_999, 60)] {
            assert_eq!(whole_seconds(Duration::from_millis(wait)), expected, "{wait} ms");
        }
    }

    #[test]
    fn debug_shows_no_phone_number() {
        let error =
            wartel_core::PhoneNumber::parse("0812-3456-7890", wartel_core::Country::INDONESIA).unwrap_err();
        let problem = Problem::invalid_phone(&error);
        assert_eq!(problem.suggestion.as_deref(), Some("081234567890"));
        assert!(!format!("{problem:?}").contains("7890"));
    }
}
