//! A person takes over from the console while the assistant is at work.

use std::sync::Arc;
use std::time::Duration;

use wartel_bot::catalogue::{MemoryCatalogueStore, Schema};
use wartel_bot::console::{Console, ConsoleError, ConsoleParts};
use wartel_bot::conversation::LineAuthor;
use wartel_bot::spend::MemorySpendStore;
use wartel_bot::testing::ScriptedResponder;
use wartel_core::{Clock as _, TenantId};

use crate::shop::{Person, Shop};

fn console(shop: &Shop) -> Console {
    let parts = ConsoleParts {
        tenants: Arc::clone(&shop.tenants),
        catalogue: Arc::new(MemoryCatalogueStore::new()),
        leads: Arc::clone(&shop.leads),
        chats: Arc::clone(&shop.chats),
        spend: Arc::new(MemorySpendStore::new()),
    };
    Console::new(parts, Arc::new(Schema::cars())).with_clock(shop.clock.clone())
}

#[tokio::test(start_paused = true)]
async fn who_writes_from_the_console_while_a_draft_is_made_is_the_only_one_who_speaks() {
    let responder = ScriptedResponder::saying("Sebentar saya cek ya Kak");
    let responder = responder.with_delay(Duration::from_secs(5));
    let shop = Shop::with(responder.clone()).await;
    let (ani, console) = (Person::new("081234567890"), console(&shop));
    let key = shop.key(&ani);
    shop.writes(&ani, "ada Avanza?").await;
    shop.clock.advance(Duration::from_secs(11));
    let worker = shop.worker.clone();
    let work = tokio::spawn(async move { worker.work_due().await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(responder.asked().len(), 1, "the draft is being made");
    let chat = console.person_says(&key, "Saya Sari, saya bantu ya Kak", None).await.unwrap();
    assert!(chat.is_paused(shop.clock.now()) && shop.texts(&ani).is_empty());
    work.await.unwrap().unwrap();
    shop.settle().await;
    assert_eq!(shop.texts(&ani), ["Saya Sari, saya bantu ya Kak"]);

    // From then on a person answers, until the assistant is told to.
    shop.writes(&ani, "terima kasih").await;
    shop.settle().await;
    assert_eq!((shop.texts(&ani).len(), responder.asked().len()), (1, 1));
    console.resume(&key).await.unwrap();
    shop.writes(&ani, "ada Xenia?").await;
    shop.settle().await;
    assert_eq!(shop.texts(&ani).len(), 2);
    let authors: Vec<LineAuthor> = shop.lines(&ani).await.iter().map(|line| line.author).collect();
    let (customer, person) = (LineAuthor::Customer, LineAuthor::Person);
    assert_eq!(authors, [customer, person, customer, customer, LineAuthor::Assistant]);
}

#[tokio::test]
async fn hazard_16_a_person_of_another_shop_finds_no_chat() {
    let shop = Shop::with(ScriptedResponder::saying("Halo Kak")).await;
    let (ani, console) = (Person::new("081234567890"), console(&shop));
    shop.writes(&ani, "ada Avanza?").await;
    let mut key = shop.key(&ani);
    key.tenant = TenantId::parse("lain").unwrap();
    for refused in [console.pause(&key, None).await, console.person_says(&key, "Halo", None).await] {
        assert!(matches!(refused, Err(ConsoleError::NotFound)), "{refused:?}");
    }
    assert!(shop.chat(&ani).await.pause.is_none());
}
