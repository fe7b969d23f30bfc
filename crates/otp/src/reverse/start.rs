//! Asking for a code that the person will send to us.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use wartel_core::{Locale, PhoneNumber, Secret, StoreError, StoreErrorKind, Timestamp};

use super::error::StartReverseError;
use super::{Reverse, text};
use crate::budget::{Budget, ClientKey, Rate};
use crate::code::{Code, Nonce};
use crate::events::{Limit, OtpEvent};
use crate::purpose::Purpose;
use crate::reverse_store::{OpenReverse, ReverseAdmission, ReverseRefusal};
use crate::service::OtpService;
use crate::sightings::Sight;
use crate::verification::VerificationId;

/// A request for a code to be sent to us. `Debug` does not show the address.
#[derive(Clone)]
pub struct ReverseStart {
    phone: PhoneNumber,
    purpose: Purpose,
    own_id: Option<VerificationId>,
    client: Option<ClientKey>,
    locale: Locale,
    our_number: Option<PhoneNumber>,
}

impl fmt::Debug for ReverseStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReverseStart")
            .field("phone", &self.phone)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

impl ReverseStart {
    /// Asks for a code that must come from `phone`.
    #[must_use]
    pub fn new(phone: PhoneNumber, purpose: Purpose) -> Self {
        Self { phone, purpose, own_id: None, client: None, locale: Locale::default(), our_number: None }
    }

    /// The language of the text. Default: Indonesian.
    #[must_use]
    pub const fn locale(mut self, locale: Locale) -> Self {
        self.locale = locale;
        self
    }

    /// The address of the caller. Without it the limits for addresses do not apply.
    #[must_use]
    pub fn client_ip(mut self, ip: IpAddr) -> Self {
        self.client = Some(ClientKey::from_ip(ip));
        self
    }

    /// The id that the caller has from an earlier request: while it waits, its code is shown again.
    #[must_use]
    pub const fn own_id(mut self, id: Option<VerificationId>) -> Self {
        self.own_id = id;
        self
    }

    /// The number that the code is sent to, instead of the engine's: tenants may have numbers of their own.
    #[must_use]
    pub fn our_number(mut self, number: PhoneNumber) -> Self {
        self.our_number = Some(number);
        self
    }
}

/// A code waits to be sent to us. `Debug` shows neither the code nor the id.
#[non_exhaustive]
pub struct ReverseStarted {
    /// By what the caller claims the proof. A capability: for the caller only.
    pub id: VerificationId,
    /// The number that the code must come from.
    pub phone: PhoneNumber,
    /// The code, to be shown to the caller.
    pub code: Code,
    /// The text to be sent, with the code in it.
    pub text: Secret,
    /// A link that opens WhatsApp with the text written to our number, if our number is known.
    pub link: Option<Secret>,
    /// From this instant on the code is dead.
    pub expires_at: Timestamp,
}

