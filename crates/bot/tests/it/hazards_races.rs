//! What happens between the moment at which a part is noted and the moment at which the provider gets it, and other orders of
//! events that are rare and bad.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use wartel_bot::conversation::{Chat, LineOutcome, PauseBy};
use wartel_bot::pipeline::{BotConsumer, PendingEntries};
use wartel_bot::testing::ScriptedResponder;
use wartel_bot::{ChatKey, Reply, TurnOutput};
use wartel_core::{Clock as _, StoreError};
use wartel_messaging::inbox::{InboundConsumer as _, InboxEntry};
use wartel_messaging::{RetryAdvice, SendError, SendErrorKind};

use crate::shop::{Person, Shop};

const MINUTE: Duration = Duration::from_secs(60);

fn echoing() -> ScriptedResponder {
    ScriptedResponder::answering(|turn| {
        Ok(TurnOutput::Reply(Reply::new(format!("Kakak menulis: {}", turn.words()), "script")))
    })
}

/// An inbox in which something is taken right when the worker has its last look: nothing is pending after it.
#[derive(Debug, Default)]
struct AtLastLook {
    entries: Mutex<Vec<InboxEntry>>,
    consumer: OnceLock<BotConsumer>,
}

#[async_trait::async_trait]
impl PendingEntries for AtLastLook {
    async fn is_pending(&self, _chat: &ChatKey) -> Result<bool, StoreError> {
        let entries = std::mem::take(&mut *self.entries.lock().unwrap());
        for entry in entries {
            let consumer = self.consumer.get().unwrap();
            while consumer.take(&entry).await.is_err_and(|error| error.is_retry()) {}
        }
        Ok(false)
    }
}

async fn racing() -> (Shop, Arc<AtLastLook>) {
    let look = Arc::new(AtLastLook::default());
    let shop = Shop::of(vec![Arc::new(echoing())], look.clone()).await;
    look.consumer.set(shop.consumer.clone()).unwrap();
    (shop, look)
}

#[tokio::test]
async fn hazard_09_a_person_who_takes_over_after_a_part_was_noted_is_still_in_time() {
    let (shop, look) = racing().await;
    let budi = Person::new("081200000001");
    shop.writes(&budi, "ada Avanza?").await;
    let person = shop.message(&budi, "Saya Sari, saya bantu ya").from_own_account();
    look.entries.lock().unwrap().push(shop.entry(&budi, person));
    shop.settle().await;
    shop.settle().await;
    assert_eq!(shop.sender.tried(), 0);
}

#[tokio::test]
async fn hazard_37_a_stop_after_a_part_was_noted_is_still_in_time() {
    let (shop, look) = racing().await;
    let budi = Person::new("081200000001");
    shop.writes(&budi, "ada Avanza?").await;
    look.entries.lock().unwrap().push(shop.entry(&budi, shop.message(&budi, "STOP")));
    shop.settle().await;
    shop.settle().await;
    let texts = shop.texts(&budi);
    assert_eq!(texts.len(), 1, "the confirmation");
    assert!(texts[0].contains("pesan otomatis"));
}

#[tokio::test]
async fn hazard_07_what_comes_while_an_answer_is_handed_over_gets_an_answer_of_its_own() {
    let (shop, look) = racing().await;
    let budi = Person::new("081200000001");
    shop.writes(&budi, "ada Avanza?").await;
    look.entries.lock().unwrap().push(shop.entry(&budi, shop.message(&budi, "atau Xenia?")));
    shop.settle().await;
    shop.settle().await;
    assert_eq!(shop.texts(&budi), ["Kakak menulis: ada Avanza?", "Kakak menulis: atau Xenia?"]);
    let sent = shop.lines(&budi).await.into_iter().filter(|line| line.outcome == Some(LineOutcome::Sent));
    assert_eq!(sent.count(), 2);
}

#[tokio::test]
async fn hazard_09_two_messages_of_a_person_that_come_in_turns_become_clear() {
    let shop = Shop::with(echoing()).await;
    let budi = Person::new("081200000001");
    let of_person = |text: &str| shop.entry(&budi, shop.message(&budi, text).from_own_account());
    let (first, second) = (of_person("Halo Pak"), of_person("saya Sari"));
    for entry in [&first, &second] {
        assert!(shop.take(entry).await.is_err_and(|error| error.is_retry()));
    }
    shop.take(&first).await.unwrap();
    let _ = shop.take(&second).await;
    shop.take(&second).await.unwrap();
    assert_eq!(shop.lines(&budi).await.len(), 2);
    assert_eq!(shop.chat(&budi).await.pause.unwrap().by, PauseBy::Person);
}

