//! Answers what waits, chat by chat.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::FutureExt as _;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::time::{Instant, MissedTickBehavior, interval};
use wartel_core::{Clock, StoreError};

use super::brain::Brain;
use super::hands::Hands;
use super::hold::Hold;
use super::pending::PendingEntries;
use super::turn::Turns;
use super::waker::BotWaker;
use crate::conversation::{ConversationStore, Effect, LeasedChat, Part};
use crate::lead::{LeadChange, LeadEvent, LeadNews, LeadStage, Leads};
use crate::speech::ChatSender;
use crate::spend::SpendStore;
use crate::tenant::TenantStore;
use crate::texts;

/// How long a chat is leased: longer than a turn and its sends may take.
pub(super) const LEASE: Duration = Duration::from_secs(240);
/// How many chats are worked on at once unless told otherwise.
const CONCURRENCY: usize = 64;
/// How often the store is asked when nobody wakes the worker.
const POLL: Duration = Duration::from_secs(1);
/// How often a store that fails is spoken of.
const COMPLAIN_EVERY: Duration = Duration::from_secs(60);
/// How many steps one lease may take, so that a chat that is never done lets others have their turn.
const STEPS: usize = 200;
/// How often old lines are deleted, how old they are unless told otherwise, and how many at once.
const PURGE_EVERY: Duration = Duration::from_secs(600);
const KEEP: Duration = Duration::from_secs(180 * 24 * 60 * 60);
const PURGE_LIMIT: usize = 1_000;
/// How long a chat rests after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// For how long a notice to staff is worth sending.
const STAFF_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// What [`BotWorker::work_due`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Worked {
    /// How many leases were worked off.
    pub chats: usize,
    /// How many of them ended with a failure or a panic; they come again.
    pub failed: usize,
}

/// Answers what waits and sends what is planned. Any number of workers may share the stores: a chat is leased to one at a
/// time. Clones are the same worker.
///
/// # Behavior
/// - The turns of a chat run one after the other; other chats do not wait for them.
/// - No transaction is open while a model or a provider is asked.
/// - Every state is in the store: a worker that dies loses nothing. What it was sending is not sent again, because it may
///   have arrived; everything else is done by whoever leases the chat next, when the lease has ended.
/// - A chat whose turn panics or fails three times gets a template answer; others are not affected.
#[derive(Debug, Clone)]
pub struct BotWorker {
    chats: Arc<dyn ConversationStore>,
    leads: Leads,
    tenants: Arc<dyn TenantStore>,
    hands: Hands,
    turns: Turns,
    clock: Arc<dyn Clock>,
    waker: BotWaker,
    concurrency: usize,
    keep: Duration,
}

