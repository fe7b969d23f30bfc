//! Asking for a code.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use wartel_core::{FullName, Locale, PhoneNumber, Timestamp};
use wartel_messaging::{DeliveryState, markup};

use super::OtpService;
use crate::budget::{Budget, ClientKey, Rate};
use crate::code::Nonce;
use crate::delivery::deliver;
use crate::error::StartError;
use crate::purpose::Purpose;
use crate::store::{Admission, Admit, Fresh, LeasedSend, Refusal};
use crate::verification::{VerificationId, VerificationView};

/// A request for a code. `Debug` shows neither the name nor the address.
#[derive(Clone)]
pub struct Start {
    phone: PhoneNumber,
    purpose: Purpose,
    own_id: Option<VerificationId>,
    client: Option<ClientKey>,
    greeting: Option<String>,
    locale: Locale,
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
        Self { phone, purpose, own_id: None, client: None, greeting: None, locale: Locale::default() }
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
        self.client = Some(ClientKey::from_ip(ip));
        self
    }

    /// The id that the caller has from an earlier request: it is kept, with the checks that it has spent.
    #[must_use]
    pub const fn own_id(mut self, id: Option<VerificationId>) -> Self {
        self.own_id = id;
        self
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
        self.is_sendable(&start.phone)?;
        let request = self.admission_request(start)?;
        let now = self.shared.clock.now();
        match self.shared.store.admit(request, now).await? {
            Admission::Send { view, send } => self.send_and_wait(view, send).await,
            Admission::Refused { reason, until: retry_at } => Err(match reason {
                Refusal::ResendTooSoon => StartError::ResendTooSoon { retry_at },
                Refusal::FailedChecks => StartError::TooManyAttempts { retry_at },
                Refusal::PhoneSends | Refusal::SharedBudget => StartError::RateLimited { retry_at },
            }),
        }
    }

    /// What is refused before anything is counted.
    fn is_sendable(&self, phone: &PhoneNumber) -> Result<(), StartError> {
        let capabilities = self.shared.provider.capabilities();
        if !self.shared.policy.countries.contains(&phone.country()) {
            Err(StartError::UnsupportedCountry)
        } else if !phone.is_mobile() {
            Err(StartError::NotMobile)
        } else if !capabilities.enabled {
            Err(StartError::MessagingDisabled)
        } else if !capabilities.one_time_code {
            Err(StartError::Unsupported)
        } else {
            Ok(())
        }
    }

    fn admission_request(&self, start: Start) -> Result<Admit, StartError> {
        let policy = &self.shared.policy;
        let tenant = self.tenant.as_str();
        let budgets = |kind: &str, of: &str, rates: &[Rate]| -> Vec<Budget> {
            let key = |rate: &Rate| format!("{tenant}/{kind}/{of}/{}", rate.window.as_secs());
            rates.iter().map(|rate| Budget::new(key(rate), *rate)).collect()
        };
        let (mut shared_budgets, mut refusal_budgets) = (Vec::new(), Vec::new());
        if let Some(client) = &start.client {
            shared_budgets.extend(budgets("ip", client.as_str(), &policy.sends_per_ip));
            refusal_budgets.extend(budgets("ip-refused", client.as_str(), &policy.refused_per_ip));
        }
        shared_budgets.extend(budgets("all", "", &policy.sends_per_tenant));
        Ok(Admit {
            tenant: self.tenant.clone(),
            phone: start.phone,
            purpose: start.purpose,
            own_id: start.own_id,
            client: start.client,
            greeting: start.greeting,
            locale: start.locale,
            fresh: Fresh::with_nonce(Nonce::generate()?),
            key: self.shared.keys.current_id().clone(),
            usable_keys: self.shared.keys.ids().cloned().collect(),
            rules: self.shared.rules.clone(),
            phone_rates: policy.sends_per_phone.clone(),
            shared_budgets,
            refusal_budgets,
        })
    }

    async fn send_and_wait(&self, view: VerificationView, send: LeasedSend) -> Result<Started, StartError> {
        let shared = Arc::clone(&self.shared);
        // A task of its own: a caller that leaves cancels nothing. It ends within the lease.
        let sending = self.shared.sends.spawn(async move { deliver(&shared, &send).await });
        let delivery = match tokio::time::timeout(self.shared.policy.accept_wait, sending).await {
            Ok(Ok(Ok(state))) => state,
            Ok(Ok(Err(error))) => return Err(StartError::NotSent(error)),
            // The task died; the worker sends again when the lease ends.
            Ok(Err(died)) => {
                tracing::error!(panicked = died.is_panic(), "a send broke off");
                DeliveryState::Queued
            }
            Err(_still_sending) => DeliveryState::Queued,
        };
        Ok(Started {
            id: view.id,
            phone: view.phone,
            delivery,
            attempts_left: view.attempts_left,
            expires_at: view.expires_at,
            resend_at: view.resend_at,
        })
    }
}
