//! The store of reverse verifications: on the same documents as the OTP store.

use wartel_core::{StoreError, TenantId, Timestamp};
use wartel_otp::ReverseStore;
use wartel_otp::ledger::{Locator, Transaction, reverse_steps};
use wartel_otp::reverse_store::{
    OpenReverse, ReverseAdmission, ReverseChallenge, ReverseClaim, ReverseClaimed, ReverseOutcome,
    ReverseReceipt, ReverseTarget,
};

use super::run::{Doubt, Start};
use crate::redis::RedisStores;

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl ReverseStore for RedisStores {
    async fn open_reverse(
        &self,
        request: OpenReverse,
        now: Timestamp,
    ) -> Result<ReverseAdmission, StoreError> {
        let (otp, link) = (&self.inner.otp, &self.inner.link);
        // A new one leaves its id; whoever gets the one that waits already may get it again.
        let doubt = Doubt::Trace(request.id.to_string());
        let start = Start { guesses: true, doubt, ..Start::default() };
        otp.run(link, "otp.open_reverse", start, now, |tx| reverse_steps::open_reverse(tx, &request, now))
            .await
    }

    async fn read_reverse(
        &self,
        tenant: &TenantId,
        target: &ReverseTarget,
        now: Timestamp,
    ) -> Result<Vec<ReverseChallenge>, StoreError> {
        let (otp, link) = (&self.inner.otp, &self.inner.link);
        let start = match target {
            ReverseTarget::Id(id) => otp.start_with_locators([&Locator::verification(*id)]),
            ReverseTarget::Phone(phone) => {
                Start { wants: vec![otp.keys.phone(tenant, phone)], ..Start::default() }
            }
            // A target that is newer than this store finds out what it needs when it runs.
            _ => Start::default(),
        };
        let step = |tx: &mut dyn Transaction| reverse_steps::read_reverse(tx, tenant, target, now);
        otp.run(link, "otp.read_reverse", start, now, step).await
    }

    async fn receive_reverse(
        &self,
        receipt: ReverseReceipt,
        now: Timestamp,
    ) -> Result<ReverseOutcome, StoreError> {
        let (otp, link) = (&self.inner.otp, &self.inner.link);
        let start =
            Start { wants: vec![otp.keys.phone(&receipt.tenant, &receipt.phone)], ..Start::default() };
        let step = |tx: &mut dyn Transaction| reverse_steps::receive_reverse(tx, &receipt, now);
        otp.run(link, "otp.receive_reverse", start, now, step).await
    }

    async fn claim_reverse(&self, claim: ReverseClaim, now: Timestamp) -> Result<ReverseClaimed, StoreError> {
        let (otp, link) = (&self.inner.otp, &self.inner.link);
        let mut start = otp.start_with_locators([&Locator::verification(claim.id)]);
        // The same proof again is answered the same.
        start.doubt = Doubt::RunAgain;
        otp.run(link, "otp.claim_reverse", start, now, |tx| reverse_steps::claim_reverse(tx, &claim, now))
            .await
    }
}
