//! Hazards of load, clocks, restarts and hours.

use std::sync::Arc;
use std::time::Duration;

use wartel_bot::fact::ClockTime;
use wartel_bot::tenant::Hours;
use wartel_bot::testing::ScriptedResponder;
use wartel_bot::{ChatKey, Reply, TurnError, TurnErrorKind, TurnOutput};
use wartel_core::{AccountId, TenantId, Timestamp};
use wartel_messaging::inbox::{InboxEntry, InboxEntryId, InboxEvent};
use wartel_messaging::{Authenticity, InboundContent, InboundMessage};

use crate::shop::{Person, Shop, tenant, tenant_id};

const SECOND: Duration = Duration::from_secs(1);

fn echoing() -> ScriptedResponder {
    ScriptedResponder::answering(|turn| {
        Ok(TurnOutput::Reply(Reply::new(format!("Kakak menulis: {}", turn.words()), "script")))
    })
}

async fn working(shop: &Arc<Shop>) -> tokio::task::JoinHandle<()> {
    let it = Arc::clone(shop);
    let working = tokio::spawn(async move {
        let _ = it.worker.work_due().await.unwrap();
    });
    tokio::time::sleep(SECOND).await;
    working
}

#[tokio::test(start_paused = true)]
async fn hazard_02_and_08_what_waits_survives_a_worker_that_dies() {
    let brain = echoing().with_delay(10 * SECOND);
    let shop = Arc::new(Shop::with(brain.clone()).await);
    let budi = Person::new("081200000001");
    shop.writes(&budi, "ada Avanza?").await;
    shop.clock.advance(3 * SECOND);
    let dying = working(&shop).await;
    assert_eq!(brain.asked().len(), 1);
    dying.abort();
    let _ = dying.await;
    shop.settle().await;
    assert!(shop.texts(&budi).is_empty(), "the lease is still held");
    for _ in 0..5 {
        shop.after(100 * SECOND).await;
    }
    assert_eq!(shop.texts(&budi), ["Kakak menulis: ada Avanza?"]);
}

#[tokio::test(start_paused = true)]
async fn hazard_03_taking_does_not_wait_for_a_model_that_takes_a_minute() {
    let shop = Arc::new(Shop::with(echoing().with_delay(60 * SECOND)).await);
    let budi = Person::new("081200000001");
    shop.writes(&budi, "ada Avanza?").await;
    shop.clock.advance(3 * SECOND);
    let working = working(&shop).await;
    let before = tokio::time::Instant::now();
    for number in 0..100 {
        shop.writes(&Person::new(&format!("08120001{number:04}")), "halo").await;
    }
    assert_eq!(before.elapsed(), Duration::ZERO);
    working.await.unwrap();
    assert_eq!(shop.texts(&budi), ["Kakak menulis: ada Avanza?"], "it comes later");
}

#[tokio::test(start_paused = true)]
async fn hazard_04_each_of_a_thousand_chats_is_answered_in_its_order() {
    let shop = Shop::with(echoing()).await;
    let people: Vec<Person> = (0..1_000).map(|n| Person::new(&format!("0812000{n:05}"))).collect();
    for word in ["satu", "dua", "tiga", "empat", "lima"] {
        for person in &people {
            shop.writes(person, word).await;
        }
        shop.settle().await;
    }
    let sent = shop.sender.sent();
    assert_eq!(sent.len(), 5_000);
    let mut by_person: std::collections::HashMap<_, Vec<String>> = std::collections::HashMap::new();
    for message in sent {
        by_person.entry(format!("{:?}", message.to)).or_default().push(message.text);
    }
    let in_order = ["satu", "dua", "tiga", "empat", "lima"].map(|word| format!("Kakak menulis: {word}"));
    for person in &people {
        assert_eq!(shop.texts(person), in_order);
    }
}

#[tokio::test]
async fn hazard_07_a_turn_that_fails_leaves_what_it_should_have_answered() {
    let brain = echoing();
    brain.then(|_| Err(TurnError::new(TurnErrorKind::Store)));
    let shop = Shop::with(brain).await;
    let budi = Person::new("081200000001");
    shop.writes(&budi, "ada Avanza?").await;
    shop.settle().await;
    assert_eq!(shop.texts(&budi).len(), 1, "a template, and a person is told");
    assert_eq!(shop.to_staff().len(), 1);
    let answered = shop.chat(&budi).await;
    assert!(answered.burst.is_empty() && answered.answering.is_empty());
}

