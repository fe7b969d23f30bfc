//! How tasks hand steps to the threads that own the connections, and how long they wait for them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use wartel_core::{StoreError, StoreErrorKind};

use super::error::{SqliteFailure, failure};
use super::location::FileMoved;
use super::statements::Db;

/// How long callers wait, and how late a step may still be taken. Each is counted from when the step was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// For a place in the queue.
    pub(super) queue: Duration,
    /// For the commit to begin. What is later is not taken.
    pub(super) commit: Duration,
    /// For the answer. Longer than `commit`, so that a commit which has begun can still be answered.
    pub(super) answer: Duration,
}

impl Default for Limits {
    /// Less than the 2.5 s after which the HTTP API tells its client that the store does not answer: a step that is
    /// taken after that would have used up a code, or sent one, for a client who was told otherwise. The answer may
    /// come one beat later than its limit.
    fn default() -> Self {
        Self {
            queue: Duration::from_secs(1),
            commit: Duration::from_millis(1_750),
            answer: Duration::from_secs(2),
        }
    }
}

/// How many steps may wait for one thread.
pub(super) const QUEUE_LENGTH: usize = 4_096;

/// Why a step has no answer.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(super) enum NoAnswer {
    #[error("too many steps wait for the database")]
    QueueFull,
    #[error("the database did not answer in time")]
    TooLate,
    #[error("the stores are closed")]
    Closed,
    #[error("the step panicked and was rolled back")]
    Panicked,
}

impl NoAnswer {
    fn at(self, step: &'static str) -> StoreError {
        let kind = match self {
            Self::Panicked => StoreErrorKind::Unexpected,
            _ => StoreErrorKind::Unavailable,
        };
        StoreError::new(kind, step).with_source(self)
    }
}

/// Why a step was not taken although nothing is wrong with the step itself.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(super) enum Rejection {
    #[error(transparent)]
    TooLate(NoAnswer),
    #[error(transparent)]
    FileMoved(#[from] FileMoved),
    #[error(transparent)]
    Sqlite(SqliteFailure),
    #[error("the driver of the database failed")]
    Driver,
}

impl Rejection {
    pub(super) const TOO_LATE: Self = Self::TooLate(NoAnswer::TooLate);

    fn at(self, step: &'static str) -> StoreError {
        match self {
            Self::TooLate(reason) => reason.at(step),
            Self::FileMoved(moved) => moved.at(step),
            Self::Sqlite(failure) => failure.at(step),
            Self::Driver => StoreError::new(StoreErrorKind::Unexpected, step).with_source(self),
        }
    }
}

impl From<rusqlite::Error> for Rejection {
    fn from(error: rusqlite::Error) -> Self {
        failure(&error).map_or(Self::Driver, Self::Sqlite)
    }
}

/// What goes through a queue.
pub(super) enum Message {
    Step(Box<dyn Step>),
    /// Finish what waits, then end the thread.
    Stop,
}

/// One step of a store, to be run inside a transaction, perhaps more than once if that is rolled back.
pub(super) trait Step: Send {
    /// Runs the step and keeps what it answers. Says whether it succeeded. A step that is late does nothing and
    /// fails.
    fn run(&mut self, connection: &Db<'_>) -> bool;
    /// Whether it is too late to commit the step.
    fn is_late(&self) -> bool;
    /// Hands the kept answer to the caller.
    fn answer(self: Box<Self>);
    /// Tells the caller that the step was not taken.
    fn reject(self: Box<Self>, why: Rejection);
}

struct Work<T, F> {
    name: &'static str,
    work: F,
    commit_by: Instant,
    panicked: bool,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Step for Work<T, F>
where
    T: Send,
    F: FnMut(&Db<'_>) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, connection: &Db<'_>) -> bool {
        let result = if self.panicked {
            Err(NoAnswer::Panicked.at(self.name))
        } else if self.is_late() {
            // Too late for whoever asked. Not run, so that a queue which has become long gets short again.
            Err(NoAnswer::TooLate.at(self.name))
        } else {
            // The state that a panic may leave behind is rolled back, or belongs to the step, which is not run again.
            catch_unwind(AssertUnwindSafe(|| (self.work)(connection))).unwrap_or_else(|_| {
                self.panicked = true;
                Err(NoAnswer::Panicked.at(self.name))
            })
        };
        let done = result.is_ok();
        self.result = Some(result);
        done
    }

