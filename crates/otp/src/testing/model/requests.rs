//! Asking for a code.

use wartel_core::Timestamp;
use wartel_messaging::DeliveryState;

use super::facts::{Answer, Caller, Charge, Code, Model, Sent, latest};
use crate::store::Refusal;

impl Model {
    pub(super) fn ask(
        &mut self,
        account: usize,
        purpose: usize,
        client: Option<u8>,
        own: Option<usize>,
    ) -> Answer {
        let live = self.live_code(account, purpose);
        let named = own.and_then(|back| latest(&self.callers, back));
        let kept = live.and_then(|live| self.kept_caller(live, client, named));
        let refused = self.refusals(account, live, kept, client);
        if !refused.is_empty() {
            return Answer::Refused(refused);
        }
        let code = live.unwrap_or_else(|| {
            let dies = self.now + self.limits.rules.ttl;
            self.codes.push(Code {
                account,
                purpose,
                born: self.now,
                dies,
                ended: None,
                failed_without_id: 0,
                gone: false,
            });
            self.codes.len() - 1
        });
        self.codes[code].dies = self.prolonged(code);
        let caller = kept.unwrap_or_else(|| {
            self.callers.push(Caller { code, client, failed: 0, cancelled: false, approved: false });
            self.callers.len() - 1
        });
        let send = self.sends.len();
        self.sends.push(Sent {
            code,
            caller,
            at: self.now,
            state: DeliveryState::Queued,
            leases: 1,
            leased_until: Some(self.now + self.limits.rules.lease),
            reported: false,
            refused: false,
            first_id: false,
            second_id: false,
        });
        self.waits[account].push((self.now, send));
        for budget in self.budgets_of(account, client) {
            // Of refusals it keeps a place, until it is known to be none.
            self.charges.push(Charge { budget, send, at: self.now });
        }
        Answer::Sent { send, caller, code }
    }

    /// The caller that keeps its id: the one that is named, or else the latest from the same address.
    fn kept_caller(&self, live: usize, client: Option<u8>, named: Option<usize>) -> Option<usize> {
        let fits = |caller: &usize| self.callers[*caller].code == live && self.is_pending(*caller);
        let from_there = |caller: &usize| client.is_some() && self.callers[*caller].client == client;
        named.filter(fits).or_else(|| (0..self.callers.len()).rev().filter(fits).find(from_there))
    }

    /// Every limit that refuses, and until when.
    fn refusals(
        &self,
        account: usize,
        live: Option<usize>,
        kept: Option<usize>,
        client: Option<u8>,
    ) -> Vec<(Refusal, Timestamp)> {
        let mut refused = Vec::new();
        let next_send = self.next_send(account);
        if next_send > self.now {
            refused.push((Refusal::ResendTooSoon, next_send));
        }
        if let Some(live) = live.filter(|live| self.too_short(self.prolonged(*live))) {
            refused.push((Refusal::ResendTooSoon, self.codes[live].dies));
        }
        let room_at = self.room_at(account, self.limits.rules.checks);
        if kept.is_none() && room_at > self.now {
            refused.push((Refusal::FailedChecks, room_at));
        }
        refused.extend(self.sends_refuse(account).map(|until| (Refusal::PhoneSends, until)));
        refused.extend(self.shared_refuses(account, client).map(|until| (Refusal::SharedBudget, until)));
        refused
    }
}
