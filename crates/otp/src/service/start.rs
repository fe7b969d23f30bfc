//! Asking for a code.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use wartel_core::{FullName, Locale, PhoneNumber, Secret, Timestamp};
use wartel_messaging::{DeliveryState, markup};

use super::OtpService;
use crate::budget::{Budget, ClientKey, Rate};
use crate::code::Nonce;
use crate::delivery::{deliver, is_unreadable};
use crate::error::{StartError, VariableError};
use crate::events::{Limit, OtpEvent};
use crate::guard::{GuardContext, GuardRefusal, NetworkPrefix};
use crate::purpose::Purpose;
use crate::store::{Admission, Admit, Fresh, LeasedSend, Refusal, Rules};
use crate::unstoppable::Unstoppable;
use crate::verification::{VerificationId, VerificationView};

/// How many variables a message has at the most.
const MAX_VARIABLES: usize = 8;

/// A request for a code. `Debug` shows neither the name nor the address.
#[derive(Clone)]
pub struct Start {
    phone: PhoneNumber,
    purpose: Purpose,
    own_id: Option<VerificationId>,
    client: Option<IpAddr>,
    challenge_response: Option<Secret>,
    greeting: Option<String>,
    locale: Locale,
    idempotency: Option<(String, Vec<u8>)>,
    variables: BTreeMap<String, String>,
}

impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Start")
            .field("phone", &self.phone)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

impl Start {
    /// Asks for a code for `phone`.
    #[must_use]
    pub fn new(phone: PhoneNumber, purpose: Purpose) -> Self {
        Self {
            phone,
            purpose,
            own_id: None,
            client: None,
            challenge_response: None,
            greeting: None,
            locale: Locale::default(),
            idempotency: None,
            variables: BTreeMap::new(),
        }
    }

    /// The name that the message greets. A name that could carry an advertisement or a false code (more than
    /// 40 characters, four digits in a row, an address) is left out of the message.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.greeting = FullName::parse(name).ok().and_then(|name| markup::greeting_name(&name));
        self
    }

    /// The language of the message. Default: Indonesian.
    #[must_use]
    pub const fn locale(mut self, locale: Locale) -> Self {
        self.locale = locale;
        self
    }

    /// The address of the caller. Without it the budgets for addresses do not apply.
    #[must_use]
    pub fn client_ip(mut self, ip: IpAddr) -> Self {
        self.client = Some(ip);
        self
    }

    /// What the caller brought to pass the [challenge](crate::challenge_hook), such as the token of a CAPTCHA.
    #[must_use]
    pub fn challenge_response(mut self, response: Option<Secret>) -> Self {
        self.challenge_response = response;
        self
    }

    /// The id that the caller has from an earlier request: it is kept, with the checks that it has spent.
    #[must_use]
    pub const fn own_id(mut self, id: Option<VerificationId>) -> Self {
        self.own_id = id;
        self
    }

    /// The caller's own name for this request, and the request as it came. For 24 hours the same name with the same
    /// request is answered the same and sends nothing; with another one it is
    /// [`StartError::IdempotencyMismatch`]. A request that was refused or of which certainly nothing was sent
    /// stands for nothing: it may be made again. The name is at most 255 bytes.
    #[must_use]
    pub fn idempotency(mut self, name: impl Into<String>, request: impl Into<Vec<u8>>) -> Self {
        self.idempotency = Some((name.into(), request.into()));
        self
    }

    /// A word that the message says beside the code, for templates that show it as `{{ vars.<name> }}`.
    ///
    /// # Errors
    /// [`VariableError`] if the value could carry an advertisement or a false code, or there are too many.
    pub fn variable(mut self, name: &str, value: &str) -> Result<Self, VariableError> {
        let named = matches!(name.len(), 1..=32) && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'_'));
        let value = FullName::parse(value).ok().and_then(|value| markup::greeting_name(&value));
        let value = value.filter(|_| named && self.variables.len() < MAX_VARIABLES).ok_or(VariableError)?;
        self.variables.insert(name.to_owned(), value);
        Ok(self)
    }
}

/// A code is on its way, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Started {
    /// The caller's verification.
    pub id: VerificationId,
    /// The number that the code goes to.
    pub phone: PhoneNumber,
    /// Of this message, not of earlier ones: [`Accepted`](DeliveryState::Accepted) if the provider took it;
    /// [`Queued`](DeliveryState::Queued) if its answer is still awaited; [`Unknown`](DeliveryState::Unknown)
    /// if it may have taken it.
    pub delivery: DeliveryState,
    /// How many checks the caller has left.
    pub attempts_left: u32,
    /// From this instant on the code is dead.
    pub expires_at: Timestamp,
    /// From this instant on the code may be asked for again.
    pub resend_at: Timestamp,
}

