//! What a model says, and what it costs.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::message::{LlmMessage, ToolCall};

/// A whole answer of a model. `Debug` shows no text.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LlmReply {
    /// What it says; may be empty.
    pub text: String,
    /// What it wants to call; text and calls may come together.
    pub tool_calls: Vec<ToolCall>,
    /// What it thought, if the server tells. Never shown to anybody.
    pub reasoning: Option<String>,
    /// Why it ended.
    pub finish: Finish,
    /// What it used.
    pub usage: Usage,
    /// The server's id of the answer.
    pub request_id: Option<String>,
}

/// Why an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finish {
    /// It is complete.
    Stop,
    /// The model waits for the results of its calls.
    ToolCalls,
    /// It has reached the longest length; with thinking models the text may be empty.
    Length,
    /// The provider's rules ended it.
    Blocked,
    /// A word of the server that is not known: to be treated as incomplete.
    Other(String),
}

/// What an answer used, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Usage {
    /// Tokens of the prompt, cached ones included.
    pub prompt: u64,
    /// Of these, how many came from the server's cache.
    pub cached: u64,
    /// Tokens of the answer, thinking included.
    pub completion: u64,
    /// Of these, how many went into thinking.
    pub reasoning: u64,
}

/// What a model costs, in millionths of a US dollar for each million tokens: 0.6 USD is 600,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Price {
    /// Of the prompt.
    pub input: u64,
    /// Of the part of the prompt that was cached.
    pub cached: u64,
    /// Of the answer.
    pub output: u64,
}

impl Price {
    /// A price, in millionths of a US dollar for each million tokens.
    #[must_use]
    pub const fn new(input: u64, cached: u64, output: u64) -> Self {
        Self { input, cached, output }
    }

    /// What a call cost, in millionths of a US dollar, rounded up.
    #[must_use]
    pub fn of(&self, usage: &Usage) -> u64 {
        let fresh = usage.prompt.saturating_sub(usage.cached);
        let sum = u128::from(fresh) * u128::from(self.input)
            + u128::from(usage.cached) * u128::from(self.cached)
            + u128::from(usage.completion) * u128::from(self.output);
        u64::try_from(sum.div_ceil(1_000_000)).unwrap_or(u64::MAX)
    }
}

impl Usage {
    /// Tokens of the prompt and of the answer.
    #[must_use]
    pub const fn new(prompt: u64, completion: u64) -> Self {
        Self { prompt, cached: 0, completion, reasoning: 0 }
    }

    /// With how much of the prompt was cached.
    #[must_use]
    pub const fn with_cached(mut self, tokens: u64) -> Self {
        self.cached = tokens;
        self
    }

    /// With how much of the answer was thinking.
    #[must_use]
    pub const fn with_reasoning(mut self, tokens: u64) -> Self {
        self.reasoning = tokens;
        self
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            prompt: self.prompt.saturating_add(other.prompt),
            cached: self.cached.saturating_add(other.cached),
            completion: self.completion.saturating_add(other.completion),
            reasoning: self.reasoning.saturating_add(other.reasoning),
        }
    }
}

impl LlmReply {
    /// A text that is complete.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            tool_calls: Vec::new(),
            reasoning: None,
            finish: Finish::Stop,
            usage: Usage::default(),
            request_id: None,
        }
    }

    /// Calls of tools.
    #[must_use]
    pub fn calls(tool_calls: Vec<ToolCall>) -> Self {
        Self { tool_calls, finish: Finish::ToolCalls, ..Self::text("") }
    }

    /// With why it ended.
    #[must_use]
    pub fn with_finish(mut self, finish: Finish) -> Self {
        self.finish = finish;
        self
    }

    /// With what it used.
    #[must_use]
    pub const fn with_usage(mut self, usage: Usage) -> Self {
        self.usage = usage;
        self
    }

    /// With what it thought.
    #[must_use]
    pub fn with_reasoning(mut self, reasoning: Option<String>) -> Self {
        self.reasoning = reasoning;
        self
    }

    /// With the server's id of the answer.
    #[must_use]
    pub fn with_request_id(mut self, id: Option<String>) -> Self {
        self.request_id = id;
        self
    }

    /// As the next message of the conversation.
    #[must_use]
    pub fn to_message(&self) -> LlmMessage {
        LlmMessage::Assistant {
            text: self.text.clone(),
            tool_calls: self.tool_calls.clone(),
            reasoning: self.reasoning.clone(),
        }
    }
}

impl fmt::Debug for LlmReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LlmReply")
            .field("text_bytes", &self.text.len())
            .field("tool_calls", &self.tool_calls.len())
            .field("finish", &self.finish)
            .field("usage", &self.usage)
            .finish_non_exhaustive()
    }
}
