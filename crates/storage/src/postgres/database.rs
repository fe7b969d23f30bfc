//! Connections: where they come from, which are tested before use, and how long anybody waits.
#![cfg_attr(not(feature = "otp"), allow(dead_code, reason = "some of it is needed by one domain only"))]

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgPool};
use sqlx::{Connection as _, Postgres};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use wartel_core::StoreError;

use super::error::{PostgresFailure, Remedy};

/// How long a step may take, with all waits.
pub(super) const STEP_TIME: Duration = Duration::from_secs(5);

/// How long one try to get a connection may take. Short, because the pool waits longer from try to try while the
/// server is away, and a new try begins with short waits again.
const ACQUIRE_TIME: Duration = Duration::from_secs(2);

/// How long a test of a connection may take.
const PING_TIME: Duration = Duration::from_secs(1);

/// For how long all connections are tested after one has failed.
const SUSPICION: Duration = Duration::from_secs(5);

/// How long to wait before the next try, when the server refuses connections.
const BACK_OFF: Duration = Duration::from_millis(50);

pub(super) type PooledConnection = PoolConnection<Postgres>;

/// What runs on a connection.
pub(super) type Work<'c, T> = Pin<Box<dyn Future<Output = Result<T, PostgresFailure>> + Send + 'c>>;

/// Whether a statement may run again when nobody knows whether it was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It reads, or it does the same again.
    Safe,
    /// It would answer something else the second time.
    Never,
}

/// The pool, with what this crate knows of its connections.
pub(super) struct Database {
    pool: PgPool,
    /// Whether [`close`](Self::close) closes the pool: not if it is the app's.
    owned: bool,
    started: Instant,
    /// Milliseconds after `started` until which connections are tested before use.
    suspicious_until: AtomicU64,
}

impl Database {
    pub(super) fn new(pool: PgPool, owned: bool) -> Self {
        Self { pool, owned, started: Instant::now(), suspicious_until: AtomicU64::new(0) }
    }

    pub(super) async fn close(&self) {
        if self.owned {
            self.pool.close().await;
        }
    }

    /// A connection that is believed to work.
    pub(super) async fn acquire(&self, deadline: Instant) -> Result<PooledConnection, PostgresFailure> {
        let mut failure = PostgresFailure::BUSY;
        while Instant::now() < deadline {
            let until = deadline.min(Instant::now() + ACQUIRE_TIME);
            match timeout_at(until, self.pool.acquire()).await {
                Ok(Ok(mut connection)) => {
                    if !self.is_suspicious() || is_alive(&mut connection).await {
                        return Ok(connection);
                    }
                    discard(connection);
                }
                Ok(Err(error)) => {
                    failure = PostgresFailure::of(&error);
                    if !failure.may_pass() {
                        return Err(failure);
                    }
                    sleep(BACK_OFF).await;
                }
                Err(_elapsed) => {}
            }
        }
        Err(failure)
    }

    /// Takes note that a connection failed: the others of the pool are likely to have the same fate.
    pub(super) fn suspect(&self) {
        let until = self.started.elapsed() + SUSPICION;
        self.suspicious_until.store(millis(until), Ordering::Relaxed);
    }

    fn is_suspicious(&self) -> bool {
        millis(self.started.elapsed()) < self.suspicious_until.load(Ordering::Relaxed)
    }

    /// Runs a statement, or a transaction of its own, with these values within [`STEP_TIME`].
    ///
    /// A deadlock is tried again, because it changed nothing; a broken connection if `repeat` allows it.
    pub(super) async fn ask<T, V: Sync>(
        &self,
        step: &'static str,
        repeat: Repeat,
        values: V,
        work: for<'c> fn(&'c mut PgConnection, &'c V) -> Work<'c, T>,
    ) -> Result<T, StoreError> {
        let deadline = Instant::now() + STEP_TIME;
        loop {
            let mut connection = self.acquire(deadline).await.map_err(|failure| failure.at(step))?;
            let failure = match timeout_at(deadline, work(&mut connection, &values)).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(failure)) => failure,
                Err(_elapsed) => PostgresFailure::SLOW,
            };
            match failure.remedy() {
                Remedy::Reconnect => {
                    discard(connection);
                    self.suspect();
                    if repeat == Repeat::Never || Instant::now() >= deadline {
                        return Err(failure.at(step));
                    }
                }
                Remedy::Again if Instant::now() < deadline => sleep(BACK_OFF / 10).await,
                _ => return Err(failure.at(step)),
            }
        }
    }
}

/// Drops a connection that must not be used again. The server rolls back what it had begun.
pub(super) fn discard(connection: PooledConnection) {
    drop(connection.detach());
}

async fn is_alive(connection: &mut PgConnection) -> bool {
    matches!(timeout(PING_TIME, connection.ping()).await, Ok(Ok(())))
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
