//! Several models in order.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};
use wartel_core::TenantId;

use super::circuit::Circuit;
use super::events::LlmEvents;
use super::{LanguageModel, LlmAdvice, LlmCapabilities, LlmError, LlmErrorKind, LlmReply, LlmRequest};

/// When [`Failover`] goes on and how long it leaves a backend alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailoverPolicy {
    /// How long a backend that refuses its key or its balance is not asked, and how seldom somebody is told. Default: 15
    /// minutes.
    pub window: Duration,
    /// A model is not begun with less time than this. Default: 2 s.
    pub least_time: Duration,
}

impl Default for FailoverPolicy {
    fn default() -> Self {
        Self { window: Duration::from_secs(15 * 60), least_time: Duration::from_secs(2) }
    }
}

impl FailoverPolicy {
    /// With another time for which a refusing backend is left alone.
    #[must_use]
    pub const fn with_window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// With another least time for a model.
    #[must_use]
    pub const fn with_least_time(mut self, least: Duration) -> Self {
        self.least_time = least;
        self
    }
}

/// Asks the first model; if it cannot answer, the next one.
///
/// # Behavior
/// - It goes on after [`LlmAdvice::Elsewhere`], and after [`LlmAdvice::After`], which means that a retry inside has given
///   up. It does not go on after [`LlmAdvice::Never`]: the same request fails everywhere.
/// - All models together keep the time limit of the request: each but the last gets two thirds of what is left.
/// - After [`LlmErrorKind::Quota`] or [`LlmErrorKind::Auth`] a backend is not asked at all until the window is over; then
///   one call goes through on trial. Somebody is told once in each window.
/// - A model whose context is smaller than that of the first is asked all the same; if the prompt does not fit it says so.
/// - Name and capabilities are those of the first model that may be asked, tools and schema only if all have them.
///
/// It stands outside of [`Retry`](super::Retry): each model has its own retries.
#[derive(Debug, Clone)]
pub struct Failover {
    name: String,
    tenant: TenantId,
    models: Vec<(Arc<dyn LanguageModel>, Arc<Circuit>)>,
    events: Arc<dyn LlmEvents>,
    policy: FailoverPolicy,
}

impl Failover {
    /// The models of a tenant, the first one first.
    #[must_use]
    pub fn new(
        tenant: TenantId,
        models: Vec<Arc<dyn LanguageModel>>,
        events: Arc<dyn LlmEvents>,
        policy: FailoverPolicy,
    ) -> Self {
        let models = models.into_iter().map(|model| (model, Arc::new(Circuit::default()))).collect();
        Self::with_circuits(tenant, models, events, policy)
    }

    /// With circuits that outlive this chain.
    pub(super) fn with_circuits(
        tenant: TenantId,
        models: Vec<(Arc<dyn LanguageModel>, Arc<Circuit>)>,
        events: Arc<dyn LlmEvents>,
        policy: FailoverPolicy,
    ) -> Self {
        let name = models.first().map_or("no model", |(model, _)| model.name()).to_owned();
        Self { name, tenant, models, events, policy }
    }

    async fn ask(
        &self,
        model: &Arc<dyn LanguageModel>,
        circuit: &Circuit,
        request: &LlmRequest,
        limit: Duration,
    ) -> Result<LlmReply, LlmError> {
        circuit.enter(model.name(), limit)?;
        let request = request.clone().with_timeout(limit);
        let result = match timeout(limit, model.complete(&request)).await {
            Ok(result) => result,
            Err(_) => Err(LlmError::of(model.name(), LlmErrorKind::TimedOut)),
        };
        match &result {
            Ok(_) => circuit.close(),
            Err(error) if error.kind.needs_the_tenant() => {
                if circuit.open(error, self.policy.window) {
                    let code = error.code.as_deref();
                    self.events.needs_the_tenant(&self.tenant, model.name(), error.kind, code);
                }
            }
            Err(_) => {}
        }
        result
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl LanguageModel for Failover {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> LlmCapabilities {
        let mut all = self.models.iter().map(|(model, _)| model.capabilities());
        let first = all.next().unwrap_or_else(|| LlmCapabilities::new(0, super::Price::default()));
        all.fold(first, |first, other| LlmCapabilities {
            tools: first.tools && other.tools,
            json_schema: first.json_schema && other.json_schema,
            ..first
        })
    }

    async fn complete(&self, request: &LlmRequest) -> Result<LlmReply, LlmError> {
        let started = Instant::now();
        let mut last = LlmError::of(&self.name, LlmErrorKind::Auth).with_code("no_model");
        for (place, (model, circuit)) in self.models.iter().enumerate() {
            let left = request.timeout.saturating_sub(started.elapsed());
            if place > 0 && left < self.policy.least_time {
                break;
            }
            let limit = if place + 1 == self.models.len() { left } else { left.mul_f64(2.0 / 3.0) };
            let error = match self.ask(model, circuit, request, limit).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            if error.advice == LlmAdvice::Never {
                return Err(error);
            }
            tracing::debug!(model = model.name(), kind = error.kind.as_str(), "asking the next model");
            last = error;
        }
        Err(last)
    }
}
