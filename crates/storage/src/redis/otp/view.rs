//! What was read: by a command of its own, or by a script that did not write.

use std::collections::{BTreeMap, HashMap, HashSet};

use redis::Value;
use wartel_core::Timestamp;
use wartel_otp::Budget;
use wartel_otp::ledger::{Locator, PhoneLedger};

use super::Owner;
use crate::redis::error::RedisFailure;

/// The length of a version, with which every document begins.
pub(super) const VERSION: usize = 28;

/// What stands under keys, as far as it was read.
#[derive(Default)]
pub(super) struct View {
    strings: HashMap<String, Option<Vec<u8>>>,
    /// Those of them that may have changed since.
    unproven: HashSet<String>,
    levels: HashMap<(String, u32), Level>,
}

/// How full a budget is: all that has to be known of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Level {
    /// The `max`-th latest event.
    pub(super) first: Option<Timestamp>,
    /// The latest one.
    pub(super) latest: Option<Timestamp>,
}

/// What a run needed and nobody had read.
#[derive(Debug, Default)]
pub(super) struct Missed {
    pub(super) strings: Vec<String>,
    /// The name of the budget and its `max`.
    pub(super) levels: Vec<(String, u32)>,
}

impl Missed {
    pub(super) fn is_empty(&self) -> bool {
        self.strings.is_empty() && self.levels.is_empty()
    }
}

/// What was read under one key of a script.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Looked {
    /// A string.
    String(String),
    /// A budget by its name, and its `max`.
    Level(String, u32),
}

impl View {
    /// `None` if it was not read.
    pub(super) fn string(&self, key: &str) -> Option<Option<&[u8]>> {
        self.strings.get(key).map(Option::as_deref)
    }

    /// `None` if it was not read.
    pub(super) fn level(&self, budget: &str, max: u32) -> Option<Level> {
        self.levels.get(&(budget.to_owned(), max)).copied()
    }

    /// Whether it stood there since the step began.
    pub(super) fn is_proven(&self, key: &str) -> bool {
        !self.unproven.contains(key)
    }

    /// Takes over what stands under a key, as somebody else has read or written it since the step began.
    pub(super) fn learn(&mut self, key: &str, value: Option<Vec<u8>>) {
        self.unproven.remove(key);
        self.strings.insert(key.to_owned(), value);
    }

    /// Takes over what stood under a key lately. It may be tried with, and is never an answer.
    pub(super) fn suppose(&mut self, key: String, value: Vec<u8>) {
        self.strings.insert(key.clone(), Some(value));
        self.unproven.insert(key);
    }

    pub(super) fn add_string(&mut self, key: String, value: Value) -> Result<(), RedisFailure> {
        let value = match value {
            Value::Nil => None,
            Value::BulkString(bytes) => Some(bytes),
            _ => return Err(RedisFailure::SHAPE),
        };
        self.unproven.remove(&key);
        self.strings.insert(key, value);
        Ok(())
    }

    /// Takes over what a script found.
    pub(super) fn add(&mut self, looked: &[Looked], found: Vec<Value>) -> Result<(), RedisFailure> {
        if looked.len() != found.len() {
            return Err(RedisFailure::SHAPE);
        }
        for (looked, value) in looked.iter().zip(found) {
            match looked {
                Looked::String(key) => self.add_string(key.clone(), value)?,
                Looked::Level(budget, max) => {
                    let Value::Array(events) = value else { return Err(RedisFailure::SHAPE) };
                    let [first, latest] = events.as_slice() else { return Err(RedisFailure::SHAPE) };
                    let level = Level { first: instant(first)?, latest: instant(latest)? };
                    self.levels.insert((budget.clone(), *max), level);
                }
            }
        }
        Ok(())
    }
}

fn instant(value: &Value) -> Result<Option<Timestamp>, RedisFailure> {
    match value {
        Value::Nil => Ok(None),
        Value::BulkString(digits) => {
            let micros = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
            micros.map(|micros| Some(Timestamp::from_micros(micros))).ok_or(RedisFailure::SHAPE)
        }
        _ => Err(RedisFailure::SHAPE),
    }
}

/// The version of a document; none has an empty one.
pub(super) fn version(document: Option<&[u8]>) -> &[u8] {
    document.map(|document| document.get(..VERSION).unwrap_or(document)).unwrap_or_default()
}

/// The ledger in a document; `None` if it is unreadable.
pub(super) fn ledger(document: Option<&[u8]>) -> Option<PhoneLedger> {
    let Some(document) = document else { return Some(PhoneLedger::default()) };
    serde_json::from_slice(document.get(VERSION..)?).ok()
}

/// What one step changed.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) phones: Vec<(Owner, PhoneLedger)>,
    /// `None` leads nowhere.
    pub(super) locators: BTreeMap<Locator, Option<Owner>>,
    /// The receipts that wait from now on, since when; `None` if none does.
    pub(super) receipts: BTreeMap<String, Option<(Vec<u8>, Timestamp)>>,
    pub(super) budgets: Vec<Count>,
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        self.phones.is_empty()
            && self.locators.is_empty()
            && self.receipts.is_empty()
            && self.budgets.is_empty()
    }
}

/// A change of a budget.
pub(super) enum Count {
    /// One more event.
    Event { budget: Budget, at: Timestamp },
    /// One event less.
    Release { budget: Budget, at: Timestamp },
}
