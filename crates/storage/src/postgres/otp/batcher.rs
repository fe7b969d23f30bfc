//! A queue of steps, and the tasks that take them from it in batches.
//!
//! No task waits for work: whoever asks when too few tasks are at work starts one, and it ends when the queue is
//! empty. There is no artificial wait: while batches are on their way, the next ones gather by themselves.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep, timeout_at};
use wartel_core::StoreError;
use wartel_otp::ledger::Transaction;

use super::deadline;
use super::member::{Call, Keys, Member};
use super::run::{self, Progress};
use crate::postgres::database::{Database, Fate, PooledConnection, discard};
use crate::postgres::error::{PostgresFailure, Remedy};

/// How many steps share a transaction at the most.
const BATCH: usize = 128;

/// How many tasks take from one queue: one prepares a batch while the server works on the other's.
const TASKS: usize = 2;

/// How many steps may wait. More than can be served in time; whoever comes then is refused at once.
const QUEUE: usize = 16_384;

/// How long a task keeps a connection without giving it back, for pools with few of them.
const KEEP: Duration = Duration::from_secs(1);

/// How often a batch that was overtaken is tried again as a whole.
const TOGETHER: u32 = 3;

/// How long to wait before the same again; longer each time, and never more than this.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// What a queue is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// Steps that write, each batch in one transaction.
    Write,
    /// Steps that read, each batch with one or two statements.
    Read,
}

/// A queue of steps. Clones are the same queue.
#[derive(Clone)]
pub(super) struct Batcher {
    shared: Arc<Shared>,
}

struct Shared {
    database: Arc<Database>,
    lane: Lane,
    state: Mutex<State>,
    /// Told when the last task ends.
    idle: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Box<dyn Member>>,
    /// Tasks that take from the queue.
    takers: usize,
    /// These and those that serve one step each.
    tasks: usize,
    closed: bool,
}

/// Counts a task until it ends, also if it panics or its runtime is shut down.
struct Task {
    shared: Arc<Shared>,
    takes: bool,
    ended: bool,
}

impl Batcher {
    pub(super) fn new(database: Arc<Database>, lane: Lane) -> Self {
        let shared = Shared { database, lane, state: Mutex::default(), idle: Notify::new() };
        Self { shared: Arc::new(shared) }
    }

