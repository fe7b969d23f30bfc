//! Checking a code.

use std::net::IpAddr;

use wartel_core::{PhoneNumber, StoreError, StoreErrorKind, Timestamp};

use super::OtpService;
use crate::budget::ClientKey;
use crate::code::TypedCode;
use crate::error::CheckError;
use crate::events::{Limit, OtpEvent};
use crate::guard::{GuardContext, NetworkPrefix};
use crate::proof::Proof;
use crate::purpose::Purpose;
use crate::store::{Attempt, AttemptOutcome, LiveChallenge, Snapshot, Target};
use crate::verification::VerificationId;

/// How often a check reads again when the challenge changed between reading and checking. A challenge changes
/// at most once in a resend wait, so a second time is rare and a third is a store that answers nonsense.
const READS: usize = 4;

/// What a check is aimed at: a verification, or a phone and a purpose, for clients that keep no id.
#[derive(Debug, Clone)]
pub struct CheckTarget {
    target: Target,
    phone: Option<PhoneNumber>,
}

impl CheckTarget {
    /// The caller's own verification.
    #[must_use]
    pub const fn id(id: VerificationId) -> Self {
        Self { target: Target::Id(id), phone: None }
    }

    /// A phone and a purpose, for callers without an id. Their checks count as those of the id that was
    /// asked for from the same address; from elsewhere they use what nobody has reserved.
    #[must_use]
    pub const fn phone(phone: PhoneNumber, purpose: Purpose) -> Self {
        Self { target: Target::Phone { phone, purpose, client: None }, phone: None }
    }

    /// The phone that the verification must be of: with any other there is no active code.
    #[must_use]
    pub fn with_phone(mut self, phone: PhoneNumber) -> Self {
        self.phone = Some(phone);
        self
    }

    /// The address of the caller.
    #[must_use]
    pub fn client_ip(mut self, ip: IpAddr) -> Self {
        if let Target::Phone { client, .. } = &mut self.target {
            *client = Some(ClientKey::from_ip(ip));
        }
        self
    }
}

impl From<VerificationId> for CheckTarget {
    fn from(id: VerificationId) -> Self {
        Self::id(id)
    }
}

/// What a check bought.
#[derive(Debug, Clone)]
pub enum Check {
    /// The right code. The proof is shown once, here.
    Approved(Proof),
    /// A wrong code.
    Wrong {
        /// How many checks are left.
        attempts_left: u32,
    },
    /// Unknown, expired, used or cancelled: one answer for all.
    NoActiveCode,
    /// No checks are left.
    Locked {
        /// From when on a new code may be asked for.
        until: Timestamp,
    },
}

impl OtpService {
    /// Spends one check.
    ///
    /// # Behavior
    /// - Two racing right codes give one [`Check::Approved`].
    /// - The store counts before anybody learns the verdict.
    ///
    /// # Errors
    /// [`CheckError::Malformed`] if what was typed is not a code: nothing is spent on it. [`CheckError::Store`]
    /// if the store could not answer.
    pub async fn check(&self, target: impl Into<CheckTarget>, code: &str) -> Result<Check, CheckError> {
        let CheckTarget { target, phone } = target.into();
        let typed = TypedCode::parse(code, self.shared.policy.length)?;
        let (token, proof_hash) = Proof::generate()?;
        for _ in 0..READS {
            let now = self.shared.clock.now();
            let Some(snapshot) = self.shared.store.get(&self.tenant, &target, now).await? else {
                return Ok(Check::NoActiveCode);
            };
            if !is_of(&snapshot, phone.as_ref()) {
                return Ok(Check::NoActiveCode);
            }
            let verdict = snapshot.live.as_ref().map(|live| self.compare(live, &typed, now));
            if verdict == Some(None) {
                // Its key was dropped: nobody can know the code. Nothing is counted.
                return Ok(Check::NoActiveCode);
            }
            let (live, of) = match snapshot.live {
                Some(live) => (Some(live.id), Some(live)),
                None => (None, None),
            };
            let attempt = Attempt {
                tenant: self.tenant.clone(),
                target: target.clone(),
                challenge: live,
                matched: verdict.flatten().unwrap_or(false),
                proof_hash: proof_hash.clone(),
                rules: self.shared.rules.clone(),
            };
            let outcome = self.shared.store.attempt(attempt, now).await?;
            if matches!(outcome, AttemptOutcome::Approved { .. } | AttemptOutcome::Mismatch { .. }) {
                self.tell_change();
            }
            return Ok(match outcome {
                AttemptOutcome::Approved { proof_expires_at } => {
                    if let Some(live) = of {
                        self.count_verified(live);
                    }
                    Check::Approved(Proof::new(token, proof_expires_at))
                }
                AttemptOutcome::Mismatch { attempts_left } => Check::Wrong { attempts_left },
                AttemptOutcome::Locked { until } => {
                    if let Some(phone) = snapshot.view.map(|view| view.phone).or(of.map(|live| live.phone)) {
                        let event = OtpEvent::refused(&self.tenant, &phone, Limit::Checks, Some(until));
                        self.shared.events.record(&event);
                    }
                    Check::Locked { until }
                }
                AttemptOutcome::NoActiveCode => Check::NoActiveCode,
                AttemptOutcome::Stale => continue,
            });
        }
        Err(StoreError::new(StoreErrorKind::Unexpected, "otp.attempt").into())
    }

    /// The guard against pumping counts what is used.
    fn count_verified(&self, live: LiveChallenge) {
        let network = live.network.as_deref().and_then(NetworkPrefix::from_stored);
        let context = GuardContext::new(self.tenant.clone(), live.phone).network(network);
        self.shared.guard.done(&context, live.created_at, self.shared.clock.now());
    }

    /// Whether `typed` is the code of a challenge; `None` if its key is not known any more.
    fn compare(&self, live: &LiveChallenge, typed: &TypedCode, now: Timestamp) -> Option<bool> {
        let shared = &self.shared;
        if let Some(code) = shared.test_numbers.code_of(&live.phone, now) {
            return Some(code.matches(typed));
        }
        let length = shared.policy.length;
        let code =
            shared.keys.derive(&live.key, &self.tenant, &live.purpose, &live.phone, &live.nonce, length)?;
        Some(code.matches(typed))
    }
}

fn is_of(snapshot: &Snapshot, phone: Option<&PhoneNumber>) -> bool {
    let of =
        snapshot.view.as_ref().map(|view| &view.phone).or(snapshot.live.as_ref().map(|live| &live.phone));
    phone.is_none_or(|expected| of == Some(expected))
}
