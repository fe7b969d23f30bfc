//! The ports of this crate, spoken to Fonnte.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, header};
use wartel_core::PhoneNumber;

use super::{FonnteConfig, FonnteWebhooks, NAME, wire};
use crate::adapters::{ConfigError, transport_failure};
use crate::transport::{
    HttpRequest, HttpResponse, HttpTransport, ReqwestTransport, TransportConfig, TransportError,
    TransportErrorKind,
};
use crate::{
    Accepted, Account, Capabilities, DeviceInfo, DeviceStatus, MessageProvider, NumberCheck,
    NumberCheckResult, OutboundMessage, RetryAdvice, SendError, SendErrorKind,
};

/// The Fonnte provider. Clones share one HTTP client.
#[derive(Clone)]
pub struct Fonnte {
    base: String,
    auth: HeaderValue,
    country_code: String,
    timeout: Duration,
    transport: Arc<dyn HttpTransport>,
}

impl Fonnte {
    /// A provider with an HTTP client of its own. Asks the network nothing.
    ///
    /// # Errors
    /// [`ConfigError`] if a setting cannot be used, or the machine has no certificates to trust.
    pub fn new(config: FonnteConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let (_, plain) = config.base()?;
        let settings = TransportConfig::default().with_timeout(config.timeout).with_plain_http(plain);
        let transport = ReqwestTransport::new(&settings).map_err(|_| {
            ConfigError::new(NAME, "transport", "finds no certificates to trust: install ca-certificates")
        })?;
        Self::with_transport(config, Arc::new(transport))
    }

    /// A provider over a transport of the caller's.
    ///
    /// # Errors
    /// [`ConfigError`] if a setting cannot be used.
    #[expect(clippy::needless_pass_by_value, reason = "the configuration holds a secret and is used up")]
    pub fn with_transport(
        config: FonnteConfig,
        transport: Arc<dyn HttpTransport>,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self {
            base: config.base()?.0,
            auth: config.auth()?,
            country_code: config.country_code.clone(),
            timeout: config.timeout,
            transport,
        })
    }

    /// The provider with all its second ports.
    #[must_use]
    pub fn account(&self) -> Account {
        let this = Arc::new(self.clone());
        let mut account = Account::new(this.clone());
        account.webhooks = Some(Arc::new(FonnteWebhooks));
        account.device = Some(this.clone());
        account.numbers = Some(this);
        account
    }

    /// Every endpoint is a `POST` of a form with the raw token.
    /// Source: <https://docs.fonnte.com/api-send-message/>, November 2026; header "Authorization".
    fn request(&self, path: &str, form: Bytes) -> HttpRequest {
        HttpRequest::new(Method::POST, format!("{}{path}", self.base))
            .with_header(header::AUTHORIZATION, self.auth.clone())
            .with_header(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))
            .with_header(header::ACCEPT, HeaderValue::from_static("application/json"))
            .with_body(form)
    }

    async fn post(&self, path: &str, form: Bytes) -> Result<HttpResponse, SendError> {
        // The transport has a limit of its own; this one also holds for a transport of the caller's.
        let call = tokio::time::timeout(self.timeout, self.transport.execute(self.request(path, form)));
        call.await
            .unwrap_or(Err(TransportError::new(TransportErrorKind::Timeout)))
            .map_err(|error| transport_failure(NAME, error))
    }
}

impl fmt::Debug for Fonnte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fonnte").field("base", &self.base).finish_non_exhaustive()
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
        let text = message.text().expose();
        let refuse = |code| {
            Err(SendError::new(NAME, SendErrorKind::Rejected, RetryAdvice::Never).with_provider_code(code))
        };
        if text.is_empty() {
            return refuse("empty text");
        }
        if text.chars().count() > wire::MAX_MESSAGE {
            return refuse("text too long");
        }
        let form = wire::send_form(message.to.digits(), text, &self.country_code);
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
