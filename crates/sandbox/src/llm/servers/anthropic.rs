//! Anthropic's messages.
//!
//! Source: Anthropic's API reference and SDK, November 2026. That all results of one turn come first in the next
//! message of the user is from memory, and so are the events of a stream.

use http::HeaderMap;
use serde_json::{Value, json};

use super::{Server, Stamp, content_text, list, model_and_messages, pieces, text_of};
use crate::llm::answer::{Answer, Finish};
use crate::llm::problem::{Meaning, Problem, look_up};
use crate::llm::prompt::{Call, Choice, Format, Message, Prompt, Role, ToolSpec};
use crate::provider::Reply;

/// The fake.
#[derive(Debug)]
pub(crate) struct Anthropic;

/// One message of the wire becomes several: its results, then its text.
fn messages(message: &Value) -> Result<Vec<Message>, Problem> {
    let role = match text_of(message, "role").as_str() {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        _ => return Err(Problem::Bad("messages: role must be user or assistant".into())),
    };
    let blocks = list(message, "content");
    let of = |kind: &'static str| blocks.iter().filter(move |block| text_of(block, "type") == kind);
    let mut read: Vec<Message> = of("tool_result")
        .map(|block| Message {
            call_id: Some(text_of(block, "tool_use_id")),
            ..Message::new(Role::Tool, content_text(block.get("content")))
        })
        .collect();
    let first_other = blocks.iter().position(|block| text_of(block, "type") != "tool_result");
    if first_other.is_some_and(|first| first < read.len()) {
        return Err(Problem::Bad("messages: tool_result blocks must come first".into()));
    }
    let calls: Vec<Call> = of("tool_use")
        .map(|block| Call {
            id: text_of(block, "id"),
            name: text_of(block, "name"),
            args: block.get("input").unwrap_or(&Value::Null).to_string(),
        })
        .collect();
    let text = content_text(message.get("content"));
    if read.is_empty() || !text.is_empty() {
        read.push(Message { calls, ..Message::new(role, text) });
    }
    Ok(read)
}

fn choice(choice: Option<&Value>) -> Choice {
    let Some(choice) = choice else { return Choice::Auto };
    match text_of(choice, "type").as_str() {
        "any" => Choice::Required,
        "none" => Choice::Never,
        "tool" => Choice::Forced(text_of(choice, "name")),
        _ => Choice::Auto,
    }
}

fn stop_reason(finish: &Finish) -> &str {
    match finish {
        Finish::Stop | Finish::Upstream => "end_turn",
        Finish::Calls => "tool_use",
        Finish::Length => "max_tokens",
        Finish::Blocked => "refusal",
        Finish::Context => "model_context_window_exceeded",
        Finish::Other(word) => word,
    }
}

/// The blocks of an answer; `empty` leaves out what a stream brings later.
fn blocks(answer: &Answer, empty: bool) -> Vec<Value> {
    let kept = |text: &str| if empty { String::new() } else { text.to_owned() };
    let mut blocks = Vec::new();
    if !answer.reasoning.is_empty() {
        let signature = if empty { "" } else { "c2FuZGJveA==" };
        blocks.push(json!({"type": "thinking", "thinking": kept(&answer.reasoning), "signature": signature}));
    }
    if !answer.text.is_empty() {
        blocks.push(json!({"type": "text", "text": kept(&answer.text)}));
    }
    blocks.extend(answer.calls.iter().map(|call| {
        let input = if empty { json!({}) } else { call.value() };
        json!({"type": "tool_use", "id": call.id, "name": call.name, "input": input})
    }));
    blocks
}

