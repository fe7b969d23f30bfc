//! The handler as another server mounts it.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use serde_json::Value;

use crate::support::{PHONE, send, start};

fn request(method: &str, path: &str, body: &'static str) -> Request<Full<Bytes>> {
    Request::builder().method(method).uri(path).body(Full::new(Bytes::from_static(body.as_bytes()))).unwrap()
}

#[tokio::test]
async fn paths_work_with_and_without_their_prefix() {
    let sandbox = start().await;
    send(&sandbox, PHONE, "x").await;
    let handle = sandbox.handle();
    for path in ["/", "/sandbox", "/sandbox/", "/phone.css", "/sandbox/phone.css", "/phone?phone=62"] {
        assert_eq!(handle.handle(request("GET", path, "")).await.status(), 200, "{path}");
    }
    for path in ["/api/messages", "/sandbox/api/messages"] {
        let response = handle.handle(request("GET", path, "")).await;
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["messages"].as_array().unwrap().len(), 1, "{path}");
    }
}

#[tokio::test]
async fn the_provider_is_not_mounted() {
    let sandbox = start().await;
    let handle = sandbox.handle();
    for path in ["/send", "/sandbox/send", "/sandboxed/api/messages"] {
        assert_eq!(handle.handle(request("POST", path, "target=62")).await.status(), 404, "{path}");
    }
    assert!(sandbox.requests().is_empty());
}

#[tokio::test]
async fn its_future_can_be_spawned() {
    let sandbox = start().await;
    let handle = sandbox.handle();
    let task = tokio::spawn(async move { handle.handle(request("POST", "/api/reset", "")).await.status() });
    assert_eq!(task.await.unwrap(), 200);
}
