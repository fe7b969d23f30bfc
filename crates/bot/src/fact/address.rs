//! Links, e-mail addresses, phone numbers and stock codes.

use std::ops::Range;

use wartel_core::{Country, PhoneNumber};

use super::Fact;
use super::claim::Claim;
use super::token::{Kind, Token};
use super::units;

/// Every link and phone number of a text, in order.
pub(super) fn links_and_phones(text: &str) -> Vec<Claim> {
    let mut found = Vec::new();
    for (start, chunk) in chunks(text) {
        let from =
            chunk.len() - chunk.trim_start_matches(['(', '[', '<', '*', '_', '"', '\'', '`', '~']).len();
        let trimmed = chunk
            .get(from..)
            .unwrap_or_default()
            .trim_end_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '/' | '=' | '#' | '-'));
        if is_link(trimmed) {
            let begin = start + from;
            found.push(Claim::new(begin..begin + trimmed.len(), vec![Fact::Link(trimmed.to_owned())]));
        }
    }
    let mut at = 0;
    while let Some(offset) =
        text.get(at..).and_then(|rest| rest.find(|c: char| c == '+' || c.is_ascii_digit()))
    {
        let start = at + offset;
        let before = text.get(..start).and_then(|head| head.chars().next_back());
        let fresh = !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | ','));
        let inside = found.iter().any(|claim| claim.span.contains(&start));
        match (fresh && !inside).then(|| phone(text, start)).flatten() {
            Some(claim) => {
                at = claim.span.end;
                found.push(claim);
            }
            None => {
                let rest = text.get(start + 1..).unwrap_or_default();
                let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
                at = start + 1 + digits;
            }
        }
    }
    found.sort_by_key(|claim| claim.span.start);
    found
}

fn chunks(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let base = text.as_ptr() as usize;
    text.split_whitespace().map(move |chunk| (chunk.as_ptr() as usize - base, chunk))
}

/// Whether a piece without white space is an address on the web or by e-mail.
fn is_link(piece: &str) -> bool {
    let lower = piece.to_ascii_lowercase();
    if lower.starts_with("http://") || lower.starts_with("https://") || lower.starts_with("www.") {
        return lower.len() > 9;
    }
    let rest = match lower.split_once('@') {
        Some((user, host)) if !user.is_empty() => host,
        Some(_) => return false,
        None => lower.as_str(),
    };
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let Some((name, top)) = host.rsplit_once('.') else { return false };
    const TOPS: &[&str] = &[
        "com", "id", "net", "org", "me", "io", "co", "app", "dev", "info", "biz", "my", "sg", "xyz", "site",
        "online", "store", "shop", "link", "page", "gl", "ly", "ai", "us", "uk", "ru", "cn", "top", "tk",
        "goo", "asia",
    ];
    TOPS.contains(&top)
        && name.chars().any(|c| c.is_ascii_alphabetic())
        && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
}

/// A phone number that begins here: the longest one that is valid, or the digits alone if none is.
fn phone(text: &str, start: usize) -> Option<Claim> {
    let rest = text.get(start..)?;
    let plus = rest.starts_with('+');
    let dots = rest.starts_with('0');
    let mut ends = Vec::new();
    let (mut digits, mut gap, mut opened) = (0, 0, false);
    for (at, c) in rest.char_indices() {
        match c {
            '+' if at == 0 => {}
            '0'..='9' => {
                (digits, gap) = (digits + 1, 0);
                let next = rest.get(at + 1..).and_then(|tail| tail.chars().next());
                if !next.is_some_and(|c| c.is_ascii_digit()) && digits >= 9 {
                    ends.push((at + 1, digits));
                }
            }
            '(' | ')' => opened = true,
            ' ' | '-' | '\u{a0}' | '\u{2011}' if gap < if opened { 2 } else { 1 } => gap += 1,
            '.' if dots && gap == 0 => gap += 1,
            _ => break,
        }
        if digits > 15 {
            break;
        }
    }
    let first = rest.get(usize::from(plus)..)?;
    if !(plus || first.starts_with('0') || first.starts_with("62")) {
        return None;
    }
    for (end, _) in ends.iter().rev() {
        let written: String = rest.get(..*end)?.chars().filter(|c| *c == '+' || c.is_ascii_digit()).collect();
        if let Ok(number) = PhoneNumber::parse_lenient(&written, Country::INDONESIA) {
            return Some(Claim::new(start..start + end, vec![Fact::Phone(number)]));
        }
    }
    // Digits that look like a number and are none state something all the same.
    let (end, _) =
        ends.iter().rev().find(|(_, count)| *count <= 15).filter(|_| plus || first.starts_with("08"))?;
    Some(Claim::new(start..start + end, Vec::new()))
}

/// A stock code or another name of letters and digits that begins at token `at`: `AV-012`, `CX-5`, `L300`; and the token
/// behind it.
pub(super) fn code(text: &str, tokens: &[Token<'_>], at: usize) -> Option<(Claim, usize)> {
    let mut end = at;
    while let Some(token) = tokens.get(end) {
        let hyphen = token.text == "-"
            && tokens.get(end + 1).is_some_and(|next| matches!(next.kind, Kind::Word | Kind::Number));
        let plain = token.kind == Kind::Number && !token.text.contains(['.', ',']);
        if !(token.kind == Kind::Word && token.text.is_ascii() || plain || hyphen && end > at) {
            break;
        }
        end += 1;
    }
    let run = tokens.get(at..end)?;
    let (first, last) = (run.first()?, run.last()?);
    let span: Range<usize> = first.start..last.end();
    let letters = run.iter().any(|token| token.kind == Kind::Word);
    let digits = run.iter().any(|token| token.kind == Kind::Number);
    if !letters || !digits || run.len() < 2 {
        return None;
    }
    let written = text.get(span.clone())?;
    let second = run.get(1)?;
    let is_code = if first.kind == Kind::Word {
        let name = first.text;
        let led = units::lead(&first.word).is_some()
            || matches!(
                first.word.as_str(),
                "jam"
                    | "pukul"
                    | "ke"
                    | "no"
                    | "usd"
                    | "th"
                    | "thn"
                    | "tahun"
                    | "ribu"
                    | "rb"
                    | "jt"
                    | "juta"
            );
        let twice = run.len() == 2 && second.text == "2" && name.len() >= 3 && first.word == name;
        let short = name.len() <= 4 || (name.len() <= 8 && name.chars().all(|c| c.is_ascii_uppercase()));
        !led && !twice && short
    } else {
        // "4x4" and "150jt" are a drive and an amount; "2TR" and "1NZ-FE" are names.
        let known = |word: &str| {
            units::unit(word).is_some()
                || units::scale(word).is_some()
                || matches!(word, "x" | "an" | "st" | "nd" | "rd" | "th" | "wd" | "am" | "pm" | "d")
                || words_with_ending(word)
        };
        second.kind == Kind::Word && !known(&second.word) && written.len() <= 12
    };
    is_code.then(|| (Claim::new(span, vec![Fact::Code(written.to_uppercase())]), end))
}

/// "jutaan", "unitnya" and the like.
fn words_with_ending(word: &str) -> bool {
    ["an", "nya", "s"].iter().any(|ending| {
        word.strip_suffix(ending)
            .is_some_and(|stem| units::unit(stem).is_some() || units::scale(stem).is_some())
    })
}
