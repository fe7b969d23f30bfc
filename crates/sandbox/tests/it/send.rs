//! `/send`: bodies, answers and refusals.

use std::time::Duration;

use serde_json::{Value, json};
use wartel_sandbox::{Authorization, Direction, MessageStatus, Sandbox, SandboxError};

use crate::support::{PATIENCE, PHONE, ask, client, provider, quick, send, start};

#[tokio::test]
async fn a_form_is_accepted_with_the_documented_answer() {
    let sandbox = start().await;
    let answer = ask(
        &sandbox,
        "/send",
        &[("target", "081234567890"), ("message", "Halo *Budi*"), ("countryCode", "62")],
    )
    .await;
    assert_eq!(answer["status"], true);
    assert_eq!(answer["detail"], "success! message in queue");
    assert_eq!(answer["process"], "pending");
    assert_eq!(answer["target"], json!([PHONE]));
    assert!(answer["requestid"].is_u64(), "{answer}");
    let id = answer["id"][0].as_str().expect("ids are texts in a list");
    assert!(id.bytes().all(|b| b.is_ascii_digit()));

    let message = sandbox.wait_for_message("081234567890", PATIENCE).await.unwrap();
    assert_eq!((message.id.as_str(), message.to.as_str(), message.text.as_str()), (id, PHONE, "Halo *Budi*"));
    assert_eq!(message.direction, Direction::ToCustomer);
    assert_eq!(message.from, sandbox.device_number());

    let request = sandbox.requests().pop().unwrap();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/send"));
    assert_eq!(request.content_type.as_deref(), Some("application/x-www-form-urlencoded"));
    assert_eq!(request.authorization, Authorization::Accepted);
    assert_eq!(request.field("target"), Some("081234567890"));
    assert_eq!(request.field("countryCode"), Some("62"));
}

#[tokio::test]
async fn json_and_multipart_are_accepted_too() {
    let sandbox = start().await;
    let body = json!({"target": PHONE, "message": "dari json", "schedule": 0, "connectOnly": true});
    let answer: Value = provider(&sandbox, "/send").json(&body).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["target"], json!([PHONE]));

    let file = reqwest::multipart::Part::bytes(vec![0; 1000]).file_name("nota.pdf");
    let form = reqwest::multipart::Form::new()
        .text("target", "081234567890")
        .text("message", "dari multipart")
        .part("file", file);
    let answer: Value =
        provider(&sandbox, "/send").multipart(form).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["status"], true, "{answer}");

    let messages = sandbox.messages_to(PHONE);
    assert_eq!(messages[0].text, "dari json");
    assert_eq!(messages[1].text, "dari multipart");
    assert_eq!(messages[1].attachment.as_deref(), Some("nota.pdf"));
    assert_eq!(sandbox.requests()[1].files[0].size, 1000);
}

#[tokio::test]
async fn a_base_path_before_the_endpoint_is_tolerated() {
    let sandbox = start().await;
    let answer = ask(&sandbox, "/fonnte/send", &[("target", PHONE), ("message", "x")]).await;
    assert_eq!(answer["status"], true);
    assert_eq!(sandbox.requests()[0].path, "/fonnte/send");
    assert_eq!(sandbox.requests()[0].endpoint(), "send");
}

#[tokio::test]
async fn token_errors_have_a_capital_status_and_come_with_200() {
    let sandbox = start().await;
    let url = format!("{}/send", sandbox.url());
    let form = [("target", PHONE), ("message", "x")];
    let wrong = [None, Some("other".to_owned()), Some(format!("Bearer {}", sandbox.token()))];
    for token in wrong {
        let mut request = client().post(&url).form(&form);
        if let Some(token) = &token {
            request = request.header("Authorization", token);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        let answer: Value = response.json().await.unwrap();
        assert_eq!(answer["Status"], false, "{answer}");
        assert_eq!(answer["reason"], "token invalid");
        assert!(answer.get("status").is_none());
    }
    let seen: Vec<_> = sandbox.requests().iter().map(|request| request.authorization).collect();
    assert_eq!(seen, [Authorization::Missing, Authorization::Refused, Authorization::Refused]);
    assert!(sandbox.messages().is_empty());
}

#[tokio::test]
async fn refusals_name_their_reason() {
    let sandbox = start().await;
    let check = async |form: &[(&str, &str)], reason: &str| {
        let answer = ask(&sandbox, "/send", form).await;
        assert_eq!((&answer["status"], &answer["reason"]), (&json!(false), &json!(reason)), "{form:?}");
    };
    check(&[("message", "x")], "target invalid").await;
    check(&[("target", "hello"), ("message", "x")], "target invalid").await;
    check(&[("target", PHONE), ("message", "")], "invalid/empty body value").await;
    check(&[("target", PHONE), ("message", &"x".repeat(60_001))], "input invalid").await;
    let broken = provider(&sandbox, "/send").header("Content-Type", "application/json").body("{");
    let answer: Value = broken.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["reason"], "JSON format invalid");
    assert!(sandbox.messages().is_empty());
    assert_eq!(ask(&sandbox, "/device", &[]).await["quota"], "1000", "refusals cost nothing");
}

