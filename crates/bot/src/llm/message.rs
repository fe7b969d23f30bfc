//! What is said to a model.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::tool::ToolSpec;

/// A question to a model. `Debug` shows sizes, never text.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct LlmRequest {
    /// What the model is told about its task.
    pub system: String,
    /// The conversation, the oldest message first. Every tool call in it has its result.
    pub messages: Vec<LlmMessage>,
    /// What it may call. Empty: nothing.
    pub tools: Vec<ToolSpec>,
    /// How long the answer may become, in tokens, thinking included. Default: 1,024.
    pub max_output_tokens: u32,
    /// 0 to 1. `None` leaves it to the server. Default: 0.2.
    pub temperature: Option<f32>,
    /// Whether the model may think before it answers. Default: no, where the model lets itself be told.
    pub thinking: Thinking,
    /// What shape the answer has.
    pub format: ResponseFormat,
    /// Unique for each call, 6 to 64 characters; some servers refuse a repeated one.
    pub request_id: String,
    /// An opaque name of the customer for the server's own abuse checks; never a phone number. 6 to 128 characters.
    pub user_id: Option<String>,
    /// How long the call may take. Default: 30 s.
    pub timeout: Duration,
}

/// Whether a model thinks before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Thinking {
    /// Not at all, or as little as the model lets itself be told.
    #[default]
    Off,
    /// As the server likes.
    ServerDefault,
}

/// What shape an answer has.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum ResponseFormat {
    /// Text.
    #[default]
    Text,
    /// JSON by this schema.
    Json {
        /// A short name of the schema.
        name: String,
        /// The JSON schema.
        schema: Value,
    },
}

/// A message of the conversation. `Debug` shows no text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
#[non_exhaustive]
pub enum LlmMessage {
    /// From the customer, or a note of ours to the model.
    User {
        /// What it says.
        text: String,
    },
    /// From the model.
    Assistant {
        /// What it said; may be empty beside tool calls.
        text: String,
        /// What it wants to call.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<ToolCall>,
        /// What it thought, to be given back to models that want it. Never shown to anybody.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reasoning: Option<String>,
    },
    /// What a call gave.
    ToolResult {
        /// The id of the call.
        call_id: String,
        /// The name of the tool.
        name: String,
        /// What it gave: JSON, or a sentence about what went wrong.
        content: String,
        /// Whether it went wrong.
        is_error: bool,
    },
}

/// A call that the model asks for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The model's id of the call, or one that the adapter made up.
    pub id: String,
    /// Which tool. Nothing says that it exists.
    pub name: String,
    /// The arguments as the model wrote them: JSON if all is well, `{}` if it wrote none.
    pub arguments: String,
}

impl LlmRequest {
    /// A request with a system prompt and a conversation.
    #[must_use]
    pub fn new(system: impl Into<String>, messages: Vec<LlmMessage>, request_id: impl Into<String>) -> Self {
        Self {
            system: system.into(),
            messages,
            tools: Vec::new(),
            max_output_tokens: 1_024,
            temperature: Some(0.2),
            thinking: Thinking::Off,
            format: ResponseFormat::Text,
            request_id: request_id.into(),
            user_id: None,
            timeout: Duration::from_secs(30),
        }
    }

    /// With what the model may call.
    #[must_use]
    pub fn with_tools(mut self, tools: Vec<ToolSpec>) -> Self {
        self.tools = tools;
        self
    }

    /// With how long the answer may become, in tokens.
    #[must_use]
    pub const fn with_max_output_tokens(mut self, tokens: u32) -> Self {
        self.max_output_tokens = tokens;
        self
    }

    /// With the shape of the answer.
    #[must_use]
    pub fn with_format(mut self, format: ResponseFormat) -> Self {
        self.format = format;
        self
    }

    /// With how long the call may take.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// With whether the model may think.
    #[must_use]
    pub const fn with_thinking(mut self, thinking: Thinking) -> Self {
        self.thinking = thinking;
        self
    }

    /// With an opaque name of the customer.
    #[must_use]
    pub fn with_user_id(mut self, user: impl Into<String>) -> Self {
        self.user_id = Some(user.into());
        self
    }
}

impl LlmMessage {
    /// Words of the customer, or a note of ours.
    #[must_use]
    pub fn user(text: impl Into<String>) -> Self {
        Self::User { text: text.into() }
    }

    /// Words of the model.
    #[must_use]
    pub fn assistant(text: impl Into<String>) -> Self {
        Self::Assistant { text: text.into(), tool_calls: Vec::new(), reasoning: None }
    }
}

impl fmt::Debug for LlmRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LlmRequest")
            .field("system_bytes", &self.system.len())
            .field("messages", &self.messages.len())
            .field("tools", &self.tools.len())
            .field("max_output_tokens", &self.max_output_tokens)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for LlmMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User { text } => write!(f, "User({} bytes)", text.len()),
            Self::Assistant { text, tool_calls, .. } => {
                write!(f, "Assistant({} bytes, {} calls)", text.len(), tool_calls.len())
            }
            Self::ToolResult { content, is_error, .. } => {
                write!(f, "ToolResult({} bytes, error: {is_error})", content.len())
            }
        }
    }
}

impl fmt::Debug for ToolCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolCall").field("arguments_bytes", &self.arguments.len()).finish_non_exhaustive()
    }
}
