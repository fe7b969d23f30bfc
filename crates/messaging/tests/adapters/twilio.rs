//! The provider contract on Twilio's adapter, over a double that reads its requests.

use std::sync::{Arc, Mutex};

use http::StatusCode;
use serde_json::json;
use wartel_core::PhoneNumber;
use wartel_messaging::MessageProvider;
use wartel_messaging::adapters::twilio::{OtpContent, Twilio, TwilioConfig, TwilioSender};
use wartel_messaging::testing::contract::{Arrived, FailingEnv, Failure, ProviderEnv};
use wartel_messaging::transport::{HttpRequest, HttpResponse, HttpTransport, TransportError};

/// The far end: reads the form as Twilio would, and answers in its words.
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
                let body = r#"{"code":20003,"message":"to +6281234567890","status":401}"#;
                return Ok(HttpResponse::new(StatusCode::UNAUTHORIZED, body));
            }
            None => {}
        }
        let field = |name: &str| {
            let mut pairs = form_urlencoded::parse(&request.body);
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let to = field("To").unwrap();
        let to = PhoneNumber::from_e164(to.strip_prefix("whatsapp:").unwrap()).unwrap();
        let text = field("Body").or_else(|| field("ContentVariables")).unwrap();
        let mut arrived = self.arrived.lock().unwrap();
        arrived.push(Arrived::new(to, text));
        let body = json!({ "sid": format!("SM{}", arrived.len()), "error_code": null });
        Ok(HttpResponse::new(StatusCode::CREATED, body.to_string()))
    }
}

struct Env(Arc<Double>, Arc<dyn MessageProvider>);

impl Env {
    fn new() -> Self {
        tokio::time::pause();
        let double = Arc::new(Double::default());
        let sid = |kind: &str| format!("{kind}0123456789abcdef0123456789abcdef");
        let sender = TwilioSender::MessagingService(sid("MG"));
        let config = TwilioConfig::new(sid("AC"), "made-up-token", sender)
            .with_otp_content(OtpContent::new(&sid("HX")).unwrap());
        let provider = Twilio::with_transport(config, double.clone()).unwrap();
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
