//! One turn: whether to answer, what to answer, and whether it still holds when it is thought out.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use wartel_core::{Clock, Locale, PhoneNumber, StoreError, Timestamp};
use wartel_messaging::inbox::InboxEntryId;
use wartel_messaging::{Capabilities, ProviderMessageId};

use super::brain::{Brain, Thought};
use super::gate::{self, Gate};
use super::hold::Hold;
use super::plan::{self, Plan};
use crate::agent::history_of;
use crate::conversation::{Chat, ConversationStore, Line, Notice, Part, PauseBy, cut};
use crate::guard;
use crate::key::{ChatKey, TurnId};
use crate::responder::{TurnErrorKind, TurnInput};
use crate::speech::ChatSender;
use crate::spend::{Reservation, ReservationId, Reserved, SpendCap, SpendStore};
use crate::tenant::{Tenant, TenantStore};
use crate::texts;

/// How long thinking may take altogether.
const TURN_TIME: Duration = Duration::from_secs(90);
/// How many lines are looked at for the prompt.
const HISTORY_LINES: usize = 60;
/// How long the sign that an answer is being written may take to reach the provider.
const TYPING_TIME: Duration = Duration::from_secs(3);
/// How often it is looked at, while a model thinks, whether anybody still waits for the answer.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often a turn is begun before a template answers.
const TRIES: u32 = 3;
/// How often staff are told of trouble with the models.
const ALERT_HOURS: i64 = 6;
/// How much of what was asked staff are told.
const TOLD_BYTES: usize = 400;
/// For how long a notice to staff is worth sending.
const STAFF_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// Takes turns.
#[derive(Debug, Clone)]
pub(super) struct Turns {
    pub(super) chats: Arc<dyn ConversationStore>,
    pub(super) tenants: Arc<dyn TenantStore>,
    pub(super) spend: Arc<dyn SpendStore>,
    pub(super) sender: Arc<dyn ChatSender>,
    pub(super) brain: Brain,
    pub(super) clock: Arc<dyn Clock>,
}

impl Turns {
    /// Answers what waits in a chat, or sees that it needs no answer, or not now.
    pub(super) async fn take(&self, hold: &mut Hold) -> Result<(), StoreError> {
        let now = self.clock.now();
        let key = hold.key();
        let tenant = self.tenants.get(&key.tenant).await?.map(|(tenant, _)| Arc::new(tenant));
        let Some(tenant) = tenant else {
            hold.chat.drop_burst();
            return hold.save(Vec::new()).await.map(drop);
        };
        let capabilities = self.sender.capabilities(&key.tenant, &key.account).await;
        hold.chat.end_pause(now);
        match gate::check(&hold.chat, &tenant, capabilities.as_ref(), now) {
            Gate::Go => self.answer(hold, &tenant, now).await,
            Gate::Wait(at) => {
                hold.chat.burst_due = Some(at);
                hold.save(Vec::new()).await.map(drop)
            }
            Gate::Drop => {
                hold.chat.drop_burst();
                hold.save(Vec::new()).await.map(drop)
            }
            Gate::TooLate => self.tell_too_late(hold, &tenant, now).await,
            Gate::Closed => self.say_closed(hold, &tenant, now).await,
            Gate::TooMany => self.fall_back(hold, &tenant, now).await,
            Gate::Loop { until } => self.stop_loop(hold, &tenant, now, until).await,
        }
    }

    async fn answer(&self, hold: &mut Hold, tenant: &Arc<Tenant>, now: Timestamp) -> Result<(), StoreError> {
        if hold.chat.failures >= TRIES {
            metrics::counter!("wartel_bot_dead_letters_total").increment(1);
            tracing::error!(chat = %hold.chat.key, "a turn has failed {TRIES} times; a template answers");
            return self.fall_back(hold, tenant, now).await;
        }
        // Noted first: a turn that kills its worker does not do so for ever.
        hold.chat.failures += 1;
        hold.chat.burst_due = Some(now + Duration::from_secs(1 << hold.chat.failures));
        if !hold.save(Vec::new()).await? {
            return Ok(());
        }
        let turn = TurnId::random();
        let covered: Vec<InboxEntryId> = hold.chat.burst.iter().map(|item| item.entry).collect();
        let input = self.input(hold, tenant, turn, now).await?;
        let locale = input.locale;
        let thought = self.think(hold, input).await;
        let thought_at = self.clock.now();
        let mut plan = plan::of(&thought, turn, locale, thought_at);
        if let Some((reason, summary)) = &plan.hand_over {
            plan.parts.extend(staff_handoff(&hold.chat, tenant, reason, summary, thought_at));
        }
        self.commit(hold, tenant, &covered, &plan, &thought).await
    }

