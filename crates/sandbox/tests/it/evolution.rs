//! The Evolution API, asked as its clients ask it.

use std::time::Duration;

use serde_json::{Value, json};
use wartel_core::Timestamp;
use wartel_sandbox::{
    CustomerMessage, DeviceState, Fault, MessageStatus, ProviderKind, Sandbox, SandboxBuilder, Shown,
};

use crate::support::{PATIENCE, PHONE, Receiver, client, quick};

const EVOLUTION: ProviderKind = ProviderKind::Evolution;

async fn ask_with(sandbox: &Sandbox, key: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
    let url = format!("{}/evolution{path}", sandbox.url());
    let mut request = client().request(method.parse().unwrap(), url).header("apikey", key);
    if !body.is_null() {
        request = request.json(&body);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn ask(sandbox: &Sandbox, method: &str, path: &str, body: Value) -> (u16, Value) {
    let account = sandbox.account(EVOLUTION);
    ask_with(sandbox, account.setting("token").unwrap(), method, path, body).await
}

async fn start(builder: SandboxBuilder) -> Sandbox {
    builder.start().await.unwrap()
}

fn far() -> Option<Timestamp> {
    Timestamp::parse_rfc3339("2999-01-01T00:00:00Z").ok()
}

#[tokio::test]
async fn a_text_is_taken_with_an_id_and_climbs() {
    let mut app = Receiver::start().await;
    let sandbox = start(quick().webhooks_of(EVOLUTION, &app.url)).await;
    let body = json!({"number": "+62 812-3456-7890", "text": "Halo", "quoted": {"key": {"id": "3EB0AA"}}});
    let (status, sent) = ask(&sandbox, "POST", "/message/sendText/default", body).await;
    let id = sent["key"]["id"].as_str().unwrap();
    let jid = format!("{PHONE}@s.whatsapp.net");
    assert_eq!(
        (status, &sent["status"], &sent["message"]),
        (201, &json!("PENDING"), &json!({"conversation": "Halo"}))
    );
    assert_eq!(sent["key"], json!({"remoteJid": jid, "fromMe": true, "id": id}));
    assert_eq!(sent["contextInfo"]["stanzaId"], "3EB0AA");
    assert!(sent["messageTimestamp"].is_u64());

    let echo = app.next().await;
    assert_eq!((&echo["event"], &echo["data"]["key"]["id"]), (&json!("send.message"), &json!(id)));
    for status in ["SERVER_ACK", "DELIVERY_ACK"] {
        let update = app.next().await;
        assert_eq!((&update["event"], &update["data"]["keyId"]), (&json!("messages.update"), &json!(id)));
        assert_eq!(update["data"]["status"], status);
    }
    sandbox.mark_read(PHONE);
    let read = app.next().await;
    assert_eq!((&read["data"]["status"], &read["data"]["fromMe"]), (&json!("READ"), &json!(true)));
    assert_eq!(read["sender"], format!("{}@s.whatsapp.net", sandbox.device(EVOLUTION).number()));
    assert_eq!((&read["instance"], &read["destination"]), (&json!("default"), &json!(app.url)));

    sandbox.device(EVOLUTION).set_timelock(far());
    ask(&sandbox, "POST", "/message/sendText/default", json!({"number": "6281234567891", "text": "x"})).await;
    app.next().await;
    assert_eq!(app.next().await["data"]["status"], "ERROR", "the timelock is told afterwards");
}

#[tokio::test]
async fn every_refusal_has_its_body() {
    let sandbox = start(quick().without_whatsapp(["6281200000001"])).await;
    let error = |status: u16, word: &str, message: Value| {
        (status, json!({"status": status, "error": word, "response": {"message": message}}))
    };
    let lid = format!("{}@lid", sandbox.lid(PHONE));
    let not_there = |jid: &str, number: &str| json!([{"jid": jid, "exists": false, "number": number}]);
    let text = |number: &str| json!({"number": number, "text": "x"});
    let send = "/message/sendText/default";
    for (method, path, body, expected) in [
        (
            "POST",
            send,
            json!({"text": "x"}),
            error(400, "Bad Request", json!(["instance requires property \"number\""])),
        ),
        (
            "POST",
            send,
            json!({"number": PHONE}),
            error(400, "Bad Request", json!(["instance requires property \"text\""])),
        ),
        (
            "POST",
            send,
            text("6281200000001"),
            error(400, "Bad Request", not_there("6281200000001@s.whatsapp.net", "6281200000001")),
        ),
        ("POST", send, text(&lid), error(400, "Bad Request", not_there(&lid, &lid))),
        (
            "POST",
            "/message/sendMedia/default",
            json!({"number": PHONE, "mediatype": "image", "media": "?"}),
            error(400, "Bad Request", json!(["Owned media must be a url or base64"])),
        ),
        (
            "POST",
            "/message/sendText/nobody",
            text(PHONE),
            error(404, "Not Found", json!(["The \"nobody\" instance does not exist"])),
        ),
        ("GET", "/nothing", Value::Null, error(404, "Not Found", json!(["Cannot GET /nothing"]))),
        ("GET", send, Value::Null, error(404, "Not Found", json!(["Cannot GET /message/sendText/default"]))),
        (
            "POST",
            "/instance/create",
            json!({"instanceName": "default", "integration": "WHATSAPP-BAILEYS"}),
            error(403, "Forbidden", json!(["This name \"default\" is already in use."])),
        ),
    ] {
        assert_eq!(ask(&sandbox, method, path, body).await, expected, "{method} {path}");
    }
    let unauthorized = error(401, "Unauthorized", json!("Unauthorized"));
    assert_eq!(ask_with(&sandbox, "wrong", "POST", send, text(PHONE)).await, unauthorized);
    sandbox.fault(Fault::refuse("Internal Server Error").at(EVOLUTION).times(1));
    let internal = error(500, "Internal Server Error", json!("Internal Server Error"));
    assert_eq!(ask(&sandbox, "POST", send, text(PHONE)).await, internal);
    sandbox.device(EVOLUTION).set_connected(false);
    let closed = error(500, "Internal Server Error", json!("Connection Closed"));
    assert_eq!(ask(&sandbox, "POST", send, text(PHONE)).await, closed);
    sandbox.device(EVOLUTION).remove();
    let offline = error(400, "Bad Request", json!(["The \"default\" instance is not connected"]));
    assert_eq!(ask(&sandbox, "DELETE", "/instance/logout/default", Value::Null).await, offline);
    assert!(sandbox.messages().is_empty());
}

#[tokio::test]
async fn files_numbers_and_presence_have_their_calls() {
    let sandbox = start(quick().without_whatsapp(["6281200000001"])).await;
    let last = || sandbox.last_message(PHONE).unwrap();
    for (call, body, kind, attachment) in [
        (
            "sendMedia",
            json!({"mediatype": "document", "media": "aGFsbw==", "fileName": "nota.pdf", "caption": "Nota"}),
            "documentMessage",
            "nota.pdf",
        ),
        (
            "sendMedia",
            json!({"mediatype": "image", "media": "https://x.example/a.jpg"}),
            "imageMessage",
            "https://x.example/a.jpg",
        ),
        ("sendWhatsAppAudio", json!({"audio": "aGFsbw=="}), "audioMessage", "file"),
        ("sendSticker", json!({"sticker": "aGFsbw=="}), "stickerMessage", "file"),
        ("sendLocation", json!({"latitude": -7.5, "longitude": 112.5}), "locationMessage", "-7.5,112.5"),
    ] {
        let mut body = body;
        body["number"] = PHONE.into();
        let (status, sent) = ask(&sandbox, "POST", &format!("/message/{call}/default"), body).await;
        assert_eq!((status, &sent["messageType"]), (201, &json!(kind)), "{call}");
        assert_eq!(last().attachment.as_deref(), Some(attachment), "{call}");
    }
    let asked = json!({"numbers": [PHONE, "6281200000001", format!("{}@lid", sandbox.lid(PHONE))]});
    let (_, numbers) = ask(&sandbox, "POST", "/chat/whatsappNumbers/default", asked).await;
    let exists: Vec<_> =
        numbers.as_array().unwrap().iter().map(|one| one["exists"].as_bool().unwrap()).collect();
    assert_eq!(exists, [true, false, false]);
    assert_eq!(numbers[0]["lid"], format!("{}@lid", sandbox.lid(PHONE)));
    let typing = json!({"number": PHONE, "presence": "composing", "delay": 10});
    assert_eq!(ask(&sandbox, "POST", "/chat/sendPresence/default", typing).await.0, 201);
    let wrong = json!({"number": PHONE, "presence": "dancing", "delay": 10});
    assert_eq!(ask(&sandbox, "POST", "/chat/sendPresence/default", wrong).await.0, 400);
    let read = json!({"readMessages": [{"remoteJid": PHONE, "fromMe": false, "id": "3EB0"}]});
    assert_eq!(ask(&sandbox, "POST", "/chat/markMessageAsRead/default", read).await.1["read"], "success");
    let read = json!({"readMessages": [{"remoteJid": PHONE, "fromMe": false}]});
    assert_eq!(ask(&sandbox, "POST", "/chat/markMessageAsRead/default", read).await.0, 400);
}

#[tokio::test]
async fn an_instance_is_made_paired_and_logged_out() {
    let mut app = Receiver::start().await;
    let sandbox = start(quick().connected_after(Duration::ZERO)).await;
    let new = json!({
        "instanceName": "cabang",
        "integration": "WHATSAPP-BAILEYS",
        "webhook": {"enabled": true, "url": app.url, "events": ["CONNECTION_UPDATE", "QRCODE_UPDATED", "STATUS_INSTANCE"]},
    });
    let (status, made) = ask(&sandbox, "POST", "/instance/create", new).await;
    assert_eq!(
        (status, &made["instance"]["status"], &made["qrcode"]),
        (201, &json!("close"), &json!({"count": 0}))
    );
    let key = made["hash"].as_str().unwrap().to_owned();
    let own = async |method: &str, path: &str| ask_with(&sandbox, &key, method, path, Value::Null).await;
    assert_eq!(
        own("GET", "/instance/connectionState/default").await.0,
        401,
        "it opens its own instance only"
    );
    assert_eq!(own("POST", "/instance/create").await.0, 401);
    let device = sandbox.devices().pop().unwrap();

    let (_, qr) = own("GET", "/instance/connect/cabang").await;
    assert_eq!(
        (&qr["code"], &qr["pairingCode"], &qr["count"]),
        (&json!(device.shown().unwrap()), &Value::Null, &json!(1))
    );
    assert!(qr["base64"].as_str().unwrap().starts_with("data:image/png;base64,iVBORw0KGgo"));
    let (_, again) = own("GET", "/instance/connect/cabang?number=6281234567890").await;
    assert_eq!(again, qr, "what is shown stays until it ends");
    let state = async || own("GET", "/instance/connectionState/cabang").await.1["instance"]["state"].clone();
    assert_eq!(state().await, "connecting");
    assert_eq!(app.next().await["data"]["state"], "connecting");
    assert_eq!(app.next().await["data"]["qrcode"]["code"], qr["code"]);

    assert!(device.scan_only());
    assert_eq!(
        (state().await, own("GET", "/instance/connect/cabang").await.1),
        (json!("connecting"), json!({"count": 0}))
    );
    device.set_connected(true);
    assert_eq!(state().await, "open");
    let (_, open) = own("GET", "/instance/connect/cabang").await;
    assert_eq!(open, json!({"instance": {"instanceName": "cabang", "state": "open"}}));
    let (_, list) = ask(&sandbox, "GET", "/instance/fetchInstances?instanceName=cabang", Value::Null).await;
    assert_eq!((list.as_array().unwrap().len(), &list[0]["connectionStatus"]), (1, &json!("open")));
    let (_, out) = own("DELETE", "/instance/logout/cabang").await;
    assert_eq!(out["response"]["message"], "Instance logged out");
    assert_eq!((state().await, device.state()), (json!("close"), DeviceState::LoggedOut));
    let told: Vec<_> = [app.next().await, app.next().await, app.next().await, app.next().await].into();
    let told: Vec<_> =
        told.iter().map(|one| (one["event"].as_str().unwrap(), one["data"]["state"].as_str())).collect();
    let update = "connection.update";
    assert_eq!(
        told,
        [
            (update, Some("connecting")),
            (update, Some("open")),
            ("status.instance", None),
            (update, Some("close"))
        ]
    );

    let (_, code) = own("GET", "/instance/connect/cabang?number=6281234567890").await;
    assert_eq!((code["pairingCode"].as_str(), &code["code"]), (device.shown().as_deref(), &Value::Null));
    device.ban(None);
    let (status, banned) = own("GET", "/instance/connect/cabang").await;
    assert_eq!((status, &banned["error"]), (200, &json!(true)), "a failure with HTTP 200");
}

#[tokio::test]
async fn webhooks_go_where_they_are_told_in_the_nested_form() {
    let mut app = Receiver::start().await;
    let sandbox = start(quick()).await;
    let flat = json!({"url": app.url, "enabled": true});
    assert_eq!(ask(&sandbox, "POST", "/webhook/set/default", flat.clone()).await.0, 400);
    assert_eq!(ask(&sandbox, "POST", "/webhook/set/default", json!({"webhook": flat})).await.0, 201);
    let (_, found) = ask(&sandbox, "GET", "/webhook/find/default", Value::Null).await;
    assert_eq!((&found["enabled"], &found["url"]), (&json!(true), &json!(app.url)));
    let device = sandbox.device(EVOLUTION);
    let lid = format!("{}@lid", sandbox.lid(PHONE));
    let number = format!("{PHONE}@s.whatsapp.net");
    let key = async |message: CustomerMessage, app: &mut Receiver| {
        device.write(&message);
        let told = app.next().await;
        assert_eq!(told["event"], "messages.upsert");
        told["data"].clone()
    };
    let plain = key(CustomerMessage::new(PHONE, "a").quoting("3EB0AA"), &mut app).await;
    assert_eq!((&plain["key"]["remoteJid"], &plain["key"]["participant"]), (&json!(number), &json!("")));
    assert_eq!(
        (&plain["message"]["conversation"], &plain["contextInfo"]["stanzaId"]),
        (&json!("a"), &json!("3EB0AA"))
    );
    let hidden = key(CustomerMessage::new(PHONE, "b").shown_as(Shown::Lid), &mut app).await;
    assert_eq!((&hidden["key"]["remoteJid"], hidden["key"].get("remoteJidAlt")), (&json!(lid), None));
    let both = key(CustomerMessage::new(PHONE, "c").shown_as(Shown::Both), &mut app).await;
    assert_eq!((&both["key"]["remoteJid"], &both["key"]["remoteJidAlt"]), (&json!(lid), &json!(number)));
    assert_eq!(both["key"]["addressingMode"], "lid");
    let group = CustomerMessage::new(PHONE, "d").in_group("120363000000000001@g.us").shown_as(Shown::Both);
    let group = key(group, &mut app).await;
    assert_eq!(
        (&group["key"]["participant"], &group["key"]["participantAlt"]),
        (&json!(lid), &json!(number))
    );
    let story = key(CustomerMessage::new(PHONE, "e").as_story(), &mut app).await;
    assert_eq!(story["key"]["remoteJid"], "status@broadcast");
    let own = key(CustomerMessage::new(PHONE, "f").from_own_phone(), &mut app).await;
    assert_eq!((&own["key"]["fromMe"], &own["key"]["remoteJid"]), (&json!(true), &json!(number)));

    let off = json!({"webhook": {"url": app.url, "enabled": true, "events": ["MESSAGES_UPDATE"]}});
    ask(&sandbox, "POST", "/webhook/set/default", off).await;
    device.write(&CustomerMessage::new(PHONE, "g"));
    ask(&sandbox, "POST", "/message/sendText/default", json!({"number": PHONE, "text": "h"})).await;
    assert_eq!(app.next().await["event"], "messages.update", "only what was subscribed");
}

#[tokio::test]
async fn of_events_of_one_kind_only_those_are_told_that_were_asked_for() {
    let mut app = Receiver::start().await;
    let sandbox = start(quick()).await;
    let device = sandbox.device(EVOLUTION);
    for (events, told) in [
        (json!(["SEND_MESSAGE"]), vec!["send.message"]),
        (json!(["MESSAGES_UPSERT"]), vec!["messages.upsert"]),
        (json!(["STATUS_INSTANCE"]), vec!["status.instance"]),
        (json!(["CALL"]), vec![]),
        (json!([]), vec!["send.message", "messages.upsert", "status.instance", "connection.update"]),
    ] {
        device.set_connected(true);
        let webhook = json!({"webhook": {"url": app.url, "enabled": true, "events": events}});
        let (_, set) = ask(&sandbox, "POST", "/webhook/set/default", webhook).await;
        assert_eq!(set["events"], events);
        let before = sandbox.webhook_attempts().len();
        ask(&sandbox, "POST", "/message/sendText/default", json!({"number": PHONE, "text": "h"})).await;
        device.write(&CustomerMessage::new(PHONE, "g"));
        device.remove();
        let mut got = Vec::new();
        while got.len() < told.len() {
            let event = app.next().await["event"].as_str().unwrap().to_owned();
            // Receipts come in their own time.
            if event != "messages.update" {
                got.push(event);
            }
        }
        got.sort_unstable();
        let mut told = told;
        told.sort_unstable();
        assert_eq!(got, told);
        assert!(!events.as_array().unwrap().is_empty() || sandbox.webhook_attempts().len() > before);
    }
}

#[tokio::test]
async fn connect_brings_a_linked_instance_back_and_shows_a_code_of_any_other() {
    let sandbox = start(quick().connected_after(Duration::ZERO)).await;
    let device = sandbox.device(EVOLUTION);
    device.set_connected(false);
    let connect = async || ask(&sandbox, "GET", "/instance/connect/default", Value::Null).await.1;
    assert_eq!(connect().await, json!({"count": 0}));
    let back = async {
        while device.state() != DeviceState::Connected {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, back).await.unwrap();
    assert!(device.remove());
    assert_eq!(connect().await["code"], device.shown().unwrap());
}

#[tokio::test]
async fn a_webhook_is_tried_ten_times_but_not_after_an_answer_that_will_not_change() {
    let mut app = Receiver::answering([422, 500, 502, 500, 500, 500, 500, 500, 500, 500, 500]).await;
    let sandbox =
        start(quick().webhooks_of(EVOLUTION, &app.url).webhook_retry(Duration::from_micros(10))).await;
    let device = sandbox.device(EVOLUTION);
    device.write(&CustomerMessage::new(PHONE, "satu"));
    assert_eq!(app.next().await["data"]["message"]["conversation"], "satu");
    let second = device.write(&CustomerMessage::new(PHONE, "dua"));
    for _ in 0..10 {
        assert_eq!(app.next().await["data"]["message"]["conversation"], "dua");
    }
    let given_up = async {
        while sandbox.webhook_attempts().len() < 11 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, given_up).await.unwrap();
    device.write(&CustomerMessage::new(PHONE, "tiga"));
    assert_eq!(app.next().await["data"]["message"]["conversation"], "tiga", "the others were given up");
    let attempts = sandbox.webhook_attempts();
    assert_eq!(attempts.iter().map(|attempt| attempt.attempt).max(), Some(10));
    let bearer = attempts[0].header("authorization").unwrap().strip_prefix("Bearer ").unwrap();
    assert_eq!(bearer.split('.').count(), 3);
    let of = |id: &str| sandbox.messages().into_iter().find(|message| message.id == id).unwrap().status;
    assert_eq!(of(&second.id), MessageStatus::Sent, "nobody took it");
}
