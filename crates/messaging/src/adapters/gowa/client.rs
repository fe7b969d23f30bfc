//! The ports of this crate, spoken to GOWA. The device's are in `pairing.rs`.

use std::fmt;
use std::sync::Arc;

use http::{HeaderName, HeaderValue, Method, header};
use wartel_core::PhoneNumber;

use super::wire::{self, Post};
use super::{GowaConfig, GowaWebhooks, NAME};
use crate::adapters::ConfigError;
use crate::adapters::caller::{self, Caller};
use crate::transport::{HttpRequest, HttpResponse, HttpTransport};
use crate::{
    Accepted, Account, Capabilities, ChatPresence, Content, MessageProvider, NumberCheck, NumberCheckResult,
    OutboundMessage, ProviderMessageId, Recipient, SendError,
};

/// The GOWA provider. Clones share one HTTP client.
#[derive(Clone)]
pub struct Gowa {
    caller: Caller,
    auth: Option<HeaderValue>,
    device_header: Option<HeaderValue>,
    pub(super) device: Option<Arc<str>>,
    webhooks: GowaWebhooks,
}

impl Gowa {
    /// A provider with an HTTP client of its own. Asks the network nothing.
    ///
    /// # Errors
    /// [`ConfigError`] if a setting cannot be used, or the machine has no certificates to trust.
    pub fn new(config: GowaConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let transport = config.base().transport()?;
        Self::with_transport(config, transport)
    }

    /// A provider over a transport of the caller's.
    ///
    /// # Errors
    /// [`ConfigError`] if a setting cannot be used.
    pub fn with_transport(
        config: GowaConfig,
        transport: Arc<dyn HttpTransport>,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        let webhooks = GowaWebhooks::of(&config);
        Ok(Self {
            caller: config.base().caller(transport)?,
            auth: config.auth()?,
            device_header: config.device_header()?,
            device: config.device.map(Into::into),
            webhooks,
        })
    }

    /// The provider with all its second ports. GOWA sends no webhook when its device connects or disconnects: ask
    /// [`DeviceStatus`](crate::DeviceStatus) now and then.
    #[must_use]
    pub fn account(&self) -> Account {
        let this = Arc::new(self.clone());
        Account::new(this.clone())
            .with_webhooks(Arc::new(self.webhooks.clone()))
            .with_pairing(this.clone())
            .with_reconnect(this.clone())
            .with_numbers(this.clone())
            .with_presence(this)
    }

    /// Source: GOWA docs/openapi.yaml at v9.2.0, 2026-08-22; "basicAuth" and header "X-Device-Id".
    fn request(&self, method: Method, path: &str, accept: &'static str) -> HttpRequest {
        let mut request = HttpRequest::new(method, self.caller.url(path))
            .with_header(header::ACCEPT, HeaderValue::from_static(accept));
        if let Some(auth) = &self.auth {
            request = request.with_header(header::AUTHORIZATION, auth.clone());
        }
        match &self.device_header {
            Some(device) => request.with_header(HeaderName::from_static("x-device-id"), device.clone()),
            None => request,
        }
    }

    pub(super) async fn get(&self, path: &str) -> Result<HttpResponse, SendError> {
        self.caller.execute(self.request(Method::GET, path, wire::JSON)).await
    }

    pub(super) async fn get_png(&self, path: &str) -> Result<HttpResponse, SendError> {
        self.caller.execute(self.request(Method::GET, path, "image/png")).await
    }

    pub(super) async fn post(&self, post: Post) -> Result<HttpResponse, SendError> {
        let kind =
            HeaderValue::from_str(&post.kind).map_err(|_| caller::refused_here(NAME, "content type"))?;
        let request = self.request(Method::POST, &post.path, wire::JSON);
        self.caller.execute(request.with_header(header::CONTENT_TYPE, kind).with_body(post.body)).await
    }
}

impl fmt::Debug for Gowa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gowa").field("caller", &self.caller).finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl MessageProvider for Gowa {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none()
            .with_one_time_code()
            .with_text()
            .with_media_urls()
            .with_media_bytes()
            .with_quotes()
            .with_lid_recipients()
            .with_message_ids()
            .with_receipts()
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Accepted, SendError> {
        caller::check_recipient(NAME, &message.to)?;
        if let Content::Media(media) = &message.content {
            return wire::accepted(&self.post(wire::media(&message.to, media)?).await?);
        }
        let text =
            message.content.as_text().ok_or_else(|| caller::unsupported(NAME, message.content.kind()))?;
        let text = text.expose();
        if text.is_empty() {
            return Err(caller::refused_here(NAME, "empty text"));
        }
        if text.chars().count() > wire::MAX_TEXT {
            return Err(caller::refused_here(NAME, "text too long"));
        }
        wire::accepted(&self.post(wire::text(&message.to, text, message.quotes.as_ref())).await?)
    }
}

#[async_trait::async_trait]
impl NumberCheck for Gowa {
    async fn check_number(&self, phone: &PhoneNumber) -> Result<NumberCheckResult, SendError> {
        wire::number_check(&self.get(&wire::check_path(phone)).await?)
    }
}

#[async_trait::async_trait]
impl ChatPresence for Gowa {
    async fn mark_read(&self, chat: &Recipient, message: &ProviderMessageId) -> Result<(), SendError> {
        caller::check_recipient(NAME, chat)?;
        let post = wire::seen(chat, message).ok_or_else(|| caller::refused_here(NAME, "message id"))?;
        wire::results(&self.post(post).await?).map(drop)
    }

    async fn typing(&self, chat: &Recipient, _answers: Option<&ProviderMessageId>) -> Result<(), SendError> {
        caller::check_recipient(NAME, chat)?;
        wire::results(&self.post(wire::typing(chat)).await?).map(drop)
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
