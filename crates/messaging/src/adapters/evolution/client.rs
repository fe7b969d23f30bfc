//! The ports of this crate, spoken to the Evolution API. The device's are in `pairing.rs`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header};
use serde_json::{Value, json};
use wartel_core::PhoneNumber;

use super::{EvolutionConfig, EvolutionWebhooks, NAME, wire};
use crate::adapters::ConfigError;
use crate::adapters::caller::{self, Caller};
use crate::transport::{HttpRequest, HttpResponse, HttpTransport};
use crate::{
    Accepted, Account, Capabilities, ChatPresence, Content, MessageProvider, NumberCheck, NumberCheckResult,
    OutboundMessage, ProviderMessageId, Recipient, SendError,
};

/// How long the chat shows that somebody is typing.
const TYPING: Duration = Duration::from_secs(10);

/// The Evolution API. Clones share one HTTP client.
#[derive(Clone)]
pub struct Evolution {
    caller: Caller,
    auth: HeaderValue,
    pub(super) instance: Arc<str>,
    webhooks: EvolutionWebhooks,
}

impl Evolution {
    /// A provider with an HTTP client of its own. Asks the network nothing.
    ///
    /// # Errors
    /// [`ConfigError`] if a setting cannot be used, or the machine has no certificates to trust.
    pub fn new(config: EvolutionConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let transport = config.base().transport()?;
        Self::with_transport(config, transport)
    }

    /// A provider over a transport of the caller's.
    ///
    /// # Errors
    /// [`ConfigError`] if a setting cannot be used.
    pub fn with_transport(
        config: EvolutionConfig,
        transport: Arc<dyn HttpTransport>,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self {
            caller: config.base().caller(transport)?,
            auth: config.auth()?,
            instance: config.instance.as_str().into(),
            webhooks: EvolutionWebhooks::new(config.instance.as_str(), config.webhook_secret),
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
            .with_presence(this)
    }

    /// Source: <https://doc.evolution-api.com/v2>, November 2026; header "apikey".
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<HttpResponse, SendError> {
        let request = HttpRequest::new(method, self.caller.url(path))
            .with_header(HeaderName::from_static("apikey"), self.auth.clone())
            .with_header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.caller.execute(request.with_body(body)).await
    }

    async fn post(&self, group: &str, call: &str, body: Bytes) -> Result<HttpResponse, SendError> {
        self.call(Method::POST, &format!("/{group}/{call}/{}", self.instance), body).await
    }

    async fn chat(&self, call: &str, fields: &Value) -> Result<(), SendError> {
        wire::success(&self.post("chat", call, Bytes::from(fields.to_string())).await?).map(|_| ())
    }
}

impl fmt::Debug for Evolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evolution")
            .field("caller", &self.caller)
            .field("instance", &self.instance)
            .finish_non_exhaustive()
    }
}

/// It answers that a LID does not exist, so none is sent to.
/// Source: Evolution API, issue 2547, November 2026.
fn number_of(recipient: &Recipient) -> Result<&PhoneNumber, SendError> {
    recipient.phone().ok_or_else(|| caller::unsupported(NAME, "lid"))
}

#[async_trait::async_trait]
impl MessageProvider for Evolution {
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
            .with_message_ids()
            .with_receipts()
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Accepted, SendError> {
        let (to, quotes) = (number_of(&message.to)?, message.quotes.as_ref());
        if let Content::Media(media) = &message.content {
            let (call, body) = wire::media(to, media, quotes)?;
            return wire::accepted(&self.post("message", call, body).await?);
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
        wire::accepted(&self.post("message", "sendText", wire::text(to, text, quotes)).await?)
    }
}

#[async_trait::async_trait]
impl NumberCheck for Evolution {
    async fn check_number(&self, phone: &PhoneNumber) -> Result<NumberCheckResult, SendError> {
        let response = self.post("chat", "whatsappNumbers", wire::numbers(phone)).await?;
        wire::number_check(&response, phone)
    }
}

#[async_trait::async_trait]
impl ChatPresence for Evolution {
    async fn mark_read(&self, chat: &Recipient, message: &ProviderMessageId) -> Result<(), SendError> {
        let jid = format!("{}@s.whatsapp.net", number_of(chat)?.digits());
        let read = json!({ "remoteJid": jid, "fromMe": false, "id": message.as_str() });
        self.chat("markMessageAsRead", &json!({ "readMessages": [read] })).await
    }

    async fn typing(&self, chat: &Recipient, _answers: Option<&ProviderMessageId>) -> Result<(), SendError> {
        let number = number_of(chat)?.digits();
        let delay = u64::try_from(TYPING.as_millis()).unwrap_or(u64::MAX);
        self.chat("sendPresence", &json!({ "number": number, "presence": "composing", "delay": delay })).await
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