    fn is_late(&self) -> bool {
        Instant::now() >= self.commit_by
    }

    fn answer(self: Box<Self>) {
        if let Some(result) = self.result {
            // The caller may have left; the step is done all the same.
            let _ = self.reply.send(result);
        }
    }

    fn reject(self: Box<Self>, why: Rejection) {
        // The caller may have left.
        let _ = self.reply.send(Err(why.at(self.name)));
    }
}

/// The tasks' end of a thread that owns a connection.
#[derive(Debug)]
pub(super) struct Queue {
    sender: mpsc::Sender<Message>,
    pulse: Pulse,
    limits: Limits,
    thread: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    ended: oneshot::Receiver<()>,
    handle: JoinHandle<()>,
}

impl Queue {
    /// Starts a thread that serves what comes through the queue until that is closed.
    pub(super) fn start(
        name: &str,
        pulse: Pulse,
        limits: Limits,
        serve: impl FnOnce(mpsc::Receiver<Message>) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::channel(QUEUE_LENGTH);
        let (end, ended) = oneshot::channel();
        let handle = thread::Builder::new().name(name.to_owned()).spawn(move || {
            serve(receiver);
            drop(end);
        })?;
        Ok(Self { sender, pulse, limits, thread: Mutex::new(Some(Running { ended, handle })) })
    }

    /// Has a step run by the thread, and waits for its answer.
    ///
    /// Waits by the real clock, not by that of the runtime: under a paused runtime clock a thread that is at work
    /// would look like one that hangs.
    pub(super) async fn ask<T, F>(&self, name: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&Db<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let asked_at = Instant::now();
        let commit_by = asked_at + self.limits.commit;
        let (reply, answer) = oneshot::channel();
        let step = Box::new(Work { name, work, commit_by, panicked: false, result: None, reply });
        match self.sender.try_send(Message::Step(step)) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(NoAnswer::Closed.at(name)),
            Err(mpsc::error::TrySendError::Full(step)) => {
                let place = self.pulse.within(asked_at + self.limits.queue, self.sender.reserve()).await;
                match place {
                    Some(Ok(place)) => place.send(step),
                    Some(Err(_)) => return Err(NoAnswer::Closed.at(name)),
                    None => return Err(NoAnswer::QueueFull.at(name)),
                }
            }
        }
        match self.pulse.within(asked_at + self.limits.answer, answer).await {
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(NoAnswer::Closed.at(name)),
            None => Err(NoAnswer::TooLate.at(name)),
        }
    }

    /// How many steps wait.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        QUEUE_LENGTH - self.sender.capacity()
    }

    /// Lets the thread finish what waits and end.
    pub(super) async fn stop(&self) {
        let running = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Running { ended, handle }) = running else { return };
        // Fails only if the thread has ended already.
        let _ = self.sender.send(Message::Stop).await;
        let _ = ended.await;
        // The thread has given up everything it had; there is nothing left to wait for.
        let _ = handle.join();
    }
}

/// A slow beat by the real clock, for those who wait.
#[derive(Debug, Clone)]
pub(super) struct Pulse {
    beats: watch::Receiver<()>,
}

/// Keeps a [`Pulse`] beating until it is dropped.
#[derive(Debug)]
pub(super) struct Heart {
    stopped: Arc<AtomicBool>,
    handle: JoinHandle<()>,
}

impl Heart {
    pub(super) fn start(every: Duration) -> std::io::Result<(Self, Pulse)> {
        let (sender, beats) = watch::channel(());
        let stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopped);
        let handle = thread::Builder::new().name("wartel-sqlite-time".to_owned()).spawn(move || {
            while !stop.load(Ordering::Acquire) {
                thread::park_timeout(every);
                sender.send_replace(());
            }
        })?;
        Ok((Self { stopped, handle }, Pulse { beats }))
    }
}

impl Drop for Heart {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        self.handle.thread().unpark();
    }
}

impl Pulse {
    /// What the future gives, or `None` at the first beat after `deadline`.
    pub(super) async fn within<T>(&self, deadline: Instant, future: impl Future<Output = T>) -> Option<T> {
        let mut beats = self.beats.clone();
        let late = async {
            while Instant::now() < deadline {
                if beats.changed().await.is_err() {
                    // The heart stops only when the threads have ended, and with them every answer.
                    return;
                }
            }
        };
        tokio::select! {
            biased;
            output = future => Some(output),
            () = late => None,
        }
    }
}
