//! The assistant: chats, leads, shops, items, spending and admin commands.

mod admin;
mod chats;
mod items;
mod leads;
mod lines;
mod spend;
mod tenants;

use wartel_bot::{Revision, Saved};

/// What came of a statement that writes a document if it is still the one that was read.
const fn saved(changed: usize, read: Revision) -> Saved {
    if changed == 1 { Saved::Saved(read.next()) } else { Saved::Conflict }
}

fn row_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
