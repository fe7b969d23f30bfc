//! What time it is on the server.

use sqlx::Row as _;
use tokio::time::Instant;
use wartel_core::{StoreError, Timestamp};

use super::PostgresStores;
use super::database::Repeat;
use crate::clock::{Reading, TimeSource};

#[async_trait::async_trait]
impl TimeSource for PostgresStores {
    async fn read_time(&self) -> Result<Reading, StoreError> {
        self.inner
            .database
            .ask("postgres.time", Repeat::Safe, (), |connection, ()| {
                Box::pin(async move {
                    // Only the question itself is timed, not the wait for a connection.
                    let asked = Instant::now();
                    let row = sqlx::query("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
                        .fetch_one(connection)
                        .await?;
                    Ok(Reading::new(Timestamp::from_micros(row.try_get(0)?), asked, Instant::now()))
                })
            })
            .await
    }
}
