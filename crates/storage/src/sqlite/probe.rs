//! Asking the database whether it can do its work.

use std::error::Error as _;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ffi};
use wartel_core::{Probe, ProbeFailure, ProbeFailureKind, StoreError, StoreErrorKind};

use super::error::{At as _, SqliteFailure};
use super::location::FileMoved;
use super::{SqliteStores, migrate};

const STEP: &str = "sqlite.probe";

/// How long a probe waits.
const WITHIN: Duration = Duration::from_secs(2);

#[async_trait::async_trait]
impl Probe for SqliteStores {
    /// `database`.
    fn name(&self) -> &'static str {
        "database"
    }

    /// Looks whether the file is still the one that was opened, whether its tables are up to date, and writes and
    /// commits, all within 2 s.
    async fn probe(&self) -> Result<(), ProbeFailure> {
        let asked = async {
            // Both look first whether the file is still the one that was opened.
            self.read(STEP, |connection| migrate::check(connection, STEP)).await?;
            self.write(STEP, |connection| write_back(connection)).await
        };
        let deadline = Instant::now() + WITHIN;
        match self.inner.pulse.within(deadline, asked).await {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(in_words(&error)),
            None => Err(ProbeFailure::new(
                ProbeFailureKind::Unavailable,
                "the database does not answer within 2 s",
            )),
        }
    }
}

/// Writes a page without changing anything: `user_version` belongs to whoever owns the file, and gets back the
/// value that it has.
fn write_back(connection: &Connection) -> Result<(), StoreError> {
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).at(STEP)?;
    connection.pragma_update(None, "user_version", version).at(STEP)
}

fn in_words(error: &StoreError) -> ProbeFailure {
    let source = error.source();
    if let Some(moved) = source.and_then(|source| source.downcast_ref::<FileMoved>()) {
        return ProbeFailure::new(ProbeFailureKind::Unavailable, moved.to_string());
    }
    let code =
        source.and_then(|source| source.downcast_ref::<SqliteFailure>()).map(SqliteFailure::primary_code);
    let (kind, reason) = match (error.kind(), code) {
        (_, Some(ffi::SQLITE_READONLY)) => (
            ProbeFailureKind::Misconfigured,
            "the database is read-only: look at the permissions of its file",
        ),
        (_, Some(ffi::SQLITE_FULL)) => (ProbeFailureKind::Unavailable, "the disk of the database is full"),
        (_, Some(ffi::SQLITE_IOERR)) => (ProbeFailureKind::Unavailable, "the disk of the database fails"),
        (_, Some(ffi::SQLITE_BUSY)) => {
            (ProbeFailureKind::Unavailable, "the database is locked by another process")
        }
        (StoreErrorKind::Corrupt, _) => {
            (ProbeFailureKind::Unavailable, "the database file is damaged: restore a backup")
        }
        (StoreErrorKind::Schema, _) => {
            let reason = source.map_or_else(|| error.to_string(), ToString::to_string);
            return ProbeFailure::new(ProbeFailureKind::Misconfigured, reason);
        }
        _ => {
            let reason = source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
            return ProbeFailure::new(ProbeFailureKind::Unavailable, reason);
        }
    };
    ProbeFailure::new(kind, reason)
}
