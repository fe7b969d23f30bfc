//! The phone page as a browser loads it.

use crate::support::{client, start};

#[tokio::test]
async fn the_page_and_its_files_come_with_a_strict_policy() {
    let sandbox = start().await;
    let expected = [
        ("/sandbox/", "text/html; charset=utf-8"),
        ("/sandbox", "text/html; charset=utf-8"),
        ("/sandbox/phone?phone=6281234567890", "text/html; charset=utf-8"),
        ("/sandbox/phone.css", "text/css; charset=utf-8"),
        ("/sandbox/phone.js", "text/javascript; charset=utf-8"),
        ("/sandbox/markup.js", "text/javascript; charset=utf-8"),
        ("/sandbox/icon.svg", "image/svg+xml"),
        ("/sandbox/wallpaper.svg", "image/svg+xml"),
    ];
    for (path, content_type) in expected {
        let response = client().get(format!("{}{path}", sandbox.url())).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], content_type, "{path}");
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'self'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    }
    let page =
        client().get(format!("{}/sandbox/", sandbox.url())).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Belum ada pesan"), "an empty phone explains itself");
}

#[tokio::test]
async fn the_root_leads_to_the_page_and_unknown_files_do_not_exist() {
    let sandbox = start().await;
    let root = client().get(sandbox.url()).send().await.unwrap();
    assert_eq!((root.status().as_u16(), root.url().path()), (200, "/sandbox/"));
    assert_eq!(client().get(format!("{}/sandbox/x.js", sandbox.url())).send().await.unwrap().status(), 404);
    assert_eq!(client().post(format!("{}/sandbox/", sandbox.url())).send().await.unwrap().status(), 405);
}
