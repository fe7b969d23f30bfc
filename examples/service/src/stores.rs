//! Where state is kept: the ports on the database that was chosen.

use std::sync::Arc;

use anyhow::{Context, bail};
use wartel_core::Probe;
use wartel_messaging::outbox::{MemoryOutbox, Outbox};
use wartel_otp::{MemoryOtpStore, OtpStore};
use wartel_registration::{MemoryRegistrationStore, RegistrationStore};
use wartel_storage::sqlite::SqliteStores;

use crate::config::{Config, Database, Environment};

/// The store ports, and what answers for the database's readiness.
pub(crate) struct Stores {
    pub(crate) otp: Arc<dyn OtpStore>,
    pub(crate) registration: Arc<dyn RegistrationStore>,
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) probe: Option<Arc<dyn Probe>>,
    pub(crate) sqlite: Option<SqliteStores>,
}

/// Opens the database. In development its schema is brought up to date; elsewhere that is `migrate`'s work.
pub(crate) async fn open(config: &Config) -> anyhow::Result<Stores> {
    let path = match &config.database {
        Database::Memory => {
            let outbox = MemoryOutbox::default();
            return Ok(Stores {
                otp: Arc::new(MemoryOtpStore::new()),
                registration: Arc::new(MemoryRegistrationStore::new(outbox.clone())),
                outbox: Arc::new(outbox),
                probe: None,
                sqlite: None,
            });
        }
        Database::Sqlite(path) => path,
    };
    let cannot = || format!("DATABASE_URL: cannot open {}", path.display());
    let stores = if config.environment == Environment::Development {
        SqliteStores::open(path).await.with_context(cannot)?
    } else {
        let stores = SqliteStores::open_without_migrating(path).await.with_context(cannot)?;
        let pending = stores.pending_migrations().await.with_context(cannot)?;
        if !pending.is_empty() {
            bail!("DATABASE_URL: migrations are pending ({}); run `wartel-service migrate`", pending.len());
        }
        stores
    };
    let shared = Arc::new(stores.clone());
    Ok(Stores {
        otp: shared.clone(),
        registration: shared.clone(),
        outbox: shared.clone(),
        probe: Some(shared),
        sqlite: Some(stores),
    })
}
