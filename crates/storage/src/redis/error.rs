//! What Redis says, as the errors of the store ports.
#![cfg_attr(not(feature = "otp"), allow(dead_code, reason = "some of it is needed by one domain only"))]

use std::fmt;

use redis::{ErrorKind, RedisError};
use wartel_core::{StoreError, StoreErrorKind};

/// What a script answers that comes after its deadline.
const LATE: &str = "LATE";

/// What Redis reported, without the command and without any value of it.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisFailure {
    cause: Cause,
}

#[derive(Clone, PartialEq, Eq)]
enum Cause {
    /// The first word of the server's answer, such as `OOM`.
    Code(Box<str>),
    /// The connection broke, or could not be made.
    Connection,
    /// The user or the password is wrong.
    Credentials,
    /// The server did not answer in time.
    Slow,
    /// Too many others waited for the same phone.
    Busy,
    /// Something was written again and again that the step did not know of.
    Overtaken,
    /// The answer was lost, and what is stored does not tell whether the step was taken.
    Uncertain,
    /// The address or a setting cannot be used.
    Settings,
    /// An answer or a value does not have the expected shape.
    Shape,
    /// Anything else.
    Other,
}

impl RedisFailure {
    pub(super) const SLOW: Self = Self { cause: Cause::Slow };
    pub(super) const BUSY: Self = Self { cause: Cause::Busy };
    pub(super) const CONNECTION: Self = Self { cause: Cause::Connection };
    pub(super) const OVERTAKEN: Self = Self { cause: Cause::Overtaken };
    pub(super) const UNCERTAIN: Self = Self { cause: Cause::Uncertain };
    pub(super) const SHAPE: Self = Self { cause: Cause::Shape };

    /// The first word of the server's answer, such as `OOM`, if it was the server that refused.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match &self.cause {
            Cause::Code(code) => Some(code),
            _ => None,
        }
    }

    pub(super) fn of(error: &RedisError) -> Self {
        let code = error.code().filter(|code| is_code(code));
        let cause = match (error.kind(), code) {
            (ErrorKind::AuthenticationFailed, _) | (_, Some("WRONGPASS" | "NOAUTH")) => Cause::Credentials,
            (_, Some(code)) => Cause::Code(code.into()),
            (ErrorKind::Io, None) => Cause::Connection,
            (ErrorKind::InvalidClientConfig, None) => Cause::Settings,
            (ErrorKind::Parse | ErrorKind::UnexpectedReturnType, None) => Cause::Shape,
            _ => Cause::Other,
        };
        Self { cause }
    }

    pub(super) fn kind(&self) -> StoreErrorKind {
        match &self.cause {
            Cause::Connection
            | Cause::Credentials
            | Cause::Slow
            | Cause::Busy
            | Cause::Overtaken
            | Cause::Uncertain => StoreErrorKind::Unavailable,
            Cause::Shape => StoreErrorKind::Corrupt,
            Cause::Settings | Cause::Other => StoreErrorKind::Unexpected,
            Cause::Code(code) => match &**code {
                // No memory, read-only, the disk does not take what has to be kept, too few replicas.
                "OOM" | "READONLY" | "MISCONF" | "NOREPLICAS" => StoreErrorKind::Full,
                "LOADING" | "BUSY" | "MASTERDOWN" | "CLUSTERDOWN" | "TRYAGAIN" | LATE => {
                    StoreErrorKind::Unavailable
                }
                // Somebody else's value stands under a key of ours.
                "WRONGTYPE" => StoreErrorKind::Corrupt,
                _ => StoreErrorKind::Unexpected,
            },
        }
    }

    /// Whether what could not be sent, or was refused, may succeed a moment later.
    pub(super) fn may_pass(&self) -> bool {
        self.cause == Cause::Connection
            || matches!(
                self.code(),
                Some("LOADING" | "BUSY" | "MASTERDOWN" | "CLUSTERDOWN" | "TRYAGAIN" | LATE)
            )
    }

    /// Whether another connection may lead to a server that does better: after a failover this one is a replica.
    pub(super) fn is_of_the_connection(&self) -> bool {
        matches!(self.code(), Some("READONLY" | "MASTERDOWN"))
            || matches!(self.cause, Cause::Connection | Cause::Credentials | Cause::Shape)
    }

    /// A script came after its deadline, by the server's clock, and has written nothing.
    pub(super) fn is_late(&self) -> bool {
        self.code() == Some(LATE)
    }

    pub(super) fn has_no_script(&self) -> bool {
        self.code() == Some("NOSCRIPT")
    }

    pub(super) fn is_wrong_credentials(&self) -> bool {
        self.cause == Cause::Credentials
    }

    pub(super) fn at(self, step: &'static str) -> StoreError {
        StoreError::new(self.kind(), step).with_source(self)
    }
}

