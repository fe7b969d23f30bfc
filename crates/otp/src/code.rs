//! The code: derived from a key and a challenge, never stored.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use wartel_core::{KeyId, MasterKey, PhoneNumber, Secret, TenantId};
use zeroize::{Zeroize, Zeroizing};

use crate::purpose::Purpose;

/// The label of the sub-key that codes are made with.
const KEY_LABEL: &str = "wartel/otp/code/v1";
/// What every derivation begins with, so that no other use of the key can give the same bytes.
const DOMAIN: &[u8] = b"wartel/otp/v1";
const MAX_DIGITS: usize = 10;

/// 128 random bits that make one challenge differ from all others. Not secret without the key.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Nonce([u8; 16]);

/// The operating system gave no random bytes. Without them there is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoRandomness;

impl Nonce {
    /// A nonce from the operating system's random number generator.
    ///
    /// # Errors
    /// [`NoRandomness`] if there is none.
    pub fn generate() -> Result<Self, NoRandomness> {
        let mut bytes = [0_u8; 16];
        getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
        Ok(Self(bytes))
    }

    /// A nonce of given bytes, for tests and stores.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(…)")
    }
}

impl From<Nonce> for String {
    fn from(nonce: Nonce) -> Self {
        crate::hex::encode(&nonce.0)
    }
}

impl TryFrom<String> for Nonce {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let wrong = "a nonce is 32 hex digits";
        if text.len() != 32 || !text.is_ascii() {
            return Err(wrong);
        }
        let mut bytes = [0_u8; 16];
        for (index, byte) in bytes.iter_mut().enumerate() {
            let pair = text.get(index * 2..index * 2 + 2).ok_or(wrong)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong)?;
        }
        Ok(Self(bytes))
    }
}

/// The digits that a person types. In memory only: no `Debug`, no `Display`, no `Serialize`, wiped when dropped.
///
/// ```compile_fail
/// fn shown<T: std::fmt::Debug>() {}
/// shown::<wartel_otp::Code>();
/// ```
/// ```compile_fail
/// fn shown<T: std::fmt::Display>() {}
/// shown::<wartel_otp::Code>();
/// ```
/// ```compile_fail
/// fn stored<T: serde::Serialize>() {}
/// stored::<wartel_otp::Code>();
/// ```
#[allow(missing_debug_implementations)] // A code that can be printed is printed one day.
pub struct Code {
    digits: Zeroizing<[u8; MAX_DIGITS]>,
    length: usize,
}

impl Code {
    /// A code that is what it is, for numbers that exist for tests.
    pub(crate) fn fixed(text: &str) -> Result<Self, MalformedCode> {
        let length = text.len();
        let expected = length.clamp(6, MAX_DIGITS);
        let mut code = Self { digits: Zeroizing::new([0; MAX_DIGITS]), length };
        if length != expected || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(MalformedCode { expected });
        }
        for (place, byte) in code.digits.iter_mut().zip(text.bytes()) {
            *place = byte - b'0';
        }
        Ok(code)
    }

    /// How many digits it has.
    pub(crate) const fn length(&self) -> usize {
        self.length
    }

    /// The digits as text, for the message.
    #[must_use]
    pub fn expose(&self) -> Secret {
        let digits = self.digits.iter().take(self.length);
        Secret::new(digits.map(|digit| char::from(b'0' + digit)).collect::<String>())
    }

    /// Whether `typed` is this code. Takes the same time wherever they differ.
    #[must_use]
    pub fn matches(&self, typed: &TypedCode) -> bool {
        // Lengths are public: the policy says them to everybody.
        self.length == typed.length && bool::from(self.digits.ct_eq(&*typed.digits))
    }
}

/// What a person typed as the code: ASCII digits, as many as the policy says.
#[allow(missing_debug_implementations)] // It may be the right code.
pub struct TypedCode {
    digits: Zeroizing<[u8; MAX_DIGITS]>,
    length: usize,
}

/// What was typed is not a code at all; no check is spent on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a code is {expected} digits")]
pub struct MalformedCode {
    /// How many digits a code has.
    pub expected: usize,
}

