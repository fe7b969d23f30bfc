//! What can go wrong, by what was asked. A wrong code is not among them: it is an outcome.

use wartel_core::{StoreError, Timestamp};
use wartel_messaging::SendError;

use crate::code::{MalformedCode, NoRandomness};
use crate::events::Limit;
use crate::guard::PumpingPolicyError;
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
    /// A number of the policy against pumping is out of its range.
    #[error("the policy against pumping is not valid")]
    Pumping(#[from] PumpingPolicyError),
    /// A deadline of a fallback is out of its range.
    #[error("the deadline of a fallback must be 5 to 120 seconds without acceptance, sending or delivery")]
    Deadline,
    /// Two channels have one name, so that nobody could tell their receipts apart.
    #[error("two channels have the same provider; each may be used once")]
    SameChannelTwice,
    /// A test number's code has another length than codes have.
    #[error("the code of a test number must be as long as the policy says codes are")]
    TestNumber,
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
        /// Which budget.
        limit: Limit,
    },
    /// Too many codes were asked for and not used in this range of numbers from this network.
    #[error("too many codes were asked for and not used from here")]
    Suspicious {
        /// When to ask again.
        retry_at: Timestamp,
    },
    /// A challenge, such as a CAPTCHA, has to be passed first.
    #[error("a challenge has to be passed first")]
    ChallengeRequired,
    /// The challenge could not be verified; the request may be made again.
    #[error("the challenge could not be verified")]
    ChallengeUnavailable,
    /// Too many wrong codes were given for this phone.
    #[error("too many wrong codes were given for this phone")]
    TooManyAttempts {
        /// When to ask again.
        retry_at: Timestamp,
    },
    /// The idempotency key stands for another request.
    #[error("the idempotency key was used for another request")]
    IdempotencyMismatch,
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

/// What a message may not say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a variable has a name of 1 to 32 characters of a-z and `_`, and a value of 2 to 40 characters with a letter, \
     without links or four digits in a row; a message has at most 8"
)]
pub struct VariableError;

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
