//! The store ports on SQLite.
//!
//! One thread owns the connection that writes. It takes what waits in its queue (at most 4,096 steps), runs up to
//! 256 steps in one transaction, and answers them when that is durable; so the cost of a commit is shared by
//! everybody who waits for it. Two more threads read, and never wait for a commit.

#[cfg(feature = "access")]
mod access;
#[cfg(feature = "messaging")]
mod accounts;
#[cfg(feature = "bot")]
mod bot;
mod error;
#[cfg(feature = "messaging")]
mod inbox;
mod location;
mod migrate;
#[cfg(feature = "otp")]
mod otp;
#[cfg(feature = "otp")]
mod otp_budgets;
#[cfg(feature = "otp")]
mod otp_receipts;
#[cfg(feature = "otp")]
mod otp_reverse;
#[cfg(feature = "otp")]
mod otp_tallies;
#[cfg(feature = "messaging")]
mod outbox;
#[cfg(feature = "messaging")]
mod pairing;
mod probe;
mod queue;
mod reader;
#[cfg(feature = "registration")]
mod registration;
mod statements;
#[cfg(test)]
mod tests;
mod writer;

use std::fmt;
use std::path::{self, Path};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, ffi};
use tokio::sync::oneshot;
use wartel_core::{StoreError, StoreErrorKind};

pub use error::SqliteFailure;
pub use migrate::{MIGRATIONS, Migration};

use error::{At as _, failure};
use location::OpenFile;
use queue::{Heart, Limits, Pulse, Queue};
use reader::Readers;
use statements::Db;
use writer::{Counters, Writer};

const OPEN: &str = "sqlite.open";

/// How many threads read.
const READERS: usize = 2;

/// How long a connection waits for another process that writes. Less than a step has until its commit, so that its
/// caller is told that the database is locked, and not only that there is no answer.
const BUSY_TIMEOUT: Duration = Duration::from_millis(1_500);

/// How long a connection waits for another process while it is opened and while migrations run: nobody else waits
/// for an answer then, and the other process may be migrating.
const OPEN_BUSY_TIMEOUT: Duration = Duration::from_secs(3);

/// How often those who wait look at the clock.
const BEAT: Duration = Duration::from_millis(250);

/// Statements that each connection keeps prepared: more than there are.
const STATEMENTS: usize = 160;

/// The stores of all domains that are compiled in, in one SQLite file. Clones share the same connections.
///
/// # Behavior
/// - An answer means that the step is durable: the log was synced to the disk (`synchronous=FULL`).
/// - A step that has no answer after 2 s fails with [`StoreErrorKind::Unavailable`], at most 250 ms later. A step
///   whose commit has not begun 1.75 s after it was asked for is not taken, also if it was running by then; so a
///   step that fails for want of an answer was taken only if its commit itself was still going on.
/// - A step waits at most 1 s for a place in a queue that is full.
/// - Several processes may share a file on a local disk (WAL does not work over a network); they take turns, and
///   each waits at most 1.5 s for the other (3 s while it opens the file or migrates).
/// - While the file is not found under its name, or another one is there, every step fails with
///   [`StoreErrorKind::Unavailable`], because what is written into a deleted file is lost. When the same file is
///   back, steps succeed again. A file that took its place is never used, and not changed either: restart the
///   program for that. This is looked at before each transaction and before each commit. (Systems other than Unix do
///   not let an open file be deleted; there only the name is looked for.)
/// - The file is created with mode 0600 and missing folders with 0700. What is deleted is overwritten in the file
///   where that costs no further write (`secure_delete=FAST`).
/// - The stores are ended by [`close`](Self::close), or when the last clone is dropped.
///
/// What is stored: no code and no proof, only what they can be checked with. Phone numbers, names for greetings,
/// addresses of clients, messages that are still to be sent, and with the assistant what was said are stored as they are.
#[derive(Clone)]
pub struct SqliteStores {
    inner: Arc<Inner>,
}

