//! What a provider answers, before it is written.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::Value;

use crate::faults::KeyCase;
use crate::http_io::{SandboxBody, answer};

/// An answer of a provider.
#[derive(Debug)]
pub(crate) struct Reply {
    status: StatusCode,
    content_type: &'static str,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Content,
    delay: Duration,
}

#[derive(Debug)]
enum Content {
    Json(Value),
    Bytes(Bytes),
}

impl Reply {
    /// JSON with this status. Keys are sorted.
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self::new(status, "application/json", Content::Json(body))
    }

    /// Bytes of this content type.
    pub(crate) fn bytes(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self::new(status, content_type, Content::Bytes(body.into()))
    }

    /// The page that a web server in front of a provider would answer with.
    pub(crate) fn html(status: u16) -> Self {
        let words = match StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR) {
            StatusCode::OK => "Just a moment...",
            other => other.canonical_reason().unwrap_or("Error"),
        };
        let page = format!("<html><head><title>{words}</title></head><body><h1>{words}</h1></body></html>");
        Self::bytes(status, "text/html; charset=utf-8", page)
    }

    fn new(status: u16, content_type: &'static str, body: Content) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, content_type, headers: Vec::new(), body, delay: Duration::ZERO }
    }

    /// With another header, in place of one of this name; one that cannot be written is left out.
    pub(crate) fn with_header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }

    /// Written this much later, for providers that wait before they answer.
    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// How long it waits before it is written.
    pub(crate) fn delay(&self) -> Duration {
        self.delay
    }

    /// Its JSON, if that is what it is.
    pub(crate) fn body(&self) -> Option<&Value> {
        match &self.body {
            Content::Json(value) => Some(value),
            Content::Bytes(_) => None,
        }
    }

    /// The same with its outermost keys in another case.
    pub(crate) fn in_case(mut self, case: KeyCase) -> Self {
        if let Content::Json(Value::Object(fields)) = self.body {
            let fields = fields.into_iter().map(|(key, value)| (recased(&key, case), value)).collect();
            self.body = Content::Json(Value::Object(fields));
        }
        self
    }

    /// The first half of it.
    pub(crate) fn truncated(mut self) -> Self {
        let whole = self.written();
        self.body = Content::Bytes(whole.slice(..whole.len() / 2));
        self
    }

    /// The same status and type without a body.
    pub(crate) fn empty() -> Self {
        Self::bytes(200, "application/json", "")
    }

    fn written(&self) -> Bytes {
        match &self.body {
            Content::Json(value) => value.to_string().into(),
            Content::Bytes(bytes) => bytes.clone(),
        }
    }

    /// Writes it.
    pub(crate) fn respond(self) -> Response<SandboxBody> {
        let mut response = answer(self.status, self.content_type, self.written());
        for (name, value) in self.headers {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

fn recased(key: &str, case: KeyCase) -> String {
    match case {
        KeyCase::Upper => key.to_uppercase(),
        KeyCase::Capitalised => {
            let mut letters = key.chars();
            let first = letters.next().map(|first| first.to_uppercase().collect::<String>());
            first.unwrap_or_default() + letters.as_str()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_change_their_case() {
        let body = |case| Reply::json(200, json!({"status": true})).in_case(case).body().cloned();
        assert_eq!(body(KeyCase::Upper), Some(json!({"STATUS": true})));
        assert_eq!(body(KeyCase::Capitalised), Some(json!({"Status": true})));
    }

    #[test]
    fn half_an_answer_keeps_its_head() {
        let response = Reply::json(201, json!({"status": true})).with_header("x-test", "1").truncated();
        assert_eq!(response.written(), &br#"{"statu"#[..]);
        let response = response.respond();
        assert_eq!((response.status().as_u16(), &response.headers()["x-test"]), (201, &"1".parse().unwrap()));
    }
}