impl TypedCode {
    /// Reads a code of `length` digits. White space around it and a single space or dash in its middle, as
    /// keyboards and copying add them, are let pass.
    ///
    /// # Errors
    /// [`MalformedCode`] if it is anything else.
    pub fn parse(text: &str, length: usize) -> Result<Self, MalformedCode> {
        let malformed = MalformedCode { expected: length };
        if text.len() > 32 || length > MAX_DIGITS {
            return Err(malformed);
        }
        let mut digits = Zeroizing::new([0_u8; MAX_DIGITS]);
        let mut places = digits.iter_mut();
        let mut count = 0;
        for byte in text.trim().bytes().filter(|byte| !matches!(byte, b' ' | b'-')) {
            if !byte.is_ascii_digit() {
                return Err(malformed);
            }
            *places.next().ok_or(malformed)? = byte - b'0';
            count += 1;
        }
        if count == length { Ok(Self { digits, length }) } else { Err(malformed) }
    }

    /// Whether these digits were read. For tests of reading.
    #[cfg(test)]
    pub(crate) fn is_text(&self, text: &str) -> bool {
        let digits = self.digits.iter().take(self.length);
        digits.map(|digit| char::from(b'0' + digit)).eq(text.chars())
    }
}

/// The keys that codes are derived with: one that makes new codes, and older ones whose codes still hold.
#[derive(Clone)]
pub struct CodeKeys {
    current: (KeyId, Hmac<Sha256>),
    previous: Vec<(KeyId, Hmac<Sha256>)>,
}

impl CodeKeys {
    /// The keys of an installation: its present secret, and those that it had before.
    #[must_use]
    pub fn new(current: &MasterKey, previous: &[MasterKey]) -> Self {
        Self::with_label(KEY_LABEL, current, previous)
    }

    /// The keys of another kind of code: each label gives sub-keys of its own.
    pub(crate) fn with_label(label: &str, current: &MasterKey, previous: &[MasterKey]) -> Self {
        let prepare = |key: &MasterKey| (key.id(), mac_of(&key.derive(label)));
        Self { current: prepare(current), previous: previous.iter().map(prepare).collect() }
    }

    /// The key that makes new codes.
    #[must_use]
    pub const fn current_id(&self) -> &KeyId {
        &self.current.0
    }

    /// Every key whose codes still hold, the current one first.
    pub fn ids(&self) -> impl Iterator<Item = &KeyId> {
        std::iter::once(&self.current.0).chain(self.previous.iter().map(|(id, _)| id))
    }

    /// The code of a challenge; `None` if its key is not known any more.
    ///
    /// `digits(HMAC-SHA-256(key, "wartel/otp/v1" ‖ tenant ‖ purpose ‖ phone ‖ nonce))` with each field behind
    /// its length (RFC 2104, FIPS 180-4). Bytes from 250 up are left out, so that each digit is equally likely.
    ///
    /// Units: `length` is the number of digits, 6 to 10.
    #[must_use]
    pub fn derive(
        &self,
        key: &KeyId,
        tenant: &TenantId,
        purpose: &Purpose,
        phone: &PhoneNumber,
        nonce: &Nonce,
        length: usize,
    ) -> Option<Code> {
        let (_, mac) = std::iter::once(&self.current).chain(&self.previous).find(|(id, _)| id == key)?;
        let mut code = Code { digits: Zeroizing::new([0; MAX_DIGITS]), length: length.min(MAX_DIGITS) };
        let mut filled = 0;
        // 32 bytes give 10 digits all but always; the counter makes "all but" into "always".
        for counter in 0_u8.. {
            let mut mac = mac.clone();
            mac.update(DOMAIN);
            for field in
                [tenant.as_str().as_bytes(), purpose.as_str().as_bytes(), phone.e164().as_bytes(), &nonce.0]
            {
                mac.update(&u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes());
                mac.update(field);
            }
            if counter > 0 {
                mac.update(&[counter]);
            }
            let mut bytes: [u8; 32] = mac.finalize().into_bytes().into();
            let fair = bytes.iter().filter(|byte| **byte < 250);
            for (place, byte) in code.digits.iter_mut().take(code.length).skip(filled).zip(fair) {
                *place = byte % 10;
                filled += 1;
            }
            bytes.zeroize();
            if filled >= code.length {
                return Some(code);
            }
        }
        None
    }
}

