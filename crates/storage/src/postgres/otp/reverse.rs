//! Reverse verifications: their steps wait in the same lanes.

use wartel_core::{StoreError, TenantId, Timestamp};
use wartel_otp::ReverseStore;
use wartel_otp::ledger::{Locator, reverse_steps as steps};
use wartel_otp::reverse_store::{
    OpenReverse, ReverseAdmission, ReverseChallenge, ReverseClaim, ReverseClaimed, ReverseOutcome,
    ReverseReceipt, ReverseTarget,
};

use super::member::Keys;
use crate::postgres::PostgresStores;

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl ReverseStore for PostgresStores {
    async fn open_reverse(
        &self,
        request: OpenReverse,
        now: Timestamp,
    ) -> Result<ReverseAdmission, StoreError> {
        let mut keys = Keys::of_phone(&request.tenant, &request.phone);
        keys.budgets(&request.shared_budgets);
        let lane = &self.inner.otp.writes;
        lane.ask("otp.open_reverse", keys, move |tx| steps::open_reverse(tx, &request, now)).await
    }

    async fn read_reverse(
        &self,
        tenant: &TenantId,
        target: &ReverseTarget,
        now: Timestamp,
    ) -> Result<Vec<ReverseChallenge>, StoreError> {
        let (tenant, target) = (tenant.clone(), target.clone());
        let keys = match &target {
            ReverseTarget::Id(id) => Keys::of_locators([Locator::verification(*id)]),
            ReverseTarget::Phone(phone) => Keys::of_phone(&tenant, phone),
            // A target that is newer than this store finds out what it needs when it runs.
            _ => Keys::default(),
        };
        let lane = &self.inner.otp.reads;
        lane.ask("otp.read_reverse", keys, move |tx| steps::read_reverse(tx, &tenant, &target, now)).await
    }

    async fn receive_reverse(
        &self,
        receipt: ReverseReceipt,
        now: Timestamp,
    ) -> Result<ReverseOutcome, StoreError> {
        let keys = Keys::of_phone(&receipt.tenant, &receipt.phone);
        let lane = &self.inner.otp.writes;
        lane.ask("otp.receive_reverse", keys, move |tx| steps::receive_reverse(tx, &receipt, now)).await
    }

    async fn claim_reverse(&self, claim: ReverseClaim, now: Timestamp) -> Result<ReverseClaimed, StoreError> {
        let keys = Keys::of_locators([Locator::verification(claim.id)]);
        let lane = &self.inner.otp.writes;
        lane.ask("otp.claim_reverse", keys, move |tx| steps::claim_reverse(tx, &claim, now)).await
    }
}
