//! The ports of this crate, spoken to WAHA. The device's are in `pairing.rs`.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header};
use wartel_core::{Jid, PhoneNumber};

use super::errors::is_session_missing;
use super::{NAME, WahaConfig, WahaWebhooks, wire};
use crate::adapters::ConfigError;
use crate::adapters::caller::{self, Caller};
use crate::transport::{HttpRequest, HttpResponse, HttpTransport};
use crate::{
    Accepted, Account, Capabilities, ChatPresence, Content, LidLookup, MessageProvider, NumberCheck,
    NumberCheckResult, OutboundMessage, ProviderMessageId, Recipient, SendError,
};

/// The WAHA provider. Clones share one HTTP client.
#[derive(Clone)]
pub struct Waha {
    caller: Caller,
    auth: HeaderValue,
    pub(super) session: Arc<str>,
    webhooks: WahaWebhooks,
}

impl Waha {
    /// A provider with an HTTP client of its own. Asks the network nothing.
    ///
    /// # Errors
    /// [`ConfigError`] if a setting cannot be used, or the machine has no certificates to trust.
    pub fn new(config: WahaConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let transport = config.base().transport()?;
        Self::with_transport(config, transport)
    }

    /// A provider over a transport of the caller's.
    ///
    /// # Errors
    /// [`ConfigError`] if a setting cannot be used.
    pub fn with_transport(
        config: WahaConfig,
        transport: Arc<dyn HttpTransport>,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self {
            caller: config.base().caller(transport)?,
            auth: config.auth()?,
            session: config.session.as_str().into(),
            webhooks: WahaWebhooks::new(config.session.as_str(), config.webhook_secret),
        })
    }

    /// The provider with all its second ports.
    #[must_use]
    pub fn account(&self) -> Account {
        let this = Arc::new(self.clone());
        Account::new(this.clone())
            .with_webhooks(Arc::new(self.webhooks.clone()))
            .with_pairing(this.clone())
            .with_reconnect(this.clone())
            .with_numbers(this.clone())
            .with_lids(this.clone())
            .with_presence(this)
    }

    /// Source: WAHA documentation, "Security", 2026-07-24; header "X-Api-Key".
    fn request(&self, method: Method, path: &str) -> HttpRequest {
        HttpRequest::new(method, self.caller.url(path))
            .with_header(HeaderName::from_static("x-api-key"), self.auth.clone())
            .with_header(header::ACCEPT, HeaderValue::from_static("application/json"))
    }

    pub(super) async fn get(&self, path: &str) -> Result<HttpResponse, SendError> {
        self.caller.execute(self.request(Method::GET, path)).await
    }

    pub(super) async fn post(&self, path: &str, body: Bytes) -> Result<HttpResponse, SendError> {
        let json = HeaderValue::from_static("application/json");
        let request = self.request(Method::POST, path).with_header(header::CONTENT_TYPE, json);
        self.caller.execute(request.with_body(body)).await
    }
}

impl fmt::Debug for Waha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waha")
            .field("caller", &self.caller)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl MessageProvider for Waha {
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
        let quotes = message.quotes.as_ref();
        if let Content::Media(media) = &message.content {
            let (path, body) = wire::media(&self.session, &message.to, media, quotes)?;
            return wire::accepted(&self.post(path, body).await?);
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
        let body = wire::text(&self.session, &message.to, text, quotes);
        wire::accepted(&self.post("/api/sendText", body).await?)
    }
}

#[async_trait::async_trait]
impl NumberCheck for Waha {
    async fn check_number(&self, phone: &PhoneNumber) -> Result<NumberCheckResult, SendError> {
        wire::number_check(&self.get(&wire::check_path(&self.session, phone)).await?)
    }
}

#[async_trait::async_trait]
impl LidLookup for Waha {
    async fn phone_of(&self, lid: &Jid) -> Result<Option<PhoneNumber>, SendError> {
        let response = self.get(&wire::lid_path(&self.session, lid)).await?;
        if response.status == http::StatusCode::NOT_FOUND && !is_session_missing(&response) {
            return Ok(None);
        }
        wire::phone_of(&response)
    }
}

#[async_trait::async_trait]
impl ChatPresence for Waha {
    async fn mark_read(&self, chat: &Recipient, message: &ProviderMessageId) -> Result<(), SendError> {
        caller::check_recipient(NAME, chat)?;
        wire::done(&self.post("/api/sendSeen", wire::seen(&self.session, chat, message)).await?)
    }

    async fn typing(&self, chat: &Recipient, _answers: Option<&ProviderMessageId>) -> Result<(), SendError> {
        caller::check_recipient(NAME, chat)?;
        wire::done(&self.post("/api/startTyping", wire::typing(&self.session, chat)).await?)
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
