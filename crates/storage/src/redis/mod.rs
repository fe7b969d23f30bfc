//! The OTP stores on Redis, for many instances: codes that we send, codes that are sent to us, and tallies.
//!
//! The rules are those of every store, in Rust. A step is run on what was read; then one script looks whether that is
//! still so and writes everything, or nothing: then the step is run again on what the script found. So the script
//! knows nothing of the rules, and nobody waits for a lock that a stopped process holds. A step that follows another one
//! on the same phone begins with what that one left, and reads nothing: if that was not so any more, the script says so.
//!
//! # Keys
//!
//! All keys of one installation begin with the same hash tag, `{wartel}:` unless told otherwise:
//!
//! | key | what | lives |
//! |---|---|---|
//! | `p:TENANT/PHONE` | string: a version, then the ledger of the phone as JSON | until all of it is over |
//! | `l:LOCATOR` | string: to whom an id, a proof's hash or a message id leads | a day longer |
//! | `b:BUDGET` | list: the latest events of a budget that is shared | ten minutes longer than its window |
//! | `r:LOCATOR` | string: receipts whose message is not known yet | two days |
//! | `t:TALLY` | hash: the sums of each span of time | 32 days after the latest addition |
//! | `ends` | sorted set: when which phone has to be looked at, or to be cleaned up | ten minutes longer than they |
//! | `receipts`, `tallies` | sorted sets: what began when | as long as the longest of them |
//!
//! Every key expires by itself an hour after its end at the latest that was known when it was written, whether
//! anybody cleans up or not; budgets go in this way only. The spans are reckoned from the time that is handed in, and pass on the server's clock.
//!
//! Why one tag for all tenants: a receipt names a provider's message and no tenant, budgets may be shared by tenants,
//! and so may the sets in which the worker looks. Each of them is written in one script together with a phone. On a
//! cluster all keys of one installation therefore lie on one node, and the address must be that node's.
//!
//! # What the server must be
//!
//! Redis 7 or newer, or a server that speaks as it does, with `maxmemory-policy noeviction` and `appendonly yes`; the
//! [`Probe`](wartel_core::Probe) looks. With any other policy a full server would throw away counters of failed
//! checks, and a restart without the file would forget them all. With `appendfsync always` an answer means that
//! the step is in that file; with `everysec`, the default, a server or a machine that dies may lose the last second of
//! it, and a failover to a replica what was not replicated. Whoever cannot bear that uses `appendfsync always`, or SQL.

mod clock;
mod deadline;
mod error;
mod link;
#[cfg(feature = "otp")]
mod otp;
mod probe;
mod script;

use std::fmt;
use std::sync::Arc;

use redis::Client;
use redis::aio::ConnectionManager;
use rustls::crypto::CryptoProvider;
use wartel_core::{StoreError, StoreErrorKind};

pub use error::RedisFailure;

use link::Link;

const CONNECT: &str = "redis.connect";

/// The hash tag of keys unless told otherwise.
const TAG: &str = "wartel";

/// The longest hash tag.
const LONGEST_TAG: usize = 64;

/// The OTP stores in a Redis database (version 7 or newer). Clones share the same connection.
///
/// # Behavior
/// - An answer means that the step is in the server's append-only file; see the [module](self) for what that is worth.
/// - A step that has no answer after 2 s fails with [`StoreErrorKind::Unavailable`]. Whether it was taken is not known
///   then, but it will not be taken any more: a server that hung and goes on refuses to write, by its own clock, what
///   nobody waits for. The clock is asked for every 30 s.
/// - A restart of the server within that time is waited for. An answer that was lost is asked for again: every step
///   carries a version of its own, by which a step that was already taken is known. Only an addition to tallies is not
///   tried again.
/// - Any number of processes may share a database. Of steps on one phone that meet, one is taken and the others are
///   run again on what it left; within one process they wait for each other.
/// - No task runs while there is nothing to do.
///
/// What is stored: no code and no proof, only what they can be checked with. Phone numbers, names for greetings and
/// addresses of clients are stored as they are; the server's `MONITOR` and `SLOWLOG` show them too.
#[derive(Clone)]
pub struct RedisStores {
    inner: Arc<Inner>,
}

struct Inner {
    link: Link,
    tag: Box<str>,
    #[cfg(feature = "otp")]
    otp: otp::Otp,
}

impl RedisStores {
    /// Connects to an address such as `redis://user:password@host:6379/0`, `rediss://…` for TLS with the system's
    /// certificates, or `redis+unix:///path/to/socket`. Over TLS, a process that has not chosen its cryptography (the
    /// default `CryptoProvider` of rustls) gets aws-lc-rs.
    ///
    /// # Errors
    /// [`StoreError`] if the address cannot be read ([`StoreErrorKind::Unexpected`]) or the server cannot be reached
    /// or refuses within 2 s ([`StoreErrorKind::Unavailable`]). Its source says what is wrong; the address, which
    /// holds a password, stands in neither.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let client = Client::open(url).map_err(|_| {
            StoreError::new(StoreErrorKind::Unexpected, CONNECT)
                .with_source("the address is not of the form redis://user:password@host:6379/0")
        })?;
        if url.starts_with("rediss:") && CryptoProvider::get_default().is_none() {
            // The driver asks for the one of the process, and panics where there are two to choose from.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        }
        let stores = Self::from_client(client);
        stores.inner.link.ping().await.map_err(|failure| failure.at(CONNECT))?;
        Ok(stores)
    }

    /// Uses the app's own client for a connection of this crate's own, which is made with the first step.
    #[must_use]
    pub fn from_client(client: Client) -> Self {
        Self::new(Link::new(client), TAG)
    }

    /// Uses the app's own connection. How it reconnects, and how long it waits for an answer, is the app's choice: the
    /// driver's defaults give up on an answer after 500 ms. A step ends after 2 s all the same.
    #[must_use]
    pub fn from_manager(manager: ConnectionManager) -> Self {
        Self::new(Link::managed(manager), TAG)
    }

    /// The same connection with another hash tag than `wartel`, for installations that share a database. Its keys
    /// begin with the tag in braces and a colon.
    ///
    /// # Errors
    /// [`StoreError`] of the kind [`StoreErrorKind::Unexpected`] unless the tag is 1 to 64 ASCII letters, digits,
    /// `_`, `-`, `.` or `:`.
    pub fn with_tag(self, tag: &str) -> Result<Self, StoreError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte);
        if !matches!(tag.len(), 1..=LONGEST_TAG) || !tag.bytes().all(allowed) {
            return Err(StoreError::new(StoreErrorKind::Unexpected, CONNECT)
                .with_source("a tag of keys is 1 to 64 letters, digits, `_`, `-`, `.` or `:`"));
        }
        Ok(Self::new(self.inner.link.clone(), tag))
    }

    fn new(link: Link, tag: &str) -> Self {
        Self {
            inner: Arc::new(Inner {
                link,
                tag: tag.into(),
                #[cfg(feature = "otp")]
                otp: otp::Otp::new(tag),
            }),
        }
    }
}

impl fmt::Debug for RedisStores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStores").finish_non_exhaustive()
    }
}
