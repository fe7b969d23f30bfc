//! Long random histories: many chats of two shops, with everything that happens in the field, and what must hold all the same.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wartel_bot::ChatKey;
use wartel_bot::conversation::{ConversationStore, LineAuthor, LineOutcome, MemoryConversationStore};
use wartel_bot::lead::{Leads, MemoryLeadStore};
use wartel_bot::pipeline::{BotConsumer, BotParts, BotWorker, Brain};
use wartel_bot::spend::MemorySpendStore;
use wartel_bot::tenant::{MemoryTenantStore, TenantStore};
use wartel_core::{AccountId, Clock, ManualClock, TenantId, Timestamp};
use wartel_messaging::inbox::{InboundConsumer as _, InboxEntry, InboxEntryId, InboxEvent};
use wartel_messaging::{Authenticity, InboundContent, InboundMessage};

use crate::histories_world::{
    Dice, Inbox, Line, Moody, Steady, World, WorldClock, address, dying, word, words_of,
};
use crate::shop::{NOON, Person, tenant};

/// For how long a person who takes over silences the assistant in these histories.
const SILENCE: Duration = Duration::from_secs(60 * 60);

struct Story {
    world: Arc<World>,
    chats: Arc<dyn ConversationStore>,
    tenants: Arc<dyn TenantStore>,
    consumer: BotConsumer,
    worker: BotWorker,
    people: Vec<(ChatKey, Person)>,
    /// Every customer message: its word, its chat and when it came.
    written: Vec<(String, usize, Timestamp)>,
    taken: Vec<Vec<InboxEntry>>,
}

/// Chats in which nothing happens that forbids an answer: each message of theirs is answered in the end.
fn is_calm(chat: usize) -> bool {
    chat % 4 == 2
}

impl Story {
    async fn new(seed: u64) -> Self {
        let start = Timestamp::parse_rfc3339(NOON).unwrap();
        let shops = ["toko", "gerai"].map(|name| TenantId::parse(name).unwrap());
        let accounts = [AccountId::default(), AccountId::parse("dua").unwrap()];
        let mut people = Vec::new();
        for number in 0..40 {
            for shop in &shops {
                // The same number writes to both shops, and to both accounts of each.
                let person = Person::new(&format!("0812000{number:05}"));
                for account in &accounts {
                    let key = ChatKey::new(shop.clone(), account.clone(), person.contact.id);
                    people.push((key, person.clone()));
                }
            }
        }
        let canaries = (0..).zip(&people).map(|(at, (key, _))| (key.clone(), word("zc", at))).collect();
        let keys = people.iter().map(|(key, person)| {
            ((key.tenant.clone(), key.account.clone(), address(&person.recipient())), key.clone())
        });
        let world = Arc::new(World {
            clock: ManualClock::new(start),
            dice: Mutex::new(Dice(seed)),
            inbox: Mutex::default(),
            canaries,
            silent_until: Mutex::default(),
            stopped: Mutex::default(),
            arrived: Mutex::default(),
            lately: Mutex::default(),
            offline: Mutex::default(),
            keys: keys.collect(),
            wrong: Mutex::default(),
            counts: Mutex::default(),
        });
        let clock: Arc<dyn Clock> = Arc::new(WorldClock(world.clone()));
        let chats: Arc<dyn ConversationStore> = Arc::new(MemoryConversationStore::new());
        let tenants: Arc<dyn TenantStore> = Arc::new(MemoryTenantStore::new());
        for shop in shops {
            let mut shop = tenant(shop);
            shop.bot.handoff_minutes = u32::try_from(SILENCE.as_secs() / 60).unwrap();
            shop.bot.answers_per_minute = 100_000;
            shop.bot.answers_per_customer_hour = 100_000;
            assert!(tenants.save(&shop, wartel_bot::Revision::NEW).await.unwrap().is_saved());
        }
        let leads = Leads::new(Arc::new(MemoryLeadStore::new()));
        let worker = BotWorker::new(BotParts {
            chats: Arc::clone(&chats),
            tenants: Arc::clone(&tenants),
            leads: leads.clone(),
            spend: Arc::new(MemorySpendStore::new()),
            sender: Arc::new(Line(world.clone())),
            pending: Arc::new(Inbox(world.clone())),
            brain: Brain::new(vec![Arc::new(Moody(world.clone())), Arc::new(Steady)]),
            clock: Arc::clone(&clock),
        });
        let consumer = BotConsumer::new(Arc::clone(&chats), Arc::clone(&tenants), leads, clock);
        let taken = vec![Vec::new(); people.len()];
        Self { world, chats, tenants, consumer, worker, people, written: Vec::new(), taken }
    }

