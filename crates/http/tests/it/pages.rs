use wartel_http::HttpConfig;
use wartel_http::axum::body::Body;
use wartel_http::axum::http::{Method, StatusCode};

use crate::app::{RequestExt as _, Setup, TestApp, request};

#[tokio::test]
async fn the_page_speaks_the_language_that_is_asked_for() {
    let app = TestApp::new();
    for (path, accept, lang, words) in [
        ("/register", "", "id", "Kirim kode"),
        ("/register", "en-US,en;q=0.9", "en", "Send code"),
        ("/register?lang=en", "id", "en", "Send code"),
        ("/register?lang=id", "en", "id", "Kirim kode"),
        ("/register?lang=fr", "en", "en", "Send code"),
        ("/register?lang=%22%3E%3Cscript%3E", "", "id", "Kirim kode"),
    ] {
        let page =
            app.call(request(Method::GET, path, Body::empty()).header("accept-language", accept)).await;
        assert_eq!((page.status, page.header("content-type")), (StatusCode::OK, "text/html; charset=utf-8"));
        assert!(page.text().contains(&format!("<html lang=\"{lang}\">")), "{path} {accept}");
        assert!(page.text().contains(words));
        assert_eq!(page.header("content-language"), lang);
        assert!(!page.text().contains("<script>"));
    }
}

#[tokio::test]
async fn the_page_and_its_policy_allow_nothing_inline_and_nobody_else() {
    let app = TestApp::new();
    let page = app.get("/register").await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("script-src 'self';") && policy.contains("style-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    let html = page.text();
    assert!(!html.contains("http://") && !html.contains("https://"));
    for inline in [" onclick=", " onload=", " style=", "<style", "javascript:"] {
        assert!(!html.contains(inline), "{inline}");
    }
    assert!(html.contains("<noscript>") && html.contains("Toko Budi"));
    assert!(html.contains("autocomplete=\"one-time-code\"") && html.contains("inputmode=\"numeric\""));
    assert!(html.contains("maxlength=\"6\""));
    // Every field has a label and a place for its error.
    for field in ["full_name", "phone", "otp", "data-full_name", "data-email", "data-address"] {
        assert!(
            html.contains(&format!("for=\"{field}\"")) && html.contains(&format!("id=\"{field}-error\"")),
            "{field}"
        );
    }
}

#[tokio::test]
async fn the_files_of_the_page_are_kept_for_good() {
    let app = TestApp::new();
    let page = app.get("/register").await;
    let files: Vec<&str> =
        page.text().split('"').filter(|text| text.starts_with("register/assets/")).collect();
    assert_eq!(files.len(), 2);
    for file in files {
        let answer = app.get(&format!("/{file}")).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.header("cache-control").contains("immutable"));
        assert!(answer.header("content-type").starts_with("text/"));
        assert!(!answer.text().contains("innerHTML") && !answer.text().contains("http"), "{file}");
    }
    for unknown in [
        "/register/assets/other.js",
        "/register/assets/",
        "/register/assets/..%2fregister.css",
        "/register/assets/%ff",
    ] {
        app.get(unknown).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn the_sandbox_is_linked_only_where_there_is_one() {
    assert!(!TestApp::new().get("/register").await.text().contains("sandbox-link"));
    let mut config = HttpConfig::default();
    config.sandbox_link = Some("/sandbox/".to_owned());
    let app = TestApp::with(Setup { config, ..Setup::default() });
    assert!(app.get("/register").await.text().contains("href=\"/sandbox/\""));
}
