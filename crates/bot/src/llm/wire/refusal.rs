//! Answers that are no answer of a model: what kind of failure they are and what to do about it.

use std::time::Duration;

use http::HeaderMap;
use wartel_messaging::transport::{BodyEnd, HttpResponse};

use super::json;
use crate::llm::{LlmAdvice, LlmError, LlmErrorKind};

/// The longest wait that a server may ask for: one day. A longer one is taken as one day.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// What a status says when the body says nothing that is known.
///
/// Source: RFC 9110; 434 and 435 are Z.AI's (docs.z.ai, 2026-11), 529 is Anthropic's.
pub(in crate::llm) const fn kind_of_status(status: u16) -> LlmErrorKind {
    match status {
        400 | 404 | 405 | 410 | 411 | 415 | 422 | 435 => LlmErrorKind::BadRequest,
        401 | 403 | 434 => LlmErrorKind::Auth,
        402 => LlmErrorKind::Quota,
        408 => LlmErrorKind::TimedOut,
        409 | 500..=599 => LlmErrorKind::Overloaded,
        413 => LlmErrorKind::ContextTooLong,
        429 => LlmErrorKind::RateLimited,
        _ => LlmErrorKind::Unexpected,
    }
}

/// The error of a refusal. Of the body it keeps the code only.
pub(in crate::llm) fn refusal(
    backend: &str,
    response: &HttpResponse,
    kind: LlmErrorKind,
    code: Option<&str>,
) -> LlmError {
    let status = response.status.as_u16();
    let advice = match kind.usual_advice(wait(&response.headers)) {
        // The server knows better whether the same request is of any use.
        LlmAdvice::After(_) if says_no_retry(&response.headers) => LlmAdvice::Elsewhere,
        // A wrong address or model is a mistake of this backend's configuration; another backend has another one.
        LlmAdvice::Never if kind == LlmErrorKind::BadRequest && matches!(status, 404 | 405 | 410) => {
            LlmAdvice::Elsewhere
        }
        advice => advice,
    };
    let error = LlmError::new(backend, kind, advice)
        .with_status(status)
        .with_request_id(request_id(&response.headers));
    match code {
        Some(code) => error.with_code(code),
        None => error,
    }
}

/// The error of a body that is not whole or cannot be read.
pub(in crate::llm) fn broken(backend: &str, response: &HttpResponse, code: &str) -> LlmError {
    let kind = match response.end {
        BodyEnd::Cut => LlmErrorKind::CutOff,
        _ => LlmErrorKind::Protocol,
    };
    LlmError::of(backend, kind)
        .with_code(code)
        .with_status(response.status.as_u16())
        .with_request_id(request_id(&response.headers))
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    ["x-request-id", "request-id", "x-log-id"]
        .iter()
        .find_map(|name| json::loggable_id(headers.get(*name)?.to_str().ok()?))
}

fn says_no_retry(headers: &HeaderMap) -> bool {
    headers.get("x-should-retry").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"false"))
}

/// The wait that an answer asks for: `retry-after-ms`, or `retry-after` in seconds or as a date, which is compared with
/// the date of the answer itself.
///
/// Source: RFC 9110 §10.2.3; `retry-after-ms` is in OpenAI's SDK, read 2026-11.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.trim().to_owned());
    let number = |name: &str| text(name)?.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
    let seconds = number("retry-after-ms").map(|ms| ms / 1_000.0).or_else(|| number("retry-after"));
    let wait = match seconds {
        Some(seconds) => Duration::from_secs_f64(seconds.min(LONGEST_WAIT.as_secs_f64())),
        None => {
            let date = |name: &str| jiff::fmt::rfc2822::parse(&text(name)?).ok();
            let (until, now) = (date("retry-after")?.timestamp(), date("date")?.timestamp());
            Duration::from_secs(u64::try_from(until.as_second() - now.as_second()).unwrap_or(0))
        }
    };
    Some(wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue, StatusCode};

    use super::*;

    fn response(status: u16, headers: &[(&'static str, &'static str)]) -> HttpResponse {
        headers.iter().fold(
            HttpResponse::new(StatusCode::from_u16(status).unwrap(), ""),
            |response, (name, value)| {
                response.with_header(HeaderName::from_static(name), HeaderValue::from_static(value))
            },
        )
    }

    #[test]
    fn hazard_23_the_wait_that_is_asked_for_is_read_in_every_form() {
        let date = ("date", "Wed, 21 Oct 2026 07:28:00 GMT");
        for (headers, expected) in [
            (vec![("retry-after", "7")], Some(Duration::from_secs(7))),
            (vec![("retry-after", "0.5")], Some(Duration::from_millis(500))),
            (vec![("retry-after-ms", "250"), ("retry-after", "7")], Some(Duration::from_millis(250))),
            (vec![("retry-after", "Wed, 21 Oct 2026 07:28:30 GMT"), date], Some(Duration::from_secs(30))),
            (vec![("retry-after", "Wed, 21 Oct 2026 07:27:30 GMT"), date], Some(Duration::ZERO)),
            (vec![("retry-after", "Wed, 21 Oct 2026 07:28:30 GMT")], None),
            (vec![("retry-after", "99999999999")], Some(LONGEST_WAIT)),
            (vec![("retry-after", "-3")], None),
            (vec![("retry-after", "NaN")], None),
            (vec![("retry-after", "soon")], None),
            (vec![], None),
        ] {
            let error = refusal("x", &response(429, &headers), LlmErrorKind::RateLimited, None);
            assert_eq!(error.advice, LlmAdvice::After(expected), "{headers:?}");
        }
    }

    #[test]
    fn a_server_that_says_so_is_not_asked_again() {
        let said = response(503, &[("x-should-retry", "false"), ("x-request-id", "req-7")]);
        let error = refusal("x", &said, LlmErrorKind::Overloaded, Some("E 1"));
        assert_eq!(error.advice, LlmAdvice::Elsewhere);
        assert_eq!(error.request_id.as_deref(), Some("req-7"));
        assert_eq!(error.code.as_deref(), Some("E1"));
    }

    #[test]
    fn every_status_has_a_kind() {
        for (status, kind, advice) in [
            (400, LlmErrorKind::BadRequest, LlmAdvice::Never),
            (401, LlmErrorKind::Auth, LlmAdvice::Elsewhere),
            (402, LlmErrorKind::Quota, LlmAdvice::Elsewhere),
            (403, LlmErrorKind::Auth, LlmAdvice::Elsewhere),
            (404, LlmErrorKind::BadRequest, LlmAdvice::Elsewhere),
            (408, LlmErrorKind::TimedOut, LlmAdvice::After(None)),
            (409, LlmErrorKind::Overloaded, LlmAdvice::After(None)),
            (413, LlmErrorKind::ContextTooLong, LlmAdvice::Never),
            (418, LlmErrorKind::Unexpected, LlmAdvice::Elsewhere),
            (429, LlmErrorKind::RateLimited, LlmAdvice::After(None)),
            (434, LlmErrorKind::Auth, LlmAdvice::Elsewhere),
            (435, LlmErrorKind::BadRequest, LlmAdvice::Never),
            (500, LlmErrorKind::Overloaded, LlmAdvice::After(None)),
            (529, LlmErrorKind::Overloaded, LlmAdvice::After(None)),
            (302, LlmErrorKind::Unexpected, LlmAdvice::Elsewhere),
        ] {
            let error = refusal("x", &response(status, &[]), kind_of_status(status), None);
            assert_eq!((error.kind, error.advice), (kind, advice), "{status}");
        }
    }
}
