//! Configuration of a server that speaks the Messages API.

use std::fmt;

use wartel_core::Secret;

use crate::llm::{LlmConfigError, Price};

/// Configuration of [`Anthropic`](super::Anthropic). `Debug` shows the model only.
#[derive(Clone)]
#[non_exhaustive]
pub struct AnthropicConfig {
    /// The base of the API, without its version. Default: `https://api.anthropic.com`. Plain `http://` on loopback only.
    pub base_url: String,
    /// The key. Required.
    pub api_key: Secret,
    /// The model, as the server names it. Required.
    pub model: String,
    /// Whether answers are streamed. They are collected all the same. Default: false.
    pub stream: bool,
    /// What the model costs. Required: a budget cannot be kept otherwise.
    pub price: Option<Price>,
    /// How many tokens prompt and answer may have together. Default: 200,000.
    pub context_tokens: u32,
    /// Whether the server must be told not to think, as GLM models must. Default: false; Anthropic's own models think only
    /// when they are asked to.
    pub thinks_unless_told: bool,
}

impl AnthropicConfig {
    /// A model of Anthropic. Say what it costs with [`with_price`](Self::with_price).
    #[must_use]
    pub fn new(api_key: impl Into<Secret>, model: impl Into<String>) -> Self {
        Self {
            base_url: "https://api.anthropic.com".into(),
            api_key: api_key.into(),
            model: model.into(),
            stream: false,
            price: None,
            context_tokens: 200_000,
            thinks_unless_told: false,
        }
    }

    /// With another base of the API.
    #[must_use]
    pub fn with_base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = base_url.into();
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
        self.price = Some(price);
        self
    }

    /// With how many tokens prompt and answer may have together.
    #[must_use]
    pub const fn with_context_tokens(mut self, tokens: u32) -> Self {
        self.context_tokens = tokens;
        self
    }

    /// With whether the server must be told not to think.
    #[must_use]
    pub const fn with_thinks_unless_told(mut self, thinks: bool) -> Self {
        self.thinks_unless_told = thinks;
        self
    }

    /// Checks everything but the form of the base, which [`Anthropic::new`](super::Anthropic::new) reads.
    ///
    /// # Errors
    /// [`LlmConfigError`] names the field.
    pub fn validate(&self) -> Result<(), LlmConfigError> {
        let wrong = |field, problem| Err(LlmConfigError::new("anthropic", field, problem));
        if self.api_key.is_empty() {
            return wrong("api_key", "is missing");
        }
        if !(1..=200).contains(&self.model.trim().len()) {
            return wrong("model", "is missing or longer than 200 characters");
        }
        if self.price.is_none() {
            return wrong("price", "is not known: say what the model costs");
        }
        if self.context_tokens < 1_024 {
            return wrong("context_tokens", "is less than 1,024");
        }
        Ok(())
    }
}

impl fmt::Debug for AnthropicConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnthropicConfig").field("model", &self.model).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hazard_52_what_cannot_work_is_refused_by_its_field() {
        let good = AnthropicConfig::new("hush", "claude-x").with_price(Price::new(1, 1, 1));
        assert_eq!(good.validate(), Ok(()));
        assert!(!format!("{good:?}").contains("hush"));
        let field = |config: AnthropicConfig| config.validate().unwrap_err().field;
        assert_eq!(field(AnthropicConfig::new("", "claude-x")), "api_key");
        assert_eq!(field(AnthropicConfig::new("hush", "")), "model");
        assert_eq!(field(AnthropicConfig::new("hush", "claude-x")), "price");
        assert_eq!(field(good.with_context_tokens(1)), "context_tokens");
    }
}
