//! What SQLite says, as the errors of the store ports.

use rusqlite::ffi;
use wartel_core::{StoreError, StoreErrorKind};

/// What SQLite reported, without the statement and without any value of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sqlite: {} (code {code})", ffi::code_to_str(*code))]
pub struct SqliteFailure {
    code: i32,
    schema: bool,
}

impl SqliteFailure {
    /// The extended result code. Source: <https://www.sqlite.org/rescode.html>, 2026-11-20.
    #[must_use]
    pub const fn code(&self) -> i32 {
        self.code
    }

    /// The first eight bits of the code, which name the kind of failure.
    pub(super) const fn primary_code(&self) -> i32 {
        self.code & 0xff
    }

    pub(super) const fn kind(&self) -> StoreErrorKind {
        if self.schema {
            return StoreErrorKind::Schema;
        }
        match self.primary_code() {
            ffi::SQLITE_FULL | ffi::SQLITE_IOERR | ffi::SQLITE_READONLY | ffi::SQLITE_NOMEM => {
                StoreErrorKind::Full
            }
            ffi::SQLITE_BUSY
            | ffi::SQLITE_LOCKED
            | ffi::SQLITE_PROTOCOL
            | ffi::SQLITE_INTERRUPT
            | ffi::SQLITE_CANTOPEN
            | ffi::SQLITE_PERM => StoreErrorKind::Unavailable,
            ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB => StoreErrorKind::Corrupt,
            _ => StoreErrorKind::Unexpected,
        }
    }

    pub(super) fn at(self, step: &'static str) -> StoreError {
        StoreError::new(self.kind(), step).with_source(self)
    }

    fn new(error: ffi::Error, message: &str) -> Self {
        // SQLite has no code of its own for a table or a column that is not there.
        let schema = error.extended_code == ffi::SQLITE_ERROR
            && (message.starts_with("no such table")
                || message.starts_with("no such column")
                || message.contains("has no column named"));
        Self { code: error.extended_code, schema }
    }
}

/// A row does not have the shape that this program writes.
#[cfg(any(feature = "otp", feature = "messaging", feature = "access"))]
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("a row has an unreadable {0}")]
pub(super) struct Unreadable(pub(super) &'static str);

/// A column of a row is unreadable at `step`.
#[cfg(any(feature = "otp", feature = "messaging", feature = "access"))]
pub(super) fn unreadable(step: &'static str, column: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt, step).with_source(Unreadable(column))
}

/// Turns the errors of `rusqlite` into those of the ports. They may hold a statement or a value; none gets out.
pub(super) fn failure(error: &rusqlite::Error) -> Result<SqliteFailure, StoreErrorKind> {
    match error {
        rusqlite::Error::SqliteFailure(code, message) => {
            Ok(SqliteFailure::new(*code, message.as_deref().unwrap_or_default()))
        }
        rusqlite::Error::SqlInputError { error, msg, .. } => Ok(SqliteFailure::new(*error, msg)),
        rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::Utf8Error(..) => Err(StoreErrorKind::Corrupt),
        _ => Err(StoreErrorKind::Unexpected),
    }
}

/// Names the step at which SQLite failed.
pub(super) trait At<T> {
    fn at(self, step: &'static str) -> Result<T, StoreError>;
}

impl<T> At<T> for rusqlite::Result<T> {
    fn at(self, step: &'static str) -> Result<T, StoreError> {
        self.map_err(|error| match failure(&error) {
            Ok(failure) => failure.at(step),
            Err(kind) => StoreError::new(kind, step),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_kinds() {
        for (code, kind) in [
            (ffi::SQLITE_FULL, StoreErrorKind::Full),
            (ffi::SQLITE_IOERR_FSYNC, StoreErrorKind::Full),
            (ffi::SQLITE_READONLY_DBMOVED, StoreErrorKind::Full),
            (ffi::SQLITE_NOMEM, StoreErrorKind::Full),
            (ffi::SQLITE_BUSY_SNAPSHOT, StoreErrorKind::Unavailable),
            (ffi::SQLITE_LOCKED, StoreErrorKind::Unavailable),
            (ffi::SQLITE_CANTOPEN, StoreErrorKind::Unavailable),
            (ffi::SQLITE_CORRUPT_INDEX, StoreErrorKind::Corrupt),
            (ffi::SQLITE_NOTADB, StoreErrorKind::Corrupt),
            (ffi::SQLITE_CONSTRAINT_UNIQUE, StoreErrorKind::Unexpected),
            (ffi::SQLITE_MISUSE, StoreErrorKind::Unexpected),
        ] {
            let error =
                rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some("+6281234567890".to_owned()));
            let error = rusqlite::Result::<()>::Err(error).at("test.step").unwrap_err();
            assert_eq!(error.kind(), kind, "{code}");
            let source = std::error::Error::source(&error).unwrap().to_string();
            assert!(!source.contains("6281234567890") && source.starts_with("sqlite: "), "{source}");
        }
    }

    #[test]
    fn a_missing_table_is_a_matter_of_the_schema() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let error =
            connection.execute("INSERT INTO wartel_nothing VALUES ('+6281234567890')", []).at("test.step");
        let error = error.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Schema);
        assert!(!format!("{error:?}").contains("6281234567890"));
    }
}
