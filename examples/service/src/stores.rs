//! Where state is kept: the ports on the database that was chosen.

use std::sync::Arc;

use anyhow::{Context, bail};
use wartel_access::{ApiKeyStore, AuditLog, MemoryApiKeyStore, MemoryAuditLog};
use wartel_bot::admin::{AdminStore, MemoryAdminStore};
use wartel_bot::catalogue::{CatalogueStore, MemoryCatalogueStore};
use wartel_bot::conversation::{ConversationStore, MemoryConversationStore};
use wartel_bot::lead::{LeadStore, MemoryLeadStore};
use wartel_bot::spend::{MemorySpendStore, SpendStore};
use wartel_bot::tenant::{MemoryTenantStore, TenantStore};
use wartel_core::{Probe, Secret, StoreError};
use wartel_messaging::accounts::{AccountStore, MemoryAccountStore};
use wartel_messaging::inbox::{Inbox, MemoryInbox};
use wartel_messaging::outbox::{MemoryOutbox, Outbox};
use wartel_messaging::pairing::{MemoryPairingStore, PairingStore};
use wartel_otp::{MemoryOtpStore, MemoryTallies, OtpStore, TallyStore};
use wartel_registration::{MemoryRegistrationStore, RegistrationStore};
use wartel_storage::clock::TimeSource;
use wartel_storage::postgres::PostgresStores;
use wartel_storage::redis::RedisStores;
use wartel_storage::sqlite::SqliteStores;

use crate::config::{Config, Database, Environment};

/// The store ports, and what answers for their readiness.
pub(crate) struct Stores {
    pub(crate) otp: Arc<dyn OtpStore>,
    pub(crate) tallies: Arc<dyn TallyStore>,
    pub(crate) registration: Arc<dyn RegistrationStore>,
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) accounts: Arc<dyn AccountStore>,
    pub(crate) pairings: Arc<dyn PairingStore>,
    pub(crate) inbox: Arc<dyn Inbox>,
    pub(crate) api_keys: Arc<dyn ApiKeyStore>,
    pub(crate) audit: Arc<dyn AuditLog>,
    pub(crate) bot: BotStores,
    pub(crate) probes: Vec<Arc<dyn Probe>>,
    /// Whose time all instances go by, if several share it.
    pub(crate) time: Option<Arc<dyn TimeSource>>,
    pub(crate) engine: Engine,
}

/// The ports of the assistant.
#[derive(Clone)]
pub(crate) struct BotStores {
    pub(crate) conversations: Arc<dyn ConversationStore>,
    pub(crate) leads: Arc<dyn LeadStore>,
    pub(crate) tenants: Arc<dyn TenantStore>,
    pub(crate) catalogue: Arc<dyn CatalogueStore>,
    pub(crate) spend: Arc<dyn SpendStore>,
    pub(crate) admin: Arc<dyn AdminStore>,
}

impl BotStores {
    fn in_memory() -> Self {
        Self {
            conversations: Arc::new(MemoryConversationStore::new()),
            leads: Arc::new(MemoryLeadStore::new()),
            tenants: Arc::new(MemoryTenantStore::new()),
            catalogue: Arc::new(MemoryCatalogueStore::new()),
            spend: Arc::new(MemorySpendStore::new()),
            admin: Arc::new(MemoryAdminStore::new()),
        }
    }

    /// All of them on one database.
    fn on<T>(shared: &Arc<T>) -> Self
    where
        T: ConversationStore + LeadStore + TenantStore + CatalogueStore + SpendStore + AdminStore,
    {
        Self {
            conversations: shared.clone(),
            leads: shared.clone(),
            tenants: shared.clone(),
            catalogue: shared.clone(),
            spend: shared.clone(),
            admin: shared.clone(),
        }
    }
}

/// The database itself.
#[derive(Debug, Clone)]
pub(crate) enum Engine {
    Memory,
    Sqlite(SqliteStores),
    Postgres(PostgresStores),
}

impl Engine {
    /// Opens the database and changes nothing in it.
    pub(crate) async fn open(database: &Database) -> Result<Self, StoreError> {
        Ok(match database {
            Database::Memory => Self::Memory,
            Database::Sqlite(path) => Self::Sqlite(SqliteStores::open_without_migrating(path).await?),
            Database::Postgres(config) => Self::Postgres(PostgresStores::open(config).await?),
        })
    }

    /// How many migrations are pending.
    pub(crate) async fn pending_migrations(&self) -> Result<usize, StoreError> {
        Ok(match self {
            Self::Memory => 0,
            Self::Sqlite(stores) => stores.pending_migrations().await?.len(),
            Self::Postgres(stores) => stores.pending_migrations().await?.len(),
        })
    }

    /// Brings the schema up to date and answers how many migrations were applied.
    pub(crate) async fn migrate(&self) -> Result<usize, StoreError> {
        Ok(match self {
            Self::Memory => 0,
            Self::Sqlite(stores) => stores.migrate().await?.len(),
            Self::Postgres(stores) => stores.migrate().await?.len(),
        })
    }