    /// Runs a step with others that wait, and answers when it is durable.
    pub(super) async fn ask<T, F>(&self, step: &'static str, keys: Keys, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut dyn Transaction) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let deadline = deadline();
        let call = Call { step, keys, deadline, work, outcome: None, reply };
        self.push(Box::new(call)).map_err(|failure| failure.at(step))?;
        match timeout_at(deadline, answer).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) | Err(_) => Err(PostgresFailure::SLOW.at(step)),
        }
    }

    fn push(&self, member: Box<dyn Member>) -> Result<(), PostgresFailure> {
        let mut state = self.shared.lock();
        if state.closed {
            return Err(PostgresFailure::CLOSED);
        }
        if state.waiting.len() >= QUEUE {
            return Err(PostgresFailure::BUSY);
        }
        state.waiting.push_back(member);
        if state.takers < TASKS {
            let task = Task::count(&self.shared, &mut state, true);
            tokio::spawn(take(task));
        }
        Ok(())
    }

    /// Refuses new steps and waits until the others have their answers.
    pub(super) async fn close(&self) {
        loop {
            let idle = self.shared.idle.notified();
            tokio::pin!(idle);
            idle.as_mut().enable();
            {
                let mut state = self.shared.lock();
                state.closed = true;
                if state.tasks == 0 {
                    return;
                }
            }
            idle.await;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics between two changes of the state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has all members answered, except those whose callers have left or waited long enough.
    async fn serve(self: &Arc<Self>, held: &mut Option<PooledConnection>, mut members: Vec<Box<dyn Member>>) {
        let mut tries = 0;
        loop {
            members.retain(|member| member.is_wanted());
            let Some(deadline) = members.iter().map(|member| member.deadline()).max() else { return };
            if held.is_none() {
                match self.database.acquire(deadline).await {
                    Ok(connection) => *held = Some(connection),
                    Err(failure) => return reject(members, failure),
                }
            }
            let mut progress = Progress::default();
            let Err(failure) = self.run(held, &mut members, &mut progress, deadline).await else {
                if progress.taken_back {
                    let (late, rest) = members.into_iter().partition(|member| run::is_late(member.as_ref()));
                    reject(late, PostgresFailure::SLOW);
                    members = rest;
                    continue;
                }
                members = answer(members, &progress.again);
                continue;
            };
            tries += 1;
            match failure.remedy() {
                Remedy::Reconnect => {
                    if let Some(connection) = held.take() {
                        discard(connection);
                    }
                    self.database.suspect();
                    match self.fate(&progress, deadline).await {
                        Fate::Committed => {
                            members = answer(members, &progress.again);
                            continue;
                        }
                        Fate::RolledBack => {}
                        Fate::Unknown => return reject(members, failure),
                    }
                }
                Remedy::Again if members.len() == 1 || tries <= TOGETHER => {}
                Remedy::Wait if members.len() == 1 => {}
                _ if members.len() > 1 => return self.serve_each(members),
                _ => return reject(members, failure),
            }
            sleep((Duration::from_millis(1) * tries).min(LONGEST_WAIT)).await;
        }
    }

    /// One try.
    async fn run(
        &self,
        held: &mut Option<PooledConnection>,
        members: &mut [Box<dyn Member>],
        progress: &mut Progress,
        deadline: Instant,
    ) -> Result<(), PostgresFailure> {
        let Some(connection) = held else { return Err(PostgresFailure::BUSY) };
        let done = timeout_at(deadline, async {
            match self.lane {
                Lane::Write => run::write_batch(connection, members, progress).await,
                Lane::Read => run::read_batch(connection, members, progress).await,
            }
        });
        done.await.unwrap_or(Err(PostgresFailure::SLOW))
    }

    /// What became of a transaction whose connection failed. If its commit had been sent, the server is asked.
    async fn fate(&self, progress: &Progress, deadline: Instant) -> Fate {
        let Some(transaction) = progress.transaction.as_ref().filter(|_| progress.committing) else {
            return Fate::RolledBack;
        };
        self.database.fate(transaction, deadline).await
    }

    /// Gives each member a transaction of its own, so that the one that fails or waits harms nobody else.
    fn serve_each(self: &Arc<Self>, members: Vec<Box<dyn Member>>) {
        for member in members {
            let task = Task::count(self, &mut self.lock(), false);
            tokio::spawn(async move {
                let mut held = None;
                task.shared.serve(&mut held, vec![member]).await;
            });
        }
    }
}

/// Takes batches from the queue until it is empty.
async fn take(task: Task) {
    let shared = Arc::clone(&task.shared);
    let mut held: Option<PooledConnection> = None;
    let mut held_since = Instant::now();
    loop {
        let batch: Vec<_> = {
            let mut state = shared.lock();
            if state.waiting.is_empty() {
                // Under the same lock, so that whoever comes now starts another task.
                task.end(&mut state);
                return;
            }
            let count = state.waiting.len().min(BATCH);
            state.waiting.drain(..count).collect()
        };
        if held.is_none() || held_since.elapsed() > KEEP {
            held = None;
            held_since = Instant::now();
        }
        shared.serve(&mut held, batch).await;
    }
}

impl Task {
    fn count(shared: &Arc<Shared>, state: &mut State, takes: bool) -> Self {
        state.tasks += 1;
        state.takers += usize::from(takes);
        Self { shared: Arc::clone(shared), takes, ended: false }
    }

    /// Ends the count while the lock is held.
    fn end(mut self, state: &mut State) {
        self.uncount(state);
    }

    fn uncount(&mut self, state: &mut State) {
        self.ended = true;
        state.tasks -= 1;
        state.takers -= usize::from(self.takes);
        if state.tasks == 0 {
            self.shared.idle.notify_waiters();
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if !self.ended {
            let shared = Arc::clone(&self.shared);
            self.uncount(&mut shared.lock());
        }
    }
}

/// Hands out the answers; gives back the members that must run again.
fn answer(members: Vec<Box<dyn Member>>, again: &[bool]) -> Vec<Box<dyn Member>> {
    let mut left = Vec::new();
    for (member, again) in members.into_iter().zip(again) {
        if *again {
            left.push(member);
        } else {
            member.answer();
        }
    }
    left
}

fn reject(members: Vec<Box<dyn Member>>, failure: PostgresFailure) {
    if let Some(first) = members.first() {
        tracing::warn!(steps = members.len(), step = first.step(), %failure, "the database refused");
    }
    for member in members {
        member.reject(failure);
    }
}
