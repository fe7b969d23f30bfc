//! A store that can be switched off, and one that never answers.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use wartel_core::{PhoneNumber, StoreError, StoreErrorKind, TenantId, Timestamp};
use wartel_messaging::DeliveryReceipt;
use wartel_otp::store::{
    Admission, Admit, Attempt, AttemptOutcome, DeliveryRecord, LeasedSend, OtpStore, Recorded, Redeem,
    Redemption, Rules, Snapshot, Target,
};
use wartel_otp::{MemoryOtpStore, VerificationId};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Up,
    Down,
    Hangs,
    Panics,
}

/// A memory store behind a switch.
#[derive(Debug, Clone)]
pub struct SwitchStore {
    pub inner: MemoryOtpStore,
    mode: Arc<Mutex<Mode>>,
    gets: Arc<AtomicUsize>,
}

impl SwitchStore {
    pub fn new() -> Self {
        Self { inner: MemoryOtpStore::new(), mode: Arc::new(Mutex::new(Mode::Up)), gets: Arc::default() }
    }

    pub fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }

    /// How often it was asked how something stands.
    pub fn gets(&self) -> usize {
        self.gets.load(Ordering::SeqCst)
    }

    async fn gate(&self, step: &'static str) -> Result<(), StoreError> {
        let mode = *self.mode.lock().unwrap();
        match mode {
            Mode::Up => Ok(()),
            Mode::Down => Err(StoreError::new(StoreErrorKind::Unavailable, step)),
            Mode::Hangs => pending().await,
            Mode::Panics => panic!("the store of a test panics"),
        }
    }
}

#[async_trait::async_trait]
impl OtpStore for SwitchStore {
    async fn admit(&self, request: Admit, now: Timestamp) -> Result<Admission, StoreError> {
        self.gate("otp.admit").await?;
        self.inner.admit(request, now).await
    }

    async fn attempt(&self, attempt: Attempt, now: Timestamp) -> Result<AttemptOutcome, StoreError> {
        self.gate("otp.attempt").await?;
        self.inner.attempt(attempt, now).await
    }

    async fn get(
        &self,
        tenant: &TenantId,
        target: &Target,
        now: Timestamp,
    ) -> Result<Option<Snapshot>, StoreError> {
        self.gets.fetch_add(1, Ordering::SeqCst);
        self.gate("otp.get").await?;
        self.inner.get(tenant, target, now).await
    }

    async fn cancel(
        &self,
        tenant: &TenantId,
        id: VerificationId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.gate("otp.cancel").await?;
        self.inner.cancel(tenant, id, now).await
    }

    async fn record_delivery(&self, record: DeliveryRecord, now: Timestamp) -> Result<Recorded, StoreError> {
        self.gate("otp.record_delivery").await?;
        self.inner.record_delivery(record, now).await
    }

    async fn record_receipt(&self, receipt: DeliveryReceipt, now: Timestamp) -> Result<bool, StoreError> {
        self.gate("otp.record_receipt").await?;
        self.inner.record_receipt(receipt, now).await
    }

    async fn lease_due(
        &self,
        limit: usize,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Vec<LeasedSend>, StoreError> {
        self.gate("otp.lease_due").await?;
        self.inner.lease_due(limit, rules, now).await
    }

    async fn redeem(&self, redeem: Redeem, now: Timestamp) -> Result<Redemption, StoreError> {
        self.gate("otp.redeem").await?;
        self.inner.redeem(redeem, now).await
    }

    async fn purge(&self, rules: &Rules, limit: usize, now: Timestamp) -> Result<usize, StoreError> {
        self.gate("otp.purge").await?;
        self.inner.purge(rules, limit, now).await
    }

    async fn unlock(
        &self,
        tenant: &TenantId,
        phone: &PhoneNumber,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.gate("otp.unlock").await?;
        self.inner.unlock(tenant, phone, now).await
    }

    async fn forget(
        &self,
        tenant: &TenantId,
        phone: &PhoneNumber,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.gate("otp.forget").await?;
        self.inner.forget(tenant, phone, now).await
    }
}
