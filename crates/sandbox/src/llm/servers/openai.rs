//! OpenAI's chat completions.
//!
//! Source: OpenAI's SDK and API reference, November 2026.

use http::HeaderMap;
use serde_json::{Value, json};

use super::{Server, Stamp, content_text, event, list, model_and_messages, pieces, text_of};
use crate::llm::answer::{Answer, Finish};
use crate::llm::problem::{Meaning, Problem, look_up};
use crate::llm::prompt::{Call, Choice, Format, Message, Prompt, Role, ToolSpec};
use crate::provider::Reply;

/// The fake.
#[derive(Debug)]
pub(crate) struct OpenAi;

/// The key behind `Bearer`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get("authorization")?.to_str().ok()?.strip_prefix("Bearer ")
}

/// Reads a body in OpenAI's form without checking what only OpenAI checks.
pub(super) fn prompt(body: &Value) -> Result<Prompt, Problem> {
    let (model, messages) = model_and_messages(body)?;
    let messages = messages.iter().map(message).collect::<Result<Vec<_>, _>>()?;
    let tools = list(body, "tools").iter().filter_map(|tool| {
        let function = tool.get("function")?;
        let schema = function.get("parameters").cloned().unwrap_or_else(|| json!({"type": "object"}));
        Some(ToolSpec { name: function.get("name")?.as_str()?.to_owned(), schema })
    });
    let limit = |name: &str| body.get(name).and_then(Value::as_u64);
    let prompt = Prompt {
        model,
        stream: body.get("stream") == Some(&Value::Bool(true)),
        stream_usage: body.pointer("/stream_options/include_usage") == Some(&Value::Bool(true)),
        system: String::new(),
        messages,
        tools: tools.collect(),
        choice: choice(body.get("tool_choice")),
        format: format(body.get("response_format")),
        max_tokens: limit("max_completion_tokens").or_else(|| limit("max_tokens")),
        thinking: false,
    };
    Ok(prompt.arranged())
}

fn message(message: &Value) -> Result<Message, Problem> {
    let role = match text_of(message, "role").as_str() {
        "system" | "developer" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" => Role::Tool,
        _ => return Err(Problem::Bad("a message has a role that does not exist".into())),
    };
    let calls = list(message, "tool_calls").iter().map(|call| Call {
        id: text_of(call, "id"),
        name: call.pointer("/function/name").and_then(Value::as_str).unwrap_or_default().to_owned(),
        args: call.pointer("/function/arguments").and_then(Value::as_str).unwrap_or_default().to_owned(),
    });
    Ok(Message {
        calls: calls.collect(),
        call_id: message.get("tool_call_id").and_then(Value::as_str).map(str::to_owned),
        ..Message::new(role, content_text(message.get("content")))
    })
}

fn choice(choice: Option<&Value>) -> Choice {
    match choice {
        Some(Value::String(word)) if word == "none" => Choice::Never,
        Some(Value::String(word)) if word == "required" => Choice::Required,
        Some(forced @ Value::Object(_)) => match forced.pointer("/function/name").and_then(Value::as_str) {
            Some(name) => Choice::Forced(name.to_owned()),
            None => Choice::Auto,
        },
        _ => Choice::Auto,
    }
}

fn format(format: Option<&Value>) -> Format {
    let Some(format) = format else { return Format::Text };
    match text_of(format, "type").as_str() {
        "json_object" => Format::Object,
        "json_schema" => {
            format.pointer("/json_schema/schema").cloned().map_or(Format::Object, Format::Schema)
        }
        _ => Format::Text,
    }
}

fn finish(finish: &Finish) -> &str {
    match finish {
        Finish::Stop | Finish::Upstream => "stop",
        Finish::Calls => "tool_calls",
        Finish::Length | Finish::Context => "length",
        Finish::Blocked => "content_filter",
        Finish::Other(word) => word,
    }
}

fn usage(stamp: &Stamp<'_>) -> Value {
    let usage = stamp.usage;
    json!({
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
    })
}

fn id(stamp: &Stamp<'_>) -> String {
    format!("chatcmpl-sandbox{:016x}", stamp.number)
}

fn chunk(stamp: &Stamp<'_>, choices: &Value, usage: Value) -> String {
    let mut chunk = json!({"id": id(stamp), "object": "chat.completion.chunk", "created": stamp.seconds(),
        "model": stamp.model, "service_tier": "default", "system_fingerprint": "fp_sandbox", "choices": choices});
    // Only a stream that was asked for its usage has the key.
    if let Some(fields) = chunk.as_object_mut().filter(|_| stamp.stream_usage) {
        fields.insert("usage".into(), usage);
    }
    event(&chunk)
}