    async fn input(
        &self,
        hold: &Hold,
        tenant: &Arc<Tenant>,
        turn: TurnId,
        now: Timestamp,
    ) -> Result<TurnInput, StoreError> {
        let chat = &hold.chat;
        let first = chat.burst.first().map_or(chat.next_line, |item| item.line);
        let waiting: BTreeSet<u64> = chat.burst.iter().map(|item| item.line).collect();
        let lines = self.chats.lines(&chat.key, chat.boundary, HISTORY_LINES).await?;
        let before: Vec<Line> =
            lines.into_iter().filter(|line| line.number < first && !waiting.contains(&line.number)).collect();
        let burst = chat.burst.iter().map(|item| guard::normalise(&item.text).text).collect();
        let mut input = TurnInput::new(chat.key.clone(), turn, Arc::clone(tenant), burst, now);
        input.customer_name = chat.name.as_deref().map(|name| guard::normalise(name).text);
        input.history = history_of(&before);
        input.locale = chat.locale.unwrap_or(tenant.locale);
        input.time_left = TURN_TIME;
        input.canary = canary();
        Ok(input)
    }

    /// Thinks, and shows meanwhile that an answer is being written.
    async fn think(&self, hold: &Hold, input: TurnInput) -> Thought {
        let chat = &hold.chat;
        let (recipient, key) = (chat.recipient(), chat.key.clone());
        let last = chat.burst.last().and_then(|item| item.provider_id.clone()).map(ProviderMessageId::new);
        let typing = async {
            let Some(recipient) = recipient else { return };
            let shown = self.sender.typing(&key.tenant, &key.account, &recipient, last.as_ref());
            let _ = tokio::time::timeout(TYPING_TIME, shown).await;
        };
        let thinking = self.brain.think(input);
        let in_vain = self.in_vain(&key);
        tokio::pin!(typing, thinking, in_vain);
        let mut shown = false;
        loop {
            tokio::select! {
                biased;
                thought = &mut thinking => return thought,
                () = &mut in_vain => return Thought { silent: true, ..Thought::default() },
                () = &mut typing, if !shown => shown = true,
            }
        }
    }

