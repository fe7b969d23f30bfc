//! What every spelling of a value is read as.

use wartel_core::Locale;

use super::*;

fn today() -> Date {
    Date::new(2026, 12, 1).unwrap() // A Tuesday.
}

fn show(fact: &Fact) -> String {
    match fact {
        Fact::Money(it) => format!("Rp{it}"),
        Fact::Year(it) => format!("year {it}"),
        Fact::Kilometres(it) => format!("{it} km"),
        Fact::Percent(it) => format!("{it} %%"),
        Fact::Months(it) => format!("{it} mo"),
        Fact::CubicCentimetres(it) => format!("{it} cc"),
        Fact::Count(it) => format!("{it} x"),
        Fact::Phone(it) => it.e164().to_owned(),
        Fact::Link(it) | Fact::Code(it) | Fact::Words(it) => it.clone(),
        Fact::Date(it) => it.to_string(),
        Fact::Time(it) => it.to_string(),
    }
}

/// All claims by their likeliest reading; `?` has none.
fn claims(text: &str, locale: Locale) -> Vec<String> {
    let found = read(text, &Context::new(today()).with_locale(locale));
    found.iter().map(|claim| claim.readings.first().map_or_else(|| "?".to_owned(), show)).collect()
}

#[test]
fn hazard_31_every_spelling_of_a_value_is_read() {
    let rows: &[(&str, &[&str])] = &[
        ("Rp150.000.000", &["Rp150000000"]),
        ("Rp 150.000.000,-", &["Rp150000000"]),
        ("Rp. 150.000.000", &["Rp150000000"]),
        ("150 juta", &["Rp150000000"]),
        ("150jt", &["Rp150000000"]),
        ("harga 150,5 jt ya", &["Rp150500000"]),
        ("1,5 M", &["Rp1500000000"]),
        ("1,5 miliar", &["Rp1500000000"]),
        ("IDR 150 million", &["Rp150000000"]),
        ("IDR 150,000,000", &["Rp150000000"]),
        ("Rp150 jt", &["Rp150000000"]),
        ("biaya 150rb", &["Rp150000"]),
        ("150k", &["Rp150000"]),
        ("150.000.000", &["Rp150000000"]),
        ("150-160 juta", &["Rp150000000", "Rp160000000"]),
        ("150 juta - 160 juta", &["Rp150000000", "Rp160000000"]),
        ("Rp150.000.000 s/d Rp160.000.000", &["Rp150000000", "Rp160000000"]),
        ("seratus lima puluh juta", &["Rp150000000"]),
        ("dua ratus juta rupiah", &["Rp200000000"]),
        ("30 juta 500 ribu", &["Rp30500000"]),
        ("Avanza 2019", &["year 2019"]),
        ("tahun 2018-2020", &["year 2018", "year 2020"]),
        ("45.000 km", &["45000 km"]),
        ("45 ribu km", &["45000 km"]),
        ("45rb km", &["45000 km"]),
        ("KM 45.000", &["45000 km"]),
        ("km: 45rb", &["45000 km"]),
        ("45,000 kilometres", &["45000 km"]),
        ("12,5%", &["1250 %%"]),
        ("sepuluh persen", &["1000 %%"]),
        ("36 bulan", &["36 mo"]),
        ("3 tahun", &["36 mo"]),
        ("4,602 juta", &["Rp4602000"]),
        ("1.250 juta", &["Rp1250000000"]),
        ("36x", &["36 mo"]),
        ("tenor 36", &["36 mo"]),
        ("2-3 tahun", &["24 mo", "36 mo"]),
        ("a 12-month term", &["12 mo"]),
        ("mesin 1.5", &["1500 cc"]),
        ("1500cc", &["1500 cc"]),
        ("1.500 cc", &["1500 cc"]),
        ("1.5L", &["1500 cc"]),
        ("hubungi 0812-3456-7890 ya", &["+6281234567890"]),
        ("+62 812 3456 7890", &["+6281234567890"]),
        ("6281234567890", &["+6281234567890"]),
        ("https://maps.app.goo.gl/abc123.", &["https://maps.app.goo.gl/abc123"]),
        ("cek www.contoh.co.id/stok ya", &["www.contoh.co.id/stok"]),
        ("email sales@contoh.com.", &["sales@contoh.com"]),
        ("12 Desember 2026", &["2026-12-12"]),
        ("Sabtu, 12 Desember", &["2026-12-12"]),
        ("December 12, 2026", &["2026-12-12"]),
        ("12/12", &["2026-12-12"]),
        ("besok", &["2026-12-02"]),
        ("lusa", &["2026-12-03"]),
        ("hari ini", &["2026-12-01"]),
        ("Senin depan", &["2026-12-07"]),
        ("jam 10", &["10:00"]),
        ("10.00", &["10:00"]),
        ("pukul 16:30 WIB", &["16:30"]),
        ("jam 4 sore", &["16:00"]),
        ("9 AM - 5 PM", &["09:00", "17:00"]),
        ("08.00-17.00 WIB", &["08:00", "17:00"]),
        ("jam 9 sampai 17", &["09:00", "17:00"]),
        ("jam sembilan pagi", &["09:00"]),
        ("jam setengah lima sore", &["16:30"]),
        ("tujuh hari", &["?"]),
        ("kode AV-012 ya", &["AV-012"]),
        ("3 unit", &["3 x"]),
        ("ada 5 mobil", &["5 x"]),
        ("dua unit", &["2 x"]),
        ("Harga Mazda 2 Rp205.000.000", &["?", "Rp205000000"]),
        ("Mazda 2 tahun 2019", &["?", "year 2019"]),
        ("$1", &["?"]),
        ("ada 1,5,3", &["?"]),
        ("7 hari", &["?"]),
        ("kamar 73", &["?"]),
    ];
    for (text, expected) in rows {
        assert_eq!(claims(text, Locale::Id), *expected, "{text}");
    }
}

