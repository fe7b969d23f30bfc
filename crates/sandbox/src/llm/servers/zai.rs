//! Z.AI's chat completions: OpenAI's in outline, other in many details.
//!
//! Source: recorded traffic of March 2026, docs.z.ai API pages and zai-sdk 0.2.3, November 2026. The messages of the
//! errors are this fake's own words, but for 1113.

use http::HeaderMap;
use serde_json::{Value, json};

use super::{Server, Stamp, event, openai, pieces, text_of};
use crate::llm::answer::{Answer, Finish};
use crate::llm::problem::{Problem, look_up};
use crate::llm::prompt::{Format, Prompt, Role};
use crate::provider::Reply;

/// The fake.
#[derive(Debug)]
pub(crate) struct Zai;

const JSON: &str = "application/json; charset=UTF-8";
/// Most tools of one request.
const MAX_TOOLS: usize = 128;
/// Largest `max_tokens`.
const MAX_TOKENS: u64 = 131_072;

fn refused(status: u16, code: &str, message: &str) -> Reply {
    let body = json!({"error": {"code": code, "message": message}});
    Reply::json(status, body).with_header("content-type", JSON)
}

/// The codes in the words of their pages, shortened.
fn message(code: &str) -> &'static str {
    match code {
        "1000" | "1002" => "Authentication failed: the token is not valid.",
        "1001" => "Authentication failed: no token was received.",
        "1113" => "Insufficient balance or no resource package. Please recharge.",
        "1112" | "1121" => "The account is locked.",
        "1230" => "The request could not be processed.",
        "1234" => "Network error.",
        "1261" => "Prompt exceeds the maximum length.",
        "1301" => "The input or the generated content may be unsafe or sensitive.",
        "1302" => "High concurrency usage of this API. Please reduce concurrency.",
        "1303" => "High frequency usage of this API. Please reduce the frequency.",
        "1305" => "The model is overloaded. Please try again later.",
        "1308" => "Usage limit reached. Please wait until it is reset.",
        _ => "The request was refused.",
    }
}

/// What is out of its range, if anything.
fn out_of_range(body: &Value) -> Option<&'static str> {
    let number = |name: &str| body.get(name).and_then(Value::as_f64);
    let length = |name: &str| body.get(name).and_then(Value::as_str).map(|text| text.chars().count());
    let outside =
        |value: Option<f64>, low: f64, high: f64| value.is_some_and(|value| value < low || value > high);
    let wrong = |value: Option<usize>, high: usize| value.is_some_and(|length| length < 6 || length > high);
    if outside(number("temperature"), 0.0, 1.0) {
        return Some("temperature must be from 0 to 1");
    }
    if outside(number("top_p"), 0.01, 1.0) {
        return Some("top_p must be from 0.01 to 1");
    }
    if body
        .get("max_tokens")
        .is_some_and(|max| !max.as_u64().is_some_and(|max| (1..=MAX_TOKENS).contains(&max)))
    {
        return Some("max_tokens must be from 1 to 131072");
    }
    if wrong(length("request_id"), 64) {
        return Some("request_id must have 6 to 64 characters");
    }
    if wrong(length("user_id"), 128) {
        return Some("user_id must have 6 to 128 characters");
    }
    (super::list(body, "tools").len() > MAX_TOOLS).then_some("tools must be at most 128")
}

fn finish(finish: &Finish) -> &str {
    match finish {
        Finish::Stop => "stop",
        Finish::Calls => "tool_calls",
        Finish::Length => "length",
        Finish::Blocked => "sensitive",
        Finish::Upstream => "network_error",
        Finish::Context => "model_context_window_exceeded",
        Finish::Other(word) => word,
    }
}

fn usage(stamp: &Stamp<'_>) -> Value {
    let usage = stamp.usage;
    json!({
        "completion_tokens": usage.completion,
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
        "prompt_tokens": usage.prompt,
        "prompt_tokens_details": {"cached_tokens": 0},
        "total_tokens": usage.prompt + usage.completion,
    })
}

/// Fourteen digits of the second and sixteen hexadecimal ones.
fn id(stamp: &Stamp<'_>) -> String {
    let digits: String = stamp.at.to_rfc3339().chars().filter(char::is_ascii_digit).take(14).collect();
    format!("{digits}{:016x}", stamp.number)
}

fn calls(answer: &Answer) -> Vec<Value> {
    let call = |(index, call): (usize, &crate::llm::prompt::Call)| {
        json!({"id": call.id, "index": index, "type": "function",
            "function": {"name": call.name, "arguments": call.args}})
    };
    answer.calls.iter().enumerate().map(call).collect()
}

