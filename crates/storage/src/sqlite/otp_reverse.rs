//! Reverse verifications: the steps of their store on a connection.

use wartel_core::{StoreError, TenantId, Timestamp};
use wartel_otp::ReverseStore;
use wartel_otp::ledger::reverse_steps as steps;
use wartel_otp::reverse_store::{
    OpenReverse, ReverseAdmission, ReverseChallenge, ReverseClaim, ReverseClaimed, ReverseOutcome,
    ReverseReceipt, ReverseTarget,
};

use super::SqliteStores;
use super::otp::OtpTransaction;

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl ReverseStore for SqliteStores {
    async fn open_reverse(
        &self,
        request: OpenReverse,
        now: Timestamp,
    ) -> Result<ReverseAdmission, StoreError> {
        self.write("otp.open_reverse", move |connection| {
            steps::open_reverse(&mut OtpTransaction::new(connection), &request, now)
        })
        .await
    }

    async fn read_reverse(
        &self,
        tenant: &TenantId,
        target: &ReverseTarget,
        now: Timestamp,
    ) -> Result<Vec<ReverseChallenge>, StoreError> {
        let (tenant, target) = (tenant.clone(), target.clone());
        self.read("otp.read_reverse", move |connection| {
            steps::read_reverse(&mut OtpTransaction::new(connection), &tenant, &target, now)
        })
        .await
    }

    async fn receive_reverse(
        &self,
        receipt: ReverseReceipt,
        now: Timestamp,
    ) -> Result<ReverseOutcome, StoreError> {
        self.write("otp.receive_reverse", move |connection| {
            steps::receive_reverse(&mut OtpTransaction::new(connection), &receipt, now)
        })
        .await
    }

    async fn claim_reverse(&self, claim: ReverseClaim, now: Timestamp) -> Result<ReverseClaimed, StoreError> {
        self.write("otp.claim_reverse", move |connection| {
            steps::claim_reverse(&mut OtpTransaction::new(connection), &claim, now)
        })
        .await
    }
}
