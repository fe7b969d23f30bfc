//! Nobody reads what others wrote: not in a prompt, not in a tool's result, not in an answer, and nobody at all in the logs.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use wartel_bot::agent::{AgentResponder, OneModel};
use wartel_bot::catalogue::{Item, MemoryCatalogueStore, Schema};
use wartel_bot::llm::{
    LanguageModel, LlmCapabilities, LlmError, LlmErrorKind, LlmMessage, LlmReply, LlmRequest, Price, ToolCall,
};
use wartel_bot::pipeline::NothingPending;
use wartel_bot::tenant::{MemoryTenantStore, TenantStore};
use wartel_bot::{AiResponder, Revision, tools};
use wartel_core::{AccountId, TenantId};
use wartel_messaging::inbox::{InboxEntry, InboxEntryId, InboxEvent};
use wartel_messaging::{Authenticity, Recipient, RetryAdvice, SendError, SendErrorKind};

use crate::histories_world::{Dice, word, words_of};
use crate::shop::{Person, Shop, phone, tenant};

const PEOPLE: usize = 8;
const SHOPS: [&str; 2] = ["toko", "gerai"];

/// Reads everything that it is shown, looks for more, and says all of it. At times it fails, with or without an answer.
#[derive(Debug, Default)]
struct Nosy {
    asked: Mutex<Vec<LlmRequest>>,
}

fn text_of(message: &LlmMessage) -> String {
    match message {
        LlmMessage::User { text } | LlmMessage::Assistant { text, .. } => text.clone(),
        LlmMessage::ToolResult { content, .. } => content.clone(),
        _ => String::new(),
    }
}

fn shown(request: &LlmRequest) -> String {
    let messages: Vec<String> = request.messages.iter().map(text_of).collect();
    format!("{}\n{}", request.system, messages.join("\n"))
}

/// Every secret word of a text: of chats, of names, of shops.
fn secrets(text: &str) -> BTreeSet<String> {
    ["zc", "zn", "zt"].iter().flat_map(|kind| words_of(text, kind)).map(str::to_owned).collect()
}

#[async_trait::async_trait]
impl LanguageModel for Nosy {
    fn name(&self) -> &str {
        "scripted/nosy"
    }

    fn capabilities(&self) -> LlmCapabilities {
        LlmCapabilities::new(128_000, Price::default())
    }

    async fn complete(&self, request: &LlmRequest) -> Result<LlmReply, LlmError> {
        let number = {
            let mut asked = self.asked.lock().unwrap();
            asked.push(request.clone());
            asked.len()
        };
        for _ in 0..number % 4 {
            tokio::task::yield_now().await;
        }
        if number.is_multiple_of(23) {
            return Err(LlmError::of(self.name(), LlmErrorKind::Overloaded));
        }
        let called = request.messages.iter().any(|message| matches!(message, LlmMessage::ToolResult { .. }));
        if !called {
            let call = |id: &str, name: &str, arguments: serde_json::Value| ToolCall {
                id: id.to_owned(),
                name: name.to_owned(),
                arguments: arguments.to_string(),
            };
            // The same code in both shops, and words of either.
            return Ok(LlmReply::calls(vec![
                call("a", "car_details", json!({"code": "AVZ-01"})),
                call("b", "search_stock", json!({"words": "avanza"})),
                call("c", "shop_profile", json!({})),
                call("d", "car_details", json!({"code": "AVZ-01", "tenant": "gerai"})),
            ]));
        }
        let all: Vec<String> = secrets(&shown(request)).into_iter().collect();
        Ok(LlmReply::text(format!("Baik Kak, {} ya.", all.join(" "))))
    }
}

/// What was logged, at every level.
#[derive(Debug, Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The people of both shops have the same numbers, and so the same addresses; what they say and are called differs.
struct Street {
    shop: Shop,
    model: Arc<Nosy>,
    people: Vec<Person>,
}

fn tenant_of(place: usize) -> TenantId {
    TenantId::parse(SHOPS[place]).unwrap()
}

/// The secret words of one person in one shop, and of the shop.
fn own(place: usize, person: usize) -> BTreeSet<String> {
    let number = (place * PEOPLE + person) as u64;
    [word("zc", number), word("zn", number), word("zt", place as u64)].into()
}