#[tokio::test]
async fn several_targets_get_an_id_each_in_order() {
    let sandbox = start().await;
    let answer = send(&sandbox, "081234567890|Budi, 6281234567891|Sari", "Hai {name}").await;
    assert_eq!(answer["target"], json!([PHONE, "6281234567891"]));
    assert_eq!(answer["id"].as_array().unwrap().len(), 2);
    assert_eq!(sandbox.last_message(PHONE).unwrap().text, "Hai Budi");
    let second = sandbox.last_message("6281234567891").unwrap();
    assert_eq!((second.text.as_str(), second.id.as_str()), ("Hai Sari", answer["id"][1].as_str().unwrap()));
}

#[tokio::test]
async fn the_quota_counts_down_and_then_refuses() {
    let sandbox = quick().quota(3).start().await.unwrap();
    send(&sandbox, PHONE, "1").await;
    assert_eq!(ask(&sandbox, "/device", &[]).await["quota"], "2");
    let too_many = send(&sandbox, "081234567890,081234567891,081234567892", "x").await;
    assert_eq!(too_many["reason"], "insufficient quota");
    send(&sandbox, "081234567890,081234567891", "x").await;
    assert_eq!(send(&sandbox, PHONE, "x").await["reason"], "insufficient quota");
    sandbox.set_quota(1);
    assert_eq!(send(&sandbox, PHONE, "x").await["status"], true);
}

#[tokio::test]
async fn a_disconnected_device_refuses_or_queues() {
    let sandbox = start().await;
    sandbox.set_connected(false);
    let refused = send(&sandbox, PHONE, "x").await;
    assert_eq!(refused["reason"], "request invalid on disconnected device");
    assert_eq!(refused["status"], false);
    assert!(sandbox.messages().is_empty());

    let form = [("target", PHONE), ("message", "nanti"), ("connectOnly", "false")];
    assert_eq!(ask(&sandbox, "/send", &form).await["status"], true);
    assert_eq!(sandbox.last_message(PHONE).unwrap().status, MessageStatus::Pending);
    sandbox.set_connected(true);
    let settled = async {
        while sandbox.last_message(PHONE).unwrap().status != MessageStatus::Delivered {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, settled).await.expect("the queued message goes out");
}

#[tokio::test]
async fn each_device_has_its_own_token_and_quota() {
    let sandbox = quick().token("first").token("second").quota(1).start().await.unwrap();
    assert_eq!(sandbox.token(), "first");
    assert_eq!(send(&sandbox, PHONE, "x").await["status"], true);
    assert_eq!(send(&sandbox, PHONE, "x").await["reason"], "insufficient quota");
    let second = client()
        .post(format!("{}/send", sandbox.url()))
        .header("Authorization", "second")
        .form(&[("target", PHONE), ("message", "x")]);
    let answer: Value = second.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["status"], true);
    let messages = sandbox.messages();
    assert_ne!(messages[0].from, messages[1].from);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_plain_http_errors() {
    let sandbox = start().await;
    let get = client().get(format!("{}/send", sandbox.url())).header("Authorization", sandbox.token());
    assert_eq!(get.send().await.unwrap().status(), 405);
    assert_eq!(provider(&sandbox, "/nothing").send().await.unwrap().status(), 404);
    let huge = provider(&sandbox, "/send").body(vec![b'x'; (8 << 20) + 1]).send().await;
    // The answer may be lost when the server stops reading; what counts is that nothing was accepted.
    if let Ok(response) = huge {
        assert_eq!(response.status(), 413);
    }
    assert!(sandbox.messages().is_empty());
}

#[tokio::test]
async fn waiting_gives_each_message_once_and_ends_in_time() {
    let sandbox = start().await;
    let (first, _) = tokio::join!(sandbox.wait_for_message(PHONE, PATIENCE), send(&sandbox, PHONE, "satu"));
    assert_eq!(first.unwrap().text, "satu");
    send(&sandbox, PHONE, "dua").await;
    assert_eq!(sandbox.wait_for_message("+62 812-3456-7890", PATIENCE).await.unwrap().text, "dua");
    let none = sandbox.wait_for_message(PHONE, Duration::from_millis(20)).await;
    assert!(matches!(none, Err(SandboxError::Timeout)));
}

#[tokio::test]
async fn old_messages_are_forgotten() {
    let sandbox = quick().max_messages(3).start().await.unwrap();
    for n in 0..5 {
        send(&sandbox, PHONE, &n.to_string()).await;
    }
    let texts: Vec<_> = sandbox.messages().into_iter().map(|message| message.text).collect();
    assert_eq!(texts, ["2", "3", "4"]);
}

#[tokio::test]
async fn shutting_down_frees_the_port() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let address = sandbox.url().trim_start_matches("http://").to_owned();
    let handle = sandbox.handle();
    sandbox.shutdown().await;
    assert!(client().get(handle.url()).send().await.is_err());
    tokio::net::TcpListener::bind(address).await.expect("the port is free");
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let again = Sandbox::builder().bind(taken.local_addr().unwrap()).start().await;
    assert!(matches!(again, Err(SandboxError::Bind(_))));
}
