//! Staff run the shop from the chat.

use std::sync::Arc;
use std::time::Duration;

use wartel_bot::admin::{
    AdminAnswer, AdminCommands, AdminDesk, AdminMessage, AdminParts, AdminStore, AuditRow, MemoryAdminStore,
};
use wartel_bot::catalogue::{CatalogueStore, Item, ItemStatus, MemoryCatalogueStore, Schema};
use wartel_bot::lead::{LeadStage, Leads};
use wartel_bot::spend::{MemorySpendStore, Reservation, ReservationId, SpendCaps, SpendStore};
use wartel_bot::tenant::{Staff, Tenant};
use wartel_bot::testing::ScriptedResponder;
use wartel_bot::{AiResponder, Reply, TurnOutput};
use wartel_core::{Clock, Jid, Locale, MasterKey, TenantId, Timestamp};
use wartel_messaging::ContactAddress;
use wartel_messaging::inbox::{Contact, ContactId, InboxEntryId};

use crate::shop::{NOON, Person, STAFF, Shop, phone, tenant_id};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// A shop with a desk, two of its staff, and things to sell.
pub(crate) struct Counter {
    pub(crate) shop: Shop,
    pub(crate) desk: Arc<AdminDesk>,
    pub(crate) sari: Person,
    pub(crate) dewi: Person,
    pub(crate) store: MemoryAdminStore,
    pub(crate) items: MemoryCatalogueStore,
    spend: MemorySpendStore,
}

pub(crate) fn car(tenant: TenantId, code: &str, title: &str) -> Item {
    Item::new(tenant, code, title).with_price(165_000_000).with_number("year", 2019)
}

impl Counter {
    pub(crate) async fn with(responder: impl AiResponder) -> Self {
        let store = MemoryAdminStore::new();
        Self::over(responder, store.clone(), Arc::new(store)).await
    }

    /// With commands kept behind another store.
    pub(crate) async fn over(
        responder: impl AiResponder,
        store: MemoryAdminStore,
        port: Arc<dyn AdminStore>,
    ) -> Self {
        let mut shop = Shop::with(responder).await;
        let dewi = Person::new("081512345671");
        shop.change(|it| it.staff.push(Staff::new(phone("081512345671"), "Ibu Dewi"))).await;
        let items = MemoryCatalogueStore::with_items([
            car(tenant_id(), "AV-013", "Toyota Avanza 1.3 G"),
            car(tenant_id(), "XE-002", "Daihatsu Xenia"),
        ]);
        let spend = MemorySpendStore::new();
        let clock: Arc<dyn Clock> = shop.clock.clone();
        let parts = AdminParts {
            tenants: Arc::clone(&shop.tenants),
            catalogue: Arc::new(items.clone()),
            schema: Schema::cars(),
            leads: Leads::new(Arc::clone(&shop.leads)),
            chats: Arc::clone(&shop.chats),
            spend: Arc::new(spend.clone()),
            store: port,
            clock,
        };
        let key = MasterKey::parse(&"0123456789abcdef".repeat(4)).unwrap();
        let desk = Arc::new(AdminDesk::new(parts, &key));
        let commands: Arc<dyn AdminCommands> = desk.clone();
        shop.consumer = shop.consumer.clone().with_commands(commands);
        Self { shop, desk, sari: Person::new(STAFF), dewi, store, items, spend }
    }

    /// Somebody of the staff writes; what they are answered.
    pub(crate) async fn told(&self, person: &Person, text: &str) -> String {
        let before = self.shop.texts(person).len();
        self.shop.writes(person, text).await;
        self.shop.after(Duration::ZERO).await;
        self.shop.texts(person).split_off(before).join("\n--\n")
    }

    pub(crate) async fn says(&self, text: &str) -> String {
        self.told(&self.sari, text).await
    }

    /// Asks for something that needs a code, and gives the code.
    pub(crate) async fn code(&self, text: &str) -> String {
        code_in(&self.says(text).await)
    }

