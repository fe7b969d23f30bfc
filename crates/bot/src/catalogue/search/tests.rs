use wartel_core::TenantId;

use super::*;
use crate::catalogue::AttributeSpec;
use crate::demo;
use crate::fact::Date;

fn today() -> Date {
    Date::parse("2026-08-20").unwrap()
}

fn cars() -> Vec<Item> {
    demo::shop(TenantId::default(), "https://foto.example").1
}

fn codes(hits: &[Hit]) -> Vec<&str> {
    hits.iter().map(|hit| hit.item.code.as_str()).collect()
}

/// What a customer's words find: hits and alternatives.
fn found(text: &str) -> Found {
    let items = cars();
    let query = query_of(text, &Schema::cars(), &items, today());
    search(&items, &Schema::cars(), &query)
}

#[test]
fn customers_words_find_the_items_that_they_mean() {
    for (text, expected) in [
        ("ada avanza?", vec!["AVZ-21", "AVZ-19"]),
        ("avansa", vec!["AVZ-21", "AVZ-19"]),
        ("Halo kak, Punya avanza?", vec!["AVZ-21", "AVZ-19"]),
        ("toyota inova masih ada kak?", vec!["INN-17"]),
        ("brio matic", vec!["BRI-18"]),
        ("Pajero ada?", vec!["PJR-18"]),
        ("hrv dong", vec!["HRV-20"]),
        ("HR-V 2020", vec!["HRV-20"]),
        ("mazda3", vec!["MZ3-16"]),
        ("mazda 3 merah", vec!["MZ3-16"]),
        ("avanza AT", vec!["AVZ-21"]),
        ("avanza at", vec!["AVZ-21"]),
        ("avanza manual", vec!["AVZ-19"]),
        ("avanza 2020 ke atas", vec!["AVZ-21"]),
        ("avanza di bawah 2020", vec!["AVZ-19"]),
        ("avanza 2018-2019", vec!["AVZ-19"]),
        ("avanza budget 170 juta", vec!["AVZ-19"]),
        ("mobil diesel dibawah 300jt", vec!["INN-17"]),
        ("avanzanya masih?", vec!["AVZ-21", "AVZ-19"]),
        ("white avanza", vec!["AVZ-21"]),
        ("avanza silver", vec!["AVZ-19"]),
        ("inovanya berapa", vec!["INN-17"]),
        ("yang ada sunroof, pajero", vec!["PJR-18"]),
        ("Pajero Sport th 2018 nego ga?", vec!["PJR-18"]),
        ("avanza atau xpander", vec!["AVZ-21", "AVZ-19", "XPD-19"]),
        ("bandingkan avanza dan ertiga", vec!["AVZ-21", "AVZ-19", "ERT-18"]),
        ("avanza putih atau hitam", vec!["AVZ-21"]),
        ("honda brio atau jazz", vec!["BRI-18"]),
        ("mpv 7 penumpang di bekasi", vec!["AVZ-21", "ERT-18"]),
        ("avanza 2 unit", vec!["AVZ-21", "AVZ-19"]),
        ("yg murah2 ada kak? dibawah 120", vec!["AGY-17"]),
        ("ada yg sunroof ga?", vec!["PJR-18", "MZ3-16"]),
        ("avz 19 masih?", vec!["AVZ-19"]),
        ("toyota dibawah 170", vec!["AVZ-19", "AGY-17"]),
        ("avz-21", vec!["AVZ-21"]),
        ("Kode AVZ21 masih ada?", vec!["AVZ-21"]),
        ("bri-20 masih?", vec!["BRI-20"]),
        ("FRT-21", vec!["FRT-21"]),
        ("ａｖａｎｚａ man\u{200b}ual", vec!["AVZ-19"]),
    ] {
        assert_eq!(codes(&found(text).hits), expected, "{text}");
    }
}

#[test]
fn what_is_not_there_is_not_replaced_by_something_else() {
    for text in [
        "ada fortuner?",
        "punya honda jazz ga kak",
        "honda jazz 2018",
        "alphard",
        "ada mazda 2?",
        "civic turbo",
        "daihatsu ada?",
        "zzyzx ready kak?",
        "ada mobil listrik?",
    ] {
        let found = found(text);
        assert_eq!((codes(&found.hits), found.total), (vec![], 0), "{text}");
        let query = query_of(text, &Schema::cars(), &cars(), today());
        assert!(!query.is_everything(), "{text}");
    }
    assert_eq!(codes(&found("mazda 2").alternatives), ["MZ3-16"]);
    assert_eq!(codes(&found("ada mobil listrik?").alternatives), Vec::<&str>::new());
    let jazz = found("honda jazz");
    assert!(jazz.alternatives.iter().all(|hit| hit.item.title.starts_with("Honda")), "{jazz:?}");
    assert!(jazz.alternatives.iter().all(|hit| hit.misses == [Miss::Words]));
    assert_eq!(found("ada alphard?").alternatives, vec![]);
}

#[test]
fn the_name_of_another_model_is_no_slip() {
    let items = [Item::new(TenantId::default(), "CRY-1", "Suzuki Carry Pick Up")];
    let find = |text: &str| {
        let query = query_of(text, &Schema::cars(), &items, today());
        search(&items, &Schema::cars(), &query).total
    };
    assert_eq!((find("ada carry?"), find("ada cary?"), find("ada camry?")), (1, 1, 0));
}

