//! The hazards of the field, each with its test.

use std::sync::Arc;
use std::time::Duration;

use wartel_bot::testing::ScriptedResponder;
use wartel_bot::{Reply, TurnOutput};
use wartel_core::{AccountId, Clock as _, TenantId};
use wartel_messaging::{InboundContent, InboundMessage, MediaKind, RetryAdvice, SendError, SendErrorKind};

use crate::shop::{Person, STAFF, Shop};

const SECOND: Duration = Duration::from_secs(1);

fn echoing() -> ScriptedResponder {
    ScriptedResponder::answering(|turn| {
        Ok(TurnOutput::Reply(Reply::new(format!("Kakak menulis: {}", turn.words()), "script")))
    })
}

#[tokio::test]
async fn hazard_01_a_message_that_comes_fifty_times_is_one_turn() {
    let shop = Arc::new(Shop::with(ScriptedResponder::saying("Halo Kak")).await);
    let budi = Person::new("081200000001");
    let entry = shop.entry(&budi, shop.message(&budi, "ada Xenia?"));
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (shop, entry) = (Arc::clone(&shop), entry.clone());
        all.spawn(async move { shop.take(&entry).await.unwrap() });
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
    shop.settle().await;
    assert_eq!(shop.texts(&budi), ["Halo Kak"]);
    let leads = shop.all_leads().await;
    assert_eq!((leads.len(), leads[0].messages), (1, 1));
}

#[tokio::test]
async fn hazard_05_a_burst_gets_one_answer_and_a_steady_drip_does_not_starve() {
    let shop = Shop::with(echoing()).await;
    let budi = Person::new("081200000001");
    for text in ["Halo", "mau tanya", "ada Avanza?", "yang matic", "ya"] {
        shop.writes(&budi, text).await;
        shop.after(Duration::from_millis(900)).await;
    }
    assert!(shop.texts(&budi).is_empty());
    shop.after(2 * SECOND).await;
    assert_eq!(shop.texts(&budi), ["Kakak menulis: Halo\nmau tanya\nada Avanza?\nyang matic\nya"]);
    // Somebody who never stops gets an answer after the cap.
    for _ in 0..12 {
        shop.writes(&budi, "lagi").await;
        shop.after(SECOND).await;
    }
    assert!(shop.texts(&budi).len() >= 2);
}

#[tokio::test]
async fn hazard_05_commands_and_stop_do_not_wait_for_a_burst() {
    let shop = Shop::with(echoing()).await;
    let budi = Person::new("081200000001");
    shop.writes(&budi, "Halo").await;
    shop.writes(&budi, "STOP").await;
    shop.after(Duration::ZERO).await;
    assert!(shop.texts(&budi)[0].contains("MULAI"));
    shop.settle().await;
    assert_eq!(shop.texts(&budi).len(), 1, "what waited before STOP is not answered");
}