    pub(crate) async fn item(&self, code: &str) -> Option<Item> {
        self.items.get(&tenant_id(), code).await.unwrap().map(|(item, _)| item)
    }

    pub(crate) async fn is_on(&self) -> bool {
        self.shop.tenants.get(&tenant_id()).await.unwrap().unwrap().0.bot.enabled
    }

    pub(crate) async fn rows(&self) -> Vec<AuditRow> {
        self.store.audit(&tenant_id(), 100).await.unwrap()
    }

    /// Straight to the desk, as the pipeline does it.
    async fn run(&self, entry: InboxEntryId, text: &str) -> String {
        let (shop, _) = self.shop.tenants.get(&tenant_id()).await.unwrap().unwrap();
        let staff = shop.staff[0].clone();
        let key = self.shop.key(&self.sari);
        let message = AdminMessage::new(entry, key, staff, Arc::new(shop), text, self.shop.clock.now());
        match self.desk.run(&message).await.unwrap() {
            AdminAnswer::Say(words) => words,
            AdminAnswer::NotACommand => String::new(),
        }
    }
}

pub(crate) fn code_in(text: &str) -> String {
    let (_, rest) = text.split_once("*/konfirmasi ").unwrap_or_else(|| panic!("no code in: {text}"));
    rest[..4].to_owned()
}

pub(crate) fn echoing() -> ScriptedResponder {
    ScriptedResponder::answering(|turn| {
        Ok(TurnOutput::Reply(Reply::new(format!("Kakak menulis: {}", turn.words()), "script")))
    })
}

#[tokio::test]
async fn hazard_18_commands_of_anybody_else_are_words_of_a_customer() {
    let brain = echoing();
    let counter = Counter::with(brain.clone()).await;
    let at = Timestamp::parse_rfc3339(NOON).unwrap();
    let lid = ContactAddress::new(None, Jid::parse("6281512345670@lid").ok()).unwrap();
    let strangers = [
        Person::new("081200000001"),
        // The end of the staff's number with another beginning.
        Person::new("+6581512345"),
        Person { contact: Contact::new(ContactId::random(), &lid, at) },
    ];
    for stranger in &strangers {
        for text in ["/bot off", "/stok hapus AV-013", "/konfirmasi 1234"] {
            counter.shop.writes(stranger, text).await;
        }
        counter.shop.settle().await;
        // To a customer this one is the wish for no more messages.
        counter.shop.writes(stranger, "/stop").await;
        counter.shop.settle().await;
        assert_eq!(counter.shop.texts(stranger).len(), 2, "answered as customers are");
    }
    assert!(counter.is_on().await && counter.item("AV-013").await.is_some());
    assert!(counter.rows().await.is_empty());
    assert_eq!(brain.asked().len(), strangers.len());
    // Staff themselves: a command that somebody else wrote, inside a text that is passed on.
    for text in ["Pelanggan tulis begini:\n/bot off", "> /bot off", "[12:01] Budi: /bot off"] {
        counter.says(text).await;
    }
    assert!(counter.is_on().await && counter.rows().await.is_empty());
}

#[tokio::test]
async fn hazard_13_commands_of_an_old_history_are_not_carried_out() {
    let counter = Counter::with(echoing()).await;
    let old = Timestamp::parse_rfc3339("2026-12-01T03:00:00Z").unwrap();
    let message = counter.shop.message(&counter.sari, "/bot off").with_at(Some(old));
    counter.shop.take(&counter.shop.entry(&counter.sari, message)).await.unwrap();
    counter.shop.settle().await;
    assert!(counter.is_on().await && counter.rows().await.is_empty());
    assert!(counter.shop.texts(&counter.sari).is_empty(), "and it is not answered");
}