impl Street {
    async fn new() -> Self {
        let tenants = Arc::new(MemoryTenantStore::new());
        let mut items = Vec::new();
        let mut shops = Vec::new();
        for place in 0..SHOPS.len() {
            let secret = word("zt", place as u64);
            let mut shop = tenant(tenant_of(place));
            shop.bot.answers_per_minute = 100_000;
            shop.bot.answers_per_customer_hour = 100_000;
            shop.policies = vec![format!("Kode rahasia {secret}")];
            let mut item = Item::new(tenant_of(place), "AVZ-01", format!("Avanza {secret}"));
            item.notes = format!("catatan {secret}");
            items.push(item);
            assert!(tenants.save(&shop, Revision::NEW).await.unwrap().is_saved());
            shops.push(shop);
        }
        let catalogue = Arc::new(MemoryCatalogueStore::with_items(items));
        let model = Arc::new(Nosy::default());
        let all = tools::all(tenants, catalogue, Schema::cars());
        let agent: Arc<dyn AiResponder> =
            Arc::new(AgentResponder::new(Arc::new(OneModel(model.clone())), all));
        let shop = Shop::of(vec![agent], Arc::new(NothingPending)).await;
        for tenant in shops {
            shop.open(tenant).await;
        }
        let people = (0..PEOPLE).map(|number| Person::new(&format!("0812000{number:05}"))).collect();
        Self { shop, model, people }
    }

    async fn writes(&self, place: usize, person: usize, text: &str) {
        let number = (place * PEOPLE + person) as u64;
        let mut who = self.people[person].clone();
        who.contact.name = Some(format!("Kak {}", word("zn", number)));
        let message = self.shop.message(&who, &format!("{} {text}", word("zc", number)));
        let (id, now) = (InboxEntryId::random(), wartel_core::Clock::now(&*self.shop.clock));
        let event = InboxEvent::Message(message);
        let (tenant, account) = (tenant_of(place), AccountId::default());
        let entry = InboxEntry::new(id, tenant, account, Authenticity::Signed, event, now)
            .with_contact(Some(who.contact));
        self.shop.take(&entry).await.unwrap();
    }

    async fn day(&self, dice: &mut Dice, events: usize) {
        for _ in 0..events {
            let place = usize::try_from(dice.below(2)).unwrap();
            let person = usize::try_from(dice.below(PEOPLE as u64)).unwrap();
            match dice.below(10) {
                0..6 => self.writes(place, person, "tolong infonya ya").await,
                6 => self.writes(place, person, "saya mau bicara dengan orang").await,
                7 => {
                    let advice = if dice.once_in(2) { RetryAdvice::Never } else { RetryAdvice::Ambiguous };
                    let error = SendError::new("fake", SendErrorKind::Unavailable, advice);
                    self.shop.sender.then_fail(error);
                }
                _ => self.shop.after(Duration::from_secs(dice.below(40))).await,
            }
        }
        self.shop.after(Duration::from_secs(3_600)).await;
    }

    /// Prompts and what tools gave: the words of one chat of one shop.
    fn check_prompts(&self) -> usize {
        let asked = self.model.asked.lock().unwrap();
        let everybody: Vec<BTreeSet<String>> =
            (0..2).flat_map(|place| (0..PEOPLE).map(move |person| own(place, person))).collect();
        let mut whole = 0;
        for request in &*asked {
            let seen = secrets(&shown(request));
            assert!(everybody.iter().any(|own| seen.is_subset(own)), "words of several in one prompt");
            whole += usize::from(seen.len() == 3 && request.messages.len() > 6);
        }
        whole
    }

    /// Answers: the words of whom they went to.
    fn check_answers(&self) -> usize {
        let mut told = 0;
        for message in self.shop.sender.sent() {
            let place = SHOPS.iter().position(|name| *name == message.tenant.as_str()).unwrap();
            let to = |person: &Person| person.recipient() == message.to;
            let Some(person) = self.people.iter().position(to) else {
                assert_eq!(message.to, Recipient::Phone(phone(crate::shop::STAFF)));
                continue;
            };
            let seen = secrets(&message.text);
            assert!(seen.is_subset(&own(place, person)), "words of somebody else in an answer");
            told += usize::from(seen.len() == 3);
        }
        told
    }
}

fn check_logs(lines: &str) {
    assert!(lines.lines().count() > 20, "so that there is something to look at: {lines}");
    assert!(secrets(lines).is_empty(), "words or names in the log");
    for words in ["infonya", "bicara", "Baik Kak", "rahasia", "catatan", "wtl-"] {
        assert!(!lines.contains(words), "{words} in the log");
    }
    for number in 0..PEOPLE {
        assert!(!lines.contains(&format!("812000{number:05}")), "a number in the log");
    }
    assert!(!lines.contains(&crate::shop::STAFF[1..]), "the number of staff in the log");
}

#[test]
fn hazards_22_50_chats_and_shops_never_mix_and_logs_hold_no_words() {
    for seed in 1..=4 {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .finish();
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        tracing::subscriber::with_default(subscriber, || {
            runtime.block_on(async {
                let street = Street::new().await;
                street.day(&mut Dice(seed), 600).await;
                let (prompts, answers) = (street.check_prompts(), street.check_answers());
                assert!(prompts > 50 && answers > 20, "{prompts} prompts with history, {answers} answers");
            });
        });
        check_logs(&String::from_utf8(lines.0.lock().unwrap().clone()).unwrap());
    }
}
