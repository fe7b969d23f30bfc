//! The OTP store: what its rules ask of a transaction, on a connection.

use std::time::Duration;

use rusqlite::{OptionalExtension as _, params};
use wartel_core::{PhoneNumber, StoreError, TenantId, Timestamp};
use wartel_messaging::DeliveryReceipt;
use wartel_otp::ledger::{Locator, PhoneLedger, ReceiptOrphan, Transaction, steps};
use wartel_otp::store::{
    Admission, Admit, Attempt, AttemptOutcome, DeliveryRecord, LeasedSend, OtpStore, Recorded, Redeem,
    Redemption, Rules, Snapshot, Target,
};
use wartel_otp::{Budget, VerificationId};

use super::error::{At as _, unreadable};
use super::statements::Db;
use super::{SqliteStores, otp_budgets, otp_receipts};

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl OtpStore for SqliteStores {
    async fn admit(&self, request: Admit, now: Timestamp) -> Result<Admission, StoreError> {
        self.write("otp.admit", move |connection| {
            steps::admit(&mut OtpTransaction::new(connection), &request, now)
        })
        .await
    }

    async fn attempt(&self, attempt: Attempt, now: Timestamp) -> Result<AttemptOutcome, StoreError> {
        self.write("otp.attempt", move |connection| {
            steps::attempt(&mut OtpTransaction::new(connection), &attempt, now)
        })
        .await
    }

    async fn get(
        &self,
        tenant: &TenantId,
        target: &Target,
        now: Timestamp,
    ) -> Result<Option<Snapshot>, StoreError> {
        let (tenant, target) = (tenant.clone(), target.clone());
        self.read("otp.get", move |connection| {
            steps::get(&mut OtpTransaction::new(connection), &tenant, &target, now)
        })
        .await
    }

    async fn cancel(
        &self,
        tenant: &TenantId,
        id: VerificationId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let tenant = tenant.clone();
        self.write("otp.cancel", move |connection| {
            steps::cancel(&mut OtpTransaction::new(connection), &tenant, id, now)
        })
        .await
    }

    async fn record_delivery(&self, record: DeliveryRecord, now: Timestamp) -> Result<Recorded, StoreError> {
        self.write("otp.record_delivery", move |connection| {
            steps::record_delivery(&mut OtpTransaction::new(connection), &record, now)
        })
        .await
    }

    async fn record_receipt(&self, receipt: DeliveryReceipt, now: Timestamp) -> Result<bool, StoreError> {
        self.write("otp.record_receipt", move |connection| {
            steps::record_receipt(&mut OtpTransaction::new(connection), &receipt, now)
        })
        .await
    }

    async fn lease_due(
        &self,
        limit: usize,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Vec<LeasedSend>, StoreError> {
        let rules = rules.clone();
        self.write("otp.lease_due", move |connection| {
            steps::lease_due(&mut OtpTransaction::new(connection), limit, &rules, now)
        })
        .await
    }

    async fn redeem(&self, redeem: Redeem, now: Timestamp) -> Result<Redemption, StoreError> {
        self.write("otp.redeem", move |connection| {
            steps::redeem(&mut OtpTransaction::new(connection), &redeem, now)
        })
        .await
    }

    async fn purge(&self, rules: &Rules, limit: usize, now: Timestamp) -> Result<usize, StoreError> {
        let rules = rules.clone();
        self.write("otp.purge", move |connection| {
            steps::purge(&mut OtpTransaction::new(connection), &rules, limit, now)
        })
        .await
    }

    async fn unlock(
        &self,
        tenant: &TenantId,
        phone: &PhoneNumber,
        _now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (tenant, phone) = (tenant.clone(), phone.clone());
        self.write("otp.unlock", move |connection| {
            steps::unlock(&mut OtpTransaction::new(connection), &tenant, &phone)
        })
        .await
    }

    async fn forget(
        &self,
        tenant: &TenantId,
        phone: &PhoneNumber,
        _now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (tenant, phone) = (tenant.clone(), phone.clone());
        self.write("otp.forget", move |connection| {
            steps::forget(&mut OtpTransaction::new(connection), &tenant, &phone)
        })
        .await
    }
}

/// One step's view of a connection that is inside a transaction. On a connection that only reads, SQLite itself
/// refuses the verbs that write.
pub(super) struct OtpTransaction<'a, 'c> {
    connection: &'a Db<'c>,
    /// What was loaded last: steps load a ledger and save it.
    loaded: Option<Loaded>,
    budgets: otp_budgets::Budgets<'a, 'c>,
}

struct Loaded {
    tenant: TenantId,
    phone: PhoneNumber,
    row: Option<Row>,
}

/// The place of a ledger and what it is found by.
#[derive(Clone, Copy)]
struct Row {
    id: i64,
    due_at: Option<i64>,
    purge_at: i64,
}

impl<'a, 'c> OtpTransaction<'a, 'c> {
    pub(super) fn new(connection: &'a Db<'c>) -> Self {
        Self { connection, loaded: None, budgets: otp_budgets::Budgets::new(connection) }
    }

    /// Where the ledger of a phone is, from the last load if it was this one.
    fn row_of(&mut self, tenant: &TenantId, phone: &PhoneNumber) -> Result<Option<Row>, StoreError> {
        const STEP: &str = "otp.save";
        if let Some(loaded) = self.loaded.take().filter(|l| l.phone == *phone && l.tenant == *tenant) {
            return Ok(loaded.row);
        }
        self.connection
            .prepare_cached(
                "SELECT id, due_at, purge_at FROM wartel_otp_phones WHERE tenant = ?1 AND phone = ?2",
            )
            .at(STEP)?
            .query_row([tenant.as_str(), phone.e164()], |row| {
                Ok(Row { id: row.get(0)?, due_at: row.get(1)?, purge_at: row.get(2)? })
            })
            .optional()
            .at(STEP)
    }

    fn owners(
        &self,
        sql: &'static str,
        limit: usize,
        now: Timestamp,
        step: &'static str,
    ) -> Result<Vec<(TenantId, PhoneNumber)>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).at(step)?;
        let mut rows = statement.query(params![now.as_micros(), row_limit(limit)]).at(step)?;
        let mut owners = Vec::new();
        while let Some(row) = rows.next().at(step)? {
            owners.push(owner(row, step)?);
        }
        Ok(owners)
    }
}

