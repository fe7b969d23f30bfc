//! The models of every tenant.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use wartel_core::{Clock, TenantId};

use super::circuit::Circuit;
#[cfg(any(feature = "openai", feature = "anthropic", feature = "ollama"))]
use super::wire::Transports;
use super::{
    Failover, FailoverPolicy, LanguageModel, LlmConfigError, LlmEvents, Logged, Metered, Retry, RetryPolicy,
    SchemaTools,
};
use crate::spend::{SpendCaps, SpendStore};

/// The most backends of one tenant.
const MAX_BACKENDS: usize = 8;

/// One backend of a tenant, as a configuration. `Debug` shows no key.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Backend {
    /// Chat completions: Z.AI, OpenAI, llama.cpp and others.
    #[cfg(feature = "openai")]
    #[cfg_attr(docsrs, doc(cfg(feature = "openai")))]
    OpenAi(super::openai::OpenAiConfig),
    /// The Messages API.
    #[cfg(feature = "anthropic")]
    #[cfg_attr(docsrs, doc(cfg(feature = "anthropic")))]
    Anthropic(super::anthropic::AnthropicConfig),
    /// Ollama.
    #[cfg(feature = "ollama")]
    #[cfg_attr(docsrs, doc(cfg(feature = "ollama")))]
    Ollama(super::ollama::OllamaConfig),
    /// A model of your own.
    Model(Arc<dyn LanguageModel>),
}

/// The backends of a tenant in the order in which they are asked, and the rules.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ModelSet {
    /// The backends, the first one first. One to eight.
    pub backends: Vec<Backend>,
    /// How often each is asked again.
    pub retry: RetryPolicy,
    /// When the next one is asked.
    pub failover: FailoverPolicy,
}

impl ModelSet {
    /// These backends with the default rules.
    #[must_use]
    pub fn new(backends: Vec<Backend>) -> Self {
        Self { backends, retry: RetryPolicy::default(), failover: FailoverPolicy::default() }
    }

    /// With another rule for asking again.
    #[must_use]
    pub const fn with_retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// With another rule for asking the next one.
    #[must_use]
    pub const fn with_failover(mut self, failover: FailoverPolicy) -> Self {
        self.failover = failover;
        self
    }
}

/// The backends of a set, built.
struct Built {
    models: Vec<(Arc<dyn LanguageModel>, Arc<Circuit>)>,
    retry: RetryPolicy,
    failover: FailoverPolicy,
}

/// The models of every tenant, with the tenant's own keys, budget and circuits.
///
/// # Behavior
/// - A turn asks [`for_tenant`](Self::for_tenant) once and uses what it got to its end: a change applies to the next turn,
///   and no turn is mixed.
/// - A set that cannot be used is refused, and the old one stays.
/// - Each backend is wrapped, from the outside: [`Failover`] over all, then [`Retry`], [`SchemaTools`], [`Metered`],
///   [`Logged`].
/// - Circuits live as long as the set: a new key is asked at once.
pub struct Models {
    tenants: RwLock<HashMap<TenantId, Arc<Built>>>,
    fallback: RwLock<Option<Arc<Built>>>,
    store: Arc<dyn SpendStore>,
    clock: Arc<dyn Clock>,
    events: Arc<dyn LlmEvents>,
    #[cfg(any(feature = "openai", feature = "anthropic", feature = "ollama"))]
    transports: Transports,
}

impl Models {
    /// No tenant has a model yet. The store keeps what calls cost; the events are told what a tenant must act on.
    #[must_use]
    pub fn new(store: Arc<dyn SpendStore>, clock: Arc<dyn Clock>, events: Arc<dyn LlmEvents>) -> Self {
        Self {
            tenants: RwLock::default(),
            fallback: RwLock::default(),
            store,
            clock,
            events,
            #[cfg(any(feature = "openai", feature = "anthropic", feature = "ollama"))]
            transports: Transports::default(),
        }
    }

    /// With an HTTP client for everything. Its own time limit must be longer than a call may take.
    #[cfg(any(feature = "openai", feature = "anthropic", feature = "ollama"))]
    #[must_use]
    pub fn with_transport(mut self, transport: Arc<dyn wartel_messaging::transport::HttpTransport>) -> Self {
        self.transports = Transports::given(transport);
        self
    }