impl Started {
    /// The answer once more. What became of the message since then is not part of it: the provider took it.
    fn replayed(mut view: VerificationView) -> Self {
        if matches!(view.delivery, DeliveryState::Sent | DeliveryState::Delivered | DeliveryState::Read) {
            view.delivery = DeliveryState::Accepted;
        }
        Self::from_view(view)
    }

    fn from_view(view: VerificationView) -> Self {
        Self {
            id: view.id,
            phone: view.phone,
            delivery: view.delivery,
            attempts_left: view.attempts_left,
            expires_at: view.expires_at,
            resend_at: view.resend_at,
        }
    }
}

impl OtpService {
    /// Sends a code, or the same code again while it lives.
    ///
    /// # Behavior
    /// - Waits for the provider's answer at most `accept_wait` (2 s); the send goes on without the caller.
    /// - Every request for a phone and purpose sends the same code while it lives.
    ///
    /// # Errors
    /// [`StartError`]: the limits with the instant to ask again, [`StartError::NotSent`] if the provider
    /// did not take the message.
    pub async fn start(&self, start: Start) -> Result<Started, StartError> {
        let shared = &self.shared;
        let phone = start.phone.clone();
        if let Err(error) = self.is_allowed(&phone) {
            return Err(self.told(&phone, error));
        }
        let rules = self.sending_rules().await?;
        let now = shared.clock.now();
        let context = GuardContext::new(self.tenant.clone(), phone.clone()).client_ip(start.client);
        if let Err(refusal) = shared.guard.pass(&context, start.challenge_response.clone(), now).await {
            let error = match refusal {
                GuardRefusal::Pumping { retry_at } => StartError::Suspicious { retry_at },
                GuardRefusal::ChallengeRequired => StartError::ChallengeRequired,
                GuardRefusal::ChallengeUnavailable => StartError::ChallengeUnavailable,
            };
            return self.replay_or(start, rules, error).await;
        }
        let request = self.admission_request(start, rules)?;
        let now = shared.clock.now();
        let error = match shared.store.admit(request, now).await? {
            Admission::Send { view, send, begun } => {
                return self.send_and_wait(view, send, begun.then_some((context, now))).await;
            }
            Admission::Replayed { view } => return Ok(Started::replayed(view)),
            Admission::Conflict => StartError::IdempotencyMismatch,
            Admission::Refused { reason, until: retry_at } => match reason {
                Refusal::ResendTooSoon => StartError::ResendTooSoon { retry_at },
                Refusal::FailedChecks => StartError::TooManyAttempts { retry_at },
                Refusal::PhoneSends => StartError::RateLimited { retry_at, limit: Limit::PhoneSends },
                Refusal::SharedBudget => StartError::RateLimited { retry_at, limit: Limit::SharedBudget },
            },
        };
        Err(self.told(&phone, error))
    }

    /// A request that was answered before is answered the same, whatever the guard thinks of it now.
    async fn replay_or(&self, start: Start, rules: Rules, error: StartError) -> Result<Started, StartError> {
        if start.idempotency.is_none() {
            return Err(error);
        }
        let request = Admit { replay_only: true, ..self.admission_request(start, rules)? };
        match self.shared.store.admit(request, self.shared.clock.now()).await? {
            Admission::Replayed { view } => Ok(Started::replayed(view)),
            Admission::Conflict => Err(StartError::IdempotencyMismatch),
            Admission::Send { .. } | Admission::Refused { .. } => Err(error),
        }
    }

    /// Every refusal is an event.
    fn told(&self, phone: &PhoneNumber, error: StartError) -> StartError {
        let (limit, until) = match &error {
            StartError::UnsupportedCountry => (Limit::Country, None),
            StartError::NotMobile => (Limit::NumberKind, None),
            StartError::ResendTooSoon { retry_at } => (Limit::ResendTooSoon, Some(*retry_at)),
            StartError::TooManyAttempts { retry_at } => (Limit::FailedChecks, Some(*retry_at)),
            StartError::RateLimited { retry_at, limit } => (*limit, Some(*retry_at)),
            _ => return error,
        };
        self.shared.events.record(&OtpEvent::refused(&self.tenant, phone, limit, until));
        error
    }

