//! The table of spellings: what the strict and the lenient form accept, refuse and suggest.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use wartel_core::{Country, PhoneError, PhoneNumber, PhoneProblem};

use PhoneProblem::{
    ControlCharacters, Empty, InternationalPrefix, Invalid, Letters, MissingPrefix, NonAsciiDigits,
    Separators, TooLong, TooShort, TrunkPrefix, UnexpectedCharacters, UnknownCountry,
};

fn country(code: &str) -> Country {
    Country::parse(code).unwrap()
}

fn strict(code: &str, text: &str) -> Result<PhoneNumber, PhoneError> {
    PhoneNumber::parse(text, country(code))
}

fn lenient(code: &str, text: &str) -> Result<PhoneNumber, PhoneError> {
    PhoneNumber::parse_lenient(text, country(code))
}

/// Both forms accept the text as this number.
#[track_caller]
fn accepted(code: &str, text: &str, e164: &str, mobile: bool) {
    let number = strict(code, text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    assert_eq!(number.e164(), e164, "{text:?}");
    assert_eq!(number.is_mobile(), mobile, "{text:?}");
    assert_eq!(lenient(code, text), Ok(number), "{text:?}");
}

/// The strict form refuses the text and says why; where it suggests something, that is the lenient reading.
#[track_caller]
fn refused(code: &str, text: &str, problem: PhoneProblem, suggestion: Option<&str>) {
    let error = strict(code, text).unwrap_err();
    assert_eq!(error.problem(), problem, "{text:?}");
    assert_eq!(error.suggestion(), suggestion, "{text:?}");
    if let Some(suggestion) = suggestion {
        assert!(strict(code, suggestion).is_ok(), "{text:?}");
    }
}

#[track_caller]
fn refused_by_both(code: &str, text: &str, problem: PhoneProblem) {
    refused(code, text, problem, None);
    assert_eq!(lenient(code, text).unwrap_err().problem(), problem, "{text:?}");
}

#[test]
fn the_table_of_the_original_system() {
    accepted("ID", "081234567890", "+6281234567890", true);
    accepted("ID", "628123456789", "+628123456789", true);
    accepted("ID", "+628123456789", "+628123456789", true);
    refused("ID", "0812-3456-7890", Separators, Some("081234567890"));
    refused("ID", "81234567890", MissingPrefix, Some("081234567890"));
}

#[test]
fn indonesian_mobile_numbers_have_nine_to_twelve_digits_behind_the_calling_code() {
    refused_by_both("ID", "081234567", TooShort);
    accepted("ID", "0812345678", "+62812345678", true);
    accepted("ID", "08123456789", "+628123456789", true);
    accepted("ID", "0812345678901", "+62812345678901", true);
    refused_by_both("ID", "08123456789012", TooLong);
    refused_by_both("ID", "+6281234567", TooShort);
    refused_by_both("ID", "62812345", TooShort);
    refused_by_both("ID", "+628123456789012", TooLong);
    for prefix in ["0811", "0821", "0838", "0856", "0859", "0878", "0881", "0896"] {
        accepted("ID", &format!("{prefix}12345678"), &format!("+62{}12345678", &prefix[1..]), true);
    }
}

#[test]
fn indonesian_numbers_that_are_not_mobile_are_numbers_without_a_code() {
    accepted("ID", "0215551234", "+62215551234", false);
    accepted("ID", "+62215551234", "+62215551234", false);
    accepted("ID", "62215551234", "+62215551234", false);
    accepted("ID", "0274512345", "+62274512345", false);
    // Freephone, and a range that nobody has been given.
    accepted("ID", "08001234567", "+628001234567", false);
    accepted("ID", "084123456789", "+6284123456789", false);
}

#[test]
fn numbers_of_other_countries_need_a_plus_sign() {
    accepted("ID", "+6591234567", "+6591234567", true);
    accepted("ID", "+60123456789", "+60123456789", true);
    accepted("ID", "+639171234567", "+639171234567", true);
    accepted("ID", "+66812345678", "+66812345678", true);
    accepted("ID", "+84912345678", "+84912345678", true);
    accepted("ID", "+919876543210", "+919876543210", true);
    accepted("ID", "+12025550173", "+12025550173", true);
    accepted("ID", "+447400123456", "+447400123456", true);
    assert_eq!(strict("ID", "+6591234567").unwrap().country(), country("SG"));
    assert_eq!(strict("ID", "+447400123456").unwrap().country(), country("GB"));
    assert_eq!(strict("SG", "+6281234567890").unwrap().country(), Country::INDONESIA);
}

#[test]
fn countries_without_a_trunk_prefix_write_the_national_number_as_it_is() {
    accepted("SG", "91234567", "+6591234567", true);
    accepted("SG", "6591234567", "+6591234567", true);
    accepted("SG", "65912345", "+6565912345", false);
    accepted("US", "2025550173", "+12025550173", true);
    accepted("US", "12025550173", "+12025550173", true);
    // The Italian mobile prefix 39x looks like the calling code; the zero of landlines belongs to the number.
    accepted("IT", "3931234567", "+393931234567", true);
    accepted("IT", "393931234567", "+393931234567", true);
    accepted("IT", "0612345678", "+390612345678", false);
    // Mobile numbers without, landlines with the prefix.
    accepted("CN", "13812345678", "+8613812345678", true);
}

#[test]
fn trunk_prefixes_other_than_zero() {
    accepted("RU", "89161234567", "+79161234567", true);
    accepted("RU", "79161234567", "+79161234567", true);
    refused("RU", "9161234567", MissingPrefix, Some("89161234567"));
    accepted("HU", "06201234567", "+36201234567", true);
    accepted("MY", "0123456789", "+60123456789", true);
    accepted("MY", "60123456789", "+60123456789", true);
    refused("MY", "123456789", MissingPrefix, Some("0123456789"));
    // 84 is the calling code of Vietnam and an area of its mobile numbers.
    accepted("VN", "0841234567", "+84841234567", true);
    accepted("VN", "84841234567", "+84841234567", true);
    refused("VN", "841234567", MissingPrefix, Some("0841234567"));
}

#[test]
fn forms_that_only_the_lenient_mode_accepts() {
    let rows = [
        ("0812 3456 7890", Separators, "081234567890"),
        ("0812.3456.7890", Separators, "081234567890"),
        ("(0812) 3456-7890", Separators, "081234567890"),
        (" 081234567890", Separators, "081234567890"),
        ("081234567890 ", Separators, "081234567890"),
        ("0812\u{a0}3456\u{a0}7890", Separators, "081234567890"),
        ("0812\u{2011}3456\u{2013}7890", Separators, "081234567890"),
        ("+62 812-3456-7890", Separators, "+6281234567890"),
        ("(+62) 812-3456-7890", Separators, "+6281234567890"),
        ("62 812 3456 7890", Separators, "6281234567890"),
        ("812-3456-7890", Separators, "081234567890"),
        ("+62 (0)812-3456-7890", Separators, "+6281234567890"),
        ("0062 812 3456 7890", Separators, "+6281234567890"),
        ("+62081234567890", TrunkPrefix, "+6281234567890"),
        ("62081234567890", TrunkPrefix, "+6281234567890"),
        ("006281234567890", InternationalPrefix, "+6281234567890"),
        ("0062081234567890", InternationalPrefix, "+6281234567890"),
        ("81234567890", MissingPrefix, "081234567890"),
    ];
    for (text, problem, suggestion) in rows {
        refused("ID", text, problem, Some(suggestion));
        assert_eq!(lenient("ID", text).unwrap().e164(), "+6281234567890", "{text:?}");
    }
    refused("ID", "00 65 9123 4567", Separators, Some("+6591234567"));
    assert_eq!(lenient("ID", "00 65 9123 4567").unwrap().e164(), "+6591234567");
}

#[test]
fn characters_that_no_mode_accepts() {
    let rows = [
        ("", Empty),
        ("+", Empty),
        (" ", Empty),
        ("-", Empty),
        ("0812345O7890", Letters),
        ("0812three", Letters),
        ("nomor saya", Letters),
        ("0812 3456 7890 ext 5", Letters),
        ("tel:081234567890", Letters),
        ("٠٨١٢٣٤٥٦٧٨٩٠", NonAsciiDigits),
        ("0812345678９０", NonAsciiDigits),
        ("０８１２３４５６７８９０", NonAsciiDigits),
        ("०८१२३४५६७८९०", NonAsciiDigits),
        ("08123456789²", NonAsciiDigits),
        ("0812\u{0}34567890", ControlCharacters),
        ("081234567890\n", ControlCharacters),
        ("081234567890\t", ControlCharacters),
        ("0812\r\n34567890", ControlCharacters),
        ("\u{202a}081234567890\u{202c}", ControlCharacters),
        ("0812\u{200b}34567890", ControlCharacters),
        ("\u{feff}081234567890", ControlCharacters),
        ("0812\u{200f}34567890", ControlCharacters),
        ("0812\u{2066}34567890", ControlCharacters),
        ("081234567890#", UnexpectedCharacters),
        ("*081234567890*", UnexpectedCharacters),
        ("0812/3456/7890", UnexpectedCharacters),
        ("0812,34567890", UnexpectedCharacters),
        ("081234567890;DROP", UnexpectedCharacters),
        ("0812+34567890", UnexpectedCharacters),
        ("++6281234567890", UnexpectedCharacters),
        ("＋6281234567890", UnexpectedCharacters),
        ("📱081234567890", UnexpectedCharacters),
    ];
    for (text, problem) in rows {
        refused_by_both("ID", text, problem);
    }
}

#[test]
fn lengths_and_plans_that_no_mode_accepts() {
    refused_by_both("ID", "0", TooShort);
    refused_by_both("ID", "08", TooShort);
    refused_by_both("ID", "+62", TooShort);
    refused_by_both("ID", "0812345678901234567890", TooLong);
    refused_by_both("ID", &"1".repeat(49), TooLong);
    refused_by_both("ID", &"0812-".repeat(1000), TooLong);
    refused_by_both("ID", &"\u{200b}".repeat(10_000), TooLong);
    refused_by_both("ID", "+6281234567890123456", TooLong);
    refused_by_both("ID", "+99912345678", UnknownCountry);
    refused_by_both("ID", "+0", UnknownCountry);
    refused_by_both("ID", "+0012345678", UnknownCountry);
    // Satellites and international freephone belong to no country.
    refused_by_both("ID", "+870712345678", UnknownCountry);
    refused_by_both("ID", "+80012345678", UnknownCountry);
    // No area code begins with 1.
    refused_by_both("US", "1234567890", Invalid);
    refused_by_both("ID", "+11111111111", Invalid);
    refused_by_both("ID", "0000000000", UnknownCountry);
}

#[test]
fn a_plus_sign_before_a_national_number_gets_a_suggestion_but_is_never_guessed() {
    refused("ID", "+081234567890", UnknownCountry, Some("081234567890"));
    assert_eq!(lenient("ID", "+081234567890").unwrap_err().suggestion(), Some("081234567890"));
}

#[test]
fn access_codes_of_one_country_are_suggested_away() {
    refused("US", "0116281234567890", InternationalPrefix, Some("+6281234567890"));
    assert_eq!(lenient("US", "0116281234567890").unwrap_err().problem(), InternationalPrefix);
}

#[test]
fn one_line_has_one_number_that_gets_a_code() {
    // Mexico dropped the 1 of mobile numbers.
    accepted("MX", "5512345678", "+525512345678", true);
    refused("MX", "+5215512345678", TrunkPrefix, Some("+525512345678"));
    assert_eq!(lenient("MX", "+52 1 55 1234 5678").unwrap().e164(), "+525512345678");
    // Argentina has a 9 for mobile phones; the same digits without it are the same line.
    accepted("AR", "+5491123456789", "+5491123456789", true);
    accepted("AR", "+541123456789", "+541123456789", false);
}

#[test]
fn from_e164_reads_only_e164() {
    let number = strict("ID", "081234567890").unwrap();
    assert_eq!(PhoneNumber::from_e164("+6281234567890"), Ok(number));
    for wrong in [
        "",
        "6281234567890",
        "081234567890",
        "+62 81234567890",
        "+62081234567890",
        "006281234567890",
        "+5215512345678",
        "+6281234567890 ",
        "+",
        "+62",
    ] {
        assert!(PhoneNumber::from_e164(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn shows_and_masks() {
    let number = strict("ID", "081234567890").unwrap();
    assert_eq!(number.digits(), "6281234567890");
    assert_eq!(number.masked(), "+62812•••••890");
    assert_eq!(format!("{number:?}"), "PhoneNumber(…90)");
    assert_eq!(strict("ID", "0812345678").unwrap().masked(), "+6281•••••78");
    assert_eq!(strict("ID", "0812345678901").unwrap().masked(), "+62812••••••901");
    assert_eq!(strict("SG", "91234567").unwrap().masked(), "+6591••••67");
    assert_eq!(strict("ID", "+12025550173").unwrap().masked(), "+1202••••173");
    assert_eq!(strict("ID", "+2478456").unwrap_err().problem(), TooShort);
    assert_eq!(strict("ID", "+24740123").unwrap().masked(), "+247••••3");
}

#[test]
fn errors_show_no_digits() {
    for text in ["0812-3456-7890", "81234567890", "006281234567890", "0812345O7890", "+6281234567890123456"] {
        let error = strict("ID", text).unwrap_err();
        let shown = format!("{error} {error:?} {:?}", error.problem());
        assert!(!shown.chars().any(|c| c.is_ascii_digit()), "{shown}");
        assert!(shown.starts_with("the phone number "), "{shown}");
        assert!(!error.to_string().ends_with('.'), "{shown}");
    }
}

#[test]
fn numbers_sort_and_compare_by_e164() {
    let mut numbers = [strict("ID", "082234567890").unwrap(), strict("ID", "081234567890").unwrap()];
    numbers.sort();
    assert_eq!(numbers[0].e164(), "+6281234567890");
    assert_ne!(numbers[0], numbers[1]);
}
