//! An account on a provider of the sandbox, and an application that takes its webhooks.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use wartel_core::{Country, PhoneNumber};
use wartel_messaging::adapters::connect;
use wartel_messaging::testing::contract::{Arrived, FailingEnv, Failure, ProviderEnv};
use wartel_messaging::{
    Account, AccountSettings, InboundEvent, InboundMessage, MessageProvider, WebhookError, WebhookRequest,
    WebhookSource,
};
use wartel_sandbox::{Endpoint, Fault, ProviderKind, Sandbox, SandboxAccount, WebhookAttempt};

/// A made-up customer.
pub(crate) const PHONE: &str = "6281234567890";
/// Where webhooks go: nobody listens there.
pub(crate) const NOWHERE: &str = "http://127.0.0.1:9/webhook";
/// Long enough for a slow machine; nothing waits this long when it works.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The account that a person would set up with what the sandbox tells: by the provider's name and its settings.
pub(crate) fn account(sandbox: &SandboxAccount) -> Account {
    let settings = sandbox.settings.iter();
    let settings =
        settings.fold(AccountSettings::new(), |settings, (name, value)| settings.with(*name, value.as_str()));
    connect(sandbox.provider.name(), &settings).unwrap()
}

pub(crate) fn phone() -> PhoneNumber {
    PhoneNumber::parse(PHONE, Country::INDONESIA).unwrap()
}

/// Reads a webhook as it was posted: the same bytes, the same headers.
pub(crate) fn decode(
    source: &dyn WebhookSource,
    webhook: &WebhookAttempt,
) -> Result<Vec<InboundEvent>, WebhookError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &webhook.headers {
        headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    source.decode(WebhookRequest::new(&headers, &webhook.body).with_url(NOWHERE))
}

/// The messages among events.
pub(crate) fn messages(events: &[InboundEvent]) -> Vec<&InboundMessage> {
    let all = events.iter().filter_map(|event| match event {
        InboundEvent::Message(message) => Some(message),
        _ => None,
    });
    all.collect()
}

/// The environment of the provider contract: a provider of the sandbox, and its customers' phones.
pub(crate) struct SandboxEnv {
    sandbox: Sandbox,
    provider: Arc<dyn MessageProvider>,
    kind: ProviderKind,
    /// How this provider refuses credentials, as [`Fault::refuse`] takes it.
    refusal: &'static str,
}

impl SandboxEnv {
    pub(crate) async fn new(kind: ProviderKind, refusal: &'static str) -> Self {
        let sandbox = Sandbox::builder().start().await.unwrap();
        let provider = account(&sandbox.account(kind)).provider;
        Self { sandbox, provider, kind, refusal }
    }
}

#[async_trait::async_trait]
impl ProviderEnv for SandboxEnv {
    fn provider(&self) -> Arc<dyn MessageProvider> {
        self.provider.clone()
    }

    async fn arrived(&self) -> Vec<Arrived> {
        let phone = |to: &str| PhoneNumber::from_e164(&format!("+{to}")).unwrap();
        let messages = self.sandbox.messages().into_iter();
        messages.map(|message| Arrived::new(phone(&message.to), message.text)).collect()
    }
}

#[async_trait::async_trait]
impl FailingEnv for SandboxEnv {
    async fn fail_next(&self, failure: Failure) {
        let fault = match failure {
            Failure::Unauthenticated => Fault::refuse(self.refusal),
            // The provider takes the request, waits and hangs up, which ends sooner than the adapter's patience.
            _ => Fault::hang(Duration::from_millis(300)),
        };
        self.sandbox.fault(fault.at(self.kind).on(Endpoint::Send).times(1));
    }
}

/// An application that takes webhooks and reads them with the adapter under test.
pub(crate) struct Application {
    pub(crate) url: String,
    events: mpsc::UnboundedReceiver<Result<Vec<InboundEvent>, WebhookError>>,
}

impl Application {
    pub(crate) async fn start(source: Arc<dyn WebhookSource>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhook/whatsapp/made-up", listener.local_addr().unwrap());
        let (sender, events) = mpsc::unbounded_channel();
        let own = url.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (sender, source, url) = (sender.clone(), Arc::clone(&source), own.clone());
                let service = service_fn(move |request: hyper::Request<Incoming>| {
                    let (sender, source, url) = (sender.clone(), Arc::clone(&source), url.clone());
                    async move {
                        let (parts, body) = request.into_parts();
                        let body = body.collect().await.unwrap().to_bytes();
                        let request = WebhookRequest::new(&parts.headers, &body).with_url(&url);
                        let _ = sender.send(source.decode(request));
                        Ok::<_, std::convert::Infallible>(hyper::Response::new(Full::new(&b"ok"[..])))
                    }
                });
                let connection = hyper::server::conn::http1::Builder::new();
                tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { url, events }
    }

    /// What the next webhook says.
    pub(crate) async fn decoded(&mut self) -> Result<Vec<InboundEvent>, WebhookError> {
        tokio::time::timeout(PATIENCE, self.events.recv()).await.expect("a webhook comes").unwrap()
    }

    /// The one event of the next webhook.
    pub(crate) async fn next(&mut self) -> InboundEvent {
        let mut events = self.decoded().await.unwrap();
        assert_eq!(events.len(), 1, "{events:?}");
        events.remove(0)
    }
}
