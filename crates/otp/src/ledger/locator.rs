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
        Self(format!("v:{id}"))
    }

    /// Finds the ledger of a proof.
    #[must_use]
    pub fn proof(hash: &ProofHash) -> Self {
        Self(format!("p:{}", hash.as_str()))
    }

    /// Finds the ledger of a message by the id that the provider gave when it accepted it.
    #[must_use]
    pub fn message(provider: &str, id: &ProviderMessageId) -> Self {
        Self(format!("m:{provider}:{}", id.as_str()))
    }

    /// Finds the ledger of a message by its second id.
    #[must_use]
    pub fn state_id(provider: &str, id: &ProviderMessageId) -> Self {
        Self(format!("s:{provider}:{}", id.as_str()))
    }

    /// By what a receipt may find its message, the surest first.
    #[must_use]
    pub fn of_receipt(provider: &str, key: &ReceiptKey) -> Vec<Self> {
        let message = key.message_id.as_ref().map(|id| Self::message(provider, id));
        let state = key.state_id.as_ref().map(|id| Self::state_id(provider, id));
        message.into_iter().chain(state).collect()
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
