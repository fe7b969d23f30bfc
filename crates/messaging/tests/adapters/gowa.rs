//! The contract, on the GOWA adapter over a double.

use wartel_core::Jid;
use wartel_messaging::adapters::gowa::{Gowa, GowaConfig};
use wartel_messaging::testing::contract::Arrived;
use wartel_messaging::transport::HttpRequest;

use crate::double::{Env, Speech};

fn read(request: &HttpRequest) -> Arrived {
    assert_eq!(request.url, "https://gowa.example/send/message");
    assert_eq!(request.headers["x-device-id"], "toko-1");
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    let phone = Jid::parse(body["phone"].as_str().unwrap()).unwrap().phone().unwrap();
    Arrived::new(phone, body["message"].as_str().unwrap())
}

fn env() -> Env {
    let speech = Speech {
        read,
        accept: |n| (200, format!(r#"{{"code":"SUCCESS","results":{{"message_id":"3EB0{n:04}"}}}}"#)),
        refuse: (401, "Unauthorized"),
    };
    Env::new(speech, |transport| {
        let config =
            GowaConfig::new("https://gowa.example").with_login("toko", "made-up").with_device("toko-1");
        Gowa::with_transport(config, transport).unwrap()
    })
}

wartel_messaging::message_provider_contract!(async { env() });