    fn entry(&self, chat: usize, message: InboundMessage) -> InboxEntry {
        let (key, person) = &self.people[chat];
        let (id, now) = (InboxEntryId::random(), self.world.clock.now());
        let event = InboxEvent::Message(message);
        InboxEntry::new(id, key.tenant.clone(), key.account.clone(), Authenticity::Signed, event, now)
            .with_contact(Some(person.contact.clone()))
    }

    fn message(&self, chat: usize, text: &str) -> InboundMessage {
        let address = self.people[chat].1.contact.address().unwrap();
        InboundMessage::new(address, InboundContent::text(text))
            .with_id(Some(InboxEntryId::random().to_string()))
            .with_at(Some(self.world.clock.now()))
    }

    fn store(&self, entry: InboxEntry) {
        self.world.inbox.lock().unwrap().push(entry);
    }

    /// The consumer takes something that is stored, in any order.
    async fn take_one(&self) {
        let entry = {
            let inbox = self.world.inbox.lock().unwrap();
            if inbox.is_empty() {
                return;
            }
            let place = self.world.below(inbox.len() as u64);
            inbox[usize::try_from(place).unwrap()].clone()
        };
        self.world.rest().await;
        if self.consumer.take(&entry).await.is_ok() {
            self.world.inbox.lock().unwrap().retain(|other| other.id != entry.id);
        }
    }

    async fn take_all(&self) {
        while !self.world.inbox.lock().unwrap().is_empty() {
            self.take_one().await;
        }
    }

    async fn event(&mut self) {
        let world = Arc::clone(&self.world);
        let chat = usize::try_from(world.below(self.people.len() as u64)).unwrap();
        let key = self.people[chat].0.clone();
        world.clock.advance(Duration::from_millis(world.below(400)));
        match world.below(1_000) {
            0..400 => {
                let name = word("zq", self.written.len() as u64);
                let text = format!("tolong {} {name} ya", world.canaries[&key]);
                let entry = self.entry(chat, self.message(chat, &text));
                self.taken[chat].push(entry.clone());
                self.written.push((name, chat, world.clock.now()));
                self.store(entry);
                world.count("messages");
            }
            400..480 => {
                let again = self.taken[chat].iter().rev().take(20).collect::<Vec<_>>();
                if !again.is_empty() {
                    let place = usize::try_from(world.below(again.len() as u64)).unwrap();
                    self.store(again[place].clone());
                    world.count("duplicates");
                }
            }
            480..560 => {
                let sent = world.lately.lock().unwrap().get(&key).and_then(|all| all.last().cloned());
                if let Some((id, text, at)) = sent
                    && world.clock.now().since(at) < Duration::from_secs(300)
                {
                    let id = if world.once_in(2) { id } else { InboxEntryId::random().to_string() };
                    let echo = self.message(chat, &text).with_id(Some(id)).from_own_account();
                    self.store(self.entry(chat, echo));
                    world.count("own echoes");
                }
            }
            560..570 if !is_calm(chat) => {
                let echo = self.message(chat, "Halo Pak, saya bantu ya").from_own_account();
                self.store(self.entry(chat, echo));
                let until = world.clock.now() + SILENCE;
                world.silent_until.lock().unwrap().insert(key, until);
                world.count("takeovers");
            }
            570..580 if !is_calm(chat) => {
                self.take_all().await;
                let entry = self.entry(chat, self.message(chat, "STOP"));
                self.store(entry);
                world.stopped.lock().unwrap().insert(key);
                world.count("opt-outs");
            }
            580..590 if !is_calm(chat) => {
                self.take_all().await;
                let entry = self.entry(chat, self.message(chat, "START"));
                while self.consumer.take(&entry).await.is_err() {}
                world.stopped.lock().unwrap().remove(&key);
            }
            590..592 => self.flip().await,
            592..594 => {
                let until = world.clock.now() + Duration::from_secs(world.below(7_200));
                world.offline.lock().unwrap().insert((key.tenant, key.account), until);
                world.count("disconnects");
            }
            594..597 => {
                world.clock.advance(Duration::from_secs(world.below(2_400)));
                world.count("jumps");
            }
            597..900 => self.take_one().await,
            _ => self.work().await,
        }
    }

