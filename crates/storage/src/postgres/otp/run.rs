//! One transaction with all its members.

use std::collections::BTreeSet;

use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Error};
use tokio::time::Instant;
use wartel_otp::ledger::Locator;

use super::Owner;
use super::member::{Gate, Member};
use super::snapshot::Snapshot;
use super::transaction::StepTransaction;
use super::{load, write};
use crate::postgres::database::{BEGIN, COMMIT_TIME};
use crate::postgres::error::PostgresFailure;

/// How far a transaction came; still there if it was broken off.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The commit was sent, so that only the server knows what became of it.
    pub(super) committing: bool,
    /// By what the server knows the transaction, if it wrote anything.
    pub(super) transaction: Option<String>,
    /// Which members must run again.
    pub(super) again: Vec<bool>,
    /// Nothing was done, because a member was too late for the commit.
    pub(super) taken_back: bool,
}

/// Whether the caller has left, or will not wait for the answer of a commit that is sent now.
pub(super) fn is_late(member: &dyn Member) -> bool {
    !member.is_wanted() || member.deadline() < Instant::now() + COMMIT_TIME
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
    // Whoever is told that the step was too late must not find later that it was taken.
    if members.iter().any(|member| is_late(member.as_ref())) {
        transaction.rollback().await?;
        progress.taken_back = true;
        return Ok(());
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
    // Read and locked in one order by everybody.
    let budgets: BTreeSet<_> =
        members.iter().flat_map(|member| member.keys().budgets.iter().cloned()).collect();
    load::budgets(connection, snapshot, &budgets, members.len()).await?;
    let late = members.iter().flat_map(|member| member.keys().late_locators.iter().cloned()).collect();
    load::locators(connection, snapshot, late).await?;
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

/// Runs the members one after the other, each on what those before it left.
fn run(snapshot: &mut Snapshot, members: &mut [Box<dyn Member>]) -> Vec<bool> {
    members
        .iter_mut()
        .map(|member| {
            let mut transaction = StepTransaction::new(snapshot);
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
