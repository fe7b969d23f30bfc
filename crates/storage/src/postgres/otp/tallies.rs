//! How many challenges began and how many of them were done: one statement for each step.

use std::collections::BTreeMap;

use sqlx::Row as _;
use wartel_core::{StoreError, Timestamp};
use wartel_otp::{Tally, TallyStore};

use crate::postgres::database::Repeat;
use crate::postgres::error::At as _;
use crate::postgres::{PostgresStores, row_limit};

/// Rows are locked in the order in which they stand in the arrays.
const ADD: &str = "WITH added AS (
        INSERT INTO wartel_otp_tallies AS kept (key, slot, begun, done)
        SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[])
        ON CONFLICT (key, slot) DO UPDATE SET begun = least(kept.begun + excluded.begun, $5::bigint),
            done = least(kept.done + excluded.done, $5::bigint)
    )
    SELECT pg_current_xact_id()::text";

const FIND: &str = "SELECT key, slot, begun, done FROM wartel_otp_tallies
    WHERE key = ANY($1::text[]) AND slot >= $2 ORDER BY key, slot";

/// What somebody adds to just now is left for the next time. So this waits for nobody, whatever order it locks in.
const PURGE: &str = "WITH old AS MATERIALIZED (
        SELECT key, slot FROM wartel_otp_tallies WHERE slot < $1
        ORDER BY slot, key LIMIT $2 FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM wartel_otp_tallies AS kept USING old
        WHERE kept.key = old.key AND kept.slot = old.slot RETURNING 1
    )
    SELECT (SELECT count(*) FROM gone), pg_current_xact_id()::text";

/// Additions, column by column.
#[derive(Default)]
struct Columns {
    keys: Vec<String>,
    slots: Vec<i64>,
    begun: Vec<i64>,
    done: Vec<i64>,
}

impl Columns {
    /// Sorted by key and slot, so that no two instances wait for each other; and each pair once, because one
    /// statement cannot change a row twice.
    fn of(tallies: Vec<Tally>) -> Self {
        let mut sums: BTreeMap<(String, i64), (u32, u32)> = BTreeMap::new();
        for tally in tallies {
            let (begun, done) = sums.entry((tally.key, tally.slot.as_micros())).or_default();
            *begun = begun.saturating_add(tally.begun);
            *done = done.saturating_add(tally.done);
        }
        let mut columns = Self::default();
        for ((key, slot), (begun, done)) in sums {
            columns.keys.push(key);
            columns.slots.push(slot);
            columns.begun.push(i64::from(begun));
            columns.done.push(i64::from(done));
        }
        columns
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl TallyStore for PostgresStores {
    async fn add_tallies(&self, tallies: Vec<Tally>) -> Result<(), StoreError> {
        if tallies.is_empty() {
            return Ok(());
        }
        let values = Columns::of(tallies);
        let added = self.inner.database.change("otp.add_tallies", values, |connection, values| {
            Box::pin(async move {
                let row = sqlx::query(ADD)
                    .bind(&values.keys)
                    .bind(&values.slots)
                    .bind(&values.begun)
                    .bind(&values.done)
                    .bind(i64::from(u32::MAX))
                    .fetch_one(connection)
                    .await?;
                Ok(((), row.try_get(0)?))
            })
        });
        added.await
    }

    async fn tallies(&self, keys: Vec<String>, since: Timestamp) -> Result<Vec<Tally>, StoreError> {
        const STEP: &str = "otp.tallies";
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let values = (keys, since.as_micros());
        let rows = self.inner.database.ask(STEP, Repeat::Safe, values, |connection, values| {
            let (keys, since) = values;
            Box::pin(async move { Ok(sqlx::query(FIND).bind(keys).bind(since).fetch_all(connection).await?) })
        });
        let rows = rows.await?;
        rows.iter()
            .map(|row| {
                let number = |column: usize| -> Result<u32, sqlx::Error> {
                    Ok(u32::try_from(row.try_get::<i64, _>(column)?).unwrap_or(u32::MAX))
                };
                let slot = Timestamp::from_micros(row.try_get(1)?);
                Ok(Tally::new(row.try_get::<String, _>(0)?, slot, number(2)?, number(3)?))
            })
            .collect::<Result<_, sqlx::Error>>()
            .at(STEP)
    }

    async fn purge_tallies(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let values = (before.as_micros(), row_limit(limit));
        let gone = self.inner.database.change("otp.purge_tallies", values, |connection, values| {
            let (before, limit) = *values;
            Box::pin(async move {
                let row = sqlx::query(PURGE).bind(before).bind(limit).fetch_one(connection).await?;
                Ok((row.try_get::<i64, _>(0)?, row.try_get(1)?))
            })
        });
        Ok(usize::try_from(gone.await?).unwrap_or_default())
    }
}
