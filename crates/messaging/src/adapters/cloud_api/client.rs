//! The ports of this crate, spoken to the Cloud API.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, header};
use serde_json::Value;

use super::config::OtpTemplate;
use super::content::MediaRef;
use super::{CloudApiConfig, CloudApiHandshake, CloudApiWebhooks, NAME, content, media, wire};
use crate::adapters::ConfigError;
use crate::adapters::caller::{self, Caller};
use crate::transport::{HttpRequest, HttpTransport};
use crate::{
    Accepted, Account, Capabilities, ChatPresence, Content, DeviceInfo, DeviceStatus, Media, MediaSource,
    MessageProvider, OutboundMessage, ProviderMessageId, Recipient, RetryAdvice, SendError,
};

/// Meta's Cloud API for one business phone number. Clones share one HTTP client.
#[derive(Clone)]
pub struct CloudApi {
    caller: Caller,
    auth: HeaderValue,
    phone_number_id: String,
    otp_template: Option<OtpTemplate>,
    webhooks: Option<Arc<CloudApiWebhooks>>,
    handshake: Option<Arc<CloudApiHandshake>>,
}

impl CloudApi {
    /// A provider with an HTTP client of its own. Asks the network nothing.
    ///
    /// # Errors
    /// [`ConfigError`] if a setting cannot be used, or the machine has no certificates to trust.
    pub fn new(config: CloudApiConfig) -> Result<Self, ConfigError> {
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
        config: CloudApiConfig,
        transport: Arc<dyn HttpTransport>,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self {
            caller: config.base().caller(transport)?,
            auth: config.auth()?,
            webhooks: CloudApiWebhooks::of(&config).map(Arc::new),
            handshake: config.verify_token.clone().map(CloudApiHandshake::new).map(Arc::new),
            phone_number_id: config.phone_number_id.clone(),
            otp_template: config.otp_template.clone(),
        })
    }

    /// The provider with all its second ports: webhooks if there is an app secret (or if they are read unverified), the
    /// handshake if there is a verify token.
    #[must_use]
    pub fn account(&self) -> Account {
        let this = Arc::new(self.clone());
        let mut account = Account::new(this.clone()).with_device(this.clone()).with_presence(this);
        if let Some(webhooks) = self.webhooks.clone() {
            account = account.with_webhooks(webhooks);
        }
        if let Some(handshake) = self.handshake.clone() {
            account = account.with_handshake(handshake);
        }
        account
    }

    fn request(&self, method: Method, path: &str) -> HttpRequest {
        let url = self.caller.url(&format!("/{}{path}", self.phone_number_id));
        HttpRequest::new(method, url)
            .with_header(header::AUTHORIZATION, self.auth.clone())
            .with_header(header::ACCEPT, HeaderValue::from_static("application/json"))
    }

    fn post(&self, body: &Value) -> HttpRequest {
        self.request(Method::POST, "/messages")
            .with_header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .with_body(body.to_string())
    }

    /// Uploads a file and says under which id. Whatever goes wrong here, no message was sent.
    async fn upload(&self, media: &Media, bytes: &Bytes) -> Result<String, SendError> {
        let (kind, body) = media::upload(media, bytes)?;
        let request =
            self.request(Method::POST, "/media").with_header(header::CONTENT_TYPE, kind).with_body(body);
        let answer = self.caller.execute(request).await.and_then(|response| wire::uploaded(&response));
        answer.map_err(|error| {
            if !error.is_ambiguous() {
                return error;
            }
            let code = error.provider_code().unwrap_or("upload").to_owned();
            SendError::new(NAME, error.kind(), RetryAdvice::After(None)).with_provider_code(code)
        })
    }

    async fn media_message(&self, message: &OutboundMessage, media: &Media) -> Result<Value, SendError> {
        // Refused before the upload, not after it.
        content::recipient(message)?;
        match &media.source {
            MediaSource::Url(url) => content::media(message, media, &MediaRef::Link(url.expose())),
            MediaSource::Bytes(bytes) => {
                let id = self.upload(media, bytes).await?;
                content::media(message, media, &MediaRef::Id(&id))
            }
        }
    }
}

impl fmt::Debug for CloudApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudApi").field("caller", &self.caller).finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl MessageProvider for CloudApi {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        let can = Capabilities::none()
            .with_text()
            .with_media_urls()
            .with_media_bytes()
            .with_buttons()
            .with_templates()
            .with_quotes()
            .with_lid_recipients()
            .with_message_ids();
        let can = if self.otp_template.is_some() { can.with_one_time_code() } else { can };
        if self.webhooks.is_some() { can.with_receipts() } else { can }
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Accepted, SendError> {
        let body = match &message.content {
            Content::Media(media) => self.media_message(message, media).await?,
            _ => content::message(message, self.otp_template.as_ref())?,
        };
        wire::accepted(&self.caller.execute(self.post(&body)).await?)
    }
}

#[async_trait::async_trait]
impl DeviceStatus for CloudApi {
    async fn device(&self) -> Result<DeviceInfo, SendError> {
        let query = format!("?fields={}", wire::DEVICE_FIELDS);
        wire::device(&self.caller.execute(self.request(Method::GET, &query)).await?)
    }
}

#[async_trait::async_trait]
impl ChatPresence for CloudApi {
    async fn mark_read(&self, _chat: &Recipient, message: &ProviderMessageId) -> Result<(), SendError> {
        let request = self.post(&content::read(message.as_str(), false));
        wire::done(&self.caller.execute(request).await?)
    }

    /// Only for a message of the contact's: the API has no typing without one.
    async fn typing(&self, _chat: &Recipient, answers: Option<&ProviderMessageId>) -> Result<(), SendError> {
        let message = answers.ok_or_else(|| caller::unsupported(NAME, "typing without a message"))?;
        let request = self.post(&content::read(message.as_str(), true));
        wire::done(&self.caller.execute(request).await?)
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
