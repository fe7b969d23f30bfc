//! The world of the long random histories: who writes, who answers, what is lost on the way, and what must never be seen.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use wartel_bot::llm::LlmMessage;
use wartel_bot::pipeline::PendingEntries;
use wartel_bot::{AiResponder, ChatKey, ChatSender, Reply, TurnError, TurnErrorKind, TurnInput, TurnOutput};
use wartel_core::{AccountId, Clock, ManualClock, StoreError, TenantId, Timestamp};
use wartel_messaging::inbox::{InboxEntry, InboxEntryId};
use wartel_messaging::{
    Accepted, Capabilities, OutboundMessage, ProviderMessageId, Recipient, RetryAdvice, SendError,
    SendErrorKind,
};

/// A small generator: the same seed is the same history.
#[derive(Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

/// A word of letters for a number, so that no check of numbers has to do with it.
pub(crate) fn word(prefix: &str, mut number: u64) -> String {
    let mut text = prefix.to_owned();
    for _ in 0..5 {
        text.push(char::from(b'a' + u8::try_from(number % 20).unwrap()));
        number /= 20;
    }
    text
}

pub(crate) fn words_of<'a>(text: &'a str, prefix: &str) -> Vec<&'a str> {
    text.split(|c: char| !c.is_ascii_lowercase())
        .filter(|word| word.starts_with(prefix) && word.len() == 7)
        .collect()
}

/// The id of a message, its text, and when it arrived.
pub(crate) type Arrived = (String, String, Timestamp);

/// What everybody in the story shares.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: ManualClock,
    pub(crate) dice: Mutex<Dice>,
    /// Entries that are stored and not taken yet.
    pub(crate) inbox: Mutex<Vec<InboxEntry>>,
    /// Whose word stands for which chat.
    pub(crate) canaries: HashMap<ChatKey, String>,
    /// Until when no answer may go out, because a person has taken over.
    pub(crate) silent_until: Mutex<HashMap<ChatKey, Timestamp>>,
    pub(crate) stopped: Mutex<BTreeSet<ChatKey>>,
    /// How often each message was answered by something that arrived.
    pub(crate) arrived: Mutex<HashMap<String, u32>>,
    /// What arrived lately in a chat: id, text, when.
    pub(crate) lately: Mutex<BTreeMap<ChatKey, Vec<Arrived>>>,
    pub(crate) offline: Mutex<HashMap<(TenantId, AccountId), Timestamp>>,
    pub(crate) keys: HashMap<(TenantId, AccountId, String), ChatKey>,
    pub(crate) wrong: Mutex<Vec<String>>,
    pub(crate) counts: Mutex<BTreeMap<&'static str, u64>>,
}

impl World {
    pub(crate) fn once_in(&self, times: u64) -> bool {
        self.dice.lock().unwrap().once_in(times)
    }

    pub(crate) fn below(&self, end: u64) -> u64 {
        self.dice.lock().unwrap().below(end)
    }

    pub(crate) fn count(&self, what: &'static str) {
        *self.counts.lock().unwrap().entry(what).or_default() += 1;
    }

    pub(crate) fn is_wrong(&self, what: String) {
        self.wrong.lock().unwrap().push(what);
    }

    pub(crate) fn note(&self, key: ChatKey, id: String, text: String, now: Timestamp) {
        let mut lately = self.lately.lock().unwrap();
        let of_chat = lately.entry(key).or_default();
        of_chat.push((id, text, now));
        if of_chat.len() > 16 {
            of_chat.remove(0);
        }
    }

    pub(crate) async fn rest(&self) {
        for _ in 0..self.below(3) {
            tokio::task::yield_now().await;
        }
    }

    /// Every word of a chat in this text is of this chat.
    pub(crate) fn check_canaries(&self, chat: &ChatKey, text: &str, what: &str) {
        let own = &self.canaries[chat];
        if words_of(text, "zc").iter().any(|word| *word != own) {
            self.is_wrong(format!("words of another chat in {what} of {chat}"));
        }
    }

    pub(crate) fn online(&self, tenant: &TenantId, account: &AccountId) -> bool {
        let offline = self.offline.lock().unwrap();
        offline.get(&(tenant.clone(), account.clone())).is_none_or(|until| *until <= self.clock.now())
    }
}

/// Responds slowly, fails, panics, or repeats what was said.
#[derive(Debug)]
pub(crate) struct Moody(pub(crate) Arc<World>);

