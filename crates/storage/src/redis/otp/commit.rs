//! What a run found and did, as one script.

use std::time::Duration;

use redis::Value;
use wartel_core::{StoreError, StoreErrorKind, Timestamp};
use wartel_otp::ledger::PhoneLedger;

use super::keys::{self, Keys, life};
use super::transaction::Ran;
use super::view::{self, Count, Looked, VERSION, View};
use super::{Owner, ends};
use crate::redis::error::RedisFailure;
use crate::redis::script::{COMMIT, Call, READ};

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

/// What is written, in the order of the script.
#[derive(Default)]
struct Writes {
    strings: Vec<(String, Vec<u8>, u128)>,
    deleted: Vec<String>,
    ends: Vec<Change>,
    waiting: Vec<Change>,
}

/// A change of a list of ends: who, and since when or until when; a life for the list.
struct Change {
    member: String,
    end: Option<(i64, u128)>,
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
        let mut lives: Vec<u128> = Vec::new();
        for (owner, ledger) in &ran.changes.phones {
            let key = keys.phone(&owner.0, &owner.1);
            let end = ledger.kept_until();
            let life = life(end, now);
            let document = document(ledger, version)?;
            let member = keys::member(&owner.0, &owner.1);
            if document.is_none() {
                writes.deleted.push(key.clone());
            }
            let place = |place| Some((place, life)).filter(|_| document.is_some());
            let second = ends::second_place(ledger).and_then(place);
            if second.is_some() || ran.listed_twice.contains(owner) {
                writes.ends.push(Change { member: ends::second(&member), end: second });
            }
            writes.ends.push(Change { member, end: place(ends::place(ledger)) });
            let then = if document.is_some() { version.into() } else { Vec::new() };
            let before = view::version(view.string(&key).flatten()).to_vec();
            written.push(Written { key, document, before, then });
            ends.push((owner, end));
            lives.push(life);
        }
        writes.rest(keys, ran, &ends, now);

        let proved = |key: &str| {
            // Where a locator led to is as it was while that phone's document is.
            let leads = |(locator, phone): &(String, String)| {
                locator == key && ran.strings.get(phone).is_some_and(|is_document| *is_document)
            };
            view.string(key).flatten().is_some() && ran.located.iter().any(leads)
        };
        let values: Vec<&str> = ran
            .strings
            .iter()
            .filter_map(|(key, is_document)| (!is_document && !proved(key)).then_some(key.as_str()))
            .collect();
        let budgets: Vec<&(String, u32)> = ran.levels.keys().collect();

        let mut call = COMMIT.call();
        call.next_key(keys.ends());
        call.next_key(keys.waiting());
        ran.documents().chain(values.iter().copied()).for_each(|key| call.next_key(key));
        budgets.iter().for_each(|(budget, _)| call.next_key(keys.budget(budget)));
        call.number(VERSION - 1);
        let counted = [
            ran.documents().count(),
            values.len(),
            budgets.len(),
            writes.strings.len(),
            writes.ends.len(),
            writes.waiting.len(),
            ran.changes.budgets.len(),
        ];
        counted.into_iter().for_each(|count| call.number(count));
        for key in ran.documents() {
            call.argument(view::version(view.string(key).flatten()));
            let new = written.iter().zip(&lives).find(|(written, _)| written.key == key);
            let new = new.and_then(|(written, life)| Some((written.document.as_deref()?, life)));
            call.maybe(new.map(|(_, life)| life));
            call.argument(new.map_or(&[][..], |(document, _)| document));
        }
        for key in &values {
            call.argument(view.string(key).flatten().unwrap_or_default());
        }
        for ((_, max), used) in &ran.levels {
            call.number(format_args!("-{max}"));
            call.number(used.free_until.as_micros());
            call.number(used.latest_until.as_micros());
        }
        writes.pass(&mut call);
        for count in &ran.changes.budgets {
            let (budget, at, life) = match count {
                Count::Event { budget, at } => (budget, *at, Some(life(*at + budget.rate.window, now))),
                Count::Release { budget, at } => (budget, *at, None),
            };
            let name = |(key, max): &&(String, u32)| *key == budget.key && *max == budget.rate.max;
            // Each budget that is changed was noted when it was.
            let place = budgets.iter().position(name);
            let place = place.ok_or_else(|| StoreError::new(StoreErrorKind::Unexpected, "otp.budget"))?;
            call.number(place + 1);
            call.number(at.as_micros());
            call.maybe(life);
        }
        let strings = ran.documents().chain(values).map(|key| Looked::String(key.to_owned()));
        let levels = budgets.into_iter().map(|(budget, max)| Looked::Level(budget.clone(), *max));
        let looked = strings.chain(levels).collect();
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
        match answer {
            Value::Int(1) => Ok(Self::Written),
            Value::Array(found) => Ok(Self::Changed(found)),
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
    let mut call = READ.call();
    strings.iter().for_each(|key| call.next_key(key.as_str()));
    levels.iter().for_each(|(budget, _)| call.next_key(keys.budget(budget)));
    call.number(strings.len());
    levels.iter().for_each(|(_, max)| call.number(format_args!("-{max}")));
    let strings = strings.iter().map(|key| Looked::String(key.clone()));
    let looked = strings.chain(levels.iter().map(|(budget, max)| Looked::Level(budget.clone(), *max)));
    let looked = looked.collect();
    (call, looked)
}

impl Writes {
    fn rest(&mut self, keys: &Keys, ran: &Ran, ends: &[(&Owner, Timestamp)], now: Timestamp) {
        for (name, waiting) in &ran.changes.receipts {
            let key = keys.receipts(name);
            let mut end = None;
            if let Some((value, since)) = waiting {
                let life = life(now + RECEIPT_LIFE, now);
                self.strings.push((key, value.clone(), life));
                end = Some((since.as_micros(), life));
            } else {
                self.deleted.push(key);
            }
            self.waiting.push(Change { member: name.clone(), end });
        }
        for (locator, owner) in &ran.changes.locators {
            let key = keys.locator(locator);
            if let Some(owner) = owner {
                let end = ends.iter().find(|(of, _)| *of == owner).map_or(now, |(_, end)| *end);
                let life = life(end + LOCATOR_SLACK, now);
                self.strings.push((key, keys::member(&owner.0, &owner.1).into(), life));
            } else {
                self.deleted.push(key);
            }
        }
    }

    fn pass(self, call: &mut Call<'_>) {
        for (key, value, life) in self.strings {
            call.next_key(key);
            call.number(life);
            call.argument(value);
        }
        self.deleted.into_iter().for_each(|key| call.next_key(key));
        for Change { member, end } in self.ends.into_iter().chain(self.waiting) {
            call.argument(member);
            call.maybe(end.map(|(end, _)| end));
            call.maybe(end.map(|(_, life)| life));
        }
    }
}
