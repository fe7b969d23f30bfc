//! The port of a language model, and what is said to it and by it.
//!
//! [`LanguageModel`] is one backend; adapters stand behind features (`openai`, `anthropic`, `ollama`). Layers around it
//! retry, fail over and keep within a budget. A whole brain is an [`AiResponder`](crate::AiResponder).

#[cfg(feature = "anthropic")]
#[cfg_attr(docsrs, doc(cfg(feature = "anthropic")))]
pub mod anthropic;
mod arguments;
mod circuit;
mod config;
mod error;
mod events;
mod failover;
mod logged;
mod message;
mod metered;
mod models;
#[cfg(feature = "ollama")]
#[cfg_attr(docsrs, doc(cfg(feature = "ollama")))]
pub mod ollama;
#[cfg(feature = "openai")]
#[cfg_attr(docsrs, doc(cfg(feature = "openai")))]
pub mod openai;
mod reply;
mod retry;
mod schema_tools;
#[cfg(any(feature = "openai", feature = "anthropic", feature = "ollama"))]
mod settings;
#[cfg(any(feature = "openai", feature = "anthropic", feature = "ollama"))]
#[cfg_attr(
    not(all(feature = "openai", feature = "anthropic", feature = "ollama")),
    allow(dead_code, reason = "each adapter uses its part")
)]
mod wire;

use std::fmt;
use std::sync::Arc;

pub use arguments::ArgumentsError;
pub use config::LlmConfigError;
pub use error::{LlmAdvice, LlmError, LlmErrorKind};
pub use events::{LlmEvents, NoLlmEvents};
pub use failover::{Failover, FailoverPolicy};
pub use logged::Logged;
pub use message::{LlmMessage, LlmRequest, ResponseFormat, Thinking, ToolCall};
pub use metered::Metered;
pub use models::{Backend, ModelSet, Models};
pub use reply::{Finish, LlmReply, Price, Usage};
pub use retry::{Retry, RetryPolicy};
pub use schema_tools::SchemaTools;
#[cfg(any(feature = "openai", feature = "anthropic", feature = "ollama"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "openai", feature = "anthropic", feature = "ollama"))))]
pub use settings::BackendSettings;

/// What a model can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LlmCapabilities {
    /// Calls tools by itself. Without it they are offered as a JSON schema of the answer.
    pub tools: bool,
    /// Keeps to a JSON schema; without it the schema stands in the prompt only.
    pub json_schema: bool,
    /// How many tokens the prompt and the answer may have together.
    pub context_tokens: u32,
    /// What it costs.
    pub price: Price,
}

impl LlmCapabilities {
    /// A model that calls tools, with so much context, at this price.
    #[must_use]
    pub const fn new(context_tokens: u32, price: Price) -> Self {
        Self { tools: true, json_schema: true, context_tokens, price }
    }

    /// That does not call tools by itself.
    #[must_use]
    pub const fn without_tools(mut self) -> Self {
        self.tools = false;
        self
    }

    /// That does not keep to a JSON schema.
    #[must_use]
    pub const fn without_json_schema(mut self) -> Self {
        self.json_schema = false;
        self
    }
}

/// One backend: a model at a server.
///
/// An answer is whole or it is an error: a stream that ends without its end marker is
/// [`LlmErrorKind::CutOff`], never a short answer.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait::async_trait]
pub trait LanguageModel: fmt::Debug + Send + Sync + 'static {
    /// The name of backend and model, for logs and metrics: `zai/glm-4.7-flash`.
    fn name(&self) -> &str;

    /// What it can do. Asked often; cheap.
    fn capabilities(&self) -> LlmCapabilities;

    /// Asks for the next message of the conversation.
    ///
    /// # Errors
    /// [`LlmError`] with advice on whether, when and where to ask again.
    async fn complete(&self, request: &LlmRequest) -> Result<LlmReply, LlmError>;
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: LanguageModel + ?Sized> LanguageModel for Arc<T> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn capabilities(&self) -> LlmCapabilities {
        (**self).capabilities()
    }

    async fn complete(&self, request: &LlmRequest) -> Result<LlmReply, LlmError> {
        (**self).complete(request).await
    }
}
