//! Requests to a store, with the numbers of the default policy and made-up phones and addresses.
#![expect(clippy::panic, reason = "a wrong number in a test is a mistake of the test")]

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use wartel_core::{Country, KeyId, Locale, PhoneNumber, TenantId, Timestamp};
use wartel_messaging::{DeliveryReceipt, DeliveryState, ProviderMessageId, ReceiptKey};

use crate::budget::{Budget, ClientKey, Rate};
use crate::code::Nonce;
use crate::policy::OtpPolicy;
use crate::proof::ProofHash;
use crate::purpose::Purpose;
use crate::store::{Admit, Attempt, FallbackRule, Fresh, Idempotency, Redeem, Rules, Target};
use crate::verification::{ChallengeId, VerificationId};

/// 2026-01-01T00:00:00Z, when the tests begin.
pub const T0: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

/// A made-up phone number, `+6281234567890`.
#[must_use]
pub fn sample_phone() -> PhoneNumber {
    phone_number(67_890)
}

/// A made-up mobile number for each `n` below 100,000.
#[must_use]
pub fn phone_number(n: u32) -> PhoneNumber {
    match PhoneNumber::parse(&format!("0812345{:05}", n % 100_000), Country::INDONESIA) {
        Ok(phone) => phone,
        Err(error) => panic!("a test uses a number that is none: {error}"),
    }
}

/// The address of a client: one of 203.0.113.0/24, which is kept for documentation (RFC 5737).
#[must_use]
pub fn client(n: u8) -> ClientKey {
    ClientKey::from_ip(IpAddr::V4(Ipv4Addr::new(203, 0, 113, n)))
}

/// The rules of the default policy.
#[must_use]
pub fn default_rules() -> Rules {
    OtpPolicy::default().rules()
}

/// Begins a request for a code for `phone`: registration, default tenant and policy, no client, and no budget that
/// others share.
#[must_use]
pub fn admit_for(phone: &PhoneNumber) -> AdmitBuilder {
    let policy = OtpPolicy::default();
    let key = KeyId::from_stored("00000000000000a1");
    AdmitBuilder(Admit {
        tenant: TenantId::default(),
        phone: phone.clone(),
        purpose: Purpose::REGISTRATION,
        own_id: None,
        client: None,
        greeting: None,
        locale: Locale::Id,
        fresh: fresh(),
        key: key.clone(),
        usable_keys: vec![key],
        rules: policy.rules(),
        phone_rates: policy.sends_per_phone,
        shared_budgets: Vec::new(),
        refusal_budgets: Vec::new(),
        idempotency: None,
        variables: BTreeMap::new(),
        network: None,
        replay_only: false,
    })
}

fn fresh() -> Fresh {
    Fresh::with_nonce(Nonce::from_bytes(uuid::Uuid::new_v4().into_bytes()))
}

/// Makes [`Admit`] requests. Each [`build`](Self::build) has ids and a nonce of its own.
#[derive(Debug, Clone)]
pub struct AdmitBuilder(Admit);

impl AdmitBuilder {
    /// For another tenant than `default`.
    #[must_use]
    pub fn tenant(mut self, tenant: &TenantId) -> Self {
        self.0.tenant = tenant.clone();
        self
    }

    /// For another purpose than registration.
    #[must_use]
    pub fn purpose(mut self, purpose: Purpose) -> Self {
        self.0.purpose = purpose;
        self
    }

    /// With the id of an earlier request.
    #[must_use]
    pub fn own_id(mut self, id: VerificationId) -> Self {
        self.0.own_id = Some(id);
        self
    }

    /// From an address.
    #[must_use]
    pub fn client(mut self, client: ClientKey) -> Self {
        self.0.client = Some(client);
        self
    }

    /// With a name to be greeted, and a language.
    #[must_use]
    pub fn greeting(mut self, name: &str, locale: Locale) -> Self {
        self.0.greeting = Some(name.to_owned());
        self.0.locale = locale;
        self
    }

