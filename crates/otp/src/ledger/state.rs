//! What is kept of one phone.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wartel_core::{KeyId, Locale, PhoneNumber, Timestamp};
use wartel_messaging::{DeliveryState, ProviderMessageId};

use super::locator::Locator;
use super::reverse::Reverse;
use crate::budget::{Budget, ClientKey, Rate};
use crate::code::Nonce;
use crate::proof::ProofHash;
use crate::purpose::Purpose;
use crate::store::{LiveChallenge, Rules, Snapshot, Target};
use crate::verification::{ChallengeId, SendId, VerificationId, VerificationState, VerificationView};

/// Everything that is kept of one (tenant, phone): challenges, verifications, proofs and counters.
///
/// Serialises to a document without the phone number, the code or anything that the code can be found from
/// without the key. Fields that a later version adds have defaults. Each step reads and writes the whole document, so
/// its names are short and it has nothing in it that is as it is by default.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PhoneLedger {
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) challenges: Vec<Challenge>,
    #[serde(rename = "v", default, skip_serializing_if = "is_default")]
    pub(super) verifications: Vec<Verification>,
    #[serde(rename = "o", default, skip_serializing_if = "is_default")]
    pub(super) proofs: Vec<ProofRecord>,
    #[serde(rename = "s", default, skip_serializing_if = "is_default")]
    pub(super) sends: SendCounter,
    #[serde(rename = "p", default, skip_serializing_if = "is_default")]
    pub(super) pace: Pace,
    #[serde(rename = "f", default, skip_serializing_if = "is_default")]
    pub(super) failures: Failures,
    #[serde(rename = "r", default, skip_serializing_if = "is_default")]
    pub(super) reverse: Vec<Reverse>,
}

/// The one live code of a purpose, or one that was.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Challenge {
    #[serde(rename = "i")]
    pub(super) id: ChallengeId,
    #[serde(rename = "p")]
    pub(super) purpose: Purpose,
    pub(super) nonce: Nonce,
    pub(super) key: KeyId,
    #[serde(rename = "c")]
    pub(super) created_at: Timestamp,
    #[serde(rename = "x")]
    pub(super) expires_at: Timestamp,
    #[serde(rename = "e", default, skip_serializing_if = "is_default")]
    pub(super) ended_at: Option<Timestamp>,
    #[serde(rename = "f", default, skip_serializing_if = "is_default")]
    pub(super) failed_without_id: u32,
    #[serde(rename = "r", with = "span")]
    pub(super) retention: Duration,
    #[serde(rename = "s")]
    pub(super) sends: Vec<Send>,
    /// From which network it was asked for first.
    #[serde(rename = "w", default, skip_serializing_if = "is_default")]
    pub(super) network: Option<String>,
}

/// One message with the code over one channel, from the wish to the last receipt.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Send {
    #[serde(rename = "i")]
    pub(super) id: SendId,
    #[serde(rename = "v")]
    pub(super) asked_by: VerificationId,
    /// Which channel, counted from 0. The messages of one send over several channels share its id.
    #[serde(rename = "h", default, skip_serializing_if = "is_default")]
    pub(super) channel: u32,
    /// When the next channel is tried if this one has not come far enough; `None` if never.
    #[serde(rename = "b", default, skip_serializing_if = "is_default")]
    pub(super) fall_back_at: Option<Timestamp>,
    /// Certainly not taken by the provider.
    #[serde(rename = "r", default, skip_serializing_if = "is_default")]
    pub(super) refused: bool,
    #[serde(rename = "a")]
    pub(super) asked_at: Timestamp,
    #[serde(rename = "s")]
    pub(super) state: DeliveryState,
    #[serde(rename = "f")]
    pub(super) fence: u32,
    #[serde(rename = "t")]
    pub(super) tries: u32,
    #[serde(rename = "l", default, skip_serializing_if = "is_default")]
    pub(super) lease_until: Option<Timestamp>,
    #[serde(rename = "p", default, skip_serializing_if = "is_default")]
    pub(super) provider: Option<String>,
    #[serde(rename = "m", default, skip_serializing_if = "is_default")]
    pub(super) message_id: Option<ProviderMessageId>,
    #[serde(rename = "d", default, skip_serializing_if = "is_default")]
    pub(super) state_id: Option<ProviderMessageId>,
    /// The pace before this send, given back if the send is certainly refused.
    #[serde(rename = "w", default, skip_serializing_if = "is_default")]
    pub(super) pace_before: Pace,
    /// Budgets in which a refusal of this send has its place kept, and the instant under which it is counted.
    #[serde(rename = "k", default, skip_serializing_if = "is_default")]
    pub(super) reserved: Vec<Reservation>,
}

