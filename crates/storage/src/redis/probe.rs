//! Asking the server whether it can do its work.

use redis::{Value, cmd};
use tokio::time::Instant;
use wartel_core::{Probe, ProbeFailure, ProbeFailureKind};

use super::RedisStores;
use super::error::RedisFailure;
use super::link::{Link, Repeat, STEP_TIME};
use super::script::WRITE;

/// The sections of `INFO` that are looked at.
const SECTIONS: [&str; 4] = ["server", "memory", "persistence", "replication"];

/// The oldest version whose scripts say what was wrong in the words that are understood here.
const OLDEST: u32 = 7;

#[async_trait::async_trait]
impl Probe for RedisStores {
    /// `redis`.
    fn name(&self) -> &'static str {
        "redis"
    }

    /// Looks whether the server keeps what it is told (`maxmemory-policy noeviction`, `appendonly yes`, not a
    /// replica) and is new enough, and whether it takes a script that writes, all within 2 s.
    async fn probe(&self) -> Result<(), ProbeFailure> {
        let deadline = Instant::now() + STEP_TIME;
        let info = info(&self.inner.link, deadline).await.map_err(|failure| in_words(&failure))?;
        check(&info)?;
        let mut write = WRITE.call();
        write.key(&format!("{{{}}}:probe", self.inner.tag));
        let written = self.inner.link.call(&write, Repeat::Safe, deadline).await;
        written.map(|_| ()).map_err(|failure| in_words(&failure))
    }
}

async fn info(link: &Link, deadline: Instant) -> Result<String, RedisFailure> {
    let mut all = String::new();
    for section in SECTIONS {
        let reply = link.ask(cmd("INFO").arg(section), Repeat::Safe, deadline).await?;
        match reply.value {
            Value::BulkString(bytes) => all.push_str(&String::from_utf8_lossy(&bytes)),
            Value::SimpleString(text) | Value::VerbatimString { text, .. } => all.push_str(&text),
            _ => return Err(RedisFailure::SHAPE),
        }
        all.push('\n');
    }
    Ok(all)
}

fn check(info: &str) -> Result<(), ProbeFailure> {
    let field = |name: &str| {
        let mut lines = info.lines().filter_map(|line| line.trim().split_once(':'));
        lines.find_map(|(field, value)| (field == name).then_some(value)).unwrap_or_default()
    };
    let misconfigured = |reason: &str| Err(ProbeFailure::new(ProbeFailureKind::Misconfigured, reason));
    let version = field("redis_version").split('.').next().and_then(|major| major.parse::<u32>().ok());
    if version.is_none_or(|major| major < OLDEST) {
        return misconfigured("the Redis server is too old: it must be version 7 or newer");
    }
    if field("role") == "slave" {
        return misconfigured(
            "the Redis server is a replica, which cannot be written: connect to its master",
        );
    }
    if field("maxmemory_policy") != "noeviction" {
        return misconfigured(
            "the Redis server may throw away what it was told to keep: set maxmemory-policy to noeviction",
        );
    }
    if field("aof_enabled") != "1" {
        return misconfigured("the Redis server forgets everything when it restarts: set appendonly to yes");
    }
    if field("aof_last_write_status") == "err" {
        return Err(ProbeFailure::new(
            ProbeFailureKind::Unavailable,
            "the Redis server cannot write its append-only file: look at its disk",
        ));
    }
    Ok(())
}

fn in_words(failure: &RedisFailure) -> ProbeFailure {
    let (kind, reason) = match failure.code() {
        _ if failure.is_wrong_credentials() => (
            ProbeFailureKind::Misconfigured,
            "the Redis server refuses the user or the password: look at REDIS_URL".to_owned(),
        ),
        Some("NOPERM") => (
            ProbeFailureKind::Misconfigured,
            "the user of the Redis server has not the right to run INFO, EVAL or what the scripts do".to_owned(),
        ),
        Some("READONLY") => (
            ProbeFailureKind::Misconfigured,
            "the Redis server is a replica, which cannot be written: connect to its master".to_owned(),
        ),
        Some("MOVED" | "ASK" | "CROSSSLOT") => (
            ProbeFailureKind::Misconfigured,
            "the Redis server is a node of a cluster that does not serve these keys: connect to the one that does"
                .to_owned(),
        ),
        _ => (ProbeFailureKind::Unavailable, failure.to_string()),
    };
    ProbeFailure::new(kind, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(role: &str, policy: &str, aof: &str, status: &str) -> String {
        format!(
            "# Server\r\nredis_version:7.0.15\r\n\n# Memory\r\nused_memory:1\r\nmaxmemory_policy:{policy}\r\n\n# Persistence\r\naof_enabled:{aof}\r\n\
             aof_last_write_status:{status}\r\n\n# Replication\r\nrole:{role}\r\n"
        )
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(check(&info("master", "noeviction", "1", "ok")), Ok(()));
        for (info, word) in [
            (info("slave", "noeviction", "1", "ok"), "replica"),
            (info("master", "allkeys-lru", "1", "ok"), "maxmemory-policy"),
            (info("master", "volatile-ttl", "1", "ok"), "maxmemory-policy"),
            (info("master", "noeviction", "0", "ok"), "appendonly"),
            (info("master", "noeviction", "1", "err"), "disk"),
            (info("master", "noeviction", "1", "ok").replace("7.0.15", "6.2.6"), "version 7"),
            (String::new(), "version 7"),
        ] {
            let failure = check(&info).unwrap_err();
            assert!(failure.reason().contains(word), "{failure}");
        }
    }
}
