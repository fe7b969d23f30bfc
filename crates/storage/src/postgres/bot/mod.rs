//! The assistant: chats, leads, shops, items, spending and admin commands.
//!
//! Each verb is one statement, or one short transaction. Chats that are due are leased past those that somebody else
//! holds just now. Nothing is written in groups here: two changes of one chat must not share a snapshot.

mod admin;
mod chats;
mod items;
mod leads;
mod lines;
mod spend;
mod tenants;

use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use wartel_bot::{Revision, Saved};
use wartel_core::StoreError;

use super::database::Written;
use super::error::{At as _, PostgresFailure};
use crate::bot_rows::{parsed, revised};

/// What came of writing a document if it is still the one that was read: the number of rows, and the name of the
/// transaction.
fn saved(row: &PgRow, read: Revision) -> Result<Written<Saved>, PostgresFailure> {
    let saved = if row.try_get::<i64, _>(0)? == 1 { Saved::Saved(read.next()) } else { Saved::Conflict };
    Ok((saved, row.try_get(1)?))
}

/// A number of rows, and the name of the transaction.
fn counted(row: &PgRow) -> Result<Written<usize>, PostgresFailure> {
    Ok((usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default(), row.try_get(1)?))
}

/// The document and the revision in the first two columns.
fn read_revised<T: DeserializeOwned>(
    row: Option<&PgRow>,
    step: &'static str,
) -> Result<Option<(T, Revision)>, StoreError> {
    let Some(row) = row else { return Ok(None) };
    revised((row.try_get(0).at(step)?, row.try_get(1).at(step)?), step).map(Some)
}

/// The documents in the first column.
fn read_all<T: DeserializeOwned>(rows: &[PgRow], step: &'static str) -> Result<Vec<T>, StoreError> {
    rows.iter().map(|row| parsed(row.try_get(0).at(step)?, step)).collect()
}
