//! Putting the engine together.

use std::sync::Arc;

use tokio_util::task::TaskTracker;
use wartel_core::{Clock, MasterKey, SystemClock, TenantId};
use wartel_messaging::{MessageProvider, markup};

use super::{OtpService, Shared};
use crate::code::CodeKeys;
use crate::error::BuildError;
use crate::policy::OtpPolicy;
use crate::store::OtpStore;
use crate::template::MessageTemplates;
use crate::worker::OtpWorker;

/// Puts an [`OtpService`] together: a secret, a provider, a store and the app's name; the rest has defaults.
#[derive(Debug)]
pub struct OtpBuilder {
    secret: MasterKey,
    previous: Vec<MasterKey>,
    app_name: String,
    provider: Option<Arc<dyn MessageProvider>>,
    store: Option<Arc<dyn OtpStore>>,
    policy: OtpPolicy,
    clock: Arc<dyn Clock>,
    templates: MessageTemplates,
    tenant: TenantId,
}

impl OtpService {
    /// Begins with the secret that codes are derived from.
    #[must_use]
    pub fn builder(secret: MasterKey) -> OtpBuilder {
        OtpBuilder {
            secret,
            previous: Vec::new(),
            app_name: String::new(),
            provider: None,
            store: None,
            policy: OtpPolicy::default(),
            clock: Arc::new(SystemClock),
            templates: MessageTemplates::default(),
            tenant: TenantId::default(),
        }
    }
}

impl OtpBuilder {
    /// Secrets that the installation had before; their live codes still hold. Default: none.
    #[must_use]
    pub fn previous_secrets(mut self, previous: Vec<MasterKey>) -> Self {
        self.previous = previous;
        self
    }

    /// The name that messages show. Required: 1 to 60 characters.
    #[must_use]
    pub fn app_name(mut self, name: impl Into<String>) -> Self {
        self.app_name = name.into();
        self
    }

    /// Who sends the messages. Required.
    #[must_use]
    pub fn provider(mut self, provider: Arc<dyn MessageProvider>) -> Self {
        self.provider = Some(provider);
        self
    }

    /// Where challenges are kept. Required.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn OtpStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// Another policy than the default one.
    #[must_use]
    pub fn policy(mut self, policy: OtpPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Another clock than the operating system's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Other texts than the default ones.
    #[must_use]
    pub fn templates(mut self, templates: MessageTemplates) -> Self {
        self.templates = templates;
        self
    }

    /// Another tenant than `default`.
    #[must_use]
    pub fn tenant(mut self, tenant: TenantId) -> Self {
        self.tenant = tenant;
        self
    }

    /// The engine and its worker. Spawn the worker: see [`OtpWorker`].
    ///
    /// # Errors
    /// [`BuildError`] says what is missing or out of its range.
    pub fn build(self) -> Result<(OtpService, OtpWorker), BuildError> {
        self.policy.validate()?;
        let app_name = markup::harmless(&self.app_name);
        if !(1..=60).contains(&app_name.chars().count()) {
            return Err(BuildError::AppName);
        }
        let shared = Arc::new(Shared {
            keys: CodeKeys::new(&self.secret, &self.previous),
            rules: self.policy.rules(),
            policy: self.policy,
            provider: self.provider.ok_or(BuildError::NoProvider)?,
            store: self.store.ok_or(BuildError::NoStore)?,
            clock: self.clock,
            templates: self.templates,
            app_name,
            sends: TaskTracker::new(),
        });
        let worker = OtpWorker::new(Arc::clone(&shared));
        Ok((OtpService { shared, tenant: self.tenant }, worker))
    }
}
