//! Why a server refuses, in the words of no server; each has its own way to say it.

use std::time::Duration;

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// No key came.
    NoKey,
    /// A key came that nobody was given.
    WrongKey,
    NoSuchPath,
    WrongMethod,
    /// The request is not what the server takes; says what is wrong.
    Bad(String),
    /// A planned refusal with a code of Z.AI or a word that means the same.
    Code {
        code: String,
        retry_after: Option<Duration>,
    },
    /// A planned HTTP status.
    Status(u16),
}

/// What a code means, for servers that have other codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Too many requests: wait.
    RateLimited,
    /// The model is overloaded: wait.
    Overloaded,
    /// Nothing is left to pay with.
    NoCredit,
    /// A quota is used up until it begins anew.
    UsageLimit,
    /// A filter took offence.
    Blocked,
    Unauthorized,
    /// The prompt is too long.
    TooLong,
    /// Something broke behind the server.
    Broken,
    Other,
}

/// Codes of Z.AI with their HTTP status, their words here, and what they mean. The first of a meaning stands for it.
///
/// Source: docs.z.ai API pages, zai-rs 6.1.0, November 2026.
const CODES: [(&str, u16, &str, Meaning); 16] = [
    ("1302", 429, "rate_limited", Meaning::RateLimited),
    ("1303", 429, "", Meaning::RateLimited),
    ("1305", 429, "overloaded", Meaning::Overloaded),
    ("1113", 429, "no_credit", Meaning::NoCredit),
    ("1112", 429, "", Meaning::NoCredit),
    ("1121", 429, "", Meaning::NoCredit),
    ("1308", 429, "usage_limit", Meaning::UsageLimit),
    ("1310", 429, "", Meaning::UsageLimit),
    ("1313", 429, "", Meaning::UsageLimit),
    ("1301", 400, "blocked", Meaning::Blocked),
    ("1002", 401, "unauthorized", Meaning::Unauthorized),
    ("1001", 401, "", Meaning::Unauthorized),
    ("1000", 401, "", Meaning::Unauthorized),
    ("1261", 400, "too_long", Meaning::TooLong),
    ("1234", 500, "broken", Meaning::Broken),
    ("1230", 500, "", Meaning::Broken),
];

/// The code, HTTP status and meaning of a code or of a word that stands for one. What is not known is a bad request.
pub(crate) fn look_up(code: &str) -> (&str, u16, Meaning) {
    let known = CODES.iter().find(|(known, _, word, _)| *known == code || *word == code && !word.is_empty());
    match known {
        Some((known, status, _, meaning)) => (known, *status, *meaning),
        None => (code, 400, Meaning::Other),
    }
}

/// Whether a text can be a code: a number, or one of the words.
pub(crate) fn is_code(code: &str) -> bool {
    let number = (3..=4).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit());
    number || look_up(code).2 != Meaning::Other
}

/// The words that may stand for codes.
pub(crate) fn words() -> Vec<&'static str> {
    CODES.iter().map(|(_, _, word, _)| *word).filter(|word| !word.is_empty()).collect()
}
