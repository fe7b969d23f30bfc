//! What a test does with a running sandbox.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;

use crate::error::SandboxError;
use crate::faults::Fault;
use crate::http_io::SandboxBody;
use crate::lock;
use crate::phone::{SandboxMessage, phone_key};
use crate::recorder::RecordedRequest;
use crate::shared::Shared;
use crate::webhooks::{Target, WebhookAttempt, WebhookKind};
use crate::{control, pages};

/// Looks into a running [`Sandbox`](crate::Sandbox) and steers it. Cheap to clone; does not keep the sandbox running.
#[derive(Clone)]
pub struct SandboxHandle {
    pub(crate) shared: Arc<Shared>,
    pub(crate) url: Arc<str>,
}

impl SandboxHandle {
    /// The base URL, such as `http://127.0.0.1:40123`: for `WHATSAPP_API_URL`, and with `/sandbox/` behind it for a
    /// browser.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The token of the first device, for `WHATSAPP_API_TOKEN`.
    #[must_use]
    pub fn token(&self) -> &str {
        self.shared.devices.first().map_or("", |device| &device.token)
    }

    /// The account's token, for `/get-devices`.
    #[must_use]
    pub fn account_token(&self) -> &str {
        &self.shared.options.account_token
    }

    /// The first device's WhatsApp number: digits without `+`.
    #[must_use]
    pub fn device_number(&self) -> &str {
        self.shared.devices.first().map_or("", |device| &device.number)
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

    /// Connects the devices to WhatsApp (as if their QR was scanned) or disconnects them.
    pub fn set_connected(&self, connected: bool) {
        self.shared.set_connected(connected);
    }

    /// Sets the quota of every device.
    pub fn set_quota(&self, messages: u64) {
        for device in &self.shared.devices {
            device.set_quota(messages);
        }
    }

    /// Gives a number WhatsApp, or takes it away, for messages accepted from now on.
    pub fn set_on_whatsapp(&self, phone: &str, present: bool) {
        self.shared.set_on_whatsapp(phone_key(phone), present);
    }

    /// Where all three kinds of webhook go from now on.
    ///
    /// # Errors
    /// [`SandboxError::WebhookUrl`] if the URL is not of the form `http://host:port/path`.
    pub fn set_webhooks(&self, url: &str) -> Result<(), SandboxError> {
        let target = Arc::new(Target::parse(url)?);
        for kind in [WebhookKind::Status, WebhookKind::Incoming, WebhookKind::Connect] {
            self.shared.set_target(kind, Some(Arc::clone(&target)));
        }
        Ok(())
    }

    /// Where status webhooks go from now on.
    ///
    /// # Errors
    /// [`SandboxError::WebhookUrl`] if the URL is not of the form `http://host:port/path`.
    pub fn set_status_webhook(&self, url: &str) -> Result<(), SandboxError> {
        self.shared.set_target(WebhookKind::Status, Some(Arc::new(Target::parse(url)?)));
        Ok(())
    }

    /// Where webhooks for messages from customers go from now on.
    ///
    /// # Errors
    /// [`SandboxError::WebhookUrl`] if the URL is not of the form `http://host:port/path`.
    pub fn set_incoming_webhook(&self, url: &str) -> Result<(), SandboxError> {
        self.shared.set_target(WebhookKind::Incoming, Some(Arc::new(Target::parse(url)?)));
        Ok(())
    }

    /// Sends no webhooks any more.
    pub fn clear_webhooks(&self) {
        for kind in [WebhookKind::Status, WebhookKind::Incoming, WebhookKind::Connect] {
            self.shared.set_target(kind, None);
        }
    }

    /// The customer opens the chat: what was sent to them becomes *delivered* and *read*. Gives back how many messages.
    pub fn mark_read(&self, phone: &str) -> usize {
        self.shared.mark_read(&phone_key(phone))
    }

    /// The customer writes to the shop; the incoming-message webhook follows.
    pub fn customer_writes(&self, from: &str, text: &str) -> SandboxMessage {
        self.shared.customer_writes(&phone_key(from), "Pelanggan", text)
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
    /// can be mounted in another server. The provider surface is not among them.
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
        f.debug_struct("SandboxHandle").field("url", &self.url).finish_non_exhaustive()
    }
}