    /// What is refused before anything is counted.
    fn is_allowed(&self, phone: &PhoneNumber) -> Result<(), StartError> {
        if !self.shared.policy.countries.contains(&phone.country()) {
            Err(StartError::UnsupportedCountry)
        } else if !phone.is_mobile() {
            Err(StartError::NotMobile)
        } else {
            Ok(())
        }
    }

    /// The rules for a send that begins now. Refuses where nobody could send it.
    async fn sending_rules(&self) -> Result<Rules, StartError> {
        let shared = &self.shared;
        let own = shared.own_channel(&self.tenant).await.map_err(StartError::NotSent)?;
        let rules = match &own {
            Some(_) => Rules { fallbacks: Vec::new(), ..shared.rules.clone() },
            None => shared.rules.clone(),
        };
        let of_program = own.is_none().then(|| shared.channels.all()).into_iter().flatten();
        let mut refusal = StartError::MessagingDisabled;
        for channel in own.iter().chain(of_program) {
            let can = channel.provider.capabilities();
            if can.enabled && can.one_time_code {
                return Ok(rules);
            }
            if can.enabled {
                refusal = StartError::Unsupported;
            }
        }
        Err(refusal)
    }

    fn admission_request(&self, start: Start, rules: Rules) -> Result<Admit, StartError> {
        let policy = &self.shared.policy;
        let tenant = self.tenant.as_str();
        let budgets = |kind: &str, of: &str, rates: &[Rate]| -> Vec<Budget> {
            // Not `format!`: these are made for each request.
            let key = |rate: &Rate| [tenant, kind, of, &rate.window.as_secs().to_string()].join("/");
            rates.iter().map(|rate| Budget::new(key(rate), *rate)).collect()
        };
        let (mut shared_budgets, mut refusal_budgets) = (Vec::new(), Vec::new());
        let client = start.client.map(ClientKey::from_ip);
        if let Some(client) = &client {
            shared_budgets.extend(budgets("ip", client.as_str(), &policy.sends_per_ip));
            refusal_budgets.extend(budgets("ip-refused", client.as_str(), &policy.refused_per_ip));
        }
        let network = start.client.map(NetworkPrefix::from_ip);
        if let Some(network) = &network {
            shared_budgets.extend(budgets("network", network.as_str(), &policy.sends_per_network));
        }
        shared_budgets.extend(budgets("all", "", &policy.sends_per_tenant));
        Ok(Admit {
            tenant: self.tenant.clone(),
            phone: start.phone,
            purpose: start.purpose,
            own_id: start.own_id,
            client,
            greeting: start.greeting,
            locale: start.locale,
            fresh: Fresh::with_nonce(Nonce::generate()?),
            key: self.shared.keys.current_id().clone(),
            usable_keys: self.shared.keys.ids().cloned().collect(),
            rules,
            phone_rates: policy.sends_per_phone.clone(),
            shared_budgets,
            refusal_budgets,
            idempotency: start
                .idempotency
                .map(|(name, request)| self.shared.hasher.hash(&self.tenant, &name, &request)),
            variables: start.variables,
            network: network.map(String::from),
            replay_only: false,
        })
    }

    /// `begun` is who asked for a new challenge, and when it was made.
    async fn send_and_wait(
        &self,
        view: VerificationView,
        send: LeasedSend,
        begun: Option<(GuardContext, Timestamp)>,
    ) -> Result<Started, StartError> {
        let shared = Arc::clone(&self.shared);
        // A caller that leaves cancels nothing. It ends within the lease.
        let sending = async move {
            let answer = deliver(&shared, &send).await;
            // A code that nobody was sent says nothing about who asked for it.
            let refused = answer.as_ref().is_err_and(|error| !is_unreadable(error));
            if let Some((context, created_at)) = begun.filter(|_| !refused) {
                shared.guard.begun(&context, created_at, shared.clock.now());
            }
            answer
        };
        let sending = Unstoppable::new(sending, &self.shared.sends);
        let delivery = match tokio::time::timeout(self.shared.policy.accept_wait, sending).await {
            Ok(Ok(Ok(state))) => state,
            Ok(Ok(Err(error))) => return Err(StartError::NotSent(error)),
            // It panicked; the worker sends again when the lease ends. What the panic says may hold anything.
            Ok(Err(_payload)) => {
                tracing::error!("a send broke off");
                DeliveryState::Queued
            }
            Err(_still_sending) => DeliveryState::Queued,
        };
        Ok(Started { delivery, ..Started::from_view(view) })
    }
}
