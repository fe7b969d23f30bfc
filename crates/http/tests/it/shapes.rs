//! What holds for every route: problems, sizes, types, ids, headers.

use std::convert::Infallible;
use std::time::Duration;

use serde_json::json;
use wartel_http::axum::Router;
use wartel_http::axum::body::{Body, Bytes};
use wartel_http::axum::http::{Method, StatusCode};
use wartel_http::axum::routing::get;
use wartel_http::{Http, HttpConfig};

use crate::app::{
    PHONE, REGISTER, REQUEST_OTP, RequestExt as _, Setup, TestApp, VERIFY_OTP, call, json_request,
    raw_json_request, request,
};
use crate::store::Mode;

const POSTS: [&str; 3] = [REQUEST_OTP, VERIFY_OTP, REGISTER];

#[tokio::test]
async fn paths_that_are_not_there() {
    let app = TestApp::new();
    for path in [
        "/",
        "/nowhere-canary",
        "/api",
        "/api/registrations",
        "/webhook",
        "/docs/",
        "/register/",
        "/%00",
        "/%ff",
        "/api/registrations/public/",
        "/api/registrations/public/../public",
        "/?a=b",
        "//",
        "/health",
    ] {
        let answer = app.get(path).await.problem(404, "not_found");
        assert!(!answer.text().contains("canary"), "the path is not repeated");
    }
    let english = request(Method::GET, "/nowhere", Body::empty()).header("accept-language", "en");
    assert_eq!(app.call(english).await.json["message"], "Not found.");
    assert_eq!(app.get("/nowhere").await.json["message"], "Tidak ditemukan.");
}

#[tokio::test]
async fn methods_that_are_not_there() {
    let app = TestApp::new();
    for path in POSTS {
        for method in [
            Method::GET,
            Method::PUT,
            Method::DELETE,
            Method::PATCH,
            Method::OPTIONS,
            Method::from_bytes(b"BREW").unwrap(),
        ] {
            let answer = app.call(request(method, path, Body::empty())).await.problem(405, "invalid_request");
            assert_eq!(answer.header("allow"), "POST");
        }
    }
    for path in ["/health/ready", "/openapi.json", "/register", "/api/verifications/x"] {
        let answer =
            app.call(request(Method::POST, path, Body::empty())).await.problem(405, "invalid_request");
        assert_eq!(answer.header("allow"), "GET,HEAD");
    }
}