/// What a worker works with.
#[derive(Debug, Clone)]
#[allow(clippy::exhaustive_structs, reason = "whoever wires a worker names all of its parts")]
pub struct BotParts {
    /// The chats.
    pub chats: Arc<dyn ConversationStore>,
    /// The shops.
    pub tenants: Arc<dyn TenantStore>,
    /// The leads.
    pub leads: Leads,
    /// What models cost; also notes what staff were told.
    pub spend: Arc<dyn SpendStore>,
    /// Through whom it speaks.
    pub sender: Arc<dyn ChatSender>,
    /// What has come in and was not looked at yet.
    pub pending: Arc<dyn PendingEntries>,
    /// Who answers.
    pub brain: Brain,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl BotWorker {
    /// A worker of these parts.
    #[must_use]
    pub fn new(parts: BotParts) -> Self {
        let hands = Hands {
            sender: Arc::clone(&parts.sender),
            tenants: Arc::clone(&parts.tenants),
            pending: parts.pending,
            clock: Arc::clone(&parts.clock),
            paced: true,
        };
        let turns = Turns {
            chats: Arc::clone(&parts.chats),
            tenants: Arc::clone(&parts.tenants),
            spend: parts.spend,
            sender: parts.sender,
            brain: parts.brain,
            clock: Arc::clone(&parts.clock),
        };
        Self {
            chats: parts.chats,
            leads: parts.leads,
            tenants: parts.tenants,
            hands,
            turns,
            clock: parts.clock,
            waker: BotWaker::default(),
            concurrency: CONCURRENCY,
            keep: KEEP,
        }
    }

    /// With what wakes it. Give the same one to [`BotConsumer`](super::BotConsumer).
    #[must_use]
    pub fn with_waker(mut self, waker: BotWaker) -> Self {
        self.waker = waker;
        self
    }

    /// With how many chats are worked on at once, at least 1. Default: 64.
    #[must_use]
    pub fn with_concurrency(mut self, chats: usize) -> Self {
        self.concurrency = chats.max(1);
        self
    }

    /// With how long what was said is kept. Default: 180 days.
    #[must_use]
    pub const fn with_retention(mut self, keep: Duration) -> Self {
        self.keep = keep;
        self
    }

    /// Without the pauses between the parts of an answer.
    #[must_use]
    pub const fn without_pace(mut self) -> Self {
        self.hands.paced = false;
        self
    }

    /// Works off everything that is due now, and what becomes due by it, and waits until all of it has ended.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not lease.
    pub async fn work_due(&self) -> Result<Worked, StoreError> {
        let mut worked = Worked::default();
        let mut under_way = FuturesUnordered::new();
        loop {
            let free = self.concurrency.saturating_sub(under_way.len());
            let leased = self.chats.lease_due(free.min(self.concurrency), LEASE, self.clock.now()).await?;
            for leased in leased {
                under_way.push(self.work(leased));
            }
            match under_way.next().await {
                Some(well) => {
                    worked.chats += 1;
                    worked.failed += usize::from(!well);
                }
                None => return Ok(worked),
            }
        }
    }

    /// Works off what becomes due until `shutdown` ends, then ends the turns that are under way.
    ///
    /// A store that fails is asked again; the failure is logged when it begins and every minute.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) {
        tokio::pin!(shutdown);
        let mut under_way = FuturesUnordered::new();
        let mut complained: Option<Instant> = None;
        let mut purge = interval(PURGE_EVERY);
        purge.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let free = self.concurrency.saturating_sub(under_way.len());
            let now = self.clock.now();
            self.waker.pass(now);
            let mut full = false;
            if free > 0 {
                match self.chats.lease_due(free, LEASE, now).await {
                    Ok(leased) => {
                        complained = None;
                        full = leased.len() == free;
                        for leased in leased {
                            under_way.push(self.work(leased));
                        }
                    }
                    Err(error) if complained.is_none_or(|at| at.elapsed() >= COMPLAIN_EVERY) => {
                        complained = Some(Instant::now());
                        tracing::error!(error = &error as &dyn std::error::Error, "the chats cannot be read");
                    }
                    Err(_) => {}
                }
            }
            let wait = self.waker.next().map_or(POLL, |due| due.since(self.clock.now()).min(POLL));
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(_) = under_way.next() => {}
                () = self.waker.changed() => {}
                _ = purge.tick() => self.purge().await,
                () = tokio::time::sleep(wait), if !full => {}
            }
        }
        while under_way.next().await.is_some() {}
    }

    /// Deletes lines that are too old.
    async fn purge(&self) {
        let before = self.clock.now() - self.keep;
        match self.chats.purge(before, PURGE_LIMIT).await {
            Ok(0) => {}
            Ok(gone) => tracing::debug!(gone, "old lines of chats are deleted"),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "old lines of chats cannot be deleted"
                );
            }
        }
    }

    /// Works on one chat; whatever happens stays with it. Answers whether it went well.
    async fn work(&self, leased: LeasedChat) -> bool {
        let (key, fence) = (leased.chat.key.clone(), leased.fence);
        let hold = Hold::new(leased, Arc::clone(&self.chats), Arc::clone(&self.clock));
        let outcome = AssertUnwindSafe(self.steps(hold)).catch_unwind().await;
        match outcome {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => {
                tracing::error!(chat = %key, error = &error as &dyn std::error::Error, "a chat could not be worked on");
            }
            Err(_) => {
                tracing::error!(chat = %key, "working on a chat panicked");
            }
        }
        metrics::counter!("wartel_bot_failures_total").increment(1);
        // So that it need not wait for the lease to end. Should that fail, it does.
        tokio::time::sleep(AFTER_FAILURE).await;
        let _ = self.chats.release(&key, fence).await;
        false
    }

    async fn steps(&self, mut hold: Hold) -> Result<(), StoreError> {
        for _ in 0..STEPS {
            let now = self.clock.now();
            let lines = hold.chat.settle_lapsed(now);
            if !lines.is_empty() {
                hold.save(lines).await?;
                continue;
            }
            if let Some(effect) = hold.chat.effects.first().cloned() {
                self.take_effect(&mut hold, &effect).await?;
                continue;
            }
            if hold.chat.outgoing_due.is_some_and(|due| due <= now) && !hold.chat.outgoing.is_empty() {
                self.hands.send_next(&mut hold).await?;
                continue;
            }
            let answers = !hold.chat.burst.is_empty() && !hold.chat.has_planned_answer();
            if answers && hold.chat.burst_due.is_some_and(|due| due <= now) {
                self.turns.take(&mut hold).await?;
                continue;
            }
            break;
        }
        if let Some(due) = hold.chat.due_at() {
            self.waker.wake_at(due);
        }
        hold.release().await
    }

    async fn take_effect(&self, hold: &mut Hold, effect: &Effect) -> Result<(), StoreError> {
        let chat = &hold.chat;
        let (id, news, at) = match effect {
            Effect::LeadTold { id, interest, at } => (*id, LeadNews::Told(interest.clone()), *at),
            Effect::LeadBooked { id, booking, at } => (*id, LeadNews::Booked(booking.clone()), *at),
            Effect::LeadAskedForPerson { id, at } => (*id, LeadNews::AskedForPerson, *at),
        };
        let (tenant, contact, account) =
            (chat.key.tenant.clone(), chat.key.contact, chat.key.account.clone());
        let event = LeadEvent::new(id, tenant, contact, account, news, at);
        let change = self.leads.tell(&event).await?;
        let notices = match change.filter(is_news) {
            Some(change) => self.staff_notices(hold, &change).await?,
            None => Vec::new(),
        };
        let now = self.clock.now();
        hold.change(|chat| {
            let place = chat.effects.iter().position(|other| other == effect);
            if let Some(place) = place {
                chat.effects.remove(place);
                for notice in notices.clone() {
                    chat.say(notice, now);
                }
            }
            Vec::new()
        })
        .await
    }

    async fn staff_notices(&self, hold: &Hold, change: &LeadChange) -> Result<Vec<Part>, StoreError> {
        let Some((tenant, _)) = self.tenants.get(&hold.chat.key.tenant).await? else { return Ok(Vec::new()) };
        let words = texts::staff_lead(tenant.locale, &change.lead);
        let until = self.clock.now() + STAFF_LIFE;
        let told = tenant.staff.iter().filter(|staff| staff.notified);
        Ok(told.map(|staff| Part::to_staff(staff.phone.clone(), words.clone(), until)).collect())
    }
}

/// Whether staff are told: somebody became a lead worth calling.
fn is_news(change: &LeadChange) -> bool {
    let risen = change.stage_before.is_some_and(|before| before < change.lead.stage);
    risen && matches!(change.lead.stage, LeadStage::Qualified | LeadStage::Booked)
}
