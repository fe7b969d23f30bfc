//! Names that callers give to their requests, as hashes that only this installation can make.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use wartel_core::{MasterKey, TenantId};

use crate::store::Idempotency;

const KEY_LABEL: &str = "wartel/otp/idempotency/v1";
/// How long a name stands for its request.
const WINDOW: Duration = Duration::from_secs(86_400);

/// Hashes requests. Keyed, because a request holds a phone number, and there are few enough of those to try all.
pub(crate) struct RequestHasher {
    /// The current key first.
    keys: Vec<Hmac<Sha256>>,
}

impl std::fmt::Debug for RequestHasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RequestHasher")
    }
}

impl RequestHasher {
    pub(crate) fn new(current: &MasterKey, previous: &[MasterKey]) -> Self {
        let keys = std::iter::once(current).chain(previous);
        let prepare = |key: &MasterKey| Hmac::<Sha256>::new_from_slice(key.derive(KEY_LABEL).as_slice()).ok();
        Self { keys: keys.filter_map(prepare).collect() }
    }

    /// The hashes of a name and of the request that it stands for; the latter once for each key, so that a request
    /// from before the keys were changed is known again.
    pub(crate) fn hash(&self, tenant: &TenantId, name: &str, body: &[u8]) -> Idempotency {
        let mut key = Sha256::new();
        key.update(tenant.as_str());
        key.update([0]);
        key.update(name);
        let bodies = self.keys.iter().map(|mac| {
            let mut mac = mac.clone();
            mac.update(body);
            URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
        });
        Idempotency::new(URL_SAFE_NO_PAD.encode(key.finalize()), bodies.collect(), WINDOW)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> MasterKey {
        let bytes: Vec<u8> = (0..32).map(|place: u8| place.wrapping_mul(7).wrapping_add(byte)).collect();
        MasterKey::from_bytes(&bytes).unwrap()
    }

    #[test]
    fn a_name_stands_for_one_request_of_one_tenant() {
        let hasher = RequestHasher::new(&key(1), &[]);
        let (one, other) = (TenantId::default(), TenantId::parse("toko-budi").unwrap());
        let first = hasher.hash(&one, "a", b"body");
        assert_eq!(first, hasher.hash(&one, "a", b"body"));
        assert_ne!(first.key, hasher.hash(&other, "a", b"body").key);
        assert_ne!(first.key, hasher.hash(&one, "b", b"body").key);
        assert_ne!(first.bodies, hasher.hash(&one, "a", b"else").bodies);
    }

    #[test]
    fn a_request_is_known_after_the_key_was_changed() {
        let before = RequestHasher::new(&key(1), &[]).hash(&TenantId::default(), "a", b"body");
        let after = RequestHasher::new(&key(2), &[key(1)]).hash(&TenantId::default(), "a", b"body");
        assert_eq!(before.key, after.key);
        assert!(after.bodies.contains(&before.bodies[0]) && after.bodies[0] != before.bodies[0]);
        let stranger = RequestHasher::new(&key(3), &[]).hash(&TenantId::default(), "a", b"body");
        assert!(!after.bodies.contains(&stranger.bodies[0]), "anybody can try all numbers");
    }
}
