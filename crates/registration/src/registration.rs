//! A registration.

use std::fmt;

use sha2::{Digest, Sha256};
use wartel_core::{PhoneNumber, TenantId, Timestamp};
use wartel_otp::ProofHash;

wartel_core::uuid_id! {
    /// Names a registration. Derived from the proof that it was made with, so that a retry makes the same one.
    pub struct RegistrationId;
}

impl RegistrationId {
    /// The id of the registration that a proof makes.
    #[must_use]
    pub fn from_proof(proof: &ProofHash) -> Self {
        let digest =
            Sha256::new().chain_update(b"wartel/registration/v1").chain_update(proof.as_str()).finalize();
        let mut bytes = [0_u8; 16];
        for (place, byte) in bytes.iter_mut().zip(digest) {
            *place = byte;
        }
        Self::from_uuid(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

/// Somebody who signed up. `Debug` shows the id only.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Registration {
    /// Which one.
    pub id: RegistrationId,
    /// Whose installation.
    pub tenant: TenantId,
    /// The verified number; one registration for each.
    pub phone: PhoneNumber,
    /// The full name as typed, 2 to 100 characters.
    pub full_name: String,
    /// The e-mail address, if given.
    pub email: Option<String>,
    /// The postal address, if given.
    pub address: Option<String>,
    /// What else came with the form: a JSON object of at most 16 KiB as text, `{}` if nothing did.
    pub extra: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Registration {
    /// A registration without e-mail, address and extras.
    #[must_use]
    pub fn new(
        id: RegistrationId,
        tenant: TenantId,
        phone: PhoneNumber,
        full_name: impl Into<String>,
        created_at: Timestamp,
    ) -> Self {
        Self {
            id,
            tenant,
            phone,
            full_name: full_name.into(),
            email: None,
            address: None,
            extra: "{}".to_owned(),
            created_at,
        }
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").field("id", &self.id).finish_non_exhaustive()
    }
}
