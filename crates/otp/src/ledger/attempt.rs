//! Spending a check, taking back, redeeming.

use wartel_core::Timestamp;

use super::locator::Locator;
use super::state::{PhoneLedger, ProofRecord};
use crate::proof::ProofHash;
use crate::store::{Attempt, AttemptOutcome, Redeem, Rules, Target};
use crate::verification::{ChallengeId, VerificationId};

impl PhoneLedger {
    /// Spends one check; answers the outcome and the locators that are new.
    pub(super) fn attempt(&mut self, attempt: &Attempt, now: Timestamp) -> (AttemptOutcome, Vec<Locator>) {
        if let Some(done) = self.proofs.iter().find(|proof| proof.hash == attempt.proof_hash) {
            return (AttemptOutcome::Approved { proof_expires_at: done.expires_at }, Vec::new());
        }
        match &attempt.target {
            Target::Id(id) => self.attempt_with_id(*id, attempt, now),
            Target::Phone { purpose, client, .. } => {
                if let Some(own) = self.own(purpose, client.as_ref(), now).map(|own| own.id) {
                    return self.attempt_with_id(own, attempt, now);
                }
                let Some(live) = self.live(purpose, now).map(|challenge| challenge.id) else {
                    return (AttemptOutcome::NoActiveCode, Vec::new());
                };
                self.attempt_without_id(live, attempt, now)
            }
        }
    }

    fn attempt_with_id(
        &mut self,
        id: VerificationId,
        attempt: &Attempt,
        now: Timestamp,
    ) -> (AttemptOutcome, Vec<Locator>) {
        let Some(verification) = self.verification(id) else {
            return (AttemptOutcome::NoActiveCode, Vec::new());
        };
        if verification.is_locked() {
            return (AttemptOutcome::Locked { until: self.next_code_at(&attempt.rules, now) }, Vec::new());
        }
        if !self.is_pending(verification, now) {
            return (AttemptOutcome::NoActiveCode, Vec::new());
        }
        let challenge = verification.challenge;
        if attempt.challenge != Some(challenge) {
            return (AttemptOutcome::Stale, Vec::new());
        }
        if attempt.matched {
            if let Some(verification) = self.verification_mut(id) {
                verification.approved = true;
            }
            return self.consume(challenge, attempt, now);
        }
        self.failures.count(&attempt.rules, now);
        let mut attempts_left = 0;
        if let Some(verification) = self.verification_mut(id) {
            verification.spent = verification.spent.saturating_add(1);
            attempts_left = verification.attempts_left();
        }
        if attempts_left == 0 {
            self.end_if_nobody_waits(challenge, now);
        }
        (AttemptOutcome::Mismatch { attempts_left }, Vec::new())
    }

    /// A check by somebody who has no id: from what nobody has reserved, and few for each code.
    fn attempt_without_id(
        &mut self,
        live: ChallengeId,
        attempt: &Attempt,
        now: Timestamp,
    ) -> (AttemptOutcome, Vec<Locator>) {
        let rules = &attempt.rules;
        let spent = self.challenge(live).map_or(0, |challenge| challenge.failed_without_id);
        // Before the verdict is looked at: a right code on a spent budget must tell nothing.
        if spent >= rules.checks_without_id || self.room_for(1, rules, now).is_err() {
            return (AttemptOutcome::Locked { until: self.next_code_at(rules, now) }, Vec::new());
        }
        if attempt.challenge != Some(live) {
            return (AttemptOutcome::Stale, Vec::new());
        }
        if attempt.matched {
            return self.consume(live, attempt, now);
        }
        self.failures.count(rules, now);
        if let Some(challenge) = self.challenge_mut(live) {
            challenge.failed_without_id = challenge.failed_without_id.saturating_add(1);
        }
        let of_code = rules.checks_without_id.saturating_sub(spent + 1);
        let attempts_left = (0..=of_code).rev().find(|n| self.room_for(*n, rules, now).is_ok()).unwrap_or(0);
        (AttemptOutcome::Mismatch { attempts_left }, Vec::new())
    }

    /// The right code: dead for everybody from now on, the guesses are forgiven, the proof is kept.
    fn consume(
        &mut self,
        challenge: ChallengeId,
        attempt: &Attempt,
        now: Timestamp,
    ) -> (AttemptOutcome, Vec<Locator>) {
        let Some(challenge) = self.challenge_mut(challenge) else {
            return (AttemptOutcome::NoActiveCode, Vec::new());
        };
        challenge.ended_at = Some(now);
        let purpose = challenge.purpose.clone();
        self.failures = super::state::Failures::default();
        self.pace = super::state::Pace::default();
        let proof_expires_at = now + attempt.rules.proof_ttl;
        self.proofs.push(ProofRecord {
            hash: attempt.proof_hash.clone(),
            purpose,
            expires_at: proof_expires_at,
            redeemed_by: None,
        });
        (AttemptOutcome::Approved { proof_expires_at }, vec![Locator::proof(&attempt.proof_hash)])
    }

    /// From when on a new code may be asked for by somebody who has no pending id.
    fn next_code_at(&self, rules: &Rules, now: Timestamp) -> Timestamp {
        let room_at = self.room_for(rules.checks, rules, now).err().unwrap_or(now);
        self.pace.next_at.max(room_at)
    }

    /// Ends a caller's id. Answers `false` if it is not pending.
    pub(super) fn cancel(&mut self, id: VerificationId, now: Timestamp) -> bool {
        let Some(verification) = self.verification(id) else { return self.cancel_reverse(id, now) };
        if !self.is_pending(verification, now) {
            return false;
        }
        let challenge = verification.challenge;
        if let Some(verification) = self.verification_mut(id) {
            verification.cancelled = true;
        }
        self.end_if_nobody_waits(challenge, now);
        true
    }

    /// Forgives the failed checks. Answers whether there were any.
    pub(super) fn clear_failures(&mut self) -> bool {
        std::mem::take(&mut self.failures) != super::state::Failures::default()
    }

    /// Gives the proof to whoever asks first. Answers whether `by` owns it.
    pub(super) fn redeem(&mut self, redeem: &Redeem, now: Timestamp) -> bool {
        let hash: &ProofHash = &redeem.proof;
        let Some(proof) = self.proofs.iter_mut().find(|proof| proof.hash == *hash) else { return false };
        if now >= proof.expires_at || proof.purpose != redeem.purpose {
            return false;
        }
        proof.redeemed_by.get_or_insert_with(|| redeem.by.clone()) == &redeem.by
    }
}
