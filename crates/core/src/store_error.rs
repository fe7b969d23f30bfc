//! The error of every store port.

use std::error::Error;
use std::fmt;

/// What kind of failure a store met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The store cannot be reached or did not answer in time. The step may or may not have been taken.
    Unavailable,
    /// The store refuses to write: disk full, read-only, out of memory. The step was not taken.
    Full,
    /// What the store holds is not what this version wrote.
    Corrupt,
    /// The schema is older or newer than this program.
    Schema,
    /// Anything else.
    Unexpected,
}

/// A store could not do its step. Nothing was half done: each step is atomic.
///
/// Holds no row and no value in its text, only what the step was.
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    step: &'static str,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl StoreError {
    /// An error of the step named `step`, such as `otp.admit`.
    #[must_use]
    pub fn new(kind: StoreErrorKind, step: &'static str) -> Self {
        Self { kind, step, source: None }
    }

    /// The same error with its cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What kind of failure it is.
    #[must_use]
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// The step that failed.
    #[must_use]
    pub const fn step(&self) -> &'static str {
        self.step
    }

    /// Whether the same step may succeed when tried again.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(self.kind, StoreErrorKind::Unavailable | StoreErrorKind::Full)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            StoreErrorKind::Unavailable => "the store is unavailable",
            StoreErrorKind::Full => "the store cannot write",
            StoreErrorKind::Corrupt => "the store holds something unreadable",
            StoreErrorKind::Schema => "the store has another schema than this program",
            StoreErrorKind::Unexpected => "the store failed",
        };
        write!(f, "{what} at {}", self.step)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_stands_in_source_only() {
        let error = StoreError::new(StoreErrorKind::Full, "otp.admit")
            .with_source(std::io::Error::other("no space left"));
        assert_eq!(error.to_string(), "the store cannot write at otp.admit");
        assert_eq!(error.source().unwrap().to_string(), "no space left");
        assert!(error.is_temporary());
        assert!(!StoreError::new(StoreErrorKind::Corrupt, "otp.get").is_temporary());
    }
}
