//! The event stream, read as a browser reads it.

use futures_util::StreamExt as _;
use wartel_sandbox::Sandbox;

use crate::support::{PATIENCE, PHONE, client, quick, send, start};

/// Collects the stream until `enough` says so.
async fn read_until(
    sandbox: &Sandbox,
    query: &str,
    last_id: Option<&str>,
    act: impl AsyncFnOnce(),
    enough: impl Fn(&str) -> bool,
) -> String {
    let mut request = reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .get(format!("{}/sandbox/api/events{query}", sandbox.url()));
    if let Some(id) = last_id {
        request = request.header("Last-Event-ID", id);
    }
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut stream = response.bytes_stream();
    let mut text = String::new();
    // The greeting says that the stream is open; what happens from here on must be in it.
    text.push_str(std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap());
    act().await;
    let reading = async {
        while !enough(&text) {
            text.push_str(std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap());
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("the events come");
    text
}

#[tokio::test]
async fn messages_and_their_statuses_come_live_and_can_be_resumed() {
    let sandbox = start().await;
    let act = async || {
        send(&sandbox, "081234567891", "bukan untukmu").await;
        send(&sandbox, PHONE, "Halo").await;
    };
    let query = format!("?phone={PHONE}");
    let text =
        read_until(&sandbox, &query, None, act, |text| text.contains("\"status\":\"delivered\"")).await;
    assert!(text.starts_with("retry: 1000\n"), "{text}");
    assert!(text.contains("event: message\ndata: {") && text.contains("\"text\":\"Halo\""), "{text}");
    assert!(text.contains("event: status\ndata: {"), "{text}");
    assert!(!text.contains("bukan untukmu"), "only this customer's events");

    let first_id = text.lines().find_map(|line| line.strip_prefix("id: ")).unwrap();
    let resumed =
        read_until(&sandbox, &query, Some(first_id), async || {}, |text| text.contains("delivered")).await;
    assert!(!resumed.contains("event: message") && !resumed.contains("event: reset"), "{resumed}");

    let other_run =
        read_until(&sandbox, "?last_event_id=0-1", None, async || {}, |text| text.contains("reset")).await;
    assert!(other_run.contains("event: reset"));
}

#[tokio::test]
async fn resets_and_the_device_are_told() {
    let sandbox = start().await;
    let act = async || {
        sandbox.set_connected(false);
        sandbox.reset();
    };
    let text = read_until(&sandbox, "", None, act, |text| text.contains("event: reset")).await;
    assert!(text.contains("event: device") && text.contains("\"connected\":false"), "{text}");
}

#[tokio::test]
async fn closing_the_streams_ends_them() {
    let sandbox = quick().start().await.unwrap();
    let response = client().get(format!("{}/sandbox/api/events", sandbox.url())).send().await.unwrap();
    sandbox.close_streams();
    let text = tokio::time::timeout(PATIENCE, response.text()).await.expect("the stream ends").unwrap();
    assert!(text.contains(": connected"));
}
