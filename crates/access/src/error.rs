//! Why there is no key, and why a caller is refused.

use wartel_core::{NameError, StoreError};

use crate::api_key::NoRandomness;

/// A key was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateKeyError {
    /// The name cannot be one.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A key that may do nothing.
    #[error("a key needs at least one scope")]
    NoScope,
    /// A key that would be over at once.
    #[error("a key must be valid for some time")]
    NoTime,
    /// No random bytes, so no key.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A caller is not known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthenticateError {
    /// Not a key, unknown, wrong, past its end, or revoked: one answer for all.
    #[error("the key is not valid")]
    Refused,
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}
