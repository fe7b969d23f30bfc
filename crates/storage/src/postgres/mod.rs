//! The store ports on Postgres, for many instances.
//!
//! Steps of the OTP store that wait at the same time share a transaction: it locks the phones that they touch, in
//! order, then the budgets, runs the steps on what it read, writes all changes with one statement and commits. So
//! the cost of a commit, and of the way to the server, is shared by everybody who waits for it. Nothing waits
//! longer than it must: who comes alone is served alone. The inbox works alike, with
//! what came in and with outcomes. Everything else is one statement, or one short transaction, each.

#[cfg(feature = "access")]
mod access;
#[cfg(feature = "messaging")]
mod accounts;
#[cfg(feature = "bot")]
mod bot;
mod clock;
mod config;
mod database;
mod error;
#[cfg(feature = "messaging")]
mod inbox;
mod migrate;
#[cfg(feature = "messaging")]
mod notify;
#[cfg(feature = "otp")]
mod otp;
#[cfg(feature = "messaging")]
mod outbox;
#[cfg(feature = "messaging")]
mod pairing;
mod probe;
#[cfg(feature = "registration")]
mod registration;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::postgres::{PgPool, PgPoolOptions};
use tokio::time::Instant;
use wartel_core::StoreError;

pub use config::{PostgresConfig, PostgresConfigError};
pub use error::PostgresFailure;
pub use migrate::{MIGRATIONS, Migration};

use database::Database;
use error::At as _;

const CONNECT: &str = "postgres.connect";

/// How long connecting, and what has no client waiting for it, may take until it has a connection.
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// How long the pool of [`PostgresStores::open`] waits for a connection. A fifth of it is the longest wait between
/// two tries while the server is away, so that the stores are back soon after it.
const ACQUIRE_TIME: Duration = Duration::from_secs(2);

/// A connection that was idle for longer is tested before it is used.
const FRESH: Duration = Duration::from_secs(1);

/// The stores of all domains that are compiled in, in one Postgres database (version 13 or newer). Clones share the
/// same pool of connections.
///
/// # Behavior
/// - An answer means that the step is durable, as far as the server's `synchronous_commit` says. Leases and outcomes of
///   the inbox are written behind: when the server itself crashes, what was handed out in its last moments (0.6 s with
///   default settings) may be handed out again; nothing that came in is lost.
/// - A step that has no answer after 2 s fails with [`Unavailable`](wartel_core::StoreErrorKind::Unavailable). If it
///   was running by then, it may still be taken; a step that was still waiting is not.
/// - A restart of the server within that time is waited for: a step that was not taken is tried again, and of a
///   commit whose answer was lost the server is asked what became of it.
/// - Any number of processes may share a database. Transactions are READ COMMITTED, last some milliseconds, and are
///   ended by the server if this program stops in the middle of one (5 s).
/// - No task runs while there is nothing to do.
///
/// What is stored: no code and no proof, only what they can be checked with. Phone numbers, names for greetings,
/// addresses of clients, messages that are still to be sent, and with the assistant what was said are stored as they are.
#[derive(Clone)]
pub struct PostgresStores {
    inner: Arc<Inner>,
}

struct Inner {
    database: Arc<Database>,
    #[cfg(feature = "messaging")]
    inbox: inbox::Queues,
    #[cfg(feature = "otp")]
    otp: otp::Lanes,
}

impl PostgresStores {
    /// Uses the app's own pool. Connects to nothing and changes no table: see [`migrate`](Self::migrate).
    ///
    /// Two or three of its connections are in use while codes are asked for and checked. Its option
    /// `test_before_acquire` costs a way to the server each time and can be switched off: this crate tests
    /// connections itself after one has failed. Behind `PgBouncer` in transaction mode, open the pool with
    /// `statement_cache_capacity(0)`.
    #[must_use]
    pub fn from_pool(pool: PgPool) -> Self {
        Self::new(pool, false)
    }

