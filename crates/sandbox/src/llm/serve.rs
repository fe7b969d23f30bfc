//! The way of every request to a language model.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, HeaderValue, Method, Request, Response, header};
use http_body::{Body, Frame};
use http_body_util::StreamBody;
use serde_json::Value;

use super::LlmKind;
use super::answer::{Answer, Finish};
use super::brain;
use super::fault::LlmFaultKind;
use super::problem::Problem;
use super::prompt::{Prompt, Role};
use super::record::RecordedPrompt;
use super::servers::{Server, Stamp};
use super::spoil;
use crate::http_io::{BodyError, Outcome, SandboxBody, answer as respond, read_body};
use crate::provider::Reply;
use crate::recorder::Authorization;
use crate::shared::Shared;

/// Serves one request; `path` is what is behind `/llm/`.
pub(crate) async fn serve<B>(shared: &Arc<Shared>, path: &str, request: Request<B>) -> Outcome
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let (name, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
    let Some(kind) = LlmKind::from_name(name) else { return Outcome::Answer(Reply::html(404).respond()) };
    let server = kind.server();
    let (parts, body) = request.into_parts();
    let body = match read_body(body).await {
        Ok(body) => body,
        Err(BodyError::TooLarge) => return Outcome::Answer(Reply::html(413).respond()),
        Err(BodyError::Broken) => return Outcome::Answer(Reply::html(400).respond()),
    };
    if rest != server.path() {
        return Outcome::Answer(server.refuse(&Problem::NoSuchPath).respond());
    }
    if parts.method != Method::POST {
        return Outcome::Answer(server.refuse(&Problem::WrongMethod).respond());
    }
    match receive(shared, kind, &parts.headers, &body) {
        Ok(prompt) => answered(shared, kind, &prompt).await,
        Err(problem) => Outcome::Answer(server.refuse(&problem).respond()),
    }
}

/// Whose key it is: its number among those that are taken.
fn key(shared: &Shared, server: &dyn Server, headers: &HeaderMap) -> Result<Option<usize>, Problem> {
    if !server.asks_for_key() {
        return Ok(None);
    }
    let Some(key) = server.key(headers) else { return Err(Problem::NoKey) };
    let known = shared.options.llm_keys.iter().position(|known| known == key);
    known.map(Some).ok_or(Problem::WrongKey)
}

/// Looks at the key, reads the request and records it, whatever became of it.
fn receive(shared: &Shared, kind: LlmKind, headers: &HeaderMap, body: &[u8]) -> Result<Prompt, Problem> {
    let server = kind.server();
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let key = key(shared, server, headers);
    let prompt = server.read(headers, &value);
    let mut record = RecordedPrompt::new(kind, shared.now(), value);
    record.authorization = match &key {
        Ok(_) => Authorization::Accepted,
        Err(Problem::NoKey) => Authorization::Missing,
        Err(_) => Authorization::Refused,
    };
    record.key = key.as_ref().ok().copied().flatten();
    if let Ok(prompt) = &prompt {
        record.understood(prompt);
    }
    shared.llm.record(record, body.len());
    key?;
    prompt
}

/// The wire's faults, the answer, its faults, and the writing.
async fn answered(shared: &Arc<Shared>, kind: LlmKind, prompt: &Prompt) -> Outcome {
    let server = kind.server();
    let struck = shared.llm.strike(kind, LlmFaultKind::is_of_the_wire);
    match &struck {
        Some(LlmFaultKind::Refuse { code, retry_after }) => {
            let problem = Problem::Code { code: code.clone(), retry_after: *retry_after };
            return Outcome::Answer(server.refuse(&problem).respond());
        }
        Some(LlmFaultKind::HttpError { status: status @ (502 | 504) }) => {
            return Outcome::Answer(Reply::html(*status).respond());
        }
        Some(LlmFaultKind::HttpError { status }) => {
            return Outcome::Answer(server.refuse(&Problem::Status(*status)).respond());
        }
        Some(LlmFaultKind::Slow(time)) => tokio::time::sleep(*time).await,
        _ => {}
    }
    let number = shared.llm.next_request();
    let last = prompt.messages.iter().rev().find(|message| message.role == Role::User);
    let last = last.map(|message| message.text.as_str()).unwrap_or_default();
    let today = shared.now();
    let answer = match shared.llm.next_answer(last) {
        Some(answer) => answer,
        None => brain::answer(prompt, today),
    };
    let spoiled = shared.llm.strike(kind, |fault| spoil::can_hit(fault, prompt, &answer));
    let answer = match &spoiled {
        Some(fault) => spoil::spoil(fault, answer, prompt, today),
        None => answer,
    };
    let answer = answer.within(prompt.max_tokens).numbered(|index| server.call_id(number, index));
    let stamp = Stamp {
        number,
        at: today,
        model: &prompt.model,
        usage: answer.usage(prompt.tokens()),
        stream_usage: prompt.stream_usage,
    };
    if !prompt.stream && answer.finish == Finish::Upstream && !server.says_network_error() {
        let problem = Problem::Code { code: "broken".to_owned(), retry_after: None };
        return Outcome::Answer(server.refuse(&problem).respond());
    }
    if prompt.stream {
        return Outcome::Answer(streamed(server, &answer, &stamp, struck.as_ref()));
    }
    Outcome::Answer(whole(server, &answer, &stamp, struck.as_ref()))
}

