//! Until when anything of a phone counts.

use wartel_core::{PhoneNumber, StoreError, StoreErrorKind, TenantId, Timestamp};
use wartel_messaging::DeliveryReceipt;
use wartel_otp::ledger::{Locator, PhoneLedger, ReceiptOrphan, Transaction, steps};
use wartel_otp::{Budget, OtpPolicy};

use super::Owner;

/// More parts than a ledger has that end at different times.
const MOST_ENDS: usize = 1_000;

/// When the last part of a ledger is over. A ledger says only when its first part is: failed checks are counted long
/// after the code is gone, and must not expire with it.
pub(super) fn end_of(owner: &Owner, ledger: &PhoneLedger) -> Timestamp {
    let mut fading = Fading { owner, ledger: ledger.clone() };
    // Only what is shared is purged by the rules, and there is nothing shared here.
    let rules = OtpPolicy::default().rules();
    let mut end = fading.ledger.purge_at();
    for _ in 0..MOST_ENDS {
        if steps::purge(&mut fading, &rules, 1, end).is_err() || fading.ledger.is_empty() {
            break;
        }
        end = end.max(fading.ledger.purge_at());
    }
    end
}

/// A ledger from which one part after the other goes.
struct Fading<'a> {
    owner: &'a Owner,
    ledger: PhoneLedger,
}

impl Transaction for Fading<'_> {
    fn load(&mut self, _tenant: &TenantId, _phone: &PhoneNumber) -> Result<PhoneLedger, StoreError> {
        Ok(std::mem::take(&mut self.ledger))
    }

    fn save(
        &mut self,
        _tenant: &TenantId,
        _phone: &PhoneNumber,
        ledger: &PhoneLedger,
    ) -> Result<(), StoreError> {
        self.ledger = ledger.clone();
        Ok(())
    }

    fn link(
        &mut self,
        _locator: &Locator,
        _tenant: &TenantId,
        _phone: &PhoneNumber,
    ) -> Result<(), StoreError> {
        Err(not_of_a_purge())
    }

    fn unlink(&mut self, _locator: &Locator) -> Result<(), StoreError> {
        Ok(())
    }

    fn locate(&mut self, _locator: &Locator) -> Result<Option<Owner>, StoreError> {
        Err(not_of_a_purge())
    }

    fn refuses_until(&mut self, _budget: &Budget, _now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        Err(not_of_a_purge())
    }

    fn charge(&mut self, _budget: &Budget, _now: Timestamp) -> Result<Timestamp, StoreError> {
        Err(not_of_a_purge())
    }

    fn release(&mut self, _budget: &Budget, _at: Timestamp) -> Result<(), StoreError> {
        Err(not_of_a_purge())
    }

    fn keep_receipt(&mut self, _orphan: &ReceiptOrphan, _now: Timestamp) -> Result<(), StoreError> {
        Err(not_of_a_purge())
    }

    fn take_receipts(&mut self, _locator: &Locator) -> Result<Vec<DeliveryReceipt>, StoreError> {
        Err(not_of_a_purge())
    }

    fn due(&mut self, _limit: usize, _now: Timestamp) -> Result<Vec<Owner>, StoreError> {
        Ok(Vec::new())
    }

    fn purgeable(&mut self, _limit: usize, _now: Timestamp) -> Result<Vec<Owner>, StoreError> {
        Ok(vec![self.owner.clone()])
    }

    fn purge_shared(
        &mut self,
        _limit: usize,
        _before: Timestamp,
        _now: Timestamp,
    ) -> Result<usize, StoreError> {
        Ok(0)
    }
}

fn not_of_a_purge() -> StoreError {
    StoreError::new(StoreErrorKind::Unexpected, "otp.lifetime")
}