impl Server for OpenAi {
    fn path(&self) -> &'static str {
        "/v1/chat/completions"
    }

    fn key<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        bearer(headers)
    }

    fn read(&self, _: &HeaderMap, body: &Value) -> Result<Prompt, Problem> {
        let prompt = prompt(body)?;
        match prompt.unpaired() {
            Some(problem) => Err(Problem::Bad(problem.into())),
            None => Ok(prompt),
        }
    }

    fn call_id(&self, number: u64, index: usize) -> String {
        format!("call_sandbox{number:08x}{index:04x}")
    }

    fn whole(&self, answer: &Answer, stamp: &Stamp<'_>) -> Reply {
        let content = if answer.text.is_empty() { Value::Null } else { answer.text.clone().into() };
        let mut message =
            json!({"role": "assistant", "content": content, "refusal": null, "annotations": []});
        if let Some(fields) = message.as_object_mut().filter(|_| !answer.calls.is_empty()) {
            let calls = answer.calls.iter().map(|call| {
                json!({"id": call.id, "type": "function",
                    "function": {"name": call.name, "arguments": call.args}})
            });
            fields.insert("tool_calls".into(), calls.collect());
        }
        let body = json!({
            "id": id(stamp), "object": "chat.completion", "created": stamp.seconds(), "model": stamp.model,
            "choices": [{"index": 0, "message": message, "logprobs": null,
                "finish_reason": finish(&answer.finish)}],
            "usage": usage(stamp), "service_tier": "default", "system_fingerprint": "fp_sandbox",
        });
        Reply::json(200, body).with_header("x-request-id", &format!("req_sandbox{:016x}", stamp.number))
    }

    fn stream(&self, answer: &Answer, stamp: &Stamp<'_>) -> Vec<String> {
        let part = |delta: Value, finish: Option<&str>| {
            let choices = json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]);
            chunk(stamp, &choices, Value::Null)
        };
        let content = if answer.calls.is_empty() { json!("") } else { Value::Null };
        let mut parts = vec![part(json!({"role": "assistant", "content": content, "refusal": null}), None)];
        parts.extend(pieces(&answer.text).iter().map(|piece| part(json!({"content": piece}), None)));
        for (index, call) in answer.calls.iter().enumerate() {
            let head = json!({"tool_calls": [{"index": index, "id": call.id, "type": "function",
                "function": {"name": call.name, "arguments": ""}}]});
            parts.push(part(head, None));
            parts.extend(pieces(&call.args).iter().map(|piece| {
                part(json!({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}), None)
            }));
        }
        parts.push(part(json!({}), Some(finish(&answer.finish))));
        if stamp.stream_usage {
            parts.push(chunk(stamp, &json!([]), usage(stamp)));
        }
        parts.push("data: [DONE]\n\n".into());
        parts
    }

    /// A stream is whole with its `finish_reason`; whether the usage follows was asked for.
    fn end_parts(&self) -> usize {
        3
    }

    fn refuse(&self, problem: &Problem) -> Reply {
        let error = |status: u16, kind: &str, code: Option<&str>, message: &str| {
            let body = json!({"error": {"message": message, "type": kind, "param": null, "code": code}});
            Reply::json(status, body)
        };
        let invalid = "invalid_request_error";
        match problem {
            Problem::NoKey => error(401, invalid, None, "You didn't provide an API key."),
            Problem::WrongKey => error(401, invalid, Some("invalid_api_key"), "Incorrect API key provided."),
            Problem::NoSuchPath => error(404, invalid, Some("unknown_url"), "Unknown request URL."),
            Problem::WrongMethod => {
                error(405, invalid, Some("method_not_supported"), "Not allowed to use this method here.")
            }
            Problem::Bad(what) => error(400, invalid, None, what),
            Problem::Status(status) => error(*status, "server_error", None, "The server had an error."),
            Problem::Code { code, retry_after } => {
                let (code, _, meaning) = look_up(code);
                let reply = match meaning {
                    Meaning::RateLimited => error(
                        429,
                        "requests",
                        Some("rate_limit_exceeded"),
                        "Rate limit reached for requests.",
                    ),
                    Meaning::Overloaded => {
                        error(503, "server_error", None, "The engine is currently overloaded.")
                    }
                    Meaning::NoCredit | Meaning::UsageLimit => error(
                        429,
                        "insufficient_quota",
                        Some("insufficient_quota"),
                        "You exceeded your current quota.",
                    ),
                    Meaning::Blocked => {
                        error(400, invalid, Some("content_filter"), "The prompt was filtered.")
                    }
                    Meaning::Unauthorized => {
                        error(401, invalid, Some("invalid_api_key"), "Incorrect API key provided.")
                    }
                    Meaning::TooLong => {
                        error(400, invalid, Some("context_length_exceeded"), "The prompt is too long.")
                    }
                    Meaning::Broken => error(500, "server_error", None, "The server had an error."),
                    Meaning::Other => error(400, invalid, Some(code), "The request was refused."),
                };
                super::retry_after(reply, *retry_after)
            }
        }
    }
}