    /// The assistant of the first shop is switched off and on while it works; the calm chats are not of this shop.
    async fn flip(&self) {
        let shop = TenantId::parse("toko").unwrap();
        let (mut shop, revision) = self.tenants.get(&shop).await.unwrap().unwrap();
        shop.bot.enabled = !shop.bot.enabled;
        let _ = self.tenants.save(&shop, revision).await.unwrap();
        self.world.count("switches");
    }

    /// Workers at work, one of which may die, and the consumer besides.
    async fn work(&self) {
        let life = if self.world.once_in(8) { self.world.below(40) } else { u64::MAX };
        let (died, _, _) = tokio::join!(
            dying(self.worker.work_due(), life),
            async {
                if self.world.once_in(2) {
                    self.worker.work_due().await.unwrap();
                }
            },
            async {
                for _ in 0..self.world.below(20) {
                    self.take_one().await;
                    tokio::task::yield_now().await;
                }
            }
        );
        if died {
            self.world.count("deaths");
        }
    }

    fn check(&self) {
        let wrong = self.world.wrong.lock().unwrap();
        assert!(wrong.is_empty(), "{} things, first: {:?}", wrong.len(), &wrong[..wrong.len().min(3)]);
    }

    /// Everything is up again, and time goes by.
    async fn calm_down(&self) {
        self.world.offline.lock().unwrap().clear();
        for _ in 0..60 {
            self.take_all().await;
            self.world.clock.advance(Duration::from_secs(61));
            self.worker.work_due().await.unwrap();
        }
    }

    /// Each message of the calm chats was answered, or a notice took its place.
    async fn check_nothing_is_lost(&self) {
        let (mut all, mut by_notice) = (0, 0);
        let mut lines_of = HashMap::new();
        for (name, chat, at) in &self.written {
            let key = &self.people[*chat].0;
            if !is_calm(*chat) {
                continue;
            }
            if !lines_of.contains_key(chat) {
                lines_of.insert(*chat, self.chats.lines(key, 0, 1_000_000).await.unwrap());
            }
            all += 1;
            let answered = lines_of[chat].iter().any(|line| {
                line.author == LineAuthor::Assistant
                    && line.outcome != Some(LineOutcome::Expired)
                    && words_of(&line.text, "zq").contains(&name.as_str())
            });
            if answered {
                continue;
            }
            by_notice += 1;
            // The template goes out at most once in half an hour.
            let around = lines_of[chat].iter().any(|line| {
                line.author == LineAuthor::Notice
                    && line.at + Duration::from_secs(31 * 60) > *at
                    && line.at < *at + Duration::from_secs(6 * 3_600)
            });
            assert!(around, "a message of {key} at {at:?} was lost");
        }
        println!("{all} messages in calm chats, {by_notice} of them by a notice");
        assert!(all > 0 && by_notice * 20 < all, "{by_notice} of {all}");
    }
}

async fn tell(seed: u64, events: usize) {
    let mut story = Story::new(seed).await;
    for number in 0..events {
        story.event().await;
        if number % 500 == 0 {
            story.check();
        }
    }
    story.calm_down().await;
    story.check();
    story.check_nothing_is_lost().await;
    println!("{:?}", story.world.counts.lock().unwrap());
}

/// 100,000 events in four histories, which run side by side.
macro_rules! histories {
    ($($name:ident: $seed:expr),*) => {$(
        #[tokio::test(start_paused = true)]
        async fn $name() {
            tell($seed, 25_000).await;
        }
    )*};
}

histories!(history_of_25_000_events_first: 1, history_of_25_000_events_second: 2, history_of_25_000_events_third: 3,
    history_of_25_000_events_fourth: 4);
