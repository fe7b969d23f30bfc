//! The store behind admin commands in memory, for tests and for trying things out.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wartel_core::{StoreError, TenantId, Timestamp};
use wartel_messaging::inbox::ContactId;

use super::store::{AdminStore, AuditRow, Confirmation, Undo};

type Person = (TenantId, ContactId);

/// The store behind admin commands in the memory of one process; lost when it ends. Clones are the same store.
#[derive(Clone, Default)]
pub struct MemoryAdminStore {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    asked: BTreeMap<Person, Confirmation>,
    undo: BTreeMap<Person, Undo>,
    /// In the order in which they came.
    rows: Vec<AuditRow>,
}

impl MemoryAdminStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl AdminStore for MemoryAdminStore {
    async fn ask(&self, confirmation: &Confirmation) -> Result<(), StoreError> {
        let person = (confirmation.tenant.clone(), confirmation.staff);
        self.kept().asked.insert(person, confirmation.clone());
        Ok(())
    }

    async fn take_asked(
        &self,
        tenant: &TenantId,
        staff: ContactId,
        now: Timestamp,
    ) -> Result<Option<Confirmation>, StoreError> {
        let taken = self.kept().asked.remove(&(tenant.clone(), staff));
        Ok(taken.filter(|waiting| now < waiting.expires_at))
    }

    async fn keep_undo(&self, undo: &Undo) -> Result<(), StoreError> {
        self.kept().undo.insert((undo.tenant.clone(), undo.staff), undo.clone());
        Ok(())
    }

    async fn take_undo(
        &self,
        tenant: &TenantId,
        staff: ContactId,
        now: Timestamp,
    ) -> Result<Option<Undo>, StoreError> {
        let taken = self.kept().undo.remove(&(tenant.clone(), staff));
        Ok(taken.filter(|undo| now < undo.expires_at))
    }

    async fn record(&self, row: &AuditRow) -> Result<bool, StoreError> {
        let mut kept = self.kept();
        let known = kept.rows.iter().any(|other| other.tenant == row.tenant && other.entry == row.entry);
        if !known {
            kept.rows.push(row.clone());
        }
        Ok(!known)
    }

    async fn audit(&self, tenant: &TenantId, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
        let kept = self.kept();
        let mut rows: Vec<AuditRow> =
            kept.rows.iter().rev().filter(|row| row.tenant == *tenant).cloned().collect();
        // Of the same instant the later entry comes first.
        rows.sort_by_key(|row| std::cmp::Reverse((row.at, row.entry)));
        rows.truncate(limit);
        Ok(rows)
    }
}

impl fmt::Debug for MemoryAdminStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryAdminStore").field("rows", &self.kept().rows.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wartel_messaging::inbox::InboxEntryId;

    use super::*;

    const T0: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

    #[tokio::test]
    async fn what_waits_is_taken_once_by_its_person_and_in_time() {
        let (store, tenant, staff) = (MemoryAdminStore::new(), TenantId::default(), ContactId::random());
        let other = TenantId::parse("other").unwrap();
        let asked = |command: &str| Confirmation::new(tenant.clone(), staff, "hash", command, T0);
        let before = Timestamp::from_micros(T0.as_micros() - 1);
        store.ask(&asked("a")).await.unwrap();
        store.ask(&asked("b")).await.unwrap();
        assert!(store.take_asked(&other, staff, before).await.unwrap().is_none());
        assert!(store.take_asked(&tenant, ContactId::random(), before).await.unwrap().is_none());
        assert_eq!(store.take_asked(&tenant, staff, before).await.unwrap(), Some(asked("b")));
        assert!(store.take_asked(&tenant, staff, before).await.unwrap().is_none());
        store.ask(&asked("c")).await.unwrap();
        assert!(store.take_asked(&tenant, staff, T0).await.unwrap().is_none(), "expired");
        assert!(store.take_asked(&tenant, staff, before).await.unwrap().is_none(), "and gone");
        let undo = Undo::new(tenant.clone(), staff, "{}", T0);
        store.keep_undo(&undo).await.unwrap();
        assert!(store.take_undo(&other, staff, before).await.unwrap().is_none());
        assert_eq!(store.take_undo(&tenant, staff, before).await.unwrap(), Some(undo.clone()));
        assert!(store.take_undo(&tenant, staff, before).await.unwrap().is_none());
        store.keep_undo(&undo).await.unwrap();
        assert!(store.take_undo(&tenant, staff, T0).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn there_is_one_row_for_each_entry_the_newest_first() {
        let (store, tenant, staff) = (MemoryAdminStore::new(), TenantId::default(), ContactId::random());
        let mut rows = Vec::new();
        for second in 0..3 {
            let at = T0 + Duration::from_secs(second);
            let row = AuditRow::new(InboxEntryId::random(), tenant.clone(), staff, "bot.off", "done", at);
            assert!(store.record(&row).await.unwrap());
            assert!(!store.record(&row.clone().with_target(Some("x".to_owned()))).await.unwrap());
            rows.insert(0, row);
        }
        assert_eq!(store.audit(&tenant, 2).await.unwrap(), rows[..2]);
        assert!(store.audit(&TenantId::parse("other").unwrap(), 9).await.unwrap().is_empty());
    }
}
