//! The codes with which staff confirm what cannot be taken back easily.

use std::fmt;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use wartel_core::{MasterKey, TenantId, Timestamp};
use wartel_messaging::inbox::{ContactId, InboxEntryId};

use super::store::Confirmation;

/// For how long a code can be used.
pub(super) const LIFE: Duration = Duration::from_secs(5 * 60);

const LABEL: &str = "wartel/bot-admin-codes/v1";

/// Makes and checks codes. `Debug` shows nothing of the key.
pub(super) struct Codes {
    mac: Option<Hmac<Sha256>>,
}

impl Codes {
    pub(super) fn new(key: &MasterKey) -> Self {
        Self { mac: Hmac::<Sha256>::new_from_slice(key.derive(LABEL).as_slice()).ok() }
    }

    /// What waits, and its four digits, which are kept nowhere. The same entry asked twice has the same code, and nobody
    /// without the key can tell which.
    pub(super) fn ask(
        &self,
        tenant: &TenantId,
        staff: ContactId,
        entry: InboxEntryId,
        command: String,
        now: Timestamp,
    ) -> Option<(Confirmation, String)> {
        let expires_at = now + LIFE;
        let mut waiting = Confirmation::new(tenant.clone(), staff, "", command, expires_at);
        let entry = entry.to_string();
        let digits = self.digest("code", &waiting, &entry)?;
        let number = digits.iter().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        let code = format!("{:04}", number % 10_000);
        waiting.code_hash = self.hash(&waiting, &code)?;
        Some((waiting, code))
    }

    /// Whether this is the code of what waits.
    pub(super) fn fits(&self, waiting: &Confirmation, code: &str) -> bool {
        let expected = self.hash(waiting, code);
        expected.is_some_and(|hash| bool::from(hash.as_bytes().ct_eq(waiting.code_hash.as_bytes())))
    }

    fn hash(&self, waiting: &Confirmation, code: &str) -> Option<String> {
        let digest = self.digest("hash", waiting, code)?;
        Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    fn digest(&self, what: &str, waiting: &Confirmation, last: &str) -> Option<Vec<u8>> {
        let mut mac = self.mac.clone()?;
        let (staff, expiry) = (waiting.staff.to_string(), waiting.expires_at.as_micros().to_string());
        for field in [what, waiting.tenant.as_str(), &staff, &waiting.command, &expiry, last] {
            // Each behind its length, so that no two lists of fields are one text.
            mac.update(&u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(field.as_bytes());
        }
        Some(mac.finalize().into_bytes().to_vec())
    }
}

impl fmt::Debug for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Codes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

    fn codes(byte: u8) -> Codes {
        let bytes: Vec<u8> = (0..32).map(|at| byte ^ at).collect();
        Codes::new(&MasterKey::from_bytes(&bytes).unwrap())
    }

    #[test]
    fn a_code_is_bound_to_everything_around_it() {
        let (codes, tenant, staff) = (codes(1), TenantId::default(), ContactId::random());
        let entry = InboxEntryId::random();
        let ask = || codes.ask(&tenant, staff, entry, "a".to_owned(), T0).unwrap();
        let (waiting, code) = ask();
        assert_eq!(ask(), (waiting.clone(), code.clone()), "the same entry, the same code");
        assert_eq!(code.len(), 4);
        assert!(codes.fits(&waiting, &code) && !waiting.code_hash.contains(&code));
        let wrong = format!("{:04}", (code.parse::<u32>().unwrap() + 1) % 10_000);
        assert!(!codes.fits(&waiting, &wrong));
        let mut others = vec![waiting.clone(); 4];
        others[0].tenant = TenantId::parse("other").unwrap();
        others[1].staff = ContactId::random();
        others[2].command = "b".to_owned();
        others[3].expires_at = T0;
        for other in others {
            assert!(!codes.fits(&other, &code));
        }
        assert!(!self::codes(2).fits(&waiting, &code), "another installation");
    }
}
