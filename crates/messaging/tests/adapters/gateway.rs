//! The contract, on the adapter of the original gateway over a double.

use wartel_core::PhoneNumber;
use wartel_messaging::adapters::gateway::{Gateway, GatewayConfig};
use wartel_messaging::testing::contract::Arrived;
use wartel_messaging::transport::HttpRequest;

use crate::double::{Env, Speech};

fn read(request: &HttpRequest) -> Arrived {
    assert_eq!(request.url, "https://gateway.example/send");
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    let phone = PhoneNumber::from_e164(&format!("+{}", body["number"].as_str().unwrap())).unwrap();
    Arrived::new(phone, body["message"].as_str().unwrap())
}

fn env() -> Env {
    let speech = Speech {
        read,
        accept: |_| (200, r#"{"success":true,"message":"Successfully sent 1 message(s)"}"#.to_owned()),
        // The gateway itself asks for no credentials; a proxy in front of it does.
        refuse: (401, "<html>Unauthorized</html>"),
    };
    Env::new(speech, |transport| {
        Gateway::with_transport(GatewayConfig::new("https://gateway.example"), transport).unwrap()
    })
}

wartel_messaging::message_provider_contract!(async { env() });