/// A place in a budget, kept for what may come of a send.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "(String, u32, u64, Timestamp)", into = "(String, u32, u64, Timestamp)")]
pub(super) struct Reservation {
    pub(super) budget: Budget,
    pub(super) at: Timestamp,
}

impl From<(String, u32, u64, Timestamp)> for Reservation {
    fn from((key, max, window, at): (String, u32, u64, Timestamp)) -> Self {
        Self { budget: Budget::new(key, Rate::new(max, Duration::from_micros(window))), at }
    }
}

impl From<Reservation> for (String, u32, u64, Timestamp) {
    fn from(reservation: Reservation) -> Self {
        let Budget { key, rate } = reservation.budget;
        (key, rate.max, span::micros(rate.window), reservation.at)
    }
}

/// One caller's handle on a challenge.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Verification {
    #[serde(rename = "i")]
    pub(super) id: VerificationId,
    #[serde(rename = "c")]
    pub(super) challenge: ChallengeId,
    #[serde(rename = "a", default, skip_serializing_if = "is_default")]
    pub(super) client: Option<ClientKey>,
    #[serde(rename = "g", default, skip_serializing_if = "is_default")]
    pub(super) greeting: Option<String>,
    #[serde(rename = "l")]
    pub(super) locale: Locale,
    #[serde(rename = "n")]
    pub(super) checks: u32,
    #[serde(rename = "s", default, skip_serializing_if = "is_default")]
    pub(super) spent: u32,
    #[serde(rename = "x", default, skip_serializing_if = "is_default")]
    pub(super) cancelled: bool,
    #[serde(rename = "o", default, skip_serializing_if = "is_default")]
    pub(super) approved: bool,
    /// What the message may say beside the code.
    #[serde(rename = "v", default, skip_serializing_if = "is_default")]
    pub(super) variables: BTreeMap<String, String>,
    /// The requests that came with an idempotency key.
    #[serde(rename = "k", default, skip_serializing_if = "is_default")]
    pub(super) keyed: Vec<KeyedRequest>,
}

/// A request that came with an idempotency key, and what was answered to it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct KeyedRequest {
    #[serde(rename = "k")]
    pub(super) key: String,
    #[serde(rename = "b")]
    pub(super) body: String,
    #[serde(rename = "s")]
    pub(super) send: SendId,
    #[serde(rename = "x")]
    pub(super) expires_at: Timestamp,
    #[serde(rename = "r")]
    pub(super) resend_at: Timestamp,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ProofRecord {
    #[serde(rename = "h")]
    pub(super) hash: ProofHash,
    #[serde(rename = "p")]
    pub(super) purpose: Purpose,
    #[serde(rename = "x")]
    pub(super) expires_at: Timestamp,
    #[serde(rename = "r", default, skip_serializing_if = "is_default")]
    pub(super) redeemed_by: Option<String>,
}

/// When codes were sent to this phone.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct SendCounter {
    #[serde(rename = "a", default, skip_serializing_if = "is_default")]
    pub(super) at: Vec<Timestamp>,
    #[serde(rename = "k", default, skip_serializing_if = "is_default")]
    pub(super) kept_until: Timestamp,
}

/// How fast codes may be asked for.
#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Pace {
    #[serde(rename = "s", default, skip_serializing_if = "is_default")]
    pub(super) streak: u32,
    #[serde(rename = "l", default, skip_serializing_if = "is_default")]
    pub(super) last_at: Option<Timestamp>,
    #[serde(rename = "n", default, skip_serializing_if = "is_default")]
    pub(super) next_at: Timestamp,
}

/// Failed checks of this phone, over all purposes.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Failures {
    #[serde(rename = "a", default, skip_serializing_if = "is_default")]
    pub(super) at: Vec<Timestamp>,
    #[serde(rename = "r", default, skip_serializing_if = "is_default")]
    pub(super) in_row: u32,
    #[serde(rename = "l", default, skip_serializing_if = "is_default")]
    pub(super) last_at: Option<Timestamp>,
    #[serde(rename = "k", default, skip_serializing_if = "is_default")]
    pub(super) kept_until: Timestamp,
}

