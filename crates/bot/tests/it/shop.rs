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
        let (id, at) = (InboxEntryId::random(), self.clock.now());
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
//! Shops of other trades, from a spreadsheet to what customers read; and what holds for every text.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;
use wartel_bot::catalogue::{
    AttributeKind, AttributeSpec, CatalogueStore, ImportMode, Item, ItemStatus, MemoryCatalogueStore, Query,
    Schema, import_sheet, query_of, read_sheet, search, write_sheet,
};
use wartel_bot::fact::{Date, Fact};
use wartel_bot::tenant::{MemoryTenantStore, Tenant, TenantStore};
use wartel_bot::tool::{Scope, Tool, ToolOutput};
use wartel_bot::verify::{Ground, Verdict, Verifier};
use wartel_bot::{AiResponder, ChatKey, Revision, RuleResponder, TurnId, TurnInput, TurnOutput, demo, tools};
use wartel_core::{AccountId, Locale, TenantId, Timestamp};
use wartel_messaging::inbox::ContactId;

fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-08-20T03:00:00Z").unwrap()
}

fn chat() -> ChatKey {
    ChatKey::new(TenantId::default(), AccountId::default(), ContactId::random())
}

/// A dealer of used motorbikes.
fn motorbikes() -> Schema {
    let kinds = [vec!["matic", "skutik"], vec!["bebek"], vec!["sport"]];
    let kinds = kinds.map(|group| group.into_iter().map(str::to_owned).collect());
    Schema::new(
        "motor",
        vec![
            AttributeSpec::new("kind", "jenis", "kind", AttributeKind::OneOf(kinds.to_vec())),
            AttributeSpec::new("year", "tahun", "year", AttributeKind::Year),
            AttributeSpec::new("mileage", "kilometer", "mileage", AttributeKind::Kilometres),
            AttributeSpec::new("engine", "mesin", "engine", AttributeKind::CubicCentimetres),
            AttributeSpec::new("colour", "warna", "colour", AttributeKind::Text),
        ],
    )
}

const SHEET: &str = "Kode;Nama;Harga;Status;Jenis;Tahun;Kilometer;Mesin;Warna;Catatan\r\n\
    BT-22;Honda Beat Street;Rp 14.500.000;;matic;2022;12.000 km;110;hitam;Pajak panjang\r\n\
    VR-20;Honda Vario 125;17,2 juta;;skutik;2020;21.500;125 cc;merah;\r\n\
    NM-21;Yamaha NMAX 155;26.750.000;dipesan;matic;2021;18.000;155;putih;\r\n\
    VX-18;Yamaha Vixion R;15 juta;;sport;2018;33.000;155;biru;\r\n";

async fn motorbike_shop() -> (Arc<MemoryTenantStore>, Arc<MemoryCatalogueStore>, Tenant) {
    let tenants = Arc::new(MemoryTenantStore::new());
    let mut shop = Tenant::new(TenantId::default(), "Motor Jaya");
    shop.trade = "motor bekas".to_owned();
    assert!(tenants.save(&shop, Revision::NEW).await.unwrap().is_saved());
    let catalogue = Arc::new(MemoryCatalogueStore::new());
    let schema = motorbikes();
    let report =
        import_sheet(&*catalogue, &shop.id, &schema, SHEET.as_bytes(), ImportMode::AllOrNothing, now());
    let report = report.await.unwrap();
    assert_eq!((report.added, report.problems), (4, vec![]));
    (tenants, catalogue, shop)
}

async fn call(tools: &[Arc<dyn Tool>], name: &str, arguments: serde_json::Value) -> ToolOutput {
    let scope = Scope::new(chat(), TurnId::random(), Locale::Id, now());
    tools.iter().find(|tool| tool.spec().name == name).unwrap().call(arguments, &scope).await.unwrap()
}

#[tokio::test]
async fn a_shop_of_motorbikes_runs_on_the_same_tools() {
    let (tenants, catalogue, _) = motorbike_shop().await;
    let tools = tools::all(tenants, catalogue, motorbikes());
    let search = &tools[0].spec().description;
    assert!(search.contains("motor") && search.contains("kind (matic, bebek, sport)"), "{search}");
    let found = call(&tools, "search_stock", json!({ "words": "motor matic", "max_price": "20 juta" })).await;
    let codes: Vec<_> =
        found.content["items"].as_array().unwrap().iter().map(|it| it["code"].clone()).collect();
    assert_eq!(codes, [json!("BT-22"), json!("VR-20")]);
    assert_eq!(found.content["items"][1]["engine_cc"], 125);
    assert_eq!(found.content["items"][1]["price_text"], "Rp17.200.000");
    assert!(
        found.facts.contains(&Fact::CubicCentimetres(125)) && found.facts.contains(&Fact::Kilometres(12_000))
    );
    let details = call(&tools, "car_details", json!({ "code": "bt22" })).await;
    assert_eq!(details.content["notes_from_shop"]["data_not_instructions"], "Pajak panjang");
    let reserved = call(&tools, "search_stock", json!({ "words": "nmax", "include_reserved": true })).await;
    assert_eq!(reserved.content["items"][0]["status"], "reserved");
}

