//! A request to a provider as its module sees it.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method};
use serde_json::Value;

use super::{Endpoint, Reply};
use crate::device::Device;
use crate::form::{self, Form, FormError};
use crate::recorder::Authorization;

/// A request whose body was read.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// The path behind the provider's own segment, such as `/send`. Not decoded; see [`segments`](Self::segments).
    pub(crate) path: String,
    /// The parameters of the URL, decoded.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The body as fields, whichever of the three usual kinds it is. Of JSON only the outermost object is taken apart.
    pub(crate) form: Result<Form, FormError>,
}

impl Call {
    pub(crate) async fn new(path: String, parts: Parts, body: Bytes) -> Self {
        let content_type = parts.headers.get("content-type").and_then(|value| value.to_str().ok());
        let form = form::parse(content_type, body.clone()).await;
        let query = parts.uri.query().unwrap_or_default();
        Self {
            method: parts.method,
            path,
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            headers: parts.headers,
            body,
            form,
        }
    }

    /// The segments of the path, decoded; empty ones are left out.
    pub(crate) fn segments(&self) -> Vec<String> {
        self.path.split('/').filter(|segment| !segment.is_empty()).map(decoded).collect()
    }

    /// A header, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The first parameter of this name in the URL.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The token behind `Bearer` in `Authorization`.
    pub(crate) fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    /// User and password of HTTP Basic.
    pub(crate) fn basic(&self) -> Option<(String, String)> {
        let encoded = self.header("authorization")?.strip_prefix("Basic ")?;
        let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        let (user, password) = text.split_once(':')?;
        Some((user.to_owned(), password.to_owned()))
    }

    /// The body as JSON, whatever its content type says.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// A field of the body, without the space around it; `None` if it is absent or empty.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.form.as_ref().ok()?.get(name)
    }
}

/// What a provider makes of a request before it is carried out.
#[derive(Debug)]
pub(crate) struct Received {
    /// For the recorder.
    pub(crate) authorization: Authorization,
    /// The device that is meant; `None` for calls of the account, and when there is none.
    pub(crate) device: Option<Arc<Device>>,
    /// The customers' numbers in the request, for faults that are planned for a number.
    pub(crate) phones: Vec<String>,
    /// What it is for, or the answer that it gets at once: a wrong route, method, token. No fault hides that answer.
    pub(crate) next: Result<Endpoint, Reply>,
}

impl Received {
    /// A request that gets this answer at once.
    pub(crate) fn refused(authorization: Authorization, reply: Reply) -> Self {
        Self { authorization, device: None, phones: Vec::new(), next: Err(reply) }
    }

    /// A request with the right credentials.
    pub(crate) fn accepted(endpoint: Endpoint, device: Option<Arc<Device>>, phones: Vec<String>) -> Self {
        Self { authorization: Authorization::Accepted, device, phones, next: Ok(endpoint) }
    }
}

/// Decodes `%40` and the like; what is not UTF-8 afterwards becomes a replacement character.
fn decoded(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        let hex = |digit: Option<u8>| digit.and_then(|digit| char::from(digit).to_digit(16));
        let mut ahead = rest.clone();
        let pair = (byte == b'%').then(|| (hex(ahead.next()), hex(ahead.next())));
        match pair {
            Some((Some(high), Some(low))) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = ahead;
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn call(request: http::Request<&'static str>) -> Call {
        let (parts, body) = request.into_parts();
        Call::new("/chats/628%401%zz/".into(), parts, Bytes::from(body)).await
    }

    #[tokio::test]
    async fn a_request_is_taken_apart() {
        let request = http::Request::post("/x?phone=%2B62&session=a+b")
            .header("authorization", "Basic dXNlcjpwYXNzOndvcmQ=")
            .header("content-type", "application/json")
            .body(r#"{"to":" 62 ","text":{"body":"x"}}"#)
            .unwrap();
        let call = call(request).await;
        assert_eq!(call.segments(), ["chats", "628@1%zz"]);
        assert_eq!((call.query("phone"), call.query("session")), (Some("+62"), Some("a b")));
        assert_eq!(call.basic(), Some(("user".into(), "pass:word".into())));
        assert_eq!(call.bearer(), None);
        assert_eq!((call.field("to"), call.field("text")), (Some("62"), Some(r#"{"body":"x"}"#)));
        assert_eq!(call.json().unwrap()["text"]["body"], "x");
    }
}
