//! The contract of every provider, run on this one over a double of its far end.
use std::sync::{Arc, Mutex};

use http::StatusCode;
use serde_json::Value;
use wartel_core::PhoneNumber;
use wartel_messaging::MessageProvider;
use wartel_messaging::testing::contract::{Arrived, FailingEnv, Failure, ProviderEnv};
use wartel_messaging::transport::{
    HttpRequest, HttpResponse, HttpTransport, TransportError, TransportErrorKind,
};

use super::Merpati;

/// Merpati's own side: what came, and what goes wrong next.
#[derive(Debug, Default)]
struct FarEnd {
    arrived: Mutex<Vec<Arrived>>,
    failure: Mutex<Option<Failure>>,
}

#[async_trait::async_trait]
impl HttpTransport for FarEnd {
    async fn execute(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let answer = |status, body: String| Ok(HttpResponse::new(status, body));
        let failure = self.failure.lock().unwrap().take();
        match failure {
            None => {}
            Some(Failure::NoAnswer) => return Err(TransportError::new(TransportErrorKind::Timeout)),
            Some(_) => return answer(StatusCode::UNAUTHORIZED, r#"{"error":"bad_token"}"#.to_owned()),
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let to = PhoneNumber::from_e164(body["to"].as_str().unwrap()).unwrap();
        let mut arrived = self.arrived.lock().unwrap();
        arrived.push(Arrived::new(to, body["text"].as_str().unwrap()));
        answer(StatusCode::CREATED, format!(r#"{{"id":"m-{}"}}"#, arrived.len()))
    }
}

struct Env(Arc<FarEnd>, Arc<dyn MessageProvider>);

impl Env {
    fn new() -> Self {
        let transport = Arc::new(FarEnd::default());
        let base = "https://api.merpati.example".to_owned();
        let merpati = Merpati { base, token: "made-up-token".into(), transport: transport.clone() };
        Self(transport, Arc::new(merpati))
    }
}

#[async_trait::async_trait]
impl ProviderEnv for Env {
    fn provider(&self) -> Arc<dyn MessageProvider> {
        self.1.clone()
    }

    async fn arrived(&self) -> Vec<Arrived> {
        self.0.arrived.lock().unwrap().clone()
    }
}

#[async_trait::async_trait]
impl FailingEnv for Env {
    async fn fail_next(&self, failure: Failure) {
        *self.0.failure.lock().unwrap() = Some(failure);
    }
}

wartel_messaging::message_provider_contract!(async { Env::new() });

#[test]
fn the_adapter_is_short() {
    let code = include_str!("lib.rs").lines().map(str::trim);
    let lines = code.filter(|line| !line.is_empty() && !line.starts_with("//")).count();
    assert!(lines <= 80, "{lines} lines of code");
}
