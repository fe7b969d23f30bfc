//! Secrets that cannot be printed, and the keys that are derived from the installation's secret.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use hkdf::Hkdf;
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::Sha256;
use zeroize::Zeroizing;

/// A text that never prints itself: a token, a code, the text of a message. Wiped from memory when dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes the text in.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// Shows the text. Say it where the text is used, not before.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether there is no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// Names a [`MasterKey`] without giving anything of it away: 16 hex digits derived from it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(from = "String", into = "String")]
pub struct KeyId(Arc<str>);

impl KeyId {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads back what [`as_str`](Self::as_str) gave.
    #[must_use]
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self(text.into().into())
    }
}

impl From<String> for KeyId {
    fn from(text: String) -> Self {
        Self::from_stored(text)
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> Self {
        id.as_str().to_owned()
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({})", self.0)
    }
}

/// The installation's secret (`WARTEL_SECRET`): at least 32 bytes from which every other key is derived with
/// HKDF-SHA-256 (RFC 5869), one label per use.
pub struct MasterKey(SecretBox<Vec<u8>>);

/// Why a text is not a master key. Says nothing of the text itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MasterKeyError {
    /// Neither hex nor base64.
    #[error("the secret is neither hex nor base64; make one with `openssl rand -hex 32`")]
    Encoding,
    /// Fewer than 32 bytes.
    #[error("the secret has fewer than 32 bytes; make one with `openssl rand -hex 32`")]
    TooShort,
    /// The same byte over and over.
    #[error("the secret is one byte repeated; make one with `openssl rand -hex 32`")]
    Repeated,
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
}

impl MasterKey {
    /// Takes raw bytes, at least 32.
    ///
    /// # Errors
    /// [`MasterKeyError::TooShort`] and [`MasterKeyError::Repeated`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MasterKeyError> {
        if bytes.len() < 32 {
            return Err(MasterKeyError::TooShort);
        }
        if bytes.iter().all(|byte| Some(byte) == bytes.first()) {
            return Err(MasterKeyError::Repeated);
        }
        Ok(Self(SecretBox::new(Box::new(bytes.to_vec()))))
    }

    /// Reads hex or base64 (standard or URL alphabet, padded or not). Text that is both is read as hex.
    ///
    /// # Errors
    /// [`MasterKeyError`], which never shows the text.
    pub fn parse(text: &str) -> Result<Self, MasterKeyError> {
        let text = text.trim();
        let bytes =
            Zeroizing::new(decode_hex(text).or_else(|| decode_base64(text)).ok_or(MasterKeyError::Encoding)?);
        Self::from_bytes(&bytes)
    }

    /// A new key from the operating system's random number generator.
    ///
    /// # Errors
    /// [`MasterKeyError::NoRandomness`]: there is no key without randomness.
    pub fn generate() -> Result<Self, MasterKeyError> {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| MasterKeyError::NoRandomness)?;
        Self::from_bytes(bytes.as_slice())
    }

    /// The sub-key for one use. Another label gives an unrelated key.
    #[must_use]
    pub fn derive(&self, label: &str) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0_u8; 32]);
        let expanded =
            Hkdf::<Sha256>::new(None, self.0.expose_secret()).expand(label.as_bytes(), key.as_mut_slice());
        // HKDF refuses only more than 255 blocks; one block is asked for.
        debug_assert!(expanded.is_ok(), "HKDF gives 32 bytes");
        key
    }

    /// The name of this key, to be stored beside what was made with it.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let name = self.derive("wartel/key-id/v1");
        KeyId::from_stored(name.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>())
    }

    /// The key as hex, to be written to a file that only its owner can read.
    #[must_use]
    pub fn expose_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.expose_secret().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl Clone for MasterKey {
    fn clone(&self) -> Self {
        Self(SecretBox::new(Box::new(self.0.expose_secret().clone())))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.id().as_str())
    }
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() || !text.len().is_multiple_of(2) || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let standard: String = text
        .trim_end_matches('=')
        .chars()
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    base64::engine::general_purpose::STANDARD_NO_PAD.decode(standard).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    #[test]
    fn every_encoding_of_a_key_is_the_same_key() {
        let hex = MasterKey::parse(HEX).unwrap();
        let base64 = MasterKey::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
        let unpadded = MasterKey::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").unwrap();
        assert_eq!(hex.id(), base64.id());
        assert_eq!(hex.id(), unpadded.id());
        assert_eq!(hex.expose_hex().as_str(), HEX);
    }

    #[test]
    fn weak_keys_are_refused() {
        for (text, why) in [
            ("", MasterKeyError::TooShort),
            ("not a key!", MasterKeyError::Encoding),
            ("00ff", MasterKeyError::TooShort),
            (&"ab".repeat(31), MasterKeyError::TooShort),
            (&"ab".repeat(32), MasterKeyError::Repeated),
        ] {
            assert_eq!(MasterKey::parse(text).unwrap_err(), why);
        }
    }

    #[test]
    fn labels_give_unrelated_keys_and_nothing_prints_them() {
        let key = MasterKey::parse(HEX).unwrap();
        assert_ne!(*key.derive("a"), *key.derive("b"));
        let same = MasterKey::parse(HEX).unwrap();
        assert_eq!(*key.derive("a"), *same.derive("a"));
        assert!(!format!("{key:?}").contains("0001"));
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(…)");
        assert_ne!(MasterKey::generate().unwrap().id(), MasterKey::generate().unwrap().id());
    }
}
