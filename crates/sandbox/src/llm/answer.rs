//! What a model answers, in the words of no server, and the answers that a test writes for it.

use std::fmt;

use serde::Deserialize;
use serde_json::{Value, json};

use super::prompt::{Call, tokens};

/// Why the model stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finish {
    Stop,
    Calls,
    /// It ran out of tokens.
    Length,
    /// A filter stopped it.
    Blocked,
    /// Something broke behind the server.
    Upstream,
    /// The context window is full.
    Context,
    /// A word that no documentation knows.
    Other(String),
}

/// An answer before a server writes it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) reasoning: String,
    pub(crate) calls: Vec<Call>,
    pub(crate) finish: Finish,
}

/// Tokens of one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) prompt: u64,
    /// Thoughts, text and calls.
    pub(crate) completion: u64,
    pub(crate) reasoning: u64,
}

impl Answer {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), reasoning: String::new(), calls: Vec::new(), finish: Finish::Stop }
    }

    /// A call. Its id is given by [`numbered`](Self::numbered).
    pub(crate) fn call(name: &str, args: &Value) -> Self {
        let call = Call { id: String::new(), name: name.to_owned(), args: args.to_string() };
        Self { text: String::new(), reasoning: String::new(), calls: vec![call], finish: Finish::Calls }
    }

    /// Gives an id to each call that has none.
    pub(crate) fn numbered(mut self, id: impl Fn(usize) -> String) -> Self {
        for (index, call) in self.calls.iter_mut().enumerate() {
            if call.id.is_empty() {
                call.id = id(index);
            }
        }
        self
    }

    /// The answer as far as this many tokens reach. Thoughts come first, so they can leave nothing for the text.
    pub(crate) fn within(mut self, max_tokens: Option<u64>) -> Self {
        let Some(max) = max_tokens.and_then(|max| usize::try_from(max).ok()) else { return self };
        let room = max.saturating_mul(4);
        let calls: usize = self.calls.iter().map(|call| call.name.len() + call.args.len()).sum();
        if self.reasoning.len() + self.text.len() + calls <= room {
            return self;
        }
        cut(&mut self.reasoning, room);
        cut(&mut self.text, room - self.reasoning.len());
        if self.reasoning.len() + self.text.len() + calls > room {
            self.calls.clear();
        }
        self.finish = Finish::Length;
        self
    }

    pub(crate) fn usage(&self, prompt: u64) -> Usage {
        let calls: usize = self.calls.iter().map(|call| call.name.len() + call.args.len()).sum();
        let reasoning = tokens(self.reasoning.len());
        Usage { prompt, completion: reasoning + tokens(self.text.len() + calls), reasoning }
    }
}

/// Cuts a text to at most this many bytes, between two characters.
fn cut(text: &mut String, bytes: usize) {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
}

/// An answer that a test writes for the model. Answers are given in the order in which they were pushed, one for each
/// request; without one the sandbox plays the assistant by its own rules.
///
/// ```
/// use serde_json::json;
/// use wartel_sandbox::LlmAnswer;
///
/// let call = LlmAnswer::call("search_stock", json!({"model": "Avanza"})).when("avanza");
/// let text = LlmAnswer::text("Ada, Kak.");
/// assert_ne!(call, text);
/// ```
#[derive(Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct LlmAnswer {
    #[serde(default)]
    text: String,
    #[serde(default)]
    reasoning: String,
    #[serde(default)]
    tool_calls: Vec<ScriptedCall>,
    when: Option<String>,
}

#[derive(Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptedCall {
    name: String,
    #[serde(default)]
    arguments: Value,
}

impl LlmAnswer {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), reasoning: String::new(), tool_calls: Vec::new(), when: None }
    }

    /// A call of a tool. Arguments that are a JSON string go over the wire as that text, whether it is JSON or not.
    pub fn call(name: impl Into<String>, arguments: Value) -> Self {
        Self::text("").and_call(name, arguments)
    }

    /// Calls one more tool in the same answer; a text stays beside the calls.
    pub fn and_call(mut self, name: impl Into<String>, arguments: Value) -> Self {
        self.tool_calls.push(ScriptedCall { name: name.into(), arguments });
        self
    }

    /// With these thoughts, which only some servers show. Default: none.
    pub fn thinking(mut self, reasoning: impl Into<String>) -> Self {
        self.reasoning = reasoning.into();
        self
    }

    /// Only for a request whose last message of a user contains this text, whatever the case. Default: any request.
    pub fn when(mut self, part: impl Into<String>) -> Self {
        self.when = Some(part.into());
        self
    }

    /// Whether it is meant for a request with this last message of a user.
    pub(crate) fn fits(&self, last: &str) -> bool {
        self.when.as_ref().is_none_or(|part| last.to_lowercase().contains(&part.to_lowercase()))
    }

    pub(crate) fn answer(self) -> Answer {
        let calls: Vec<Call> = self.tool_calls.into_iter().map(ScriptedCall::call).collect();
        let finish = if calls.is_empty() { Finish::Stop } else { Finish::Calls };
        Answer { text: self.text, reasoning: self.reasoning, calls, finish }
    }

    pub(crate) fn to_json(&self) -> Value {
        let calls: Vec<Value> = self
            .tool_calls
            .iter()
            .map(|call| json!({"name": call.name, "arguments": call.arguments}))
            .collect();
        json!({"text": self.text, "reasoning": self.reasoning, "tool_calls": calls, "when": self.when})
    }
}

impl ScriptedCall {
    fn call(self) -> Call {
        let args = match self.arguments {
            Value::String(text) => text,
            Value::Null => "{}".to_owned(),
            other => other.to_string(),
        };
        Call { id: String::new(), name: self.name, args }
    }
}

/// Shows how much there is and not what.
impl fmt::Debug for LlmAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tools: Vec<&str> = self.tool_calls.iter().map(|call| call.name.as_str()).collect();
        f.debug_struct("LlmAnswer")
            .field("text_bytes", &self.text.len())
            .field("tools", &tools)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thoughts_use_the_tokens_up_before_the_text_does() {
        let answer = || Answer { reasoning: "t".repeat(400), ..Answer::text("é".repeat(10)) };
        let cut = answer().within(Some(50));
        assert_eq!((cut.reasoning.len(), cut.text.as_str(), &cut.finish), (200, "", &Finish::Length));
        let cut = answer().within(Some(101));
        assert_eq!((cut.text.as_str(), &cut.finish), ("éé", &Finish::Length));
        assert_eq!(answer().within(Some(105)), answer());
        assert_eq!(answer().within(None), answer());
        let usage = answer().usage(7);
        assert_eq!(usage, Usage { prompt: 7, completion: 105, reasoning: 100 });
    }

    #[test]
    fn a_call_without_room_is_left_out() {
        let call = Answer::call("search_stock", &json!({"model": "Avanza"}));
        assert_eq!(call.clone().within(Some(3)).calls, []);
        assert_eq!(call.clone().within(Some(100)), call);
    }
}
