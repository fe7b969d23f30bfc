//! Brings the database's schema up to this version.

use anyhow::Context;
use wartel_storage::sqlite::SqliteStores;

use crate::config::{Config, Database};
use crate::tell;

/// Applies what is pending and says what it did.
pub(crate) async fn run(config: &Config) -> anyhow::Result<()> {
    let Database::Sqlite(path) = &config.database else {
        tell("the memory store has no schema; nothing to do");
        return Ok(());
    };
    let cannot = || format!("cannot migrate {}", path.display());
    let stores = SqliteStores::open_without_migrating(path).await.with_context(cannot)?;
    let pending = stores.pending_migrations().await.with_context(cannot)?;
    stores.migrate().await.with_context(cannot)?;
    stores.close().await;
    match pending.len() {
        0 => tell(&format!("{} is up to date", path.display())),
        count => tell(&format!("{}: {count} migrations applied", path.display())),
    }
    Ok(())
}
