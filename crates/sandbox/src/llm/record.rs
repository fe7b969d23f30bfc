//! The requests to the language models, so that a test can assert what was asked.

use std::fmt;

use serde_json::{Value, json};
use wartel_core::Timestamp;

use super::LlmKind;
use super::prompt::Prompt;
use crate::recorder::Authorization;

/// One message of a [`RecordedPrompt`]. `Debug` shows its role and not its text.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedMessage {
    /// `system`, `user`, `assistant` or `tool`, whatever the server calls them.
    pub role: &'static str,
    /// The text; of a tool, its result.
    pub text: String,
    /// The names of the tools that the assistant called, or the tool whose result this is.
    pub tools: Vec<String>,
}

impl fmt::Debug for RecordedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RecordedMessage");
        shown.field("role", &self.role).field("tools", &self.tools).finish_non_exhaustive()
    }
}

/// One request to a language model, refused ones included. `Debug` shows no text of it.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct RecordedPrompt {
    /// When it came.
    pub at: Timestamp,
    /// To which server.
    pub server: LlmKind,
    /// Whether a right key came. Ollama asks for none.
    pub authorization: Authorization,
    /// Which key came: 0 is the default one, those of [`SandboxBuilder::llm_key`](crate::SandboxBuilder::llm_key)
    /// follow in their order.
    pub key: Option<usize>,
    /// The model that was asked for.
    pub model: String,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// The system texts, one below the other.
    pub system: String,
    /// The conversation behind them.
    pub messages: Vec<RecordedMessage>,
    /// The names of the tools that were offered.
    pub tools: Vec<String>,
    /// The whole body; `null` if it was no JSON.
    pub body: Value,
}

impl RecordedPrompt {
    pub(crate) fn new(server: LlmKind, at: Timestamp, body: Value) -> Self {
        Self {
            at,
            server,
            authorization: Authorization::Missing,
            key: None,
            model: String::new(),
            stream: false,
            system: String::new(),
            messages: Vec::new(),
            tools: Vec::new(),
            body,
        }
    }

    /// Fills in what was understood of it.
    pub(crate) fn understood(&mut self, prompt: &Prompt) {
        self.model.clone_from(&prompt.model);
        self.stream = prompt.stream;
        self.system.clone_from(&prompt.system);
        let messages = prompt.messages.iter().map(|message| RecordedMessage {
            role: message.role.name(),
            text: message.text.clone(),
            tools: message.calls.iter().map(|call| call.name.clone()).chain(message.tool.clone()).collect(),
        });
        self.messages = messages.collect();
        self.tools = prompt.tools.iter().map(|tool| tool.name.clone()).collect();
    }

    /// The last message of a user.
    #[must_use]
    pub fn last_user_text(&self) -> Option<&str> {
        self.messages.iter().rev().find(|message| message.role == "user").map(|message| message.text.as_str())
    }

    /// Whether the system texts or any message contain this.
    #[must_use]
    pub fn contains(&self, part: &str) -> bool {
        self.system.contains(part) || self.messages.iter().any(|message| message.text.contains(part))
    }

    pub(crate) fn to_json(&self) -> Value {
        let authorization = match self.authorization {
            Authorization::Missing => "missing",
            Authorization::Refused => "refused",
            Authorization::Accepted => "accepted",
        };
        let messages: Vec<Value> = self
            .messages
            .iter()
            .map(|message| json!({"role": message.role, "text": message.text, "tools": message.tools}))
            .collect();
        json!({"at": self.at.to_rfc3339(), "server": self.server.name(), "authorization": authorization,
            "key": self.key, "model": self.model, "stream": self.stream, "system": self.system,
            "messages": messages, "tools": self.tools, "body": self.body})
    }
}

impl fmt::Debug for RecordedPrompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedPrompt")
            .field("server", &self.server)
            .field("authorization", &self.authorization)
            .field("model", &self.model)
            .field("stream", &self.stream)
            .field("messages", &self.messages.len())
            .field("tools", &self.tools)
            .finish_non_exhaustive()
    }
}