impl fmt::Debug for ReverseStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReverseStarted")
            .field("phone", &self.phone)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl OtpService {
    /// Gives a code for the person to send to us over WhatsApp. Sends nothing.
    ///
    /// # Behavior
    /// - Each call gives an id and a code of its own, unless it names its own id that still waits.
    /// - At most 6 verifications of a phone and purpose are open, 2 from one address. Nobody is pushed out of a
    ///   place: strangers with several addresses can delay a new one, never spoil one that is open. Codes that we
    ///   send ([`start`](Self::start)) are not concerned.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use wartel_core::{Country, MasterKey, PhoneNumber};
    /// # use wartel_messaging::testing::FakeProvider;
    /// # use wartel_otp::*;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let store = Arc::new(MemoryOtpStore::new());
    /// let (otp, worker) = OtpService::builder(MasterKey::generate()?).app_name("Toko Budi")
    ///     .provider(Arc::new(FakeProvider::default())).store(store.clone()).reverse_store(store)
    ///     .our_number(PhoneNumber::parse("081234567899", Country::INDONESIA)?).build()?;
    /// # drop(worker);
    /// let phone = PhoneNumber::parse("081234567890", Country::INDONESIA)?;
    /// let started = otp.start_reverse(ReverseStart::new(phone.clone(), Purpose::LOGIN)).await?;
    /// println!("open the link, or send {} to us", started.code.expose().expose());
    ///
    /// // Where webhooks arrive, of a source whose signature was checked:
    /// let message = InboundProof::new(phone, started.text.expose(), InboundTrust::Signed);
    /// assert!(otp.receive(message).await? == Received::Confirmed { id: started.id });
    ///
    /// // Where the person waits:
    /// let Claim::Approved(proof) = otp.claim(started.id).await? else { panic!("not yet") };
    /// let verified = otp.redeem(proof, Purpose::LOGIN, "user-17").await?;
    /// # assert_eq!(verified, started.phone);
    /// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`StartReverseError`]: the limits with the instant to ask again.
    pub async fn start_reverse(&self, start: ReverseStart) -> Result<ReverseStarted, StartReverseError> {
        let reverse = self.shared.reverse.as_ref().ok_or(StartReverseError::NotSetUp)?;
        if !self.shared.policy.countries.contains(&start.phone.country()) {
            return Err(self.told_reverse(&start.phone, StartReverseError::UnsupportedCountry));
        }
        if !start.phone.is_mobile() {
            return Err(self.told_reverse(&start.phone, StartReverseError::NotMobile));
        }
        let request = self.opening(reverse, &start)?;
        let now = self.shared.clock.now();
        let opened = match reverse.store.open_reverse(request, now).await? {
            ReverseAdmission::Opened(opened) => opened,
            ReverseAdmission::Refused { reason, until: retry_at } => {
                let error = match reason {
                    ReverseRefusal::Open => StartReverseError::TooManyOpen { retry_at },
                    ReverseRefusal::SharedBudget => StartReverseError::RateLimited { retry_at },
                };
                return Err(self.told_reverse(&start.phone, error));
            }
        };
        let key = Sight::Key(opened.key.clone());
        if !self.shared.sightings.is_noted(&key, now) {
            let noting = Arc::clone(&self.shared);
            self.shared.sends.spawn(async move { noting.see(key, now).await });
        }
        // The store opens none whose key is not usable.
        let code = self.reverse_code(reverse, &opened).ok_or_else(|| {
            StartReverseError::Store(StoreError::new(StoreErrorKind::Unexpected, "otp.open_reverse"))
        })?;
        let text = text::text(&self.shared.app_name, &code.expose(), start.locale);
        let our_number = start.our_number.as_ref().or(reverse.our_number.as_ref());
        Ok(ReverseStarted {
            id: opened.id,
            phone: opened.phone,
            link: our_number.map(|number| text::link(number, &text)),
            code,
            text,
            expires_at: opened.ends_at,
        })
    }

    /// Every refusal is an event.
    fn told_reverse(&self, phone: &PhoneNumber, error: StartReverseError) -> StartReverseError {
        let (limit, until) = match &error {
            StartReverseError::UnsupportedCountry => (Limit::Country, None),
            StartReverseError::NotMobile => (Limit::NumberKind, None),
            StartReverseError::TooManyOpen { retry_at } => (Limit::OpenVerifications, Some(*retry_at)),
            StartReverseError::RateLimited { retry_at } => (Limit::SharedBudget, Some(*retry_at)),
            StartReverseError::NotSetUp
            | StartReverseError::Store(_)
            | StartReverseError::NoRandomness(_) => {
                return error;
            }
        };
        self.shared.events.record(&OtpEvent::refused(&self.tenant, phone, limit, until));
        error
    }

    fn opening(&self, reverse: &Reverse, start: &ReverseStart) -> Result<OpenReverse, StartReverseError> {
        let tenant = self.tenant.as_str();
        let budgets = |kind: &str, of: &str, rates: &[Rate]| -> Vec<Budget> {
            let key = |rate: &Rate| format!("{tenant}/{kind}/{of}/{}", rate.window.as_secs());
            rates.iter().map(|rate| Budget::new(key(rate), *rate)).collect()
        };
        let mut shared_budgets = Vec::new();
        if let Some(client) = &start.client {
            shared_budgets.extend(budgets("ip-reverse", client.as_str(), &reverse.policy.starts_per_client));
        }
        shared_budgets.extend(budgets("all-reverse", "", &reverse.policy.starts_per_tenant));
        Ok(OpenReverse {
            tenant: self.tenant.clone(),
            phone: start.phone.clone(),
            purpose: start.purpose.clone(),
            own_id: start.own_id,
            client: start.client.clone(),
            id: VerificationId::random(),
            nonce: Nonce::generate()?,
            key: reverse.keys.current_id().clone(),
            usable_keys: reverse.keys.ids().cloned().collect(),
            rules: reverse.rules.clone(),
            shared_budgets,
        })
    }
}
