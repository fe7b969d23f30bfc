//! Putting the engine together.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio_util::task::TaskTracker;
use wartel_core::{Clock, MasterKey, SystemClock, TenantId};
use wartel_messaging::{AccountSender, MessageProvider, SenderBook, markup};

use super::channels::{Channel, Channels, Deadline};
use super::idempotency::RequestHasher;
use super::test_numbers::{TestNumber, TestNumbers};
use super::{OtpService, Shared};
use crate::challenge_hook::ChallengeHook;
use crate::code::CodeKeys;
use crate::error::BuildError;
use crate::events::{LogEvents, OtpEvents};
use crate::guard::{Guard, PumpingPolicy};
use crate::memory_tallies::MemoryTallies;
use crate::policy::OtpPolicy;
use crate::reverse::ReverseParts;
use crate::sightings::Sightings;
use crate::store::{OtpStore, Rules};
use crate::tally::TallyStore;
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
    fallbacks: Vec<(Deadline, Channel)>,
    senders: Option<Arc<dyn SenderBook>>,
    tallies: Option<Arc<dyn TallyStore>>,
    test_numbers: Vec<TestNumber>,
    pub(crate) reverse: ReverseParts,
    pumping: PumpingPolicy,
    events: Arc<dyn OtpEvents>,
    challenge: Option<Arc<dyn ChallengeHook>>,
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
            fallbacks: Vec::new(),
            senders: None,
            tallies: None,
            test_numbers: Vec::new(),
            pumping: PumpingPolicy::default(),
            events: Arc::new(LogEvents),
            challenge: None,
            reverse: ReverseParts::default(),
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

    /// Who sends the same code if the channel before does not come far enough in time. Call it once for each
    /// further channel, in order; none is used twice within a send. Default: none. Needs the worker.
    #[must_use]
    pub fn fallback(mut self, deadline: Deadline, provider: Arc<dyn MessageProvider>) -> Self {
        self.fallbacks.push((deadline, Channel::of_program(provider)));
        self
    }

    /// As [`fallback`](Self::fallback), over an account of a tenant. It may be at the same provider as another channel:
    /// receipts are told apart by the account that they come by ([`ReceiptConsumer`](crate::ReceiptConsumer)).
    #[must_use]
    pub fn fallback_account(mut self, deadline: Deadline, account: AccountSender) -> Self {
        let (tenant, id) = (account.tenant().clone(), account.account().clone());
        self.fallbacks.push((deadline, Channel::of_account(Arc::new(account), tenant, id)));
        self
    }

    /// The accounts of tenants. The codes of a tenant that has an account of its own go out through its first one, and
    /// over no further channel; all others go over [`provider`](Self::provider) and its fallbacks, as do those of a
    /// tenant whose first account is one that the program was started with. A code whose way cannot be told is refused
    /// ([`StartError::NotSent`](crate::StartError::NotSent)). Default: none has any.
    #[must_use]
    pub fn senders(mut self, senders: Arc<dyn SenderBook>) -> Self {
        self.senders = Some(senders);
        self
    }

    /// Where is counted how many codes are asked for and used, and whether receipts arrive. Default: in this
    /// process; instances that work together share a store.
    #[must_use]
    pub fn tallies(mut self, tallies: Arc<dyn TallyStore>) -> Self {
        self.tallies = Some(tallies);
        self
    }

    /// When the guard against pumping acts, and how. Default: [`PumpingPolicy::default`].
    #[must_use]
    pub fn pumping(mut self, policy: PumpingPolicy) -> Self {
        self.pumping = policy;
        self
    }

    /// Who is told of refusals and hot spots. Default: the log.
    #[must_use]
    pub fn events(mut self, events: Arc<dyn OtpEvents>) -> Self {
        self.events = events;
        self
    }

    /// The challenge that suspicious requests have to pass. Default: none; what is suspicious is an event only.
    #[must_use]
    pub fn challenge(mut self, hook: Arc<dyn ChallengeHook>) -> Self {
        self.challenge = Some(hook);
        self
    }

    /// Numbers with fixed codes. Default: none. Whoever knows one can verify its number: mind where they are used.
    #[must_use]
    pub fn test_numbers(mut self, numbers: Vec<TestNumber>) -> Self {
        self.test_numbers = numbers;
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
        if !self.fallbacks.iter().all(|(deadline, _)| deadline.is_valid()) {
            return Err(BuildError::Deadline);
        }
        let first = Channel::of_program(self.provider.ok_or(BuildError::NoProvider)?);
        let channels = Channels::new(first, self.fallbacks);
        let names: BTreeSet<&str> = channels.names().collect();
        if names.len() < channels.all().count() {
            return Err(BuildError::SameChannelTwice);
        }
        let test_numbers = TestNumbers::new(self.test_numbers);
        if !test_numbers.all_have(self.policy.length) {
            return Err(BuildError::TestNumber);
        }
        let rules = Rules { fallbacks: channels.rules(), ..self.policy.rules() };
        let tallies = self.tallies.unwrap_or_else(|| Arc::new(MemoryTallies::new()));
        let shared = Arc::new(Shared {
            has_challenge: self.challenge.is_some(),
            guard: Guard::with(self.pumping, Arc::clone(&tallies), self.challenge, Arc::clone(&self.events))?,
            events: self.events,
            keys: CodeKeys::new(&self.secret, &self.previous),
            reverse: self.reverse.build(&self.secret, &self.previous, &self.policy)?,
            hasher: RequestHasher::new(&self.secret, &self.previous),
            rules,
            policy: self.policy,
            channels,
            senders: self.senders,
            store: self.store.ok_or(BuildError::NoStore)?,
            tallies,
            sightings: Sightings::default(),
            test_numbers,
            clock: self.clock,
            templates: self.templates,
            app_name,
            sends: TaskTracker::new(),
            changes: Notify::new(),
            due: Notify::new(),
        });
        let worker = OtpWorker::new(Arc::clone(&shared));
        Ok((OtpService { shared, tenant: self.tenant }, worker))
    }
}
