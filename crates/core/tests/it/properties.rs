//! Properties of every parser: one key for all spellings, round trips, no panic, nothing shown by accident.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;
use proptest::sample::select;
use wartel_core::{Country, Jid, PhoneNumber};

/// As many cases as said, or `WARTEL_LONG` times as many in the long runs.
fn config(usual: u32) -> ProptestConfig {
    let times =
        std::env::var("WARTEL_LONG").ok().map_or(1, |text| text.parse().expect("WARTEL_LONG is a number"));
    let cases = usual * times;
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn country(code: &str) -> Country {
    Country::parse(code).unwrap()
}

/// Country, trunk prefix and pattern of mobile numbers behind it.
fn mobile() -> impl Strategy<Value = (Country, &'static str, String)> {
    prop_oneof![
        8 => "8[1-35-9][0-9]{7,10}".prop_map(|number| (country("ID"), "0", number)),
        1 => "1[29][2-9][0-9]{6}".prop_map(|number| (country("MY"), "0", number)),
        1 => "[89][1-8][0-9]{6}".prop_map(|number| (country("SG"), "", number)),
        1 => "9[0-9]{9}".prop_map(|number| (country("PH"), "0", number)),
        1 => "8[1-9][0-9]{7}".prop_map(|number| (country("TH"), "0", number)),
        1 => "9[0-46-9][0-9]{7}".prop_map(|number| (country("VN"), "0", number)),
        1 => "3[2-9][0-9]{8}".prop_map(|number| (country("IT"), "", number)),
        1 => "9[0-9]{9}".prop_map(|number| (country("RU"), "8", number)),
        1 => "202[2-9][0-9]{6}".prop_map(|number| (country("US"), "1", number)),
    ]
}

/// What people put between digits.
fn separator() -> impl Strategy<Value = &'static str> {
    select(vec!["", "", "", "", " ", "-", ".", "(", ")", "\u{a0}", "\u{2011}"])
}

/// Texts that are nearly phone numbers: far more likely to get past the first check than random ones.
fn almost() -> impl Strategy<Value = String> {
    let characters: Vec<char> =
        "0000112266889934567+-.() aO٠０²\u{0}\n\u{200f}\u{202e}@:*#é📱".chars().collect();
    prop::collection::vec(select(characters), 0..40).prop_map(String::from_iter)
}

/// Digits as they are typed: `+`, `00`, `0` or the calling code, then anything.
fn digits() -> impl Strategy<Value = String> {
    "(\\+|00|0|62|\\+62|620|39|1|)[0-9]{0,18}"
}

fn any_country() -> impl Strategy<Value = Country> {
    prop_oneof![1 => Just(Country::INDONESIA), 1 => select(Country::all().collect::<Vec<_>>())]
}

fn longest_digit_run(text: &str) -> usize {
    text.split(|c: char| !c.is_numeric()).map(|run| run.chars().count()).max().unwrap_or(0)
}

fn check_anything(text: &str, country: Country) {
    let strict = PhoneNumber::parse(text, country);
    let lenient = PhoneNumber::parse_lenient(text, country);
    if let Ok(number) = &strict {
        assert_eq!(lenient.as_ref(), Ok(number), "lenient accepts what strict accepts");
    }
    for result in [strict, lenient, PhoneNumber::from_e164(text)] {
        match result {
            Ok(number) => {
                let debug = format!("{number:?}");
                assert!(longest_digit_run(&debug) < 4, "{debug}");
                assert_eq!(PhoneNumber::from_e164(number.e164()).as_ref(), Ok(&number));
                assert_eq!(PhoneNumber::parse(number.e164(), country).as_ref(), Ok(&number));
                assert_eq!(Jid::from_phone(&number).phone().as_ref(), Some(&number));
                assert_eq!(number.masked().chars().count(), number.e164().len());
                assert_ne!(number.masked(), number.e164());
            }
            Err(error) => {
                assert!(longest_digit_run(&format!("{error} {error:?}")) == 0);
                if let Some(form) = error.suggestion() {
                    let meant = PhoneNumber::parse(form, country).expect("the suggestion can be typed");
                    if let Ok(number) = PhoneNumber::parse_lenient(text, country) {
                        assert_eq!(number, meant, "the suggestion is what the lenient form reads");
                    }
                }
            }
        }
    }
    match Jid::parse(text) {
        Ok(jid) => {
            assert_eq!(Jid::parse(&jid.to_wire()).as_ref(), Ok(&jid));
            let _ = jid.phone();
            assert!(longest_digit_run(&format!("{jid:?}")) < 4);
        }
        Err(error) => assert!(longest_digit_run(&format!("{error} {error:?}")) == 0),
    }
    if let Err(error) = Country::parse(text) {
        assert!(longest_digit_run(&format!("{error} {error:?}")) == 0);
    }
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn every_spelling_has_one_key(
        (country, trunk, number) in mobile(),
        separators in prop::collection::vec(separator(), 24),
    ) {
        let calling_code = country.calling_code();
        let key = PhoneNumber::from_e164(&format!("+{calling_code}{number}")).unwrap();
        prop_assert!(key.is_mobile());
        prop_assert_eq!(key.country(), country);

        let typed = [
            format!("+{calling_code}{number}"),
            format!("{calling_code}{number}"),
            format!("{trunk}{number}"),
        ];
        for text in &typed {
            prop_assert_eq!(PhoneNumber::parse(text, country), Ok(key.clone()));
        }
        let forgiven = [format!("00{calling_code}{number}"), number.clone()];
        for text in typed.iter().chain(&forgiven) {
            prop_assert_eq!(PhoneNumber::parse_lenient(text, country), Ok(key.clone()));
            let spaced: String = text
                .chars()
                .zip(&separators)
                .flat_map(|(c, separator)| separator.chars().chain([c]))
                .collect();
            prop_assert_eq!(PhoneNumber::parse_lenient(&spaced, country), Ok(key.clone()));
            match PhoneNumber::parse(&spaced, country) {
                Ok(same) => prop_assert_eq!(&same, &key),
                Err(error) => {
                    let form = error.suggestion().expect("a spelling of a number has a form to type");
                    prop_assert_eq!(PhoneNumber::parse(form, country), Ok(key.clone()));
                }
            }
        }
        if !trunk.is_empty() && trunk != "1" {
            let doubled = format!("+{calling_code} ({trunk}){number}");
            prop_assert_eq!(PhoneNumber::parse_lenient(&doubled, country), Ok(key));
        }
    }

    #[test]
    fn digits_of_any_country_keep_the_rules(text in digits(), country in any_country()) {
        check_anything(&text, country);
    }

    #[test]
    fn almost_numbers_keep_the_rules(text in almost(), country in any_country()) {
        check_anything(&text, country);
    }

    #[test]
    fn any_text_keeps_the_rules(text in any::<String>(), country in any_country()) {
        check_anything(&text, country);
    }

    #[test]
    fn addresses_keep_the_rules(
        user in "[0-9a-z.+ -]{0,20}",
        device in "(:[0-9]{0,6})?",
        server in select(vec!["s.whatsapp.net", "c.us", "lid", "g.us", "newsletter", "broadcast", "example.com"]),
    ) {
        check_anything(&format!("{user}{device}@{server}"), Country::INDONESIA);
    }
}
