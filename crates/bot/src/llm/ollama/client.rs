//! The model behind a server of Ollama.

use std::fmt;
use std::sync::Arc;

use http::header;
use wartel_messaging::transport::{HttpResponse, HttpTransport};

use super::config::OllamaConfig;
use super::{reply, request};
use crate::llm::wire::{
    Draft, Endpoint, EndpointSettings, Transports, broken, has_a_question, kind_of_status, refusal,
};
use crate::llm::{
    LanguageModel, LlmCapabilities, LlmConfigError, LlmError, LlmErrorKind, LlmReply, LlmRequest,
};

/// A model behind a server of Ollama. `Debug` shows its name only.
pub struct Ollama {
    config: OllamaConfig,
    endpoint: Endpoint,
}

impl Ollama {
    /// A model with an HTTP client of its own.
    ///
    /// # Errors
    /// [`LlmConfigError`] names the field that cannot be used.
    pub fn new(config: OllamaConfig) -> Result<Self, LlmConfigError> {
        Self::build(config, &Transports::default())
    }

    /// A model with an HTTP client that others use too. Its own time limit must be longer than a call may take.
    ///
    /// # Errors
    /// [`LlmConfigError`] names the field that cannot be used.
    pub fn with_transport(
        config: OllamaConfig,
        transport: Arc<dyn HttpTransport>,
    ) -> Result<Self, LlmConfigError> {
        Self::build(config, &Transports::given(transport))
    }

    pub(in crate::llm) fn build(
        config: OllamaConfig,
        transports: &Transports,
    ) -> Result<Self, LlmConfigError> {
        config.validate()?;
        let mut endpoint = Endpoint::new(EndpointSettings {
            backend: "ollama",
            name: format!("ollama/{}", config.model.trim()),
            base_url: &config.base_url,
            path: "/api/chat",
            transports,
        })?;
        if let Some(key) = config.api_key.as_ref().filter(|key| !key.is_empty()) {
            let bearer = format!("Bearer {}", key.expose().trim());
            endpoint = endpoint.with_secret("ollama", header::AUTHORIZATION, &bearer)?;
        }
        Ok(Self { config, endpoint })
    }

    fn read(&self, response: &HttpResponse) -> Result<Draft, LlmError> {
        let name = self.endpoint.name();
        if !response.status.is_success() {
            // Errors are a sentence, which is not kept; the status says what there is to know.
            return Err(refusal(name, response, kind_of_status(response.status.as_u16()), None));
        }
        match reply::read(&response.body) {
            reply::Read::Draft(draft) => Ok(draft),
            // What breaks in the middle of an answer is the server's failure.
            reply::Read::Refused => Err(refusal(name, response, LlmErrorKind::CutOff, Some("error_line"))),
            reply::Read::Half => Err(LlmError::of(name, LlmErrorKind::CutOff).with_code("half_json")),
            reply::Read::Strange => Err(broken(name, response, "not_json")),
        }
    }
}

#[async_trait::async_trait]
impl LanguageModel for Ollama {
    fn name(&self) -> &str {
        self.endpoint.name()
    }

    fn capabilities(&self) -> LlmCapabilities {
        let able = LlmCapabilities::new(self.config.context_tokens, self.config.price);
        if self.config.tools { able } else { able.without_tools() }
    }

    async fn complete(&self, request: &LlmRequest) -> Result<LlmReply, LlmError> {
        if !has_a_question(request) {
            return Err(LlmError::of(self.name(), LlmErrorKind::BadRequest).with_code("no_question"));
        }
        let response = self.endpoint.post(&request::body(&self.config, request), request.timeout).await?;
        self.read(&response)?.into_reply(self.name(), request)
    }
}

impl fmt::Debug for Ollama {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ollama").field(&self.endpoint.name()).finish()
    }
}
