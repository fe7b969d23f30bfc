//! Why nobody was registered.

use wartel_core::{NameError, StoreError};
use wartel_otp::RedeemError;

/// A registration was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// Something in the form is wrong. The proof is unused.
    #[error("the form has {} wrong fields", .0.len())]
    Invalid(Vec<FieldError>),
    /// There is no valid proof that the number belongs to the person.
    #[error("the phone number is not verified")]
    PhoneNotVerified,
    /// The number is registered already. Told only to somebody who has proven the number.
    #[error("the phone number is registered already")]
    AlreadyRegistered,
    /// The store could not answer. The proof is as it was; try again with it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<RedeemError> for RegisterError {
    fn from(error: RedeemError) -> Self {
        match error {
            RedeemError::Store(error) => Self::Store(error),
            _ => Self::PhoneNotVerified,
        }
    }
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct FieldError {
    /// The field's name in the form: `full_name`, `email`, `address`, `extra`.
    pub field: &'static str,
    /// What is wrong.
    pub problem: FieldProblem,
}

/// What can be wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldProblem {
    /// The name is not one.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Not an e-mail address.
    #[error("not an e-mail address such as budi@example.com")]
    Email,
    /// Longer than allowed.
    #[error("longer than {max} {unit}")]
    TooLong {
        /// The most that is allowed.
        max: usize,
        /// Of what: `characters` or `bytes`.
        unit: &'static str,
    },
    /// A control character other than a line break.
    #[error("has a control character")]
    ControlCharacter,
}