fn whole(
    server: &dyn Server,
    answer: &Answer,
    stamp: &Stamp<'_>,
    fault: Option<&LlmFaultKind>,
) -> Response<SandboxBody> {
    match fault {
        Some(LlmFaultKind::RefuseInside { code }) => {
            let problem = Problem::Code { code: code.clone(), retry_after: None };
            let body = server.refuse(&problem).body().cloned().unwrap_or_default();
            Reply::json(200, body).respond()
        }
        Some(LlmFaultKind::CutConnection) => {
            let reply = server.whole(answer, stamp);
            let length = reply.body().map(|body| body.to_string().len()).unwrap_or_default();
            broken(reply.truncated().respond(), length)
        }
        Some(LlmFaultKind::CutStream | LlmFaultKind::HalfJson) => {
            server.whole(answer, stamp).truncated().respond()
        }
        _ => server.whole(answer, stamp).respond(),
    }
}

/// An answer that says it is longer than it is, so that the connection breaks where it ends.
fn broken(mut response: Response<SandboxBody>, length: usize) -> Response<SandboxBody> {
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

fn streamed(
    server: &dyn Server,
    answer: &Answer,
    stamp: &Stamp<'_>,
    fault: Option<&LlmFaultKind>,
) -> Response<SandboxBody> {
    let mut parts = server.stream(answer, stamp);
    let length: usize = parts.iter().map(String::len).sum();
    let body = parts.len().saturating_sub(server.end_parts());
    let half = body.div_ceil(2);
    let mut pause = None;
    let mut piece = None;
    match fault {
        Some(LlmFaultKind::RefuseInside { code }) => {
            let problem = Problem::Code { code: code.clone(), retry_after: None };
            parts.truncate(body.min(1));
            parts.push(server.refuse_in_stream(&problem));
        }
        Some(LlmFaultKind::CutStream | LlmFaultKind::CutConnection) => parts.truncate(half),
        Some(LlmFaultKind::HalfJson) => {
            parts.truncate(half + 1);
            if let Some(last) = parts.last_mut() {
                let middle = (0..=last.len() / 2).rev().find(|end| last.is_char_boundary(*end));
                last.truncate(middle.unwrap_or_default());
            }
        }
        Some(LlmFaultKind::Stall(time)) => pause = Some((half, *time)),
        Some(LlmFaultKind::Shred(bytes)) => piece = Some(*bytes),
        // A server that has no word for a break behind it can only stop.
        _ if answer.finish == Finish::Upstream && !server.says_network_error() => parts.truncate(half),
        _ => {}
    }
    let response = stream_response(server.stream_type(), parts, pause, piece);
    match fault {
        Some(LlmFaultKind::CutConnection) => broken(response, length),
        _ => response,
    }
}

/// Writes the parts one by one: with a pause before the one with this index, or in pieces of so many bytes.
fn stream_response(
    content_type: &'static str,
    parts: Vec<String>,
    pause: Option<(usize, Duration)>,
    piece: Option<usize>,
) -> Response<SandboxBody> {
    let parts: Vec<Bytes> = match piece {
        Some(size) => parts.concat().as_bytes().chunks(size.max(1)).map(Bytes::copy_from_slice).collect(),
        None => parts.into_iter().map(Bytes::from).collect(),
    };
    let parts = stream::iter(parts.into_iter().enumerate()).then(move |(index, part)| async move {
        if let Some((_, time)) = pause.filter(|(at, _)| *at == index) {
            tokio::time::sleep(time).await;
        }
        Ok(Frame::data(part))
    });
    let mut response = respond(http::StatusCode::OK, content_type, "");
    *response.body_mut() = SandboxBody::new(StreamBody::new(parts));
    response
}
