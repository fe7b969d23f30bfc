//! The verbs of [`OtpStore`](crate::store::OtpStore), on top of what a store can do inside one transaction.

use wartel_core::{PhoneNumber, StoreError, TenantId, Timestamp};
use wartel_messaging::DeliveryReceipt;

use super::lease::Scope;
use super::locator::Locator;
use super::replay::Replay;
use super::state::{PhoneLedger, Reservation};
use crate::budget::Budget;
use crate::store::{
    Admission, Admit, Attempt, AttemptOutcome, DeliveryRecord, LeasedSend, Recorded, Redeem, Redemption,
    Refusal, Rules, Snapshot, Target,
};
use crate::verification::VerificationId;

/// What a store can do inside one transaction. Everything that a step does through it happens or nothing does.
///
/// # Errors
/// Every method: [`StoreError`] if the store could not do it; the transaction is then rolled back.
pub trait Transaction {
    /// Reads the ledger of a phone and locks it until the transaction ends. Unknown is empty.
    fn load(&mut self, tenant: &TenantId, phone: &PhoneNumber) -> Result<PhoneLedger, StoreError>;

    /// Writes the ledger of a phone, with [`PhoneLedger::due_at`] and [`PhoneLedger::purge_at`] where they
    /// can be searched. An empty ledger is deleted.
    fn save(
        &mut self,
        tenant: &TenantId,
        phone: &PhoneNumber,
        ledger: &PhoneLedger,
    ) -> Result<(), StoreError>;

    /// Makes a locator lead to a phone.
    fn link(&mut self, locator: &Locator, tenant: &TenantId, phone: &PhoneNumber) -> Result<(), StoreError>;

    /// Makes a locator lead nowhere.
    fn unlink(&mut self, locator: &Locator) -> Result<(), StoreError>;

    /// Where a locator leads.
    fn locate(&mut self, locator: &Locator) -> Result<Option<(TenantId, PhoneNumber)>, StoreError>;

    /// Until when a shared budget refuses, as [`Counter`](super::Counter) says; locks the budget.
    fn refuses_until(&mut self, budget: &Budget, now: Timestamp) -> Result<Option<Timestamp>, StoreError>;

    /// Counts one event of a shared budget, as [`Counter`](super::Counter) does, and answers the instant under
    /// which it counts.
    fn charge(&mut self, budget: &Budget, now: Timestamp) -> Result<Timestamp, StoreError>;

    /// Takes back one event of a shared budget that was counted under exactly this instant; nothing happens if
    /// there is none. Only budgets of at most [`RESERVABLE`](crate::RESERVABLE) are taken back.
    fn release(&mut self, budget: &Budget, at: Timestamp) -> Result<(), StoreError>;

    /// Keeps a receipt whose message is not known yet.
    fn keep_receipt(&mut self, orphan: &ReceiptOrphan, now: Timestamp) -> Result<(), StoreError>;

    /// Takes out the kept receipts that a locator names.
    fn take_receipts(&mut self, locator: &Locator) -> Result<Vec<DeliveryReceipt>, StoreError>;

    /// At most `limit` phones of which something is due, the longest waiting first.
    fn due(&mut self, limit: usize, now: Timestamp) -> Result<Vec<(TenantId, PhoneNumber)>, StoreError>;

    /// At most `limit` phones of which something can be deleted.
    fn purgeable(&mut self, limit: usize, now: Timestamp)
    -> Result<Vec<(TenantId, PhoneNumber)>, StoreError>;

    /// Deletes at most `limit` kept receipts older than `before` and as many counters whose windows are over;
    /// answers how many.
    fn purge_shared(&mut self, limit: usize, before: Timestamp, now: Timestamp) -> Result<usize, StoreError>;
}

/// A receipt whose message is not known yet, and the locator under which it waits.
#[derive(Debug, Clone)]
pub struct ReceiptOrphan {
    /// Under which it waits.
    pub locator: Locator,
    /// The receipt.
    pub receipt: DeliveryReceipt,
}