struct Inner {
    file: OpenFile,
    writer: Queue,
    readers: Readers,
    counters: Arc<Counters>,
    pulse: Pulse,
    /// Keeps the pulse beating.
    _heart: Heart,
}

/// What the writer has done so far. For measurements.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriterStats {
    /// Transactions that were committed.
    pub commits: u64,
    /// Steps in them.
    pub steps: u64,
    /// Steps that ran again because another one of their group failed.
    pub repeats: u64,
}

impl SqliteStores {
    /// Opens a database file, creates it if it is missing, and brings its tables up to date.
    ///
    /// `location` is a path, or an address such as `sqlite://data/wartel.db` (relative) or
    /// `sqlite:///var/lib/wartel.db`.
    ///
    /// # Errors
    /// [`StoreError`] if the file cannot be opened or created, is no database
    /// ([`StoreErrorKind::Corrupt`]), cannot be written ([`StoreErrorKind::Full`]), or was written by a newer
    /// version of this program ([`StoreErrorKind::Schema`]). Its source says what is wrong.
    pub async fn open(location: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with(location.as_ref(), true, Limits::default()).await
    }

    /// Opens a database file as [`open`](Self::open) does, but leaves its tables as they are. Until
    /// [`migrate`](Self::migrate) has run, steps on missing tables fail with [`StoreErrorKind::Schema`].
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_without_migrating(location: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with(location.as_ref(), false, Limits::default()).await
    }

    async fn open_with(location: &Path, migrate: bool, limits: Limits) -> Result<Self, StoreError> {
        let path = location::parse(location)
            .map_err(|error| StoreError::new(StoreErrorKind::Unexpected, OPEN).with_source(error))?;
        // The file is looked for again later, when the program may have gone to another folder.
        let path = path::absolute(path).map_err(io_error)?;
        let inner = in_thread(OPEN, move || Inner::open(&path, migrate, limits)).await?;
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Brings the tables up to date and answers which migrations were applied. Does nothing if there is nothing to
    /// do; may run while the stores are in use, and in several processes at once.
    ///
    /// # Errors
    /// [`StoreError`] as [`open`](Self::open).
    pub async fn migrate(&self) -> Result<Vec<Migration>, StoreError> {
        const STEP: &str = "sqlite.migrate";
        let file = self.inner.file.clone();
        let run = move || {
            file.check().map_err(|moved| moved.at(STEP))?;
            migrate::run(&connect_to_write(file.path())?, MIGRATIONS)
        };
        in_thread(STEP, run).await
    }

    /// The migrations that [`migrate`](Self::migrate) would apply.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreErrorKind::Schema`] if the tables are those of a newer program.
    pub async fn pending_migrations(&self) -> Result<Vec<Migration>, StoreError> {
        let look = |connection: &Db<'_>| migrate::pending(connection, MIGRATIONS);
        self.inner.readers.ask("sqlite.pending_migrations", look).await
    }

    /// Finishes what waits, closes the file and ends the threads. Steps that come later fail with
    /// [`StoreErrorKind::Unavailable`], also those of clones.
    pub async fn close(&self) {
        // The writer last: the last connection to close moves the log into the file.
        self.inner.readers.stop().await;
        self.inner.writer.stop().await;
    }

    /// What the writer has done so far.
    #[doc(hidden)]
    #[must_use]
    pub fn writer_stats(&self) -> WriterStats {
        let counters = &self.inner.counters;
        WriterStats {
            commits: counters.commits.load(Ordering::Relaxed),
            steps: counters.steps.load(Ordering::Relaxed),
            repeats: counters.repeats.load(Ordering::Relaxed),
        }
    }

    /// Runs a step in a transaction of the writer.
    async fn write<T, F>(&self, step: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&Db<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.inner.writer.ask(step, work).await
    }

    /// Runs a step on a snapshot. It sees everything that was answered before.
    async fn read<T, F>(&self, step: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&Db<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.inner.readers.ask(step, work).await
    }
}

impl fmt::Debug for SqliteStores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStores").finish_non_exhaustive()
    }
}

