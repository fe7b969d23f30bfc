use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use wartel_access::testing::MockApiKeyStore;
use wartel_access::{ApiKey, ApiKeyId, CreateKey, Scope};
use wartel_core::{StoreError, StoreErrorKind, TenantId};
use wartel_http::HttpConfig;
use wartel_http::axum::body::{Body, Bytes};
use wartel_http::axum::http::{Method, StatusCode};

use super::{Program, START, every_route, signed};
use crate::app::{Answer, PHONE, RequestExt as _, Setup, TestApp, raw_json_request, request};

#[track_caller]
fn refused(answer: Answer) {
    let answer = answer.problem(401, "unauthorized");
    assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"wartel\", error=\"invalid_token\"");
    assert_eq!(answer.json["message"], "Kunci API tidak ada atau tidak berlaku.");
}

#[tokio::test]
async fn without_a_key_nothing_is_answered() {
    let app = TestApp::new();
    for request in every_route() {
        let path = request.uri().to_string();
        let answer = app.call(request).await.problem(401, "unauthorized");
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"wartel\"", "{path}");
    }
    for bad in ["", "Bearer", "Basic d3RsX3g6eA==", "wtl_", "Token wtl_x"] {
        for request in every_route() {
            let answer = app.call(request.header("authorization", bad)).await.problem(401, "unauthorized");
            assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"wartel\"", "{bad}");
        }
    }
    app.assert_nothing_stored("no key");
}

#[tokio::test]
async fn a_wrong_key_is_refused_and_repeated_nowhere() {
    let program = Program::new().await;
    let wrong = format!("{}{}", &program.key[..16], &ApiKey::generate().unwrap().expose()[16..]);
    for key in ["wtl_", "x", &wrong, ApiKey::generate().unwrap().expose(), &program.key[..58]] {
        for request in every_route() {
            let answer = program.app.call(signed(request, key)).await;
            assert!(key.len() < 5 || !answer.text().contains(key));
            refused(answer);
        }
    }
    program.app.assert_nothing_stored("a wrong key");
    // The word before the key may be written in any way.
    let asked = request(Method::GET, "/v1/verifications/x", Body::empty());
    let asked = asked.header("authorization", &format!("bearer  {}", program.key));
    program.app.call(asked).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_key_that_is_revoked_or_over_is_refused() {
    let program = Program::new().await;
    program.start(PHONE).await;
    let id = ApiKeyId::parse(&program.key[4..16]).unwrap();
    let tenant = TenantId::parse("toko-budi").unwrap();
    program.app.keys.revoke(&tenant, &id, "tests").await.unwrap().unwrap();
    for request in every_route() {
        refused(program.call(request).await);
    }
    let short = CreateKey::new(tenant, "short").valid_for(Some(Duration::from_secs(60)));
    let short = program.app.keys.create(short, "tests").await.unwrap();
    let asked = || signed(request(Method::GET, "/v1/verifications/x", Body::empty()), short.key.expose());
    program.app.call(asked()).await.problem(404, "not_found");
    program.app.clock.advance(Duration::from_secs(60));
    refused(program.app.call(asked()).await);
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say() {
    let program = Program::new().await;
    let path = program.start(PHONE).await;
    let read = program.app.key("toko-budi", &[Scope::VerificationsRead]).await;
    let write = program.app.key("toko-budi", &[Scope::VerificationsWrite]).await;
    for request in every_route() {
        let reads = request.method() == Method::GET;
        let (wrong, scope) =
            if reads { (&write, "verifications:read") } else { (&read, "verifications:write") };
        let answer = program.app.call(signed(request, wrong)).await.problem(403, "forbidden");
        let challenge = format!("Bearer realm=\"wartel\", error=\"insufficient_scope\", scope=\"{scope}\"");
        assert_eq!(answer.header("www-authenticate"), challenge);
        assert!(answer.json["detail"].as_str().unwrap().contains(scope));
    }
    let get = || request(Method::GET, &path, Body::empty());
    program.app.call(signed(get(), &read)).await.expect(StatusCode::OK);
    let delete = request(Method::DELETE, &path, Body::empty());
    program.app.call(signed(delete, &write)).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn the_bodies_of_strangers_are_not_read() {
    let app = TestApp::new();
    let never = Body::from_stream(futures_util::stream::pending::<Result<Bytes, Infallible>>());
    app.call(raw_json_request(START, never)).await.problem(401, "unauthorized");
}

#[tokio::test(start_paused = true)]
async fn a_store_of_keys_that_is_down_lets_nobody_in_and_refuses_nobody() {
    let mut down = MockApiKeyStore::new();
    down.expect_find().returning(|_| Err(StoreError::new(StoreErrorKind::Unavailable, "access.find")));
    let app = TestApp::with(Setup { keys: Some(Arc::new(down)), ..Setup::default() });
    let key = ApiKey::generate().unwrap();
    for request in every_route() {
        app.call(signed(request, key.expose())).await.problem(503, "store_unavailable");
    }
    app.assert_nothing_stored("the store of keys is down");
}

#[tokio::test]
async fn pages_of_other_origins_cannot_call() {
    let mut config = HttpConfig::default();
    config.cors_origins = vec!["https://toko.example".to_owned()];
    let program = Program::with(Setup { config, ..Setup::default() }).await;
    let preflight = request(Method::OPTIONS, START, Body::empty())
        .header("origin", "https://toko.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type");
    let answer = program.app.call(preflight).await;
    assert!(answer.headers.get("access-control-allow-origin").is_none(), "{:?}", answer.headers);
    let asked = crate::app::json_request(START, json!({"phone": PHONE, "purpose": "login"}));
    let answer = program.call(asked.header("origin", "https://toko.example")).await;
    assert!(answer.headers.get("access-control-allow-origin").is_none());
}
