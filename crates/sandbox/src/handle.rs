//! What a test does with a running sandbox.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;

use crate::customer::CustomerMessage;
use crate::device::Device;
use crate::error::SandboxError;
use crate::faults::Fault;
use crate::http_io::SandboxBody;
use crate::llm::{LlmKind, SandboxLlm};
use crate::lock;
use crate::phone::{SandboxMessage, phone_key};
use crate::provider::ProviderKind;
use crate::recorder::RecordedRequest;
use crate::shared::Shared;
use crate::steer::{SandboxAccount, SandboxDevice};
use crate::webhooks::{Target, WebhookAttempt, WebhookKind};
use crate::{control, pages};

/// Looks into a running [`Sandbox`](crate::Sandbox) and steers it. Cheap to clone; does not keep the sandbox running.
#[derive(Clone)]
pub struct SandboxHandle {
    pub(crate) shared: Arc<Shared>,
}

impl SandboxHandle {
    /// The base URL, such as `http://127.0.0.1:40123`: for `WHATSAPP_API_URL`, and with `/sandbox/` behind it for a
    /// browser.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// How an application reaches the first device of this provider.
    #[must_use]
    pub fn account(&self, provider: ProviderKind) -> SandboxAccount {
        self.device(provider).account()
    }

    /// The first device of this provider. There is always one.
    #[must_use]
    pub fn device(&self, provider: ProviderKind) -> SandboxDevice {
        self.steer(self.shared.devices.first_of(provider))
    }

    /// All devices.
    #[must_use]
    pub fn devices(&self) -> Vec<SandboxDevice> {
        self.shared.devices.all().into_iter().map(|device| self.steer(device)).collect()
    }

    fn steer(&self, device: Arc<Device>) -> SandboxDevice {
        SandboxDevice { shared: Arc::clone(&self.shared), device }
    }

    /// The LID that stands for a customer's number: digits without `@lid`.
    #[must_use]
    pub fn lid(&self, phone: &str) -> String {
        self.shared.contacts.lid(&phone_key(phone))
    }

