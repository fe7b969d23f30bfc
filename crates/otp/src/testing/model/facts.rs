//! What the model remembers: lists of what happened, and nothing that is worked out of them.

use std::time::Duration;

use wartel_core::Timestamp;
use wartel_messaging::DeliveryState;

use super::super::{T0, default_rules};
use super::steps::{Deadline, Named, Step};
use crate::budget::Rate;
use crate::policy::OtpPolicy;
use crate::store::{AttemptOutcome, Refusal, Rules};
use crate::verification::VerificationState;

/// Two phones of one tenant, and the first of them at another tenant.
pub(super) const ACCOUNTS: usize = 3;
pub(super) const PURPOSES: usize = 2;
/// As many ended codes of one phone are kept in any case.
const ENDED_CODES: usize = 15;
/// Nobody reports a send later than this.
const LATEST_REPORT: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// Everything that happened so far to three phones.
#[derive(Debug, Clone)]
pub struct Model {
    pub(super) limits: Limits,
    pub(super) now: Timestamp,
    pub(super) codes: Vec<Code>,
    pub(super) callers: Vec<Caller>,
    pub(super) sends: Vec<Sent>,
    pub(super) proofs: Vec<Proven>,
    pub(super) charges: Vec<Charge>,
    pub(super) waiting: Vec<Waiting>,
    /// Of each account: failed checks since the last success.
    pub(super) failed: Vec<Vec<Timestamp>>,
    /// Of each account: the sends that made somebody wait, since the last success.
    pub(super) waits: Vec<Vec<(Timestamp, usize)>>,
}

/// The numbers that the rules are tried with.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    pub(super) rules: Rules,
    pub(super) phone: Vec<Rate>,
    pub(super) client: Rate,
    pub(super) tenant: Rate,
    pub(super) refused: Rate,
}

/// A code that was made.
#[derive(Debug, Clone)]
pub(super) struct Code {
    pub(super) account: usize,
    pub(super) purpose: usize,
    pub(super) born: Timestamp,
    pub(super) dies: Timestamp,
    /// Used, taken back, locked by its last caller, or never sent.
    pub(super) ended: Option<Timestamp>,
    pub(super) failed_without_id: u32,
    pub(super) gone: bool,
}

/// Somebody with an id.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) code: usize,
    pub(super) client: Option<u8>,
    pub(super) failed: u32,
    pub(super) cancelled: bool,
    pub(super) approved: bool,
}

/// A message with a code.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) code: usize,
    pub(super) caller: usize,
    pub(super) at: Timestamp,
    pub(super) state: DeliveryState,
    /// How often it was leased; the fence of the newest lease is the same number.
    pub(super) leases: u32,
    pub(super) leased_until: Option<Timestamp>,
    pub(super) reported: bool,
    /// Certainly refused: it does not count for its phone.
    pub(super) refused: bool,
    pub(super) first_id: bool,
    pub(super) second_id: bool,
}

/// A right code was given.
#[derive(Debug, Clone)]
pub(super) struct Proven {
    pub(super) account: usize,
    pub(super) purpose: usize,
    pub(super) dies: Timestamp,
    pub(super) owner: Option<u8>,
    pub(super) gone: bool,
}

/// What a budget that others share counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shared {
    Client { tenant: usize, client: u8 },
    Tenant { tenant: usize },
    Refused { tenant: usize, client: u8 },
}

#[derive(Debug, Clone)]
pub(super) struct Charge {
    pub(super) budget: Shared,
    pub(super) send: usize,
    pub(super) at: Timestamp,
}

/// News of a message that is not known by the id they name.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) send: usize,
    pub(super) named: Named,
    pub(super) state: DeliveryState,
}

/// What a store has to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// The step was skipped, or its answer says nothing.
    Nothing,
    /// The code goes out.
    Sent {
        send: usize,
        caller: usize,
        code: usize,
    },
    /// One of these limits refuses.
    Refused(Vec<(Refusal, Timestamp)>),
    Check(AttemptOutcome),
    Flag(bool),
    /// These sends are leased.
    Leased(Vec<usize>),
    /// The phone of this account, or nothing.
    Redeemed(Option<usize>),
}

/// What a caller may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct View {
    pub(super) state: VerificationState,
    pub(super) delivery: DeliveryState,
    pub(super) attempts_left: u32,
    pub(super) expires_at: Timestamp,
    /// Of a pending one only: whoever has none asks anew anyway.
    pub(super) resend_at: Option<Timestamp>,
}

