//! What Postgres says, as the errors of the store ports.
#![cfg_attr(not(feature = "otp"), allow(dead_code, reason = "some of it is needed by one domain only"))]

use std::fmt;

use sqlx::Error;
use wartel_core::{StoreError, StoreErrorKind};

/// What Postgres reported, without the statement and without any value of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PostgresFailure {
    cause: Cause,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// The server's code. Source: <https://www.postgresql.org/docs/current/errcodes-appendix.html>, 2026-11-20.
    Code([u8; 5]),
    /// The connection broke, or could not be made.
    Connection,
    /// The server could not be reached, or no connection was free in time.
    Busy,
    /// The server did not answer in time.
    Slow,
    /// The pool was closed.
    Closed,
    /// Something was written meanwhile that the step did not know of.
    Overtaken,
    /// The address or a setting cannot be used.
    Settings,
    /// A row does not have the shape that this program writes.
    Shape,
    /// Anything else.
    Other,
}

/// What may be done about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// The connection is of no use any more; the transaction was rolled back.
    Reconnect,
    /// The same again may succeed: a deadlock, or somebody was faster.
    Again,
    /// A lock was not given in time.
    Wait,
    /// None.
    Nothing,
}

impl PostgresFailure {
    pub(super) const OVERTAKEN: Self = Self { cause: Cause::Overtaken };
    pub(super) const SLOW: Self = Self { cause: Cause::Slow };
    pub(super) const BUSY: Self = Self { cause: Cause::Busy };
    pub(super) const CLOSED: Self = Self { cause: Cause::Closed };
    #[cfg(feature = "messaging")]
    pub(super) const SHAPE: Self = Self { cause: Cause::Shape };

    /// The server's code of five characters, if it was the server that refused.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match &self.cause {
            Cause::Code(code) => std::str::from_utf8(code).ok(),
            _ => None,
        }
    }

    pub(super) fn of(error: &Error) -> Self {
        let cause = match error {
            Error::Database(error) => {
                let code = error.code().and_then(|code| code.as_bytes().try_into().ok());
                code.map_or(Cause::Other, Cause::Code)
            }
            Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed | Error::BeginFailed => {
                Cause::Connection
            }
            Error::PoolTimedOut => Cause::Busy,
            Error::PoolClosed => Cause::Closed,
            Error::Configuration(_) => Cause::Settings,
            Error::ColumnDecode { .. }
            | Error::Decode(_)
            | Error::ColumnNotFound(_)
            | Error::ColumnIndexOutOfBounds { .. }
            | Error::TypeNotFound { .. } => Cause::Shape,
            _ => Cause::Other,
        };
        Self { cause }
    }

    pub(super) fn kind(&self) -> StoreErrorKind {
        match self.cause {
            Cause::Connection | Cause::Busy | Cause::Slow | Cause::Closed | Cause::Overtaken => {
                StoreErrorKind::Unavailable
            }
            Cause::Shape => StoreErrorKind::Corrupt,
            Cause::Settings | Cause::Other => StoreErrorKind::Unexpected,
            Cause::Code(code) => match &code {
                // A table or a column is not there, or a whole schema.
                b"42P01" | b"42703" | b"3F000" => StoreErrorKind::Schema,
                // Read-only, disk full, out of memory, configured limit, input or output failed.
                b"25006" | b"53000" | b"53100" | b"53200" | b"53400" | b"58030" => StoreErrorKind::Full,
                // Damaged data.
                b"XX001" | b"XX002" => StoreErrorKind::Corrupt,
                // Too many connections, shutting down, starting, cancelled, locked, deadlock, killed for idling,
                // connection failures, wrong credentials, no such database.
                [b'0', b'8', ..]
                | [b'2', b'8', ..]
                | [b'4', b'0', ..]
                | [b'5', b'3' | b'5' | b'7', ..]
                | b"25P03"
                | b"25P04"
                | b"3D000" => StoreErrorKind::Unavailable,
                _ => StoreErrorKind::Unexpected,
            },
        }
    }

    pub(super) const fn remedy(&self) -> Remedy {
        match &self.cause {
            Cause::Connection | Cause::Slow => Remedy::Reconnect,
            Cause::Overtaken => Remedy::Again,
            Cause::Code(code) => match code {
                [b'0', b'8', ..] | b"57P01" | b"57P02" | b"57P03" | b"57P05" | b"25P03" | b"25P04" => {
                    Remedy::Reconnect
                }
                b"40001" | b"40P01" => Remedy::Again,
                b"55P03" => Remedy::Wait,
                _ => Remedy::Nothing,
            },
            Cause::Busy | Cause::Closed | Cause::Settings | Cause::Shape | Cause::Other => Remedy::Nothing,
        }
    }

    /// Whether a connection that could not be made may be made a little later.
    pub(super) const fn may_pass(&self) -> bool {
        let too_many = matches!(&self.cause, Cause::Code(code) if matches!(code, b"53300"));
        too_many || matches!(self.cause, Cause::Busy) || matches!(self.remedy(), Remedy::Reconnect)
    }

    pub(super) fn at(self, step: &'static str) -> StoreError {
        StoreError::new(self.kind(), step).with_source(self)
    }
}

