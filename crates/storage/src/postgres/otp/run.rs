//! One transaction with all its members.

use std::collections::BTreeSet;

use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Error};
use wartel_otp::ledger::Locator;

use super::Owner;
use super::member::{Gate, Member};
use super::snapshot::Snapshot;
use super::transaction::{Run, StepTransaction};
use super::{load, write};
use crate::postgres::error::PostgresFailure;

/// Begins a transaction. The limits hold for this transaction only, because the connection may be the app's: a lock
/// is waited for a second (see [`Remedy::Wait`](crate::postgres::error::Remedy::Wait)), and if this program stops in
/// the middle, the server ends the transaction, so that nobody else waits for it.
pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; \
     SET LOCAL lock_timeout = 1000; SET LOCAL statement_timeout = 5000; \
     SET LOCAL idle_in_transaction_session_timeout = 5000";

/// How far a transaction came; still there if it was broken off.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The commit was sent, so that only the server knows what became of it.
    pub(super) committing: bool,
    /// By what the server knows the transaction, if it wrote anything.
    pub(super) transaction: Option<String>,
    /// Which members must run again.
    pub(super) again: Vec<bool>,
}

/// Runs all members in one transaction and commits. Those that must run again have learned which keys they need;
/// all others have their outcome.
pub(super) async fn write_batch(
    connection: &mut PgConnection,
    members: &mut [Box<dyn Member>],
    progress: &mut Progress,
) -> Result<(), PostgresFailure> {
    let mut snapshot = Snapshot::default();
    load::locators(connection, &mut snapshot, wanted_locators(members)).await?;
    let mut transaction = connection.begin_with(BEGIN).await?;
    let done = write_in(&mut transaction, &mut snapshot, members, progress).await;
    if let Err(failure) = done {
        // If this fails too, so does whatever comes next on the connection.
        let _ = transaction.rollback().await;
        return Err(failure);
    }
    progress.committing = progress.transaction.is_some();
    Ok(transaction.commit().await?)
}

async fn write_in(
    connection: &mut PgConnection,
    snapshot: &mut Snapshot,
    members: &mut [Box<dyn Member>],
    progress: &mut Progress,
) -> Result<(), PostgresFailure> {
    load::phones(connection, snapshot, wanted_phones(members, snapshot), true).await?;
    pass_gate(connection, snapshot, members).await?;
    load_budgets(connection, snapshot, members).await?;
    progress.again = run(snapshot, members);
    progress.transaction = write::changes(connection, snapshot).await?;
    Ok(())
}

/// Runs members that only read.
pub(super) async fn read_batch(
    connection: &mut PgConnection,
    members: &mut [Box<dyn Member>],
    progress: &mut Progress,
) -> Result<(), PostgresFailure> {
    let mut snapshot = Snapshot::default();
    load::locators(connection, &mut snapshot, wanted_locators(members)).await?;
    let phones = wanted_phones(members, &snapshot);
    load::phones(connection, &mut snapshot, phones, false).await?;
    progress.again = run(&mut snapshot, members);
    Ok(())
}

fn wanted_locators(members: &[Box<dyn Member>]) -> Vec<Locator> {
    let wanted: BTreeSet<&Locator> = members.iter().flat_map(|member| &member.keys().locators).collect();
    wanted.into_iter().cloned().collect()
}

fn wanted_phones(members: &[Box<dyn Member>], snapshot: &Snapshot) -> BTreeSet<Owner> {
    let named = members.iter().flat_map(|member| member.keys().phones.iter().cloned());
    let found = snapshot.locators.values().filter_map(|place| place.owner.clone());
    named.chain(found).collect()
}

/// Passes the gate of receipts if any member has to, and reads the receipts that wait.
async fn pass_gate(
    connection: &mut PgConnection,
    snapshot: &mut Snapshot,
    members: &mut [Box<dyn Member>],
) -> Result<(), Error> {
    let mut gate = Gate::Closed;
    let mut unknown = Vec::new();
    for member in members.iter() {
        let keys = member.keys();
        gate = gate.max(keys.gate);
        let leads = |locator: &Locator| snapshot.locators.get(locator).is_some_and(|at| at.owner.is_some());
        if keys.keeps_receipt && !keys.locators.iter().any(leads) {
            gate = Gate::Alone;
            unknown.extend(keys.locators.iter().cloned());
        }
    }
    load::gate(connection, snapshot, gate).await?;
    if gate == Gate::Alone {
        // What was made known before the gate closed is seen now. A member that it leads to a phone which is not
        // locked is put off.
        unknown.sort_unstable();
        unknown.dedup();
        load::locators(connection, snapshot, unknown).await?;
    }
    if gate > Gate::Closed {
        let wanted = members.iter().flat_map(|member| member.keys().receipts.iter().cloned()).collect();
        load::receipts(connection, snapshot, wanted).await?;
    }
    Ok(())
}

/// Reads and locks the budgets that the members name, and those that a trial run names.
async fn load_budgets(
    connection: &mut PgConnection,
    snapshot: &mut Snapshot,
    members: &mut [Box<dyn Member>],
) -> Result<(), Error> {
    let mut wanted = BTreeSet::new();
    for member in members.iter_mut() {
        wanted.extend(member.keys().budgets.iter().cloned());
        if member.keys().learns_budgets {
            let mut trial = StepTransaction::new(snapshot, Run::Trial);
            member.run(&mut trial);
            wanted.extend(trial.into_parts().1.budgets);
        }
    }
    load::budgets(connection, snapshot, &wanted, members.len()).await
}

/// Runs the members one after the other, each on what those before it left.
fn run(snapshot: &mut Snapshot, members: &mut [Box<dyn Member>]) -> Vec<bool> {
    members
        .iter_mut()
        .map(|member| {
            let mut transaction = StepTransaction::new(snapshot, Run::Real);
            let succeeded = member.run(&mut transaction);
            let (changes, missed) = transaction.into_parts();
            if succeeded {
                snapshot.apply(changes);
                return false;
            }
            let runs_again = !missed.is_empty();
            if runs_again {
                member.learn(missed);
            }
            runs_again
        })
        .collect()
}
