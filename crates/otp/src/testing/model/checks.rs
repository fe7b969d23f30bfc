//! Checking, taking back, redeeming.

use super::facts::{Answer, Model, Proven, latest, tenant_of};
use crate::store::AttemptOutcome;

impl Model {
    pub(super) fn check_id(&mut self, back: usize, foreign: bool, matched: bool, stale: bool) -> Answer {
        let Some(caller) = latest(&self.callers, back) else { return Answer::Nothing };
        if foreign {
            return Answer::Check(AttemptOutcome::NoActiveCode);
        }
        Answer::Check(self.check_of(caller, matched, stale))
    }

    pub(super) fn check_phone(
        &mut self,
        account: usize,
        purpose: usize,
        client: Option<u8>,
        matched: bool,
        stale: bool,
    ) -> Answer {
        let outcome = match (self.caller_from(account, purpose, client), self.live_code(account, purpose)) {
            (Some(caller), _) => self.check_of(caller, matched, stale),
            (None, Some(live)) => self.check_without_id(live, matched, stale),
            (None, None) => AttemptOutcome::NoActiveCode,
        };
        Answer::Check(outcome)
    }

    /// The latest caller from an address: of the live code, or else one that is locked and would have had time.
    pub(super) fn caller_from(&self, account: usize, purpose: usize, client: Option<u8>) -> Option<usize> {
        client?;
        let live = self.live_code(account, purpose);
        (0..self.callers.len()).rev().filter(|caller| self.callers[*caller].client == client).find(|caller| {
            let index = self.callers[*caller].code;
            let code = &self.codes[index];
            let of_it = !code.gone && code.account == account && code.purpose == purpose;
            of_it
                && match live {
                    Some(live) => index == live,
                    None => self.is_locked(*caller) && self.now < code.dies,
                }
        })
    }

    fn check_of(&mut self, caller: usize, matched: bool, stale: bool) -> AttemptOutcome {
        let code = self.callers[caller].code;
        let account = self.codes[code].account;
        if self.codes[code].gone {
            AttemptOutcome::NoActiveCode
        } else if self.is_locked(caller) {
            AttemptOutcome::Locked { until: self.new_code_at(account) }
        } else if !self.is_pending(caller) {
            AttemptOutcome::NoActiveCode
        } else if stale {
            AttemptOutcome::Stale
        } else if matched {
            self.callers[caller].approved = true;
            self.use_up(code)
        } else {
            self.failed[account].push(self.now);
            self.callers[caller].failed += 1;
            self.end_without_callers(code);
            AttemptOutcome::Mismatch { attempts_left: self.limits.rules.checks - self.callers[caller].failed }
        }
    }

    fn check_without_id(&mut self, live: usize, matched: bool, stale: bool) -> AttemptOutcome {
        let account = self.codes[live].account;
        let of_code = self.limits.rules.checks_without_id;
        if self.codes[live].failed_without_id >= of_code || self.free_checks(account) == 0 {
            AttemptOutcome::Locked { until: self.new_code_at(account) }
        } else if stale {
            AttemptOutcome::Stale
        } else if matched {
            self.use_up(live)
        } else {
            self.failed[account].push(self.now);
            self.codes[live].failed_without_id += 1;
            let of_code = of_code - self.codes[live].failed_without_id;
            AttemptOutcome::Mismatch { attempts_left: of_code.min(self.free_checks(account)) }
        }
    }

    /// The right code: over for everybody, the failed checks and the waits are forgotten.
    fn use_up(&mut self, code: usize) -> AttemptOutcome {
        let (account, purpose) = (self.codes[code].account, self.codes[code].purpose);
        self.codes[code].ended = Some(self.now);
        self.failed[account].clear();
        self.waits[account].clear();
        let dies = self.now + self.limits.rules.proof_ttl;
        self.proofs.push(Proven { account, purpose, dies, owner: None, gone: false });
        AttemptOutcome::Approved { proof_expires_at: dies }
    }

    fn end_without_callers(&mut self, code: usize) {
        let waits = (0..self.callers.len()).any(|c| self.callers[c].code == code && self.is_pending(c));
        if !waits && self.codes[code].ended.is_none() {
            self.codes[code].ended = Some(self.now);
        }
    }

    pub(super) fn cancel(&mut self, back: usize, foreign: bool) -> Answer {
        let Some(caller) = latest(&self.callers, back) else { return Answer::Nothing };
        if foreign || !self.is_pending(caller) {
            return Answer::Flag(false);
        }
        self.callers[caller].cancelled = true;
        self.end_without_callers(self.callers[caller].code);
        Answer::Flag(true)
    }

    pub(super) fn redeem(
        &mut self,
        back: usize,
        account: usize,
        phone: bool,
        purpose: usize,
        by: u8,
    ) -> Answer {
        let Some(index) = latest(&self.proofs, back) else { return Answer::Nothing };
        let now = self.now;
        let proof = &mut self.proofs[index];
        let fits = !proof.gone
            && now < proof.dies
            && proof.purpose == purpose
            && tenant_of(proof.account) == tenant_of(account)
            && (!phone || proof.account == account)
            && proof.owner.is_none_or(|owner| owner == by);
        if !fits {
            return Answer::Redeemed(None);
        }
        proof.owner = Some(by);
        Answer::Redeemed(Some(proof.account))
    }
}
