//! What a model is asked, in the words of no server.

use serde_json::Value;

/// Who says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    System,
    User,
    Assistant,
    /// The result of a tool.
    Tool,
}

impl Role {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

/// A call of a tool. The arguments are the text that goes over the wire, which need not be JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) args: String,
}

impl Call {
    /// The arguments as servers show them that have no text: an object if they are one, otherwise what they are.
    pub(crate) fn value(&self) -> Value {
        serde_json::from_str(&self.args).unwrap_or_else(|_| Value::String(self.args.clone()))
    }
}

/// One message of the conversation.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) role: Role,
    pub(crate) text: String,
    /// What the assistant called.
    pub(crate) calls: Vec<Call>,
    /// Of a tool's result: the id of the call that it answers.
    pub(crate) call_id: Option<String>,
    /// Of a tool's result: the tool, where it is told or can be found by the call's id.
    pub(crate) tool: Option<String>,
}

impl Message {
    pub(crate) fn new(role: Role, text: impl Into<String>) -> Self {
        Self { role, text: text.into(), calls: Vec::new(), call_id: None, tool: None }
    }
}

/// A tool that the model may call.
#[derive(Debug, Clone)]
pub(crate) struct ToolSpec {
    pub(crate) name: String,
    /// The JSON schema of its arguments.
    pub(crate) schema: Value,
}

/// Whether tools may or must be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    Auto,
    Never,
    Required,
    Forced(String),
}

/// What form the text must have.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Format {
    Text,
    /// Some JSON object.
    Object,
    /// JSON of this schema.
    Schema(Value),
}

/// A whole request.
#[derive(Debug, Clone)]
pub(crate) struct Prompt {
    pub(crate) model: String,
    pub(crate) stream: bool,
    /// Whether an OpenAI stream ends with a chunk that has only the usage.
    pub(crate) stream_usage: bool,
    /// All system texts, one below the other.
    pub(crate) system: String,
    /// The conversation without the system texts before its first other message.
    pub(crate) messages: Vec<Message>,
    pub(crate) tools: Vec<ToolSpec>,
    pub(crate) choice: Choice,
    pub(crate) format: Format,
    pub(crate) max_tokens: Option<u64>,
    /// Whether the model thinks before it answers.
    pub(crate) thinking: bool,
}

impl Prompt {
    /// Moves the system texts at the head into [`system`](Self::system) and finds the tools of results.
    pub(crate) fn arranged(mut self) -> Self {
        let head = self.messages.iter().take_while(|message| message.role == Role::System).count();
        for message in self.messages.drain(..head) {
            if !self.system.is_empty() {
                self.system.push('\n');
            }
            self.system.push_str(&message.text);
        }
        let mut called: Vec<(String, String)> = Vec::new();
        for message in &mut self.messages {
            called.extend(message.calls.iter().map(|call| (call.id.clone(), call.name.clone())));
            if message.role == Role::Tool && message.tool.is_none() {
                let found = called.iter().rev().find(|(id, _)| Some(id) == message.call_id.as_ref());
                message.tool = found.map(|(_, name)| name.clone());
            }
        }
        self
    }

    /// Its length as a model counts it, roughly: four bytes are a token.
    pub(crate) fn tokens(&self) -> u64 {
        let messages = self.messages.iter().map(|message| {
            let calls = message.calls.iter().map(|call| call.name.len() + call.args.len());
            message.text.len() + calls.sum::<usize>()
        });
        let tools = self.tools.iter().map(|tool| tool.name.len() + tool.schema.to_string().len());
        tokens(self.system.len() + messages.sum::<usize>() + tools.sum::<usize>())
    }

    /// What is wrong with the order of calls and results: each result must follow the message that called it, and each
    /// call must have its result before anything else is said.
    pub(crate) fn unpaired(&self) -> Option<&'static str> {
        let mut open: Vec<&str> = Vec::new();
        for message in &self.messages {
            if message.role == Role::Tool {
                let id = message.call_id.as_deref().unwrap_or_default();
                let Some(position) = open.iter().position(|known| *known == id) else {
                    return Some("a tool result does not answer a call of the message before it");
                };
                open.remove(position);
                continue;
            }
            if !open.is_empty() {
                return Some("a tool call has no result behind it");
            }
            open.extend(message.calls.iter().map(|call| call.id.as_str()));
        }
        (!open.is_empty()).then_some("a tool call has no result behind it")
    }
}

/// How many tokens so many bytes are, rounded up.
pub(crate) fn tokens(bytes: usize) -> u64 {
    u64::try_from(bytes.div_ceil(4)).unwrap_or(u64::MAX)
}
