//! The one thread that writes: it takes what waits, runs it in one transaction, and answers when that is durable.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;
use tokio::sync::mpsc;

use super::error::{SqliteFailure, failure};
use super::queue::{Message, Step};

/// How many steps share a commit at the most. More gain nothing: by then the commit is a small part of the work.
const GROUP: usize = 256;

/// What the writer has done so far.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) commits: AtomicU64,
    pub(super) steps: AtomicU64,
    pub(super) repeats: AtomicU64,
}

/// Serves the queue until it is closed and empty.
pub(super) fn serve(connection: &Connection, mut queue: mpsc::Receiver<Message>, counters: &Arc<Counters>) {
    let mut messages = Vec::with_capacity(GROUP);
    while queue.blocking_recv_many(&mut messages, GROUP) > 0 {
        let mut group = Vec::with_capacity(messages.len());
        for message in messages.drain(..) {
            match message {
                Message::Step(step) => group.push(step),
                Message::Stop => queue.close(),
            }
        }
        run_group(connection, group, counters);
    }
}

/// Runs steps in one transaction. A step that fails harms only itself.
///
/// There is no savepoint around each step, because SQLite copies every page that is changed inside one. A step that
/// fails before it has changed anything (almost all do) leaves the transaction as it was. If one fails later, the
/// transaction is rolled back and each step of the group runs again in one of its own.
fn run_group(connection: &Connection, mut group: Vec<Box<dyn Step>>, counters: &Counters) {
    if group.is_empty() {
        return;
    }
    if let Err(error) = execute(connection, "BEGIN IMMEDIATE") {
        return reject(group, failure(&error).ok());
    }
    for step in &mut group {
        let before = connection.total_changes();
        if !step.run(connection) && (connection.is_autocommit() || connection.total_changes() != before) {
            roll_back(connection);
            return run_alone(connection, group, counters);
        }
    }
    commit(connection, group, counters);
}

fn run_alone(connection: &Connection, group: Vec<Box<dyn Step>>, counters: &Counters) {
    for mut step in group {
        counters.repeats.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = execute(connection, "BEGIN IMMEDIATE") {
            step.reject(failure(&error).ok());
        } else if step.run(connection) {
            commit(connection, vec![step], counters);
        } else {
            roll_back(connection);
            step.answer();
        }
    }
}

fn commit(connection: &Connection, group: Vec<Box<dyn Step>>, counters: &Counters) {
    if let Err(error) = execute(connection, "COMMIT") {
        roll_back(connection);
        return reject(group, failure(&error).ok());
    }
    // Before the answers, so that whoever has one sees it counted.
    counters.commits.fetch_add(1, Ordering::Relaxed);
    counters.steps.fetch_add(u64::try_from(group.len()).unwrap_or(u64::MAX), Ordering::Relaxed);
    for step in group {
        step.answer();
    }
}

fn reject(group: Vec<Box<dyn Step>>, failure: Option<SqliteFailure>) {
    tracing::warn!(
        steps = group.len(),
        code = failure.map(|failure| failure.code()),
        "the database refused a group of writes"
    );
    for step in group {
        step.reject(failure);
    }
}

fn roll_back(connection: &Connection) {
    // SQLite rolls back by itself when the disk is full or fails.
    if !connection.is_autocommit()
        && let Err(error) = execute(connection, "ROLLBACK")
    {
        // The next BEGIN fails then, and every step with it, until the connection recovers.
        tracing::error!(code = failure(&error).ok().map(|failure| failure.code()), "a rollback failed");
    }
}

fn execute(connection: &Connection, sql: &'static str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}
