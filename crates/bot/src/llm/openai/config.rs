//! Configuration of a server that speaks chat completions.

use std::fmt;

use wartel_core::Secret;

use super::prices;
use crate::llm::{LlmConfigError, Price};

/// Whose dialect of chat completions a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Profile {
    /// Z.AI GLM, in China by the name of `BigModel`.
    Zai,
    /// OpenAI itself.
    OpenAi,
    /// The server of llama.cpp.
    LlamaCpp,
    /// Anything else: vLLM, a proxy, a router.
    Custom,
}

impl Profile {
    /// The lower-case name: `zai`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Zai => "zai",
            Self::OpenAi => "openai",
            Self::LlamaCpp => "llama_cpp",
            Self::Custom => "custom",
        }
    }
}

/// Configuration of [`OpenAi`](super::OpenAi). `Debug` shows profile and model only.
#[derive(Clone)]
#[non_exhaustive]
pub struct OpenAiConfig {
    /// Whose dialect the server speaks.
    pub profile: Profile,
    /// The base of the API, with its version: `https://api.openai.com/v1`. Plain `http://` on loopback only.
    pub base_url: String,
    /// The key. Required for [`Profile::Zai`] and [`Profile::OpenAi`].
    pub api_key: Option<Secret>,
    /// The model, as the server names it. Required.
    pub model: String,
    /// Whether answers are streamed. They are collected all the same; it keeps proxies from giving up on long answers.
    /// Default: false.
    pub stream: bool,
    /// What the model costs. Required where it is not known: a budget cannot be kept otherwise. Known for the GLM models
    /// of Z.AI; nothing by default for [`Profile::LlamaCpp`].
    pub price: Option<Price>,
    /// How many tokens prompt and answer may have together. Default: known for GLM models, else 8,192 for
    /// [`Profile::LlamaCpp`] and 128,000.
    pub context_tokens: u32,
    /// Whether the model calls tools by itself. Default: true.
    pub tools: bool,
    /// Whether the server takes a JSON schema for the answer. Default: true for [`Profile::OpenAi`] and
    /// [`Profile::LlamaCpp`].
    pub json_schema: bool,
    /// The `reasoning_effort` that is asked for when the model shall not think: `minimal`, `low`. Default: not sent, but
    /// `low` for GLM models from 5.3, which cannot be told not to think.
    pub reasoning_effort: Option<String>,
    /// Whether the model takes a temperature; OpenAI's thinking models do not. Default: true.
    pub takes_temperature: bool,
    /// Whether a base of Z.AI's Coding Plan is taken. Its keys are for coding tools: other use is throttled and may be
    /// banned (code 1313). Default: false.
    pub dangerously_allow_coding_plan: bool,
}

impl OpenAiConfig {
    /// A GLM model of Z.AI, paid as you go.
    #[must_use]
    pub fn zai(api_key: impl Into<Secret>, model: impl Into<String>) -> Self {
        let model = model.into();
        let known = prices::of_glm(&model);
        let little = prices::version_of_glm(&model).is_some_and(|version| version >= (5, 3));
        Self {
            price: known.map(|(price, _)| price),
            context_tokens: known.map_or(128_000, |(_, context)| context),
            json_schema: false,
            reasoning_effort: little.then(|| "low".to_owned()),
            api_key: Some(api_key.into()),
            ..Self::custom("https://api.z.ai/api/paas/v4", model).of(Profile::Zai)
        }
    }

    /// A model of OpenAI. Say what it costs with [`with_price`](Self::with_price).
    #[must_use]
    pub fn openai(api_key: impl Into<Secret>, model: impl Into<String>) -> Self {
        Self {
            json_schema: true,
            api_key: Some(api_key.into()),
            ..Self::custom("https://api.openai.com/v1", model).of(Profile::OpenAi)
        }
    }

