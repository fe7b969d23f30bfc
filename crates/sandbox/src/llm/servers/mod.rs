//! The servers: how each reads a request and writes an answer down.

mod anthropic;
mod ollama;
mod openai;
mod zai;

use std::fmt;

use http::HeaderMap;
use serde_json::Value;
use wartel_core::Timestamp;

use super::answer::{Answer, Usage};
use super::problem::Problem;
use super::prompt::Prompt;
use crate::provider::Reply;

pub(crate) use anthropic::Anthropic;
pub(crate) use ollama::Ollama;
pub(crate) use openai::OpenAi;
pub(crate) use zai::Zai;

/// What an answer is written down with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp<'a> {
    /// The running number of the request.
    pub(crate) number: u64,
    pub(crate) at: Timestamp,
    pub(crate) model: &'a str,
    pub(crate) usage: Usage,
    /// Whether an OpenAI stream tells the usage.
    pub(crate) stream_usage: bool,
}

impl Stamp<'_> {
    fn seconds(&self) -> i64 {
        self.at.as_micros().div_euclid(1_000_000)
    }
}

/// A server of language models. Plain code without state.
pub(crate) trait Server: fmt::Debug + Send + Sync {
    /// The path of its chat, behind its own segment.
    fn path(&self) -> &'static str;

    /// The key in the headers; `None` if there is none. Servers without keys give back `Some("")` and take it.
    fn key<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str>;

    /// Whether it asks for a key at all.
    fn asks_for_key(&self) -> bool {
        true
    }

    /// Reads and checks a request.
    fn read(&self, headers: &HeaderMap, body: &Value) -> Result<Prompt, Problem>;

    /// The id of the call with this index in the answer with this number.
    fn call_id(&self, number: u64, index: usize) -> String;

    /// The whole answer.
    fn whole(&self, answer: &Answer, stamp: &Stamp<'_>) -> Reply;

    /// The content type of a stream.
    fn stream_type(&self) -> &'static str {
        "text/event-stream"
    }

    /// The answer in parts as they are written, the mark of its end included.
    fn stream(&self, answer: &Answer, stamp: &Stamp<'_>) -> Vec<String>;

    /// How many parts at the end of [`stream`](Self::stream) say that it is the end.
    fn end_parts(&self) -> usize;

    /// Whether it has a word for a model that broke behind it.
    fn says_network_error(&self) -> bool {
        false
    }

    /// A refusal.
    fn refuse(&self, problem: &Problem) -> Reply;

    /// A refusal as part of a stream that has begun.
    fn refuse_in_stream(&self, problem: &Problem) -> String {
        let body = self.refuse(problem).body().cloned().unwrap_or_default();
        event(&body)
    }
}

/// One server-sent event with only data.
fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

/// A text in pieces of a few characters, as a stream brings it.
fn pieces(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(12).map(|piece| piece.iter().collect()).collect()
}

fn text_of(body: &Value, name: &str) -> String {
    body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The text of a content: a string, or parts of which those with a text count.
fn content_text(content: Option<&Value>) -> String {
    match content {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts: Vec<&str> = parts.iter().filter_map(|part| part.get("text")?.as_str()).collect();
            texts.join("\n")
        }
        _ => String::new(),
    }
}

/// The list in a field, or nothing.
fn list<'a>(body: &'a Value, name: &str) -> &'a [Value] {
    body.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The model and the messages that every server asks for.
fn model_and_messages(body: &Value) -> Result<(String, &[Value]), Problem> {
    if !body.is_object() {
        return Err(Problem::Bad("the body is not a JSON object".into()));
    }
    let model = text_of(body, "model");
    if model.is_empty() {
        return Err(Problem::Bad("model is missing".into()));
    }
    let messages = list(body, "messages");
    if messages.is_empty() {
        return Err(Problem::Bad("messages must be a list that is not empty".into()));
    }
    Ok((model, messages))
}

/// With the header that says how long to wait: whole seconds, rounded up.
fn retry_after(reply: Reply, time: Option<std::time::Duration>) -> Reply {
    match time {
        Some(time) => reply.with_header("retry-after", &time.as_millis().div_ceil(1_000).to_string()),
        None => reply,
    }
}
