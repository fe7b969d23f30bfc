//! The ledger in memory, for tests and for trying things out.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wartel_core::{StoreError, TenantId, Timestamp};

use super::{Reservation, ReservationId, Reserved, SpendStore, Spent};

/// The ledger in the memory of one process; lost when it ends. Clones are the same ledger.
#[derive(Clone, Default)]
pub struct MemorySpendStore {
    ledger: Arc<Mutex<Ledger>>,
}

#[derive(Default)]
struct Ledger {
    windows: HashMap<(TenantId, String), Spent>,
    open: HashMap<(TenantId, ReservationId), Reservation>,
}

impl MemorySpendStore {
    /// An empty ledger.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    /// What was reserved and never settled counts as made, and cost all of it.
    fn expire(&mut self, tenant: &TenantId, now: Timestamp) {
        let over: Vec<_> = self
            .open
            .iter()
            .filter(|((owner, _), reservation)| owner == tenant && reservation.expires_at <= now)
            .map(|(key, reservation)| (key.clone(), reservation.amount))
            .collect();
        for (key, amount) in over {
            self.close(&key, amount, 0);
        }
    }

    fn close(&mut self, key: &(TenantId, ReservationId), cost: u64, tokens: u64) {
        let Some(reservation) = self.open.remove(key) else { return };
        for cap in reservation.caps {
            let spent = self.windows.entry((reservation.tenant.clone(), cap.window)).or_default();
            spent.reserved = spent.reserved.saturating_sub(reservation.amount);
            spent.settled = spent.settled.saturating_add(cost);
            spent.calls = spent.calls.saturating_add(1);
            spent.tokens = spent.tokens.saturating_add(tokens);
        }
    }
}

#[async_trait::async_trait]
impl SpendStore for MemorySpendStore {
    async fn reserve(&self, reservation: &Reservation, now: Timestamp) -> Result<Reserved, StoreError> {
        let mut ledger = self.ledger();
        let tenant = &reservation.tenant;
        ledger.expire(tenant, now);
        let key = (tenant.clone(), reservation.id);
        if ledger.open.contains_key(&key) {
            return Ok(Reserved::Yes);
        }
        for cap in &reservation.caps {
            let spent =
                ledger.windows.get(&(tenant.clone(), cap.window.clone())).copied().unwrap_or_default();
            let sum = spent.settled.saturating_add(spent.reserved).saturating_add(reservation.amount);
            if sum > cap.max {
                return Ok(Reserved::No { window: cap.window.clone() });
            }
        }
        for cap in &reservation.caps {
            let spent = ledger.windows.entry((tenant.clone(), cap.window.clone())).or_default();
            spent.reserved = spent.reserved.saturating_add(reservation.amount);
        }
        ledger.open.insert(key, reservation.clone());
        Ok(Reserved::Yes)
    }

    async fn settle(
        &self,
        tenant: &TenantId,
        id: ReservationId,
        cost: u64,
        tokens: u64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut ledger = self.ledger();
        ledger.expire(tenant, now);
        ledger.close(&(tenant.clone(), id), cost, tokens);
        Ok(())
    }

    async fn spent(&self, tenant: &TenantId, window: &str) -> Result<Spent, StoreError> {
        let key = (tenant.clone(), window.to_owned());
        Ok(self.ledger().windows.get(&key).copied().unwrap_or_default())
    }
}

impl fmt::Debug for MemorySpendStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySpendStore").field("open", &self.ledger().open.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::spend::SpendCap;

    const T0: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

    fn reservation(amount: u64) -> Reservation {
        let caps = vec![SpendCap::new("day/2026-01-01", 100), SpendCap::new("month/2026-01", 150)];
        let expires_at = T0 + Duration::from_secs(60);
        Reservation::new(ReservationId::random(), TenantId::default(), caps, amount, expires_at)
    }

    #[tokio::test]
    async fn hazard_38_reserved_and_settled_money_counts_in_every_window() {
        let (store, tenant) = (MemorySpendStore::new(), TenantId::default());
        let (first, second) = (reservation(60), reservation(60));
        assert_eq!(store.reserve(&first, T0).await.unwrap(), Reserved::Yes);
        assert_eq!(store.reserve(&first, T0).await.unwrap(), Reserved::Yes);
        let day = "day/2026-01-01".to_owned();
        assert_eq!(store.reserve(&second, T0).await.unwrap(), Reserved::No { window: day.clone() });
        assert_eq!(store.spent(&tenant, "month/2026-01").await.unwrap(), Spent::new(0, 60, 0, 0));
        store.settle(&tenant, first.id, 10, 7, T0).await.unwrap();
        store.settle(&tenant, first.id, 10, 7, T0).await.unwrap();
        assert_eq!(store.spent(&tenant, &day).await.unwrap(), Spent::new(10, 0, 1, 7));
        assert_eq!(store.reserve(&second, T0).await.unwrap(), Reserved::Yes);
        let other = TenantId::parse("other").unwrap();
        assert_eq!(store.spent(&other, &day).await.unwrap(), Spent::default());
        // Nobody settles the second: when its time is over it has cost all of it, and a late settlement changes nothing.
        let later = T0 + Duration::from_secs(60);
        store.settle(&tenant, second.id, 1, 1, later).await.unwrap();
        assert_eq!(store.spent(&tenant, &day).await.unwrap(), Spent::new(70, 0, 2, 7));
    }
}
