//! The token in the URL of an account's webhooks.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use wartel_core::Secret;
use zeroize::Zeroizing;

/// The shortest token that somebody may choose: whoever guesses it may tell us what became of messages.
const SHORTEST: usize = 16;
/// The longest text that is taken for a token, in bytes.
const LONGEST: usize = 128;

/// The token cannot be the key of a webhook. Says nothing of the token itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a webhook token is 16 to 128 characters of A-Z, a-z, 0-9, `-`, `_`, `.` and `~`; make one with `openssl rand -hex 24`"
)]
pub struct WeakTokenError;

/// The SHA-256 hash of a webhook token: all that is kept of it. A token has 256 random bits, so that its hash gives
/// nothing away.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

/// The text is not a hash as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the hash of a token")]
pub struct ParseTokenHashError;

impl TokenHash {
    /// The hash of a token as somebody shows it. `None` if it is too long to be one.
    #[must_use]
    pub fn of(token: &str) -> Option<Self> {
        (token.len() <= LONGEST).then(|| Self(Sha256::digest(token.as_bytes()).into()))
    }

    /// The hash of a token that somebody chose.
    ///
    /// # Errors
    /// [`WeakTokenError`] if it is too short to be unguessable, or cannot stand in a URL as it is.
    pub fn of_chosen(token: &str) -> Result<Self, WeakTokenError> {
        let fits = token.len() >= SHORTEST
            && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte));
        Self::of(token).filter(|_| fits).ok_or(WeakTokenError)
    }

    /// Whether both are of the same token, compared in constant time.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// The hash as 64 hex digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads back what [`to_hex`](Self::to_hex) gave.
    ///
    /// # Errors
    /// [`ParseTokenHashError`] if the text is anything else.
    pub fn from_hex(text: &str) -> Result<Self, ParseTokenHashError> {
        if text.len() != 64 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(ParseTokenHashError);
        }
        let mut hash = [0_u8; 32];
        for (byte, at) in hash.iter_mut().zip((0..64).step_by(2)) {
            let digits = text.get(at..at + 2).ok_or(ParseTokenHashError)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| ParseTokenHashError)?;
        }
        Ok(Self(hash))
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// A new token: 43 characters of the URL alphabet, 256 random bits. `None` without randomness.
pub(super) fn new_token() -> Option<Secret> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    getrandom::fill(bytes.as_mut_slice()).ok()?;
    Some(Secret::new(URL_SAFE_NO_PAD.encode(*bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_only_their_hashes_are_kept() {
        let (one, other) = (new_token().unwrap(), new_token().unwrap());
        assert_eq!(one.expose().len(), 43);
        assert!(one.expose().bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
        let (one, other) = (TokenHash::of(one.expose()).unwrap(), TokenHash::of(other.expose()).unwrap());
        assert!(one.matches(&one) && !one.matches(&other));
        assert_eq!(TokenHash::from_hex(&one.to_hex()), Ok(one));
        for bad in ["", "00", &"g".repeat(64), &"é".repeat(32)] {
            assert!(TokenHash::from_hex(bad).is_err(), "{bad}");
        }
        assert!(TokenHash::of(&"x".repeat(LONGEST + 1)).is_none());
        let long = "x".repeat(LONGEST + 1);
        for weak in ["", "0123456789abcde", "0123456789abcdef/", "0123456789abcdéf", long.as_str()] {
            assert_eq!(TokenHash::of_chosen(weak), Err(WeakTokenError), "{weak}");
        }
        assert_eq!(TokenHash::of_chosen("0123456789abcdef").ok(), TokenHash::of("0123456789abcdef"));
    }
}
