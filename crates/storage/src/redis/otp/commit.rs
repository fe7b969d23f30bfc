//! What a run found and did, as one script.

use std::collections::BTreeSet;
use std::time::Duration;

use redis::Value;
use wartel_core::{StoreError, StoreErrorKind, Timestamp};
use wartel_otp::ledger::PhoneLedger;

use super::Owner;
use super::keys::{self, Keys, life};
use super::lifetime::end_of;
use super::transaction::{Ran, Used};
use super::view::{self, Count, Looked, VERSION, View};
use crate::redis::error::RedisFailure;
use crate::redis::script::{COMMIT, Call};

/// How much longer than its phone a locator lives: the code of an id may be prolonged after the id was given. That is
/// a matter of minutes.
const LOCATOR_SLACK: Duration = Duration::from_secs(86_400);

/// How long a receipt waits for its message, which is recorded within seconds.
const RECEIPT_LIFE: Duration = Duration::from_secs(2 * 86_400);

/// A script that is ready to be run, and what its answer means.
pub(super) struct Commit {
    pub(super) call: Call<'static>,
    pub(super) looked: Vec<Looked>,
    pub(super) written: Vec<Written>,
}

/// A document that is written.
pub(super) struct Written {
    pub(super) key: String,
    /// What it is then; a deleted one is none.
    pub(super) document: Option<Vec<u8>>,
    /// The version that it has before; none is an empty one.
    before: Vec<u8>,
    /// The version that it has then; a deleted one has an empty one.
    then: Vec<u8>,
}

/// What came of a script.
pub(super) enum Found {
    /// Everything was written.
    Written,
    /// Something is not as it was read; nothing was written. What stands there now.
    Changed(Vec<Value>),
}

/// Writes and checks, gathered apart because the checks come first.
#[derive(Default)]
struct Writes {
    arguments: Vec<Argument>,
    /// Lists of ends that are written.
    lists: BTreeSet<String>,
}

enum Argument {
    Key(String),
    Bytes(Vec<u8>),
}

impl Commit {
    /// The script for a run that changed something.
    pub(super) fn new(
        keys: &Keys,
        view: &View,
        ran: &Ran,
        version: &str,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut written = Vec::new();
        let mut writes = Writes::default();
        let mut ends: Vec<(&Owner, Timestamp)> = Vec::new();
        // Documents first: a server without memory refuses the first write of a script, if that one needs any.
        for (owner, ledger) in &ran.changes.phones {
            ends.push((owner, end_of(owner, ledger)));
        }
        for ((owner, ledger), (_, end)) in ran.changes.phones.iter().zip(&ends) {
            let key = keys.phone(&owner.0, &owner.1);
            let then = if ledger.is_empty() { Vec::new() } else { version.into() };
            let before = view::version(view.string(&key).flatten()).to_vec();
            let document = document(ledger, version)?;
            writes.phone(keys, &key, (owner, ledger), document.as_ref(), life(*end, now));
            written.push(Written { key, document, before, then });
        }
        writes.rest(keys, ran, &ends, now);

        let mut call = COMMIT.call();
        call.argument("w");
        call.number(VERSION);
        call.number(ran.strings.len() + ran.levels.len() + writes.lists.len());
        let mut looked = check_all(&mut call, keys, view, ran);
        for list in &writes.lists {
            call.argument("z");
            call.key_argument(list);
            looked.push(Looked::Nothing);
        }
        for argument in writes.arguments {
            match argument {
                Argument::Key(key) => call.key_argument(&key),
                Argument::Bytes(bytes) => call.argument(bytes),
            }
        }
        Ok(Self { call, looked, written })
    }

    /// Whether what was found tells that an earlier try was carried out whose answer was lost; `None` if it does not
    /// tell, because others have written since.
    pub(super) fn was_taken(&self, found: &View) -> Option<bool> {
        let mut taken = false;
        for written in &self.written {
            let stands = view::version(found.string(&written.key).flatten());
            if stands == written.then {
                taken = true;
            } else if stands != written.before {
                return None;
            }
        }
        // Where no document is written a receipt is kept, and the same again changes nothing.
        Some(taken)
    }
}

impl Commit {
    /// Whether a text stands in a document that this step writes.
    pub(super) fn left(&self, trace: &str, found: &View) -> bool {
        let holds = |document: &[u8]| document.windows(trace.len()).any(|part| part == trace.as_bytes());
        self.written.iter().any(|written| found.string(&written.key).flatten().is_some_and(holds))
    }
}

impl Found {
    pub(super) fn read(answer: Value) -> Result<Self, RedisFailure> {
        let Value::Array(mut parts) = answer else { return Err(RedisFailure::SHAPE) };
        match parts.first() {
            Some(Value::Int(1)) => Ok(Self::Written),
            Some(Value::Int(0)) => Ok(Self::Changed(parts.split_off(1))),
            _ => Err(RedisFailure::SHAPE),
        }
    }
}

/// A ledger with its version, as it is stored; `None` for an empty one, which is not.
fn document(ledger: &PhoneLedger, version: &str) -> Result<Option<Vec<u8>>, StoreError> {
    if ledger.is_empty() {
        return Ok(None);
    }
    let mut document = version.as_bytes().to_vec();
    serde_json::to_writer(&mut document, ledger)
        .map_err(|error| StoreError::new(StoreErrorKind::Unexpected, "otp.save").with_source(error))?;
    Ok(Some(document))
}

