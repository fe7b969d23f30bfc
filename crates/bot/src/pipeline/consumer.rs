//! Takes entries of the inbox: control before conversation.

use std::sync::Arc;
use std::time::Duration;

use wartel_core::{Clock, Locale, StoreError};
use wartel_messaging::inbox::{ConsumerError, Contact, InboundConsumer, InboxEntry, InboxEvent, InboxKind};
use wartel_messaging::{Author, InboundMessage};

use super::change::change_chat;
use super::heard::{HeardContent, read};
use super::waker::BotWaker;
use crate::admin::{AdminAnswer, AdminCommands, AdminMessage};
use crate::conversation::{Chat, ConversationStore, Heard, Incoming, Line, LineAuthor, Notice, Part};
use crate::guard::{self, Wish};
use crate::key::ChatKey;
use crate::lead::{LeadEvent, LeadEventId, LeadNews, Leads};
use crate::tenant::{Staff, Tenant, TenantStore};
use crate::texts;

/// The name by which the inbox remembers what the assistant has taken.
pub(crate) const NAME: &str = "bot";

/// For how long an answer to a command or a confirmation is worth sending.
const CONTROL_LIFE: Duration = Duration::from_secs(60 * 60);
/// How often staff are told that there are commands.
const HINT_EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// How often a customer is asked to type.
const TYPE_EVERY: Duration = Duration::from_secs(10 * 60);
/// How often an opt-out or its end is confirmed.
const OPT_EVERY: Duration = Duration::from_secs(60);

/// Takes what comes in for the assistant.
///
/// # Behavior
/// - Of tenants without a shop nothing is taken.
/// - Staff, recognised by exact number, give commands; they never become leads, and no model reads them.
/// - STOP and its like opt out at once, also while the assistant is paused or switched off; START opts in again.
/// - A message from our own side that this program did not send is a person who takes over: the assistant is silent from
///   then on.
/// - Everything else opens or renews a lead and waits, joined with what comes right after it, for [`BotWorker`].
///
/// [`BotWorker`]: super::BotWorker
#[derive(Debug, Clone)]
pub struct BotConsumer {
    chats: Arc<dyn ConversationStore>,
    tenants: Arc<dyn TenantStore>,
    leads: Leads,
    commands: Option<Arc<dyn AdminCommands>>,
    clock: Arc<dyn Clock>,
    waker: BotWaker,
}

impl BotConsumer {
    /// Takes entries into these stores, without commands.
    #[must_use]
    pub fn new(
        chats: Arc<dyn ConversationStore>,
        tenants: Arc<dyn TenantStore>,
        leads: Leads,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { chats, tenants, leads, commands: None, clock, waker: BotWaker::default() }
    }

    /// With who carries out commands of staff.
    #[must_use]
    pub fn with_commands(mut self, commands: Arc<dyn AdminCommands>) -> Self {
        self.commands = Some(commands);
        self
    }

    /// With what wakes the worker.
    #[must_use]
    pub fn with_waker(mut self, waker: BotWaker) -> Self {
        self.waker = waker;
        self
    }

    async fn change(
        &self,
        key: &ChatKey,
        change: impl FnMut(&mut Chat) -> Option<Vec<Line>> + Send,
    ) -> Result<Chat, StoreError> {
        let chat = change_chat(&self.chats, &self.clock, key, change).await?;
        if let Some(due) = chat.due_at() {
            self.waker.wake_at(due);
        }
        Ok(chat)
    }

    async fn take_message(&self, entry: &InboxEntry, message: &InboundMessage) -> Result<(), ConsumerError> {
        let Some(contact) = &entry.contact else { return Ok(()) };
        let Some((tenant, _)) = self.tenants.get(&entry.tenant).await? else { return Ok(()) };
        let key = ChatKey::new(entry.tenant.clone(), entry.account.clone(), contact.id);
        if message.author == Author::OwnAccount {
            return self.take_echo(entry, message, contact, &tenant, &key).await;
        }
        match contact.phone.as_ref().and_then(|phone| tenant.staff_of(phone)).cloned() {
            Some(staff) => self.take_staff(entry, message, contact, staff, Arc::new(tenant), &key).await?,
            None => self.take_customer(entry, message, contact, &tenant, &key).await?,
        }
        Ok(())
    }

