//! Deliveries that wait, and the task that records them in batches.
//!
//! No task waits for work: whoever comes while none is there starts one, and it ends when nothing waits. There is no
//! artificial wait: while a batch is on its way, the next one gathers by itself.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout_at};
use wartel_core::{StoreError, StoreErrorKind, Timestamp};
use wartel_messaging::inbox::{Delivery, Recorded};

use super::write;
use crate::postgres::database::{Database, STEP_TIME};
use crate::postgres::error::PostgresFailure;

const STEP: &str = "inbox.record";

/// How many deliveries share a transaction at the most, how many entries, and how many bytes of bodies. A single
/// delivery may have more.
const BATCH: usize = 128;
const BATCH_ENTRIES: usize = 2_000;
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// How many may wait. More than can be recorded in time; whoever comes then is refused at once.
const QUEUE: usize = 16_384;

/// A queue of deliveries. Clones are the same queue.
#[derive(Clone)]
pub(in crate::postgres) struct Queue {
    shared: Arc<Shared>,
}

struct Shared {
    database: Arc<Database>,
    state: Mutex<State>,
    /// Told when the task ends.
    idle: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    busy: bool,
    closed: bool,
}

struct Job {
    delivery: Arc<Delivery>,
    now: Timestamp,
    reply: oneshot::Sender<Result<Recorded, StoreError>>,
}

impl Job {
    fn answer(self, answer: Result<Recorded, StoreError>) {
        // The caller may have left.
        let _ = self.reply.send(answer);
    }
}

/// Says that a task is at work until it ends, also if it panics or its runtime is shut down.
struct Busy {
    shared: Arc<Shared>,
    ended: bool,
}

impl Busy {
    fn end(mut self, state: &mut State) {
        self.ended = true;
        state.busy = false;
        self.shared.idle.notify_waiters();
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if !self.ended {
            self.shared.lock().busy = false;
            self.shared.idle.notify_waiters();
        }
    }
}

impl Queue {
    pub(in crate::postgres) fn new(database: &Arc<Database>) -> Self {
        let database = Arc::clone(database);
        Self { shared: Arc::new(Shared { database, state: Mutex::default(), idle: Notify::new() }) }
    }

    /// Records a delivery with others that wait, and answers when that is durable.
    pub(super) async fn record(&self, delivery: Delivery, now: Timestamp) -> Result<Recorded, StoreError> {
        let (reply, answer) = oneshot::channel();
        let deadline = Instant::now() + STEP_TIME;
        self.push(Job { delivery: Arc::new(delivery), now, reply }).map_err(|failure| failure.at(STEP))?;
        match timeout_at(deadline, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(PostgresFailure::SLOW.at(STEP)),
        }
    }

    fn push(&self, job: Job) -> Result<(), PostgresFailure> {
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

    /// Refuses new deliveries and waits until the others have their answers.
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

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics between two changes of the state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn write(&self, jobs: &[Job]) -> Result<Vec<Recorded>, StoreError> {
        let batch: Vec<_> = jobs.iter().map(|job| (Arc::clone(&job.delivery), job.now)).collect();
        self.database
            .change(STEP, batch, |connection, batch| Box::pin(write::record(connection, batch)))
            .await
    }

    /// Has all deliveries recorded, together if possible, so that one that fails harms nobody else.
    async fn record(&self, jobs: Vec<Job>) {
        match self.write(&jobs).await {
            Ok(recorded) => {
                for (job, recorded) in jobs.into_iter().zip(recorded) {
                    job.answer(Ok(recorded));
                }
            }
            Err(error) if jobs.len() == 1 => jobs.into_iter().for_each(|job| job.answer(Err(again(&error)))),
            // Nobody would fare better alone.
            Err(error) if error.kind() == StoreErrorKind::Unavailable => {
                jobs.into_iter().for_each(|job| job.answer(Err(again(&error))));
            }
            Err(_) => {
                for job in jobs {
                    let recorded = self.write(std::slice::from_ref(&job)).await;
                    job.answer(recorded.map(|recorded| recorded.first().copied().unwrap_or_default()));
                }
            }
        }
    }
}

/// The same error for each of many.
fn again(error: &StoreError) -> StoreError {
    let failure =
        std::error::Error::source(error).and_then(|source| source.downcast_ref::<PostgresFailure>());
    failure.map_or_else(|| StoreError::new(error.kind(), STEP), |failure| failure.at(STEP))
}

/// Records batches until nothing waits.
async fn serve(busy: Busy) {
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
            shared.record(batch).await;
        }
    }
}

/// As many as fit; those whose callers have left are dropped.
fn next_batch(waiting: &mut VecDeque<Job>) -> Vec<Job> {
    let mut batch: Vec<Job> = Vec::new();
    let (mut entries, mut bytes) = (0_usize, 0_usize);
    while batch.len() < BATCH {
        let Some(job) = waiting.pop_front() else { break };
        if job.reply.is_closed() {
            continue;
        }
        entries += job.delivery.entries.len();
        bytes += job.delivery.body.len();
        if !batch.is_empty() && (entries > BATCH_ENTRIES || bytes > BATCH_BYTES) {
            waiting.push_front(job);
            break;
        }
        batch.push(job);
    }
    batch
}
