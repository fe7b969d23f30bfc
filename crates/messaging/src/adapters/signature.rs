//! Signatures of webhooks, compared in constant time.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq as _;

/// Whether `given` is the HMAC-SHA-256 of the body in hex.
pub(super) fn is_hmac_sha256_hex(key: &[u8], body: &[u8], given: &str) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return false };
    mac.update(body);
    is_hex(&mac.finalize().into_bytes(), given)
}

/// Whether `given` is the HMAC-SHA-512 of the body in hex.
pub(super) fn is_hmac_sha512_hex(key: &[u8], body: &[u8], given: &str) -> bool {
    let Ok(mut mac) = Hmac::<Sha512>::new_from_slice(key) else { return false };
    mac.update(body);
    is_hex(&mac.finalize().into_bytes(), given)
}

/// Whether `given` is the HMAC-SHA-1 of the text in base64.
pub(super) fn is_hmac_sha1_base64(key: &[u8], text: &[u8], given: &str) -> bool {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key) else { return false };
    mac.update(text);
    let Ok(given) = STANDARD.decode(given.trim()) else { return false };
    mac.finalize().into_bytes().as_slice().ct_eq(&given).into()
}

/// Whether `given` is the HMAC-SHA-256 of the text in base64 for URLs, without padding, as in a JWT.
pub(super) fn is_hmac_sha256_base64url(key: &[u8], text: &[u8], given: &str) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return false };
    mac.update(text);
    let Ok(given) = URL_SAFE_NO_PAD.decode(given) else { return false };
    mac.finalize().into_bytes().as_slice().ct_eq(&given).into()
}

/// Whether `given` is this SHA-256 in hex.
pub(super) fn is_sha256_hex(hash: &[u8], given: &str) -> bool {
    is_hex(hash, given)
}

/// Whether two secrets are the same.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

fn is_hex(mac: &[u8], given: &str) -> bool {
    let given = given.trim().as_bytes();
    if given.len() != mac.len() * 2 {
        return false;
    }
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).map_or(0, |c| c as u8);
    let own: Vec<u8> = mac.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
    own.ct_eq(&given.to_ascii_lowercase()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first vector is computed for this repository; the second one is of WAHA's documentation, the third one of
    /// Twilio's, both read in November 2026.
    #[test]
    fn vectors() {
        let meta = br#"{"object":"whatsapp_business_account","entry":[]}"#;
        let sha256 = "56a21e195072d3c07ec2bbf608e0dfeaf322e1917ec30f0cb399c2a43588216e";
        assert!(is_hmac_sha256_hex(b"secret", meta, sha256));
        assert!(is_hmac_sha256_hex(b"secret", meta, &sha256.to_uppercase()));
        let waha = br#"{"event":"message","session":"default","engine":"WEBJS"}"#;
        let sha512 = "208f8a55dde9e05519e898b10b89bf0d0b3b0fdf11fdbf09b6b90476301b98d8\
                      097c462b2b17a6ce93b6b47a136cf2e78a33a63f6752c2c1631777076153fa89";
        assert!(is_hmac_sha512_hex(b"my-secret-key", waha, sha512));
        let twilio = "https://mycompany.com/myapp.php?foo=1&bar=2CallSidCA1234567890ABCDECaller+12349013030\
                      Digits1234From+12349013030To+18005551212";
        assert!(is_hmac_sha1_base64(b"12345", twilio.as_bytes(), "0/KCTR6DLpKmkAf8muzZqo1nDgQ="));
        for bad in ["", "56a2", &sha256.replace('5', "6"), &format!("{sha256}00"), "zz"] {
            assert!(!is_hmac_sha256_hex(b"secret", meta, bad), "{bad}");
            assert!(!is_hmac_sha512_hex(b"my-secret-key", waha, bad), "{bad}");
            assert!(!is_hmac_sha1_base64(b"12345", twilio.as_bytes(), bad), "{bad}");
        }
        assert!(!is_hmac_sha256_hex(b"other", meta, sha256));
    }
}
