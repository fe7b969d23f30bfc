//! The model behind chat completions.

use std::fmt;
use std::sync::Arc;

use http::header;
use wartel_messaging::transport::{BodyEnd, HttpResponse, HttpTransport};

use super::config::OpenAiConfig;
use super::{errors, reply, request, stream};
use crate::llm::wire::{
    Draft, Endpoint, EndpointSettings, Transports, broken, events, has_a_question, is_event_stream, json,
};
use crate::llm::{
    LanguageModel, LlmCapabilities, LlmConfigError, LlmError, LlmErrorKind, LlmReply, LlmRequest,
};

/// A model behind chat completions in the shape of OpenAI. `Debug` shows its name only.
pub struct OpenAi {
    config: OpenAiConfig,
    endpoint: Endpoint,
}

impl OpenAi {
    /// A model with an HTTP client of its own.
    ///
    /// # Errors
    /// [`LlmConfigError`] names the field that cannot be used.
    pub fn new(config: OpenAiConfig) -> Result<Self, LlmConfigError> {
        Self::build(config, &Transports::default())
    }

    /// A model with an HTTP client that others use too. Its own time limit must be longer than a call may take.
    ///
    /// # Errors
    /// [`LlmConfigError`] names the field that cannot be used.
    pub fn with_transport(
        config: OpenAiConfig,
        transport: Arc<dyn HttpTransport>,
    ) -> Result<Self, LlmConfigError> {
        Self::build(config, &Transports::given(transport))
    }

    pub(in crate::llm) fn build(
        config: OpenAiConfig,
        transports: &Transports,
    ) -> Result<Self, LlmConfigError> {
        config.validate()?;
        let backend = config.profile.as_str();
        let mut endpoint = Endpoint::new(EndpointSettings {
            backend,
            name: format!("{backend}/{}", config.model.trim()),
            base_url: &config.base_url,
            path: "/chat/completions",
            transports,
        })?;
        if let Some(key) = config.api_key.as_ref().filter(|key| !key.is_empty()) {
            let bearer = format!("Bearer {}", key.expose().trim());
            endpoint = endpoint.with_secret(backend, header::AUTHORIZATION, &bearer)?;
        }
        Ok(Self { config, endpoint })
    }

    async fn read(&self, response: &HttpResponse) -> Result<Draft, LlmError> {
        let name = self.endpoint.name();
        let refused = |body| errors::refused(self.config.profile, name, response, body);
        if response.status.is_success() && is_event_stream(response) {
            let Some(events) = events(response).await else {
                return Err(broken(name, response, "not_utf8"));
            };
            return match stream::collect(&events) {
                stream::Streamed::Draft(draft) => Ok(draft),
                stream::Streamed::Refused(body) => Err(refused(Some(&body))),
                stream::Streamed::Half => {
                    Err(LlmError::of(name, LlmErrorKind::CutOff).with_code("half_json"))
                }
            };
        }
        let body = json::parse(&response.body);
        if !response.status.is_success() {
            return Err(refused(body.as_ref()));
        }
        match body {
            Some(body) if json::at(&body, &["error"]).is_some() => Err(refused(Some(&body))),
            Some(body) if response.end == BodyEnd::Complete => {
                reply::draft(&body).ok_or_else(|| broken(name, response, "no_message"))
            }
            _ => Err(broken(name, response, "not_json")),
        }
    }
}

#[async_trait::async_trait]
impl LanguageModel for OpenAi {
    fn name(&self) -> &str {
        self.endpoint.name()
    }

    fn capabilities(&self) -> LlmCapabilities {
        LlmCapabilities {
            tools: self.config.tools,
            json_schema: self.config.json_schema,
            context_tokens: self.config.context_tokens,
            price: self.config.price.unwrap_or_default(),
        }
    }

    async fn complete(&self, request: &LlmRequest) -> Result<LlmReply, LlmError> {
        if !has_a_question(request) {
            return Err(LlmError::of(self.name(), LlmErrorKind::BadRequest).with_code("no_question"));
        }
        let response = self.endpoint.post(&request::body(&self.config, request), request.timeout).await?;
        self.read(&response).await?.into_reply(self.name(), request)
    }
}

impl fmt::Debug for OpenAi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OpenAi").field(&self.endpoint.name()).finish()
    }
}
