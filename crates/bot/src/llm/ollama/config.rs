//! Configuration of a server of Ollama.

use std::fmt;

use wartel_core::Secret;

use crate::llm::{LlmConfigError, Price};

/// Configuration of [`Ollama`](super::Ollama). `Debug` shows the model only.
#[derive(Clone)]
#[non_exhaustive]
pub struct OllamaConfig {
    /// The base of the server. Default: `http://127.0.0.1:11434`. Plain `http://` on loopback only.
    pub base_url: String,
    /// A key, for a server behind a proxy that wants one. Default: none.
    pub api_key: Option<Secret>,
    /// The model, as the server names it. Required.
    pub model: String,
    /// Whether answers are streamed. They are collected all the same. Default: false.
    pub stream: bool,
    /// What the model costs. Default: nothing.
    pub price: Price,
    /// How many tokens prompt and answer may have together; the server is told (`num_ctx`). Default: 8,192.
    pub context_tokens: u32,
    /// Whether the model calls tools by itself. Default: true.
    pub tools: bool,
}

impl OllamaConfig {
    /// A model of the server on this machine.
    #[must_use]
    pub fn new(model: impl Into<String>) -> Self {
        Self {
            base_url: "http://127.0.0.1:11434".into(),
            api_key: None,
            model: model.into(),
            stream: false,
            price: Price::default(),
            context_tokens: 8_192,
            tools: true,
        }
    }

    /// With another base of the server.
    #[must_use]
    pub fn with_base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = base_url.into();
        self
    }

    /// With a key.
    #[must_use]
    pub fn with_api_key(mut self, api_key: impl Into<Secret>) -> Self {
        self.api_key = Some(api_key.into());
        self
    }

    /// With streamed answers.
    #[must_use]
    pub const fn with_stream(mut self, stream: bool) -> Self {
        self.stream = stream;
        self
    }

    /// With what the model costs.
    #[must_use]
    pub const fn with_price(mut self, price: Price) -> Self {
        self.price = price;
        self
    }

    /// With how many tokens prompt and answer may have together.
    #[must_use]
    pub const fn with_context_tokens(mut self, tokens: u32) -> Self {
        self.context_tokens = tokens;
        self
    }

    /// With whether the model calls tools by itself.
    #[must_use]
    pub const fn with_tools(mut self, tools: bool) -> Self {
        self.tools = tools;
        self
    }

    /// Checks everything but the form of the base, which [`Ollama::new`](super::Ollama::new) reads.
    ///
    /// # Errors
    /// [`LlmConfigError`] names the field.
    pub fn validate(&self) -> Result<(), LlmConfigError> {
        let wrong = |field, problem| Err(LlmConfigError::new("ollama", field, problem));
        if !(1..=200).contains(&self.model.trim().len()) {
            return wrong("model", "is missing or longer than 200 characters");
        }
        if self.context_tokens < 1_024 {
            return wrong("context_tokens", "is less than 1,024");
        }
        Ok(())
    }
}

impl fmt::Debug for OllamaConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OllamaConfig").field("model", &self.model).finish_non_exhaustive()
    }
}
