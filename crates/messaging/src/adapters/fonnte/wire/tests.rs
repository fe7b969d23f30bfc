use crate::transport::BodyEnd;
use std::time::Duration;

use http::{HeaderValue, header};

use super::*;
use SendErrorKind as Kind;

fn response(status: u16, body: impl Into<Bytes>) -> HttpResponse {
    HttpResponse::new(StatusCode::from_u16(status).unwrap(), body)
}

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/fonnte/", $name))
    };
}

#[test]
fn the_form_is_the_sample() {
    let form = send_form("6281234567890", "Halo *Budi*\nKode: 482915 & 100%", "62", None);
    assert_eq!(form, sample!("send_request.form").trim_end());
    assert_eq!(validate_form("6281234567890", "62"), "target=6281234567890&countryCode=62");
}

#[test]
fn every_shape_of_success_is_accepted() {
    for (body, id, request) in [
        (sample!("send_ok.json"), Some("80367170"), Some("2937124")),
        (sample!("send_ok_nested_id.json"), Some("80833170"), None),
        (sample!("send_ok_string_id.json"), Some("80367170"), None),
        (sample!("send_ok_no_id.json"), None, None),
        (sample!("send_ok_bare.json"), None, None),
        (r#"{"STATUS":true,"Id":[80367170],"RequestId":"2937124"}"#, Some("80367170"), Some("2937124")),
        (r#"{"Status":"true","id":80367170}"#, Some("80367170"), None),
        (r#"{"status":1,"id":[],"data":{"ID":7}}"#, Some("7"), None),
        (r#"{"status":true,"id":null,"requestid":"call 0812 3456 7890"}"#, None, None),
        ("\u{FEFF} {\"status\":true}\n", None, None),
    ] {
        let accepted = accepted(&response(200, body)).unwrap();
        assert_eq!(accepted.message_id.as_ref().map(ProviderMessageId::as_str), id, "{body}");
        assert_eq!(accepted.request_id.as_deref(), request, "{body}");
    }
}

#[test]
fn a_failure_with_http_200_is_a_failure() {
    for (body, kind, code, request) in [
        (sample!("send_token_invalid.json"), Kind::Unauthenticated, "token invalid", Some("3799937")),
        (
            sample!("send_disconnected.json"),
            Kind::DeviceOffline,
            "request invalid on disconnected device",
            Some("331477110"),
        ),
        (sample!("send_quota.json"), Kind::QuotaExhausted, "insufficient quota", Some("331477111")),
    ] {
        let error = accepted(&response(200, body)).unwrap_err();
        assert_eq!((error.kind(), error.advice()), (kind, RetryAdvice::Never), "{body}");
        assert_eq!((error.provider_code(), error.request_id()), (Some(code), request), "{body}");
    }
}

/// Every reason of the facts, in the spelling of the provider, and some that are in no list.
#[test]
fn each_reason_has_its_kind() {
    for (reason, kind, code) in [
        ("token invalid", Kind::Unauthenticated, "token invalid"),
        ("Token Invalid ", Kind::Unauthenticated, "token invalid"),
        ("devices must belong to an account", Kind::Unauthenticated, "devices must belong to an account"),
        ("unknown user", Kind::Unauthenticated, "unknown user"),
        ("input invalid", Kind::Rejected, "input invalid"),
        ("url invalid", Kind::MediaRejected, "url invalid"),
        ("url unreachable", Kind::MediaRejected, "url unreachable"),
        ("file format not supported", Kind::MediaRejected, "file format not supported"),
        ("file size must under 4MB", Kind::MediaRejected, "file size must under 4mb"),
        ("target invalid", Kind::InvalidRecipient, "target invalid"),
        ("target required", Kind::InvalidRecipient, "target required"),
        (
            "target invalid, not registered on whatsapp",
            Kind::NotOnWhatsApp,
            "target invalid, not registered on whatsapp",
        ),
        ("JSON format invalid", Kind::Rejected, "json format invalid"),
        ("insufficient quota", Kind::QuotaExhausted, "insufficient quota"),
        (
            "request invalid on disconnected device",
            Kind::DeviceOffline,
            "request invalid on disconnected device",
        ),
        ("device disconnected", Kind::DeviceOffline, "device disconnected"),
        ("invalid/empty body value", Kind::Rejected, "invalid/empty body value"),
        ("id required", Kind::Rejected, "id required"),
        ("device already connect", Kind::Rejected, "device already connect"),
        ("device already disconnected", Kind::DeviceOffline, "device already disconnected"),
        ("device not found", Kind::Rejected, "device not found"),
        ("invalid device", Kind::Rejected, "invalid device"),
        ("otp haven't requested", Kind::Rejected, "otp haven't requested"),
        ("incorrect OTP", Kind::Rejected, "incorrect otp"),
        ("webhook url 6281234567890 is unreachable", Kind::Rejected, "webhook url"),
        // Not in the list: understood by a word, and logged by that word alone.
        ("your token 12345 has expired", Kind::Unauthenticated, "unlisted reason (token)"),
        ("6281234567890 is disconnected", Kind::DeviceOffline, "unlisted reason (disconnected)"),
        ("quota of the day is used up", Kind::QuotaExhausted, "unlisted reason (quota)"),
        ("number not registered", Kind::NotOnWhatsApp, "unlisted reason (not registered)"),
        ("target 6281234567890 is blocked", Kind::InvalidRecipient, "unlisted reason (target)"),
        ("something new about 6281234567890", Kind::Unexpected, "unlisted reason"),
        ("", Kind::Unexpected, "no reason given"),
    ] {
        for key in ["reason", "Reason", "detail", "message"] {
            let body = serde_json::json!({ "status": false, key: reason }).to_string();
            let error = accepted(&response(200, body)).unwrap_err();
            assert_eq!((error.kind(), error.advice()), (kind, RetryAdvice::Never), "{reason}");
            assert_eq!(error.provider_code(), Some(code), "{reason}");
            assert!(!format!("{error} {error:?}").contains("1234"), "{error:?}");
        }
    }
}

#[test]
fn a_reason_that_names_seconds_says_when_to_come_back() {
    for (reason, seconds) in [
        ("please wait 30 seconds before requesting new otp", Some(30)),
        ("delete failed. try again in 5 seconds", Some(5)),
        ("please wait 60000 seconds before requesting new otp", Some(3_600)),
        ("please wait", None),
    ] {
        let body = serde_json::json!({ "status": false, "reason": reason }).to_string();
        let error = accepted(&response(200, body)).unwrap_err();
        let advice = RetryAdvice::After(seconds.map(Duration::from_secs));
        assert_eq!((error.kind(), error.advice()), (Kind::RateLimited, advice), "{reason}");
    }
}

#[test]
fn what_is_shown_to_pair_a_device_is_read() {
    let by_code = PairingMethod::Code(crate::testing::sample_phone());
    let offer = |body: &str, method: &PairingMethod| pairing_offer(&response(200, body.to_owned()), method);
    let Ok(PairingOffer::Qr { qr: QrCode::Png(picture), valid_for: None }) =
        offer(sample!("qr_ok.json"), &PairingMethod::Qr)
    else {
        panic!("a picture")
    };
    assert!(picture.starts_with(b"\x89PNG"));
    let data_url = sample!("qr_ok.json").replace("\"url\":\"", "\"url\":\"data:image/png;base64,");
    assert!(matches!(offer(&data_url, &PairingMethod::Qr), Ok(PairingOffer::Qr { .. })));
    let Ok(PairingOffer::Code { code, .. }) = offer(sample!("qr_code.json"), &by_code) else {
        panic!("a code")
    };
    assert_eq!(code.expose(), "ABCD1234");
    for method in [PairingMethod::Qr, by_code.clone()] {
        assert_eq!(offer(sample!("qr_connected.json"), &method).unwrap(), PairingOffer::AlreadyConnected);
        for bad in [r#"{"status":true}"#, r#"{"status":true,"url":"aGFsbw==","code":""}"#, "<html>"] {
            assert_eq!(offer(bad, &method).unwrap_err().provider_code(), Some("unreadable_answer"), "{bad}");
        }
        let refused = offer(sample!("send_token_invalid.json"), &method).unwrap_err();
        assert_eq!(refused.kind(), Kind::Unauthenticated);
    }
    let long = format!(r#"{{"status":true,"code":"{}"}}"#, "A".repeat(65));
    assert!(offer(&long, &by_code).is_err());
}

#[test]
fn a_device_that_is_off_already_is_disconnected() {
    let done = |body: &'static str| disconnected(&response(200, body));
    assert!(done(sample!("disconnect_ok.json")).is_ok());
    assert!(done(sample!("disconnect_already.json")).is_ok());
    assert_eq!(done(sample!("send_token_invalid.json")).unwrap_err().kind(), Kind::Unauthenticated);
    assert!(done("").is_err());
}

#[test]
fn a_new_device_has_a_token() {
    let token = device_token(&response(200, sample!("add_device_ok.json"))).unwrap();
    assert_eq!(token.expose(), "made-up-device-token");
    assert!(device_token(&response(200, sample!("update_device_ok.json"))).is_err());
    assert!(success(&response(200, sample!("update_device_ok.json"))).is_ok());
}

/// What is certain of an answer that is neither a plain yes nor a plain no.
#[test]
fn other_answers_say_what_is_certain() {
    use RetryAdvice::{After, Ambiguous, Never};
    let html = "<html><body>502 Bad Gateway</body></html>";
    for (status, body, kind, advice, code) in [
        (200, "", Kind::Unavailable, Never, "unreadable_answer"),
        (200, html, Kind::Unavailable, Never, "unreadable_answer"),
        (200, "{\"status\":", Kind::Unavailable, Never, "unreadable_answer"),
        (200, "{}", Kind::Unavailable, Never, "unreadable_answer"),
        (200, "[true]", Kind::Unavailable, Never, "unreadable_answer"),
        (200, "true", Kind::Unavailable, Never, "unreadable_answer"),
        (200, r#"{"status":"sent"}"#, Kind::Unavailable, Never, "unreadable_answer"),
        (200, "\u{0}\u{1}", Kind::Unavailable, Never, "unreadable_answer"),
        (204, "", Kind::Unavailable, Never, "unreadable_answer"),
        (500, "", Kind::Unavailable, After(None), "http 500"),
        (500, html, Kind::Unavailable, After(None), "http 500"),
        (502, html, Kind::Unavailable, After(None), "http 502"),
        (503, "", Kind::Unavailable, After(None), "http 503"),
        (500, r#"{"status":false,"reason":"boom"}"#, Kind::Unavailable, After(None), "http 500"),
        (500, r#"{"status":false,"reason":"token invalid"}"#, Kind::Unauthenticated, Never, "token invalid"),
        (500, r#"{"status":true,"id":["1"]}"#, Kind::Unavailable, Ambiguous, "contradictory_answer"),
        (504, html, Kind::Unavailable, Ambiguous, "http 504"),
        (520, html, Kind::Unavailable, Ambiguous, "http 520"),
        (524, html, Kind::Unavailable, Ambiguous, "http 524"),
        (408, "", Kind::Unavailable, After(None), "http 408"),
        (429, "", Kind::RateLimited, After(None), "http 429"),
        (429, r#"{"status":false,"reason":"slow down"}"#, Kind::RateLimited, After(None), "http 429"),
        (401, "", Kind::Unauthenticated, Never, "http 401"),
        (403, html, Kind::Unauthenticated, Never, "http 403"),
        (400, "", Kind::Rejected, Never, "http 400"),
        (413, "", Kind::Rejected, Never, "http 413"),
        (404, html, Kind::Unexpected, Never, "http 404"),
        (301, "", Kind::Unexpected, Never, "http 301"),
    ] {
        let error = accepted(&response(status, body)).unwrap_err();
        assert_eq!((error.kind(), error.advice()), (kind, advice), "{status} {body}");
        assert_eq!(error.provider_code(), Some(code), "{status} {body}");
    }
}

#[test]
fn a_cut_answer_is_ambiguous_and_a_wait_is_kept() {
    let cut = response(200, "{\"status\":").with_end(BodyEnd::Cut);
    assert!(accepted(&cut).unwrap_err().is_ambiguous());
    // What was read before the cut says enough.
    let enough = response(200, "{\"status\":true}").with_end(BodyEnd::Cut);
    assert!(accepted(&enough).is_ok());
    let busy = response(503, "").with_header(header::RETRY_AFTER, HeaderValue::from_static("7"));
    assert_eq!(accepted(&busy).unwrap_err().advice(), RetryAdvice::After(Some(Duration::from_secs(7))));
    let limited = response(429, "").with_header(header::RETRY_AFTER, HeaderValue::from_static("60"));
    assert_eq!(accepted(&limited).unwrap_err().advice(), RetryAdvice::After(Some(Duration::from_secs(60))));
}

#[test]
fn a_device_is_read_with_its_quota_as_text() {
    let connected = device(&response(200, sample!("device_connect.json"))).unwrap();
    assert!(connected.connected);
    assert_eq!((connected.quota, connected.package.as_deref()), (Some(78), Some("Reguler")));
    assert_eq!(connected.expires.as_deref(), Some("18 November 2029"));
    assert_eq!(connected.paired, Some(true));
    assert_eq!(connected.phone, Some(crate::testing::sample_phone()));
    let gone = device(&response(200, sample!("device_disconnect.json"))).unwrap();
    assert_eq!((gone.connected, gone.paired, gone.quota), (false, None, Some(0)));
    let odd =
        device(&response(200, r#"{"status":true,"Device_Status":"Connect","quota":"unlimited"}"#)).unwrap();
    assert_eq!((odd.connected, odd.quota), (true, None));
    assert_eq!(
        device(&response(200, r#"{"status":true}"#)).unwrap_err().provider_code(),
        Some("unreadable_answer")
    );
    assert_eq!(
        device(&response(200, sample!("send_token_invalid.json"))).unwrap_err().kind(),
        Kind::Unauthenticated
    );
}

#[test]
fn a_number_check_is_read_for_its_own_number() {
    let check = |body: &'static str, digits: &str| number_check(&response(200, body), digits).unwrap();
    let registered = sample!("validate_registered.json");
    assert_eq!(check(registered, "6281234567890"), NumberCheckResult::OnWhatsApp);
    assert_eq!(check(registered, "6281234567891"), NumberCheckResult::Unknown);
    assert_eq!(
        check(sample!("validate_not_registered.json"), "6281234567890"),
        NumberCheckResult::NotOnWhatsApp
    );
    let error =
        number_check(&response(200, r#"{"status":false,"reason":"target required"}"#), "62").unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidRecipient);
}

#[test]
fn samples_hold_no_token_and_no_real_number() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/fonnte");
    let mut files = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        files += 1;
        assert!(!text.to_lowercase().contains("authorization"), "{text}");
        for digits in text.split(|c: char| !c.is_ascii_digit()) {
            let number_like = digits.len() >= 9 && (digits.starts_with("62") || digits.starts_with('0'));
            assert!(!number_like || digits == "6281234567890", "{digits}");
        }
    }
    assert!(files > 15);
}

proptest::proptest! {
    #[test]
    fn no_answer_panics_and_none_is_shown(status in 100_u16..1000, body in proptest::collection::vec(0_u8.., 0..200)) {
        let response = response(status, body);
        let _ = accepted(&response);
        let _ = device(&response);
        let _ = number_check(&response, "6281234567890");
    }

    #[test]
    fn no_json_panics(key in "(?i)status|reason|id|data|requestid", value in "[ -~]{0,40}") {
        for body in [format!("{{\"status\":true,\"{key}\":{value}}}"), serde_json::json!({"status": false, key: value}).to_string()] {
            if let Err(error) = accepted(&response(200, body)) {
                let code = error.provider_code().unwrap_or_default();
                let known = REASONS.iter().map(|(code, _)| *code).chain(WORDS.iter().map(|(.., code)| *code));
                let others = ["unlisted reason", "no reason given", "unreadable_answer"];
                proptest::prop_assert!(known.chain(others).any(|known| known == code), "{code}");
            }
        }
    }
}