    /// Ends when nobody waits for the answer any more: STOP, or a person who took over. What is said then does not wait for
    /// a model that is slow.
    async fn in_vain(&self, key: &ChatKey) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let Ok(Some((chat, _))) = self.chats.load(key).await else { continue };
            if chat.burst.is_empty() || chat.opted_out.is_some() || chat.is_silenced(self.clock.now()) {
                return;
            }
        }
    }

    /// Plans what was thought, if nothing has come between that it does not know.
    async fn commit(
        &self,
        hold: &mut Hold,
        tenant: &Tenant,
        covered: &[InboxEntryId],
        plan: &Plan,
        thought: &Thought,
    ) -> Result<(), StoreError> {
        hold.reload().await?;
        // Only for a draft that counts: whether staff were told is noted when it is asked.
        let mut alerts: Option<Vec<Part>> = None;
        loop {
            let now = self.clock.now();
            let chat = &mut hold.chat;
            let waiting = |entry: &InboxEntryId| chat.burst.iter().any(|item| item.entry == *entry);
            // A person took over, the customer opted out, or somebody dropped what was waiting: nothing is said.
            if chat.burst.is_empty() || chat.opted_out.is_some() || chat.is_silenced(now) {
                chat.drop_burst();
            } else if !covered.iter().all(waiting) {
                chat.burst_due = Some(now);
            } else if chat.burst.len() > covered.len() && !chat.keeps_stale_draft() {
                // Another message came meanwhile: one answer to all of it. This draft is thrown away, and its place in
                // the count of failures with it.
                chat.failures = chat.failures.saturating_sub(1);
                metrics::counter!("wartel_bot_drafts_total", "outcome" => "stale").increment(1);
            } else {
                if alerts.is_none() {
                    alerts = Some(self.trouble(tenant, &thought.troubles, now).await?);
                }
                self.plan(chat, tenant, covered.len(), plan, thought.silent, now);
            }
            for alert in alerts.iter().flatten() {
                chat.say(alert.clone(), now);
            }
            if hold.save(Vec::new()).await? {
                return Ok(());
            }
        }
    }

    fn plan(
        &self,
        chat: &mut Chat,
        tenant: &Tenant,
        covered: usize,
        plan: &Plan,
        silent: bool,
        now: Timestamp,
    ) {
        let mut parts = plan.parts.clone();
        if plan.is_fallback && !silent && chat.notice(Notice::Fallback, gate::FALLBACK_EVERY, now) {
            let locale = chat.locale.unwrap_or(tenant.locale);
            parts.push(plan::notice(texts::fallback(locale), now));
            parts.extend(staff_handoff(chat, tenant, &texts::unanswered(tenant.locale), "", now));
        }
        chat.plan(covered, parts, plan.effects.clone(), !plan.is_fallback, now);
        if plan.hand_over.is_some()
            && let Some(turn) = plan.turn
        {
            chat.hand_over(turn, &tenant.bot, now);
        }
    }

    async fn say_closed(&self, hold: &mut Hold, tenant: &Tenant, now: Timestamp) -> Result<(), StoreError> {
        let locale = locale_of(&hold.chat, tenant);
        let status = tenant.hours.status_text(locale, now);
        let count = hold.chat.burst.len();
        let mut parts = Vec::new();
        if hold.chat.notice(Notice::Closed, gate::CLOSED_EVERY, now) {
            parts.push(plan::notice(texts::closed(locale, &status), now));
        }
        hold.chat.plan(count, parts, Vec::new(), false, now);
        hold.save(Vec::new()).await.map(drop)
    }

    /// Nobody answers any more by itself, because WhatsApp was not connected or the 24 hours of the official API are over:
    /// staff are told, with what was asked.
    async fn tell_too_late(
        &self,
        hold: &mut Hold,
        tenant: &Tenant,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let asked: Vec<&str> = hold.chat.burst.iter().map(|item| item.text.as_str()).collect();
        let asked = cut(&asked.join("\n"), TOLD_BYTES).to_owned();
        let parts = staff_handoff(&hold.chat, tenant, &texts::too_late(tenant.locale), &asked, now);
        hold.chat.drop_burst();
        for part in parts {
            hold.chat.say(part, now);
        }
        hold.save(Vec::new()).await.map(drop)
    }

    /// A template answers, at most once in a while; a person is told.
    async fn fall_back(&self, hold: &mut Hold, tenant: &Tenant, now: Timestamp) -> Result<(), StoreError> {
        let count = hold.chat.burst.len();
        let plan = Plan { is_fallback: true, ..Plan::default() };
        self.plan(&mut hold.chat, tenant, count, &plan, false, now);
        hold.save(Vec::new()).await.map(drop)
    }

    async fn stop_loop(
        &self,
        hold: &mut Hold,
        tenant: &Tenant,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        metrics::counter!("wartel_bot_loops_total").increment(1);
        let chat = &mut hold.chat;
        chat.pause_by(PauseBy::Loop, now, Some(until));
        if chat.notice(Notice::Loop, until.since(now), now) {
            let phone = chat.phone.as_ref().map(PhoneNumber::e164);
            let words = texts::staff_loop(tenant.locale, chat.name.as_deref(), phone);
            for part in to_staff(tenant, &words, now) {
                chat.say(part, now);
            }
        }
        hold.save(Vec::new()).await.map(drop)
    }

    /// What staff are told of trouble that only they can end; once in six hours for each kind, whoever notices it.
    async fn trouble(
        &self,
        tenant: &Tenant,
        troubles: &[TurnErrorKind],
        now: Timestamp,
    ) -> Result<Vec<Part>, StoreError> {
        let needs = troubles.iter().find_map(|trouble| match trouble {
            TurnErrorKind::Model(kind) if kind.needs_the_tenant() => Some(*kind),
            _ => None,
        });
        let Some(kind) = needs else { return Ok(Vec::new()) };
        let window = now.as_micros().div_euclid(ALERT_HOURS * 3_600_000_000);
        let caps = vec![SpendCap::new(format!("alert/{}/{window}", kind.as_str()), 1)];
        let id = ReservationId::random();
        let until = now + Duration::from_secs(60);
        let once = Reservation::new(id, tenant.id.clone(), caps, 1, until);
        if self.spend.reserve(&once, now).await? != Reserved::Yes {
            return Ok(Vec::new());
        }
        self.spend.settle(&tenant.id, id, 1, 0, now).await?;
        Ok(to_staff(tenant, &texts::staff_model_trouble(tenant.locale, kind.as_str()), now))
    }
}

fn locale_of(chat: &Chat, tenant: &Tenant) -> Locale {
    chat.locale.unwrap_or(tenant.locale)
}

fn to_staff(tenant: &Tenant, words: &str, now: Timestamp) -> Vec<Part> {
    let told = tenant.staff.iter().filter(|staff| staff.notified);
    told.map(|staff| Part::to_staff(staff.phone.clone(), words, now + STAFF_LIFE)).collect()
}

fn staff_handoff(chat: &Chat, tenant: &Tenant, reason: &str, summary: &str, now: Timestamp) -> Vec<Part> {
    let phone = chat.phone.as_ref().map(PhoneNumber::e164);
    let words = texts::staff_handoff(tenant.locale, chat.name.as_deref(), phone, reason, summary);
    to_staff(tenant, &words, now)
}

/// A word that nobody can guess.
fn canary() -> String {
    format!("wtl-{}", TurnId::random().as_uuid().simple())
}

/// For the capabilities that the gate looks at.
pub(super) const fn has_window(capabilities: &Capabilities) -> bool {
    // Providers with approved templates are the official APIs: these refuse free text outside of 24 hours.
    capabilities.templates
}
