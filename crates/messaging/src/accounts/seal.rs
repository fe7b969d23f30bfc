//! Credentials at rest: encrypted, and bound to the account that they belong to.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use wartel_core::{AccountId, KeyId, MasterKey, TenantId};
use zeroize::Zeroizing;

use crate::settings::AccountSettings;

/// What the key of the settings is derived with. Another use has another label, and so another key.
const LABEL: &str = "wartel/account-settings/v1";
/// The nonce of XChaCha20-Poly1305, in bytes: long enough to be random.
const NONCE: usize = 24;

/// The settings of an account as they are kept: encrypted with XChaCha20-Poly1305. `Debug` shows the name of the key.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSettings {
    key: KeyId,
    /// Base64 of nonce and ciphertext.
    text: String,
}

impl SealedSettings {
    /// Reads back what [`key`](Self::key) and [`text`](Self::text) gave. Whether it opens, only the key knows.
    #[must_use]
    pub fn from_stored(key: KeyId, text: impl Into<String>) -> Self {
        Self { key, text: text.into() }
    }

    /// The name of the key that opens it.
    #[must_use]
    pub const fn key(&self) -> &KeyId {
        &self.key
    }

    /// The ciphertext as text. It gives nothing away without the key.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for SealedSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedSettings").field("key", &self.key).finish_non_exhaustive()
    }
}

/// Why settings cannot be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// They were sealed with a secret that is neither the present one nor among the previous ones.
    #[error("the credentials were kept with another secret; add it to WARTEL_SECRET_PREVIOUS")]
    UnknownKey,
    /// They were changed, or belong to another account.
    #[error("the kept credentials are damaged or belong to another account")]
    Damaged,
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
}

/// Seals and opens the settings of accounts with keys that are derived from the installation's secrets.
///
/// What is sealed is bound to its tenant, account and provider: copied to another row it does not open.
pub struct Sealer {
    /// The present key first.
    keys: Vec<(KeyId, Zeroizing<[u8; 32]>)>,
}

impl Sealer {
    /// Seals with the present secret, and opens with it and the previous ones.
    #[must_use]
    pub fn new(current: &MasterKey, previous: &[MasterKey]) -> Self {
        let keys = std::iter::once(current).chain(previous);
        Self { keys: keys.map(|key| (key.id(), key.derive(LABEL))).collect() }
    }

    /// Whether it is sealed with the present secret.
    #[must_use]
    pub fn is_current(&self, sealed: &SealedSettings) -> bool {
        self.keys.first().is_some_and(|(id, _)| *id == sealed.key)
    }

    /// Seals the settings of an account.
    ///
    /// # Errors
    /// [`SealError::NoRandomness`].
    pub fn seal(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        provider: &str,
        settings: &AccountSettings,
    ) -> Result<SealedSettings, SealError> {
        let (id, key) = self.keys.first().ok_or(SealError::UnknownKey)?;
        let mut sealed = vec![0_u8; NONCE];
        getrandom::fill(&mut sealed).map_err(|_| SealError::NoRandomness)?;
        let nonce = nonce(&sealed)?;
        let json = settings.to_json();
        let bound = bound_to(tenant, account, provider);
        let payload = Payload { msg: json.expose().as_bytes(), aad: &bound };
        let cipher = XChaCha20Poly1305::new(&(**key).into());
        // It fails only for more than 256 GiB.
        sealed.extend(cipher.encrypt(&nonce, payload).map_err(|_| SealError::Damaged)?);
        Ok(SealedSettings { key: id.clone(), text: STANDARD_NO_PAD.encode(sealed) })
    }

    /// Opens the settings of an account.
    ///
    /// # Errors
    /// [`SealError::UnknownKey`] and [`SealError::Damaged`].
    pub fn open(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        provider: &str,
        sealed: &SealedSettings,
    ) -> Result<AccountSettings, SealError> {
        let (_, key) = self.keys.iter().find(|(id, _)| *id == sealed.key).ok_or(SealError::UnknownKey)?;
        let bytes = STANDARD_NO_PAD.decode(&sealed.text).map_err(|_| SealError::Damaged)?;
        let (head, ciphertext) = bytes.split_at_checked(NONCE).ok_or(SealError::Damaged)?;
        let bound = bound_to(tenant, account, provider);
        let payload = Payload { msg: ciphertext, aad: &bound };
        let cipher = XChaCha20Poly1305::new(&(**key).into());
        let json = Zeroizing::new(cipher.decrypt(&nonce(head)?, payload).map_err(|_| SealError::Damaged)?);
        let json = std::str::from_utf8(&json).map_err(|_| SealError::Damaged)?;
        AccountSettings::from_json(json).ok_or(SealError::Damaged)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|(id, _)| id)).finish()
    }
}

