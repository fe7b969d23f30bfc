//! Keeping within a budget, before each call.

use std::sync::Arc;
use std::time::Duration;

use wartel_core::{Clock, TenantId};

use super::{
    LanguageModel, LlmAdvice, LlmCapabilities, LlmError, LlmErrorKind, LlmMessage, LlmReply, LlmRequest,
    ResponseFormat, Usage,
};
use crate::spend::{Reservation, ReservationId, Reserved, SpendCaps, SpendStore};

/// Tokens that the markup of a message or of a tool may take beside its text.
const MARKUP: u64 = 64;
/// How long after its time limit a call that nobody has settled counts as made.
const GRACE: Duration = Duration::from_secs(60);
/// How long the ledger may take. A ledger that hangs counts as one that does not answer.
const LEDGER_TIME: Duration = Duration::from_secs(5);

/// Reserves the highest possible price of each call in the windows of the tenant before it is made, and settles the real
/// one afterwards.
///
/// # Behavior
/// - A call that does not fit is not made: [`LlmErrorKind::BudgetSpent`], with the advice to ask elsewhere, where a model
///   may cost less.
/// - A ledger that does not answer means no call: [`LlmErrorKind::BudgetSpent`] with the code `ledger_unavailable`.
/// - A failed call is settled with nothing if the server certainly did not work for it, else with all that was reserved;
///   so is an answer whose usage the server does not tell. A call that is dropped before its end costs all of it, from a
///   minute after its time limit on.
///
/// It stands inside of [`Retry`](super::Retry) and [`Failover`](super::Failover): each call is reserved by itself.
#[derive(Debug, Clone)]
pub struct Metered<M> {
    inner: M,
    store: Arc<dyn SpendStore>,
    clock: Arc<dyn Clock>,
    tenant: TenantId,
    caps: SpendCaps,
}

impl<M> Metered<M> {
    /// Wraps a model for a tenant.
    #[must_use]
    pub fn new(
        inner: M,
        store: Arc<dyn SpendStore>,
        clock: Arc<dyn Clock>,
        tenant: TenantId,
        caps: SpendCaps,
    ) -> Self {
        Self { inner, store, clock, tenant, caps }
    }
}

impl<M: LanguageModel> Metered<M> {
    async fn reserve(&self, amount: u64, request: &LlmRequest) -> Result<ReservationId, LlmError> {
        let now = self.clock.now();
        let (id, expires_at) = (ReservationId::random(), now + request.timeout + GRACE);
        let reservation =
            Reservation::new(id, self.tenant.clone(), self.caps.windows(now), amount, expires_at);
        let spent = || LlmError::of(self.name(), LlmErrorKind::BudgetSpent);
        let unavailable = || spent().with_code("ledger_unavailable").with_advice(LlmAdvice::Never);
        match tokio::time::timeout(LEDGER_TIME, self.store.reserve(&reservation, now)).await {
            Ok(Ok(Reserved::Yes)) => Ok(id),
            // `day` or `month`: which window it is, not which day.
            Ok(Ok(Reserved::No { window })) => {
                Err(spent().with_code(window.split('/').next().unwrap_or_default()))
            }
            Ok(Err(error)) => Err(unavailable().with_source(error)),
            Err(_) => Err(unavailable()),
        }
    }

    async fn settle(&self, id: ReservationId, cost: u64, usage: Usage) {
        let tokens = usage.prompt.saturating_add(usage.completion);
        let settled = self.store.settle(&self.tenant, id, cost, tokens, self.clock.now());
        match tokio::time::timeout(LEDGER_TIME, settled).await {
            Ok(Ok(())) => {}
            // The reservation stays, so nothing is spent twice: it expires and counts as spent.
            Ok(Err(error)) => tracing::warn!(tenant = %self.tenant, %error, "a call was not settled"),
            Err(_) => tracing::warn!(tenant = %self.tenant, "a call was not settled in time"),
        }
    }
}

/// The most tokens that a request may use. No tokenizer makes more tokens than there are bytes.
fn most(request: &LlmRequest) -> Usage {
    let bytes = |text: &str| u64::try_from(text.len()).unwrap_or(u64::MAX);
    let message = |message: &LlmMessage| match message {
        LlmMessage::User { text } => bytes(text),
        LlmMessage::ToolResult { call_id, name, content, .. } => {
            bytes(call_id) + bytes(name) + bytes(content)
        }
        LlmMessage::Assistant { text, tool_calls, reasoning } => {
            let calls = tool_calls
                .iter()
                .map(|call| bytes(&call.id) + bytes(&call.name) + bytes(&call.arguments) + MARKUP);
            bytes(text) + reasoning.as_deref().map_or(0, bytes) + calls.sum::<u64>()
        }
    };
    let messages: u64 = request.messages.iter().map(|one| message(one) + MARKUP).sum();
    let tools: u64 = request
        .tools
        .iter()
        .map(|tool| {
            bytes(&tool.name) + bytes(&tool.description) + bytes(&tool.parameters.to_string()) + MARKUP
        })
        .sum();
    let format = match &request.format {
        ResponseFormat::Text => 0,
        // Once in the request and once in the prompt.
        ResponseFormat::Json { schema, .. } => 2 * bytes(&schema.to_string()) + 4 * MARKUP,
    };
    let prompt = bytes(&request.system) + MARKUP + messages + tools + format;
    Usage::new(prompt, u64::from(request.max_output_tokens))
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<M: LanguageModel> LanguageModel for Metered<M> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn capabilities(&self) -> LlmCapabilities {
        self.inner.capabilities()
    }

    async fn complete(&self, request: &LlmRequest) -> Result<LlmReply, LlmError> {
        let price = self.capabilities().price;
        let amount = price.of(&most(request));
        let id = self.reserve(amount, request).await?;
        let result = self.inner.complete(request).await;
        let (cost, usage) = match &result {
            Ok(reply) if reply.usage == Usage::default() => (amount, reply.usage),
            Ok(reply) => (price.of(&reply.usage), reply.usage),
            Err(error) if error.kind.may_have_cost() => (amount, Usage::default()),
            Err(_) => (0, Usage::default()),
        };
        self.settle(id, cost, usage).await;
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::ToolCall;
    use crate::tool::ToolSpec;

    #[test]
    fn hazard_38_the_estimate_counts_every_byte_that_is_sent() {
        let call = ToolCall { id: "a".into(), name: "search".into(), arguments: "x".repeat(1_000) };
        let said = LlmMessage::Assistant {
            text: "é".repeat(500),
            tool_calls: vec![call],
            reasoning: Some("r".repeat(1_000)),
        };
        let request =
            LlmRequest::new("s".repeat(1_000), vec![LlmMessage::user("u".repeat(1_000)), said], "turn-1")
                .with_tools(vec![ToolSpec::new(
                    "t",
                    "d".repeat(1_000),
                    serde_json::json!({"a": "p".repeat(1_000)}),
                )])
                .with_max_output_tokens(77);
        let most = most(&request);
        assert!((7_000..8_000).contains(&most.prompt), "{most:?}");
        assert_eq!(most.completion, 77);
    }
}