    /// With changed rules.
    #[must_use]
    pub fn rules(mut self, change: impl FnOnce(&mut Rules)) -> Self {
        change(&mut self.0.rules);
        self
    }

    /// With waits of one second, and no budget of sends: for tests of other limits.
    #[must_use]
    pub fn quick(mut self) -> Self {
        self.0.rules.waits = vec![Duration::from_secs(1)];
        self.0.phone_rates.clear();
        self
    }

    /// With other budgets of the phone's sends.
    #[must_use]
    pub fn phone_rates(mut self, rates: impl Into<Vec<Rate>>) -> Self {
        self.0.phone_rates = rates.into();
        self
    }

    /// With budgets that others share.
    #[must_use]
    pub fn shared(mut self, budgets: impl Into<Vec<Budget>>) -> Self {
        self.0.shared_budgets = budgets.into();
        self
    }

    /// With further channels, each tried when the one before it did not come far enough.
    #[must_use]
    pub fn fallbacks(mut self, fallbacks: impl Into<Vec<FallbackRule>>) -> Self {
        self.0.rules.fallbacks = fallbacks.into();
        self
    }

    /// With an idempotency key and what it stands for, for a day.
    #[must_use]
    pub fn idempotency(mut self, key: &str, body: &str) -> Self {
        let day = Duration::from_secs(86_400);
        self.0.idempotency = Some(Idempotency::new(key, vec![body.to_owned()], day));
        self
    }

    /// With budgets that a certainly refused send is charged to.
    #[must_use]
    pub fn refusals(mut self, budgets: impl Into<Vec<Budget>>) -> Self {
        self.0.refusal_budgets = budgets.into();
        self
    }

    /// With `current` as the key of new codes, and codes of `older` keys still holding.
    #[must_use]
    pub fn keys(mut self, current: &str, older: &[&str]) -> Self {
        let keys = std::iter::once(&current).chain(older).map(|key| KeyId::from_stored(*key));
        self.0.usable_keys = keys.collect();
        self.0.key = KeyId::from_stored(current);
        self
    }

    /// A request, with fresh ids and a fresh nonce.
    #[must_use]
    pub fn build(&self) -> Admit {
        Admit { fresh: fresh(), ..self.0.clone() }
    }
}

/// One check of `target` in the default tenant, with the default rules and a proof of its own.
#[must_use]
pub fn attempt(target: Target, challenge: Option<ChallengeId>, matched: bool) -> Attempt {
    Attempt::new(TenantId::default(), target, challenge, matched, proof_hash(), default_rules())
}

/// The phone and purpose, as clients that keep no id check them.
#[must_use]
pub fn by_phone(phone: &PhoneNumber, purpose: Purpose, client: Option<ClientKey>) -> Target {
    Target::Phone { phone: phone.clone(), purpose, client }
}

/// A hash that no other proof has.
#[must_use]
pub fn proof_hash() -> ProofHash {
    let half = || uuid::Uuid::new_v4().simple();
    ProofHash::from_stored(format!("{}{}", half(), half()))
}

/// Redeems a proof in the default tenant for registration; `by` owns it.
#[must_use]
pub fn redeem(proof: &ProofHash, by: &str) -> Redeem {
    Redeem {
        tenant: TenantId::default(),
        proof: proof.clone(),
        purpose: Purpose::REGISTRATION,
        phone: None,
        by: by.to_owned(),
    }
}

/// A receipt of a provider that names its message by one id or both.
#[must_use]
pub fn receipt(
    provider: &str,
    message_id: Option<&str>,
    state_id: Option<&str>,
    state: DeliveryState,
) -> DeliveryReceipt {
    let key = ReceiptKey::new(message_id.map(ProviderMessageId::new), state_id.map(ProviderMessageId::new));
    match key {
        Some(key) => DeliveryReceipt::new(provider, key, state),
        None => panic!("a receipt names its message"),
    }
}
