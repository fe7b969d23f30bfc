use wartel_core::{AccountId, Locale, TenantId, Timestamp};
use wartel_messaging::inbox::ContactId;

use super::*;
use crate::catalogue::MemoryCatalogueStore;
use crate::demo;
use crate::fact::Date;
use crate::key::{ChatKey, Revision, TurnId};
use crate::responder::{Evidence, Repair};
use crate::tenant::{MemoryTenantStore, Tenant};
use crate::tool::{Action, ActionKind};
use crate::verify::{Ground, Verdict, Verifier};

struct Talk {
    rules: RuleResponder,
    tenant: Arc<Tenant>,
}

impl Talk {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut [Item])) -> Self {
        let (tenant, mut items) = demo::shop(TenantId::default(), "https://foto.example");
        change(&mut items);
        let tenants = MemoryTenantStore::new();
        assert!(tenants.save(&tenant, Revision::NEW).await.unwrap().is_saved());
        let catalogue = MemoryCatalogueStore::with_items(items);
        let rules = RuleResponder::new(Arc::new(tenants), Arc::new(catalogue), Schema::cars());
        Self { rules, tenant: Arc::new(tenant) }
    }

    fn turn(&self, text: &str, locale: Locale) -> TurnInput {
        let chat = ChatKey::new(TenantId::default(), AccountId::default(), ContactId::random());
        // Thursday, 10:00 in Jakarta.
        let now = Timestamp::parse_rfc3339("2026-08-20T03:00:00Z").unwrap();
        let mut turn =
            TurnInput::new(chat, TurnId::random(), self.tenant.clone(), vec![text.to_owned()], now);
        turn.locale = locale;
        turn
    }

    /// The reply to a text, which the verifier lets pass.
    async fn say(&self, text: &str, locale: Locale) -> Reply {
        self.answer(self.turn(text, locale)).await
    }

    async fn answer(&self, turn: TurnInput) -> Reply {
        let (reply, handed_over) = match self.rules.respond(&turn).await.unwrap() {
            TurnOutput::Reply(reply) => (reply, false),
            TurnOutput::HandOver { reply, .. } => (reply, true),
            other => panic!("{other:?}"),
        };
        assert_eq!(handed_over, reply.evidence.actions.contains(&ActionKind::HandOver));
        let words = turn.words();
        let ground = Ground::new(&turn.tenant, Date::parse("2026-08-20").unwrap())
            .with_customer(&words)
            .with_locale(turn.locale);
        let verdict = Verifier::new().verify(&reply.text, &reply.evidence, &ground);
        assert_eq!(verdict, Verdict::Pass, "{words}\n{}\n{}", reply.text, verdict.hint());
        reply
    }
}

#[tokio::test]
async fn without_a_model_customers_get_hours_address_stock_and_a_person() {
    let talk = Talk::new().await;
    for (text, locale, expected) in [
        (
            "jam buka?",
            Locale::Id,
            "Jam buka kami: Senin–Sabtu 09:00–18:00, Minggu 10:00–16:00 (WIB).\nSekarang buka sampai 18:00 WIB.",
        ),
        ("alamatnya dimana?", Locale::Id, "Alamat kami: Jl. Contoh Raya No. 21"),
        ("minta no hp", Locale::Id, "Kami bisa dihubungi di +6281290001234"),
        ("halo", Locale::Id, "Halo Kak, selamat datang di Wartel Motor."),
        ("mau bicara dengan orang", Locale::Id, "Baik Kak, tim kami akan membalas di sini."),
        (
            "are you open now?",
            Locale::En,
            "Our opening hours: Monday–Saturday 09:00–18:00, Sunday 10:00–16:00 (WIB).\nWe are open now, until 18:00 WIB.",
        ),
        ("what is your address?", Locale::En, "Our address: Jl. Contoh Raya No. 21"),
        ("I want to talk to a person", Locale::En, "Of course. A colleague of ours will answer you here."),
        (
            "ada avansa matic?",
            Locale::Id,
            "Ini yang ada di kami, Kak:\n• Toyota Avanza 1.5 G (AVZ-21): Rp198.000.000, 2021, 31.000 km, matic, bensin, putih\n\nKalau mau dibantu",
        ),
        (
            "do you have an avanza?",
            Locale::En,
            "This is what we have:\n• Toyota Avanza 1.5 G (AVZ-21): Rp198.000.000, 2021, 31,000 km, automatic, petrol, putih\n• Toyota Avanza 1.3 G (AVZ-19): Rp165.000.000",
        ),
        (
            "budget 300 juta ada apa saja",
            Locale::Id,
            "Ada 9 unit yang cocok, Kak. Ini beberapa di antaranya:\n• ",
        ),
        ("honda jazz", Locale::Id, "Yang persis seperti itu belum ada, Kak. Yang mendekati:\n• Honda HR-V"),
        ("ada alphard?", Locale::Id, "Maaf Kak, yang dicari belum ada di stok kami saat ini."),
        ("fortuner masih ada?", Locale::Id, "Maaf Kak, yang dicari belum ada"),
        (
            "frt-21",
            Locale::Id,
            "Ini yang ada di kami, Kak:\n• Toyota Fortuner 2.4 VRZ (FRT-21): Rp485.000.000, 2021, 41.000 km, matic, diesel, putih, sudah terjual",
        ),
        ("stok apa saja?", Locale::Id, "Ada 10 unit yang cocok, Kak. Ini beberapa di antaranya:\n• "),
        ("mazda 3", Locale::Id, "Ini yang ada di kami, Kak:\n• Mazda 3 Hatchback (MZ3-16): Rp235.000.000"),
        ("dapat diskon?", Locale::Id, "Maaf Kak, untuk pertanyaan itu kami belum bisa menjawab otomatis."),
        (
            "garansinya berapa lama?",
            Locale::Id,
            "Garansi mesin dan transmisi 6 bulan atau 10.000 km, mana yang lebih dulu.\n\nKalau mau",
        ),
        (
            "bisa tukar tambah?",
            Locale::Id,
            "Tukar tambah bisa; harga mobil lama ditentukan setelah dilihat.\n\nKalau mau",
        ),
        (
            "brio kuning ada?",
            Locale::Id,
            "Yang persis seperti itu belum ada, Kak. Yang mendekati:\n• Honda Brio RS 1.2 (BRI-20): Rp172.000.000, 2020, 28.000 km, matic, bensin, kuning, sedang dipesan",
        ),
        ("avanza atau brio", Locale::Id, "Ini yang ada di kami, Kak:\n• "),
        ("tolong buatkan puisi", Locale::Id, "Maaf Kak, untuk pertanyaan itu"),
        ("can you write an essay", Locale::En, "Sorry, we cannot answer that automatically."),
    ] {
        let reply = talk.say(text, locale).await;
        assert!(reply.text.starts_with(expected), "{text}\n{}", reply.text);
    }
}