    /// A model behind the server of llama.cpp: `http://127.0.0.1:8080/v1`. It costs nothing.
    #[must_use]
    pub fn llama_cpp(base_url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            json_schema: true,
            price: Some(Price::default()),
            context_tokens: 8_192,
            ..Self::custom(base_url, model).of(Profile::LlamaCpp)
        }
    }

    /// A model behind anything else that speaks chat completions. Say what it costs with
    /// [`with_price`](Self::with_price).
    #[must_use]
    pub fn custom(base_url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            profile: Profile::Custom,
            base_url: base_url.into(),
            api_key: None,
            model: model.into(),
            stream: false,
            price: None,
            context_tokens: 128_000,
            tools: true,
            json_schema: false,
            reasoning_effort: None,
            takes_temperature: true,
            dangerously_allow_coding_plan: false,
        }
    }

    fn of(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// With another base of the API.
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
        self.price = Some(price);
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

    /// With whether the server takes a JSON schema for the answer.
    #[must_use]
    pub const fn with_json_schema(mut self, json_schema: bool) -> Self {
        self.json_schema = json_schema;
        self
    }

    /// With the `reasoning_effort` for answers without thinking.
    #[must_use]
    pub fn with_reasoning_effort(mut self, effort: impl Into<String>) -> Self {
        self.reasoning_effort = Some(effort.into());
        self
    }

    /// With whether the model takes a temperature.
    #[must_use]
    pub const fn with_temperature(mut self, takes: bool) -> Self {
        self.takes_temperature = takes;
        self
    }

    /// Checks everything but the form of the base, which [`OpenAi::new`](super::OpenAi::new) reads.
    ///
    /// # Errors
    /// [`LlmConfigError`] names the field.
    pub fn validate(&self) -> Result<(), LlmConfigError> {
        let wrong = |field, problem| Err(LlmConfigError::new(self.profile.as_str(), field, problem));
        let key = self.api_key.as_ref().filter(|key| !key.is_empty());
        if key.is_none() && matches!(self.profile, Profile::Zai | Profile::OpenAi) {
            return wrong("api_key", "is missing");
        }
        if !(1..=200).contains(&self.model.trim().len()) {
            return wrong("model", "is missing or longer than 200 characters");
        }
        if self.price.is_none() {
            return wrong("price", "is not known for this model: say what it costs");
        }
        if self.context_tokens < 1_024 {
            return wrong("context_tokens", "is less than 1,024");
        }
        let coding = format!("{}/", self.base_url.trim_end_matches('/')).to_ascii_lowercase();
        if coding.contains("/coding/") && !self.dangerously_allow_coding_plan {
            return wrong("base_url", "is that of a Coding Plan, whose keys are not for answering customers");
        }
        Ok(())
    }
}

impl fmt::Debug for OpenAiConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAiConfig")
            .field("profile", &self.profile)
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hazard_52_what_cannot_work_is_refused_by_its_field() {
        let good = OpenAiConfig::zai("made-up.key", "glm-4.7-flash");
        assert_eq!(good.validate(), Ok(()));
        let field = |config: OpenAiConfig| config.validate().unwrap_err().field;
        assert_eq!(field(OpenAiConfig::zai("", "glm-4.7-flash")), "api_key");
        assert_eq!(field(OpenAiConfig::zai("made-up.key", " ")), "model");
        assert_eq!(field(OpenAiConfig::zai("made-up.key", "glm-99")), "price");
        assert_eq!(field(OpenAiConfig::openai("made-up", "gpt-x")), "price");
        assert_eq!(field(good.clone().with_context_tokens(10)), "context_tokens");
        for base in ["https://api.z.ai/api/coding/paas/v4", "https://proxy.example/coding/"] {
            let mut coding = good.clone().with_base_url(base);
            assert_eq!(field(coding.clone()), "base_url", "{base}");
            coding.dangerously_allow_coding_plan = true;
            assert_eq!(coding.validate(), Ok(()));
        }
        assert_eq!(OpenAiConfig::llama_cpp("http://127.0.0.1:8080/v1", "qwen").validate(), Ok(()));
    }

    #[test]
    fn hazard_50_debug_shows_no_key() {
        let shown = format!("{:?}", OpenAiConfig::zai("hush.hush", "glm-4.7-flash"));
        assert!(!shown.contains("hush") && shown.contains("glm-4.7-flash"), "{shown}");
    }
}
