//! What time it is on the server.

use redis::{Value, cmd};
use tokio::time::Instant;
use wartel_core::{StoreError, Timestamp};

use super::RedisStores;
use super::error::RedisFailure;
use super::link::{Repeat, STEP_TIME};
use crate::clock::{Reading, TimeSource};

const STEP: &str = "redis.time";

#[async_trait::async_trait]
impl TimeSource for RedisStores {
    async fn read_time(&self) -> Result<Reading, StoreError> {
        let asked = Instant::now();
        let reply = self.inner.link.ask(&cmd("TIME"), Repeat::Safe, asked + STEP_TIME).await;
        let time = time(&reply.map_err(|failure| failure.at(STEP))?.value);
        Ok(Reading::new(time.ok_or_else(|| RedisFailure::SHAPE.at(STEP))?, asked, Instant::now()))
    }
}

/// Seconds, and microseconds within the second.
pub(super) fn time(answer: &Value) -> Option<Timestamp> {
    let Value::Array(parts) = answer else { return None };
    let [Value::BulkString(seconds), Value::BulkString(micros)] = parts.as_slice() else { return None };
    let number = |digits: &[u8]| std::str::from_utf8(digits).ok()?.parse::<i64>().ok();
    let seconds = number(seconds)?.checked_mul(1_000_000)?;
    Some(Timestamp::from_micros(seconds.checked_add(number(micros)?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_read() {
        let text = |text: &str| Value::BulkString(text.into());
        let answer = Value::Array(vec![text("1767225600"), text("42")]);
        assert_eq!(time(&answer), Some(Timestamp::from_micros(1_767_225_600_000_042)));
        for bad in [Value::Nil, Value::Array(vec![text("1")]), Value::Array(vec![text("a"), text("1")])] {
            assert_eq!(time(&bad), None);
        }
    }
}
