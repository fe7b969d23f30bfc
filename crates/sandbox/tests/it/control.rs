//! The control API.

use serde_json::json;

use crate::support::{PATIENCE, PHONE, client, control, send, start};

#[tokio::test]
async fn messages_are_listed_for_one_or_all() {
    let sandbox = start().await;
    send(&sandbox, "081234567890", "Kode:\n*123456*").await;
    send(&sandbox, "081234567891", "x").await;
    let (status, all) = control(&sandbox, "GET", "messages", None).await;
    assert_eq!((status, all["messages"].as_array().unwrap().len()), (200, 2));
    let (_, one) = control(&sandbox, "GET", "messages?phone=6281234567890", None).await;
    let message = &one["messages"][0];
    assert_eq!(one["messages"].as_array().unwrap().len(), 1);
    assert_eq!((&message["to"], &message["text"]), (&json!(PHONE), &json!("Kode:\n*123456*")));
    assert_eq!(message["direction"], "to_customer");
    assert!(message["id"].is_string() && message["at"].as_str().unwrap().ends_with('Z'), "{message}");
    assert!(["sent", "delivered"].contains(&message["status"].as_str().unwrap()));
}

#[tokio::test]
async fn a_customer_writes_and_reads() {
    let sandbox = start().await;
    send(&sandbox, PHONE, "Halo").await;
    let (status, read) = control(&sandbox, "POST", "read", Some(r#"{"phone":"081234567890"}"#)).await;
    assert_eq!((status, &read["read"]), (200, &json!(1)));
    let body = json!({"from": PHONE, "text": "Ya?"}).to_string();
    let (status, written) = control(&sandbox, "POST", "messages", Some(&body)).await;
    assert_eq!((status, &written["message"]["from"]), (201, &json!(PHONE)));
    assert_eq!(written["message"]["to"], sandbox.device_number());
    let (_, list) = control(&sandbox, "GET", &format!("messages?phone={PHONE}"), None).await;
    assert_eq!(list["messages"][0]["status"], "read");
    assert_eq!(list["messages"][1]["direction"], "from_customer");
}

#[tokio::test]
async fn faults_are_planned_listed_and_cleared() {
    let sandbox = start().await;
    let fault =
        json!({"kind": "refuse", "reason": "insufficient quota", "endpoint": "send", "trigger": {"next": 2}});
    let (status, added) = control(&sandbox, "POST", "faults", Some(&fault.to_string())).await;
    assert_eq!((status, &added["success"]), (201, &json!(true)));
    assert_eq!(send(&sandbox, PHONE, "x").await["reason"], "insufficient quota");
    let (_, list) = control(&sandbox, "GET", "faults", None).await;
    assert_eq!((&list["faults"][0]["kind"], &list["faults"][0]["seen"]), (&json!("refuse"), &json!(1)));
    assert_eq!(list["faults"][0]["id"], added["id"]);
    assert_eq!(control(&sandbox, "DELETE", "faults", None).await.0, 200);
    assert_eq!(send(&sandbox, PHONE, "x").await["status"], true);
}

#[tokio::test]
async fn what_cannot_be_understood_is_a_400_that_says_why() {
    let sandbox = start().await;
    let check = async |call: &str, body: &str, expected: &str| {
        let (status, answer) = control(&sandbox, "POST", call, Some(body)).await;
        assert_eq!((status, &answer["success"]), (400, &json!(false)), "{call} {body}");
        assert!(answer["error"].as_str().unwrap().contains(expected), "{answer}");
    };
    check("faults", r#"{"kind":"explode"}"#, "unknown kind; known are: refuse").await;
    check("faults", r#"{"kind":"refuse","phnoe":"1"}"#, "unknown field `phnoe`").await;
    check("faults", "", "one JSON object").await;
    check("messages", r#"{"from":"x","text":"y"}"#, "from must be a number").await;
    check("messages", r#"{"from":"6281234567890","text":" "}"#, "text must have").await;
    check("messages", "{", "EOF").await;
    check("device", r#"{"conected":true}"#, "unknown field").await;
    check("read", "{}", "missing field").await;
    assert_eq!(control(&sandbox, "PUT", "messages", None).await.0, 405);
    assert_eq!(control(&sandbox, "GET", "nothing", None).await.0, 404);
}

#[tokio::test]
async fn the_device_is_steered_and_the_sandbox_reset() {
    let sandbox = start().await;
    let body = r#"{"connected":false,"quota":5}"#;
    let (status, device) = control(&sandbox, "POST", "device", Some(body)).await;
    assert_eq!(
        (status, &device["connected"], &device["devices"][0]["quota"]),
        (200, &json!(false), &json!(5))
    );
    assert_eq!(send(&sandbox, PHONE, "x").await["status"], false);
    let (_, requests) = control(&sandbox, "GET", "requests", None).await;
    assert_eq!(requests["requests"][0]["authorization"], "accepted");
    assert!(!requests.to_string().contains(sandbox.token()), "the token is not shown");
    assert_eq!(control(&sandbox, "POST", "reset", None).await.0, 200);
    let (_, device) = control(&sandbox, "GET", "device", None).await;
    assert_eq!((&device["connected"], &device["devices"][0]["quota"]), (&json!(true), &json!(1000)));
    let (_, requests) = control(&sandbox, "GET", "requests", None).await;
    assert_eq!(requests, json!({"requests": []}));
}

#[tokio::test]
async fn pages_of_other_sites_cannot_steer_it() {
    let sandbox = start().await;
    for (site, expected) in [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)] {
        let request =
            client().post(format!("{}/sandbox/api/reset", sandbox.url())).header("Sec-Fetch-Site", site);
        assert_eq!(request.send().await.unwrap().status(), expected, "{site}");
    }
}

#[tokio::test]
async fn a_message_written_over_http_and_one_sent_share_one_chat() {
    let sandbox = start().await;
    let body = json!({"from": "081234567890", "text": "Halo"}).to_string();
    control(&sandbox, "POST", "messages", Some(&body)).await;
    send(&sandbox, PHONE, "Halo juga").await;
    let texts: Vec<_> = sandbox.messages_to(PHONE).into_iter().map(|message| message.text).collect();
    assert_eq!(texts, ["Halo", "Halo juga"]);
    // What the customer wrote is not what a test waits for.
    assert_eq!(sandbox.wait_for_message(PHONE, PATIENCE).await.unwrap().text, "Halo juga");
}
