//! The verbs that look for phones themselves: leasing what is due, and cleaning up.

use std::collections::BTreeSet;

use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Row as _};
use wartel_core::{StoreError, Timestamp};
use wartel_otp::ledger::steps;
use wartel_otp::store::{LeasedSend, Rules};

use super::snapshot::Snapshot;
use super::transaction::StepTransaction;
use super::{load, write};
use crate::postgres::database::{BEGIN, Database, Repeat};
use crate::postgres::error::PostgresFailure;
use crate::postgres::row_limit;

const DUE: &str = "SELECT tenant, phone, ledger FROM wartel_otp_phones WHERE due_at <= $1
    ORDER BY due_at, tenant, phone LIMIT $2 FOR UPDATE SKIP LOCKED";

const PURGEABLE: &str = "SELECT tenant, phone, ledger FROM wartel_otp_phones WHERE purge_at <= $1
    ORDER BY purge_at LIMIT $2 FOR UPDATE SKIP LOCKED";

/// Deletes receipts that are as old as `$1` or older.
const OLD_RECEIPTS: &str = "WITH old AS MATERIALIZED (
        SELECT id FROM wartel_otp_receipts WHERE kept_at <= $1 ORDER BY kept_at LIMIT $2 FOR UPDATE SKIP LOCKED
    )
    DELETE FROM wartel_otp_receipts AS receipt USING old WHERE receipt.id = old.id";

/// Deletes budgets whose windows are over, and takes note of those whose windows end later.
const OLD_BUDGETS: &str = "WITH old AS MATERIALIZED (
        SELECT budget, latest_at + \"window\" AS over_at FROM wartel_otp_budgets WHERE purge_at <= $1
        ORDER BY purge_at LIMIT $2 FOR UPDATE SKIP LOCKED
    ), later AS (
        UPDATE wartel_otp_budgets AS b SET purge_at = old.over_at FROM old
        WHERE b.budget = old.budget AND old.over_at > $1
    ), events AS (
        DELETE FROM wartel_otp_budget_events AS e USING old WHERE e.budget = old.budget AND old.over_at <= $1
    ), gone AS (
        DELETE FROM wartel_otp_budgets AS b USING old WHERE b.budget = old.budget AND old.over_at <= $1 RETURNING 1
    )
    SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM old)";

pub(super) async fn lease_due(
    database: &Database,
    limit: usize,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<LeasedSend>, StoreError> {
    // If the answer is lost, the leases lapse: that is what they are for.
    let leased = database.ask("otp.lease_due", Repeat::Never, (limit, rules, now), |connection, values| {
        let (limit, rules, now) = *values;
        Box::pin(async move {
            let mut transaction = connection.begin_with(BEGIN).await?;
            let mut snapshot = Snapshot::default();
            load::listed(&mut transaction, &mut snapshot, DUE, limit, now).await?;
            let run = |snapshot: &Snapshot| {
                let mut step = StepTransaction::new(snapshot);
                (steps::lease_due(&mut step, limit, rules, now), step.into_parts())
            };
            let (mut leased, (mut changes, missed)) = run(&snapshot);
            if leased.is_err() && !missed.budgets.is_empty() {
                // In which budgets places are given back stands in the ledgers that are due.
                let wanted: BTreeSet<_> = missed.budgets.into_iter().collect();
                load::budgets(&mut transaction, &mut snapshot, &wanted, 0).await?;
                (leased, (changes, _)) = run(&snapshot);
            }
            if leased.is_ok() {
                snapshot.apply(changes);
                write::changes(&mut transaction, &snapshot).await?;
            }
            transaction.commit().await?;
            Ok(leased)
        })
    });
    leased.await?
}

pub(super) async fn purge(
    database: &Database,
    rules: &Rules,
    limit: usize,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let gone = database.ask("otp.purge", Repeat::Safe, (limit, rules, now), |connection, values| {
        let (limit, rules, now) = *values;
        Box::pin(async move {
            let mut transaction = connection.begin_with(BEGIN).await?;
            let mut snapshot = Snapshot::default();
            load::listed(&mut transaction, &mut snapshot, PURGEABLE, limit, now).await?;
            let mut step = StepTransaction::new(&snapshot);
            let phones = steps::purge(&mut step, rules, limit, now);
            let (changes, _) = step.into_parts();
            let Ok(phones) = phones else { return Ok(phones) };
            snapshot.apply(changes);
            write::changes(&mut transaction, &snapshot).await?;
            let receipts = old_receipts(&mut transaction, limit, now - rules.retention).await?;
            let budgets = old_budgets(&mut transaction, limit, now).await?;
            transaction.commit().await?;
            Ok(Ok(phones + receipts + budgets))
        })
    });
    gone.await?
}

async fn old_receipts(
    connection: &mut PgConnection,
    limit: usize,
    before: Timestamp,
) -> Result<usize, PostgresFailure> {
    let deleted = sqlx::query(OLD_RECEIPTS).bind(before.as_micros()).bind(row_limit(limit));
    let deleted = deleted.execute(connection).await?.rows_affected();
    Ok(usize::try_from(deleted).unwrap_or(usize::MAX))
}

async fn old_budgets(
    connection: &mut PgConnection,
    limit: usize,
    now: Timestamp,
) -> Result<usize, PostgresFailure> {
    let mut gone: usize = 0;
    // Those whose windows end later take no place of those that can go.
    while gone < limit {
        let row = sqlx::query(OLD_BUDGETS).bind(now.as_micros()).bind(row_limit(limit - gone));
        let row = row.fetch_one(&mut *connection).await?;
        let (deleted, seen): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        gone = gone.saturating_add(usize::try_from(deleted).unwrap_or(usize::MAX));
        if seen == 0 || deleted == seen {
            break;
        }
    }
    Ok(gone)
}
