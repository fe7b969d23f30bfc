//! Connections: where they come from, which are tested before use, and how long anybody waits.
#![cfg_attr(not(feature = "otp"), allow(dead_code, reason = "some of it is needed by one domain only"))]

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgPool};
use sqlx::{Connection as _, Postgres, Row as _};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use wartel_core::StoreError;

use super::error::{PostgresFailure, Remedy};

/// How long a step may take, with all waits. Less than the 2.5 s after which the HTTP API tells its client that the
/// store does not answer: a step that is taken after that would have used up a code, or sent one, for a client who
/// was told otherwise.
pub(super) const STEP_TIME: Duration = Duration::from_secs(2);

/// How long before the end of a step its commit is sent at the latest, so that there is time for the answer.
pub(super) const COMMIT_TIME: Duration = Duration::from_millis(250);

/// How long one try to get a connection may take. Short, because the pool waits longer from try to try while the
/// server is away, and a new try begins with short waits again.
const ACQUIRE_TIME: Duration = Duration::from_secs(1);

/// How long a test of a connection may take.
const PING_TIME: Duration = Duration::from_secs(1);

/// For how long all connections are tested after one has failed.
const SUSPICION: Duration = Duration::from_secs(5);

/// How long to wait before the next try, when the server refuses connections.
const BACK_OFF: Duration = Duration::from_millis(50);

/// How long to wait before the server is asked again about a transaction that it still thinks is under way.
const ASK_AGAIN: Duration = Duration::from_millis(10);

/// Begins a transaction. The limits hold for this transaction only, because the connection may be the app's: a lock
/// is waited for half a second, and if this program stops in the middle, the server ends the transaction, so that nobody
/// else waits for it. It does not say `READ WRITE`: who made the database read-only by default means it.
pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; \
     SET LOCAL lock_timeout = 500; SET LOCAL statement_timeout = 2000; \
     SET LOCAL idle_in_transaction_session_timeout = 5000";

/// The same for statements that look up a handful of rows by key, however many there are. The server plans such a
/// statement once for a connection. While its tables are new and empty, reading them whole seems cheapest, and that plan
/// would be kept until they are next analyzed, which may be after a hundred thousand rows. So whole tables are ruled out
/// from the start, and so are plans for each call, which take longer to make than to run.
#[cfg(feature = "messaging")]
pub(super) const BEGIN_BY_KEY: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; \
     SET LOCAL lock_timeout = 500; SET LOCAL statement_timeout = 2000; \
     SET LOCAL idle_in_transaction_session_timeout = 5000; \
     SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; \
     SET LOCAL plan_cache_mode = force_generic_plan";

/// The same for what may be forgotten when the server loses its power: the commit is not waited for on the disk, which
/// the server does by itself some tenths of a second later, or with the next commit that waits. Commits keep their
/// order.
#[cfg(feature = "messaging")]
pub(super) const BEGIN_BEHIND: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; \
     SET LOCAL lock_timeout = 500; SET LOCAL statement_timeout = 2000; \
     SET LOCAL idle_in_transaction_session_timeout = 5000; \
     SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; \
     SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL synchronous_commit = off";

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

/// What became of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Committed,
    RolledBack,
    Unknown,
}

/// What a change wrote, and the name by which the server knows its transaction: the text of `pg_current_xact_id()`.
pub(super) type Written<T> = (T, String);

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

    /// How the pool connects.
    #[cfg(feature = "messaging")]
    pub(super) fn connect_options(&self) -> std::sync::Arc<sqlx::postgres::PgConnectOptions> {
        self.pool.connect_options()
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

impl Database {
    /// Runs a change in a transaction of its own within [`STEP_TIME`], so that it is carried out once.
    ///
    /// Whatever fails before the commit is sent changed nothing, and is tried again if time is left. If the answer to
    /// the commit is lost, the server is asked what became of it; if it cannot tell in time, this is an error, and the
    /// change may or may not have been made.
    pub(super) async fn change<T, V: Sync>(
        &self,
        step: &'static str,
        values: V,
        work: for<'c> fn(&'c mut PgConnection, &'c V) -> Work<'c, Written<T>>,
    ) -> Result<T, StoreError> {
        self.change_in(BEGIN, step, values, work).await
    }

    /// The same in a transaction that begins with this.
    pub(super) async fn change_in<T, V: Sync>(
        &self,
        begin: &'static str,
        step: &'static str,
        values: V,
        work: for<'c> fn(&'c mut PgConnection, &'c V) -> Work<'c, Written<T>>,
    ) -> Result<T, StoreError> {
        let deadline = Instant::now() + STEP_TIME;
        loop {
            let mut connection = self.acquire(deadline).await.map_err(|failure| failure.at(step))?;
            let mut written = None;
            let committed = async {
                let mut transaction = connection.begin_with(begin).await?;
                let done = work(&mut transaction, &values).await;
                let done = match done {
                    Ok(_) if Instant::now() + COMMIT_TIME > deadline => Err(PostgresFailure::SLOW),
                    done => done,
                };
                match done {
                    Ok(done) => {
                        written = Some(done);
                        Ok(transaction.commit().await?)
                    }
                    Err(failure) => {
                        // If this fails too, so does whatever comes next on the connection.
                        let _ = transaction.rollback().await;
                        Err(failure)
                    }
                }
            };
            let failure = match timeout_at(deadline, committed).await {
                Ok(Ok(())) => match written {
                    Some((answer, _)) => return Ok(answer),
                    // A commit is sent only after something was written.
                    None => PostgresFailure::SLOW,
                },
                Ok(Err(failure)) => failure,
                Err(_elapsed) => PostgresFailure::SLOW,
            };
            match failure.remedy() {
                Remedy::Reconnect => {
                    discard(connection);
                    self.suspect();
                    if let Some((answer, transaction)) = written {
                        match self.fate(&transaction, deadline).await {
                            Fate::Committed => return Ok(answer),
                            Fate::RolledBack => {}
                            Fate::Unknown => return Err(failure.at(step)),
                        }
                    }
                }
                Remedy::Again => sleep(BACK_OFF / 10).await,
                _ => return Err(failure.at(step)),
            }
            if Instant::now() >= deadline {
                return Err(failure.at(step));
            }
        }
    }

    /// What became of a transaction whose commit was sent and not answered: the server is asked on another connection.
    pub(super) async fn fate(&self, transaction: &str, deadline: Instant) -> Fate {
        while let Ok(mut connection) = self.acquire(deadline).await {
            let asked = sqlx::query("SELECT pg_xact_status($1::text::xid8)")
                .bind(transaction)
                .fetch_one(&mut *connection);
            let status = match timeout_at(deadline, asked).await {
                Ok(Ok(row)) => row.try_get::<Option<String>, _>(0).unwrap_or_default(),
                Ok(Err(error)) if PostgresFailure::of(&error).remedy() == Remedy::Reconnect => {
                    discard(connection);
                    continue;
                }
                Ok(Err(_)) => return Fate::Unknown,
                Err(_elapsed) => {
                    discard(connection);
                    return Fate::Unknown;
                }
            };
            match status.as_deref() {
                Some("committed") => return Fate::Committed,
                Some("aborted") => return Fate::RolledBack,
                // The server has not noticed yet that the connection is gone.
                Some("in progress") => sleep(ASK_AGAIN).await,
                _ => return Fate::Unknown,
            }
        }
        Fate::Unknown
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