    /// Where is counted what the engine has seen; `None` if it is gone with the process.
    pub(crate) fn tallies(&self) -> Option<Arc<dyn TallyStore>> {
        match self {
            Self::Memory => None,
            Self::Sqlite(stores) => Some(Arc::new(stores.clone())),
            Self::Postgres(stores) => Some(Arc::new(stores.clone())),
        }
    }

    /// Where accounts are kept; `None` if they are gone with the process.
    pub(crate) fn accounts(&self) -> Option<Arc<dyn AccountStore>> {
        match self {
            Self::Memory => None,
            Self::Sqlite(stores) => Some(Arc::new(stores.clone())),
            Self::Postgres(stores) => Some(Arc::new(stores.clone())),
        }
    }

    /// Answers whether it can be read and written.
    pub(crate) fn probe(&self) -> Option<Arc<dyn Probe>> {
        match self {
            Self::Memory => None,
            Self::Sqlite(stores) => Some(Arc::new(stores.clone())),
            Self::Postgres(stores) => Some(Arc::new(stores.clone())),
        }
    }

    /// Finishes what waits and closes the connections.
    pub(crate) async fn close(&self) {
        match self {
            Self::Memory => {}
            Self::Sqlite(stores) => stores.close().await,
            Self::Postgres(stores) => stores.close().await,
        }
    }
}

/// Opens the database. In development its schema is brought up to date; elsewhere that is `migrate`'s work.
pub(crate) async fn open(config: &Config) -> anyhow::Result<Stores> {
    let cannot = || format!("DATABASE_URL: cannot open {}", config.database.shown());
    let engine = Engine::open(&config.database).await.with_context(cannot)?;
    if config.environment == Environment::Development {
        engine.migrate().await.with_context(cannot)?;
    } else {
        let pending = engine.pending_migrations().await.with_context(cannot)?;
        if pending > 0 {
            engine.close().await;
            bail!("DATABASE_URL: migrations are pending ({pending}); run `wartel-service migrate`");
        }
    }
    let stores = assemble(engine);
    match &config.redis {
        Some(url) => with_redis(stores, url).await,
        None => Ok(stores),
    }
}

/// All ports on the database.
fn assemble(engine: Engine) -> Stores {
    let probes = engine.probe().into_iter().collect();
    match &engine {
        Engine::Memory => {
            let outbox = MemoryOutbox::default();
            let audit = MemoryAuditLog::default();
            Stores {
                otp: Arc::new(MemoryOtpStore::new()),
                tallies: Arc::new(MemoryTallies::default()),
                registration: Arc::new(MemoryRegistrationStore::new(outbox.clone())),
                outbox: Arc::new(outbox),
                accounts: Arc::new(MemoryAccountStore::new()),
                pairings: Arc::new(MemoryPairingStore::new()),
                inbox: Arc::new(MemoryInbox::new()),
                api_keys: Arc::new(MemoryApiKeyStore::new(audit.clone())),
                audit: Arc::new(audit),
                bot: BotStores::in_memory(),
                probes,
                time: None,
                engine,
            }
        }
        Engine::Sqlite(stores) => {
            let shared = Arc::new(stores.clone());
            Stores {
                otp: shared.clone(),
                tallies: shared.clone(),
                registration: shared.clone(),
                outbox: shared.clone(),
                accounts: shared.clone(),
                pairings: shared.clone(),
                inbox: shared.clone(),
                api_keys: shared.clone(),
                bot: BotStores::on(&shared),
                audit: shared,
                probes,
                time: None,
                engine,
            }
        }
        Engine::Postgres(stores) => {
            let shared = Arc::new(stores.clone());
            Stores {
                otp: shared.clone(),
                tallies: shared.clone(),
                registration: shared.clone(),
                outbox: shared.clone(),
                accounts: shared.clone(),
                pairings: shared.clone(),
                inbox: shared.clone(),
                api_keys: shared.clone(),
                audit: shared.clone(),
                bot: BotStores::on(&shared),
                probes,
                time: Some(shared),
                engine,
            }
        }
    }
}

/// Codes and checks on Redis, the rest stays where it is. The time is the database's if that is shared, too: all
/// instances must go by the same clock, whichever it is.
async fn with_redis(stores: Stores, url: &Secret) -> anyhow::Result<Stores> {
    let redis = RedisStores::connect(url.expose()).await.context("REDIS_URL: cannot use the Redis server")?;
    let shared = Arc::new(redis);
    let mut probes = stores.probes;
    probes.push(shared.clone());
    let time = stores.time.or_else(|| Some(shared.clone() as Arc<dyn TimeSource>));
    Ok(Stores { otp: shared.clone(), tallies: shared, probes, time, ..stores })
}
