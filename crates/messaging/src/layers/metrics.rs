//! Figures of each message.

use tokio::time::Instant;

use crate::{Accepted, Capabilities, MessageProvider, OutboundMessage, SendError};

/// Counts and times each send, through the facade of the crate `metrics`.
///
/// # Behavior
/// - The counter `wartel_messages_total` and the histogram `wartel_send_seconds` have the labels `provider` and
///   `outcome`: `accepted`, `ambiguous`, `dropped`, or the kind of the error, such as `unauthenticated`.
/// - The gauge `wartel_sends_in_flight` has the label `provider`.
/// - Neither label holds anything of the message.
#[derive(Debug, Clone)]
pub struct WithMetrics<P> {
    inner: P,
}

impl<P> WithMetrics<P> {
    /// Wraps a provider.
    #[must_use]
    pub const fn new(inner: P) -> Self {
        Self { inner }
    }
}

/// One send. Dropped before its end, it counts as `dropped`.
struct Measure {
    provider: &'static str,
    started: Instant,
    outcome: &'static str,
}

impl Measure {
    fn start(provider: &'static str) -> Self {
        metrics::gauge!("wartel_sends_in_flight", "provider" => provider).increment(1.0);
        Self { provider, started: Instant::now(), outcome: "dropped" }
    }
}

impl Drop for Measure {
    fn drop(&mut self) {
        let (provider, outcome) = (self.provider, self.outcome);
        metrics::gauge!("wartel_sends_in_flight", "provider" => provider).decrement(1.0);
        metrics::counter!("wartel_messages_total", "provider" => provider, "outcome" => outcome).increment(1);
        metrics::histogram!("wartel_send_seconds", "provider" => provider, "outcome" => outcome)
            .record(self.started.elapsed().as_secs_f64());
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<P: MessageProvider> MessageProvider for WithMetrics<P> {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Accepted, SendError> {
        let mut measure = Measure::start(self.name());
        let result = self.inner.send(message).await;
        measure.outcome = match &result {
            Ok(_) => "accepted",
            Err(error) if error.is_ambiguous() => "ambiguous",
            Err(error) => error.kind().as_str(),
        };
        result
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