    async fn take_staff(
        &self,
        entry: &InboxEntry,
        message: &InboundMessage,
        contact: &Contact,
        staff: Staff,
        tenant: Arc<Tenant>,
        key: &ChatKey,
    ) -> Result<(), StoreError> {
        let HeardContent::Words { text, .. } = read(&message.content) else { return Ok(()) };
        let known = self.chats.load(key).await?.is_some_and(|(chat, _)| chat.taken.contains(&entry.id));
        // A command out of an old history was meant for its own time.
        if known || !is_fresh(entry, message, &tenant) {
            return Ok(());
        }
        let at = entry.received_at;
        let answer = match &self.commands {
            Some(commands) => {
                let message =
                    AdminMessage::new(entry.id, key.clone(), staff, Arc::clone(&tenant), text.clone(), at);
                commands.run(&message).await?
            }
            None => AdminAnswer::NotACommand,
        };
        let now = self.clock.now();
        let change = |chat: &mut Chat| {
            if !chat.take(entry.id) {
                return None;
            }
            chat.meet(contact);
            let line = chat.line(LineAuthor::Person, text.clone(), at);
            let words = match &answer {
                AdminAnswer::Say(words) => Some(words.clone()),
                AdminAnswer::NotACommand => {
                    let hints = self.commands.is_some() && chat.notice(Notice::StaffHint, HINT_EVERY, now);
                    hints.then(|| texts::staff_hint(tenant.locale))
                }
            };
            if let Some(words) = words {
                chat.say(Part::text(words, LineAuthor::Notice, now + CONTROL_LIFE).in_any_case(), now);
            }
            Some(vec![line])
        };
        self.change(key, change).await.map(drop)
    }

    async fn take_customer(
        &self,
        entry: &InboxEntry,
        message: &InboundMessage,
        contact: &Contact,
        tenant: &Tenant,
        key: &ChatKey,
    ) -> Result<(), StoreError> {
        let heard = read(&message.content);
        let (text, flushes, wordless) = match heard {
            HeardContent::Nothing => return Ok(()),
            HeardContent::Words { text, flushes } => (text, flushes, false),
            HeardContent::Wordless { note } => (note, true, true),
        };
        let at = entry.received_at;
        let news = LeadNews::Wrote { phone: contact.phone.clone(), name: contact.name.clone() };
        let id = LeadEventId::from_uuid(entry.id.as_uuid());
        let event = LeadEvent::new(id, key.tenant.clone(), contact.id, key.account.clone(), news, at);
        self.leads.tell(&event).await?;

        let wish = if wordless { None } else { guard::stop(&text) };
        let fresh = is_fresh(entry, message, tenant);
        let now = self.clock.now();
        let change = |chat: &mut Chat| {
            if chat.taken.contains(&entry.id) {
                return None;
            }
            chat.meet(contact);
            if let Some(locale) = guard::language(&text).filter(|_| !wordless) {
                chat.locale = Some(locale);
            }
            let locale = chat.locale.unwrap_or(tenant.locale);
            let incoming = Incoming::new(entry.id, text.clone(), at)
                .with_provider_id(message.id.as_ref().map(|id| id.as_str().to_owned()))
                .ending_burst(flushes);
            chat.end_pause(at);
            // Without an opt-out the words of its end are words like others.
            let wish = wish.filter(|wish| *wish == Wish::Stop || chat.opted_out.is_some());
            let answerable = tenant.bot.enabled && fresh && wish.is_none() && !wordless;
            let may_answer = tenant.bot.enabled && fresh && chat.opted_out.is_none() && !chat.is_silenced(at);
            let (heard, lines) = chat.customer_wrote(&incoming, answerable, &tenant.bot);
            match wish {
                Some(wish) if heard == Heard::Kept => obey(chat, wish, locale, now),
                None if wordless && may_answer && chat.notice(Notice::PleaseType, TYPE_EVERY, now) => {
                    let part = Part::text(texts::please_type(locale), LineAuthor::Notice, now + CONTROL_LIFE);
                    chat.say(part, now);
                }
                _ => {}
            }
            Some(lines)
        };
        self.change(key, change).await.map(drop)
    }

