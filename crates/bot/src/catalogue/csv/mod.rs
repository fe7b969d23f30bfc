//! Items as CSV files, for spreadsheets.

mod amount;
mod columns;
mod problem;
mod read;
#[cfg(test)]
mod tests;
mod write;

use wartel_core::{StoreError, TenantId, Timestamp};

pub use problem::{FileProblem, ImportError, LineProblem, LineProblemKind};
pub use read::{Sheet, read_sheet};
pub use write::write_sheet;

pub(crate) use amount::read_amount;
pub(crate) use read::put_named;

use super::{CatalogueStore, Item, Schema};
use crate::key::{Revision, Saved};

/// How often an item is read again if somebody else has changed it meanwhile.
const TRIES: u32 = 8;

/// What is done with a file some lines of which are wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ImportMode {
    /// Nothing of it is stored.
    #[default]
    AllOrNothing,
    /// Its good lines are stored.
    GoodLines,
    /// Nothing is stored in any case; the report says what would be.
    DryRun,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ImportReport {
    /// How many items are new.
    pub added: usize,
    /// How many were there and are different now.
    pub changed: usize,
    /// How many were there and are the same.
    pub unchanged: usize,
    /// Whether anything was stored. `false`: the counts above say what would be.
    pub stored: bool,
    /// What is wrong with single lines: the first 200.
    pub problems: Vec<LineProblem>,
    /// How many lines are wrong.
    pub bad_lines: usize,
    /// Columns that mean nothing here; they were not read.
    pub unknown_columns: Vec<String>,
}

/// Stores the items of a file. An item with the code of one that is there replaces it; columns that the file does not have
/// become empty. Items that the file does not name stay.
///
/// # Errors
/// [`ImportError::File`] if the whole file is wrong, [`ImportError::Store`] if the store could not answer.
pub async fn import_sheet(
    store: &dyn CatalogueStore,
    tenant: &TenantId,
    schema: &Schema,
    bytes: &[u8],
    mode: ImportMode,
    now: Timestamp,
) -> Result<ImportReport, ImportError> {
    let sheet = read_sheet(bytes, tenant, schema, now)?;
    let stored = match mode {
        ImportMode::AllOrNothing => sheet.bad_lines == 0,
        ImportMode::GoodLines => true,
        ImportMode::DryRun => false,
    };
    let mut report = ImportReport {
        stored,
        problems: sheet.problems,
        bad_lines: sheet.bad_lines,
        unknown_columns: sheet.unknown_columns,
        ..ImportReport::default()
    };
    for item in sheet.items {
        match put(store, item, stored).await? {
            Put::Added => report.added += 1,
            Put::Changed => report.changed += 1,
            Put::Unchanged => report.unchanged += 1,
        }
    }
    Ok(report)
}

enum Put {
    Added,
    Changed,
    Unchanged,
}

/// Writes one item over whatever is there.
async fn put(store: &dyn CatalogueStore, item: Item, stored: bool) -> Result<Put, StoreError> {
    for _ in 0..TRIES {
        let known = store.get(&item.tenant, &item.code).await?;
        let (put, read) = match &known {
            None => (Put::Added, Revision::NEW),
            Some((before, _)) if is_same(before, &item) => return Ok(Put::Unchanged),
            Some((_, read)) => (Put::Changed, *read),
        };
        if !stored {
            return Ok(put);
        }
        if let Saved::Saved(_) = store.save(&item, read).await? {
            return Ok(put);
        }
    }
    Err(StoreError::new(wartel_core::StoreErrorKind::Unavailable, "catalogue.import"))
}

/// Whether a file would change nothing of an item. Captions are not in files.
fn is_same(before: &Item, item: &Item) -> bool {
    let urls = |item: &Item| item.photos.iter().map(|photo| photo.url.clone()).collect::<Vec<_>>();
    let mut after = item.clone();
    after.updated_at = before.updated_at;
    after.photos.clone_from(&before.photos);
    *before == after && urls(before) == urls(item)
}