/// What is as it is by default is not written.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Spans as whole microseconds.
mod span {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(super) fn micros(span: Duration) -> u64 {
        u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
    }

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
    pub(super) fn serialize<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
        micros(*span).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_micros)
    }
}

impl Challenge {
    pub(super) fn is_live(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.expires_at
    }

    /// When it ended or will end by itself.
    pub(super) fn end(&self) -> Timestamp {
        self.ended_at.map_or(self.expires_at, |ended| ended.min(self.expires_at))
    }

    pub(super) fn purge_at(&self) -> Timestamp {
        self.end() + self.retention
    }

    pub(super) fn locators(&self) -> impl Iterator<Item = Locator> {
        self.sends.iter().flat_map(Send::locators)
    }
}

impl Send {
    /// The locators by which receipts find it.
    pub(super) fn locators(&self) -> Vec<Locator> {
        let Some(provider) = self.provider.as_deref() else { return Vec::new() };
        let message = self.message_id.as_ref().map(|id| Locator::message(provider, id));
        let state = self.state_id.as_ref().map(|id| Locator::state_id(provider, id));
        message.into_iter().chain(state).collect()
    }
}

impl Send {
    /// When the worker has to look at it.
    pub(super) fn due_at(&self) -> Option<Timestamp> {
        match (self.lease_until, self.fall_back_at) {
            (Some(lease), Some(deadline)) => Some(lease.min(deadline)),
            (lease, deadline) => lease.or(deadline),
        }
    }
}

impl Challenge {
    /// How far a send came, over whatever channel: one that failed counts only if no other one took it.
    pub(super) fn delivery_of(&self, id: SendId) -> DeliveryState {
        let over = || self.sends.iter().filter(|send| send.id == id).map(|send| send.state);
        let elsewhere = over().filter(|state| *state != DeliveryState::Failed).max();
        elsewhere.or_else(|| over().max()).unwrap_or(DeliveryState::Queued)
    }
}

impl Verification {
    /// Spent without success. A locked id stays locked.
    pub(super) const fn is_locked(&self) -> bool {
        !self.approved && self.spent >= self.checks
    }

    pub(super) const fn attempts_left(&self) -> u32 {
        self.checks.saturating_sub(self.spent)
    }
}

impl Failures {
    /// Failed checks in the window that ends now.
    pub(super) fn in_window(&self, window: Duration, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        self.at.iter().copied().filter(move |at| *at + window > now)
    }

    pub(super) fn count(&mut self, rules: &Rules, now: Timestamp) {
        let window = rules.failed.window;
        self.at.retain(|at| *at + window > now);
        self.at.push(now);
        self.in_row = self.in_row(rules, now).saturating_add(1);
        self.last_at = Some(now);
        self.kept_until = now + window.max(rules.failed_in_row_ttl);
    }

    pub(super) fn in_row(&self, rules: &Rules, now: Timestamp) -> u32 {
        let forgotten = self.last_at.is_none_or(|last| last + rules.failed_in_row_ttl <= now);
        if forgotten { 0 } else { self.in_row }
    }
}

