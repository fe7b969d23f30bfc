//! The schema of each domain, brought up to date in a transaction of its own.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use wartel_core::{Clock as _, StoreError, SystemClock};

use super::error::At as _;
use crate::migration::{SchemaError, checksum, pending_of, table};

pub use crate::migration::Migration;

const STEP: &str = "postgres.migrate";

/// The key of the lock that makes migrations take turns, in the space of `pg_advisory_xact_lock`.
const LOCK: i64 = 0x7761_7274_656c_0000;

#[cfg(feature = "otp")]
const OTP: &[Migration] = &[
    Migration {
        domain: "otp",
        version: 1,
        name: "init",
        sql: include_str!("../../migrations/postgres/otp/0001_init.sql"),
    },
    Migration {
        domain: "otp",
        version: 2,
        name: "tallies",
        sql: include_str!("../../migrations/postgres/otp/0002_tallies.sql"),
    },
];

#[cfg(feature = "messaging")]
const MESSAGING: &[Migration] = &[
    Migration {
        domain: "messaging",
        version: 1,
        name: "init",
        sql: include_str!("../../migrations/postgres/messaging/0001_init.sql"),
    },
    Migration {
        domain: "messaging",
        version: 2,
        name: "inbox",
        sql: include_str!("../../migrations/postgres/messaging/0002_inbox.sql"),
    },
    Migration {
        domain: "messaging",
        version: 3,
        name: "pairing",
        sql: include_str!("../../migrations/postgres/messaging/0003_pairing.sql"),
    },
    Migration {
        domain: "messaging",
        version: 4,
        name: "accounts",
        sql: include_str!("../../migrations/postgres/messaging/0004_accounts.sql"),
    },
];

#[cfg(feature = "registration")]
const REGISTRATION: &[Migration] = &[Migration {
    domain: "registration",
    version: 1,
    name: "init",
    sql: include_str!("../../migrations/postgres/registration/0001_init.sql"),
}];

#[cfg(feature = "access")]
const ACCESS: &[Migration] = &[Migration {
    domain: "access",
    version: 1,
    name: "init",
    sql: include_str!("../../migrations/postgres/access/0001_init.sql"),
}];

#[cfg(feature = "bot")]
const BOT: &[Migration] = &[Migration {
    domain: "bot",
    version: 1,
    name: "init",
    sql: include_str!("../../migrations/postgres/bot/0001_init.sql"),
}];

/// The migrations of the domains that are compiled in, oldest first within each domain.
pub const MIGRATIONS: &[&[Migration]] = &[
    #[cfg(feature = "otp")]
    OTP,
    #[cfg(feature = "messaging")]
    MESSAGING,
    #[cfg(feature = "registration")]
    REGISTRATION,
    #[cfg(feature = "access")]
    ACCESS,
    #[cfg(feature = "bot")]
    BOT,
];

/// Applies what is pending and answers what that was. Safe to run twice and by many processes at once: each domain
/// is one transaction that takes a lock before it looks.
pub(super) async fn run(
    connection: &mut PgConnection,
    domains: &[&'static [Migration]],
) -> Result<Vec<Migration>, StoreError> {
    let mut applied = Vec::new();
    for domain in domains {
        // Looked at without the lock first, so that a start with nothing to do writes nothing.
        if pending_in(connection, domain).await?.is_empty() {
            continue;
        }
        // READ COMMITTED whatever the default is, so that the second look sees what happened before the lock.
        let mut transaction =
            connection.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE").await.at(STEP)?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(LOCK)
            .execute(&mut *transaction)
            .await
            .at(STEP)?;
        let pending = pending_in(&mut transaction, domain).await?;
        for migration in &pending {
            apply(&mut transaction, migration).await?;
        }
        transaction.commit().await.at(STEP)?;
        applied.extend(pending);
    }
    for migration in &applied {
        tracing::info!(
            domain = migration.domain,
            version = migration.version,
            "applied a database migration"
        );
    }
    Ok(applied)
}

/// What has not been applied yet.
pub(super) async fn pending(
    connection: &mut PgConnection,
    domains: &[&'static [Migration]],
) -> Result<Vec<Migration>, StoreError> {
    let mut pending = Vec::new();
    for domain in domains {
        pending.extend(pending_in(connection, domain).await?);
    }
    Ok(pending)
}

/// Fails if anything is pending.
pub(super) async fn check(connection: &mut PgConnection, step: &'static str) -> Result<(), StoreError> {
    match pending(connection, MIGRATIONS).await?.first() {
        None => Ok(()),
        Some(first) => Err(SchemaError::pending(first).at(step)),
    }
}

async fn apply(connection: &mut PgConnection, migration: &Migration) -> Result<(), StoreError> {
    let table = table(migration.domain);
    let create = format!(
        "CREATE TABLE IF NOT EXISTS {table} (
            version    INTEGER NOT NULL PRIMARY KEY,
            name       TEXT    NOT NULL,
            checksum   TEXT    NOT NULL,
            applied_at BIGINT  NOT NULL
        )"
    );
    // The names of domains are constants of this program.
    sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut *connection).await.at(STEP)?;
    sqlx::raw_sql(migration.sql).execute(&mut *connection).await.at(STEP)?;
    let insert = format!("INSERT INTO {table} (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)");
    sqlx::query(AssertSqlSafe(insert))
        .bind(i32::try_from(migration.version).unwrap_or(i32::MAX))
        .bind(migration.name)
        .bind(checksum(migration.sql))
        .bind(SystemClock.now().as_micros())
        .execute(&mut *connection)
        .await
        .at(STEP)?;
    Ok(())
}

async fn pending_in(
    connection: &mut PgConnection,
    domain: &'static [Migration],
) -> Result<Vec<Migration>, StoreError> {
    let Some(newest) = domain.last() else { return Ok(Vec::new()) };
    let applied = applied(connection, newest.domain).await?;
    pending_of(domain, &applied).map_err(|error| error.at(STEP))
}

/// The versions that were applied, with their checksums, oldest first.
async fn applied(connection: &mut PgConnection, domain: &str) -> Result<Vec<(u32, String)>, StoreError> {
    let table = table(domain);
    // Not `to_regclass`: inside a transaction it may answer from what the session knew before it got the lock.
    let known: bool =
        sqlx::query("SELECT EXISTS (SELECT FROM pg_class WHERE relname = $1 AND pg_table_is_visible(oid))")
            .bind(&table)
            .fetch_one(&mut *connection)
            .await
            .and_then(|row| row.try_get(0))
            .at(STEP)?;
    if !known {
        return Ok(Vec::new());
    }
    let select = format!("SELECT version, checksum FROM {table} ORDER BY version");
    let rows = sqlx::query(AssertSqlSafe(select)).fetch_all(&mut *connection).await.at(STEP)?;
    rows.iter()
        .map(|row| {
            let version: i32 = row.try_get(0)?;
            Ok((u32::try_from(version).unwrap_or_default(), row.try_get(1)?))
        })
        .collect::<Result<_, sqlx::Error>>()
        .at(STEP)
}
