//! The signatures that providers put on their webhooks.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

/// HMAC-SHA256 in lower-case hex.
pub(crate) fn hmac_sha256_hex(key: &str, message: &[u8]) -> String {
    Hmac::<Sha256>::new_from_slice(key.as_bytes())
        .map(|mac| hex(&mac.chain_update(message).finalize().into_bytes()))
        .unwrap_or_default()
}

/// HMAC-SHA512 in lower-case hex.
pub(crate) fn hmac_sha512_hex(key: &str, message: &[u8]) -> String {
    Hmac::<Sha512>::new_from_slice(key.as_bytes())
        .map(|mac| hex(&mac.chain_update(message).finalize().into_bytes()))
        .unwrap_or_default()
}

/// HMAC-SHA1 in base64.
pub(crate) fn hmac_sha1_base64(key: &str, message: &[u8]) -> String {
    Hmac::<Sha1>::new_from_slice(key.as_bytes())
        .map(|mac| STANDARD.encode(mac.chain_update(message).finalize().into_bytes()))
        .unwrap_or_default()
}

/// A JSON Web Token with HMAC-SHA256.
/// Source: RFC 7519 §7.1, RFC 7515 §5.1.
pub(crate) fn jwt_hs256(key: &str, claims: &Value) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let signature = Hmac::<Sha256>::new_from_slice(key.as_bytes())
        .map(|mac| URL_SAFE_NO_PAD.encode(mac.chain_update(&signed).finalize().into_bytes()))
        .unwrap_or_default();
    format!("{signed}.{signature}")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_signatures_come_out() {
        let meta = br#"{"object":"whatsapp_business_account","entry":[]}"#;
        let expected = "56a21e195072d3c07ec2bbf608e0dfeaf322e1917ec30f0cb399c2a43588216e";
        assert_eq!(hmac_sha256_hex("secret", meta), expected);
        let waha = br#"{"event":"message","session":"default","engine":"WEBJS"}"#;
        let expected = "208f8a55dde9e05519e898b10b89bf0d0b3b0fdf11fdbf09b6b90476301b98d8\
                        097c462b2b17a6ce93b6b47a136cf2e78a33a63f6752c2c1631777076153fa89";
        assert_eq!(hmac_sha512_hex("my-secret-key", waha), expected);
        let twilio = b"https://mycompany.com/myapp.php?foo=1&bar=2CallSidCA1234567890ABCDECaller+12349013030\
                       Digits1234From+12349013030To+18005551212";
        assert_eq!(hmac_sha1_base64("12345", twilio), "0/KCTR6DLpKmkAf8muzZqo1nDgQ=");
        let token = jwt_hs256("secret", &serde_json::json!({"app": "evolution"}));
        assert_eq!(
            token,
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhcHAiOiJldm9sdXRpb24ifQ.ygF5JvYYi5OT5PcO0Qgwk418aISo0sjWDvqH0O3Ydms"
        );
    }
}
