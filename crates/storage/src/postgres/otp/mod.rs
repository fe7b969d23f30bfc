//! The OTP store: steps that wait together share a transaction.
//!
//! Order of locks, the same for everybody, so that nobody waits in a circle: phones (by tenant, then number), the
//! gate of receipts, budgets (by key), and only then rows that are new. A step that turns out to need a phone that
//! was not locked is put off to the next transaction.

mod batcher;
mod load;
mod member;
mod redeem;
mod reverse;
mod run;
mod snapshot;
mod sweep;
mod tallies;
mod transaction;
mod window;
mod write;

use std::sync::Arc;

use tokio::time::Instant;
use wartel_core::{PhoneNumber, StoreError, TenantId, Timestamp};
use wartel_messaging::DeliveryReceipt;
use wartel_otp::VerificationId;
use wartel_otp::ledger::{Locator, steps};
use wartel_otp::store::{
    Admission, Admit, Attempt, AttemptOutcome, DeliveryRecord, LeasedSend, OtpStore, Recorded, Redeem,
    Redemption, Rules, SendOutcome, Snapshot, Target,
};

use super::PostgresStores;
use super::database::{Database, STEP_TIME};
use batcher::{Batcher, Lane};
use member::Keys;

/// Whose ledger it is.
type Owner = (TenantId, PhoneNumber);

/// Where steps wait: those that write and those that read.
pub(super) struct Lanes {
    writes: Batcher,
    reads: Batcher,
}

impl Lanes {
    pub(super) fn new(database: &Arc<Database>) -> Self {
        Self {
            writes: Batcher::new(Arc::clone(database), Lane::Write),
            reads: Batcher::new(Arc::clone(database), Lane::Read),
        }
    }

    pub(super) async fn close(&self) {
        self.writes.close().await;
        self.reads.close().await;
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl OtpStore for PostgresStores {
    async fn admit(&self, request: Admit, now: Timestamp) -> Result<Admission, StoreError> {
        let mut keys = Keys::of_phone(&request.tenant, &request.phone);
        keys.budgets(&request.budgets());
        let idempotency = request.idempotency.iter();
        keys.late_locators.extend(idempotency.map(|idempotency| Locator::idempotency(&idempotency.key)));
        self.inner.otp.writes.ask("otp.admit", keys, move |tx| steps::admit(tx, &request, now)).await
    }

    async fn attempt(&self, attempt: Attempt, now: Timestamp) -> Result<AttemptOutcome, StoreError> {
        let keys = Keys::of_target(&attempt.tenant, &attempt.target);
        self.inner.otp.writes.ask("otp.attempt", keys, move |tx| steps::attempt(tx, &attempt, now)).await
    }

    async fn get(
        &self,
        tenant: &TenantId,
        target: &Target,
        now: Timestamp,
    ) -> Result<Option<Snapshot>, StoreError> {
        let (tenant, target) = (tenant.clone(), target.clone());
        let keys = Keys::of_target(&tenant, &target);
        self.inner.otp.reads.ask("otp.get", keys, move |tx| steps::get(tx, &tenant, &target, now)).await
    }

    async fn cancel(
        &self,
        tenant: &TenantId,
        id: VerificationId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let tenant = tenant.clone();
        let keys = Keys::of_locators([Locator::verification(id)]);
        self.inner.otp.writes.ask("otp.cancel", keys, move |tx| steps::cancel(tx, &tenant, id, now)).await
    }

    async fn record_delivery(&self, record: DeliveryRecord, now: Timestamp) -> Result<Recorded, StoreError> {
        let mut keys = Keys::of_phone(&record.tenant, &record.phone);
        keys.budgets(&record.reserved);
        if let SendOutcome::Accepted { message_id: Some(id) } = &record.outcome {
            keys.adopts([Locator::message(&record.provider, id)]);
        }
        let lane = &self.inner.otp.writes;
        lane.ask("otp.record_delivery", keys, move |tx| steps::record_delivery(tx, &record, now)).await
    }

    async fn record_receipt(&self, receipt: DeliveryReceipt, now: Timestamp) -> Result<bool, StoreError> {
        let keys = Keys::of_receipt(Locator::of_receipt(&receipt.provider, &receipt.key));
        let lane = &self.inner.otp.writes;
        lane.ask("otp.record_receipt", keys, move |tx| steps::record_receipt(tx, &receipt, now)).await
    }

    async fn lease_due(
        &self,
        limit: usize,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Vec<LeasedSend>, StoreError> {
        sweep::lease_due(&self.inner.database, limit, rules, now).await
    }

    async fn redeem(&self, redeem: Redeem, now: Timestamp) -> Result<Redemption, StoreError> {
        let keys = Keys::of_locators([Locator::proof(&redeem.proof)]);
        self.inner.otp.writes.ask("otp.redeem", keys, move |tx| steps::redeem(tx, &redeem, now)).await
    }

    async fn purge(&self, rules: &Rules, limit: usize, now: Timestamp) -> Result<usize, StoreError> {
        sweep::purge(&self.inner.database, rules, limit, now).await
    }

    async fn unlock(
        &self,
        tenant: &TenantId,
        phone: &PhoneNumber,
        _now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (tenant, phone) = (tenant.clone(), phone.clone());
        let keys = Keys::of_phone(&tenant, &phone);
        self.inner.otp.writes.ask("otp.unlock", keys, move |tx| steps::unlock(tx, &tenant, &phone)).await
    }

    async fn forget(
        &self,
        tenant: &TenantId,
        phone: &PhoneNumber,
        _now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (tenant, phone) = (tenant.clone(), phone.clone());
        let keys = Keys::of_phone(&tenant, &phone);
        self.inner.otp.writes.ask("otp.forget", keys, move |tx| steps::forget(tx, &tenant, &phone)).await
    }
}

/// When a step that begins now has to have its answer.
fn deadline() -> Instant {
    Instant::now() + STEP_TIME
}
