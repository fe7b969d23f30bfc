//! Running a step: on what was read, then written if that is still so, and again if it is not.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use redis::{Value, cmd};
use tokio::time::Instant;
use wartel_core::{StoreError, Timestamp};
use wartel_otp::ledger::{Locator, Transaction};

use super::commit::{self, Commit, Found};
use super::hints::{DOCUMENTS, Hints, LOCATORS};
use super::keys::Keys;
use super::locks::{Held, Locks};
use super::transaction::{Listed, Ran, StepTransaction};
use super::view::{Missed, View};
use crate::redis::error::RedisFailure;
use crate::redis::link::{Link, Repeat, STEP_TIME};

/// What the steps of one installation share.
pub(in crate::redis) struct Otp {
    pub(super) keys: Keys,
    locks: Locks,
    /// To the key of which phone the key of which locator led.
    locators: Hints,
    documents: Hints,
    /// Tells the versions of this process from those of others.
    process: u64,
    versions: AtomicU64,
}

/// How a step begins.
#[derive(Default)]
pub(super) struct Start<'a> {
    /// Keys that it will need.
    pub(super) wants: Vec<String>,
    /// Its phone is most likely unknown and its budgets free: that is tried before anything is read.
    pub(super) guesses: bool,
    /// The key of the phone that it will change. If its document was known a moment ago, the step is tried with that,
    /// and nothing is read first.
    pub(super) changes: Option<String>,
    /// The one phone that a step which looks for phones finds.
    pub(super) listed: Option<Listed<'a>>,
    /// What to do if the answer was lost and others have written since.
    pub(super) doubt: Doubt,
}

/// How to find out whether a step was taken whose answer was lost, when its version is gone because others have
/// written since.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Doubt {
    /// There is no way: whoever asked has to decide.
    #[default]
    Remains,
    /// Taken once more it changes nothing and answers the same.
    RunAgain,
    /// It leaves this text in the document for long, and nothing else does.
    Trace(String),
}

impl Otp {
    pub(in crate::redis) fn new(tag: &str) -> Self {
        // The keys of the hasher are random; two processes have the same number once in 2^64 times.
        let process = RandomState::new().hash_one(std::process::id());
        Self {
            keys: Keys::new(tag),
            locks: Locks::default(),
            locators: Hints::new(LOCATORS),
            documents: Hints::new(DOCUMENTS),
            process,
            versions: AtomicU64::new(0),
        }
    }

