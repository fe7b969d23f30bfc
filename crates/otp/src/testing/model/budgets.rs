//! How much is left: counted anew from the lists.

use wartel_core::Timestamp;

use super::facts::{Model, Shared, tenant_of};
use crate::budget::Rate;

impl Model {
    /// From when on this phone may be sent to again: a wait that grows with each send, and begins anew after a
    /// success or a rest.
    pub(super) fn next_send(&self, account: usize) -> Timestamp {
        let rules = &self.limits.rules;
        let (mut row, mut before, mut next) = (0, None, Timestamp::EPOCH);
        for (at, _) in &self.waits[account] {
            let rested = before.is_none_or(|before: Timestamp| before + rules.waits_reset <= *at);
            row = if rested { 1 } else { row + 1 };
            before = Some(*at);
            next = *at + rules.waits[(row - 1).min(rules.waits.len() - 1)];
        }
        next
    }

    /// Until when the sends of this phone refuse one more.
    pub(super) fn sends_refuse(&self, account: usize) -> Option<Timestamp> {
        let sent = || self.sends.iter().filter(|s| !s.refused && self.codes[s.code].account == account);
        let until = |rate: &Rate| spent_until(sent().map(|send| send.at), *rate, self.now);
        self.limits.phone.iter().filter_map(until).max()
    }

    pub(super) fn rate(&self, budget: Shared) -> Rate {
        match budget {
            Shared::Client { .. } => self.limits.client,
            Shared::Tenant { .. } => self.limits.tenant,
            Shared::Refused { .. } => self.limits.refused,
        }
    }

    /// The budgets that a request of this client is refused by.
    pub(super) fn budgets_of(&self, account: usize, client: Option<u8>) -> Vec<Shared> {
        let tenant = tenant_of(account);
        let of_client =
            client.map(|client| [Shared::Client { tenant, client }, Shared::Refused { tenant, client }]);
        of_client.into_iter().flatten().chain([Shared::Tenant { tenant }]).collect()
    }

    /// Until when one of those refuses.
    pub(super) fn shared_refuses(&self, account: usize, client: Option<u8>) -> Option<Timestamp> {
        let until = |budget: Shared| {
            let counted = self.charges.iter().filter(move |charge| charge.budget == budget);
            let until = spent_until(counted.map(|charge| charge.at), self.rate(budget), self.now)?;
            // The place may be that of a send under way, and free when that is answered.
            let answered = until - self.rate(budget).window + self.limits.rules.lease;
            let may_be_free = matches!(budget, Shared::Refused { .. }) && answered > self.now;
            Some(if may_be_free { until.min(answered) } else { until })
        };
        self.budgets_of(account, client).into_iter().filter_map(until).max()
    }

    /// Checks that pending callers have not used yet, at an instant.
    fn reserved(&self, account: usize, at: Timestamp) -> u32 {
        let pending = (0..self.callers.len()).filter(|caller| {
            let code = &self.codes[self.callers[*caller].code];
            self.is_pending(*caller) && code.account == account && at < code.dies
        });
        pending.map(|caller| self.limits.rules.checks - self.callers[caller].failed).sum()
    }

    /// How many failed checks, beside those that are reserved, would still fit at an instant.
    fn unreserved(&self, account: usize, at: Timestamp) -> u32 {
        let rules = &self.limits.rules;
        let failed = &self.failed[account];
        let of_window = failed.iter().filter(|failed| **failed + rules.failed.window > at).count();
        let (mut of_row, mut before) = (0, Timestamp::EPOCH);
        for failed in failed.iter().copied().chain([at]) {
            if before + rules.failed_in_row_ttl <= failed {
                of_row = 0;
            }
            of_row += 1;
            before = failed;
        }
        // The instant itself was counted as one.
        let of_row = of_row - 1;
        let reserved = self.reserved(account, at);
        let left =
            |max: u32, count: usize| max.saturating_sub(reserved + u32::try_from(count).unwrap_or(u32::MAX));
        left(rules.failed.max, of_window).min(left(rules.failed_in_row, of_row))
    }

    /// How many checks nobody has reserved.
    pub(super) fn free_checks(&self, account: usize) -> u32 {
        self.unreserved(account, self.now)
    }

    /// From when on so many checks fit, if nobody fails until then.
    pub(super) fn room_at(&self, account: usize, need: u32) -> Timestamp {
        let rules = &self.limits.rules;
        let failed = self.failed[account].iter();
        let frees = failed.flat_map(|at| [*at + rules.failed.window, *at + rules.failed_in_row_ttl]);
        let ends = self.codes.iter().filter(|code| code.account == account).map(|code| code.dies);
        let mut instants: Vec<Timestamp> = frees.chain(ends).filter(|at| *at > self.now).collect();
        instants.push(self.now);
        instants.sort_unstable();
        let fits = |at: &Timestamp| self.unreserved(account, *at) >= need;
        instants.into_iter().find(fits).unwrap_or(Timestamp::MAX)
    }

    /// When somebody without an id may ask for a new code.
    pub(super) fn new_code_at(&self, account: usize) -> Timestamp {
        self.next_send(account).max(self.room_at(account, self.limits.rules.checks))
    }

    /// When a code would die if it were sent now.
    pub(super) fn prolonged(&self, code: usize) -> Timestamp {
        let (code, rules) = (&self.codes[code], &self.limits.rules);
        (self.now + rules.ttl).min(code.born + rules.max_life).max(code.dies)
    }

    /// Whether a code that dies then is not worth being sent any more.
    pub(super) fn too_short(&self, dies: Timestamp) -> bool {
        dies.since(self.now) < self.limits.rules.min_life
    }
}

/// Until when a window is full; nothing if it is not.
fn spent_until(events: impl Iterator<Item = Timestamp>, rate: Rate, now: Timestamp) -> Option<Timestamp> {
    let mut within: Vec<Timestamp> = events.filter(|at| *at + rate.window > now).collect();
    within.sort_unstable();
    let first_to_go = within.len().checked_sub(usize::try_from(rate.max).unwrap_or(usize::MAX))?;
    within.get(first_to_go).map(|at| *at + rate.window)
}
