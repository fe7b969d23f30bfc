//! What is kept of a key.

use wartel_core::{TenantId, Timestamp};

use crate::api_key::{ApiKeyId, KeyHash};
use crate::scope::Scopes;

/// What is kept of a key. The key itself is not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiKeyRecord {
    /// The public part.
    pub id: ApiKeyId,
    /// Whose key it is.
    pub tenant: TenantId,
    /// What the operator calls it: 2 to 100 characters.
    pub name: String,
    /// What the key is checked with.
    pub hash: KeyHash,
    /// What it may do.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// From this instant on it is worth nothing; `None` if it has no end.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, up to a minute late; `None` if never.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked; `None` if it was not.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKeyRecord {
    /// The record of a key that was never used, has no end and is not revoked.
    #[must_use]
    pub fn new(
        id: ApiKeyId,
        tenant: TenantId,
        name: impl Into<String>,
        hash: KeyHash,
        scopes: Scopes,
        created_at: Timestamp,
    ) -> Self {
        Self {
            id,
            tenant,
            name: name.into(),
            hash,
            scopes,
            created_at,
            expires_at: None,
            last_used_at: None,
            revoked_at: None,
        }
    }

    /// Whether the key opens anything at this instant.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}
