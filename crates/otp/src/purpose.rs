//! What a phone number is verified for.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What a phone number is verified for. A code, its budget of checks and its proof hold for one purpose only.
///
/// 1 to 32 of the characters `a-z 0-9 _ -`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Purpose(Cow<'static, str>);

/// The text cannot name a purpose.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a purpose is 1 to 32 characters of a-z, 0-9, `_` and `-`")]
pub struct PurposeError;

impl Purpose {
    /// Signing up.
    pub const REGISTRATION: Self = Self(Cow::Borrowed("registration"));
    /// Logging in.
    pub const LOGIN: Self = Self(Cow::Borrowed("login"));
    /// Setting a new password.
    pub const PASSWORD_RESET: Self = Self(Cow::Borrowed("password_reset"));
    /// Changing the phone number of an account.
    pub const CHANGE_OF_NUMBER: Self = Self(Cow::Borrowed("change_of_number"));

    /// Reads a purpose; any word will do.
    ///
    /// # Errors
    /// [`PurposeError`] if the text is empty, too long or has other characters.
    pub fn parse(text: &str) -> Result<Self, PurposeError> {
        let fits = matches!(text.len(), 1..=32)
            && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'));
        if fits { Ok(Self(Cow::Owned(text.to_owned()))) } else { Err(PurposeError) }
    }

    /// The purpose as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Purpose({})", self.0)
    }
}

impl TryFrom<String> for Purpose {
    type Error = PurposeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Purpose> for String {
    fn from(purpose: Purpose) -> Self {
        purpose.0.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_are_short_plain_words() {
        assert_eq!(Purpose::parse("registration"), Ok(Purpose::REGISTRATION));
        assert_eq!(Purpose::parse("pay-rent_2").unwrap().as_str(), "pay-rent_2");
        assert_eq!(format!("{:?}", Purpose::LOGIN), "Purpose(login)");
        for bad in ["", "Login", "a b", &"x".repeat(33)] {
            assert_eq!(Purpose::parse(bad), Err(PurposeError));
        }
    }
}