    /// A message from our own side: ours, or a person's.
    async fn take_echo(
        &self,
        entry: &InboxEntry,
        message: &InboundMessage,
        contact: &Contact,
        tenant: &Tenant,
        key: &ChatKey,
    ) -> Result<(), ConsumerError> {
        let text = match read(&message.content) {
            HeardContent::Nothing => return Ok(()),
            HeardContent::Words { text, .. } => text,
            HeardContent::Wordless { note } => note,
        };
        // What is written to staff is no conversation with a customer.
        if contact.phone.as_ref().is_some_and(|phone| tenant.staff_of(phone).is_some()) {
            return Ok(());
        }
        let id = message.id.as_ref().map(wartel_messaging::ProviderMessageId::as_str);
        let elsewhere = match &message.id {
            Some(id) => self.chats.was_sent(&key.tenant, &key.account, id).await?,
            None => false,
        };
        let words = message.content.words();
        let at = entry.received_at;
        let mut again = false;
        let change = |chat: &mut Chat| {
            again = false;
            if chat.taken.contains(&entry.id) {
                return None;
            }
            let suspect = chat.is_suspect(entry.id);
            if elsewhere || chat.has_sent(id, words, at) {
                if suspect {
                    chat.clear_suspect(entry.id);
                }
                chat.take(entry.id);
                return Some(Vec::new());
            }
            chat.meet(contact);
            if !suspect && id.is_some() {
                // Another part of this program may have sent it and not noted it yet. Silence comes first.
                chat.suspect(entry.id, at);
                again = true;
                return Some(Vec::new());
            }
            chat.take(entry.id);
            let line = chat.person_wrote(&text, &tenant.bot, at);
            Some(vec![line])
        };
        self.change(key, change).await?;
        if again { Err(ConsumerError::retry(Unclear)) } else { Ok(()) }
    }
}

/// Whether a message of ours was a person's is not clear yet: its own send may still be under way.
#[derive(Debug, thiserror::Error)]
#[error("it is not clear yet whether a person wrote this")]
struct Unclear;

/// Whether a message came in soon after it was written.
fn is_fresh(entry: &InboxEntry, message: &InboundMessage, tenant: &Tenant) -> bool {
    let stale = Duration::from_secs(60 * u64::from(tenant.bot.stale_minutes));
    message.at.is_none_or(|written| entry.received_at.since(written) <= stale)
}

/// Obeys a wish to get no more automatic messages, or to get them again; it is confirmed once.
fn obey(chat: &mut Chat, wish: Wish, locale: Locale, now: wartel_core::Timestamp) {
    let (notice, words) = match wish {
        Wish::Stop => {
            chat.opt_out(now);
            (Notice::OptedOut, texts::opted_out(locale))
        }
        Wish::Start => {
            chat.opted_out = None;
            (Notice::OptedIn, texts::opted_in(locale))
        }
    };
    if chat.notice(notice, OPT_EVERY, now) {
        chat.say(Part::text(words, LineAuthor::Notice, now + CONTROL_LIFE).in_any_case(), now);
    }
}

#[async_trait::async_trait]
impl InboundConsumer for BotConsumer {
    fn name(&self) -> &'static str {
        NAME
    }

    fn kinds(&self) -> &[InboxKind] {
        &[InboxKind::Message, InboxKind::Echo]
    }

    async fn take(&self, entry: &InboxEntry) -> Result<(), ConsumerError> {
        match &entry.event {
            InboxEvent::Message(message) => self.take_message(entry, message).await,
            _ => Ok(()),
        }
    }
}