    /// Locators that are needed, and the phones to which they led lately.
    pub(super) fn start_with_locators<'a>(
        &self,
        locators: impl IntoIterator<Item = &'a Locator>,
    ) -> Start<'static> {
        let mut wants: Vec<String> = locators.into_iter().map(|locator| self.keys.locator(locator)).collect();
        let phone = |locator: &String| String::from_utf8(self.locators.get(locator)?).ok();
        let phones: Vec<String> = wants.iter().filter_map(phone).collect();
        wants.extend(phones);
        wants.dedup();
        Start { wants, ..Start::default() }
    }

    /// A version that no other document has.
    fn version(&self) -> String {
        let number = self.versions.fetch_add(1, Ordering::Relaxed) & 0xFFFF_FFFF_FFFF;
        format!("{:016x}{number:012x}", self.process)
    }

    /// Runs a step until what it read is what it is written beside.
    pub(super) async fn run<T: Send>(
        &self,
        link: &Link,
        step: &'static str,
        start: Start<'_>,
        now: Timestamp,
        mut work: impl FnMut(&mut dyn Transaction) -> Result<T, StoreError> + Send,
    ) -> Result<T, StoreError> {
        let begun = Instant::now();
        let deadline = begun + STEP_TIME;
        let failed = |failure: RedisFailure| failure.at(step);
        let mut view = View::default();
        let mut guesses = start.guesses;
        let mut held: Option<Held> = None;
        // All of the view stood there before this.
        let mut seen = begun;
        let known = start.changes.and_then(|phone| Some((self.documents.get(&phone)?, phone)));
        if let Some((document, phone)) = known {
            guesses = true;
            view.suppose(phone, document);
        } else {
            let wanted = Missed { strings: start.wants, levels: Vec::new() };
            self.read(link, &mut view, wanted, deadline).await.map_err(failed)?;
            seen = Instant::now();
        }
        loop {
            let mut transaction = StepTransaction::new(&self.keys, &view, guesses, start.listed);
            let answer = work(&mut transaction);
            let mut ran = transaction.into_ran();
            if !ran.missed.is_empty() {
                self.read(link, &mut view, std::mem::take(&mut ran.missed), deadline)
                    .await
                    .map_err(failed)?;
                seen = Instant::now();
                continue;
            }
            let answer = answer?;
            if ran.changes.is_empty() {
                if ran.guessed.is_empty() {
                    self.remember(&ran);
                    for phone in ran.documents() {
                        self.documents.put(phone, view.string(phone).flatten());
                    }
                    return Ok(answer);
                }
                // A guess is never an answer.
                guesses = false;
                self.read(link, &mut view, std::mem::take(&mut ran.guessed), deadline)
                    .await
                    .map_err(failed)?;
                seen = Instant::now();
                continue;
            }
            if held.is_none()
                && let Some(phone) = ran.documents().next()
            {
                let lock =
                    self.locks.hold(phone, deadline).await.ok_or_else(|| failed(RedisFailure::BUSY))?;
                let known = lock.known_since(seen);
                let lock = held.insert(lock);
                if let Some(document) = known {
                    view.learn(lock.name(), document);
                    continue;
                }
            }
            let commit = Commit::new(&self.keys, &view, &ran, &self.version(), now)?;
            let asked = Instant::now();
            let reply = link.call(&commit.call, Repeat::Safe, deadline).await.map_err(failed)?;
            let found = match Found::read(reply.value).map_err(failed)? {
                Found::Written => {
                    self.remember(&ran);
                    for written in &commit.written {
                        self.documents.put(&written.key, written.document.as_deref());
                    }
                    if let Some(held) = &mut held {
                        let written = commit.written.into_iter().find(|written| written.key == held.name());
                        written.into_iter().for_each(|written| held.hand_on(asked, written.document));
                    }
                    return Ok(answer);
                }
                Found::Changed(found) => found,
            };
            // What else was read may be older than this, and the two need not go together: a message is linked and its
            // phone changed at once.
            view = View::default();
            view.add(&commit.looked, found).map_err(failed)?;
            if let Some(held) = &mut held
                && let Some(document) = view.string(held.name())
            {
                held.hand_on(asked, document.map(<[u8]>::to_vec));
            }
            if reply.repeated {
                match (commit.was_taken(&view), &start.doubt) {
                    (Some(true), _) => return Ok(answer),
                    (Some(false), _) | (None, Doubt::RunAgain) => {}
                    (None, Doubt::Trace(trace)) if !commit.left(trace, &view) => {}
                    (None, Doubt::Trace(_)) => return Ok(answer),
                    (None, Doubt::Remains) => return Err(failed(RedisFailure::UNCERTAIN)),
                }
            }
            guesses = false;
            if Instant::now() >= deadline {
                return Err(failed(RedisFailure::OVERTAKEN));
            }
        }
    }

    /// Keeps where locators lead, once that is so.
    fn remember(&self, ran: &Ran) {
        for (locator, phone) in &ran.located {
            self.locators.put(locator, Some(phone.as_bytes()));
        }
    }

    /// Reads what a run missed, all at once.
    async fn read(
        &self,
        link: &Link,
        view: &mut View,
        missed: Missed,
        deadline: Instant,
    ) -> Result<(), RedisFailure> {
        if missed.is_empty() {
            return Ok(());
        }
        if missed.levels.is_empty() {
            let mut command = cmd("MGET");
            for key in &missed.strings {
                command.arg(key.as_str());
            }
            let reply = link.ask(&command, Repeat::Safe, deadline).await?;
            let Value::Array(values) = reply.value else { return Err(RedisFailure::SHAPE) };
            if values.len() != missed.strings.len() {
                return Err(RedisFailure::SHAPE);
            }
            return missed
                .strings
                .into_iter()
                .zip(values)
                .try_for_each(|(key, value)| view.add_string(key, value));
        }
        let (call, looked) = commit::read_only(&self.keys, &missed.strings, &missed.levels);
        let reply = link.call(&call, Repeat::Safe, deadline).await?;
        let Value::Array(found) = reply.value else { return Err(RedisFailure::SHAPE) };
        view.add(&looked, found)
    }
}