#[tokio::test]
async fn hazard_30_pictures_come_with_the_words_that_say_so() {
    let talk = Talk::new().await;
    let reply = talk.say("minta foto pajero kak", Locale::Id).await;
    assert_eq!(reply.text, "Ini foto Mitsubishi Pajero Sport Dakar 4x2 (PJR-18) ya Kak.");
    assert!(
        matches!(&reply.actions[..], [Action::SendPhotos { code, photos }] if code == "PJR-18" && photos.len() == 3)
    );
    for text in ["minta foto avanza", "ada fotonya?", "foto alphard ada?"] {
        let reply = talk.say(text, Locale::Id).await;
        assert!(reply.actions.is_empty(), "{text}: {}", reply.text);
    }
    let without = Talk::with(|items| items[0].photos.clear()).await.say("foto avz-19 dong", Locale::Id).await;
    assert!(
        without.text.starts_with("Foto Toyota Avanza 1.3 G (AVZ-19) belum tersedia, Kak."),
        "{}",
        without.text
    );
    assert!(without.actions.is_empty());
    let mut turn = talk.turn("fotonya dong", Locale::Id);
    turn.history = vec![
        LlmMessage::User { text: "ada hrv?".to_owned() },
        LlmMessage::Assistant {
            text: "Ada, Honda HR-V (HRV-20)".to_owned(),
            tool_calls: vec![],
            reasoning: None,
        },
        LlmMessage::User { text: "bagus".to_owned() },
    ];
    assert!(
        matches!(&talk.answer(turn).await.actions[..], [Action::SendPhotos { code, .. }] if code == "HRV-20")
    );
}

#[tokio::test]
async fn pictures_of_which_one_is_asked_if_it_is_not_clear() {
    let talk = Talk::new().await;
    let mut turn = talk.turn("fotonya dong", Locale::Id);
    let list = "• Toyota Avanza 1.5 G (AVZ-21)\n• Toyota Avanza 1.3 G (AVZ-19)".to_owned();
    turn.history = vec![
        LlmMessage::User { text: "bri-18".to_owned() },
        LlmMessage::Assistant { text: list, tool_calls: vec![], reasoning: None },
    ];
    let reply = talk.answer(turn).await;
    assert_eq!(
        (reply.text.as_str(), reply.actions.len()),
        ("Foto yang mana, Kak? Tulis kode stoknya ya.", 0)
    );
}

#[tokio::test]
async fn a_second_try_is_not_the_same_draft() {
    let talk = Talk::new().await;
    let mut turn = talk.turn("ada avanza?", Locale::Id);
    let repair = Repair::new("draft".to_owned(), "hint".to_owned(), Evidence::default(), vec![]);
    turn.repair = Some(repair);
    assert!(talk.answer(turn).await.text.starts_with("Maaf Kak, untuk pertanyaan itu"));
}

#[tokio::test]
async fn a_greeting_is_not_said_twice() {
    let talk = Talk::new().await;
    let mut turn = talk.turn("halo", Locale::Id);
    turn.history = vec![LlmMessage::User { text: "halo".to_owned() }];
    assert_eq!(talk.answer(turn).await.text, "Ada yang bisa kami bantu, Kak?");
}

#[tokio::test]
async fn every_search_passes_the_verifier() {
    let talk = Talk::new().await;
    for text in [
        "avanza",
        "brio",
        "innova",
        "xpander",
        "pajero",
        "hrv",
        "ertiga",
        "mazda",
        "agya",
        "toyota",
        "honda",
        "mobil diesel",
        "suv putih",
        "mobil 2019",
        "termurah",
        "di bawah 150 juta",
        "100-200 juta",
        "matic 2018 ke atas",
        "manual merah",
        "avz-19 sama avz-21",
        "bri-20",
        "mpv bekasi 160jt",
        "yang sunroof",
    ] {
        talk.say(text, Locale::Id).await;
        talk.say(text, Locale::En).await;
    }
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_an_error() {
    let (tenant, _) = demo::shop(TenantId::default(), "https://foto.example");
    let catalogue = MemoryCatalogueStore::new();
    let rules = RuleResponder::new(Arc::new(MemoryTenantStore::new()), Arc::new(catalogue), Schema::cars());
    let talk = Talk { rules, tenant: Arc::new(tenant) };
    let error = talk.rules.respond(&talk.turn("ada avanza?", Locale::Id)).await.unwrap_err();
    assert_eq!(error.kind, TurnErrorKind::Store);
}