/// [`OtpStore::admit`](crate::store::OtpStore::admit).
///
/// # Errors
/// [`StoreError`] of the transaction.
pub fn admit(tx: &mut dyn Transaction, request: &Admit, now: Timestamp) -> Result<Admission, StoreError> {
    let mut ledger = tx.load(&request.tenant, &request.phone)?;
    if let Some(idempotency) = &request.idempotency
        && tx.refuses_until(&idempotency.claim(), now)?.is_some()
    {
        let owner = tx.locate(&Locator::idempotency(&idempotency.key))?;
        let elsewhere =
            |(tenant, phone): (TenantId, PhoneNumber)| tenant != request.tenant || phone != request.phone;
        if owner.is_some_and(elsewhere) {
            return Ok(Admission::Conflict);
        }
        match ledger.replay(idempotency, &request.phone, now) {
            Replay::Answered(view) => return Ok(Admission::Replayed { view }),
            Replay::Conflict => return Ok(Admission::Conflict),
            Replay::Unknown => {}
        }
    }
    if request.replay_only {
        return Ok(Admission::Refused { reason: Refusal::SharedBudget, until: now });
    }
    let mut shared_until = None;
    for budget in &request.refusal_budgets {
        let until = tx.refuses_until(budget, now)?;
        shared_until = shared_until.max(until.map(|until| retry_at(budget, until, &request.rules, now)));
    }
    for budget in &request.shared_budgets {
        shared_until = shared_until.max(tx.refuses_until(budget, now)?);
    }
    let admission = ledger.admit(request, shared_until, now);
    if let Admission::Send { view, send, .. } = &admission {
        let mut reserved = Vec::with_capacity(request.refusal_budgets.len());
        for budget in &request.refusal_budgets {
            let at = tx.charge(budget, now)?;
            reserved.push(Reservation { budget: budget.clone(), at });
        }
        ledger.reserve(send.send, reserved);
        for budget in &request.shared_budgets {
            tx.charge(budget, now)?;
        }
        let dropped = ledger.drop_surplus(now);
        unlink_all(tx, &dropped)?;
        if view.id == request.fresh.verification {
            tx.link(&Locator::verification(view.id), &request.tenant, &request.phone)?;
        }
        if let Some(idempotency) = &request.idempotency {
            tx.charge(&idempotency.claim(), now)?;
            tx.link(&Locator::idempotency(&idempotency.key), &request.tenant, &request.phone)?;
        }
        tx.save(&request.tenant, &request.phone, &ledger)?;
    }
    Ok(match admission {
        Admission::Send { view, mut send, begun } => {
            send.reserved.clone_from(&request.refusal_budgets);
            Admission::Send { view, send, begun }
        }
        other => other,
    })
}

/// When to ask again while a budget of refusals is full. Where all its places were taken within a lease they may be
/// those of sends under way, and free again when these have been answered.
fn retry_at(budget: &Budget, until: Timestamp, rules: &Rules, now: Timestamp) -> Timestamp {
    let oldest = until - budget.rate.window;
    let answered = oldest + rules.lease;
    if answered > now { answered.min(until) } else { until }
}

/// [`OtpStore::attempt`](crate::store::OtpStore::attempt).
///
/// # Errors
/// [`StoreError`] of the transaction.
pub fn attempt(
    tx: &mut dyn Transaction,
    attempt: &Attempt,
    now: Timestamp,
) -> Result<AttemptOutcome, StoreError> {
    let Some(phone) = phone_of(tx, &attempt.tenant, &attempt.target)? else {
        return Ok(AttemptOutcome::NoActiveCode);
    };
    let mut ledger = tx.load(&attempt.tenant, &phone)?;
    let (outcome, added) = ledger.attempt(attempt, now);
    if matches!(outcome, AttemptOutcome::Approved { .. } | AttemptOutcome::Mismatch { .. }) {
        link_all(tx, &added, &attempt.tenant, &phone)?;
        tx.save(&attempt.tenant, &phone, &ledger)?;
    }
    Ok(outcome)
}

