//! Ollama's own chat: no keys, no ids, a stream of JSON lines unless it is told otherwise.
//!
//! Source: Ollama's API documentation, November 2026. That an error can be a line of a stream is from memory.

use http::HeaderMap;
use serde_json::{Value, json};

use super::{Server, Stamp, list, model_and_messages, pieces, text_of};
use crate::llm::answer::{Answer, Finish};
use crate::llm::problem::{Problem, look_up};
use crate::llm::prompt::{Call, Choice, Format, Message, Prompt, Role, ToolSpec};
use crate::provider::Reply;

/// The fake.
#[derive(Debug)]
pub(crate) struct Ollama;

fn message(message: &Value) -> Result<Message, Problem> {
    let role = match text_of(message, "role").as_str() {
        "system" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" => Role::Tool,
        _ => return Err(Problem::Bad("invalid role".into())),
    };
    let calls = list(message, "tool_calls").iter().map(|call| {
        // A text in place of an object is what an adapter for OpenAI would send, and is refused.
        let arguments = call.pointer("/function/arguments").cloned().unwrap_or_else(|| json!({}));
        if !arguments.is_object() {
            return Err(Problem::Bad("tool_calls: arguments must be an object".into()));
        }
        let name = call.pointer("/function/name").and_then(Value::as_str).unwrap_or_default();
        Ok(Call { id: String::new(), name: name.to_owned(), args: arguments.to_string() })
    });
    Ok(Message {
        calls: calls.collect::<Result<_, _>>()?,
        tool: message.get("tool_name").and_then(Value::as_str).map(str::to_owned),
        ..Message::new(role, text_of(message, "content"))
    })
}

fn done_reason(finish: &Finish) -> &str {
    match finish {
        // Calls end with the same word as texts.
        Finish::Stop | Finish::Calls | Finish::Blocked | Finish::Upstream => "stop",
        Finish::Length | Finish::Context => "length",
        Finish::Other(word) => word,
    }
}

fn said(answer: &Answer) -> Value {
    let mut message = json!({"role": "assistant", "content": answer.text});
    if let Some(fields) = message.as_object_mut() {
        if !answer.reasoning.is_empty() {
            fields.insert("thinking".into(), answer.reasoning.clone().into());
        }
        if !answer.calls.is_empty() {
            let call = |call: &Call| json!({"function": {"name": call.name, "arguments": call.value()}});
            fields.insert("tool_calls".into(), answer.calls.iter().map(call).collect());
        }
    }
    message
}

fn line(stamp: &Stamp<'_>, message: &Value) -> Value {
    json!({"model": stamp.model, "created_at": stamp.at.to_rfc3339(), "message": message, "done": false})
}

/// The last line: why it ended, and how long it took. Times are made up of the tokens.
fn last(stamp: &Stamp<'_>, message: &Value, finish: &Finish) -> Value {
    let usage = stamp.usage;
    json!({"model": stamp.model, "created_at": stamp.at.to_rfc3339(), "message": message, "done": true,
        "done_reason": done_reason(finish), "total_duration": (usage.prompt + usage.completion) * 1_000_000,
        "load_duration": 1_000_000, "prompt_eval_count": usage.prompt,
        "prompt_eval_duration": usage.prompt * 1_000_000, "eval_count": usage.completion,
        "eval_duration": usage.completion * 1_000_000})
}

impl Server for Ollama {
    fn path(&self) -> &'static str {
        "/api/chat"
    }

    fn key<'h>(&self, _: &'h HeaderMap) -> Option<&'h str> {
        None
    }

    fn asks_for_key(&self) -> bool {
        false
    }

    fn read(&self, _: &HeaderMap, body: &Value) -> Result<Prompt, Problem> {
        let (model, messages) = model_and_messages(body)?;
        let messages = messages.iter().map(message).collect::<Result<Vec<_>, _>>()?;
        let tools = list(body, "tools").iter().filter_map(|tool| {
            let function = tool.get("function")?;
            let schema = function.get("parameters").cloned().unwrap_or_else(|| json!({"type": "object"}));
            Some(ToolSpec { name: function.get("name")?.as_str()?.to_owned(), schema })
        });
        let format = match body.get("format") {
            Some(Value::String(word)) if word == "json" => Format::Object,
            Some(schema @ Value::Object(_)) => Format::Schema(schema.clone()),
            _ => Format::Text,
        };
        let prompt = Prompt {
            model,
            stream: body.get("stream") != Some(&Value::Bool(false)),
            stream_usage: true,
            system: String::new(),
            messages,
            tools: tools.collect(),
            choice: Choice::Auto,
            format,
            // A negative number means no end.
            max_tokens: body.pointer("/options/num_predict").and_then(Value::as_u64),
            thinking: body.get("think").is_some_and(|think| think.is_string() || *think == Value::Bool(true)),
        };
        Ok(prompt.arranged())
    }

    fn call_id(&self, _: u64, _: usize) -> String {
        String::new()
    }

    fn whole(&self, answer: &Answer, stamp: &Stamp<'_>) -> Reply {
        Reply::json(200, last(stamp, &said(answer), &answer.finish))
            .with_header("content-type", "application/json; charset=utf-8")
    }

    fn stream_type(&self) -> &'static str {
        "application/x-ndjson"
    }

    fn stream(&self, answer: &Answer, stamp: &Stamp<'_>) -> Vec<String> {
        let spoken = |message: Value| format!("{}\n", line(stamp, &message));
        let mut parts = Vec::new();
        parts.extend(
            pieces(&answer.reasoning)
                .iter()
                .map(|piece| spoken(json!({"role": "assistant", "content": "", "thinking": piece}))),
        );
        parts.extend(
            pieces(&answer.text).iter().map(|piece| spoken(json!({"role": "assistant", "content": piece}))),
        );
        if !answer.calls.is_empty() {
            let calls = Answer { text: String::new(), reasoning: String::new(), ..answer.clone() };
            parts.push(spoken(said(&calls)));
        }
        let end = last(stamp, &json!({"role": "assistant", "content": ""}), &answer.finish);
        parts.push(format!("{end}\n"));
        parts
    }

    fn end_parts(&self) -> usize {
        1
    }

    fn refuse(&self, problem: &Problem) -> Reply {
        let error = |status: u16, message: &str| Reply::json(status, json!({"error": message}));
        match problem {
            Problem::NoKey | Problem::WrongKey => error(401, "unauthorized"),
            Problem::NoSuchPath => Reply::bytes(404, "text/plain", "404 page not found"),
            Problem::WrongMethod => Reply::bytes(405, "text/plain", "405 method not allowed"),
            Problem::Bad(what) => error(400, what),
            Problem::Status(status) => error(*status, "an error was encountered while running the model"),
            Problem::Code { code, retry_after } => {
                let (_, status, _) = look_up(code);
                super::retry_after(error(status, "the server refused the request"), *retry_after)
            }
        }
    }

    fn refuse_in_stream(&self, problem: &Problem) -> String {
        format!("{}\n", self.refuse(problem).body().cloned().unwrap_or_default())
    }
}
