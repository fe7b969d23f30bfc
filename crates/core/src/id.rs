//! Identifiers: the names of tenants and accounts, and a macro for ids made of a UUID.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The owner of data, configuration and quota: the first part of every store key.
///
/// 1 to 64 of the characters `a-z 0-9 _ -`. Clones share the text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantId(Arc<str>);

/// The text cannot name a tenant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a tenant id is 1 to 64 characters of a-z, 0-9, `_` and `-`")]
pub struct TenantIdError;

impl TenantId {
    /// Reads a tenant id.
    ///
    /// # Errors
    /// [`TenantIdError`] if the text is empty, too long or has other characters.
    pub fn parse(text: &str) -> Result<Self, TenantIdError> {
        if is_plain_word(text) { Ok(Self(text.into())) } else { Err(TenantIdError) }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for TenantId {
    /// `default`, the tenant of an installation that has only one.
    fn default() -> Self {
        Self("default".into())
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TenantId({})", self.0)
    }
}

impl TryFrom<String> for TenantId {
    type Error = TenantIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<TenantId> for String {
    fn from(tenant: TenantId) -> Self {
        tenant.as_str().to_owned()
    }
}

/// An account with a messaging provider, named by its tenant: `default`, `toko-wa`. Unique within the tenant only.
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
        if is_plain_word(text) { Ok(Self(text.into())) } else { Err(AccountIdError) }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for AccountId {
    /// `default`, the account that an installation is configured with.
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

/// Whether a text may name a tenant or an account.
fn is_plain_word(text: &str) -> bool {
    matches!(text.len(), 1..=64) && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
}

/// The text is not an id of this kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id in the form of a UUID")]
pub struct ParseIdError;

/// Makes newtypes over a UUID: `uuid_id! { /// What it names. pub struct OrderId; }`.
///
/// Each has `random` (version 4: 122 bits that nobody can guess, for ids that are capabilities),
/// `sequential` (version 7, sorts by time), `parse`, `from_uuid`, `as_uuid`, `Display` and serde.
#[macro_export]
macro_rules! uuid_id {
    ($($(#[$meta:meta])* $vis:vis struct $name:ident;)+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
                 $crate::__private::serde::Serialize, $crate::__private::serde::Deserialize)]
        #[serde(crate = "wartel_core::__private::serde", transparent)]
        $vis struct $name($crate::__private::uuid::Uuid);

        impl $name {
            /// An id that cannot be guessed: 122 random bits (UUID version 4).
            #[must_use]
            pub fn random() -> Self {
                Self($crate::__private::uuid::Uuid::new_v4())
            }

            /// An id that sorts by the time it was made (UUID version 7).
            #[must_use]
            pub fn sequential() -> Self {
                Self($crate::__private::uuid::Uuid::now_v7())
            }

            /// Wraps a UUID.
            #[must_use]
            pub const fn from_uuid(uuid: $crate::__private::uuid::Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID inside.
            #[must_use]
            pub const fn as_uuid(&self) -> $crate::__private::uuid::Uuid {
                self.0
            }

            /// Reads the hyphenated or the plain form of a UUID.
            ///
            /// # Errors
            /// [`ParseIdError`](wartel_core::ParseIdError) if the text is anything else.
            pub fn parse(text: &str) -> Result<Self, $crate::ParseIdError> {
                // Bounded before parsing; braces and urn: forms are not ids of ours.
                if !matches!(text.len(), 32 | 36) {
                    return Err($crate::ParseIdError);
                }
                $crate::__private::uuid::Uuid::try_parse(text).map(Self).map_err(|_| $crate::ParseIdError)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.0, f)
            }
        }
    )+};
}

#[doc(hidden)]
pub mod __private {
    pub use serde;
    pub use uuid;
}

#[cfg(test)]
#[allow(unreachable_pub, dead_code)] // The macro writes a whole public type.
mod tests {
    use super::*;
    // The macro names this crate as its users do.
    use crate as wartel_core;

    uuid_id! {
        /// An id of the tests.
        pub struct TestId;
    }

    #[test]
    fn tenants_and_accounts_are_short_plain_words() {
        for good in ["default", "toko-budi", "a", "isp_01"] {
            assert_eq!(TenantId::parse(good).unwrap().as_str(), good);
            assert_eq!(AccountId::parse(good).unwrap().as_str(), good);
        }
        let long = "x".repeat(65);
        for bad in ["", "Toko", "toko budi", "toko/budi", "tokö", long.as_str()] {
            assert_eq!(TenantId::parse(bad), Err(TenantIdError), "{bad}");
            assert_eq!(AccountId::parse(bad), Err(AccountIdError), "{bad}");
        }
        assert!(serde_json::from_str::<AccountId>("\"../etc\"").is_err());
        assert!(serde_json::from_str::<TenantId>("\"../etc\"").is_err());
    }

    #[test]
    fn ids_round_trip_and_differ() {
        let id = TestId::random();
        assert_eq!(TestId::parse(&id.to_string()), Ok(id));
        assert_ne!(id, TestId::random());
        assert!(TestId::parse("urn:uuid:67e55044-10b1-426f-9247-bb680e5fe0c8").is_err());
        assert!(TestId::parse("nonsense").is_err());
    }
}