fn nonce(bytes: &[u8]) -> Result<XNonce, SealError> {
    let bytes: [u8; NONCE] = bytes.try_into().map_err(|_| SealError::Damaged)?;
    Ok(bytes.into())
}

/// What the ciphertext is bound to; each part with its length before it, so that no two accounts give the same bytes.
fn bound_to(tenant: &TenantId, account: &AccountId, provider: &str) -> Vec<u8> {
    let mut bound = Vec::new();
    for part in [LABEL, tenant.as_str(), account.as_str(), provider] {
        bound.extend(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        bound.extend(part.as_bytes());
    }
    bound
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const OLD: &str = "101112131415161718191a1b1c1d1e1f000102030405060708090a0b0c0d0e0f";

    fn key(hex: &str) -> MasterKey {
        MasterKey::parse(hex).unwrap()
    }

    fn names(account: &str) -> (TenantId, AccountId) {
        (TenantId::default(), AccountId::parse(account).unwrap())
    }

    fn settings() -> AccountSettings {
        AccountSettings::new().with("token", "made-up-token-of-the-tests")
    }

    #[test]
    fn what_is_sealed_opens_and_shows_nothing() {
        let sealer = Sealer::new(&key(NEW), &[]);
        let (tenant, account) = names("shop");
        let sealed = sealer.seal(&tenant, &account, "fonnte", &settings()).unwrap();
        let again = sealer.seal(&tenant, &account, "fonnte", &settings()).unwrap();
        assert_ne!(sealed, again, "the same settings look different each time");
        assert!(
            !sealed.text().contains("made-up") && !format!("{sealed:?}{sealer:?}").contains(sealed.text())
        );
        let stored = SealedSettings::from_stored(KeyId::from_stored(sealed.key().as_str()), sealed.text());
        let opened = sealer.open(&tenant, &account, "fonnte", &stored).unwrap();
        assert_eq!(opened.to_json().expose(), settings().to_json().expose());
    }

    #[test]
    fn it_opens_only_where_it_belongs() {
        let sealer = Sealer::new(&key(NEW), &[]);
        let (tenant, account) = names("shop");
        let sealed = sealer.seal(&tenant, &account, "fonnte", &settings()).unwrap();
        let other = TenantId::parse("toko-budi").unwrap();
        let damaged = |result: Result<AccountSettings, SealError>| result.unwrap_err() == SealError::Damaged;
        assert!(damaged(sealer.open(&other, &account, "fonnte", &sealed)), "another tenant");
        assert!(damaged(sealer.open(&tenant, &names("shop2").1, "fonnte", &sealed)), "another account");
        assert!(damaged(sealer.open(&tenant, &account, "waha", &sealed)), "another provider");
        for at in [0, sealed.text().len() / 2, sealed.text().len() - 2] {
            let mut text = sealed.text().to_owned().into_bytes();
            text[at] = if text[at] == b'A' { b'B' } else { b'A' };
            let changed = SealedSettings::from_stored(sealed.key().clone(), String::from_utf8(text).unwrap());
            assert!(damaged(sealer.open(&tenant, &account, "fonnte", &changed)), "changed at {at}");
        }
        for text in ["", "AAAA", "no base64!"] {
            let rubbish = SealedSettings::from_stored(sealed.key().clone(), text);
            assert!(damaged(sealer.open(&tenant, &account, "fonnte", &rubbish)), "{text}");
        }
    }

    #[test]
    fn a_previous_secret_still_opens_and_a_forgotten_one_does_not() {
        let (tenant, account) = names("shop");
        let sealed = Sealer::new(&key(OLD), &[]).seal(&tenant, &account, "fonnte", &settings()).unwrap();
        let rotated = Sealer::new(&key(NEW), &[key(OLD)]);
        assert!(rotated.open(&tenant, &account, "fonnte", &sealed).is_ok());
        assert!(!rotated.is_current(&sealed));
        assert!(rotated.is_current(&rotated.seal(&tenant, &account, "fonnte", &settings()).unwrap()));
        let forgotten = Sealer::new(&key(NEW), &[]).open(&tenant, &account, "fonnte", &sealed);
        assert_eq!(forgotten.unwrap_err(), SealError::UnknownKey);
    }
}
