//! What the errors of the Messages API mean. Of their bodies only the code is kept.

use serde_json::Value;
use wartel_messaging::transport::HttpResponse;

use crate::llm::wire::{json, kind_of_status, refusal, zai};
use crate::llm::{LlmAdvice, LlmError, LlmErrorKind};

/// The error of a refusal: of a bad status, or of an `error` that rides on a good one.
pub(super) fn refused(backend: &str, response: &HttpResponse, body: Option<&Value>) -> LlmError {
    let error = body.and_then(|body| json::at(body, &["error"]));
    let word = error.and_then(|error| json::scalar(error, &["type"]));
    let code = error.and_then(|error| json::scalar(error, &["code"]));
    let message = error.and_then(|error| json::text(error, &["message"])).unwrap_or_default();
    let of_zai = code.as_deref().or(word.as_deref()).filter(|code| zai::is_code(code));
    let (kind, only_here) = match (of_zai, word.as_deref()) {
        (Some(code), _) => zai::kind_of_code(code).unwrap_or((LlmErrorKind::Unexpected, false)),
        (None, Some(word)) => of_type(word, message).unwrap_or_else(|| (by_status(response), false)),
        (None, None) => (by_status(response), false),
    };
    let error = refusal(backend, response, kind, of_zai.or(word.as_deref()));
    if only_here { error.with_advice(LlmAdvice::Elsewhere) } else { error }
}

fn by_status(response: &HttpResponse) -> LlmErrorKind {
    if response.status.is_success() {
        LlmErrorKind::Unexpected
    } else {
        kind_of_status(response.status.as_u16())
    }
}

/// What a type means, and whether it is about this backend only. Two things have no type of their own and are told apart by
/// the message, which is looked at and not kept.
///
/// Source: docs.anthropic.com errors, read 2026-11; the two messages are unproven.
fn of_type(word: &str, message: &str) -> Option<(LlmErrorKind, bool)> {
    let message = message.to_ascii_lowercase();
    let kind = match word {
        "invalid_request_error" if message.contains("prompt is too long") => LlmErrorKind::ContextTooLong,
        "invalid_request_error" if message.contains("credit balance") => LlmErrorKind::Quota,
        "invalid_request_error" => LlmErrorKind::BadRequest,
        "authentication_error" | "permission_error" => LlmErrorKind::Auth,
        "billing_error" => LlmErrorKind::Quota,
        "not_found_error" => return Some((LlmErrorKind::BadRequest, true)),
        "request_too_large" => LlmErrorKind::ContextTooLong,
        "rate_limit_error" => LlmErrorKind::RateLimited,
        "timeout_error" => LlmErrorKind::TimedOut,
        "api_error" | "overloaded_error" => LlmErrorKind::Overloaded,
        _ => return None,
    };
    Some((kind, false))
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_type_has_a_kind_and_advice() {
        use LlmErrorKind as Kind;
        const AFTER: LlmAdvice = LlmAdvice::After(None);
        for (status, error, kind, advice) in [
            (400, json!({"type": "invalid_request_error"}), Kind::BadRequest, LlmAdvice::Never),
            (
                400,
                json!({"type": "invalid_request_error", "message": "Prompt is too long: 210000 tokens"}),
                Kind::ContextTooLong,
                LlmAdvice::Never,
            ),
            (
                400,
                json!({"type": "invalid_request_error", "message": "Your credit balance is too low"}),
                Kind::Quota,
                LlmAdvice::Elsewhere,
            ),
            (401, json!({"type": "authentication_error"}), Kind::Auth, LlmAdvice::Elsewhere),
            (402, json!({"type": "billing_error"}), Kind::Quota, LlmAdvice::Elsewhere),
            (403, json!({"type": "permission_error"}), Kind::Auth, LlmAdvice::Elsewhere),
            (404, json!({"type": "not_found_error"}), Kind::BadRequest, LlmAdvice::Elsewhere),
            (413, json!({"type": "request_too_large"}), Kind::ContextTooLong, LlmAdvice::Never),
            (429, json!({"type": "rate_limit_error"}), Kind::RateLimited, AFTER),
            (500, json!({"type": "api_error"}), Kind::Overloaded, AFTER),
            (504, json!({"type": "timeout_error"}), Kind::TimedOut, AFTER),
            (529, json!({"type": "overloaded_error"}), Kind::Overloaded, AFTER),
            // Z.AI's Anthropic route, 1113 on whatever status.
            (429, json!({"type": "1113", "code": "1113"}), Kind::Quota, LlmAdvice::Elsewhere),
            (429, json!({"type": "rate_limit_error", "code": "1308"}), Kind::Quota, LlmAdvice::Elsewhere),
            (429, json!({"type": "rate_limit_error", "code": "1302"}), Kind::RateLimited, AFTER),
            (429, json!({"type": "1399"}), Kind::Unexpected, LlmAdvice::Elsewhere),
            (200, json!({"type": "overloaded_error"}), Kind::Overloaded, AFTER),
            (200, json!({"type": "new_error"}), Kind::Unexpected, LlmAdvice::Elsewhere),
            (503, json!(null), Kind::Overloaded, AFTER),
        ] {
            let body = json!({"type": "error", "error": error});
            let response = HttpResponse::new(StatusCode::from_u16(status).unwrap(), body.to_string());
            let found = refused("anthropic/x", &response, Some(&body));
            assert_eq!((found.kind, found.advice), (kind, advice), "{status} {error}");
            assert!(!found.to_string().contains("oo l"), "{found}");
        }
    }
}
