//! The contract, on the adapter of the Evolution API over a double.

use wartel_core::PhoneNumber;
use wartel_messaging::adapters::evolution::{Evolution, EvolutionConfig};
use wartel_messaging::testing::contract::Arrived;
use wartel_messaging::transport::HttpRequest;

use crate::double::{Env, Speech};

fn read(request: &HttpRequest) -> Arrived {
    assert_eq!(request.url, "https://evolution.example/message/sendText/toko");
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    let phone = PhoneNumber::from_e164(&format!("+{}", body["number"].as_str().unwrap())).unwrap();
    Arrived::new(phone, body["text"].as_str().unwrap())
}

fn env() -> Env {
    let speech = Speech {
        read,
        accept: |n| (201, format!(r#"{{"key":{{"id":"3EB0{n:04}","fromMe":true}},"status":"PENDING"}}"#)),
        refuse: (401, r#"{"status":401,"error":"Unauthorized","response":{"message":"Unauthorized"}}"#),
    };
    Env::new(speech, |transport| {
        let config = EvolutionConfig::new("https://evolution.example", "made-up-key", "toko");
        Evolution::with_transport(config, transport).unwrap()
    })
}

wartel_messaging::message_provider_contract!(async { env() });
