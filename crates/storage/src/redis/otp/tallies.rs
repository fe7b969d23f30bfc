//! How many challenges began and how many of them were done.
//!
//! A hash for each kind: under `<slot>b` how many began, under `<slot>d` how many were done. A sorted set says which
//! spans there are, oldest first.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use redis::Value;
use tokio::time::Instant;
use wartel_core::{StoreError, Timestamp};
use wartel_otp::{Tally, TallyStore};

use crate::redis::RedisStores;
use crate::redis::error::{RedisFailure, unreadable};
use crate::redis::link::{Repeat, STEP_TIME};
use crate::redis::script::{FORGET_TALLIES, READ_TALLIES, TALLY};

/// How long a kind of tally lives after the latest addition, if nobody deletes it. Longer than anybody looks back.
const LIFE: Duration = Duration::from_secs(32 * 86_400);

/// How many tallies one script deletes at the most.
const CHUNK: usize = 200;

const ADD: &str = "otp.add_tallies";
const READ: &str = "otp.tallies";
const PURGE: &str = "otp.purge_tallies";

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl TallyStore for RedisStores {
    async fn add_tallies(&self, tallies: Vec<Tally>) -> Result<(), StoreError> {
        if tallies.is_empty() {
            return Ok(());
        }
        let keys = &self.inner.otp.keys;
        let mut call = TALLY.call();
        call.key(&keys.slots());
        call.number(LIFE.as_millis());
        for tally in &tallies {
            call.key_argument(&keys.tallies(&tally.key));
            call.number(tally.slot.as_micros());
            call.argument(member(tally.slot, &tally.key));
            call.number(tally.begun);
            call.number(tally.done);
        }
        // Adding twice would count twice.
        let added = self.inner.link.call(&call, Repeat::Never, Instant::now() + STEP_TIME).await;
        added.map(|_| ()).map_err(|failure| failure.at(ADD))
    }

    async fn tallies(&self, keys: Vec<String>, since: Timestamp) -> Result<Vec<Tally>, StoreError> {
        let keys: BTreeSet<String> = keys.into_iter().collect();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        // One script, so that what was added at once is seen at once.
        let mut call = READ_TALLIES.call();
        for key in &keys {
            call.key(&self.inner.otp.keys.tallies(key));
        }
        let reply = self.inner.link.call(&call, Repeat::Safe, Instant::now() + STEP_TIME).await;
        let Value::Array(hashes) = reply.map_err(|failure| failure.at(READ))?.value else {
            return Err(RedisFailure::SHAPE.at(READ));
        };
        let mut found = Vec::new();
        for (key, hash) in keys.iter().zip(&hashes) {
            let Value::Array(fields) = hash else { return Err(RedisFailure::SHAPE.at(READ)) };
            let slots = read(fields).ok_or_else(|| unreadable(READ, "tally"))?;
            let recent = slots.range(since..);
            found.extend(recent.map(|(slot, (begun, done))| Tally::new(key.as_str(), *slot, *begun, *done)));
        }
        Ok(found)
    }

    async fn purge_tallies(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let deadline = Instant::now() + STEP_TIME;
        let keys = &self.inner.otp.keys;
        let list = keys.slots();
        let mut gone = 0;
        while gone < limit && Instant::now() < deadline {
            let until = i64::MIN..=before.as_micros().saturating_sub(1);
            let room = (limit - gone).min(CHUNK);
            let members = self.over(PURGE, &list, until, 0, room, deadline).await?;
            if members.is_empty() {
                break;
            }
            let mut call = FORGET_TALLIES.call();
            call.key(&list);
            for name in &members {
                let (slot, key) = tally(name).ok_or_else(|| unreadable(PURGE, "tally"))?;
                call.key_argument(&keys.tallies(key));
                call.number(slot.as_micros());
                call.argument(name.as_slice());
            }
            let reply = self.inner.link.call(&call, Repeat::Safe, deadline).await;
            let Value::Int(deleted) = reply.map_err(|failure| failure.at(PURGE))?.value else {
                return Err(RedisFailure::SHAPE.at(PURGE));
            };
            gone += usize::try_from(deleted).unwrap_or_default();
        }
        Ok(gone)
    }
}

fn member(slot: Timestamp, key: &str) -> String {
    format!("{}/{key}", slot.as_micros())
}

/// Reads back what [`member`] gave.
fn tally(member: &[u8]) -> Option<(Timestamp, &str)> {
    let (slot, key) = std::str::from_utf8(member).ok()?.split_once('/')?;
    Some((Timestamp::from_micros(slot.parse().ok()?), key))
}

/// The sums of each slot; `None` if a field is not ours.
fn read(fields: &[Value]) -> Option<BTreeMap<Timestamp, (u32, u32)>> {
    let text = |value: &Value| match value {
        Value::BulkString(bytes) => String::from_utf8(bytes.clone()).ok(),
        _ => None,
    };
    let mut slots: BTreeMap<Timestamp, (u32, u32)> = BTreeMap::new();
    for pair in fields.chunks_exact(2) {
        let [field, value] = pair else { return None };
        let (field, sum): (_, u64) = (text(field)?, text(value)?.parse().ok()?);
        let sum = u32::try_from(sum).unwrap_or(u32::MAX);
        let micros = |digits: &str| digits.parse().ok().map(Timestamp::from_micros);
        if let Some(slot) = field.strip_suffix('b') {
            slots.entry(micros(slot)?).or_default().0 = sum;
        } else {
            slots.entry(micros(field.strip_suffix('d')?)?).or_default().1 = sum;
        }
    }
    Some(slots)
}
