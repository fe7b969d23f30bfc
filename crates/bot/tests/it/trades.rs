//! Shops of other trades, from a spreadsheet to what customers read; and what holds for every text.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use wartel_bot::catalogue::{
    AttributeKind, AttributeSpec, CatalogueStore, ImportMode, Item, ItemStatus, MemoryCatalogueStore, Miss,
    Query, Schema, import_sheet, query_of, read_sheet, search, write_sheet,
};
use wartel_bot::fact::{ClockTime, Date, Fact};
use wartel_bot::tenant::{DayHours, Hours, MemoryTenantStore, OpenStatus, Tenant, TenantStore};
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
        (
            "nmax ready?",
            "Yang mendekati:\n• Yamaha NMAX 155 (NM-21): Rp26.750.000, matic, 2021, 18.000 km, putih, sedang dipesan",
        ),
        ("pcx ready?", "Maaf Kak, yang dicari belum ada"),
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
                let shown_as_reserved = hit.misses == [Miss::Reserved] && hit.item.status == ItemStatus::Reserved;
                prop_assert!(shown_as_reserved || hit.item.status == ItemStatus::Available);
            } else {
                prop_assert!(query.codes.contains(&hit.item.code));
            }
        }
    }

    #[test]
    fn hazard_44_a_shop_opens_when_it_says_so(
        spans in prop::collection::vec((0_u16..24, 0_u16..=24), 7),
        zone in prop::sample::select(vec!["Asia/Jakarta", "Asia/Jayapura", "America/New_York", "Australia/Lord_Howe"]),
        seconds in 1_700_000_000_i64..1_900_000_000,
    ) {
        let time = |hour| ClockTime::new(hour, 0).unwrap();
        let mut hours = Hours::daily(zone, time(8), time(17));
        hours.week = spans.iter().map(|(from, to)| DayHours(vec![(time(*from), time(*to))])).collect();
        hours.week[2] = DayHours::default();
        let now = Timestamp::from_micros(seconds * 1_000_000);
        match hours.status(now) {
            OpenStatus::Open { until: Some(until) } => {
                prop_assert!(until > now && !hours.status(until).is_open());
                prop_assert!(hours.status(until - Duration::from_secs(1)).is_open());
            }
            OpenStatus::Closed { opens_at: Some(at) } => {
                prop_assert!(at > now && hours.status(at).is_open());
                prop_assert!(!hours.status(at - Duration::from_secs(1)).is_open());
            }
            other => prop_assert!(false, "{:?}", other),
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
