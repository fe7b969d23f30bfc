//! One line for each message.

use tokio::time::Instant;

use crate::{Accepted, Capabilities, MessageProvider, OutboundMessage, Recipient, SendError};

/// Writes one log line for each send.
///
/// # Behavior
/// - Accepted: INFO `sent` with the provider, the masked number, the kind of content, the message id and the
///   time it took. Otherwise WARN `not sent`, or `may have been sent` if nobody knows, with kind and code.
/// - A send that is dropped before its end is logged as `may have been sent` with the kind `dropped`.
/// - None holds the text, the code or the whole number.
#[derive(Debug, Clone)]
pub struct WithLog<P> {
    inner: P,
}

impl<P> WithLog<P> {
    /// Wraps a provider.
    #[must_use]
    pub const fn new(inner: P) -> Self {
        Self { inner }
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<P: MessageProvider> MessageProvider for WithLog<P> {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Accepted, SendError> {
        let line = Line { provider: self.name(), message, started: Instant::now(), done: false };
        let result = self.inner.send(message).await;
        line.write(&result);
        result
    }
}

/// The line of one send. Dropped without having been written, it says so.
struct Line<'a> {
    provider: &'static str,
    message: &'a OutboundMessage,
    started: Instant,
    done: bool,
}

impl Line<'_> {
    fn write(mut self, result: &Result<Accepted, SendError>) {
        self.done = true;
        let (provider, to, content) = (self.provider, self.message.to.masked(), self.message.content.kind());
        let elapsed_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match result {
            Ok(accepted) => {
                let message_id = loggable_id(accepted, &self.message.to);
                tracing::info!(provider, to, content, message_id, elapsed_ms, "sent");
            }
            Err(error) if error.is_ambiguous() => {
                let (kind, code, request_id) = parts(error);
                tracing::warn!(
                    provider,
                    to,
                    content,
                    kind,
                    code,
                    request_id,
                    elapsed_ms,
                    "may have been sent"
                );
            }
            Err(error) => {
                let (kind, code, request_id) = parts(error);
                tracing::warn!(provider, to, content, kind, code, request_id, elapsed_ms, "not sent");
            }
        }
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        if !self.done {
            let (to, content) = (self.message.to.masked(), self.message.content.kind());
            tracing::warn!(provider = self.provider, to, content, kind = "dropped", "may have been sent");
        }
    }
}

fn parts(error: &SendError) -> (&'static str, Option<&str>, Option<&str>) {
    (error.kind().as_str(), error.provider_code(), error.request_id())
}

/// Some providers build ids out of the chat's address. Such an id is not logged, nor is one that is no word.
fn loggable_id<'a>(accepted: &'a Accepted, to: &Recipient) -> Option<&'a str> {
    let id = accepted.message_id.as_ref()?.as_str();
    let plain =
        id.len() <= 80 && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    (plain && !id.contains(to.user())).then_some(id)
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