/// The one of a list that is so many before the latest.
pub(super) fn latest<T>(list: &[T], back: usize) -> Option<usize> {
    list.len().checked_sub(back + 1)
}

pub(super) const fn tenant_of(account: usize) -> usize {
    account / 2
}

impl Model {
    /// The numbers of the default policy.
    pub(super) fn usual() -> Self {
        let hour = Duration::from_secs(3_600);
        Self::with(Limits {
            rules: default_rules(),
            phone: OtpPolicy::default().sends_per_phone,
            client: Rate::new(6, hour),
            tenant: Rate::new(9, 2 * hour),
            refused: Rate::new(2, hour),
        })
    }

    /// Numbers so small that every limit is met often.
    pub(super) fn tight() -> Self {
        let rules = Rules {
            checks: 4,
            checks_without_id: 3,
            failed: Rate::new(9, DAY),
            failed_in_row: 14,
            waits: vec![Duration::from_secs(2), Duration::from_secs(5)],
            waits_reset: Duration::from_secs(60),
            ..default_rules()
        };
        Self::with(Limits {
            rules,
            phone: vec![Rate::new(4, Duration::from_secs(600)), Rate::new(12, DAY)],
            client: Rate::new(2, Duration::from_secs(40)),
            tenant: Rate::new(4, Duration::from_secs(90)),
            refused: Rate::new(1, Duration::from_secs(50)),
        })
    }

    fn with(limits: Limits) -> Self {
        Self {
            limits,
            now: T0,
            codes: Vec::new(),
            callers: Vec::new(),
            sends: Vec::new(),
            proofs: Vec::new(),
            charges: Vec::new(),
            waiting: Vec::new(),
            failed: vec![Vec::new(); ACCOUNTS],
            waits: vec![Vec::new(); ACCOUNTS],
        }
    }

    /// Whether a step can be tried now. What is left out has no answer that all stores must share.
    pub(super) fn can(&self, step: &Step) -> bool {
        match step {
            Step::Ask { account, .. } => {
                let kept = self.codes.iter().filter(|code| code.account == *account && !code.gone);
                kept.count() <= ENDED_CODES
            }
            Step::Repeat { proof } => latest(&self.proofs, *proof)
                .is_none_or(|proof| !self.proofs[proof].gone && self.now < self.proofs[proof].dies),
            Step::Report { send, .. } => latest(&self.sends, *send).is_none_or(|send| {
                !self.sends[send].reported && self.now < self.sends[send].at + LATEST_REPORT
            }),
            _ => true,
        }
    }

    /// Lets something happen, and says what a store has to answer. Each step takes a microsecond.
    pub(super) fn step(&mut self, step: &Step) -> Answer {
        let answer = match step {
            Step::Ask { account, purpose, client, own } => self.ask(*account, *purpose, *client, *own),
            Step::CheckId { caller, foreign, matched, stale } => {
                self.check_id(*caller, *foreign, *matched, *stale)
            }
            Step::CheckPhone { account, purpose, client, matched, stale } => {
                self.check_phone(*account, *purpose, *client, *matched, *stale)
            }
            Step::Repeat { proof } => latest(&self.proofs, *proof).map_or(Answer::Nothing, |proof| {
                Answer::Check(AttemptOutcome::Approved { proof_expires_at: self.proofs[proof].dies })
            }),
            Step::Cancel { caller, foreign } => self.cancel(*caller, *foreign),
            Step::Report { send, late, outcome } => self.report(*send, *late, *outcome),
            Step::News { send, named, state } => self.news(*send, *named, *state),
            Step::Lease => self.lease(),
            Step::Redeem { proof, account, phone, purpose, by } => {
                self.redeem(*proof, *account, *phone, *purpose, *by)
            }
            Step::Unlock { account } => self.unlock(*account),
            Step::Purge => self.purge(),
            Step::Forget { account } => self.forget(*account),
            Step::Wait { seconds } => {
                self.now = self.now + Duration::from_secs(*seconds);
                return Answer::Nothing;
            }
            Step::WaitFor { what, micros } => {
                self.wait_for(*what, *micros);
                return Answer::Nothing;
            }
        };
        self.now = self.now + Duration::from_micros(1);
        answer
    }

    fn wait_for(&mut self, what: Deadline, micros: i8) {
        let at = match what {
            Deadline::Next(which) => self.deadlines().get(which).copied(),
            Deadline::Code => self.codes.last().map(|code| code.dies),
            Deadline::Lease => self.sends.last().and_then(|send| send.leased_until),
            Deadline::Proof => self.proofs.last().map(|proof| proof.dies),
            Deadline::Wait => self.sends.last().map(|send| self.next_send(self.codes[send.code].account)),
        };
        let Some(at) = at else { return };
        let micro = Duration::from_micros(1);
        let at = match micros {
            ..=-1 => at - micro,
            0 => at,
            1.. => at + micro,
        };
        self.now = self.now.max(at);
    }

