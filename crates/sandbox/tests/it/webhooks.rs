//! What the application is told: statuses, replies and the device's connection.

use std::time::Duration;

use serde_json::json;
use wartel_sandbox::{Fault, MessageStatus, WebhookFault, WebhookKind};

use crate::support::{PATIENCE, PHONE, Receiver, ask, quick, send};

#[tokio::test]
async fn the_first_event_maps_the_id_and_later_ones_do_not_repeat_it() {
    let mut app = Receiver::start().await;
    let sandbox = quick().status_webhook(&app.url).start().await.unwrap();
    let answer = send(&sandbox, PHONE, "x").await;
    let sent = app.next().await;
    assert_eq!(sent["id"], answer["id"][0]);
    assert_eq!((&sent["status"], &sent["state"]), (&json!("sent"), &json!("sent")));
    assert_eq!(sent["device"], sandbox.device_number());
    assert!(sent["timestamp"].is_i64() && sent["stateid"].is_string(), "{sent}");
    let delivered = app.next().await;
    assert_eq!(delivered["state"], "delivered");
    assert_eq!(delivered["stateid"], sent["stateid"]);
    assert!(delivered.get("id").is_none() && delivered.get("status").is_none(), "{delivered}");
    assert_eq!(sandbox.mark_read(PHONE), 1);
    assert_eq!(app.next().await["state"], "read");
    assert_eq!(sandbox.mark_read(PHONE), 0);
    assert_eq!(sandbox.last_message(PHONE).unwrap().status, MessageStatus::Read);
}

#[tokio::test]
async fn all_events_can_carry_the_id() {
    let mut app = Receiver::start().await;
    let sandbox = quick().status_webhook(&app.url).full_status_webhooks(true).start().await.unwrap();
    let id = send(&sandbox, PHONE, "x").await["id"][0].clone();
    for state in ["sent", "delivered"] {
        let event = app.next().await;
        assert_eq!((&event["id"], &event["state"]), (&id, &json!(state)));
    }
}

#[tokio::test]
async fn a_number_without_whatsapp_is_accepted_and_then_invalid() {
    let mut app = Receiver::start().await;
    let sandbox = quick().status_webhook(&app.url).without_whatsapp([PHONE]).start().await.unwrap();
    let answer = send(&sandbox, "081234567890", "x").await;
    assert_eq!(answer["status"], true);
    let event = app.next().await;
    assert_eq!((&event["id"], &event["status"]), (&answer["id"][0], &json!("invalid")));
    assert_eq!(sandbox.last_message(PHONE).unwrap().status, MessageStatus::Invalid);
    assert_eq!(sandbox.mark_read(PHONE), 0);
    sandbox.set_on_whatsapp("0812-3456-7890", true);
    send(&sandbox, PHONE, "x").await;
    assert_eq!(app.next().await["status"], "sent");
}

#[tokio::test]
async fn a_webhook_is_tried_until_200_and_no_other_answer_counts() {
    let mut app = Receiver::answering([500, 404, 204]).await;
    let sandbox = quick().delivered_after(PATIENCE).status_webhook(&app.url).start().await.unwrap();
    send(&sandbox, PHONE, "x").await;
    let first = app.next().await;
    for _ in 0..3 {
        assert_eq!(app.next().await, first, "the same event again");
    }
    let settled = async {
        while sandbox.webhook_attempts().len() < 4 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, settled).await.unwrap();
    let attempts = sandbox.webhook_attempts();
    let seen: Vec<_> = attempts.iter().map(|attempt| (attempt.attempt, attempt.status)).collect();
    assert_eq!(seen, [(1, Some(500)), (2, Some(404)), (3, Some(204)), (4, Some(200))]);
    assert!(attempts[3].delivered() && !attempts[2].delivered());
    assert_eq!(attempts[0].kind, WebhookKind::Status);
}

#[tokio::test]
async fn a_webhook_is_given_up_after_the_last_try() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let url = format!("http://{closed}/");
    let builder = quick().delivered_after(PATIENCE).status_webhook(&url).webhook_tries(3);
    let sandbox = builder.webhook_retry(Duration::from_millis(1)).start().await.unwrap();
    send(&sandbox, PHONE, "x").await;
    let settled = async {
        while sandbox.webhook_attempts().len() < 3 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, settled).await.unwrap();
    assert!(sandbox.webhook_attempts().iter().all(|attempt| attempt.status.is_none()));
}