/// A script that only looks.
pub(super) fn read_only(
    keys: &Keys,
    strings: &[String],
    levels: &[(String, u32)],
) -> (Call<'static>, Vec<Looked>) {
    let mut call = COMMIT.call();
    call.argument("r");
    call.number(VERSION);
    call.number(strings.len() + levels.len());
    let mut looked = Vec::new();
    for key in strings {
        call.argument("e");
        call.key_argument(key);
        call.argument("");
        looked.push(Looked::String(key.clone()));
    }
    for (budget, max) in levels {
        check_level(&mut call, keys, budget, *max, Used::UNBOUND);
        looked.push(Looked::Level(budget.clone(), *max));
    }
    (call, looked)
}

fn check_all(call: &mut Call<'_>, keys: &Keys, view: &View, ran: &Ran) -> Vec<Looked> {
    let mut looked = Vec::new();
    for (key, is_document) in &ran.strings {
        // What was not read was taken for empty.
        let value = view.string(key).flatten();
        call.argument(if *is_document { "v" } else { "e" });
        call.key_argument(key);
        call.argument(if *is_document { view::version(value) } else { value.unwrap_or_default() });
        looked.push(Looked::String(key.clone()));
    }
    for ((budget, max), used) in &ran.levels {
        check_level(call, keys, budget, *max, *used);
        looked.push(Looked::Level(budget.clone(), *max));
    }
    looked
}

fn check_level(call: &mut Call<'_>, keys: &Keys, budget: &str, max: u32, used: Used) {
    call.argument("b");
    call.key_argument(&keys.budget(budget));
    call.number(max);
    call.number(used.free_until.as_micros());
    call.number(used.latest_until.as_micros());
}

impl Writes {
    fn letter(&mut self, letter: &str, key: String) {
        self.bytes(letter);
        self.arguments.push(Argument::Key(key));
    }

    fn bytes(&mut self, bytes: impl Into<Vec<u8>>) {
        self.arguments.push(Argument::Bytes(bytes.into()));
    }

    fn number(&mut self, number: impl ToString + Copy) {
        self.bytes(number.to_string());
    }

    fn set(&mut self, key: String, value: Vec<u8>, life: u128) {
        self.letter("s", key);
        self.number(life);
        self.bytes(value);
    }

    fn list(&mut self, list: String, member: &str, end: Timestamp, life: u128) {
        self.lists.insert(list.clone());
        self.letter("z", list);
        self.number(end.as_micros());
        self.bytes(member);
        self.number(life);
    }

    fn unlist(&mut self, list: String, member: &str) {
        self.lists.insert(list.clone());
        self.letter("x", list);
        self.bytes(member);
    }

    fn phone(
        &mut self,
        keys: &Keys,
        key: &str,
        (owner, ledger): (&Owner, &PhoneLedger),
        document: Option<&Vec<u8>>,
        life: u128,
    ) {
        let member = keys::member(&owner.0, &owner.1);
        let Some(document) = document else {
            self.letter("d", key.to_owned());
            self.unlist(keys.due(), &member);
            self.unlist(keys.purge(), &member);
            return;
        };
        self.set(key.to_owned(), document.clone(), life);
        match ledger.due_at() {
            Some(due_at) => self.list(keys.due(), &member, due_at, life),
            None => self.unlist(keys.due(), &member),
        }
        self.list(keys.purge(), &member, ledger.purge_at(), life);
    }

    fn rest(&mut self, keys: &Keys, ran: &Ran, ends: &[(&Owner, Timestamp)], now: Timestamp) {
        let changes = &ran.changes;
        for (name, waiting) in &changes.receipts {
            if let Some((value, since)) = waiting {
                let life = life(now + RECEIPT_LIFE, now);
                self.set(keys.receipts(name), value.clone(), life);
                self.list(keys.waiting(), name, *since, life);
            } else {
                self.letter("d", keys.receipts(name));
                self.unlist(keys.waiting(), name);
            }
        }
        for (locator, owner) in &changes.locators {
            let key = keys.locator(locator);
            if let Some(owner) = owner {
                let end = ends.iter().find(|(of, _)| *of == owner).map_or(now, |(_, end)| *end);
                self.set(key, keys::member(&owner.0, &owner.1).into(), life(end + LOCATOR_SLACK, now));
            } else {
                self.letter("d", key);
            }
        }
        for count in &changes.budgets {
            let (letter, budget, at) = match count {
                Count::Event { budget, at } => ("c", budget, *at),
                Count::Release { budget, at } => ("f", budget, *at),
            };
            let list = keys.windows();
            self.letter(letter, keys.budget(&budget.key));
            self.arguments.push(Argument::Key(list.clone()));
            self.lists.insert(list);
            self.bytes(budget.key.as_str());
            self.number(at.as_micros());
            if matches!(count, Count::Event { .. }) {
                self.number(budget.rate.max);
                self.number(budget.rate.window.as_micros());
                self.number(life(at + budget.rate.window, now));
            }
        }
    }
}
