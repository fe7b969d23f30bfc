//! Changes that wait, and the task that makes them in batches: deliveries to be recorded, outcomes to be settled.
//!
//! No task waits for work: whoever comes while none is there starts one, and it ends when nothing waits. There is no
//! artificial wait: while a batch is on its way, the next one gathers by itself.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sqlx::postgres::PgConnection;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout_at};
use wartel_core::{StoreError, StoreErrorKind};

use crate::postgres::database::{Database, STEP_TIME, Work, Written};
use crate::postgres::error::{PostgresFailure, Remedy};

/// How many changes share a transaction at the most, how many entries, and how many bytes of bodies. A single one may
/// have more.
const BATCH: usize = 128;
const BATCH_ENTRIES: usize = 2_000;
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// How many may wait. More than can be recorded in time; whoever comes then is refused at once.
const QUEUE: usize = 16_384;

/// A change that may share a transaction with others of its kind.
pub(super) trait Change: Clone + Send + Sync + 'static {
    type Answer: Copy + Default + Send + 'static;

    const STEP: &'static str;

    /// How its transactions begin.
    const BEGIN: &'static str;

    /// How many entries it has, and how many bytes of bodies.
    fn size(&self) -> (usize, usize);

    /// What no two changes of a transaction may have in common.
    fn key(&self) -> Option<&str>;

    /// Makes changes in one transaction; gives the answer of each.
    #[allow(clippy::ptr_arg, reason = "a transaction hands its work on as it got it")]
    fn make<'c>(
        connection: &'c mut PgConnection,
        batch: &'c Vec<Self>,
    ) -> Work<'c, Written<Vec<Self::Answer>>>;
}

/// A queue of changes. Clones are the same queue.
pub(in crate::postgres) struct Queue<C: Change> {
    shared: Arc<Shared<C>>,
}

impl<C: Change> Clone for Queue<C> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

struct Shared<C: Change> {
    database: Arc<Database>,
    state: Mutex<State<C>>,
    /// Told when the task ends.
    idle: Notify,
}

struct State<C: Change> {
    waiting: VecDeque<Job<C>>,
    busy: bool,
    closed: bool,
}

struct Job<C: Change> {
    change: C,
    reply: oneshot::Sender<Result<C::Answer, StoreError>>,
}

impl<C: Change> Job<C> {
    fn answer(self, answer: Result<C::Answer, StoreError>) {
        // The caller may have left.
        let _ = self.reply.send(answer);
    }
}

/// Says that a task is at work until it ends, also if it panics or its runtime is shut down.
struct Busy<C: Change> {
    shared: Arc<Shared<C>>,
    ended: bool,
}

impl<C: Change> Busy<C> {
    fn end(mut self, state: &mut State<C>) {
        self.ended = true;
        state.busy = false;
        self.shared.idle.notify_waiters();
    }
}

impl<C: Change> Drop for Busy<C> {
    fn drop(&mut self) {
        if !self.ended {
            self.shared.lock().busy = false;
            self.shared.idle.notify_waiters();
        }
    }
}

impl<C: Change> Queue<C> {
    pub(in crate::postgres) fn new(database: &Arc<Database>) -> Self {
        let database = Arc::clone(database);
        let state = Mutex::new(State { waiting: VecDeque::new(), busy: false, closed: false });
        Self { shared: Arc::new(Shared { database, state, idle: Notify::new() }) }
    }

    /// Makes a change with others that wait, and answers when it is committed.
    pub(super) async fn ask(&self, change: C) -> Result<C::Answer, StoreError> {
        let (reply, answer) = oneshot::channel();
        let deadline = Instant::now() + STEP_TIME;
        self.push(Job { change, reply }).map_err(|failure| failure.at(C::STEP))?;
        match timeout_at(deadline, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(PostgresFailure::SLOW.at(C::STEP)),
        }
    }

