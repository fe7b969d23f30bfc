//! A client of the sandbox and a receiver of its webhooks.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use reqwest::RequestBuilder;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use wartel_sandbox::{Sandbox, SandboxBuilder};

/// A made-up customer.
pub(crate) const PHONE: &str = "6281234567890";
/// Long enough for a slow machine; nothing waits this long when it works.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A sandbox whose messages climb without waiting.
pub(crate) fn quick() -> SandboxBuilder {
    Sandbox::builder().delivered_after(Duration::ZERO).webhook_retry(Duration::from_millis(5))
}

pub(crate) async fn start() -> Sandbox {
    quick().start().await.unwrap()
}

pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap()
}

/// A `POST` to an endpoint of the provider, with the token of the first device.
pub(crate) fn provider(sandbox: &Sandbox, endpoint: &str) -> RequestBuilder {
    client().post(format!("{}{endpoint}", sandbox.url())).header("Authorization", sandbox.token())
}

/// Asks an endpoint with a form body and gives back the JSON; failures come with status 200 too.
pub(crate) async fn ask(sandbox: &Sandbox, endpoint: &str, form: &[(&str, &str)]) -> Value {
    let response = provider(sandbox, endpoint).form(form).send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

/// Sends one text and gives back the provider's answer.
pub(crate) async fn send(sandbox: &Sandbox, target: &str, message: &str) -> Value {
    ask(sandbox, "/send", &[("target", target), ("message", message)]).await
}

/// Calls the control API.
pub(crate) async fn control(sandbox: &Sandbox, method: &str, call: &str, body: Option<&str>) -> (u16, Value) {
    let method = method.parse().unwrap();
    let mut request = client().request(method, format!("{}/sandbox/api/{call}", sandbox.url()));
    if let Some(body) = body {
        request = request.body(body.to_owned());
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

/// An application's webhook: records what comes and answers with scripted statuses, then with 200.
pub(crate) struct Receiver {
    pub(crate) url: String,
    bodies: mpsc::UnboundedReceiver<Value>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        Self::answering([]).await
    }

    pub(crate) async fn answering<const N: usize>(statuses: [u16; N]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhook/whatsapp/token", listener.local_addr().unwrap());
        let (sender, bodies) = mpsc::unbounded_channel();
        let script = Arc::new(Mutex::new(VecDeque::from(statuses)));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (sender, script) = (sender.clone(), Arc::clone(&script));
                let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                    let (sender, script) = (sender.clone(), Arc::clone(&script));
                    async move {
                        assert_eq!(request.method(), "POST");
                        assert_eq!(request.headers()["content-type"], "application/json");
                        assert_eq!(request.uri().path(), "/webhook/whatsapp/token");
                        let body = request.into_body().collect().await.unwrap().to_bytes();
                        let status = script.lock().unwrap().pop_front().unwrap_or(200);
                        let _ = sender.send(serde_json::from_slice(&body).unwrap());
                        let mut response = hyper::Response::new(Full::new(Bytes::from_static(b"ok")));
                        *response.status_mut() = status.try_into().unwrap();
                        Ok::<_, Infallible>(response)
                    }
                });
                tokio::spawn(async move {
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self { url, bodies }
    }

    /// The next webhook.
    pub(crate) async fn next(&mut self) -> Value {
        tokio::time::timeout(PATIENCE, self.bodies.recv()).await.expect("a webhook comes").unwrap()
    }

    /// Asserts that nothing came so far. Call it after something that would have come later.
    pub(crate) fn assert_silent(&mut self) {
        assert!(self.bodies.try_recv().is_err(), "an unexpected webhook came");
    }
}
