//! What the errors of these servers mean. Of their bodies only the code is kept.

use serde_json::Value;
use wartel_messaging::transport::HttpResponse;

use super::config::Profile;
use crate::llm::wire::{json, kind_of_status, refusal, zai};
use crate::llm::{LlmAdvice, LlmError, LlmErrorKind};

/// The error of a refusal: of a bad status, or of an `error` that rides on a good one.
pub(super) fn refused(
    profile: Profile,
    backend: &str,
    response: &HttpResponse,
    body: Option<&Value>,
) -> LlmError {
    let error = body.and_then(|body| json::at(body, &["error"]));
    let code = error.and_then(|error| json::scalar(error, &["code"]));
    let word = error.and_then(|error| json::scalar(error, &["type"]));
    let known = code.as_deref().and_then(|code| known(profile, code));
    let known = known.or_else(|| word.as_deref().and_then(|word| self::known(profile, word)));
    let shown = code.as_deref().or(word.as_deref());
    let (kind, only_here) =
        known.unwrap_or_else(|| (unknown(profile, response.status.as_u16(), code.as_deref()), false));
    let error = refusal(backend, response, kind, shown);
    if only_here { error.with_advice(LlmAdvice::Elsewhere) } else { error }
}

/// A code that is not known is judged by the status. Z.AI uses 429 for an empty balance and a locked account too, so there
/// an unknown code is no reason to ask again.
fn unknown(profile: Profile, status: u16, code: Option<&str>) -> LlmErrorKind {
    let number = code.and_then(|code| code.parse::<u16>().ok());
    match (status, number) {
        // llama.cpp and proxies repeat the status as the code.
        (200..=299, Some(status @ 400..=599)) => kind_of_status(status),
        (200..=299, _) => LlmErrorKind::Unexpected,
        (429, Some(_)) if profile == Profile::Zai => LlmErrorKind::Unexpected,
        _ => kind_of_status(status),
    }
}

