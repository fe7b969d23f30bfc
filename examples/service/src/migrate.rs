//! Brings the database's schema up to this version.

use anyhow::Context;

use crate::config::{Config, Database};
use crate::stores::Engine;
use crate::tell;

/// Applies what is pending and says what it did.
pub(crate) async fn run(config: &Config) -> anyhow::Result<()> {
    if matches!(config.database, Database::Memory) {
        tell("the memory store has no schema; nothing to do");
        return Ok(());
    }
    let shown = config.database.shown();
    let cannot = || format!("cannot migrate {shown}");
    let engine = Engine::open(&config.database).await.with_context(cannot)?;
    let applied = engine.migrate().await.with_context(cannot);
    engine.close().await;
    match applied? {
        0 => tell(&format!("{shown} is up to date")),
        1 => tell(&format!("{shown}: 1 migration applied")),
        count => tell(&format!("{shown}: {count} migrations applied")),
    }
    Ok(())
}