impl Inner {
    fn open(path: &Path, migrate: bool, limits: Limits) -> Result<Self, StoreError> {
        location::prepare(path)?;
        let connection = connect_to_write(path)?;
        if migrate {
            migrate::run(&connection, MIGRATIONS)?;
        }
        connection.busy_timeout(BUSY_TIMEOUT).at(OPEN)?;
        let file = OpenFile::of(path).map_err(io_error)?;
        let readers = (0..READERS).map(|_| connect_to_read(path)).collect::<Result<Vec<_>, _>>()?;

        let (heart, pulse) = Heart::start(BEAT).map_err(io_error)?;
        let counters = Arc::new(Counters::default());
        let writer = Writer::new(connection, file.clone(), Arc::clone(&counters));
        let writer = Queue::start("wartel-sqlite-writer", pulse.clone(), limits, move |queue| {
            writer.serve(queue);
        })
        .map_err(io_error)?;
        let readers = readers
            .into_iter()
            .map(|connection| {
                let file = file.clone();
                Queue::start("wartel-sqlite-reader", pulse.clone(), limits, move |queue| {
                    reader::serve(&connection, &file, queue);
                })
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(io_error)?;
        Ok(Self { file, writer, readers: Readers::new(readers), counters, pulse, _heart: heart })
    }
}

/// Opens a connection that writes, in the mode that makes an answer mean "durable".
fn connect_to_write(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).at(OPEN)?;
    let deadline = Instant::now() + OPEN_BUSY_TIMEOUT;
    // Switching to the log needs the file alone for a moment, and SQLite does not always wait for that itself.
    while let Err(error) = configure_writer(&connection) {
        let failure = failure(&error).map_err(|kind| StoreError::new(kind, OPEN))?;
        if failure.primary_code() != ffi::SQLITE_BUSY || Instant::now() >= deadline {
            return Err(failure.at(OPEN));
        }
        thread::sleep(Duration::from_millis(10));
    }
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).at(OPEN)?;
    if mode != "wal" {
        return Err(StoreError::new(StoreErrorKind::Unavailable, OPEN)
            .with_source("the file system cannot hold a write-ahead log; use a local disk"));
    }
    Ok(connection)
}

fn configure_writer(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(OPEN_BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // The cache holds 4 MiB. The log is moved into the file after each 8 MiB of it (a page is 4 KiB): rarer costs
    // less in all, but makes whoever waits just then wait longer.
    // `fullfsync` matters on macOS only, where a sync stops at the disk's own cache without it.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA fullfsync = ON;
         PRAGMA checkpoint_fullfsync = ON;
         PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA secure_delete = FAST;
         PRAGMA trusted_schema = OFF;
         PRAGMA cache_size = -4096;
         PRAGMA wal_autocheckpoint = 2000;
         PRAGMA journal_size_limit = 67108864;",
    )
}

fn connect_to_read(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).at(OPEN)?;
    connection.busy_timeout(BUSY_TIMEOUT).at(OPEN)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection
        .execute_batch(
            "PRAGMA query_only = ON;
             PRAGMA temp_store = MEMORY;
             PRAGMA trusted_schema = OFF;
             PRAGMA cache_size = -1024;",
        )
        .at(OPEN)?;
    Ok(connection)
}

fn io_error(error: std::io::Error) -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, OPEN).with_source(error)
}

/// Runs what blocks in a thread of its own.
async fn in_thread<T: Send + 'static>(
    step: &'static str,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let (reply, answer) = oneshot::channel();
    thread::Builder::new()
        .name("wartel-sqlite-open".to_owned())
        .spawn(move || {
            // The caller may have left.
            let _ = reply.send(work());
        })
        .map_err(|error| StoreError::new(StoreErrorKind::Unavailable, step).with_source(error))?;
    answer.await.unwrap_or_else(|_| Err(StoreError::new(StoreErrorKind::Unexpected, step)))
}