impl Server for Zai {
    fn path(&self) -> &'static str {
        "/api/paas/v4/chat/completions"
    }

    fn key<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        openai::bearer(headers)
    }

    fn read(&self, _: &HeaderMap, body: &Value) -> Result<Prompt, Problem> {
        let mut prompt = openai::prompt(body)?;
        if let Some(problem) = out_of_range(body) {
            return Err(Problem::Bad(problem.into()));
        }
        if !prompt.messages.iter().any(|message| matches!(message.role, Role::User | Role::Tool)) {
            return Err(Problem::Bad("messages must not be of the system and the assistant only".into()));
        }
        // It knows no schema; whoever needs one writes it into the prompt.
        if matches!(prompt.format, Format::Schema(_)) {
            prompt.format = Format::Object;
        }
        let thinking = body.get("thinking").map(|thinking| text_of(thinking, "type")).unwrap_or_default();
        let effort = text_of(body, "reasoning_effort");
        prompt.thinking = thinking != "disabled" && effort != "none";
        Ok(prompt)
    }

    /// Ids of this server can hold a minus.
    fn call_id(&self, number: u64, index: usize) -> String {
        format!("call_-78072{:010}{:04}", number % 10_000_000_000, index % 10_000)
    }

    fn whole(&self, answer: &Answer, stamp: &Stamp<'_>) -> Reply {
        let mut message = json!({"role": "assistant", "content": answer.text});
        if let Some(fields) = message.as_object_mut() {
            if !answer.reasoning.is_empty() {
                fields.insert("reasoning_content".into(), answer.reasoning.clone().into());
            }
            if !answer.calls.is_empty() {
                fields.insert("tool_calls".into(), calls(answer).into());
            }
        }
        let body = json!({
            "choices": [{"finish_reason": finish(&answer.finish), "index": 0, "message": message}],
            "created": stamp.seconds(), "id": id(stamp), "model": stamp.model, "object": "chat.completion",
            "request_id": id(stamp), "usage": usage(stamp),
        });
        Reply::json(200, body).with_header("content-type", JSON)
    }

    fn stream_type(&self) -> &'static str {
        "text/event-stream;charset=UTF-8"
    }

    /// A call comes whole, `finish_reason` is absent until the last chunk, and the usage is in that chunk.
    fn stream(&self, answer: &Answer, stamp: &Stamp<'_>) -> Vec<String> {
        let chunk = |name: &str, value: Value, end: bool| {
            let mut choice = json!({"index": 0, "delta": {"role": "assistant", name: value}});
            let mut chunk = json!({"id": id(stamp), "created": stamp.seconds(),
                "object": "chat.completion.chunk", "model": stamp.model});
            if let Some(fields) = choice.as_object_mut().filter(|_| end) {
                fields.insert("finish_reason".into(), finish(&answer.finish).into());
            }
            if let Some(fields) = chunk.as_object_mut() {
                fields.insert("choices".into(), json!([choice]));
                if end {
                    fields.insert("usage".into(), usage(stamp));
                }
            }
            event(&chunk)
        };
        let mut parts = Vec::new();
        parts.extend(pieces(&answer.reasoning).iter().map(|p| chunk("reasoning_content", json!(p), false)));
        parts.extend(pieces(&answer.text).iter().map(|piece| chunk("content", json!(piece), false)));
        parts.extend(calls(answer).into_iter().map(|call| chunk("tool_calls", json!([call]), false)));
        parts.push(chunk("content", json!(""), true));
        parts.push("data: [DONE]\n\n".into());
        parts
    }

    fn end_parts(&self) -> usize {
        2
    }

    fn says_network_error(&self) -> bool {
        true
    }

    fn refuse(&self, problem: &Problem) -> Reply {
        match problem {
            Problem::NoKey => refused(401, "1001", message("1001")),
            Problem::WrongKey => refused(401, "1002", message("1002")),
            Problem::NoSuchPath => refused(404, "404", "The path does not exist."),
            Problem::WrongMethod => refused(405, "1212", "The method is not supported."),
            Problem::Bad(what) => refused(400, "1214", what),
            Problem::Status(status) => {
                refused(*status, &status.to_string(), "The service is unavailable for now.")
            }
            Problem::Code { code, retry_after } => {
                let (code, status, _) = look_up(code);
                super::retry_after(refused(status, code, message(code)), *retry_after)
            }
        }
    }
}
