//! A backend by the name of its provider, as it stands in an environment or in the form of an admin page.

use std::fmt;

use wartel_core::Secret;

use super::{Backend, LlmConfigError, Price};

/// A backend as a few settings. `Debug` shows provider and model only.
///
/// ```
/// use wartel_bot::llm::BackendSettings;
///
/// let settings = BackendSettings::new("zai", "glm-4.7-flash").with_api_key("made-up.key");
/// # #[cfg(feature = "openai")]
/// assert!(settings.backend().is_ok());
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct BackendSettings {
    /// `zai`, `openai`, `llama_cpp`, `custom`, `anthropic` or `ollama`. Env: `AI_PROVIDER`.
    pub provider: String,
    /// The model, as the server names it. Env: `AI_MODEL`.
    pub model: String,
    /// The key. Required by `zai`, `openai` and `anthropic`. Env: `AI_API_KEY`.
    pub api_key: Option<Secret>,
    /// The base of the API. Required by `llama_cpp` and `custom`; the others have their own. Env: `AI_BASE_URL`.
    pub base_url: Option<String>,
    /// What the model costs, where it is not known.
    pub price: Option<Price>,
    /// Whether answers are streamed; they are collected all the same. Default: false.
    pub stream: bool,
}

impl BackendSettings {
    /// A model of a provider.
    #[must_use]
    pub fn new(provider: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            provider: provider.into(),
            model: model.into(),
            api_key: None,
            base_url: None,
            price: None,
            stream: false,
        }
    }

    /// With a key.
    #[must_use]
    pub fn with_api_key(mut self, api_key: impl Into<Secret>) -> Self {
        self.api_key = Some(api_key.into());
        self
    }

    /// With another base of the API.
    #[must_use]
    pub fn with_base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = Some(base_url.into());
        self
    }

    /// With what the model costs.
    #[must_use]
    pub const fn with_price(mut self, price: Price) -> Self {
        self.price = Some(price);
        self
    }

    /// With streamed answers.
    #[must_use]
    pub const fn with_stream(mut self, stream: bool) -> Self {
        self.stream = stream;
        self
    }

    /// The backend. Its fields are checked when it is given to a tenant.
    ///
    /// # Errors
    /// [`LlmConfigError`] for a provider that is not known or not compiled in, and for a missing base.
    pub fn backend(&self) -> Result<Backend, LlmConfigError> {
        match self.provider.trim() {
            #[cfg(feature = "openai")]
            "zai" | "openai" | "llama_cpp" | "custom" => self.openai(),
            #[cfg(feature = "anthropic")]
            "anthropic" => {
                let key = self.api_key.clone().unwrap_or_else(|| Secret::new(""));
                let mut config = super::anthropic::AnthropicConfig::new(key, &self.model);
                config.price = self.price;
                config.stream = self.stream;
                if let Some(base) = self.base() {
                    config.base_url = base;
                }
                Ok(Backend::Anthropic(config))
            }
            #[cfg(feature = "ollama")]
            "ollama" => {
                let mut config = super::ollama::OllamaConfig::new(&self.model);
                config.api_key = self.api_key.clone();
                config.price = self.price.unwrap_or(config.price);
                config.stream = self.stream;
                if let Some(base) = self.base() {
                    config.base_url = base;
                }
                Ok(Backend::Ollama(config))
            }
            _ => Err(LlmConfigError::new("models", "provider", "is not known to this program")),
        }
    }

    #[cfg(feature = "openai")]
    fn openai(&self) -> Result<Backend, LlmConfigError> {
        use super::openai::OpenAiConfig;
        let key = || self.api_key.clone().unwrap_or_else(|| Secret::new(""));
        let own = |backend| {
            let missing = LlmConfigError::new(backend, "base_url", "is missing");
            self.base().ok_or(missing)
        };
        let mut config = match self.provider.trim() {
            "zai" => OpenAiConfig::zai(key(), &self.model),
            "openai" => OpenAiConfig::openai(key(), &self.model),
            "llama_cpp" => OpenAiConfig::llama_cpp(own("llama_cpp")?, &self.model),
            _ => OpenAiConfig::custom(own("custom")?, &self.model),
        };
        config.api_key = self.api_key.clone().or(config.api_key);
        config.price = self.price.or(config.price);
        config.stream = self.stream;
        if let Some(base) = self.base() {
            config.base_url = base;
        }
        Ok(Backend::OpenAi(config))
    }

    fn base(&self) -> Option<String> {
        self.base_url.as_deref().map(str::trim).filter(|base| !base.is_empty()).map(ToOwned::to_owned)
    }
}

impl fmt::Debug for BackendSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackendSettings")
            .field("provider", &self.provider)
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(all(feature = "openai", feature = "anthropic", feature = "ollama"))]
mod tests {
    use super::*;

    #[test]
    fn hazard_50_every_provider_has_its_name_and_no_key_is_shown() {
        let known = Price::new(1, 1, 1);
        for (provider, base, field) in [
            ("zai", None, None),
            (" openai ", None, None),
            ("llama_cpp", Some("http://127.0.0.1:8080/v1"), None),
            ("llama_cpp", Some(" "), Some("base_url")),
            ("custom", None, Some("base_url")),
            ("custom", Some("https://llm.example/v1"), None),
            ("anthropic", Some("https://llm.example"), None),
            ("ollama", None, None),
            ("gpt", None, Some("provider")),
        ] {
            let mut settings =
                BackendSettings::new(provider, "some-model").with_api_key("hush").with_price(known);
            settings.base_url = base.map(ToOwned::to_owned);
            let found = settings.with_stream(true).backend();
            assert!(!format!("{found:?}").contains("hush"), "{provider}");
            assert_eq!(found.as_ref().err().map(|error| error.field), field, "{provider} {base:?}");
            let (key, price, stream, url) = match found {
                Ok(Backend::OpenAi(config)) => (config.api_key, config.price, config.stream, config.base_url),
                Ok(Backend::Anthropic(config)) => {
                    (Some(config.api_key), config.price, config.stream, config.base_url)
                }
                Ok(Backend::Ollama(config)) => {
                    (config.api_key, Some(config.price), config.stream, config.base_url)
                }
                _ => continue,
            };
            assert_eq!((key.unwrap().expose(), price, stream), ("hush", Some(known), true), "{provider}");
            assert!(base.is_none_or(|base| base == url), "{provider}: {url}");
        }
    }
}
