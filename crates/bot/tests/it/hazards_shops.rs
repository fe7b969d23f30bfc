//! Hazards of a shop at work: ledgers that fail, staff by every address, a person after STOP, a spent budget.

use std::sync::Arc;
use std::time::Duration;

use wartel_bot::agent::AgentResponder;
use wartel_bot::catalogue::{MemoryCatalogueStore, Schema};
use wartel_bot::conversation::LineAuthor;
use wartel_bot::lead::Leads;
use wartel_bot::llm::{Backend, LlmErrorKind, LlmReply, ModelSet, Models, NoLlmEvents, Price, Usage};
use wartel_bot::pipeline::{BotParts, BotWorker, Brain, NothingPending};
use wartel_bot::spend::{MemorySpendStore, MockSpendStore, Reserved, SpendStore};
use wartel_bot::tenant::{MemoryTenantStore, TenantStore};
use wartel_bot::testing::ScriptedResponder;
use wartel_bot::testing::llm::ScriptedModel;
use wartel_bot::{AiResponder, Revision, RuleResponder, TurnError, TurnErrorKind, demo, tools};
use wartel_core::{Country, Jid, ManualClock, PhoneNumber, StoreError, StoreErrorKind, Timestamp};
use wartel_messaging::ContactAddress;
use wartel_messaging::inbox::{Contact, ContactId};

use crate::admin::echoing;
use crate::hazards_agent::ASKED;
use crate::shop::{NOON, Person, STAFF, Shop, tenant_id};

#[tokio::test(start_paused = true)]
async fn hazard_07_a_turn_that_a_store_ends_is_answered_later() {
    let brain = echoing();
    brain.then(|_| Err(TurnError::new(TurnErrorKind::Model(LlmErrorKind::Quota))));
    let shop = Shop::with(brain.clone()).await;
    let mut spend = MockSpendStore::new();
    let unavailable = || StoreError::new(StoreErrorKind::Unavailable, "bot.spend.reserve");
    spend.expect_reserve().times(1).returning(move |_, _| Err(unavailable()));
    spend.expect_reserve().returning(|_, _| Ok(Reserved::Yes));
    let worker = BotWorker::new(BotParts {
        chats: Arc::clone(&shop.chats),
        tenants: Arc::clone(&shop.tenants),
        leads: Leads::new(Arc::clone(&shop.leads)),
        spend: Arc::new(spend),
        sender: Arc::new(shop.sender.clone()),
        pending: Arc::new(NothingPending),
        brain: Brain::new(vec![Arc::new(brain.clone())]),
        clock: shop.clock.clone(),
    });
    let budi = Person::new("081200000001");
    shop.writes(&budi, "ada Avanza?").await;
    shop.clock.advance(Duration::from_secs(11));
    assert_eq!(worker.work_due().await.unwrap().failed, 1);
    assert!(shop.texts(&budi).is_empty());
    assert_eq!(shop.chat(&budi).await.burst.len(), 1, "it still waits for its answer");
    shop.clock.advance(Duration::from_secs(3));
    assert_eq!(worker.work_due().await.unwrap().failed, 0);
    assert_eq!(shop.texts(&budi), ["Kakak menulis: ada Avanza?"]);
}

fn known_by(address: &ContactAddress) -> Person {
    let at = Timestamp::parse_rfc3339(NOON).unwrap();
    Person { contact: Contact::new(ContactId::random(), address, at) }
}

#[tokio::test]
async fn hazard_21_staff_are_known_by_every_address_of_their_number_and_by_no_other() {
    let jid = |text: &str| Jid::parse(text).unwrap();
    let from = |text: &str| ContactAddress::from_jids(Some(&jid(text)), None).unwrap();
    let number = |text: &str| PhoneNumber::parse_lenient(text, Country::INDONESIA).unwrap();
    let lid = jid("99887766554433@lid");
    let staff = [
        ContactAddress::from(number(STAFF)),
        ContactAddress::from(number("+62 815-1234-5670")),
        ContactAddress::from(number("6281512345670")),
        ContactAddress::from(number("81512345670")),
        from("6281512345670@s.whatsapp.net"),
        from("6281512345670:14@s.whatsapp.net"),
        from("6281512345670@c.us"),
        ContactAddress::linked(&number(STAFF), &lid),
        ContactAddress::from_jids(Some(&lid), Some(&jid("6281512345670@s.whatsapp.net"))).unwrap(),
    ];
    for address in &staff {
        let shop = Shop::with(echoing()).await;
        let person = known_by(address);
        shop.writes(&person, "ada Avanza?").await;
        shop.settle().await;
        assert!(shop.all_leads().await.is_empty() && shop.sender.sent().is_empty(), "{address:?}");
    }
    // A LID that belongs to nobody we know, one with the digits of staff, and numbers like theirs.
    let others = [
        from("99887766554433@lid"),
        from("6281512345670@lid"),
        // Of Japan, with every digit of the staff's own spelling.
        from("81512345670@s.whatsapp.net"),
        from("6281512345671@s.whatsapp.net"),
    ];
    for address in &others {
        let shop = Shop::with(echoing()).await;
        let person = known_by(address);
        shop.writes(&person, "ada Avanza?").await;
        shop.settle().await;
        assert_eq!(shop.texts(&person), ["Kakak menulis: ada Avanza?"], "{address:?}");
        assert_eq!(shop.all_leads().await.len(), 1);
    }
}

