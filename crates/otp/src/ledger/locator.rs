//! By what else than its phone a ledger is found.

use std::fmt;

use wartel_messaging::{ProviderMessageId, ReceiptKey};

use crate::proof::ProofHash;
use crate::verification::VerificationId;

/// By what else than its phone a ledger is found.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Locator(String);

impl Locator {
    /// Finds the ledger of a verification.
    #[must_use]
    pub fn verification(id: VerificationId) -> Self {
        let mut hyphenated = uuid::Uuid::encode_buffer();
        Self::joined(&["v", id.as_uuid().hyphenated().encode_lower(&mut hyphenated)])
    }

    /// Finds the ledger of a proof.
    #[must_use]
    pub fn proof(hash: &ProofHash) -> Self {
        Self::joined(&["p", hash.as_str()])
    }

    /// Finds the ledger of a message by the id that the provider gave when it accepted it.
    #[must_use]
    pub fn message(provider: &str, id: &ProviderMessageId) -> Self {
        Self::joined(&["m", provider, id.as_str()])
    }

    /// Finds the ledger of a message by its second id.
    #[must_use]
    pub fn state_id(provider: &str, id: &ProviderMessageId) -> Self {
        Self::joined(&["s", provider, id.as_str()])
    }

    /// Finds the ledger that answered a request with an idempotency key, by the key's hash.
    #[must_use]
    pub fn idempotency(key: &str) -> Self {
        Self::joined(&["i", key])
    }

    /// By what a receipt may find its message, the surest first.
    #[must_use]
    pub fn of_receipt(provider: &str, key: &ReceiptKey) -> Vec<Self> {
        let message = key.message_id.as_ref().map(|id| Self::message(provider, id));
        let state = key.state_id.as_ref().map(|id| Self::state_id(provider, id));
        message.into_iter().chain(state).collect()
    }

    /// Not `format!`: locators are made at each step.
    fn joined(parts: &[&str]) -> Self {
        Self(parts.join(":"))
    }

    /// The locator as text, unique over all kinds.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It may name a capability.
        write!(f, "Locator({}…)", self.0.get(..1).unwrap_or_default())
    }
}
