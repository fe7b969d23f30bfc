//! The guard itself: counts, writes, reads, decides.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use wartel_core::{Secret, StoreError, StoreErrorKind, Timestamp};

use super::cache::Cache;
use super::keys::{LevelKey, keys_of};
use super::pending::Pending;
use super::policy::{PumpingAction, PumpingPolicy, PumpingPolicyError};
use super::ratio::{Window, heat, is_calm, slot_of};
use super::{GuardContext, Level, Verdict};
use crate::challenge_hook::{ChallengeHook, ChallengeRequest};
use crate::events::{ChallengeVerdict, Limit, LogEvents, OtpEvent, OtpEvents, TallyFailure};
use crate::tally::{Tally, TallyStore};

/// How long the challenge hook may take.
pub const HOOK_TIME: Duration = Duration::from_secs(5);

/// How often tallies are written.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// How long one write may take. Whoever asks for a code does not wait for it.
const WRITE_TIME: Duration = Duration::from_secs(5);

/// How long one read may take. Whoever asks for a code waits for it, so it is short.
const READ_TIME: Duration = Duration::from_millis(500);

/// For how long nothing is read after a read has failed, so that a store that hangs delays few.
const BLIND: Duration = Duration::from_secs(5);

/// How often a failing store is told.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// How many tallies one step writes at the most.
const WRITTEN_AT_ONCE: usize = 512;

/// How many tallies one step deletes at the most.
const PURGED_AT_ONCE: usize = 1_024;

/// How long tallies are kept after the last window has passed them: the clocks of instances may differ.
const KEPT_LONGER: Duration = Duration::from_secs(3_600);

/// The guard against pumping. Cheap to clone; clones are the same guard. See [the module](super) for what it does.
///
/// # Behavior
/// - Counts in memory and writes at most once a second, in a task that ends by itself; nobody waits for that. A crash
///   loses what was counted in the last second.
/// - Believes what it has read for 15 s; a read takes at most 500 ms, and one caller in those 15 s waits for it. While
///   a tenant has fewer unverified challenges than are ever too many, only its own tallies are read.
/// - A store that fails is told at most once a minute; what could not be written waits, at most 16,384 tallies. If
///   the answer to a write was lost, the same counts may be written twice.
/// - Instances that share a store of tallies see the same.
#[derive(Clone)]
pub struct Guard {
    inner: Arc<Inner>,
}

struct Inner {
    policy: PumpingPolicy,
    store: Arc<dyn TallyStore>,
    hook: Option<Arc<dyn ChallengeHook>>,
    events: Arc<dyn OtpEvents>,
    state: Mutex<State>,
    /// Held while tallies are written.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    pending: Pending,
    cache: Cache,
    written_at: Option<Timestamp>,
    read_failed_at: Option<Timestamp>,
    read_told_at: Option<Timestamp>,
    write_told_at: Option<Timestamp>,
}

/// The guard lets a request not through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GuardRefusal {
    /// Too many codes were asked for and not used in this range of numbers from this network.
    #[error("too many codes were asked for and not used")]
    Pumping {
        /// When to ask again.
        retry_at: Timestamp,
    },
    /// A challenge must be passed first: ask again with a (new) response.
    #[error("a challenge must be passed first")]
    ChallengeRequired,
    /// Whether the challenge is passed could not be found out. The same request may be made again.
    #[error("the challenge could not be verified")]
    ChallengeUnavailable,
}

impl Guard {
    /// A guard with no challenge that writes its events to the log.
    ///
    /// # Errors
    /// [`PumpingPolicyError`] if a number of the policy is out of its range.
    pub fn new(policy: PumpingPolicy, store: Arc<dyn TallyStore>) -> Result<Self, PumpingPolicyError> {
        Self::with(policy, store, None, Arc::new(LogEvents))
    }

