//! The port of a tool: one thing that the assistant can look up or propose.
//!
//! The model proposes, code decides: a tool gets its [`Scope`] from the pipeline, never from the model's arguments, and
//! answers with what it found ([`Fact`]s, which is all that a reply may state) and with what should happen
//! ([`Action`]s, which happen only if the reply goes out).

mod action;

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use wartel_core::{Locale, Timestamp};

pub use action::{Action, ActionKind, Booking, BookingKind, Interest, Photo};

use crate::fact::Fact;
use crate::key::{ChatKey, TurnId};

/// How a model sees a tool.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ToolSpec {
    /// Its name: `a-z 0-9 _`, at most 64 characters.
    pub name: String,
    /// What it does and when to use it, for the model.
    pub description: String,
    /// The JSON schema of its arguments: an object.
    pub parameters: Value,
}

impl ToolSpec {
    /// A tool whose arguments have this schema.
    #[must_use]
    pub fn new(name: impl Into<String>, description: impl Into<String>, parameters: Value) -> Self {
        Self { name: name.into(), description: description.into(), parameters }
    }

    /// A tool whose arguments are this type.
    #[must_use]
    pub fn of<A: schemars::JsonSchema>(name: impl Into<String>, description: impl Into<String>) -> Self {
        let settings =
            schemars::generate::SchemaSettings::draft2020_12().with(|it| it.inline_subschemas = true);
        let mut schema = settings.into_generator().into_root_schema_for::<A>();
        schema.remove("$schema");
        schema.remove("title");
        Self::new(name, description, schema.to_value())
    }
}

/// For whom a tool works. Made by the pipeline; no argument of a model can widen it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Scope {
    /// The chat, and with it the tenant and the customer.
    pub chat: ChatKey,
    /// The turn.
    pub turn: TurnId,
    /// The language that the customer is answered in.
    pub locale: Locale,
    /// The time of the turn.
    pub now: Timestamp,
}

impl Scope {
    /// The scope of a turn.
    #[must_use]
    pub const fn new(chat: ChatKey, turn: TurnId, locale: Locale, now: Timestamp) -> Self {
        Self { chat, turn, locale, now }
    }
}

/// What a tool found and proposes. `Debug` shows no content.
#[derive(Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct ToolOutput {
    /// What the model is told, as JSON.
    pub content: Value,
    /// Every number, date, code, phone number and address in it that a reply may state. Those of an item begin with its
    /// [`Fact::Code`], so that a reply does not give them to another one.
    pub facts: Vec<Fact>,
    /// What should happen if the reply goes out.
    pub actions: Vec<Action>,
}

impl ToolOutput {
    /// An answer without facts.
    #[must_use]
    pub fn new(content: Value) -> Self {
        Self { content, facts: Vec::new(), actions: Vec::new() }
    }

    /// With what a reply may state.
    #[must_use]
    pub fn with_facts(mut self, facts: impl IntoIterator<Item = Fact>) -> Self {
        self.facts.extend(facts);
        self
    }

    /// With what should happen.
    #[must_use]
    pub fn with_action(mut self, action: Action) -> Self {
        self.actions.push(action);
        self
    }
}

impl fmt::Debug for ToolOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolOutput")
            .field("facts", &self.facts.len())
            .field("actions", &self.actions.iter().map(Action::kind).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// Why a tool gave nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ToolError {
    /// The arguments are wrong. The model is told how to mend them.
    #[error("invalid arguments: {hint}")]
    Invalid {
        /// What to write instead. No words of the customer.
        hint: String,
    },
    /// It cannot be asked now. The model is told to say so and to invent nothing.
    #[error("the tool is unavailable")]
    Unavailable {
        /// What lies behind it.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
}

impl ToolError {
    /// Wrong arguments, and how to mend them.
    #[must_use]
    pub fn invalid(hint: impl Into<String>) -> Self {
        Self::Invalid { hint: hint.into() }
    }

    /// It cannot be asked now.
    #[must_use]
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable { source: Some(source.into()) }
    }
}

/// One thing that the assistant can look up or propose. It changes nothing itself.
#[async_trait::async_trait]
pub trait Tool: fmt::Debug + Send + Sync + 'static {
    /// How the model sees it.
    fn spec(&self) -> &ToolSpec;

    /// Looks up or proposes.
    ///
    /// # Errors
    /// [`ToolError::Invalid`] for arguments that do not fit, [`ToolError::Unavailable`] if what it needs does not answer.
    async fn call(&self, arguments: Value, scope: &Scope) -> Result<ToolOutput, ToolError>;
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: Tool + ?Sized> Tool for Arc<T> {
    fn spec(&self) -> &ToolSpec {
        (**self).spec()
    }

    async fn call(&self, arguments: Value, scope: &Scope) -> Result<ToolOutput, ToolError> {
        (**self).call(arguments, scope).await
    }
}
