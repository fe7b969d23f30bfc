use std::collections::HashSet;

use http::{HeaderName, HeaderValue, header};
use serde_json::json;

use super::*;
use SendErrorKind as Kind;

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/cloud_api/", $name))
    };
}

fn response(status: u16, body: impl Into<bytes::Bytes>) -> HttpResponse {
    HttpResponse::new(StatusCode::from_u16(status).unwrap(), body)
}

fn coded(status: u16, code: i64) -> SendError {
    let body = json!({ "error": { "message": "to 6281234567890", "code": code, "fbtrace_id": "AbC-1_x" } });
    send_error(&response(status, body.to_string()))
}

const NEVER: RetryAdvice = RetryAdvice::Never;
const LATER: RetryAdvice = RetryAdvice::After(None);

const fn after(seconds: u64) -> RetryAdvice {
    RetryAdvice::After(Some(Duration::from_secs(seconds)))
}

/// Written a second time, from the classes of the documentation, so that a slip in the table is seen.
#[test]
fn every_code_has_its_kind_and_advice() {
    let rows: &[(&[i64], Kind, RetryAdvice)] = &[
        (&[0, 190, 3, 10, 200, 219, 299, 131_005], Kind::Unauthenticated, NEVER),
        (&[4, 80_007, 130_429], Kind::RateLimited, LATER),
        (&[131_048], Kind::RateLimited, NEVER),
        (&[131_056], Kind::RateLimited, after(6)),
        (&[131_049, 131_064], Kind::RateLimited, after(86_400)),
        (&[133_016], Kind::PairingThrottled, NEVER),
        (&[368, 131_031, 130_497], Kind::Banned, NEVER),
        (&[1, 2, 131_000, 131_016, 131_057], Kind::Unavailable, LATER),
        (&[33, 100, 130_472, 131_008, 131_009, 131_021, 131_030, 131_037], Kind::Rejected, NEVER),
        (&[135_000, 137_000], Kind::Rejected, NEVER),
        (&[131_026], Kind::NotOnWhatsApp, NEVER),
        (&[131_042, 131_044], Kind::QuotaExhausted, NEVER),
        (&[131_045, 133_010], Kind::DeviceOffline, NEVER),
        (&[131_047], Kind::OutsideWindow, NEVER),
        (&[131_050], Kind::OptedOut, NEVER),
        (&[131_051, 131_062, 131_063], Kind::Unsupported, NEVER),
        (&[131_052, 131_053], Kind::MediaRejected, NEVER),
        (&[132_000, 132_001, 132_005, 132_007, 132_008, 132_012], Kind::TemplateRejected, NEVER),
        (&[132_015, 132_016, 132_068, 132_069], Kind::TemplateRejected, NEVER),
    ];
    let mut seen = HashSet::new();
    for (codes, kind, advice) in rows {
        for code in *codes {
            // The status differs between the documentation and the wire, and changes nothing.
            for status in [400, 403, 500] {
                let error = coded(status, *code);
                assert_eq!((error.kind(), error.advice()), (*kind, *advice), "{code}");
                assert_eq!(error.provider_code(), Some(code.to_string().as_str()));
                assert_eq!(error.request_id(), Some("AbC-1_x"));
                assert!(!format!("{error} {error:?}").contains("62812"));
            }
            assert_eq!(super::kind(*code), Some(*kind));
            seen.insert(*code);
        }
    }
    assert!(CODES.iter().all(|(code, ..)| seen.contains(code)), "a code of the table is not tested");
}

#[test]
fn an_unknown_code_is_unexpected_and_never_sent_again() {
    for (status, code) in [(400, 131_999), (500, 131_999), (503, -1), (200, 7)] {
        let error = coded(status, code);
        assert_eq!((error.kind(), error.advice()), (Kind::Unexpected, NEVER), "{code}");
    }
    assert_eq!(coded(429, 131_999).kind(), Kind::RateLimited);
    assert_eq!(super::kind(131_999), None);
}

#[test]
fn the_samples_are_understood() {
    for (status, body, kind, advice, code) in [
        (401, sample!("error_token_expired.json"), Kind::Unauthenticated, NEVER, "190/463"),
        (429, sample!("error_rate_limit.json"), Kind::RateLimited, LATER, "130429"),
        (400, sample!("error_pair_limit.json"), Kind::RateLimited, after(6), "131056"),
        (400, sample!("error_template_params.json"), Kind::TemplateRejected, NEVER, "132000"),
        (400, sample!("error_unknown_object.json"), Kind::Rejected, NEVER, "100/33"),
    ] {
        let error = send_error(&response(status, body));
        assert_eq!((error.kind(), error.advice(), error.provider_code()), (kind, advice, Some(code)));
        assert_eq!(error.request_id(), Some("AbCdEf-Gh_1jKlMnOpQrStU"));
    }
}

#[test]
fn headers_say_how_long_to_wait() {
    let usage = HeaderName::from_static("x-business-use-case-usage");
    let minutes =
        r#"{"102290129340398":[{"type":"whatsapp","call_count":100,"estimated_time_to_regain_access":2},
        {"estimated_time_to_regain_access":15}],"9":[]}"#
            .replace('\n', "");
    for (code, headers, seconds) in [
        (130_429, vec![(header::RETRY_AFTER, "7".to_owned())], Some(7)),
        (130_429, vec![(usage.clone(), minutes.clone())], Some(900)),
        (130_429, vec![(header::RETRY_AFTER, "1200".to_owned()), (usage.clone(), minutes)], Some(1_200)),
        (130_429, vec![(usage.clone(), "{".to_owned())], None),
        (130_429, vec![(usage, r#"{"1":[{"estimated_time_to_regain_access":0}]}"#.to_owned())], None),
        (131_056, vec![(header::RETRY_AFTER, "2".to_owned())], Some(6)),
        (131_056, vec![(header::RETRY_AFTER, "20".to_owned())], Some(20)),
        (
            4,
            vec![
                (header::DATE, "Mon, 30 Nov 2026 08:00:00 GMT".to_owned()),
                (header::RETRY_AFTER, "Mon, 30 Nov 2026 08:00:40 GMT".to_owned()),
            ],
            Some(40),
        ),
    ] {
        let mut answer = response(429, json!({ "error": { "code": code } }).to_string());
        for (name, value) in headers {
            answer = answer.with_header(name, HeaderValue::from_str(&value).unwrap());
        }
        let expected = RetryAdvice::After(seconds.map(Duration::from_secs));
        assert_eq!(send_error(&answer).advice(), expected, "{code} {seconds:?}");
    }
}

#[test]
fn without_a_code_the_status_speaks() {
    for (status, body, kind) in [
        (502, "<html>", Kind::Unavailable),
        (429, "", Kind::RateLimited),
        (401, "{}", Kind::Unauthenticated),
        (400, r#"{"error":"no object"}"#, Kind::Rejected),
        (302, "", Kind::Unexpected),
    ] {
        assert_eq!(send_error(&response(status, body)).kind(), kind, "{status}");
    }
}
