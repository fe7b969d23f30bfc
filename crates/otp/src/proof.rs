//! Proof of phone: what a right code is exchanged for.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use wartel_core::{Secret, Timestamp};

use crate::code::NoRandomness;

const PREFIX: &str = "wtp_";
const RANDOM_BYTES: usize = 32;

/// Opaque evidence that a phone was verified for a purpose: 256 random bits, of which the store keeps only a
/// hash. Whoever shows it first owns it. `Debug` does not show it.
#[derive(Clone)]
pub struct Proof {
    token: Secret,
    expires_at: Timestamp,
}

impl Proof {
    /// Makes the token of a proof and the hash that the store keeps.
    ///
    /// # Errors
    /// [`NoRandomness`] if the operating system gave no random bytes.
    pub(crate) fn generate() -> Result<(Secret, ProofHash), NoRandomness> {
        let mut bytes = [0_u8; RANDOM_BYTES];
        getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
        let token = Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)));
        let hash = ProofHash::of(&token);
        Ok((token, hash))
    }

    pub(crate) const fn new(token: Secret, expires_at: Timestamp) -> Self {
        Self { token, expires_at }
    }

    /// The token, to be handed to whoever typed the right code.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.token.expose()
    }

    /// From this instant on the proof is worth nothing.
    #[must_use]
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proof").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// A proof as somebody shows it to us: not yet known to be one.
#[derive(Debug, Clone)]
pub struct ProofToken(Secret);

impl ProofToken {
    /// Takes what somebody shows. Anything that cannot be a proof is simply not one: redeeming it is refused.
    #[must_use]
    pub fn new(text: impl Into<Secret>) -> Self {
        Self(text.into())
    }

    /// The hash that the store knows it by; `None` if it cannot be a proof.
    #[must_use]
    pub fn hash(&self) -> Option<ProofHash> {
        let random = self.0.expose().strip_prefix(PREFIX)?;
        let fits =
            random.len() == 43 && URL_SAFE_NO_PAD.decode(random).is_ok_and(|b| b.len() == RANDOM_BYTES);
        fits.then(|| ProofHash::of(&self.0))
    }
}

impl From<Proof> for ProofToken {
    fn from(proof: Proof) -> Self {
        Self(proof.token)
    }
}

impl From<&str> for ProofToken {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for ProofToken {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// SHA-256 of a proof, in hex. Of 256 random bits a plain hash gives nothing away.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProofHash(String);

impl ProofHash {
    fn of(token: &Secret) -> Self {
        let digest = Sha256::digest(token.expose().as_bytes());
        Self(crate::hex::encode(&digest))
    }

    /// The hash as 64 hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads back what [`as_str`](Self::as_str) gave.
    #[must_use]
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for ProofHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProofHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_known_by_its_hash_and_prints_nothing() {
        let (token, hash) = Proof::generate().unwrap();
        let proof = Proof::new(token.clone(), Timestamp::EPOCH);
        assert_eq!(ProofToken::from(proof.clone()).hash(), Some(hash.clone()));
        assert!(!format!("{proof:?} {hash:?}").contains(&token.expose()[4..12]));
        assert_eq!(hash.as_str().len(), 64);
        assert_eq!(format!("{proof:?}"), "Proof { expires_at: 1970-01-01T00:00:00Z, .. }");
        assert_eq!(format!("{hash:?}"), "ProofHash(…)");
    }

    #[test]
    fn what_cannot_be_a_proof_has_no_hash() {
        let long = "A".repeat(100_000);
        for text in
            ["", "wtp_", "true", "wtp_short", "wtp_***************************************1234", &long]
        {
            assert_eq!(ProofToken::from(text).hash(), None);
        }
    }
}
