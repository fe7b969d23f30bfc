//! An adapter for "Merpati", a provider that does not exist: `POST /v1/messages` with a bearer token takes
//! `{"to":"+62…","text":"…"}` and answers `{"id":"…"}`, or `{"error":"…"}` with a word of a short list.
//!
//! `tests.rs` beside this file runs the contract on it. Replace the words and the fields, and it is yours.
use std::sync::Arc;

use http::{HeaderValue, Method, header};
use serde_json::{Value, json};
use wartel_core::Secret;
use wartel_messaging::transport::{HttpRequest, HttpResponse, HttpTransport};
use wartel_messaging::{
    Accepted, Capabilities, MessageProvider, OutboundMessage, RetryAdvice, SendError, SendErrorKind,
};

#[cfg(test)]
mod tests;

/// The provider. Give it a [`ReqwestTransport`](wartel_messaging::transport::ReqwestTransport), or a double in tests.
#[derive(Debug)]
pub struct Merpati {
    /// Where the API is, without a slash at the end.
    pub base: String,
    /// The bearer token.
    pub token: Secret,
    /// The HTTP client.
    pub transport: Arc<dyn HttpTransport>,
}

/// An error of this provider. `code` is logged: only a word of ours or of a known list, never a text of the answer.
fn error(kind: SendErrorKind, advice: RetryAdvice, code: &'static str) -> SendError {
    SendError::new("merpati", kind, advice).with_provider_code(code)
}

/// The one place where an answer becomes a success or an error. The body decides, not the status.
fn read(answer: &HttpResponse) -> Result<Accepted, SendError> {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if let Some(id) = body.get("id").and_then(Value::as_str) {
        return Ok(Accepted::new().with_message_id(id));
    }
    Err(match body.get("error").and_then(Value::as_str) {
        Some("bad_token") => error(SendErrorKind::Unauthenticated, RetryAdvice::Never, "bad_token"),
        Some("no_whatsapp") => error(SendErrorKind::NotOnWhatsApp, RetryAdvice::Never, "no_whatsapp"),
        Some("slow_down") => {
            error(SendErrorKind::RateLimited, RetryAdvice::After(answer.retry_after()), "slow_down")
        }
        Some(_) => error(SendErrorKind::Unexpected, RetryAdvice::Never, "unlisted"),
        None if answer.status.is_server_error() => {
            error(SendErrorKind::Unavailable, RetryAdvice::After(None), "http 5xx")
        }
        // Neither yes nor no: it may have been taken.
        None => error(SendErrorKind::Unavailable, RetryAdvice::Never, "unreadable_answer"),
    })
}

#[async_trait::async_trait]
impl MessageProvider for Merpati {
    fn name(&self) -> &'static str {
        "merpati"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none().with_text().with_one_time_code().with_message_ids()
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Accepted, SendError> {
        let unsupported = || error(SendErrorKind::Unsupported, RetryAdvice::Never, message.content.kind());
        let to = message.phone().ok_or_else(unsupported)?;
        let text = message.content.as_text().ok_or_else(unsupported)?;
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", self.token.expose()))
            .map_err(|_| error(SendErrorKind::Unauthenticated, RetryAdvice::Never, "token"))?;
        bearer.set_sensitive(true);
        let request = HttpRequest::new(Method::POST, format!("{}/v1/messages", self.base))
            .with_header(header::AUTHORIZATION, bearer)
            .with_body(json!({ "to": to.e164(), "text": text.expose() }).to_string());
        read(&self.transport.execute(request).await.map_err(|failure| {
            let sent = !failure.is_certainly_not_sent();
            let advice = if sent { RetryAdvice::Ambiguous } else { RetryAdvice::After(None) };
            error(SendErrorKind::Unavailable, advice, failure.kind().as_str()).with_source(failure)
        })?)
    }
}