    /// A guard that asks `hook` while something wide is hot, and tells `events`.
    ///
    /// # Errors
    /// [`PumpingPolicyError`] if a number of the policy is out of its range.
    pub fn with(
        policy: PumpingPolicy,
        store: Arc<dyn TallyStore>,
        hook: Option<Arc<dyn ChallengeHook>>,
        events: Arc<dyn OtpEvents>,
    ) -> Result<Self, PumpingPolicyError> {
        policy.validate()?;
        let inner = Inner {
            policy,
            store,
            hook,
            events,
            state: Mutex::default(),
            writing: tokio::sync::Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What the guard thinks of a request for a code. Counts nothing and tells nobody but of hot spots. With
    /// [`Record`](PumpingAction::Record) it allows everything, and tells what it would have denied.
    pub async fn before_start(&self, context: &GuardContext, now: Timestamp) -> Verdict {
        self.flush_if_due(now);
        let keys = keys_of(context);
        self.read(context, &keys, now).await;
        let verdict = self.judge(&keys, now);
        match (self.inner.policy.action, verdict) {
            (PumpingAction::Deny, verdict) => verdict,
            (PumpingAction::Record, Verdict::Deny { until }) => {
                self.inner.events.record(&OtpEvent::WouldRefuse {
                    tenant: context.tenant.clone(),
                    phone: context.phone.masked(),
                    limit: Limit::Pumping,
                    until: Some(until),
                });
                Verdict::Allow
            }
            (PumpingAction::Record, _) => Verdict::Allow,
        }
    }

    /// Lets a request for a code through or not: [`before_start`](Self::before_start), and the challenge where it is
    /// to be asked and there is one. Tells each refusal and each verdict of the challenge.
    ///
    /// # Errors
    /// [`GuardRefusal`] says what refuses. Nothing was counted.
    pub async fn pass(
        &self,
        context: &GuardContext,
        response: Option<Secret>,
        now: Timestamp,
    ) -> Result<(), GuardRefusal> {
        match (self.before_start(context, now).await, &self.inner.hook) {
            (Verdict::Deny { until }, _) => {
                self.tell_refused(context, Limit::Pumping, Some(until));
                Err(GuardRefusal::Pumping { retry_at: until })
            }
            (Verdict::AskChallenge { why }, Some(hook)) => self.challenge(hook, context, response, why).await,
            (Verdict::Allow | Verdict::AskChallenge { .. }, _) => Ok(()),
        }
    }

    /// Counts a challenge that was made at `created_at`.
    ///
    /// Call it once for each new challenge, when its first message was taken or may have been. One that the provider
    /// certainly refused costs nothing, and would make whole ranges look hot after an outage of the provider.
    pub fn begun(&self, context: &GuardContext, created_at: Timestamp, now: Timestamp) {
        self.count(context, created_at, 1, 0, now);
    }

    /// Counts that the challenge made at `created_at` was verified. Call it once for each.
    ///
    /// The context is that of the challenge: its number, and the network that was kept with it, not that of whoever
    /// gave the code.
    pub fn done(&self, context: &GuardContext, created_at: Timestamp, now: Timestamp) {
        self.count(context, created_at, 0, 1, now);
    }

    /// Writes what waits, after a write that is under way. For the worker, and for a process that stops.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not; what was not written waits for the next time. It has been told.
    pub async fn flush(&self, now: Timestamp) -> Result<(), StoreError> {
        let _writing = self.inner.writing.lock().await;
        self.inner.write(now).await
    }

    /// Deletes tallies that no window reaches any more; answers how many went. For the worker.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not delete.
    pub async fn purge(&self, now: Timestamp) -> Result<usize, StoreError> {
        let before = slot_of(now - Window::LONGEST - KEPT_LONGER);
        let mut gone = 0;
        loop {
            let step = self.inner.store.purge_tallies(before, PURGED_AT_ONCE).await?;
            gone += step;
            if step == 0 {
                return Ok(gone);
            }
        }
    }

    fn count(&self, context: &GuardContext, created_at: Timestamp, begun: u32, done: u32, now: Timestamp) {
        let slot = slot_of(created_at);
        {
            let mut state = self.inner.state();
            for LevelKey { key, .. } in keys_of(context) {
                state.pending.add(key, slot, begun, done);
            }
        }
        self.flush_if_due(now);
    }

    /// Writes in a task of its own, if the last time was a second ago and nobody is writing.
    fn flush_if_due(&self, now: Timestamp) {
        {
            let state = self.inner.state();
            if state.pending.is_empty() || state.written_at.is_some_and(|at| is_within(at, FLUSH_EVERY, now))
            {
                return;
            }
        }
        // Outside of a runtime the worker writes.
        let Ok(runtime) = Handle::try_current() else { return };
        let inner = Arc::clone(&self.inner);
        runtime.spawn(async move {
            if let Ok(_writing) = inner.writing.try_lock() {
                // It has been told, and what was not written waits.
                let _told = inner.write(now).await;
            }
        });
    }

    /// Reads what is not known, or was read too long ago. The tenant first: while it is calm, nothing within it can be
    /// hot, and a request costs no read at all.
    async fn read(&self, context: &GuardContext, keys: &[LevelKey], now: Timestamp) {
        let Some((tenant, narrower)) = keys.split_last() else { return };
        self.read_all(context, std::slice::from_ref(tenant), now).await;
        let calm = self.inner.state().cache.is_calm(&tenant.key);
        if !calm {
            self.read_all(context, narrower, now).await;
        }
    }

    async fn read_all(&self, context: &GuardContext, keys: &[LevelKey], now: Timestamp) {
        let wanted: Vec<&LevelKey> = {
            let mut state = self.inner.state();
            if state.read_failed_at.is_some_and(|at| is_within(at, BLIND, now)) {
                return;
            }
            keys.iter().filter(|key| state.cache.claim(&key.key, now)).collect()
        };
        if wanted.is_empty() {
            return;
        }
        let names = wanted.iter().map(|key| key.key.clone()).collect();
        let since = slot_of(now - Window::LONGEST);
        match within(READ_TIME, "otp.tallies", self.inner.store.tallies(names, since)).await {
            Ok(tallies) => self.learn(context, &wanted, tallies, now),
            Err(error) => {
                self.inner.state().read_failed_at = Some(now);
                self.inner.tell_failure(TallyFailure::Read, &error, now);
            }
        }
    }

    fn learn(&self, context: &GuardContext, keys: &[&LevelKey], tallies: Vec<Tally>, now: Timestamp) {
        let mut by_key: BTreeMap<String, Vec<Tally>> = BTreeMap::new();
        for tally in tallies {
            by_key.entry(tally.key.clone()).or_default().push(tally);
        }
        for key in keys {
            let tallies = by_key.remove(&key.key).unwrap_or_default();
            let hot = heat(&self.inner.policy, &tallies, now);
            let calm = is_calm(&self.inner.policy, &tallies, now);
            let tell = self.inner.state().cache.learn(&key.key, hot, calm, now);
            if let Some(hot) = hot.filter(|_| tell) {
                self.inner.events.record(&OtpEvent::Hot {
                    tenant: context.tenant.clone(),
                    level: key.level,
                    subject: key.subject.clone(),
                    window: hot.window,
                    unverified: hot.unverified,
                    verified: hot.verified,
                    until: hot.until,
                });
            }
        }
    }

    fn judge(&self, keys: &[LevelKey], now: Timestamp) -> Verdict {
        let state = self.inner.state();
        let hottest = keys.iter().find_map(|key| Some((key.level, state.cache.hot(&key.key, now)?)));
        match hottest {
            None => Verdict::Allow,
            Some((Level::Bucket, hot)) => Verdict::Deny { until: hot.until },
            Some((why, _)) => Verdict::AskChallenge { why },
        }
    }

    async fn challenge(
        &self,
        hook: &Arc<dyn ChallengeHook>,
        context: &GuardContext,
        response: Option<Secret>,
        why: Level,
    ) -> Result<(), GuardRefusal> {
        let brought = response.is_some();
        let request = ChallengeRequest::new(context.tenant.clone(), context.phone.clone(), why)
            .with_client(context.client)
            .with_response(response);
        let verdict = match tokio::time::timeout(HOOK_TIME, hook.passes(&request)).await {
            Ok(Ok(true)) => ChallengeVerdict::Passed,
            Ok(Ok(false)) if brought => ChallengeVerdict::Failed,
            Ok(Ok(false)) => ChallengeVerdict::Missing,
            Ok(Err(error)) => {
                // The cause is somebody else's error, and may quote what was sent.
                tracing::warn!(error = %error, "the challenge hook failed");
                ChallengeVerdict::Unavailable
            }
            Err(_elapsed) => ChallengeVerdict::Unavailable,
        };
        self.inner.events.record(&OtpEvent::Challenged {
            tenant: context.tenant.clone(),
            phone: context.phone.masked(),
            why,
            verdict,
        });
        let refusal = match verdict {
            ChallengeVerdict::Passed => return Ok(()),
            ChallengeVerdict::Missing | ChallengeVerdict::Failed => GuardRefusal::ChallengeRequired,
            ChallengeVerdict::Unavailable => GuardRefusal::ChallengeUnavailable,
        };
        self.tell_refused(context, Limit::Challenge, None);
        Err(refusal)
    }

    fn tell_refused(&self, context: &GuardContext, limit: Limit, until: Option<Timestamp>) {
        self.inner.events.record(&OtpEvent::refused(&context.tenant, &context.phone, limit, until));
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held, and it is never held across an await.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what waits. The caller holds `writing`.
    async fn write(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut waiting = {
            let mut state = self.state();
            state.written_at = Some(now);
            state.pending.take()
        };
        while !waiting.is_empty() {
            let rest = waiting.split_off(WRITTEN_AT_ONCE.min(waiting.len()));
            let step = self.store.add_tallies(waiting.clone());
            if let Err(error) = within(WRITE_TIME, "otp.add_tallies", step).await {
                {
                    let mut state = self.state();
                    state.pending.put_back(waiting);
                    state.pending.put_back(rest);
                }
                self.tell_failure(TallyFailure::Write, &error, now);
                return Err(error);
            }
            waiting = rest;
        }
        Ok(())
    }

    fn tell_failure(&self, failure: TallyFailure, error: &StoreError, now: Timestamp) {
        let lost = {
            let mut state = self.state();
            let told_at = match failure {
                TallyFailure::Read => &mut state.read_told_at,
                TallyFailure::Write => &mut state.write_told_at,
            };
            if told_at.is_some_and(|at| is_within(at, TELL_EVERY, now)) {
                return;
            }
            *told_at = Some(now);
            if failure == TallyFailure::Write { state.pending.take_lost() } else { 0 }
        };
        tracing::warn!(
            error = %error, failure = failure.as_str(), lost,
            "the store of tallies fails: the pumping guard sees little or nothing, budgets hold"
        );
        self.events.record(&OtpEvent::TalliesUnavailable { failure, lost });
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("policy", &self.inner.policy).finish_non_exhaustive()
    }
}

/// Whether `now` is less than `span` after `at`. A clock that was set back is not.
fn is_within(at: Timestamp, span: Duration, now: Timestamp) -> bool {
    at <= now && now.since(at) < span
}

/// A step of a store that must answer in time.
async fn within<T>(
    span: Duration,
    step: &'static str,
    answer: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    tokio::time::timeout(span, answer)
        .await
        .unwrap_or_else(|_elapsed| Err(StoreError::new(StoreErrorKind::Unavailable, step)))
}
