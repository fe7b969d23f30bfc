//! One line and a few figures for each call.

use tokio::time::Instant;

use super::{Finish, LanguageModel, LlmCapabilities, LlmError, LlmReply, LlmRequest, Usage};

/// Writes a log line for each call and counts it, through the facade of the crate `metrics`.
///
/// # Behavior
/// - Answered: INFO `model answered` with the model, the time, the tokens, the outcome and the server's id. Otherwise WARN
///   `model failed` with kind, code, status and the server's id; a call
///   that is dropped before its end has the kind `dropped`.
/// - The counter `wartel_llm_calls_total` and the histogram `wartel_llm_seconds` have the labels `model` and `outcome`:
///   `stop`, `tool_calls`, `length`, `blocked`, `other`, the kind of the error, or `dropped` for a call that nobody waited
///   for to its end. The counter `wartel_llm_tokens_total` has `model` and `kind`: `prompt`, `cached`, `completion`,
///   `reasoning`.
/// - Neither holds any text of the chat.
#[derive(Debug, Clone)]
pub struct Logged<M> {
    inner: M,
}

impl<M> Logged<M> {
    /// Wraps a model.
    #[must_use]
    pub const fn new(inner: M) -> Self {
        Self { inner }
    }
}

/// The outcome of a call that nobody waited for to its end.
const DROPPED: &str = "dropped";

/// One call. Dropped before its end, it counts as `dropped`.
struct Measure {
    model: String,
    started: Instant,
    outcome: &'static str,
}

impl Measure {
    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Drop for Measure {
    fn drop(&mut self) {
        let (model, outcome) = (self.model.clone(), self.outcome);
        if outcome == DROPPED {
            tracing::warn!(model, kind = DROPPED, elapsed_ms = self.elapsed_ms(), "model failed");
        }
        metrics::counter!("wartel_llm_calls_total", "model" => model.clone(), "outcome" => outcome)
            .increment(1);
        metrics::histogram!("wartel_llm_seconds", "model" => model, "outcome" => outcome)
            .record(self.started.elapsed().as_secs_f64());
    }
}

fn count_tokens(model: &str, usage: &Usage) {
    for (kind, tokens) in [
        ("prompt", usage.prompt),
        ("cached", usage.cached),
        ("completion", usage.completion),
        ("reasoning", usage.reasoning),
    ] {
        if tokens > 0 {
            metrics::counter!("wartel_llm_tokens_total", "model" => model.to_owned(), "kind" => kind)
                .increment(tokens);
        }
    }
}

const fn outcome_of(reply: &LlmReply) -> &'static str {
    match reply.finish {
        Finish::Stop => "stop",
        Finish::ToolCalls => "tool_calls",
        Finish::Length => "length",
        Finish::Blocked => "blocked",
        Finish::Other(_) => "other",
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<M: LanguageModel> LanguageModel for Logged<M> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn capabilities(&self) -> LlmCapabilities {
        self.inner.capabilities()
    }

    async fn complete(&self, request: &LlmRequest) -> Result<LlmReply, LlmError> {
        let mut measure =
            Measure { model: self.name().to_owned(), started: Instant::now(), outcome: DROPPED };
        let result = self.inner.complete(request).await;
        let elapsed_ms = measure.elapsed_ms();
        match &result {
            Ok(reply) => {
                measure.outcome = outcome_of(reply);
                count_tokens(&measure.model, &reply.usage);
                tracing::info!(
                    model = measure.model,
                    outcome = measure.outcome,
                    prompt_tokens = reply.usage.prompt,
                    cached_tokens = reply.usage.cached,
                    completion_tokens = reply.usage.completion,
                    reasoning_tokens = reply.usage.reasoning,
                    calls = reply.tool_calls.len(),
                    request_id = reply.request_id,
                    elapsed_ms,
                    "model answered"
                );
            }
            Err(error) => {
                measure.outcome = error.kind.as_str();
                tracing::warn!(
                    model = measure.model,
                    kind = measure.outcome,
                    code = error.code,
                    status = error.status,
                    request_id = error.request_id,
                    elapsed_ms,
                    "model failed"
                );
            }
        }
        result
    }
}