fn usage(stamp: &Stamp<'_>, output: u64) -> Value {
    json!({"input_tokens": stamp.usage.prompt, "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0, "output_tokens": output})
}

fn body(stamp: &Stamp<'_>, content: &[Value], reason: Option<&str>, output: u64) -> Value {
    json!({"id": format!("msg_sandbox{:016x}", stamp.number), "type": "message", "role": "assistant",
        "model": stamp.model, "content": content, "stop_reason": reason, "stop_sequence": null,
        "usage": usage(stamp, output)})
}

fn event(data: &Value) -> String {
    format!("event: {}\ndata: {data}\n\n", text_of(data, "type"))
}

/// What a block's deltas are.
fn deltas(answer: &Answer, block: &Value) -> Vec<Value> {
    match text_of(block, "type").as_str() {
        "thinking" => {
            let mut deltas: Vec<Value> = pieces(&answer.reasoning)
                .iter()
                .map(|piece| json!({"type": "thinking_delta", "thinking": piece}))
                .collect();
            deltas.push(json!({"type": "signature_delta", "signature": "c2FuZGJveA=="}));
            deltas
        }
        "text" => {
            pieces(&answer.text).iter().map(|piece| json!({"type": "text_delta", "text": piece})).collect()
        }
        _ => Vec::new(),
    }
}

fn error(status: u16, kind: &str, message: &str) -> Reply {
    let body = json!({"type": "error", "error": {"type": kind, "message": message},
        "request_id": "req_sandbox"});
    Reply::json(status, body).with_header("request-id", "req_sandbox")
}

impl Server for Anthropic {
    fn path(&self) -> &'static str {
        "/v1/messages"
    }

    fn key<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        headers.get("x-api-key")?.to_str().ok()
    }

    fn read(&self, headers: &HeaderMap, body: &Value) -> Result<Prompt, Problem> {
        if !headers.contains_key("anthropic-version") {
            return Err(Problem::Bad("anthropic-version: header is required".into()));
        }
        let (model, wire) = model_and_messages(body)?;
        let Some(max_tokens) = body.get("max_tokens").and_then(Value::as_u64).filter(|max| *max > 0) else {
            return Err(Problem::Bad("max_tokens: Field required".into()));
        };
        let mut read = Vec::new();
        for message in wire {
            read.extend(messages(message)?);
        }
        let tools = list(body, "tools").iter().filter_map(|tool| {
            let schema = tool.get("input_schema")?.clone();
            Some(ToolSpec { name: tool.get("name")?.as_str()?.to_owned(), schema })
        });
        let schema =
            body.pointer("/output_config/format/schema").or_else(|| body.pointer("/output_format/schema"));
        let prompt = Prompt {
            model,
            stream: body.get("stream") == Some(&Value::Bool(true)),
            stream_usage: true,
            system: content_text(body.get("system")),
            messages: read,
            tools: tools.collect(),
            choice: choice(body.get("tool_choice")),
            format: schema.cloned().map_or(Format::Text, Format::Schema),
            max_tokens: Some(max_tokens),
            thinking: body.pointer("/thinking/type").and_then(Value::as_str) == Some("enabled"),
        }
        .arranged();
        match prompt.unpaired() {
            Some(problem) => Err(Problem::Bad(format!("messages: {problem}"))),
            None => Ok(prompt),
        }
    }

    fn call_id(&self, number: u64, index: usize) -> String {
        format!("toolu_sandbox{number:012x}{index:04x}")
    }

    fn whole(&self, answer: &Answer, stamp: &Stamp<'_>) -> Reply {
        let content = blocks(answer, false);
        let body = body(stamp, &content, Some(stop_reason(&answer.finish)), stamp.usage.completion);
        Reply::json(200, body).with_header("request-id", &format!("req_sandbox{:016x}", stamp.number))
    }

    fn stream_type(&self) -> &'static str {
        "text/event-stream; charset=utf-8"
    }

    fn stream(&self, answer: &Answer, stamp: &Stamp<'_>) -> Vec<String> {
        let start = json!({"type": "message_start", "message": body(stamp, &[], None, 1)});
        let mut parts = vec![event(&start)];
        let mut calls = answer.calls.iter();
        for (index, block) in blocks(answer, true).iter().enumerate() {
            parts
                .push(event(&json!({"type": "content_block_start", "index": index, "content_block": block})));
            if index == 0 {
                parts.push(event(&json!({"type": "ping"})));
            }
            let mut deltas = deltas(answer, block);
            if text_of(block, "type") == "tool_use" {
                let args = calls.next().map(|call| pieces(&call.args)).unwrap_or_default();
                deltas.push(json!({"type": "input_json_delta", "partial_json": ""}));
                deltas.extend(
                    args.iter().map(|piece| json!({"type": "input_json_delta", "partial_json": piece})),
                );
            }
            parts.extend(
                deltas.iter().map(|delta| {
                    event(&json!({"type": "content_block_delta", "index": index, "delta": delta}))
                }),
            );
            parts.push(event(&json!({"type": "content_block_stop", "index": index})));
        }
        let delta = json!({"stop_reason": stop_reason(&answer.finish), "stop_sequence": null});
        let usage = json!({"output_tokens": stamp.usage.completion});
        parts.push(event(&json!({"type": "message_delta", "delta": delta, "usage": usage})));
        parts.push(event(&json!({"type": "message_stop"})));
        parts
    }

    fn end_parts(&self) -> usize {
        2
    }

    fn refuse(&self, problem: &Problem) -> Reply {
        let invalid = "invalid_request_error";
        match problem {
            Problem::NoKey => error(401, "authentication_error", "x-api-key header is required"),
            Problem::WrongKey => error(401, "authentication_error", "invalid x-api-key"),
            Problem::NoSuchPath => error(404, "not_found_error", "Not found"),
            Problem::WrongMethod => error(405, invalid, "Method Not Allowed"),
            Problem::Bad(what) => error(400, invalid, what),
            Problem::Status(529) => error(529, "overloaded_error", "Overloaded"),
            Problem::Status(504) => error(504, "timeout_error", "Request timed out"),
            Problem::Status(status) => error(*status, "api_error", "Internal server error"),
            Problem::Code { code, retry_after } => {
                let reply = match look_up(code).2 {
                    Meaning::RateLimited | Meaning::UsageLimit => {
                        error(429, "rate_limit_error", "This request would exceed your rate limit.")
                    }
                    Meaning::Overloaded => error(529, "overloaded_error", "Overloaded"),
                    Meaning::NoCredit => error(402, "billing_error", "Your credit balance is too low."),
                    Meaning::Unauthorized => error(401, "authentication_error", "invalid x-api-key"),
                    Meaning::TooLong => error(400, invalid, "prompt is too long"),
                    Meaning::Broken => error(500, "api_error", "Internal server error"),
                    Meaning::Blocked | Meaning::Other => error(400, invalid, "The request was refused."),
                };
                super::retry_after(reply, *retry_after)
            }
        }
    }

    fn refuse_in_stream(&self, problem: &Problem) -> String {
        event(&self.refuse(problem).body().cloned().unwrap_or_default())
    }
}
