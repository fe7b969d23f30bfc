//! What can go wrong with reverse verifications. A wrong code is not among it: it is an outcome.

use wartel_core::{StoreError, Timestamp};

use crate::code::NoRandomness;

/// No reverse verification was opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartReverseError {
    /// The engine was built without a store for reverse verifications.
    #[error("reverse verification is not set up; call `reverse_store`")]
    NotSetUp,
    /// The policy verifies no numbers of this country.
    #[error("numbers of this country are not verified")]
    UnsupportedCountry,
    /// The number is a landline or a service number, which has no WhatsApp of its own.
    #[error("the number is not a mobile one")]
    NotMobile,
    /// As many verifications of this phone and purpose wait as may.
    #[error("too many verifications of this phone wait for their code")]
    TooManyOpen {
        /// When to ask again, at the latest.
        retry_at: Timestamp,
    },
    /// A budget is spent: the client's or the tenant's.
    #[error("too many verifications were asked for")]
    RateLimited {
        /// When to ask again.
        retry_at: Timestamp,
    },
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No random bytes, so no code.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// A proof could not be claimed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimError {
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No random bytes, so no proof.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}
