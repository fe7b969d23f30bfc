//! The control API below `/sandbox/api/`: what a person, a page or a test in another process steers the sandbox with.

mod devices;
mod wire;

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::{Body, Frame};
use http_body_util::StreamBody;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::faults::Fault;
use crate::http_io::{BodyError, SandboxBody, json as respond, read_body};
use crate::llm;
use crate::lock;
use crate::phone::phone_key;
use crate::shared::Shared;
use wire::{ReadCall, WriteCall};

/// A refused call: a status and what is wrong.
pub(crate) type Refusal = (StatusCode, String);

/// All calls, whatever their methods.
const CALLS: [&str; 16] = [
    "messages",
    "faults",
    "reset",
    "device",
    "devices",
    "read",
    "requests",
    "events",
    "scan",
    "refuse-scan",
    "passkey",
    "remove",
    "ban",
    "timelock",
    "stories",
    "fail",
];

/// Serves one call; `call` is the path behind `/sandbox/api/`.
pub(crate) async fn serve<B>(shared: &Arc<Shared>, call: &str, request: Request<B>) -> Response<SandboxBody>
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    // A page of another site that is open in the same browser must not steer the sandbox.
    let site = request.headers().get("sec-fetch-site").and_then(|value| value.to_str().ok());
    if !reads && matches!(site, Some("cross-site" | "same-site")) {
        return refuse((StatusCode::FORBIDDEN, "calls from other sites are refused".into()));
    }
    if call == "events" && reads {
        return events(shared, &request);
    }
    let (parts, body) = request.into_parts();
    let body = match read_body(body).await {
        Ok(body) => body,
        Err(BodyError::TooLarge) => {
            return refuse((StatusCode::PAYLOAD_TOO_LARGE, "body is larger than 8 MiB".into()));
        }
        Err(BodyError::Broken) => return refuse((StatusCode::BAD_REQUEST, "body could not be read".into())),
    };
    let method = if reads { "GET" } else { parts.method.as_str() };
    let query = |name: &str| query_value(parts.uri.query(), name);
    let done = match (method, call) {
        ("GET", "messages") => Ok(messages(shared, query("phone"))),
        ("POST", "messages") => write(shared, &body),
        ("GET", "faults") => Ok((StatusCode::OK, json!({"faults": lock(&shared.faults).to_json()}))),
        ("POST", "faults") => add_fault(shared, &body),
        ("DELETE", "faults") => {
            lock(&shared.faults).clear();
            Ok(success())
        }
        ("POST", "reset") => {
            shared.reset();
            Ok(success())
        }
        ("GET", "device") => devices::list(shared, query("provider").as_deref()),
        ("GET", "devices") => devices::list(shared, Some("all")),
        ("POST", "device") => devices::set(shared, &body),
        ("POST", "scan") => devices::scan(shared, &body),
        ("POST", "refuse-scan") => devices::refuse_scan(shared, &body),
        ("POST", "passkey") => devices::passkey(shared, &body),
        ("POST", "remove") => devices::remove(shared, &body),
        ("POST", "ban") => devices::ban(shared, &body),
        ("POST", "timelock") => devices::timelock(shared, &body),
        ("POST", "stories") => devices::stories(shared, &body),
        ("POST", "fail") => devices::fail(shared, &body),
        ("POST", "read") => read(shared, &body),
        (method, call) if call == "llm" || call.starts_with("llm/") => {
            llm::control(shared, method, call.trim_start_matches("llm").trim_start_matches('/'), &body)
        }
        ("GET", "requests") => Ok((StatusCode::OK, wire::requests(&shared.requests()))),
        (_, call) if CALLS.contains(&call) => {
            Err((StatusCode::METHOD_NOT_ALLOWED, "method not allowed".into()))
        }
        _ => Err((StatusCode::NOT_FOUND, "no such call".into())),
    };
    match done {
        Ok((status, body)) => respond(status, &body),
        Err(refusal) => refuse(refusal),
    }
}

fn refuse((status, problem): Refusal) -> Response<SandboxBody> {
    respond(status, &json!({"success": false, "error": problem}))
}

fn success() -> (StatusCode, Value) {
    (StatusCode::OK, json!({"success": true}))
}

fn messages(shared: &Shared, phone: Option<String>) -> (StatusCode, Value) {
    let phone = phone.map(|phone| phone_key(&phone));
    let list = shared.with_book(|book| book.list(phone.as_deref()));
    let list: Vec<Value> = list.iter().map(|message| message.to_json()).collect();
    (StatusCode::OK, json!({"messages": list}))
}

fn write(shared: &Shared, body: &[u8]) -> Result<(StatusCode, Value), Refusal> {
    let call: WriteCall = parse(body)?;
    let from = phone_of(&call.from, "from")?;
    let extra = call.extra.is_some();
    if (call.text.trim().is_empty() && !extra) || call.text.chars().count() > wire::MAX_TEXT {
        return Err((StatusCode::BAD_REQUEST, format!("text must have 1 to {} characters", wire::MAX_TEXT)));
    }
    let device = match devices::chosen(shared, call.device.as_deref(), call.provider.as_deref())? {
        Some(device) => device,
        None => shared.device_of(&from),
    };
    let message = call.message(from).map_err(|problem| (StatusCode::BAD_REQUEST, problem))?;
    let message = shared.write(&device, &message);
    Ok((StatusCode::CREATED, json!({"message": message.to_json()})))
}

fn add_fault(shared: &Shared, body: &[u8]) -> Result<(StatusCode, Value), Refusal> {
    let bad = |problem: String| (StatusCode::BAD_REQUEST, problem);
    let text = std::str::from_utf8(body).map_err(|_| bad("body is not UTF-8".into()))?;
    let fault = Fault::from_json(text).map_err(|problem| bad(problem.to_string()))?;
    let id = lock(&shared.faults).add(fault).ok_or_else(|| bad("too many faults; delete some".into()))?;
    Ok((StatusCode::CREATED, json!({"success": true, "id": id})))
}

fn read(shared: &Shared, body: &[u8]) -> Result<(StatusCode, Value), Refusal> {
    let call: ReadCall = parse(body)?;
    let phone = phone_of(&call.phone, "phone")?;
    Ok((StatusCode::OK, json!({"success": true, "read": shared.mark_read(&phone)})))
}

fn phone_of(text: &str, field: &str) -> Result<String, Refusal> {
    let phone = phone_key(text);
    if phone.contains('@') || (5..=15).contains(&phone.len()) {
        return Ok(phone);
    }
    Err((StatusCode::BAD_REQUEST, format!("{field} must be a number of 5 to 15 digits")))
}

/// Reads a JSON body. The content type is not looked at, so that `curl -d` works.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|problem| (StatusCode::BAD_REQUEST, problem.to_string()))
}

fn query_value(query: Option<&str>, name: &str) -> Option<String> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
        .filter(|value| !value.is_empty())
}

/// Server-sent events: `message`, `status`, `device` and `reset` (load everything again).
fn events<B>(shared: &Shared, request: &Request<B>) -> Response<SandboxBody> {
    let query = |name: &str| query_value(request.uri().query(), name);
    let header_id = request.headers().get("last-event-id").and_then(|value| value.to_str().ok());
    let last_id = header_id.map(str::to_owned).or_else(|| query("last_event_id"));
    let phone = query("phone").map(|phone| phone_key(&phone));
    let stream = shared.events.stream(phone, last_id.as_deref());
    let body = StreamBody::new(stream.map(|chunk: Bytes| Ok(Frame::data(chunk))));
    let mut response = Response::new(SandboxBody::new(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