    fn push(&self, job: Job<C>) -> Result<(), PostgresFailure> {
        let mut state = self.shared.lock();
        if state.closed {
            return Err(PostgresFailure::CLOSED);
        }
        if state.waiting.len() >= QUEUE {
            return Err(PostgresFailure::BUSY);
        }
        state.waiting.push_back(job);
        if !state.busy {
            state.busy = true;
            let busy = Busy { shared: Arc::clone(&self.shared), ended: false };
            tokio::spawn(serve(busy));
        }
        Ok(())
    }

    /// Refuses new changes and waits until the others have their answers.
    pub(in crate::postgres) async fn close(&self) {
        loop {
            let idle = self.shared.idle.notified();
            tokio::pin!(idle);
            idle.as_mut().enable();
            {
                let mut state = self.shared.lock();
                state.closed = true;
                if !state.busy {
                    return;
                }
            }
            idle.await;
        }
    }
}

impl<C: Change> Shared<C> {
    fn lock(&self) -> MutexGuard<'_, State<C>> {
        // Nothing panics between two changes of the state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn make(&self, jobs: &[Job<C>]) -> Result<Vec<C::Answer>, StoreError> {
        let batch: Vec<C> = jobs.iter().map(|job| job.change.clone()).collect();
        self.database.change_in(C::BEGIN, C::STEP, batch, C::make).await
    }

    /// Has all changes made, together if possible, so that one that fails harms nobody else.
    async fn serve(&self, jobs: Vec<Job<C>>) {
        match self.make(&jobs).await {
            Ok(answers) => {
                for (job, answer) in jobs.into_iter().zip(answers) {
                    job.answer(Ok(answer));
                }
            }
            // Nobody would fare better alone, except where somebody else holds what only some of them need.
            Err(error)
                if jobs.len() == 1 || (error.kind() == StoreErrorKind::Unavailable && !waited(&error)) =>
            {
                jobs.into_iter().for_each(|job| job.answer(Err(again::<C>(&error))));
            }
            Err(_) => {
                for job in jobs.into_iter().filter(|job| !job.reply.is_closed()) {
                    let answers = self.make(std::slice::from_ref(&job)).await;
                    job.answer(answers.map(|answers| answers.first().copied().unwrap_or_default()));
                }
            }
        }
    }
}

fn failure(error: &StoreError) -> Option<&PostgresFailure> {
    std::error::Error::source(error).and_then(|source| source.downcast_ref())
}

/// Whether a lock was not given in time.
fn waited(error: &StoreError) -> bool {
    failure(error).is_some_and(|failure| failure.remedy() == Remedy::Wait)
}

/// The same error for each of many.
fn again<C: Change>(error: &StoreError) -> StoreError {
    failure(error).map_or_else(|| StoreError::new(error.kind(), C::STEP), |failure| failure.at(C::STEP))
}

/// Makes batches of changes until nothing waits.
async fn serve<C: Change>(busy: Busy<C>) {
    let shared = Arc::clone(&busy.shared);
    loop {
        let batch = {
            let mut state = shared.lock();
            if state.waiting.is_empty() {
                // Under the same lock, so that whoever comes now starts another task.
                busy.end(&mut state);
                return;
            }
            next_batch(&mut state.waiting)
        };
        if !batch.is_empty() {
            shared.serve(batch).await;
        }
    }
}

/// As many as fit; those whose callers have left are dropped.
fn next_batch<C: Change>(waiting: &mut VecDeque<Job<C>>) -> Vec<Job<C>> {
    let mut batch: Vec<Job<C>> = Vec::new();
    let mut keys = HashSet::new();
    let (mut entries, mut bytes) = (0_usize, 0_usize);
    while batch.len() < BATCH {
        let Some(job) = waiting.pop_front() else { break };
        if job.reply.is_closed() {
            continue;
        }
        let (more_entries, more_bytes) = job.change.size();
        entries += more_entries;
        bytes += more_bytes;
        let is_first = job.change.key().is_none_or(|key| keys.insert(key.to_owned()));
        if !batch.is_empty() && (entries > BATCH_ENTRIES || bytes > BATCH_BYTES || !is_first) {
            waiting.push_front(job);
            break;
        }
        batch.push(job);
    }
    batch
}