#[test]
fn what_states_nothing_is_no_claim() {
    for text in [
        "1. Avanza\n2) Brio\n3. Rush",
        "1️⃣ Avanza",
        "pilihan 2 ya",
        "yang ke-2",
        "salah satu unit kami",
        "mobil2 kami",
        "jutaan orang",
        "buka Senin - Jumat",
        "minggu depan",
        "halo Kak, ada yang bisa dibantu?",
        "may I help you",
    ] {
        assert_eq!(claims(text, Locale::Id), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn m_may_be_a_million_in_english_only() {
    let readings = |locale| {
        let found = read("Rp 150M", &Context::new(today()).with_locale(locale));
        found.first().unwrap().readings.iter().map(show).collect::<Vec<_>>()
    };
    assert_eq!(readings(Locale::Id), ["Rp150000000000"]);
    assert_eq!(readings(Locale::En), ["Rp150000000000", "Rp150000000"]);
}

#[test]
fn near_reaches_to_the_last_digit_that_counts() {
    let near = |text: &str| {
        let found = read(text, &Context::new(today()));
        found.first().unwrap().about.map(|about| (about.below, about.above))
    };
    assert_eq!(near("150 juta"), None);
    assert_eq!(near("sekitar 150 juta"), Some((5_000_000, 5_000_000)));
    assert_eq!(near("sekitar 152 juta"), Some((500_000, 500_000)));
    assert_eq!(near("kurang lebih 150 juta"), Some((5_000_000, 5_000_000)));
    assert_eq!(near("kira-kira Rp150 juta"), Some((5_000_000, 5_000_000)));
    assert_eq!(near("sekitar Rp150 juta"), Some((5_000_000, 5_000_000)));
    assert_eq!(near("lebih murah, 150 juta"), None);
    assert_eq!(near("150 jutaan"), Some((5_000_000, 9_999_999)));
    assert_eq!(near("80an juta"), Some((4_000_000, 9_999_999)));
}

#[test]
fn spans_are_where_the_claims_stand() {
    let text = "Avanza 2019, harga Rp150 juta, hub. 0812-3456-7890.";
    let found = read(text, &Context::new(today()));
    let pieces: Vec<&str> = found.iter().map(|claim| &text[claim.span.clone()]).collect();
    assert_eq!(pieces, ["2019", "150 juta", "0812-3456-7890"]);
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_and_spans_are_in_order(text in "[ -~ –Rpjutaribukm0-9.,:/+*\n]{0,80}") {
        let found = read(&text, &Context::new(today()));
        let mut end = 0;
        for claim in found {
            proptest::prop_assert!(claim.span.start >= end && text.get(claim.span.clone()).is_some());
            end = claim.span.end;
        }
    }

    #[test]
    fn odd_numbers_are_read_without_harm(
        pieces in proptest::collection::vec(
            proptest::sample::select(vec![
                "9", "65530", "99999999999999999", "0", "1.5", "150.000.000", "12", ":", "/", "-", ".", ",", " ", " ", "juta",
                "jt", "M", "miliar", "triliun", "km", "%", "Rp", "$", "jam", "setengah", "sembilan", "satu", "ratus", "puluh",
                "belas", "pm", "tahun", "x", "an", "cc", "+62", "0812", "Desember", "depan", "Senin", "sekitar", "\n", "s/d",
                "AV-", "wa.me/", "@",
            ]),
            0..14,
        ),
    ) {
        let text = pieces.concat();
        let found = read(&text, &Context::new(today()).with_locale(Locale::En));
        proptest::prop_assert!(found.iter().all(|claim| text.get(claim.span.clone()).is_some()));
        let _ = budget(&text);
    }

    #[test]
    fn every_digit_of_a_line_is_in_a_claim(number in 11_u32..=1_899) {
        let text = format!("angka itu {number} saja");
        proptest::prop_assert_eq!(read(&text, &Context::new(today())).len(), 1);
    }
}
