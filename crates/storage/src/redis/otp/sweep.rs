//! The verbs that look for phones themselves: leasing what is due, and cleaning up.

use std::ops::RangeInclusive;

use futures_util::future::join_all;
use redis::{Value, cmd};
use tokio::time::Instant;
use wartel_core::{StoreError, StoreErrorKind, Timestamp};
use wartel_otp::ledger::steps;
use wartel_otp::store::{LeasedSend, Rules};

use super::ends;
use super::run::{Doubt, Start};
use super::transaction::Listed;
use crate::redis::RedisStores;
use crate::redis::error::RedisFailure;
use crate::redis::link::{Repeat, STEP_TIME};
use crate::redis::script::SWEEP;

/// How many phones are cleaned up at once.
const AT_ONCE: usize = 64;

/// How many members of a list one script deletes at the most.
const CHUNK: usize = 200;

const LEASE: &str = "otp.lease_due";
const PURGE: &str = "otp.purge";

pub(super) async fn lease_due(
    stores: &RedisStores,
    limit: usize,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<LeasedSend>, StoreError> {
    let deadline = Instant::now() + STEP_TIME;
    let otp = &stores.inner.otp;
    let mut leased = Vec::new();
    let mut unreadable = 0;
    while leased.len() < limit && Instant::now() < deadline {
        let room = limit - leased.len();
        let members = stores.over(LEASE, &otp.keys.ends(), ends::due(now), unreadable, room, deadline).await;
        let members = match members {
            Ok(members) => members,
            Err(error) if leased.is_empty() => return Err(error),
            // What was leased must be sent.
            Err(_) => break,
        };
        if members.is_empty() {
            break;
        }
        for member in members {
            let room = limit - leased.len();
            let Some(owner) = ends::owner(&member).filter(|_| room > 0) else {
                unreadable += usize::from(room > 0);
                continue;
            };
            let start = Start {
                wants: vec![otp.keys.phone(&owner.0, &owner.1)],
                listed: Some(Listed { owner: &owner, may_stay: false }),
                ..Start::default()
            };
            let step =
                otp.run(&stores.inner.link, LEASE, start, now, |tx| steps::lease_due(tx, room, rules, now));
            match step.await {
                Ok(sends) => leased.extend(sends),
                Err(error) if error.kind() == StoreErrorKind::Corrupt => {
                    tracing::error!(%error, "a phone with something due is unreadable");
                    unreadable += 1;
                }
                Err(error) if leased.is_empty() => return Err(error),
                Err(_) => return Ok(leased),
            }
        }
    }
    Ok(leased)
}

pub(super) async fn purge(
    stores: &RedisStores,
    rules: &Rules,
    limit: usize,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let deadline = Instant::now() + STEP_TIME;
    let keys = &stores.inner.otp.keys;
    let mut phones = purge_phones(stores, rules, limit, now, false, deadline).await?;
    // Those at which the worker should have looked are listed for that, until it does.
    phones += purge_phones(stores, rules, limit - phones.min(limit), now, true, deadline).await?;
    let (waiting, before) = (keys.waiting(), now - rules.retention);
    let receipts = purge_list(stores, &waiting, |name| keys.receipts(name), limit, before).await?;
    Ok(phones + receipts)
}

async fn purge_phones(
    stores: &RedisStores,
    rules: &Rules,
    limit: usize,
    now: Timestamp,
    may_stay: bool,
    deadline: Instant,
) -> Result<usize, StoreError> {
    let otp = &stores.inner.otp;
    let places = if may_stay { ends::due(now) } else { ends::deletable(now) };
    let (mut gone, mut staying) = (0, 0);
    while gone < limit && Instant::now() < deadline {
        let room = (limit - gone).min(AT_ONCE);
        let members = stores.over(PURGE, &otp.keys.ends(), places.clone(), staying, room, deadline).await?;
        if members.is_empty() {
            break;
        }
        let steps = members.iter().map(|member| async move {
            let Some(owner) = ends::owner(member) else { return Ok(None) };
            let start = Start {
                wants: vec![otp.keys.phone(&owner.0, &owner.1)],
                listed: Some(Listed { owner: &owner, may_stay }),
                doubt: Doubt::RunAgain,
                ..Start::default()
            };
            let step = otp.run(&stores.inner.link, PURGE, start, now, |tx| steps::purge(tx, rules, 1, now));
            match step.await {
                Ok(phones) => Ok(Some(phones)),
                Err(error) if error.kind() == StoreErrorKind::Corrupt => {
                    tracing::error!(%error, "a phone with something to delete is unreadable");
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        });
        for phones in join_all(steps).await {
            match phones? {
                Some(1..) => gone += 1,
                // Nothing is over, or it is unreadable.
                Some(0) | None => staying += 1,
            }
        }
    }
    Ok(gone)
}

/// Deletes what a list of ends says is over.
async fn purge_list(
    stores: &RedisStores,
    list: &str,
    key: impl Fn(&str) -> String,
    limit: usize,
    until: Timestamp,
) -> Result<usize, StoreError> {
    let deadline = Instant::now() + STEP_TIME;
    let mut gone = 0;
    while gone < limit && Instant::now() < deadline {
        let room = (limit - gone).min(CHUNK);
        let over = i64::MIN..=until.as_micros();
        let members = stores.over(PURGE, list, over, 0, room, deadline).await?;
        let mut call = SWEEP.call();
        call.key(list);
        call.number(until.as_micros());
        for member in &members {
            // Names are text, all of them were written by this program.
            let Ok(name) = std::str::from_utf8(member) else { continue };
            call.key(&key(name));
            call.argument(name);
        }
        if members.is_empty() {
            break;
        }
        let reply = stores
            .inner
            .link
            .call(&call, Repeat::Safe, deadline)
            .await
            .map_err(|failure| failure.at(PURGE))?;
        let Value::Int(deleted) = reply.value else { return Err(RedisFailure::SHAPE.at(PURGE)) };
        // None of them is over any more, or another instance was faster.
        if deleted == 0 {
            break;
        }
        gone += usize::try_from(deleted).unwrap_or_default();
    }
    Ok(gone)
}

impl RedisStores {
    /// The members of a list with these ends, the longest waiting first, without the first `skip` of them.
    pub(super) async fn over(
        &self,
        step: &'static str,
        list: &str,
        ends: RangeInclusive<i64>,
        skip: usize,
        limit: usize,
        deadline: Instant,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut command = cmd("ZRANGEBYSCORE");
        command.arg(list).arg(*ends.start()).arg(*ends.end()).arg("LIMIT").arg(skip).arg(limit);
        let reply = self
            .inner
            .link
            .ask(&command, Repeat::Safe, deadline)
            .await
            .map_err(|failure| failure.at(step))?;
        let Value::Array(members) = reply.value else { return Err(RedisFailure::SHAPE.at(step)) };
        let member = |value| match value {
            Value::BulkString(member) => Ok(member),
            _ => Err(RedisFailure::SHAPE.at(step)),
        };
        members.into_iter().map(member).collect()
    }
}