#[tokio::test]
async fn hazard_15_what_belongs_to_no_person_is_not_taken() {
    let shop = Shop::with(echoing()).await;
    let message = shop.message(&Person::new("081200000001"), "ada Avanza?");
    let now = Timestamp::parse_rfc3339(crate::shop::NOON).unwrap();
    let event = InboxEvent::Message(message);
    let (id, account) = (InboxEntryId::random(), AccountId::default());
    shop.take(&InboxEntry::new(id, tenant_id(), account, Authenticity::Signed, event, now)).await.unwrap();
    shop.settle().await;
    assert!(shop.sender.sent().is_empty() && shop.all_leads().await.is_empty());
}

#[tokio::test]
async fn hazard_44_closed_is_said_once_also_across_midnight() {
    let shop = Shop::with(echoing()).await;
    // Open from 18:00 to 02:00. It is noon.
    shop.change(|shop| {
        shop.bot.answers_when_closed = false;
        let time = |hour| ClockTime::new(hour, 0).unwrap();
        shop.hours = Hours::daily("Asia/Jakarta", time(18), time(2));
    })
    .await;
    let budi = Person::new("081200000001");
    for _ in 0..3 {
        shop.writes(&budi, "ada Avanza?").await;
        shop.settle().await;
    }
    assert_eq!(shop.texts(&budi).len(), 1);
    assert!(shop.texts(&budi)[0].starts_with("Terima kasih sudah menghubungi"));
    for (hours, open) in [(7, true), (6, true), (2, false)] {
        let before = shop.texts(&budi).len();
        shop.after(Duration::from_secs(hours * 3_600)).await;
        shop.writes(&budi, "masih ada?").await;
        shop.settle().await;
        let texts = shop.texts(&budi);
        assert_eq!(texts.len(), before + 1);
        assert_eq!(texts[before].starts_with("Kakak menulis"), open, "{hours} hours later");
    }
}

#[tokio::test]
async fn hazard_43_templates_are_in_the_language_of_the_customer() {
    let shop = Shop::with(ScriptedResponder::new()).await;
    let (budi, john) = (Person::new("081200000001"), Person::new("081200000002"));
    shop.writes(&budi, "apakah mobil ini masih ada dan boleh dilihat?").await;
    shop.writes(&john, "is this car still available and can I see it please?").await;
    shop.settle().await;
    assert!(shop.texts(&budi)[0].starts_with("Maaf Kak"));
    assert!(shop.texts(&john)[0].starts_with("Sorry"));
}

#[tokio::test]
async fn hazard_48_a_flood_becomes_one_answer_and_a_bounded_document() {
    let shop = Shop::with(ScriptedResponder::saying("Baik Kak")).await;
    let budi = Person::new("081200000001");
    for _ in 0..500 {
        shop.writes(&budi, &"mobil keluarga ".repeat(500)).await;
    }
    let chat = shop.chat(&budi).await;
    assert_eq!(chat.burst.len(), 50);
    assert!(serde_json::to_string(&chat).unwrap().len() < 500_000);
    shop.settle().await;
    assert_eq!(shop.texts(&budi), ["Baik Kak"]);
}

#[tokio::test]
async fn hazard_49_clocks_that_are_wrong_and_ids_that_are_equal_mix_nothing() {
    let shop = Shop::with(echoing()).await;
    let other = TenantId::parse("gerai").unwrap();
    shop.open(tenant(other.clone())).await;
    let budi = Person::new("081200000001");
    let now = Timestamp::parse_rfc3339(crate::shop::NOON).unwrap();
    // In both shops the same id of the provider.
    for shop_id in [tenant_id(), other.clone()] {
        let message = shop.message(&budi, &format!("untuk {shop_id}")).with_id(Some("wamid.1"));
        let entry = InboxEntry::new(
            InboxEntryId::random(),
            shop_id,
            AccountId::default(),
            Authenticity::Signed,
            InboxEvent::Message(message),
            now,
        );
        shop.take(&entry.with_contact(Some(budi.contact.clone()))).await.unwrap();
    }
    shop.settle().await;
    let mut texts = shop.texts(&budi);
    texts.sort();
    assert_eq!(texts, ["Kakak menulis: untuk gerai", "Kakak menulis: untuk toko"]);
    // A time before 1970 is old; one that lies ahead is fresh.
    for (micros, answers) in [(-5_000_000, 2), (now.as_micros() + 3_600_000_000, 3)] {
        let address = budi.contact.address().unwrap();
        let message = InboundMessage::new(address, InboundContent::text("lama?"))
            .with_id(Some(format!("t{micros}")))
            .with_at(Some(Timestamp::from_micros(micros)));
        shop.take(&shop.entry(&budi, message)).await.unwrap();
        shop.settle().await;
        assert_eq!(shop.texts(&budi).len(), answers);
    }
}

