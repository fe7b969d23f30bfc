//! One server for all cases, and keys of its own for each.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Client, cmd};
use wartel_core::{TenantId, Timestamp};
use wartel_otp::store::{Admission, LeasedSend, Target};
use wartel_otp::testing::{T0, admit_for, client, phone_number};
use wartel_otp::{ChallengeId, OtpStore, VerificationId};
use wartel_storage::RedisStores;

use super::server::Server;

static SHARED: OnceLock<Server> = OnceLock::new();
static COUNT: AtomicU32 = AtomicU32::new(0);

pub(super) fn at(seconds: u64) -> Timestamp {
    T0 + Duration::from_secs(seconds)
}

/// The address of the server that all cases share, and a tag that no other case has.
pub(super) async fn database() -> (String, String) {
    let server = tokio::task::spawn_blocking(shared).await.unwrap();
    (server.url(), format!("test-{}", COUNT.fetch_add(1, Ordering::Relaxed)))
}

/// Empty stores for a case of a suite.
pub(super) async fn fresh() -> RedisStores {
    let (url, tag) = database().await;
    stores(&url, &tag).await
}

/// Stores with a connection of their own, as one of several instances has them.
pub(super) async fn stores(url: &str, tag: &str) -> RedisStores {
    RedisStores::connect(url).await.unwrap().with_tag(tag).unwrap()
}

/// A connection beside those of the stores.
pub(super) async fn connection(url: &str) -> MultiplexedConnection {
    Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap()
}

/// The keys with a tag.
pub(super) async fn keys(connection: &mut MultiplexedConnection, tag: &str) -> Vec<String> {
    let mut keys: Vec<String> =
        cmd("KEYS").arg(format!("{{{tag}}}:*")).query_async(connection).await.unwrap();
    keys.sort();
    keys
}

/// A code for a phone, in the default tenant.
pub(super) async fn given(store: &impl OtpStore, n: u32, now: Timestamp) -> (VerificationId, LeasedSend) {
    match store.admit(admit_for(&phone_number(n)).client(client(1)).build(), now).await.unwrap() {
        Admission::Send { view, send, .. } => (view.id, send),
        other => panic!("{other:?}"),
    }
}

/// The challenge behind an id.
pub(super) async fn live(store: &impl OtpStore, id: VerificationId, now: Timestamp) -> ChallengeId {
    let snapshot = store.get(&TenantId::default(), &Target::Id(id), now).await.unwrap().unwrap();
    snapshot.live.unwrap().id
}

/// How many times as many rounds as usual.
pub(super) fn rounds(usual: u32) -> u32 {
    let times = std::env::var("WARTEL_LONG").ok().and_then(|times| times.parse().ok()).unwrap_or(1);
    usual * std::cmp::max(1, times)
}

fn shared() -> &'static Server {
    SHARED.get_or_init(|| {
        let server = Server::start();
        server.end_with_this_program();
        server
    })
}
