//! The ports of this crate, spoken to Fonnte.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, header};
use wartel_core::PhoneNumber;

use super::{FonnteConfig, FonnteWebhooks, NAME, wire};
use crate::adapters::ConfigError;
use crate::adapters::caller::{self, Caller};
use crate::transport::{HttpRequest, HttpResponse, HttpTransport};
use crate::{
    Accepted, Account, Capabilities, DeviceInfo, DeviceStatus, MessageProvider, NumberCheck,
    NumberCheckResult, OutboundMessage, SendError,
};

/// The Fonnte provider. Clones share one HTTP client.
#[derive(Clone)]
pub struct Fonnte {
    caller: Caller,
    auth: HeaderValue,
    country_code: String,
}

impl Fonnte {
    /// A provider with an HTTP client of its own. Asks the network nothing.
    ///
    /// # Errors
    /// [`ConfigError`] if a setting cannot be used, or the machine has no certificates to trust.
    pub fn new(config: FonnteConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let (_, plain) = config.base()?;
        let transport = caller::own_transport(NAME, config.timeout, plain)?;
        Self::with_transport(config, transport)
    }

    /// A provider over a transport of the caller's.
    ///
    /// # Errors
    /// [`ConfigError`] if a setting cannot be used.
    pub fn with_transport(
        config: FonnteConfig,
        transport: Arc<dyn HttpTransport>,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self {
            caller: Caller::new(NAME, &config.base()?.0, config.timeout, transport),
            auth: config.auth()?,
            country_code: config.country_code,
        })
    }

    /// The provider with all its second ports.
    #[must_use]
    pub fn account(&self) -> Account {
        let this = Arc::new(self.clone());
        Account::new(this.clone())
            .with_webhooks(Arc::new(FonnteWebhooks))
            .with_device(this.clone())
            .with_numbers(this)
    }

    /// Every endpoint is a `POST` of a form with the raw token.
    /// Source: <https://docs.fonnte.com/api-send-message/>, November 2026; header "Authorization".
    fn request(&self, path: &str, form: Bytes) -> HttpRequest {
        HttpRequest::new(Method::POST, self.caller.url(path))
            .with_header(header::AUTHORIZATION, self.auth.clone())
            .with_header(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))
            .with_header(header::ACCEPT, HeaderValue::from_static("application/json"))
            .with_body(form)
    }

    async fn post(&self, path: &str, form: Bytes) -> Result<HttpResponse, SendError> {
        self.caller.execute(self.request(path, form)).await
    }
}

impl fmt::Debug for Fonnte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fonnte").field("caller", &self.caller).finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl MessageProvider for Fonnte {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none().with_text().with_one_time_code().with_message_ids().with_receipts()
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Accepted, SendError> {
        let to = message.phone().ok_or_else(|| caller::unsupported(NAME, "lid"))?;
        let text =
            message.content.as_text().ok_or_else(|| caller::unsupported(NAME, message.content.kind()))?;
        let text = text.expose();
        if text.is_empty() {
            return Err(caller::refused_here(NAME, "empty text"));
        }
        if text.chars().count() > wire::MAX_MESSAGE {
            return Err(caller::refused_here(NAME, "text too long"));
        }
        let form = wire::send_form(to.digits(), text, &self.country_code);
        wire::accepted(&self.post("/send", form).await?)
    }
}

#[async_trait::async_trait]
impl DeviceStatus for Fonnte {
    async fn device(&self) -> Result<DeviceInfo, SendError> {
        wire::device(&self.post("/device", Bytes::new()).await?)
    }
}

#[async_trait::async_trait]
impl NumberCheck for Fonnte {
    async fn check_number(&self, phone: &PhoneNumber) -> Result<NumberCheckResult, SendError> {
        let form = wire::validate_form(phone.digits(), &self.country_code);
        wire::number_check(&self.post("/validate", form).await?, phone.digits())
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
