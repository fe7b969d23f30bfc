//! The ports of this crate, spoken to Twilio.

use std::fmt;
use std::sync::Arc;

use http::{HeaderValue, Method, header};
use wartel_core::Secret;

use super::config::{OtpContent, TwilioSender};
use super::wire::{self, Sending};
use super::{NAME, TwilioConfig, TwilioWebhooks};
use crate::adapters::ConfigError;
use crate::adapters::caller::Caller;
use crate::transport::{HttpRequest, HttpTransport};
use crate::{Accepted, Account, Capabilities, MessageProvider, OutboundMessage, SendError};

/// Twilio's Messages API for one WhatsApp sender. Clones share one HTTP client.
#[derive(Clone)]
pub struct Twilio {
    caller: Caller,
    auth: HeaderValue,
    path: String,
    sender: TwilioSender,
    otp_content: Option<OtpContent>,
    status_callback: Option<Secret>,
    webhooks: Option<Arc<TwilioWebhooks>>,
}

impl Twilio {
    /// A provider with an HTTP client of its own. Asks the network nothing.
    ///
    /// # Errors
    /// [`ConfigError`] if a setting cannot be used, or the machine has no certificates to trust.
    pub fn new(config: TwilioConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let transport = config.base().transport()?;
        Self::with_transport(config, transport)
    }

    /// A provider over a transport of the caller's.
    ///
    /// # Errors
    /// [`ConfigError`] if a setting cannot be used.
    #[expect(clippy::needless_pass_by_value, reason = "the configuration holds secrets and is used up")]
    pub fn with_transport(
        config: TwilioConfig,
        transport: Arc<dyn HttpTransport>,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        let missing = || ConfigError::new(NAME, "from", "is missing, and so is messaging_service_sid");
        Ok(Self {
            caller: config.base().caller(transport)?,
            auth: config.auth()?,
            path: format!("/2010-04-01/Accounts/{}/Messages.json", config.account_sid),
            sender: config.sender.clone().ok_or_else(missing)?,
            otp_content: config.otp_content.clone(),
            status_callback: config.status_callback.clone(),
            webhooks: TwilioWebhooks::of(&config).map(Arc::new),
        })
    }

    /// The provider with its webhooks, if there is an auth token to check them with (or if they are read unverified).
    #[must_use]
    pub fn account(&self) -> Account {
        let account = Account::new(Arc::new(self.clone()));
        match self.webhooks.clone() {
            Some(webhooks) => account.with_webhooks(webhooks),
            None => account,
        }
    }
}

impl fmt::Debug for Twilio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Twilio").field("caller", &self.caller).finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl MessageProvider for Twilio {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        let can = Capabilities::none()
            .with_text()
            .with_max_text(wire::MAX_BODY)
            .with_one_time_code()
            .with_media_urls()
            .with_templates()
            .with_message_ids();
        if self.webhooks.is_some() { can.with_receipts() } else { can }
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Accepted, SendError> {
        let sending = Sending {
            sender: &self.sender,
            otp: self.otp_content.as_ref(),
            status_callback: self.status_callback.as_ref(),
        };
        let form = wire::send_form(message, &sending)?;
        let request = HttpRequest::new(Method::POST, self.caller.url(&self.path))
            .with_header(header::AUTHORIZATION, self.auth.clone())
            .with_header(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))
            .with_header(header::ACCEPT, HeaderValue::from_static("application/json"))
            .with_body(form);
        wire::accepted(&self.caller.execute(request).await?)
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
