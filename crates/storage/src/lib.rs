//! Wartel's store ports on databases.
//!
//! For apps and services that want what the memory stores do, but durable: one value implements the store ports of
//! all domains that are compiled in, on one SQLite file (`SqliteStores`) or in one Postgres database, which many
//! instances may share (`PostgresStores`). `RedisStores` has the stores of one-time codes only: what is found by more than
//! one key and kept for months, such as chats, leads and what came in, belongs into a database.
//!
#![cfg_attr(all(feature = "sqlite", feature = "otp"), doc = "```")]
#![cfg_attr(not(all(feature = "sqlite", feature = "otp")), doc = "```ignore")]
//! use wartel_core::{Country, PhoneNumber, Probe as _, TenantId, Timestamp};
//! use wartel_otp::{OtpStore as _, Purpose, store::Target};
//! use wartel_storage::SqliteStores;
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("otp.db");
//! let stores = SqliteStores::open(path).await?; // or "otp.db", or "sqlite://data/otp.db"
//! stores.probe().await?;
//!
//! // Usually an engine asks: `OtpService::builder(secret).store(Arc::new(stores.clone()))`.
//! let phone = PhoneNumber::parse("081234567890", Country::INDONESIA)?;
//! let target = Target::Phone { phone, purpose: Purpose::REGISTRATION, client: None };
//! assert!(stores.get(&TenantId::default(), &target, Timestamp::EPOCH).await?.is_none());
//!
//! stores.close().await;
//! # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
//! ```
//!
//! With Postgres only the first line differs:
//!
#![cfg_attr(feature = "postgres", doc = "```no_run")]
#![cfg_attr(not(feature = "postgres"), doc = "```ignore")]
//! # async fn connect() -> Result<(), wartel_core::StoreError> {
//! use wartel_storage::PostgresStores;
//!
//! let stores = PostgresStores::connect("postgres://wartel@localhost/wartel").await?; // or from_pool(pool)
//! stores.migrate().await?; // never done unasked
//! # Ok(()) }
//! ```
//!
//! # Features
//!
//! An engine and the domains whose stores are wanted; each adds its tables, which all begin with `wartel_`.
//!
//! | feature | adds |
//! |---|---|
//! | `sqlite` | `SqliteStores`; builds SQLite, which needs a C compiler |
//! | `postgres` | `PostgresStores`; sqlx with rustls, needs PostgreSQL 13 or newer |
//! | `redis` | `RedisStores`, with the domain `otp` only; redis with rustls, needs Redis 7 or newer |
//! | `otp` | `wartel_otp::{OtpStore, ReverseStore, TallyStore}` |
//! | `messaging` | `wartel_messaging::outbox::Outbox`, `wartel_messaging::pairing::PairingStore` and `wartel_messaging::accounts::AccountStore` |
//! | `access` | `wartel_access::ApiKeyStore` and `wartel_access::AuditLog` |
//! | `bot` | `wartel_bot`'s stores of chats, leads, shops, items, spending and admin commands; brings `messaging` |
//! | `registration` | `wartel_registration::RegistrationStore`; brings `messaging` |
//!
//! # Why not a pool of connections?
//!
//! SQLite has one writer at a time, so a pool only queues for it, and each of its members pays for a commit of its
//! own. Here one thread writes: what waits for it shares one transaction and one sync of the disk. With 64 tasks
//! that is many times faster, and no task is told "done" before its step is durable. Reads have threads of their
//! own and never wait for a commit.
//!
//! # Why not a statement for each step on Postgres?
//!
//! A step reads and changes several rows under one lock, so it would be a transaction of four or five statements, and
//! all of them would wait for the budget of the tenant one after the other. Steps that wait at the same time share a
//! transaction instead: with 64 tasks a whole step costs what one bare UPSERT on a pool costs.
//!
//! # Why are the rules not in the scripts of Redis?
//!
//! Because they would be written twice, in two languages. A step runs in Rust on what was read; one script looks
//! whether that is still so and writes everything, or nothing, and then the step runs again. Where a phone is most
//! likely new nothing is read before: such a step is one script.
//!
//! # Why not sqlx for SQLite?
//!
//! For the same reason: its connections are asynchronous, one step each. This crate can live in one program with
//! sqlx 0.9, they share the same `libsqlite3-sys`.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(all(feature = "messaging", any(feature = "sqlite", feature = "postgres")))]
mod inbox_rows;

#[cfg(all(feature = "bot", any(feature = "sqlite", feature = "postgres")))]
mod bot_rows;

#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod migration;

#[cfg(any(feature = "postgres", feature = "redis"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "postgres", feature = "redis"))))]
pub mod clock;

#[cfg(feature = "postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
pub mod postgres;

#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub mod redis;

#[cfg(feature = "sqlite")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
pub mod sqlite;

#[cfg(feature = "postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
pub use postgres::PostgresStores;

#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use redis::RedisStores;

#[cfg(feature = "sqlite")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
pub use sqlite::SqliteStores;
