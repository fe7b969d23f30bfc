//! The port of the store that keeps tallies: how many challenges began and how many of them were done.

use std::fmt;
use std::sync::Arc;

use wartel_core::{StoreError, Timestamp};

/// How many challenges of one kind began in one span of time, and how many of those were verified.
///
/// `Debug` does not show the key, which names a range of phone numbers and a network.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// Names what is counted. Opaque to stores; at most 200 bytes, without NUL; compared byte by byte.
    pub key: String,
    /// When the span began.
    pub slot: Timestamp,
    /// How many began in the span.
    pub begun: u32,
    /// How many of those that began in the span were verified, whenever that was.
    pub done: u32,
}

impl Tally {
    /// A tally.
    #[must_use]
    pub fn new(key: impl Into<String>, slot: Timestamp, begun: u32, done: u32) -> Self {
        Self { key: key.into(), slot, begun, done }
    }
}

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tally")
            .field("slot", &self.slot)
            .field("begun", &self.begun)
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

/// The store of tallies. Instances that share one see each other's.
///
/// # Behavior
/// - Each verb is one atomic step, also against other processes that share the store: no addition is lost.
/// - The store reads no clock and knows nothing of what is counted.
/// - A sum that does not fit into `u32` reads as [`u32::MAX`].
///
/// [`crate::testing::tallies`] is the suite that every store passes.
///
/// # Errors
/// Every verb: [`StoreError`] when the store could not answer. With
/// [`StoreErrorKind::Unavailable`](wartel_core::StoreErrorKind::Unavailable) nobody knows whether the step was taken.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait::async_trait]
pub trait TallyStore: fmt::Debug + Send + Sync + 'static {
    /// Adds `begun` and `done` of each to what is kept under its key and slot, which is made if it is missing. All
    /// of them or none. The same key and slot may come more than once.
    async fn add_tallies(&self, tallies: Vec<Tally>) -> Result<(), StoreError>;

    /// What is kept under these keys in slots that began at `since` or later, ordered by key, then by slot.
    async fn tallies(&self, keys: Vec<String>, since: Timestamp) -> Result<Vec<Tally>, StoreError>;

    /// Deletes at most `limit` whose slot began before `before`, the oldest first; answers how many went.
    async fn purge_tallies(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError>;
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: TallyStore + ?Sized> TallyStore for Arc<T> {
    async fn add_tallies(&self, tallies: Vec<Tally>) -> Result<(), StoreError> {
        (**self).add_tallies(tallies).await
    }

    async fn tallies(&self, keys: Vec<String>, since: Timestamp) -> Result<Vec<Tally>, StoreError> {
        (**self).tallies(keys, since).await
    }

    async fn purge_tallies(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        (**self).purge_tallies(before, limit).await
    }
}