#[tokio::test]
async fn a_shop_of_motorbikes_is_answered_for_without_a_model() {
    let (tenants, catalogue, shop) = motorbike_shop().await;
    let rules = RuleResponder::new(tenants, catalogue, motorbikes());
    let shop = Arc::new(shop);
    for (text, expected) in [
        ("ada beat?", "• Honda Beat Street (BT-22): Rp14.500.000, matic, 2022, 12.000 km, hitam"),
        ("vario 125 masih?", "• Honda Vario 125 (VR-20): Rp17.200.000"),
        ("motor sport dibawah 16 juta", "• Yamaha Vixion R (VX-18): Rp15.000.000"),
        ("nmax ready?", "Maaf Kak, yang dicari belum ada"),
        ("nm-21", "putih, sedang dipesan"),
    ] {
        let turn = TurnInput::new(chat(), TurnId::random(), shop.clone(), vec![text.to_owned()], now());
        let TurnOutput::Reply(reply) = rules.respond(&turn).await.unwrap() else { panic!("{text}") };
        assert!(reply.text.contains(expected), "{text}\n{}", reply.text);
        let ground = Ground::new(&shop, Date::parse("2026-08-20").unwrap()).with_customer(text);
        assert_eq!(
            Verifier::new().verify(&reply.text, &reply.evidence, &ground),
            Verdict::Pass,
            "{}",
            reply.text
        );
    }
}

/// Words that make searches interesting, between any others.
fn talk() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        3 => prop::sample::select(vec![
            "avanza", "brio", "pajero", "AT", "matic", "dibawah", "juta", "jt", "2019", "300", "budget", "-", "sampai", "rp",
            "avz-19", "ada", "ke", "atas", "putih", "km", "rp150.000.000", "1,5 M", "di", "mana",
        ])
        .prop_map(str::to_owned),
        1 => "\\PC{0,12}",
    ];
    prop::collection::vec(word, 0..12).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn no_words_find_what_is_dearer_hidden_or_sold(text in talk(), max in 50_000_000_i64..500_000_000, hidden in 0_usize..12) {
        let (_, mut items) = demo::shop(TenantId::default(), "https://foto.example");
        items[hidden].status = ItemStatus::Hidden;
        let schema = Schema::cars();
        let today = Date::parse("2026-08-20").unwrap();
        let mut query: Query = query_of(&text, &schema, &items, today);
        prop_assert!(!query.codes.contains(&items[hidden].code));
        query.price.max = Some(query.price.max.map_or(max, |it| it.min(max)));
        let bound = query.price.max.unwrap();
        let found = search(&items, &schema, &query);
        prop_assert!(found.hits.len() <= found.total && found.hits.len() <= query.limit);
        prop_assert!(found.alternatives.is_empty() || found.hits.is_empty());
        for hit in found.hits.iter().chain(&found.alternatives) {
            prop_assert!(hit.item.status != ItemStatus::Hidden);
            if query.codes.is_empty() {
                prop_assert!(hit.item.price.unwrap() <= bound);
                prop_assert_eq!(hit.item.status, ItemStatus::Available);
            } else {
                prop_assert!(query.codes.contains(&hit.item.code));
            }
        }
    }

    #[test]
    fn sheets_are_read_back_whatever_the_notes_say(title in "[^\\p{C}\\s][^\\p{C}]{0,40}", notes in "[^\\p{C}]{0,80}", price in 1_i64..1_000_000_000_000) {
        let tenant = TenantId::default();
        let mut item = Item::new(tenant.clone(), "AV-1", title.split_whitespace().collect::<Vec<_>>().join(" ")).with_price(price);
        item.notes = notes.trim().to_owned();
        prop_assume!(item.check(&Schema::cars()).is_ok());
        let text = write_sheet(std::slice::from_ref(&item), &Schema::cars());
        let sheet = read_sheet(text.as_bytes(), &tenant, &Schema::cars(), item.updated_at).unwrap();
        prop_assert_eq!(&sheet.problems, &vec![]);
        prop_assert_eq!(sheet.items, vec![item]);
    }

    #[test]
    fn no_bytes_break_the_reader_of_sheets(bytes in prop::collection::vec(any::<u8>(), 0..400), text in "(code|kode|title|[,;\"\n\r'=]|\\PC){0,60}") {
        let read = |bytes: &[u8]| read_sheet(bytes, &TenantId::default(), &Schema::cars(), now());
        let _ = read(&bytes);
        if let Ok(sheet) = read(format!("code,title,notes\n{text}").as_bytes()) {
            for item in &sheet.items {
                prop_assert!(item.check(&Schema::cars()).is_ok());
            }
        }
    }
}

#[tokio::test]
async fn an_item_that_others_change_meanwhile_is_imported_once() {
    let (_, catalogue, shop) = motorbike_shop().await;
    let schema = motorbikes();
    let one = import_sheet(&*catalogue, &shop.id, &schema, SHEET.as_bytes(), ImportMode::AllOrNothing, now());
    let other =
        import_sheet(&*catalogue, &shop.id, &schema, SHEET.as_bytes(), ImportMode::AllOrNothing, now());
    let (one, other) = tokio::join!(one, other);
    assert_eq!((one.unwrap().unchanged, other.unwrap().unchanged), (4, 4));
    assert_eq!(catalogue.list(&shop.id).await.unwrap().len(), 4);
}
