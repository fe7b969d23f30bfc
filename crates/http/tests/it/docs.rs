//! The description is that of the routes, no more and no less; the page needs nobody else.

use std::collections::BTreeSet;

use serde_json::Value;
use wartel_http::axum::body::Body;
use wartel_http::axum::http::{Method, StatusCode};
use wartel_http::{HttpConfig, ProblemCode};

use crate::app::{Setup, TestApp, request};

/// Pages and their files are not part of the interface for programs.
const PAGES: [&str; 5] =
    ["/docs", "/docs/scalar.js", "/docs/start.js", "/register", "/register/assets/{file}"];

async fn spec(app: &TestApp) -> Value {
    let answer = app.get("/openapi.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "application/json"));
    answer.json
}

/// The paths of the router itself, which shows them in its `Debug` only: every text in quotes that begins with `/`,
/// but for the two of the fallback (that `/` is no route is shown elsewhere).
fn paths_of_router(app: &TestApp) -> BTreeSet<String> {
    let shown = format!("{:?}", app.router);
    let is_fallback = |path: &str| path == "/" || path == "/{*__private__axum_fallback}";
    shown.split('"').filter(|text| text.starts_with('/') && !is_fallback(text)).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_description_has_every_route_and_no_other() {
    let app = TestApp::new();
    let described: BTreeSet<String> =
        spec(&app).await["paths"].as_object().unwrap().keys().cloned().collect();
    let mut routed = paths_of_router(&app);
    for page in PAGES {
        assert!(routed.remove(page), "{page} is not routed");
    }
    assert_eq!(routed, described);
    assert_eq!(described.len(), 36);
}

#[tokio::test]
async fn the_description_has_every_method_and_no_other() {
    let app = TestApp::new();
    let spec = spec(&app).await;
    for (path, operations) in spec["paths"].as_object().unwrap() {
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let described = operations.get(method.as_str().to_lowercase()).is_some();
            let names = ["{id}", "{token}", "{entry}", "{code}", "{account}", "{contact}"];
            let concrete = names.into_iter().fold(path.clone(), |path, name| path.replace(name, "x"));
            let answer = app.call(request(method.clone(), &concrete, Body::empty())).await;
            assert_eq!(answer.status != StatusCode::METHOD_NOT_ALLOWED, described, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn the_description_is_openapi_3_1_and_complete() {
    let app = TestApp::new();
    let spec = spec(&app).await;
    assert_eq!(spec["openapi"], "3.1.0");
    assert_eq!(spec["info"]["title"], "Wartel");
    let scheme = &spec["components"]["securitySchemes"]["api_key"];
    assert_eq!((&scheme["type"], &scheme["scheme"]), (&Value::from("http"), &Value::from("bearer")));
    let text = spec.to_string();
    // Every reference leads somewhere.
    for reference in text.split("\"$ref\":\"#/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(spec.pointer(&format!("/{reference}")).is_some(), "{reference}");
    }
    // Every code that a public route answers with is named where it is described.
    for code in ProblemCode::ALL.into_iter().filter(|code| *code != ProblemCode::Internal) {
        assert!(text.contains(&format!("`{}`", code.as_str())), "{}", code.as_str());
    }
    for (path, operations) in spec["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{method} {path}");
            assert!(!operation["responses"].as_object().unwrap().is_empty());
            // What needs a key says so, and nothing else does.
            let needs_a_key = operation["security"][0]["api_key"].is_array();
            assert_eq!(needs_a_key, path.starts_with("/v1/"), "{method} {path}");
            assert_eq!(operation["responses"].get("401").is_some() && needs_a_key, needs_a_key);
        }
    }
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere() {
    let app = TestApp::new();
    let page = app.get("/docs").await;
    assert_eq!((page.status, page.header("content-type")), (StatusCode::OK, "text/html; charset=utf-8"));
    assert!(!page.text().contains("//"), "no address of another host");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("script-src 'self';") && policy.contains("connect-src 'self';"), "{policy}");
    assert!(!policy.contains("http") && !policy.contains('*'), "{policy}");
    for script in ["/docs/scalar.js", "/docs/start.js"] {
        let answer = app.get(script).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (StatusCode::OK, "text/javascript; charset=utf-8")
        );
        assert!(page.text().contains(&format!("src=\"{script}\"")));
    }
    assert!(app.get("/docs/scalar.js").await.bytes.len() > 1_000_000);
}

#[tokio::test]
async fn the_description_can_be_switched_off() {
    let mut config = HttpConfig::default();
    config.docs = false;
    let app = TestApp::with(Setup { config, ..Setup::default() });
    for path in ["/openapi.json", "/docs", "/docs/scalar.js"] {
        app.get(path).await.problem(404, "not_found");
    }
}
