//! The provider's endpoints beside `/send`.

use serde_json::{Value, json};

use crate::support::{PHONE, ask, client, quick, send, start};

#[tokio::test]
async fn validate_tells_who_has_whatsapp() {
    let sandbox = quick().without_whatsapp(["0812-3456-7891"]).start().await.unwrap();
    let answer = ask(&sandbox, "/validate", &[("target", "081234567890,6281234567891")]).await;
    assert_eq!(answer, json!({"not_registered": ["6281234567891"], "registered": [PHONE], "status": true}));
    assert_eq!(ask(&sandbox, "/validate", &[]).await["reason"], "target required");
    assert_eq!(ask(&sandbox, "/validate", &[("target", "x")]).await["reason"], "target invalid");
}

#[tokio::test]
async fn the_device_shows_its_profile() {
    let sandbox = quick().quota(78).start().await.unwrap();
    send(&sandbox, PHONE, "x").await;
    let answer = ask(&sandbox, "/device", &[]).await;
    assert_eq!(answer["quota"], "77", "the quota is a text");
    assert_eq!(answer["messages"], 1);
    assert_eq!(answer["device_status"], "connect");
    assert_eq!(answer["device"], sandbox.device_number());
    for key in ["expired", "name", "package"] {
        assert!(answer[key].is_string(), "{key}");
    }
    sandbox.set_connected(false);
    assert_eq!(ask(&sandbox, "/device", &[]).await["device_status"], "disconnect");
}

#[tokio::test]
async fn get_devices_takes_the_account_token_only() {
    let sandbox = quick().token("one").token("two").account_token("account").start().await.unwrap();
    let devices = async |token: &str| -> Value {
        let request = client().post(format!("{}/get-devices", sandbox.url())).header("Authorization", token);
        request.send().await.unwrap().json().await.unwrap()
    };
    let answer = devices("account").await;
    assert_eq!((&answer["connected"], &answer["devices"]), (&json!(2), &json!(2)));
    assert_eq!(answer["data"][1]["token"], "two");
    assert_eq!(answer["data"][0]["status"], "connect");
    let refused = devices("one").await;
    assert_eq!((&refused["status"], &refused["reason"]), (&json!(false), &json!("unknown user")));
    assert_eq!(sandbox.account_token(), "account");
}

#[tokio::test]
async fn pairing_shows_a_picture_or_a_code_until_it_is_connected() {
    let sandbox = quick().connected(false).start().await.unwrap();
    let qr = ask(&sandbox, "/qr", &[("type", "qr"), ("whatsapp", PHONE)]).await;
    assert_eq!(qr["status"], true);
    assert!(qr["url"].as_str().unwrap().starts_with("iVBORw0KGgo"), "a PNG in base64 without a prefix");
    let code = ask(&sandbox, "/qr", &[("type", "code"), ("whatsapp", PHONE)]).await;
    assert_eq!(code["code"].as_str().unwrap().len(), 8);
    sandbox.set_connected(true);
    let connected = ask(&sandbox, "/qr", &[]).await;
    assert_eq!(
        (&connected["status"], &connected["reason"]),
        (&json!(false), &json!("device already connect"))
    );
}

#[tokio::test]
async fn disconnecting_works_once() {
    let sandbox = start().await;
    assert_eq!(
        ask(&sandbox, "/disconnect", &[]).await,
        json!({"detail": "device disconnected", "status": true})
    );
    assert_eq!(ask(&sandbox, "/disconnect", &[]).await["status"], false);
    assert_eq!(send(&sandbox, PHONE, "x").await["reason"], "request invalid on disconnected device");
}

#[tokio::test]
async fn the_status_of_a_message_can_be_asked() {
    let sandbox = start().await;
    let id = send(&sandbox, PHONE, "x").await["id"][0].as_str().unwrap().to_owned();
    let answer = ask(&sandbox, "/status", &[("id", &id)]).await;
    assert_eq!((&answer["message_status"], &answer["status"]), (&json!("sent"), &json!(true)));
    assert!(answer["id"].is_u64(), "the id is a number here");
    assert_eq!(ask(&sandbox, "/status", &[]).await["reason"], "id required");
    assert_eq!(ask(&sandbox, "/status", &[("id", "1")]).await["status"], false);
}