/// Codes are words in capitals; whatever else comes may be anything.
fn is_code(text: &str) -> bool {
    matches!(text.len(), 1..=16) && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

impl fmt::Debug for RedisFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisFailure({self})")
    }
}

impl fmt::Display for RedisFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match &self.cause {
            Cause::Code(code) => {
                let meaning = match &**code {
                    "OOM" => "the server has no memory left",
                    "READONLY" => "the server is a replica, which cannot be written",
                    "MISCONF" => "the server cannot write to its disk",
                    "NOREPLICAS" => "the server has too few replicas",
                    LATE => "the server came to the step too late and did not take it",
                    "LOADING" => "the server is starting",
                    "BUSY" => "the server is busy with a script",
                    "MASTERDOWN" | "CLUSTERDOWN" | "TRYAGAIN" => "the server is not ready",
                    "MOVED" | "ASK" | "CROSSSLOT" => {
                        "the server is one node of a cluster and has not these keys"
                    }
                    "NOPERM" => "the user has not the right to do this",
                    "WRONGTYPE" => "a key holds something else than this program writes",
                    _ => "the server refused",
                };
                return write!(f, "redis: {meaning} (code {code})");
            }
            Cause::Connection => "the connection failed",
            Cause::Credentials => "the user or the password is wrong",
            Cause::Slow => "the server did not answer in time",
            Cause::Busy => "too many steps waited for the same phone",
            Cause::Overtaken => "others were faster too often",
            Cause::Uncertain => "the answer was lost, and what became of the step cannot be told",
            Cause::Settings => "the address or a setting cannot be used",
            Cause::Shape => "an answer or a value has not the expected shape",
            Cause::Other => "the driver failed",
        };
        write!(f, "redis: {words}")
    }
}

impl std::error::Error for RedisFailure {}

impl From<RedisError> for RedisFailure {
    fn from(error: RedisError) -> Self {
        Self::of(&error)
    }
}

/// A stored value does not have the shape that this program writes.
#[cfg(feature = "otp")]
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("a value has an unreadable {0}")]
pub(super) struct Unreadable(pub(super) &'static str);

/// A part of a value is unreadable at `step`.
#[cfg(feature = "otp")]
pub(super) fn unreadable(step: &'static str, part: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt, step).with_source(Unreadable(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> RedisFailure {
        RedisFailure { cause: Cause::Code(text.into()) }
    }

    #[test]
    fn codes_become_kinds() {
        use StoreErrorKind::{Corrupt, Full, Unavailable, Unexpected};
        for (text, kind, may_pass) in [
            ("OOM", Full, false),
            ("READONLY", Full, false),
            ("MISCONF", Full, false),
            ("NOREPLICAS", Full, false),
            ("LOADING", Unavailable, true),
            ("BUSY", Unavailable, true),
            ("MASTERDOWN", Unavailable, true),
            ("CLUSTERDOWN", Unavailable, true),
            ("LATE", Unavailable, true),
            ("WRONGTYPE", Corrupt, false),
            ("MOVED", Unexpected, false),
            ("NOPERM", Unexpected, false),
            ("ERR", Unexpected, false),
        ] {
            assert_eq!(code(text).kind(), kind, "{text}");
            assert_eq!(code(text).may_pass(), may_pass, "{text}");
            assert!(code(text).to_string().ends_with(&format!("(code {text})")));
        }
    }

    #[test]
    fn what_the_driver_says_stays_inside() {
        let secret = "+6281234567890";
        for error in [
            RedisError::from((ErrorKind::Client, "of the client", secret.to_owned())),
            RedisError::from((ErrorKind::AuthenticationFailed, "of the server", secret.to_owned())),
            RedisError::from(std::io::Error::other(secret)),
            redis::make_extension_error(secret.to_owned(), Some(secret.to_owned())),
        ] {
            let error = RedisFailure::of(&error).at("test.step");
            let source = std::error::Error::source(&error).unwrap().to_string();
            assert!(source.starts_with("redis: "), "{source}");
            assert!(!format!("{error:?} {error} {source}").contains("6281234567890"));
        }
    }
}
