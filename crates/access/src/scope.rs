//! What a key may do.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// One thing that a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// `verifications:read`: see how verifications stand, and wait for news of them.
    VerificationsRead,
    /// `verifications:write`: ask for codes, check them, cancel, and redeem proofs.
    VerificationsWrite,
    /// `accounts`: make, list and remove accounts at providers, and pair their devices. Whoever has it can read and write
    /// everything that a device can.
    Accounts,
    /// `shop`: the profile of the shop, its items, leads and chats, and its assistant. Whoever has it reads what customers
    /// wrote, and writes to them in the shop's name.
    Shop,
}

/// The text names no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a scope is one of verifications:read, verifications:write, accounts and shop")]
pub struct ScopeError;

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 4] =
        [Self::VerificationsRead, Self::VerificationsWrite, Self::Accounts, Self::Shop];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerificationsRead => "verifications:read",
            Self::VerificationsWrite => "verifications:write",
            Self::Accounts => "accounts",
            Self::Shop => "shop",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(ScopeError)
    }
}

/// What a key may do, all together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Everything that there is today. A scope of a later version is not in it.
    #[must_use]
    pub fn all() -> Self {
        Scope::ALL.into_iter().collect()
    }

    /// Those of verifications: what a key has that nobody asked more for.
    #[must_use]
    pub fn verifications() -> Self {
        [Scope::VerificationsRead, Scope::VerificationsWrite].into_iter().collect()
    }

    /// Whether this one is among them.
    #[must_use]
    pub fn contains(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them, in the order of their words.
    pub fn iter(&self) -> impl Iterator<Item = Scope> + '_ {
        self.0.iter().copied()
    }

    /// Reads back what `Display` gave. A word of a newer version grants nothing here, so it is passed over.
    #[must_use]
    pub fn from_stored(text: &str) -> Self {
        text.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl fmt::Display for Scopes {
    /// The words, with a space between them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.0.iter().enumerate() {
            let gap = if index == 0 { "" } else { " " };
            write!(f, "{gap}{scope}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_words() {
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse(), Ok(scope));
        }
        for bad in ["", "verifications", "VERIFICATIONS:READ", "verifications:read ", "*"] {
            assert_eq!(bad.parse::<Scope>(), Err(ScopeError), "{bad}");
        }
        assert!(Scope::ALL.iter().all(|scope| ScopeError.to_string().contains(scope.as_str())));
    }

    #[test]
    fn scopes_are_stored_as_words_and_unknown_ones_grant_nothing() {
        let all = Scopes::all();
        assert_eq!(all.to_string(), "verifications:read verifications:write accounts shop");
        assert_eq!(Scopes::from_stored(&all.to_string()), all);
        let read = Scopes::from_stored("admin:everything verifications:read");
        assert!(read.contains(Scope::VerificationsRead) && !read.contains(Scope::VerificationsWrite));
        assert!(Scopes::from_stored("").is_empty() && Scopes::default().to_string().is_empty());
    }
}