#[tokio::test]
async fn hazard_06_one_customer_of_two_shops_is_not_mixed() {
    let brain = echoing();
    let shop = Shop::with(brain.clone()).await;
    let other = TenantId::parse("lain").unwrap();
    shop.open(crate::shop::tenant(other.clone())).await;
    let budi = Person::new("081200000001");
    shop.writes(&budi, "untuk toko").await;
    let mut entry = shop.entry(&budi, shop.message(&budi, "untuk lain"));
    entry.tenant = other.clone();
    shop.take(&entry).await.unwrap();
    let mut entry = shop.entry(&budi, shop.message(&budi, "untuk nomor kedua"));
    entry.account = AccountId::parse("kedua").unwrap();
    shop.take(&entry).await.unwrap();
    shop.settle().await;
    let sent = shop.sender.sent();
    assert_eq!(sent.len(), 3);
    for (text, tenant, account) in
        [("toko", "toko", "default"), ("lain", "lain", "default"), ("nomor kedua", "toko", "kedua")]
    {
        let of = |message: &&wartel_bot::testing::SentMessage| {
            message.tenant.as_str() == tenant && message.account.as_str() == account
        };
        let message = sent.iter().find(of).unwrap();
        assert_eq!(message.text, format!("Kakak menulis: untuk {text}"));
    }
    for turn in brain.asked() {
        assert_eq!(turn.burst.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn hazard_07_a_message_in_mid_turn_makes_the_draft_stale() {
    let brain = echoing().with_delay(5 * SECOND);
    let shop = Arc::new(Shop::with(brain.clone()).await);
    let budi = Person::new("081200000001");
    shop.writes(&budi, "ada Avanza?").await;
    shop.clock.advance(3 * SECOND);
    let working = tokio::spawn({
        let shop = Arc::clone(&shop);
        async move { shop.worker.work_due().await.unwrap() }
    });
    tokio::time::sleep(SECOND).await;
    assert_eq!(brain.asked().len(), 1);
    shop.writes(&budi, "eh, Xenia saja").await;
    working.await.unwrap();
    assert!(shop.texts(&budi).is_empty(), "the first draft is thrown away");
    shop.settle().await;
    assert_eq!(shop.texts(&budi), ["Kakak menulis: ada Avanza?\neh, Xenia saja"]);
}

#[tokio::test(start_paused = true)]
async fn hazard_09_a_person_who_writes_silences_the_assistant_even_in_mid_turn() {
    let brain = echoing().with_delay(5 * SECOND);
    let shop = Arc::new(Shop::with(brain.clone()).await);
    let budi = Person::new("081200000001");
    shop.writes(&budi, "ada Avanza?").await;
    shop.clock.advance(3 * SECOND);
    let working = tokio::spawn({
        let shop = Arc::clone(&shop);
        async move { shop.worker.work_due().await.unwrap() }
    });
    tokio::time::sleep(SECOND).await;
    shop.shop_writes(&budi, "Halo Pak, saya Sari. Saya bantu ya").await;
    working.await.unwrap();
    shop.settle().await;
    shop.writes(&budi, "Terima kasih").await;
    shop.settle().await;
    assert!(shop.texts(&budi).is_empty());
    assert_eq!(shop.lines(&budi).await.len(), 3, "everything is kept");
}

#[tokio::test]
async fn hazard_10_our_own_echo_is_no_person() {
    let shop = Shop::with(echoing()).await;
    let budi = Person::new("081200000001");
    shop.writes(&budi, "satu").await;
    shop.settle().await;
    // By its id, and under another id by its text.
    for (id, text) in [("m1", "Kakak menulis: satu"), ("X9", "Kakak  menulis: *satu*")] {
        let message = shop.message(&budi, text).with_id(Some(id)).from_own_account();
        shop.take(&shop.entry(&budi, message)).await.unwrap();
    }
    shop.writes(&budi, "dua").await;
    shop.settle().await;
    assert_eq!(shop.texts(&budi).len(), 2);
    // What another part of this program has sent, though it is noted late.
    let message = shop.message(&budi, "Kode Anda 123456").with_id(Some("otp-1")).from_own_account();
    let entry = shop.entry(&budi, message);
    assert!(shop.take(&entry).await.is_err_and(|error| error.is_retry()));
    shop.writes(&budi, "tiga").await;
    shop.settle().await;
    assert_eq!(shop.texts(&budi).len(), 2, "silence as long as it is unclear");
    let id = wartel_messaging::ProviderMessageId::new("otp-1");
    shop.chats
        .note_sent(&crate::shop::tenant_id(), &AccountId::default(), &id, shop.clock.now())
        .await
        .unwrap();
    shop.take(&entry).await.unwrap();
    shop.settle().await;
    assert_eq!(shop.texts(&budi).last().unwrap(), "Kakak menulis: tiga");
}

#[tokio::test]
async fn hazard_11_a_pause_ends_by_its_timer_and_not_by_the_customer() {
    let brain = echoing();
    let shop = Shop::with(brain.clone()).await;
    let budi = Person::new("081200000001");
    shop.shop_writes(&budi, "Saya bantu ya").await;
    for _ in 0..3 {
        shop.writes(&budi, "halo?").await;
        shop.settle().await;
    }
    assert!(shop.texts(&budi).is_empty());
    shop.after(Duration::from_secs(12 * 3_600)).await;
    assert!(shop.texts(&budi).is_empty(), "what was for the person is not answered later");
    shop.writes(&budi, "masih ada?").await;
    shop.settle().await;
    assert_eq!(shop.texts(&budi), ["Kakak menulis: masih ada?"]);
    assert!(
        brain.asked()[0].history.is_empty(),
        "what was said before the pause ended is no part of the prompt"
    );
}

#[tokio::test]
async fn hazard_12_a_machine_on_the_other_side_trips_the_breaker() {
    let shop = Shop::with(ScriptedResponder::saying("Halo Kak")).await;
    let (robot, parrot) = (Person::new("081200000001"), Person::new("081200000002"));
    for number in 0..30 {
        shop.writes(&robot, &format!("Terima kasih, pesan nomor {number} penting")).await;
        shop.after(3 * SECOND).await;
    }
    assert_eq!(shop.texts(&robot).len(), 8, "no more than eight in a minute, and then none");
    for _ in 0..30 {
        shop.writes(&parrot, "Terima kasih, pesan Anda penting").await;
        shop.after(20 * SECOND).await;
    }
    assert_eq!(shop.texts(&parrot).len(), 6, "nor to the same words again and again");
    // Somebody who types quickly is no machine.
    let quick = Person::new("081200000003");
    for number in 0..12 {
        shop.writes(&quick, &format!("pertanyaan {number}")).await;
        shop.after(3 * SECOND).await;
        shop.after(3 * SECOND).await;
    }
    assert_eq!(shop.texts(&quick).len(), 12);
    let told = shop.to_staff();
    assert_eq!(told.iter().filter(|text| text.contains("mesin")).count(), 2);
}

#[tokio::test]
async fn hazard_13_old_messages_of_a_history_are_kept_and_not_answered() {
    let shop = Shop::with(echoing()).await;
    let budi = Person::new("081200000001");
    let old = wartel_core::Timestamp::parse_rfc3339("2026-12-01T03:00:00Z").unwrap();
    let message = shop.message(&budi, "dua jam yang lalu").with_at(Some(old));
    shop.take(&shop.entry(&budi, message)).await.unwrap();
    shop.settle().await;
    assert!(shop.texts(&budi).is_empty());
    assert_eq!(shop.lines(&budi).await.len(), 1);
}

#[tokio::test]
async fn hazard_14_reactions_and_calls_are_no_turn_and_no_lead() {
    let shop = Shop::with(echoing()).await;
    let budi = Person::new("081200000001");
    for content in [
        InboundContent::Reaction { to: None, emoji: "👍".to_owned() },
        InboundContent::Other { kind: "call".to_owned() },
        InboundContent::Other { kind: "protocol".to_owned() },
    ] {
        let message = InboundMessage::new(budi.contact.address().unwrap(), content).with_id(Some("r"));
        shop.take(&shop.entry(&budi, message)).await.unwrap();
    }
    shop.settle().await;
    assert!(shop.sender.sent().is_empty() && shop.all_leads().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn hazard_17_switched_off_in_mid_turn_nothing_goes_out() {
    let shop = Arc::new(Shop::with(echoing().with_delay(5 * SECOND)).await);
    let budi = Person::new("081200000001");
    shop.writes(&budi, "ada Avanza?").await;
    shop.clock.advance(3 * SECOND);
    let working = tokio::spawn({
        let shop = Arc::clone(&shop);
        async move { shop.worker.work_due().await.unwrap() }
    });
    tokio::time::sleep(SECOND).await;
    shop.change(|tenant| tenant.bot.enabled = false).await;
    working.await.unwrap();
    shop.settle().await;
    assert!(shop.texts(&budi).is_empty());
    // While it is off, messages are kept.
    shop.writes(&budi, "masih ada?").await;
    shop.settle().await;
    assert_eq!(shop.lines(&budi).await.iter().filter(|line| line.outcome.is_none()).count(), 2);
    assert!(shop.texts(&budi).is_empty());
}

#[tokio::test]
async fn hazard_20_a_hundred_first_messages_are_one_lead_and_staff_are_none() {
    let shop = Arc::new(Shop::with(ScriptedResponder::saying("ada Xenia?")).await);
    let budi = Person::new("081200000001");
    let mut all = tokio::task::JoinSet::new();
    for number in 0..100 {
        let entry = shop.entry(&budi, shop.message(&budi, &format!("pesan {number}")));
        let shop = Arc::clone(&shop);
        all.spawn(async move { shop.take(&entry).await.unwrap() });
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
    let staff = Person::new(STAFF);
    shop.writes(&staff, "Halo, saya Sari").await;
    shop.settle().await;
    let leads = shop.all_leads().await;
    assert_eq!((leads.len(), leads[0].messages), (1, 100));
    // A number of another country that ends like the one of staff is a customer's.
    let twin = Person::new("+4981512345670");
    assert!(twin.contact.phone.as_ref().unwrap().digits().ends_with(&STAFF[1..]));
    shop.writes(&twin, "ada Avanza?").await;
    assert_eq!(shop.all_leads().await.len(), 2);
}

#[tokio::test]
async fn hazard_41_a_send_of_unknown_outcome_is_not_repeated() {
    let shop = Shop::with(echoing()).await;
    let budi = Person::new("081200000001");
    shop.sender.then_fail(SendError::new("fake", SendErrorKind::Unavailable, RetryAdvice::Ambiguous));
    shop.writes(&budi, "ada Avanza?").await;
    shop.settle().await;
    shop.after(Duration::from_secs(600)).await;
    assert_eq!(shop.sender.tried(), 1);
    let line = shop.lines(&budi).await.pop().unwrap();
    assert_eq!(line.outcome, Some(wartel_bot::conversation::LineOutcome::Unknown));
    // Refused for a while, it goes out once.
    shop.sender.then_fail(SendError::new("fake", SendErrorKind::Unavailable, RetryAdvice::After(None)));
    shop.writes(&budi, "lagi").await;
    shop.settle().await;
    shop.after(Duration::from_secs(5)).await;
    assert_eq!(shop.texts(&budi), ["Kakak menulis: lagi"]);
}

#[tokio::test]
async fn hazard_45_outside_of_24_hours_the_official_api_gets_no_free_text() {
    let shop = Shop::with(echoing()).await;
    shop.sender.set_official(true);
    let budi = Person::new("081200000001");
    shop.writes(&budi, "ada Avanza?").await;
    shop.after(Duration::from_secs(25 * 3_600)).await;
    assert!(shop.texts(&budi).is_empty());
    let told = shop.to_staff();
    assert!(told.len() == 1 && told[0].contains("tepat waktu") && told[0].contains("ada Avanza?"));
}

#[tokio::test]
async fn hazard_46_what_cannot_be_read_is_asked_to_be_typed_and_captions_are_read() {
    let shop = Shop::with(echoing()).await;
    let budi = Person::new("081200000001");
    let media = |kind, caption: Option<&str>| InboundContent::Media {
        kind,
        mime: None,
        caption: caption.map(str::to_owned),
        reference: None,
        file_name: None,
    };
    for content in [media(MediaKind::Audio, None), media(MediaKind::Sticker, None)] {
        let message = InboundMessage::new(budi.contact.address().unwrap(), content);
        shop.take(&shop.entry(&budi, message)).await.unwrap();
    }
    shop.settle().await;
    assert_eq!(shop.texts(&budi).len(), 1, "it is asked once");
    assert!(shop.texts(&budi)[0].contains("diketik"));
    let photo = media(MediaKind::Image, Some("berapa harga mobil ini?"));
    let message = InboundMessage::new(budi.contact.address().unwrap(), photo);
    shop.take(&shop.entry(&budi, message)).await.unwrap();
    shop.after(Duration::ZERO).await;
    assert_eq!(shop.texts(&budi)[1], "Kakak menulis: berapa harga mobil ini?");
}

#[tokio::test(start_paused = true)]
async fn hazard_47_a_turn_that_panics_ends_with_a_template_and_others_go_on() {
    let shop = Shop::with(ScriptedResponder::answering(|turn| {
        assert!(!turn.words().contains("racun"), "poison");
        Ok(TurnOutput::Reply(Reply::new("Halo Kak", "script")))
    }))
    .await;
    let (bad, good) = (Person::new("081200000001"), Person::new("081200000002"));
    shop.writes(&bad, "racun").await;
    shop.writes(&good, "ada Avanza?").await;
    shop.settle().await;
    assert_eq!(shop.texts(&good), ["Halo Kak"]);
    for _ in 0..6 {
        shop.settle().await;
    }
    assert_eq!(shop.texts(&bad).len(), 1);
    assert!(shop.texts(&bad)[0].contains("tim kami"));
    shop.writes(&bad, "ada Avanza?").await;
    shop.settle().await;
    assert_eq!(shop.texts(&bad)[1], "Halo Kak");
}

#[tokio::test]
async fn hazard_53_while_the_account_is_not_connected_nothing_is_spent_and_nothing_lost() {
    let brain = echoing();
    let shop = Shop::with(brain.clone()).await;
    shop.sender.set_connected(false);
    let budi = Person::new("081200000001");
    shop.writes(&budi, "ada Avanza?").await;
    for _ in 0..10 {
        shop.after(60 * SECOND).await;
    }
    assert!(brain.asked().is_empty());
    shop.sender.set_connected(true);
    shop.after(60 * SECOND).await;
    assert_eq!(shop.texts(&budi), ["Kakak menulis: ada Avanza?"]);
    // Too late it is not answered at all.
    shop.sender.set_connected(false);
    shop.writes(&budi, "masih?").await;
    shop.after(Duration::from_secs(7 * 3_600)).await;
    shop.sender.set_connected(true);
    shop.after(60 * SECOND).await;
    assert_eq!(shop.texts(&budi).len(), 1);
}