impl fmt::Debug for PostgresFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresFailure({self})")
    }
}

impl fmt::Display for PostgresFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match &self.cause {
            Cause::Code(code) => {
                let meaning = match code {
                    b"25006" => "the database is read-only",
                    b"28000" | b"28P01" => "the user or the password is wrong",
                    b"3D000" => "there is no such database",
                    b"40001" | b"40P01" => "other transactions were in the way",
                    b"42501" => "the user has not the right to do this",
                    b"42P01" => "a table is missing: run the migrations",
                    b"53100" => "the disk is full",
                    b"53200" => "the server has no memory left",
                    b"53300" => "the server has too many connections",
                    b"55P03" => "a row was locked by others for too long",
                    b"57014" => "the server was too slow",
                    b"57P01" | b"57P02" => "the server is shutting down",
                    b"57P03" => "the server is starting or shutting down",
                    _ => "the server refused",
                };
                let code = std::str::from_utf8(code).unwrap_or("?????");
                return write!(f, "postgres: {meaning} (code {code})");
            }
            Cause::Connection => "the connection failed",
            Cause::Busy => "the server cannot be reached, or no connection was free in time",
            Cause::Slow => "the server did not answer in time",
            Cause::Closed => "the stores are closed",
            Cause::Overtaken => "other transactions were faster too often",
            Cause::Settings => "the address or a setting cannot be used",
            Cause::Shape => "a column has not the expected type",
            Cause::Other => "the driver failed",
        };
        write!(f, "postgres: {words}")
    }
}

impl std::error::Error for PostgresFailure {}

impl From<Error> for PostgresFailure {
    fn from(error: Error) -> Self {
        Self::of(&error)
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

/// Names the step at which Postgres failed.
pub(super) trait At<T> {
    fn at(self, step: &'static str) -> Result<T, StoreError>;
}

impl<T> At<T> for Result<T, Error> {
    fn at(self, step: &'static str) -> Result<T, StoreError> {
        self.map_err(|error| PostgresFailure::of(&error).at(step))
    }
}

impl<T> At<T> for Result<T, PostgresFailure> {
    fn at(self, step: &'static str) -> Result<T, StoreError> {
        self.map_err(|failure| failure.at(step))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> PostgresFailure {
        PostgresFailure { cause: Cause::Code(text.as_bytes().try_into().unwrap()) }
    }

    #[test]
    fn codes_become_kinds_and_remedies() {
        use Remedy::{Again, Nothing, Reconnect, Wait};
        use StoreErrorKind::{Corrupt, Full, Schema, Unavailable, Unexpected};
        for (text, kind, remedy) in [
            ("42P01", Schema, Nothing),
            ("42703", Schema, Nothing),
            ("25006", Full, Nothing),
            ("53100", Full, Nothing),
            ("53300", Unavailable, Nothing),
            ("57014", Unavailable, Nothing),
            ("57P01", Unavailable, Reconnect),
            ("57P03", Unavailable, Reconnect),
            ("08006", Unavailable, Reconnect),
            ("25P03", Unavailable, Reconnect),
            ("40001", Unavailable, Again),
            ("40P01", Unavailable, Again),
            ("55P03", Unavailable, Wait),
            ("28P01", Unavailable, Nothing),
            ("3D000", Unavailable, Nothing),
            ("XX001", Corrupt, Nothing),
            ("22021", Unexpected, Nothing),
            ("23505", Unexpected, Nothing),
        ] {
            assert_eq!(code(text).kind(), kind, "{text}");
            assert_eq!(code(text).remedy(), remedy, "{text}");
            assert_eq!(code(text).code(), Some(text));
            assert!(code(text).to_string().ends_with(&format!("(code {text})")));
        }
    }

    #[test]
    fn what_the_driver_says_stays_inside() {
        let secret = "+6281234567890";
        for error in [
            Error::Protocol(secret.to_owned()),
            Error::Decode(secret.into()),
            Error::Configuration(secret.into()),
            Error::Io(std::io::Error::other(secret)),
        ] {
            let error = Result::<(), _>::Err(error).at("test.step").unwrap_err();
            let source = std::error::Error::source(&error).unwrap().to_string();
            assert!(source.starts_with("postgres: "), "{source}");
            assert!(!format!("{error:?} {error} {source}").contains("6281234567890"));
        }
    }
}