#[test]
fn a_budget_is_a_hard_bound() {
    let found = found("budget 300 juta");
    assert!(found.total > 5 && found.hits.len() == 5);
    for text in [
        "budget 300 juta",
        "pajero 300jt",
        "fortuner atau pajero max 300 juta",
        "suv diesel 300 juta",
        "100jt",
        "avanza 20 juta",
    ] {
        let found = self::found(text);
        let bound = if text.contains("300") { 300_000_000 } else { 100_000_000 };
        for hit in found.hits.iter().chain(&found.alternatives) {
            assert!(hit.item.price.unwrap() <= bound, "{text}: {}", hit.item.code);
        }
    }
    let pajero = self::found("pajero 300jt");
    assert_eq!(pajero.total, 0);
    assert!(pajero.alternatives.iter().all(|hit| !hit.misses.is_empty()));
    let mut items = cars();
    items[0].price = None;
    let query = Query::new().with_price(Range::up_to(300_000_000)).with_limit(50);
    let found = search(&items, &Schema::cars(), &query);
    assert!(!codes(&found.hits).contains(&"AVZ-19"), "its price is not known");
}

#[test]
fn reserved_sold_and_hidden_items() {
    let mut items = cars();
    items[0].status = ItemStatus::Hidden;
    let all = search(&items, &Schema::cars(), &Query::new().with_limit(50));
    assert_eq!(all.total, 9, "without one hidden, one reserved and one sold");
    let query = Query { reserved: true, sold: true, limit: 50, ..Query::new() };
    let all = search(&items, &Schema::cars(), &query);
    assert_eq!(all.total, 11);
    assert!(!codes(&all.hits).contains(&"AVZ-19"));
    let named =
        Query { codes: vec!["AVZ-19".to_owned(), "bri20".to_owned(), "BRI-20".to_owned()], ..Query::new() };
    assert_eq!(codes(&search(&items, &Schema::cars(), &named).hits), ["BRI-20"]);
    let reserved = found("brio rs kuning masih ada?");
    assert_eq!((reserved.total, codes(&reserved.alternatives)[0]), (0, "BRI-20"));
    assert_eq!(reserved.alternatives[0].misses, [Miss::Reserved]);
    assert!(!codes(&found("fortuner").alternatives).contains(&"FRT-21"), "sold");
    let words = query_of("avz-19", &Schema::cars(), &items, today());
    assert!(words.codes.is_empty(), "nobody learns that it exists");
}

#[test]
fn hazard_06_ordinary_words_ask_for_nothing() {
    for text in [
        "dapat diskon?",
        "see you at the showroom",
        "Salesnya siapa di prima mobil?",
        "halo kak",
        "p",
        "terima kasih ya",
        "lokasi dimana?",
        "oke kak besok saya kabari lagi",
        "DP 20 juta bisa?",
        "",
    ] {
        let query = query_of(text, &Schema::cars(), &cars(), today());
        assert!(query.is_everything(), "{text}: {:?} {:?}", query.words, query.attributes);
    }
}

#[test]
fn hazard_06_years_after_2025_are_years() {
    let query = |text: &str| query_of(text, &Schema::cars(), &cars(), today());
    assert_eq!(query("avanza 2026").year, Range::between(2026, 2026));
    assert_eq!(query("avanza 2027").year, Range::between(2027, 2027));
    assert_eq!(query("avanza 2019 sampai 2021").year, Range::between(2019, 2021));
    assert_eq!(query("avanza minimal 2019").year, Range::from(2019));
    assert_eq!(query("avanza 2045").year, Range::ANY);
    for text in ["avanza dibawah 2015", "max 50 km", "under 20 orang", "dibawah 5"] {
        assert_eq!(query(text).price, Range::ANY, "{text}");
    }
    assert_eq!(query("dibawah 500").price, Range::up_to(500_000_000));
    assert_eq!(query("avanza 1,5 M").price.max, Some(1_500_000_000));
}

#[test]
fn the_order_that_is_asked_for() {
    let search = |sort| {
        let query = Query { sort, limit: 50, ..Query::new() };
        let found = super::search(&cars(), &Schema::cars(), &query);
        (found.hits[0].item.code.clone(), found.hits[9].item.code.clone())
    };
    let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
    assert_eq!(search(Sort::PriceUp), pair("AGY-17", "PJR-18"));
    assert_eq!(search(Sort::PriceDown), pair("PJR-18", "AGY-17"));
    assert_eq!(search(Sort::Newest).0, "AVZ-21");
    assert_eq!(search(Sort::FewestKilometres), pair("AVZ-21", "INN-17"));
    assert_eq!(codes(&found("mobil termurah").hits)[0], "AGY-17");
}

#[test]
fn other_trades_fit() {
    let one_of = AttributeKind::OneOf(vec![
        vec!["jati".to_owned(), "teak".to_owned()],
        vec!["mahoni".to_owned(), "mahogany".to_owned()],
    ]);
    let schema = Schema::new(
        "mebel",
        vec![
            AttributeSpec::new("material", "bahan", "material", one_of),
            AttributeSpec::new("seats", "kursi", "seats", AttributeKind::Count),
        ],
    );
    let item = |code: &str, title: &str, price, material: &str| {
        Item::new(TenantId::default(), code, title).with_price(price).with_text("material", material)
    };
    let items = [
        item("MJ-01", "Meja Makan Minimalis", 3_500_000, "jati"),
        item("MJ-02", "Meja Makan Bundar", 2_250_000, "mahoni"),
        item("LM-01", "Lemari Pakaian 3 Pintu", 4_800_000, "jati"),
    ];
    for (text, expected) in [
        ("ada meja makan?", vec!["MJ-02", "MJ-01"]),
        ("meja makan teak", vec!["MJ-01"]),
        ("lemari 3 pintu", vec!["LM-01"]),
        ("meja di bawah 3 juta", vec!["MJ-02"]),
        ("lemarri", vec!["LM-01"]),
    ] {
        let query = query_of(text, &schema, &items, today());
        assert_eq!(codes(&search(&items, &schema, &query).hits), expected, "{text}: {:?}", query.words);
    }
}