impl Transaction for OtpTransaction<'_, '_> {
    fn load(&mut self, tenant: &TenantId, phone: &PhoneNumber) -> Result<PhoneLedger, StoreError> {
        const STEP: &str = "otp.load";
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT id, due_at, purge_at, ledger FROM wartel_otp_phones WHERE tenant = ?1 AND phone = ?2",
            )
            .at(STEP)?;
        let mut rows = statement.query([tenant.as_str(), phone.e164()]).at(STEP)?;
        let (row, ledger) = match rows.next().at(STEP)? {
            None => (None, PhoneLedger::default()),
            Some(row) => {
                let text = row.get_ref(3).at(STEP)?.as_str().map_err(|_| unreadable(STEP, "ledger"))?;
                // The parser's message may quote the document.
                let ledger = serde_json::from_str(text).map_err(|_| unreadable(STEP, "ledger"))?;
                let place = Row {
                    id: row.get(0).at(STEP)?,
                    due_at: row.get(1).at(STEP)?,
                    purge_at: row.get(2).at(STEP)?,
                };
                (Some(place), ledger)
            }
        };
        self.loaded = Some(Loaded { tenant: tenant.clone(), phone: phone.clone(), row });
        Ok(ledger)
    }

    fn save(
        &mut self,
        tenant: &TenantId,
        phone: &PhoneNumber,
        ledger: &PhoneLedger,
    ) -> Result<(), StoreError> {
        const STEP: &str = "otp.save";
        let row = self.row_of(tenant, phone)?;
        let execute = |sql: &'static str, values: &[&dyn rusqlite::ToSql]| {
            self.connection.prepare_cached(sql).at(STEP)?.execute(values).at(STEP).map(|_| ())
        };
        if ledger.is_empty() {
            return match row {
                Some(row) => execute("DELETE FROM wartel_otp_phones WHERE id = ?1", &[&row.id]),
                None => Ok(()),
            };
        }
        let text = serde_json::to_string(ledger).map_err(|_| unreadable(STEP, "ledger"))?;
        let due_at = ledger.due_at().map(Timestamp::as_micros);
        let purge_at = ledger.purge_at().as_micros();
        let Some(row) = row else {
            return execute(
                "INSERT INTO wartel_otp_phones (tenant, phone, ledger, due_at, purge_at) VALUES (?1, ?2, ?3, ?4, ?5)",
                &[&tenant.as_str(), &phone.e164(), &text, &due_at, &purge_at],
            );
        };
        // A column that is set costs its index even if the value stays, so only what changes is set.
        match (due_at != row.due_at, purge_at != row.purge_at) {
            (false, false) => {
                execute("UPDATE wartel_otp_phones SET ledger = ?2 WHERE id = ?1", &[&row.id, &text])
            }
            (true, false) => execute(
                "UPDATE wartel_otp_phones SET ledger = ?2, due_at = ?3 WHERE id = ?1",
                &[&row.id, &text, &due_at],
            ),
            (false, true) => execute(
                "UPDATE wartel_otp_phones SET ledger = ?2, purge_at = ?3 WHERE id = ?1",
                &[&row.id, &text, &purge_at],
            ),
            (true, true) => execute(
                "UPDATE wartel_otp_phones SET ledger = ?2, due_at = ?3, purge_at = ?4 WHERE id = ?1",
                &[&row.id, &text, &due_at, &purge_at],
            ),
        }
    }

    fn link(&mut self, locator: &Locator, tenant: &TenantId, phone: &PhoneNumber) -> Result<(), StoreError> {
        const STEP: &str = "otp.link";
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO wartel_otp_locators (locator, tenant, phone) VALUES (?1, ?2, ?3)",
            )
            .at(STEP)?
            .execute([locator.as_str(), tenant.as_str(), phone.e164()])
            .at(STEP)?;
        Ok(())
    }

    fn unlink(&mut self, locator: &Locator) -> Result<(), StoreError> {
        const STEP: &str = "otp.unlink";
        self.connection
            .prepare_cached("DELETE FROM wartel_otp_locators WHERE locator = ?1")
            .at(STEP)?
            .execute([locator.as_str()])
            .at(STEP)?;
        Ok(())
    }

    fn locate(&mut self, locator: &Locator) -> Result<Option<(TenantId, PhoneNumber)>, StoreError> {
        const STEP: &str = "otp.locate";
        let mut statement = self
            .connection
            .prepare_cached("SELECT tenant, phone FROM wartel_otp_locators WHERE locator = ?1")
            .at(STEP)?;
        let mut rows = statement.query([locator.as_str()]).at(STEP)?;
        rows.next().at(STEP)?.map(|row| owner(row, STEP)).transpose()
    }

    fn refuses_until(&mut self, budget: &Budget, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.budgets.refuses_until(budget, now)
    }

    fn charge(&mut self, budget: &Budget, now: Timestamp) -> Result<Timestamp, StoreError> {
        self.budgets.charge(budget, now)
    }

    fn release(&mut self, budget: &Budget, at: Timestamp) -> Result<(), StoreError> {
        self.budgets.release(budget, at)
    }

    fn keep_receipt(&mut self, orphan: &ReceiptOrphan, now: Timestamp) -> Result<(), StoreError> {
        otp_receipts::keep(self.connection, orphan, now)
    }

    fn take_receipts(&mut self, locator: &Locator) -> Result<Vec<DeliveryReceipt>, StoreError> {
        otp_receipts::take(self.connection, locator)
    }

    fn due(&mut self, limit: usize, now: Timestamp) -> Result<Vec<(TenantId, PhoneNumber)>, StoreError> {
        self.owners(
            "SELECT tenant, phone FROM wartel_otp_phones WHERE due_at <= ?1 ORDER BY due_at, id LIMIT ?2",
            limit,
            now,
            "otp.due",
        )
    }

    fn purgeable(
        &mut self,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<(TenantId, PhoneNumber)>, StoreError> {
        self.owners(
            "SELECT tenant, phone FROM wartel_otp_phones WHERE purge_at <= ?1 ORDER BY purge_at LIMIT ?2",
            limit,
            now,
            "otp.purgeable",
        )
    }

    fn purge_shared(&mut self, limit: usize, before: Timestamp, now: Timestamp) -> Result<usize, StoreError> {
        Ok(self.budgets.purge(limit, now)? + otp_receipts::purge(self.connection, limit, before)?)
    }
}

/// The tenant and the phone in the first two columns.
fn owner(row: &rusqlite::Row<'_>, step: &'static str) -> Result<(TenantId, PhoneNumber), StoreError> {
    let text = |column: usize, name: &'static str| {
        row.get_ref(column).at(step)?.as_str().map_err(|_| unreadable(step, name))
    };
    let tenant = TenantId::parse(text(0, "tenant")?).map_err(|_| unreadable(step, "tenant"))?;
    let phone = PhoneNumber::from_e164(text(1, "phone")?).map_err(|_| unreadable(step, "phone"))?;
    Ok((tenant, phone))
}

pub(super) fn row_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

pub(super) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
