//! The contract, on the WAHA adapter over a double.

use wartel_core::{Jid, PhoneNumber};
use wartel_messaging::adapters::waha::{Waha, WahaConfig};
use wartel_messaging::testing::contract::Arrived;
use wartel_messaging::transport::HttpRequest;

use crate::double::{Env, Speech};

fn read(request: &HttpRequest) -> Arrived {
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(
        (request.url.as_str(), &body["session"]),
        ("https://waha.example/api/sendText", &"toko".into())
    );
    let chat = body["chatId"].as_str().unwrap();
    assert!(chat.ends_with("@c.us"));
    let phone: PhoneNumber = Jid::parse(chat).unwrap().phone().unwrap();
    Arrived::new(phone, body["text"].as_str().unwrap())
}

fn env() -> Env {
    let speech = Speech {
        read,
        accept: |n| (201, format!(r#"{{"id":"true_6281234567890@c.us_3EB0{n:04}","ack":0}}"#)),
        refuse: (401, r#"{"message":"Unauthorized","statusCode":401}"#),
    };
    Env::new(speech, |transport| {
        let config = WahaConfig::new("https://waha.example", "made-up-key").with_session("toko");
        Waha::with_transport(config, transport).unwrap()
    })
}

wartel_messaging::message_provider_contract!(async { env() });