impl PhoneLedger {
    /// When the worker has to look at this phone: a lease lapses. `None` if nothing is being sent.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        self.challenges.iter().flat_map(|challenge| &challenge.sends).filter_map(Send::due_at).min()
    }

    /// When something of this phone can be deleted; a store calls [`steps::purge`](super::steps::purge)
    /// from then on.
    #[must_use]
    pub fn purge_at(&self) -> Timestamp {
        let proofs = self.proofs.iter().map(|proof| proof.expires_at).max().unwrap_or_default();
        let counters = self.sends.kept_until.max(self.failures.kept_until).max(proofs);
        let reverse = self.reverse.iter().map(Reverse::purge_at);
        self.challenges.iter().map(Challenge::purge_at).chain(reverse).min().unwrap_or(counters)
    }

    /// When the last part of it can be deleted, and so all of it: failed checks count long after the code is gone.
    #[must_use]
    pub fn kept_until(&self) -> Timestamp {
        let challenges = self.challenges.iter().map(Challenge::purge_at);
        let proofs = self.proofs.iter().map(|proof| proof.expires_at);
        let parts = challenges.chain(proofs).chain(self.reverse.iter().map(Reverse::purge_at));
        parts.fold(self.sends.kept_until.max(self.failures.kept_until), Timestamp::max)
    }

    /// Whether nothing is left that a store has to keep.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn live(&self, purpose: &Purpose, now: Timestamp) -> Option<&Challenge> {
        self.challenges.iter().find(|c| c.purpose == *purpose && c.is_live(now))
    }

    pub(super) fn challenge(&self, id: ChallengeId) -> Option<&Challenge> {
        self.challenges.iter().find(|challenge| challenge.id == id)
    }

    pub(super) fn challenge_mut(&mut self, id: ChallengeId) -> Option<&mut Challenge> {
        self.challenges.iter_mut().find(|challenge| challenge.id == id)
    }

    pub(super) fn verification(&self, id: VerificationId) -> Option<&Verification> {
        self.verifications.iter().find(|verification| verification.id == id)
    }

    pub(super) fn verification_mut(&mut self, id: VerificationId) -> Option<&mut Verification> {
        self.verifications.iter_mut().find(|verification| verification.id == id)
    }

    pub(super) fn is_pending(&self, verification: &Verification, now: Timestamp) -> bool {
        !verification.cancelled
            && !verification.approved
            && !verification.is_locked()
            && self.challenge(verification.challenge).is_some_and(|challenge| challenge.is_live(now))
    }

    /// The pending ids and, for each, the checks that are reserved for it and until when.
    pub(super) fn reservations(&self, now: Timestamp) -> impl Iterator<Item = (u32, Timestamp)> {
        self.verifications.iter().filter(move |v| self.is_pending(v, now)).filter_map(|verification| {
            let challenge = self.challenge(verification.challenge)?;
            Some((verification.attempts_left(), challenge.expires_at))
        })
    }

    /// Whether `need` more checks fit into the budget of failed checks, beside those that are reserved.
    ///
    /// # Errors
    /// The instant at which they will fit, if nobody fails until then.
    pub(super) fn room_for(&self, need: u32, rules: &Rules, now: Timestamp) -> Result<(), Timestamp> {
        let window = rules.failed.window;
        let reserved: Vec<(u32, Timestamp)> = self.reservations(now).collect();
        let returns = || reserved.iter().flat_map(|(checks, at)| (0..*checks).map(move |_| *at));

        let in_window = self.failures.in_window(window, now).map(|at| at + window);
        let by_window = fits(in_window.chain(returns()).collect(), rules.failed.max, need, now);

        let in_row = self.failures.in_row(rules, now);
        let forgotten_at = self.failures.last_at.map_or(now, |last| last + rules.failed_in_row_ttl);
        let rows = (0..in_row).map(|_| forgotten_at);
        let by_row = fits(rows.chain(returns()).collect(), rules.failed_in_row, need, now);

        let until = by_window.max(by_row);
        if until <= now { Ok(()) } else { Err(until) }
    }

    pub(super) fn view(
        &self,
        id: VerificationId,
        phone: &PhoneNumber,
        now: Timestamp,
    ) -> Option<VerificationView> {
        let verification = self.verification(id)?;
        let challenge = self.challenge(verification.challenge)?;
        let state = if verification.approved {
            VerificationState::Approved
        } else if verification.cancelled {
            VerificationState::Cancelled
        } else if verification.is_locked() {
            VerificationState::Locked
        } else if challenge.is_live(now) {
            VerificationState::Pending
        } else {
            VerificationState::Expired
        };
        let asked = challenge.sends.iter().filter(|send| send.asked_by == id);
        Some(VerificationView {
            id,
            phone: phone.clone(),
            purpose: challenge.purpose.clone(),
            state,
            delivery: asked.map(|send| challenge.delivery_of(send.id)).max().unwrap_or(DeliveryState::Queued),
            attempts_left: verification.attempts_left(),
            expires_at: challenge.end(),
            resend_at: self.pace.next_at.max(challenge.created_at),
        })
    }

    /// What the engine needs to compare a code.
    pub(super) fn snapshot(&self, target: &Target, phone: &PhoneNumber, now: Timestamp) -> Option<Snapshot> {
        if let Target::Id(id) = target
            && let Some(view) = self.reverse_view(*id, phone, now)
        {
            return Some(Snapshot { view: Some(view), live: None });
        }
        let (id, live) = match target {
            Target::Id(id) => {
                let verification = self.verification(*id)?;
                let pending = self.is_pending(verification, now);
                (Some(*id), self.challenge(verification.challenge).filter(|_| pending))
            }
            Target::Phone { purpose, client, .. } => {
                let live = self.live(purpose, now);
                (self.own(purpose, client.as_ref(), now).map(|own| own.id), live)
            }
        };
        let live = live.map(|challenge| LiveChallenge {
            id: challenge.id,
            phone: phone.clone(),
            purpose: challenge.purpose.clone(),
            nonce: challenge.nonce,
            key: challenge.key.clone(),
            created_at: challenge.created_at,
            network: challenge.network.clone(),
        });
        let view = id.and_then(|id| self.view(id, phone, now));
        (view.is_some() || live.is_some()).then_some(Snapshot { view, live })
    }

    /// The verification that was asked for from `client`: of the live challenge, or else a locked one whose
    /// code would still be valid.
    pub(super) fn own(
        &self,
        purpose: &Purpose,
        client: Option<&ClientKey>,
        now: Timestamp,
    ) -> Option<&Verification> {
        let client = client?;
        let live = self.live(purpose, now).map(|challenge| challenge.id);
        self.verifications.iter().rev().filter(|v| v.client.as_ref() == Some(client)).find(|verification| {
            let Some(challenge) = self.challenge(verification.challenge) else { return false };
            match live {
                Some(live) => challenge.id == live,
                None => {
                    challenge.purpose == *purpose && verification.is_locked() && now < challenge.expires_at
                }
            }
        })
    }

    /// Ends a challenge if none of its ids is pending any more.
    pub(super) fn end_if_nobody_waits(&mut self, id: ChallengeId, now: Timestamp) {
        let waits = self.verifications.iter().any(|v| v.challenge == id && self.is_pending(v, now));
        if !waits && let Some(challenge) = self.challenge_mut(id) {
            challenge.ended_at.get_or_insert(now);
        }
    }
}

