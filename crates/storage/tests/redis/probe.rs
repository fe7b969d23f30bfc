//! What the probe says of servers that are not as they must be.

use redis::cmd;
use wartel_core::{Probe as _, ProbeFailureKind, StoreErrorKind};
use wartel_otp::OtpStore as _;
use wartel_otp::testing::{T0, admit_for, sample_phone};
use wartel_storage::RedisStores;

use super::server::Server;
use super::support::{connection, keys, stores};

const KEPT: [&str; 4] = ["--appendonly", "yes", "--maxmemory-policy", "noeviction"];

async fn server(settings: Vec<&'static str>) -> Server {
    tokio::task::spawn_blocking(move || Server::with(&settings)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn a_server_that_does_not_keep_what_it_is_told_is_named() {
    let good = server(KEPT.to_vec()).await;
    RedisStores::connect(&good.url()).await.unwrap().probe().await.unwrap();
    for (settings, word) in [
        (vec!["--appendonly", "no", "--maxmemory-policy", "noeviction"], "appendonly"),
        (vec!["--appendonly", "yes", "--maxmemory-policy", "allkeys-lru"], "maxmemory-policy"),
        (vec!["--appendonly", "yes", "--maxmemory-policy", "volatile-ttl"], "maxmemory-policy"),
    ] {
        let bad = server(settings).await;
        let failure = RedisStores::connect(&bad.url()).await.unwrap().probe().await.unwrap_err();
        assert_eq!(failure.kind(), ProbeFailureKind::Misconfigured);
        assert!(failure.reason().contains(word), "{failure}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn a_replica_is_told_from_a_master_and_changes_nothing() {
    let server = server(KEPT.to_vec()).await;
    let stores = stores(&server.url(), "replica").await;
    let mut direct = connection(&server.url()).await;
    let () = cmd("REPLICAOF").arg("127.0.0.1").arg(1).query_async(&mut direct).await.unwrap();
    let failure = stores.probe().await.unwrap_err();
    assert_eq!(failure.kind(), ProbeFailureKind::Misconfigured);
    assert!(failure.reason().contains("replica"), "{failure}");
    let error = stores.admit(admit_for(&sample_phone()).build(), T0).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Full);
    assert!(keys(&mut direct, "replica").await.is_empty());
    let () = cmd("REPLICAOF").arg("NO").arg("ONE").query_async(&mut direct).await.unwrap();
    stores.probe().await.unwrap();
    stores.admit(admit_for(&sample_phone()).build(), T0).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn a_wrong_password_is_told_and_shown_nowhere() {
    let server = server([&KEPT[..], &["--requirepass", "geheim-123"]].concat()).await;
    let right = server.url() + "?pass=geheim-123";
    RedisStores::connect(&right).await.unwrap().probe().await.unwrap();
    for wrong in [server.url() + "?pass=geheim-124", server.url()] {
        let error = RedisStores::connect(&wrong).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(source, "redis: the user or the password is wrong");
        let lazy = RedisStores::from_client(redis::Client::open(wrong).unwrap());
        let failure = lazy.probe().await.unwrap_err();
        assert_eq!(failure.kind(), ProbeFailureKind::Misconfigured);
        assert!(failure.reason().contains("password"), "{failure}");
    }
    for bad in ["redis://budi:geheim-123@[bad", "geheim-123", "http://geheim-123"] {
        let error = RedisStores::connect(bad).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unexpected);
        let shown = format!("{error:?} {error} {}", std::error::Error::source(&error).unwrap());
        assert!(!shown.contains("geheim"), "{shown}");
    }
    let shown = format!("{:?}", RedisStores::connect(&right).await.unwrap());
    assert_eq!(shown, "RedisStores { .. }");
}

/// A user who may do only what this crate does.
#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn few_rights_are_enough_and_too_few_are_named() {
    let server = server(KEPT.to_vec()).await;
    let mut direct = connection(&server.url()).await;
    let enough = "on >pw ~{wartel}:* -@all +ping +info +time +eval +evalsha +mget +get +getrange +set +del +zadd +zrem \
                  +zcard +zscore +zrangebyscore +lindex +rpush +rpop +ltrim +lrem +pttl +pexpire";
    for (user, rights) in [("enough", enough), ("few", "on >pw ~{wartel}:* -@all +ping +info")] {
        let mut command = cmd("ACL");
        command.arg("SETUSER").arg(user);
        for right in rights.split_whitespace() {
            command.arg(right);
        }
        let () = command.query_async(&mut direct).await.unwrap();
    }
    let url = |user: &str| format!("{}?user={user}&pass=pw", server.url());
    let stores = RedisStores::connect(&url("enough")).await.unwrap();
    stores.probe().await.unwrap();
    stores.admit(admit_for(&sample_phone()).build(), T0).await.unwrap();
    let stores = RedisStores::connect(&url("few")).await.unwrap();
    let failure = stores.probe().await.unwrap_err();
    assert_eq!(failure.kind(), ProbeFailureKind::Misconfigured);
    assert!(failure.reason().contains("right"), "{failure}");
    let error = stores.admit(admit_for(&sample_phone()).build(), T0).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unexpected);
}