#[tokio::test]
async fn hazard_37_a_person_may_write_after_stop_and_nothing_goes_out_by_itself() {
    let brain = ScriptedResponder::saying("Halo Kak");
    let shop = Shop::with(brain.clone()).await;
    let budi = Person::new("081200000001");
    for _ in 0..3 {
        shop.writes(&budi, "Tolong berhenti kirim pesan ya kak").await;
        shop.settle().await;
    }
    assert_eq!(shop.texts(&budi).len(), 1, "confirmed once");
    shop.shop_writes(&budi, "Baik Pak Budi, mohon maaf. Mobilnya jadi diambil?").await;
    shop.writes(&budi, "jadi, besok saya ke sana").await;
    shop.after(Duration::from_secs(48 * 3_600)).await;
    shop.writes(&budi, "saya sudah di jalan").await;
    shop.settle().await;
    assert_eq!(shop.texts(&budi).len(), 1, "only the person has written");
    assert!(brain.asked().is_empty(), "and no model was asked");
    let lines = shop.lines(&budi).await;
    let by = |author| lines.iter().filter(|line| line.author == author).count();
    assert_eq!((by(LineAuthor::Person), by(LineAuthor::Customer)), (1, 5), "all of it is kept");
    assert!(shop.chat(&budi).await.opted_out.is_some());
}

#[tokio::test(start_paused = true)]
async fn hazard_38_two_hundred_turns_at_once_stay_within_the_budget() {
    const CAP: u64 = 60_000;
    let (mut profile, items) = demo::shop(tenant_id(), "https://foto.example");
    (profile.bot.day_budget, profile.bot.month_budget) = (CAP, 10 * CAP);
    let said = "Baik Kak, mau yang warna apa?";
    let model = ScriptedModel::default().with_price(Price::new(1_000_000, 1_000_000, 1_000_000));
    // None answers before all have asked.
    model.slow(Duration::from_secs(5)).always_reply(LlmReply::text(said).with_usage(Usage::new(900, 100)));
    let store = MemorySpendStore::new();
    let clock = Arc::new(ManualClock::new(Timestamp::parse_rfc3339(NOON).unwrap()));
    let models = Models::new(Arc::new(store.clone()), clock, Arc::new(NoLlmEvents));
    models.set(&tenant_id(), ModelSet::new(vec![Backend::Model(Arc::new(model.clone()))])).unwrap();
    let tenants = Arc::new(MemoryTenantStore::new());
    assert!(tenants.save(&profile, Revision::NEW).await.unwrap().is_saved());
    let catalogue = Arc::new(MemoryCatalogueStore::with_items(items));
    let all = tools::all(tenants.clone(), catalogue.clone(), Schema::cars());
    let brains: Vec<Arc<dyn AiResponder>> = vec![
        Arc::new(AgentResponder::new(Arc::new(models), all)),
        Arc::new(RuleResponder::new(tenants, catalogue, Schema::cars())),
    ];
    let shop = Shop::of(brains, Arc::new(NothingPending)).await;
    shop.open(profile).await;
    let people: Vec<Person> = (0..200).map(|n| Person::new(&format!("081200000{n:03}"))).collect();
    for person in &people {
        shop.writes(person, ASKED).await;
    }
    shop.clock.advance(Duration::from_secs(11));
    shop.worker.clone().with_concurrency(200).work_due().await.unwrap();
    let mut by_model = 0;
    for person in &people {
        let texts = shop.texts(person);
        assert_eq!(texts.len(), 1);
        by_model += usize::from(texts[0] == said);
        assert!(texts[0] == said || texts[0].contains("AVZ-21"), "the rules answer the others");
    }
    let spent = store.spent(&tenant_id(), "day/2026-12-01").await.unwrap();
    assert_eq!((by_model, by_model as u64 * 1_000, 0), (model.calls(), spent.settled, spent.reserved));
    assert!(by_model > 1 && spent.settled <= CAP, "{by_model} calls cost {}", spent.settled);
    assert!(by_model < 60, "each was reserved at its highest price: {by_model}");
    assert_eq!(shop.all_leads().await.len(), 200, "no lead is lost");
}
