//! What can go wrong, by what was asked. A wrong code is not among them: it is an outcome.

use wartel_core::{StoreError, Timestamp};
use wartel_messaging::SendError;

use crate::code::{MalformedCode, NoRandomness};
use crate::policy::PolicyError;
use crate::template::TemplateError;

/// The service cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// No message provider was given.
    #[error("no message provider was given; call `provider`")]
    NoProvider,
    /// No store was given.
    #[error("no store was given; call `store`")]
    NoStore,
    /// The app's name is missing, too long or cannot be shown.
    #[error("the app name must be 1 to 60 visible characters; call `app_name`")]
    AppName,
    /// A number of the policy is out of its range.
    #[error("the policy is not valid")]
    Policy(#[from] PolicyError),
    /// A message template is not valid.
    #[error("a message template is not valid")]
    Template(#[from] TemplateError),
}

/// No code was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The policy sends no codes to the country of this number.
    #[error("codes are not sent to this country")]
    UnsupportedCountry,
    /// The number is a landline or a service number, which has no WhatsApp of its own.
    #[error("the number is not a mobile one")]
    NotMobile,
    /// Messaging is switched off.
    #[error("messaging is switched off")]
    MessagingDisabled,
    /// The provider cannot send codes at all.
    #[error("the provider cannot send one-time codes")]
    Unsupported,
    /// The last code was sent too short a time ago.
    #[error("a code was sent a short time ago")]
    ResendTooSoon {
        /// When to ask again.
        retry_at: Timestamp,
    },
    /// A budget of sends is spent: the phone's, the client's or the tenant's.
    #[error("too many codes were asked for")]
    RateLimited {
        /// When to ask again.
        retry_at: Timestamp,
    },
    /// Too many wrong codes were given for this phone.
    #[error("too many wrong codes were given for this phone")]
    TooManyAttempts {
        /// When to ask again.
        retry_at: Timestamp,
    },
    /// The provider did not take the message, or gave an answer that cannot be read. Only in the first case the
    /// phone gets its wait and its budget back.
    #[error("the provider did not take the message")]
    NotSent(#[source] SendError),
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No random bytes, so no code.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// A check could not be made. Nothing was spent, but for a store that failed after it had counted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// What was typed is not a code at all.
    #[error(transparent)]
    Malformed(#[from] MalformedCode),
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No random bytes, so no proof.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// A proof was not exchanged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedeemError {
    /// Unknown, expired, for another purpose or phone, or somebody else's. The proof is as it was.
    #[error("the phone number is not verified")]
    NotVerified,
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}
