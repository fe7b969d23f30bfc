//! The memory store: for tests, for examples, and as the model of what other stores do.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wartel_core::{PhoneNumber, StoreError, TenantId, Timestamp};
use wartel_messaging::DeliveryReceipt;

use crate::budget::Budget;
use crate::ledger::{Counter, Locator, PhoneLedger, ReceiptOrphan, Transaction, steps};
use crate::store::{
    Admission, Admit, Attempt, AttemptOutcome, DeliveryRecord, LeasedSend, OtpStore, Recorded, Redeem,
    Redemption, Rules, Snapshot, Target,
};
use crate::verification::VerificationId;

type Owner = (TenantId, PhoneNumber);

/// An [`OtpStore`] in memory. Clones share their content; what it holds is gone with the process, so it is
/// not for production. `Debug` shows how much it holds and nothing of it.
#[derive(Clone, Default)]
pub struct MemoryOtpStore {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    ledgers: HashMap<Owner, PhoneLedger>,
    owners: HashMap<Locator, Owner>,
    counters: HashMap<String, (Counter, Timestamp)>,
    receipts: HashMap<Locator, Vec<(DeliveryReceipt, Timestamp)>>,
    due: BTreeSet<(Timestamp, Owner)>,
    purgeable: BTreeSet<(Timestamp, Owner)>,
}

impl MemoryOtpStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many phones, locators, shared counters and waiting receipts it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        let inner = self.lock();
        inner.ledgers.len() + inner.owners.len() + inner.counters.len() + inner.receipts.len()
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Runs a step.
    pub(crate) fn transact<T>(&self, step: impl FnOnce(&mut dyn Transaction) -> T) -> T {
        step(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Steps do not panic between two writes; a poisoned lock says that some test panicked elsewhere.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryOtpStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The keys of budgets name addresses.
        f.debug_struct("MemoryOtpStore").field("phones", &self.lock().ledgers.len()).finish_non_exhaustive()
    }
}

impl Transaction for Inner {
    fn load(&mut self, tenant: &TenantId, phone: &PhoneNumber) -> Result<PhoneLedger, StoreError> {
        Ok(self.ledgers.get(&(tenant.clone(), phone.clone())).cloned().unwrap_or_default())
    }

    fn save(
        &mut self,
        tenant: &TenantId,
        phone: &PhoneNumber,
        ledger: &PhoneLedger,
    ) -> Result<(), StoreError> {
        let owner = (tenant.clone(), phone.clone());
        let found = |ledger: &PhoneLedger| (ledger.due_at(), ledger.purge_at());
        let before = self.ledgers.get(&owner).map(found);
        let after = (!ledger.is_empty()).then(|| found(ledger));
        if before != after {
            if let Some((due_at, purge_at)) = before {
                if let Some(due_at) = due_at {
                    self.due.remove(&(due_at, owner.clone()));
                }
                self.purgeable.remove(&(purge_at, owner.clone()));
            }
            if let Some((due_at, purge_at)) = after {
                if let Some(due_at) = due_at {
                    self.due.insert((due_at, owner.clone()));
                }
                self.purgeable.insert((purge_at, owner.clone()));
            }
        }
        match after {
            Some(_) => self.ledgers.insert(owner, ledger.clone()),
            None => self.ledgers.remove(&owner),
        };
        Ok(())
    }

    fn link(&mut self, locator: &Locator, tenant: &TenantId, phone: &PhoneNumber) -> Result<(), StoreError> {
        self.owners.insert(locator.clone(), (tenant.clone(), phone.clone()));
        Ok(())
    }

    fn unlink(&mut self, locator: &Locator) -> Result<(), StoreError> {
        self.owners.remove(locator);
        Ok(())
    }

    fn locate(&mut self, locator: &Locator) -> Result<Option<Owner>, StoreError> {
        Ok(self.owners.get(locator).cloned())
    }

