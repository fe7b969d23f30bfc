//! What a turn costs besides its model: stores in memory, a brain that answers at once. The bar is 10 ms at the 99th percentile.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "benchmarks fail by panicking"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use wartel_bot::conversation::MemoryConversationStore;
use wartel_bot::lead::{Leads, MemoryLeadStore};
use wartel_bot::pipeline::{BotConsumer, BotParts, BotWorker, Brain, NothingPending};
use wartel_bot::spend::MemorySpendStore;
use wartel_bot::tenant::{MemoryTenantStore, TenantStore};
use wartel_bot::testing::{RecordingSender, ScriptedResponder};
use wartel_bot::{Revision, demo};
use wartel_core::{AccountId, Clock, Country, ManualClock, PhoneNumber, TenantId, Timestamp};
use wartel_messaging::inbox::{Contact, ContactId, InboundConsumer, InboxEntry, InboxEntryId, InboxEvent};
use wartel_messaging::{Authenticity, ContactAddress, InboundContent, InboundMessage};

/// Somewhere on a Tuesday at noon in Jakarta.
const NOON: i64 = 1_796_101_200_000_000;

struct Bench {
    clock: Arc<ManualClock>,
    consumer: BotConsumer,
    worker: BotWorker,
    sender: RecordingSender,
    turns: AtomicUsize,
}

impl Bench {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(NOON)));
        let time: Arc<dyn Clock> = clock.clone();
        let chats = Arc::new(MemoryConversationStore::new());
        let tenants = Arc::new(MemoryTenantStore::new());
        let (mut shop, _) = demo::shop(TenantId::default(), "https://foto.example");
        shop.bot.enabled = true;
        shop.bot.answers_per_minute = 1_000_000;
        shop.bot.answers_per_customer_hour = 1_000_000;
        assert!(tenants.save(&shop, Revision::NEW).await.unwrap().is_saved());
        let leads = Leads::new(Arc::new(MemoryLeadStore::new()));
        let sender = RecordingSender::new();
        let worker = BotWorker::new(BotParts {
            chats: chats.clone(),
            tenants: tenants.clone(),
            leads: leads.clone(),
            spend: Arc::new(MemorySpendStore::new()),
            sender: Arc::new(sender.clone()),
            pending: Arc::new(NothingPending),
            brain: Brain::new(vec![Arc::new(ScriptedResponder::saying("Ada Kak, mau lihat yang mana?"))]),
            clock: Arc::clone(&time),
        })
        .without_pace();
        let consumer = BotConsumer::new(chats, tenants, leads, time);
        Self { clock, consumer, worker, sender, turns: AtomicUsize::new(0) }
    }

    /// One message in, one answer out. Gives how long it took.
    async fn turn(&self, contact: &Contact) -> Duration {
        // Not the same words again and again: that is what a machine does, and gets no answer.
        let number = self.turns.fetch_add(1, Ordering::Relaxed) + 1;
        let text = format!("ada Avanza matic, pilihan {number}?");
        let message = InboundMessage::new(contact.address().unwrap(), InboundContent::text(text))
            .with_at(Some(self.clock.now()));
        let (tenant, account) = (TenantId::default(), AccountId::default());
        let (id, event) = (InboxEntryId::random(), InboxEvent::Message(message));
        let entry = InboxEntry::new(id, tenant, account, Authenticity::Signed, event, self.clock.now())
            .with_contact(Some(contact.clone()));
        let began = Instant::now();
        self.consumer.take(&entry).await.unwrap();
        self.clock.advance(Duration::from_secs(3));
        self.worker.work_due().await.unwrap();
        let took = began.elapsed();
        assert_eq!(self.sender.tried(), number, "every turn has its answer");
        self.clock.advance(Duration::from_secs(120));
        took
    }
}

fn contact(number: usize) -> Contact {
    let phone = PhoneNumber::parse(&format!("0812{number:08}"), Country::INDONESIA).unwrap();
    Contact::new(ContactId::random(), &ContactAddress::from(phone), Timestamp::from_micros(NOON))
}

fn turns(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    for idle in [0, 10_000] {
        let bench = runtime.block_on(Bench::new());
        for number in 0..idle {
            runtime.block_on(bench.turn(&contact(number)));
        }
        let one = contact(99_999_999);
        let mut took: Vec<Duration> = (0..1_000).map(|_| runtime.block_on(bench.turn(&one))).collect();
        took.sort();
        println!("beside {idle} idle chats: p50 {:?}, p99 {:?}", took[500], took[990]);
        assert!(took[990] < Duration::from_millis(10), "the bar");
        let mut group = c.benchmark_group("turn");
        group.sample_size(20);
        group.bench_function(format!("{idle}_idle_chats"), |b| {
            b.iter(|| runtime.block_on(bench.turn(&one)));
        });
        group.finish();
    }
}

criterion_group!(benches, turns);
criterion_main!(benches);
