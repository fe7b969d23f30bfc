use http::StatusCode;

use super::*;
use SendErrorKind as Kind;

fn error(status: u16, body: impl Into<bytes::Bytes>) -> SendError {
    send_error(&HttpResponse::new(StatusCode::from_u16(status).unwrap(), body))
}

#[test]
fn each_code_has_its_kind_and_advice() {
    let wait = RetryAdvice::After(Some(Duration::from_secs(2)));
    let ambiguous = RetryAdvice::Ambiguous;
    let mut seen = Vec::new();
    for (status, code, message, kind, advice) in [
        (
            404,
            "DEVICE_NOT_FOUND",
            "device not found; create a device first from /api/devices or provide a valid X-Device-Id",
            Kind::DeviceOffline,
            NEVER,
        ),
        (400, "DEVICE_ID_REQUIRED", "device_id is required", Kind::Rejected, NEVER),
        (503, "DEVICE_MANAGER_UNAVAILABLE", "device manager", Kind::Unavailable, AGAIN),
        (
            400,
            "VALIDATION_ERROR",
            "phone number must be in international format (should not start with 0). For Indonesian numbers, use \
             62xxx format instead of 08xxx",
            Kind::InvalidRecipient,
            NEVER,
        ),
        (400, "VALIDATION_ERROR", "message: cannot be blank.", Kind::Rejected, NEVER),
        (
            400,
            "INVALID_JID",
            "Phone 6281234567890@s.whatsapp.net is not on whatsapp",
            Kind::NotOnWhatsApp,
            NEVER,
        ),
        (400, "INVALID_JID", "user is not registered", Kind::NotOnWhatsApp, NEVER),
        (400, "INVALID_JID", "invalid JID", Kind::InvalidRecipient, NEVER),
        (401, "AUTHENTICATION_ERROR", "you are not logged in", Kind::DeviceOffline, NEVER),
        (
            401,
            "AUTHENTICATION_ERROR",
            "you are not connect to services server, please reconnect",
            Kind::DeviceOffline,
            AGAIN,
        ),
        (400, "ALREADY_LOGGED_IN", "you are already logged in.", Kind::Rejected, NEVER),
        (500, "QR_CHANNEL_ERROR", "qr channel", Kind::Unavailable, AGAIN),
        (
            500,
            "SESSION_SAVED_ERROR",
            "your session have been saved, please wait to connect 2 second and refresh again",
            Kind::DeviceOffline,
            wait,
        ),
        (500, "INVALID_WA_CLI", "your WhatsApp CLI is invalid or empty", Kind::DeviceOffline, NEVER),
        (500, "WEBHOOK_ERROR", "webhook", Kind::Unexpected, NEVER),
        (500, "UPLOAD_MEDIA_ERROR", "failed to upload", Kind::MediaRejected, AGAIN),
        (500, "INTERNAL_SERVER_ERROR", "timed out", Kind::Unavailable, ambiguous),
        (
            500,
            "INTERNAL_SERVER_ERROR",
            "device toko-1 is not logged in (session deleted)",
            Kind::DeviceOffline,
            NEVER,
        ),
        (404, "NOT_FOUND", "not found", Kind::Rejected, NEVER),
        (
            429,
            "WA_REACHOUT_TIMELOCK",
            "WhatsApp rejected this send with error 463 (reach-out timelock).",
            Kind::ReachoutLocked,
            NEVER,
        ),
        (504, "GATEWAY_TIMEOUT", "timeout", Kind::Unavailable, ambiguous),
    ] {
        let body = serde_json::json!({ "code": code, "message": message, "results": null }).to_string();
        let error = error(status, body);
        assert_eq!((error.kind(), error.advice()), (kind, advice), "{code}: {message}");
        assert_eq!(error.provider_code(), Some(code));
        assert!(!format!("{error} {error:?}").contains("81234567890"));
        seen.push(code);
    }
    assert!(CODES.iter().all(|(code, ..)| seen.contains(code)));
}

#[test]
fn without_a_code_that_is_known_nothing_is_tried_again_blindly() {
    for (status, body, kind, advice, code) in [
        (401, "Unauthorized", Kind::Unauthenticated, NEVER, "http 401"),
        (502, "<html>", Kind::Unavailable, AGAIN, "http 502"),
        (504, "<html>", Kind::Unavailable, RetryAdvice::Ambiguous, "http 504"),
        (429, r#"{"code":"SLOW_DOWN"}"#, Kind::RateLimited, AGAIN, "http 429"),
        (
            500,
            r#"{"code":"SOMETHING_NEW","message":"6281234567890"}"#,
            Kind::Unexpected,
            NEVER,
            "unlisted code",
        ),
        (200, r#"{"code":"SOMETHING_NEW"}"#, Kind::Unexpected, NEVER, "unlisted code"),
        (200, r#"{"code":"SUCCESS","results":{}}"#, Kind::Unavailable, NEVER, "unreadable_answer"),
        (200, "", Kind::Unavailable, NEVER, "unreadable_answer"),
    ] {
        let error = error(status, body);
        assert_eq!((error.kind(), error.advice()), (kind, advice), "{status} {body}");
        assert_eq!(error.provider_code(), Some(code), "{status} {body}");
    }
}