    /// Gives a tenant its models, from its next turn on.
    ///
    /// # Errors
    /// [`LlmConfigError`] names the field that cannot be used; the tenant keeps the models that it had.
    pub fn set(&self, tenant: &TenantId, set: ModelSet) -> Result<(), LlmConfigError> {
        let built = Arc::new(self.build(set)?);
        self.tenants.write().unwrap_or_else(PoisonError::into_inner).insert(tenant.clone(), built);
        Ok(())
    }

    /// Gives all tenants without models of their own these, from their next turn on. Each pays from its own budget.
    ///
    /// # Errors
    /// [`LlmConfigError`] names the field that cannot be used; the old ones stay.
    pub fn set_default(&self, set: ModelSet) -> Result<(), LlmConfigError> {
        let built = Arc::new(self.build(set)?);
        *self.fallback.write().unwrap_or_else(PoisonError::into_inner) = Some(built);
        Ok(())
    }

    /// Takes a tenant's own models away.
    pub fn remove(&self, tenant: &TenantId) {
        self.tenants.write().unwrap_or_else(PoisonError::into_inner).remove(tenant);
    }

    /// The models of a tenant for one turn, within these caps: as one model that retries, fails over and keeps the budget.
    /// `None` if there are none: a responder without a model answers then.
    #[must_use]
    pub fn for_tenant(&self, tenant: &TenantId, caps: &SpendCaps) -> Option<Arc<dyn LanguageModel>> {
        let own = self.tenants.read().unwrap_or_else(PoisonError::into_inner).get(tenant).cloned();
        let fallback = || self.fallback.read().unwrap_or_else(PoisonError::into_inner).clone();
        let built = own.or_else(fallback)?;
        let models = built.models.iter().map(|(model, circuit)| {
            let metered = Metered::new(
                Arc::clone(model),
                Arc::clone(&self.store),
                Arc::clone(&self.clock),
                tenant.clone(),
                caps.clone(),
            );
            let model: Arc<dyn LanguageModel> =
                Arc::new(Retry::with_policy(SchemaTools::new(metered), built.retry));
            (model, Arc::clone(circuit))
        });
        let events = Arc::clone(&self.events);
        let chain = Failover::with_circuits(tenant.clone(), models.collect(), events, built.failover);
        Some(Arc::new(chain))
    }

    fn build(&self, set: ModelSet) -> Result<Built, LlmConfigError> {
        if !(1..=MAX_BACKENDS).contains(&set.backends.len()) {
            return Err(LlmConfigError::new("models", "backends", "are none, or more than eight"));
        }
        let models = set.backends.into_iter().map(|backend| {
            let model = Logged::new(self.adapter(backend)?);
            Ok((Arc::new(model) as Arc<dyn LanguageModel>, Arc::new(Circuit::default())))
        });
        Ok(Built { models: models.collect::<Result<_, _>>()?, retry: set.retry, failover: set.failover })
    }

    #[cfg_attr(
        not(any(feature = "openai", feature = "anthropic", feature = "ollama")),
        allow(
            clippy::unused_self,
            clippy::unnecessary_wraps,
            reason = "adapters need an HTTP client and may fail"
        )
    )]
    fn adapter(&self, backend: Backend) -> Result<Arc<dyn LanguageModel>, LlmConfigError> {
        Ok(match backend {
            #[cfg(feature = "openai")]
            Backend::OpenAi(config) => Arc::new(super::openai::OpenAi::build(config, &self.transports)?),
            #[cfg(feature = "anthropic")]
            Backend::Anthropic(config) => {
                Arc::new(super::anthropic::Anthropic::build(config, &self.transports)?)
            }
            #[cfg(feature = "ollama")]
            Backend::Ollama(config) => Arc::new(super::ollama::Ollama::build(config, &self.transports)?),
            Backend::Model(model) => model,
        })
    }
}

impl fmt::Debug for Models {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner).len();
        f.debug_struct("Models").field("tenants", &tenants).finish_non_exhaustive()
    }
}
