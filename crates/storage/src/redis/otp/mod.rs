//! The OTP store: each verb is a step on what was read, and one script that writes it.

mod commit;
mod ends;
mod hints;
mod keys;
mod locks;
mod receipts;
mod reverse;
mod run;
mod sweep;
mod tallies;
mod transaction;
mod view;

use wartel_core::{PhoneNumber, StoreError, TenantId, Timestamp};
use wartel_messaging::DeliveryReceipt;
use wartel_otp::VerificationId;
use wartel_otp::ledger::{Locator, steps};
use wartel_otp::store::{
    Admission, Admit, Attempt, AttemptOutcome, DeliveryRecord, LeasedSend, OtpStore, Recorded, Redeem,
    Redemption, Rules, SendOutcome, Snapshot, Target,
};

use super::RedisStores;
pub(super) use run::Otp;
use run::{Doubt, Start};

/// Whose ledger it is.
type Owner = (TenantId, PhoneNumber);

impl Otp {
    fn start_with_phone(&self, tenant: &TenantId, phone: &PhoneNumber) -> Start<'static> {
        Start { wants: vec![self.keys.phone(tenant, phone)], ..Start::default() }
    }

    fn start_with_target(&self, tenant: &TenantId, target: &Target) -> Start<'static> {
        match target {
            Target::Id(id) => self.start_with_locators([&Locator::verification(*id)]),
            Target::Phone { phone, .. } => self.start_with_phone(tenant, phone),
            // A target that is newer than this store finds out what it needs when it runs.
            _ => Start::default(),
        }
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl OtpStore for RedisStores {
    async fn admit(&self, request: Admit, now: Timestamp) -> Result<Admission, StoreError> {
        let (otp, link) = (&self.inner.otp, &self.inner.link);
        // Most phones are new: then nothing has to be read.
        let doubt = Doubt::Trace(request.fresh.send.to_string());
        let start = Start { guesses: true, doubt, ..Start::default() };
        otp.run(link, "otp.admit", start, now, |tx| steps::admit(tx, &request, now)).await
    }

    async fn attempt(&self, attempt: Attempt, now: Timestamp) -> Result<AttemptOutcome, StoreError> {
        let (otp, link) = (&self.inner.otp, &self.inner.link);
        let mut start = otp.start_with_target(&attempt.tenant, &attempt.target);
        if let Target::Phone { phone, .. } = &attempt.target {
            // It was read just now for the code to be compared.
            start.changes = Some(otp.keys.phone(&attempt.tenant, phone));
        }
        if attempt.matched {
            // The same proof again is answered the same.
            start.doubt = Doubt::RunAgain;
        }
        otp.run(link, "otp.attempt", start, now, |tx| steps::attempt(tx, &attempt, now)).await
    }

    async fn get(
        &self,
        tenant: &TenantId,
        target: &Target,
        now: Timestamp,
    ) -> Result<Option<Snapshot>, StoreError> {
        let (otp, link) = (&self.inner.otp, &self.inner.link);
        let start = otp.start_with_target(tenant, target);
        otp.run(link, "otp.get", start, now, |tx| steps::get(tx, tenant, target, now)).await
    }

    async fn cancel(
        &self,
        tenant: &TenantId,
        id: VerificationId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (otp, link) = (&self.inner.otp, &self.inner.link);
        let start = otp.start_with_locators([&Locator::verification(id)]);
        otp.run(link, "otp.cancel", start, now, |tx| steps::cancel(tx, tenant, id, now)).await
    }

    async fn record_delivery(&self, record: DeliveryRecord, now: Timestamp) -> Result<Recorded, StoreError> {
        let (otp, link) = (&self.inner.otp, &self.inner.link);
        let mut wants = vec![otp.keys.phone(&record.tenant, &record.phone)];
        if let SendOutcome::Accepted { message_id: Some(id) } = &record.outcome {
            wants.push(otp.keys.receipts(Locator::message(&record.provider, id).as_str()));
        }
        // It was written just now, when the send was leased.
        let changes = Some(otp.keys.phone(&record.tenant, &record.phone));
        let start = Start { wants, changes, ..Start::default() };
        otp.run(link, "otp.record_delivery", start, now, |tx| steps::record_delivery(tx, &record, now)).await
    }

    async fn record_receipt(&self, receipt: DeliveryReceipt, now: Timestamp) -> Result<bool, StoreError> {
        let (otp, link) = (&self.inner.otp, &self.inner.link);
        let mut start = otp.start_with_locators(&Locator::of_receipt(&receipt.provider, &receipt.key));
        start.doubt = Doubt::RunAgain;
        otp.run(link, "otp.record_receipt", start, now, |tx| steps::record_receipt(tx, &receipt, now)).await
    }

    async fn lease_due(
        &self,
        limit: usize,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Vec<LeasedSend>, StoreError> {
        sweep::lease_due(self, limit, rules, now).await
    }

    async fn redeem(&self, redeem: Redeem, now: Timestamp) -> Result<Redemption, StoreError> {
        let (otp, link) = (&self.inner.otp, &self.inner.link);
        let mut start = otp.start_with_locators([&Locator::proof(&redeem.proof)]);
        start.doubt = Doubt::RunAgain;
        otp.run(link, "otp.redeem", start, now, |tx| steps::redeem(tx, &redeem, now)).await
    }

    async fn purge(&self, rules: &Rules, limit: usize, now: Timestamp) -> Result<usize, StoreError> {
        sweep::purge(self, rules, limit, now).await
    }

    async fn unlock(
        &self,
        tenant: &TenantId,
        phone: &PhoneNumber,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (otp, link) = (&self.inner.otp, &self.inner.link);
        let start = otp.start_with_phone(tenant, phone);
        otp.run(link, "otp.unlock", start, now, |tx| steps::unlock(tx, tenant, phone)).await
    }

    async fn forget(
        &self,
        tenant: &TenantId,
        phone: &PhoneNumber,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (otp, link) = (&self.inner.otp, &self.inner.link);
        let start = otp.start_with_phone(tenant, phone);
        otp.run(link, "otp.forget", start, now, |tx| steps::forget(tx, tenant, phone)).await
    }
}
