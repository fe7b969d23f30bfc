//! The ports of this crate, spoken to Fonnte.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, header};
use wartel_core::{PhoneNumber, Secret};

use super::{FonnteConfig, FonnteWebhooks, NAME, media, wire};
use crate::adapters::ConfigError;
use crate::adapters::caller::{self, Caller};
use crate::transport::{HttpRequest, HttpResponse, HttpTransport};
use crate::{
    Accepted, Account, Capabilities, Content, DeviceInfo, DeviceStatus, Media, MediaKind, MediaSource,
    MessageProvider, NumberCheck, NumberCheckResult, OutboundMessage, ProviderMessageId, SendError,
};

/// The Fonnte provider. Clones share one HTTP client.
#[derive(Clone)]
pub struct Fonnte {
    caller: Caller,
    auth: HeaderValue,
    country_code: String,
    webhooks: FonnteWebhooks,
}

impl Fonnte {
    /// A provider with an HTTP client of its own. Asks the network nothing.
    ///
    /// # Errors
    /// [`ConfigError`] if a setting cannot be used, or the machine has no certificates to trust.
    pub fn new(config: FonnteConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let transport = config.base().transport()?;
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
            caller: config.base().caller(transport)?,
            auth: config.auth()?,
            webhooks: FonnteWebhooks::new(&config.country_code).with_secret(config.webhook_secret),
            country_code: config.country_code,
        })
    }

    /// The provider with all its second ports.
    #[must_use]
    pub fn account(&self) -> Account {
        let this = Arc::new(self.clone());
        Account::new(this.clone())
            .with_webhooks(Arc::new(self.webhooks.clone()))
            .with_pairing(this.clone())
            .with_numbers(this)
    }

    /// Every endpoint is a `POST` of a form with the raw token.
    /// Source: <https://docs.fonnte.com/api-send-message/>, November 2026; header "Authorization".
    pub(super) fn request(&self, path: &str, form: Bytes) -> HttpRequest {
        HttpRequest::new(Method::POST, self.caller.url(path))
            .with_header(header::AUTHORIZATION, self.auth.clone())
            .with_header(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))
            .with_header(header::ACCEPT, HeaderValue::from_static("application/json"))
            .with_body(form)
    }

    pub(super) async fn post(&self, path: &str, form: Bytes) -> Result<HttpResponse, SendError> {
        self.execute(self.request(path, form)).await
    }

    pub(super) async fn execute(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        self.caller.execute(request).await
    }

    async fn send_text(&self, target: &str, text: &str, quotes: Option<&str>) -> Result<Accepted, SendError> {
        if text.is_empty() {
            return Err(caller::refused_here(NAME, "empty text"));
        }
        let form = wire::send_form(target, text, &self.country_code, quotes);
        self.accepted(self.request("/send", form)).await
    }

    async fn send_media(
        &self,
        target: &str,
        file: &Media,
        quotes: Option<&str>,
    ) -> Result<Accepted, SendError> {
        if file.kind == MediaKind::Sticker {
            return Err(caller::unsupported(NAME, "sticker"));
        }
        let caption = file.caption.as_ref().map_or("", Secret::expose);
        let name = file.file_name.as_ref().map(Secret::expose);
        let mut fields = vec![("target", target), ("message", caption), ("countryCode", &self.country_code)];
        fields.extend(quotes.map(|id| ("inboxid", id)));
        fields.extend(name.map(|name| ("filename", name)));
        let request = match &file.source {
            MediaSource::Url(url) => {
                fields.push(("url", url.expose()));
                self.request("/send", wire::form(&fields))
            }
            MediaSource::Bytes(bytes) => {
                if bytes.len() > media::MAX_FILE {
                    return Err(caller::refused_here(NAME, "file too large"));
                }
                let mime = file.mime.as_deref().unwrap_or_default();
                let default = media::default_name(mime);
                let file = media::File { name: name.unwrap_or(&default), mime, bytes };
                let (content_type, body) = media::multipart(&fields, &file);
                let content_type = HeaderValue::from_str(&content_type)
                    .map_err(|_| caller::refused_here(NAME, "content type"))?;
                self.request("/send", body).with_header(header::CONTENT_TYPE, content_type)
            }
        };
        self.accepted(request).await
    }

    async fn accepted(&self, request: HttpRequest) -> Result<Accepted, SendError> {
        wire::accepted(&self.execute(request).await?)
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
        Capabilities::none()
            .with_text()
            .with_one_time_code()
            .with_media_urls()
            .with_media_bytes()
            .with_quotes()
            .with_message_ids()
            .with_receipts()
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Accepted, SendError> {
        let to = message.phone().ok_or_else(|| caller::unsupported(NAME, "lid"))?.digits();
        let quotes = message.quotes.as_ref().map(ProviderMessageId::as_str);
        // Only messages that came in can be quoted, by the running number of their webhook.
        let quotes = quotes.filter(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()));
        let text = match &message.content {
            Content::Media(file) => {
                let caption = file.caption.as_ref().map_or("", Secret::expose);
                check_length(caption)?;
                return self.send_media(to, file, quotes).await;
            }
            other => other.as_text().ok_or_else(|| caller::unsupported(NAME, other.kind()))?,
        };
        check_length(text.expose())?;
        self.send_text(to, text.expose(), quotes).await
    }
}

fn check_length(text: &str) -> Result<(), SendError> {
    if text.chars().count() > wire::MAX_MESSAGE {
        return Err(caller::refused_here(NAME, "text too long"));
    }
    Ok(())
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
