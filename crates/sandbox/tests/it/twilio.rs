//! Twilio's Messages API: what a strict reader of its documentation would expect.

use serde_json::{Value, json};
use wartel_sandbox::{Fault, MessageStatus, ProviderKind, Sandbox, SandboxAccount, SandboxBuilder};

use crate::support::{PHONE, client, quick};

async fn start(builder: SandboxBuilder) -> (Sandbox, SandboxAccount) {
    let sandbox = builder.start().await.unwrap();
    let account = sandbox.account(ProviderKind::Twilio);
    (sandbox, account)
}

async fn send(account: &SandboxAccount, password: &str, form: &[(&str, &str)]) -> (u16, Value) {
    let setting = |name| account.setting(name).unwrap();
    let sid = setting("account_sid");
    let url = format!("{}/2010-04-01/Accounts/{sid}/Messages.json", setting("url"));
    let response = client().post(url).basic_auth(sid, Some(password)).form(form).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn a_message_is_queued_with_an_id() {
    let (sandbox, account) = start(quick()).await;
    let token = account.setting("token").unwrap();
    let from = format!("whatsapp:{}", account.setting("from").unwrap());
    let to = format!("whatsapp:+{PHONE}");
    let (status, answer) =
        send(&account, token, &[("To", &to), ("From", &from), ("Body", "Halo é & 1+1")]).await;
    assert_eq!((status, &answer["status"], &answer["error_code"]), (201, &json!("queued"), &Value::Null));
    let message = sandbox.last_message(PHONE).unwrap();
    assert_eq!((answer["sid"].as_str(), message.text.as_str()), (Some(&*message.id), "Halo é & 1+1"));
    let content = account.setting("otp_content_sid").unwrap();
    let code = [
        ("To", to.as_str()),
        ("From", &from),
        ("ContentSid", content),
        ("ContentVariables", r#"{"1":"482915"}"#),
    ];
    assert_eq!(send(&account, token, &code).await.0, 201);
    assert_eq!(sandbox.last_message(PHONE).unwrap().code(), Some("482915"));
}

#[tokio::test]
async fn wrong_credentials_and_fields_have_their_codes() {
    let (sandbox, account) = start(quick()).await;
    let token = account.setting("token").unwrap();
    let from = format!("whatsapp:{}", account.setting("from").unwrap());
    let to = format!("whatsapp:+{PHONE}");
    let content = account.setting("otp_content_sid").unwrap();
    let long = "x".repeat(1_601);
    for (password, form, status, code) in [
        ("other", vec![("To", to.as_str()), ("From", &from), ("Body", "x")], 401, 20_003),
        (token, vec![("From", from.as_str()), ("Body", "x")], 400, 21_211),
        (token, vec![("To", "+6281234567890"), ("From", &from), ("Body", "x")], 400, 21_211),
        (token, vec![("To", &to), ("Body", "x")], 400, 21_603),
        (token, vec![("To", &to), ("From", "whatsapp:+14155238886"), ("Body", "x")], 400, 63_007),
        (token, vec![("To", &to), ("From", &from)], 400, 21_602),
        (token, vec![("To", &to), ("From", &from), ("Body", &long)], 400, 21_617),
        (token, vec![("To", &to), ("From", &from), ("ContentSid", "HX0")], 400, 21_655),
        (token, vec![("To", &to), ("From", &from), ("ContentSid", content)], 400, 21_656),
    ] {
        let (given, answer) = send(&account, password, &form).await;
        assert_eq!(
            (given, &answer["code"], &answer["status"]),
            (status, &json!(code), &json!(status)),
            "{code}"
        );
    }
    sandbox.fault(Fault::refuse("20429").at(ProviderKind::Twilio).times(1));
    let form = [("To", to.as_str()), ("From", &from), ("Body", "x")];
    assert_eq!(send(&account, token, &form).await.0, 429);
    assert!(sandbox.messages().is_empty());
}

#[tokio::test]
async fn outside_the_window_it_is_taken_and_fails_later() {
    let (sandbox, account) = start(quick().service_window(true)).await;
    let token = account.setting("token").unwrap();
    let from = format!("whatsapp:{}", account.setting("from").unwrap());
    let to = format!("whatsapp:+{PHONE}");
    assert_eq!(send(&account, token, &[("To", &to), ("From", &from), ("Body", "x")]).await.0, 201);
    let message = sandbox.last_message(PHONE).unwrap();
    assert_eq!((message.status, message.failure.as_deref()), (MessageStatus::Invalid, Some("63016")));
    sandbox.device(ProviderKind::Twilio).write(&wartel_sandbox::CustomerMessage::new(PHONE, "halo"));
    assert_eq!(send(&account, token, &[("To", &to), ("From", &from), ("Body", "y")]).await.0, 201);
    assert_ne!(sandbox.last_message(PHONE).unwrap().status, MessageStatus::Invalid);
}