fn mac_of(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::<Sha256>::new(&(*key).into_block())
}

/// A 32-byte key as one block of SHA-256, which HMAC would pad with zeros just so (RFC 2104 §2).
trait IntoBlock {
    fn into_block(self) -> hmac::digest::Key<Hmac<Sha256>>;
}

impl IntoBlock for [u8; 32] {
    fn into_block(self) -> hmac::digest::Key<Hmac<Sha256>> {
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        for (place, byte) in block.iter_mut().zip(self) {
            *place = byte;
        }
        block
    }
}

impl fmt::Debug for CodeKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeKeys").field("current", &self.current.0).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wartel_core::Country;

    const SECRET: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn keys() -> CodeKeys {
        CodeKeys::new(&MasterKey::parse(SECRET).unwrap(), &[])
    }

    fn phone(text: &str) -> PhoneNumber {
        PhoneNumber::parse(text, Country::INDONESIA).unwrap()
    }

    fn code(keys: &CodeKeys, tenant: &str, purpose: &Purpose, to: &str, nonce: u8, length: usize) -> String {
        let tenant = TenantId::parse(tenant).unwrap();
        let derived = keys.derive(
            keys.current_id(),
            &tenant,
            purpose,
            &phone(to),
            &Nonce::from_bytes([nonce; 16]),
            length,
        );
        derived.unwrap().expose().expose().to_owned()
    }

    #[test]
    fn every_field_changes_the_code() {
        let keys = keys();
        let other = CodeKeys::new(&MasterKey::parse(&SECRET.replace("00", "ff")).unwrap(), &[]);
        let codes = [
            code(&keys, "a", &Purpose::LOGIN, "081234567890", 1, 10),
            code(&keys, "b", &Purpose::LOGIN, "081234567890", 1, 10),
            code(&keys, "a", &Purpose::REGISTRATION, "081234567890", 1, 10),
            code(&keys, "a", &Purpose::LOGIN, "081234567891", 1, 10),
            code(&keys, "a", &Purpose::LOGIN, "081234567890", 2, 10),
            code(&other, "a", &Purpose::LOGIN, "081234567890", 1, 10),
        ];
        let distinct: std::collections::HashSet<_> = codes.iter().collect();
        assert_eq!(distinct.len(), codes.len());
        assert!(codes.iter().all(|code| code.len() == 10 && code.bytes().all(|b| b.is_ascii_digit())));
    }

    /// Computed with another implementation of HKDF and HMAC (Python's `hmac` and `hashlib`): a change of any of these
    /// makes every live code of an installation dead.
    #[test]
    fn codes_are_those_of_the_vectors() {
        let secret = MasterKey::parse(SECRET).unwrap();
        let reverse = CodeKeys::with_label("wartel/otp/reverse-code/v1", &secret, &[]);
        for (keys, tenant, purpose, nonce, expected) in [
            (&keys(), "default", Purpose::REGISTRATION, 1, "5343730201"),
            // Among the first ten bytes of the MAC are 251, 250 and 249: the first two are left out.
            (&keys(), "default", Purpose::REGISTRATION, 3, "1067594468"),
            (&keys(), "default", Purpose::REGISTRATION, 15, "8080931936"),
            (&keys(), "default", Purpose::REGISTRATION, 5, "9027045157"),
            (&keys(), "toko-budi", Purpose::LOGIN, 1, "324454"),
            (&reverse, "toko-budi", Purpose::LOGIN, 1, "998537"),
        ] {
            assert_eq!(code(keys, tenant, &purpose, "081234567890", nonce, expected.len()), expected);
        }
    }

    #[test]
    fn a_nonce_is_read_back_and_nothing_else_is() {
        let nonce = Nonce::from_bytes([0xa7; 16]);
        let text = String::from(nonce);
        assert_eq!(Nonce::try_from(text.clone()), Ok(nonce));
        for wrong in
            [&text[1..], &format!("{text}a"), &format!("{text}a7"), &"é".repeat(16), &"g7".repeat(16), ""]
        {
            assert!(Nonce::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_same_challenge_has_the_same_code_and_lengths_hold() {
        for length in 6..=10 {
            let first = code(&keys(), "a", &Purpose::LOGIN, "081234567890", 7, length);
            assert_eq!(first, code(&keys(), "a", &Purpose::LOGIN, "+6281234567890", 7, length));
            assert_eq!(first.len(), length);
        }
    }

    #[test]
    fn the_hmac_key_is_padded_as_rfc_2104_says() {
        // RFC 4231 test case 2 has a short key; HMAC of a padded key must be the same as of the bare one.
        let mut padded = [0_u8; 32];
        padded[..4].copy_from_slice(b"Jefe");
        let mut mac = mac_of(&padded);
        mac.update(b"what do ya want for nothing?");
        let hex: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn an_older_key_still_reads_its_codes_and_a_dropped_one_does_not() {
        let old = MasterKey::parse(SECRET).unwrap();
        let new = MasterKey::generate().unwrap();
        let rotated = CodeKeys::new(&new, std::slice::from_ref(&old));
        let nonce = Nonce::from_bytes([3; 16]);
        let tenant = TenantId::default();
        let to = phone("081234567890");
        let before = keys().derive(&old.id(), &tenant, &Purpose::LOGIN, &to, &nonce, 6).unwrap();
        let after = rotated.derive(&old.id(), &tenant, &Purpose::LOGIN, &to, &nonce, 6).unwrap();
        assert_eq!(before.expose().expose(), after.expose().expose());
        assert_eq!(rotated.current_id(), &new.id());
        let dropped = CodeKeys::new(&new, &[]);
        assert!(dropped.derive(&old.id(), &tenant, &Purpose::LOGIN, &to, &nonce, 6).is_none());
    }

    #[test]
    fn digits_are_fair() {
        let keys = keys();
        let tenant = TenantId::default();
        let to = phone("081234567890");
        let mut counts = [0_u32; 10];
        for n in 0..20_000_u128 {
            let nonce = Nonce::from_bytes(n.to_be_bytes());
            let code = keys.derive(keys.current_id(), &tenant, &Purpose::LOGIN, &to, &nonce, 6).unwrap();
            for digit in code.digits.iter().take(6) {
                counts[usize::from(*digit)] += 1;
            }
        }
        // χ² with 9 degrees of freedom; 27.9 is p = 0.001.
        let expected = 12_000.0;
        let chi: f64 = counts.iter().map(|c| (f64::from(*c) - expected).powi(2) / expected).sum();
        assert!(chi < 27.9, "χ² = {chi}");
    }

    #[test]
    fn typed_codes_are_read_kindly_and_bounded() {
        let keys = keys();
        let to = phone("081234567890");
        let nonce = Nonce::from_bytes([9; 16]);
        let code =
            keys.derive(keys.current_id(), &TenantId::default(), &Purpose::LOGIN, &to, &nonce, 6).unwrap();
        let digits = code.expose().expose().to_owned();
        let spaced = format!(" {} {} ", &digits[..3], &digits[3..]);
        for typed in [digits.as_str(), spaced.as_str()] {
            assert!(code.matches(&TypedCode::parse(typed, 6).unwrap()));
        }
        let wrong: String =
            digits.chars().map(|c| if c == '9' { '0' } else { char::from(c as u8 + 1) }).collect();
        assert!(!code.matches(&TypedCode::parse(&wrong, 6).unwrap()));
        let longest = format!("123456{}", " ".repeat(26));
        assert!(TypedCode::parse(&longest, 6).unwrap().is_text("123456"));
        let longer = format!("{longest} ");
        for bad in ["", "12345", "1234567", "12a456", "１２３４５６", &longer, &"1".repeat(1000)] {
            assert!(TypedCode::parse(bad, 6).is_err(), "{bad}");
        }
    }
}
