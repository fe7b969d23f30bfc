//! What the rows of the assistant have in common on all engines.
//!
//! Documents are written as a whole. What a newer version has added to one is left out when it is read; a document that
//! lacks what this version needs, or has a word that it does not know, is [`StoreErrorKind::Corrupt`].

use serde::Serialize;
use serde::de::DeserializeOwned;
use wartel_bot::Revision;
use wartel_core::{StoreError, StoreErrorKind};

/// A document does not have the shape that this program reads.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("a row has an unreadable document")]
pub(crate) struct UnreadableDocument;

pub(crate) fn json(document: &impl Serialize, step: &'static str) -> Result<String, StoreError> {
    serde_json::to_string(document).map_err(|_| StoreError::new(StoreErrorKind::Unexpected, step))
}

pub(crate) fn parsed<T: DeserializeOwned>(document: &str, step: &'static str) -> Result<T, StoreError> {
    // What serde says may hold words of the document.
    serde_json::from_str(document)
        .map_err(|_| StoreError::new(StoreErrorKind::Corrupt, step).with_source(UnreadableDocument))
}

/// A document with its revision, as they stand in a row.
pub(crate) fn revised<T: DeserializeOwned>(
    (document, number): (String, i64),
    step: &'static str,
) -> Result<(T, Revision), StoreError> {
    Ok((parsed(&document, step)?, revision(number)))
}

pub(crate) const fn revision(number: i64) -> Revision {
    Revision::from_u64(unsigned(number))
}

/// A number as databases keep it; a larger one is the largest.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) const fn unsigned(number: i64) -> u64 {
    if number < 0 { 0 } else { number.unsigned_abs() }
}