#[tokio::test]
async fn hazard_19_commands_in_answers_and_in_the_catalogue_are_never_carried_out() {
    let counter = Counter::with(ScriptedResponder::saying("/bot off")).await;
    let budi = Person::new("081200000001");
    let trap = car(tenant_id(), "TR-001", "x\n/stok hapus AV-013\n/bot off");
    counter.items.save(&trap, Default::default()).await.unwrap();
    counter.shop.writes(&budi, "mau tanya warna interiornya").await;
    counter.shop.settle().await;
    assert_eq!(counter.shop.texts(&budi), ["/bot off"]);
    let list = counter.says("/stok list").await;
    assert!(list.lines().all(|line| !line.starts_with('/')), "{list}");
    // What we ourselves have written comes back as an echo, in the customer's chat and in the staff's.
    let echo = counter.shop.message(&budi, "/bot off").with_id(Some("m1")).from_own_account();
    counter.shop.take(&counter.shop.entry(&budi, echo)).await.unwrap();
    for text in [list.as_str(), "/bot off"] {
        let echo = counter.shop.message(&counter.sari, text).from_own_account();
        counter.shop.take(&counter.shop.entry(&counter.sari, echo)).await.unwrap();
    }
    counter.shop.settle().await;
    assert!(counter.is_on().await && counter.item("AV-013").await.is_some());
    let actions: Vec<String> = counter.rows().await.into_iter().map(|row| row.action).collect();
    assert_eq!(actions, ["stock.list"]);
}

#[tokio::test(start_paused = true)]
async fn hazard_17_a_command_silences_what_is_being_answered() {
    for command in ["/bot off", "/stop"] {
        let counter = Arc::new(Counter::with(echoing().with_delay(5 * SECOND)).await);
        let budi = Person::new("081200000001");
        counter.shop.writes(&budi, "mau tanya warna interiornya").await;
        counter.shop.clock.advance(3 * SECOND);
        let working = tokio::spawn({
            let counter = Arc::clone(&counter);
            async move { counter.shop.worker.work_due().await.unwrap() }
        });
        tokio::time::sleep(SECOND).await;
        counter.shop.writes(&counter.sari, command).await;
        working.await.unwrap();
        counter.shop.settle().await;
        assert!(counter.shop.texts(&budi).is_empty(), "{command}");
        assert!(counter.shop.texts(&counter.sari)[0].contains("*mati*"), "staff are answered all the same");
        assert!(counter.says("/bot on").await.contains("*aktif*"));
        counter.shop.writes(&budi, "jadi bagaimana?").await;
        counter.shop.settle().await;
        assert_eq!(counter.shop.texts(&budi), ["Kakak menulis: jadi bagaimana?"]);
    }
}

#[tokio::test]
async fn the_stock_is_kept_by_typed_commands() {
    let counter = Counter::with(echoing()).await;
    let added = counter
        .says("/stok tambah HR-7 “Honda HR-V 1.5 E” 2021 harga=1,5 M km=45rb transmisi=matic warna=putih")
        .await;
    assert!(added.contains("*HR-7* Honda HR-V 1.5 E 2021 · Rp1.500.000.000 · tersedia"), "{added}");
    let item = counter.item("HR-7").await.unwrap();
    assert_eq!((item.number("mileage"), item.text("transmission")), (Some(45_000), Some("automatic")));
    assert!(counter.says("/stock add hr-7 Lain").await.contains("sudah dipakai"));
    assert!(counter.says("/stok tambah HR-8 \"HR-V\" sayap=2").await.contains("*sayap*"));
    assert!(counter.item("HR-8").await.is_none());
    let list = counter.says("/stok daftar avanza 2019").await;
    assert!(list.contains("*AV-013*") && !list.contains("XE-002"), "{list}");
    // A price that moves a little moves at once, under the code in any spelling.
    assert!(
        counter.says("/STOK harga av013 Rp160.000.000").await.contains("Rp165.000.000 → *Rp160.000.000*")
    );
    assert_eq!(counter.item("AV-013").await.unwrap().price, Some(160_000_000));
    assert!(counter.says("/stok harga ZZ-9 1jt").await.contains("tidak ada"));
    assert_eq!(counter.says("/stok ngebut").await.lines().count(), 1, "a short help");
}

