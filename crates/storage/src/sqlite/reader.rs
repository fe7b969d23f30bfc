//! The threads that read, so that a check does not wait for somebody else's commit.

use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::Connection;
use tokio::sync::mpsc;
use wartel_core::StoreError;

use super::error::failure;
use super::location::OpenFile;
use super::queue::{Message, Queue, Rejection};
use super::statements::Db;

/// How many reads share a snapshot at the most.
const GROUP: usize = 64;

/// The queues of all reading threads.
#[derive(Debug)]
pub(super) struct Readers {
    queues: Vec<Queue>,
    next: AtomicUsize,
}

impl Readers {
    pub(super) fn new(queues: Vec<Queue>) -> Self {
        Self { queues, next: AtomicUsize::new(0) }
    }

    /// Has a step run by one of the threads. It sees everything that was answered before.
    pub(super) async fn ask<T, F>(&self, name: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&Db<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.queues.len().max(1);
        match self.queues.get(turn) {
            Some(queue) => queue.ask(name, work).await,
            None => Err(StoreError::new(wartel_core::StoreErrorKind::Unavailable, name)),
        }
    }

    pub(super) async fn stop(&self) {
        for queue in &self.queues {
            queue.stop().await;
        }
    }
}

/// Serves the queue until it is closed and empty.
pub(super) fn serve(connection: &Connection, file: &OpenFile, mut queue: mpsc::Receiver<Message>) {
    let connection = &Db::new(connection);
    let mut messages = Vec::with_capacity(GROUP);
    while queue.blocking_recv_many(&mut messages, GROUP) > 0 {
        // Its snapshot is taken by the first statement, after everything in the group was asked for.
        let begun = begin(connection, file);
        for message in messages.drain(..) {
            match (message, &begun) {
                (Message::Stop, _) => queue.close(),
                (Message::Step(step), Err(why)) => step.reject(*why),
                (Message::Step(mut step), Ok(())) => {
                    step.run(connection);
                    step.answer();
                }
            }
        }
        if !connection.is_autocommit()
            && let Err(error) = execute(connection, "ROLLBACK")
        {
            tracing::error!(
                code = failure(&error).ok().map(|failure| failure.code()),
                "a snapshot was not given up"
            );
        }
    }
}

fn begin(connection: &Db<'_>, file: &OpenFile) -> Result<(), Rejection> {
    file.check()?;
    Ok(execute(connection, "BEGIN")?)
}

fn execute(connection: &Db<'_>, sql: &'static str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}
