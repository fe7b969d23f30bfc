//! The schema of each domain, brought up to date in a transaction of its own.

use rusqlite::{Connection, OptionalExtension as _, params};
use wartel_core::{Clock as _, StoreError, SystemClock};

use super::error::At as _;
use crate::migration::{SchemaError, checksum, pending_of, table};

pub use crate::migration::Migration;

const STEP: &str = "sqlite.migrate";

#[cfg(feature = "otp")]
const OTP: &[Migration] = &[
    Migration {
        domain: "otp",
        version: 1,
        name: "init",
        sql: include_str!("../../migrations/sqlite/otp/0001_init.sql"),
    },
    Migration {
        domain: "otp",
        version: 2,
        name: "tallies",
        sql: include_str!("../../migrations/sqlite/otp/0002_tallies.sql"),
    },
];

#[cfg(feature = "messaging")]
const MESSAGING: &[Migration] = &[
    Migration {
        domain: "messaging",
        version: 1,
        name: "init",
        sql: include_str!("../../migrations/sqlite/messaging/0001_init.sql"),
    },
    Migration {
        domain: "messaging",
        version: 2,
        name: "inbox",
        sql: include_str!("../../migrations/sqlite/messaging/0002_inbox.sql"),
    },
    Migration {
        domain: "messaging",
        version: 3,
        name: "pairing",
        sql: include_str!("../../migrations/sqlite/messaging/0003_pairing.sql"),
    },
    Migration {
        domain: "messaging",
        version: 4,
        name: "accounts",
        sql: include_str!("../../migrations/sqlite/messaging/0004_accounts.sql"),
    },
];

#[cfg(feature = "registration")]
const REGISTRATION: &[Migration] = &[Migration {
    domain: "registration",
    version: 1,
    name: "init",
    sql: include_str!("../../migrations/sqlite/registration/0001_init.sql"),
}];

#[cfg(feature = "access")]
const ACCESS: &[Migration] = &[Migration {
    domain: "access",
    version: 1,
    name: "init",
    sql: include_str!("../../migrations/sqlite/access/0001_init.sql"),
}];