/// [`OtpStore::get`](crate::store::OtpStore::get).
///
/// # Errors
/// [`StoreError`] of the transaction.
pub fn get(
    tx: &mut dyn Transaction,
    tenant: &TenantId,
    target: &Target,
    now: Timestamp,
) -> Result<Option<Snapshot>, StoreError> {
    let Some(phone) = phone_of(tx, tenant, target)? else { return Ok(None) };
    Ok(tx.load(tenant, &phone)?.snapshot(target, &phone, now))
}

/// [`OtpStore::cancel`](crate::store::OtpStore::cancel).
///
/// # Errors
/// [`StoreError`] of the transaction.
pub fn cancel(
    tx: &mut dyn Transaction,
    tenant: &TenantId,
    id: VerificationId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(phone) = phone_of(tx, tenant, &Target::Id(id))? else { return Ok(false) };
    let mut ledger = tx.load(tenant, &phone)?;
    let cancelled = ledger.cancel(id, now);
    if cancelled {
        tx.save(tenant, &phone, &ledger)?;
    }
    Ok(cancelled)
}

/// [`OtpStore::record_delivery`](crate::store::OtpStore::record_delivery).
///
/// # Errors
/// [`StoreError`] of the transaction.
pub fn record_delivery(
    tx: &mut dyn Transaction,
    record: &DeliveryRecord,
    now: Timestamp,
) -> Result<Recorded, StoreError> {
    let mut ledger = tx.load(&record.tenant, &record.phone)?;
    let Some(outcome) = ledger.record_delivery(record, now) else { return Ok(Recorded::Stale) };
    for reservation in &outcome.released {
        tx.release(&reservation.budget, reservation.at)?;
    }
    unlink_all(tx, &outcome.dropped)?;
    link_and_adopt(tx, &mut ledger, outcome.added, (&record.tenant, &record.phone), now)?;
    tx.save(&record.tenant, &record.phone, &ledger)?;
    Ok(outcome.next.map_or(Recorded::Done, Recorded::Next))
}

/// [`OtpStore::record_receipt`](crate::store::OtpStore::record_receipt).
///
/// # Errors
/// [`StoreError`] of the transaction.
pub fn record_receipt(
    tx: &mut dyn Transaction,
    receipt: &DeliveryReceipt,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let locators = Locator::of_receipt(&receipt.provider, &receipt.key);
    let mut found = None;
    for locator in &locators {
        if found.is_none() {
            found = tx.locate(locator)?;
        }
    }
    let Some((tenant, phone)) = found else {
        if let Some(locator) = locators.into_iter().next() {
            tx.keep_receipt(&ReceiptOrphan { locator, receipt: receipt.clone() }, now)?;
        }
        return Ok(false);
    };
    let mut ledger = tx.load(&tenant, &phone)?;
    let added = ledger.apply_receipt(receipt, now);
    link_and_adopt(tx, &mut ledger, added, (&tenant, &phone), now)?;
    tx.save(&tenant, &phone, &ledger)?;
    Ok(true)
}

