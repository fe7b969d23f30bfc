//! A store that keeps each ledger as a document, as stores in databases do, and shows what it keeps.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use wartel_core::{PhoneNumber, StoreError, TenantId, Timestamp};
use wartel_messaging::DeliveryReceipt;
use wartel_otp::ledger::{Counter, Locator, PhoneLedger, ReceiptOrphan, Transaction, steps};
use wartel_otp::store::{
    Admission, Admit, Attempt, AttemptOutcome, DeliveryRecord, LeasedSend, Recorded, Redeem, Redemption,
    Rules, Snapshot, Target,
};
use wartel_otp::testing::{T0, admit_for, attempt, default_rules, sample_phone};
use wartel_otp::{Budget, OtpStore, VerificationId};

type Owner = (TenantId, PhoneNumber);

#[derive(Clone, Default)]
pub(crate) struct JsonStore(Arc<Mutex<Tables>>);

#[derive(Default)]
struct Tables {
    documents: BTreeMap<Owner, Document>,
    owners: HashMap<String, Owner>,
    counters: HashMap<String, (Counter, Timestamp)>,
    receipts: Vec<(String, DeliveryReceipt, Timestamp)>,
    written: Vec<String>,
}

struct Document {
    json: String,
    due_at: Option<Timestamp>,
    purge_at: Timestamp,
}

impl JsonStore {
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap()
    }

    /// Runs a step.
    pub(crate) fn transact<T>(&self, step: impl FnOnce(&mut dyn Transaction) -> T) -> T {
        step(&mut *self.lock())
    }

    /// Every document that was ever written.
    pub(crate) fn written(&self) -> Vec<String> {
        self.lock().written.clone()
    }

    /// How many locators lead somewhere.
    pub(crate) fn locators(&self) -> usize {
        self.lock().owners.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        let tables = self.lock();
        tables.documents.is_empty()
            && tables.owners.is_empty()
            && tables.counters.is_empty()
            && tables.receipts.is_empty()
    }
}

impl std::fmt::Debug for JsonStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JsonStore")
    }
}

impl Transaction for Tables {
    fn load(&mut self, tenant: &TenantId, phone: &PhoneNumber) -> Result<PhoneLedger, StoreError> {
        let document = self.documents.get(&(tenant.clone(), phone.clone()));
        Ok(document.map(|document| serde_json::from_str(&document.json).unwrap()).unwrap_or_default())
    }

    fn save(
        &mut self,
        tenant: &TenantId,
        phone: &PhoneNumber,
        ledger: &PhoneLedger,
    ) -> Result<(), StoreError> {
        let owner = (tenant.clone(), phone.clone());
        if ledger.is_empty() {
            self.documents.remove(&owner);
            return Ok(());
        }
        let json = serde_json::to_string(ledger).unwrap();
        assert!(
            serde_json::from_str::<PhoneLedger>(&json).unwrap() == *ledger,
            "a ledger changes when it is kept"
        );
        self.written.push(json.clone());
        let document = Document { json, due_at: ledger.due_at(), purge_at: ledger.purge_at() };
        self.documents.insert(owner, document);
        Ok(())
    }

    fn link(&mut self, locator: &Locator, tenant: &TenantId, phone: &PhoneNumber) -> Result<(), StoreError> {
        self.owners.insert(locator.as_str().to_owned(), (tenant.clone(), phone.clone()));
        Ok(())
    }

    fn unlink(&mut self, locator: &Locator) -> Result<(), StoreError> {
        self.owners.remove(locator.as_str());
        Ok(())
    }

    fn locate(&mut self, locator: &Locator) -> Result<Option<Owner>, StoreError> {
        Ok(self.owners.get(locator.as_str()).cloned())
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
        self.receipts.push((orphan.locator.as_str().to_owned(), orphan.receipt.clone(), now));
        Ok(())
    }

    fn take_receipts(&mut self, locator: &Locator) -> Result<Vec<DeliveryReceipt>, StoreError> {
        let (taken, kept) =
            std::mem::take(&mut self.receipts).into_iter().partition(|(at, ..)| at == locator.as_str());
        self.receipts = kept;
        let taken: Vec<(String, DeliveryReceipt, Timestamp)> = taken;
        Ok(taken.into_iter().map(|(_, receipt, _)| receipt).collect())
    }

    fn due(&mut self, limit: usize, now: Timestamp) -> Result<Vec<Owner>, StoreError> {
        let due = self.documents.iter().filter_map(|(owner, document)| Some((document.due_at?, owner)));
        let mut due: Vec<(Timestamp, &Owner)> = due.filter(|(at, _)| *at <= now).collect();
        due.sort();
        Ok(due.into_iter().take(limit).map(|(_, owner)| owner.clone()).collect())
    }

    fn purgeable(&mut self, limit: usize, now: Timestamp) -> Result<Vec<Owner>, StoreError> {
        let over = self.documents.iter().filter(|(_, document)| document.purge_at <= now);
        Ok(over.take(limit).map(|(owner, _)| owner.clone()).collect())
    }

    fn purge_shared(&mut self, limit: usize, before: Timestamp, now: Timestamp) -> Result<usize, StoreError> {
        let over = self.counters.iter().filter(|(_, (_, kept_until))| *kept_until <= now);
        let counters: Vec<String> = over.take(limit).map(|(key, _)| key.clone()).collect();
        for key in &counters {
            self.counters.remove(key);
        }
        let (mut receipts, all) = (0, std::mem::take(&mut self.receipts));
        for kept in all {
            if kept.2 <= before && receipts < limit {
                receipts += 1;
            } else {
                self.receipts.push(kept);
            }
        }
        Ok(counters.len() + receipts)
    }
}

#[async_trait::async_trait]
impl OtpStore for JsonStore {
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

#[test]
fn a_document_of_an_earlier_version_has_defaults() {
    let ledger: PhoneLedger = serde_json::from_str("{}").unwrap();
    assert!(ledger.is_empty());
    assert_eq!(serde_json::to_string(&ledger).unwrap(), "{}", "what is as it is by default is written");
}

#[tokio::test]
async fn a_proof_goes_at_its_end() {
    let store = JsonStore::default();
    let retention = |rules: &mut Rules| rules.retention = Duration::from_secs(600);
    let request = admit_for(&sample_phone()).rules(retention).build();
    let Admission::Send { view, .. } = store.admit(request, T0).await.unwrap() else { panic!("refused") };
    let target = Target::Id(view.id);
    let read = store.get(&TenantId::default(), &target, T0).await.unwrap().unwrap();
    let check = attempt(target, Some(read.live.unwrap().id), true);
    let AttemptOutcome::Approved { proof_expires_at } = store.attempt(check, T0).await.unwrap() else {
        panic!("not approved")
    };
    // The code that was used goes in the same instant.
    assert_eq!((proof_expires_at, store.locators()), (T0 + Duration::from_secs(600), 2));
    store.purge(&default_rules(), 10, proof_expires_at).await.unwrap();
    assert_eq!(store.locators(), 0);
}