    /// The instants to come at which something changes.
    fn deadlines(&self) -> Vec<Timestamp> {
        let limits = &self.limits;
        let rules = &limits.rules;
        let codes = self.codes.iter().flat_map(|code| [code.dies, self.end_of(code) + rules.retention]);
        let sends = self.sends.iter().flat_map(|send| {
            let windows = limits.phone.iter().map(|rate| send.at + rate.window);
            windows.chain(send.leased_until)
        });
        let failed = self.failed.iter().flatten();
        let failed = failed.flat_map(|at| [*at + rules.failed.window, *at + rules.failed_in_row_ttl]);
        let charges = self.charges.iter().map(|charge| charge.at + self.rate(charge.budget).window);
        let waits = (0..ACCOUNTS).map(|account| self.next_send(account));
        let proofs = self.proofs.iter().map(|proof| proof.dies);
        let all = codes.chain(sends).chain(failed).chain(charges).chain(waits).chain(proofs);
        let mut next: Vec<Timestamp> = all.filter(|at| *at > self.now).collect();
        next.sort_unstable();
        next.dedup();
        next
    }

    /// Deletes everything that has been over for the time that it is kept.
    fn purge(&mut self) -> Answer {
        for index in 0..self.codes.len() {
            if self.end_of(&self.codes[index]) + self.limits.rules.retention <= self.now {
                self.codes[index].gone = true;
            }
        }
        Answer::Nothing
    }

    /// An operator clears the failed checks.
    fn unlock(&mut self, account: usize) -> Answer {
        let had = !self.failed[account].is_empty();
        self.failed[account].clear();
        // Those that count no more may be left or not.
        if had { Answer::Nothing } else { Answer::Flag(false) }
    }

    /// Forgets a phone, but not how often it failed and was sent to.
    fn forget(&mut self, account: usize) -> Answer {
        let had = self.codes.iter().any(|code| code.account == account && !code.gone);
        for code in self.codes.iter_mut().filter(|code| code.account == account) {
            code.gone = true;
        }
        for proof in self.proofs.iter_mut().filter(|proof| proof.account == account) {
            proof.gone = true;
        }
        // Counters may be left or not.
        if had { Answer::Flag(true) } else { Answer::Nothing }
    }

    pub(super) fn end_of(&self, code: &Code) -> Timestamp {
        code.ended.map_or(code.dies, |ended| ended.min(code.dies))
    }

    pub(super) fn lives(&self, code: usize) -> bool {
        let code = &self.codes[code];
        !code.gone && code.ended.is_none() && self.now < code.dies
    }

    /// The one live code of an account and purpose.
    pub(super) fn live_code(&self, account: usize, purpose: usize) -> Option<usize> {
        let of = |code: &Code| code.account == account && code.purpose == purpose;
        (0..self.codes.len()).find(|index| of(&self.codes[*index]) && self.lives(*index))
    }

    pub(super) fn is_locked(&self, caller: usize) -> bool {
        let caller = &self.callers[caller];
        !caller.approved && caller.failed >= self.limits.rules.checks
    }

    pub(super) fn is_pending(&self, caller: usize) -> bool {
        let it = &self.callers[caller];
        !it.cancelled && !it.approved && !self.is_locked(caller) && self.lives(it.code)
    }

    /// What a caller may see; nothing once it is deleted.
    pub(super) fn view(&self, index: usize) -> Option<View> {
        let caller = &self.callers[index];
        let code = &self.codes[caller.code];
        if code.gone {
            return None;
        }
        let pending = self.is_pending(index);
        let state = match () {
            () if caller.approved => VerificationState::Approved,
            () if caller.cancelled => VerificationState::Cancelled,
            () if self.is_locked(index) => VerificationState::Locked,
            () if pending => VerificationState::Pending,
            () => VerificationState::Expired,
        };
        let asked = self.sends.iter().filter(|send| send.caller == index);
        Some(View {
            state,
            delivery: asked.map(|send| send.state).max().unwrap_or(DeliveryState::Queued),
            attempts_left: self.limits.rules.checks - caller.failed,
            expires_at: self.end_of(code),
            resend_at: pending.then(|| self.next_send(code.account).max(code.born)),
        })
    }
}