#[tokio::test]
async fn a_chat_is_paused_and_resumed_by_its_exact_number() {
    let counter = Counter::with(echoing()).await;
    let (budi, twin) = (Person::new("081200000001"), Person::new("0812000000011"));
    for person in [&budi, &twin] {
        counter.shop.writes(person, "halo").await;
    }
    counter.shop.settle().await;
    let said = counter.says("/pause 0812-0000-0001 30").await;
    assert!(said.contains("30 menit") && !said.contains("81200000001"), "{said}");
    for person in [&budi, &twin] {
        counter.shop.writes(person, "lagi").await;
    }
    counter.shop.settle().await;
    assert_eq!((counter.shop.texts(&budi).len(), counter.shop.texts(&twin).len()), (1, 2));
    assert!(counter.says("/status").await.contains("Chat dijeda: 1"));
    assert!(counter.says("/resume +62 812 0000 0001").await.contains("menjawab lagi"));
    counter.shop.writes(&budi, "dan sekarang?").await;
    counter.shop.settle().await;
    assert_eq!(counter.shop.texts(&budi).last().unwrap(), "Kakak menulis: dan sekarang?");
    // Both call themselves Budi, so the name is nobody's.
    assert!(counter.says("/pause Budi").await.contains("Lebih dari satu"));
    assert!(counter.says("/pause 081299999999").await.contains("Tidak ada chat"));
    assert!(counter.says("/resume 081200000001").await.contains("Tidak ada chat yang dijeda"));
}

#[tokio::test]
async fn leads_are_listed_shown_and_set() {
    let counter = Counter::with(echoing()).await;
    counter.shop.writes(&Person::new("081200000001"), "halo").await;
    let lead = counter.shop.all_leads().await.remove(0);
    let id = lead.id.as_uuid().simple().to_string();
    let list = counter.says("/lead list").await;
    assert!(list.contains(&id[26..]) && list.contains("Budi (+62812•••••001)"), "{list}");
    let shown = counter.says(&format!("/lead show {}", &id[26..])).await;
    assert_eq!(shown, format!("{}\nID: {}", lead.summary(Locale::Id), &id[26..]));
    assert!(counter.says("/lead set 081200000001 janji").await.contains("*janji*"));
    assert_eq!(counter.shop.all_leads().await[0].stage, LeadStage::Booked);
    assert!(counter.says("/lead list janji").await.contains(&id[26..]));
    assert!(counter.says("/lead show ffffffff").await.contains("tidak ditemukan"));
    // Closed with its code; then the customer writes again, and the old one cannot be opened beside the new one.
    let code = counter.code("/lead set 081200000001 deal").await;
    counter.says(&format!("/konfirmasi {code}")).await;
    assert!(counter.shop.all_leads().await.is_empty());
    counter
        .shop
        .writes(
            &Person { contact: Contact::new(lead.contact, &phone("081200000001").into(), lead.created_at) },
            "hai",
        )
        .await;
    assert_eq!(counter.shop.all_leads().await.len(), 1);
    assert!(counter.says(&format!("/lead set {id} baru")).await.contains("lead lain"));
}

