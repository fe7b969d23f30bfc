//! A shop under test: everything in memory, a clock that stands still, a brain by script.

use std::sync::Arc;
use std::time::Duration;

use wartel_bot::conversation::{Chat, ConversationStore, Line, MemoryConversationStore};
use wartel_bot::lead::{Lead, LeadQuery, LeadStore, Leads, MemoryLeadStore};
use wartel_bot::pipeline::{BotConsumer, BotParts, BotWorker, Brain, NothingPending, PendingEntries};
use wartel_bot::spend::MemorySpendStore;
use wartel_bot::tenant::{MemoryTenantStore, Staff, Tenant, TenantStore};
use wartel_bot::testing::RecordingSender;
use wartel_bot::{AiResponder, ChatKey};
use wartel_core::{AccountId, Clock, Country, ManualClock, PhoneNumber, TenantId, Timestamp};
use wartel_messaging::inbox::{
    ConsumerError, Contact, ContactId, InboundConsumer, InboxEntry, InboxEntryId, InboxEvent,
};
use wartel_messaging::{Authenticity, ContactAddress, InboundContent, InboundMessage, Recipient};

/// 12:00 in Jakarta on a Tuesday.
pub(crate) const NOON: &str = "2026-12-01T05:00:00Z";
pub(crate) const STAFF: &str = "081512345670";

pub(crate) struct Shop {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) chats: Arc<dyn ConversationStore>,
    pub(crate) tenants: Arc<dyn TenantStore>,
    pub(crate) leads: Arc<dyn LeadStore>,
    pub(crate) sender: RecordingSender,
    pub(crate) consumer: BotConsumer,
    pub(crate) worker: BotWorker,
}

/// A customer as the inbox knows them.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) contact: Contact,
}

pub(crate) fn phone(text: &str) -> PhoneNumber {
    PhoneNumber::parse(text, Country::INDONESIA).unwrap()
}

impl Person {
    pub(crate) fn new(number: &str) -> Self {
        let address = ContactAddress::from(phone(number));
        let at = Timestamp::parse_rfc3339(NOON).unwrap();
        Self { contact: Contact::new(ContactId::random(), &address, at).with_name(Some("Budi".to_owned())) }
    }

    pub(crate) fn recipient(&self) -> Recipient {
        self.contact.recipient().unwrap()
    }

    fn address(&self) -> ContactAddress {
        self.contact.address().unwrap()
    }
}

pub(crate) fn tenant_id() -> TenantId {
    TenantId::parse("toko").unwrap()
}

/// A shop whose assistant is on.
pub(crate) fn tenant(id: TenantId) -> Tenant {
    let mut shop = Tenant::new(id, "Toko Uji");
    shop.bot.enabled = true;
    shop.staff = vec![Staff::new(phone(STAFF), "Ibu Sari")];
    shop
}

impl Shop {
    pub(crate) async fn with(responder: impl AiResponder) -> Self {
        Self::of(vec![Arc::new(responder)], Arc::new(NothingPending)).await
    }

    pub(crate) async fn of(responders: Vec<Arc<dyn AiResponder>>, pending: Arc<dyn PendingEntries>) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::parse_rfc3339(NOON).unwrap()));
        let time: Arc<dyn Clock> = clock.clone();
        let chats: Arc<dyn ConversationStore> = Arc::new(MemoryConversationStore::new());
        let tenants: Arc<dyn TenantStore> = Arc::new(MemoryTenantStore::new());
        let leads: Arc<dyn LeadStore> = Arc::new(MemoryLeadStore::new());
        let sender = RecordingSender::new();
        let told = Leads::new(Arc::clone(&leads));
        let worker = BotWorker::new(BotParts {
            chats: Arc::clone(&chats),
            tenants: Arc::clone(&tenants),
            leads: told.clone(),
            spend: Arc::new(MemorySpendStore::new()),
            sender: Arc::new(sender.clone()),
            pending,
            brain: Brain::new(responders),
            clock: Arc::clone(&time),
        })
        .without_pace();
        let consumer = BotConsumer::new(Arc::clone(&chats), Arc::clone(&tenants), told, time);
        let shop = Self { clock, chats, tenants, leads, sender, consumer, worker };
        shop.open(tenant(tenant_id())).await;
        shop
    }

    pub(crate) async fn open(&self, tenant: Tenant) {
        let read = self.tenants.get(&tenant.id).await.unwrap().map_or_else(Default::default, |(_, it)| it);
        assert!(self.tenants.save(&tenant, read).await.unwrap().is_saved());
    }

    pub(crate) async fn change(&self, change: impl FnOnce(&mut Tenant)) {
        let (mut tenant, _) = self.tenants.get(&tenant_id()).await.unwrap().unwrap();
        change(&mut tenant);
        self.open(tenant).await;
    }

    pub(crate) fn key(&self, person: &Person) -> ChatKey {
        ChatKey::new(tenant_id(), AccountId::default(), person.contact.id)
    }

    /// An entry as the inbox hands it out.
    pub(crate) fn entry(&self, person: &Person, message: InboundMessage) -> InboxEntry {
        let event = InboxEvent::Message(message);
        let (id, at) = (InboxEntryId::sequential(), self.clock.now());
        InboxEntry::new(id, tenant_id(), AccountId::default(), Authenticity::Signed, event, at)
            .with_contact(Some(person.contact.clone()))
    }

    pub(crate) fn message(&self, person: &Person, text: &str) -> InboundMessage {
        InboundMessage::new(person.address(), InboundContent::text(text))
            .with_id(Some(InboxEntryId::random().to_string()))
            .with_at(Some(self.clock.now()))
    }

    pub(crate) async fn take(&self, entry: &InboxEntry) -> Result<(), ConsumerError> {
        self.consumer.take(entry).await
    }

    /// The customer writes.
    pub(crate) async fn writes(&self, person: &Person, text: &str) {
        self.take(&self.entry(person, self.message(person, text))).await.unwrap();
    }

    /// Somebody of the shop writes on the phone itself.
    pub(crate) async fn shop_writes(&self, person: &Person, text: &str) {
        let entry = self.entry(person, self.message(person, text).from_own_account());
        // The first time it is not clear yet, and the inbox hands it out again.
        assert!(self.take(&entry).await.is_err_and(|error| error.is_retry()));
        self.take(&entry).await.unwrap();
    }

    /// So much time goes by, and everything that is due is done.
    pub(crate) async fn after(&self, time: Duration) {
        self.clock.advance(time);
        self.worker.work_due().await.unwrap();
    }

    /// Long enough for a burst to end.
    pub(crate) async fn settle(&self) {
        self.after(Duration::from_secs(11)).await;
    }

    pub(crate) fn texts(&self, person: &Person) -> Vec<String> {
        self.sender.texts_to(&person.recipient())
    }

    pub(crate) fn to_staff(&self) -> Vec<String> {
        self.sender.texts_to(&Recipient::Phone(phone(STAFF)))
    }

    pub(crate) async fn chat(&self, person: &Person) -> Chat {
        self.chats.load(&self.key(person)).await.unwrap().unwrap().0
    }

    pub(crate) async fn lines(&self, person: &Person) -> Vec<Line> {
        self.chats.lines(&self.key(person), 0, 1_000).await.unwrap()
    }

    pub(crate) async fn all_leads(&self) -> Vec<Lead> {
        self.leads.list(&tenant_id(), &LeadQuery::new().with_limit(500)).await.unwrap()
    }
}