/// What a code means, and whether it is about this backend only.
fn known(profile: Profile, code: &str) -> Option<(LlmErrorKind, bool)> {
    if profile == Profile::Zai {
        return zai::kind_of_code(code);
    }
    // Source: platform.openai.com error codes and the source of llama.cpp's server, read 2026-11.
    let kind = match code {
        "invalid_api_key" | "authentication_error" | "permission_error" | "account_deactivated" => {
            LlmErrorKind::Auth
        }
        "insufficient_quota" | "billing_not_active" | "billing_hard_limit_reached" => LlmErrorKind::Quota,
        "rate_limit_exceeded" | "rate_limit_error" => LlmErrorKind::RateLimited,
        "context_length_exceeded" | "exceed_context_size_error" => LlmErrorKind::ContextTooLong,
        "content_filter" | "content_policy_violation" => LlmErrorKind::Blocked,
        "server_error" | "overloaded_error" | "unavailable_error" => LlmErrorKind::Overloaded,
        "model_not_found" | "not_found_error" => return Some((LlmErrorKind::BadRequest, true)),
        _ => return None,
    };
    Some((kind, false))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderValue, StatusCode, header};
    use serde_json::json;

    use super::*;

    fn of(profile: Profile, status: u16, body: &Value) -> LlmError {
        let response = HttpResponse::new(StatusCode::from_u16(status).unwrap(), body.to_string());
        refused(profile, "x/y", &response, Some(body))
    }

    #[test]
    fn hazards_23_24_25_every_code_of_zai_has_a_kind_and_advice() {
        use LlmErrorKind as Kind;
        const AFTER: LlmAdvice = LlmAdvice::After(None);
        let rows: [(&[u16], Kind, LlmAdvice); 10] = [
            (&[1302, 1303], Kind::RateLimited, AFTER),
            (&[1200, 1230, 1305], Kind::Overloaded, AFTER),
            (&[1234], Kind::CutOff, AFTER),
            (
                &[1113, 1304, 1308, 1309, 1310, 1311, 1313, 1314, 1315, 1316, 1317, 1318, 1319, 1320, 1321],
                Kind::Quota,
                LlmAdvice::Elsewhere,
            ),
            (
                &[1000, 1001, 1002, 1003, 1004, 1005, 1100, 1110, 1111, 1112, 1120, 1121, 1220],
                Kind::Auth,
                LlmAdvice::Elsewhere,
            ),
            (&[1210, 1212, 1213, 1214, 1215, 1231], Kind::BadRequest, LlmAdvice::Never),
            (&[1211, 1221, 1222], Kind::BadRequest, LlmAdvice::Elsewhere),
            (&[1261], Kind::ContextTooLong, LlmAdvice::Never),
            (&[1300, 1301], Kind::Blocked, LlmAdvice::Never),
            (&[1312, 1399, 9999], Kind::Unexpected, LlmAdvice::Elsewhere),
        ];
        for (codes, kind, advice) in rows {
            for code in codes {
                // The code decides, not the status: an error may ride on a 200, and 429 stands for many things.
                for status in [200, 429] {
                    let text = of(
                        Profile::Zai,
                        status,
                        &json!({"error": {"code": code.to_string(), "message": "m"}}),
                    );
                    let number = of(Profile::Zai, status, &json!({"error": {"code": code, "message": "m"}}));
                    for error in [text, number] {
                        assert_eq!((error.kind, error.advice), (kind, advice), "{code} on {status}");
                        assert_eq!(error.code, Some(code.to_string()));
                    }
                }
            }
        }
    }

    #[test]
    fn codes_of_the_others_have_a_kind_too() {
        use LlmErrorKind as Kind;
        for (status, error, kind) in [
            (401, json!({"code": "invalid_api_key", "type": "invalid_request_error"}), Kind::Auth),
            (
                401,
                json!({"code": 401, "message": "Invalid API Key", "type": "authentication_error"}),
                Kind::Auth,
            ),
            (429, json!({"code": "rate_limit_exceeded", "type": "tokens"}), Kind::RateLimited),
            (429, json!({"code": "insufficient_quota", "type": "insufficient_quota"}), Kind::Quota),
            (429, json!({"code": null, "type": "requests"}), Kind::RateLimited),
            (400, json!({"code": "context_length_exceeded"}), Kind::ContextTooLong),
            (400, json!({"code": 400, "type": "exceed_context_size_error"}), Kind::ContextTooLong),
            (400, json!({"code": "content_filter"}), Kind::Blocked),
            (400, json!({"code": "unsupported_value"}), Kind::BadRequest),
            (503, json!({"code": 503, "type": "unavailable_error"}), Kind::Overloaded),
            (200, json!({"code": 429, "message": "slow down"}), Kind::RateLimited),
            (200, json!({"code": 502}), Kind::Overloaded),
            (200, json!("words"), Kind::Unexpected),
            (500, json!(null), Kind::Overloaded),
        ] {
            let found = of(Profile::Custom, status, &json!({"error": error}));
            assert_eq!(found.kind, kind, "{status} {error}");
        }
        let missing = of(Profile::OpenAi, 404, &json!({"error": {"code": "model_not_found"}}));
        assert_eq!((missing.kind, missing.advice), (Kind::BadRequest, LlmAdvice::Elsewhere));
    }

    #[test]
    fn hazard_50_no_text_of_a_body_and_the_wait_that_is_asked_for() {
        let body = json!({"error": {"code": "1302", "message": "key hush.hush of 6281234567890"}});
        let response = HttpResponse::new(StatusCode::TOO_MANY_REQUESTS, body.to_string())
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("9"));
        let error = refused(Profile::Zai, "zai/glm", &response, Some(&body));
        assert_eq!(error.advice, LlmAdvice::After(Some(Duration::from_secs(9))));
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("hush") && !shown.contains("62812"), "{shown}");
        assert_eq!(error.to_string(), "zai/glm: rate_limited (code 1302)");
    }
}
