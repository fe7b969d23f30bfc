//! The model behind the Messages API.

use std::fmt;
use std::sync::Arc;

use http::HeaderName;
use wartel_messaging::transport::{BodyEnd, HttpResponse, HttpTransport};

use super::config::AnthropicConfig;
use super::{errors, reply, request, stream};
use crate::llm::wire::{
    Draft, Endpoint, EndpointSettings, Transports, broken, events, has_a_question, is_event_stream, json,
};
use crate::llm::{
    LanguageModel, LlmCapabilities, LlmConfigError, LlmError, LlmErrorKind, LlmReply, LlmRequest,
};

/// A model behind the Messages API. `Debug` shows its name only.
pub struct Anthropic {
    config: AnthropicConfig,
    endpoint: Endpoint,
}

impl Anthropic {
    /// A model with an HTTP client of its own.
    ///
    /// # Errors
    /// [`LlmConfigError`] names the field that cannot be used.
    pub fn new(config: AnthropicConfig) -> Result<Self, LlmConfigError> {
        Self::build(config, &Transports::default())
    }

    /// A model with an HTTP client that others use too. Its own time limit must be longer than a call may take.
    ///
    /// # Errors
    /// [`LlmConfigError`] names the field that cannot be used.
    pub fn with_transport(
        config: AnthropicConfig,
        transport: Arc<dyn HttpTransport>,
    ) -> Result<Self, LlmConfigError> {
        Self::build(config, &Transports::given(transport))
    }

    pub(in crate::llm) fn build(
        config: AnthropicConfig,
        transports: &Transports,
    ) -> Result<Self, LlmConfigError> {
        config.validate()?;
        let endpoint = Endpoint::new(EndpointSettings {
            backend: "anthropic",
            name: format!("anthropic/{}", config.model.trim()),
            base_url: &config.base_url,
            path: "/v1/messages",
            transports,
        })?;
        let key = config.api_key.expose().trim();
        let endpoint = endpoint
            .with_secret("anthropic", HeaderName::from_static("x-api-key"), key)?
            .with_header(HeaderName::from_static("anthropic-version"), "2023-06-01");
        Ok(Self { config, endpoint })
    }

    async fn read(&self, response: &HttpResponse) -> Result<Draft, LlmError> {
        let name = self.endpoint.name();
        if response.status.is_success() && is_event_stream(response) {
            let Some(events) = events(response).await else {
                return Err(broken(name, response, "not_utf8"));
            };
            return match stream::collect(&events) {
                stream::Streamed::Draft(draft) => Ok(draft),
                stream::Streamed::Refused(body) => Err(errors::refused(name, response, Some(&body))),
                stream::Streamed::Half => {
                    Err(LlmError::of(name, LlmErrorKind::CutOff).with_code("half_json"))
                }
            };
        }
        let body = json::parse(&response.body);
        if !response.status.is_success() {
            return Err(errors::refused(name, response, body.as_ref()));
        }
        match body {
            Some(body) if json::at(&body, &["error"]).is_some() => {
                Err(errors::refused(name, response, Some(&body)))
            }
            Some(body) if response.end == BodyEnd::Complete => {
                reply::draft(&body).ok_or_else(|| broken(name, response, "no_content"))
            }
            _ => Err(broken(name, response, "not_json")),
        }
    }
}

#[async_trait::async_trait]
impl LanguageModel for Anthropic {
    fn name(&self) -> &str {
        self.endpoint.name()
    }

    fn capabilities(&self) -> LlmCapabilities {
        let price = self.config.price.unwrap_or_default();
        LlmCapabilities::new(self.config.context_tokens, price).without_json_schema()
    }

    async fn complete(&self, request: &LlmRequest) -> Result<LlmReply, LlmError> {
        if !has_a_question(request) {
            return Err(LlmError::of(self.name(), LlmErrorKind::BadRequest).with_code("no_question"));
        }
        let response = self.endpoint.post(&request::body(&self.config, request), request.timeout).await?;
        self.read(&response).await?.into_reply(self.name(), request)
    }
}

impl fmt::Debug for Anthropic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Anthropic").field(&self.endpoint.name()).finish()
    }
}
