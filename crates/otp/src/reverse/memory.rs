//! Reverse verifications in memory.

use wartel_core::{StoreError, TenantId, Timestamp};

use crate::ledger::reverse_steps as steps;
use crate::memory::MemoryOtpStore;
use crate::reverse_store::{
    OpenReverse, ReverseAdmission, ReverseChallenge, ReverseClaim, ReverseClaimed, ReverseOutcome,
    ReverseReceipt, ReverseStore, ReverseTarget,
};

#[async_trait::async_trait]
impl ReverseStore for MemoryOtpStore {
    async fn open_reverse(
        &self,
        request: OpenReverse,
        now: Timestamp,
    ) -> Result<ReverseAdmission, StoreError> {
        self.transact(|tx| steps::open_reverse(tx, &request, now))
    }

    async fn read_reverse(
        &self,
        tenant: &TenantId,
        target: &ReverseTarget,
        now: Timestamp,
    ) -> Result<Vec<ReverseChallenge>, StoreError> {
        self.transact(|tx| steps::read_reverse(tx, tenant, target, now))
    }

    async fn receive_reverse(
        &self,
        receipt: ReverseReceipt,
        now: Timestamp,
    ) -> Result<ReverseOutcome, StoreError> {
        self.transact(|tx| steps::receive_reverse(tx, &receipt, now))
    }

    async fn claim_reverse(&self, claim: ReverseClaim, now: Timestamp) -> Result<ReverseClaimed, StoreError> {
        self.transact(|tx| steps::claim_reverse(tx, &claim, now))
    }
}
