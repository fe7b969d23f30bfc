//! The port of the store behind admin commands: what waits to be confirmed, what can be undone, and who did what.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wartel_core::{StoreError, TenantId, Timestamp};
use wartel_messaging::inbox::{ContactId, InboxEntryId};

/// A command that waits for its code. `Debug` shows neither code nor command.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Confirmation {
    /// Whose shop.
    pub tenant: TenantId,
    /// Who gave the command.
    pub staff: ContactId,
    /// A keyed or salted hash of the code. The code itself is never stored.
    pub code_hash: String,
    /// The command as it was understood, with its arguments.
    pub command: String,
    /// From when on it cannot be confirmed any more.
    pub expires_at: Timestamp,
}

impl Confirmation {
    /// A command that waits for its code.
    #[must_use]
    pub fn new(
        tenant: TenantId,
        staff: ContactId,
        code_hash: impl Into<String>,
        command: impl Into<String>,
        expires_at: Timestamp,
    ) -> Self {
        Self { tenant, staff, code_hash: code_hash.into(), command: command.into(), expires_at }
    }
}

/// How the last command of somebody is taken back: a document of the domain, as JSON. `Debug` shows no content.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Undo {
    /// Whose shop.
    pub tenant: TenantId,
    /// Who gave the command.
    pub staff: ContactId,
    /// What to do, as JSON.
    pub action: String,
    /// From when on it cannot be taken back any more.
    pub expires_at: Timestamp,
}

impl Undo {
    /// How a command is taken back.
    #[must_use]
    pub fn new(tenant: TenantId, staff: ContactId, action: impl Into<String>, expires_at: Timestamp) -> Self {
        Self { tenant, staff, action: action.into(), expires_at }
    }
}

/// Who did what. Holds no code and no words of customers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditRow {
    /// The message that gave the command; there is one row for each.
    pub entry: InboxEntryId,
    /// Whose shop.
    pub tenant: TenantId,
    /// Who gave the command.
    pub staff: ContactId,
    /// What was done: `stock.price`, `bot.off`.
    pub action: String,
    /// To what: a stock code, a lead.
    pub target: Option<String>,
    /// What came of it: `done`, `asked`, `refused`, `undone`.
    pub outcome: String,
    /// When.
    pub at: Timestamp,
}

impl AuditRow {
    /// A row about a command.
    #[must_use]
    pub fn new(
        entry: InboxEntryId,
        tenant: TenantId,
        staff: ContactId,
        action: impl Into<String>,
        outcome: impl Into<String>,
        at: Timestamp,
    ) -> Self {
        let (action, outcome) = (action.into(), outcome.into());
        Self { entry, tenant, staff, action, target: None, outcome, at }
    }

    /// With what it was done to.
    #[must_use]
    pub fn with_target(mut self, target: Option<String>) -> Self {
        self.target = target;
        self
    }
}

/// The store behind admin commands. Each verb is one atomic step; time is handed in.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait::async_trait]
pub trait AdminStore: fmt::Debug + Send + Sync + 'static {
    /// Keeps a command that waits for its code, in place of the one before of the same person.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn ask(&self, confirmation: &Confirmation) -> Result<(), StoreError>;

    /// Takes what waits for this person, if it has not expired; whatever the code, it is gone afterwards.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn take_asked(
        &self,
        tenant: &TenantId,
        staff: ContactId,
        now: Timestamp,
    ) -> Result<Option<Confirmation>, StoreError>;

    /// Keeps how the last command is taken back, in place of the one before of the same person.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn keep_undo(&self, undo: &Undo) -> Result<(), StoreError>;

    /// Takes what can be taken back, if it has not expired.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn take_undo(
        &self,
        tenant: &TenantId,
        staff: ContactId,
        now: Timestamp,
    ) -> Result<Option<Undo>, StoreError>;

    /// Writes a row; answers `false`, and changes nothing, if there is one about this entry.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn record(&self, row: &AuditRow) -> Result<bool, StoreError>;

    /// Rows of a tenant, the newest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    async fn audit(&self, tenant: &TenantId, limit: usize) -> Result<Vec<AuditRow>, StoreError>;
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: AdminStore + ?Sized> AdminStore for Arc<T> {
    async fn ask(&self, confirmation: &Confirmation) -> Result<(), StoreError> {
        (**self).ask(confirmation).await
    }

    async fn take_asked(
        &self,
        tenant: &TenantId,
        staff: ContactId,
        now: Timestamp,
    ) -> Result<Option<Confirmation>, StoreError> {
        (**self).take_asked(tenant, staff, now).await
    }

    async fn keep_undo(&self, undo: &Undo) -> Result<(), StoreError> {
        (**self).keep_undo(undo).await
    }

    async fn take_undo(
        &self,
        tenant: &TenantId,
        staff: ContactId,
        now: Timestamp,
    ) -> Result<Option<Undo>, StoreError> {
        (**self).take_undo(tenant, staff, now).await
    }

    async fn record(&self, row: &AuditRow) -> Result<bool, StoreError> {
        (**self).record(row).await
    }

    async fn audit(&self, tenant: &TenantId, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
        (**self).audit(tenant, limit).await
    }
}

impl fmt::Debug for Confirmation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Confirmation").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

impl fmt::Debug for Undo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Undo").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}
