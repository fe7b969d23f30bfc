//! One step's view of what was read: what it changes is taken over if it succeeds, and what it misses is noted.

use wartel_core::{PhoneNumber, StoreError, StoreErrorKind, TenantId, Timestamp};
use wartel_messaging::DeliveryReceipt;
use wartel_otp::Budget;
use wartel_otp::ledger::{Locator, PhoneLedger, ReceiptOrphan, Transaction};

use super::Owner;
use super::member::{Gate, Keys};
use super::snapshot::{Changes, Snapshot};
use super::window::{NotRead, Window};
use crate::postgres::error::unreadable;

pub(super) struct StepTransaction<'a> {
    snapshot: &'a Snapshot,
    changes: Changes,
    missed: Keys,
}

impl<'a> StepTransaction<'a> {
    pub(super) fn new(snapshot: &'a Snapshot) -> Self {
        Self { snapshot, changes: Changes::default(), missed: Keys::default() }
    }

    /// What the step did and what it missed.
    pub(super) fn into_parts(self) -> (Changes, Keys) {
        (self.changes, self.missed)
    }

    fn window(&self, key: &str) -> Option<&Window> {
        let changed = self.changes.budgets.iter().find(|(changed, _)| changed == key);
        changed.map(|(_, window)| window).or_else(|| self.snapshot.budgets.get(key))
    }

    fn changed(&mut self, budget: &Budget, window: Window) {
        self.changes.budgets.retain(|(key, _)| *key != budget.key);
        self.changes.budgets.push((budget.key.clone(), window));
    }

    /// Notes a budget that was not read.
    fn misses<T>(&mut self, budget: &Budget) -> Result<T, StoreError> {
        self.missed.budgets([budget]);
        Err(missing("otp.budget"))
    }
}

impl Transaction for StepTransaction<'_> {
    fn load(&mut self, tenant: &TenantId, phone: &PhoneNumber) -> Result<PhoneLedger, StoreError> {
        let owner = (tenant.clone(), phone.clone());
        if let Some((_, ledger)) = self.changes.phones.iter().rev().find(|(changed, _)| *changed == owner) {
            return Ok(ledger.clone());
        }
        match self.snapshot.phones.get(&owner) {
            Some(phone) => phone.ledger.clone().ok_or_else(|| unreadable("otp.load", "ledger")),
            None => {
                self.missed.phones.push(owner);
                Err(missing("otp.load"))
            }
        }
    }

    fn save(
        &mut self,
        tenant: &TenantId,
        phone: &PhoneNumber,
        ledger: &PhoneLedger,
    ) -> Result<(), StoreError> {
        let owner = (tenant.clone(), phone.clone());
        let unchanged = self.changes.phones.is_empty()
            && self.snapshot.phones.get(&owner).is_some_and(|phone| phone.ledger.as_ref() == Some(ledger));
        if !unchanged {
            self.changes.phones.push((owner, ledger.clone()));
        }
        Ok(())
    }

    fn link(&mut self, locator: &Locator, tenant: &TenantId, phone: &PhoneNumber) -> Result<(), StoreError> {
        self.changes.locators.insert(locator.clone(), Some((tenant.clone(), phone.clone())));
        Ok(())
    }

    fn unlink(&mut self, locator: &Locator) -> Result<(), StoreError> {
        self.changes.locators.insert(locator.clone(), None);
        Ok(())
    }

    fn locate(&mut self, locator: &Locator) -> Result<Option<Owner>, StoreError> {
        if let Some(owner) = self.changes.locators.get(locator) {
            return Ok(owner.clone());
        }
        match self.snapshot.locators.get(locator) {
            Some(place) => Ok(place.owner.clone()),
            None => {
                self.missed.locators.push(locator.clone());
                Err(missing("otp.locate"))
            }
        }
    }

    fn refuses_until(&mut self, budget: &Budget, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        match self.window(&budget.key).map(|window| window.refuses_until(budget.rate, now)) {
            Some(Ok(until)) => Ok(until),
            Some(Err(NotRead)) | None => self.misses(budget),
        }
    }

    fn charge(&mut self, budget: &Budget, now: Timestamp) -> Result<Timestamp, StoreError> {
        let Some(mut window) = self.window(&budget.key).cloned() else { return self.misses(budget) };
        let Ok(at) = window.charge(budget.rate, now) else { return self.misses(budget) };
        self.changed(budget, window);
        Ok(at)
    }

    fn release(&mut self, budget: &Budget, at: Timestamp) -> Result<(), StoreError> {
        let Some(mut window) = self.window(&budget.key).cloned() else { return self.misses(budget) };
        window.release(budget.rate, at);
        self.changed(budget, window);
        Ok(())
    }

    fn keep_receipt(&mut self, orphan: &ReceiptOrphan, now: Timestamp) -> Result<(), StoreError> {
        if self.snapshot.gate < Gate::Alone {
            self.missed.gate = Gate::Alone;
            return Err(missing("otp.keep_receipt"));
        }
        self.changes.kept.push((orphan.clone(), now));
        Ok(())
    }

    fn take_receipts(&mut self, locator: &Locator) -> Result<Vec<DeliveryReceipt>, StoreError> {
        if self.changes.taken.contains(locator) {
            return Ok(Vec::new());
        }
        let Some(waiting) =
            self.snapshot.receipts.get(locator).filter(|_| self.snapshot.gate >= Gate::Shared)
        else {
            self.missed.adopts([locator.clone()]);
            return Err(missing("otp.take_receipts"));
        };
        self.changes.taken.push(locator.clone());
        let new = waiting.new.iter().map(|(receipt, _)| receipt);
        Ok(waiting.stored.iter().chain(new).cloned().collect())
    }

    fn due(&mut self, _limit: usize, _now: Timestamp) -> Result<Vec<Owner>, StoreError> {
        Ok(self.snapshot.listed.clone())
    }

    fn purgeable(&mut self, _limit: usize, _now: Timestamp) -> Result<Vec<Owner>, StoreError> {
        Ok(self.snapshot.listed.clone())
    }

    /// The clean-up of what is shared is one statement each, beside the step.
    fn purge_shared(
        &mut self,
        _limit: usize,
        _before: Timestamp,
        _now: Timestamp,
    ) -> Result<usize, StoreError> {
        Ok(0)
    }
}

/// Ends a run that cannot go on. The step runs again when what it missed was read; nobody sees this error.
fn missing(step: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, step)
}