#[cfg(feature = "bot")]
const BOT: &[Migration] = &[Migration {
    domain: "bot",
    version: 1,
    name: "init",
    sql: include_str!("../../migrations/sqlite/bot/0001_init.sql"),
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

/// Applies what is pending and answers what that was. Safe to run twice and by two processes at once: each domain
/// is one transaction that takes the write lock before it looks.
pub(super) fn run(
    connection: &Connection,
    domains: &[&'static [Migration]],
) -> Result<Vec<Migration>, StoreError> {
    let mut applied = Vec::new();
    for domain in domains {
        // Looked at without the lock first, so that a start with nothing to do writes nothing.
        if pending_in(connection, domain)?.is_empty() {
            continue;
        }
        let transaction =
            rusqlite::Transaction::new_unchecked(connection, rusqlite::TransactionBehavior::Immediate)
                .at(STEP)?;
        let pending = pending_in(&transaction, domain)?;
        for migration in &pending {
            apply(&transaction, migration)?;
        }
        transaction.commit().at(STEP)?;
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
pub(super) fn pending(
    connection: &Connection,
    domains: &[&'static [Migration]],
) -> Result<Vec<Migration>, StoreError> {
    let mut pending = Vec::new();
    for domain in domains {
        pending.extend(pending_in(connection, domain)?);
    }
    Ok(pending)
}

/// Fails if anything is pending.
pub(super) fn check(connection: &Connection, step: &'static str) -> Result<(), StoreError> {
    match pending(connection, MIGRATIONS)?.first() {
        None => Ok(()),
        Some(first) => Err(SchemaError::pending(first).at(step)),
    }
}

fn apply(connection: &Connection, migration: &Migration) -> Result<(), StoreError> {
    let table = table(migration.domain);
    connection
        .execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS {table} (
                version    INTEGER NOT NULL PRIMARY KEY,
                name       TEXT    NOT NULL,
                checksum   TEXT    NOT NULL,
                applied_at INTEGER NOT NULL
            ) STRICT"
        ))
        .at(STEP)?;
    connection.execute_batch(migration.sql).at(STEP)?;
    let applied_at = SystemClock.now().as_micros();
    connection
        .execute(
            &format!("INSERT INTO {table} (version, name, checksum, applied_at) VALUES (?1, ?2, ?3, ?4)"),
            params![migration.version, migration.name, checksum(migration.sql), applied_at],
        )
        .at(STEP)?;
    Ok(())
}

fn pending_in(connection: &Connection, domain: &'static [Migration]) -> Result<Vec<Migration>, StoreError> {
    let Some(newest) = domain.last() else { return Ok(Vec::new()) };
    let applied = applied(connection, newest.domain)?;
    pending_of(domain, &applied).map_err(|error| error.at(STEP))
}

/// The versions that were applied, with their checksums, oldest first.
fn applied(connection: &Connection, domain: &str) -> Result<Vec<(u32, String)>, StoreError> {
    let table = table(domain);
    let known = connection
        .prepare_cached("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1")
        .at(STEP)?
        .query_row([&table], |_| Ok(()))
        .optional()
        .at(STEP)?;
    if known.is_none() {
        return Ok(Vec::new());
    }
    connection
        .prepare_cached(&format!("SELECT version, checksum FROM {table} ORDER BY version"))
        .at(STEP)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .at(STEP)?
        .collect::<rusqlite::Result<_>>()
        .at(STEP)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;
    use wartel_core::StoreErrorKind;

    const FIRST: Migration =
        Migration { domain: "test", version: 1, name: "init", sql: "CREATE TABLE wartel_test (a INTEGER)" };
    const SECOND: Migration = Migration {
        domain: "test",
        version: 2,
        name: "more",
        sql: "ALTER TABLE wartel_test ADD COLUMN b TEXT",
    };
    const OLD: &[Migration] = &[FIRST];
    const NEW: &[Migration] = &[FIRST, SECOND];
    const EDITED: &[Migration] = &[Migration { sql: "CREATE TABLE wartel_test (a TEXT)", ..FIRST }, SECOND];
    const BROKEN: &[Migration] = &[
        FIRST,
        SECOND,
        Migration { version: 3, sql: "CREATE TABLE wartel_half (a INTEGER); nonsense", ..FIRST },
    ];

    #[test]
    fn migrations_are_applied_once_and_in_order() {
        let connection = Connection::open_in_memory().unwrap();
        assert_eq!(pending(&connection, &[NEW]).unwrap(), NEW);
        assert_eq!(run(&connection, &[OLD]).unwrap(), OLD);
        assert_eq!(pending(&connection, &[NEW]).unwrap(), &NEW[1..]);
        assert_eq!(run(&connection, &[NEW]).unwrap(), &NEW[1..]);
        assert_eq!(run(&connection, &[NEW]).unwrap(), &[]);
        connection.execute("INSERT INTO wartel_test (a, b) VALUES (1, 'x')", []).unwrap();
    }

    #[test]
    fn a_newer_schema_and_a_changed_migration_are_refused_in_words() {
        let connection = Connection::open_in_memory().unwrap();
        run(&connection, &[NEW]).unwrap();
        let newer = run(&connection, &[OLD]).unwrap_err();
        assert_eq!(newer.kind(), StoreErrorKind::Schema);
        assert!(newer.source().unwrap().to_string().contains("knows versions up to 1"));
        let changed = run(&connection, &[EDITED]).unwrap_err();
        assert_eq!(changed.kind(), StoreErrorKind::Schema);
        assert!(changed.source().unwrap().to_string().contains("is not the one that was applied"));
    }

    #[test]
    fn a_migration_that_fails_leaves_nothing_behind() {
        let connection = Connection::open_in_memory().unwrap();
        run(&connection, &[NEW]).unwrap();
        assert!(run(&connection, &[BROKEN]).is_err());
        let half: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'wartel_half'", [], |row| row.get(0))
            .unwrap();
        assert_eq!(half, 0);
        assert_eq!(pending(&connection, &[NEW]).unwrap(), &[]);
    }
}