#[tokio::test]
async fn events_of_one_number_keep_their_order() {
    let mut app = Receiver::start().await;
    let sandbox = quick().status_webhook(&app.url).start().await.unwrap();
    for _ in 0..20 {
        send(&sandbox, PHONE, "x").await;
    }
    let mut states = std::collections::HashMap::new();
    for _ in 0..40 {
        let event = app.next().await;
        let before = states.insert(event["stateid"].clone(), event["state"].clone());
        let expected = if before.is_none() { "sent" } else { "delivered" };
        assert_eq!(event["state"], expected);
    }
}

#[tokio::test]
async fn webhook_faults_drop_duplicate_and_reorder() {
    let mut app = Receiver::start().await;
    let sandbox = quick().status_webhook(&app.url).start().await.unwrap();

    sandbox.fault(Fault::webhook(WebhookFault::Drop).times(1));
    send(&sandbox, PHONE, "x").await;
    assert_eq!(app.next().await["state"], "delivered", "the first event is lost");

    sandbox.fault(Fault::webhook(WebhookFault::Duplicate).times(1));
    send(&sandbox, PHONE, "x").await;
    let first = app.next().await;
    assert_eq!((&first["state"], app.next().await), (&json!("sent"), first.clone()));
    assert_eq!(app.next().await["state"], "delivered");

    sandbox.fault(Fault::webhook(WebhookFault::Reorder).to_phone(PHONE).times(1));
    send(&sandbox, PHONE, "x").await;
    assert_eq!(app.next().await["state"], "delivered");
    let late = app.next().await;
    assert!(late["state"] == "sent" && late["id"].is_string(), "{late}");

    sandbox.fault(Fault::webhook(WebhookFault::StatusBeforeId).times(1));
    send(&sandbox, PHONE, "x").await;
    let unknown = app.next().await;
    assert!(unknown["state"] == "sent" && unknown.get("id").is_none(), "{unknown}");
    let mapping = app.next().await;
    assert_eq!(mapping["stateid"], unknown["stateid"]);
    assert!(mapping["id"].is_string());
    assert_eq!(app.next().await["state"], "delivered");
    app.assert_silent();
}

#[tokio::test]
async fn a_customers_words_reach_the_application_in_the_providers_shape() {
    let mut app = Receiver::start().await;
    let sandbox = quick().incoming_webhook(&app.url).start().await.unwrap();
    let written = sandbox.customer_writes("081234567890", "Masih ada stok?");
    assert_eq!(written.status, MessageStatus::Sent);
    let event = app.next().await;
    assert_eq!((&event["message"], &event["pesan"]), (&json!("Masih ada stok?"), &json!("Masih ada stok?")));
    assert_eq!((&event["sender"], &event["pengirim"]), (&json!(PHONE), &json!(PHONE)));
    assert_eq!(event["device"], sandbox.device_number());
    assert_eq!((&event["text"], &event["type"]), (&json!("non-button message"), &json!("text")));
    assert!(event["inboxid"].is_u64() && event["isgroup"] == false, "{event}");
    let ticked = async {
        while sandbox.messages_to(PHONE)[0].status != MessageStatus::Delivered {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, ticked).await.expect("a taken webhook is the second tick");
}

#[tokio::test]
async fn connecting_and_disconnecting_are_told_once() {
    let mut app = Receiver::start().await;
    let sandbox = quick().start().await.unwrap();
    sandbox.set_webhooks(&app.url).unwrap();
    sandbox.set_connected(true);
    sandbox.set_connected(false);
    let event = app.next().await;
    assert_eq!((&event["status"], &event["device"]), (&json!("disconnect"), &json!(sandbox.device_number())));
    assert!(event["reason"].is_string() && event["timestamp"].is_i64());
    sandbox.set_connected(true);
    assert_eq!(app.next().await["status"], "connect");
    ask(&sandbox, "/disconnect", &[]).await;
    assert_eq!(app.next().await["status"], "disconnect");
    app.assert_silent();
}

#[tokio::test]
async fn urls_that_cannot_be_posted_to_are_refused() {
    let sandbox = quick().start().await.unwrap();
    assert!(sandbox.set_status_webhook("https://example.org/x").is_err());
    assert!(sandbox.set_incoming_webhook("nonsense").is_err());
    assert!(quick().webhooks("/relative").start().await.is_err());
}

#[tokio::test]
async fn a_reset_stops_what_is_under_way() {
    let mut app = Receiver::start().await;
    let builder = quick().sent_after(Duration::from_millis(50)).status_webhook(&app.url);
    let sandbox = builder.start().await.unwrap();
    send(&sandbox, PHONE, "sebelum").await;
    sandbox.reset();
    assert!(sandbox.messages().is_empty() && sandbox.requests().is_empty());
    let after = send(&sandbox, PHONE, "sesudah").await["id"][0].clone();
    let event = app.next().await;
    assert_eq!(event["id"], after, "the message from before the reset is never sent");
}