    /// Opens a pool of at most 10 connections to an address such as `postgres://user:password@host/database`, and
    /// the first of them. Changes no table: see [`migrate`](Self::migrate).
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::open(&PostgresConfig::new(url)).await
    }

    /// Opens a pool of connections, and the first of them. Changes no table: see [`migrate`](Self::migrate).
    ///
    /// # Errors
    /// [`StoreError`] if the configuration cannot be used
    /// ([`Unexpected`](wartel_core::StoreErrorKind::Unexpected)) or the server cannot be reached or refuses within
    /// 5 s ([`Unavailable`](wartel_core::StoreErrorKind::Unavailable)). Its source says what is wrong; the address,
    /// which holds a password, stands in neither.
    pub async fn open(config: &PostgresConfig) -> Result<Self, StoreError> {
        let options = config.options().at(CONNECT)?;
        let pool = PgPoolOptions::new()
            .max_connections(config.connections)
            .acquire_timeout(ACQUIRE_TIME)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move { Ok(meta.idle_for < FRESH || connection.ping().await.is_ok()) })
            })
            .connect_lazy_with(options);
        let stores = Self::new(pool, true);
        stores.inner.database.acquire(Instant::now() + CONNECT_TIME).await.at(CONNECT)?;
        Ok(stores)
    }

    fn new(pool: PgPool, owned: bool) -> Self {
        let database = Arc::new(Database::new(pool, owned));
        #[cfg(feature = "otp")]
        let otp = otp::Lanes::new(&database);
        #[cfg(feature = "messaging")]
        let inbox = inbox::Queues::new(&database);
        Self {
            inner: Arc::new(Inner {
                database,
                #[cfg(feature = "messaging")]
                inbox,
                #[cfg(feature = "otp")]
                otp,
            }),
        }
    }

    /// Brings the tables up to date and answers which migrations were applied. Does nothing if there is nothing to
    /// do; may run while the stores are in use, and in many processes at once. Takes as long as it needs.
    ///
    /// # Errors
    /// [`StoreError`]; [`Schema`](wartel_core::StoreErrorKind::Schema) if the tables are those of a newer program.
    pub async fn migrate(&self) -> Result<Vec<Migration>, StoreError> {
        const STEP: &str = "postgres.migrate";
        let mut connection = self.inner.database.acquire(Instant::now() + CONNECT_TIME).await.at(STEP)?;
        migrate::run(&mut connection, MIGRATIONS).await
    }

    /// The migrations that [`migrate`](Self::migrate) would apply.
    ///
    /// # Errors
    /// [`StoreError`]; [`Schema`](wartel_core::StoreErrorKind::Schema) if the tables are those of a newer program.
    pub async fn pending_migrations(&self) -> Result<Vec<Migration>, StoreError> {
        const STEP: &str = "postgres.pending_migrations";
        let mut connection = self.inner.database.acquire(Instant::now() + CONNECT_TIME).await.at(STEP)?;
        migrate::pending(&mut connection, MIGRATIONS).await
    }

    /// Finishes the steps that wait, then closes the connections, if they are not the app's own
    /// ([`from_pool`](Self::from_pool)). Steps that come later fail with [`Unavailable`](wartel_core::StoreErrorKind::Unavailable), also
    /// those of clones.
    pub async fn close(&self) {
        #[cfg(feature = "otp")]
        self.inner.otp.close().await;
        #[cfg(feature = "messaging")]
        self.inner.inbox.close().await;
        self.inner.database.close().await;
    }
}

impl fmt::Debug for PostgresStores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStores").finish_non_exhaustive()
    }
}

#[cfg(any(feature = "otp", feature = "messaging", feature = "access"))]
fn row_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// The text as Postgres can hold it: it knows no NUL. Such a text comes from outside and names nothing of ours.
#[cfg(any(feature = "otp", feature = "messaging", feature = "access"))]
fn storable(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{2400}").into() } else { text.into() }
}
