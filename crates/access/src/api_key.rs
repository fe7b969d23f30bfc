//! The key itself: how it looks, its public part, and the hash that is kept of it.

use std::fmt;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use wartel_core::Secret;
use zeroize::Zeroizing;

/// What every key begins with, so that scanners of leaked secrets know it.
const PREFIX: &str = "wtl_";
/// 71 bits: no two keys share an id.
const ID_LENGTH: usize = 12;
/// 62^43 is a little more than 2^256.
const SECRET_LENGTH: usize = 43;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The operating system gave no random bytes. Without them there is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoRandomness;

/// The text is not a key, or not the id of one. Says nothing of the text itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not in the form of an API key or of its id")]
pub struct ParseKeyError;

/// An API key: `wtl_`, a public id of 12 characters, and 43 secret ones of 62 (256 bits), 59 in all.
///
/// In memory only: no `Debug`, no `Display`, no `Serialize`, wiped when dropped.
///
/// ```compile_fail
/// fn shown<T: std::fmt::Debug>() {}
/// shown::<wartel_access::ApiKey>();
/// ```
/// ```compile_fail
/// fn shown<T: std::fmt::Display>() {}
/// shown::<wartel_access::ApiKey>();
/// ```
/// ```compile_fail
/// fn stored<T: serde::Serialize>() {}
/// stored::<wartel_access::ApiKey>();
/// ```
#[allow(missing_debug_implementations)] // A key that can be printed is printed one day.
pub struct ApiKey {
    text: Secret,
    id: ApiKeyId,
}

impl ApiKey {
    /// A new key from the operating system's random number generator.
    ///
    /// # Errors
    /// [`NoRandomness`] if there is none.
    pub fn generate() -> Result<Self, NoRandomness> {
        let id = ApiKeyId(random_text(ID_LENGTH)?.as_str().to_owned());
        let secret = random_text(SECRET_LENGTH)?;
        let text = Zeroizing::new(format!("{PREFIX}{}{}", id.0, secret.as_str()));
        Ok(Self { text: Secret::new(text.as_str()), id })
    }

    /// Reads a key as somebody shows it. Whether it is one of ours, only the store knows.
    ///
    /// # Errors
    /// [`ParseKeyError`] if the text cannot be a key.
    pub fn parse(text: &str) -> Result<Self, ParseKeyError> {
        let rest = text.strip_prefix(PREFIX).ok_or(ParseKeyError)?;
        let fits =
            rest.len() == ID_LENGTH + SECRET_LENGTH && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let id = rest.get(..ID_LENGTH).filter(|_| fits).ok_or(ParseKeyError)?;
        Ok(Self { text: Secret::new(text), id: ApiKeyId(id.to_owned()) })
    }

    /// The whole key, to be handed to whoever will call with it. It cannot be shown again.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    /// The public part, by which the key is found, listed and revoked.
    #[must_use]
    pub const fn id(&self) -> &ApiKeyId {
        &self.id
    }

    /// The hash that the store keeps.
    #[must_use]
    pub fn hash(&self) -> KeyHash {
        KeyHash(Sha256::digest(self.text.expose().as_bytes()).into())
    }
}

/// So many characters of the alphabet, each as likely as any other.
fn random_text(length: usize) -> Result<Zeroizing<String>, NoRandomness> {
    let mut text = Zeroizing::new(String::with_capacity(length));
    let mut bytes = Zeroizing::new([0_u8; 64]);
    while text.len() < length {
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| NoRandomness)?;
        let missing = length - text.len();
        text.extend(bytes.iter().filter_map(|byte| character(*byte)).take(missing));
    }
    Ok(text)
}

/// The character of a random byte. Bytes above the greatest multiple of 62 have none: with them the first characters
/// of the alphabet would come more often.
fn character(byte: u8) -> Option<char> {
    const FAIR: u8 = 4 * 62;
    (byte < FAIR).then(|| ALPHABET.get(usize::from(byte) % ALPHABET.len()))?.map(|letter| char::from(*letter))
}

/// The public part of a key: 12 letters and digits. It opens nothing, and may stand in lists and logs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ApiKeyId(String);

impl ApiKeyId {
    /// Reads an id. `wtl_` before it is let pass, because people copy it along.
    ///
    /// # Errors
    /// [`ParseKeyError`] if the text is anything else, a whole key included.
    pub fn parse(text: &str) -> Result<Self, ParseKeyError> {
        let id = text.strip_prefix(PREFIX).unwrap_or(text);
        let fits = id.len() == ID_LENGTH && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if fits { Ok(Self(id.to_owned())) } else { Err(ParseKeyError) }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ApiKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ApiKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKeyId({})", self.0)
    }
}