/// [`OtpStore::lease_due`](crate::store::OtpStore::lease_due).
///
/// # Errors
/// [`StoreError`] of the transaction.
pub fn lease_due(
    tx: &mut dyn Transaction,
    limit: usize,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<LeasedSend>, StoreError> {
    let (mut leased, mut released) = (Vec::new(), Vec::new());
    for (tenant, phone) in tx.due(limit, now)? {
        // One phone may have several sends that are due; what goes over the limit stays due.
        let room = limit.saturating_sub(leased.len());
        let mut ledger = tx.load(&tenant, &phone)?;
        let due = ledger.lease_due(&Scope { tenant: &tenant, phone: &phone, rules }, room, now);
        leased.extend(due.leased);
        released.extend(due.released);
        tx.save(&tenant, &phone, &ledger)?;
    }
    // Behind all phones, as everywhere, and each of them whatever becomes of the others: a store that reads what a
    // step misses learns of all of them at once.
    let given_back = released.iter().map(|place| tx.release(&place.budget, place.at));
    given_back.fold(Ok(()), Result::and)?;
    Ok(leased)
}

/// [`OtpStore::redeem`](crate::store::OtpStore::redeem).
///
/// # Errors
/// [`StoreError`] of the transaction.
pub fn redeem(tx: &mut dyn Transaction, redeem: &Redeem, now: Timestamp) -> Result<Redemption, StoreError> {
    let owner = tx.locate(&Locator::proof(&redeem.proof))?;
    let Some((_, phone)) = owner.filter(|(tenant, phone)| {
        *tenant == redeem.tenant && redeem.phone.as_ref().is_none_or(|expected| expected == phone)
    }) else {
        return Ok(Redemption::Refused);
    };
    let mut ledger = tx.load(&redeem.tenant, &phone)?;
    if !ledger.redeem(redeem, now) {
        return Ok(Redemption::Refused);
    }
    tx.save(&redeem.tenant, &phone, &ledger)?;
    Ok(Redemption::Phone(phone))
}

/// [`OtpStore::purge`](crate::store::OtpStore::purge).
///
/// # Errors
/// [`StoreError`] of the transaction.
pub fn purge(
    tx: &mut dyn Transaction,
    rules: &Rules,
    limit: usize,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let phones = tx.purgeable(limit, now)?;
    let mut gone = 0;
    for (tenant, phone) in &phones {
        let mut ledger = tx.load(tenant, phone)?;
        let dropped = ledger.purge(now);
        gone += 1;
        unlink_all(tx, &dropped)?;
        tx.save(tenant, phone, &ledger)?;
    }
    Ok(gone + tx.purge_shared(limit, now - rules.retention, now)?)
}

/// [`OtpStore::forget`](crate::store::OtpStore::forget).
///
/// # Errors
/// [`StoreError`] of the transaction.
pub fn forget(tx: &mut dyn Transaction, tenant: &TenantId, phone: &PhoneNumber) -> Result<bool, StoreError> {
    let mut ledger = tx.load(tenant, phone)?;
    if ledger.is_empty() {
        return Ok(false);
    }
    let dropped = ledger.forget();
    unlink_all(tx, &dropped)?;
    tx.save(tenant, phone, &ledger)?;
    Ok(true)
}

/// [`OtpStore::unlock`](crate::store::OtpStore::unlock).
///
/// # Errors
/// [`StoreError`] of the transaction.
pub fn unlock(tx: &mut dyn Transaction, tenant: &TenantId, phone: &PhoneNumber) -> Result<bool, StoreError> {
    let mut ledger = tx.load(tenant, phone)?;
    if !ledger.clear_failures() {
        return Ok(false);
    }
    tx.save(tenant, phone, &ledger)?;
    Ok(true)
}

fn phone_of(
    tx: &mut dyn Transaction,
    tenant: &TenantId,
    target: &Target,
) -> Result<Option<PhoneNumber>, StoreError> {
    match target {
        Target::Phone { phone, .. } => Ok(Some(phone.clone())),
        Target::Id(id) => {
            let owner = tx.locate(&Locator::verification(*id))?;
            Ok(owner.filter(|(of, _)| of == tenant).map(|(_, phone)| phone))
        }
    }
}

fn link_all(
    tx: &mut dyn Transaction,
    locators: &[Locator],
    tenant: &TenantId,
    phone: &PhoneNumber,
) -> Result<(), StoreError> {
    locators.iter().try_for_each(|locator| tx.link(locator, tenant, phone))
}

fn unlink_all(tx: &mut dyn Transaction, locators: &[Locator]) -> Result<(), StoreError> {
    locators.iter().try_for_each(|locator| tx.unlink(locator))
}

/// Links new locators and applies the receipts that waited for them, which may teach us further locators.
fn link_and_adopt(
    tx: &mut dyn Transaction,
    ledger: &mut PhoneLedger,
    added: Vec<Locator>,
    (tenant, phone): (&TenantId, &PhoneNumber),
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut queue = added;
    while let Some(locator) = queue.pop() {
        tx.link(&locator, tenant, phone)?;
        for receipt in tx.take_receipts(&locator)? {
            queue.extend(ledger.apply_receipt(&receipt, now));
        }
    }
    Ok(())
}