#[tokio::test]
async fn hazard_50_documents_show_no_words_names_or_numbers() {
    let brain = ScriptedResponder::saying("RAHASIA-JAWABAN");
    let shop = Shop::with(brain.clone()).await;
    let budi = Person::new("081200000001");
    shop.writes(&budi, "RAHASIA-TANYA").await;
    let waiting = format!("{:?}", shop.chat(&budi).await);
    shop.settle().await;
    let (chat, lines) = (shop.chat(&budi).await, shop.lines(&budi).await);
    let shown = format!("{waiting} {chat:?} {lines:?} {:?} {:?}", brain.asked(), shop.all_leads().await);
    for secret in ["RAHASIA", "81200000001", "Budi"] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[tokio::test(start_paused = true)]
async fn hazard_51_a_shutdown_ends_the_turn_that_is_under_way() {
    let shop = Arc::new(Shop::with(echoing().with_delay(5 * SECOND)).await);
    let budi = Person::new("081200000001");
    shop.writes(&budi, "ada Avanza?").await;
    shop.clock.advance(3 * SECOND);
    let began = tokio::time::Instant::now();
    shop.worker.clone().run(tokio::time::sleep(2 * SECOND)).await;
    assert_eq!(shop.texts(&budi), ["Kakak menulis: ada Avanza?"]);
    assert!(began.elapsed() >= 5 * SECOND && began.elapsed() < 7 * SECOND);
    shop.writes(&budi, "lagi").await;
    shop.clock.advance(3 * SECOND);
    assert_eq!(shop.texts(&budi).len(), 1, "and nothing new was begun");
}

#[tokio::test(start_paused = true)]
async fn hazard_52_what_changes_in_mid_turn_counts_from_the_next_one() {
    let brain = ScriptedResponder::answering(|turn| {
        Ok(TurnOutput::Reply(Reply::new(format!("di {}", turn.tenant.name), "script")))
    })
    .with_delay(5 * SECOND);
    let shop = Arc::new(Shop::with(brain).await);
    let budi = Person::new("081200000001");
    shop.writes(&budi, "halo semua").await;
    shop.clock.advance(3 * SECOND);
    let working = working(&shop).await;
    shop.change(|shop| shop.name = "Toko Baru".to_owned()).await;
    working.await.unwrap();
    shop.writes(&budi, "halo lagi semua").await;
    shop.settle().await;
    assert_eq!(shop.texts(&budi), ["di Toko Uji", "di Toko Baru"]);
}

#[tokio::test]
async fn memory_of_ten_thousand_idle_chats_is_small() {
    let before = resident();
    let shop = Shop::with(ScriptedResponder::saying("Baik Kak")).await;
    let people: Vec<Person> = (0..10_000).map(|n| Person::new(&format!("0812{n:08}"))).collect();
    for person in &people {
        shop.writes(person, "ada Avanza matic tahun muda?").await;
    }
    shop.settle().await;
    let mut bytes = 0;
    for person in &people {
        let key: ChatKey = shop.key(person);
        let (chat, _) = shop.chats.load(&key).await.unwrap().unwrap();
        assert!(chat.due_at().is_none());
        bytes += serde_json::to_vec(&chat).unwrap().len();
    }
    let grown = resident().saturating_sub(before);
    println!("10,000 idle chats: documents {bytes} bytes, resident memory + {grown} kB");
    assert!(bytes < 200_000_000 && grown < 200_000);
}

/// What this process holds in memory, in kilobytes; 0 where the system does not tell.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse().ok()).unwrap_or_default()
}
