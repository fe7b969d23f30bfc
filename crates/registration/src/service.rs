//! The sign-up flow.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use wartel_core::{Locale, PhoneNumber};
use wartel_messaging::outbox::{OutboxEntry, OutboxEntryId, OutboxWaker};
use wartel_otp::{OtpService, ProofToken, Purpose};

use crate::error::RegisterError;
use crate::registration::{Registration, RegistrationId};
use crate::store::{Creation, RegistrationStore};
use crate::text::confirmation;
use crate::validate::validate;

/// How long the confirmation is tried to be sent before it is given up.
const CONFIRMATION_EXPIRES: Duration = Duration::from_secs(24 * 3_600);

/// A filled-in form, with the proof of the phone number.
#[derive(Debug, Clone)]
pub struct Register {
    proof: ProofToken,
    phone: Option<PhoneNumber>,
    form: Form,
    locale: Locale,
}

#[derive(Clone)]
struct Form {
    full_name: String,
    email: Option<String>,
    address: Option<String>,
    extra: Map<String, Value>,
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Form")
    }
}

impl Register {
    /// A form with the proof that a right code gave and the person's full name.
    #[must_use]
    pub fn new(proof: impl Into<ProofToken>, full_name: impl Into<String>) -> Self {
        let form = Form { full_name: full_name.into(), email: None, address: None, extra: Map::new() };
        Self { proof: proof.into(), phone: None, form, locale: Locale::default() }
    }

    /// The phone that the proof must be of; any other is refused.
    #[must_use]
    pub fn phone(mut self, phone: Option<PhoneNumber>) -> Self {
        self.phone = phone;
        self
    }

    /// The e-mail address. White space only counts as none.
    #[must_use]
    pub fn email(mut self, email: Option<String>) -> Self {
        self.form.email = email;
        self
    }

    /// The postal address. White space only counts as none.
    #[must_use]
    pub fn address(mut self, address: Option<String>) -> Self {
        self.form.address = address;
        self
    }

    /// Further fields, kept as they are: at most 16 KiB as JSON.
    #[must_use]
    pub fn extra(mut self, extra: Map<String, Value>) -> Self {
        self.form.extra = extra;
        self
    }

    /// The language of the confirmation. Default: Indonesian.
    #[must_use]
    pub const fn locale(mut self, locale: Locale) -> Self {
        self.locale = locale;
        self
    }
}

/// Registers people whose number is proven. Cheap to clone.
#[derive(Debug, Clone)]
pub struct RegistrationService {
    otp: OtpService,
    store: Arc<dyn RegistrationStore>,
    waker: Option<OutboxWaker>,
}

impl RegistrationService {
    /// Registers for the tenant of `otp`, into `store`.
    #[must_use]
    pub fn new(otp: OtpService, store: Arc<dyn RegistrationStore>) -> Self {
        Self { otp, store, waker: None }
    }

    /// Wakes the dispatcher as soon as a confirmation is written, instead of at its next look.
    #[must_use]
    pub fn with_waker(mut self, waker: OutboxWaker) -> Self {
        self.waker = Some(waker);
        self
    }

    /// Registers somebody once.
    ///
    /// # Behavior
    /// - The form is checked before the proof is touched: a refused form leaves the proof unused.
    /// - The proof is redeemed by the registration that it makes, so that a retry after a crash goes on where
    ///   the first try stopped.
    /// - The confirmation is written in the transaction of the registration.
    ///
    /// # Errors
    /// [`RegisterError`] says why nobody was registered.
    pub async fn register(&self, request: Register) -> Result<Registration, RegisterError> {
        let Register { proof, phone, form, locale } = request;
        let valid = validate(&form.full_name, form.email.as_deref(), form.address.as_deref(), &form.extra)
            .map_err(RegisterError::Invalid)?;
        let hash = proof.hash().ok_or(RegisterError::PhoneNotVerified)?;
        let id = RegistrationId::from_proof(&hash);
        let by = format!("registration:{id}");
        let phone = match phone {
            Some(phone) => self.otp.redeem_for(phone, proof, Purpose::REGISTRATION, by).await?,
            None => self.otp.redeem(proof, Purpose::REGISTRATION, by).await?,
        };

        let now = self.otp.clock().now();
        let registration = Registration {
            email: valid.email,
            address: valid.address,
            extra: valid.extra,
            ..Registration::new(id, self.otp.tenant().clone(), phone, valid.full_name.as_str(), now)
        };
        let entry = OutboxEntry::text(
            OutboxEntryId::from_uuid(id.as_uuid()),
            registration.tenant.clone(),
            registration.phone.clone(),
            confirmation(locale, &valid.full_name, self.otp.app_name(), id),
            now + CONFIRMATION_EXPIRES,
        );
        match self.store.create(&registration, &entry).await? {
            Creation::Created => {
                tracing::info!(tenant = %registration.tenant, id = %registration.id, "registered");
                if let Some(waker) = &self.waker {
                    waker.wake();
                }
                Ok(registration)
            }
            Creation::AlreadyRegistered => Err(RegisterError::AlreadyRegistered),
        }
    }
}