#[tokio::test]
async fn status_and_usage_say_what_the_stores_say() {
    let counter = Counter::with(echoing()).await;
    counter.shop.writes(&Person::new("081200000001"), "halo").await;
    let caps = SpendCaps::from(&Tenant::new(tenant_id(), "x")).windows(counter.shop.clock.now());
    let (id, now) = (ReservationId::random(), counter.shop.clock.now());
    let reservation = Reservation::new(id, tenant_id(), caps, 500_000, now + MINUTE);
    counter.spend.reserve(&reservation, now).await.unwrap();
    counter.spend.settle(&tenant_id(), id, 420_000, 1_234, now).await.unwrap();
    counter.says("/bot off").await;
    counter.shop.clock.advance(61 * MINUTE);
    // Somebody else has changed the shop meanwhile: the store is asked, not the message.
    counter.shop.change(|shop| shop.bot.day_budget = 5_000_000).await;
    let (_, revision) = counter.shop.tenants.get(&tenant_id()).await.unwrap().unwrap();
    let status = counter.says("/status").await;
    for part in [
        "Asisten *mati* sejak 2026-12-01 12:00 WIB".to_owned(),
        format!("(versi {})", revision.as_u64()),
        "Lead terbuka: 1".to_owned(),
        "Chat dijeda: 0".to_owned(),
        "AI hari ini: US$0.42 dari US$5.00".to_owned(),
        "AI bulan ini: US$0.42 dari US$30.00".to_owned(),
    ] {
        assert!(status.contains(&part), "{part} in {status}");
    }
    assert!(counter.says("/usage").await.contains("1 panggilan · 1234 token"));
    counter.shop.change(|shop| shop.locale = Locale::En).await;
    assert!(counter.says("/status").await.contains("The assistant is *off* since"));
    assert!(counter.says("/help").await.contains("/stop – *emergency*"));
}

#[tokio::test]
async fn an_entry_is_carried_out_once_however_often_it_comes() {
    let counter = Counter::with(echoing()).await;
    let off = InboxEntryId::sequential();
    assert!(counter.run(off, "/bot off").await.contains("*mati*"));
    counter.run(InboxEntryId::sequential(), "/bot on").await;
    assert!(counter.run(off, "/bot off").await.contains("sudah dijalankan"));
    assert!(counter.is_on().await, "what was done later stands");
    let add = InboxEntryId::sequential();
    for _ in 0..2 {
        let said = counter.run(add, "/stok tambah HR-7 HR-V").await;
        assert!(said.starts_with('✅'), "{said}");
    }
    // The code of one question is good once, whoever asks again under the same entry.
    let asked = InboxEntryId::sequential();
    let code = code_in(&counter.run(asked, "/stok hapus AV-013").await);
    assert!(counter.run(asked, "/stok hapus AV-013").await.contains("menunggu kode"));
    let yes = InboxEntryId::sequential();
    assert!(counter.run(yes, &format!("/konfirmasi {code}")).await.contains("dihapus"));
    counter.run(InboxEntryId::sequential(), "/undo").await;
    assert!(counter.run(yes, &format!("/konfirmasi {code}")).await.contains("sudah dijalankan"));
    counter.run(asked, "/stok hapus AV-013").await;
    assert!(
        counter
            .run(InboxEntryId::sequential(), &format!("/konfirmasi {code}"))
            .await
            .contains("Tidak ada perintah")
    );
    assert_eq!(counter.item("AV-013").await.unwrap().status, ItemStatus::Available);
    let mut entries: Vec<_> = counter.rows().await.into_iter().map(|row| row.entry).collect();
    let all = entries.len();
    entries.sort_by_key(InboxEntryId::as_uuid);
    entries.dedup();
    assert_eq!((entries.len(), all), (7, 7));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_of_an_entry_side_by_side_are_one_command() {
    let counter = Arc::new(Counter::with(echoing()).await);
    let mut all = tokio::task::JoinSet::new();
    let entry = InboxEntryId::sequential();
    for _ in 0..50 {
        let counter = Arc::clone(&counter);
        all.spawn(async move { counter.run(entry, "/stok harga AV-013 170jt").await });
    }
    let said = all.join_all().await;
    assert!(said.iter().all(|said| said.starts_with('✅')), "{said:?}");
    assert_eq!(said.iter().filter(|said| said.contains("Rp165.000.000 →")).count(), 1);
    assert_eq!(counter.rows().await.len(), 1);
    assert_eq!(counter.items.get(&tenant_id(), "AV-013").await.unwrap().unwrap().1.as_u64(), 2);
}