    fn refuses_until(&mut self, budget: &Budget, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.counters.get(&budget.key).and_then(|(counter, _)| counter.refuses_until(budget.rate, now)))
    }

    fn charge(&mut self, budget: &Budget, now: Timestamp) -> Result<Timestamp, StoreError> {
        let (counter, kept_until) = self.counters.entry(budget.key.clone()).or_default();
        let at = counter.charge(budget.rate, now);
        *kept_until = at + budget.rate.window;
        Ok(at)
    }

    fn release(&mut self, budget: &Budget, at: Timestamp) -> Result<(), StoreError> {
        if let Some((counter, _)) = self.counters.get_mut(&budget.key) {
            counter.release(at);
        }
        Ok(())
    }

    fn keep_receipt(&mut self, orphan: &ReceiptOrphan, now: Timestamp) -> Result<(), StoreError> {
        let waiting = self.receipts.entry(orphan.locator.clone()).or_default();
        let same = |(kept, _): &(DeliveryReceipt, Timestamp)| {
            kept.key == orphan.receipt.key && kept.state == orphan.receipt.state
        };
        if !waiting.iter().any(same) {
            waiting.push((orphan.receipt.clone(), now));
        }
        Ok(())
    }

    fn take_receipts(&mut self, locator: &Locator) -> Result<Vec<DeliveryReceipt>, StoreError> {
        let waiting = self.receipts.remove(locator).unwrap_or_default();
        Ok(waiting.into_iter().map(|(receipt, _)| receipt).collect())
    }

    fn due(&mut self, limit: usize, now: Timestamp) -> Result<Vec<Owner>, StoreError> {
        let due = self.due.iter().take_while(|(at, _)| *at <= now).take(limit);
        Ok(due.map(|(_, owner)| owner.clone()).collect())
    }

    fn purgeable(&mut self, limit: usize, now: Timestamp) -> Result<Vec<Owner>, StoreError> {
        let purgeable = self.purgeable.iter().take_while(|(at, _)| *at <= now).take(limit);
        Ok(purgeable.map(|(_, owner)| owner.clone()).collect())
    }

    fn purge_shared(&mut self, limit: usize, before: Timestamp, now: Timestamp) -> Result<usize, StoreError> {
        let over = |(_, kept_until): &(Counter, Timestamp)| *kept_until <= now;
        let counters: Vec<String> = self
            .counters
            .iter()
            .filter(|(_, counter)| over(counter))
            .take(limit)
            .map(|(key, _)| key.clone())
            .collect();
        for key in &counters {
            self.counters.remove(key);
        }
        let receipts: Vec<Locator> = self
            .receipts
            .iter()
            .filter(|(_, waiting)| waiting.iter().all(|(_, kept_at)| *kept_at <= before))
            .take(limit)
            .map(|(locator, _)| locator.clone())
            .collect();
        for locator in &receipts {
            self.receipts.remove(locator);
        }
        Ok(counters.len() + receipts.len())
    }
}

#[async_trait::async_trait]
impl OtpStore for MemoryOtpStore {
    async fn admit(&self, request: Admit, now: Timestamp) -> Result<Admission, StoreError> {
        steps::admit(&mut *self.lock(), &request, now)
    }

    async fn attempt(&self, attempt: Attempt, now: Timestamp) -> Result<AttemptOutcome, StoreError> {
        steps::attempt(&mut *self.lock(), &attempt, now)
    }

    async fn get(
        &self,
        tenant: &TenantId,
        target: &Target,
        now: Timestamp,
    ) -> Result<Option<Snapshot>, StoreError> {
        steps::get(&mut *self.lock(), tenant, target, now)
    }

    async fn cancel(
        &self,
        tenant: &TenantId,
        id: VerificationId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        steps::cancel(&mut *self.lock(), tenant, id, now)
    }

    async fn record_delivery(&self, record: DeliveryRecord, now: Timestamp) -> Result<Recorded, StoreError> {
        steps::record_delivery(&mut *self.lock(), &record, now)
    }

    async fn record_receipt(&self, receipt: DeliveryReceipt, now: Timestamp) -> Result<bool, StoreError> {
        steps::record_receipt(&mut *self.lock(), &receipt, now)
    }

    async fn lease_due(
        &self,
        limit: usize,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Vec<LeasedSend>, StoreError> {
        steps::lease_due(&mut *self.lock(), limit, rules, now)
    }

    async fn redeem(&self, redeem: Redeem, now: Timestamp) -> Result<Redemption, StoreError> {
        steps::redeem(&mut *self.lock(), &redeem, now)
    }

    async fn purge(&self, rules: &Rules, limit: usize, now: Timestamp) -> Result<usize, StoreError> {
        steps::purge(&mut *self.lock(), rules, limit, now)
    }

    async fn unlock(
        &self,
        tenant: &TenantId,
        phone: &PhoneNumber,
        _now: Timestamp,
    ) -> Result<bool, StoreError> {
        steps::unlock(&mut *self.lock(), tenant, phone)
    }

    async fn forget(
        &self,
        tenant: &TenantId,
        phone: &PhoneNumber,
        _now: Timestamp,
    ) -> Result<bool, StoreError> {
        steps::forget(&mut *self.lock(), tenant, phone)
    }
}
