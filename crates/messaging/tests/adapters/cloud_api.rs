//! The provider contract on the Cloud API's adapter, over a double that reads its requests.

use std::sync::{Arc, Mutex};

use http::StatusCode;
use serde_json::{Value, json};
use wartel_core::PhoneNumber;
use wartel_messaging::MessageProvider;
use wartel_messaging::adapters::cloud_api::{CloudApi, CloudApiConfig, OtpTemplate};
use wartel_messaging::testing::contract::{Arrived, FailingEnv, Failure, ProviderEnv};
use wartel_messaging::transport::{HttpRequest, HttpResponse, HttpTransport, TransportError};

/// The far end: reads the JSON as Meta would, and answers in its words.
#[derive(Debug, Default)]
struct Double {
    arrived: Mutex<Vec<Arrived>>,
    failure: Mutex<Option<Failure>>,
}

#[async_trait::async_trait]
impl HttpTransport for Double {
    async fn execute(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let failure = self.failure.lock().unwrap().take();
        match failure {
            Some(Failure::NoAnswer) => std::future::pending().await,
            Some(_) => {
                let body = r#"{"error":{"message":"to 6281234567890","type":"OAuthException","code":190}}"#;
                return Ok(HttpResponse::new(StatusCode::UNAUTHORIZED, body));
            }
            None => {}
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let field = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap();
        let to = PhoneNumber::from_e164(&format!("+{}", field("/to"))).unwrap();
        let text = match field("/type") {
            "text" => field("/text/body"),
            "template" => field("/template/components/0/parameters/0/text"),
            other => panic!("{other}"),
        };
        let mut arrived = self.arrived.lock().unwrap();
        arrived.push(Arrived::new(to, text));
        let body = json!({ "messages": [{ "id": format!("wamid.{}", arrived.len()) }] });
        Ok(HttpResponse::new(StatusCode::OK, body.to_string()))
    }
}

struct Env(Arc<Double>, Arc<dyn MessageProvider>);

impl Env {
    fn new() -> Self {
        tokio::time::pause();
        let double = Arc::new(Double::default());
        let config = CloudApiConfig::new("made-up-token", "106540352242922")
            .with_otp_template(OtpTemplate::new("kode_masuk").unwrap());
        let provider = CloudApi::with_transport(config, double.clone()).unwrap();
        Self(double, Arc::new(provider))
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
