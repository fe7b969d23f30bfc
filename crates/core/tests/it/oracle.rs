//! Comparison with libphonenumber, which knows every allocated range: a number that it calls a valid mobile
//! number must be accepted here, in each of its spellings, with the same E.164.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType, Region};
use wartel_core::{Country, PhoneNumber};

/// A fixed sequence, so that a failure can be repeated (xorshift64).
struct Sequence(u64);

impl Sequence {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

fn is_mobile(number: &rlibphonenumber::PhoneNumber) -> bool {
    let kind = PHONE_NUMBER_UTIL.get_number_type(number);
    number.is_valid() && matches!(kind, PhoneNumberType::Mobile | PhoneNumberType::FixedLineOrMobile)
}

#[track_caller]
fn agrees(number: &rlibphonenumber::PhoneNumber, country: Country) {
    let e164 = number.format_as(PhoneNumberFormat::E164).into_owned();
    let national = number.format_as(PhoneNumberFormat::National).into_owned();
    let national_digits: String = national.chars().filter(char::is_ascii_digit).collect();

    let ours = PhoneNumber::parse(&e164, country).unwrap_or_else(|error| panic!("{e164}: {error}"));
    assert_eq!(ours.e164(), e164);
    assert_eq!(ours.digits(), &e164[1..]);
    assert!(ours.is_mobile(), "{e164}");
    assert_eq!(PhoneNumber::parse(&e164[1..], country).as_ref(), Ok(&ours), "bare calling code of {e164}");
    assert_eq!(PhoneNumber::parse(&national_digits, country).as_ref(), Ok(&ours), "national form of {e164}");
    assert_eq!(PhoneNumber::parse_lenient(&national, country).as_ref(), Ok(&ours), "{national}");
    let international = number.format_as(PhoneNumberFormat::International);
    assert_eq!(PhoneNumber::parse_lenient(&international, country).as_ref(), Ok(&ours), "{international}");
}

#[test]
fn random_mobile_numbers_of_the_neighbourhood_agree() {
    const PER_COUNTRY: usize = 2_000;
    let mut sequence = Sequence(0x9E37_79B9_7F4A_7C15);
    for (code, lengths) in [
        ("ID", &[9, 10, 11, 12][..]),
        ("MY", &[9, 10]),
        ("SG", &[8]),
        ("PH", &[10]),
        ("TH", &[9]),
        ("VN", &[9]),
    ] {
        let country = Country::parse(code).unwrap();
        let mut valid = 0;
        for _ in 0..PER_COUNTRY * 100 {
            let length = lengths[sequence.next() as usize % lengths.len()];
            let national: String =
                (0..length).map(|_| char::from(b'0' + (sequence.next() % 10) as u8)).collect();
            let text = format!("+{}{national}", country.calling_code());
            let Ok(number) = PHONE_NUMBER_UTIL.parse(&text, None) else { continue };
            if is_mobile(&number) {
                agrees(&number, country);
                valid += 1;
                if valid == PER_COUNTRY {
                    break;
                }
            }
        }
        assert_eq!(valid, PER_COUNTRY, "{code}: too few random numbers are mobile numbers");
    }
}

#[test]
fn the_example_of_every_country_agrees() {
    let mut seen = 0;
    for country in Country::all() {
        let Ok(region) = country.code().parse::<Region>() else { continue };
        let Ok(example) =
            PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(region, PhoneNumberType::Mobile)
        else {
            continue;
        };
        // The national form of an Argentine mobile number has its 15 in the middle, which is not read here.
        if country.code() == "AR" {
            let e164 = example.format_as(PhoneNumberFormat::E164);
            assert!(PhoneNumber::parse(&e164, country).unwrap().is_mobile());
        } else {
            agrees(&example, country);
        }
        seen += 1;
    }
    assert!(seen > 230, "{seen} countries have an example");
}

#[test]
fn landlines_of_the_neighbourhood_are_not_mobile() {
    for code in ["ID", "MY", "SG", "PH", "TH", "VN"] {
        let country = Country::parse(code).unwrap();
        let example = PHONE_NUMBER_UTIL
            .get_example_number_for_type_and_region(code.parse().unwrap(), PhoneNumberType::FixedLine)
            .unwrap();
        let e164 = example.format_as(PhoneNumberFormat::E164);
        let ours = PhoneNumber::parse(&e164, country).unwrap();
        assert_eq!(ours.e164(), e164);
        assert!(!ours.is_mobile(), "{e164}");
    }
}