#[async_trait::async_trait]
impl AiResponder for Moody {
    async fn respond(&self, turn: &TurnInput) -> Result<TurnOutput, TurnError> {
        let world = &self.0;
        world.count("turns");
        let mut read = turn.words();
        for message in &turn.history {
            if let LlmMessage::User { text } | LlmMessage::Assistant { text, .. } = message {
                read.push('\n');
                read.push_str(text);
            }
        }
        world.check_canaries(&turn.chat, &read, "the prompt");
        for _ in 0..world.below(6) {
            tokio::task::yield_now().await;
        }
        if world.once_in(50) {
            tokio::time::sleep(Duration::from_secs(120)).await;
        }
        if world.once_in(20) {
            return Err(TurnError::new(TurnErrorKind::Exhausted));
        }
        if world.once_in(60) {
            // A panic that is not printed.
            std::panic::resume_unwind(Box::new("a brain that panics"));
        }
        Ok(TurnOutput::Reply(Reply::new(turn.words(), "script")))
    }
}

/// Answers what the other one could not.
#[derive(Debug)]
pub(crate) struct Steady;

#[async_trait::async_trait]
impl AiResponder for Steady {
    async fn respond(&self, turn: &TurnInput) -> Result<TurnOutput, TurnError> {
        Ok(TurnOutput::Reply(Reply::new(turn.words(), "script")))
    }
}

#[derive(Debug)]
pub(crate) struct Line(pub(crate) Arc<World>);

#[async_trait::async_trait]
impl ChatSender for Line {
    async fn capabilities(&self, tenant: &TenantId, account: &AccountId) -> Option<Capabilities> {
        self.0.rest().await;
        self.0.online(tenant, account).then(|| Capabilities::none().with_text())
    }

    async fn send(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        message: &OutboundMessage,
    ) -> Result<Accepted, SendError> {
        let world = &self.0;
        let text = message.text().expose().to_owned();
        let Some(key) = world.keys.get(&(tenant.clone(), account.clone(), address(&message.to))).cloned()
        else {
            return Ok(Accepted::new());
        };
        let now = world.clock.now();
        world.check_canaries(&key, &text, "a message");
        let covered = words_of(&text, "zq");
        if !covered.is_empty() {
            if world.silent_until.lock().unwrap().get(&key).is_some_and(|until| now < *until) {
                world.is_wrong(format!("an answer after a person took over in {key}"));
            }
            if world.stopped.lock().unwrap().contains(&key) {
                world.is_wrong(format!("an answer after STOP in {key}"));
            }
        }
        let fail = |advice| Err(SendError::new("fake", SendErrorKind::Unavailable, advice));
        if !world.online(tenant, account) || world.once_in(12) {
            world.count("refused for a while");
            return fail(RetryAdvice::After(None));
        }
        if world.once_in(60) {
            world.count("refused for good");
            return fail(RetryAdvice::Never);
        }
        world.rest().await;
        let unknown = world.once_in(15);
        if unknown && world.once_in(2) {
            world.count("lost on the way");
            return fail(RetryAdvice::Ambiguous);
        }
        for word in covered {
            let mut arrived = world.arrived.lock().unwrap();
            let times = arrived.entry(word.to_owned()).or_default();
            *times += 1;
            if *times > 1 {
                world.wrong.lock().unwrap().push(format!("answered twice in {key}"));
            }
        }
        let id = InboxEntryId::random().to_string();
        world.note(key, id.clone(), text, now);
        world.rest().await;
        world.count("arrived");
        if unknown { fail(RetryAdvice::Ambiguous) } else { Ok(Accepted::new().with_message_id(id)) }
    }

    async fn typing<'a>(&self, _: &TenantId, _: &AccountId, _: &Recipient, _: Option<&'a ProviderMessageId>) {
    }
}

pub(crate) fn address(to: &Recipient) -> String {
    match to {
        Recipient::Phone(phone) => phone.e164().to_owned(),
        _ => String::new(),
    }
}

#[derive(Debug)]
pub(crate) struct Inbox(pub(crate) Arc<World>);

#[async_trait::async_trait]
impl PendingEntries for Inbox {
    async fn is_pending(&self, chat: &ChatKey) -> Result<bool, StoreError> {
        self.0.rest().await;
        let of_chat = |entry: &InboxEntry| key_of(entry) == *chat;
        Ok(self.0.inbox.lock().unwrap().iter().any(of_chat))
    }
}

pub(crate) fn key_of(entry: &InboxEntry) -> ChatKey {
    ChatKey::new(entry.tenant.clone(), entry.account.clone(), entry.contact.as_ref().unwrap().id)
}

/// A worker that dies after it was polled so often.
pub(crate) async fn dying<F: Future>(future: F, polls: u64) -> bool {
    let mut future = pin!(future);
    let mut left = polls;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(true);
        }
        left -= 1;
        future.as_mut().poll(context).map(|_| false)
    })
    .await
}

/// The clock of the story.
#[derive(Debug)]
pub(crate) struct WorldClock(pub(crate) Arc<World>);

impl Clock for WorldClock {
    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }
}
