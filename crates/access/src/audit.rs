//! The audit: who did what, and when. Written once, never changed.

use std::fmt;
use std::sync::Arc;

use wartel_core::{StoreError, TenantId, Timestamp};

wartel_core::uuid_id! {
    /// Names an entry of the audit.
    pub struct AuditId;
}

/// The longest text in an entry, in bytes. What is longer is cut.
const MAX_TEXT: usize = 200;

/// Who did what, and when.
///
/// The texts are for operators: names and ids, never a phone number, a key or a code.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditEntry {
    /// Names the entry, so that writing it twice writes it once.
    pub id: AuditId,
    /// When it was done.
    pub at: Timestamp,
    /// In whose data.
    pub tenant: TenantId,
    /// By whom: `cli`, or `api_key:` and the id of a key.
    pub actor: String,
    /// What was done, as `thing.verb`: `api_key.create`.
    pub action: String,
    /// To what: an id.
    pub subject: String,
}

impl AuditEntry {
    /// An entry. Texts are cut after 200 bytes, and control characters in them replaced, so that an entry is always
    /// one line.
    #[must_use]
    pub fn new(at: Timestamp, tenant: TenantId, actor: &str, action: &str, subject: &str) -> Self {
        Self {
            id: AuditId::sequential(),
            at,
            tenant,
            actor: one_line(actor),
            action: one_line(action),
            subject: one_line(subject),
        }
    }

    /// The same entry with the id that it is stored under.
    #[must_use]
    pub const fn with_id(mut self, id: AuditId) -> Self {
        self.id = id;
        self
    }
}

fn one_line(text: &str) -> String {
    let mut line = String::new();
    for c in text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }) {
        if line.len() + c.len_utf8() > MAX_TEXT {
            break;
        }
        line.push(c);
    }
    line
}

/// The store of the audit: entries are appended and read, never changed and never deleted.
///
/// # Errors
/// Every verb: [`StoreError`] if the store could not answer.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait::async_trait]
pub trait AuditLog: fmt::Debug + Send + Sync + 'static {
    /// Writes an entry. One with an id that is known already is not written again.
    async fn append(&self, entry: &AuditEntry) -> Result<(), StoreError>;

    /// The newest entries of a tenant, or of all, at most `limit`: by their instant, and among those of one instant
    /// by when they were written. With `before`, those that stand behind that entry in this order; behind an entry
    /// that is not known stands nothing.
    async fn list(
        &self,
        tenant: Option<TenantId>,
        before: Option<AuditId>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, StoreError>;
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: AuditLog + ?Sized> AuditLog for Arc<T> {
    async fn append(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        (**self).append(entry).await
    }

    async fn list(
        &self,
        tenant: Option<TenantId>,
        before: Option<AuditId>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        (**self).list(tenant, before, limit).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_one_short_line() {
        let entry =
            AuditEntry::new(Timestamp::EPOCH, TenantId::default(), "cli\n\0", "a.b", &"é".repeat(300));
        assert_eq!(entry.actor, "cli\u{FFFD}\u{FFFD}");
        assert_eq!(entry.subject.chars().count(), 100);
        assert_ne!(entry.id, AuditEntry::new(entry.at, TenantId::default(), "", "", "").id);
    }
}
