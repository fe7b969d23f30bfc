//! A webhook as bytes: signed and posted exactly as they are.

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde_json::Value;

/// What is posted to the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Webhook {
    pub(crate) content_type: &'static str,
    /// The body. A signature is over exactly these bytes.
    pub(crate) body: Bytes,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Webhook {
    /// JSON with sorted keys.
    pub(crate) fn json(body: &Value) -> Self {
        Self::bytes("application/json", body.to_string())
    }

    /// A form.
    pub(crate) fn form<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        Self::bytes("application/x-www-form-urlencoded", body)
    }

    /// Bytes of a content type.
    pub(crate) fn bytes(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { content_type, body: body.into(), headers: Vec::new() }
    }

    /// With another header; one that cannot be written is left out.
    pub(crate) fn with_header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }
}