/// When `need` more fit under `max`, given the instants at which the present ones go: `now` if they do already.
fn fits(mut go_at: Vec<Timestamp>, max: u32, need: u32, now: Timestamp) -> Timestamp {
    let present = u32::try_from(go_at.len()).unwrap_or(u32::MAX);
    let surplus = present.saturating_add(need).saturating_sub(max);
    let Some(last) = usize::try_from(surplus).unwrap_or(usize::MAX).checked_sub(1) else { return now };
    go_at.sort_unstable();
    go_at.get(last).copied().unwrap_or(Timestamp::MAX)
}

impl fmt::Debug for PhoneLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PhoneLedger")
            .field("challenges", &self.challenges.len())
            .field("verifications", &self.verifications.len())
            .field("proofs", &self.proofs.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The last part decides, whichever it is: a microsecond before its end something is left, then nothing.
    #[test]
    fn a_ledger_is_kept_until_its_last_part_is_over() {
        let at = |seconds| Timestamp::EPOCH + Duration::from_secs(seconds);
        for (sends, failures, proof, last) in
            [(1, 0, 0, 1), (3, 2, 1, 3), (2, 30, 1, 30), (1, 2, 7, 7), (4, 4, 4, 4)]
        {
            let sends = SendCounter { at: vec![at(0)], kept_until: at(sends) };
            let mut ledger = PhoneLedger { sends, ..PhoneLedger::default() };
            ledger.failures.kept_until = at(failures);
            if proof > 0 {
                ledger.proofs.push(ProofRecord {
                    hash: ProofHash::from_stored("proof"),
                    purpose: Purpose::REGISTRATION,
                    expires_at: at(proof),
                    redeemed_by: None,
                });
            }
            assert_eq!(ledger.kept_until(), at(last));
            ledger.purge(at(last) - Duration::from_micros(1));
            assert!(!ledger.is_empty(), "{last}");
            ledger.purge(at(last));
            assert!(ledger.is_empty(), "{last}");
        }
        assert_eq!(PhoneLedger::default().kept_until(), Timestamp::EPOCH);
    }
}