#[tokio::test]
async fn bodies_up_to_64_kib_are_read() {
    for path in POSTS {
        let app = TestApp::new();
        for size in [64 * 1024 + 1, 1024 * 1024] {
            let body = format!("{{\"phone\":\"{PHONE}\",\"full_name\":\"{}\"}}", "x".repeat(size));
            app.call(raw_json_request(path, body)).await.problem(413, "invalid_request");
            // The same without a length beforehand.
            let chunks = (0..=size / 1_024).map(|_| Ok::<_, Infallible>(Bytes::from(vec![b' '; 1_024])));
            let stream = Body::from_stream(futures_util::stream::iter(chunks));
            app.call(raw_json_request(path, stream)).await.problem(413, "invalid_request");
        }
        app.assert_nothing_stored(path);
    }
    let app = TestApp::new();
    let mut body = json!({"phone": PHONE, "full_name": "Test User"}).to_string();
    body.push_str(&" ".repeat(64 * 1024 - body.len()));
    app.call(raw_json_request(REQUEST_OTP, body)).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn only_json_is_taken() {
    for path in POSTS {
        let app = TestApp::new();
        let body =
            json!({"phone": PHONE, "full_name": "Test User", "otp": "123456", "proof": "x"}).to_string();
        for content_type in [
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/jsonp",
            "application/xml",
        ] {
            let request = request(Method::POST, path, body.clone()).header("content-type", content_type);
            app.call(request).await.problem(415, "invalid_request");
        }
        app.call(request(Method::POST, path, body)).await.problem(415, "invalid_request");
        app.assert_nothing_stored(path);
    }
    let app = TestApp::new();
    let request = json_request(REQUEST_OTP, json!({"phone": PHONE, "full_name": "Test User"}));
    app.call(request.header("content-type", "application/json; charset=utf-8")).await.expect(StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_not_waited_for() {
    let app = TestApp::new();
    let endless = || Body::from_stream(futures_util::stream::pending::<Result<Bytes, Infallible>>());
    let before = tokio::time::Instant::now();
    app.call(raw_json_request(REQUEST_OTP, endless())).await.problem(408, "invalid_request");
    let webhook = format!("/webhook/whatsapp/{}", crate::app::WEBHOOK_TOKEN);
    app.call(request(Method::POST, &webhook, endless())).await.problem(408, "invalid_request");
    assert!(before.elapsed() <= Duration::from_secs(20));
    app.assert_nothing_stored("an endless body");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused() {
    let app = TestApp::new();
    let broken = futures_util::stream::iter([
        Ok(Bytes::from_static(b"{\"phone\"")),
        Err(std::io::Error::other("cut")),
    ]);
    app.call(raw_json_request(REQUEST_OTP, Body::from_stream(broken))).await.problem(400, "invalid_request");
    app.assert_nothing_stored("a broken body");
}

/// An app with routes that misbehave, mounted as embedders mount their own.
fn misbehaving() -> Router {
    let mut config = HttpConfig::default();
    config.request_timeout = Duration::from_secs(1);
    let http = Http::new(config).unwrap();
    let own = Router::new()
        .route("/panics", get(async || -> &'static str { panic!("canary 081234567890") }))
        .route("/hangs", get(async || std::future::pending::<&'static str>().await))
        .route("/policy", get(async || [("content-security-policy", "default-src 'self'")]));
    http.app(http.health_routes(Vec::new()).nest_service("/own", own))
}

#[tokio::test(start_paused = true)]
async fn handlers_that_panic_or_hang_are_answered_for() {
    let app = misbehaving();
    let answer =
        call(&app, request(Method::GET, "/own/panics", Body::empty())).await.problem(500, "internal");
    assert!(!answer.text().contains("canary"));
    let english = request(Method::GET, "/own/hangs", Body::empty()).header("accept-language", "en");
    let answer = call(&app, english).await.problem(503, "store_unavailable");
    assert!(answer.json["message"].as_str().unwrap().starts_with("The service"));
    let answer = call(&app, request(Method::GET, "/own/policy", Body::empty())).await;
    assert_eq!(answer.header("content-security-policy"), "default-src 'self'", "a route's own policy stays");
}

#[tokio::test]
async fn an_engine_that_panics_is_answered_for() {
    let app = TestApp::new();
    app.store.set(Mode::Panics);
    let body = json!({"phone": PHONE, "full_name": "Test User"});
    app.post(REQUEST_OTP, body).await.problem(500, "internal");
}

#[tokio::test]
async fn every_answer_has_an_id_and_harmless_headers() {
    let app = TestApp::new();
    for (method, path) in [
        (Method::GET, "/nowhere"),
        (Method::GET, "/health/live"),
        (Method::GET, "/register"),
        (Method::POST, REQUEST_OTP),
        (Method::PUT, REGISTER),
    ] {
        let answer = app.call(request(method.clone(), path, Body::empty())).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("cache-control"), "no-store");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        let id = answer.header("x-request-id").to_owned();
        assert_eq!(id.len(), 36, "a new id");
        let again = app.call(request(method, path, Body::empty())).await;
        assert_ne!(again.header("x-request-id"), id);
    }
}

#[tokio::test]
async fn sane_ids_of_callers_are_kept_and_others_replaced() {
    let app = TestApp::new();
    let long = "a".repeat(65);
    for (given, kept) in [
        ("abc-123_X-of-a-caller", true),
        ("0192d4e0-7b1a-7c3f-9b2e-3f1a5c7d9e0b", true),
        ("081234567890", false),
        ("+6281234567890", false),
        ("123456", false),
        ("evil\tid", false),
        ("a b", false),
        ("<script>", false),
        (long.as_str(), false),
    ] {
        let answer =
            app.call(request(Method::GET, "/health/live", Body::empty()).header("x-request-id", given)).await;
        assert_eq!(answer.header("x-request-id") == given, kept, "{given}");
    }
    // A line break cannot even become a header, here or in any answer.
    assert!(wartel_http::axum::http::HeaderValue::from_str("a\r\nx: y").is_err());
    let body = json!({"phone": "0812\r\nX-Evil: 1", "full_name": "a\r\nSet-Cookie: x=1"});
    let answer = app.post(REQUEST_OTP, body).await.problem(400, "invalid_request");
    assert!(answer.headers.get("x-evil").is_none() && answer.headers.get("set-cookie").is_none());
}

#[tokio::test]
async fn other_origins_may_call_only_when_listed() {
    let preflight = || {
        request(Method::OPTIONS, REQUEST_OTP, Body::empty())
            .header("origin", "https://toko.example")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type")
    };
    let closed = TestApp::new();
    let answer = closed.call(preflight()).await.problem(405, "invalid_request");
    assert!(answer.headers.get("access-control-allow-origin").is_none());

    let mut config = HttpConfig::default();
    config.cors_origins = vec!["https://toko.example".to_owned()];
    let open = TestApp::with(Setup { config, ..Setup::default() });
    let answer = open.call(preflight()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("access-control-allow-origin"), "https://toko.example");
    assert!(answer.headers.get("access-control-allow-credentials").is_none());
    let other = preflight().header("origin", "https://evil.example");
    assert!(open.call(other).await.headers.get("access-control-allow-origin").is_none());
    // Problems can be read by listed pages too.
    let ask = json_request(REQUEST_OTP, json!({})).header("origin", "https://toko.example");
    let answer = open.call(ask).await.problem(400, "invalid_request");
    assert_eq!(answer.header("access-control-allow-origin"), "https://toko.example");
}

#[tokio::test]
async fn routes_alone_speak_the_callers_language_too() {
    let http = Http::new(HttpConfig::default()).unwrap();
    let app = TestApp::new();
    let router = http.verification_routes(app.otp.clone()).into_router();
    let ask = request(Method::GET, "/api/verifications/x", Body::empty()).header("accept-language", "en");
    let answer = call(&router, ask).await;
    assert_eq!((answer.status, &answer.json["message"]), (StatusCode::NOT_FOUND, &json!("Not found.")));
    let answer = call(&router, request(Method::DELETE, "/api/verifications/x", Body::empty())).await;
    assert_eq!(
        (answer.status, &answer.json["code"]),
        (StatusCode::METHOD_NOT_ALLOWED, &json!("invalid_request"))
    );
}
