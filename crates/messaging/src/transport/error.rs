//! The error of the transport: no answer came, and whether the request may have been taken all the same.

use std::error::Error;
use std::{fmt, io};

/// Why no answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The request cannot be sent at all: a bad URL, or plain `http://` where only `https://` is allowed.
    BadRequest,
    /// The host name has no address.
    Dns,
    /// No connection: refused, unreachable, or not made in time.
    Connect,
    /// The connection was made, but no TLS session: certificate, protocol.
    Tls,
    /// The request went out, the answer did not come in time.
    Timeout,
    /// The connection broke after the request went out, or began to.
    Cut,
}

impl TransportErrorKind {
    /// A stable name for logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Cut => "cut",
        }
    }
}

/// No answer came. Shows neither URL nor header nor body; the only cause it keeps is the kind of I/O error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportError {
    kind: TransportErrorKind,
    io: Option<io::ErrorKind>,
}

impl TransportError {
    /// An error of this kind.
    #[must_use]
    pub const fn new(kind: TransportErrorKind) -> Self {
        Self { kind, io: None }
    }

    /// With the kind of I/O error behind it.
    #[must_use]
    pub const fn with_io(mut self, io: Option<io::ErrorKind>) -> Self {
        self.io = io;
        self
    }

    /// Why no answer came.
    #[must_use]
    pub const fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether the request certainly did not reach the provider. Otherwise it may have been taken.
    #[must_use]
    pub const fn is_certainly_not_sent(&self) -> bool {
        match self.kind {
            TransportErrorKind::BadRequest
            | TransportErrorKind::Dns
            | TransportErrorKind::Connect
            | TransportErrorKind::Tls => true,
            TransportErrorKind::Timeout | TransportErrorKind::Cut => false,
        }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            TransportErrorKind::BadRequest => "the request cannot be sent",
            TransportErrorKind::Dns => "the host name has no address",
            TransportErrorKind::Connect => "no connection",
            TransportErrorKind::Tls => "no TLS session",
            TransportErrorKind::Timeout => "no answer in time",
            TransportErrorKind::Cut => "the connection broke before the answer",
        })?;
        match self.io {
            Some(io) => write!(f, " ({io})"),
            None => Ok(()),
        }
    }
}

impl Error for TransportError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_failed_before_the_request_is_certain() {
        for (kind, certain) in [
            (TransportErrorKind::BadRequest, true),
            (TransportErrorKind::Dns, true),
            (TransportErrorKind::Connect, true),
            (TransportErrorKind::Tls, true),
            (TransportErrorKind::Timeout, false),
            (TransportErrorKind::Cut, false),
        ] {
            assert_eq!(TransportError::new(kind).is_certainly_not_sent(), certain, "{kind:?}");
        }
        let refused =
            TransportError::new(TransportErrorKind::Connect).with_io(Some(io::ErrorKind::ConnectionRefused));
        assert_eq!(refused.to_string(), "no connection (connection refused)");
    }
}
