//! A step that waits for its answer, and what it needs locked and read.

use tokio::sync::oneshot;
use tokio::time::Instant;
use wartel_core::{PhoneNumber, StoreError, TenantId};
use wartel_otp::Budget;
use wartel_otp::ledger::{Locator, Transaction};
use wartel_otp::store::Target;

use super::Owner;
use crate::postgres::error::PostgresFailure;

/// Who may pass at the same time. Whoever makes a message known passes with others; whoever keeps a receipt because
/// its message is not known passes alone, so that nobody misses what the other is just writing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gate {
    /// Not at all.
    #[default]
    Closed,
    /// Together with others.
    Shared,
    /// Alone.
    Alone,
}

/// What a step needs, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// To be locked.
    pub(super) phones: Vec<Owner>,
    /// To be followed to their phones.
    pub(super) locators: Vec<Locator>,
    /// To be followed once the budgets are locked: what leads there was written under that lock.
    pub(super) late_locators: Vec<Locator>,
    /// To be locked, with what each allows.
    pub(super) budgets: Vec<(String, u32)>,
    /// Whose waiting receipts are wanted.
    pub(super) receipts: Vec<Locator>,
    pub(super) gate: Gate,
    /// The step keeps a receipt if none of its locators leads anywhere.
    pub(super) keeps_receipt: bool,
}

impl Keys {
    pub(super) fn of_phone(tenant: &TenantId, phone: &PhoneNumber) -> Self {
        Self { phones: vec![(tenant.clone(), phone.clone())], ..Self::default() }
    }

    pub(super) fn of_locators(locators: impl IntoIterator<Item = Locator>) -> Self {
        Self { locators: locators.into_iter().collect(), ..Self::default() }
    }

    pub(super) fn of_target(tenant: &TenantId, target: &Target) -> Self {
        match target {
            Target::Id(id) => Self::of_locators([Locator::verification(*id)]),
            Target::Phone { phone, .. } => Self::of_phone(tenant, phone),
            // A target that is newer than this store finds out what it needs when it runs.
            _ => Self::default(),
        }
    }

    pub(super) fn of_receipt(locators: Vec<Locator>) -> Self {
        let mut keys = Self { keeps_receipt: true, ..Self::default() };
        // Only a receipt with both ids can make a message known by its second one.
        if locators.len() > 1 {
            keys.adopts(locators.iter().cloned());
        }
        keys.locators = locators;
        keys
    }

    pub(super) fn budgets<'a>(&mut self, budgets: impl IntoIterator<Item = &'a Budget>) {
        self.budgets.extend(budgets.into_iter().map(|budget| (budget.key.clone(), budget.rate.max)));
    }

    /// The step makes messages known by these locators, and takes the receipts that waited for them.
    pub(super) fn adopts(&mut self, locators: impl IntoIterator<Item = Locator>) {
        self.receipts.extend(locators);
        self.gate = self.gate.max(Gate::Shared);
    }

    /// Adds what a run missed. Nothing is missed twice, so a step comes to its end.
    pub(super) fn learn(&mut self, missed: Self) {
        self.phones.extend(missed.phones);
        self.locators.extend(missed.locators);
        self.budgets.extend(missed.budgets);
        self.receipts.extend(missed.receipts);
        self.gate = self.gate.max(missed.gate);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.phones.is_empty()
            && self.locators.is_empty()
            && self.budgets.is_empty()
            && self.receipts.is_empty()
            && self.gate == Gate::Closed
    }
}

/// A step, whatever it answers. It may run several times; the last run counts.
pub(super) trait Member: Send {
    fn step(&self) -> &'static str;

    fn keys(&self) -> &Keys;

    fn learn(&mut self, missed: Keys);

    /// Whether somebody still waits for the answer, and may.
    fn is_wanted(&self) -> bool;

    fn deadline(&self) -> Instant;

    /// Runs the step. Answers whether it succeeded.
    fn run(&mut self, transaction: &mut dyn Transaction) -> bool;

    /// Hands over what the last run gave.
    fn answer(self: Box<Self>);

    /// Hands over a failure.
    fn reject(self: Box<Self>, failure: PostgresFailure);
}

/// A step with its answer.
pub(super) struct Call<T, F> {
    pub(super) step: &'static str,
    pub(super) keys: Keys,
    pub(super) deadline: Instant,
    pub(super) work: F,
    pub(super) outcome: Option<Result<T, StoreError>>,
    pub(super) reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Member for Call<T, F>
where
    T: Send,
    F: FnMut(&mut dyn Transaction) -> Result<T, StoreError> + Send,
{
    fn step(&self) -> &'static str {
        self.step
    }

    fn keys(&self) -> &Keys {
        &self.keys
    }

    fn learn(&mut self, missed: Keys) {
        self.keys.learn(missed);
    }

    fn is_wanted(&self) -> bool {
        !self.reply.is_closed() && Instant::now() < self.deadline
    }

    fn deadline(&self) -> Instant {
        self.deadline
    }

    fn run(&mut self, transaction: &mut dyn Transaction) -> bool {
        let outcome = (self.work)(transaction);
        let succeeded = outcome.is_ok();
        self.outcome = Some(outcome);
        succeeded
    }

    fn answer(self: Box<Self>) {
        let never_ran = || Err(PostgresFailure::OVERTAKEN.at(self.step));
        // The caller may have left.
        let _ = self.reply.send(self.outcome.unwrap_or_else(never_ran));
    }

    fn reject(self: Box<Self>, failure: PostgresFailure) {
        let _ = self.reply.send(Err(failure.at(self.step)));
    }
}
