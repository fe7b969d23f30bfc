use std::collections::HashSet;

use http::{HeaderName, HeaderValue, header};
use serde_json::json;

use super::*;
use SendErrorKind as Kind;

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/twilio/", $name))
    };
}

fn response(status: u16, body: impl Into<bytes::Bytes>) -> HttpResponse {
    HttpResponse::new(StatusCode::from_u16(status).unwrap(), body)
}

fn coded(status: u16, code: i64) -> SendError {
    send_error(&response(status, json!({ "code": code, "message": "to +6281234567890" }).to_string()))
}

const NEVER: RetryAdvice = RetryAdvice::Never;
const LATER: RetryAdvice = RetryAdvice::After(None);

/// Written a second time, from the meanings of the documentation, so that a slip in the table is seen.
#[test]
fn every_code_has_its_kind_and_advice() {
    let day = RetryAdvice::After(Some(Duration::from_secs(86_400)));
    let rows: &[(&[i64], Kind, RetryAdvice)] = &[
        (&[20_003, 63_001], Kind::Unauthenticated, NEVER),
        (&[20_429, 63_018], Kind::RateLimited, LATER),
        (&[63_049], Kind::RateLimited, day),
        (&[21_211, 63_003, 63_024], Kind::InvalidRecipient, NEVER),
        (&[21_610], Kind::OptedOut, NEVER),
        (&[21_612, 63_007, 63_020, 63_022], Kind::DeviceOffline, NEVER),
        (&[21_655, 21_656, 63_027, 63_028, 63_029, 63_030], Kind::TemplateRejected, NEVER),
        (&[20_404, 63_005, 63_013, 63_015, 63_021, 63_032], Kind::Rejected, NEVER),
        (&[63_010, 63_012], Kind::Unavailable, LATER),
        (&[63_016], Kind::OutsideWindow, NEVER),
        (&[63_019, 63_025], Kind::MediaRejected, NEVER),
    ];
    let mut seen = HashSet::new();
    for (codes, kind, advice) in rows {
        for code in *codes {
            let error = coded(400, *code);
            assert_eq!((error.kind(), error.advice()), (*kind, *advice), "{code}");
            assert_eq!(error.provider_code(), Some(code.to_string().as_str()));
            assert!(!format!("{error} {error:?}").contains("62812"));
            assert_eq!(super::kind(*code), Some(*kind));
            seen.insert(*code);
        }
    }
    assert!(CODES.iter().all(|(code, ..)| seen.contains(code)), "a code of the table is not tested");
}

#[test]
fn an_unknown_code_is_unexpected_and_never_sent_again() {
    for (status, code) in [(400, 63_999), (500, 1), (503, -7)] {
        let error = coded(status, code);
        assert_eq!((error.kind(), error.advice()), (Kind::Unexpected, NEVER), "{code}");
    }
    assert_eq!(coded(429, 63_999).kind(), Kind::RateLimited);
    assert_eq!(super::kind(63_999), None);
}

#[test]
fn the_samples_are_understood() {
    for (status, body, kind, code) in [
        (400, sample!("error_invalid_to.json"), Kind::InvalidRecipient, "21211"),
        (401, sample!("error_auth.json"), Kind::Unauthenticated, "20003"),
        (429, sample!("error_too_many.json"), Kind::RateLimited, "20429"),
        (201, sample!("send_failed_at_once.json"), Kind::OutsideWindow, "63016"),
    ] {
        let answer = response(status, body)
            .with_header(HeaderName::from_static("twilio-request-id"), HeaderValue::from_static("RQ17"))
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("3"));
        let error = send_error(&answer);
        assert_eq!((error.kind(), error.provider_code()), (kind, Some(code)));
        assert_eq!(error.request_id(), Some("RQ17"));
        let waits = error.advice() == RetryAdvice::After(Some(Duration::from_secs(3)));
        assert_eq!(waits, kind == Kind::RateLimited);
    }
}

#[test]
fn without_a_code_the_status_speaks() {
    for (status, body, kind) in [
        (502, "<html>", Kind::Unavailable),
        (429, "", Kind::RateLimited),
        (401, "{}", Kind::Unauthenticated),
        (404, "", Kind::Unexpected),
    ] {
        assert_eq!(send_error(&response(status, body)).kind(), kind, "{status}");
    }
}