#[tokio::test]
async fn hazard_10_of_two_unclear_messages_ours_is_cleared_and_the_other_stays() {
    let shop = Shop::with(echoing()).await;
    let budi = Person::new("081200000001");
    let own = |id: &str| shop.message(&budi, &format!("teks {id}")).with_id(Some(id)).from_own_account();
    let (first, second) = (shop.entry(&budi, own("otp-1")), shop.entry(&budi, own("otp-2")));
    for entry in [&first, &second] {
        assert!(shop.take(entry).await.is_err_and(|error| error.is_retry()));
    }
    for (id, entry) in [("otp-1", &first), ("otp-2", &second)] {
        assert!(shop.chat(&budi).await.is_unclear());
        let (key, id) = (shop.key(&budi), wartel_messaging::ProviderMessageId::new(id));
        shop.chats.note_sent(&key.tenant, &key.account, &id, shop.clock.now()).await.unwrap();
        shop.take(entry).await.unwrap();
    }
    assert!(shop.chat(&budi).await.pause.is_none());
}

#[tokio::test]
async fn hazard_11_a_person_who_writes_does_not_shorten_a_pause_without_end() {
    let shop = Shop::with(echoing()).await;
    let budi = Person::new("081200000001");
    shop.writes(&budi, "halo").await;
    let (mut chat, revision): (Chat, _) = shop.chats.load(&shop.key(&budi)).await.unwrap().unwrap();
    chat.pause_by(PauseBy::Command, shop.clock.now(), None);
    let write = wartel_bot::conversation::ChatWrite::new(chat, revision);
    assert!(shop.chats.save(&write, shop.clock.now()).await.unwrap().is_saved());
    shop.shop_writes(&budi, "Saya bantu ya").await;
    shop.after(Duration::from_secs(48 * 3_600)).await;
    shop.writes(&budi, "masih ada?").await;
    shop.settle().await;
    assert!(shop.texts(&budi).is_empty());
}

#[tokio::test]
async fn hazard_53_an_answer_that_could_not_go_out_for_long_is_thought_out_anew() {
    let brain = echoing();
    let shop = Shop::with(brain.clone()).await;
    let budi = Person::new("081200000001");
    let later =
        || SendError::new("fake", SendErrorKind::DeviceOffline, RetryAdvice::After(Some(20 * MINUTE)));
    for _ in 0..2 {
        shop.sender.then_fail(later());
    }
    shop.writes(&budi, "ada Avanza?").await;
    for _ in 0..80 {
        shop.after(MINUTE).await;
    }
    assert_eq!(shop.texts(&budi), ["Kakak menulis: ada Avanza?"]);
    assert_eq!(brain.asked().len(), 2);
}

#[tokio::test]
async fn hazard_40_the_rest_of_an_answer_goes_out_once_and_before_the_next_answer() {
    let long = |word: &str| format!("{word} ").repeat(1_500);
    let shop = Shop::with(ScriptedResponder::answering(move |turn| {
        let text = if turn.words().contains("panjang") { long("kata") } else { "pendek".to_owned() };
        Ok(TurnOutput::Reply(Reply::new(text, "script")))
    }))
    .await;
    let budi = Person::new("081200000001");
    shop.writes(&budi, "cerita panjang").await;
    shop.clock.advance(Duration::from_secs(3));
    // The first part goes out, the second one is refused for a while.
    shop.sender.then_send();
    shop.sender.then_fail(SendError::new(
        "fake",
        SendErrorKind::RateLimited,
        RetryAdvice::After(Some(MINUTE)),
    ));
    shop.worker.work_due().await.unwrap();
    assert_eq!(shop.texts(&budi).len(), 1);
    shop.writes(&budi, "singkat").await;
    shop.settle().await;
    assert_eq!(shop.texts(&budi).len(), 1, "the rest comes first");
    for _ in 0..3 {
        shop.after(MINUTE).await;
    }
    let texts = shop.texts(&budi);
    assert_eq!(texts.len(), 3);
    assert!(texts[0].starts_with("kata") && texts[1].starts_with("kata"));
    assert_eq!(texts[2], "pendek");
}
