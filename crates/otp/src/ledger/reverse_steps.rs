//! The verbs of [`ReverseStore`](crate::ReverseStore), on top of what a store can do inside one transaction.

use wartel_core::{PhoneNumber, StoreError, TenantId, Timestamp};

use super::locator::Locator;
use super::steps::Transaction;
use crate::reverse_store::{
    OpenReverse, ReverseAdmission, ReverseChallenge, ReverseClaim, ReverseClaimed, ReverseOutcome,
    ReverseReceipt, ReverseTarget,
};
use crate::verification::VerificationId;

/// [`ReverseStore::open_reverse`](crate::ReverseStore::open_reverse).
///
/// # Errors
/// [`StoreError`] of the transaction.
pub fn open_reverse(
    tx: &mut dyn Transaction,
    request: &OpenReverse,
    now: Timestamp,
) -> Result<ReverseAdmission, StoreError> {
    let mut ledger = tx.load(&request.tenant, &request.phone)?;
    let mut shared_until = None;
    for budget in &request.shared_budgets {
        shared_until = shared_until.max(tx.refuses_until(budget, now)?);
    }
    let (admission, dropped) = ledger.open_reverse(request, shared_until, now);
    if let ReverseAdmission::Opened(opened) = &admission {
        for budget in &request.shared_budgets {
            tx.charge(budget, now)?;
        }
        if opened.id == request.id {
            tx.link(&Locator::verification(opened.id), &request.tenant, &request.phone)?;
        }
        dropped.iter().try_for_each(|locator| tx.unlink(locator))?;
        tx.save(&request.tenant, &request.phone, &ledger)?;
    }
    Ok(admission)
}

/// [`ReverseStore::read_reverse`](crate::ReverseStore::read_reverse).
///
/// # Errors
/// [`StoreError`] of the transaction.
pub fn read_reverse(
    tx: &mut dyn Transaction,
    tenant: &TenantId,
    target: &ReverseTarget,
    now: Timestamp,
) -> Result<Vec<ReverseChallenge>, StoreError> {
    let (phone, id) = match target {
        ReverseTarget::Phone(phone) => (Some(phone.clone()), None),
        ReverseTarget::Id(id) => (phone_of(tx, tenant, *id)?, Some(*id)),
    };
    let Some(phone) = phone else { return Ok(Vec::new()) };
    Ok(tx.load(tenant, &phone)?.read_reverse(id, &phone, now))
}

/// [`ReverseStore::receive_reverse`](crate::ReverseStore::receive_reverse).
///
/// # Errors
/// [`StoreError`] of the transaction.
pub fn receive_reverse(
    tx: &mut dyn Transaction,
    receipt: &ReverseReceipt,
    now: Timestamp,
) -> Result<ReverseOutcome, StoreError> {
    let mut ledger = tx.load(&receipt.tenant, &receipt.phone)?;
    let outcome = ledger.receive_reverse(receipt, now);
    if matches!(outcome, ReverseOutcome::Confirmed { .. } | ReverseOutcome::Wrong { .. }) {
        tx.save(&receipt.tenant, &receipt.phone, &ledger)?;
    }
    Ok(outcome)
}

/// [`ReverseStore::claim_reverse`](crate::ReverseStore::claim_reverse).
///
/// # Errors
/// [`StoreError`] of the transaction.
pub fn claim_reverse(
    tx: &mut dyn Transaction,
    claim: &ReverseClaim,
    now: Timestamp,
) -> Result<ReverseClaimed, StoreError> {
    let Some(phone) = phone_of(tx, &claim.tenant, claim.id)? else { return Ok(ReverseClaimed::Nothing) };
    let mut ledger = tx.load(&claim.tenant, &phone)?;
    let (claimed, added) = ledger.claim_reverse(claim, now);
    if let Some(proof) = added {
        tx.link(&proof, &claim.tenant, &phone)?;
        tx.save(&claim.tenant, &phone, &ledger)?;
    }
    Ok(claimed)
}

fn phone_of(
    tx: &mut dyn Transaction,
    tenant: &TenantId,
    id: VerificationId,
) -> Result<Option<PhoneNumber>, StoreError> {
    let owner = tx.locate(&Locator::verification(id))?;
    Ok(owner.filter(|(of, _)| of == tenant).map(|(_, phone)| phone))
}
