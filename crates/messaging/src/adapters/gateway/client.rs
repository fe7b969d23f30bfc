//! The ports of this crate, spoken to the original gateway.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, header};

use super::{GatewayConfig, GatewayWebhooks, NAME, wire};
use crate::adapters::ConfigError;
use crate::adapters::caller::{self, Caller};
use crate::transport::{HttpRequest, HttpResponse, HttpTransport};
use crate::{
    Accepted, Account, Capabilities, Content, DeviceInfo, DevicePairing, DeviceStatus, MessageProvider,
    OutboundMessage, PairingMethod, PairingOffer, SendError,
};

/// The original single-device gateway. Clones share one HTTP client.
#[derive(Clone)]
pub struct Gateway {
    caller: Caller,
    auth: Option<HeaderValue>,
}

impl Gateway {
    /// A provider with an HTTP client of its own. Asks the network nothing.
    ///
    /// # Errors
    /// [`ConfigError`] if a setting cannot be used, or the machine has no certificates to trust.
    pub fn new(config: GatewayConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let transport = config.base().transport()?;
        Self::with_transport(config, transport)
    }

    /// A provider over a transport of the caller's.
    ///
    /// # Errors
    /// [`ConfigError`] if a setting cannot be used.
    #[expect(clippy::needless_pass_by_value, reason = "the configuration holds a secret and is used up")]
    pub fn with_transport(
        config: GatewayConfig,
        transport: Arc<dyn HttpTransport>,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        let caller = config.base().caller(transport)?;
        Ok(Self { caller, auth: config.auth()? })
    }

    /// The provider with all its second ports.
    #[must_use]
    pub fn account(&self) -> Account {
        let this = Arc::new(self.clone());
        Account::new(this.clone()).with_webhooks(Arc::new(GatewayWebhooks)).with_pairing(this)
    }

    async fn call(&self, method: Method, path: &str, body: Bytes) -> Result<HttpResponse, SendError> {
        let json = HeaderValue::from_static("application/json");
        let mut request =
            HttpRequest::new(method, self.caller.url(path)).with_header(header::CONTENT_TYPE, json);
        if let Some(auth) = &self.auth {
            request = request.with_header(header::AUTHORIZATION, auth.clone());
        }
        self.caller.execute(request.with_body(body)).await
    }

    async fn get(&self, path: &str) -> Result<HttpResponse, SendError> {
        self.call(Method::GET, path, Bytes::new()).await
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("caller", &self.caller).finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl MessageProvider for Gateway {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none().with_one_time_code().with_text().with_media_urls()
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Accepted, SendError> {
        let to = message.phone().ok_or_else(|| caller::unsupported(NAME, "lid"))?;
        if let Content::Media(media) = &message.content {
            return wire::accepted(&self.call(Method::POST, "/send", wire::media(to, media)?).await?);
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
        wire::accepted(&self.call(Method::POST, "/send", wire::text(to, text)).await?)
    }
}

#[async_trait::async_trait]
impl DeviceStatus for Gateway {
    async fn device(&self) -> Result<DeviceInfo, SendError> {
        let info = wire::device(&self.get("/devices").await?)?;
        // Only for the version: without it the device is known all the same.
        let health = self.get("/health").await.ok();
        Ok(info.with_version(health.as_ref().and_then(wire::version)))
    }
}

#[async_trait::async_trait]
impl DevicePairing for Gateway {
    async fn start_pairing(&self, method: &PairingMethod) -> Result<PairingOffer, SendError> {
        if let PairingMethod::Code(_) = method {
            return Err(caller::unsupported(NAME, "pairing by code"));
        }
        // `/pair` begins by deleting the session: never on a device that is online, nor on one nobody knows anything of.
        if wire::device(&self.get("/devices").await?)?.connected {
            return Ok(PairingOffer::AlreadyConnected);
        }
        wire::offer(&self.get("/pair").await?)
    }

    async fn disconnect(&self) -> Result<(), SendError> {
        wire::success(&self.call(Method::POST, "/disconnect", Bytes::new()).await?).map(|_| ())
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
