//! A name for every request, by which its log lines and its answer are found again.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How long the ids are that are taken over from a caller. The shortest is longer than any phone number; the longest
/// has room for a UUID and not for a proof of phone, with its prefix or without.
const LENGTHS: std::ops::RangeInclusive<usize> = 16..=40;
/// So many letters are in any id that a machine made; phone numbers and codes have none.
const MIN_LETTERS: usize = 4;
/// So many digits in a row could be a one-time code.
const CODE_LIKE: usize = 6;
/// So many digits in a row could be a phone number, if they begin like one.
const PHONE_LIKE: usize = 9;
/// What the secrets begin with that this software gives out.
const SECRETS: [&str; 2] = ["wtp_", "wtl_"];

/// The id that the caller gave, if it is harmless in a log, or a new one.
///
/// Every log line of the request carries the id, so that it must not be able to hold a phone number, a code or a
/// proof: see [`is_harmless`].
pub(super) fn request_id(headers: &HeaderMap) -> HeaderValue {
    let given = headers.get(REQUEST_ID).filter(|value| value.to_str().is_ok_and(is_harmless)).cloned();
    given.unwrap_or_else(|| {
        let mut text = Uuid::encode_buffer();
        // The hyphenated form of a UUID is a header value.
        HeaderValue::from_str(Uuid::now_v7().hyphenated().encode_lower(&mut text))
            .unwrap_or_else(|_| HeaderValue::from_static("unknown"))
    })
}

/// Whether an id is one of 16 to 40 letters, digits, `-` and `_` that a machine made: at least four letters, no
/// prefix of a secret, and no digits in a row, separators not counted, that could be a code or a phone number.
///
/// In UUIDs and other ids of 32 hexadecimal digits many digits follow each other by chance. There, only a row that
/// begins like an Indonesian mobile number is refused.
fn is_harmless(id: &str) -> bool {
    let lower = id.to_ascii_lowercase();
    LENGTHS.contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        && id.bytes().filter(u8::is_ascii_alphabetic).count() >= MIN_LETTERS
        && !SECRETS.iter().any(|prefix| lower.contains(prefix))
        && if Uuid::try_parse(id).is_ok() {
            !rows_of_digits(id)
                .any(|row| row.len() >= PHONE_LIKE && ["08", "628"].iter().any(|p| row.contains(p)))
        } else {
            !rows_of_digits(id).any(|row| row.len() >= CODE_LIKE)
        }
}

/// The digits with no letter between them.
fn rows_of_digits(id: &str) -> impl Iterator<Item = String> {
    let digits = |row: &str| row.chars().filter(char::is_ascii_digit).collect();
    id.split(|c: char| c.is_ascii_alphabetic()).map(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_ids_are_taken_over() {
        let longest = "a".repeat(40);
        let too_long = "a".repeat(41);
        let proof = format!("wtp_{}", "A".repeat(43));
        let bare_proof = "Ab3_".repeat(11);
        for (given, taken) in [
            ("0192d4e0-7b1a-7c3f-9b2e-3f1a5c7d9e0b", true),
            ("550E8400-E29B-41D4-A716-446655440000", true),
            ("4bf92f3577b34da6a3ce929d0e0e4736", true),
            ("01ARZ3NDEKTSV4RRFFQ69G5FAV", true),
            ("checkout_4711-of-today", true),
            (longest.as_str(), true),
            (too_long.as_str(), false),
            ("", false),
            ("abc-123", false),
            ("a b c d e f g h i j k", false),
            ("abcdefghijklmnop\"q", false),
            ("a=1 level=error level=error", false),
            ("abcdefghijklmnop.q", false),
            ("081234567890", false),
            ("6281234567890", false),
            ("+6281234567890", false),
            ("0812-3456-7890", false),
            ("phone-081234567890", false),
            ("081234567890-abcdef", false),
            ("0812_3456_7890-phone", false),
            ("0812345678900000", false),
            ("08123456-7890-4000-8000-000000000000", false),
            ("08123456-7890-4abc-8def-abcdefabcdef", false),
            ("abcd6281-2345-4678-890a-bcdefabcdef0", false),
            ("081234567890abcdefabcdefabcdefab", false),
            ("123456", false),
            ("the-code-is-123456", false),
            ("the-code-is-12-34-56", false),
            (proof.as_str(), false),
            (bare_proof.as_str(), false),
            ("wtp_AAAAAAAAAAAAAAAAAAAA", false),
            ("WTP_AAAAAAAAAAAAAAAAAAAA", false),
            ("key-wtl_AAAAAAAAAAAAAAAA", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_str(given).unwrap());
            assert_eq!(request_id(&headers) == given, taken, "{given}");
        }
        assert_ne!(request_id(&HeaderMap::new()), request_id(&HeaderMap::new()));
    }
}