impl TryFrom<String> for ApiKeyId {
    type Error = ParseKeyError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<ApiKeyId> for String {
    fn from(id: ApiKeyId) -> Self {
        id.0
    }
}

/// SHA-256 of a whole key. Of 256 random bits a plain hash gives nothing away.
#[derive(Clone)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// Whether both are of the same key. Takes the same time wherever they differ.
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
    /// [`ParseKeyError`] if the text is anything else.
    pub fn from_hex(text: &str) -> Result<Self, ParseKeyError> {
        let digits = text.as_bytes();
        if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(ParseKeyError);
        }
        let mut hash = [0_u8; 32];
        for (byte, at) in hash.iter_mut().zip((0..64).step_by(2)) {
            let pair = text.get(at..at + 2).ok_or(ParseKeyError)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| ParseKeyError)?;
        }
        Ok(Self(hash))
    }
}

impl PartialEq for KeyHash {
    fn eq(&self, other: &Self) -> bool {
        self.matches(other)
    }
}

impl Eq for KeyHash {}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_key_is_read_back_and_known_by_its_hash() {
        let key = ApiKey::generate().unwrap();
        assert_eq!((key.expose().len(), &key.expose()[..4]), (59, "wtl_"));
        let read = ApiKey::parse(key.expose()).ok().unwrap();
        assert_eq!(read.id(), key.id());
        assert!(read.hash().matches(&key.hash()));
        assert_eq!(KeyHash::from_hex(&key.hash().to_hex()), Ok(key.hash()));
        assert!(!ApiKey::generate().unwrap().hash().matches(&key.hash()));
    }

    #[test]
    fn every_character_of_a_key_counts() {
        let key = ApiKey::generate().unwrap();
        for at in 4..59 {
            let mut changed = key.expose().as_bytes().to_vec();
            changed[at] = if changed[at] == b'a' { b'b' } else { b'a' };
            let changed = ApiKey::parse(std::str::from_utf8(&changed).unwrap()).ok().unwrap();
            assert!(!changed.hash().matches(&key.hash()), "{at}");
        }
    }

    #[test]
    fn what_cannot_be_a_key_is_none() {
        let good = ApiKey::generate().unwrap();
        let good = good.expose();
        for bad in [
            "",
            "wtl_",
            "wtp_0123456789",
            &good[4..],
            &good[..58],
            &format!("{good}a"),
            &format!(" {good}"),
            &good.replace("wtl_", "WTL_"),
            &format!("{}-", &good[..58]),
            &format!("{}é", &good[..57]),
            &"a".repeat(100_000),
        ] {
            assert!(ApiKey::parse(bad).is_err(), "{}", bad.len());
        }
    }

    #[test]
    fn ids_are_told_from_keys() {
        let key = ApiKey::generate().unwrap();
        let id = key.id().clone();
        assert_eq!(ApiKeyId::parse(id.as_str()), Ok(id.clone()));
        assert_eq!(ApiKeyId::parse(&format!("wtl_{id}")), Ok(id));
        for bad in ["", "wtl_", "short", "0123456789ab;", "0123456789a;", key.expose()] {
            assert_eq!(ApiKeyId::parse(bad), Err(ParseKeyError));
        }
        for bad in ["", "00", &"g".repeat(64), &"a".repeat(63), &"é".repeat(32)] {
            assert_eq!(KeyHash::from_hex(bad), Err(ParseKeyError));
        }
    }

    #[test]
    fn each_character_comes_as_often_as_any_other() {
        let mut seen = [0_u32; 62];
        for byte in 0..=u8::MAX {
            if let Some(c) = character(byte) {
                seen[ALPHABET.iter().position(|letter| char::from(*letter) == c).unwrap()] += 1;
            }
        }
        assert_eq!(seen, [4; 62]);
        let keys: HashSet<String> =
            (0..1_000).map(|_| ApiKey::generate().unwrap().id().as_str().to_owned()).collect();
        assert_eq!(keys.len(), 1_000);
    }

    #[test]
    fn nothing_prints_the_secret() {
        let key = ApiKey::generate().unwrap();
        let shown = format!("{:?} {:?} {}", key.id(), key.hash(), key.id());
        assert!(!shown.contains(&key.expose()[16..]) && !shown.contains(&key.hash().to_hex()), "{shown}");
    }
}