    /// The token of the first device of Fonnte, for `WHATSAPP_API_TOKEN`.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.shared.devices.first.token
    }

    /// The Fonnte account's token, for `/get-devices` and `/add-device`.
    #[must_use]
    pub fn account_token(&self) -> &str {
        &self.shared.options.account_token
    }

    /// The WhatsApp number of Fonnte's first device: digits without `+`.
    #[must_use]
    pub fn device_number(&self) -> &str {
        &self.shared.devices.first.number
    }

    /// The language models: their scripts, faults and records.
    #[must_use]
    pub fn llm(&self) -> SandboxLlm {
        SandboxLlm { shared: Arc::clone(&self.shared) }
    }

    /// The base URL of a language model, as an adapter of its server is configured with it; see [`LlmKind`].
    #[must_use]
    pub fn llm_base(&self, kind: LlmKind) -> String {
        kind.base(&self.shared.url)
    }

    /// All messages that are kept, in both directions, oldest first.
    #[must_use]
    pub fn messages(&self) -> Vec<SandboxMessage> {
        self.shared.with_book(|book| book.list(None))
    }

    /// The messages that this number received and wrote, oldest first. Any spelling of the number will do.
    #[must_use]
    pub fn messages_to(&self, phone: &str) -> Vec<SandboxMessage> {
        self.shared.with_book(|book| book.list(Some(&phone_key(phone))))
    }

    /// The newest message that the application sent to this number.
    #[must_use]
    pub fn last_message(&self, phone: &str) -> Option<SandboxMessage> {
        self.shared.with_book(|book| book.last_to(&phone_key(phone)).cloned())
    }

    /// Waits for the next message to this number: the oldest that no earlier call gave back. So one call after
    /// another walks through a conversation, whether a message came before the call or comes after it.
    ///
    /// # Errors
    /// [`SandboxError::Timeout`] if none came in time.
    pub async fn wait_for_message(
        &self,
        phone: &str,
        timeout: Duration,
    ) -> Result<SandboxMessage, SandboxError> {
        let phone = phone_key(phone);
        let mut tip = self.shared.events.subscribe();
        let search = async {
            loop {
                // Seen before looking, so that a message that comes between looking and waiting wakes us.
                tip.mark_unchanged();
                if let Some(message) = self.shared.with_book(|book| book.take_next(&phone)) {
                    return Ok(message);
                }
                tip.changed().await.map_err(|_| SandboxError::Timeout)?;
            }
        };
        tokio::time::timeout(timeout, search).await.unwrap_or(Err(SandboxError::Timeout))
    }

    /// The requests to the provider surface, refused ones included, oldest first. The newest 2,000 are kept.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.requests()
    }

    /// The tries to deliver webhooks, oldest first. The newest 2,000 are kept.
    #[must_use]
    pub fn webhook_attempts(&self) -> Vec<WebhookAttempt> {
        self.shared.webhook_log()
    }

    /// Plans a fault. Beyond 1,000 planned faults further ones are ignored, with a warning in the log.
    pub fn fault(&self, fault: Fault) {
        if lock(&self.shared.faults).add(fault).is_none() {
            tracing::warn!("sandbox: too many faults are planned, this one is ignored");
        }
    }

    /// Forgets all planned faults.
    pub fn clear_faults(&self) {
        lock(&self.shared.faults).clear();
    }

    /// Connects Fonnte's devices to WhatsApp (as if their QR was scanned) or disconnects them.
    pub fn set_connected(&self, connected: bool) {
        for device in self.shared.devices.of(ProviderKind::Fonnte) {
            self.shared.connect_device(&device, connected);
        }
    }

    /// Sets the quota of every device.
    pub fn set_quota(&self, messages: u64) {
        for device in self.shared.devices.all() {
            device.set_quota(messages);
        }
    }

    /// Gives a number WhatsApp, or takes it away, for messages accepted from now on.
    pub fn set_on_whatsapp(&self, phone: &str, present: bool) {
        self.shared.set_on_whatsapp(phone_key(phone), present);
    }

    /// Where all three kinds of Fonnte's webhooks go from now on.
    ///
    /// # Errors
    /// [`SandboxError::WebhookUrl`] if the URL is not of the form `http://host:port/path`.
    pub fn set_webhooks(&self, url: &str) -> Result<(), SandboxError> {
        self.set_targets(&WebhookKind::ALL, url)
    }

    /// Where Fonnte's status webhooks go from now on.
    ///
    /// # Errors
    /// [`SandboxError::WebhookUrl`] if the URL is not of the form `http://host:port/path`.
    pub fn set_status_webhook(&self, url: &str) -> Result<(), SandboxError> {
        self.set_targets(&[WebhookKind::Status], url)
    }

    /// Where Fonnte's webhooks for messages from customers go from now on.
    ///
    /// # Errors
    /// [`SandboxError::WebhookUrl`] if the URL is not of the form `http://host:port/path`.
    pub fn set_incoming_webhook(&self, url: &str) -> Result<(), SandboxError> {
        self.set_targets(&[WebhookKind::Incoming], url)
    }

    fn set_targets(&self, kinds: &[WebhookKind], url: &str) -> Result<(), SandboxError> {
        let target = Arc::new(Target::parse(url)?);
        for device in self.shared.devices.of(ProviderKind::Fonnte) {
            for kind in kinds {
                device.set_target(*kind, Some(Arc::clone(&target)));
            }
        }
        Ok(())
    }

    /// Sends no webhooks any more, of no device.
    pub fn clear_webhooks(&self) {
        for device in self.shared.devices.all() {
            for kind in WebhookKind::ALL {
                device.set_target(kind, None);
            }
        }
    }

    /// The customer opens the chat: what was sent to them becomes *delivered* and *read*. Gives back how many messages.
    pub fn mark_read(&self, phone: &str) -> usize {
        self.shared.mark_read(&phone_key(phone))
    }

    /// The customer writes to the device that wrote to them last, or else to Fonnte's first one; the incoming-message
    /// webhook follows. [`SandboxDevice::write`] can do more.
    pub fn customer_writes(&self, from: &str, text: &str) -> SandboxMessage {
        let device = self.shared.device_of(&phone_key(from));
        self.shared.write(&device, &CustomerMessage::new(from, text))
    }

    /// Back to the start: no messages, requests or faults; quota, connection and numbers as they were built. Webhook
    /// URLs stay, and ids go on counting so that a late webhook cannot meet a new message.
    pub fn reset(&self) {
        self.shared.reset();
    }

    /// Ends the event streams that browsers hold open. Call it before a server that mounts
    /// [`handle`](Self::handle) shuts down gracefully, or it waits for them.
    pub fn close_streams(&self) {
        self.shared.events.close();
    }

    /// Answers a request for the pages and the control API, with or without `/sandbox` before its path, so that they
    /// can be mounted in another server. The providers' surfaces are not among them.
    ///
    /// Framework-free: with axum it is
    /// `Router::new().fallback_service(service_fn(move |request| { let sandbox = handle.clone(); async move {
    /// Ok::<_, Infallible>(sandbox.handle(request).await) } }))`, nested at `/sandbox`. The pages link to each other
    /// as `/sandbox/…`.
    pub async fn handle<B>(&self, request: Request<B>) -> Response<SandboxBody>
    where
        B: Body,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let path = request.uri().path();
        let path = match path.strip_prefix("/sandbox") {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
            _ => path,
        };
        match path.strip_prefix("/api/") {
            Some(call) => {
                let call = call.to_owned();
                control::serve(&self.shared, &call, request).await
            }
            None => pages::serve(path, request.method()),
        }
    }
}

impl fmt::Debug for SandboxHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxHandle").field("url", &self.url()).finish_non_exhaustive()
    }
}
