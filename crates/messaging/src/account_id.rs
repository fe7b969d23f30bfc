//! The name of an account: one number, one device or one set of credentials of a tenant.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Names an account within its tenant.
///
/// 1 to 64 of the characters `a-z 0-9 _ -`. Clones share the text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(Arc<str>);

/// The text cannot name an account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an account id is 1 to 64 characters of a-z, 0-9, `_` and `-`")]
pub struct AccountIdError;

impl AccountId {
    /// Reads an account id.
    ///
    /// # Errors
    /// [`AccountIdError`] if the text is empty, too long or has other characters.
    pub fn parse(text: &str) -> Result<Self, AccountIdError> {
        let fits = matches!(text.len(), 1..=64)
            && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'));
        if fits { Ok(Self(text.into())) } else { Err(AccountIdError) }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for AccountId {
    /// `default`, the account that the environment describes.
    fn default() -> Self {
        Self("default".into())
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountId({})", self.0)
    }
}

impl TryFrom<String> for AccountId {
    type Error = AccountIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<AccountId> for String {
    fn from(account: AccountId) -> Self {
        account.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_ids_are_short_plain_words() {
        for good in ["default", "toko-budi", "a", "isp_01"] {
            assert_eq!(AccountId::parse(good).unwrap().as_str(), good);
        }
        let long = "x".repeat(65);
        for bad in ["", "Toko", "toko budi", "toko/budi", "tokö", long.as_str()] {
            assert_eq!(AccountId::parse(bad), Err(AccountIdError), "{bad}");
        }
        assert!(serde_json::from_str::<AccountId>("\"../etc\"").is_err());
        assert_eq!(AccountId::default().as_str(), "default");
    }
}
