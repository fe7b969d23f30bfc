//! How many challenges began and how many of them were done.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use wartel_core::{StoreError, Timestamp};
use wartel_otp::{Tally, TallyStore};

use super::SqliteStores;
use super::error::At as _;
use super::otp::row_limit;

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl TallyStore for SqliteStores {
    async fn add_tallies(&self, tallies: Vec<Tally>) -> Result<(), StoreError> {
        if tallies.is_empty() {
            return Ok(());
        }
        self.write("otp.add_tallies", move |connection| add(connection, &tallies)).await
    }

    async fn tallies(&self, keys: Vec<String>, since: Timestamp) -> Result<Vec<Tally>, StoreError> {
        // Ordered, and a key that was named twice is answered once.
        let keys: BTreeSet<String> = keys.into_iter().collect();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        self.read("otp.tallies", move |connection| find(connection, &keys, since)).await
    }

    async fn purge_tallies(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.write("otp.purge_tallies", move |connection| purge(connection, before, limit)).await
    }
}

/// One after the other, so that the same tally may come twice. If one fails, the writer takes back all of the step.
fn add(connection: &Connection, tallies: &[Tally]) -> Result<(), StoreError> {
    const STEP: &str = "otp.add_tallies";
    let mut statement = connection
        .prepare_cached(
            "INSERT INTO wartel_otp_tallies AS kept (key, slot, begun, done) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (key, slot) DO UPDATE SET begun = min(kept.begun + excluded.begun, ?5), \
             done = min(kept.done + excluded.done, ?5)",
        )
        .at(STEP)?;
    for tally in tallies {
        statement
            .execute(params![tally.key, tally.slot.as_micros(), tally.begun, tally.done, u32::MAX])
            .at(STEP)?;
    }
    Ok(())
}

fn find(
    connection: &Connection,
    keys: &BTreeSet<String>,
    since: Timestamp,
) -> Result<Vec<Tally>, StoreError> {
    const STEP: &str = "otp.tallies";
    let mut statement = connection
        .prepare_cached(
            "SELECT slot, begun, done FROM wartel_otp_tallies WHERE key = ?1 AND slot >= ?2 ORDER BY slot",
        )
        .at(STEP)?;
    let mut found = Vec::new();
    for key in keys {
        let mut rows = statement.query(params![key, since.as_micros()]).at(STEP)?;
        while let Some(row) = rows.next().at(STEP)? {
            let slot = Timestamp::from_micros(row.get(0).at(STEP)?);
            found.push(Tally::new(key.as_str(), slot, row.get(1).at(STEP)?, row.get(2).at(STEP)?));
        }
    }
    Ok(found)
}

fn purge(connection: &Connection, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
    const STEP: &str = "otp.purge_tallies";
    connection
        .prepare_cached(
            "DELETE FROM wartel_otp_tallies WHERE (key, slot) IN \
             (SELECT key, slot FROM wartel_otp_tallies WHERE slot < ?1 ORDER BY slot, key LIMIT ?2)",
        )
        .at(STEP)?
        .execute(params![before.as_micros(), row_limit(limit)])
        .at(STEP)
}
