//! A far end in memory for the contract of an adapter: it reads requests as the provider would, and answers in its words.

use std::fmt;
use std::sync::{Arc, Mutex};

use http::StatusCode;
use wartel_messaging::MessageProvider;
use wartel_messaging::testing::contract::{Arrived, FailingEnv, Failure, ProviderEnv};
use wartel_messaging::transport::{HttpRequest, HttpResponse, HttpTransport, TransportError};

/// How one provider speaks.
pub(crate) struct Speech {
    /// Reads a request that sends a text.
    pub(crate) read: fn(&HttpRequest) -> Arrived,
    /// The answer to the message of this number.
    pub(crate) accept: fn(usize) -> (u16, String),
    /// The answer to wrong credentials.
    pub(crate) refuse: (u16, &'static str),
}

/// The far end.
pub(crate) struct Double {
    speech: Speech,
    arrived: Mutex<Vec<Arrived>>,
    failure: Mutex<Option<Failure>>,
}

impl fmt::Debug for Double {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Double")
    }
}

fn answer(status: u16, body: impl Into<bytes::Bytes>) -> HttpResponse {
    HttpResponse::new(StatusCode::from_u16(status).unwrap(), body)
}

#[async_trait::async_trait]
impl HttpTransport for Double {
    async fn execute(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let failure = self.failure.lock().unwrap().take();
        match failure {
            Some(Failure::NoAnswer) => std::future::pending().await,
            Some(_) => return Ok(answer(self.speech.refuse.0, self.speech.refuse.1)),
            None => {}
        }
        let mut arrived = self.arrived.lock().unwrap();
        arrived.push((self.speech.read)(&request));
        let (status, body) = (self.speech.accept)(arrived.len());
        Ok(answer(status, body))
    }
}

/// An adapter and its far end.
pub(crate) struct Env(Arc<Double>, Arc<dyn MessageProvider>);

impl Env {
    /// The adapter that `make` puts over the transport.
    pub(crate) fn new<P: MessageProvider>(
        speech: Speech,
        make: impl FnOnce(Arc<dyn HttpTransport>) -> P,
    ) -> Self {
        tokio::time::pause();
        let double = Arc::new(Double { speech, arrived: Mutex::new(Vec::new()), failure: Mutex::new(None) });
        let provider = make(double.clone());
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
