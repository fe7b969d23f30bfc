//! Asking the database whether it can do its work.

use std::error::Error as _;
use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Row as _};
use tokio::time::{Instant, timeout};
use wartel_core::{Probe, ProbeFailure, ProbeFailureKind, StoreError, StoreErrorKind};

use super::error::{At as _, PostgresFailure};
use super::{MIGRATIONS, PostgresStores, migrate};
use crate::migration::table;

const STEP: &str = "postgres.probe";

/// How long a probe waits: less than the 2 s that the HTTP API gives it, so that its own reason is shown.
const WITHIN: Duration = Duration::from_millis(1_500);

#[async_trait::async_trait]
impl Probe for PostgresStores {
    /// `database`.
    fn name(&self) -> &'static str {
        "database"
    }

    /// Looks whether the tables are up to date, and writes and commits (a lock of a row), all within 1.5 s.
    async fn probe(&self) -> Result<(), ProbeFailure> {
        let asked = async {
            let mut connection = self.inner.database.acquire(Instant::now() + WITHIN).await.at(STEP)?;
            migrate::check(&mut connection, STEP).await?;
            write(&mut connection).await
        };
        match timeout(WITHIN, asked).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(ProbeFailure::new(
                ProbeFailureKind::Misconfigured,
                "the database is read-only: connect to the primary server",
            )),
            Ok(Err(error)) => Err(in_words(&error)),
            Err(_elapsed) => Err(ProbeFailure::new(
                ProbeFailureKind::Unavailable,
                "the database does not answer within 1.5 s",
            )),
        }
    }
}

/// Locks a row, which is a write and a commit, and changes nothing. Answers `false` if nothing can be written.
async fn write(connection: &mut PgConnection) -> Result<bool, StoreError> {
    let read_only: bool = sqlx::query("SELECT current_setting('transaction_read_only')::boolean")
        .fetch_one(&mut *connection)
        .await
        .and_then(|row| row.try_get(0))
        .at(STEP)?;
    if read_only {
        return Ok(false);
    }
    for domain in MIGRATIONS.iter().filter_map(|domain| domain.first()).take(1) {
        // The names of domains are constants of this program.
        let lock = format!("SELECT 1 FROM {} WHERE version = 1 FOR UPDATE SKIP LOCKED", table(domain.domain));
        sqlx::query(AssertSqlSafe(lock)).execute(&mut *connection).await.at(STEP)?;
    }
    Ok(true)
}

fn in_words(error: &StoreError) -> ProbeFailure {
    let source = error.source();
    let code = source
        .and_then(|source| source.downcast_ref::<PostgresFailure>())
        .and_then(PostgresFailure::code)
        .unwrap_or_default();
    let (kind, reason) = match (error.kind(), code) {
        (_, "25006") => (
            ProbeFailureKind::Misconfigured,
            "the database is read-only: connect to the primary server".to_owned(),
        ),
        (_, "53100") => (ProbeFailureKind::Unavailable, "the disk of the database is full".to_owned()),
        (_, "28000" | "28P01") => (
            ProbeFailureKind::Misconfigured,
            "the database refuses the user or the password: look at DATABASE_URL".to_owned(),
        ),
        (_, "3D000") => (
            ProbeFailureKind::Misconfigured,
            "there is no such database: create it, or look at DATABASE_URL".to_owned(),
        ),
        (_, "42501") => (
            ProbeFailureKind::Misconfigured,
            "the user of the database has not the right to use the tables".to_owned(),
        ),
        (StoreErrorKind::Schema, _) => {
            (ProbeFailureKind::Misconfigured, source.map_or_else(|| error.to_string(), ToString::to_string))
        }
        _ => (
            ProbeFailureKind::Unavailable,
            source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}")),
        ),
    };
    ProbeFailure::new(kind, reason)
}
