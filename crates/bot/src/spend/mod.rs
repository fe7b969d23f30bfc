//! The port of the ledger of what models cost.
//!
//! Before each call its highest possible price is reserved, afterwards the real one is settled: so that calls that run in
//! parallel cannot overshoot a cap together.

mod caps;
mod memory;

use std::fmt;
use std::sync::Arc;

use wartel_core::{StoreError, TenantId, Timestamp};

pub use caps::SpendCaps;
pub use memory::MemorySpendStore;

wartel_core::uuid_id! {
    /// Names a reservation.
    pub struct ReservationId;
}

/// How much may be spent in a window, such as a day.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpendCap {
    /// The window: `day/2026-12-31`, `month/2026-12`. Opaque to stores.
    pub window: String,
    /// How much, in millionths of a US dollar.
    pub max: u64,
}

impl SpendCap {
    /// So much in a window.
    #[must_use]
    pub fn new(window: impl Into<String>, max: u64) -> Self {
        Self { window: window.into(), max }
    }
}

/// What was spent in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Spent {
    /// What calls have cost, in millionths of a US dollar.
    pub settled: u64,
    /// What calls under way may cost at the most.
    pub reserved: u64,
    /// How many calls were settled.
    pub calls: u64,
    /// How many tokens they used.
    pub tokens: u64,
}

impl Spent {
    /// What [`SpendStore::spent`] answers.
    #[must_use]
    pub const fn new(settled: u64, reserved: u64, calls: u64, tokens: u64) -> Self {
        Self { settled, reserved, calls, tokens }
    }
}

/// A call that is about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reservation {
    /// Names it.
    pub id: ReservationId,
    /// Who pays.
    pub tenant: TenantId,
    /// The windows that it counts in.
    pub caps: Vec<SpendCap>,
    /// What it may cost at the most, in millionths of a US dollar.
    pub amount: u64,
    /// From when on it counts as made, and cost all of that, unless it was settled before.
    pub expires_at: Timestamp,
}

impl Reservation {
    /// A call that may cost so much.
    #[must_use]
    pub const fn new(
        id: ReservationId,
        tenant: TenantId,
        caps: Vec<SpendCap>,
        amount: u64,
        expires_at: Timestamp,
    ) -> Self {
        Self { id, tenant, caps, amount, expires_at }
    }
}

/// Whether a call may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reserved {
    /// It may.
    Yes,
    /// It may not: this window would be overspent. Nothing is reserved.
    No {
        /// Which one.
        window: String,
    },
}

/// The ledger. Each verb is one atomic step, tenant first; time is handed in.
///
/// # Behavior
/// - A reservation fits if in each window settled + reserved + amount ≤ max.
/// - Settling an unknown or settled reservation changes nothing.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait::async_trait]
pub trait SpendStore: fmt::Debug + Send + Sync + 'static {
    /// Reserves in all windows, or in none.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer: the call must not be made then.
    async fn reserve(&self, reservation: &Reservation, now: Timestamp) -> Result<Reserved, StoreError>;

    /// Replaces a reservation by what the call has cost.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn settle(
        &self,
        tenant: &TenantId,
        id: ReservationId,
        cost: u64,
        tokens: u64,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// What was spent in a window.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn spent(&self, tenant: &TenantId, window: &str) -> Result<Spent, StoreError>;
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: SpendStore + ?Sized> SpendStore for Arc<T> {
    async fn reserve(&self, reservation: &Reservation, now: Timestamp) -> Result<Reserved, StoreError> {
        (**self).reserve(reservation, now).await
    }

    async fn settle(
        &self,
        tenant: &TenantId,
        id: ReservationId,
        cost: u64,
        tokens: u64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        (**self).settle(tenant, id, cost, tokens, now).await
    }

    async fn spent(&self, tenant: &TenantId, window: &str) -> Result<Spent, StoreError> {
        (**self).spent(tenant, window).await
    }
}
